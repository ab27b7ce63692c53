"""What clusters cost, what a family costs, the exact power of McNemar's test, and what accuracy is above chance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.binomial import binomial, critical, fraction

# Numbers of discordant rows this many standard deviations from the mean have a probability below 1e-14.
_FAR = 8.0


def design_effect(sizes: ArrayLike, icc: float) -> float:
    """How many clustered rows are worth one independent row.

    Parameters
    ----------
    sizes : array_like of int, shape (clusters,)
        Rows of each cluster.
    icc : float
        In [0, 1]: the correlation of two rows of a cluster; negative ones would promise more rows than there are.

    Returns
    -------
    float
        1 + (sum m^2 / sum m - 1) icc, at least 1: n rows count as n over this.

    Raises
    ------
    NotEstimable
        No cluster, a size that is not a whole number of rows, an icc outside [0, 1].

    Notes
    -----
    Kish's form for unequal sizes: a row drawn at random is in a cluster of sum m^2 / sum m rows on average.
    """
    m = np.asarray(sizes, dtype=np.float64)
    if m.ndim != 1 or m.size == 0 or not np.all((m >= 1) & (m < np.inf) & (m == np.rint(m))):
        raise NotEstimable(
            "design_effect: got sizes that are not whole numbers of rows from 1 on, but every cluster should have its "
            "rows; count them by cluster"
        )
    if not 0 <= icc <= 1:
        raise NotEstimable(f"icc: got {icc}, but it is a correlation of rows in [0, 1]; take 0 where it is negative")
    return 1 + (float(m @ m / m.sum()) - 1) * icc


def mcnemar_power(n: int, p10: float, p01: float, *, level: float = 0.95) -> float:
    """Exact power of McNemar's mid-p test over ``n`` independent paired rows.

    Parameters
    ----------
    n : int
        Rows, at least 1.
    p10, p01 : float
        Share of rows that only the first, only the second case gets right.
    level : float
        Two-sided level of the test.

    Returns
    -------
    float
        In [0, 1]: probability of p <= 1 - level, in either direction. Where p10 = p01 it is the error rate.

    Raises
    ------
    NotEstimable
        Where n is not a whole number from 1 on, shares are negative or together above 1, or level outside (0, 1).

    Notes
    -----
    The discordant rows are binomial in n, and the wins binomial in them: every table is enumerated, but for numbers
    of discordant rows more than 8 standard deviations from their mean. A tie shows no difference at any level.
    """
    fraction("level", level)
    if not (n >= 1 and int(n) == n):
        raise NotEstimable(f"mcnemar_power: got n={n}, but it should be a whole number of rows, at least 1")
    discordance, _ = shares_of(p10, p01)
    if discordance == 0:
        return 0.0
    chances = _distribution(int(n), discordance)
    middle, reach = n * discordance, _FAR * math.sqrt(n * discordance * (1 - discordance)) + _FAR
    first, last = max(1, math.floor(middle - reach)), min(int(n), math.ceil(middle + reach))
    return math.fsum(
        float(chances[pairs]) * _shown(pairs, p10 / discordance, 1 - level) for pairs in range(first, last + 1)
    )


def detectable_accuracy(
    chance: float, n: float, *, level: float = 0.95, power: float = 0.8, family: int = 1
) -> float | None:
    """The smallest true accuracy that ``n`` rows show to be above chance.

    Parameters
    ----------
    chance : float
        In (0, 1): expected accuracy of a blind guess.
    n : float
        Effective number of rows; rounded down.
    level, power : float
        Two-sided level, and power.
    family : int
        Claims that share the level, at the first step of Holm.

    Returns
    -------
    float or None
        Above ``chance``; None where not even a model that is always right would be told from a guess.

    Raises
    ------
    NotEstimable
        Where an argument is outside its range.

    Notes
    -----
    A claim asks for an exact p of at most (1 - level) / 2 / family, and for a Wilson interval above chance. With k
    the fewest right answers that give both, it is the accuracy a at which P(Bin(n, a) >= k) is ``power``, a quantile
    of the beta distribution. Rows with unequal numbers of options vary less than this, so it is cautious.
    """
    from scipy.special import betaincinv

    fraction("chance", chance)
    fraction("power", power)
    alpha, reach = (1 - shared(level, family)) / 2, critical(level, None)
    if not 1 <= n < math.inf:
        raise NotEstimable(f"detectable_accuracy: got n={n}, but it should be at least one row")
    rows = math.floor(n)
    surprise = np.cumsum(binomial(rows, chance)[::-1])[::-1]
    right = np.arange(rows + 1)
    enough = (surprise <= alpha) & (right - rows * chance > reach * math.sqrt(rows * chance * (1 - chance)))
    if not enough.any():
        return None
    k = int(np.argmax(enough))
    return float(betaincinv(k, rows - k + 1, power))


def shared(level: float, family: int) -> float:
    """The level of one claim at the first step of Holm, where a whole family shares ``level``.

    Raises
    ------
    NotEstimable
        Where the level is outside (0, 1), or the family has no claim.
    """
    fraction("level", level)
    return 1 - (1 - level) / counted(family)


def counted(family: int) -> int:
    """Refuse a family that is not a whole number of claims."""
    if not (family >= 1 and math.isfinite(family) and int(family) == family):
        raise NotEstimable(
            f"family: got {family} claims, but it should be a whole number, at least 1; count all that are declared"
        )
    return int(family)


def shares_of(p10: float, p01: float) -> tuple[float, float]:
    """Discordance and difference."""
    if not (p10 >= 0 and p01 >= 0 and p10 + p01 <= 1 + 1e-12):
        raise NotEstimable(
            f"discordance: got p10={p10} and p01={p01}, but they are shares of rows, at least 0 and together at most 1"
        )
    return min(1.0, p10 + p01), p10 - p01


def _distribution(trials: int, chance: float) -> NDArray[np.float64]:
    """Binomial probabilities, also for a chance of 0 or 1."""
    if 0 < chance < 1:
        return binomial(trials, chance)
    only = np.zeros(trials + 1)
    only[trials if chance >= 1 else 0] = 1.0
    return only


def _shown(pairs: int, favour: float, alpha: float) -> float:
    """Probability of a mid-p of at most alpha over ``pairs`` discordant rows."""
    even = binomial(pairs, 0.5)
    below = np.cumsum(even) - even / 2
    p = 2 * np.minimum(below, below[::-1])
    p[np.arange(pairs + 1) * 2 == pairs] = np.inf
    return float(_distribution(pairs, favour)[p <= alpha].sum())
