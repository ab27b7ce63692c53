"""The lower half of the report: every metric, slices, image counts and letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.report.tables import by, cell, percent, table


def details(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of this part."""
    yield "## Slices and details"
    yield ""
    yield "A slice with fewer than 30 rows or 10 clusters is shown as counts, without an interval."
    yield ""
    for title, group in by([c for c in found["cases"] if c["status"] != "refused"], "title"):
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
    rows = [[c["mode"], c["model"], *(cell(c["kinds"].get(kind)) for kind in kinds)] for c in group]
    yield from table(["Mode", "Model", *(f"{kind.replace('_', '/')} questions" for kind in kinds)], rows)


def _slice_tables(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one table a slice: the modes that tell whether the image helps, side by side, for each model."""
    modes = [m for m in ("text_only", "image_text", "shuffled") if any(c["mode"] == m for c in group)]
    by = {(c["model"], c["mode"]): c for c in group}
    for name in group[0]["slices"]:
        rows = []
        for model in dict.fromkeys(c["model"] for c in group):
            values = by.get((model, modes[0]), {}).get("slices", {}).get(name, {}) if modes else {}
            for value, counts in values.items():
                cells = [cell(by.get((model, m), {}).get("slices", {}).get(name, {}).get(value)) for m in modes]
                rows.append([value, model, str(counts["n"]), str(counts["clusters"]), *cells])
        if rows:
            yield f"By {name}:"
            yield ""
            yield from table([name, "Model", "n", "Clusters", *modes], rows, right=(2, 3))


def _image_counts(group: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        [c["mode"], c["model"], count, str(counts["n"]), cell(counts)]
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
