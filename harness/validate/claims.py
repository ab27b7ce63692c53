"""How often a claim about a model of which it is false is called supported, by the code that judges real runs.

A set is first looked at with a condition that every supported claim meets: its mean is about two standard errors on
the right side. Those that meet it, few, go through `harness.evidence` and `harness.judge`; of the others a part does
too, and none of them may be called supported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from harness.evidence import Evidence, evidence
from harness.judge import alone, family
from harness.limits import Limits
from harness.records import ModeName
from harness.validate.arrays import Spreads, spreads
from harness.validate.blind import Noise, Sets, against, constant, falls, guesser, wavers
from harness.validate.cell import Found, rate
from harness.validate.coverage import blocks
from harness.validate.design import DESIGNS, Design
from harness.validate.draw import Flags, by_cluster
from harness.validate.work import Job

SECTION = "claims"
SHOWN, MARGIN, FAMILY = 0.025, 0.05, 0.05
"""Targets: of a claim that something is higher, of one on a margin, and of a family of claims."""

ICCS = (0.0, 0.3)
PRIORS = (0.2, 0.5, 0.9)
MEMBERS = 12

_SIMS, _ALIKE_SIMS, _FAMILIES, _BLOCK, _CHECKED = 4_000, 200, 2_000, 250, 0.01
_LIMITS = Limits()
# below the critical values of 1.96 and 1.64 that a claim or a margin needs at least
_NEARLY, _NEARLY_ONE_SIDED = 1.9, 1.6

Make = Callable[..., Sets]
"""Takes a generator and ``sims``."""


def jobs(scale: float) -> Iterator[Job]:
    """Return the jobs: every claim by design by correlation, and families of twelve claims."""
    for design in DESIGNS:
        for icc in ICCS:
            for what, most, sims, make in _singles(design, icc):
                told = f"{what}, ICC {icc:g}"
                work = partial(single, design.name, told, most, make)
                yield Job(section=SECTION, name=f"{design.name}, {told}", sims=math.ceil(sims * scale), measure=work)
    for where, what, members in _families():
        work = partial(together, where, what, members)
        yield Job(section=SECTION, name=f"{where}, {what}", sims=math.ceil(_FAMILIES * scale), measure=work)


def _singles(design: Design, icc: float) -> Iterator[tuple[str, float, int, Make]]:
    noises: list[Noise] = ["none", "call"] if icc == 0 else ["none", "call", "picture"]
    for prior in PRIORS:
        for noise in noises:
            sims = _ALIKE_SIMS if noise == "none" else _SIMS
            for mode, draws in _AGAINST.items():
                told = f"beats_{mode}, text gives {100 * prior:g} %, {_NOISE[noise]}"
                yield (
                    told,
                    SHOWN,
                    sims,
                    partial(against, prior=prior, noise=noise, mode=mode, draws=draws, design=design, icc=icc),
                )
    for what, options in (("5 options", np.full(design.n, 5)), ("2 or 4 options", 2 + 2 * (np.arange(design.n) % 2))):
        yield (
            f"above_chance, a guess among {what}",
            SHOWN,
            _SIMS,
            partial(guesser, options=options, design=design, icc=icc),
        )
    for what, share in (("any one letter", 0.2), ("a letter with 40 %", 0.4)):
        yield (
            f"above_baselines, right as often as {what}",
            SHOWN,
            _SIMS,
            partial(constant, share=share, design=design, icc=icc),
        )
    for score in (0.3, 0.5):
        told = f"stable_under_rotation, score {100 * score:g} %"
        yield f"{told}, 5 points lost", MARGIN, _SIMS, partial(falls, score=score, design=design, icc=icc)
        yield f"{told}, 75 % kept", MARGIN, _SIMS, partial(wavers, score=score, design=design, icc=icc)


_AGAINST: dict[ModeName, int] = {"shuffled": 5, "text_only": 1}
_NOISE: dict[Noise, str] = {
    "none": "the same replies in every mode",
    "call": "noise from call to call",
    "picture": "noise from picture to picture",
}


def _families() -> Iterator[tuple[str, str, tuple[Make, ...]]]:
    for icc in ICCS:
        yield "all three", f"twelve claims about one guesser, ICC {icc:g}", tuple(_guessed(icc))
        for design in DESIGNS:
            one = partial(guesser, design=design, options=np.full(design.n, 5), icc=icc)
            yield design.name, f"above_chance of twelve guessers, ICC {icc:g}", (one,) * MEMBERS


def _guessed(icc: float) -> Iterator[Make]:
    """The four claims about a blind guesser that samples its replies, on each of three benchmarks."""
    for design in DESIGNS:
        for mode, draws in _AGAINST.items():
            yield partial(against, design=design, prior=0.2, icc=icc, noise="picture", mode=mode, draws=draws)
        yield partial(guesser, design=design, options=np.full(design.n, 5), icc=icc)
        yield partial(constant, design=design, share=0.2, icc=icc)


def single(where: str, what: str, most: float, make: Make, rng: np.random.Generator, sims: int) -> Found:
    """Measure one claim, judged alone."""
    shown = checked = 0
    deviation = 0.0
    for size in blocks(sims, _BLOCK):
        sets = make(rng, sims=size)
        maybe = possible(sets)
        for at in _judged(rng, maybe):
            supported = alone(of(sets, at), _LIMITS).verdict == "supported"
            shown += supported
            checked += 1
            deviation = max(deviation, math.inf if supported and not maybe[at] else 0.0)
    cell = rate(where, what, shown, sims, most=most)
    return Found(section=SECTION, cells=(cell,), checked=checked, deviation=deviation)


def together(where: str, what: str, members: tuple[Make, ...], rng: np.random.Generator, sims: int) -> Found:
    """Measure a family of claims that are all false: how often any of them is called supported."""
    shown = checked = 0
    deviation = 0.0
    for size in blocks(sims, _BLOCK // 5):
        every = [make(rng, sims=size) for make in members]
        maybe = np.any([possible(sets) for sets in every], axis=0)
        for at in _judged(rng, maybe):
            verdicts = [claim.verdict for claim in family([of(sets, at) for sets in every], _LIMITS)]
            supported = "supported" in verdicts
            shown += supported
            checked += 1
            deviation = max(deviation, math.inf if supported and not maybe[at] else 0.0)
    cell = rate(where, what, shown, sims, most=FAMILY)
    return Found(section=SECTION, cells=(cell,), checked=checked, deviation=deviation)


def of(sets: Sets, at: int) -> Evidence:
    """Return the evidence of one set."""
    return evidence(sets.claim, sets.columns(at), _LIMITS)


def _judged(rng: np.random.Generator, maybe: Flags) -> list[int]:
    """Sets that are judged: those that could be supported, and a part of the others."""
    return np.flatnonzero(maybe | (rng.random(maybe.size) < _CHECKED)).tolist()


def possible(sets: Sets) -> Flags:
    """Say which sets meet a condition that every supported claim meets; shape (sims,)."""
    first, *others = (points.mean(axis=2) for points in sets.points.values())
    if sets.claim == "above_chance":
        chance = float((1 / sets.options).mean())
        return np.asarray(first.mean(axis=1) - chance > _NEARLY * math.sqrt(chance * (1 - chance) / sets.design.n))
    if sets.claim == "above_baselines":
        assert sets.priors is not None
        strongest = sets.priors.mean(axis=1).argmax(axis=1)
        others = [np.take_along_axis(sets.priors, strongest[:, None, None], axis=2)[:, :, 0]]
    apart = _spread(sets, first - np.mean(others, axis=0))
    if sets.claim != "stable_under_rotation":
        return np.asarray((apart.value > 0) & (apart.value >= _NEARLY * apart.error))
    chosen, *turned = sets.chosen.values()
    kept = _spread(sets, np.mean([one == chosen for one in turned], axis=0)[:, :, 0])
    near = np.abs(apart.value) + _NEARLY_ONE_SIDED * apart.error < _LIMITS.same
    return np.asarray(near & (kept.value - _NEARLY * kept.error > _LIMITS.kept))


def _spread(sets: Sets, values: np.ndarray) -> Spreads:
    values = values.astype(np.float64)
    return spreads(by_cluster(sets.design, values), np.einsum("sn,sn->s", values, values), sets.design)
