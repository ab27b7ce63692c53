"""Measurements of a run to results: plain JSON with every number that a table shows, and how it came about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness import codec, judge, score
from harness.claim import Limits, faults, zero_image_rows
from harness.errors import NotEstimable
from harness.patterns import patterns
from harness.records import Answer, Estimate, Measurement, ModeName, Unread

SMALL_N, SMALL_CLUSTERS = 30, 10
"""A slice below either is shown as counts, without an interval."""

ORDER = {name: place for place, name in enumerate(ModeName.__args__)}  # type: ignore[attr-defined]


def results(declared: Mapping[str, Any], measurements: Iterable[Measurement]) -> dict[str, Any]:
    """Return the results of a run.

    Parameters
    ----------
    declared : mapping
        What was written down before the first row was asked; see ``declare``.
    measurements : iterable of Measurement
        Of the run.
    """
    limits = Limits(**declared["limits"])
    roles: Mapping[str, str] = declared["roles"]
    groups: dict[str, dict[str, dict[ModeName, Measurement]]] = defaultdict(lambda: defaultdict(dict))
    for m in measurements:
        groups[m.case.benchmark][m.case.model][m.case.mode] = m
    place = {name: number for number, name in enumerate(roles)}
    found: dict[str, Any] = {"declared": dict(declared), "data": {}}
    found |= {"cases": [], "pairs": [], "claims": [], "gates": []}
    for benchmark, by_model in groups.items():
        any_case = next(m for by_mode in by_model.values() for m in by_mode.values())
        found["data"][benchmark] = {"title": any_case.title} | codec.plain(any_case.telemetry)
        models = sorted(by_model, key=lambda name: place.get(name, len(place)))
        first = _reference(by_model[name] for name in models)
        for name in models:
            by_mode = dict(sorted(by_model[name].items(), key=lambda kv: ORDER[kv[0]]))
            role = roles.get(name, "model")
            found["cases"] += [_case(m, first, role, limits) for m in by_mode.values()]
            found["pairs"].append(_pair(by_mode, role, limits))
            found["claims"] += _claims(by_mode, role, limits)
        found["gates"] += _gates(by_model, declared, limits)
    return found


def _reference(models: Iterable[Mapping[ModeName, Measurement]]) -> Measurement | None:
    """Return the case that the others of a benchmark are compared with: the first that was measured."""
    for by_mode in models:
        for m in sorted(by_mode.values(), key=lambda m: ORDER[m.case.mode]):
            if m.status != "refused":
                return m
    return None


def _case(m: Measurement, first: Measurement | None, role: str, limits: Limits) -> dict[str, Any]:
    answers = [a for a in m.answers if a.points]
    reasons = Counter(a.reading.why for a in answers if isinstance(a.reading, Unread))
    unlike = judge.unequal(first.harness, m.harness) if first and m.status != "refused" else ()
    return {
        "case": m.case.id,
        "benchmark": m.case.benchmark,
        "title": m.title,
        "mode": m.case.mode,
        "model": m.case.model,
        "role": role,
        "status": m.status,
        "faults": list(faults(m, limits)),
        "asked": m.asked,
        "published": m.published,
        "metric": judge.primary(m) if m.answers else "",
        "score": _estimate(answers, judge.primary(m)) if answers else None,
        "metrics": {name: _estimate(answers, name) for name in _metrics(answers)},
        "kinds": _kinds(answers),
        "chance": m.chance,
        "unread": sum(reasons.values()),
        "unread_by_reason": dict(reasons.most_common()),
        "failed": sum(a.reply.finish == "failed" for a in m.answers),
        "zero_image_rows": zero_image_rows(m.answers),
        "images": sum(len(a.row.images) for a in m.answers),
        "receipts": sum(len(a.reply.receipts) for a in m.answers),
        "image_tokens": sum(r.tokens for a in m.answers for r in a.reply.receipts),
        "cut_off": sum(a.reply.finish == "length" for a in m.answers),
        "new_tokens": sum(a.reply.new_tokens for a in m.answers),
        "same_harness": "–" if m.status == "refused" else "no: " + ", ".join(unlike) if unlike else "yes",
        "slices": {name: _slice(answers, name) for name in m.slices},
        "by_images": _by_images(answers),
        "letters": _letters(answers),
        "bad_rows": len(m.telemetry.bad),
        "harness": codec.plain(m.harness),
        "provenance": dict(m.provenance),
        "notes": list(m.notes),
        "refusal": m.refusal,
    }


def _estimate(answers: Sequence[Answer], metric: str) -> dict[str, Any] | None:
    try:
        found: Estimate = judge.estimate(answers, metric)
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
    clusters = len({a.row.cluster for a in answers})
    enough = len(answers) >= SMALL_N and clusters >= SMALL_CLUSTERS
    return {
        "n": len(answers),
        "clusters": clusters,
        "points": sum(a.points[metric] for a in answers),
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


def _pair(by_mode: Mapping[ModeName, Measurement], role: str, limits: Limits) -> dict[str, Any]:
    """Return what the modes of one model on one benchmark say together."""
    first = next(iter(by_mode.values()))
    image = by_mode.get("image_text")
    compared: tuple[ModeName, ...] = ("text_only", "shuffled", "blank")
    others = [name for name in compared if name in by_mode]
    return {
        "benchmark": first.case.benchmark,
        "title": first.title,
        "model": first.case.model,
        "role": role,
        "gains": [_gain(image, by_mode[name], limits) for name in others] if image else [],
        "patterns": [codec.plain(p) for p in patterns(by_mode, limits)],
        "rotation": _rotation(by_mode, limits),
        "prior": _prior(image, limits),
        "followed": _followed(image, by_mode.get("shuffled")),
    }


def _gain(image: Measurement, other: Measurement, limits: Limits) -> dict[str, Any]:
    why = judge.objection([image, other], limits)
    return {
        "against": other.case.mode,
        "difference": None if why else codec.plain(judge.difference(image, other)),
        "why": why,
    }


def _rotation(by_mode: Mapping[ModeName, Measurement], limits: Limits) -> dict[str, Any] | None:
    """Return original-order score, rotation mean and consistency, where every order was measured."""
    orders: tuple[ModeName, ...] = ("image_text", *judge.ROTATIONS)
    needed = [by_mode.get(name) for name in orders]
    sound = [m for m in needed if m is not None]
    if len(sound) < len(needed) or judge.objection(sound, limits):
        return None
    metric = judge.primary(sound[0])
    means = [sum(a.points[metric] for a in m.answers) / len(m.answers) for m in sound]
    return {
        "original": means[0],
        "orders": means,
        "mean": sum(means) / len(means),
        "consistency": judge.consistency(sound[0], sound[1:]),
        "n": len(sound[0].answers),
    }


def _prior(image: Measurement | None, limits: Limits) -> dict[str, Any] | None:
    """Return what a reader of the data alone would score: a blind guess, or the most frequent answers."""
    if image is None or not image.answers or faults(image, limits):
        return None
    metric, n = judge.primary(image), len(image.answers)
    scored = {"score": sum(a.points[metric] for a in image.answers) / n}
    if image.chance is not None:
        golds = Counter(a.row.gold for a in image.answers)
        letter, count = min(golds.items(), key=lambda kv: (-kv[1], kv[0]))
        return scored | {"chance": image.chance, "constant": letter, "constant_score": count / n}
    best = judge.prior_points(image.answers, metric)
    return scored | {"constant": "most frequent answer of each kind", "constant_score": sum(best) / n}


def _followed(image: Measurement | None, foreign: Measurement | None) -> dict[str, Any] | None:
    """Count how often the reading changed when the images were those of another row."""
    if image is None or foreign is None or not image.answers:
        return None
    others = {a.row.id: a.reading for a in foreign.answers}
    both = [a for a in image.answers if a.row.id in others]
    return {"n": len(both), "changed": sum(a.reading != others[a.row.id] for a in both)}


def _claims(by_mode: Mapping[ModeName, Measurement], role: str, limits: Limits) -> list[dict[str, Any]]:
    if role == "baseline":
        return []
    names = judge.offered(choices=any(m.chance is not None for m in by_mode.values()), modes=tuple(by_mode))
    if role == "control":
        names = tuple(name for name in names if name in judge.OF_SIGHT)
    found = []
    for name in names:
        claim = codec.plain(judge.judged(name, lambda mode: by_mode[mode], limits))
        refused = claim["verdict"] in ("refuted", "undecided")
        claim["role"] = role
        claim["passed"] = refused if role == "control" else claim["verdict"] == "supported"
        claim["title"] = next(iter(by_mode.values())).title
        found.append(claim)
    return found


def _gates(
    by_model: Mapping[str, Mapping[ModeName, Measurement]], declared: Mapping[str, Any], limits: Limits
) -> list[dict[str, Any]]:
    base, policy, roles = declared["baseline"], declared["policy"], declared["roles"]
    baseline = by_model.get(base, {}).get("image_text")
    if baseline is None:
        return []
    found = []
    for name, by_mode in by_model.items():
        candidate = by_mode.get("image_text")
        if name != base and roles.get(name) == "model" and candidate is not None:
            claim = codec.plain(judge.gate(candidate, baseline, policy=policy, limits=limits))
            found.append(
                claim | {"baseline": base, "title": candidate.title, "passed": claim["verdict"] == "supported"}
            )
    return found
