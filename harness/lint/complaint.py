"""What the linter says: where, what, why, and what to say instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

GROUPS = {
    "run": "Against the run",
    "word": "Words that the evidence cannot carry",
    "evidence": "Numbers without their evidence",
    "comparison": "Comparisons",
    "allow": "Suppressions",
}
"""Kinds of complaints, in the order in which they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that a text says and does not show.

    Attributes
    ----------
    kind : str
        ``run``, ``word``, ``evidence``, ``comparison`` or ``allow``; a key of `GROUPS`.
    rule : str
        Name of the rule, which a suppression may name.
    line, column : int
        Both from 1; columns count characters.
    quote : str
        The text complained about, exactly as it stands there.
    what, why, instead : str
        What is wrong, why it cannot stand, what could stand in its place.
    """

    kind: str
    rule: str
    line: int
    column: int
    quote: str
    what: str
    why: str
    instead: str


def report(complaints: Sequence[Complaint], path: object) -> str:
    """Return complaints as text: a summary line, then each group, then ``file:line:column`` of each complaint.

    Parameters
    ----------
    complaints : sequence of Complaint
        As ``lint`` returned them.
    path : object
        Name of the text, shown before each position.
    """
    if not complaints:
        return f"{path}: no complaint\n"
    count = f"{len(complaints)} complaint{'s' if len(complaints) > 1 else ''}"
    lines = [f"{path}: {count}"]
    for kind, title in GROUPS.items():
        group = [c for c in complaints if c.kind == kind]
        if group:
            lines += ["", f"{title} ({len(group)})", *_told(group, path)]
    return "\n".join(lines) + "\n"


def exit_code(complaints: Sequence[Complaint]) -> int:
    """Return 0 where there is no complaint, else 1."""
    return 1 if complaints else 0


def _told(group: Sequence[Complaint], path: object) -> Iterator[str]:
    """Yield the lines of a group; numbers of neighbouring lines that lack the same are told once."""
    for _, same in groupby(_runs(group), key=lambda run: run[0]):
        found = [complaint for _, complaint in same]
        first, others = found[0], len(found) - 1
        more = f" (and {others} more: {_listed([c.quote for c in found[1:]])})" if others else ""
        yield f"  {path}:{first.line}:{first.column}: {first.what}{more}"
        yield f"      why: {first.why}"
        yield f"      say: {first.instead}"


def _runs(group: Sequence[Complaint]) -> Iterator[tuple[int, Complaint]]:
    """Number the complaints so that those told together have one number."""
    number, last = 0, None
    for complaint in group:
        if last is None or not _alike(last, complaint):
            number += 1
        last = complaint
        yield number, complaint


def _alike(first: Complaint, second: Complaint) -> bool:
    return (
        first.kind == second.kind == "evidence"
        and second.line - first.line <= 1
        and first.what.removeprefix(first.quote) == second.what.removeprefix(second.quote)
    )


def _listed(quotes: Sequence[str]) -> str:
    shown = ", ".join(quotes[:8])
    return shown if len(quotes) <= 8 else f"{shown}, ..."
