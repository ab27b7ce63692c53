"""``python -m harness.validate``: simulate, print the page, write it down, and say whether every target was met.

Exit code 0 where none is missed, 1 where one is, 4 on a wrong option. About six minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from harness.errors import SightcheckError, UsageError
from harness.validate import claims, coverage, gates, paired, power, stopping
from harness.validate.coverage import BINARY, Interval
from harness.validate.page import SECTIONS, page
from harness.validate.work import PROCESSES, Job, done

QUICK = 0.01
"""Share of the full number of sets with ``--quick``."""

_QUICK_JOBS = 6


def main(arguments: Sequence[str], interval: Interval = BINARY) -> int:
    """Simulate and write the page.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line.
    interval : Interval
        Of binary points; another one shows whether this simulation notices.

    Returns
    -------
    int
        The exit code.
    """
    asked = _parser().parse_args(arguments)
    try:
        jobs = list(_jobs(asked.only, asked.quick, interval))
        target = _writable(Path(asked.out))
    except SightcheckError as error:
        print(error, file=sys.stderr)
        return 4
    found = done(jobs, asked.seed, 1 if asked.quick else PROCESSES, _tell)
    scale = QUICK if asked.quick else 1.0
    text = page(found, seed=asked.seed, scale=scale, versions={name: version(name) for name in ("numpy", "scipy")})
    target.write_text(text, encoding="utf-8")
    print(text, end="")
    return int(not all(one.ok for one in found))


def _jobs(only: Sequence[str], quick: bool, interval: Interval) -> Iterator[Job]:
    scale = QUICK if quick else 1.0
    every = {
        "coverage": coverage.jobs(scale, interval),
        "paired": paired.jobs(scale),
        "claims": claims.jobs(scale),
        "gates": gates.jobs(scale),
        "power": power.jobs(scale),
        "stopping": stopping.jobs(scale),
    }
    for name, jobs in every.items():
        if not only or name in only:
            of_it = list(jobs)
            yield from of_it[:: max(1, len(of_it) // _QUICK_JOBS)] if quick else of_it


def _writable(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise UsageError(
            f"--out {path}: {error.strerror}, but it should be a file that can be written. Name another one."
        ) from error
    return path


def _tell(number: int, total: int, name: str) -> None:
    print(f"{number}/{total} {name}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.validate", description="How often the suite is wrong.")
    parser.add_argument("--quick", action="store_true", help="a few situations and few sets, in seconds; proves little")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other sets")
    parser.add_argument("--only", action="append", choices=SECTIONS, default=[], help="a section; may be repeated")
    parser.add_argument("--out", default="reports/validation.md", help="where the page is written")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
