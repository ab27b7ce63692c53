"""Systems against each other: one process a pass, by turns, round after round, and ratios within each round.

The machine may be busier in one round than in the next. So a round runs every system once, the order turns from round
to round, and a ratio is that of two systems in the same round; shown are the medians over the rounds and the smallest
and the largest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from harness.errors import ModelError

ROOT = Path(__file__).parents[2]
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
ENDING = 40
"""Lines of a failed process that are shown."""

Commands = Callable[[Path], Sequence[Sequence[str]]]
"""From a folder that is new in every round, and common to its systems, to the processes of one system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Something that answers rows: processes that run one after the other and each write a result.

    Attributes
    ----------
    name : str
        As the tables call it.
    commands : callable
        Arguments of each process; the file of its result is added at their end.
    """

    name: str
    commands: Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """One system in one round; all times in seconds.

    Attributes
    ----------
    wall, cpu : float
        Of the processes from start to end: wall time, and CPU time of all threads and children.
    first : float
        From the start of the first process to its first reply.
    loop : float
        From the first call of the model to the last reply, summed over the processes.
    busy : float
        Of ``loop``, the time in which the model worked.
    peak : float
        Largest memory of a process, in MB.
    counts : mapping of str to int
        Calls of the model, tokens of prompts and of replies.
    more : mapping of str to Any
        What the last process told beside.
    replies : mapping of str to str
        ``mode/row`` -> text.
    """

    wall: float
    cpu: float
    first: float
    loop: float
    busy: float
    peak: float
    counts: Mapping[str, int]
    more: Mapping[str, Any] = field(default_factory=dict)
    replies: Mapping[str, str] = field(default_factory=dict)

    @property
    def waits(self) -> float:
        """Share of the loop in which the model waited for its next batch."""
        return 1 - self.busy / self.loop if self.loop else 0.0


Laps = Mapping[str, Sequence[Lap]]
"""Laps by system, round by round."""


def race(systems: Sequence[System], repeats: int, threads: int, *, turning: bool = True) -> dict[str, list[Lap]]:
    """Run all systems ``repeats`` times, by turns; unless ``turning``, each round in the order given.

    Raises
    ------
    ModelError
        A process failed; with the end of what it wrote.
    """
    laps: dict[str, list[Lap]] = {system.name: [] for system in systems}
    for number in range(repeats):
        turn = number % len(systems) if turning else 0
        with tempfile.TemporaryDirectory() as folder:
            for system in [*systems[turn:], *systems[:turn]]:
                laps[system.name].append(lap(system, Path(folder), threads))
    return laps


def lap(system: System, folder: Path, threads: int) -> Lap:
    """Run one system once."""
    ran = [_process(system.name, command, folder, threads) for command in system.commands(folder)]
    told = [result for result, _ in ran]
    if not all(result["replies"] for result in told):
        raise ModelError(
            f"{system.name}: its process ended without an error and without a single reply, but should answer every "
            "row: run it by hand on a few rows and see what it writes"
        )
    known = {"begin", "end", "first", "busy", "calls", "prompt_tokens", "new_tokens", "replies", "started"}
    return Lap(
        wall=sum(cost["wall"] for _, cost in ran),
        cpu=sum(cost["cpu"] for _, cost in ran),
        peak=max(cost["peak"] for _, cost in ran),
        first=told[0]["first"] - ran[0][1]["started"] if told[0]["first"] else 0.0,
        loop=sum(result["end"] - result["begin"] for result in told),
        busy=sum(result["busy"] for result in told),
        counts={name: sum(int(result[name]) for result in told) for name in ("calls", "prompt_tokens", "new_tokens")},
        more={name: value for name, value in told[-1].items() if name not in known},
        replies={row: text for result in told for row, text in result["replies"].items()},
    )


def _process(name: str, command: Sequence[str], folder: Path, threads: int) -> tuple[dict[str, Any], dict[str, float]]:
    """Run one process; return what it told and what it cost."""
    result, log = folder / "result.json", folder / "log.txt"
    result.unlink(missing_ok=True)
    with log.open("w", encoding="utf-8") as said:
        started = time.monotonic()
        child = subprocess.Popen(  # noqa: S603 - an interpreter that the user named, on files of this benchmark
            [*command, str(result)], stdout=said, stderr=said, cwd=ROOT, env=environment(threads)
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode or not result.is_file():
        ending = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-ENDING:])
        raise ModelError(
            f"{name}: its process ended with {child.returncode} and {'a' if result.is_file() else 'no'} result, but "
            f"should end with 0: see the end of what it wrote\n{ending}"
        )
    kilo = 2**20 if sys.platform == "darwin" else 2**10
    cost = {"started": started, "wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / kilo}
    return json.loads(result.read_text(encoding="utf-8")), cost


def environment(threads: int) -> dict[str, str]:
    """The environment of every process: no hub, no bars, and as many threads as were asked for; 0 for as many as
    each system takes by itself. Modules are compiled once, as for whoever uses them."""
    without = {"PYTHONDONTWRITEBYTECODE", *(THREADS if threads else ())}
    given = {name: value for name, value in os.environ.items() if name not in without}
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
    here = os.pathsep.join(path for path in (str(ROOT), given.get("PYTHONPATH", "")) if path)
    return given | quiet | {"PYTHONPATH": here} | dict.fromkeys(THREADS if threads else (), str(threads))


def middle(laps: Sequence[Lap], figure: str) -> float:
    """Median of a figure over the rounds."""
    return float(median(getattr(each, figure) for each in laps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as much of something one system took as another: median, smallest and largest over the rounds."""

    value: float
    low: float
    high: float


def ratio(laps: Laps, slow: str, fast: str, figure: str) -> Ratio:
    """Return the ratio of a figure of two systems, taken within each round."""
    each = [
        getattr(one, figure) / max(1e-9, getattr(other, figure))
        for one, other in zip(laps[slow], laps[fast], strict=True)
    ]
    return Ratio(value=float(median(each)), low=min(each), high=max(each))


def equal(laps: Laps, one: str, other: str) -> tuple[int, int]:
    """Rows whose replies are the same in both systems in every round, and all rows of either."""
    pairs = list(zip(laps[one], laps[other], strict=True))
    rows = {row for pair in pairs for each in pair for row in each.replies}
    same = sum(all(a.replies.get(row) == b.replies.get(row) is not None for a, b in pairs) for row in rows)
    return same, len(rows)
