"""``python -m harness.forensics FILE``: the findings of one file as markdown; exits 1 where something cannot be."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from harness.errors import SightcheckError
from harness.forensics import check, report


def main(arguments: Sequence[str]) -> int:
    """Check a file and print the page; 0 nothing impossible, 1 something is, 4 where the file cannot be checked."""
    parser = argparse.ArgumentParser(prog="python -m harness.forensics", description="Can these figures be?")
    parser.add_argument("file", help="a CSV file, or text with markdown tables")
    try:
        found = check(parser.parse_args(arguments).file)
    except SightcheckError as error:
        print(error, file=sys.stderr)
        return 4
    print(report(found), end="")
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
