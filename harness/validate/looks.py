"""One case that may stop early, decided at every look at once, by the statistics of `harness.sequential`.

A test by betting is a path over clusters, so its state at every look is in one computation; `real` asks
`harness.judge.settled` at every look instead, as a run does, and has to stop at the same one with the same verdict.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness import claim
from harness.evidence import evidence
from harness.judge import settled
from harness.limits import ALPHA, Limits
from harness.records import Verdict
from harness.stats.anytime.asked import Asked
from harness.stats.anytime.purses import log_e
from harness.until import FIRST, GROWTH
from harness.validate.arrays import Floats
from harness.validate.blind import case
from harness.validate.design import Design

_LIMITS = Limits()
_LEVEL = 0.95

Ints = NDArray[np.intp]


def looks(clusters: int) -> list[int]:
    """Return how many clusters have been asked at each look; the last time all of them."""
    found = [0]
    while found[-1] < clusters:
        found.append(min(clusters, max(FIRST, int(found[-1] * GROWTH), found[-1] + 1)))
    return found[1:]


def fast(totals: Floats, sizes: Ints, family: int) -> tuple[Verdict, int]:
    """Return the verdict on 'higher' at the look at which it was decided, and the clusters asked by then.

    Parameters
    ----------
    totals : ndarray, shape (clusters,)
        Sum of the differences of each cluster in asking order.
    sizes : ndarray of int, shape (clusters,)
        Rows of each.
    family : int
        Claims that share the level.

    Returns
    -------
    verdict : str
        ``inconclusive`` where all was asked and nothing decided.
    asked : int
        Clusters.
    """
    held = np.minimum(sizes, math.ceil((sizes @ sizes) / sizes.sum() - 1e-9))
    ahead, totals, sizes = np.cumsum(totals), totals * held / sizes, held
    of = Asked(totals=totals, sizes=sizes.astype(np.float64), largest=float(sizes.max()), listed=int(sizes.sum()))
    up, down = _best(of, 0.0), _best(of.mirrored, 0.0)
    enough = np.maximum(up, down) - math.log(2 / ALPHA)
    same = np.minimum(_best(of, -_LIMITS.same), _best(of.mirrored, -_LIMITS.same)) >= math.log(1 / ALPHA)
    higher = _excludes_zero(totals, sizes) & (ahead > 0) & (enough >= math.log(family))
    refuted = (_excludes_zero(-totals, sizes) & (ahead < 0) & (enough >= 0)) | same
    for asked in looks(sizes.size):
        if higher[asked - 1]:
            return "supported", asked
        if refuted[asked - 1]:
            return "refuted", asked
    return "inconclusive", sizes.size


def _best(of: Asked, shift: float) -> Floats:
    """Logarithm of the largest e so far against 'at most ``shift``', after each cluster."""
    return np.maximum.accumulate(log_e(of, shift, -1.0))


def _excludes_zero(totals: Floats, sizes: Ints) -> NDArray[np.bool_]:
    """Whether the confidence sequence of the row mean lies above zero after each cluster.

    Zero is the middle of the range from -1 to 1, at which a bet is truncated at one; see
    `harness.stats.sequential_interval`.
    """
    largest, alpha, t = sizes.max(), 1 - _LEVEL, np.arange(1, sizes.size + 1)
    u, s = (totals + sizes) / (2 * largest), sizes / largest
    mean = (0.5 + np.cumsum(u)) / (1 + np.cumsum(s))
    variance = np.concatenate(([0.25], ((0.25 + np.cumsum((u - mean * s) ** 2)) / (1 + t))[:-1]))
    bets = np.minimum(1, np.sqrt(2 * math.log(2 / alpha) / (variance * t * np.log1p(t))))
    capital = np.maximum.accumulate(np.cumsum(np.log1p(bets * (u - s / 2))))
    return (capital >= math.log(2 / alpha)) & (np.cumsum(totals) > 0)


def real(
    design: Design, first: NDArray[np.bool_], second: NDArray[np.bool_], sizes: Ints, family: int
) -> tuple[Verdict, int]:
    """Return the same for the points of two cases in asking order, by the code that a run uses."""
    ends, clusters = np.cumsum(sizes), np.repeat(np.arange(sizes.size), sizes)
    options = np.full(first.size, 5)
    for asked in looks(sizes.size):
        n = int(ends[asked - 1])
        first_case = case(design, "image_text", first[:n, None], options, sizes=sizes, clusters=clusters[:n])
        other_case = case(design, "text_only", second[:n, None], options, sizes=sizes, clusters=clusters[:n])
        found = evidence("beats_text_only", [first_case, other_case], _LIMITS)
        if settled(found, family, _LIMITS):
            assert found.p is not None
            return claim.worded(found, min(1.0, family * found.p), family, _LIMITS).verdict, asked
    return "inconclusive", sizes.size
