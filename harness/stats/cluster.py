"""Points by cluster: checks, sums, and the two standard errors from which everything else follows."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.binomial import critical

Clusters = Sequence[Hashable] | NDArray[Any]
"""The cluster of each row: names of any hashable kind, or an array of them; whole numbers are the fastest."""

# Below this a standard error is rounding: one row in a million that differs already gives 1e-6.
_NOTHING = 1e-12
_FEW = 10
_TELLING = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The mean of some values, and how far it can be trusted.

    Attributes
    ----------
    value : float
        Mean over rows.
    error : float
        Standard error by clusters (CR1); exactly 0 where no cluster deviates from the mean.
    effective : float
        Independent rows that would give the same standard error: never above ``n``; where ``error`` is 0 the
        number of clusters, since clusters without spread are still no more observations than that.
    totals : ndarray, shape (clusters,)
        Sum of the values of each cluster.
    n, clusters : int
        Rows and clusters.
    skew : float
        In [-1, 1]: sum of the cubed cluster deviations over the power 3/2 of the sum of their squares; 0 where
        ``error`` is 0, and below 20 clusters, which do not tell it.
    """

    value: float
    error: float
    effective: float
    totals: NDArray[np.float64]
    n: int
    clusters: int
    skew: float = 0.0

    @property
    def clustered(self) -> bool:
        """Whether any two rows share a cluster."""
        return self.clusters < self.n

    @property
    def freedom(self) -> int | None:
        """Degrees of freedom of its t: clusters - 1, and None (normal) where no rows share a cluster."""
        return self.clusters - 1 if self.clustered else None


def checked(points: ArrayLike, what: str) -> NDArray[np.float64]:
    """Points as floats: bool and unsigned integers would not survive a subtraction.

    Raises
    ------
    NotEstimable
        Where there are none, or one of them is not a number in [0, 1].
    """
    values = np.asarray(points, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise NotEstimable(
            f"{what}: got points of shape {values.shape}, but at least one row is needed to estimate anything"
        )
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        where = int(np.argmax(wrong))
        raise NotEstimable(
            f"{what}: got {values[where]} as the points of row number {where}, but points are numbers in [0, 1]; "
            "score failed calls apart instead of passing NaN"
        )
    return values


def is_binary(values: NDArray[np.float64]) -> bool:
    """Whether all points are 0 or 1."""
    return bool(np.all((values == 0) | (values == 1)))


def numbered(clusters: Clusters, n: int, what: str) -> NDArray[np.intp]:
    """The clusters of ``n`` rows as 0, 1, 2 ..., none of them empty; whole numbers keep their order.

    Raises
    ------
    NotEstimable
        Where there is not one cluster a row, or one cluster holds all of several rows.
    """
    if len(clusters) != n:
        raise NotEstimable(f"{what}: got {n} points but {len(clusters)} clusters; pass the cluster of each row")
    if isinstance(clusters, np.ndarray) and clusters.dtype.kind in "iub":
        index = _renumbered(clusters.ravel())
    else:
        index = _named(clusters)
    if n > 1 and not index.any():
        raise NotEstimable(
            f"{what}: got {n} rows in one cluster, but the spread between clusters needs at least two. "
            "Report the count alone, or ask rows of more images"
        )
    return index


def _renumbered(codes: NDArray[Any]) -> NDArray[np.intp]:
    """Whole numbers without their gaps: by counting, or by sorting where they are far apart."""
    low = codes.min()
    if int(codes.max()) - int(low) > 8 * codes.size:
        return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.intp)
    # Small integers would wrap around in the subtraction, the largest unsigned ones in a conversion before it.
    shifted = codes - low if codes.dtype.itemsize == 8 else codes.astype(np.int64) - int(low)
    shifted = shifted.astype(np.intp, copy=False)
    held = np.bincount(shifted)
    if held.all():
        return shifted
    rank = np.cumsum(held > 0) - 1
    return np.asarray(rank[shifted], dtype=np.intp)


def _named(clusters: Clusters) -> NDArray[np.intp]:
    """Names in order of appearance."""
    seen: dict[Hashable, int] = {}
    names = clusters.tolist() if isinstance(clusters, np.ndarray) else clusters
    return np.fromiter((seen.setdefault(name, len(seen)) for name in names), dtype=np.intp, count=len(clusters))


def spread(values: NDArray[np.float64], index: NDArray[np.intp]) -> Spread:
    """Mean, CR1 standard error and effective number of rows.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Points in [0, 1], or differences of points in [-1, 1].
    index : ndarray, shape (n,)
        Cluster of each row, as `numbered` gives it.

    Notes
    -----
    With deviations summed by cluster, T_g, and G clusters: CR1^2 = G/(G-1) * sum T_g^2 / n^2, the cluster-robust
    error with the usual factor for few clusters. A single row has no error: 0.
    """
    n, clusters = values.size, int(index.max()) + 1
    value = float(values.mean())
    deviations = values - value
    totals = np.asarray(np.bincount(index, weights=values), dtype=np.float64)
    by_cluster = totals - value * np.bincount(index)
    error = math.sqrt(float(by_cluster @ by_cluster) * clusters / max(clusters - 1, 1)) / n
    if error < _NOTHING:
        error = 0.0
    if clusters == n:
        effective = float(n)
    elif error == 0:
        effective = float(clusters)
    else:
        effective = min(float(n), float(deviations @ deviations) / n / error**2)
    skew = 0.0
    if error and clusters >= _TELLING:
        skew = float((by_cluster**3).sum() / float(by_cluster @ by_cluster) ** 1.5)
    return Spread(value=value, error=error, effective=effective, totals=totals, n=n, clusters=clusters, skew=skew)


def witnesses(of: Spread, index: NDArray[np.intp], deviates: NDArray[np.bool_]) -> float:
    """Rows that would each have shown a deviation, where most clusters show none; infinite elsewhere.

    Where most rows are alike, a t interval is as narrow as the few others are alike, and nearly without width at the
    first of them. What none of m rows has shown may still have a probability of t^2 / (m + t^2), the end of Wilson's
    interval at 0 of m; no interval should be narrower than that. m is the number of clusters where fewer than 10 of
    them deviate, since these few do not tell how alike the rows of a cluster are; else the effective number of rows.
    """
    some = int(np.count_nonzero(np.bincount(index[deviates], minlength=1)))
    if 2 * some >= of.clusters:
        return math.inf
    return of.clusters if some < _FEW else of.effective


def student(of: Spread, level: float) -> tuple[float, float]:
    """``value`` minus and plus t(clusters - 1) at ``level`` times the CR1 error, farther where skewed; not clipped."""
    reach = critical(level, of.clusters - 1)
    return of.value - of.error * farther(reach, of.skew), of.value + of.error * farther(reach, -of.skew)


def pulled(of: Spread, low: float, high: float, reach: float) -> tuple[float, float]:
    """An interval whose end on the side of the long tail of cluster sums is at least that of `student`."""
    if of.skew < 0:
        low = min(low, of.value - of.error * farther(reach, of.skew))
    elif of.skew > 0:
        high = max(high, of.value + of.error * farther(reach, -of.skew))
    return low, high


def nearer(t: float, skew: float) -> float:
    """What a t statistic is worth where cluster sums are skewed; never farther from 0 than it is itself.

    Notes
    -----
    A mean and its error depend on each other where values are skewed: where a row is seldom lost, the sets without a
    loss have both the highest mean and the smallest error. Hall's transformation makes up for that, with a the
    `Spread.skew`: t + a t^2 / 3 + a^2 t^3 / 27 + a / 6. It is used to be more cautious and never to be less so,
    since one large cluster makes up its own skewness. Hall 1992, J. R. Stat. Soc. B 54:221.
    """
    bent = t + skew * t * t / 3 + skew * skew * t**3 / 27 + skew / 6
    return max(0.0, min(t, bent)) if t > 0 else min(0.0, max(t, bent))


def farther(reach: float, skew: float) -> float:
    """The t statistic that is worth ``reach`` > 0, at least ``reach``: the inverse of `nearer`."""
    if abs(skew) < _NOTHING:
        return reach
    inner = 1 + skew * (reach - skew / 6)
    return max(reach, 3 / skew * (math.copysign(abs(inner) ** (1 / 3), inner) - 1))
