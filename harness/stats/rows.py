"""How many rows show a difference, and how small a difference rows show, by the normal approximation."""

from __future__ import annotations

import math

from harness.errors import NotEstimable
from harness.stats.binomial import critical, fraction, quantile
from harness.stats.power import shared, shares_of


def detectable(discordance: float, n: float, *, level: float = 0.95, power: float = 0.8, family: int = 1) -> float:
    """The smallest true difference that ``n`` paired rows show with the given power.

    Parameters
    ----------
    discordance : float
        In [0, 1]: the share of rows on which two cases differ, (b + c) / n, or the mean squared difference.
    n : float
        Effective number of paired rows: for clustered ones, rows over `design_effect`.
    level, power : float
        Two-sided confidence level, and power.
    family : int
        Claims that share the level; the answer is for the first step of Holm, the worst case.

    Returns
    -------
    float
        In (0, 1]. A true difference cannot exceed its own discordance, so where too few discordant rows were seen
        (or none) the share is raised until it can: the answer is never 0.

    Raises
    ------
    NotEstimable
        Where n is not positive, discordance not in [0, 1], a level not in (0, 1), or the family is empty.
    """
    fraction("power", power)
    if not n > 0:
        raise NotEstimable(f"detectable: got n={n}, but it should be positive")
    return smallest_shown(discordance, n, reach((1 - shared(level, family)) / 2, power))


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
    return rows_needed(discordance, margin, alpha, power, power)


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
    return rows_needed(discordance, margin, alpha, power, (1 + power) / 2)


def connor_rows(p10: float, p01: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """Independent paired rows at which McNemar's test shows a difference of two cases.

    Parameters
    ----------
    p10, p01 : float
        Share of rows that only the first, only the second case gets right; not equal.
    level, power : float
        Two-sided level, and power.

    Returns
    -------
    float
        Not rounded; round up, and multiply by the design effect of clustered rows.

    Raises
    ------
    NotEstimable
        Shares that are negative, equal, or together above 1; a level or power outside (0, 1).

    Notes
    -----
    (z sqrt(q) + z_power sqrt(q - d^2))^2 / d^2 with q = p10 + p01 and d = p10 - p01. Connor 1987, Biometrics 43:207.
    """
    discordance, d = shares_of(p10, p01)
    fraction("power", power)
    if d == 0:
        raise NotEstimable(
            f"connor_rows: got p10 = p01 = {p10}, but no number of rows shows a difference that is not there; "
            "use rows_equivalent to show that there is none"
        )
    reach = critical(level, None) * math.sqrt(discordance) + quantile(power, None) * math.sqrt(discordance - d * d)
    return (reach / d) ** 2


def miller_rows(
    delta: float,
    omega2: float,
    *,
    variance_first: float = 0.0,
    variance_second: float = 0.0,
    replies_first: int = 1,
    replies_second: int = 1,
    level: float = 0.95,
    power: float = 0.8,
) -> float:
    """Independent rows that show a mean paired difference, where each row is asked several times.

    Parameters
    ----------
    delta : float
        The difference to show, not 0.
    omega2 : float
        Variance over rows of the paired difference of expected points; for binary points without variation between
        replies p10 + p01 - delta^2.
    variance_first, variance_second : float
        Mean variance of the points between replies to one and the same row.
    replies_first, replies_second : int
        Replies a row over which points are averaged, at least 1.
    level, power : float
        Two-sided level, and power.

    Returns
    -------
    float
        Not rounded.

    Raises
    ------
    NotEstimable
        Where an argument is outside its range.

    Notes
    -----
    Miller 2024 (arXiv:2411.00640): (z + z_power)^2 (omega^2 + s_A^2 / K_A + s_B^2 / K_B) / delta^2.
    """
    fraction("power", power)
    numbers = (omega2, variance_first, variance_second)
    if not (0 < abs(delta) <= 1 and all(0 <= v < math.inf for v in numbers)):
        raise NotEstimable(
            f"miller_rows: got delta={delta} and variances {numbers}, but delta should be a difference in [-1, 1] "
            "other than 0, and variances at least 0; take them from a pilot"
        )
    if not (replies_first >= 1 and replies_second >= 1):
        raise NotEstimable(
            f"miller_rows: got {replies_first} and {replies_second} replies a row, but each should be at least 1"
        )
    spread = omega2 + variance_first / replies_first + variance_second / replies_second
    return ((critical(level, None) + quantile(power, None)) / delta) ** 2 * spread


def rows_needed(discordance: float, margin: float, alpha: float, power: float, each: float) -> int:
    """Rows at which each one-sided test of a margin has the power ``each``, and all together ``power``."""
    for name, value in (("margin", margin), ("alpha", alpha), ("power", power)):
        fraction(name, value)
    return math.ceil(reach(alpha, each) ** 2 * max(_share(discordance), margin) / margin**2)


def reach(alpha: float, power: float) -> float:
    """Standard errors from the null to a truth that is shown with this power, one-sided."""
    return quantile(1 - alpha, None) + quantile(power, None)


def smallest_shown(discordance: float, n: float, reach: float) -> float:
    """The inverse of `rows_needed`: the difference, or margin, that is ``reach`` standard errors of n rows."""
    # With discordance equal to the difference itself, difference = reach * sqrt(difference / n).
    return min(1.0, reach * math.sqrt(max(_share(discordance), reach**2 / n) / n))


def _share(discordance: float) -> float:
    if not 0 <= discordance <= 1:
        raise NotEstimable(f"discordance: got {discordance}, but it is a share of rows in [0, 1]")
    return discordance
