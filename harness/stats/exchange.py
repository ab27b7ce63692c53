"""Is the right image one of several that could as well have been drawn? A permutation test over the draws of a row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotComparable, NotEstimable
from harness.stats.binomial import as_p
from harness.stats.cluster import Clusters, checked, numbered

_EXACT = 3_000_000
_WHOLE = 1e-9
# What a discrete Fourier transform leaves of a probability that is zero.
_SMALLEST = 1e-13


def exchangeable(first: ArrayLike, draws: ArrayLike, clusters: Clusters) -> tuple[float, str]:
    """Two-sided p of 'the first case could as well have been any of the draws'.

    Parameters
    ----------
    first : array_like, shape (n,)
        Points in [0, 1] of each row with its own images.
    draws : array_like, shape (n, k)
        Points of the same rows, each with the images of k other rows.
    clusters : sequence of hashable or array, length n
        Cluster of each row.

    Returns
    -------
    p : float
        In (0, 1]: twice the smaller tail of the permutation distribution; at least 1e-13.
    how : str
        ``exact`` or ``Edgeworth``, see below.

    Raises
    ------
    NotComparable
        Where the two do not hold the same number of rows.
    NotEstimable
        No draw, no rows, NaN, points outside [0, 1], several rows in a single cluster.

    Notes
    -----
    A model that does not look answers a row alike with its own images and with any others, so its k + 1 points are
    exchangeable, whatever their mean: under the null every cluster could have had any of its k + 1 columns as the
    right one, the same for all of its rows. The statistic is the mean paired difference. Flipping the sign of a
    difference to the *mean* of the draws, as for two cases, would need that difference to be symmetric, which it is
    not where most rows are right, or wrong.
    ``exact``: points of 0 and 1 make the statistic whole in steps of 1 / k, and the distribution of the sum over
    clusters is the product of their characteristic functions. ``Edgeworth``: beyond some thousand clusters, or for
    other points, the normal distribution corrected by the third and fourth cumulant.
    """
    left = checked(first, "exchangeable")
    right = np.asarray(draws, dtype=np.float64)
    if right.ndim != 2 or right.shape[1] < 1:
        raise NotEstimable(f"exchangeable: got draws of shape {right.shape}, but they should be (rows, draws)")
    if right.shape[0] != left.size:
        raise NotComparable(f"exchangeable: got {left.size} rows but draws of {right.shape[0]}; pass the same rows")
    checked(right.ravel(), "exchangeable")
    index = numbered(clusters, left.size, "exchangeable")
    every = np.column_stack([left, right])
    sums = np.stack([np.bincount(index, weights=column) for column in every.T], axis=1)
    moves = every.shape[1] * sums - sums.sum(axis=1, keepdims=True)
    observed = float(moves[:, 0].sum())
    moves = moves[np.abs(moves).max(axis=1) > _WHOLE]
    if not moves.size:
        return 1.0, "exact"
    whole = np.rint(moves)
    if np.abs(moves - whole).max() < _WHOLE:
        patterns, counts = np.unique(np.sort(whole.astype(np.int64), axis=1), axis=0, return_counts=True)
        reach = int((np.ptp(patterns, axis=1) * counts).sum()) + 1
        if patterns.size * reach <= _EXACT:
            return _exact(patterns, counts, reach, round(observed)), "exact"
    return _edgeworth(moves, observed), "Edgeworth"


def _exact(patterns: NDArray[np.int64], counts: NDArray[np.intp], reach: int, observed: int) -> float:
    """Both tails of the sum, from the product of the characteristic functions of the clusters."""
    least = patterns.min(axis=1)
    turns = 2j * np.pi * np.arange(reach // 2 + 1) / reach
    product = np.ones(turns.size, dtype=np.complex128)
    for pattern, count in zip(patterns - least[:, None], counts, strict=True):
        steps, ways = np.unique(pattern, return_counts=True)
        of_it = sum(w * np.exp(-turns * step) for step, w in zip(steps.tolist(), ways.tolist(), strict=True))
        product *= (of_it / pattern.size) ** int(count)
    probability = np.fft.irfft(product, n=reach)
    place = observed - int((least * counts).sum())
    tails = float(probability[place:].sum()), float(probability[: place + 1].sum())
    return as_p(min(1.0, max(_SMALLEST, 2 * min(tails))))


def _edgeworth(moves: NDArray[np.float64], observed: float) -> float:
    """Both tails by the normal distribution with the third and fourth cumulant of the permutation distribution."""
    from scipy.special import ndtr

    second = (moves**2).mean(axis=1)
    variance = float(second.sum())
    skew = float((moves**3).mean(axis=1).sum()) / variance**1.5
    tail = float(((moves**4).mean(axis=1) - 3 * second**2).sum()) / variance**2
    z = observed / math.sqrt(variance)
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    bend = skew / 6 * (z * z - 1) + tail / 24 * (z**3 - 3 * z) + skew**2 / 72 * (z**5 - 10 * z**3 + 15 * z)
    above = min(1.0, max(float(ndtr(-z)) / 10, float(ndtr(-z)) + density * bend))
    below = min(1.0, max(float(ndtr(z)) / 10, float(ndtr(z)) - density * bend))
    return as_p(min(1.0, max(_SMALLEST, 2 * min(above, below))))
