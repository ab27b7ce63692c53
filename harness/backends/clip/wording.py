"""What text is scored: from a prompt and one of its answers to the texts that the text encoder reads.

A contrastive model was trained on captions, so the protocol's instructions are left out: the stem is taken out of
the prompt, and a template puts it together with the answer. A text that is longer than the encoder's context is
never cut behind the user's back: the row fails, or, with ``truncate=on``, all of its texts lose the same words from
the beginning of the stem, until the longest fits. The answer itself is never cut, and of a stem the end is kept,
where the question stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.backends.clip.labels import Label
from harness.errors import ModelError
from harness.records import Prompt, TextPart

_PLACE = re.compile(r"\{(stem|option)\}")
_QUESTION, _CHOICES, _ANSWER = "Question:\n", "\n\nAnswer choices:\n", "\n\nAnswer:"

Measure = Callable[[Sequence[str]], list[int]]
"""Lengths of some texts in tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The texts of one prompt.

    Attributes
    ----------
    names : tuple of str
        The answers, as the reply will name them.
    texts : tuple of tuple of str
        For each answer the texts that are scored for it; one a template.
    tokens : int
        Of all texts together.
    left_out : int
        Words that the stem lost.
    """

    names: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    tokens: int
    left_out: int


def stem(prompt: Prompt) -> str:
    """The question of a prompt without instructions and options; empty where the mode withholds it.

    The whole text, where it is not worded like the prompts of this suite.
    """
    text = "\n".join(part.text for part in prompt.parts if isinstance(part, TextPart))
    head, _, rest = text.partition(_QUESTION)
    if not rest or _CHOICES in f"\n\n{head}":
        return "" if _CHOICES in f"\n\n{text}" else text.strip()
    body, listed, _ = rest.rpartition(_CHOICES)
    return body if listed else rest.rpartition(_ANSWER)[0] or rest


class TooLong(ModelError):
    """A text that the encoder does not take whole."""


def offers_options(prompt: Prompt) -> bool:
    """Whether a prompt lists options, be they given as choices or not."""
    return bool(prompt.choices) or any(isinstance(p, TextPart) and _CHOICES in f"\n\n{p.text}" for p in prompt.parts)


def of_choices(prompt: Prompt, templates: Sequence[str], context: int, cut: bool, measure: Measure) -> Wording:
    """Texts of the choices of a prompt.

    Parameters
    ----------
    templates : sequence of str
        With ``{option}`` and perhaps ``{stem}``.
    context : int
        Tokens that the text encoder takes.
    cut : bool
        Whether the stem may lose its beginning.
    measure : callable
        Counts tokens.

    Raises
    ------
    ModelError
        A text does not fit.
    """
    return _fitted(prompt.choices, [(choice,) for choice in prompt.choices], prompt, templates, context, cut, measure)


def of_labels(
    prompt: Prompt, labels: Sequence[Label], templates: Sequence[str], context: int, cut: bool, measure: Measure
) -> Wording:
    """Texts of all labels, for a prompt without choices; parameters and errors as for `of_choices`."""
    names = tuple(label.name for label in labels)
    return _fitted(names, [label.texts for label in labels], prompt, templates, context, cut, measure)


def filled(template: str, stem: str, option: str) -> str:
    """A template with stem and option in their places, and no space where nothing stands."""
    put = {"stem": stem, "option": option}
    return _PLACE.sub(lambda place: put[place[1]], template).strip()


def _fitted(
    names: tuple[str, ...],
    said: Sequence[Sequence[str]],
    prompt: Prompt,
    templates: Sequence[str],
    context: int,
    cut: bool,
    measure: Measure,
) -> Wording:
    """All texts of a prompt, with as much of the stem's end as fits."""
    with_stem = any("{stem}" in template for template in templates)
    asked = stem(prompt) if with_stem else ""

    def worded(kept: str, left_out: int) -> Wording:
        texts = tuple(tuple(filled(t, kept, text) for text in each for t in templates) for each in said)
        lengths = measure([text for each in texts for text in each])
        if max(lengths) > context:
            raise _too_long(max(lengths), context, with_stem and not cut)
        return Wording(names=names, texts=texts, tokens=sum(lengths), left_out=left_out)

    words = [match.start() for match in re.finditer(r"\S+", asked)]
    try:
        return worded(asked, 0)
    except TooLong:
        if not cut or not words:
            raise
    # The fewest words to leave out: with more of them left out no text becomes longer
    few, many = 1, len(words)
    while few < many:
        half = (few + many) // 2
        few, many = (few, half) if _fits(worded, asked[words[half] :]) else (half + 1, many)
    return worded(asked[words[few] :] if few < len(words) else "", few)


def _fits(worded: Callable[[str, int], Wording], kept: str) -> bool:
    try:
        worded(kept, 0)
    except TooLong:
        return False
    return True


def _too_long(tokens: int, context: int, with_stem: bool) -> TooLong:
    do = "add truncate=on to leave out the beginning of such stems, or " if with_stem else ""
    return TooLong(
        f"a text to score has {tokens} tokens, but the text encoder takes {context}: {do}choose a template "
        f"{'without {stem}' if with_stem else 'with less text'}, or a model with a longer context"
    )
