"""How often the 95 % interval of a difference holds the true one: `harness.stats.difference` at real designs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from harness import stats
from harness.stats.binomial import quantile
from harness.validate import arrays
from harness.validate.arrays import Floats, Spreads, spreads, straight, unseen
from harness.validate.cell import Cell, Found, rate
from harness.validate.coverage import LEAST, MOST, blocks
from harness.validate.design import DESIGNS, Design
from harness.validate.draw import Flags, against_five, by_cluster, pairs
from harness.validate.work import Job

SECTION = "paired"
SHARES = ((0.02, 0.02), (0.05, 0.10), (0.15, 0.15), (0.30, 0.05))
ICCS = (0.0, 0.2, 0.4)

NOTHING = 1e-9
"""Below this a sum of differences is rounding."""

_BINARY_SIMS, _FIVE_SIMS, _BLOCK, _CHECKS = 5_000, 2_000, 500, 4


def jobs(scale: float) -> Iterator[Job]:
    """Return the jobs: every design by discordance by correlation, for 0/1 points and for means over five draws."""
    for design in DESIGNS:
        for icc in ICCS:
            for name, measure, sims in (("0/1", binary, _BINARY_SIMS), ("five draws", five, _FIVE_SIMS)):
                work = partial(measure, design, icc)
                yield Job(
                    section=SECTION, name=f"{design.name}, {name}, ICC {icc:g}", sims=round(sims * scale), measure=work
                )


def binary(design: Design, icc: float, rng: np.random.Generator, sims: int) -> Found:
    """Measure two binary cases at every pair of shares."""
    cells, deviation = [], 0.0
    reach = quantile(0.975, design.clusters - 1)
    for p10, p01 in SHARES:
        truth, hits = p10 - p01, 0
        for size in blocks(sims, _BLOCK):
            signs = pairs(rng, design, p10, p01, icc, size)
            away = arrays.paired(*of_signs(design, signs), truth)
            hits += int((np.abs(away) <= reach).sum())
        for row, statistic in zip(signs[:_CHECKS], away, strict=False):
            found = stats.difference(row > 0, row < 0, design.index)
            deviation = max(deviation, _unlike(found.low <= truth <= found.high, abs(statistic) <= reach))
        cells.append(_cell(design, "0/1 points", p10, p01, icc, hits, sims))
    return Found(section=SECTION, cells=tuple(cells), checked=len(SHARES) * _CHECKS, deviation=deviation)


def five(design: Design, icc: float, rng: np.random.Generator, sims: int) -> Found:
    """Measure a binary case against the mean over five draws of another."""
    cells, deviation = [], 0.0
    for p10, p01 in SHARES:
        truth, hits = p10 - p01, 0
        for size in blocks(sims, _BLOCK):
            first, second = against_five(rng, design, p10, p01, icc, size)
            low, high = _ends(design, first, second)
            hits += int(((low <= truth) & (truth <= high)).sum())
        for row, other, *ends in zip(first[:_CHECKS], second, low, high, strict=False):
            found = stats.difference(row, other, design.index)
            deviation = max(deviation, abs(found.low - ends[0]), abs(found.high - ends[1]))
        cells.append(_cell(design, "mean over five draws", p10, p01, icc, hits, sims))
    return Found(section=SECTION, cells=tuple(cells), checked=len(SHARES) * _CHECKS, deviation=deviation)


def _ends(design: Design, first: Flags, second: Floats) -> tuple[Floats, Floats]:
    """Return the intervals of many sets; those in which all draws of every row are alike are 0/1 points by chance."""
    d = first - second
    of = spreads(by_cluster(design, d), np.einsum("sn,sn->s", d, d), design)
    low, high = floored(of, by_cluster(design, np.abs(d)) > NOTHING)
    for at in np.flatnonzero((of.error == 0) | ((second == 0) | (second == 1)).all(axis=1)):
        found = stats.difference(first[at], second[at], design.index)
        low[at], high[at] = found.low, found.high
    return low, high


def of_signs(design: Design, signs: np.ndarray) -> tuple[Floats, Floats, Spreads]:
    """Return the rows that only the first, only the second got right, and the spread of the differences."""
    plus, minus = (signs > 0).sum(axis=1).astype(np.float64), (signs < 0).sum(axis=1).astype(np.float64)
    return plus, minus, spreads(by_cluster(design, signs), plus + minus, design)


def floored(of: Spreads, differing: Flags) -> tuple[Floats, Floats]:
    """Return CR1 t, and where most clusters do not differ at least as wide as if none did."""
    t, least = quantile(0.975, of.design.clusters - 1), unseen(of, differing)
    down, up = (np.maximum(of.error * straight(t, skew), least) for skew in (of.skew, -of.skew))
    return np.maximum(-1, of.value - down), np.minimum(1, of.value + up)


def _unlike(first: bool, second: bool) -> float:
    return 0.0 if first == second else math.inf


def _cell(design: Design, what: str, p10: float, p01: float, icc: float, hits: int, sims: int) -> Cell:
    told = f"{what}, ICC {icc:g}, {100 * p10:g} % only first, {100 * p01:g} % only second"
    return rate(design.name, told, hits, sims, least=LEAST, generous=MOST)
