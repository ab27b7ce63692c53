"""From measurements to claims: pairs the rows, asks the statistics, hands the evidence to the wording.

A claim asks for the cases that it needs by mode. Where one of them may not be reported, or two were not measured
within one harness, the claim is invalid and says which.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import fields

from harness import claim, score, stats
from harness.claim import Limits
from harness.records import Answer, Claim, Difference, Estimate, Harness, Measurement, ModeName, Read

CaseOf = Callable[[ModeName], Measurement]
"""Gives the measurement of a mode, for the benchmark and model that a claim is about."""

ROTATIONS: tuple[ModeName, ...] = ("rotation_1", "rotation_2", "rotation_3", "rotation_4")
NEEDS: dict[str, tuple[ModeName, ...]] = {
    "saw_images": ("image_text",),
    "beats_shuffled": ("image_text", "shuffled"),
    "beats_text_only": ("image_text", "text_only"),
    "above_chance": ("image_text",),
    "stable_under_rotation": ("image_text", *ROTATIONS),
}
"""Standard claims and the modes that each of them compares."""

OF_SIGHT: tuple[str, ...] = ("beats_shuffled", "beats_text_only")
"""Claims that a model which does not see must be refused."""


def offered(*, choices: bool, modes: Sequence[ModeName]) -> tuple[str, ...]:
    """Return the claims that these modes of a benchmark allow."""
    return tuple(
        name
        for name, needs in NEEDS.items()
        if set(needs) <= set(modes) and (choices or name != "stable_under_rotation")
    )


def judged(name: str, case_of: CaseOf, limits: Limits) -> Claim:
    """Return the verdict on one standard claim."""
    needed = [case_of(mode) for mode in NEEDS[name]]
    first = needed[0]
    if name == "saw_images":
        return claim.saw_images(first, limits)
    why = objection(needed, limits)
    if why:
        return claim.invalid(name, first, why)
    if name == "above_chance":
        return _above_chance(first, limits)
    if name == "stable_under_rotation":
        return _stable(first, needed[1:], limits)
    second = needed[1]
    same = _same(first, second, limits)
    return claim.beats(name, first, second, difference(first, second), same_p=same, limits=limits)


def gate(candidate: Measurement, baseline: Measurement, *, policy: str, limits: Limits) -> Claim:
    """Return the verdict of the release gate on two models."""
    why = objection([candidate, baseline], limits)
    if why:
        return claim.invalid(f"gate_{policy}", candidate, why)
    first, second, clusters = paired(candidate, baseline)
    bound = stats.not_worse(first, second, clusters, margin=limits.margin, alpha=claim.ALPHA)
    return claim.gate(
        candidate,
        baseline,
        difference(candidate, baseline),
        lower=bound.lower,
        policy=policy,
        limits=limits,
    )


def objection(measurements: Sequence[Measurement], limits: Limits) -> str:
    """Say why these measurements may not be compared; empty where they may."""
    for measurement in measurements:
        broken = claim.faults(measurement, limits)
        if broken:
            return f"{measurement.case.id}: {'; '.join(broken)}"
    for other in measurements[1:]:
        unlike = unequal(measurements[0].harness, other.harness)
        if unlike:
            return f"not comparable: {measurements[0].case.id} and {other.case.id} differ in {', '.join(unlike)}"
    return ""


def unequal(first: Harness, second: Harness) -> tuple[str, ...]:
    """Name the components in which two harnesses differ; none where numbers may be compared."""
    return tuple(f.name for f in fields(Harness) if getattr(first, f.name) != getattr(second, f.name))


def primary(measurement: Measurement) -> str:
    """Return the metric on which a measurement's claims are made."""
    return score.primary(measurement.answers[0].row.kind)


def estimate(answers: Sequence[Answer], metric: str) -> Estimate:
    """Return the estimate of one metric over the rows that have it."""
    having = [a for a in answers if metric in a.points]
    return stats.estimate([a.points[metric] for a in having], [a.row.cluster for a in having])


def paired(first: Measurement, second: Measurement) -> tuple[list[float], list[float], list[str]]:
    """Return the points of two measurements row by row, with the clusters.

    Rows are paired by id; ``objection`` has made sure that both measured the same rows.
    """
    metric = primary(first)
    others = {a.row.id: a.points[metric] for a in second.answers}
    return (
        [a.points[metric] for a in first.answers],
        [others[a.row.id] for a in first.answers],
        [a.row.cluster for a in first.answers],
    )


def difference(first: Measurement, second: Measurement) -> Difference:
    """Return the paired difference of the primary metric, first minus second."""
    return stats.difference(*paired(first, second))


def _same(first: Measurement, second: Measurement, limits: Limits) -> float:
    return stats.equivalent(*paired(first, second), margin=limits.same).p


def _above_chance(measurement: Measurement, limits: Limits) -> Claim:
    answers = measurement.answers
    metric = primary(measurement)
    if measurement.chance is None:
        return _above_prior(measurement, limits)
    correct = sum(a.points[metric] for a in answers)
    p = stats.above_chance(int(correct), [len(a.row.options) for a in answers])
    return claim.above_chance(measurement, estimate(answers, metric), measurement.chance, p, limits)


def _above_prior(measurement: Measurement, limits: Limits) -> Claim:
    """Hold a short-answer case against the best constant answer of each kind of question."""
    metric, answers = primary(measurement), measurement.answers
    prior = prior_points(answers, metric)
    own = [a.points[metric] for a in answers]
    clusters = [a.row.cluster for a in answers]
    against = f"the most frequent answer of each kind of question ({100 * sum(prior) / len(prior):.1f} %)"
    return claim.above_prior(
        measurement,
        stats.difference(own, prior, clusters),
        against,
        stats.equivalent(own, prior, clusters, margin=limits.same).p,
        limits,
    )


def prior_points(answers: Sequence[Answer], metric: str) -> list[float]:
    """Return the points of always giving the most frequent gold of the row's kind, row by row.

    The answer is picked on the very rows that it is scored on, so this prior is the best constant answer there is.
    """
    golds: dict[str, Counter[str]] = defaultdict(Counter)
    for a in answers:
        golds[a.row.kind][a.row.gold.strip().casefold()] += 1
    best = {kind: min(c.items(), key=lambda kv: (-kv[1], kv[0]))[0] for kind, c in golds.items()}
    return [score.short(a.row, Read(best[a.row.kind]))[metric] for a in answers]


def _stable(first: Measurement, rotations: Sequence[Measurement], limits: Limits) -> Claim:
    metric = primary(first)
    by_id = [{a.row.id: a for a in m.answers} for m in rotations]
    own = [a.points[metric] for a in first.answers]
    mean = [sum(m[a.row.id].points[metric] for m in by_id) / len(by_id) for a in first.answers]
    clusters = [a.row.cluster for a in first.answers]
    found = stats.difference(own, mean, clusters, level=1 - 2 * claim.ALPHA)
    return claim.stable_under_rotation(first, found, consistency(first, rotations), limits)


def consistency(first: Measurement, rotations: Sequence[Measurement]) -> float:
    """Return the share of rows that were read as one and the same published option in every order."""
    by_id = [{a.row.id: a.reading for a in m.answers} for m in rotations]
    same = [
        isinstance(a.reading, Read) and all(readings[a.row.id] == a.reading for readings in by_id)
        for a in first.answers
    ]
    return sum(same) / len(same)
