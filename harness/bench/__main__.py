"""``python -m harness.bench QUESTION ...``: how fast the suite is, as tables of medians and ratios.

Each question lets systems race: one process each, by turns, on the same made rows and the same checkpoint; see
harness/bench/questions.py. Nothing is asserted about time. Replies that must be the same are held to it, and the exit
code is 1 where they are not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness import spec
from harness.bench import checkpoint, questions
from harness.bench.questions import PEERS
from harness.bench.systems import Sizes
from harness.bench.told import Told, caption
from harness.errors import SightcheckError, UsageError
from harness.options import pairs

QUESTIONS: Mapping[str, Callable[[Sizes], Told]] = {
    "one": questions.one,
    "ladder": questions.ladder,
    "likelihood": questions.likelihood,
    "again": questions.again,
    "pictures": questions.pictures,
    "peers": questions.peers,
}


def main(arguments: Sequence[str]) -> int:
    """Race, print the tables and write the JSON; 1 where replies differ, 4 where something could not be run."""
    asked = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(dir=asked.scratch or None) as scratch:
            return _run(asked, Path(scratch))
    except SightcheckError as error:
        print(error, file=sys.stderr)
        return 4


def _run(asked: argparse.Namespace, scratch: Path) -> int:
    given = peers(asked.peer)
    wanted = [name for name in QUESTIONS if name == asked.question or (asked.question == "all" and name != "peers")]
    if asked.question == "all" and given:
        wanted.append("peers")
    print(f"{caption()}\n", flush=True)
    told = []
    for name in wanted:
        for batch in asked.batch:
            sizes = Sizes(
                model=folder(asked.model, scratch),
                scratch=scratch,
                rows=asked.rows,
                batch=batch,
                tokens=asked.tokens,
                repeats=asked.repeats,
                threads=asked.threads,
                peers=given,
                only=tuple(asked.only),
            )
            told.append(QUESTIONS[name](sizes))
            print(told[-1].markdown(), flush=True)
            _write(asked.json, told)
    return 0 if all(each.ok for each in told) else 1


def _write(path: str, told: Sequence[Told]) -> None:
    """Write what is known so far: a later question may fail."""
    if path:
        Path(path).write_text(json.dumps([each.plain() for each in told], indent=1) + "\n", encoding="utf-8")


def folder(text: str, scratch: Path) -> Path:
    """Return the folder of the checkpoint: a made one by its name, or ``hf:FOLDER``.

    Raises
    ------
    UsageError
        Neither of both; the loops open folders and nothing else.
    """
    if text in checkpoint.MADE:
        return checkpoint.make(text, scratch)
    if ":" in text:
        read = spec.parse(text)
        where = Path(read.where).expanduser()
        if read.backend == "hf" and not read.options and where.is_dir():
            return where.resolve()
    made = ", ".join(checkpoint.MADE)
    raise UsageError(
        f"--model {text}: the loops open folders without options alone, but this is none: write hf:FOLDER, or one of "
        f"{made} for a checkpoint that is made"
    )


def peers(given: Sequence[str]) -> dict[str, str]:
    """Return the other suites by name with the interpreters that were given; raise UsageError for one not known."""
    known = {file: name for name, file in PEERS.items()} | {name: name for name in PEERS}
    found = {}
    for name, python in pairs("--peer", given).items():
        if name not in known:
            raise UsageError(f"--peer {name}={python}: got {name}, but should be one of {', '.join(PEERS)}")
        if not Path(python).is_file():
            raise UsageError(f"--peer {name}={python}: there is no such interpreter. Name one that has {name}.")
        found[known[name]] = python
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.bench", description="How fast the suite is.")
    parser.add_argument("question", choices=[*QUESTIONS, "all"], nargs="?", default="one")
    parser.add_argument("--rows", type=int, default=100, help="rows (100)")
    parser.add_argument("--batch", type=int, nargs="+", default=[8], help="rows a batch; several are asked in turn (8)")
    parser.add_argument("--tokens", type=int, default=8, help="tokens of a reply (8, as the suite asks letters)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of one process each (5)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process; 0 for as many as it takes (1)")
    parser.add_argument("--model", default="llava", help=f"hf:FOLDER, or made: {', '.join(checkpoint.MADE)} (llava)")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help=f"{', '.join(PEERS)}")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="systems that race; repeatable")
    parser.add_argument("--scratch", default="", metavar="DIR", help="where rows and checkpoints are made")
    parser.add_argument("--json", default="", metavar="FILE", help="write all figures of all rounds")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
