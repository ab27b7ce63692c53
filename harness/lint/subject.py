"""What a number or a sentence is about: the benchmark, model and mode of a run that stand nearest to it.

In a sentence it is the last name before the number, else the first after it; in a table, the names in its row, else
in the heading of its column; else those of its paragraph, else those of the headings above, the nearest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.lint.names import Mentions, Names, nearest
from harness.lint.numbers import Result
from harness.lint.page import Page

Meaning = frozenset[str] | None
"""Names of the run that are meant; None where nothing is named, and so anything may be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a number is said of."""

    benchmarks: Meaning
    models: Meaning
    modes: frozenset[str]


class Subjects:
    """Finds what the parts of a page are about; each part is read once.

    Parameters
    ----------
    page : Page
        A text, taken apart.
    names : Names
        Those of a run.
    """

    def __init__(self, page: Page, names: Names) -> None:
        self._page, self._names = page, names
        self._mentions: dict[tuple[str, int, int], Mentions] = {}

    def of(self, one: Result) -> Subject:
        """Return what a number is said of."""
        unit = self._page.units[one.unit]
        own = self._found("unit", one.unit)
        if unit.kind == "row":
            top = self._column(unit.block, one.column or 0)
            benchmarks, models = union(own.benchmarks) or union(top.benchmarks), union(own.models) or union(top.models)
            modes = own.modes or top.modes
        else:
            place = one.start - unit.start
            benchmarks, models, modes = nearest(own.benchmarks, place), nearest(own.models, place), own.modes
        return Subject(
            benchmarks=benchmarks or self._wider(one.unit, one.start, "benchmarks"),
            models=models or self._wider(one.unit, one.start, "models"),
            modes=modes,
        )

    def around(self, number: int) -> tuple[Meaning, Meaning]:
        """Return the benchmarks and models that a unit is about."""
        own, start = self._found("unit", number), self._page.units[number].start
        return (
            union(own.benchmarks) or self._wider(number, start, "benchmarks"),
            union(own.models) or self._wider(number, start, "models"),
        )

    def _wider(self, number: int, place: int, what: Literal["benchmarks", "models"]) -> Meaning:
        """Return what the block of a unit names last before a place, else the nearest heading that names anything."""
        unit = self._page.units[number]
        block = self._page.blocks[unit.block]
        if block.kind != "table":
            found = nearest(getattr(self._found("block", unit.block), what), place - block.start)
            if found:
                return found
        section: int | None = unit.section
        while section is not None:
            part = self._page.sections[section]
            if part.level and part.blocks:
                found = union(getattr(self._found("block", part.blocks[0]), what))
                if found:
                    return found
            section = part.parent
        return None

    def _found(self, kind: Literal["unit", "block"], number: int) -> Mentions:
        if (kind, number, 0) not in self._mentions:
            part = self._page.blocks[number] if kind == "block" else self._page.units[number]
            self._mentions[kind, number, 0] = self._names.mentions(self._page.clean[part.start : part.stop])
        return self._mentions[kind, number, 0]

    def _column(self, block: int, column: int) -> Mentions:
        header = self._page.blocks[block].header
        if column >= len(header):
            return Mentions()
        if ("column", block, column) not in self._mentions:
            self._mentions["column", block, column] = self._names.mentions(header[column])
        return self._mentions["column", block, column]


def every(name: str, wanted: Meaning) -> bool:
    """Say whether a name is meant; every one is where none is named."""
    return not wanted or name in wanted


def union(found: Sequence[tuple[int, frozenset[str]]]) -> Meaning:
    """Return all that a row of mentions means."""
    return frozenset().union(*(meaning for _, meaning in found)) or None
