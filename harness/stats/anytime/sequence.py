"""Intervals that hold at every moment: of the row mean, and of the score of a list that is not finished."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.anytime.asked import Asked, asked
from harness.stats.binomial import fraction

Array = NDArray[np.float64]

_TRUNCATED = 0.5
_HALVINGS = 40
# What is left of a list is a difference of sums: at the last rows the true mean is outside [0, 1] by rounding.
_ROUNDING = 1e-9


def sequential_interval(
    values: ArrayLike, sizes: ArrayLike, *, level: float = 0.95, low: float = -1.0, high: float = 1.0
) -> tuple[float, float]:
    """Hedged betting confidence sequence of the row mean, at this moment.

    Parameters
    ----------
    values, sizes, low, high
        As for `harness.stats.anytime.sequential_above`.
    level : float
        Two-sided, for all moments together.

    Returns
    -------
    low, high : float
        In the range of a row, around the row mean so far, never of width zero: the intersection of the intervals of
        all moments up to now. Found by halving, error below 1e-9 of the range.

    Raises
    ------
    NotEstimable
        As `harness.stats.anytime.sequential_above`; also for a level outside (0, 1).

    Notes
    -----
    Waudby-Smith and Ramdas 2024, JRSS B 86:1 (arXiv:2010.09686), the hedged capital process. Scale rows to [0, 1]
    and clusters to the largest of M rows: u_g = (D_g - low m_g) / (M (high - low)), s_g = m_g / M. For a candidate
    mean m, u_g - m s_g is in [-m, 1 - m] and has expectation zero where m is true; half of a unit bets that it is
    positive, half that it is negative, with the plug-in bet of `_plug_in` truncated at 0.5/m and 0.5/(1-m). Excluded
    is every m at which either half ever reached 1 / (1 - level). The first half falls and the second grows with m,
    so the rest is an interval. With single rows this is the sequence of the paper.
    The truth may leave with probability 1 - level, and the mean so far with it; then the interval is stretched to
    hold the mean so far, which can only raise the coverage.
    Its bets differ from those of the tests: beside a claim that `harness.stats.sequential_above` decided,
    show `harness.stats.sequential_bounds`.
    """
    of = asked(values, sizes, low=low, high=high, what="sequential_interval")
    fraction("level", level)
    u, s = _scaled(of, low, high)
    ends = _ends(u, s, None, 1 - level)
    return _holding(low + (high - low) * ends[0], low + (high - low) * ends[1], of.value)


def remaining_interval(
    points_by_row: ArrayLike, total: int, *, level: float = 0.95, sizes: ArrayLike | None = None
) -> tuple[float, float]:
    """Hedged confidence sequence of the score of the whole published list, of which part was asked in random order.

    Parameters
    ----------
    points_by_row : array_like, shape (t,)
        Points in [0, 1] of the rows asked so far, in asking order; with ``sizes``, sum of the points of each cluster.
    total : int
        Rows of the published list, asked or not.
    level : float
        Two-sided, for all moments together.
    sizes : array_like of int, optional
        Where whole clusters are asked, the rows of *every* cluster of the list in asking order; they sum to
        ``total``.

    Returns
    -------
    low, high : float
        In [0, 1], around the mean so far. It closes as the list runs out, and when every row is asked both are the
        score itself: about the list nothing is left to learn. So this is for display, and never decides a claim; see
        `harness.stats.anytime`.

    Raises
    ------
    NotEstimable
        No row, more rows than ``total``, points outside [0, 1], sizes that do not sum to ``total``, a level outside
        (0, 1).

    Notes
    -----
    As `sequential_interval`, but where m is the mean of the list, what is left of it has the row mean
    r_g = (N m - S) / (N - n) with S points of n rows asked before. Clusters in random order give
    E[D_g] = (N m - S) / K and E[m_g] = (N - n) / K for K clusters left, so D_g - r_g m_g has expectation zero: bets
    are on that. An m whose r_g is outside [0, 1] is impossible; a tolerance of 1e-9 keeps the true one from being
    thrown out by rounding at the last rows. Waudby-Smith and Ramdas 2024, as above, for single rows; clusters are ours.
    """
    of = _listed(points_by_row, total, sizes)
    fraction("level", level)
    points, n = float(of.totals.sum()), of.n
    least, most = points / total, (points + total - n) / total
    if n == total:
        return of.value, of.value
    u, s = _scaled(of, 0.0, 1.0)
    low, high = _ends(u, s, total / of.largest, 1 - level)
    return _holding(max(low, least), min(high, most), of.value)


def _listed(points: ArrayLike, total: int, sizes: ArrayLike | None) -> Asked:
    what = "remaining_interval"
    by_row = sizes is None
    of = asked(points, np.ones(np.size(points)) if sizes is None else sizes, low=0.0, high=1.0, what=what)
    if not of.listed <= total or (not by_row and of.listed != total):
        raise NotEstimable(
            f"{what}: got {of.listed} rows{'' if by_row else ' in all clusters'} but a list of {total}, but the rows "
            "asked are part of the list, and sizes are those of all its clusters; pass the published number of rows"
        )
    return of


def _scaled(of: Asked, low: float, high: float) -> tuple[Array, Array]:
    """Totals and sizes as shares of what the largest cluster can reach, each in [0, 1]."""
    return (of.totals - low * of.sizes) / (of.largest * (high - low)), of.sizes / of.largest


def _ends(u: Array, s: Array, listed: float | None, alpha: float) -> tuple[float, float]:
    """Both ends in [0, 1]; the upper one is the lower one of what the rows lack to full points."""
    return _lower(u, s, listed, alpha), 1 - _lower(s - u, s, listed, alpha)


def _lower(u: Array, s: Array, listed: float | None, alpha: float) -> float:
    """The largest mean that is excluded for being too low, by halving."""
    excluded = _excluded(u, s, listed, alpha)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excluded(middle) else (low, middle)
    return low


def _excluded(u: Array, s: Array, listed: float | None, alpha: float) -> Callable[[float], bool]:
    """Whether the bet 'more than the mean m' ever reached its half of 1 / alpha, or m has become impossible."""
    bets, enough = _plug_in(u, s, alpha), math.log(2 / alpha)
    points, rows = np.cumsum(u) - u, np.cumsum(s) - s

    def excluded(m: float) -> bool:
        left = np.full(u.size, m) if listed is None else (listed * m - points) / (listed - rows)
        if left.min() < -_ROUNDING:
            return True
        left = np.clip(left, np.finfo(np.float64).tiny, 1.0)
        gains = np.minimum(bets, _TRUNCATED / left) * (u - left * s)
        return bool(np.cumsum(np.log1p(gains)).max() >= enough)

    return excluded


def _plug_in(u: Array, s: Array, alpha: float) -> Array:
    """The bet of each cluster before truncation, from the clusters before it.

    sqrt(2 log(2 / alpha) / (v t log(1 + t))) at cluster t, with v the variance of those before around the running
    mean; mean and variance begin as if one cluster of mean 1/2 and variance 1/4 had been seen.
    """
    t = np.arange(1, u.size + 1)
    mean = (0.5 + np.cumsum(u)) / (1 + np.cumsum(s))
    variance = (0.25 + np.cumsum((u - mean * s) ** 2)) / (1 + t)
    before = np.concatenate(([0.25], variance[:-1]))
    return np.asarray(np.sqrt(2 * math.log(2 / alpha) / (before * t * np.log1p(t))), dtype=np.float64)


def _holding(low: float, high: float, value: float) -> tuple[float, float]:
    """An interval around the value; ends that passed each other are put in order first."""
    return min(low, high, value), max(low, high, value)
