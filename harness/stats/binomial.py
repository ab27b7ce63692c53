"""Binomial probabilities and the quantiles that intervals need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.errors import NotEstimable

SMALLEST_P = 1e-300
"""No p-value of a test is said to be below this: further out doubles underflow, and 0 would be certainty."""


def binomial(trials: int, chance: float) -> NDArray[np.float64]:
    """Probabilities of 0 ... ``trials`` successes.

    Computed from log-gamma: relative error below 1e-10 up to 10,000 trials, also far out in the tails, where
    one minus a cumulative sum has nothing left.

    Parameters
    ----------
    trials : int
        Number of trials, at least 0.
    chance : float
        Probability of a success, strictly between 0 and 1.

    Returns
    -------
    ndarray, shape (trials + 1,)
        They sum to one.
    """
    from scipy.special import gammaln

    k = np.arange(trials + 1)
    ways = gammaln(trials + 1) - gammaln(k + 1) - gammaln(trials - k + 1)
    return np.asarray(np.exp(ways + k * np.log(chance) + (trials - k) * np.log1p(-chance)), dtype=np.float64)


def quantile(probability: float, freedom: int | None) -> float:
    """Quantile of the t distribution with ``freedom`` degrees, or of the normal one where that is None."""
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability) if freedom is None else stdtrit(freedom, probability))


def upper_tail(statistic: float, freedom: int | None) -> float:
    """Probability of at least ``statistic`` under t with ``freedom`` degrees, or under the normal distribution."""
    from scipy.special import ndtr, stdtr

    return float(ndtr(-statistic) if freedom is None else stdtr(freedom, -statistic))


def as_p(probability: float) -> float:
    """Keep a sum of probabilities within [`SMALLEST_P`, 1]."""
    return min(1.0, max(SMALLEST_P, probability))


def critical(level: float, freedom: int | None) -> float:
    """The two-sided critical value of a confidence level.

    Raises
    ------
    NotEstimable
        Where the level is not strictly between 0 and 1.
    """
    fraction("level", level)
    return quantile((1 + level) / 2, freedom)


def fraction(name: str, value: float) -> None:
    """Refuse a level, alpha, power or margin that is not strictly between 0 and 1."""
    if not 0 < value < 1:
        raise NotEstimable(f"{name}: got {value}, but it should be strictly between 0 and 1, such as 0.95 or 0.05")
