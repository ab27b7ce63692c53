"""What keeps a quoted number from being held against a measurement, and the table that says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from harness.quoted.entries import NOT_STATED, Quoted
from harness.quoted.traps import SLAKE_ENGLISH_ROWS, Trap, matching
from harness.records import Harness

COMPONENTS: tuple[str, ...] = tuple(f.name for f in fields(Harness))


def objections(quoted: Quoted, *, benchmark: str, split: str, n: int, metric: str) -> tuple[str, ...]:
    """Say why a published number may not be held against a measurement.

    Parameters
    ----------
    quoted : Quoted
        The published number.
    benchmark, split, metric : str
        Of the measurement, such as ``MedXpertQA-MM``, ``test``, ``accuracy``.
    n : int
        Rows measured.

    Returns
    -------
    tuple of str
        First ``quoted: another harness``, which always holds; then each difference that is known, as
        ``component: what is quoted, what is here``, in the order of the fields of `harness.records.Harness`, of
        which the component is one (or several, with commas).
    """
    found = [
        *_dataset(quoted, benchmark),
        *_split(quoted, split),
        *_rows(quoted, n),
        *_metric(quoted, metric),
        *(f"{', '.join(trap.components)}: {trap.why} ({trap.source})" for trap in _traps(quoted)),
    ]
    return ("quoted: another harness", *sorted(found, key=lambda text: COMPONENTS.index(_named(text)[0])))


def _traps(quoted: Quoted) -> list[Trap]:
    """Return the traps that a number falls into; that of a whole benchmark only where the entry does not say which."""
    said = f"{quoted.split} {quoted.note}"
    found = matching(quoted.model, quoted.benchmark, quoted.percent)
    return [trap for trap in found if trap.values or not trap.told.search(said)]


def _named(objection: str) -> list[str]:
    """Return the components that an objection is about."""
    return objection.partition(":")[0].split(", ")


def _dataset(quoted: Quoted, benchmark: str) -> list[str]:
    found = []
    if _plain(quoted.benchmark) != _plain(benchmark):
        found.append(f"dataset: quoted of {quoted.benchmark}, here {benchmark}")
    language = re.search(r"\((\w+)\)", benchmark)
    said = f"{quoted.benchmark} {quoted.split} {quoted.note}".casefold()
    if language and language.group(1).casefold() not in said:
        found.append(f"dataset: the language of the rows is not stated, here {language.group(1)}")
    if re.search(r"\+|\bcombined\b|\bboth parts\b", said):
        found.append(f"dataset: parts of it are combined in one number, here {benchmark} alone")
    return found


def _split(quoted: Quoted, split: str) -> list[str]:
    if quoted.split == NOT_STATED:
        return [f"split: not stated, here {split}"]
    return [] if _plain(quoted.split) == _plain(split) else [f"split: quoted of {quoted.split}, here {split}"]


def _rows(quoted: Quoted, n: int) -> list[str]:
    if quoted.n is None:
        return [f"rows: n is not stated, here {n:,}"]
    found = [] if quoted.n == n else [f"rows: quoted over n = {quoted.n:,}, here {n:,}"]
    if "slake" in quoted.benchmark.casefold() and quoted.n > SLAKE_ENGLISH_ROWS:
        found.append(
            f"rows: {quoted.n:,} rows of SLAKE hold both languages; the English test has {SLAKE_ENGLISH_ROWS:,} "
            "(its files)"
        )
    return found


def _metric(quoted: Quoted, metric: str) -> list[str]:
    found = [] if _plain(quoted.metric) == _plain(metric) else [f"metric: quoted in {quoted.metric}, here {metric}"]
    if re.search(r"\bjudged?\b|\bGPT\b|\bLLM\b", f"{quoted.metric} {quoted.note}", re.I):
        found.append("extractor: a judge gave at least part of it, here no judge")
    return found


def _plain(name: str) -> str:
    """Return a name without case, signs and language."""
    without = re.sub(r"\b(?:english|chinese|korean|german|french|spanish)\b", "", name, flags=re.I)
    return re.sub(r"[\W_]+", "", without.casefold())


def table(quoted: Sequence[Quoted], measured: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the markdown table of quoted numbers, each with what keeps it from being compared.

    Parameters
    ----------
    quoted : sequence of Quoted
        As read.
    measured : sequence of mapping
        Cases of a run, as ``results.json`` holds them under ``cases``.

    Returns
    -------
    list of str
        Lines; empty where nothing is quoted.
    """
    from harness.report.tables import table as rendered

    head = ["Model", "Benchmark", "As quoted", "Metric", "Split", "n", "Source", "Against this run"]
    return rendered(head, [_line(one, _counterpart(one, measured)) for one in quoted], right=(2, 5))


def _line(one: Quoted, case: Mapping[str, Any] | None) -> list[str]:
    source = f"{one.source}, {one.date}" if one.date else one.source
    n = NOT_STATED if one.n is None else f"{one.n:,}"
    return [
        one.model,
        one.benchmark,
        one.shown,
        one.metric,
        one.split,
        n,
        source,
        f"not comparable: {_which(one, case)}",
    ]


def _which(one: Quoted, case: Mapping[str, Any] | None) -> str:
    """Return the components that differ, those of which nothing is known, and what the number really is."""
    traps = "".join(f"; {trap.why}" for trap in _traps(one))
    if case is None:
        return f"this run has no measurement of it{traps}"
    title, _, split = case["title"].rpartition(", ")
    said = objections(one, benchmark=title, split=split, n=case["asked"], metric=case["metric"])[1:]
    differ = {name for text in said if NOT_STATED not in text for name in _named(text)}
    known = ", ".join(name for name in COMPONENTS if name in differ)
    rest = ", ".join(name for name in COMPONENTS if name not in differ)
    return (
        f"{known} differ{'' if len(differ) > 1 else 's'}; {rest} not known{traps}"
        if known
        else f"{rest} not known{traps}"
    )


def _counterpart(one: Quoted, measured: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the case of the same benchmark that a quoted number would be held against: the one with images."""
    name = _plain(re.sub(r"\([^()]*\)", "", one.benchmark))
    sound = [c for c in measured if name and c["status"] != "refused" and c["metric"]]
    alike = [
        c for c in sound if _plain(c["title"].rpartition(", ")[0]).startswith(name) or _plain(c["benchmark"]) == name
    ]
    return next((c for c in alike if c["mode"] == "image_text"), alike[0] if alike else None)
