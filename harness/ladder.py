"""What the modes of one model say beside each other: gains, follow rate, rotation, and formats that confound them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

import numpy as np

from harness import score, stats
from harness.columns import Columns, aligned, difference, estimate, mean_of, objection, within
from harness.errors import NotEstimable
from harness.evidence import agreement, rotation_mean
from harness.limits import ALPHA, Limits
from harness.mode import ROTATIONS
from harness.records import Answer, Difference, Estimate, Measurement, ModeName, Read, Row, Unread
from harness.stats.letters import LetterBias, letter_bias, recall_spread

RUNGS: tuple[ModeName, ...] = ("text_only", "blank", "shuffled", "shuffled_hard", "options_only", "image_options")
"""Modes that image_text is held against, in the order of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """image_text minus one other mode, row by row.

    Attributes
    ----------
    against : str
        The other mode.
    why : str
        Why the two may not be compared; empty where they may.
    difference : Difference or None
        The image gain.
    same : float
        p-value of 'less than the declared margin apart' (two one-sided tests).
    reading : str
        ``higher`` (interval and test), ``lower``, ``about the same`` (the margin is shown), or ``open``.
    draws : int
        Derangements pooled in the other mode.
    drawn_error : float
        Standard error of the other score that comes from the draw of the derangements alone; 0 for one draw.
    enough : bool
        Whether that error is below a quarter of the error over rows, so that the derangements are enough.
    """

    against: ModeName
    why: str = ""
    difference: Difference | None = None
    same: float = 1.0
    reading: str = "open"
    draws: int = 1
    drawn_error: float = 0.0
    enough: bool = True


def rungs(by_mode: Mapping[ModeName, Columns], limits: Limits) -> tuple[Rung, ...]:
    """Return the image gain over every other mode that was measured."""
    image = by_mode.get("image_text")
    if image is None:
        return ()
    return tuple(_rung(image, by_mode[name], limits) for name in RUNGS if name in by_mode)


def _rung(image: Columns, other: Columns, limits: Limits) -> Rung:
    against, draws = other.case.mode, other.points.shape[1]
    why = objection([image, other])
    if why:
        return Rung(against=against, why=why)
    try:
        found = difference(image, other)
        same = within(image, image.mean, aligned(image, other).mean, limits.same)
    except NotEstimable as error:
        return Rung(against=against, why=str(error))
    drawn = float(other.points.mean(axis=0).std(ddof=1)) / math.sqrt(draws) if draws > 1 else 0.0
    over_rows = (found.high - found.low) / (2 * 1.96)
    return Rung(
        against=against,
        difference=found,
        same=same,
        reading=read(found, same),
        draws=draws,
        drawn_error=drawn,
        enough=drawn < over_rows / 4 or drawn == 0,
    )


def read(found: Difference, same: float) -> str:
    """Say in words how two scores stand: by interval and test, or by the margin, and else nothing."""
    if found.low > 0 and found.p <= ALPHA:
        return "higher"
    if found.high < 0 and found.p <= ALPHA:
        return "lower"
    return "about the same" if same <= ALPHA else "open"


# ------------------------------------------------------------------------------------------ follow rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What replies do when the images are those of another row whose answer to the question is known.

    Attributes
    ----------
    mode : str
        ``shuffled`` or ``shuffled_hard``.
    pairs, changed : int
        Rows x derangements in which both modes were read, and in how many of them the reading changed.
    eligible : int
        Those in which the foreign images make another answer right than the row's own.
    followed, stayed, other : int
        Of those: answered what fits the foreign images and not with the own ones; the row's own answer; neither.
    rate : Estimate or None
        ``followed`` of ``eligible``, by cluster; None where it cannot be estimated.
    ceiling : float
        Score of a perfect reader of these images: where the fitting answer is known, whether it is the row's own; a
        blind guess elsewhere.
    """

    mode: ModeName
    pairs: int
    changed: int
    eligible: int
    followed: int
    stayed: int
    other: int
    rate: Estimate | None
    ceiling: float


def follow(image: Measurement, foreign: Measurement) -> Follow | None:
    """Return how replies follow foreign images; None where nothing was answered."""
    own = {a.row.id: a for a in image.answers if a.points}
    pairs = [(own[a.row.id], a) for a in foreign.answers if a.points and a.row.id in own]
    if not pairs:
        return None
    eligible = [(first, a) for first, a in pairs if a.row.fits and not _right(a.row, Read(a.row.gold), a.row.fits)]
    moved = [_fits(a) and not _fits(replace(first, row=a.row)) for first, a in eligible]
    kept = [not m and _own(a) for m, (_, a) in zip(moved, eligible, strict=True)]
    return Follow(
        mode=foreign.case.mode,
        pairs=len(pairs),
        changed=sum(a.reading != first.reading for first, a in pairs),
        eligible=len(eligible),
        followed=sum(moved),
        stayed=sum(kept),
        other=len(eligible) - sum(moved) - sum(kept),
        rate=_rate([a.row for _, a in eligible], moved),
        ceiling=sum(map(_perfect, (a.row for _, a in pairs))) / len(pairs),
    )


def _right(row: Row, reading: Read | Unread, gold: str) -> bool:
    """Whether a reading is this answer, by the metric of the row."""
    against = replace(row, gold=gold)
    scored = score.choice(against, reading) if row.kind == "choice" else score.short(against, reading)
    return scored[score.primary(row.kind)] == 1


def _fits(a: Answer) -> bool:
    return _right(a.row, a.reading, a.row.fits)


def _own(a: Answer) -> bool:
    return a.points[score.primary(a.row.kind)] == 1


def _perfect(row: Row) -> float:
    if row.fits:
        return float(_right(row, Read(row.gold), row.fits))
    if row.options:
        return 1 / len(row.options)
    return 0.5 if row.kind == "yes_no" else 0.0


def _rate(rows: Sequence[Row], hits: Sequence[bool]) -> Estimate | None:
    """Rows x derangements are nested in rows: the mean of each row, then by cluster."""
    by_row: dict[str, list[bool]] = {}
    clusters: dict[str, str] = {}
    for row, hit in zip(rows, hits, strict=True):
        by_row.setdefault(row.id, []).append(hit)
        clusters[row.id] = row.cluster
    if not by_row:
        return None
    try:
        return stats.estimate([sum(h) / len(h) for h in by_row.values()], list(clusters.values()))
    except NotEstimable:
        return None


# --------------------------------------------------------------------------------------------- rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """One case in every cyclic order of its options.

    Attributes
    ----------
    n : int
        Rows.
    original, mean, all_right : Estimate
        Score in the published order; mean over all orders, the headline; share of rows right in every order.
    kept : Estimate
        Share of the other orders in which the same option was chosen as in the published one.
    orders : tuple of float
        Score in each order, the published one first.
    letters : LetterBias or None
        Test of whether a letter is chosen more often than another, over all orders; None where it cannot be tested.
    recall_spread : float
        Standard deviation of the share right by the letter that was gold, in points of score (RStd).
    """

    n: int
    original: Estimate
    mean: Estimate
    all_right: Estimate
    kept: Estimate
    orders: tuple[float, ...]
    letters: LetterBias | None
    recall_spread: float


def rotation(by_mode: Mapping[ModeName, Columns], golds: Mapping[str, Sequence[int]]) -> Rotation | None:
    """Return what all orders say together; None where one of them was not measured or may not be reported.

    Parameters
    ----------
    golds : mapping of str to sequence of int
        Row id -> place of its gold, as shown, in the published order and in each rotation.
    """
    first = by_mode.get("image_text")
    if first is None or not first.rows or not first.options.all():
        return None
    turned = [by_mode[name] for name in ROTATIONS[: int(first.options.max()) - 1] if name in by_mode]
    if len(turned) < int(first.options.max()) - 1 or not turned or objection([first, *turned]):
        return None
    turned = [aligned(first, other) for other in turned]
    orders = [first, *turned]
    every = np.stack([one.mean for one in orders], axis=1)
    own = np.arange(len(orders))[None, :] < first.options[:, None]
    rest = rotation_mean(first, turned)
    mean = (first.mean + rest * (first.options - 1)) / first.options
    try:
        return Rotation(
            n=len(first.rows),
            original=estimate(first),
            mean=mean_of(first, mean),
            all_right=mean_of(first, ((every == 1) | ~own).all(axis=1).astype(np.float64)),
            kept=mean_of(first, agreement(first, turned)),
            orders=tuple(float(one.mean.mean()) for one in orders),
            letters=_letters(orders),
            recall_spread=_spread(orders, golds),
        )
    except NotEstimable:
        return None


def _letters(orders: Sequence[Columns]) -> LetterBias | None:
    """Over the rows with the most common number of options, all of whose orders were asked."""
    first = orders[0]
    counts, numbers = np.unique(first.options, return_counts=True)
    common = int(counts[numbers.argmax()])
    rows = first.options == common
    places = np.stack([one.places[:, 0] for one in orders[:common]], axis=1)[rows]
    try:
        return letter_bias(places, first.clusters[rows], ascii_uppercase[:common])
    except NotEstimable:
        return None


def _spread(orders: Sequence[Columns], golds: Mapping[str, Sequence[int]]) -> float:
    rows = orders[0].rows
    place = np.array([golds[row] for row in rows])
    points = np.stack([one.mean for one in orders], axis=1)
    recalls = [float(points[place == letter].mean()) for letter in np.unique(place)]
    return recall_spread(recalls)


# ---------------------------------------------------------------------------------------------- formats


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How well the replies of one mode could be read, beside those of image_text.

    Attributes
    ----------
    mode : str
        The mode.
    replies, unread, cut_off : int
        Replies that came back, those that could not be read, those that were cut off.
    by_reason : mapping of str to int
        Reason -> unread replies.
    gap : float
        Unread rate minus that of image_text.
    confounded : bool
        Whether the gap is larger than the declared limit: a comparison may then measure the format of the replies.
    """

    mode: ModeName
    replies: int
    unread: int
    cut_off: int
    by_reason: Mapping[str, int]
    gap: float
    confounded: bool


def readings(by_mode: Mapping[ModeName, Measurement], limits: Limits) -> tuple[Reading, ...]:
    """Return the reading table of one model on one benchmark."""
    rates = {name: _unread(m) for name, m in by_mode.items() if any(a.points for a in m.answers)}
    base = rates.get("image_text")
    found = []
    for name in rates:
        answers = [a for a in by_mode[name].answers if a.points]
        reasons: dict[str, int] = {}
        for a in answers:
            if isinstance(a.reading, Unread):
                reasons[a.reading.why] = reasons.get(a.reading.why, 0) + 1
        gap = rates[name] - base if base is not None else 0.0
        found.append(
            Reading(
                mode=name,
                replies=len(answers),
                unread=sum(reasons.values()),
                cut_off=sum(a.reply.finish == "length" for a in answers),
                by_reason=dict(sorted(reasons.items(), key=lambda kv: (-kv[1], kv[0]))),
                gap=gap,
                confounded=abs(gap) > limits.confound,
            )
        )
    return tuple(found)


def _unread(m: Measurement) -> float:
    answers = [a for a in m.answers if a.points]
    return sum(isinstance(a.reading, Unread) for a in answers) / len(answers)
