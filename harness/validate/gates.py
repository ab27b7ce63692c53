"""How often a candidate that is worse than the baseline by exactly the margin passes the release gate.

The statistic at the margin is computed for all sets at once; every set that it would pass, and a part of the
others, goes through `harness.judge.gate` and `harness.judge.gates`, and both have to say the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from harness.judge import gate, gates
from harness.limits import ALPHA, Limits
from harness.stats.binomial import quantile
from harness.validate.arrays import paired
from harness.validate.blind import case
from harness.validate.cell import Found, rate
from harness.validate.coverage import blocks
from harness.validate.design import DESIGNS, Design
from harness.validate.draw import pairs
from harness.validate.paired import of_signs
from harness.validate.work import Job

SECTION = "gates"
MARGINS = (0.02, 0.05)
DISCORDANCES = (0.1, 0.2, 0.4)
ICCS = (0.0, 0.3)

_SIMS, _BLOCK, _CHECKED = 8_000, 500, 0.005


def jobs(scale: float) -> Iterator[Job]:
    """Return the jobs: every design by correlation by margin by discordance."""
    for design in DESIGNS:
        for icc in ICCS:
            for margin in MARGINS:
                work = partial(measure, design, icc, margin)
                name = f"{design.name}, ICC {icc:g}, margin {margin:g}"
                yield Job(section=SECTION, name=name, sims=math.ceil(_SIMS * scale), measure=work)


def measure(design: Design, icc: float, margin: float, rng: np.random.Generator, sims: int) -> Found:
    """Measure how often the gate is passed by a candidate that should not, at every discordance."""
    cells, checked, deviation = [], 0, 0.0
    for discordance in (margin, *DISCORDANCES):
        passed = 0
        for size in blocks(sims, _BLOCK):
            signs = pairs(rng, design, (discordance - margin) / 2, (discordance + margin) / 2, icc, size)
            maybe = paired(*of_signs(design, signs), -margin) >= quantile(1 - ALPHA, _freedom(design))
            for at in np.flatnonzero(maybe | (rng.random(size) < _CHECKED)).tolist():
                verdict = passes(design, signs[at], margin)
                passed += verdict
                checked += 1
                deviation = max(deviation, 0.0 if verdict == maybe[at] else math.inf)
        differ = "it only loses" if discordance == margin else f"{100 * discordance:g} % of rows differ"
        told = f"margin {100 * margin:g} points, {differ}, ICC {icc:g}"
        cells.append(rate(design.name, told, passed, sims, most=ALPHA))
    return Found(section=SECTION, cells=tuple(cells), checked=checked, deviation=deviation)


def passes(design: Design, signs: np.ndarray, margin: float) -> bool:
    """Whether the gate passes a candidate with these differences to its baseline."""
    options = np.full(design.n, 5)
    candidate = case(design, "image_text", (signs > 0)[:, None], options, model="candidate")
    baseline = case(design, "image_text", (signs < 0)[:, None], options, model="baseline")
    limits = Limits(margin=margin)
    held = gate(candidate, baseline, policy="not_worse", limits=limits)
    return gates([held], policy="not_worse", limits=limits)[0].verdict == "supported"


def _freedom(design: Design) -> int | None:
    return design.clusters - 1 if design.clusters < design.n else None
