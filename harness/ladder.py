"""What the modes of one model say beside each other: image gains, and formats that confound them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.columns import Columns, aligned, difference, objection, within
from harness.errors import NotEstimable
from harness.limits import ALPHA, Limits
from harness.records import Difference, Measurement, ModeName, Unread

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
