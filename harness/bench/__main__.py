"""``python -m harness.bench``: what the suite costs over a bare loop, as a table of medians and ratios.

The same made rows go through (a) a bare loop of processor and ``generate`` and (b) the suite, in the same batches,
one process each, by turns. ``rows`` is the time from reading the files to the last reply, with the model loaded and
warm; ``process`` is the time of the whole process, imports and loading included. Nothing is asserted about time; the
replies must be equal.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from harness import spec
from harness.bench import made
from harness.errors import SightcheckError, UsageError

SIGHTED = Path(__file__).parents[2] / "fixtures" / "embedded" / "sighted"


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark and print its table; 1 where replies differ."""
    asked = _parser().parse_args(arguments)
    try:
        where = _folder(asked.model)
    except SightcheckError as error:
        print(error, file=sys.stderr)
        return 4
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ")
    print(f"torch {version('torch')}, transformers {version('transformers')}, model {where.name}, ")
    print(f"{asked.rows} rows, batches of {asked.batch}, pictures of about {asked.side} pixels, {asked.repeats} rounds")
    with tempfile.TemporaryDirectory() as scratch:
        few, many = (_Pair(Path(scratch), rows, asked, where) for rows in (asked.rows, 4 * asked.rows))
        for number in range(asked.repeats):
            few.round(suite_first=bool(number % 2))
        many.round(suite_first=False)
        print(_table(few, many))
        equal = few.equal() and many.equal()
    return 0 if equal else 1


class _Pair:
    """Both ways over one set of rows: files, and the results of every process."""

    def __init__(self, scratch: Path, rows: int, asked: argparse.Namespace, where: Path) -> None:
        self.rows = rows
        self._folder, self._result = scratch / f"rows-{rows}", scratch / "result.json"
        self._batch, self._where = str(asked.batch), str(where)
        self.results: dict[str, list[dict[str, Any]]] = {"bare": [], "suite": []}
        made.write(self._folder, rows, asked.side)
        # A first run tells in which order the suite asks, so that the bare loop has the same batches
        order = self._suite()["order"]
        self._work = scratch / f"work-{rows}.json"
        self._work.write_text(json.dumps(made.work(self._folder, order)), encoding="utf-8")

    def round(self, *, suite_first: bool) -> None:
        """One process each."""
        for name in ("suite", "bare") if suite_first else ("bare", "suite"):
            self.results[name].append(self._suite() if name == "suite" else self._bare())

    def median(self, name: str, figure: str) -> float:
        """Median of a figure over the rounds."""
        return float(median(result[figure] for result in self.results[name]))

    def equal(self) -> bool:
        """Whether every reply of every round is the same both ways."""
        first = self.results["bare"][0]["replies"]
        return all(result["replies"] == first for results in self.results.values() for result in results)

    def same(self) -> int:
        """Rows whose replies are the same both ways, in the last round."""
        bare, suite = (self.results[name][-1]["replies"] for name in ("bare", "suite"))
        return sum(bare[row] == suite[row] for row in bare)

    def _suite(self) -> dict[str, Any]:
        return self._child("suite", str(self._folder), f"hf:{self._where}")

    def _bare(self) -> dict[str, Any]:
        return self._child("bare", str(self._work), self._where)

    def _child(self, name: str, *given: str) -> dict[str, Any]:
        started = time.perf_counter()
        command = [sys.executable, "-m", f"harness.bench.{name}", *given, self._batch, str(self._result)]
        subprocess.run(command, check=True)  # noqa: S603 - this interpreter, on files made above
        told: dict[str, Any] = json.loads(self._result.read_text(encoding="utf-8"))
        return {**told, "process": time.perf_counter() - started}


def _table(few: _Pair, many: _Pair) -> str:
    """Medians of the rounds and their ratios."""
    columns = [
        ("rows wall s", few, "wall"),
        ("rows CPU s", few, "cpu"),
        ("process wall s", few, "process"),
        (f"peak MB at {few.rows}", few, "peak"),
        (f"peak MB at {many.rows}", many, "peak"),
        (f"rows wall s at {many.rows}", many, "wall"),
    ]
    figures = {name: [pair.median(name, figure) for _, pair, figure in columns] for name in ("bare", "suite")}
    ratios = [suite / bare for bare, suite in zip(figures["bare"], figures["suite"], strict=True)]
    lines = ["", "| | " + " | ".join(title for title, _, _ in columns) + " |", "|---|" + "---:|" * len(columns)]
    lines += [f"| {name} | " + " | ".join(f"{value:.2f}" for value in row) + " |" for name, row in figures.items()]
    lines.append("| suite / bare | " + " | ".join(f"{ratio:.3f}" for ratio in ratios) + " |")
    proof = few.results["suite"][-1]
    lines.append(
        f"\nreplies equal: {few.same()} of {few.rows} and {many.same()} of {many.rows}; "
        f"failed rows {proof['failed']}; receipts {proof['receipts']}\n"
        f"of the suite's CPU time, {few.median('suite', 'loading'):.2f} s at {few.rows} rows are strict loading, which "
        "decodes every picture before the first row is asked"
    )
    return "\n".join(lines)


def _folder(text: str) -> Path:
    """The folder of the model; the bare loop opens nothing else."""
    if not text:
        if not SIGHTED.is_dir():
            raise UsageError("--model: no model is shipped here, but one is needed: name one with hf:FOLDER")
        return SIGHTED
    read = spec.parse(text)
    folder = Path(read.where).expanduser()
    if read.backend != "hf" or read.options or not folder.is_dir():
        raise UsageError(f"--model {text}: the bare loop opens folders without options alone: write hf:FOLDER")
    return folder.resolve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.bench", description="What the suite costs.")
    parser.add_argument("--rows", type=int, default=400, help="rows (peak memory is taken at four times as many too)")
    parser.add_argument("--batch", type=int, default=8, help="rows a batch")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of one process each")
    parser.add_argument("--side", type=int, default=512, help="width of the pictures in pixels")
    parser.add_argument("--model", default="", help="hf:FOLDER; the shipped sighted model where none is named")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
