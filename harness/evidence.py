"""From columns to the typed evidence of each standard claim: which cases, which numbers, and what stands against them.

=====================  ====================  ==========================================================================
claim                  cases                 evidence
=====================  ====================  ==========================================================================
saw_images             image_text            a count of receipts, no test
beats_shuffled         image_text, shuffled  paired difference; the mean over the derangements of a row
beats_text_only        image_text, text_only paired difference
above_chance           image_text            options: Poisson-binomial of a blind guess, and the interval; short
                                             answers: difference to the most frequent answer of each kind of question
above_baselines        image_text            difference to the strongest of the baselines that need no model, picked on
                                             these very rows
stable_under_rotation  every rotation        two one-sided tests of the published order against the mean of the others,
                                             and the share of answers that stay
=====================  ====================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import sequential, stats
from harness.claim import percent
from harness.columns import Columns, Floats, Prior, aligned, contrast, difference, estimate, mean_of, objection, within
from harness.errors import NotEstimable
from harness.limits import ALPHA, Limits, faults
from harness.mode import ROTATIONS
from harness.records import Case, Difference, Estimate, Measurement, ModeName

CLAIMS: dict[str, tuple[ModeName, ...]] = {
    "saw_images": ("image_text",),
    "beats_shuffled": ("image_text", "shuffled"),
    "beats_text_only": ("image_text", "text_only"),
    "above_chance": ("image_text",),
    "above_baselines": ("image_text",),
    "stable_under_rotation": ("image_text",),
}
"""Standard claims and the modes that each of them compares; the last also every rotation there is."""

OF_SIGHT: tuple[str, ...] = ("beats_shuffled", "beats_text_only")
"""Claims that a model which does not see must be refused."""

MAJORITY = "majority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one claim rests on, before its verdict.

    Attributes
    ----------
    name : str
        Of the claim.
    case : Case
        The case that the claim is about; the others are compared with it.
    title : str
        Title of the benchmark.
    modes : tuple of str
        The modes that the evidence covers.
    why : str
        The precondition that failed; empty where the measurement is valid.
    refused : bool
        Whether rows were refused, so that nothing was asked.
    asked, published : int
        Rows asked and published.
    sequential : bool
        Whether the case could stop as soon as its claims were decided.
    difference : Difference or None
        First minus second, where two columns are compared.
    estimate : Estimate or None
        Where one case is held against a constant.
    p : float or None
        Two-sided, as it enters the family; None where the claim is a count, or is not judged.
    same : float
        p-value of 'less apart than the declared margin'; 1 where it is not asked.
    against : str
        What the first case is held against, in words.
    level : float
        The constant that an estimate is held against.
    kept : Estimate or None
        Share of row x rotation pairs in which the same option was chosen as in the published order.
    draws : int
        Derangements behind a shuffled case.
    holds : bool
        Of a claim that is a count: whether it holds for every row.
    counted : str
        Of a claim that is a count: the count in words.
    """

    name: str
    case: Case
    title: str
    modes: tuple[str, ...]
    why: str = ""
    refused: bool = False
    asked: int = 0
    published: int = 0
    sequential: bool = False
    difference: Difference | None = None
    estimate: Estimate | None = None
    p: float | None = None
    same: float = 1.0
    against: str = ""
    level: float = 0.0
    kept: Estimate | None = None
    draws: int = 1
    holds: bool = False
    counted: str = ""


def offered(*, options: int, modes: Sequence[str]) -> tuple[str, ...]:
    """Return the claims that these modes of a benchmark allow."""
    return tuple(name for name in CLAIMS if set(needs(name, options)) <= set(modes) and (options or name != _STABLE))


def needs(name: str, options: int) -> tuple[ModeName, ...]:
    """Return the modes that a claim compares, for a benchmark with at most so many options."""
    return (*CLAIMS[name], *ROTATIONS[: max(0, options - 1)]) if name == _STABLE else CLAIMS[name]


_STABLE = "stable_under_rotation"


def saw_images(measurement: Measurement, limits: Limits) -> Evidence:
    """Return the evidence that every row of the image mode reached the model with all of its images."""
    answers, case = measurement.answers, measurement.case
    proven = sum(bool(a.reply.receipts) and len(a.reply.receipts) == len(a.row.images) for a in answers)
    tokens = sum(receipt.tokens for a in answers for receipt in a.reply.receipts)
    images = sum(len(a.row.images) for a in answers)
    refused = measurement.status == "refused"
    return Evidence(
        name="saw_images",
        case=case,
        title=measurement.title,
        modes=(case.mode,),
        why=faults(measurement, limits)[0] if refused else "",
        refused=refused,
        asked=measurement.asked,
        published=measurement.published,
        holds=bool(answers) and proven == len(answers),
        counted=(
            f"{proven} of {len(answers)} rows of {measurement.title} reached {case.model} with all of their images "
            f"({images} images, {tokens} image tokens counted in what it was given)"
        ),
    )


def evidence(name: str, cases: Sequence[Columns], limits: Limits) -> Evidence:
    """Return the evidence of one standard claim.

    Parameters
    ----------
    name : str
        One of `CLAIMS`, but for ``saw_images``, which is a count; see `harness.claim.saw_images`.
    cases : sequence of Columns
        One for each of ``needs(name)``, in that order.
    """
    first = cases[0]
    why = objection(cases)
    if why:
        refused = any(one.refused for one in cases)
        return _about(name, cases, why=why, refused=refused, p=None if refused else 1.0)
    try:
        return _FIND[name](cases, limits)
    except NotEstimable as error:
        return _about(name, cases, why=f"{first.case.id}: {error}", p=1.0)


def gathered(
    name: str,
    options: int,
    measured: Callable[[ModeName], Measurement],
    in_columns: Callable[[ModeName], Columns],
    limits: Limits,
) -> Evidence:
    """Return the evidence of any standard claim, from whatever gives the cases that it needs.

    Parameters
    ----------
    options : int
        Options of a row, at most; 0 for short answers.
    measured, in_columns : callable
        Give a case of the benchmark and model by its mode, and raise where there is none.
    """
    if name == "saw_images":
        return saw_images(measured("image_text"), limits)
    return evidence(name, [in_columns(mode) for mode in needs(name, options)], limits)


def _about(name: str, cases: Sequence[Columns], **found: object) -> Evidence:
    first = cases[0]
    return Evidence(
        name=name,
        case=first.case,
        title=first.title,
        modes=tuple(one.case.mode for one in cases),
        asked=len(first.rows),
        published=first.published,
        sequential=first.sequential,
        draws=max(one.points.shape[1] for one in cases),
        **found,  # type: ignore[arg-type]
    )


def _paired(
    name: str, cases: Sequence[Columns], limits: Limits, right: Floats, against: str, found: Difference | None = None
) -> Evidence:
    first = cases[0]
    found = contrast(first, first.mean, right) if found is None else found
    same = within(first, first.mean, right, limits.same)
    return _about(name, cases, difference=found, p=found.p, same=same, against=against)


_FOREIGN = {"shuffled": "the images of other rows", "text_only": "no image"}


def _beats(cases: Sequence[Columns], limits: Limits) -> Evidence:
    first, second = cases
    name = "beats_shuffled" if second.case.mode == "shuffled" else "beats_text_only"
    against, found = _FOREIGN[second.case.mode], difference(first, second)
    return _paired(name, cases, limits, aligned(first, second).mean, against, found)


def _above_chance(cases: Sequence[Columns], limits: Limits) -> Evidence:
    (first,) = cases
    chance = first.chance
    if chance is None:
        return _against(first, _named(first, MAJORITY), "above_chance", limits)
    found = estimate(first)
    if first.sequential:
        p = 2 * sequential.above(first.mean, 1 / first.options, first.clusters, first.sizes)
    else:
        # guesses are independent of each other, but a habit that is no better than guessing need not be
        guessed = stats.above_chance(int(first.points.sum()), first.options.tolist())
        p = 2 * max(guessed, stats.above(first.mean, first.clusters, chance))
    return _about("above_chance", cases, estimate=found, p=min(1.0, p), level=chance, against="a blind guess")


def _against(first: Columns, prior: Prior, name: str, limits: Limits) -> Evidence:
    against = f"{prior.title}, {percent(mean_of(first, prior.points))}"
    return _paired(name, [first], limits, prior.points, against)


def _named(case: Columns, name: str) -> Prior:
    for each in case.baselines:
        if each.name == name:
            return each
    held = ", ".join(each.name for each in case.baselines) or "none"
    raise NotEstimable(f"got the baselines {held}, but {name} is needed. Measure the case again")


def _above_baselines(cases: Sequence[Columns], limits: Limits) -> Evidence:
    (first,) = cases
    found = _against(first, strongest(first), "above_baselines", limits)
    if not first.sequential:
        return found
    # which baseline is the strongest changes from look to look: the claim has to hold against each of them
    return replace(found, p=max(contrast(first, first.mean, each.points).p for each in first.baselines))


def strongest(case: Columns) -> Prior:
    """Return the baseline with the highest score over these rows."""
    if not case.baselines:
        raise NotEstimable("got no baseline of the data alone, but one is needed. Measure the case again")
    return min(case.baselines, key=lambda each: (-float(each.points.mean()), each.name))


def _stable(cases: Sequence[Columns], limits: Limits) -> Evidence:
    first, turned = cases[0], [aligned(cases[0], other) for other in cases[1:]]
    rest, kept = rotation_mean(first, turned), agreement(first, turned)
    found = contrast(first, first.mean, rest, level=1 - 2 * ALPHA)
    apart = within(first, first.mean, rest, limits.same)
    # 'at least the declared share' is 'not further below all of them than the rest'
    stays = _at_least(first, kept, limits.kept)
    return _about(
        _STABLE,
        cases,
        difference=found,
        estimate=estimate(first),
        p=max(apart, stays),
        same=apart,
        against="the mean of the other orders",
        kept=mean_of(first, kept),
    )


def _at_least(first: Columns, values: Floats, share: float) -> float:
    """One-sided p-value of 'the mean of these values is at least this share'."""
    whole = np.ones_like(values)
    if first.sequential:
        return sequential.not_worse(values, whole, first.clusters, first.sizes, margin=1 - share)
    return stats.not_worse(values, whole, first.clusters, margin=1 - share).p


def rotation_mean(first: Columns, turned: Sequence[Columns]) -> Floats:
    """Return the points of each row, the mean over its other cyclic orders; shape (n,).

    A row with k options has k - 1 other orders; where the benchmark has more, they repeat and are left out.
    """
    every = np.stack([other.mean for other in turned], axis=1)
    return np.asarray((every * _distinct(first, len(turned))).sum(axis=1) / np.maximum(first.options - 1, 1))


def agreement(first: Columns, turned: Sequence[Columns]) -> Floats:
    """Return the share of its other orders in which a row was answered with the same option; shape (n,)."""
    chosen = np.stack([other.chosen[:, 0] for other in turned], axis=1)
    same = (chosen == first.chosen[:, :1]) & (first.chosen[:, :1] >= 0)
    return np.asarray((same * _distinct(first, len(turned))).sum(axis=1) / np.maximum(first.options - 1, 1))


def _distinct(first: Columns, turns: int) -> Floats:
    """Whether rotation 1 ... ``turns`` is an order of its own for each row; shape (n, turns)."""
    return np.asarray(np.arange(1, turns + 1)[None, :] < first.options[:, None])


_FIND: dict[str, Callable[[Sequence[Columns], Limits], Evidence]] = {
    "beats_shuffled": _beats,
    "beats_text_only": _beats,
    "above_chance": _above_chance,
    "above_baselines": _above_baselines,
    _STABLE: _stable,
}
