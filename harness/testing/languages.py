"""The mutators of twelve languages: one of each kind a language, made of the same few ways."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from harness.testing.case import Draft, Form, Kind, Mutator
from harness.testing.say import ALL, say, say_none
from harness.testing.tongues import TONGUES, Tongue
from harness.testing.traps import told


def _letter(tongue: Tongue, draft: Draft, random: Random) -> Draft:
    return say(draft, random, *tongue.letter)


def _letter_after_trap(tongue: Tongue, draft: Draft, random: Random) -> Draft:
    lead = random.choice(told(tongue.trap, draft.truth))
    return say(draft, random, *(f"{lead} {{n}}\n\n{stated}" for stated in tongue.letter))


def _trap(tongue: Tongue, draft: Draft, random: Random) -> Draft:
    return say_none(draft, random, ("none",), *told(tongue.trap, draft.truth))


def _hedge(tongue: Tongue, draft: Draft, random: Random) -> Draft:
    return say_none(draft, random, ("several", "none"), *tongue.hedge)


def _refusal(tongue: Tongue, draft: Draft, random: Random) -> Draft:
    return say_none(draft, random, ("refusal",), *tongue.refusal)


def _polar(tongue: Tongue, draft: Draft, random: Random) -> Draft:
    yes = draft.truth.answer == "yes"
    word = tongue.words[0 if yes else 1]
    stated = (form.replace("{w}", word) for form in tongue.polar)
    return say(draft, random, word, *(tongue.yes if yes else tongue.no), *stated)


def _phrase(tongue: Tongue, draft: Draft, random: Random) -> Draft:
    noun = random.choice(tongue.nouns)
    meant = Draft(truth=draft.truth.meaning(noun))
    return say(meant, random, "{a}", *tongue.phrase)


_Way = tuple[str, Callable[[Tongue, Draft, Random], Draft], tuple[Kind, ...], Form]
_WAYS: tuple[_Way, ...] = (
    ("letter", _letter, ("choice",), "stated"),
    ("letter_after_trap", _letter_after_trap, ("choice",), "stated"),
    ("trap", _trap, ("choice",), "none"),
    ("hedge", _hedge, ("choice",), "none"),
    ("refusal", _refusal, ALL, "none"),
    ("polar", _polar, ("yes_no",), "stated"),
    ("phrase", _phrase, ("open",), "stated"),
)

LANGUAGES: tuple[Mutator, ...] = tuple(
    Mutator(
        name=f"{code}_{name}",
        family="languages",
        kinds=kinds,
        stage="say",
        on=frozenset([""]),
        least=3 if makes == "none" else 2,
        makes=makes,
        make=partial(way, tongue),
    )
    for code, tongue in TONGUES.items()
    for name, way, kinds, makes in _WAYS
)
