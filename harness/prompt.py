"""From a row, as its mode shows it, to the prompt that every model is sent.

The wording is the same for all models; a backend only adds the model's own chat format. What a row withholds is
said to the model, so that a mode without images measures an informed guess and not a missing attachment.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Sequence

from harness.records import (
    WITHOUT_IMAGES,
    WITHOUT_STEM,
    AnswerKind,
    ImagePart,
    ModeName,
    Option,
    Prompt,
    Row,
    TextPart,
)

YES_NO = ("yes", "no")
"""The answers of a yes/no question, in the order in which their likelihoods are given."""

CHOICE_TOKENS = 8
SHORT_TOKENS = 16

_CHOICE_HEAD = "You are answering a medical multiple-choice question."
_CHOICE_GIVEN = {
    (False, False): "Use the clinical information and all provided images.",
    (True, False): "No image is provided. Use the clinical information alone.",
    (True, True): "No question and no image are provided. Choose the most likely answer choice.",
    (False, True): "No question is provided. Use all provided images.",
}
_SHORT_HEAD = {
    False: "Answer the medical image question using a short answer.",
    True: "Answer the medical question using a short answer. No image is provided.",
}
_SHORT_RULES = (
    "For yes/no questions, answer only yes or no.\n"
    "For modality questions, answer only the modality name.\n"
    "For anatomy questions, answer only the anatomical structure."
)


def build(row: Row, mode: ModeName, *, max_new_tokens: int = 0, answer: AnswerKind = "generation") -> Prompt:
    """Return the prompt of a row: its images in order, then one text.

    Parameters
    ----------
    row : Row
        As its mode shows it.
    mode : ModeName
        Decides what the text says about what is withheld.
    max_new_tokens : int
        Overrides the protocol's 8 (option letters) or 16 (short answers) where it is not 0.
    answer : AnswerKind
        By likelihood the options' letters are scored, or ``yes`` and ``no``; by ``likelihood_text`` the whole text of
        each option, which the prompt then asks for. Rows with neither options nor yes and no are generated.
    """
    text = _choice(row, mode, answer) if row.kind == "choice" else _short(row, mode)
    limit = CHOICE_TOKENS if row.kind == "choice" else SHORT_TOKENS
    images = tuple(ImagePart(image=ref) for ref in row.images)
    return Prompt(
        parts=(*images, TextPart(text=text)), max_new_tokens=max_new_tokens or limit, choices=choices(row, answer)
    )


def choices(row: Row, answer: AnswerKind) -> tuple[str, ...]:
    """Return the answers that are scored, in the order shown; none where the reply is generated."""
    if answer == "generation" or row.kind not in ("choice", "yes_no"):
        return ()
    if row.kind == "yes_no":
        return YES_NO
    return tuple(option.letter if answer == "likelihood" else option.text for option in row.options)


def _choice(row: Row, mode: ModeName, answer: AnswerKind) -> str:
    without = (mode in WITHOUT_IMAGES, mode in WITHOUT_STEM)
    question = "" if mode in WITHOUT_STEM else f"Question:\n{row.stem}\n\n"
    listed = "\n".join(f"{option.letter}. {option.text}" for option in row.options)
    rule = (
        "Return only the text of the right answer choice."
        if answer == "likelihood_text"
        else f"Return only one letter: {letters(row.options)}."
    )
    return f"{_CHOICE_HEAD}\n{_CHOICE_GIVEN[without]}\n\n{question}Answer choices:\n{listed}\n\n{rule}\nFinal answer:"


def _short(row: Row, mode: ModeName) -> str:
    return f"{_SHORT_HEAD[mode in WITHOUT_IMAGES]}\n{_SHORT_RULES}\n\nQuestion:\n{row.stem}\n\nAnswer:"


def letters(options: Sequence[Option]) -> str:
    """Return ``A, B, or C`` for the options shown."""
    shown = [option.letter for option in options]
    if len(shown) < 3:
        return " or ".join(shown)
    return ", ".join(shown[:-1]) + f", or {shown[-1]}"


def version() -> str:
    """Return a short digest of this module, which changes whenever a prompt could."""
    return hashlib.sha256(inspect.getsource(sys.modules[__name__]).encode()).hexdigest()[:12]
