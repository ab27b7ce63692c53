"""Slices of a benchmark: which are large enough for an estimate, and whether they differ.

Two intervals side by side do not show a difference between slices. `heterogeneity` asks whether any slice differs
from the others, `interaction` whether two do; a sentence about slices needs one of them, adjusted over all that were
looked at (`harness.stats.holm`).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.binomial import as_p, critical, upper_tail
from harness.stats.cluster import Clusters, numbered

SMALL_N = 30
"""A slice of fewer rows is counted and has no estimate."""

SMALL_CLUSTERS = 10
"""A slice of fewer clusters is counted and has no estimate."""


_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceMeans:
    """Means by slice, and how far they move together.

    Attributes
    ----------
    names : tuple of str, length H
        Slices, sorted.
    values : ndarray, shape (H,)
        Mean of each.
    covariance : ndarray, shape (H, H)
        CR1 covariance of the means; off the diagonal 0 where two slices share no cluster.
    n, clusters : ndarray of int, shape (H,)
        Rows and clusters of each.
    all_clusters : int
        Clusters of all slices together.
    """

    names: tuple[Hashable, ...]
    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n: NDArray[np.intp]
    clusters: NDArray[np.intp]
    all_clusters: int

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard error of each mean."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def small(self) -> NDArray[np.bool_]:
        """Which are below `SMALL_N` rows or `SMALL_CLUSTERS` clusters."""
        return (self.n < SMALL_N) | (self.clusters < SMALL_CLUSTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """Whether values differ by more than their errors.

    Attributes
    ----------
    q : float
        Cochran's Q, at least 0.
    freedom : int
        Values less one.
    p : float
        Of 'all true values are the same'.
    value : float
        Their mean, weighted by one over the squared errors.
    """

    q: float
    freedom: int
    p: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """How far two differences (or two estimates) are apart.

    Attributes
    ----------
    value, low, high : float
        First less second, with a normal interval at ``level``.
    error : float
        Standard error.
    level : float
        Two-sided level of the interval.
    p : float
        Two-sided, of no difference between the two.
    """

    value: float
    low: float
    high: float
    error: float
    level: float
    p: float


def slice_means(
    values: NDArray[np.float64], clusters: Clusters, slices: Sequence[Hashable] | NDArray[Any]
) -> SliceMeans:
    """Means by slice with their covariance, so that slices of the same images are not taken for independent.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Points, or paired differences.
    clusters, slices : sequence of hashable or ndarray, length n
        Cluster and slice of each row; a cluster may have rows in several slices.

    Returns
    -------
    SliceMeans

    Raises
    ------
    NotEstimable
        No rows, not one cluster and one slice a row, or several rows in one cluster.

    Notes
    -----
    With T_gh the deviations of cluster g from the mean of slice h, summed there, and f_h = G_h / (G_h - 1) over the
    clusters of the slice: covariance = sqrt(f_h f_i) * sum over g of T_gh T_gi / (n_h n_i). On its diagonal this is
    CR1 within the slice. Memory is clusters times slices.
    """
    if len(slices) != values.size or not values.size:
        raise NotEstimable(
            f"slices: got {values.size} points and {len(slices)} slices, but each of one or more rows should have one"
        )
    group, (part, names) = numbered(clusters, values.size, "slices"), _parts(slices)
    groups, h = int(group.max()) + 1, len(names)
    n = np.bincount(part)
    means = np.bincount(part, weights=values) / n
    cell = group * h + part
    within = (np.bincount(cell, minlength=groups * h).reshape(groups, h) > 0).sum(axis=0)
    sums = np.bincount(cell, weights=values - means[part], minlength=groups * h).reshape(groups, h)
    pulls = np.asarray(sums * np.sqrt(within / np.maximum(within - 1, 1)) / n, dtype=np.float64)
    return SliceMeans(names=names, values=means, covariance=pulls.T @ pulls, n=n, clusters=within, all_clusters=groups)


def heterogeneity(values: ArrayLike, errors: ArrayLike) -> Heterogeneity:
    """Cochran's Q over slices: do any of them differ?

    Parameters
    ----------
    values : array_like, shape (H,)
        A value for each of at least two slices.
    errors : array_like, shape (H,) or (H, H)
        Their standard errors (CR1), each above 0; or the covariance, where slices share clusters.

    Returns
    -------
    Heterogeneity

    Raises
    ------
    NotEstimable
        Fewer than two slices, other lengths, NaN, an error that is not above 0 (a slice without spread would have
        all the weight), or a covariance that allows no test.

    Notes
    -----
    Q = sum w (v - mean)^2 with w = 1 / error^2, against chi-squared with H - 1 degrees: Cochran 1954, Biometrics
    10:101. With the inverse of the covariance for w it is the generalised form. Normal theory: leave out slices
    below `SMALL_N` rows or `SMALL_CLUSTERS` clusters.
    """
    from scipy.special import chdtrc

    v, e = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    covariance = np.diag(e**2) if e.ndim == 1 else e
    if v.ndim != 1 or v.size < 2 or covariance.shape != (v.size, v.size) or not _allows(v, covariance, e):
        raise NotEstimable(
            f"heterogeneity: got values {v.tolist()} with errors {e.tolist()}, but it should be one value and one "
            "error above 0 for each of at least two slices; leave out slices that are too small or without spread"
        )
    weights = np.linalg.inv(covariance)
    mean = float((weights @ v).sum() / weights.sum())
    q, freedom = max(0.0, float((v - mean) @ weights @ (v - mean))), v.size - 1
    return Heterogeneity(q=q, freedom=freedom, p=as_p(float(chdtrc(freedom, q))), value=mean)


def interaction(
    first_value: float,
    first_error: float,
    second_value: float,
    second_error: float,
    *,
    covariance: float = 0.0,
    level: float = 0.95,
) -> Interaction:
    """Does a difference differ between two slices?

    Parameters
    ----------
    first_value, second_value : float
        A difference (or an estimate) in each of two slices.
    first_error, second_error : float
        Their standard errors (CR1), at least 0 and not both 0.
    covariance : float
        Of the two values; 0 where the slices share no cluster.
    level : float
        Two-sided level of the interval.

    Returns
    -------
    Interaction

    Raises
    ------
    NotEstimable
        Where a value or error is not finite, an error is negative, or nothing varies.
    """
    reach = critical(level, None)
    apart = first_error**2 + second_error**2
    squared = apart - 2 * covariance
    told = (first_value, first_error, second_value, second_error, covariance)
    if not all(map(math.isfinite, told)) or min(first_error, second_error) < 0 or not squared > _NOTHING * apart:
        raise NotEstimable(
            f"interaction: got {first_value} with error {first_error}, {second_value} with error {second_error} and "
            f"covariance {covariance}, but it should be two values whose difference has an error above 0"
        )
    value, error = first_value - second_value, math.sqrt(squared)
    return Interaction(
        value=value,
        low=value - reach * error,
        high=value + reach * error,
        error=error,
        level=level,
        p=as_p(2 * upper_tail(abs(value) / error, None)),
    )


def _allows(values: NDArray[np.float64], covariance: NDArray[np.float64], errors: NDArray[np.float64]) -> bool:
    """Whether all is finite, no error is 0 or below, and no mixture of the values is without variance."""
    if not (np.isfinite(values).all() and np.isfinite(covariance).all()) or (errors.ndim == 1 and (errors <= 0).any()):
        return False
    spread = np.sqrt(np.abs(np.diag(covariance)))
    return bool((spread > 0).all() and np.linalg.eigvalsh(covariance / np.outer(spread, spread))[0] > _NOTHING)


def _parts(slices: Sequence[Hashable] | NDArray[Any]) -> tuple[NDArray[np.intp], tuple[Hashable, ...]]:
    """The slice of each row as a number, and the slices by name in the order of these numbers."""
    named = slices.tolist() if isinstance(slices, np.ndarray) else slices
    names = tuple(sorted(set(named), key=str))
    place = {name: number for number, name in enumerate(names)}
    return np.fromiter((place[name] for name in named), dtype=np.intp, count=len(slices)), names
