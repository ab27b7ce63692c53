"""The formulas of `harness.stats` over many simulated sets at once; every use of them is checked against the original.

They are written anew from the published formulas, so that what agrees with them to 1e-9 is computed twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.stats.binomial import quantile
from harness.validate.design import Design

Floats = NDArray[np.float64]

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """Means of many sets with their errors, one number a set.

    Attributes
    ----------
    value : ndarray, shape (sims,)
        Mean over rows.
    error : ndarray, shape (sims,)
        CR1.
    effective : ndarray, shape (sims,)
        Effective number of rows.
    skew : ndarray, shape (sims,)
        Skewness of the cluster deviations over the root of their number; 0 below 20 clusters.
    design : Design
        Rows and clusters, the same in every set.
    """

    value: Floats
    error: Floats
    effective: Floats
    skew: Floats
    design: Design

    @property
    def clustered(self) -> bool:
        """Whether any two rows share a cluster."""
        return self.design.clusters < self.design.n


def spreads(totals: NDArray[np.generic], squares: Floats, design: Design) -> Spreads:
    """Return mean, CR1 error and effective number of rows of each set.

    Parameters
    ----------
    totals : ndarray, shape (sims, clusters)
        Sum of the values of each cluster.
    squares : ndarray, shape (sims,)
        Sum of the squared values of each set.
    """
    n, clusters = design.n, design.clusters
    value = totals.sum(axis=1, dtype=np.float64) / n
    away = totals - value[:, None] * design.sizes
    second, third = np.einsum("sg,sg->s", away, away), np.einsum("sg,sg,sg->s", away, away, away)
    squared = second * clusters / (clusters - 1) / n**2
    none = squared < _NOTHING**2
    if clusters == n:
        effective = np.full(len(value), float(n))
    else:
        within = squares / n - value**2
        effective = np.where(none, clusters, np.minimum(n, within / np.where(none, 1, squared)))
    skew = np.where(none | (clusters < 20), 0, third / np.where(none, 1, second) ** 1.5)
    error = np.where(none, 0, np.sqrt(squared))
    return Spreads(value=value, error=error, effective=effective, skew=skew, design=design)


def wilson(of: Spreads, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return Wilson's interval over the effective rows with t for z; each end has shape (sims,)."""
    t = quantile((1 + level) / 2, of.design.clusters - 1 if of.clustered else None)
    share = t * t / of.effective
    middle = (of.value + share / 2) / (1 + share)
    reach = np.sqrt(of.value * (1 - of.value) * share + share**2 / 4) / (1 + share)
    low, high = np.minimum(of.value, middle - reach), np.maximum(of.value, middle + reach)
    if of.clustered:
        low = np.where(of.skew < 0, np.minimum(low, of.value - of.error * straight(t, of.skew)), low)
        high = np.where(of.skew > 0, np.maximum(high, of.value + of.error * straight(t, -of.skew)), high)
    return np.maximum(0, low), np.minimum(1, high)


def robust(of: Spreads, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return mean -+ t times CR1, farther where skewed, cut to [0, 1]; each end has shape (sims,)."""
    t = quantile((1 + level) / 2, of.design.clusters - 1)
    low, high = of.value - of.error * straight(t, of.skew), of.value + of.error * straight(t, -of.skew)
    return np.maximum(0, low), np.minimum(1, high)


def straight(t: float, skew: Floats) -> Floats:
    """Return what Hall's transformation takes to ``t``, and at least ``t``; shape (sims,)."""
    some = np.where(np.abs(skew) < _NOTHING, 1, skew)
    found = np.maximum(t, 3 / some * (np.cbrt(1 + some * (t - some / 6)) - 1))
    return np.asarray(np.where(np.abs(skew) < _NOTHING, t, found))


def unseen(of: Spreads, deviating: NDArray[np.bool_], level: float = 0.95) -> Floats:
    """Return the share that may go unseen where most clusters are alike, and 0 elsewhere; shape (sims,).

    Parameters
    ----------
    deviating : ndarray of bool, shape (sims, clusters)
        Whether any row of a cluster deviates from what most rows have.
    """
    some, clusters = deviating.sum(axis=1), of.design.clusters
    rows = np.where(2 * some >= clusters, np.inf, np.where(some < 10, clusters, of.effective))
    t = quantile((1 + level) / 2, clusters - 1)
    return np.asarray(t * t / (rows + t * t))


def paired(plus: Floats, minus: Floats, of: Spreads, shift: float) -> Floats:
    """Return the statistic that decides about two binary cases: Tango's, or t bent for skewness where that is nearer.

    Parameters
    ----------
    plus, minus, of, shift
        As for `tango`.
    """
    found, away = tango(plus, minus, of, shift), of.value - shift
    t = away / np.where(of.error == 0, 1, of.error)
    bent = t + of.skew * t**2 / 3 + of.skew**2 * t**3 / 27 + of.skew / 6
    up, down = np.minimum(found, np.clip(bent, 0, None)), np.maximum(found, np.clip(bent, None, 0))
    return np.where(away * of.skew >= 0, found, np.where(away > 0, up, down))


def tango(plus: Floats, minus: Floats, of: Spreads, shift: float) -> Floats:
    """Return Tango's statistic of 'the true difference is ``shift``' over the effective rows; shape (sims,).

    Parameters
    ----------
    plus, minus : ndarray, shape (sims,)
        Rows that only the first, only the second case got right, before they are shrunk.
    """
    n = of.effective
    b, c = plus * n / of.design.n, minus * n / of.design.n
    linear = (2 * n - b + c) * shift - b - c
    only_second = (np.sqrt(np.maximum(0, linear**2 + 8 * n * c * shift * (1 - shift))) - linear) / (4 * n)
    variance = n * np.maximum(0, 2 * only_second + shift * (1 - shift))
    away = b - c - n * shift
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, away / np.sqrt(variance), np.where(away == 0, 0, np.copysign(np.inf, away)))
