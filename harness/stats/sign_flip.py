"""The test that flips the sign of whole clusters: were the first and the second case exchangeable?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.stats.binomial import SMALLEST_P, as_p, binomial, upper_tail

DRAWS = 99_999
_SEED = 20_250_101
_ENUMERATED = 20
_DRAWN = 2_000
_FINEST = 60
_LATTICE = 100_000
_TIE = 1e-9


def sign_flip(totals: NDArray[np.float64]) -> tuple[float, str]:
    """Two-sided p of 'each cluster's sum of differences could as well have had the other sign'.

    Parameters
    ----------
    totals : ndarray, shape (clusters,)
        Sum of the paired differences of each cluster.

    Returns
    -------
    p : float
        In (0, 1]: the share of sign patterns whose sum is at least as far from zero; 1 where all totals are zero.
    how : str
        How it was computed, see below.

    Notes
    -----
    ``exact``: binary points give whole totals, and the distribution of their sum is found by convolution for any
    number of clusters. The same holds for means over k draws a row, whose totals are multiples of 1/k: any common
    k up to 60 is found, as long as the sizes sum to at most 100,000 such steps. Other totals are enumerated up to
    20 clusters.
    ``99,999 draws``: up to 2,000 clusters, p = (x + 1) / (B + 1), with a fixed seed over the sorted sizes, so that
    neither order nor names matter.
    ``normal``: beyond that, sum / sqrt(sum of squares), wrong by the order of one over the clusters.
    Time is below 0.2 s and memory a few MB in all of them, and p is never below `SMALLEST_P`.
    """
    kept = totals[np.abs(totals) > _TIE]
    sizes, observed = np.sort(np.abs(kept)), abs(float(kept.sum()))
    if observed <= _TIE:
        return 1.0, "exact"
    steps = _steps(sizes)
    if steps and steps * sizes.sum() <= _LATTICE:
        return _lattice(np.rint(steps * sizes).astype(np.int64), round(steps * observed)), "exact"
    if sizes.size <= _ENUMERATED:
        return _enumerated(sizes, observed), "exact"
    if sizes.size <= _DRAWN:
        return _drawn(sizes, observed), f"{DRAWS:,} draws"
    return _normal(sizes, observed), "normal"


def _steps(sizes: NDArray[np.float64]) -> int:
    """The smallest k for which all sizes are multiples of 1/k; 0 where there is none up to the finest."""
    for k in range(1, _FINEST + 1):
        # A few sizes rule out nearly every k, so that the rest is seldom looked at.
        if all(np.all(np.abs(k * part - np.rint(k * part)) < _TIE) for part in (sizes[:32], sizes[32:])):
            return k
    return 0


def _lattice(sizes: NDArray[np.int64], observed: int) -> float:
    """Exact p for whole sizes: the number of plus signs among equal sizes is binomial, and sizes add up."""
    values, counts = np.unique(sizes, return_counts=True)
    distribution, start = np.ones(1), 0
    for value, count in sorted(zip(values.tolist(), counts.tolist(), strict=True), key=lambda pair: -pair[1]):
        ways, first = _kept(binomial(count, 0.5))
        distribution, cut = _kept(_strided(distribution, ways, value))
        start += first * value + cut
    # Place i is the sum of the sizes with a plus sign, and 2i - total the signed sum.
    least = (int(sizes.sum()) + observed) // 2
    return as_p(2 * float(distribution[max(0, least - start) :].sum()))


def _strided(distribution: NDArray[np.float64], ways: NDArray[np.float64], value: int) -> NDArray[np.float64]:
    """Convolution with ``ways`` spread out to multiples of ``value``: each residue by itself, without the zeros."""
    residues = np.zeros((-(-distribution.size // value), value))
    residues.ravel()[: distribution.size] = distribution
    return np.stack([np.convolve(residues[:, r], ways) for r in range(value)], axis=1).ravel()


def _kept(distribution: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """The part that is above what counts as nothing, and where it starts: tails of zeros make time quadratic."""
    some = np.flatnonzero(distribution > SMALLEST_P * 1e-5)
    return distribution[some[0] : some[-1] + 1], int(some[0])


def _enumerated(sizes: NDArray[np.float64], observed: float) -> float:
    """Exact p over all sign patterns; the first sign is fixed, since the other half are their mirror images."""
    sums = sizes[:1]
    for size in sizes[1:]:
        sums = np.concatenate([sums + size, sums - size])
    return float(np.mean(np.abs(sums) >= observed - _TIE))


def _drawn(sizes: NDArray[np.float64], observed: float) -> float:
    """Monte Carlo p. A random byte picks one of the 256 signed sums of eight clusters; no matrix is built."""
    random = np.random.default_rng(_SEED)
    signs = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    sums = np.zeros(DRAWS)
    for start in range(0, sizes.size, 8):
        block = sizes[start : start + 8]
        sums += (signs[:, : block.size] @ block)[random.integers(0, 256, DRAWS, dtype=np.uint8)]
    return float(np.count_nonzero(np.abs(sums) >= observed - _TIE) + 1) / (DRAWS + 1)


def _normal(sizes: NDArray[np.float64], observed: float) -> float:
    return as_p(2 * upper_tail(observed / float(np.sqrt(sizes @ sizes)), None))
