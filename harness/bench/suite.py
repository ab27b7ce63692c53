"""The made rows through the suite as its users run it: pytest, strict loading, receipts, ledger, claims, report.

``python -m harness.bench.suite JOB RESULT``; JOB is the JSON of a `Job`. Everything stays as it is; the model's
``reply`` and the ledger's ``add`` are watched.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness import ledger
from harness import spec as specs
from harness.bench.probe import Probe, watch
from harness.codec import label
from harness.errors import LedgerError
from harness.records import ModelSpec

HERE = Path(__file__).parent
PAGE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked of the suite.

    Attributes
    ----------
    rows : str
        Folder of the made rows.
    model : str
        As ``--model`` takes it, without a name.
    modes : tuple of str
        Modes to run.
    batch, tokens : int
        Rows a batch, tokens of a reply.
    kept : str
        Folder of ledger and reports.
    canary : int
        Rows of every case that are asked again alone; below 0 for the suite's own default.
    """

    rows: str
    model: str
    modes: tuple[str, ...]
    batch: int
    tokens: int
    kept: str
    canary: int = -1

    def command(self, folder: Path, name: str) -> list[str]:
        """Arguments of the process that does it, but for the file of its result."""
        path = folder / f"{name}.job.json"
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return [sys.executable, "-m", "harness.bench.suite", str(path)]


def main(job: str, result: str) -> int:
    """Run the suite once and write times and replies."""
    asked = Job(**json.loads(Path(job).read_text(encoding="utf-8")))
    probe, memory = Probe(), Memory()
    _watch_model(probe)
    _watch_ledger(probe, memory)

    import pytest

    begun = time.monotonic()
    pytest.main(_arguments(asked))
    ran = time.monotonic() - begun
    replies = _replies(Path(asked.kept) / "ledger")
    probe.write(result, replies, memory=memory.seen, ran=ran)
    return 0


def _arguments(asked: Job) -> list[str]:
    kept = Path(asked.kept)
    return [
        str(HERE / "test_made.py"),
        "--quiet",
        "--no-header",
        "--tb=line",
        "-p",
        "no:cacheprovider",
        f"--model=made={asked.model}",
        f"--data=bench={asked.rows}",
        f"--mode={','.join(asked.modes)}",
        f"--batch-size={asked.batch}",
        f"--max-new-tokens={asked.tokens}",
        "--derangements=1",
        f"--ledger={kept / 'ledger'}",
        f"--reports={kept / 'reports'}",
        *([f"--canary={asked.canary}"] if asked.canary >= 0 else []),
    ]


class Memory:
    """How much memory the process held after how many replies, as (replies, MB)."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []
        self._replies = 0

    def after(self, replies: int) -> None:
        """Take down the memory after some more replies."""
        self._replies += replies
        here = Path("/proc/self/statm")
        if here.exists():
            self.seen.append((self._replies, int(here.read_text().split()[1]) * PAGE / 2**20))


def _watch_model(probe: Probe) -> None:
    """Watch ``reply`` of the model that the suite opens and, from its first call on, ``generate``."""
    open_model = specs.open_model

    def opened(spec: ModelSpec) -> Any:
        model: Any = open_model(spec)
        model.reply = _at_first(lambda: watch(probe, timed=False), probe.timed(model.reply))
        return model

    specs.open_model = opened


def _watch_ledger(probe: Probe, memory: Memory) -> None:
    """Watch the ledger: a reply counts as given when it is durable."""
    add = ledger.Replies.add

    def added(self: ledger.Replies, replies: Sequence[Any]) -> None:
        add(self, replies)
        if replies:
            probe.answered()
            memory.after(len(replies))

    ledger.Replies.add = added  # type: ignore[method-assign]


def _at_first(do: Callable[[], object], call: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``call``, before whose first run ``do`` is done."""
    done: list[object] = []

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not done:
            done.append(do())
        return call(*args, **kwargs)

    return wrapped


def _replies(folder: Path) -> dict[str, str]:
    """Every reply of the ledger by mode and row; raise LedgerError where one is missing."""
    kept = ledger.Ledger(folder)
    found: dict[str, str] = {}
    for case_id in kept.cases():
        asked, known = kept.asked(case_id), kept.known(case_id)
        assert asked is not None
        for answer in asked.answers:
            reply = known.get(answer.key)
            if reply is None or reply.finish == "failed":
                why = reply.error if reply is not None else "it was not asked"
                raise LedgerError(
                    f"{case_id}: row {answer.row.id} has no reply ({why}), but every row should have one before any "
                    "time is compared: run the suite on this model and see"
                )
            found[f"{asked.case.mode}/{label(answer.row.id, answer.draw)}"] = reply.text
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
