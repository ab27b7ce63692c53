"""Tango's score interval for the difference of two proportions over the same rows."""

from __future__ import annotations

import math

from harness.errors import NotEstimable
from harness.stats.binomial import critical


def tango(b: float, c: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Score interval for (b - c) / n.

    Parameters
    ----------
    b, c : float
        Rows that only the first, only the second got right; need not be whole.
    n : float
        All rows, including those on which both agree.
    level : float
        Two-sided confidence level.

    Returns
    -------
    low, high : float
        In [-1, 1], around (b - c) / n, never of width zero: with no discordant row among 100 it is -+0.037.

    Raises
    ------
    NotEstimable
        Where b or c is negative or b + c > n, or n is not positive.

    Notes
    -----
    Tango 1998, Statistics in Medicine 17:891. Swapping b and c mirrors the interval to the last bit.
    """
    return bounds(b, c, n, critical(level, None))


def bounds(b: float, c: float, n: float, z: float) -> tuple[float, float]:
    """The differences whose score statistic is within -+z, for z > 0."""
    _counts(b, c, n)
    return _lower(b, c, n, z), -_lower(c, b, n, z)


def statistic(b: float, c: float, n: float, shift: float) -> float:
    """Score statistic for 'the true difference is ``shift``'; at 0 it is McNemar's, without correction.

    Parameters
    ----------
    b, c, n : float
        As for `tango`.
    shift : float
        Strictly between -1 and 1.

    Returns
    -------
    float
        Standard normal under that difference, positive where the observed one is larger; infinite where ``shift``
        is impossible given the counts, and 0 where nothing is known against it.
    """
    _counts(b, c, n)
    away, variance = b - c - n * shift, n * _variance(b, c, n, shift)
    if variance > 0:
        return away / math.sqrt(variance)
    return 0.0 if away == 0 else math.copysign(math.inf, away)


def _counts(b: float, c: float, n: float) -> None:
    # A hair of slack: effective numbers are products of floats.
    if not (n > 0 and b >= 0 and c >= 0 and b + c <= n * (1 + 1e-9)):
        raise NotEstimable(f"Tango: got b={b}, c={c}, n={n}, but it should be b, c >= 0 and b + c <= n with n > 0")


def _variance(b: float, c: float, n: float, shift: float) -> float:
    """n times the variance of the observed difference, at the likeliest table that has the difference ``shift``.

    The probability q of 'only the second' is the larger root of 2n q^2 + B q + C = 0. Where the subtraction in it
    loses digits, q is far below the other term.
    """
    linear, constant = (2 * n - b + c) * shift - b - c, -c * shift * (1 - shift)
    root = math.sqrt(max(0.0, linear * linear - 8 * n * constant))
    q = (root - linear) / (4 * n)
    return max(0.0, 2 * q + shift * (1 - shift))


def _lower(b: float, c: float, n: float, z: float) -> float:
    """The smallest difference whose statistic is at most z, by bisection.

    The statistic falls as the difference grows, from plus infinity at -1 to zero at the observed one. Without a
    division the condition is finite everywhere, also where b = c = 0 lets the variance vanish at the observed one.
    """
    low, high = -1.0, (b - c) / n
    while low < (middle := (low + high) / 2) < high:
        away = b - c - n * middle
        if away * away > z * z * n * _variance(b, c, n, middle):
            low = middle
        else:
            high = middle
    return low
