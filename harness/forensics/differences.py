"""A printed difference against the two shares that it is of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from harness.forensics.cell import plain
from harness.forensics.columns import Column
from harness.forensics.finding import Finding, Place
from harness.forensics.grid import Grid
from harness.forensics.printed import Printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One printed difference with its two values.

    Attributes
    ----------
    place : Place
        Where it stands.
    printed, first, second : Printed
        The difference and the values, in the order of the columns.
    """

    place: Place
    printed: Printed
    first: Printed
    second: Printed


def _less(first: int, second: int) -> int:
    return first - second


def _more(first: int, second: int) -> int:
    return second - first


def _apart(first: int, second: int) -> int:
    return abs(first - second)


# A difference is read in the first of these ways that most rows of its column agree with.
WAYS = (_less, _more, _apart)


def agrees(gap: Gap, way: Callable[[int, int], int]) -> bool:
    """Say whether a difference may be printed so for two values printed so: |d - (a - b)| within all three last digits.

    For 43.09 and 49.9 it is -6.81, up to 0.005 + 0.05 + 0.005 off.
    """
    scale, printed, first, second = _common(gap)
    slack = sum(scale // (2 * part.scale) for part in (gap.printed, gap.first, gap.second))
    return abs(printed - way(first, second)) <= slack


def _common(gap: Gap) -> tuple[int, int, int, int]:
    """The three figures in whole steps of a common scale, which is twice as fine as the finest of them."""
    parts = (gap.printed, gap.first, gap.second)
    scale = 2 * lcm(*(part.scale for part in parts))
    printed, first, second = (part.digits * (scale // part.scale) for part in parts)
    return scale, printed, first, second


def relative(gap: Gap) -> bool:
    """Say whether it is a change in percent of the first or the second value, not a difference."""
    ends = ((gap.first, gap.second), (gap.second, gap.first))
    return any(_ratio(gap.printed, base, other) for base, other in ends if base.low > 0)


def _ratio(printed: Printed, base: Printed, other: Printed) -> bool:
    least, most = other.low / base.high - 1, other.high / base.low - 1
    return printed.low <= most and least <= printed.high


def differences(grid: Grid) -> Iterator[Finding]:
    """Recompute every column of differences from the two columns of shares left of it."""
    for column in grid.columns:
        if column.kind == "difference":
            gaps = _gaps(grid, column)
            if gaps:
                between = [share for share in grid.shares if share.at < column.at]
                yield from judged(gaps, plain(column.name), sure=len(between) == 2)


def _gaps(grid: Grid, column: Column) -> list[Gap]:
    left = [at for at, share in enumerate(grid.shares) if share.at < column.at]
    at = left[-2:] if len(left) >= 2 else list(range(len(grid.shares))) if len(grid.shares) == 2 else []
    gaps = []
    for row, (line, _) in enumerate(grid.table.rows):
        value = column.cells[row].value
        pair = [grid.figures[row][one].printed for one in at]
        if value is not None and len(pair) == 2 and pair[0] is not None and pair[1] is not None:
            place = Place(line=line, row=grid.names[row], column=plain(column.name), table=grid.table.title)
            gaps.append(Gap(place=place, printed=value.of(column.whole), first=pair[0], second=pair[1]))
    return gaps


def judged(gaps: Sequence[Gap], name: str, *, sure: bool = True) -> Iterator[Finding]:
    """Say which differences are not those of their values.

    One row alone is read in the way that fits. Where the rows of a column agree in none of the ways with more than half
    of the values beside them, it is the difference of something else, and that is a note.

    Parameters
    ----------
    gaps : sequence of Gap
        A column, or one line.
    name : str
        What the difference is called.
    sure : bool
        Whether it can be of no other values than these.
    """
    agreeing = [[agrees(gap, way) for way in WAYS] for gap in gaps]
    kept = [at for at, gap in enumerate(gaps) if any(agreeing[at]) or not relative(gap)]
    open_gaps = [gaps[at] for at in kept]
    fits = [sum(agreeing[at][number] for at in kept) for number in range(len(WAYS))]
    best = fits.index(max(fits))
    if (len(gaps) > 1 or not sure) and 2 * fits[best] <= len(open_gaps):
        place = gaps[0].place.over_rows
        should = "is not the difference of the two columns left of it in most rows: not checked"
        yield Finding(
            severity="note", check="difference", place=place, printed=name, should=should, todo="Say of what."
        )
        return
    way = WAYS[best]
    if fits[best]:
        should = f"{fits[best]} of {len(open_gaps)} agree with the two values beside them"
        place = gaps[0].place if len(gaps) == 1 else gaps[0].place.over_rows
        yield Finding(severity="note", check="difference", place=place, printed=name, should=should)
    for gap in open_gaps:
        if not agrees(gap, way):
            scale, _, first, second = _common(gap)
            exact = Fraction(way(first, second), scale)
            slack = gap.first.half + gap.second.half
            should = f"{gap.first.text} and {gap.second.text} differ by {_show(gap.printed, exact, slack)}"
            yield Finding(
                severity="inconsistent",
                check="difference",
                place=gap.place,
                printed=gap.printed.text,
                should=should,
                todo="Correct the difference or one of the values.",
            )


def _show(printed: Printed, exact: Fraction, slack: Fraction) -> str:
    finer = Printed(digits=0, places=printed.places + 1, whole=printed.whole)
    return f"{printed.like(exact).removesuffix(' %')} ± {finer.like(slack)}"
