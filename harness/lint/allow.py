"""Suppressions: ``<!-- lint: allow RULE, because REASON -->``.

On a line of its own a suppression holds for the next block, else for the block it stands in (in a table: its line).
RULE is the name of a rule, or the very words or number complained about. Without a reason it suppresses nothing.
What a run contradicts, or does not let be reported, cannot be suppressed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.lint.complaint import Complaint
from harness.lint.page import Page

_FORM = re.compile(r"allow\s+(?P<rules>[^\n]{1,200}?)\s*(?:[,;:-]\s*)?\bbecause\b\s*(?P<reason>.*)", re.I | re.S)
_LIST = re.compile(r"\s*(?:,|\band\b)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Rules that are not applied in some lines; lines from 1, both ends included."""

    rules: frozenset[str]
    first: int
    last: int

    def covers(self, complaint: Complaint) -> bool:
        """Say whether a complaint is suppressed."""
        named = {complaint.rule.casefold(), complaint.quote.casefold(), complaint.kind}
        return complaint.kind != "run" and self.first <= complaint.line <= self.last and bool(named & self.rules)


def allowed(page: Page) -> tuple[tuple[Allowed, ...], tuple[Complaint, ...]]:
    """Return the suppressions of a page, and complaints about those that are not in form.

    Parameters
    ----------
    page : Page
        A text, taken apart.
    """
    good, bad = [], []
    starts = [block.start for block in page.blocks]
    for start, stop, said in page.masked.remarks:
        form = _FORM.match(said)
        if form is None or not re.search(r"\w{2}", form["reason"]):
            bad.append(_refused(page, start, stop))
            continue
        rules = frozenset(part.strip(" '\"").casefold() for part in _LIST.split(form["rules"]) if part.strip(" '\""))
        first, last = _lines(page, starts, start, stop)
        good.append(Allowed(rules=rules, first=first, last=last))
    return tuple(good), tuple(bad)


def kept(complaints: Iterable[Complaint], good: Sequence[Allowed]) -> list[Complaint]:
    """Return the complaints that no suppression covers."""
    return [c for c in complaints if not any(one.covers(c) for one in good)]


def _lines(page: Page, starts: Sequence[int], start: int, stop: int) -> tuple[int, int]:
    """Return the first and last line for which a suppression holds."""
    line = page.place(start)[0]
    begin = page.text.rfind("\n", 0, start) + 1
    end = page.text.find("\n", stop)
    around = page.clean[begin : end if end >= 0 else len(page.text)]
    if around.strip(" |>-*#"):
        number = bisect_left(starts, stop) - 1
        block = page.blocks[number] if number >= 0 else None
        if block is None or block.kind == "table" or block.stop < start:
            return line, line
    else:
        number = bisect_left(starts, stop)
        if number >= len(page.blocks):
            return line, line
        block = page.blocks[number]
    return page.place(block.start)[0], page.place(max(block.start, block.stop - 1))[0]


def _refused(page: Page, start: int, stop: int) -> Complaint:
    line, column = page.place(start)
    return Complaint(
        kind="allow",
        rule="allow",
        line=line,
        column=column,
        quote=page.text[start:stop],
        what="a suppression without a reason suppresses nothing",
        why="whoever reads the page must be able to judge why a claim may stand",
        instead="<!-- lint: allow beats, because the table above is one run of one harness -->",
    )
