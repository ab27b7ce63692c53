"""Mutators to cases: which may follow which, and the corpus of a seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import get_args

from harness.errors import UsageError
from harness.testing.case import FAMILIES, KINDS, Case, Draft, Form, Kind, Mutator, Truth
from harness.testing.doubts import DOUBTS
from harness.testing.frames import FRAMES
from harness.testing.languages import LANGUAGES
from harness.testing.letters import LETTERS
from harness.testing.marks import MARKS
from harness.testing.nothing import NOTHING
from harness.testing.others import OTHERS
from harness.testing.questions import truth
from harness.testing.say import MEANT
from harness.testing.shorts import SHORTS
from harness.testing.traps import TRAPPED
from harness.testing.words import WORDS

MUTATORS: tuple[Mutator, ...] = (
    *LETTERS,
    *WORDS,
    *SHORTS,
    *MARKS,
    *TRAPPED,
    *OTHERS,
    *DOUBTS,
    *NOTHING,
    *FRAMES,
    *LANGUAGES,
)
"""Every mutator, each under a name of its own."""

_CORES = ("formats", "tags")
_FRAMES = tuple(one for one in MUTATORS if one.stage == "frame" and one.family in ("invisible", "thoughts"))
_EXTRA = 0.2


def compose(asked: Truth, mutators: Sequence[Mutator], random: Random, number: int = 0, family: str = "") -> Case:
    """Apply mutators to a truth, one after another.

    Parameters
    ----------
    asked : Truth
        What is meant.
    mutators : sequence of Mutator
        The first makes the core; the others change the draft, in the order of `STAGES`.
    random : random.Random
        All chance.
    number : int
        The end of the case's id.
    family : str
        The family of the case; that of the last mutator where none is given.

    Raises
    ------
    UsageError
        Where a mutator cannot follow those before it.
    """
    draft = Draft(truth=asked)
    for mutator in mutators:
        draft = mutator(draft, random)
    names = tuple(mutator.name for mutator in mutators)
    family = family or mutators[-1].family
    return Case(
        id=f"{family}/{asked.kind}/{'+'.join(names)}/{number}",
        truth=draft.truth,
        reply=draft.text,
        finish=draft.finish,
        family=family,
        mutators=names,
    )


def plan(focal: Mutator, kind: Kind, random: Random) -> tuple[Mutator, ...]:
    """Choose what goes with a mutator: a core for it to change, and now and then a frame around it."""
    steps: list[Mutator] = []
    if focal.stage != "say":
        form = random.choice([form for form in get_args(Form) if form in focal.on and _cores(kind, form)])
        steps.append(random.choice(_cores(kind, form)))
    steps.append(focal)
    if focal.stage == "say" and focal.makes in MEANT and random.random() < _EXTRA:
        steps.append(random.choice([one for one in _FRAMES if kind in one.kinds]))
    return tuple(steps)


def _cores(kind: Kind, form: Form) -> list[Mutator]:
    """Plain mutators that make a core of a form."""
    return [
        one
        for one in MUTATORS
        if one.stage == "say" and kind in one.kinds and one.makes == form and one.family in _CORES
    ]


def make(focal: Mutator, kind: Kind, random: Random, number: int = 0) -> Case:
    """Make one case that shows a mutator: draw a question, choose what goes with it, and compose."""
    steps = plan(focal, kind, random)
    asked = truth(kind, random, max(step.least for step in steps))
    return compose(asked, steps, random, number, focal.family)


def checked_kinds(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    """Check names of kinds.

    Raises
    ------
    UsageError
        Where a name is no kind.
    """
    names = tuple(kinds)
    if strange := [name for name in names if name not in KINDS]:
        raise UsageError(f"harness.testing: got kinds {strange}, but they should be of {', '.join(KINDS)}.")
    return names


def checked_families(families: Iterable[str] | None) -> tuple[str, ...]:
    """Check names of families; all of them where none is given.

    Raises
    ------
    UsageError
        Where a name is no family.
    """
    names = FAMILIES if families is None else tuple(families)
    if strange := [name for name in names if name not in FAMILIES]:
        raise UsageError(f"harness.testing: got families {strange}, but they should be of {', '.join(FAMILIES)}.")
    return names


def shown(kind: Kind, family: str) -> list[Mutator]:
    """The mutators of a family for a kind of question."""
    return [one for one in MUTATORS if one.family == family and kind in one.kinds]


def corpus(
    seed: int = 0,
    per_family: int = 60,
    *,
    kinds: Iterable[Kind] = KINDS,
    families: Iterable[str] | None = None,
) -> tuple[Case, ...]:
    """Make the cases of a seed: the same ones in every process, on every machine.

    Parameters
    ----------
    seed : int
        Another seed, other cases.
    per_family : int
        Cases of each family for each kind of question, at least 1; the mutators of a family take turns.
    kinds : iterable of {"choice", "yes_no", "open"}
        Kinds of question.
    families : iterable of str, optional
        Some of `FAMILIES`; all of them by default.

    Returns
    -------
    tuple of Case
        By kind and family. A family that has no mutator for a kind is left out there.

    Raises
    ------
    UsageError
        Where a family or a kind does not exist, or ``per_family`` is below 1.
    """
    if per_family < 1:
        raise UsageError(f"harness.testing.corpus: got per_family={per_family}, but it should be at least 1.")
    cases = []
    for kind in checked_kinds(kinds):
        for family in checked_families(families):
            turns = shown(kind, family)
            for number in range(per_family if turns else 0):
                focal = turns[number % len(turns)]
                random = Random(f"{seed}|{kind}|{focal.name}|{number}")  # noqa: S311 - a seeded draw, not a secret
                cases.append(make(focal, kind, random, number))
    return tuple(cases)
