"""Numbers of a case that could stop early: valid at whatever row it stopped, by betting on whole clusters.

The columns of such a case are in the order in which its rows were asked, cluster after cluster, and know the size of
every cluster of the list, asked or not. See `harness.stats.anytime` for what is tested, and why.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness import stats
from harness.records import Difference, Estimate
from harness.stats.anytime import (
    remaining_interval,
    sequential_above,
    sequential_below,
    sequential_interval,
    sequential_within,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

Weighed = tuple[Floats, Ints]
"""Totals of the clusters asked, and rows of every cluster of the list, both after the cap."""

INTERVAL, TEST = "betting confidence sequence", "betting e-process"


def totals(points: Floats, clusters: Ints) -> Floats:
    """Return the sum of the points of each cluster, in asking order."""
    return np.asarray(np.bincount(clusters, weights=points), dtype=np.float64)


def capped(points: Floats, clusters: Ints, sizes: Ints) -> Weighed:
    """Return totals and sizes in which no cluster counts as more rows than the cap.

    A bet may not lose more than it stakes, so all bets shrink with the largest cluster: one of 32 rows among two
    thousand single ones makes every bet on these 32 times smaller than it could be, and nothing is ever decided. The
    cap is sum m^2 / sum m, rounded up: the rows of the cluster of a row drawn at random. It is known before the first
    row is asked. Larger clusters keep their mean and weigh less, so that the row mean that is tested is that of a
    list without their excess.
    """
    cap = int(np.ceil(float(sizes @ sizes) / float(sizes.sum()) - 1e-9))
    held = np.minimum(sizes, cap)
    values = totals(points, clusters)
    return values * held[: values.size] / sizes[: values.size], held


def estimate(points: Floats, clusters: Ints, sizes: Ints, *, level: float = 0.95) -> Estimate:
    """Return the mean of points with an interval that holds at any stopping time.

    Parameters
    ----------
    points : ndarray, shape (n,)
        In [0, 1], in asking order.
    clusters : ndarray of int, shape (n,)
        Numbered in asking order.
    sizes : ndarray of int
        Rows of every cluster of the list, in asking order.
    """
    values, held = capped(points, clusters, sizes)
    low, high = sequential_interval(values, held, level=level, low=0.0, high=1.0)
    value = float(points.mean())
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=len(points),
        clusters=len(values),
        level=level,
        method=INTERVAL,
    )


def whole(points: Floats, clusters: Ints, sizes: Ints, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the score over the whole list, of which these rows were asked in random order."""
    return remaining_interval(totals(points, clusters), int(sizes.sum()), level=level, sizes=sizes)


def difference(left: Floats, right: Floats, clusters: Ints, sizes: Ints, *, level: float = 0.95) -> Difference:
    """Return the paired difference of points with interval and test that hold at any stopping time."""
    d = left - right
    values, held = capped(d, clusters, sizes)
    low, high = sequential_interval(values, held, level=level)
    value = float(d.mean())
    p = 2 * min(sequential_above(values, held).p, sequential_below(values, held).p)
    binary = bool(np.isin(left, (0, 1)).all() and np.isin(right, (0, 1)).all())
    return Difference(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=len(d),
        clusters=len(values),
        level=level,
        method=INTERVAL,
        p=min(1.0, p),
        test=TEST,
        only_first=int((d > 0).sum()) if binary else 0,
        only_second=int((d < 0).sum()) if binary else 0,
        detectable=stats.detectable(float((d * d).mean()), len(values), level=level),
    )


def within(left: Floats, right: Floats, clusters: Ints, sizes: Ints, *, margin: float) -> float:
    """Return the p-value of 'less than the margin apart', at any stopping time."""
    return sequential_within(*capped(left - right, clusters, sizes), margin=margin).p


def not_worse(left: Floats, right: Floats, clusters: Ints, sizes: Ints, *, margin: float) -> float:
    """Return the p-value of 'not lower by the margin or more', at any stopping time."""
    return sequential_above(*capped(left - right, clusters, sizes), shift=-margin).p


def above(points: Floats, levels: Floats, clusters: Ints, sizes: Ints) -> float:
    """Return the one-sided p-value of 'above what each row gives by guessing', at any stopping time."""
    return sequential_above(*capped(points - levels, clusters, sizes), low=-float(levels.max()), high=1.0).p
