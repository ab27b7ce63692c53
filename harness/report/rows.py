"""The rows of a run on disk: one file a case, a header line and then one line a row."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness import codec
from harness.records import Answer, Measurement


def keep(folder: Path, measurement: Measurement) -> None:
    """Write ``<run>/rows/<case>.jsonl``: the measurement without its answers, then each answer.

    Parameters
    ----------
    folder : Path
        Of the run.
    """
    path = folder / "rows" / f"{measurement.case.id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.tmp")  # two workers may keep the same case at once
    with scratch.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        file.write(codec.line(replace(measurement, answers=())) + "\n")
        file.writelines(codec.line(answer) + "\n" for answer in measurement.answers)
    scratch.replace(path)


def kept(folder: Path) -> Iterator[Measurement]:
    """Yield every measurement of a run, in the order of the file names."""
    for path in sorted((folder / "rows").glob("*.jsonl")):
        with path.open(encoding="utf-8", errors="surrogatepass") as file:
            head = codec.record(Measurement, json.loads(file.readline()))
            yield replace(head, answers=tuple(codec.record(Answer, json.loads(line)) for line in file))
