"""Clusters in asking order: checked totals and sizes, from which every anytime statistic is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable

# Totals are sums of floats: 0.1 ten times is a hair above 1.
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The clusters asked so far.

    Attributes
    ----------
    totals : ndarray, shape (clusters,)
        Sum of the points, or of the paired differences, of each cluster in asking order.
    sizes : ndarray, shape (clusters,)
        Rows of each of them.
    largest : float
        Rows of the largest cluster, over those not yet asked too where they were given.
    listed : int
        Rows of all clusters that were given.
    """

    totals: NDArray[np.float64]
    sizes: NDArray[np.float64]
    largest: float
    listed: int

    @property
    def n(self) -> int:
        """Rows asked."""
        return round(float(self.sizes.sum()))

    @property
    def clusters(self) -> int:
        """Clusters asked."""
        return int(self.sizes.size)

    @property
    def value(self) -> float:
        """Row mean so far."""
        return float(self.totals.sum() / self.sizes.sum())

    @property
    def mirrored(self) -> Asked:
        """The same with every sign turned."""
        return Asked(totals=-self.totals, sizes=self.sizes, largest=self.largest, listed=self.listed)


def asked(values: ArrayLike, sizes: ArrayLike, *, low: float, high: float, what: str) -> Asked:
    """Check the totals and sizes of clusters in asking order.

    Parameters
    ----------
    values : array_like, shape (t,)
        Sum over the rows of each cluster asked so far.
    sizes : array_like, shape (at least t,)
        Rows of each cluster in asking order; those beyond t are not asked yet.
    low, high : float
        Range of a single row.
    what : str
        The caller, for the text of an error.

    Raises
    ------
    NotEstimable
        Where nothing was asked, a size is missing or not a whole number of rows, or a total is not within what its
        rows can sum to.
    """
    totals = np.asarray(values, dtype=np.float64)
    rows = np.asarray(sizes, dtype=np.float64)
    if totals.ndim != 1 or rows.ndim != 1 or totals.size == 0:
        raise NotEstimable(
            f"{what}: got totals of shape {totals.shape} and sizes of shape {rows.shape}, but at least one cluster "
            "should have been asked; look again after the first"
        )
    if rows.size < totals.size:
        raise NotEstimable(
            f"{what}: got {totals.size} cluster totals but {rows.size} sizes, but each needs its number of rows; "
            "pass the rows of every cluster in asking order"
        )
    _range(low, high, what)
    _whole(rows, what)
    _reachable(totals, rows[: totals.size], low, high, what)
    return Asked(totals=totals, sizes=rows[: totals.size], largest=float(rows.max()), listed=round(float(rows.sum())))


def _range(low: float, high: float, what: str) -> None:
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise NotEstimable(
            f"{what}: got a range of {low} to {high} for a row, but it should be finite with low < high; "
            "points are in 0 to 1, differences of points in -1 to 1"
        )


def _whole(rows: NDArray[np.float64], what: str) -> None:
    wrong = ~((rows >= 1) & (rows < np.inf) & (rows == np.rint(rows)))
    if wrong.any():
        where = int(np.argmax(wrong))
        raise NotEstimable(
            f"{what}: got {rows[where]:g} rows for cluster number {where}, but it should be a whole number from 1 on; "
            "leave out clusters without rows"
        )


def _reachable(totals: NDArray[np.float64], rows: NDArray[np.float64], low: float, high: float, what: str) -> None:
    slack = _HAIR * rows * (high - low)
    wrong = ~((totals >= low * rows - slack) & (totals <= high * rows + slack))
    if wrong.any():
        where = int(np.argmax(wrong))
        raise NotEstimable(
            f"{what}: got a total of {totals[where]} for cluster number {where} of {rows[where]:g} rows, but rows in "
            f"{low} to {high} cannot sum to that; pass sums, not means, and score failed calls apart"
        )
