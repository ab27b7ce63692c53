"""What the modes of one model on one benchmark say together, as an entry in the results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from harness import codec, stats
from harness.columns import Columns, aligned, contrast, difference, mean_of, objection
from harness.errors import NotEstimable
from harness.follow import follow
from harness.ladder import read, readings, rungs
from harness.limits import ALPHA, Limits
from harness.mode import ROTATIONS, SHUFFLED
from harness.patterns import patterns
from harness.records import Measurement, ModeName
from harness.rotation import rotation
from harness.stats.slices import SMALL_CLUSTERS, SMALL_N

ByMode = Mapping[ModeName, Measurement]
InColumns = Mapping[ModeName, Columns]


def entry(by_mode: ByMode, cases: InColumns, role: str, limits: Limits) -> dict[str, Any]:
    """Return the entry of one model on one benchmark."""
    first = next(iter(by_mode.values()))
    image = by_mode.get("image_text")
    turned = rotation(cases, golds(by_mode))
    foreign = [by_mode[name] for name in SHUFFLED if name in by_mode]
    followed = [found for m in foreign if image is not None and (found := follow(image, m)) is not None]
    return {
        "benchmark": first.case.benchmark,
        "title": first.title,
        "model": first.case.model,
        "role": role,
        "rungs": codec.plain(rungs(cases, limits)),
        "patterns": codec.plain(patterns(cases, turned, limits)),
        "rotation": codec.plain(turned),
        "baselines": _baselines(by_mode, cases, limits),
        "followed": codec.plain(followed),
        "readings": codec.plain(readings(by_mode, limits)),
        "screening": _screening(by_mode, cases),
    }


def golds(by_mode: ByMode) -> dict[str, list[int]]:
    """Row id -> place of its gold, as shown, in the published order and in each rotation that was measured."""
    found: dict[str, list[int]] = defaultdict(list)
    for name in ("image_text", *ROTATIONS):
        for a in by_mode[name].answers if name in by_mode else ():
            letters = [option.letter for option in a.row.options]
            if a.row.gold in letters:
                found[a.row.id].append(letters.index(a.row.gold))
    return found


def _baselines(by_mode: ByMode, cases: InColumns, limits: Limits) -> dict[str, Any] | None:
    """Return what the data alone give, and how image_text stands against each.

    The baselines come from text_only where image_text was refused.
    """
    names: tuple[ModeName, ...] = ("image_text", "text_only")
    carrying = next((name for name in names if name in by_mode and by_mode[name].baselines), None)
    if carrying is None:
        return None
    case, found = cases[carrying], by_mode[carrying].baselines
    image = cases.get("image_text")
    model = image if image is not None and not image.faults else None
    return {
        "chance": case.chance,
        "rows": [
            {
                "name": each.name,
                "title": each.title,
                "learned": each.learned,
                "score": _plain_estimate(prior.points, case),
                "difference": _against(model, prior.points, limits),
            }
            for each, prior in zip(found, case.baselines, strict=True)
        ],
    }


def _plain_estimate(points: np.ndarray[Any, Any], case: Columns) -> Any:
    try:
        return codec.plain(mean_of(case, points))
    except NotEstimable:
        return None


def _against(model: Columns | None, points: np.ndarray[Any, Any], limits: Limits) -> dict[str, Any] | None:
    if model is None or len(model.rows) != len(points):
        return None
    try:
        found = contrast(model, model.mean, points)
    except NotEstimable:
        return None
    words = "higher" if read(found, 1.0) == "higher" else "not shown to be higher"
    return {"difference": codec.plain(found), "reading": words}


def _screening(by_mode: ByMode, cases: InColumns) -> dict[str, Any]:
    """Return the image gain by slice: exploratory, adjusted by Benjamini-Hochberg over all slices of this table.

    A slice with few rows or clusters is given as counts, without a verdict.
    """
    image, other = cases.get("image_text"), cases.get("shuffled", cases.get("text_only"))
    if image is None or other is None or not image.rows or objection([image, other]):
        return {"against": "", "rows": []}
    other = aligned(image, other)
    rows = [_sliced(name, value, where, image, other) for name, value, where in _members(by_mode["image_text"])]
    tested = [row for row in rows if row["difference"] is not None]
    adjusted = stats.benjamini_hochberg([row["difference"]["p"] for row in tested])
    for row, q in zip(tested, adjusted, strict=True):
        row["q"] = q
        row["flagged"] = q <= ALPHA
    return {"against": other.case.mode, "rows": rows}


def _members(m: Measurement) -> list[tuple[str, str, np.ndarray[Any, Any]]]:
    """Slice name, its value, and which rows have it."""
    rows = [a.row for a in m.answers[: len(m.answers) // m.draws]]
    found = []
    for name in m.slices:
        values = np.array([row.slices.get(name, "") or "(none)" for row in rows])
        found += [(name, str(value), values == value) for value in np.unique(values)]
    return found


def _sliced(name: str, value: str, where: np.ndarray[Any, Any], image: Columns, other: Columns) -> dict[str, Any]:
    n, clusters = int(where.sum()), len(np.unique(image.clusters[where]))
    row = {"slice": name, "value": value, "n": n, "clusters": clusters, "difference": None, "q": None, "flagged": False}
    row |= {"right": [float(case.mean[where].sum()) for case in (image, other)]}
    if n < SMALL_N or clusters < SMALL_CLUSTERS:
        return row
    with suppress(NotEstimable):
        row["difference"] = codec.plain(_part(image, other, where))
    return row


def _part(image: Columns, other: Columns, where: np.ndarray[Any, Any]) -> Any:
    part = replace(image, clusters=image.clusters[where])
    return contrast(part, image.mean[where], other.mean[where])


def gap(
    candidate: Mapping[str, InColumns], base: Mapping[str, InColumns], names: Sequence[ModeName]
) -> list[dict[str, Any]]:
    """Return candidate minus base for every benchmark and mode that both have."""
    found = []
    for benchmark, by_mode in candidate.items():
        for name in names:
            other = base.get(benchmark, {}).get(name)
            if name not in by_mode or other is None:
                continue
            why = objection([by_mode[name], other])
            values = [None if one.faults else float(one.mean.mean()) for one in (by_mode[name], other)]
            delta = None if why else codec.plain(difference(by_mode[name], other))
            title = by_mode[name].title
            found.append(
                {
                    "title": title,
                    "mode": name,
                    "candidate": values[0],
                    "base": values[1],
                    "why": why,
                    "difference": delta,
                }
            )
    return found
