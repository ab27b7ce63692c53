"""Whether a text uses a word, or only speaks about it.

A word is not used where it stands in quotation marks; where a negation, or *may*, *said to*, *announced as*, stands
before it in the same clause, at most nine words away (but not *not only*); where *whether*, *if* or *unless* does;
where its sentence is a question; or where its heading or its column is headed by words such as *not allowed*.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from harness.lint.facts import Facts, found_in
from harness.lint.page import Page

_REACH = 90
_WORDS = 9
_BORDER = re.compile(
    r"[;:.!?—|\n]\s|\s-\s|\b(?:but|yet|however|although|though|instead|whereas|while)\b|"
    r",\s(?:it|we|and|so|which|our|the|this|they|then|thus)\b",
    re.I,
)
_CONDITION = re.compile(r"\b(?:whether|if|unless)\b[^,]*$", re.I)
_NEGATION = re.compile(
    r"\b(?:not(?! (?:only|just|merely|simply|least))|\w{2,8}n't|no(?! (?:other|doubt|longer|wonder|existing|previous|"
    r"open))|never|cannot|neither|nor|without|nothing|none|avoid\w{0,3}|refus\w{1,3}|rather than|instead of|"
    r"forbid\w{0,5}|"
    r"nobody|far from|fail(?:s|ed)? to|unable to|remains to be|yet to be|too early to|may|might|could|"
    r"(?:announced|advertised|described|sold) as|(?:claimed|said|alleged) to)\b",
    re.I,
)
_SINGLE = re.compile(r"(?<!\w)'(?=\S)[^'\n]{1,80}'(?!\w)")
_DOUBLE = re.compile(r"(?<!\d)\"|\"(?=[\w(])")


@dataclass(frozen=True, slots=True)
class Quotations:
    """Where quotation marks are open, in order."""

    starts: tuple[int, ...]
    stops: tuple[int, ...]

    def hold(self, start: int, stop: int) -> bool:
        """Say whether a place stands in quotation marks."""
        number = bisect_right(self.starts, start) - 1
        return number >= 0 and stop <= self.stops[number]


def quotations(page: Page) -> Quotations:
    """Find what stands in quotation marks: double ones paired within a block, single ones around whole words.

    Parameters
    ----------
    page : Page
        A text, taken apart.
    """
    spans = []
    for block in page.blocks:
        marks = [m.start() for m in _DOUBLE.finditer(page.clean, block.start, block.stop)]
        spans += list(zip(marks[::2], marks[1::2], strict=False))
        spans += [(m.start(), m.end()) for m in _SINGLE.finditer(page.clean, block.start, block.stop)]
    merged: list[list[int]] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], stop)
        else:
            merged.append([start, stop])
    return Quotations(tuple(s for s, _ in merged), tuple(e for _, e in merged))


def negated(page: Page, start: int, floor: int) -> bool:
    """Say whether a negation or a condition stands before a place in its clause.

    Parameters
    ----------
    page : Page
        A text, taken apart.
    start, floor : int
        The place, and where its unit begins.
    """
    before = page.clean[max(floor, start - _REACH) : start]
    borders = list(_BORDER.finditer(before))
    clause = before[borders[-1].end() :] if borders else before
    if _CONDITION.search(clause):
        return True
    near = " ".join(clause.split()[-_WORDS:])
    return bool(_NEGATION.search(near))


def questioned(page: Page, number: int) -> bool:
    """Say whether a unit is a question."""
    unit = page.units[number]
    return page.clean[max(unit.start, unit.stop - _REACH) : unit.stop].rstrip(" \n\"')").endswith("?")


def forbidden_list(page: Page, facts: Facts, number: int) -> bool:
    """Say whether a unit stands under a heading or in a column of words that are not to be used."""
    unit = page.units[number]
    header = page.blocks[unit.block].header
    if unit.column is not None and unit.column < len(header):
        return "forbids" in found_in(header[unit.column])
    return "forbids" in facts.headings[unit.section]
