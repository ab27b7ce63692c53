"""A case taken apart: by published answer, by number of images, what was chosen, what was unread, against chance.

Failed rows (no points) are in none of these: a call that failed is not a wrong answer. Unread ones are in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.errors import NotEstimable
from harness.records import Answer, Read, Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One line of a breakdown.

    Attributes
    ----------
    name : str
        What its rows have in common, such as ``C`` or ``2``.
    n : int
        Rows.
    right : float
        Sum of points; for accuracy and exact match, the rows answered right.
    share : float
        ``right / n``, in [0, 1].
    points, clusters : tuple
        Of each row, for the interval: a share is not to be shown without one.
    """

    name: str
    n: int
    right: float
    share: float
    points: tuple[float, ...]
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How far accuracy is from a blind guess over the options of the same rows.

    Attributes
    ----------
    n, right : int
        Rows, and rows answered right.
    accuracy, expected, distance : float
        Share right, share expected by guessing, and the former minus the latter.
    option_counts : tuple of int
        Number of options of each row, for the test.
    """

    n: int
    right: int
    accuracy: float
    expected: float
    distance: float
    option_counts: tuple[int, ...]


def unread(answers: Iterable[Answer]) -> dict[str, int]:
    """Unread rows by reason, the most frequent first; empty where every reply was read."""
    reasons = Counter(answer.reading.why for answer in _scored(answers) if isinstance(answer.reading, Unread))
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


def by_choice(answers: Iterable[Answer]) -> tuple[Cell, ...]:
    """Accuracy by the letter of the answer in the published order: are some letters answered better?

    Raises
    ------
    NotEstimable
        Where a row's gold is not among its options.
    """
    return _cells(answers, _published_gold, "accuracy")


def by_images(answers: Iterable[Answer], metric: str) -> tuple[Cell, ...]:
    """Points by the number of images that the model was given, by receipt, in ascending order.

    Parameters
    ----------
    answers : iterable of Answer
        Of one case.
    metric : str
        Name of the points; rows without it are left out.
    """
    return _cells(answers, lambda answer: len(answer.reply.receipts), metric)


def chosen(answers: Iterable[Answer]) -> dict[str, int]:
    """How often each letter was chosen, as shown, letters in order; every letter that was shown is listed.

    The letter shown is what a position bias is about; where options have moved it is not the published one.
    """
    rows = _scored(answers)
    counts = Counter({option.letter: 0 for answer in rows for option in answer.row.options})
    counts.update(letter for answer in rows if (letter := _shown(answer)))
    return dict(sorted(counts.items()))


def distance_to_chance(answers: Iterable[Answer]) -> Chance:
    """Accuracy against a uniform guess over the options of each row.

    Raises
    ------
    NotEstimable
        Where there is no row with points, or one with fewer than two options.
    """
    rows = _scored(answers)
    counts = tuple(len(answer.row.options) for answer in rows)
    if min(counts, default=0) < 2:
        got = f"a row with {min(counts)} option(s)" if counts else "no row with points"
        raise NotEstimable(f"distance to chance: got {got}, but a guess needs rows with at least two options")
    right = round(sum(answer.points["accuracy"] for answer in rows))
    accuracy, expected = right / len(rows), sum(1 / count for count in counts) / len(rows)
    return Chance(
        n=len(rows),
        right=right,
        accuracy=accuracy,
        expected=expected,
        distance=accuracy - expected,
        option_counts=counts,
    )


def _scored(answers: Iterable[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.points]


def _cells(answers: Iterable[Answer], key: Callable[[Answer], str | int], metric: str) -> tuple[Cell, ...]:
    groups: dict[str | int, list[Answer]] = {}
    for answer in _scored(answers):
        if metric in answer.points:
            groups.setdefault(key(answer), []).append(answer)
    # The keys of one breakdown are all numbers or all text.
    return tuple(_cell(str(name), rows, metric) for name, rows in sorted(groups.items(), key=lambda item: item[0]))


def _cell(name: str, rows: Sequence[Answer], metric: str) -> Cell:
    points = tuple(float(answer.points[metric]) for answer in rows)
    return Cell(
        name=name,
        n=len(rows),
        right=sum(points),
        share=sum(points) / len(rows),
        points=points,
        clusters=tuple(answer.row.cluster for answer in rows),
    )


def _published_gold(answer: Answer) -> str:
    for option in answer.row.options:
        if option.letter == answer.row.gold:
            return option.origin
    raise NotEstimable(
        f"row {answer.row.id}: gold is {answer.row.gold!r}, but no option has this letter; it needs option rows"
    )


def _shown(answer: Answer) -> str:
    """The letter, as shown, of the option that was read; empty where none was."""
    if not isinstance(answer.reading, Read):
        return ""
    value = answer.reading.value
    return next((option.letter for option in answer.row.options if option.origin == value), "")
