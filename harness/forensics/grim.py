"""GRIM: which counts a printed share can come from, and which denominators.

A share of n rows is k / n with a whole k, so for small n most percentages with two decimals do not exist. Brown and
Heathers, "The GRIM test: a simple technique detects numerous anomalies in the reporting of results in psychology",
Social Psychological and Personality Science 8(4), 2017. With s the steps of the last digit in the whole (10,000 for
percent with two decimals) and d the digits, k is possible where 2d - 1 <= 2 s k / n <= 2d + 1; from n = s on, every
digit is possible and the test says nothing. All in whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.forensics.printed import Printed

FARTHEST = 5000


def counts(printed: Printed, n: int, grid: int = 1, top: int = 1) -> range:
    """Return every count that the printed share can come from.

    Parameters
    ----------
    printed : Printed
        The share.
    n : int
        Rows, at least 1.
    grid : int
        Steps of a point: 1 for right or wrong, 2 for half points, R for a mean over R runs.
    top : int
        Most points of a row: 1 for a share, 5 for a mean rating from 1 to 5.

    Returns
    -------
    range
        Counts in steps, within 0 ... n * grid * top; empty where the share is impossible.
    """
    steps = n * grid
    low = -((-(2 * printed.digits - 1) * steps) // (2 * printed.scale))
    high = (2 * printed.digits + 1) * steps // (2 * printed.scale)
    return range(max(low, 0), min(high, steps * top) + 1)


def cut_off(printed: Printed, n: int, grid: int = 1) -> range:
    """Return every count whose share has these digits before it is cut off, not rounded."""
    steps = n * grid
    low = -((-printed.digits * steps) // printed.scale)
    high = -(-(printed.digits + 1) * steps // printed.scale) - 1
    return range(max(low, 0), high + 1)


def around(printed: Printed, n: int, grid: int = 1, top: int = 1) -> tuple[int, ...]:
    """Return the counts, in steps, whose shares lie next below and next above the printed one."""
    below = printed.digits * n * grid // printed.scale
    return tuple(k for k in (below, below + 1) if 0 <= k <= n * grid * top)


def says_nothing(printed: Printed, n: int, grid: int = 1) -> bool:
    """Say whether n is so large that every digit is possible."""
    return n * grid >= printed.scale


def reach(n: int) -> int:
    """How far from n other denominators are looked for: a tenth of n, at least 25."""
    return max(25, n // 10)


def other_rows(printed: Printed, n: int, grid: int = 1, top: int = 1) -> tuple[int | None, int | None]:
    """Return the nearest denominators below and above n at which the share is possible, within `reach`."""
    below = range(n - 1, max(n - reach(n), 1) - 1, -1)
    above = range(n + 1, n + reach(n) + 1)
    below_n, above_n = (next((m for m in span if counts(printed, m, grid, top)), None) for span in (below, above))
    return below_n, above_n


@dataclass(frozen=True, slots=True, kw_only=True)
class Implied:
    """What several printed shares say about a denominator that they may have in common.

    Attributes
    ----------
    rows : tuple of int
        The smallest denominators that explain ``fits`` of the shares; empty where luck could do the same.
    fits, of : int
        Shares explained, and distinct shares looked at.
    odd : tuple of str
        The shares that the first of ``rows`` does not explain, as printed.
    bound : int
        Largest denominator looked at.
    luck : float
        Expected number of denominators up to the first of ``rows`` that would explain as many arbitrary shares, times
        the numbers of explained shares that were tried.
    """

    rows: tuple[int, ...]
    fits: int
    of: int
    odd: tuple[str, ...]
    bound: int
    luck: float


def implied(shares: Iterable[Printed], most: int = 4, limit: float = 0.01) -> Implied:
    """Infer a denominator that explains all of the shares, or at least two thirds of them.

    An arbitrary share exists at denominator m with a chance of about min(1, (m + 1) / s), so ever larger denominators
    explain ever more. Of the smallest denominators that explain 2/3 ... all of the shares, the one that luck explains
    least is taken, and it is implied only where fewer than ``limit`` up to it would be expected to do so by luck.

    Parameters
    ----------
    shares : iterable of Printed
        Equal ones count once; of more than 400, those with the most decimals are looked at.
    most : int
        How many denominators are named; after the first these are mostly its multiples.
    limit : float
        Largest expected number of lucky denominators.
    """
    from scipy.special import bdtrc

    distinct = _distinct(shares)
    bound = min(FARTHEST, max((printed.scale for printed in distinct), default=1) - 1)
    best = Implied(rows=(), fits=0, of=len(distinct), odd=(), bound=max(bound, 0), luck=math.inf)
    if len(distinct) < 2 or bound < 1:
        return best
    fits, by_luck = _explained(distinct, bound)
    levels = range(-(-2 * len(distinct) // 3), int(fits.max()) + 1)
    for wanted in levels:
        found = [int(at) + 1 for at in (fits >= wanted).nonzero()[0][:most]]
        luck = len(levels) * float(bdtrc(wanted - 1, len(distinct), by_luck[: found[0]]).sum())
        if luck < best.luck:
            named = tuple(found) if luck < limit else ()
            odd = tuple(printed.text for printed in distinct if not counts(printed, found[0])) if named else ()
            best = replace(best, rows=named, fits=len(distinct) - len(odd), odd=odd, luck=luck)
    return best


def implied_runs(shares: Sequence[tuple[Printed, int]], most: int = 10, limit: float = 0.01) -> int | None:
    """Infer over how many runs shares that no count explains may be means.

    A mean over R runs has steps of 1 / (n R). The smallest R up to ``most`` that explains all of the shares is returned
    where fewer than ``limit`` up to it would be expected to do so by luck, else None.

    Parameters
    ----------
    shares : sequence of (Printed, int)
        Each share with its n.
    """
    luck = 0.0
    for runs in range(2, most + 1):
        luck += math.prod(min(1.0, (n * runs + 1) / printed.scale) for printed, n in shares)
        if all(counts(printed, n, runs) for printed, n in shares):
            return runs if luck < limit else None
    return None


def _explained(distinct: Sequence[Printed], bound: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each denominator 1 ... bound: how many shares it explains, and the chance to explain an arbitrary one."""
    rows = np.arange(1, bound + 1, dtype=np.int64)
    fits, by_luck = np.zeros(bound, dtype=np.int64), np.zeros(bound)
    for printed in distinct:
        low = -((-(2 * printed.digits - 1) * rows) // (2 * printed.scale))
        fits += np.minimum((2 * printed.digits + 1) * rows // (2 * printed.scale), rows) >= np.maximum(low, 0)
        by_luck += np.minimum(1.0, (rows + 1) / printed.scale)
    return fits, by_luck / len(distinct)


def _distinct(shares: Iterable[Printed], most: int = 400) -> Sequence[Printed]:
    distinct = {printed.value: printed for printed in shares if 0 < printed.digits < printed.scale}
    return sorted(distinct.values(), key=lambda printed: (-printed.scale, printed.digits))[:most]
