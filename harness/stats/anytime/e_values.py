"""The evidence of discordant pairs at any time, and what a claim of a family needs."""

from __future__ import annotations

import math

from harness.errors import NotEstimable
from harness.stats.binomial import fraction
from harness.stats.power import counted

# Near the largest float, and as near to 0 as a p-value may be said to be (1e-300): neither end becomes inf or 0.
_FARTHEST = 690.0


def capped_exp(log_e: float) -> float:
    """The e-value of a logarithm, kept within exp(-690) and exp(690), so that it can be written and inverted."""
    return math.exp(max(-_FARTHEST, min(_FARTHEST, log_e)))


def p_value(log_e_max: float) -> float:
    """min(1, 1/e) for the largest e so far: a p-value that only falls, and is valid at every moment."""
    return min(1.0, capped_exp(-log_e_max))


def log_paired_e(b: int, c: int) -> float:
    """Natural logarithm of `paired_e`, for counts whose e-value no float can hold.

    Parameters
    ----------
    b, c : int
        Rows that only the first, only the second got right.

    Returns
    -------
    float
        0 before the first discordant row.

    Raises
    ------
    NotEstimable
        Where a count is negative or not whole.
    """
    if not (b >= 0 and c >= 0 and math.isfinite(b + c) and int(b) == b and int(c) == c):
        raise NotEstimable(f"paired_e: got b={b}, c={c}, but both should be whole counts of rows, at least 0")
    pairs = b + c
    return (math.lgamma(b + 1) + math.lgamma(c + 1)) + (pairs * math.log(2) - math.lgamma(pairs + 2))


def paired_e(b: int, c: int) -> float:
    """E-value against 'a discordant row is as likely to favour either case', two-sided, of unclustered binary points.

    Parameters
    ----------
    b, c : int
        Rows that only the first, only the second got right, so far.

    Returns
    -------
    float
        Above 0; 1 before the first discordant row, 16 at 7 to 0; at most exp(690), see `log_paired_e`. Looked at
        after every row, it ever reaches 1 / alpha with a probability of at most alpha where the null is true.

    Raises
    ------
    NotEstimable
        Where a count is negative or not whole.

    Notes
    -----
    E = 2^(b+c) B(b+1, c+1): the likelihood ratio of 'favours the first with probability q', averaged over q uniform
    in (0, 1), to q = 1/2. E-values of independent benchmarks may be multiplied, and any may be averaged. For several
    rows a cluster, or other points, use `harness.stats.anytime.sequential_above`.
    """
    return capped_exp(log_paired_e(b, c))


def e_needed(family: int, alpha: float = 0.05) -> float:
    """The e-value at which one claim of a declared family is decided on the spot (Bonferroni).

    Parameters
    ----------
    family : int
        Number of claims of the family, at least 1.
    alpha : float
        In (0, 1): the chance of any false claim of the family.

    Returns
    -------
    float
        ``family / alpha``. Testing with ``alpha / family`` is the same thing.

    Raises
    ------
    NotEstimable
        Where an argument is outside its range.

    Notes
    -----
    A claim that reached it may stop while others go on. When the run ends, the p-values 1 / e_max of all claims of
    the family go through `harness.stats.holm` together, wherever each of them stopped: they are valid at any
    stopping time and under any dependence, so Holm still holds the chance of a false claim below alpha, and decides
    at least every claim that Bonferroni had decided.
    """
    fraction("alpha", alpha)
    return counted(family) / alpha
