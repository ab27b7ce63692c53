"""From typed evidence to verdicts in fixed, conservative wording.

A verdict is one of four. *Supported*: interval and test agree at the stated level, after Holm within the declared
family. *Refuted*: the opposite is shown, or the effect is shown to be smaller than the declared margin; a refutation
is at its own level of 5 %. *Inconclusive*: valid, and too little evidence; always said with the smallest difference
that this many rows could have shown, and the rows that would be needed. *Invalid*: a precondition of the measurement
failed, so nothing is concluded. No sentence says more than the rows that were asked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.limits import ALPHA, Limits
from harness.records import Claim, Difference, Estimate, Verdict

if TYPE_CHECKING:
    from harness.evidence import Evidence
    from harness.judge import Gate

CLOSING = "This is not evidence of clinical safety or utility."


def points(value: float) -> str:
    """Return a signed difference in percentage points, such as ``+12.0 points``."""
    return f"{100 * value:+.1f} points"


def span(low: float, high: float) -> str:
    """Return an interval of differences, such as ``+1.3 to +21.0``."""
    return f"{100 * low:+.1f} to {100 * high:+.1f}"


def shown(difference: Difference, adjusted: str = "") -> str:
    """Return a difference with everything that belongs beside it."""
    return (
        f"{points(difference.value)} ({100 * difference.level:g} % CI {span(difference.low, difference.high)}, "
        f"{difference.method}; p = {difference.p:.3g}{adjusted}, {difference.test}; n = {difference.n}, "
        f"{difference.clusters} clusters)"
    )


def percent(estimate: Estimate) -> str:
    """Return an estimate with everything that belongs beside it."""
    return (
        f"{100 * estimate.value:.1f} % ({100 * estimate.level:g} % CI {100 * estimate.low:.1f} to "
        f"{100 * estimate.high:.1f}, {estimate.method}; n = {estimate.n}, {estimate.clusters} clusters)"
    )


def worded(evidence: Evidence, adjusted: float | None, family: int, limits: Limits) -> Claim:
    """Return the verdict on a claim, and the only sentence in which it may be quoted.

    Parameters
    ----------
    evidence : Evidence
        What the claim rests on.
    adjusted : float or None
        Its p-value after Holm within its family; None where it is in none.
    family : int
        Number of claims in the family.
    """
    verdict = "invalid" if evidence.why else _verdict(evidence, 1.0 if adjusted is None else adjusted, limits)
    return Claim(
        name=evidence.name,
        benchmark=evidence.case.benchmark,
        model=evidence.case.model,
        verdict=verdict,
        sentence=_sentence(evidence, verdict, adjusted, family, limits),
        modes=evidence.modes,
        difference=evidence.difference,
        estimate=evidence.estimate,
        p=evidence.p,
        adjusted=adjusted,
        family=family if adjusted is not None else 0,
        rows_needed=_rows_needed(evidence, limits) if verdict == "inconclusive" else 0,
        why=evidence.why,
    )


def _verdict(evidence: Evidence, adjusted: float, limits: Limits) -> Verdict:
    if evidence.name == "saw_images":
        return "supported" if evidence.holds else "refuted"
    if evidence.kept is not None:
        return _stable(evidence, evidence.kept, adjusted, limits)
    if evidence.difference is not None:
        return _higher(evidence.difference, evidence.same, adjusted)
    assert evidence.estimate is not None
    if evidence.estimate.low > evidence.level and adjusted <= ALPHA:
        return "supported"
    below = evidence.estimate.high < evidence.level + limits.same and evidence.estimate.low <= evidence.level
    return "refuted" if below else "inconclusive"


def _higher(difference: Difference, same: float, adjusted: float) -> Verdict:
    if difference.low > 0 and adjusted <= ALPHA:
        return "supported"
    if (difference.high < 0 and difference.p <= ALPHA) or same <= ALPHA:
        return "refuted"
    return "inconclusive"


def _stable(evidence: Evidence, kept: Estimate, adjusted: float, limits: Limits) -> Verdict:
    assert evidence.difference is not None
    if adjusted <= ALPHA and kept.low > limits.kept:
        return "supported"
    apart = evidence.difference.low > limits.same or evidence.difference.high < -limits.same
    return "refuted" if apart or kept.high < limits.kept else "inconclusive"


def _rows_needed(evidence: Evidence, limits: Limits) -> int:
    """Rows that would show an effect of the margin with 80 % power: what can be shown falls as the root of n."""
    difference = evidence.difference
    if difference is not None:
        return math.ceil(difference.n * (difference.detectable / limits.same) ** 2)
    assert evidence.estimate is not None
    half = (evidence.estimate.high - evidence.estimate.low) / 2
    # 2.80 standard errors are shown with 80 % power, and half the interval is 1.96 of them
    return math.ceil(evidence.estimate.n * (half * 2.80 / 1.96 / limits.same) ** 2)


# ------------------------------------------------------------------------------------------- the wording


def _sentence(evidence: Evidence, verdict: Verdict, adjusted: float | None, family: int, limits: Limits) -> str:
    if verdict == "invalid":
        return f"Nothing is concluded about {evidence.case.model} on {evidence.title}: {evidence.why}."
    if evidence.name == "saw_images":
        return f"{evidence.counted}."
    after = f", {adjusted:.3g} after Holm among {family} claims" if adjusted is not None and family > 1 else ""
    head = _HEAD.get(evidence.name, _scored)(evidence, after, limits)
    return " ".join(part for part in (head, _tail(evidence, verdict, limits), _stopped(evidence), CLOSING) if part)


def _scored(evidence: Evidence, after: str, limits: Limits) -> str:
    assert evidence.difference is not None
    draws = f" ({evidence.draws} derangements)" if "shuffled" in evidence.modes else ""
    with_images = " with the right images" if len(evidence.modes) > 1 else ""
    return (
        f"On {evidence.title}, {evidence.case.model}{with_images} scored {shown(evidence.difference, after)} against "
        f"{evidence.against}{draws}."
    )


def _chance(evidence: Evidence, after: str, limits: Limits) -> str:
    if evidence.estimate is None or evidence.difference is not None:
        return _scored(evidence, after, limits)
    return (
        f"On {evidence.title}, {evidence.case.model} scored {percent(evidence.estimate)}; {evidence.against} is right "
        f"in {100 * evidence.level:.1f} % (two-sided p = {evidence.p:.3g}{after})."
    )


def _turned(evidence: Evidence, after: str, limits: Limits) -> str:
    assert evidence.difference is not None
    assert evidence.kept is not None
    return (
        f"On {evidence.title}, {evidence.case.model} scored {shown(evidence.difference)} in the published order "
        f"against {evidence.against}, and kept its answer in {percent(evidence.kept)} of them; less than "
        f"{100 * limits.same:g} points apart and at least {100 * limits.kept:g} % kept: p = {evidence.p:.3g}{after}."
    )


_HEAD = {"above_chance": _chance, "stable_under_rotation": _turned}


def _tail(evidence: Evidence, verdict: Verdict, limits: Limits) -> str:
    if verdict == "inconclusive":
        return _inconclusive(evidence, limits)
    if verdict == "supported":
        return _SUPPORTED[evidence.name].format(same=f"{100 * limits.same:g}", kept=f"{100 * limits.kept:g}")
    return _refuted(evidence, limits)


_SUPPORTED = {
    "beats_shuffled": "The score depended on the matching image.",
    "beats_text_only": "The score was higher with the images than without.",
    "above_chance": "The score is above that.",
    "above_baselines": "The score is above that.",
    "stable_under_rotation": (
        "Moving the options changed the score by less than {same} points, and at least {kept} % of the answers stayed."
    ),
}


def _refuted(evidence: Evidence, limits: Limits) -> str:
    difference = evidence.difference
    if evidence.kept is not None:
        assert difference is not None
        if difference.low > limits.same:
            return "The score collapses under rotation: it depends on where an option stands."
        if difference.high < -limits.same:
            return "The score is higher when the options are moved: it depends on where an option stands."
        return f"Fewer than {100 * limits.kept:g} % of the answers stayed: they depend on where an option stands."
    if difference is None:
        return f"The score is not above that, or by less than {100 * limits.same:g} points."
    if difference.high < 0 and difference.p <= ALPHA:
        return "The score was lower." if len(evidence.modes) == 1 else "The score was lower with the right images."
    if len(evidence.modes) == 1:
        return f"The score is within {100 * limits.same:g} points of that (equivalence shown)."
    return f"The images changed the score by less than {100 * limits.same:g} points (equivalence shown)."


def _inconclusive(evidence: Evidence, limits: Limits) -> str:
    needed, difference = _rows_needed(evidence, limits), evidence.difference
    if difference is None:
        assert evidence.estimate is not None
        low, high = evidence.estimate.low - evidence.level, evidence.estimate.high - evidence.level
        could = f"to show {100 * limits.same:g} points"
    else:
        low, high = difference.low, difference.high
        could = (
            f"{difference.n} rows could have shown a difference of {100 * difference.detectable:.1f} points; to show "
            f"{100 * limits.same:g} points"
        )
    return (
        f"Inconclusive: effects from {span(low, high)} points are compatible with these rows. "
        f"{could[0].upper()}{could[1:]} with 80 % power, about {needed} rows are needed."
    )


def _stopped(evidence: Evidence) -> str:
    if not evidence.sequential:
        return ""
    if evidence.asked < evidence.published:
        return (
            f"Stopped after {evidence.asked} of {evidence.published} rows, asked in random order; the accuracy shown "
            "is for those, with an interval that holds at any stopping time."
        )
    return "All rows were asked under a rule that could have stopped earlier; its intervals are wider for that."


# ------------------------------------------------------------------------------------------------ gates


def gated(gate: Gate, adjusted: float, family: int, *, policy: str, limits: Limits) -> Claim:
    """Return the verdict on one candidate at the release gate, and its sentence.

    Parameters
    ----------
    adjusted : float
        p-value after Holm among the candidates.
    policy : str
        ``not_worse`` (by more than the declared margin) or ``better``.
    """
    candidate, baseline, difference = gate.candidate, gate.baseline, gate.difference
    verdict: Verdict = "invalid" if gate.why else "inconclusive"
    sentence = f"Nothing is concluded about {candidate.case.model} on {candidate.title}: {gate.why}."
    if difference is not None:
        aim = "higher" if policy == "better" else f"not lower by {100 * limits.margin:g} points or more"
        bar = 0.0 if policy == "better" else -limits.margin
        passed = adjusted <= ALPHA and (difference.low if policy == "better" else gate.lower) > bar
        verdict = "supported" if passed else "refuted" if difference.high < bar else "inconclusive"
        tail = {
            "supported": f"It is {aim}.",
            "refuted": f"It is lower by more than {100 * abs(bar):g} points." if bar else "It is lower.",
            "inconclusive": f"It is not shown to be {aim}. {_unsure(gate, difference, policy)}",
        }[verdict]
        after = f", {adjusted:.3g} after Holm among {family} candidates" if family > 1 else ""
        sentence = (
            f"On {candidate.title}, {candidate.case.model} scored {shown(difference)} against {baseline.case.model}; "
            f"one-sided {100 * (1 - ALPHA):g} % lower bound {points(gate.lower)}, p = {gate.p:.3g}{after} for '{aim}'. "
            f"{tail} {CLOSING}"
        )
    return Claim(
        name=f"gate_{policy}",
        benchmark=candidate.case.benchmark,
        model=candidate.case.model,
        verdict=verdict,
        sentence=sentence,
        modes=(candidate.case.mode,),
        difference=difference,
        p=gate.p if difference is not None else None,
        adjusted=adjusted if difference is not None else None,
        family=family,
        rows_needed=gate.rows_needed if verdict == "inconclusive" else 0,
        why=gate.why,
    )


def _unsure(gate: Gate, difference: Difference, policy: str) -> str:
    could = (
        f"Differences from {span(difference.low, difference.high)} points are compatible with these rows; "
        f"{difference.n} rows could have shown one of {100 * difference.detectable:.1f} points."
    )
    if policy == "better" or not gate.rows_needed:
        return could
    return f"{could} Where both are right equally often in truth, about {gate.rows_needed} rows would show it."
