"""Did the engine change the truth? Rows asked again alone, engines side by side, and what was reused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness import canary, codec
from harness.equivalence import Equivalence, equivalence, sentence
from harness.errors import NotComparable
from harness.limits import Limits
from harness.records import Measurement
from harness.report.tables import by, interval, percent, role, table
from harness.stats import clopper_pearson

SHOWN = 20
"""Rows that differ which a table shows; all of them are in the results."""

COUNTED = {
    "asked": "Asked again",
    "same": "Same",
    "alike": "Other words",
    "ties": "Near ties",
    "other": "Otherwise",
    "failed": "Failed",
}
"""What is counted of the rows asked again, and how a table calls it."""

_LONG = 60
_REUSE = "model reuse"


def canaries(measurements: Iterable[Measurement], roles: Mapping[str, str], limits: Limits) -> list[dict[str, Any]]:
    """Return an entry for every case that was asked: how its rows came back when they were asked again alone.

    ``bound`` is the one-sided 95 % upper bound (Clopper-Pearson) of the share of rows that would come back otherwise;
    None where no row was asked again.
    """
    found = []
    for m in measurements:
        if m.status == "refused":
            continue
        held = canary.held(m, limits)
        bound = clopper_pearson(held.faulty, held.asked, 0.9)[1] if held.asked else None
        named = {"case": m.case.id, "benchmark": m.case.benchmark, "title": m.title, "mode": m.case.mode}
        named |= {"model": m.case.model, "role": roles.get(m.case.model, "model")}
        found.append(named | codec.plain(held) | {"bound": bound})
    return found


def side_by_side(first: Measurement, second: Measurement, limits: Limits) -> dict[str, Any]:
    """Return the entry of two engines: an `harness.equivalence.Equivalence` with its sentence, or why there is none."""
    named = {"benchmark": first.case.benchmark, "title": first.title, "mode": first.case.mode}
    named |= {"first": first.case.model, "second": second.case.model}
    own = {"name": "equivalence", "model": first.case.model}
    try:
        found: Equivalence = equivalence(first, second, limits)
    except NotComparable as error:
        why = str(error)
        return named | own | {"verdict": "invalid", "passed": False, "why": why, "sentence": f"Not comparable: {why}"}
    plain: dict[str, Any] = codec.plain(found)
    return plain | own | {"passed": found.verdict == "supported", "sentence": sentence(found)}


def reuse(measurements: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Return what each model says it did not compute anew, by benchmark; facts that begin with ``reuse``."""
    found: list[dict[str, Any]] = []
    for m in measurements:
        facts = {k.removeprefix("model "): v for k, v in m.provenance.items() if k.startswith(_REUSE)}
        for name, told in facts.items():
            entry = {"benchmark": m.case.benchmark, "title": m.title, "model": m.case.model, "what": name, "told": told}
            if entry not in found:
                found.append(entry)
    return found


# --------------------------------------------------------------------------------------------------- the lines


def engines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on the engines."""
    again = [c for c in found["canaries"] if c["asked"]]
    off = found["declared"]["settings"].get("canaries") == 0
    if not (again or off or found["equivalence"]):
        return
    yield "## Engines"
    yield ""
    if again:
        yield from _asked_again(found, again)
    if off:
        yield (
            "No row was asked again alone in this run (`--canary 0`): nothing here shows that batches, padding, caches "
            "and reuse changed no reply."
        )
        yield ""
    elif again:
        yield from _left_out([c for c in found["canaries"] if not c["asked"]])
    for one in found["equivalence"]:
        yield from _equivalence(one)


def _asked_again(found: Mapping[str, Any], again: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    limits = found["declared"]["limits"]
    yield (
        "Rows drawn by seed were asked again, alone and by the plainest way, and both replies held against each other. "
        "*Same*: the same text, receipts and log-probabilities within the tolerance. *Other words*: read alike. *Near "
        "ties*: read otherwise, with a lead over the second token within the tolerance, or by a server that tells "
        f"none; one row is excused so, and at most {100 * limits['canary_share']:g} % of the rows. *Otherwise*: more "
        "than noise, and the case may not be reported. *Bound*: with 95 % confidence no more rows of the case would "
        "come back otherwise (Clopper-Pearson, one-sided). Tolerances are in nats for one token."
    )
    yield ""
    head = ["Benchmark", "Mode", "Model", *COUNTED.values(), "Bound, %", "Largest gap, nats", "Tolerance"]
    whole = [_whole(group) for _, group in by(again, "model") if len(group) > 1]
    yield from table(head, [_counted(c) for c in (*again, *whole)], right=range(3, len(head)))


def _whole(group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All cases of a model together: an engine that mixes rows up in one does so in others."""
    total = {name: sum(c[name] for c in group) for name in (*COUNTED, "faulty")}
    known = [c["logprob"] for c in group if c["logprob"] is not None]
    named = {"title": "all", "mode": "all", "model": group[0]["model"], "role": group[0]["role"]}
    bound = clopper_pearson(total["faulty"], total["asked"], 0.9)[1]
    return named | total | {"bound": bound, "logprob": max(known, default=None), "tolerance": group[0]["tolerance"]}


def _counted(c: Mapping[str, Any]) -> list[str]:
    return [
        c["title"],
        c["mode"],
        c["model"] + role(c),
        *(str(c[name]) for name in COUNTED),
        percent(c["bound"]),
        "–" if c["logprob"] is None else f"{c['logprob']:.2g}",
        f"{c['tolerance']:g}",
    ]


def _left_out(cases: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not cases:
        return
    names = ", ".join(f"{key} ({len(group)} cases)" if len(group) > 1 else key for key, group in by(cases, "model"))
    yield f"Not asked again: {names}; the replies were recorded, or were kept from a run that asked none again."
    yield ""


def _equivalence(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"**{one['title']} – {one['first']} and {one['second']}**, {one['mode']}: {one['verdict']}. {one['sentence']}"
    yield ""
    if "replies" not in one:
        return
    ties = sum(row["near_tie"] for row in one["apart"])
    d = one["difference"]
    cells = [
        *(str(one[name]) for name in ("replies", "same_replies", "same_readings")),
        interval(one["alike"]),
        str(one["points_differ"]),
        "–" if d is None else f"{100 * d['value']:+.1f} ({100 * d['low']:+.1f} to {100 * d['high']:+.1f})",
        "–" if one["logprob"] is None else f"{one['logprob']:.2g}",
        str(ties),
        str(one["tokens_differ"]),
    ]
    head = ["Replies", "Same text", "Read alike", "95 % interval", "Other points", "Score, first − second"]
    yield from table([*head, "Largest gap, nats", "Near ties", "Other token counts"], [cells], right=range(9))
    if one["one_sided"]:
        yield f"Settings of decoding that one of the two alone names: {', '.join(one['one_sided'])}."
        yield ""
    yield from _apart(one)


def _apart(one: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [
            codec.label(row["row"], row["draw"]),
            *(_short(row[name]) for name in ("first", "second", "first_read", "second_read")),
            "yes" if row["near_tie"] else "no",
        ]
        for row in one["apart"][:SHOWN]
    ]
    if not rows:
        return
    sides = one["first"], one["second"]
    head = ["Row", *(f"Reply, {side}" for side in sides), *(f"Read, {side}" for side in sides), "Near tie"]
    yield from table(head, rows)
    if len(one["apart"]) > SHOWN:
        yield f"And {len(one['apart']) - SHOWN} more, all of them in `results.json`."
        yield ""


def _short(text: str) -> str:
    line = " ".join(text.split()).replace("`", "'")
    return f"`{line[:_LONG]}…`" if len(line) > _LONG else f"`{line}`" if line else "(empty)"


def reused(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on what was not computed anew."""
    if not found["reuse"]:
        return
    yield "## What was reused"
    yield ""
    yield (
        "Work that prompts have in common is done once. Counts are those of one process since it opened the model"
        + ("; the rows asked again alone shared none of it." if any(c["asked"] for c in found["canaries"]) else ".")
    )
    yield ""
    rows = [
        [r["title"], r["model"], r["what"].removeprefix("reuse of ").removeprefix("reuse "), r["told"]]
        for r in found["reuse"]
    ]
    yield from table(["Benchmark", "Model", "What", "How much"], rows)
