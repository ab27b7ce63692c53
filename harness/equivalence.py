"""Two engines of one checkpoint over the same rows: which replies differ, and whether what was read does.

    measurement by one engine, measurement by another -> ``equivalence`` -> counts, shares, every row that differs

A faster engine, a larger batch or a server may change what a model says. The suite does not ask whether it should: it
asks both the same prompts and counts. The verdict speaks of the rows that were asked, and of no others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness import canary, claim, stats
from harness.canary import distance
from harness.errors import NotComparable, NotEstimable
from harness.limits import Limits, faults
from harness.records import Answer, Difference, Estimate, Measurement, Verdict
from harness.side_by_side import Pairs, by_row, clusters, paired, read_as, scores

_DECODING = re.compile(r"([\w .]+?)=(.*?)(?:, (?=[\w .]+=)|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A row on which two engines differ in text, reading or points.

    Attributes
    ----------
    row : str
        Row id.
    draw : int
        Which derangement.
    first, second : str
        Both replies, whole.
    first_read, second_read : str
        What was read; ``unread: <why>`` or ``failed`` where nothing was.
    near_tie : bool
        Whether either reply had a lead within the tolerance of `harness.canary`, so that noise may be why.
    """

    row: str
    draw: int
    first: str
    second: str
    first_read: str
    second_read: str
    near_tie: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """Two engines over the same rows.

    Attributes
    ----------
    benchmark, title, mode, first, second : str
        What was compared; ``first`` and ``second`` are models.
    replies, rows, clusters : int
        Replies of each, rows, clusters.
    same_replies, same_readings : int
        Replies that are equal to the character; replies that were read alike, or are unread for the same reason.
    points_differ, receipts_differ, tokens_differ : int
        Replies with other points; with receipts for other images; with another number of image tokens.
    alike : Estimate or None
        Share of equal readings, by cluster; None where no interval can be given.
    difference : Difference or None
        First score minus second; None where it cannot be given.
    logprob : float or None
        Largest difference of the log-probabilities of one text, in nats; None where not both are known.
    one_sided : tuple of str
        Settings of decoding that only one of the two names.
    apart : tuple of Apart
        Every reply that differs.
    limit : float
        Declared share of equal readings.
    verdict : Verdict
        As `harness.claim` means it.
    why : str
        For ``invalid``: the precondition that failed.
    """

    benchmark: str
    title: str
    mode: str
    first: str
    second: str
    replies: int
    rows: int
    clusters: int
    same_replies: int
    same_readings: int
    points_differ: int
    receipts_differ: int
    tokens_differ: int
    alike: Estimate | None
    difference: Difference | None
    logprob: float | None
    one_sided: tuple[str, ...]
    apart: tuple[Apart, ...]
    limit: float
    verdict: Verdict
    why: str


def equivalence(first: Measurement, second: Measurement, limits: Limits) -> Equivalence:
    """Compare what two engines said to the same prompts.

    Parameters
    ----------
    first, second : Measurement
        Of the same rows, mode and prompts.
    limits : Limits
        ``equivalence`` is the share of equal readings whose lower bound has to be exceeded, where not every reply was
        read alike.

    Raises
    ------
    NotComparable
        Where rows, images, prompts, mode, or a setting of decoding that both name differ; or where nothing was asked.
    """
    pairs = paired(first, second, but=("decoding",))
    one_sided = _one_sided(first, second)
    alike = [read_as(a) == read_as(b) for a, b in pairs]
    found, why = _share(alike, pairs, first.draws), _why(first, second, pairs, limits)
    exact = canary.exact(first) and canary.exact(second)
    tie = limits.canary_exact if exact else limits.canary
    same_texts = [(a, b) for a, b in pairs if a.reply.text == b.reply.text]
    known = [d for a, b in same_texts if (d := distance(a.reply, b.reply)) is not None]
    differ = [dict(a.points) != dict(b.points) for a, b in pairs]
    return Equivalence(
        benchmark=first.case.benchmark,
        title=first.title,
        mode=first.case.mode,
        first=first.case.model,
        second=second.case.model,
        replies=len(pairs),
        rows=len(pairs) // first.draws,
        clusters=len({a.row.cluster for a, _ in pairs}),
        same_replies=len(same_texts),
        same_readings=sum(alike),
        points_differ=sum(differ),
        receipts_differ=sum(_digests(a) != _digests(b) for a, b in pairs),
        tokens_differ=sum(_tokens(a) != _tokens(b) for a, b in pairs),
        alike=found,
        difference=_difference(pairs, first.draws),
        logprob=max(known, default=None),
        one_sided=one_sided,
        apart=tuple(
            _apart(a, b, tie)
            for (a, b), other, same in zip(pairs, differ, alike, strict=True)
            if other or not same or a.reply.text != b.reply.text
        ),
        limit=limits.equivalence,
        verdict=_verdict(found, whole=all(alike), why=why, limits=limits),
        why=why,
    )


def _why(first: Measurement, second: Measurement, pairs: Pairs, limits: Limits) -> str:
    """Return the precondition that failed; empty where none did."""
    found = [f"{m.case.id}: {fault}" for m in (first, second) for fault in faults(m, limits)]
    other = sum(_digests(a) != _digests(b) for a, b in pairs)
    if other and not found:
        found = [f"{other} of {len(pairs)} replies have receipts for other images"]
    return "; ".join(found)


def _verdict(share: Estimate | None, *, whole: bool, why: str, limits: Limits) -> Verdict:
    if why:
        return "invalid"
    if whole or (share is not None and share.low > limits.equivalence):
        return "supported"
    return "refuted" if share is not None and share.high < limits.equivalence else "inconclusive"


# ------------------------------------------------------------------------------------- what may be compared


def _one_sided(first: Measurement, second: Measurement) -> tuple[str, ...]:
    """Return the settings of decoding that only one of two engines names; raise where one that both name differs."""
    one, other = (dict(_DECODING.findall(m.harness.decoding)) for m in (first, second))
    unlike = [f"{name} ({one[name]} and {other[name]})" for name in one if other.get(name, one[name]) != one[name]]
    if unlike:
        raise NotComparable(
            f"{first.case.id} and {second.case.id}: decode with another {', '.join(unlike)}, but two engines are "
            "compared under one decoding. Measure both again with the same."
        )
    alone = {**one, **other}.items()
    return tuple(sorted(f"{name}={value}" for name, value in alone if (name in one) != (name in other)))


# ------------------------------------------------------------------------------------------------ the numbers


def _share(alike: Sequence[bool], pairs: Pairs, draws: int) -> Estimate | None:
    try:
        return stats.estimate(by_row([float(each) for each in alike], draws), clusters(pairs, draws))
    except NotEstimable:
        return None


def _difference(pairs: Pairs, draws: int) -> Difference | None:
    points = scores(pairs, draws)
    try:
        return None if points is None else stats.difference(*points, clusters(pairs, draws))
    except NotEstimable:
        return None


def _apart(a: Answer, b: Answer, tie: float) -> Apart:
    leads = [answer.reply.lead for answer in (a, b) if answer.reply.lead is not None]
    return Apart(
        row=a.row.id,
        draw=a.draw,
        first=a.reply.text,
        second=b.reply.text,
        first_read=read_as(a),
        second_read=read_as(b),
        near_tie=min(leads, default=float("inf")) <= tie,
    )


def _digests(answer: Answer) -> list[str]:
    return [receipt.digest for receipt in answer.reply.receipts]


def _tokens(answer: Answer) -> list[int]:
    return [receipt.tokens for receipt in answer.reply.receipts]


# ----------------------------------------------------------------------------------------------- the wording


def sentence(found: Equivalence) -> str:
    """Return the only sentence in which an equivalence may be quoted."""
    where = f"On {found.title}, {found.mode}"
    if found.verdict == "invalid":
        return f"{where}: nothing is concluded about the engines {found.first} and {found.second}: {found.why}."
    share = "no interval can be given" if found.alike is None else claim.percent(found.alike)
    head = (
        f"{where}, the replies of {found.first} and {found.second} to {found.replies} prompts were read alike in "
        f"{found.same_readings}: {share}; {found.same_replies} agree to the character."
    )
    moved = "" if found.difference is None else f" Score, first minus second: {claim.shown(found.difference)}."
    tail = "whole" if found.same_readings == found.replies else found.verdict
    return f"{head}{moved} {_TAIL[tail].format(limit=100 * found.limit)} {claim.CLOSING}"


_TAIL = {
    "whole": "On these rows every reply was read alike; of other rows nothing is said.",
    "supported": (
        "On these rows at least {limit:g} % of the replies were read alike, by the lower end of the interval; of other "
        "rows nothing is said."
    ),
    "refuted": "On these rows fewer than {limit:g} % of the replies were read alike.",
    "inconclusive": "Inconclusive: that at least {limit:g} % of the replies are read alike is not shown.",
}
