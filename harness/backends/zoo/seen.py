"""What a prompt shows, read back from the prompt alone: a stub knows neither the row nor its mode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from harness.errors import ModelError
from harness.records import ImageRef, Option, Prompt, Row, TextPart
from harness.truth import normal

_TAIL = re.compile(r"\n\nReturn only one letter: (?P<letters>[A-Z](?:(?:,| or|, or) [A-Z])*)\.\nFinal answer:\Z")
_ANSWER = "\n\nAnswer:"
_QUESTION = "\n\nQuestion:\n"
_CHOICES = "\n\nAnswer choices:"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a prompt shows.

    Attributes
    ----------
    stem : str
        The question; empty where it is withheld.
    options : tuple of Option
        In the order shown; their ``origin`` is the letter shown, since a prompt does not tell the published one.
    images : tuple of ImageRef
        In the order shown.
    """

    stem: str
    options: tuple[Option, ...]
    images: tuple[ImageRef, ...]

    @cached_property
    def row(self) -> Row:
        """The same as a row, without gold, to ask the published rows by."""
        return Row(
            id="",
            kind="choice" if self.options else "open",
            stem=self.stem,
            options=self.options,
            gold="",
            images=self.images,
            cluster="",
            slices={},
        )

    @cached_property
    def question(self) -> str:
        """Stem and options, the same for every order of the options and for all images."""
        return "\n".join([normal(self.stem), *sorted(normal(option.text) for option in self.options)])

    @cached_property
    def content(self) -> str:
        """Question and images, the same for every order of the options."""
        return "\n".join([self.question, *(image.digest for image in self.images)])

    @cached_property
    def whole(self) -> str:
        """All that is shown, in the order in which it is shown."""
        return "\n".join([self.content, *(option.text for option in self.options)])


def read(prompt: Prompt) -> Seen:
    """Read a prompt back.

    Raises
    ------
    ModelError
        The text is not one that `harness.prompt` writes.
    """
    text = "".join(part.text for part in prompt.parts if isinstance(part, TextPart))
    stem, options = _text(text)
    return Seen(stem=stem, options=options, images=prompt.images)


@lru_cache(maxsize=65536)
def _text(text: str) -> tuple[str, tuple[Option, ...]]:
    """Stem and options of a text."""
    tail = _TAIL.search(text)
    if tail is not None:
        head, options = _options(text[: tail.start()], re.findall("[A-Z]", tail["letters"]))
        if options and head.endswith(_CHOICES):
            return head.removesuffix(_CHOICES).partition(_QUESTION)[2], options
    elif text.endswith(_ANSWER) and _QUESTION in text:
        return text.removesuffix(_ANSWER).partition(_QUESTION)[2], ()
    raise ModelError(
        f"zoo: the prompt ends with {text[-60:]!r}, but a stub reads only what harness/prompt.py writes. "
        "Teach harness/backends/zoo/seen.py the new wording."
    )


def _options(text: str, letters: Sequence[str]) -> tuple[str, tuple[Option, ...]]:
    """Take the options off the end of a text, the last one first, since a text before may look like an option."""
    found: list[Option] = []
    for letter in reversed(letters):
        text, mark, shown = text.rpartition(f"\n{letter}. ")
        if not mark:
            return text, ()
        found.append(Option(letter=letter, text=shown, origin=letter))
    return text, tuple(reversed(found))
