"""Progress of long cases: one bar on a terminal, a line now and then in a log, one channel from xdist's workers.

A worker has no terminal. It writes its state to a small file in the run's folder, and the controller, which looks
there every second, prints it.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

QUIET_SECONDS = 2.0
"""A case that is done sooner than this prints nothing."""


def meter(case_id: str, done: int, total: int, known: int, seconds: float) -> str:
    """Return one line of progress: case, rows, rows a second of those that were asked, time left.

    Parameters
    ----------
    known : int
        Rows answered by the ledger, which count as done but not for the speed.
    seconds : float
        Since the first row was asked.
    """
    asked = done - known
    rate = asked / seconds if seconds > 0 else 0.0
    left = f"{(total - done) / rate:.0f} s left" if rate and done < total else "done" if done == total else "starting"
    kept = f", {known} known before" if known else ""
    return f"{case_id}: {done}/{total} rows{kept}, {rate:.1f} rows/s, {left}"


class Board:
    """Shows the progress of the process that it lives in.

    Parameters
    ----------
    write : callable
        Writes text to the terminal or log, past pytest's capture.
    terminal : bool
        Whether the text is a terminal, on which a line can be drawn over.
    every : float
        Seconds between two lines: short on a terminal, long in a log.
    """

    def __init__(self, write: Callable[[str], None], *, terminal: bool, every: float | None = None) -> None:
        self._write = write
        self._terminal = terminal
        self._every = every if every is not None else (0.5 if terminal else 30.0)
        self._case = ""
        self._start = self._last = 0.0
        self._open = False

    def say(self, text: str) -> None:
        """Print a line of its own."""
        self._write(f"\n{text}")

    def __call__(self, case_id: str, done: int, total: int, known: int) -> None:
        """Take note of the rows done; print when it is time to."""
        now = time.monotonic()
        if case_id != self._case:
            self._case, self._start, self._last, self._open = case_id, now, now, False
        finished = done == total
        spent = now - self._start
        if spent < QUIET_SECONDS and not self._open:
            return
        if not finished and self._open and now - self._last < self._every:
            return
        text = meter(case_id, done, total, known, spent)
        lead = "\r\x1b[2K" if self._open and self._terminal else "\n"
        self._write(lead + text + ("\n" if finished else ""))
        self._open, self._last = not finished, now


class Sender:
    """The board of an xdist worker: leaves its state where the controller looks."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._path = folder / f"{worker}.json"
        self._lines: list[str] = []
        self._case, self._start, self._last = "", 0.0, 0.0

    def say(self, text: str) -> None:
        """Hand the controller a line to print."""
        self._lines.append(text)
        self._leave("")

    def __call__(self, case_id: str, done: int, total: int, known: int) -> None:
        """Hand the controller the state of a case, at most twice a second."""
        now = time.monotonic()
        if case_id != self._case:
            self._case, self._start, self._last = case_id, now, now
        if done < total and now - self._last < 0.5:
            return
        self._last = now
        spent = now - self._start
        self._leave("" if spent < QUIET_SECONDS else meter(case_id, done, total, known, spent))

    def _leave(self, now: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._path.with_suffix(".tmp")
        scratch.write_text(json.dumps({"lines": self._lines, "now": now}))
        scratch.replace(self._path)


class Watcher:
    """The controller's side: prints what the workers leave, until it is stopped."""

    def __init__(self, folder: Path, write: Callable[[str], None], *, every: float) -> None:
        self._folder = folder
        self._write = write
        self._every = every
        self._printed: dict[str, int] = {}
        self._shown: dict[str, tuple[float, str]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look a last time, clean up what the workers left, and end."""
        self._stop.set()
        self._thread.join(timeout=5)
        self.look()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            self.look()

    def look(self) -> None:
        """Print every new line, and each worker's progress when it is time to."""
        for path in sorted(self._folder.glob("*.json")):
            state = json.loads(path.read_text())
            for text in state["lines"][self._printed.get(path.stem, 0) :]:
                self._write(f"\n[{path.stem}] {text}")
            self._printed[path.stem] = len(state["lines"])
            last, shown = self._shown.get(path.stem, (0.0, ""))
            now = time.monotonic()
            if state["now"] and state["now"] != shown and now - last >= self._every:
                self._write(f"\n[{path.stem}] {state['now']}")
                self._shown[path.stem] = (now, state["now"])
