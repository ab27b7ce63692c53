"""Is the row mean above, below or within a bound? Bets on cluster totals, to be looked at as often as one likes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import NotEstimable
from harness.stats.anytime.asked import Asked, asked
from harness.stats.anytime.e_values import capped_exp, p_value
from harness.stats.anytime.purses import log_e, passed
from harness.stats.binomial import fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class AnytimeTest:
    """A one-sided test, or two of them, that is valid whenever one looks.

    Attributes
    ----------
    claim : str
        ``above`` (the row mean is above ``shift``), ``below`` (it is below), ``within`` (it is between -shift and
        shift).
    shift, alpha : float
        As declared; for ``within`` the shift is the margin. Alpha is one-sided.
    e : float
        E-value now: what one unit has become; it may have fallen since. At most exp(690).
    e_max : float
        The largest so far. For ``within`` both are those of the weaker of the two tests.
    p : float
        In (0, 1]: min(1, 1 / e_max).
    crossed_at : int or None
        Index in ``values`` of the first cluster at which e was at least 1 / alpha; None where it never was. For
        ``within``, the one by which both tests had crossed.
    value : float
        Row mean so far.
    n, clusters : int
        Rows and clusters asked.
    method : str
        ``betting e-process``, or ``cluster betting e-process`` where a cluster has several rows.
    """

    claim: Literal["above", "below", "within"]
    shift: float
    alpha: float
    e: float
    e_max: float
    p: float
    crossed_at: int | None
    value: float
    n: int
    clusters: int
    method: str

    @property
    def holds(self) -> bool:
        """Whether the claim is shown: it crossed, and what came after cannot take that back."""
        return self.crossed_at is not None


def sequential_above(
    values: ArrayLike,
    sizes: ArrayLike,
    *,
    shift: float = 0.0,
    alpha: float = 0.05,
    low: float = -1.0,
    high: float = 1.0,
) -> AnytimeTest:
    """Test 'the row mean is above ``shift``' on the clusters asked so far, as often as one likes.

    Parameters
    ----------
    values : array_like, shape (t,)
        Sum of the points, or of the paired differences, of each cluster asked so far, in asking order.
    sizes : array_like, shape (at least t,)
        Rows of each cluster in asking order. Sizes beyond t, of clusters not yet asked, are welcome: the bets depend
        on the largest cluster of the list, which has to be among the sizes from the first look on.
    shift : float
        Strictly between ``low`` and ``high``: 0 for differences, the chance level for points. Where rows differ in
        chance, pass points minus chance, with 0 as shift, and with minus the largest chance as ``low``.
    alpha : float
        One-sided level; alpha / m for a claim in a family of m, see `e_needed`.
    low, high : float
        Range of a single row: -1 and 1 for differences, 0 and 1 for points.

    Returns
    -------
    AnytimeTest

    Raises
    ------
    NotEstimable
        No cluster, fewer sizes than totals, sizes that are not whole numbers of rows, a total that its rows cannot
        sum to (NaN included), a shift outside the range, an alpha outside (0, 1).

    Notes
    -----
    *What is tested.* A cluster g has m_g rows and the total D_g. The row mean of questions like these is
    E[D_g] / E[m_g], and it is at most ``shift`` exactly where E[Y_g] <= 0 for Y_g = D_g - shift * m_g. (The mean of
    cluster *means* is another thing wherever larger clusters are harder.) With M the largest cluster size, a row
    never below ``low`` gives Y_g >= -M (shift - low), so X_g = Y_g / (M (shift - low)) is at least -1. M is one
    constant for all clusters, so dividing by it keeps the sign of E[Y_g]; dividing by m_g itself would not. Stake
    the share f of a purse on every cluster: the purse is multiplied by 1 + f X_g > 0, on average by at most one under
    the null, given all that was asked before.

    *How much is staked.* See `harness.stats.anytime.purses`: e depends on which clusters were asked but not on their
    order (e_max and crossed_at do).

    Betting on a mean: Waudby-Smith and Ramdas 2024, JRSS B 86:1 (arXiv:2010.09686); cluster totals against M are
    ours. Why the draws are treated as with replacement: see `harness.stats.anytime`.
    """
    of = asked(values, sizes, low=low, high=high, what="sequential_above")
    _inside("sequential_above: got a shift", shift, low, high)
    return _tested("above", of, of, shift, alpha, low)


def sequential_below(
    values: ArrayLike,
    sizes: ArrayLike,
    *,
    shift: float = 0.0,
    alpha: float = 0.05,
    low: float = -1.0,
    high: float = 1.0,
) -> AnytimeTest:
    """Test 'the row mean is below ``shift``': `sequential_above` with every sign turned, to the last bit.

    Parameters
    ----------
    values, sizes, shift, alpha, low, high
        As for `sequential_above`.

    Returns
    -------
    AnytimeTest

    Raises
    ------
    NotEstimable
        As `sequential_above`.
    """
    of = asked(values, sizes, low=low, high=high, what="sequential_below")
    _inside("sequential_below: got a shift", shift, low, high)
    return _tested("below", of, of.mirrored, -shift, alpha, -high)


def sequential_within(
    values: ArrayLike,
    sizes: ArrayLike,
    *,
    margin: float,
    alpha: float = 0.05,
    low: float = -1.0,
    high: float = 1.0,
) -> AnytimeTest:
    """Test 'the row mean of the differences is within -+``margin``', by two one-sided tests (TOST) at any time.

    Parameters
    ----------
    values, sizes, alpha, low, high
        As for `sequential_above`.
    margin : float
        In (0, 1), declared before the run.

    Returns
    -------
    AnytimeTest
        ``p`` is the larger of the two. Neither test needs a correction for the other, and each may cross at its own
        time. 'Not worse by ``margin``' alone is ``sequential_above(..., shift=-margin)``.

    Raises
    ------
    NotEstimable
        As `sequential_above`; also for a margin outside (0, 1) or the range.
    """
    fraction("margin", margin)
    of = asked(values, sizes, low=low, high=high, what="sequential_within")
    for shift in (-margin, margin):
        _inside("sequential_within: got a margin", shift, low, high)
    one = _tested("above", of, of, -margin, alpha, low)
    other = _tested("below", of, of.mirrored, -margin, alpha, -high)
    crossings = [found.crossed_at for found in (one, other) if found.crossed_at is not None]
    return AnytimeTest(
        claim="within",
        shift=margin,
        alpha=alpha,
        e=min(one.e, other.e),
        e_max=min(one.e_max, other.e_max),
        p=max(one.p, other.p),
        crossed_at=max(crossings) if len(crossings) == 2 else None,
        value=of.value,
        n=of.n,
        clusters=of.clusters,
        method=one.method,
    )


def sequential_bounds(
    values: ArrayLike, sizes: ArrayLike, *, alpha: float = 0.05, low: float = -1.0, high: float = 1.0
) -> tuple[float, float]:
    """The one-sided bounds that belong to `sequential_above` and `sequential_below`.

    Parameters
    ----------
    values, sizes, alpha, low, high
        As for `sequential_above`.

    Returns
    -------
    lower, upper : float
        In [low, high]: each holds for the true row mean at all times together with probability 1 - alpha.
        `sequential_above` has crossed at this alpha exactly for shifts up to ``lower``, `sequential_below` from
        ``upper`` on. Found by halving, error below 1e-7 of the range.

    Raises
    ------
    NotEstimable
        As `sequential_above`.

    Notes
    -----
    Both together with alpha / 2 are a confidence sequence that never contradicts the two tests at alpha / 2, which
    that of `sequential_interval` may do. It is not moved to hold the value: where the mean fell back after a test had
    crossed, the bound stays.
    """
    of = asked(values, sizes, low=low, high=high, what="sequential_bounds")
    fraction("alpha", alpha)
    return passed(of, low, high, alpha), -passed(of.mirrored, -high, -low, alpha)


def _inside(what: str, shift: float, low: float, high: float) -> None:
    if not low < shift < high:
        raise NotEstimable(
            f"{what} of {shift:g}, but it should be strictly within the range of a row, {low:g} to {high:g}; "
            "pass the range as low and high, and a bound between them"
        )


def _tested(
    claim: Literal["above", "below"], of: Asked, turned: Asked, shift: float, alpha: float, low: float
) -> AnytimeTest:
    """The test that the mean of ``turned`` is above ``shift``; ``of`` is what was passed, for the record."""
    fraction("alpha", alpha)
    path = log_e(turned, shift, low)
    top = float(path.max())
    hits = np.flatnonzero(path >= math.log(1 / alpha))
    return AnytimeTest(
        claim=claim,
        shift=shift if claim == "above" else -shift,
        alpha=alpha,
        e=capped_exp(float(path[-1])),
        e_max=capped_exp(top),
        p=p_value(top),
        crossed_at=int(hits[0]) if hits.size else None,
        value=of.value,
        n=of.n,
        clusters=of.clusters,
        method="cluster betting e-process" if of.largest > 1 else "betting e-process",
    )
