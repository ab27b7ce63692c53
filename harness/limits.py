"""What is declared before a run, and what of a measurement may be reported under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness import canary
from harness.records import Answer, Measurement, Unread

ALPHA = 0.05


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
    kept : float
        Smallest share of answers that stay under option rotation, for a model to be called stable.
    confound : float
        Largest difference of a mode's unread rate from that of image_text, beyond which a comparison of the two may
        measure the format of the replies.
    canary, canary_exact : float
        How far the reply to a row asked again alone may be from its batched one, in nats a token: where the model
        computes in 16 bits or that is not known, and where it computes in float32. `harness.canary` says why.
    canary_share : float
        Largest share of the rows asked again that may be read otherwise for a near tie, or where a server tells no
        log-probabilities.
    equivalence : float
        Share of equal readings that two engines of one checkpoint have to exceed, to be called equivalent.
    """

    unread: float = 0.10
    same: float = 0.05
    margin: float = 0.02
    kept: float = 0.75
    confound: float = 0.02
    canary: float = 0.25
    canary_exact: float = 0.01
    canary_share: float = 0.25
    equivalence: float = 0.99


def faults(measurement: Measurement, limits: Limits) -> tuple[str, ...]:
    """Say every reason why the number of a measurement may not be reported; none where it may."""
    if measurement.status == "refused":
        return (f"the rows were refused: {measurement.refusal}",)
    answers = measurement.answers
    failed = [a for a in answers if a.reply.finish == "failed"]
    blind = without_receipt(answers)
    unread = sum(isinstance(a.reading, Unread) for a in answers if a.points)
    what = "rows" if measurement.draws == 1 else f"rows x {measurement.draws} derangements"
    found = []
    if not answers:
        found.append("no row was asked")
    if failed:
        cause = failed[0].reply.error
        found.append(f"{len(failed)} of {len(answers)} {what} failed, first row {failed[0].row.id}: {cause}")
    if blind:
        found.append(
            f"{len(blind)} of {len(answers)} {what} have no receipt for their images, first row {blind[0].row.id}"
        )
    if unread > limits.unread * len(answers):
        found.append(f"{unread} of {len(answers)} replies are unread, but at most {100 * limits.unread:g} % may be")
    return (*found, *canary.faults(measurement, limits))


def without_receipt(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return the answered rows that show images for which no receipt came back."""
    return tuple(
        a for a in answers if a.row.images and a.reply.finish != "failed" and len(a.reply.receipts) < len(a.row.images)
    )


def zero_image_rows(answers: Sequence[Answer]) -> int:
    """Count the rows that the model was given no image for, by receipt."""
    return sum(not a.reply.receipts for a in answers)
