"""Rows asked again alone: what proves that batching, padding, caches and reuse changed no reply.

    rows of a case -> ``choose`` -> asked again alone -> ``Canary`` -> ``differs`` -> ``held`` -> faults of the case

An engine that mixes rows up still returns fluent replies, and its score looks like any other. So a seeded draw of the
rows of a case is asked a second time by the plainest way that the model has, and both replies have to agree: in what
they say, in the log-probability with which it was said, and in the images that stand behind it.

What a draw of ``size`` rows finds. Of ``rows`` rows let ``mixed`` have the reply of another row, and let a wrong reply
be another letter with probability v (0.8 where five letters are equally likely). The chance that it shows is
``1 - sum_j B(j; mixed, v) C(rows - j, size) / C(rows, size)``, about ``1 - (1 - v * mixed / rows) ** size``. For 100
rows and batches of 8:

======================================  =====  =======  =======  =======  =======
fault                                   mixed  size 8   size 16  size 24  size 32
======================================  =====  =======  =======  =======  =======
two rows of every batch are swapped        26   0.85     0.98    > 0.99   > 0.99
all but the first get its image            87  > 0.99   > 0.99   > 0.99   > 0.99
the last of a batch gets a neighbour's     13   0.60     0.85     0.95     0.98
======================================  =====  =======  =======  =======  =======

Where log-probabilities are known, a wrong reply that says the same letter shows as well (v near 1; the last line is
then 0.91 at 16). A reply that is missing altogether is no matter of chance: replies are counted.

What may differ. The order in which floats are added depends on the shape of a batch. In float32 that moved the
log-probability of a token by at most 4e-6 (nine tiny architectures and the shipped control model, batch 8 against 1),
and that of a reply of six tokens by 8e-6 (fourteen of them, with pictures and beginnings shared). In bfloat16 it was
0.031 a token at logits up to 4.4, and 0.061 a reply: one spacing of its floats there, which is 0.125 at the logits of
16 to 32 that large models have, and a lead is a difference of two. So the tolerance is 0.25, and 0.01 in float32, with
room for convolutions in TF32. A reply whose lead over the second most likely token is within the tolerance may fall
either way; a server batches as its load has it, and tells no lead. Both kinds may be read otherwise in a declared
share only.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.codec import label
from harness.reading import read
from harness.records import Answer, Canary, Measurement, Reply

if TYPE_CHECKING:
    from harness.limits import Limits

SIZE, FEWEST, SHARE = 16, 4, 0.05
"""Rows of a case that are asked again, unless declared otherwise: this share, but at least so many and at most so many.

Alone a row costs several times what it costs in a batch. With a share, a small case costs little more; its modes have
canaries of their own each, and a fault of the engine is one of all modes.
"""

CAUSE = "padding, cache or engine mixed up rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What asking again said of one row.

    Attributes
    ----------
    kind : str
        ``same``; ``excused`` where the replies differ and noise may be why; ``other`` where it is not; ``failed`` where
        no reply came back alone, so that nothing is known.
    why : str
        How they differ, or the cause; empty for ``same``.
    """

    kind: Literal["same", "excused", "other", "failed"]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All canaries of a case together.

    Attributes
    ----------
    asked, same : int
        Rows asked again; those that came back the same.
    alike, ties : int
        Rows whose replies differ as noise may have it: those read alike, and those read otherwise.
    other : int
        Rows that came back otherwise for no such reason.
    failed : int
        Rows that did not come back.
    first, why : str
        The first row that speaks against the case, and how; else the first that failed, and why; else empty.
    tolerance : float
        In nats, for one token.
    logprob : float or None
        Largest difference of two log-probabilities of one text, in nats; None where none is known.
    faulty : int
        Rows that speak against the case: ``other``, and ``ties`` where they are more than the declared share.
    """

    asked: int
    same: int
    alike: int
    ties: int
    other: int
    failed: int
    first: str
    why: str
    tolerance: float
    logprob: float | None
    faulty: int


def choose(labels: Iterable[str], *, seed: int, case: str, size: int = SIZE) -> tuple[str, ...]:
    """Draw the rows that are asked again.

    Parameters
    ----------
    labels : iterable of str
        Rows of the case by `harness.codec.label`, in any order.
    seed : int
        Of the run.
    case : str
        Id of the case.
    size : int
        Rows to draw, at least 0; 0 draws none.

    Returns
    -------
    tuple of str
        At most ``size`` of them, each once, in the order of their hashes. Those drawn of a part of the rows
        hold all that are drawn of the whole and stand in the part, so a case that is asked in several sittings has
        the canaries of one that was not.
    """
    ranked = sorted((hashlib.sha256(f"{seed}|canary|{case}|{one}".encode()).digest(), one) for one in set(labels))
    return tuple(one for _, one in ranked[:size])


def size(rows: int) -> int:
    """Return how many rows of a case are asked again where nothing else was declared."""
    return min(SIZE, max(FEWEST, math.ceil(SHARE * rows)))


def exact(measurement: Measurement) -> bool:
    """Say whether the model is known to have computed in float32 or better."""
    return measurement.provenance.get("model dtype", "") in ("float32", "float64")


def differs(canary: Canary, limits: Limits, *, exact: bool = False) -> str:
    """Say how a row came back otherwise than noise allows; empty where it did not.

    Parameters
    ----------
    canary : Canary
        Both replies.
    limits : Limits
        ``canary_exact`` and ``canary`` are the tolerances, in nats a token.
    exact : bool
        Whether the model is known to compute in float32.
    """
    found = compared(canary.batched, canary.alone, limits.canary_exact if exact else limits.canary)
    return found.why if found.kind == "other" else ""


def compared(batched: Reply, alone: Reply, tolerance: float) -> Found:
    """Hold two replies to one prompt against each other.

    Parameters
    ----------
    tolerance : float
        Of one token, in nats. Errors of tokens are taken to add as independent ones do, with the root of their
        number; for a score of likelihood, whose tokens are not known, with the root of its size.
    """
    if alone.finish == "failed":
        return Found(kind="failed", why=alone.error)
    unlike = _receipts(batched, alone) or _scores(batched.scores, alone.scores, tolerance)
    if unlike:
        return Found(kind="other", why=unlike)
    if _said(batched) == _said(alone):
        apart = 0.0 if batched.scores else distance(batched, alone) or 0.0
        if apart <= tolerance * max(1, alone.new_tokens) ** 0.5:
            return Found(kind="same")
        return Found(kind="other", why=f"the same text, but log-probabilities are {apart:.3g} nats apart")
    return _texts(batched, alone, tolerance)


def distance(batched: Reply, alone: Reply) -> float | None:
    """Return how far two log-probabilities are apart, in nats; None where either is unknown."""
    if batched.logprob is None or alone.logprob is None:
        return None
    return abs(batched.logprob - alone.logprob)


def _receipts(batched: Reply, alone: Reply) -> str:
    one, other = batched.receipts, alone.receipts
    if [(r.digest, r.tokens) for r in one] != [(r.digest, r.tokens) for r in other]:
        return f"receipts for {len(one)} images in the batch and {len(other)} alone are not the same"
    if any(a.tensor != b.tensor for a, b in zip(one, other, strict=True) if a.tensor and b.tensor):
        return "the pixels that the model was given are not the same"
    return ""


def _scores(batched: Sequence[float], alone: Sequence[float], tolerance: float) -> str:
    if len(batched) != len(alone):
        return f"{len(batched)} choices were scored in the batch and {len(alone)} alone"
    for place, (one, other) in enumerate(zip(batched, alone, strict=True), 1):
        if one != other and not abs(one - other) <= tolerance * max(1.0, abs(other)) ** 0.5:
            return f"choice {place} has a log-probability of {one:.4g} in the batch and {other:.4g} alone"
    return ""


def _texts(batched: Reply, alone: Reply, tolerance: float) -> Found:
    """Two texts that differ: by a near tie, by the load of a server, or by neither."""
    unlike = f"{_quoted(batched)} in the batch and {_quoted(alone)} alone"
    if batched.text == alone.text:
        unlike = f"{_quoted(alone)} both times, but after other reasoning or with another end"
    leads = [reply.lead for reply in (batched, alone) if reply.lead is not None]
    if batched.scores or (leads and min(leads) <= tolerance):
        return Found(kind="excused", why=f"{unlike}, a near tie")
    if leads:
        return Found(kind="other", why=f"{unlike}, with a lead of {min(leads):.3g} nats")
    served = batched.call is not None and alone.call is not None
    return Found(kind="excused" if served else "other", why=unlike)


def _said(reply: Reply) -> tuple[str, str, str]:
    return reply.text, reply.thinking, reply.finish


def _quoted(reply: Reply) -> str:
    text = " ".join(reply.text.split())
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"


def held(measurement: Measurement, limits: Limits) -> Held:
    """Hold every canary of a case against its batched reply.

    Parameters
    ----------
    limits : Limits
        Also ``canary_share``, the largest share of rows that may be read otherwise by a near tie, or because a
        server tells nothing of its noise; one row always may.
    """
    tolerance = limits.canary_exact if exact(measurement) else limits.canary
    found = [(c, compared(c.batched, c.alone, tolerance)) for c in measurement.canaries]
    of = {kind: [(c, f) for c, f in found if f.kind == kind] for kind in ("same", "excused", "other", "failed")}
    rows = {label(a.row.id, a.draw): a for a in measurement.answers} if of["excused"] else {}
    ties = [(c, f) for c, f in of["excused"] if not _read_alike(rows[label(c.row, c.draw)], c)]
    many = len(ties) > max(1, int(limits.canary_share * len(found)))
    against = [*of["other"], *(ties if many else ())]
    told = [*against, *of["failed"]][:1]
    known = [apart for c, _ in of["same"] if (apart := distance(c.batched, c.alone)) is not None]
    return Held(
        asked=len(found),
        same=len(of["same"]),
        alike=len(of["excused"]) - len(ties),
        ties=len(ties),
        other=len(of["other"]),
        failed=len(of["failed"]),
        first=label(told[0][0].row, told[0][0].draw) if told else "",
        why=told[0][1].why if told else "",
        tolerance=tolerance,
        logprob=max(known, default=None),
        faulty=len(against),
    )


def _read_alike(answer: Answer, canary: Canary) -> bool:
    return read(answer.row, canary.batched) == read(answer.row, canary.alone)


def faults(measurement: Measurement, limits: Limits) -> tuple[str, ...]:
    """Say why the canaries of a measurement forbid its number; nothing where they do not, or where there are none."""
    if not measurement.canaries:
        return ()
    found = held(measurement, limits)
    where = f"first row {found.first}: {found.why}"
    if found.faulty:
        return (f"{found.faulty} of {found.asked} rows asked again alone came back otherwise, {where}: {CAUSE}",)
    if found.failed:
        return (f"{found.failed} of {found.asked} rows could not be asked again alone, {where}",)
    return ()
