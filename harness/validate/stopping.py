"""Error rate of cases that stop early, looked at as `harness.until` looks, and how many rows they ask."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from harness.limits import ALPHA, Limits
from harness.stats.binomial import quantile
from harness.validate.arrays import paired
from harness.validate.cell import Cell, Found, Stop, rate
from harness.validate.coverage import blocks
from harness.validate.design import DESIGNS, Design
from harness.validate.draw import pairs
from harness.validate.looks import fast, real
from harness.validate.paired import of_signs
from harness.validate.work import Job

SECTION = "stopping"
SHOWN, SAME = 0.025, 0.05
"""Targets: of 'higher' where there is no effect, and of 'the same' or 'lower' where it is at least the margin."""

EFFECTS = (0.0, 0.02, 0.05, 0.10, 0.20, 0.40)
FAMILIES = (1, 12)
ICC, AGAINST = 0.2, 0.05
"""Correlation of the differences within clusters, and the share of rows that the images make wrong."""

_SIMS, _BLOCK, _CHECKS = {"SLAKE": 2_000, "VQA-RAD": 2_000, "MedXpertQA-MM": 1_000}, 250, 2


def jobs(scale: float) -> Iterator[Job]:
    """Return the jobs: every design by effect."""
    for design in DESIGNS:
        for effect in EFFECTS:
            work = partial(measure, design, effect)
            name = f"{design.name}, {100 * effect:g} points"
            yield Job(section=SECTION, name=name, sims=math.ceil(_SIMS[design.name] * scale), measure=work)


def measure(design: Design, effect: float, rng: np.random.Generator, sims: int) -> Found:
    """Measure when and how a claim about this effect is decided."""
    verdicts: dict[int, list[str]] = {family: [] for family in FAMILIES}
    shares: dict[int, list[float]] = {family: [] for family in FAMILIES}
    deviation, fixed = 0.0, np.zeros(2)
    for size in blocks(sims, _BLOCK):
        signs = pairs(rng, design, AGAINST + effect, AGAINST, ICC, size)
        higher, same = _fixed(design, signs)
        fixed += np.array([higher, same])
        for at, row in enumerate(signs):
            order = rng.permutation(design.clusters)
            sizes, totals = design.sizes[order], np.add.reduceat(row, design.starts, dtype=np.float64)[order]
            for family in FAMILIES:
                verdict, asked = fast(totals, sizes, family)
                verdicts[family].append(verdict)
                shares[family].append(float(sizes[:asked].sum()) / design.n)
                if at < _CHECKS and size == blocks(sims, _BLOCK)[-1]:
                    deviation = max(deviation, _unlike(design, row, order, family, (verdict, asked)))
    stops = tuple(_stop(design, effect, family, verdicts[family], shares[family], fixed / sims) for family in FAMILIES)
    cells = tuple(_errors(design, effect, verdicts[1]))
    return Found(section=SECTION, cells=cells, stops=stops, checked=_CHECKS * len(FAMILIES), deviation=deviation)


def _unlike(design: Design, row: np.ndarray, order: np.ndarray, family: int, found: tuple[str, int]) -> float:
    """Ask the code of a run about the same rows in the same order."""
    ordered = np.concatenate([np.flatnonzero(design.index == cluster) for cluster in order])
    asked = real(design, row[ordered] > 0, row[ordered] < 0, design.sizes[order], family)
    return 0.0 if asked == found else math.inf


def _fixed(design: Design, signs: np.ndarray) -> tuple[int, int]:
    """Count the sets in which all rows, looked at once, show that the first is higher, or the margin."""
    of, freedom = of_signs(design, signs), design.clusters - 1
    higher = paired(*of, 0.0) > quantile(0.975, freedom)
    margin, enough = Limits().same, quantile(1 - ALPHA, freedom)
    same = (paired(*of, -margin) >= enough) & (paired(*of, margin) <= -enough)
    return int(higher.sum()), int(same.sum())


def _stop(
    design: Design, effect: float, family: int, verdicts: list[str], shares: list[float], fixed: np.ndarray
) -> Stop:
    n = len(verdicts)
    return Stop(
        design=design.name,
        effect=effect,
        family=family,
        supported=verdicts.count("supported") / n,
        refuted=verdicts.count("refuted") / n,
        mean=float(np.mean(shares)),
        median=float(np.median(shares)),
        fixed_higher=float(fixed[0]),
        fixed_same=float(fixed[1]),
        sims=n,
    )


def _errors(design: Design, effect: float, verdicts: list[str]) -> Iterator[Cell]:
    n, supported, refuted = len(verdicts), verdicts.count("supported"), verdicts.count("refuted")
    if effect == 0:
        yield rate(design.name, "no effect, called higher at some look", supported, n, most=SHOWN)
    if effect >= Limits().same:
        told = f"effect of {100 * effect:g} points, called lower or the same within 5 points at some look"
        yield rate(design.name, told, refuted, n, most=SAME)
