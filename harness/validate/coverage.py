"""How often the 95 % interval of one case holds the true score: `harness.stats.estimate` at real designs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from harness import stats
from harness.records import Estimate
from harness.stats.cluster import Clusters
from harness.validate.arrays import Floats, Spreads, robust, spreads, unseen, wilson
from harness.validate.cell import Cell, Found, rate
from harness.validate.design import DESIGNS, FEW, Design
from harness.validate.draw import by_cluster, partial_credit, totals
from harness.validate.work import Job

SECTION = "coverage"
LEAST, MOST = 0.935, 0.975
ICCS = (0.0, 0.1, 0.2, 0.4, 0.6)
SCORES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
CREDITS = ((0.9, 0.05), (0.6, 0.2), (0.3, 0.4), (0.1, 0.7), (0.04, 0.9))
"""Shares of rows with no and with full points; the rest is between, with mean 1/2."""

_SIMS, _CREDIT_SIMS, _BLOCK, _CHECKS = 10_000, 4_000, 1_000, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval, as one function over many sets and as one over a single set; the two have to agree.

    Attributes
    ----------
    many : callable
        From the spreads of many sets to the low and high ends.
    one : callable
        From points and clusters to an estimate.
    """

    many: Callable[[Spreads], tuple[Floats, Floats]]
    one: Callable[[ArrayLike, Clusters], Estimate]


BINARY = Interval(many=wilson, one=stats.estimate)


def jobs(scale: float, interval: Interval = BINARY) -> Iterator[Job]:
    """Return the jobs: every design by correlation by score, for binary points and for partial credit.

    Parameters
    ----------
    scale : float
        Share of the full number of sets.
    interval : Interval
        Of binary points; the package's own, but for a test of this simulation.
    """
    for design in (*DESIGNS, FEW):
        for icc in ICCS:
            work = partial(binary, design, icc, interval)
            yield Job(section=SECTION, name=f"{design.name}, ICC {icc:g}", sims=round(_SIMS * scale), measure=work)
        for icc in (0.0, 0.2, 0.6):
            work = partial(credit, design, icc)
            name = f"{design.name}, partial credit, ICC {icc:g}"
            yield Job(section=SECTION, name=name, sims=round(_CREDIT_SIMS * scale), measure=work)


def binary(design: Design, icc: float, interval: Interval, rng: np.random.Generator, sims: int) -> Found:
    """Measure binary points at every score."""
    cells, deviation = [], 0.0
    for p in SCORES:
        misses = np.zeros(2, dtype=np.int64)
        for size in blocks(sims):
            sums = totals(rng, design, p, icc, size)
            ends = interval.many(spreads(sums, sums.sum(axis=1).astype(np.float64), design))
            misses += _missed(ends, p)
        deviation = max(deviation, _recomputed(design, sums[:_CHECKS], ends, interval))
        cells.append(_cell(design, f"0/1 points, ICC {icc:g}, true score {100 * p:g} %", misses, sims, most=MOST))
    return Found(section=SECTION, cells=tuple(cells), checked=len(SCORES) * _CHECKS, deviation=deviation)


def credit(design: Design, icc: float, rng: np.random.Generator, sims: int) -> Found:
    """Measure points with partial credit, such as token F1."""
    cells, deviation = [], 0.0
    for none, full in CREDITS:
        p, misses = full + (1 - none - full) / 2, np.zeros(2, dtype=np.int64)
        for size in blocks(sims):
            points = partial_credit(rng, design, none, full, icc, size)
            ends = other(design, points)
            misses += _missed(ends, p)
        for row, *end in zip(points[:_CHECKS], *ends, strict=False):
            deviation = max(deviation, _apart(stats.estimate(row, design.index), *end))
        cells.append(_cell(design, f"partial credit, ICC {icc:g}, true score {100 * p:g} %", misses, sims, most=1.0))
    return Found(section=SECTION, cells=tuple(cells), checked=len(CREDITS) * _CHECKS, deviation=deviation)


def other(design: Design, points: Floats) -> tuple[Floats, Floats]:
    """Return the interval of points other than 0 or 1: CR1 t, widened where most clusters are all median."""
    of = spreads(by_cluster(design, points), np.einsum("sn,sn->s", points, points), design)
    away = points != np.median(points, axis=1, keepdims=True)
    share, (low, high) = unseen(of, by_cluster(design, away) > 0), robust(of)
    alike, (least, most) = of.error == 0, wilson(of)
    low, high = np.minimum(low, of.value * (1 - share)), np.maximum(high, of.value + (1 - of.value) * share)
    return np.where(alike, least, low), np.where(alike, most, high)


def blocks(sims: int, size: int = _BLOCK) -> list[int]:
    """Cut a number of sets into blocks that fit into memory."""
    return [size] * (sims // size) + [sims % size] * bool(sims % size)


def _missed(ends: tuple[Floats, Floats], truth: float) -> np.ndarray:
    low, high = ends
    return np.array([(high < truth - 1e-12).sum(), (low > truth + 1e-12).sum()])


def _cell(design: Design, what: str, misses: np.ndarray, sims: int, most: float) -> Cell:
    under, over = (100 * misses / sims).tolist()
    told = f"{what} (interval too low {under:.1f} %, too high {over:.1f} %)"
    return rate(design.name, told, sims - int(misses.sum()), sims, least=LEAST, most=most, generous=MOST)


def _recomputed(design: Design, sums: np.ndarray, ends: tuple[Floats, Floats], interval: Interval) -> float:
    """Compare the first sets with the function of the package, over rows that have these sums."""
    place = np.arange(design.n) - design.starts[design.index]
    rows = (place < by_row[design.index] for by_row in sums)
    return max(_apart(interval.one(row, design.index), *end) for row, *end in zip(rows, *ends, strict=False))


def _apart(one: Estimate, low: float, high: float) -> float:
    return max(abs(one.low - low), abs(one.high - high))
