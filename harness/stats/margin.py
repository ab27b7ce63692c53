"""'Not worse' and 'the same' need a margin; a difference that is not significant shows neither."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from harness.stats.binomial import as_p, fraction, quantile, upper_tail
from harness.stats.cluster import Clusters
from harness.stats.paired import Pairs, pair
from harness.stats.plan import rows_equivalent, rows_not_worse


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginTest:
    """Whether a paired difference lies above, or within, a margin that was declared before the run.

    Attributes
    ----------
    claim : str
        ``not_worse`` (first minus second is above -margin) or ``equivalent`` (it is within -+margin).
    holds : bool
        Whether the claim is shown: p <= alpha.
    value : float
        Mean paired difference, first minus second.
    lower, upper : float
        One-sided bounds, each at level 1 - alpha; together the two-sided interval of level 1 - 2 alpha.
    margin, alpha : float
        As declared.
    p : float
        One-sided p-value of the claim.
    n, clusters : int
        Paired rows and their clusters.
    method : str
        Name of the interval.
    rows_needed : int
        Rows at which the claim would be shown with 80 % power, were there no true difference, at the discordance
        and design effect seen; for the text of an undecided claim.
    """

    claim: Literal["not_worse", "equivalent"]
    holds: bool
    value: float
    lower: float
    upper: float
    margin: float
    alpha: float
    p: float
    n: int
    clusters: int
    method: str
    rows_needed: int


def not_worse(
    first: ArrayLike, second: ArrayLike, clusters: Clusters, *, margin: float, alpha: float = 0.05
) -> MarginTest:
    """Non-inferiority: is the first case worse than the second by less than ``margin``?

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Points in [0, 1] of the same rows in the same order; first is the candidate, second the baseline.
    clusters : sequence of hashable or ndarray, length n
        Cluster of each row.
    margin : float
        In (0, 1), such as 0.02; a margin chosen after seeing the points is worth nothing.
    alpha : float
        One-sided level.

    Returns
    -------
    MarginTest
        ``p`` is that of Tango's statistic at -margin (of t for points other than 0 or 1); it is at most alpha
        exactly where ``lower`` is above -margin.

    Raises
    ------
    NotComparable, NotEstimable
        As `harness.stats.difference`; also for a margin or alpha outside (0, 1).
    """
    pairs = pair(first, second, clusters, "not_worse")
    fraction("margin", margin)
    p = _above(pairs, -margin)
    return _result("not_worse", pairs, p, margin, alpha)


def equivalent(
    first: ArrayLike, second: ArrayLike, clusters: Clusters, *, margin: float, alpha: float = 0.05
) -> MarginTest:
    """Equivalence by two one-sided tests (TOST): is the difference smaller than ``margin`` either way?

    Parameters
    ----------
    first, second, clusters, margin, alpha
        As for `not_worse`.

    Returns
    -------
    MarginTest
        ``p`` is the larger of the two one-sided ones; 50 identical answers give 0.052 at a margin of 0.05.

    Raises
    ------
    NotComparable, NotEstimable
        As `not_worse`.
    """
    pairs = pair(first, second, clusters, "equivalent")
    fraction("margin", margin)
    p = max(_above(pairs, -margin), _below(pairs, margin))
    return _result("equivalent", pairs, p, margin, alpha)


def _above(pairs: Pairs, shift: float) -> float:
    """One-sided p of 'the true difference is above ``shift``'."""
    return as_p(upper_tail(pairs.statistic(shift), pairs.freedom))


def _below(pairs: Pairs, shift: float) -> float:
    return as_p(upper_tail(-pairs.statistic(shift), pairs.freedom))


def _result(
    claim: Literal["not_worse", "equivalent"], pairs: Pairs, p: float, margin: float, alpha: float
) -> MarginTest:
    fraction("alpha", alpha)
    of = pairs.of
    reach = abs(quantile(alpha, pairs.freedom))
    lower, upper = pairs.ends(reach)
    rows = rows_not_worse if claim == "not_worse" else rows_equivalent
    needed = rows(pairs.discordance, margin, alpha=alpha) * of.n / of.effective
    return MarginTest(
        claim=claim,
        holds=p <= alpha,
        value=of.value,
        lower=lower,
        upper=upper,
        margin=margin,
        alpha=alpha,
        p=p,
        n=of.n,
        clusters=of.clusters,
        method=pairs.method(reach),
        rows_needed=math.ceil(needed),
    )
