"""What a number of rows can show, from the share of rows on which two cases differ."""

from __future__ import annotations

import math

from harness.errors import NotEstimable
from harness.stats.binomial import fraction, quantile


def detectable(discordance: float, n: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """The smallest true difference that ``n`` paired rows show with the given power.

    Parameters
    ----------
    discordance : float
        In [0, 1]: the share of rows on which two cases differ, (b + c) / n, or the mean squared difference.
    n : float
        Effective number of paired rows.
    level, power : float
        Two-sided confidence level, and power.

    Returns
    -------
    float
        In (0, 1]. A true difference cannot exceed its own discordance, so where too few discordant rows were seen
        (or none) the share is raised until it can: the answer is never 0.

    Raises
    ------
    NotEstimable
        Where n is not positive, discordance not in [0, 1], or a level not in (0, 1).
    """
    fraction("level", level)
    fraction("power", power)
    if not n > 0:
        raise NotEstimable(f"detectable: got n={n}, but it should be positive")
    reach = quantile((1 + level) / 2, None) + quantile(power, None)
    # With discordance equal to the difference itself, difference = reach * sqrt(difference / n).
    return min(1.0, reach * math.sqrt(max(_share(discordance), reach**2 / n) / n))


def rows_not_worse(discordance: float, margin: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Independent paired rows that show 'not worse by more than ``margin``' where there is no true difference.

    Parameters
    ----------
    discordance : float
        In [0, 1]: the expected share of rows on which the two differ; at least ``margin`` is used, since a
        difference of ``margin`` needs as much.
    margin, alpha, power : float
        Each in (0, 1); alpha is one-sided.

    Returns
    -------
    int
        Rounded up; times the design effect for clustered rows.

    Raises
    ------
    NotEstimable
        Where an argument is outside its range.
    """
    return _rows(discordance, margin, alpha, power, power)


def rows_equivalent(discordance: float, margin: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Independent paired rows that show 'the same within ``margin``' where there is no true difference.

    Parameters
    ----------
    discordance, margin, alpha, power
        As for `rows_not_worse`; both one-sided tests have to succeed.

    Returns
    -------
    int
        Rounded up.

    Raises
    ------
    NotEstimable
        Where an argument is outside its range.
    """
    return _rows(discordance, margin, alpha, power, (1 + power) / 2)


def _rows(discordance: float, margin: float, alpha: float, power: float, each: float) -> int:
    for name, value in (("margin", margin), ("alpha", alpha), ("power", power)):
        fraction(name, value)
    reach = quantile(1 - alpha, None) + quantile(each, None)
    return math.ceil(reach**2 * max(_share(discordance), margin) / margin**2)


def _share(discordance: float) -> float:
    if not 0 <= discordance <= 1:
        raise NotEstimable(f"discordance: got {discordance}, but it is a share of rows in [0, 1]")
    return discordance
