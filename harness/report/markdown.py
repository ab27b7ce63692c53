"""Results to one markdown page: first what may be said, then the numbers, then how they came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.report.compare import base, baselines, formats, gains, interpretation, rotations, screening
from harness.report.details import details
from harness.report.engines import engines, reused
from harness.report.tables import by, interval, percent, role, table
from harness.report.ways import both

VERDICT = {
    "supported": "✅ supported",
    "refuted": "❌ refuted",
    "inconclusive": "◻️ inconclusive",
    "invalid": "⛔ invalid",
}
CLAIM = {
    "saw_images": "every row reached the model with its images",
    "beats_shuffled": "higher with the right images than with those of other rows",
    "beats_text_only": "higher with the images than without",
    "above_chance": "above a blind guess",
    "above_baselines": "above what the data alone give",
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
    first = (_head, _claims, _gates, base, baselines, _scores, _quoted)
    then = (gains, interpretation, rotations, formats, screening, both, engines, _calls, reused)
    last = (details, _telemetry, _provenance)
    lines = [text for part in (*first, *then, *last) for text in part(found)]
    return "\n".join(lines).rstrip() + "\n"


def brief(found: Mapping[str, Any]) -> str:
    """Return the first page alone, for the step summary of a CI job."""
    return "\n".join(text for part in (_head, _claims, _gates) for text in part(found)).rstrip() + "\n"


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
        f"Margins, limits, seed and the family of claims were written down before the first row was asked "
        f"(`declared.json`)."
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
    sizes = [c["family"] for c in found["claims"] if c["family"] and c["role"] == "model"]
    yield "## What may be said"
    yield ""
    if sizes:
        yield (
            f"The {max(sizes)} tested claims about models are one declared family: p-values are adjusted by Holm "
            "within it, so that the chance of any false support is at most 5 %. A count (`saw_images`) is not "
            "tested; a control is judged alone and unadjusted; a refutation is at its own 5 %."
        )
        yield ""
    if found["pending"]:
        pending = ", ".join(f"{model}: {name} on {benchmark}" for _, benchmark, model, name in found["pending"])
        yield f"Declared and pending, for want of data or of a mode: {pending}."
        yield ""
    for title, group in by(found["claims"], "title"):
        yield f"### {title}"
        yield ""
        rows = [[c["model"] + role(c), CLAIM[c["name"]], _verdict(c), c["sentence"]] for c in group]
        yield from table(["Model", "Claim", "Verdict", "In words"], rows)


def _verdict(claim: Mapping[str, Any]) -> str:
    shown = VERDICT[claim["verdict"]]
    if claim.get("role") != "control":
        return shown
    if claim["passed"]:
        return f"{claim['verdict']} – refused, as it must be ✅"
    return f"{shown} – not judged" if claim["verdict"] == "invalid" else f"{shown} – must be refused ❌"


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
        "A score that may not be reported is struck out, and the reason stands below. Numbers stand in one table only "
        "where all ten components of the harness are the same."
    )
    yield ""
    for title, group in by(found["cases"], "title"):
        yield f"### {title}"
        yield ""
        for part in _by_harness(group):
            yield from _score_table(part)
        yield from _faults(group)
        notes = dict.fromkeys(note for c in group for note in c["notes"])
        yield from (f"- {note}" for note in notes)
        yield ""


def _quoted(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["quoted"]:
        return
    yield "## Quoted, not compared"
    yield ""
    yield "Published numbers as their sources state them. None of them came from this harness, so none is compared."
    yield ""
    yield from found["quoted"]
    yield ""


def _by_harness(group: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Cases whose ten components are all the same; a refused case was in no harness and joins the first."""
    tables: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    refused = [c for c in group if c["status"] == "refused"]
    for c in group:
        if c["status"] != "refused":
            tables.setdefault(tuple(c["harness"].values()), []).append(c)
    first, *others = tables.values() or [[]]
    return [sorted([*first, *refused], key=group.index), *others]


def _score_table(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one table of cases of one harness."""
    unlike = group[0]["same_harness"]
    if unlike.startswith("not comparable"):
        yield f"**{unlike}**, against the first table of this benchmark:"
        yield ""
    head = ["Mode", "Model", "n", "Score", "95 % interval", "Unread", "Failed", "Zero-image rows", "Same harness"]
    yield from table(head, [_score_row(c) for c in group], right=(2, 3, 4, 5, 6, 7))
    methods = sorted({c["score"]["method"] for c in group if c["score"]})
    metrics = sorted({c["metric"] for c in group if c["metric"]})
    if metrics:
        yield f"Score: {', '.join(metrics)}. Interval: {', '.join(methods) or 'none'}, 95 %."
        yield ""


def _score_row(c: Mapping[str, Any]) -> list[str]:
    n = str(c["asked"]) if c["asked"] == c["published"] else f"{c['asked']} of {c['published']}"
    n += f" × {c['draws']}" if c["draws"] > 1 else ""
    value, low_high = percent(c["score"]["value"] if c["score"] else None), interval(c["score"])
    if c["faults"] and c["score"]:
        value, low_high = f"~~{value}~~", "may not be reported"
    if c["status"] == "refused":
        n, value, low_high = f"0 of {c['published']}", "–", "rows refused"
    return [
        c["mode"],
        c["model"] + role(c),
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
    early = [c for c in group if c["sequential"] and c["asked"] < c["published"]]
    for c in early:
        yield (
            f"- `{c['case']}` was stopped after {c['asked']} of {c['published']} rows, asked in random order; the "
            f"accuracy shown is for those. Over all {c['published']} rows it lies in {_whole(c)}."
        )
    if broken or early:
        yield ""


def _whole(c: Mapping[str, Any]) -> str:
    low, high = c["whole"] or (0.0, 1.0)
    return f"{100 * low:.1f} to {100 * high:.1f} (95 % betting confidence sequence without replacement)"


def _calls(found: Mapping[str, Any]) -> Iterator[str]:
    yield from found["calls"]


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
            str(c["bad_rows"]),
        ]
        for c in found["cases"]
    ]
    yield from table(head, rows, right=range(1, 7))
    for t in found["data"].values():
        named = ", ".join(f"{k}: {v}" for k, v in sorted(t["named"].items()))
        loaded = ", ".join(f"{k}: {v}" for k, v in sorted(t["loaded"].items()))
        yield (
            f"- {t['title']}: {t['rows']} rows; images named per row {{{named}}}, loaded per row {{{loaded}}}; "
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
    for key, group in by([c for c in found["cases"] if c["provenance"]], "benchmark", "model"):
        c = group[0]
        yield f"<details><summary>{key}</summary>"
        yield ""
        facts = {**c["provenance"], **{f"harness: {k}": v for k, v in c["harness"].items()}}
        yield from table(["What", "Value"], [[k, str(v)] for k, v in facts.items()])
        yield "</details>"
        yield ""
