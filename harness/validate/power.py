"""Whether the planned power is the power there is: simulated rates beside `harness.stats.plan` and `power`.

The plans use the normal approximation and decisions do not, so that a few points between them are expected; how many
are allowed is the target. `harness.stats.mcnemar_power` is exact, and has one point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from harness import stats
from harness.limits import ALPHA
from harness.stats.rows import reach, smallest_shown
from harness.validate.cell import Found, rate
from harness.validate.design import DESIGNS, Design
from harness.validate.draw import pairs
from harness.validate.work import Job

SECTION = "power"
POWER = 0.8
EXACT, APART, CLUSTERED = 0.01, 0.04, 0.05
"""Allowed distance from the closed form: the exact one, those for single rows, and those with a design effect."""

_SIMS, _CLUSTERED_SIMS = 4_000, 1_200

Decide = Callable[[np.ndarray, np.ndarray, np.ndarray], bool]
"""Takes the points of two cases and the clusters."""


def jobs(scale: float) -> Iterator[Job]:
    """Return the jobs: single rows at the planned number, and the real designs at the planned difference."""
    for told, n, p10, p01, decide, aim, allowed in _planned():
        work = partial(single_rows, f"{told}, {n} single rows", n, (p10, p01), decide, aim, allowed)
        yield Job(section=SECTION, name=f"{told}, {n}", sims=math.ceil(_SIMS * scale), measure=work)
    for n, options in ((451, 2), (1061, 5)):
        work = partial(accuracy, n, options)
        yield Job(section=SECTION, name=f"accuracy, {n}", sims=math.ceil(_SIMS * scale), measure=work)
    for design in DESIGNS:
        for gated in (False, True):
            work = partial(clustered, design, 0.2, gated)
            name = f"{design.name}, {'not worse' if gated else 'difference'}"
            yield Job(section=SECTION, name=name, sims=math.ceil(_CLUSTERED_SIMS * scale), measure=work)


def _planned() -> Iterator[tuple[str, int, float, float, Decide, float, float]]:
    for n, p10, p01 in ((451, 0.125, 0.075), (100, 0.2, 0.05), (25, 0.24, 0.08)):
        told = f"McNemar mid-p, {100 * p10:g} % against {100 * p01:g} %"
        yield told, n, p10, p01, tested, stats.mcnemar_power(n, p10, p01), EXACT
    for p10, p01 in ((0.125, 0.075), (0.06, 0.02), (0.3, 0.2)):
        n = math.ceil(stats.connor_rows(p10, p01))
        yield f"difference, {100 * p10:g} % against {100 * p01:g} %", n, p10, p01, shown, POWER, APART
    for discordance, margin in ((0.10, 0.02), (0.20, 0.05)):
        half, told = discordance / 2, f"within {100 * margin:g} points, {100 * discordance:g} % differ"
        n = stats.rows_not_worse(discordance, margin)
        yield f"not worse, {told}", n, half, half, partial(not_worse, margin), POWER, APART
        n = stats.rows_equivalent(discordance, margin)
        yield f"the same, {told}", n, half, half, partial(equivalent, margin), POWER, APART


def tested(first: np.ndarray, second: np.ndarray, clusters: np.ndarray) -> bool:
    """Whether the test alone shows a difference, in either direction."""
    return stats.difference(first, second, clusters).p <= ALPHA


def shown(first: np.ndarray, second: np.ndarray, clusters: np.ndarray) -> bool:
    """Whether interval and test show that the first is higher."""
    found = stats.difference(first, second, clusters)
    return found.low > 0 and found.p <= ALPHA


def not_worse(margin: float, first: np.ndarray, second: np.ndarray, clusters: np.ndarray) -> bool:
    """Whether the first is shown to be not worse by the margin."""
    return stats.not_worse(first, second, clusters, margin=margin).holds


def equivalent(margin: float, first: np.ndarray, second: np.ndarray, clusters: np.ndarray) -> bool:
    """Whether the two are shown to be the same within the margin."""
    return stats.equivalent(first, second, clusters, margin=margin).holds


def single_rows(
    what: str,
    n: int,
    shares: tuple[float, float],
    decide: Decide,
    aim: float,
    allowed: float,
    rng: np.random.Generator,
    sims: int,
) -> Found:
    """Measure how often something is shown over single rows; each different table is decided once."""
    counts = rng.multinomial(n, [*shares, 1 - sum(shares)], size=sims)[:, :2]
    tables, number = np.unique(counts, axis=0, return_counts=True)
    row, clusters, hits = np.arange(n), np.arange(n), 0
    for (b, c), times in zip(tables.tolist(), number.tolist(), strict=True):
        hits += times * decide(row < b, (row >= b) & (row < b + c), clusters)
    return _cell("single rows", what, hits, sims, aim, allowed)


def accuracy(n: int, options: int, rng: np.random.Generator, sims: int) -> Found:
    """Measure how often the smallest detectable accuracy is shown to be above chance."""
    truth = stats.detectable_accuracy(1 / options, n)
    assert truth is not None
    right, number = np.unique(rng.binomial(n, truth, size=sims), return_counts=True)
    hits = 0
    for k, times in zip(right.tolist(), number.tolist(), strict=True):
        low, _ = stats.wilson(k, n)
        hits += times * (low > 1 / options and 2 * stats.above_chance(k, [options] * n) <= ALPHA)
    told = f"above chance, {options} options, true score {100 * truth:.1f} %, {n} single rows"
    return _cell("single rows", told, hits, sims, POWER, EXACT)


def clustered(design: Design, icc: float, gated: bool, rng: np.random.Generator, sims: int) -> Found:
    """Measure the power at a difference, or at a margin, that the rows of a real design were planned to show."""
    discordance = 0.2
    rows = design.n / stats.design_effect(design.sizes, icc)
    if gated:
        gap, margin = 0.0, smallest_shown(discordance, rows, reach(ALPHA, POWER))
        decide: Decide = partial(not_worse, margin)
        told = f"not worse by {100 * margin:.1f} points, ICC {icc:g}, 20 % differ"
    else:
        gap = stats.detectable(discordance, rows)
        decide, told = shown, f"difference of {100 * gap:.1f} points, ICC {icc:g}, 20 % differ"
    signs = pairs(rng, design, (discordance + gap) / 2, (discordance - gap) / 2, icc, sims)
    hits = sum(decide(row > 0, row < 0, design.index) for row in signs)
    return _cell(design.name, told, hits, sims, POWER, CLUSTERED)


def _cell(design: str, what: str, hits: int, sims: int, aim: float, allowed: float) -> Found:
    cell = rate(design, what, hits, sims, least=aim - allowed, most=aim + allowed)
    return Found(section=SECTION, cells=(cell,))
