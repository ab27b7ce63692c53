"""A killed run loses at most its batch in flight, and goes on without asking again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROWS, BATCH = 96, 4


def _command(folder: Path, run: str, ledger: str) -> list[str]:
    chosen = "test_phantom_short and text_only-sighted and not claim"
    options = ["--limit", str(ROWS), "--batch-size", str(BATCH), "--unread-limit", "1", "--run", run]
    places = ["--reports", str(folder), "--ledger", str(folder / ledger)]
    return [sys.executable, "-m", "pytest", "benches", "-k", chosen, "-p", "no:cacheprovider", *options, *places]


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def _kill_after(command: list[str], path: Path, lines: int) -> int:
    """Start a run, kill it without warning once the ledger has so many lines, and return how many it then has."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
    try:
        while process.poll() is None and len(_lines(path)) < lines:
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return len([line for line in _lines(path) if line.endswith(b"\n")])


def _case(folder: Path, run: str) -> Any:
    (case,) = json.loads((folder / run / "results.json").read_text())["cases"]
    return case


@pytest.mark.filterwarnings("default")
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "killed" / "phantom_short.text_only.sighted.jsonl"
    first = _kill_after(_command(tmp_path, "a", "killed"), path, 2 * BATCH)
    assert 0 < first < ROWS
    second = _kill_after(_command(tmp_path, "b", "killed"), path, first + 2 * BATCH)
    assert first < second < ROWS
    with path.open("ab") as file:
        file.write(b'{"key":"torn in the mid')
    subprocess.run(_command(tmp_path, "c", "killed"), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(_command(tmp_path, "d", "whole"), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    keys = [json.loads(line)["key"] for line in _lines(path)]
    assert len(keys) == len(set(keys))
    whole = {json.loads(line)["key"] for line in _lines(tmp_path / "whole" / path.name)}
    assert set(keys) == whole
    resumed, uninterrupted = _case(tmp_path, "c"), _case(tmp_path, "d")
    for name in ("score", "metrics", "unread_by_reason", "asked"):
        assert resumed[name] == uninterrupted[name]
