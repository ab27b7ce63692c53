"""The middle of the report: what the modes of a model say together, and what the data alone give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report.tables import by, interval, percent, role, table


def baselines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on what the data alone give; they stand above every model."""
    having = [p for p in found["pairs"] if p["baselines"]]
    if not having:
        return
    yield "## What the data alone give"
    yield ""
    yield (
        "Answers that need no model and no image. A model that is not shown to score higher is said so; *higher* is an "
        "interval above zero and a test that agrees, at 5 % and unadjusted. The claim `above_baselines` holds a model "
        "against the strongest of them."
    )
    yield ""
    for title, group in by(having, "title"):
        yield f"### {title}"
        yield ""
        rows = []
        for number, one in enumerate(group[0]["baselines"]["rows"]):
            each = [p["baselines"]["rows"][number] for p in group]
            score = one["score"]
            value = percent(score["value"] if score else None)
            rows.append([one["title"], value, interval(score), one["learned"] or "–", *map(_standing, each)])
        head = ["Answer", "Score", "95 % interval", "Learned", *(f"{p['model']}{role(p)}" for p in group)]
        yield from table(head, rows, right=(1, 2))


def _standing(each: Mapping[str, Any]) -> str:
    against = each["difference"]
    if against is None:
        return "pending"
    d = against["difference"]
    return f"{100 * d['value']:+.1f} ({100 * d['low']:+.1f} to {100 * d['high']:+.1f}), {against['reading']}"


def gains(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on what the images change."""
    rows = [
        [p["title"], p["model"] + role(p), f"image_text − {rung['against']}", *_difference(rung)]
        for p in found["pairs"]
        for rung in p["rungs"]
    ]
    if not rows:
        return
    same = found["declared"]["limits"]["same"]
    yield "## What the images change"
    yield ""
    yield (
        "Image gain: paired differences in points, row by row; a shuffled score is the mean over the derangements of a "
        f"row. *About the same* is two one-sided tests within ±{100 * same:g} points; where nothing is shown the "
        "reading is *open*, and an interval that holds zero decides nothing by itself."
    )
    yield ""
    head = ["Benchmark", "Model", "Difference", "Points", "95 % interval", "p", "Only first / second", "Reading", "n"]
    yield from table([*head, "Clusters"], rows, right=(3, 4, 5, 6, 8, 9))
    yield from _draws(found)
    yield from _followed(found)


def _difference(rung: Mapping[str, Any]) -> list[str]:
    """Return the cells of a rung, dashes where the two may not be compared."""
    d = rung["difference"]
    if d is None:
        return [
            "–",
            "–",
            "–",
            "–",
            "not comparable" if rung["why"].startswith("not comparable") else "invalid",
            "–",
            "–",
        ]
    alone = f"{d['only_first']} / {d['only_second']}" if rung["draws"] == 1 else "–"
    return [
        f"{100 * d['value']:+.1f}",
        f"{100 * d['low']:+.1f} to {100 * d['high']:+.1f}",
        f"{d['p']:.3g}",
        alone,
        rung["reading"],
        str(d["n"]),
        str(d["clusters"]),
    ]


def _draws(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield whether the derangements were enough."""
    shuffled = [(p, r) for p in found["pairs"] for r in p["rungs"] if r["draws"] > 1 and r["difference"]]
    if not shuffled:
        return
    worst = max(100 * rung["drawn_error"] for _, rung in shuffled)
    few = [f"{p['model']} on {p['title']} ({r['against']})" for p, r in shuffled if not r["enough"]]
    draws = shuffled[0][1]["draws"]
    yield (
        f"Each shuffled score pools {draws} derangements; the draw itself adds a standard error of at most {worst:.1f} "
        "points"
        + (
            f", more than a quarter of the error over rows for {', '.join(few)}: there more would sharpen it."
            if few
            else ", under a quarter of that over rows."
        )
    )
    yield ""


def _followed(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [
            p["title"],
            p["model"] + role(p),
            f["mode"],
            f"{f['changed']} of {f['pairs']}",
            str(f["eligible"]),
            f"{percent(f['rate']['value'])} ({interval(f['rate'])})" if f["rate"] else "–",
            _share(f["stayed"], f["eligible"]),
            _share(f["other"], f["eligible"]),
            percent(f["ceiling"]),
        ]
        for p in found["pairs"]
        for f in p["followed"]
    ]
    if not rows:
        return
    yield (
        "Do replies follow foreign images? Counted over rows × derangements; the follow rate is over those in which "
        "the benchmark itself says which answer the foreign images make right, and that it is another one. The "
        "ceiling is what a perfect reader of the foreign images would still score."
    )
    yield ""
    head = ["Benchmark", "Model", "Mode", "Reading changed", "Known", "Follow rate", "Kept own", "Other", "Ceiling"]
    yield from table(head, rows, right=(3, 4, 5, 6, 7, 8))


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}" if of else "–"


def interpretation(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on the interpretation tables."""
    if not found["pairs"]:
        return
    limits = found["declared"]["limits"]
    yield "## How the modes read together"
    yield ""
    yield (
        f"*Higher*: interval above zero and a test that agrees. *About the same*: two one-sided tests within "
        f"±{100 * limits['same']:g} points. *Near a blind guess*: the 90 % interval within ±{100 * limits['same']:g} "
        "points of it. *Pending*: not measured in this run, or not reportable. These lines are read at 5 % each and "
        "are not claims."
    )
    yield ""
    for pair in found["pairs"]:
        yield f"**{pair['title']} – {pair['model']}{role(pair)}**"
        yield ""
        yield from _patterns(pair)


def _patterns(entry: Mapping[str, Any]) -> list[str]:
    rows = [[p["seen"], p["holds"], p["reading"], p["evidence"] or "–"] for p in entry["patterns"]]
    return table(["Pattern", "Holds", "Then", "Evidence"], rows)


def base(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on a candidate beside the model that it was made from."""
    if not found["base"]:
        return
    yield "## Beside the baseline"
    yield ""
    for entry in found["base"]:
        yield f"**{entry['model']} and {entry['baseline']}**"
        yield ""
        rows = []
        for g in entry["gaps"]:
            d = g["difference"]
            delta = "–" if d is None else f"{100 * d['value']:+.1f}"
            span = g["why"] if d is None else f"{100 * d['low']:+.1f} to {100 * d['high']:+.1f}"
            rows.append([g["title"], g["mode"], percent(g["base"]), percent(g["candidate"]), delta, span])
        head = ["Benchmark", "Mode", entry["baseline"], entry["model"], "Delta, points", "95 % interval"]
        yield from table(head, rows, right=(2, 3, 4, 5))
        yield from _patterns(entry)


def rotations(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on the rotations."""
    rows = [_rotation(p, p["rotation"]) for p in found["pairs"] if p["rotation"]]
    if not rows:
        return
    yield "## Option rotation"
    yield ""
    yield (
        "All cyclic orders of the options. *Kept* is the share of the other orders in which the option chosen was "
        "that of the published order; the letter test asks whether some letter is chosen more than another over all "
        "orders (Hotelling's T², by cluster); *spread* is the standard deviation of the share right by the letter of "
        "the gold."
    )
    yield ""
    head = ["Benchmark", "Model", "n", "Published order", "Mean of all orders", "Right in every order", "Kept"]
    yield from table([*head, "Letters chosen, %", "Letter test, p", "Spread"], rows, right=range(2, 10))


def _rotation(p: Mapping[str, Any], r: Mapping[str, Any]) -> list[str]:
    letters = r["letters"]
    return [
        p["title"],
        p["model"] + role(p),
        str(r["n"]),
        *(f"{percent(r[name]['value'])} ({interval(r[name])})" for name in ("original", "mean", "all_right", "kept")),
        " / ".join(f"{100 * share:.0f}" for share in letters["shares"]) if letters else "–",
        f"{letters['p']:.3g}" if letters else "–",
        percent(r["recall_spread"]),
    ]


def formats(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on how well the replies could be read, mode by mode."""
    rows = []
    for p in found["pairs"]:
        for r in p["readings"]:
            why = ", ".join(f"{name} {count}" for name, count in r["by_reason"].items())
            flag = "⚠ format confound" if r["confounded"] else ""
            counts = [str(r["replies"]), _share(r["unread"], r["replies"]), f"{100 * r['gap']:+.1f}"]
            rows.append([p["title"], p["model"] + role(p), r["mode"], *counts, str(r["cut_off"]), why or "–", flag])
    if not rows:
        return
    limit = found["declared"]["limits"]["confound"]
    yield "## Could the replies be read?"
    yield ""
    yield (
        f"Where the unread rate of a mode is more than {100 * limit:g} points from that of image_text, a comparison "
        "of the two may measure the format of the replies rather than what they say."
    )
    yield ""
    head = ["Benchmark", "Model", "Mode", "Replies", "Unread, %", "Against image_text", "Cut off", "Reasons", "Flag"]
    yield from table(head, rows, right=(3, 4, 5, 6))


def screening(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the image gain by slice: exploratory."""
    having = [p for p in found["pairs"] if p["screening"]["rows"]]
    if not having:
        return
    yield "## Image gain by slice (screening)"
    yield ""
    yield (
        "Exploratory: p-values are adjusted by Benjamini and Hochberg over the slices of one table (q), and a flag "
        "is a place to look, not a claim. A slice with fewer than 30 rows or 10 clusters is shown as counts, without a "
        "verdict. That one slice is flagged and another is not does not show that the two differ."
    )
    yield ""
    for p in having:
        against = p["screening"]["against"]
        yield f"**{p['title']} – {p['model']}{role(p)}**, image_text − {against}"
        yield ""
        rows = [_screened(row) for row in p["screening"]["rows"]]
        head = ["Slice", "Value", "n", "Clusters", f"image_text / {against}", "Gain, points", "95 % interval", "q", ""]
        yield from table(head, rows, right=range(2, 8))


def _screened(row: Mapping[str, Any]) -> list[str]:
    d, right = row["difference"], row["right"]
    head = [row["slice"], row["value"], str(row["n"]), str(row["clusters"])]
    if d is None:
        return [*head, f"{right[0]:g} / {right[1]:g} of {row['n']}", "–", "too few", "–", ""]
    shares = " / ".join(percent(value / row["n"]) for value in right)
    gain = [f"{100 * d['value']:+.1f}", f"{100 * d['low']:+.1f} to {100 * d['high']:+.1f}", f"{row['q']:.3g}"]
    return [*head, shares, *gain, "flagged" if row["flagged"] else ""]
