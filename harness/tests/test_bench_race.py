"""The benchmark of speed from end to end: a loop, the fastest loop and the suite give the same replies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.bench import __main__ as bench
from harness.bench import questions


def test_loops_and_suite_answer_six_rows_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "one.json"
    asked = ["one", "--rows", "6", "--batch", "4", "--tokens", "4", "--repeats", "1", "--model", "small"]
    assert bench.main([*asked, "--scratch", str(tmp_path), "--json", str(results)]) == 0
    page = capsys.readouterr().out
    assert "replies of bare loop and suite equal in every round: 6 of 6" in page
    (told,) = json.loads(results.read_text(encoding="utf-8"))
    laps = {name: rounds[0] for name, rounds in told["systems"].items()}
    assert list(laps) == ["bare loop", "best loop", "suite", questions.PROVEN]
    # Six rows of four tokens each; no reply ends before its limit
    assert laps["bare loop"]["counts"]["new_tokens"] == laps["best loop"]["counts"]["new_tokens"] == 24
    assert laps["bare loop"]["counts"]["prompt_tokens"] == laps["best loop"]["counts"]["prompt_tokens"]
    for lap in laps.values():
        assert 0 < lap["first"] < lap["wall"]
        assert 0 < lap["busy"] <= lap["loop"] < lap["wall"]
