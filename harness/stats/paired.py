"""Two cases over the same rows: how far apart, how sure, and what this many rows could have shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import NotComparable, NotEstimable
from harness.records import Difference
from harness.stats.binomial import critical
from harness.stats.cluster import (
    Clusters,
    Spread,
    checked,
    farther,
    is_binary,
    nearer,
    numbered,
    pulled,
    spread,
    witnesses,
)
from harness.stats.mcnemar import mcnemar_exact, mcnemar_mid_p
from harness.stats.plan import detectable
from harness.stats.sign_flip import sign_flip
from harness.stats.tango_interval import bounds, statistic

_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The paired differences of two cases.

    Attributes
    ----------
    of : Spread
        Of the differences, first minus second.
    binary : bool
        Whether all points of both cases are 0 or 1.
    b, c : float
        Sums of the positive and of the negative differences; for binary points the rows that only the first, only
        the second got right.
    discordance : float
        Mean squared difference; for binary points (b + c) / n.
    witnesses : float
        Rows that would each have shown a difference, as `harness.stats.cluster.witnesses` counts them.
    """

    of: Spread
    binary: bool
    b: float
    c: float
    discordance: float
    witnesses: float

    @property
    def scored(self) -> bool:
        """Whether Tango's interval is used: for binary points, and where nothing varies between clusters.

        Differences in [-1, 1] cannot vary more than 0/1 ones with the same sums, so the latter is cautious.
        """
        return self.binary or self.of.error == 0

    @property
    def effective(self) -> tuple[float, float, float]:
        """b, c and n, shrunk to the effective number of rows."""
        share = self.of.effective / self.of.n
        return self.b * share, self.c * share, self.of.effective

    @property
    def freedom(self) -> int | None:
        """Degrees of freedom; the error of other than binary points is estimated even where they are unclustered."""
        return self.of.freedom if self.scored else self.of.clusters - 1

    def method(self, reach: float) -> str:
        """Name of the interval that `ends` gives."""
        if self.scored:
            return "effective-n Tango" if self.of.clustered else "Tango"
        least = min(farther(reach, skew) for skew in (self.of.skew, -self.of.skew))
        return "CR1 t" if least * self.of.error >= self._unseen(reach) else "CR1 t with a floor"

    def ends(self, reach: float) -> tuple[float, float]:
        """The interval in [-1, 1] whose ends are ``reach`` critical units from the value.

        Where the t interval is used and most clusters do not differ, no end is nearer than if none did.
        """
        if self.scored:
            low, high = bounds(*self.effective, reach)
            if self.of.clustered:
                low, high = pulled(self.of, low, high, reach)
        else:
            down = max(farther(reach, self.of.skew) * self.of.error, self._unseen(reach))
            up = max(farther(reach, -self.of.skew) * self.of.error, self._unseen(reach))
            low, high = self.of.value - down, self.of.value + up
        return max(-1.0, min(low, self.of.value)), min(1.0, max(high, self.of.value))

    def statistic(self, shift: float) -> float:
        """How many critical units the value is above ``shift``: the reach at which an end of `ends` meets it."""
        away = self.of.value - shift
        if self.scored:
            found = statistic(*self.effective, shift)
            if not self.of.clustered or away * self.of.skew >= 0:
                return found
            other = nearer(away / self.of.error, self.of.skew)
            return min(found, other) if away > 0 else max(found, other)
        far, size = abs(nearer(away / self.of.error, self.of.skew)), abs(away)
        if 0 < size < 1:
            far = min(far, math.sqrt(self.witnesses * size / (1 - size)))
        return math.copysign(far, away)

    def _unseen(self, reach: float) -> float:
        """How far an end is from zero where nothing differs."""
        return reach**2 / (self.witnesses + reach**2)


def pair(first: ArrayLike, second: ArrayLike, clusters: Clusters, what: str) -> Pairs:
    """Check and subtract the points of two cases.

    Raises
    ------
    NotComparable
        Where the two differ in length.
    NotEstimable
        As `harness.stats.estimate` does, for either of them.
    """
    left, right = checked(first, what), checked(second, what)
    if left.size != right.size:
        raise NotComparable(
            f"{what}: got {left.size} points of the first case but {right.size} of the second; "
            "both should hold the same rows in the same order. Match them by row before"
        )
    d, index = left - right, numbered(clusters, left.size, what)
    binary = is_binary(left) and is_binary(right)
    if d.size == 1 and not binary:
        raise NotEstimable(
            f"{what}: got one row with points other than 0 or 1, but such points need two for an interval"
        )
    of = spread(d, index)
    return Pairs(
        of=of,
        binary=binary,
        b=float(d[d > 0].sum()),
        c=float(-d[d < 0].sum()),
        discordance=float(d @ d) / d.size,
        witnesses=witnesses(of, index, np.abs(d) > _NOTHING),
    )


def difference(
    first: ArrayLike, second: ArrayLike, clusters: Clusters, *, level: float = 0.95, exact_below: int = 0
) -> Difference:
    """Mean paired difference of points, first minus second, with interval, test and detectable difference.

    ====================  =======================  ===========================================================
    points                interval                 test
    ====================  =======================  ===========================================================
    0 or 1, unclustered   ``Tango``                ``McNemar mid-p`` (or ``McNemar exact``)
    0 or 1, clustered     ``effective-n Tango``    ``cluster sign-flip, exact``
    other, unclustered    ``CR1 t``                ``sign-flip, exact`` (or ``99,999 draws``, or ``normal``)
    other, clustered      ``CR1 t``                ``cluster sign-flip, exact`` (or as above)
    other, few differ     ``CR1 t with a floor``   as above
    ====================  =======================  ===========================================================

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Points in [0, 1] of the same rows in the same order.
    clusters : sequence of hashable or ndarray, length n
        Cluster of each row; an array of whole numbers is the fastest.
    level : float
        Two-sided confidence level of the interval, and of ``detectable``.
    exact_below : int
        Binary, unclustered points that differ on fewer rows than this have the exact test instead of mid-p, which
        is less cautious; a release gate passes 25.

    Returns
    -------
    Difference
        ``low <= value <= high``; swapping first and second mirrors it.

    Raises
    ------
    NotComparable
        Where the cases differ in length.
    NotEstimable
        No rows, NaN, points outside [0, 1], not one cluster a row, several rows in a single cluster, one row whose
        points are neither 0 nor 1.

    Notes
    -----
    Effective-n Tango is Tango over (b, c, n) / f with f = max(1, CR1^2 / iid^2) * (t/z)^2, t at G-1 degrees; where
    no cluster deviates, n/f = G * (z/t)^2. The statistic grows with the root of its counts, so this is the same as
    counts over the design effect with t for z, and that is how it is computed.
    Where a case is asked several times and its points are means over the draws, differences are multiples of one
    over the draws, and most may be zero. CR1 t would then be as narrow as the few rows that differ are alike, and
    collapse with the first of them; where fewer than half of the clusters differ it is kept at least as wide as if
    none did, t^2 / (m + t^2) to either side, which is Tango's interval with b = c = 0. m is the effective number of
    rows, or the number of clusters where fewer than 10 of them differ.
    From 20 clusters on, the end on the side of the long tail of cluster sums is at least that of t after Hall's
    transformation (`harness.stats.cluster.nearer`): a model that only loses rows, and seldom, has sets with hardly a
    loss, in which neither Tango nor t is wide enough.
    Interval and test can disagree near the threshold; call a difference shown only where both say so.
    """
    pairs = pair(first, second, clusters, "difference")
    of = pairs.of
    reach = critical(level, pairs.freedom)
    low, high = pairs.ends(reach)
    p, test = _test(pairs, exact_below)
    shrink = (critical(level, None) / critical(level, of.freedom)) ** 2
    return Difference(
        value=of.value,
        low=low,
        high=high,
        n=of.n,
        clusters=of.clusters,
        level=level,
        method=pairs.method(reach),
        p=p,
        test=test,
        only_first=round(pairs.b) if pairs.binary else 0,
        only_second=round(pairs.c) if pairs.binary else 0,
        detectable=detectable(pairs.discordance, of.effective * shrink, level=level),
    )


def _test(pairs: Pairs, exact_below: int) -> tuple[float, str]:
    if pairs.binary and not pairs.of.clustered:
        b, c = round(pairs.b), round(pairs.c)
        if b + c < exact_below:
            return mcnemar_exact(b, c), "McNemar exact"
        return mcnemar_mid_p(b, c), "McNemar mid-p"
    p, how = sign_flip(np.asarray(pairs.of.totals))
    return p, f"{'cluster ' if pairs.of.clustered else ''}sign-flip, {how}"
