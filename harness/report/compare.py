"""The middle of the report: what the modes of a model say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report.tables import percent, role, table


def gains(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on what the images change."""
    rows = []
    for pair in found["pairs"]:
        for gain in pair["gains"]:
            name = pair["model"] + role(pair)
            rows.append([pair["title"], name, f"image_text - {gain['against']}", *_difference(gain["difference"])])
    if not rows:
        return
    yield "## What the images change"
    yield ""
    yield "Paired differences in points, row by row. An interval that holds zero decides nothing by itself."
    yield ""
    head = [
        "Benchmark",
        "Model",
        "Difference",
        "Points",
        "95 % interval",
        "p",
        "Only first / second",
        "n",
        "Clusters",
    ]
    yield from table(head, rows, right=(3, 4, 5, 6, 7, 8))
    followed = [p for p in found["pairs"] if p["followed"]]
    rows = [[p["title"], p["model"] + role(p), f"{p['followed']['changed']} of {p['followed']['n']}"] for p in followed]
    if rows:
        yield "How often the reading changed when the images were those of another row:"
        yield ""
        yield from table(["Benchmark", "Model", "Changed"], rows, right=(2,))


def _difference(d: Mapping[str, Any] | None) -> list[str]:
    """Return the cells of a difference, dashes where the two may not be compared."""
    if d is None:
        return ["–"] * 6
    return [
        f"{100 * d['value']:+.1f}",
        f"{100 * d['low']:+.1f} to {100 * d['high']:+.1f}",
        f"{d['p']:.3g}",
        f"{d['only_first']} / {d['only_second']}",
        str(d["n"]),
        str(d["clusters"]),
    ]


def interpretation(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on the interpretation table."""
    if not found["pairs"]:
        return
    yield "## How the modes read together"
    yield ""
    same = found["declared"]["limits"]["same"]
    yield (
        f"*Higher*: interval above zero and a test that agrees. *About the same*: two one-sided tests within "
        f"±{100 * same:g} points. *Pending*: not measured in this run, or not reportable."
    )
    yield ""
    for pair in found["pairs"]:
        yield f"**{pair['title']} – {pair['model']}{role(pair)}**"
        yield ""
        rows = [[p["seen"], p["holds"], p["reading"], p["evidence"] or "–"] for p in pair["patterns"]]
        yield from table(["Pattern", "Holds", "Then", "Evidence"], rows)


def rotations(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on the rotations."""
    rows = [
        [
            p["title"],
            p["model"] + role(p),
            str(p["rotation"]["n"]),
            percent(p["rotation"]["original"]),
            percent(p["rotation"]["mean"]),
            percent(p["rotation"]["consistency"]),
        ]
        for p in found["pairs"]
        if p["rotation"]
    ]
    if not rows:
        return
    yield "## Option rotation"
    yield ""
    head = ["Benchmark", "Model", "n", "Published order", "Mean of all orders", "Same option in every order"]
    yield from table(head, rows, right=(2, 3, 4, 5))


def priors(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on what the data alone give."""
    rows = []
    for p in found["pairs"]:
        prior = p["prior"]
        if prior:
            guess = prior.get("chance", prior["constant_score"])
            rows.append(
                [
                    p["title"],
                    percent(prior.get("chance")),
                    prior["constant"],
                    percent(prior["constant_score"]),
                    p["model"] + role(p),
                    percent(prior["score"]),
                    f"{100 * (prior['score'] - guess):+.2f}",
                ]
            )
    if not rows:
        return
    yield "## What the data alone give"
    yield ""
    yield "The distance is to a blind guess where there are options, else to the best constant answers."
    yield ""
    head = ["Benchmark", "Blind guess", "Best constant answer", "Its score", "Model", "image_text", "Distance, points"]
    yield from table(head, rows, right=(1, 3, 5, 6))
