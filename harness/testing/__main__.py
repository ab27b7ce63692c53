"""``python -m harness.testing``: what an extractor makes of the corpus, as a table of markdown.

The suite's own extractor where none is named. Exit code 1 where any answer was invented or read wrong, 4 on a
wrong option.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from harness.errors import SightcheckError, UsageError
from harness.testing.case import FAMILIES, KINDS, Case, Kind
from harness.testing.corpus import corpus
from harness.testing.rates import Extractor, as_markdown, parse_rates

OURS = "harness.testing.ours:ours"


def main(arguments: Sequence[str]) -> int:
    """Print the tables; 1 where an answer was invented or read wrong."""
    asked = _parser().parse_args(arguments)
    try:
        extractor = found(asked.extractor)
        told = [parse_rates(extractor, cases) for cases in _cases(asked)]
    except SightcheckError as error:
        print(error, file=sys.stderr)
        return 4
    for kind, rates in zip(_kinds(asked), told, strict=True):
        print(f"## {kind}: {rates.total.n} cases, seed {asked.seed}\n")
        print("\n".join(as_markdown(rates)))
        for fault in rates.faults[: asked.show]:
            print(f"- {fault.outcome}: `{fault.case.id}`: {fault.case.reply!r} -> {fault.got}")
    return int(any(rates.total.wrong.count or rates.total.invented.count for rates in told))


def _kinds(asked: argparse.Namespace) -> Sequence[Kind]:
    named: list[Kind] | None = asked.kind
    return named or (KINDS if asked.extractor == OURS else ("choice",))


def _cases(asked: argparse.Namespace) -> list[tuple[Case, ...]]:
    return [corpus(asked.seed, asked.per_family, kinds=[kind], families=asked.family) for kind in _kinds(asked)]


def found(name: str) -> Extractor:
    """Find an extractor by ``module:function``.

    Raises
    ------
    UsageError
        Where there is no such module or function.
    """
    module, _, function = name.partition(":")
    try:
        extractor: Extractor = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"--extractor {name}: {error}, but a function of a module should be named, as in package.module:function. "
            "Run where the module can be imported."
        ) from error
    if not callable(extractor):
        raise UsageError(f"--extractor {name}: this is {extractor!r}, but a function should be named.")
    return extractor


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.testing", description="An extractor against the corpus.")
    parser.add_argument("--extractor", default=OURS, help="module:function of (reply, options); ours by default")
    parser.add_argument("--kind", action="append", choices=KINDS, help="may be repeated; choice where one is named")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="may be repeated; all of them by default")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other cases")
    parser.add_argument("--per-family", type=int, default=60, help="cases of each family and kind")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N faults of each kind")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
