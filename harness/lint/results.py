"""All results of a page in order: from sentences and rows, each with the interval that belongs to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from harness.lint import vocabulary as v
from harness.lint.cells import in_row
from harness.lint.facts import Facts
from harness.lint.numbers import HEADING_NUMBER, Result, in_sentence
from harness.lint.page import Page


def results(page: Page, facts: Facts) -> list[Result]:
    """Return the results of a page.

    An interval belongs to the last result before it in its sentence, or to the first where none is before it. Where
    a sentence has an interval for each result, all of them have one. The last result of a sentence also has the
    interval of the next sentence, where that one has no result of its own.

    Parameters
    ----------
    page, facts : Page, Facts
        A text, taken apart, and what its parts state.
    """
    by_unit: list[list[Result]] = []
    for number, unit in enumerate(page.units):
        if unit.kind == "row":
            by_unit.append(list(in_row(page, facts, number, unit)))
        else:
            start = unit.start
            if unit.kind == "heading" and (section := HEADING_NUMBER.match(page.clean, start, unit.stop)):
                start = section.end()
            prose = page.clean[start : unit.stop]
            found = sorted(in_sentence(prose, facts.around(number, unit), start, number), key=lambda r: r.start)
            by_unit.append(_with_intervals(page, number, found))
    for number, found in enumerate(by_unit):
        if found and not found[-1].interval and _lends(page, facts, by_unit, number + 1, page.units[number].block):
            found[-1] = replace(found[-1], interval=True)
    return [one for found in by_unit for one in found]


def _with_intervals(page: Page, number: int, found: list[Result]) -> list[Result]:
    effects = [n for n, one in enumerate(found) if one.form != "p"]
    if not effects:
        return found
    unit = page.units[number]
    spans = [m.start() for m in v.INTERVAL.finditer(page.clean, unit.start, unit.stop)]
    having = set(effects) if len(spans) >= len(effects) else {_owner(found, effects, start) for start in spans}
    return [replace(one, interval=True) if n in having else one for n, one in enumerate(found)]


def _owner(found: Sequence[Result], effects: Sequence[int], start: int) -> int:
    before = bisect_right([found[n].start for n in effects], start)
    return effects[max(0, before - 1)]


def _lends(page: Page, facts: Facts, by_unit: list[list[Result]], number: int, block: int) -> bool:
    """Say whether a unit gives the interval of the one before it: same block, an interval, no result of its own."""
    if number >= len(page.units):
        return False
    unit = page.units[number]
    return unit.block == block and unit.kind == "sentence" and "interval" in facts.units[number] and not by_unit[number]
