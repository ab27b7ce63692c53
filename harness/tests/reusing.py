"""Models that share work, and replies held against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness import spec
from harness.backends.hf.model import HfModel
from harness.backends.hf.sharing import Sharing
from harness.records import Prompt, Reply

NEAR = 1e-4
"""Nats by which a log-probability may move in float32, as a batch may round it otherwise."""


def opened(folder: Path, options: str = "") -> HfModel:
    """The checkpoint of a folder."""
    model = spec.open_model(spec.parse(f"hf:{folder}{options}"))
    assert isinstance(model, HfModel)
    return model


def sharing(model: HfModel) -> Sharing:
    """What a model that shares work shares."""
    found = model._open().sharing
    assert found is not None
    return found


def replies(model: HfModel, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
    """Of one batch."""
    return model.reply(model.prepare(prompts, ids))


def told(found: Sequence[Reply]) -> list[Reply]:
    """Replies without their log-probabilities, whose last digits depend on the batch."""
    return [replace(reply, logprob=None, lead=None, scores=()) for reply in found]


def same(found: Sequence[Reply], expected: Sequence[Reply]) -> None:
    """Hold replies against others in everything but the last digits of their log-probabilities."""
    assert told(found) == told(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=NEAR)
        assert one.lead == pytest.approx(other.lead, abs=NEAR)
        assert one.scores == pytest.approx(other.scores, abs=NEAR)


def tokens(model: HfModel) -> tuple[int, int]:
    """Prompt tokens that were read, and those of all prompts."""
    read, due = re.findall(r"[\d,]+(?= of| were)", model.facts["reuse of prompt tokens"])[:2]
    return int(read.replace(",", "")), int(due.replace(",", ""))
