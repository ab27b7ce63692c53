"""Counts and n that are said to be put together: 589 + 267 = 856, and 2450 + 2000 = 4450."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.forensics.cell import plain
from harness.forensics.columns import Column
from harness.forensics.finding import Finding, Place, Severity
from harness.forensics.grid import Grid
from harness.forensics.names import named, words_of
from harness.forensics.parts import is_all, named_parts
from harness.forensics.printed import LARGEST

_COUNTS = frozenset(("n", "k", "correct", "right", "hits", "successes", "count", "counts"))


def totals(grid: Grid) -> Iterator[Finding]:
    """Check the columns of counts, and those of n, across each row, and each of them down to a row called total."""
    for kind in ("k", "n"):
        counted = [column for column in grid.columns if column.kind == kind]
        yield from _across(grid, counted)
        for column in counted:
            yield from _down(grid, column)


def _across(grid: Grid, counted: Sequence[Column]) -> Iterator[Finding]:
    words = [tuple(word for word in words_of(column.name) if word not in _COUNTS) for column in counted]
    for at, column in enumerate(counted):
        parts = [counted[part] for part in named_parts(at, words)]
        rows = [row for row in range(len(grid.names)) if len(parts) >= 2 and _known([column, *parts], row)]
        wrong = [row for row in rows if _value(column, row) != sum(_value(part, row) for part in parts)]
        # A total of more than the columns beside it is no error: only rows that differ from most are told
        if not wrong or ("+" not in column.name and 2 * len(wrong) >= len(rows)):
            continue
        for row in wrong:
            values = [_value(part, row) for part in parts]
            yield _finding("inconsistent", grid, row, column, values)


def _down(grid: Grid, column: Column) -> Iterator[Finding]:
    """The last row, where it is called total, over the rows above it, some of which may be parts of others."""
    last = len(grid.names) - 1
    rows = [row for row in range(last) if row not in grid.guessing]
    if last < 2 or grid.by_model or not is_all(grid.names[last]) or named(grid.names[last]).kind == "average":
        return
    if all(_known([column], row) for row in (*rows, last)):
        values = [_value(column, row) for row in rows]
        total = _value(column, last)
        # Rows may part the same questions in several ways
        if total and sum(values) % total:
            yield _finding("warning", grid, last, column, values)


def _finding(severity: Severity, grid: Grid, row: int, column: Column, values: Sequence[int]) -> Finding:
    place = Place(line=grid.table.rows[row][0], row=grid.names[row], column=plain(column.name), table=grid.table.title)
    shown = " + ".join(str(value) for value in values[:12]) + (" + ..." if len(values) > 12 else "")
    return Finding(
        severity=severity,
        check="sum",
        place=place,
        printed=str(_value(column, row)),
        should=f"parts add up to {shown} = {sum(values)}",
        todo="Correct the total or a part, or say what else it is over.",
    )


def _known(columns: Sequence[Column], row: int) -> bool:
    cells = [column.cells[row].value for column in columns]
    return all(value is not None and not value.places and 0 <= value.digits <= LARGEST for value in cells)


def _value(column: Column, row: int) -> int:
    value = column.cells[row].value
    return 0 if value is None else value.digits
