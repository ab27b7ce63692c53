"""Two cases over the same rows: how far apart, how sure, and what this many rows could have shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.errors import NotComparable, NotEstimable
from harness.records import Difference
from harness.stats.binomial import critical
from harness.stats.cluster import Spread, checked, is_binary, numbered, spread, student
from harness.stats.mcnemar import mcnemar_mid_p
from harness.stats.plan import detectable
from harness.stats.sign_flip import sign_flip
from harness.stats.tango_interval import bounds


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
    """

    of: Spread
    binary: bool
    b: float
    c: float
    discordance: float

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
    def method(self) -> str:
        """Name of the interval."""
        if not self.scored:
            return "CR1 t"
        return "effective-n Tango" if self.of.clustered else "Tango"


def pair(first: ArrayLike, second: ArrayLike, clusters: Sequence[Hashable], what: str) -> Pairs:
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
    return Pairs(
        of=spread(d, index),
        binary=binary,
        b=float(d[d > 0].sum()),
        c=float(-d[d < 0].sum()),
        discordance=float(d @ d) / d.size,
    )


def difference(first: ArrayLike, second: ArrayLike, clusters: Sequence[Hashable], *, level: float = 0.95) -> Difference:
    """Mean paired difference of points, first minus second, with interval, test and detectable difference.

    ====================  =======================  ===========================================================
    points                interval                 test
    ====================  =======================  ===========================================================
    0 or 1, unclustered   ``Tango``                ``McNemar mid-p``
    0 or 1, clustered     ``effective-n Tango``    ``cluster sign-flip, exact``
    other, unclustered    ``CR1 t``                ``sign-flip, exact`` (or ``99,999 draws``, or ``normal``)
    other, clustered      ``CR1 t``                ``cluster sign-flip, exact`` (or as above)
    ====================  =======================  ===========================================================

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Points in [0, 1] of the same rows in the same order.
    clusters : sequence of hashable, length n
        Cluster of each row.
    level : float
        Two-sided confidence level of the interval, and of ``detectable``.

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
    Interval and test can disagree near the threshold; call a difference shown only where both say so.
    """
    pairs = pair(first, second, clusters, "difference")
    of = pairs.of
    ends = bounds(*pairs.effective, critical(level, of.freedom)) if pairs.scored else student(of, level)
    p, test = _test(pairs)
    shrink = (critical(level, None) / critical(level, of.freedom)) ** 2
    return Difference(
        value=of.value,
        low=max(-1.0, min(ends[0], of.value)),
        high=min(1.0, max(ends[1], of.value)),
        n=of.n,
        clusters=of.clusters,
        level=level,
        method=pairs.method,
        p=p,
        test=test,
        only_first=round(pairs.b) if pairs.binary else 0,
        only_second=round(pairs.c) if pairs.binary else 0,
        detectable=detectable(pairs.discordance, of.effective * shrink, level=level),
    )


def _test(pairs: Pairs) -> tuple[float, str]:
    if pairs.binary and not pairs.of.clustered:
        return mcnemar_mid_p(round(pairs.b), round(pairs.c)), "McNemar mid-p"
    p, how = sign_flip(np.asarray(pairs.of.totals))
    return p, f"{'cluster ' if pairs.of.clustered else ''}sign-flip, {how}"
