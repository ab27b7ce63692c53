"""Templates to drafts: the placeholders that a mutator's sentences are written with, and how mutators are listed.

==========  =======================================================================================
``{a}``     the answer: a letter, ``yes`` or ``no``, a phrase; ``{A}`` with a capital, ``{al}`` in lower case
``{t}``     the text of the answer's option; ``{tl}`` in lower case
``{o}``     another answer, ``{p}`` a third one; ``{ot}``, ``{pt}`` the texts of their options
``{n}``     a sentence that says nothing of any option; ``{m}`` another one
``{s}``     the sentence that says yes or no in the question's words; ``{S}`` with a capital
==========  =======================================================================================

Only these are replaced, so that braces of JSON and LaTeX need no doubling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from harness.testing.case import Draft, Form, Kind, Mutator, Stage, Truth
from harness.testing.questions import sentence

NEUTRAL: tuple[str, ...] = (
    "The image is of good quality.",
    "The outline is best judged in the second picture.",
    "The contrast is even throughout.",
    "There is some rotation, which does not matter here.",
    "The history points the same way.",
    "The density follows the usual gradient.",
    "Nothing else stands out in the periphery.",
    "The key is the sharp margin near the middle.",
    "The pattern has been stable for months.",
)
"""Sentences that speak of no option, no yes and no no."""

ALL: tuple[Kind, ...] = ("choice", "yes_no", "open")
MEANT: tuple[Form, ...] = ("bare", "words", "stated", "marked", "wound")
ANY: tuple[Form, ...] = (*MEANT, "none")


_PLACE = re.compile(r"\{(a|A|al|t|tl|o|O|ot|p|pt|n|m|s|S)\}")


def capital(text: str) -> str:
    """The text with its first character as a capital."""
    return text[:1].upper() + text[1:]


def fill(template: str, truth: Truth, random: Random) -> str:
    """Put a truth into a template.

    Raises
    ------
    KeyError
        Where a template speaks of what the question has not, as a third answer of two: a fault of the mutator.
    """
    one, two = random.sample(NEUTRAL, 2)
    first, *rest = truth.rivals
    values = {"n": one, "m": two, "o": first, "O": capital(first), "ot": truth.options.get(first, first)}
    if rest:
        values |= {"p": rest[0], "pt": truth.options.get(rest[0], rest[0])}
    if truth.answer is not None:
        text = truth.options.get(truth.answer, truth.answer)
        values |= {"a": truth.answer, "A": capital(truth.answer), "al": truth.answer.lower()}
        values |= {"t": text, "tl": text.lower()}
    if truth.kind == "yes_no" and truth.answer is not None:
        said = sentence(truth, truth.answer)
        values |= {"s": said, "S": capital(said)}
    return _PLACE.sub(lambda found: values[found[1]], template)


def say(draft: Draft, random: Random, *templates: str) -> Draft:
    """Make the core of a draft of one of some templates."""
    return replace(draft, core=fill(random.choice(templates), draft.truth, random))


def say_none(draft: Draft, random: Random, reasons: Iterable[str], *templates: str) -> Draft:
    """Make a reply that means no answer: the reasons are those for which it may be left unread."""
    core = fill(random.choice(templates), draft.truth, random)
    return replace(draft, truth=draft.truth.meaning_none(*reasons), core=core)


def around(draft: Draft, head: str = "", tail: str = "") -> Draft:
    """Put text before and after all that a draft says so far."""
    return replace(draft, head=head + draft.head, tail=draft.tail + tail)


def opens_with_word(text: str) -> bool:
    """Whether a text begins with a word, so that a sentence may stand before it: not with a lone letter or a mark."""
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    return word[:1].isalpha() and len(word.rstrip(".:,)")) > 1


Make = Callable[[Draft, Random], Draft]


def listed(
    family: str,
    *functions: Make,
    kinds: tuple[Kind, ...] = ("choice",),
    stage: Stage = "say",
    on: Iterable[Form] = ("",),
    least: int = 2,
    makes: Form = "",
) -> tuple[Mutator, ...]:
    """List functions of one family as mutators, each under its own name."""
    return tuple(
        Mutator(
            name=make.__name__,
            family=family,
            kinds=kinds,
            stage=stage,
            on=frozenset(on),
            least=least,
            makes=makes,
            make=make,
        )
        for make in functions
    )
