"""Any extractor against cases: how often it reads rightly, reads something else, reads nothing, or invents.

The gravest count is *invented*: an answer read from a reply that holds none. It turns refusals and broken replies
into points.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import UsageError
from harness.records import Read, Unread
from harness.stats import wilson
from harness.testing.case import Case, LeftUnread

Extractor = Callable[..., Read | Unread | str | None]
"""``(reply, options) -> outcome``, with any of the keywords kind, question and finish that it names.

The outcome is a Read, an Unread, or the answer as plain text; None, an empty text and ``UNKNOWN`` are unread.
"""

Outcome = Literal["right", "wrong", "missed", "invented"]
_KEYWORDS = ("kind", "question", "finish")
_UNREAD = frozenset(["", "UNKNOWN"])
_WORD = re.compile(r"[^\W_]+")
_SAYS_NOTHING = frozenset(["a", "an", "the", "it", "is", "s", "this", "that", "of", "in", "are", "there"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A count of cases with its Wilson interval.

    The interval speaks of more cases of the same corpus, never of the replies of any model.

    Attributes
    ----------
    count, n : int
        So many of so many cases; ``n`` may be 0.
    low, high : float
        In [0, 1]; 0 and 1 where ``n`` is 0.
    """

    count: int
    n: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What became of the cases of one family.

    Attributes
    ----------
    family : str
        One of `FAMILIES`, or ``all``.
    n : int
        Cases.
    right : Share
        Read what was meant, or left unread what holds no answer; of all cases.
    wrong : Share
        Read something else; of the cases that hold an answer.
    missed : Share
        Left unread; of the cases that hold an answer.
    invented : Share
        Read; of the cases that hold none.
    other_reason : int
        Rightly left unread, under a reason that is not the true one; 0 for extractors without reasons.
    """

    family: str
    n: int
    right: Share
    wrong: Share
    missed: Share
    invented: Share
    other_reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One case that an extractor got wrong, and what it made of it."""

    case: Case
    outcome: Outcome
    got: Read | Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseRates:
    """Rates of every family in order of appearance, of all cases together, and every fault."""

    families: tuple[Rates, ...]
    total: Rates
    faults: tuple[Fault, ...]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _same_phrase(read: str, meant: str, question: str) -> bool:
    """Whether a phrase is the one that was meant, but for articles and words of the question around it."""
    got, want = _words(read), _words(meant)
    free = _SAYS_NOTHING.union(_words(question))
    for start in range(len(got) - len(want) + 1):
        rest = got[:start] + got[start + len(want) :]
        if got[start : start + len(want)] == want and free.issuperset(rest):
            return True
    return False


def judge(case: Case, got: Read | Unread) -> Outcome:
    """Hold an outcome against what is expected; case and space do not count, nor articles around a phrase."""
    if isinstance(case.expected, LeftUnread):
        return "invented" if isinstance(got, Read) else "right"
    if isinstance(got, Unread):
        return "missed"
    if case.kind == "open":
        same = _same_phrase(got.value, case.expected.value, case.question)
    else:
        same = got.value.strip().casefold() == case.expected.value.casefold()
    return "right" if same else "wrong"


def _outcome(told: object, case: Case) -> Read | Unread:
    if told is None:
        return Unread("")
    if isinstance(told, str):
        return Unread("") if told.strip() in _UNREAD else Read(told.strip())
    if isinstance(told, Read | Unread):
        return told
    raise UsageError(
        f"harness.testing.parse_rates: the extractor returned {told!r} for case {case.id}, but Read, Unread, a text or "
        "None should be. Wrap it in a function that returns one of these."
    )


def _takes(extractor: Extractor) -> tuple[str, ...]:
    """Which of the optional keywords an extractor names."""
    try:
        named = inspect.signature(extractor).parameters
    except ValueError:
        return ()
    return tuple(name for name in _KEYWORDS if name in named)


def _share(count: int, n: int) -> Share:
    low, high = wilson(count, n) if n else (0.0, 1.0)
    return Share(count=count, n=n, low=low, high=high)


def _rates(family: str, judged: Sequence[tuple[Case, Outcome, Read | Unread]]) -> Rates:
    count: Mapping[str, int] = {
        name: sum(outcome == name for _, outcome, _ in judged) for name in ("right", "wrong", "missed", "invented")
    }
    empty = [(case.expected, got) for case, _, got in judged if isinstance(case.expected, LeftUnread)]
    answered = len(judged) - len(empty)
    other = sum(isinstance(got, Unread) and bool(got.why) and got.why not in said.reasons for said, got in empty)
    return Rates(
        family=family,
        n=len(judged),
        right=_share(count["right"], len(judged)),
        wrong=_share(count["wrong"], answered),
        missed=_share(count["missed"], answered),
        invented=_share(count["invented"], len(empty)),
        other_reason=other,
    )


def parse_rates(extractor: Extractor, cases: Iterable[Case]) -> ParseRates:
    """Hold an extractor against cases.

    Parameters
    ----------
    extractor : callable
        ``(reply, options) -> Read | Unread | str | None``. ``options`` maps letters to texts, and is empty where the
        question is no choice. Of the keywords ``kind``, ``question`` and ``finish`` it is given those it names.
    cases : iterable of Case
        Such as those of `corpus`.

    Returns
    -------
    ParseRates
        Counts with Wilson intervals by family and in all, and the faults one by one.

    Raises
    ------
    UsageError
        Where there are no cases, or the extractor returns something else. What it raises itself is not caught; a
        note says of which case it was.
    """
    keywords = _takes(extractor)
    judged: list[tuple[Case, Outcome, Read | Unread]] = []
    for case in cases:
        asked: dict[str, Any] = {name: getattr(case, name) for name in keywords}
        try:
            got = _outcome(extractor(case.reply, case.options, **asked), case)
        except Exception as error:
            error.add_note(f"harness.testing.parse_rates: while reading case {case.id}, reply {case.reply!r}")
            raise
        judged.append((case, judge(case, got), got))
    if not judged:
        raise UsageError("harness.testing.parse_rates: got no cases, but at least one should be. See corpus().")
    families = dict.fromkeys(case.family for case, _, _ in judged)
    return ParseRates(
        families=tuple(_rates(name, [one for one in judged if one[0].family == name]) for name in families),
        total=_rates("all", judged),
        faults=tuple(Fault(case=case, outcome=how, got=got) for case, how, got in judged if how != "right"),
    )


def as_markdown(rates: ParseRates) -> list[str]:
    """Lines of a table: a row a family, counts with percent and 95 % interval."""
    head = ["Family", "n", "Right", "Wrong", "Unread, though it says", "Read, though it says nothing", "Other reason"]
    rows = [
        [
            one.family,
            str(one.n),
            *(_cell(share) for share in (one.right, one.wrong, one.missed, one.invented)),
            str(one.other_reason),
        ]
        for one in (*rates.families, rates.total)
    ]
    rule = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def _cell(share: Share) -> str:
    if not share.n:
        return "–"
    return f"{share.count} of {share.n} ({100 * share.low:.1f} to {100 * share.high:.1f} %)"
