"""From estimates and differences to verdicts in fixed, conservative wording.

A verdict is one of four. *Supported*: interval and test agree at the stated level. *Refuted*: the opposite is
shown, or the effect is shown to be smaller than the margin. *Undecided*: valid, and too little evidence; always
said with the smallest difference that this many rows could have shown. *Invalid*: a precondition of the
measurement failed, so nothing is concluded. No sentence says more than the rows that were asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Answer, Claim, Difference, Estimate, Measurement, Unread, Verdict

ALPHA = 0.05
CLOSING = "This is not evidence of clinical safety or utility."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is declared before a run and written into its report.

    Attributes
    ----------
    unread : float
        Largest share of unread rows with which a number may be reported.
    same : float
        Margin of "about the same" in the ablations, in points of score.
    margin : float
        How much worse a candidate may be at a release gate.
    """

    unread: float = 0.10
    same: float = 0.05
    margin: float = 0.02


def faults(measurement: Measurement, limits: Limits) -> tuple[str, ...]:
    """Say every reason why the number of a measurement may not be reported; none where it may."""
    if measurement.status == "refused":
        return (f"the rows were refused: {measurement.refusal}",)
    answers = measurement.answers
    failed = [a for a in answers if a.reply.finish == "failed"]
    blind = without_receipt(answers)
    unread = sum(isinstance(a.reading, Unread) for a in answers if a.points)
    found = []
    if not answers:
        found.append("no row was asked")
    if failed:
        cause = failed[0].reply.error
        found.append(f"{len(failed)} of {len(answers)} rows failed, first row {failed[0].row.id}: {cause}")
    if blind:
        found.append(
            f"{len(blind)} of {len(answers)} rows have no receipt for their images, first row {blind[0].row.id}"
        )
    if unread > limits.unread * len(answers):
        found.append(f"{unread} of {len(answers)} replies are unread, but at most {100 * limits.unread:g} % may be")
    return tuple(found)


def without_receipt(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return the answered rows that show images for which no receipt came back."""
    return tuple(
        a for a in answers if a.row.images and a.reply.finish != "failed" and len(a.reply.receipts) < len(a.row.images)
    )


def zero_image_rows(answers: Sequence[Answer]) -> int:
    """Count the rows that the model was given no image for, by receipt."""
    return sum(not a.reply.receipts for a in answers)


def points(value: float) -> str:
    """Return a signed difference in percentage points, such as ``+12.0 points``."""
    return f"{100 * value:+.1f} points"


def span(low: float, high: float) -> str:
    """Return an interval of differences, such as ``+1.3 to +21.0``."""
    return f"{100 * low:+.1f} to {100 * high:+.1f}"


def shown(difference: Difference) -> str:
    """Return a difference with everything that belongs beside it."""
    return (
        f"{points(difference.value)} ({100 * difference.level:g} % CI {span(difference.low, difference.high)}, "
        f"{difference.method}; p = {difference.p:.3g}, {difference.test}; n = {difference.n}, "
        f"{difference.clusters} clusters)"
    )


def percent(estimate: Estimate) -> str:
    """Return an estimate with everything that belongs beside it."""
    return (
        f"{100 * estimate.value:.1f} % ({100 * estimate.level:g} % CI {100 * estimate.low:.1f} to "
        f"{100 * estimate.high:.1f}, {estimate.method}; n = {estimate.n}, {estimate.clusters} clusters)"
    )


def invalid(name: str, measurement: Measurement, why: str) -> Claim:
    """Return a claim about which nothing is concluded."""
    sentence = f"Nothing is concluded about {measurement.case.model} on {measurement.title}: {why}."
    return _claim(name, measurement, "invalid", sentence, why=why)


def _claim(
    name: str,
    measurement: Measurement,
    verdict: Verdict,
    sentence: str,
    *,
    difference: Difference | None = None,
    estimate: Estimate | None = None,
    why: str = "",
) -> Claim:
    return Claim(
        name=name,
        benchmark=measurement.case.benchmark,
        model=measurement.case.model,
        verdict=verdict,
        sentence=sentence,
        difference=difference,
        estimate=estimate,
        why=why,
    )


def saw_images(measurement: Measurement, limits: Limits) -> Claim:
    """Claim that every row of the image mode reached the model with all of its images."""
    broken = faults(measurement, limits)
    answers, case = measurement.answers, measurement.case
    proven = sum(bool(a.reply.receipts) and len(a.reply.receipts) == len(a.row.images) for a in answers)
    tokens = sum(receipt.tokens for a in answers for receipt in a.reply.receipts)
    images = sum(len(a.row.images) for a in answers)
    holds = bool(answers) and proven == len(answers)
    sentence = (
        f"{proven} of {len(answers)} rows of {measurement.title} reached {case.model} with all of their images "
        f"({images} images, {tokens} image tokens counted in the tensors it was given)."
    )
    if measurement.status == "refused":
        return invalid("saw_images", measurement, broken[0])
    return _claim("saw_images", measurement, "supported" if holds else "refuted", sentence)


def beats(
    name: str, first: Measurement, second: Measurement, difference: Difference, *, same_p: float, limits: Limits
) -> Claim:
    """Claim that a model scores higher in one mode than in another.

    Parameters
    ----------
    name : str
        ``beats_shuffled`` or ``beats_text_only``.
    difference : Difference
        Of the first minus the second, row by row.
    same_p : float
        p-value of the two one-sided tests that the difference is within ``limits.same``.
    """
    verdict = _superior(difference, same_p)
    other = {
        "shuffled": "the images of other rows",
        "text_only": "no image",
        "blank": "grey images",
    }.get(second.case.mode, second.case.mode)
    head = f"On {first.title}, {first.case.model} with the right images scored {shown(difference)} against {other}."
    tail = {
        "supported": "The score depended on the matching image."
        if second.case.mode == "shuffled"
        else "The image raised the score.",
        "refuted": _refuted(difference, limits),
        "undecided": _undecided(difference),
    }[verdict]
    return _claim(name, first, verdict, f"{head} {tail} {CLOSING}", difference=difference)


def _superior(difference: Difference, same_p: float) -> Verdict:
    if difference.low > 0 and difference.p <= ALPHA:
        return "supported"
    if (difference.high < 0 and difference.p <= ALPHA) or same_p <= ALPHA:
        return "refuted"
    return "undecided"


def _refuted(difference: Difference, limits: Limits) -> str:
    if difference.high < 0:
        return "The score was lower with the right images."
    return f"The images changed the score by less than {100 * limits.same:g} points (equivalence shown)."


def _undecided(difference: Difference) -> str:
    return (
        f"Undecided: effects from {span(difference.low, difference.high)} points are compatible with these rows; "
        f"{difference.n} rows could have shown a difference of {100 * difference.detectable:.1f} points."
    )


def above_chance(measurement: Measurement, estimate: Estimate, chance: float, p: float, limits: Limits) -> Claim:
    """Claim that the score is above a blind guess.

    Parameters
    ----------
    chance : float
        Expected score of a blind guess over these rows.
    p : float
        One-sided p-value of a score this high by blind guessing.
    """
    verdict: Verdict = "undecided"
    if estimate.low > chance and p <= ALPHA / 2:
        verdict = "supported"
    elif estimate.high < chance + limits.same and estimate.low <= chance:
        verdict = "refuted"
    what = {
        "supported": "above",
        "refuted": f"not above, or by less than {100 * limits.same:g} points,",
        "undecided": "not shown to be above",
    }[verdict]
    sentence = (
        f"On {measurement.title}, {measurement.case.model} scored {percent(estimate)}, {what} the "
        f"{100 * chance:.1f} % of a blind guess (one-sided p = {p:.3g}). {CLOSING}"
    )
    return _claim("above_chance", measurement, verdict, sentence, estimate=estimate)


def above_prior(measurement: Measurement, difference: Difference, prior: str, same_p: float, limits: Limits) -> Claim:
    """Claim, where answers are words, that the score is above that of the best constant answers."""
    verdict = _superior(difference, same_p)
    tail = {
        "supported": "The score is above that prior.",
        "refuted": _refuted(difference, limits)
        .replace("with the right images", "than that prior")
        .replace("The images changed the score by", "The score is within"),
        "undecided": _undecided(difference),
    }[verdict]
    head = f"On {measurement.title}, {measurement.case.model} scored {shown(difference)} against {prior}."
    sentence = f"{head} {tail} {CLOSING}"
    return _claim("above_chance", measurement, verdict, sentence, difference=difference)


def stable_under_rotation(
    measurement: Measurement, difference: Difference, consistency: float, limits: Limits
) -> Claim:
    """Claim that moving the options does not lower the score by the margin or more.

    Parameters
    ----------
    difference : Difference
        Published order minus the mean of the rotations, row by row, with a 90 % interval (two one-sided tests).
    consistency : float
        Share of rows whose reading is the same option in every order.
    """
    verdict: Verdict = "undecided"
    if -limits.same < difference.low and difference.high < limits.same:
        verdict = "supported"
    elif difference.low > limits.same or difference.high < -limits.same:
        verdict = "refuted"
    tail = {
        "supported": f"Moving the options changed the score by less than {100 * limits.same:g} points.",
        "refuted": "The score depends on where an option stands.",
        "undecided": _undecided(difference),
    }[verdict]
    sentence = (
        f"On {measurement.title}, {measurement.case.model} scored {shown(difference)} in the published order "
        f"against the mean of its rotations; {100 * consistency:.1f} % of the rows got the same option in every order. "
        f"{tail} {CLOSING}"
    )
    return _claim("stable_under_rotation", measurement, verdict, sentence, difference=difference)


def gate(
    candidate: Measurement,
    baseline: Measurement,
    difference: Difference,
    *,
    lower: float,
    policy: str,
    limits: Limits,
) -> Claim:
    """Release gate: the candidate is not worse than the baseline by the margin, or is better.

    Parameters
    ----------
    lower : float
        One-sided 95 % lower bound of candidate minus baseline.
    policy : str
        ``not_worse`` or ``better``.
    """
    better = difference.low > 0 and difference.p <= ALPHA
    not_worse = lower > -limits.margin
    passed = better if policy == "better" else not_worse
    worse = difference.high < (0 if policy == "better" else -limits.margin)
    verdict: Verdict = "supported" if passed else "refuted" if worse else "undecided"
    aim = "higher" if policy == "better" else f"not lower by {100 * limits.margin:g} points or more"
    tail = {
        "supported": f"It is {aim}.",
        "refuted": f"It is not {aim}.",
        "undecided": f"It is not shown to be {aim}. {_undecided(difference)}",
    }[verdict]
    sentence = (
        f"On {candidate.title}, {candidate.case.model} scored {shown(difference)} against {baseline.case.model}, "
        f"one-sided {100 * (1 - ALPHA):g} % lower bound {points(lower)}. {tail} {CLOSING}"
    )
    return _claim(f"gate_{policy}", candidate, verdict, sentence, difference=difference)
