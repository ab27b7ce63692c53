"""A prepared batch -> replies: what is not known yet is encoded, each once, and every row is scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from harness.backends.clip import scoring
from harness.backends.clip.desk import Asked, refusal
from harness.backends.clip.settings import Settings
from harness.backends.clip.shelf import Entry
from harness.backends.clip.towers import Towers
from harness.errors import ModelError
from harness.records import Reply

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

TEXTS = 4
"""Texts that are encoded together, for each prompt of a batch: about the options of a row."""


def encode(towers: Towers, asked: Sequence[Asked], size: int) -> None:
    """Compute the features of images and texts that are not known yet, ``size`` prompts at a time."""
    images = _unknown(entry for one in asked for entry in one.images)
    for seen in _chunks(images, size):
        for image, features in zip(seen, towers.see([entry.made for entry in seen]), strict=True):
            image.features = features
            image.made.tensors.clear()
    # Texts of about one length together, so that none is padded to that of a far longer one
    texts = sorted(_unknown(e for one in asked for each in one.texts for e in each), key=lambda entry: len(entry.made))
    for said in _chunks(texts, TEXTS * size):
        for text, features in zip(said, towers.read([entry.made for entry in said]), strict=True):
            text.features = features


def answer(towers: Towers, settings: Settings, asked: Asked) -> Reply:
    """Score one prompt.

    Returns
    -------
    Reply
        Its text is the best answer, empty where two are exactly as good; ``scores`` are the logarithms of the
        probabilities of all answers in their order; ``lead`` is that of the best over the next.
    """
    import torch

    images = torch.stack([_features(entry) for entry in asked.images])
    answers = torch.stack([scoring.averaged([_features(entry) for entry in each]) for each in asked.texts])
    try:
        scores = scoring.logarithms(
            images, answers, scale=towers.scale, bias=towers.bias or 0.0, pool=settings.images, read=settings.scores
        )
    except ModelError as cause:
        return refusal(asked.name, cause)
    place = scoring.best(scores)
    return Reply(
        text="" if place is None else asked.answers[place],
        receipts=asked.receipts,
        finish="stop",
        prompt_tokens=asked.tokens,
        scores=scores,
        lead=scoring.lead(scores),
    )


def _unknown(entries: Iterable[Entry[T]]) -> list[Entry[T]]:
    """Entries without features, each once."""
    return list({id(entry): entry for entry in entries if entry.features is None}.values())


def _chunks(entries: Sequence[Entry[T]], size: int) -> Iterator[Sequence[Entry[T]]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))


def _features(entry: Entry[T]) -> Tensor:
    return cast("Tensor", entry.features)
