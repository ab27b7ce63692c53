"""A mean that weighs every slice alike: another estimand than the mean over rows, and under another name."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.binomial import critical
from harness.stats.cluster import Clusters, checked, numbered

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
    With T_gh the deviations of cluster g summed in slice h, of H slices, and f_h = G_h / (G_h - 1) over the clusters
    of the slice: variance = sum over g of (sum over h of sqrt(f_h) T_gh / (H n_h))^2. For single rows this is the
    stratified sum over h of p_h (1 - p_h) / ((n_h - 1) H^2). t has the degrees of the slice with the fewest clusters.
    """
    values = checked(points, "acc_macro")
    group = numbered(clusters, values.size, "acc_macro")
    part, names = _parts(slices, values.size)
    sizes = np.bincount(part)
    means = np.bincount(part, weights=values) / sizes
    error, flat, fewest = _error(values - means[part], part, group, sizes)
    if fewest < 2 or error == 0:
        raise NotEstimable(
            f"acc_macro: got slices of {over} of which one has {fewest} cluster(s), with a standard error of {error}; "
            "each needs two clusters, and one of them some spread. Leave small slices out and say so"
        )
    value, reach = float(means.mean()), critical(level, fewest - 1) * error
    return MacroMean(
        estimand=f"acc_macro@{over}",
        value=value,
        low=max(0.0, value - reach),
        high=min(1.0, value + reach),
        error=error,
        n=values.size,
        clusters=int(group.max()) + 1,
        slices=dict(zip(names, means.tolist(), strict=True)),
        flat=tuple(name for name, without in zip(names, flat, strict=True) if without),
        level=level,
        method="stratified CR1 t",
    )


def _error(
    deviations: NDArray[np.float64], part: NDArray[np.intp], group: NDArray[np.intp], sizes: NDArray[np.intp]
) -> tuple[float, NDArray[np.bool_], int]:
    """Standard error, the slices without spread, and the fewest clusters of a slice."""
    groups = int(group.max()) + 1
    # A cell is a cluster in a slice; most pairs of the two hold no rows.
    cells, cell = np.unique(part * groups + group, return_inverse=True)
    sums, parts = np.bincount(cell, weights=deviations), cells // groups
    within = np.bincount(parts)
    factors = np.sqrt(within / np.maximum(within - 1, 1)) / (sizes.size * sizes)
    by_cluster = np.bincount(cells % groups, weights=sums * factors[parts])
    error = math.sqrt(float(by_cluster @ by_cluster))
    flat = np.sqrt(np.bincount(parts, weights=sums**2)) < _NOTHING * sizes
    return error if error > _NOTHING else 0.0, flat, int(within.min())


def _parts(slices: Sequence[Hashable] | NDArray[Any], n: int) -> tuple[NDArray[np.intp], list[Hashable]]:
    """The slice of each row as a number, and the slices by name in the order of these numbers."""
    named = slices.tolist() if isinstance(slices, np.ndarray) else list(slices)
    if len(named) != n:
        raise NotEstimable(f"acc_macro: got {n} points but {len(named)} slices; pass the slice of each row")
    names = sorted(set(named), key=str)
    place = {name: number for number, name in enumerate(names)}
    return np.fromiter((place[name] for name in named), dtype=np.intp, count=n), names
