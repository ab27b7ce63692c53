"""Counts that a table calls n: cases of each class beside their share of all cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.forensics.columns import Column

_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What a column of counts is of.

    Attributes
    ----------
    n : int or None
        The n that all of its counts are of; None where they are of several.
    """

    n: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """The n that one count with its printed share can be of."""

    count: int
    low: Fraction
    high: Fraction


def whole_of(counted: Column, share: Column) -> Whole | None:
    """Say whether a column holds the counts of the shares beside it, and not their n.

    A count k with a share printed between low and high is of an n from k / high to k / low. Where one n is within these
    bounds in two thirds of at least three rows with different counts, the column holds counts of it; of two rows, where
    the sum of both is. Where rows that follow each other, three or more at a time, have an n in common, it holds counts
    of several. For an n that belongs to each share the bounds have nothing in common.

    Parameters
    ----------
    counted, share : Column
        A column that is called n or count, and shares.

    Returns
    -------
    Whole or None
        None where it holds no counts. Its n is the sum of the column where that fits, else the smallest n that does.
    """
    bounds = list(_bounds(counted, share))
    if len(bounds) < 2 or not _differ(bounds):
        return None
    needed = len(bounds) if len(bounds) == 2 else -(-2 * len(bounds) // 3)
    total = sum(value.digits for cell in counted.cells if (value := cell.value) is not None and not value.places)
    most = max(one.count for one in bounds)
    lowest = {max(most, -(-one.low.numerator // one.low.denominator)) for one in bounds} if len(bounds) > 2 else set()
    for n in (total, *sorted(lowest)):
        if sum(one.low <= n <= one.high for one in bounds) >= needed:
            return Whole(n=n)
    together = sum(len(group) for group in _groups(bounds) if len(group) >= 3 and _differ(group))
    return Whole(n=None) if together >= needed else None


def _differ(bounds: Sequence[_Bounds]) -> bool:
    return len({one.count for one in bounds}) > 1


def _groups(bounds: Sequence[_Bounds]) -> Iterator[list[_Bounds]]:
    """Rows that follow each other and have an n in common."""
    group: list[_Bounds] = []
    for one in bounds:
        if max(other.low for other in (*group, one)) > min(other.high for other in (*group, one)):
            yield group
            group = []
        group.append(one)
    yield group


def _bounds(counted: Column, share: Column) -> Iterator[_Bounds]:
    for count, cell in zip(counted.cells[:_MOST], share.cells[:_MOST], strict=True):
        if count.value is None or count.value.places or count.value.digits <= 0 or cell.value is None:
            continue
        printed, k = cell.value.of(share.whole), count.value.digits
        if printed.low > 0:
            yield _Bounds(count=k, low=k / printed.high, high=k / printed.low)
