"""One row and one column of a table into a figure: its n, count, interval and chance, wherever they stand.

What states n, the nearest first: ``k/n`` or ``n =`` in the cell, a column of n about the same thing, a column of n
about nothing in particular, the name of the row, the name of the column, the caption, the heading.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from harness.forensics import told
from harness.forensics.cell import Cell, plain
from harness.forensics.columns import Column
from harness.forensics.finding import Figure, Place
from harness.forensics.links import Links
from harness.forensics.names import is_score, named, rows_named, rows_told, top_named
from harness.forensics.printed import LARGEST, Digits, Printed
from harness.forensics.tables import Table
from harness.forensics.wholes import whole_of

_CAPTION = re.compile(r"\W*(table|caption|figure)\b|.{0,160}$", re.I)

_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What caption and heading say of every figure of a table."""

    text: str
    n: int | None
    n_from: str
    several: frozenset[int]

    @classmethod
    def of(cls, table: Table) -> Around:
        # A long paragraph speaks of more than the table below it
        near = table.caption if _CAPTION.match(table.caption) is not None else ""
        caption, title = rows_told(near, loose=True), rows_told(table.title, loose=True)
        n_from, found = ("caption", caption) if caption else ("heading", title)
        one = len(found) == 1
        return cls(
            text=f"{near} {table.title}",
            n=next(iter(found)) if one else None,
            n_from=n_from if one else "",
            several=frozenset() if one else found,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the name of one row says of its figures.

    Attributes
    ----------
    at, line : int
        Its number, from 0, and its line in the file.
    name, group : str
        Its name, and the benchmark or subset it is of.
    n : int or None
        The n that the name states.
    score : bool
        Whether the name is that of a score without a grid, such as F1.
    chance : pair of Fraction and str, or None
        What a blind guess scores, and what says so.
    """

    at: int
    line: int
    name: str
    group: str
    n: int | None
    score: bool
    chance: tuple[Fraction, str] | None

    @classmethod
    def of(cls, at: int, line: int, name: str, group: str, *, by_model: bool, guess: bool) -> Row:
        """Read the name of a row: a bare number in brackets is n where rows are no models; a long text states none."""
        named_n = next(iter(rows_told(name, loose=True)), None) if by_model else rows_named(name)
        return cls(
            at=at,
            line=line,
            name=name,
            group=group,
            n=named_n if len(name) <= _LONGEST else None,
            score=is_score(name) and not (by_model and named(name).kind == "score"),
            chance=None if guess else told.chance_told(name),
        )


class Reader:
    """Reads the figures of one column of shares."""

    def __init__(self, share: Column, linked: Links, around: Around, guessing: Collection[int], *, sure: bool) -> None:
        counted = linked.n or linked.count
        whole = None if counted is None or linked.k is not None else whole_of(counted, share)
        if whole is not None:
            linked = replace(linked, n=None, k=counted if whole.n else None)
        self.share, self._links, self._around = share, linked, around
        self._whole = whole.n if whole is not None else None
        interval = linked.interval or linked.low or linked.margin
        names = " ".join(column.name for column in (interval, share) if column is not None)
        words = f"{names} {around.text}"
        self._kind: Literal["share", "rating", "score"] = "share"
        if share.kind == "rating" or share.kind == "score":
            self._kind = "rating" if share.kind == "rating" else "score"
        self._level = told.level_told(names) or told.level_told(around.text)
        self._method = told.method_told(names) or told.method_told(around.text)
        self._runs, self._steps = told.runs_told(words), told.steps_told(words)
        self._deviation = told.deviation_told(words)
        self._told = told.chance_told(share.name) or told.chance_told(around.text)
        guesses = [value for at in sorted(guessing) if (value := share.cells[at].value) is not None]
        self._guess = guesses[0].of(share.whole).value if guesses else None
        self._name = plain(share.name)
        self._sure = sure or share.sure
        self._top = top_named(share.name) if share.kind == "rating" else 1

    def figure(self, row: Row, table: str) -> Figure:
        """Return the figure of one row of the table called so."""
        cell = self.share.cells[row.at]
        printed = None if cell.value is None else cell.value.of(self.share.whole)
        n, n_from = self._n(row, cell)
        chance, chance_from = self._chance(row)
        margin = self._margin(row.at, cell)
        return Figure(
            place=Place(line=row.line, row=row.name, column=self._name, table=table),
            kind="score" if row.score else self._kind,
            printed=printed,
            n=n,
            n_from=n_from,
            k=self._k(row.at, cell, printed, n),
            interval=self._interval(row.at, cell),
            margin=None if self._deviation else margin,
            level=self._level or told.level_told(cell.text),
            method=self._method or told.method_told(cell.text),
            chance=chance,
            chance_from=chance_from,
            runs=self._runs,
            steps=self._steps,
            top=self._top,
            spread=cell.spread or (margin or _value(self._links.error, row.at)) is not None,
            sure=self._sure or n_from not in ("caption", "heading"),
            group=row.group,
        )

    def _n(self, row: Row, cell: Cell) -> tuple[int | None, str]:
        column = self._links.n
        found = (
            (cell.n, "its cell"),
            (cell.bracket if self.share.named.bracket == "n" else None, "its cell"),
            (_whole(column, row.at), "column " + plain(column.name) if column is not None else ""),
            (self._whole, "the counts and shares of all rows"),
            (row.n, "name of the row"),
            (self.share.n, "name of the column"),
            (self._around.n, self._around.n_from),
        )
        return next(((n, source) for n, source in found if n), (None, ""))

    def _k(self, row: int, cell: Cell, printed: Printed | None, n: int | None) -> int | None:
        if cell.k is not None:
            return cell.k
        if cell.bracket is not None and self.share.named.bracket != "n":
            fits = printed is not None and n is not None and n > 0 and printed.holds(Fraction(cell.bracket, n))
            if fits or self.share.named.bracket == "k":
                return cell.bracket
        return _whole(self._links.k, row) if self.share.kind == "share" else None

    def _interval(self, row: int, cell: Cell) -> tuple[Printed, Printed] | None:
        low, high = _value(self._links.low, row), _value(self._links.high, row)
        ends = cell.interval or (None if low is None or high is None else (low, high))
        if ends is None and self._links.interval is not None:
            ends = self._links.interval.cells[row].interval
        if ends is None:
            return None
        whole = self._ends_of(ends, cell)
        return ends[0].of(whole), ends[1].of(whole)

    def _ends_of(self, ends: tuple[Digits, Digits], cell: Cell) -> int:
        """What all of it is printed as in an interval, which may be in another unit than the share."""
        if max(end.exact for end in ends) > 1:
            return 100
        if cell.value is None:
            return 1
        return 1 if cell.value.exact > 1 else self.share.whole

    def _margin(self, row: int, cell: Cell) -> Printed | None:
        column = self._links.margin
        found = cell.margin or (None if column is None else column.cells[row].margin or column.cells[row].value)
        return None if found is None else found.of(self.share.whole)

    def _chance(self, row: Row) -> tuple[Fraction | None, str]:
        stated = _value(self._links.chance, row.at)
        if stated is not None and self._links.chance is not None:
            return stated.of(self._links.chance.whole).value, f"column {plain(self._links.chance.name)}"
        options = _whole(self._links.options, row.at)
        if options is not None and options >= 2:
            return Fraction(1, options), f"{options} options"
        if self._guess is not None:
            return self._guess, "row of a blind guess"
        return row.chance or self._told or (None, "")


def _value(column: Column | None, row: int) -> Digits | None:
    return None if column is None else column.cells[row].value


def _whole(column: Column | None, row: int) -> int | None:
    """A whole number of a column; None where there is none."""
    value = _value(column, row)
    return None if value is None or value.places or not 0 <= value.digits <= LARGEST else value.digits
