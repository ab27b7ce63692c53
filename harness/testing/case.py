"""The nouns of the corpus: what a speaker means, what a reply of theirs allows to read, and what changes a reply.

A `Truth` says a question and its answer. A `Mutator` makes or changes a `Draft` of a reply to it. A finished draft is a
`Case`. What is expected follows from what was meant and from what was done to the text; no extractor is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from harness.errors import UsageError
from harness.records import Read

Kind = Literal["choice", "yes_no", "open"]
KINDS: tuple[Kind, ...] = ("choice", "yes_no", "open")

Form = Literal["", "bare", "words", "stated", "marked", "wound", "none"]
"""How a draft gives its answer: not yet; a letter or word alone; an option's words alone; a sentence that states it;
tags, a box or JSON; a text of its own that bears no further change; no answer at all."""

Stage = Literal["say", "dress", "surround", "frame", "cut"]
STAGES: tuple[Stage, ...] = ("say", "dress", "surround", "frame", "cut")
"""The order in which mutators apply, from the inside out."""

FAMILIES: tuple[str, ...] = (
    "formats",
    "markup",
    "tags",
    "look_alikes",
    "invisible",
    "distractors",
    "denials",
    "hedges",
    "corrections",
    "confidence",
    "thoughts",
    "refusals",
    "errors",
    "empties",
    "echoes",
    "turns",
    "truncations",
    "languages",
    "not_options",
)
"""The families of mutators; a case belongs to the family that it was made to show."""


@dataclass(frozen=True, slots=True)
class LeftUnread:
    """What a right extractor does with a reply that holds no answer: it reads none.

    Attributes
    ----------
    reasons : frozenset of str
        Which reasons of `harness.records.Unread` say truly why. Another reason is no false reading; it is counted
        apart, for extractors that give reasons.
    """

    reasons: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A question, what the speaker means to answer, and what a right extractor does with the reply.

    Attributes
    ----------
    kind : {"choice", "yes_no", "open"}
        How the question is answered.
    question : str
        The question without its options.
    options : mapping of str to str
        Letter -> text as shown; empty where the kind is not ``choice``.
    answer : str or None
        The letter, ``yes`` or ``no``, or the phrase that is meant; None where none is: a refusal, two letters, nothing.
    rivals : tuple of str
        Other answers of the same question, which the speaker does not mean.
    expected : Read or LeftUnread
        What must come of the reply. An answer may be meant and lost, as in a reply that was cut off before it.
    """

    kind: Kind
    question: str
    options: Mapping[str, str]
    answer: str | None
    rivals: tuple[str, ...]
    expected: Read | LeftUnread

    def meaning(self, answer: str) -> Truth:
        """The same question, answered with one of the rivals."""
        if answer == self.answer:
            return self
        rivals = tuple(self.answer if rival == answer and self.answer else rival for rival in self.rivals)
        return replace(self, answer=answer, rivals=rivals, expected=Read(answer))

    def meaning_none(self, *reasons: str) -> Truth:
        """The same question, with no answer meant."""
        return replace(self, answer=None, expected=LeftUnread(frozenset(reasons)))

    def lost(self, *reasons: str) -> Truth:
        """The same question and meaning, where the reply does not hold the answer."""
        return replace(self, expected=LeftUnread(frozenset(reasons)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reply in the making: the core that gives the answer, and what stands around it.

    Attributes
    ----------
    truth : Truth
        What is meant, and what is expected by now.
    head, core, tail : str
        The text before, of and after the statement of the answer.
    form : str
        How the core gives the answer.
    finish : {"stop", "length"}
        Whether the reply was cut off.
    """

    truth: Truth
    head: str = ""
    core: str = ""
    tail: str = ""
    form: Form = ""
    finish: Literal["stop", "length"] = "stop"

    @property
    def text(self) -> str:
        """The whole reply."""
        return self.head + self.core + self.tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutator:
    """One named way to give an answer, or to change a reply that gives one.

    Attributes
    ----------
    name : str
        Unique among all mutators.
    family : str
        One of `FAMILIES`.
    kinds : tuple of Kind
        The kinds of question it is made for.
    stage : Stage
        When it applies.
    on : frozenset of Form
        The forms of a draft that it can change; the empty form alone for one that makes the core.
    least : int
        The fewest options that it needs, where the kind is ``choice``.
    makes : str
        The form of the draft afterwards; empty for one that leaves the form as it was.
    make : callable
        (draft, random) -> draft. All chance comes from the generator that is handed in.
    """

    name: str
    family: str
    kinds: tuple[Kind, ...]
    stage: Stage
    on: frozenset[Form]
    least: int
    makes: Form
    make: Callable[[Draft, Random], Draft]

    def __call__(self, draft: Draft, random: Random) -> Draft:
        """Apply it.

        Raises
        ------
        UsageError
            Where the draft is of a kind or form that it is not made for, or has too few options.
        """
        truth = draft.truth
        few = truth.kind == "choice" and len(truth.options) < self.least
        if truth.kind not in self.kinds or draft.form not in self.on or few:
            raise UsageError(
                f"harness.testing.{self.name}: got a draft of kind {truth.kind!r}, form {draft.form!r} and "
                f"{len(truth.options)} options, but kinds {self.kinds}, forms {sorted(self.on)} and at least "
                f"{self.least} options should be. See `stage` and `on` for what each mutator can follow."
            )
        made = self.make(draft, random)
        return replace(made, form=self.makes) if self.makes else made


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A reply and what a right extractor must do with it.

    Attributes
    ----------
    id : str
        ``family/kind/mutators/number``, unique in a corpus.
    truth : Truth
        What was meant, and what is expected.
    reply : str
        The text that an extractor is given.
    finish : {"stop", "length"}
        Whether the reply was cut off at the limit of its length.
    family : str
        The family that it was made to show.
    mutators : tuple of str
        Names of the mutators that made it, in order.
    """

    id: str
    truth: Truth
    reply: str
    finish: Literal["stop", "length"]
    family: str
    mutators: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        """How the question is answered."""
        return self.truth.kind

    @property
    def question(self) -> str:
        """The question without its options."""
        return self.truth.question

    @property
    def options(self) -> Mapping[str, str]:
        """Letter -> text; empty where the kind is not ``choice``."""
        return self.truth.options

    @property
    def expected(self) -> Read | LeftUnread:
        """What must come of the reply."""
        return self.truth.expected
