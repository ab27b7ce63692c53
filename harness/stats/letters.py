"""Does a model choose the letter or what stands beside it: its choices under all cyclic orders of the options.

Over all cyclic orders every option stands once under every letter. A model that follows the content therefore chooses
every letter equally often in *each row*, whatever it believes and however the gold letters are spread; what is left,
choices by letter less an equal share of the row's choices, is the letter's doing. It is summed by cluster and tested.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import NotEstimable
from harness.stats.binomial import as_p
from harness.stats.cluster import Clusters, numbered

DRAWS = 9_999
_SEED = 20_250_102
_FEW = 200
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterBias:
    """How often each letter was chosen, and whether that is more than chance.

    Attributes
    ----------
    letters : tuple of str
        In the order shown.
    shares : tuple of float
        Share of each letter among all choices that were read; they sum to one, and are equal without bias.
    p : float
        Of 'no letter is chosen more often than another, over all cyclic orders'.
    test : str
        Name of the test.
    read : int
        Choices that were read, of ``n`` rows times as many orders as letters.
    n, clusters : int
        Rows, and clusters in which anything was read.
    """

    letters: tuple[str, ...]
    shares: tuple[float, ...]
    p: float
    test: str
    read: int
    n: int
    clusters: int


def letter_bias(chosen: ArrayLike, clusters: Clusters, letters: Sequence[str]) -> LetterBias:
    """Test whether letters are chosen for themselves.

    Parameters
    ----------
    chosen : array_like of int, shape (n, k)
        Place, 0 ... k-1, of the letter chosen for each row in each of its k cyclic orders; -1 where unread.
    clusters : sequence of hashable or ndarray, length n
        Cluster of each row.
    letters : sequence of str, length k
        The letters, such as ``"ABCDE"``; all rows have as many options.

    Returns
    -------
    LetterBias
        A model that chooses the same content in every order has p = 1. A letter whose choices are unread more
        often than those of the others counts as chosen less.

    Raises
    ------
    NotEstimable
        Fewer than two letters, another number of orders than of letters (the content would not cancel), a place
        that is none of the letters, nothing read, not one cluster a row, or fewer than 2k clusters.

    Notes
    -----
    With T_g the k sums of a cluster, r_g its choices and D their total, T^2 = D' V^-1 D, where V is the CR1
    covariance G/(G-1) * sum (T_g - r_g D/r)(...)'; T^2 (G-k+1) / ((k-1)(G-1)) is compared with F(k-1, G-k+1), as in
    Hotelling 1931 (Ann. Math. Stat. 2:360).
    That is too sure of itself where few clusters deviate from equal choice at all, for then one that happens to
    be missing looks like a certainty. Below 200 of them p is the larger of this and of a test that turns the
    letters of each cluster by a random number of places and asks how often D is as long: 9,999 draws of a fixed
    seed, (x + 1) / (B + 1). Where D has a part without any variance, such as a letter that is never chosen, T^2 is
    infinite and the turns alone decide. Where every cluster deviates alike, such as by always choosing one letter, p
    is the exact share of turns that leave it so: k^-(G-1).
    """
    places, k = _places(chosen, letters)
    index = numbered(clusters, len(places), "letter_bias")
    counts = [(places == place).sum(axis=1) for place in range(k)]
    by_cluster = np.stack([np.bincount(index, weights=column) for column in counts], axis=1, dtype=np.float64)
    by_cluster = by_cluster[by_cluster.sum(axis=1) > 0]
    groups = len(by_cluster)
    if groups < 2 * k:
        raise NotEstimable(
            f"letter_bias: got {groups} clusters with a choice that was read, but {k} letters need at least {2 * k}. "
            "Report the shares alone"
        )
    p, test = _tested(by_cluster)
    read = by_cluster.sum()
    return LetterBias(
        letters=tuple(letters),
        shares=tuple((by_cluster.sum(axis=0) / read).tolist()),
        p=p,
        test=test,
        read=int(read),
        n=len(places),
        clusters=groups,
    )


def recall_spread(recalls: Sequence[float]) -> float:
    """Spread of the recalls by gold letter: their population standard deviation (RStd).

    Parameters
    ----------
    recalls : sequence of float, length k
        In [0, 1]: of the rows whose gold stands under each letter, the share that was answered right.

    Returns
    -------
    float
        In [0, 0.5]; 0 where no letter is favoured. A description, without an interval.

    Raises
    ------
    NotEstimable
        Fewer than two recalls, or one that is not in [0, 1].

    Notes
    -----
    Zheng et al. 2024, arXiv:2309.03882. Divided by k, not k - 1: the letters are all there are.
    """
    values = np.asarray(recalls, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not ((values >= 0) & (values <= 1)).all():
        raise NotEstimable(
            f"recall_spread: got {list(recalls)}, but it should be one recall in [0, 1] for each of at least two "
            "letters; leave out a letter that is never gold"
        )
    return float(values.std())


def _places(chosen: ArrayLike, letters: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """The choices as checked numbers, and how many letters there are."""
    places, k = np.asarray(chosen), len(letters)
    if k < 2 or places.ndim != 2 or places.shape[1] != k or not len(places) or places.dtype.kind not in "iu":
        raise NotEstimable(
            f"letter_bias: got choices of shape {places.shape} and kind {places.dtype} for {k} letters, but it should "
            "be whole numbers, one row of them a row and one column a cyclic order: as many as letters, at least 2"
        )
    wrong = (places < -1) | (places >= k)
    if wrong.any():
        row, order = (int(found[0]) for found in np.nonzero(wrong))
        raise NotEstimable(
            f"letter_bias: got place {places[row, order]} in row number {row}, order {order}, but it should be "
            f"0 ... {k - 1}, or -1 where unread"
        )
    if (places == -1).all():
        raise NotEstimable("letter_bias: got no choice that could be read, but shares need one. Look at the replies")
    return places.astype(np.int64), k


def _tested(by_cluster: NDArray[np.float64]) -> tuple[float, str]:
    """p and the name of its test, from the choices of each cluster by letter."""
    reads = by_cluster.sum(axis=1)
    sums = by_cluster - reads[:, None] / by_cluster.shape[1]
    total = sums.sum(axis=0)
    if not np.abs(sums).max() > _NOTHING:
        return 1.0, "every letter equally often in every cluster"
    left = sums - np.outer(reads, total / reads.sum())
    if np.abs(left).max() < _NOTHING:
        return as_p(_turns(total) ** -float(len(sums) - 1)), "turned letters, exact"
    squared = _hotelling(total, left)
    few = sums[np.abs(sums).max(axis=1) > _NOTHING]
    if math.isinf(squared):
        return _turned(few), f"turned letters, {DRAWS:,} draws"
    p, test = _by_f(squared, *sums.shape)
    if len(few) < _FEW:
        return max(p, _turned(few)), f"{test} and turned letters, {DRAWS:,} draws"
    return p, test


def _hotelling(total: NDArray[np.float64], left: NDArray[np.float64]) -> float:
    """T^2 of the total, given what each cluster leaves unexplained; infinite where a part of it has no variance."""
    values, vectors = np.linalg.eigh(left.T @ left * (len(left) / (len(left) - 1)))
    parts, varies = vectors.T @ total, values > _NOTHING * values[-1]
    if np.abs(parts[~varies]).max() > 1e-6 * np.abs(total).max():
        return math.inf
    return float((parts[varies] ** 2 / values[varies]).sum())


def _by_f(squared: float, groups: int, k: int) -> tuple[float, str]:
    from scipy.special import fdtrc

    freedom = (k - 1, groups - k + 1)
    p = float(fdtrc(*freedom, squared * freedom[1] / (freedom[0] * (groups - 1))))
    return as_p(p), f"Hotelling F({freedom[0]}, {freedom[1]})"


def _turns(pattern: NDArray[np.float64]) -> int:
    """Different patterns among the turns of one: k, or fewer where it repeats itself."""
    repeats = [by for by in range(1, pattern.size) if np.abs(np.roll(pattern, by) - pattern).max() < _NOTHING]
    return repeats[0] if repeats else pattern.size


def _turned(sums: NDArray[np.float64]) -> float:
    """Monte Carlo p of a total at least as long, where each cluster's letters are turned by chance."""
    random = np.random.default_rng(_SEED)
    observed = float((sums.sum(axis=0) ** 2).sum())
    totals = np.zeros((DRAWS, sums.shape[1]))
    # Sorted, so that the order of rows changes nothing.
    for one in sums[np.lexsort(np.round(sums, 9).T)]:
        turns = np.stack([np.roll(one, by) for by in range(one.size)])
        totals += turns[random.integers(0, one.size, DRAWS)]
    return float(np.count_nonzero((totals**2).sum(axis=1) >= observed * (1 - _NOTHING)) + 1) / (DRAWS + 1)
