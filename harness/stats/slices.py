"""Slices of a benchmark: which are large enough for an estimate, and whether they differ.

Two intervals side by side do not show a difference between slices. `heterogeneity` asks whether any slice differs
from the others, `interaction` whether two do; a sentence about slices needs one of them, adjusted over all that were
looked at (`harness.stats.holm`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.binomial import as_p, critical, upper_tail

SMALL_N = 30
"""A slice of fewer rows is counted and has no estimate."""

SMALL_CLUSTERS = 10
"""A slice of fewer clusters is counted and has no estimate."""


_NOTHING = 1e-12


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


def heterogeneity(values: ArrayLike, errors: ArrayLike) -> Heterogeneity:
    """Cochran's Q over slices: do any of them differ?

    Parameters
    ----------
    values, errors : array_like, shape (H,)
        A value for each of at least two slices that share no cluster, and its standard error (CR1), above 0.

    Returns
    -------
    Heterogeneity

    Raises
    ------
    NotEstimable
        Fewer than two slices, other lengths, NaN, or an error that is not above 0: a slice without spread would have
        all the weight.

    Notes
    -----
    Q = sum w (v - mean)^2 with w = 1 / error^2, against chi-squared with H - 1 degrees. Cochran 1954, Biometrics
    10:101. Normal theory: leave out slices below `SMALL_N` rows or `SMALL_CLUSTERS` clusters.
    """
    from scipy.special import chdtrc

    v, e = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if v.ndim != 1 or v.shape != e.shape or v.size < 2 or not (np.isfinite(v).all() and _positive(e)):
        raise NotEstimable(
            f"heterogeneity: got values {v.tolist()} with errors {e.tolist()}, but it should be one value and one "
            "error above 0 for each of at least two slices; leave out slices that are too small or without spread"
        )
    weights = 1 / e**2
    mean = float(weights @ v / weights.sum())
    q, freedom = float(weights @ (v - mean) ** 2), v.size - 1
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


def _positive(errors: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(errors).all() and (errors > 0).all())
