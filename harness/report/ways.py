"""One model by generation and by likelihood: entries of the results, and their section of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness import codec
from harness.agreement import agreement, both_ways
from harness.errors import NotComparable
from harness.limits import Limits
from harness.records import Measurement
from harness.report.tables import interval, percent, table


def ways(measurements: Sequence[Measurement], limits: Limits) -> list[dict[str, Any]]:
    """Return an entry for every case that a model answered both ways, or why the two may not be held together."""
    found = []
    for one, other in both_ways(measurements):
        try:
            found.append(codec.plain(agreement(one, other, limits)))
        except NotComparable as error:
            named = {"benchmark": one.case.benchmark, "title": one.title, "mode": one.case.mode}
            found.append(named | {"generation": one.case.model, "likelihood": other.case.model, "why": str(error)})
    return found


def both(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on answers by generation and by likelihood."""
    if not found["ways"]:
        return
    yield "## Answers by generation and by likelihood"
    yield ""
    yield (
        "The same rows, answered by what the model writes and by the most likely of the answers to choose from. "
        "*Alike* is over the replies that could be read both ways; Cohen's kappa is that beyond what their shares of "
        "each answer would give. The difference is generation minus likelihood, row by row, unread replies at 0."
    )
    yield ""
    rows = [_row(w) for w in found["ways"] if "replies" in w]
    head = ["Benchmark", "Mode", "Model", "Read both ways", "Unread, generated alone", "Alike, %", "95 % interval"]
    head += ["Kappa", "95 % interval", "Generated, %", "Likelihood, %", "Difference, points", "95 % interval", "p"]
    yield from table([*head, "Only one right"], rows, right=range(3, 15))
    for w in found["ways"]:
        if w["why"]:
            yield f"- {w['title']}, {w['mode']}, {w['generation']} and {w['likelihood']}: {w['why']}"
    having = [w for w in found["ways"] if w.get("difference")]
    if having:
        tests = ", ".join(sorted({w["difference"]["test"] for w in having}))
        methods = sorted({w[name]["method"] for w in having for name in ("alike", "kappa", "difference") if w[name]})
        yield (
            f"Intervals: {', '.join(methods)}; test: {tests}. *Only one right*: rows right by generation alone, and by "
            "likelihood alone."
        )
    yield ""


def _row(w: Mapping[str, Any]) -> list[str]:
    k, d = w["kappa"], w["difference"]
    return [
        w["title"],
        w["mode"],
        f"{w['generation']} and {w['likelihood']}",
        f"{w['both_read']} of {w['replies']}",
        str(w["unread"]),
        percent(w["alike"]["value"] if w["alike"] else None),
        interval(w["alike"]),
        f"{k['value']:.2f}" if k else "–",
        f"{k['low']:.2f} to {k['high']:.2f}" if k else "–",
        *(percent(w[name]["value"] if w[name] else None) for name in ("generated", "ranked")),
        f"{100 * d['value']:+.1f}" if d else "–",
        f"{100 * d['low']:+.1f} to {100 * d['high']:+.1f}" if d else "–",
        f"{d['p']:.3g}" if d else "–",
        f"{d['only_first']} / {d['only_second']}" if d else "–",
    ]
