"""Simulated points whose mean and whose correlation within clusters are known exactly.

Every cluster draws its own probabilities from a beta (or Dirichlet) distribution with the stated mean, and its rows
are independent given those. A beta distribution with mean p and a + b = (1 - icc) / icc has variance icc p (1 - p), so
two rows of a cluster correlate by icc, and any one row is 1 with probability p.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.validate.design import Design

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# All shares of a Dirichlet draw can underflow together; this keeps their sum above 0 without weight of its own.
_TINY = 1e-300


def chances(rng: np.random.Generator, clusters: int, p: float, icc: float, sims: int) -> Floats:
    """Draw the probability of each cluster.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    clusters, sims : int
        Clusters of a set, and sets.
    p : float
        Mean, in [0, 1].
    icc : float
        Correlation of two rows of a cluster, in [0, 1).

    Returns
    -------
    ndarray, shape (sims, clusters)
        In [0, 1]; ``p`` itself where nothing varies.
    """
    if icc == 0 or p in (0, 1):
        return np.full((sims, clusters), p)
    weight = (1 - icc) / icc
    return rng.beta(p * weight, (1 - p) * weight, size=(sims, clusters))


def totals(rng: np.random.Generator, design: Design, p: float, icc: float, sims: int) -> NDArray[np.int64]:
    """Draw the sum of binary points of each cluster, without drawing the rows; shape (sims, clusters)."""
    sizes = design.sizes
    several = int((sizes > 1).sum())
    found = np.empty((sims, sizes.size), dtype=np.int64)
    found[:, :several] = rng.binomial(sizes[:several], chances(rng, several, p, icc, sims))
    # a single row has nothing to correlate with: it is 1 with probability p, whatever the icc
    found[:, several:] = rng.random((sims, sizes.size - several), dtype=np.float32) < p
    return found


def happens(rng: np.random.Generator, design: Design, by_cluster: Floats) -> Flags:
    """Draw whether something happens in each row, given its probability in each cluster; shape (sims, n)."""
    return by_row(design, by_cluster) > rng.random((len(by_cluster), design.n), dtype=np.float32)


def right(rng: np.random.Generator, design: Design, p: float, icc: float, sims: int) -> Flags:
    """Draw binary points of each row; shape (sims, n)."""
    return happens(rng, design, chances(rng, design.clusters, p, icc, sims))


def by_row(design: Design, by_cluster: Floats) -> NDArray[np.float32]:
    """Repeat what each cluster has for each of its rows; shape (sims, n)."""
    return np.repeat(by_cluster.astype(np.float32), design.sizes, axis=1)


def by_cluster(design: Design, points: NDArray[np.generic]) -> Floats:
    """Sum over the rows of each cluster; shape (sims, clusters)."""
    return np.asarray(np.add.reduceat(points, design.starts, axis=1, dtype=np.float64))


def categories(
    rng: np.random.Generator, design: Design, shares: Sequence[float], icc: float, sims: int
) -> NDArray[np.int8]:
    """Draw one of several categories for each row.

    Parameters
    ----------
    rng, design, icc, sims
        As above.
    shares : sequence of float
        Probability of each category; they sum to one.

    Returns
    -------
    ndarray, shape (sims, n)
        0, 1 ...; the indicator of each category, and any difference of two of them, has correlation icc within
        clusters (Dirichlet-multinomial).
    """
    among = np.asarray(shares, dtype=np.float64)
    if icc == 0:
        drawn = np.broadcast_to(among, (sims, design.clusters, among.size))
    else:
        drawn = rng.standard_gamma(among * (1 - icc) / icc, size=(sims, design.clusters, among.size)) + _TINY
        drawn /= drawn.sum(axis=2, keepdims=True)
    reach = np.cumsum(drawn, axis=2)
    at = rng.random((sims, design.n), dtype=np.float32)
    found = np.zeros((sims, design.n), dtype=np.int8)
    for k in range(among.size - 1):
        found += at >= by_row(design, reach[:, :, k])
    return found


def pairs(rng: np.random.Generator, design: Design, p10: float, p01: float, icc: float, sims: int) -> NDArray[np.int8]:
    """Draw the difference of two binary cases for each row: 1, -1 or 0; shape (sims, n)."""
    kind = categories(rng, design, (p10, p01, 1 - p10 - p01), icc, sims)
    return np.asarray((kind == 0).astype(np.int8) - (kind == 1).astype(np.int8))


def partial_credit(rng: np.random.Generator, design: Design, none: float, full: float, icc: float, sims: int) -> Floats:
    """Draw points like those of token F1: none, all, or something between; shape (sims, n).

    Parameters
    ----------
    none, full : float
        Shares of rows with 0 and with 1; the others have a beta(2, 2) draw with mean 1/2, independent of everything.
    """
    kind = categories(rng, design, (none, full, 1 - none - full), icc, sims)
    between = rng.beta(2, 2, size=kind.shape)
    return np.where(kind == 2, between, kind).astype(np.float64)


def against_five(
    rng: np.random.Generator, design: Design, p10: float, p01: float, icc: float, sims: int
) -> tuple[Flags, Floats]:
    """Draw one case that was asked once and one that was asked five times; shapes (sims, n).

    The first is right in half of the rows. Where it is right, a draw of the second is wrong with a probability whose
    mean is 2 p10; where it is wrong, right with mean 2 p01; both vary by cluster with correlation icc. In half of the
    rows all five draws are alike, as of a model that ignores which foreign images it is shown.

    Returns
    -------
    first : ndarray of bool
        Points of the first case.
    second : ndarray of float
        Mean over the five draws; first minus second has mean p10 - p01.
    """
    first = rng.random((sims, design.n), dtype=np.float32) < 0.5
    lost = by_row(design, chances(rng, design.clusters, 2 * p10, icc, sims))
    won = by_row(design, chances(rng, design.clusters, 2 * p01, icc, sims))
    turns, alike = np.where(first, lost, won), rng.random((sims, design.n), dtype=np.float32) < 0.5
    once = rng.random((sims, design.n), dtype=np.float32) < turns
    turned = np.zeros((sims, design.n))
    for _ in range(5):
        turned += np.where(alike, once, rng.random((sims, design.n), dtype=np.float32) < turns)
    return first, np.where(first, 1 - turned / 5, turned / 5)
