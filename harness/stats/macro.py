"""A mean that weighs every slice alike: another estimand than the mean over rows, and under another name."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.binomial import critical
from harness.stats.cluster import Clusters, checked
from harness.stats.slices import slice_means

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroMean:
    """The mean over slices of their means.

    Attributes
    ----------
    estimand : str
        Its name, such as ``acc_macro@question_type``; it is never shown as the accuracy.
    value, low, high : float
        In [0, 1].
    error : float
        Standard error by clusters.
    n, clusters : int
        Rows and clusters.
    slices : mapping of str to float
        Mean of each slice.
    flat : tuple of str
        Slices without any spread: they add nothing to the error, so name them beside the interval.
    level : float
        Two-sided level of the interval.
    method : str
        Name of the interval.
    """

    estimand: str
    value: float
    low: float
    high: float
    error: float
    n: int
    clusters: int
    slices: Mapping[Hashable, float]
    flat: tuple[Hashable, ...]
    level: float
    method: str


def acc_macro(
    points: ArrayLike, clusters: Clusters, slices: Sequence[Hashable] | NDArray[Any], *, over: str, level: float = 0.95
) -> MacroMean:
    """Mean over slices of their means, with its standard error.

    Parameters
    ----------
    points : array_like, shape (n,)
        In [0, 1], one a row.
    clusters, slices : sequence of hashable or ndarray, length n
        Cluster and slice of each row; a cluster may have rows in several slices.
    over : str
        What the slices are of, for the name of the estimand.
    level : float
        Two-sided level of the interval.

    Returns
    -------
    MacroMean

    Raises
    ------
    NotEstimable
        As `harness.stats.estimate`; also where a slice has a single cluster, or nothing varies in any of them.

    Notes
    -----
    The squared error is the mean of all entries of the covariance that `harness.stats.slices.slice_means` gives. For
    single rows this is the stratified sum over h of p_h (1 - p_h) / ((n_h - 1) H^2), for H slices. t has the degrees
    of the slice with the fewest clusters.
    """
    values = checked(points, "acc_macro")
    of = slice_means(values, clusters, slices)
    error, fewest = math.sqrt(max(0.0, float(of.covariance.mean()))), int(of.clusters.min())
    if fewest < 2 or error < _NOTHING:
        raise NotEstimable(
            f"acc_macro: got slices of {over} of which one has {fewest} cluster(s), with a standard error of "
            f"{error:.3g}, but each needs two clusters, and one of them some spread. Leave small slices out and say so"
        )
    value, reach = float(of.values.mean()), critical(level, fewest - 1) * error
    return MacroMean(
        estimand=f"acc_macro@{over}",
        value=value,
        low=max(0.0, value - reach),
        high=min(1.0, value + reach),
        error=error,
        n=values.size,
        clusters=of.all_clusters,
        slices=dict(zip(of.names, of.values.tolist(), strict=True)),
        flat=tuple(name for name, spread in zip(of.names, of.errors, strict=True) if spread < _NOTHING),
        level=level,
        method="stratified CR1 t",
    )
