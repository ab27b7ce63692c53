"""The bootstrap over clusters, shown beside an interval as a cross-check; no verdict is ever taken from it.

Clusters are drawn with replacement, and a resample's mean is the sum of their points over the sum of their rows, so
only five sums a cluster are needed however many rows it has. Near 0 and 1, and where few rows differ, percentiles
are too narrow: of 25 rows with a truth of 95 % they hold it in 71 of 100 cases where Wilson does in 96. Use it to see
whether the interval of `harness.stats.estimate` or `harness.stats.difference` is far from what resampling says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotComparable, NotEstimable
from harness.stats.binomial import fraction
from harness.stats.cluster import Clusters, checked, numbered, spread

_CELLS = 1 << 16
_ALIKE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """What resampling of clusters says of a mean.

    Attributes
    ----------
    value : float
        The mean over rows, or the mean paired difference.
    percentile : tuple of float
        Low and high quantile of the resampled means.
    studentized : tuple of float
        ``value`` less the quantiles of the resampled t statistics times the CR1 error; within the range of points.
    level : float
        Two-sided level of both.
    n, clusters : int
        Rows and clusters.
    draws, seed : int
        Resamples, and the seed of their generator.
    """

    value: float
    percentile: tuple[float, float]
    studentized: tuple[float, float]
    level: float
    n: int
    clusters: int
    draws: int
    seed: int


def bootstrap(
    points: ArrayLike,
    clusters: Clusters,
    *,
    second: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int,
) -> Bootstrap:
    """Percentile and studentized intervals from resampled clusters, for display.

    Parameters
    ----------
    points : array_like, shape (n,)
        In [0, 1], one a row.
    clusters : sequence of hashable or ndarray, length n
        Cluster of each row.
    second : array_like, shape (n,), optional
        Points of a second case on the same rows; the intervals are then those of the paired difference.
    level : float
        Two-sided level.
    draws : int
        Resamples; at least one has to lie beyond each end.
    seed : int
        At least 0; report it. The order of rows and the names of clusters change nothing.

    Returns
    -------
    Bootstrap
        No interval has width zero, and none is NaN.

    Raises
    ------
    NotComparable
        Where the two cases differ in length.
    NotEstimable
        As `harness.stats.estimate`; also where nothing varies between clusters, so that every resample is the
        same, or where so little does that the percentiles coincide; for too few draws, and for a negative seed.

    Notes
    -----
    With S_g, m_g the sums of points and rows of the clusters of a resample, its mean is r = sum S / sum m and its CR1
    error that of `harness.stats.cluster.spread`; t = (r - value) / error. A resample without spread has t at plus or
    minus infinity, 0 where its mean is the value: then an end may reach the end of the range, and should. Quantiles
    are the outer of the two neighbouring draws. Efron and Tibshirani 1993, chapters 12 and 13; clusters as units:
    Cameron, Gelbach and Miller 2008. Time is draws times clusters, or times kinds of clusters where many are alike,
    as with points of 0 and 1; memory a few MB.
    """
    values, span = _values(points, second)
    fraction("level", level)
    if draws * (1 - level) < 2 or seed < 0:
        raise NotEstimable(
            f"bootstrap: got draws={draws} and seed={seed}, but a level of {level} needs at least "
            f"{math.ceil(2 / (1 - level) - 1e-9)} draws and a seed of at least 0; 10,000 draws are the default"
        )
    index = numbered(clusters, values.size, "bootstrap")
    of = spread(values, index)
    if of.error == 0:
        raise NotEstimable(
            f"bootstrap: got {of.clusters} cluster(s) of {of.n} rows without any spread between them, so every "
            "resample is the same and would look certain. Report the interval of estimate or difference alone"
        )
    means, errors = _resampled(*_kinds(values, index), draws, np.random.default_rng(seed))
    low, high = _quantiles(means, level)
    if not low < high:
        raise NotEstimable(
            f"bootstrap: both ends at level {level} are {low}, but an interval has a width: too few clusters differ. "
            "Report the interval of estimate or difference alone"
        )
    near, far = _quantiles(_statistics(means - of.value, errors), level)
    return Bootstrap(
        value=of.value,
        percentile=(low, high),
        studentized=(
            max(span[0], min(of.value, of.value - far * of.error)),
            min(span[1], max(of.value, of.value - near * of.error)),
        ),
        level=level,
        n=of.n,
        clusters=of.clusters,
        draws=draws,
        seed=seed,
    )


def _values(points: ArrayLike, second: ArrayLike | None) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Points or differences, and the range they are in."""
    values = checked(points, "bootstrap")
    if second is None:
        return values, (0.0, 1.0)
    other = checked(second, "bootstrap")
    if other.size != values.size:
        raise NotComparable(
            f"bootstrap: got {values.size} points of the first case but {other.size} of the second; "
            "both should hold the same rows in the same order. Match them by row before"
        )
    return values - other, (-1.0, 1.0)


def _kinds(values: NDArray[np.float64], index: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Points S, rows m, S^2, S m and m^2 of each kind of cluster, and how many there are of it.

    Kinds are sorted, so that the order of rows changes nothing. Where few clusters are alike each is its own kind.
    """
    totals, sizes = np.bincount(index, weights=values), np.bincount(index).astype(np.float64)
    rounded = np.round(totals, 9)
    order = np.lexsort((rounded, sizes))
    changes = (np.diff(rounded[order]) != 0) | (np.diff(sizes[order]) != 0)
    first = np.flatnonzero(np.concatenate([[True], changes]))
    if first.size * _ALIKE > order.size:
        first = np.arange(order.size)
    s, m = totals[order][first], sizes[order][first]
    return np.stack([s, m, s * s, s * m, m * m], axis=1), np.diff(np.append(first, order.size))


def _resampled(
    sums: NDArray[np.float64], having: NDArray[np.intp], draws: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and CR1 error of each resample."""
    s, m, ss, sm, mm = np.concatenate([counts @ sums for counts in _counts(having, draws, random)]).T
    means, clusters = s / m, int(having.sum())
    # The squared deviations of the clusters, multiplied out; rounding may leave a hair beside zero.
    squares = ss - 2 * means * sm + means**2 * mm
    certain = squares <= 1e-12 * (ss + means**2 * mm)
    errors = np.sqrt(np.where(certain, 0.0, squares) * clusters / (clusters - 1)) / m
    return means, errors


def _counts(having: NDArray[np.intp], draws: int, random: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """How often each resample holds each kind, some resamples at a time."""
    kinds, clusters = having.size, int(having.sum())
    chunk = max(1, _CELLS // kinds)
    for start in range(0, draws, chunk):
        rows = min(chunk, draws - start)
        if kinds < clusters:
            yield random.multinomial(clusters, having / clusters, rows).astype(np.float64)
            continue
        drawn = random.integers(0, clusters, (rows, clusters), dtype=np.intp)
        drawn += np.arange(rows, dtype=np.intp)[:, None] * clusters
        counts = np.bincount(drawn.ravel(), minlength=rows * clusters)
        yield counts.reshape(rows, clusters).astype(np.float64)


def _statistics(away: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """t of each resample."""
    certain = errors == 0
    infinite = np.where(np.abs(away) < 1e-12, 0.0, np.copysign(np.inf, away))
    return np.where(certain, infinite, away / np.where(certain, 1.0, errors))


def _quantiles(of: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The outer neighbours of both quantiles: no interpolation, since the draws may be infinite."""
    last = of.size - 1
    low, high = math.floor((1 - level) / 2 * last), math.ceil((1 + level) / 2 * last)
    ordered = np.partition(of, [low, high])
    return float(ordered[low]), float(ordered[high])
