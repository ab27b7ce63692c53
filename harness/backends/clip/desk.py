"""A batch of prompts, ready to be scored: what each will be scored on, and what of it is known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from harness.backends.clip import wording
from harness.backends.clip.settings import Settings
from harness.backends.clip.shelf import Entry, Shelf
from harness.backends.clip.towers import Sight, Towers
from harness.backends.clip.wording import Wording
from harness.errors import ImageRefused, ModelError
from harness.records import ImageRef, Prompt, Receipt, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One prompt that is ready to be scored.

    Attributes
    ----------
    place : int
        Its place in the batch.
    name : str
        ``row <id>`` for messages.
    images : tuple of Entry
        One an image, in order.
    answers : tuple of str
        What the reply may be.
    texts : tuple of tuple of Entry
        For each answer the texts that stand for it.
    receipts : tuple of Receipt
        One an image.
    tokens : int
        Of all texts together.
    """

    place: int
    name: str
    images: tuple[Entry[Sight], ...]
    answers: tuple[str, ...]
    texts: tuple[tuple[Entry[str], ...], ...]
    receipts: tuple[Receipt, ...]
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch: what is to be scored, and the replies of rows that failed before they could be."""

    size: int
    asked: tuple[Asked, ...]
    failed: Mapping[int, Reply]


class Desk:
    """Makes batches ready, and keeps the features of what it has seen within ``bound`` bytes for each kind."""

    def __init__(self, towers: Towers, settings: Settings, width: int, bound: int) -> None:
        self.cut = 0
        """Prompts whose stem lost its beginning."""
        self._towers = towers
        self._settings = settings
        self._images: Shelf[Sight] = Shelf(bound, width)
        self._texts: Shelf[str] = Shelf(bound, width)
        self._labels: Wording | None = None

    def prepare(self, prompts: Sequence[Prompt], names: Sequence[str]) -> Prepared:
        """Make a batch ready; a row that cannot be asked fails alone, with its cause."""
        asked: list[Asked] = []
        failed: dict[int, Reply] = {}
        for place, (prompt, name) in enumerate(zip(prompts, names, strict=True)):
            try:
                asked.append(self._ready(place, name, prompt))
            except (ModelError, ImageRefused) as cause:
                failed[place] = refusal(name, cause)
        return Prepared(size=len(prompts), asked=tuple(asked), failed=failed)

    def _ready(self, place: int, name: str, prompt: Prompt) -> Asked:
        words = self._wording(prompt)
        self.cut += words.left_out > 0
        images = tuple(self._images.entry(image.digest, partial(self._look, image)) for image in prompt.images)
        return Asked(
            place=place,
            name=name,
            images=images,
            answers=words.names,
            texts=tuple(tuple(self._texts.entry(text, partial(str, text)) for text in each) for each in words.texts),
            receipts=tuple(
                Receipt(digest=image.digest, tokens=entry.made.tokens, tensor=entry.made.digest)
                for image, entry in zip(prompt.images, images, strict=True)
            ),
            tokens=words.tokens,
        )

    def _look(self, image: ImageRef) -> Sight:
        return self._towers.look(image.open())

    def _wording(self, prompt: Prompt) -> Wording:
        """Texts of a prompt; those of labels without a stem are the same for every prompt."""
        told, towers = self._settings, self._towers
        if prompt.choices:
            return wording.of_choices(prompt, told.templates, towers.context, told.truncate, towers.measure)
        if self._labels is not None:
            return self._labels
        made = wording.of_labels(
            prompt, told.labels, told.label_templates, towers.context, told.truncate, towers.measure
        )
        if not any("{stem}" in template for template in told.label_templates):
            self._labels = made
        return made


def refusal(name: str, cause: Exception) -> Reply:
    """A failed reply that says whose it is."""
    return Reply(text="", receipts=(), finish="failed", error=f"{name}: {cause}")
