"""Results to one markdown page: first what may be said, then the numbers, then how they came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.report.compare import gains, interpretation, priors, rotations
from harness.report.details import details
from harness.report.tables import by, interval, percent, role, table

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
    parts = (_head, _claims, _gates, _scores, gains, interpretation, rotations, priors, details, _telemetry)
    lines = [text for part in (*parts, _provenance) for text in part(found)]
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
        "A score that may not be reported is struck out, and the reason stands below."
    )
    yield ""
    for title, group in by(found["cases"], "title"):
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
    if broken:
        yield ""


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
