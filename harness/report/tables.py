"""Cells and tables of markdown, shared by the pages of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


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


def role(entry: Mapping[str, Any]) -> str:
    """Return what stands behind a model's name where it is not simply measured."""
    return {"control": " (control)", "baseline": " (baseline)"}.get(entry["role"], "")


def cell(group: Mapping[str, Any] | None) -> str:
    """Return a slice's cell: percent with its interval where there are rows enough, counts where not."""
    if group is None:
        return "–"
    if group["score"] is None:
        return f"{group['points']:g} of {group['n']}"
    return f"{percent(group['score']['value'])} ({interval(group['score'])})"


def by(entries: Iterable[Mapping[str, Any]], *names: str) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return entries grouped by the given fields, in order of appearance."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        groups.setdefault(" – ".join(str(entry[name]) for name in names), []).append(entry)
    return list(groups.items())
