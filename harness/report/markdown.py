"""Results to one markdown page: first what may be said, then the numbers, then how they came about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

VERDICT = {
    "supported": "✅ supported",
    "refuted": "❌ refuted",
    "undecided": "◻️ undecided",
    "invalid": "⛔ invalid",
}
CLAIM = {
    "saw_images": "every row reached the model with its images",
    "beats_shuffled": "higher with the right images than with those of other rows",
    "beats_text_only": "higher with the images than without",
    "above_chance": "above a blind guess",
    "stable_under_rotation": "does not depend on where an option stands",
    "gate_not_worse": "not worse than the baseline",
    "gate_better": "better than the baseline",
}


def markdown(found: Mapping[str, Any]) -> str:
    """Return the report of a run as markdown.

    Parameters
    ----------
    found : mapping
        Results, as written to ``results.json``.
    """
    parts = (_head, _claims, _gates, _scores, _gains, _patterns, _rotations, _priors, _details, _telemetry)
    lines = [text for part in (*parts, _provenance) for text in part(found)]
    return "\n".join(lines).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Return a markdown table; the columns in ``right`` hold numbers."""
    body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    if not body:
        return []
    rule = ["---:" if number in right else "---" for number in range(len(head))]
    return [_line(head), _line(rule), *(_line(row) for row in body), ""]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def percent(value: float | None) -> str:
    """Return a share in [0, 1] as percent with one decimal, or a dash."""
    return "–" if value is None else f"{100 * value:.1f}"


def interval(score: Mapping[str, Any] | None) -> str:
    """Return the interval of an estimate in percent, or a dash."""
    return "–" if score is None else f"{100 * score['low']:.1f} to {100 * score['high']:.1f}"


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    declared, claims = found["declared"], found["claims"]
    cases = [c for c in found["cases"] if c["role"] != "control"]
    told = sum(c["verdict"] == "supported" for c in claims if c["role"] == "model")
    asked = sum(c["role"] == "model" for c in claims)
    fair = sum(not c["faults"] for c in cases)
    yield f"# Run {declared['run']}"
    yield ""
    yield (
        f"{fair} of {len(cases)} measurements may be reported; {told} of {asked} claims are supported. "
        f"Margins, limits and seed were written down before the first row was asked (`declared.json`)."
    )
    controls = [c for c in claims if c["role"] == "control"]
    if controls:
        kept = sum(c["passed"] for c in controls)
        yield ""
        yield (
            f"**Negative control:** {kept} of {len(controls)} claims of sight about a model that is known not to "
            f"see were refused, {'as they must be' if kept == len(controls) else 'but all of them must be'}."
        )
    yield ""


def _claims(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["claims"]:
        return
    yield "## What may be said"
    yield ""
    for title, group in _by(found["claims"], "title"):
        yield f"### {title}"
        yield ""
        rows = [[c["model"] + _role(c), CLAIM[c["name"]], _verdict(c), c["sentence"]] for c in group]
        yield from table(["Model", "Claim", "Verdict", "In words"], rows)


def _role(entry: Mapping[str, Any]) -> str:
    return {"control": " (control)", "baseline": " (baseline)"}.get(entry["role"], "")


def _verdict(claim: Mapping[str, Any]) -> str:
    shown = VERDICT[claim["verdict"]]
    if claim.get("role") != "control":
        return shown
    return f"{claim['verdict']} – refused, as it must be ✅" if claim["passed"] else f"{shown} – must be refused ❌"


def _gates(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["gates"]:
        return
    yield "## Release gate"
    yield ""
    rows = [
        [
            g["title"],
            g["model"],
            g["baseline"],
            "pass" if g["passed"] else "no pass",
            VERDICT[g["verdict"]],
            g["sentence"],
        ]
        for g in found["gates"]
    ]
    yield from table(["Benchmark", "Candidate", "Baseline", "Gate", "Verdict", "In words"], rows)


def _scores(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Scores"
    yield ""
    yield (
        "Unread replies score 0 and have a column of their own; failed rows are no wrong answers, and a case with "
        "one has no score. *Zero-image rows* are rows for which the model was given no image, counted by receipt. "
        "A score that may not be reported is struck out, and the reason stands below."
    )
    yield ""
    for title, group in _by(found["cases"], "title"):
        yield f"### {title}"
        yield ""
        head = [
            "Mode",
            "Model",
            "n",
            "Score",
            "95 % interval",
            "Unread",
            "Failed",
            "Zero-image rows",
            "Same harness",
        ]
        yield from table(head, [_score_row(c) for c in group], right=(2, 3, 4, 5, 6, 7))
        methods = sorted({c["score"]["method"] for c in group if c["score"]})
        metrics = sorted({c["metric"] for c in group if c["metric"]})
        yield f"Score: {', '.join(metrics) or 'none'}. Interval: {', '.join(methods) or 'none'}, 95 %."
        yield ""
        yield from _faults(group)
        yield from (f"- {note}" for note in group[0]["notes"])
        yield ""


def _score_row(c: Mapping[str, Any]) -> list[str]:
    n = str(c["asked"]) if c["asked"] == c["published"] else f"{c['asked']} of {c['published']}"
    value, low_high = percent(c["score"]["value"] if c["score"] else None), interval(c["score"])
    if c["faults"] and c["score"]:
        value, low_high = f"~~{value}~~", "may not be reported"
    if c["status"] == "refused":
        n, value, low_high = f"0 of {c['published']}", "–", "rows refused"
    return [
        c["mode"],
        c["model"] + _role(c),
        n,
        value,
        low_high,
        str(c["unread"]),
        str(c["failed"]),
        str(c["zero_image_rows"]),
        c["same_harness"],
    ]


def _faults(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    broken = [c for c in group if c["faults"]]
    for c in broken:
        yield f"- `{c['case']}` may not be reported: {'; '.join(c['faults'])}."
    if broken:
        yield ""


def _gains(found: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for pair in found["pairs"]:
        for gain in pair["gains"]:
            name = pair["model"] + _role(pair)
            rows.append([pair["title"], name, f"image_text - {gain['against']}", *_difference(gain["difference"])])
    if not rows:
        return
    yield "## What the images change"
    yield ""
    yield "Paired differences in points, row by row. An interval that holds zero shows no difference."
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
    rows = [
        [p["title"], p["model"] + _role(p), f"{p['followed']['changed']} of {p['followed']['n']}"] for p in followed
    ]
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


def _patterns(found: Mapping[str, Any]) -> Iterator[str]:
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
        yield f"**{pair['title']} – {pair['model']}{_role(pair)}**"
        yield ""
        rows = [[p["seen"], p["holds"], p["reading"], p["evidence"] or "–"] for p in pair["patterns"]]
        yield from table(["Pattern", "Holds", "Then", "Evidence"], rows)


def _rotations(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [
            p["title"],
            p["model"] + _role(p),
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


def _priors(found: Mapping[str, Any]) -> Iterator[str]:
    rows = {}
    for p in found["pairs"]:
        prior = p["prior"]
        if prior:
            guess = percent(prior.get("chance"))
            rows[p["title"]] = [p["title"], guess, prior["constant"], percent(prior["constant_score"])]
    if not rows:
        return
    yield "## What the data alone give"
    yield ""
    head = ["Benchmark", "Blind guess", "Best constant answer", "Its score"]
    yield from table(head, list(rows.values()), right=(1, 3))


def _details(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Slices and details"
    yield ""
    yield "A slice with fewer than 30 rows or 10 clusters is shown as counts, without an interval."
    yield ""
    for title, group in _by([c for c in found["cases"] if c["status"] != "refused"], "title"):
        yield f"### {title}"
        yield ""
        yield from _metric_table(group)
        yield from _slice_tables(group)
        yield from _image_counts(group)
        yield from _letter_tables(group)


def _metric_table(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for c in group for name in c["metrics"]))
    if len(names) < 2:
        return
    yield "Every metric, in percent; what each is stands in the module `harness.score`."
    yield ""
    rows = [[c["mode"], c["model"], *(percent((c["metrics"].get(n) or {}).get("value")) for n in names)] for c in group]
    yield from table(["Mode", "Model", *names], rows, right=range(2, 2 + len(names)))
    kinds = list(dict.fromkeys(kind for c in group for kind in c["kinds"]))
    rows = [[c["mode"], c["model"], *(_cell(c["kinds"].get(kind)) for kind in kinds)] for c in group]
    yield from table(["Mode", "Model", *(f"{kind.replace('_', '/')} questions" for kind in kinds)], rows)


def _cell(group: Mapping[str, Any] | None) -> str:
    """Return a slice's cell: percent with its interval where there are rows enough, counts where not."""
    if group is None:
        return "–"
    if group["score"] is None:
        return f"{group['points']:g} of {group['n']}"
    return f"{percent(group['score']['value'])} ({interval(group['score'])})"


def _slice_tables(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one table a slice: the modes that tell whether the image helps, side by side, for each model."""
    modes = [m for m in ("text_only", "image_text", "shuffled") if any(c["mode"] == m for c in group)]
    by = {(c["model"], c["mode"]): c for c in group}
    for name in group[0]["slices"]:
        rows = []
        for model in dict.fromkeys(c["model"] for c in group):
            values = by.get((model, modes[0]), {}).get("slices", {}).get(name, {}) if modes else {}
            for value, counts in values.items():
                cells = [_cell(by.get((model, m), {}).get("slices", {}).get(name, {}).get(value)) for m in modes]
                rows.append([value, model, str(counts["n"]), str(counts["clusters"]), *cells])
        if rows:
            yield f"By {name}:"
            yield ""
            yield from table([name, "Model", "n", "Clusters", *modes], rows, right=(2, 3))


def _image_counts(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        [c["mode"], c["model"], count, str(counts["n"]), _cell(counts)]
        for c in group
        for count, counts in c["by_images"].items()
    ]
    yield "By the number of images that the model was given:"
    yield ""
    yield from table(["Mode", "Model", "Images given", "Rows", "Score"], rows, right=(2, 3))


def _letter_tables(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    having = [c for c in group if c["letters"]]
    if not having:
        return
    letters = list(having[0]["letters"])
    yield "By option letter as shown: chosen / gold, and the share right where it is gold."
    yield ""
    rows = []
    for c in having:
        cells = []
        for letter in letters:
            counts = c["letters"][letter]
            right = percent(counts["right"] / counts["gold"]) if counts["gold"] else "–"
            cells.append(f"{counts['chosen']} / {counts['gold']}, {right}")
        rows.append([c["mode"], c["model"], *cells])
    yield from table(["Mode", "Model", *letters], rows)


def _telemetry(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Image telemetry"
    yield ""
    head = ["Case", "Rows", "Images sent", "Receipts", "Image tokens", "Zero-image rows", "Bad rows"]
    rows = [
        [
            f"`{c['case']}`",
            str(c["asked"]),
            str(c["images"]),
            str(c["receipts"]),
            str(c["image_tokens"]),
            str(c["zero_image_rows"]),
            str(len(c["telemetry"]["bad"])),
        ]
        for c in found["cases"]
    ]
    yield from table(head, rows, right=range(1, 7))
    for title, group in _by(found["cases"], "title"):
        t = group[0]["telemetry"]
        named = ", ".join(f"{k}: {v}" for k, v in sorted(t["named"].items()))
        loaded = ", ".join(f"{k}: {v}" for k, v in sorted(t["loaded"].items()))
        yield (
            f"- {title}: {t['rows']} rows; images named per row {{{named}}}, loaded per row {{{loaded}}}; "
            f"{t['distinct']} distinct pictures; {len(t['bad'])} bad rows."
        )
        yield from (f"  - row {bad['row_id']}: {bad['reason']}" for bad in t["bad"][:20])
        if len(t["bad"]) > 20:
            yield f"  - and {len(t['bad']) - 20} more, all of them in `results.json`"
    yield ""


def _provenance(found: Mapping[str, Any]) -> Iterator[str]:
    declared = found["declared"]
    yield "## Provenance"
    yield ""
    facts = {
        "suite": f"sightcheck {declared['suite']}",
        "machine": declared["machine"],
        "versions": ", ".join(f"{k} {v}" for k, v in declared["versions"].items()),
        "settings": ", ".join(f"{k} {v}" for k, v in declared["settings"].items()),
        "limits": ", ".join(f"{k} {v}" for k, v in declared["limits"].items()),
        "rescored": "from the ledger, without a model" if declared["rescored"] else "no",
    }
    yield from table(["What", "Value"], [[k, str(v)] for k, v in facts.items()])
    for key, group in _by([c for c in found["cases"] if c["provenance"]], "benchmark", "model"):
        c = group[0]
        yield f"<details><summary>{key}</summary>"
        yield ""
        facts = {**c["provenance"], **{f"harness: {k}": v for k, v in c["harness"].items()}}
        yield from table(["What", "Value"], [[k, str(v)] for k, v in facts.items()])
        yield "</details>"
        yield ""


def _by(entries: Iterable[Mapping[str, Any]], *names: str) -> list[tuple[str, list[Mapping[str, Any]]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        groups.setdefault(" – ".join(str(entry[name]) for name in names), []).append(entry)
    return list(groups.items())
