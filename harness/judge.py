"""From evidence to claims: the claims of a run are one declared family, and Holm is taken within it.

A claim whose rows were refused, or whose data are not here, was never asked, and leaves the family before the first
row. One that was asked and may not be reported stays in it with p = 1, so that no outcome makes the family smaller.
A control is judged alone, without adjustment: it has to be refused even so. Release gates have families of their own,
one a benchmark, over the candidates that are held against the baseline; a release needs every benchmark, so nothing is
adjusted across those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness import claim, sequential, stats
from harness.columns import Columns, aligned, contrast, in_step, objection
from harness.evidence import Evidence
from harness.limits import ALPHA, Limits
from harness.records import Claim, Difference

FEW_DISCORDANT = 25
"""Below so many discordant rows a gate takes the exact McNemar test."""


def family(evidence: Sequence[Evidence], limits: Limits) -> list[Claim]:
    """Return the verdicts on the claims of one family, in the order given."""
    inside = [each for each in evidence if each.p is not None]
    adjusted = dict(zip(map(id, inside), stats.holm([each.p for each in inside if each.p is not None]), strict=True))
    return [claim.worded(each, adjusted.get(id(each)), len(inside), limits) for each in evidence]


def settled(evidence: Evidence, family: int, limits: Limits) -> bool:
    """Whether a claim that may stop early is decided at its share of the level: alpha over the size of its family."""
    if evidence.p is None or evidence.why:
        return False
    adjusted = min(1.0, max(family, 1) * evidence.p)
    return claim.worded(evidence, adjusted, family, limits).verdict != "inconclusive"


def alone(evidence: Evidence, limits: Limits) -> Claim:
    """Return the verdict on a claim that is in no family, such as one about a control."""
    return family([evidence], limits)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A candidate held against the baseline, before its verdict.

    Attributes
    ----------
    candidate, baseline : Columns
        Of image_text.
    why : str
        Why the two may not be compared; empty where they may.
    difference : Difference or None
        Candidate minus baseline.
    p : float
        One-sided, of 'not worse by the margin' or 'better', as the policy asks; 1 where they may not be compared.
    lower : float
        One-sided 95 % lower bound of the difference.
    rows_needed : int
        Rows at which the margin would be shown with 80 % power, were there no true difference.
    """

    candidate: Columns
    baseline: Columns
    why: str = ""
    difference: Difference | None = None
    p: float = 1.0
    lower: float = -1.0
    rows_needed: int = 0


def gate(candidate: Columns, baseline: Columns, *, policy: str, limits: Limits) -> Gate:
    """Return the evidence of a release gate.

    Parameters
    ----------
    policy : str
        ``not_worse`` or ``better``.
    """
    candidate, baseline = in_step(candidate, baseline)
    why = objection([candidate, baseline])
    if why:
        return Gate(candidate=candidate, baseline=baseline, why=why)
    left, right = candidate.mean, aligned(candidate, baseline).mean
    if candidate.sequential:
        difference = contrast(candidate, left, right)
        p = sequential.not_worse(left, right, candidate.clusters, candidate.sizes, margin=limits.margin)
        lower, needed = difference.low, 0
    else:
        difference = stats.difference(left, right, candidate.clusters, exact_below=FEW_DISCORDANT)
        bound = stats.not_worse(left, right, candidate.clusters, margin=limits.margin, alpha=ALPHA)
        p, lower, needed = bound.p, bound.lower, bound.rows_needed
    if policy == "better":
        p = difference.p if difference.low > 0 else 1.0
    return Gate(candidate=candidate, baseline=baseline, difference=difference, p=p, lower=lower, rows_needed=needed)


def gates(held: Sequence[Gate], *, policy: str, limits: Limits) -> list[Claim]:
    """Return the verdicts on all candidates at the gate of one benchmark: a family of their own."""
    adjusted = stats.holm([each.p for each in held])
    return [
        claim.gated(each, p, len(held), policy=policy, limits=limits) for each, p in zip(held, adjusted, strict=True)
    ]
