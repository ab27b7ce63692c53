"""One measurement to its entry in the results: score, metrics, slices, images, letters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness import codec, score, sequential, stats
from harness.columns import Columns, estimate, unequal
from harness.errors import NotEstimable
from harness.limits import zero_image_rows
from harness.records import Answer, Measurement, Unread
from harness.stats.slices import SMALL_CLUSTERS, SMALL_N


def entry(m: Measurement, of: Columns, first: Columns | None, role: str) -> dict[str, Any]:
    """Return the entry of a case.

    Parameters
    ----------
    of : Columns
        Of the same case.
    first : Columns or None
        The case that the others of its benchmark are compared with.
    role : str
        ``model``, ``control`` or ``baseline``.
    """
    answers = [a for a in m.answers if a.points]
    reasons = Counter(a.reading.why for a in answers if isinstance(a.reading, Unread))
    unlike = unequal(first.harness, m.harness) if first and m.status != "refused" else ()
    return {
        "case": m.case.id,
        "benchmark": m.case.benchmark,
        "title": m.title,
        "mode": m.case.mode,
        "model": m.case.model,
        "role": role,
        "status": m.status,
        "faults": list(of.faults),
        "asked": m.asked,
        "published": m.published,
        "draws": m.draws,
        "sequential": bool(m.order),
        "metric": score.primary(m.answers[0].row.kind) if m.answers else "",
        "score": _score(of) if answers else None,
        "whole": _whole(of),
        "metrics": {name: _estimate(answers, name) for name in _metrics(answers)},
        "kinds": _kinds(answers),
        "chance": m.chance,
        "unread": sum(reasons.values()),
        "unread_by_reason": dict(reasons.most_common()),
        "failed": sum(a.reply.finish == "failed" for a in m.answers),
        "replies": len(m.answers),
        "zero_image_rows": zero_image_rows(m.answers),
        "images": sum(len(a.row.images) for a in m.answers),
        "receipts": sum(len(a.reply.receipts) for a in m.answers),
        "image_tokens": sum(r.tokens for a in m.answers for r in a.reply.receipts),
        "cut_off": sum(a.reply.finish == "length" for a in m.answers),
        "new_tokens": sum(a.reply.new_tokens for a in m.answers),
        "same_harness": "–" if m.status == "refused" else f"not comparable: {', '.join(unlike)}" if unlike else "yes",
        "slices": {name: _slice(answers, name) for name in m.slices},
        "by_images": _by_images(answers),
        "letters": _letters(answers),
        "bad_rows": len(m.telemetry.bad),
        "harness": codec.plain(m.harness),
        "provenance": dict(m.provenance),
        "notes": list(m.notes),
        "refusal": m.refusal,
    }


def _score(of: Columns) -> dict[str, Any] | None:
    """The estimate over the rows that were answered; of a shuffled case over the mean of each row's draws."""
    try:
        if not np.isnan(of.points).any():
            found = estimate(of)
        else:
            known = ~np.isnan(of.points).all(axis=1)
            found = stats.estimate(np.nanmean(of.points[known], axis=1), of.clusters[known])
    except NotEstimable:
        return None
    plain: dict[str, Any] = codec.plain(found)
    return plain


def _whole(of: Columns) -> list[float] | None:
    """Where the case stopped early: the interval of its score over the whole list, asked or not."""
    if not of.sequential or np.isnan(of.points).any():
        return None
    return list(sequential.whole(of.mean, of.clusters, of.sizes))


def _estimate(answers: Sequence[Answer], metric: str) -> dict[str, Any] | None:
    """The estimate of one metric over the rows that have it, the mean over its draws being that of a row."""
    by_row: dict[str, list[float]] = defaultdict(list)
    clusters: dict[str, str] = {}
    for a in answers:
        if metric in a.points:
            by_row[a.row.id].append(a.points[metric])
            clusters[a.row.id] = a.row.cluster
    try:
        found = stats.estimate([sum(p) / len(p) for p in by_row.values()], list(clusters.values()))
    except NotEstimable:
        return None
    plain: dict[str, Any] = codec.plain(found)
    return plain


def _metrics(answers: Sequence[Answer]) -> list[str]:
    having = {name for a in answers for name in a.points}
    return [name for name in score.METRICS if name in having]


def _kinds(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the primary score of each kind of question: yes/no, closed, open."""
    by_kind: dict[str, list[Answer]] = defaultdict(list)
    for a in answers:
        by_kind[a.row.kind].append(a)
    return {kind: _group(group) for kind, group in sorted(by_kind.items())}


def _group(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return counts, and an estimate where there are rows and clusters enough for one."""
    metric = score.primary(answers[0].row.kind)
    rows, clusters = len({a.row.id for a in answers}), len({a.row.cluster for a in answers})
    enough = rows >= SMALL_N and clusters >= SMALL_CLUSTERS
    return {
        "n": rows,
        "clusters": clusters,
        "points": sum(a.points[metric] for a in answers) * rows / len(answers),
        "unread": sum(isinstance(a.reading, Unread) for a in answers),
        "score": _estimate(answers, metric) if enough else None,
    }


def _slice(answers: Sequence[Answer], name: str) -> dict[str, Any]:
    groups: dict[str, list[Answer]] = defaultdict(list)
    for a in answers:
        groups[a.row.slices.get(name, "") or "(none)"].append(a)
    return {value: _group(group) for value, group in sorted(groups.items(), key=lambda kv: (-len(kv[1]), kv[0]))}


def _by_images(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the score by the number of images that the model was *given*, by receipt."""
    groups: dict[int, list[Answer]] = defaultdict(list)
    for a in answers:
        groups[len(a.reply.receipts)].append(a)
    return {str(count): _group(group) for count, group in sorted(groups.items())}


def _letters(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return, by letter as shown: how often it is gold, how often it was chosen, how often right where gold."""
    rows = [a for a in answers if a.row.kind == "choice"]
    found: dict[str, Any] = {}
    for letter in sorted({option.letter for a in rows for option in a.row.options}):
        gold = [a for a in rows if a.row.gold == letter]
        found[letter] = {
            "gold": len(gold),
            "chosen": sum(_chosen(a) == letter for a in rows),
            "right": sum(a.points["accuracy"] for a in gold),
        }
    return found


def _chosen(a: Answer) -> str:
    """Return the letter, as shown, of the option that was read; empty where none was."""
    if isinstance(a.reading, Unread):
        return ""
    return next(option.letter for option in a.row.options if option.origin == a.reading.value)


def reference(models: Mapping[str, Mapping[Any, Columns]]) -> Columns | None:
    """Return the case that the others of a benchmark are compared with: the first that was measured."""
    for by_mode in models.values():
        for case in by_mode.values():
            if not case.refused:
                return case
    return None
