"""Replies that real models gave, read by people: agreement, and nothing read where they could read nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.extract import Read, Unread, letter, phrase, yes_no

NOTHING = "UNKNOWN"


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _outcome(line: dict[str, Any]) -> Read | Unread:
    if line["kind"] == "mcq":
        return letter(line["raw"], line["options"] or "ABCDEFGH")
    return (yes_no if line["kind"] == "yesno" else phrase)(line["raw"])


def _agrees(line: dict[str, Any], outcome: Read | Unread) -> bool:
    if isinstance(outcome, Unread) or line["label"] == NOTHING:
        return isinstance(outcome, Unread) and line["label"] == NOTHING
    if line["kind"] == "short":
        return f" {_words(line['label'])} " in f" {_words(outcome.value)} "
    return bool(outcome.value == line["label"])


def test_labelled_replies_are_read_as_people_read_them(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = _lines(real_data / "recorded" / "labelled_outputs.jsonl")
    outcomes = [(line, _outcome(line)) for line in lines]
    wrong = [(line, outcome) for line, outcome in outcomes if not _agrees(line, outcome)]
    with capsys.disabled():
        for line, outcome in wrong:
            print(f"\n{line['id']}: read {outcome}, but people read {line['label']!r}: {line['raw'][-120:]!r}")  # noqa: T201
    invented = [line["id"] for line, outcome in outcomes if line["label"] == NOTHING and isinstance(outcome, Read)]
    assert invented == []
    assert len(wrong) <= 0.02 * len(lines)


def test_replies_of_local_models_are_all_read(real_data: Path) -> None:
    lines = _lines(real_data / "recorded" / "worldmedqa_brazil_runs.jsonl")
    local = [line for line in lines if line["model"] in ("Yi_VL_6B", "llava_next_llama3", "paligemma-3b-mix-448")]
    assert len(local) == 445
    for line in local:
        assert letter(line["reply"], line["options"]) == Read(line["reply"].strip()[0]), line["reply"]


def test_failed_calls_and_refusals_of_real_models_are_unread(real_data: Path) -> None:
    lines = _lines(real_data / "recorded" / "worldmedqa_brazil_runs.jsonl")
    failed = [line for line in lines if re.match(r"Failed to|I (?:cannot|can't|need) ", line["reply"])]
    assert len(failed) == 11
    assert {str(letter(line["reply"], line["options"])) for line in failed} == {
        "Unread(why='error_text')",
        "Unread(why='refusal')",
    }
