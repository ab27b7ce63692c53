"""A table into a grid of figures: which column names the rows, which rows are blind guesses, which hold shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.forensics.columns import SHARES, Column, columns
from harness.forensics.finding import Figure
from harness.forensics.links import links
from harness.forensics.names import is_chance, speaks_of_shares
from harness.forensics.reader import Around, Reader, Row
from harness.forensics.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One table, read.

    Attributes
    ----------
    table : Table
        As it stands.
    columns, shares : tuple of Column
        All columns; those that hold shares or scores.
    names : tuple of str
        Name of each row.
    guessing : frozenset of int
        Rows that are a blind guess, not a model.
    figures : tuple of tuple of Figure
        By row, then by column of ``shares``.
    by_model : bool
        Whether the rows are models that stand against each other.
    several : frozenset of int
        Several n that caption or heading state, so that none of them is used.
    """

    table: Table
    columns: tuple[Column, ...]
    shares: tuple[Column, ...]
    names: tuple[str, ...]
    guessing: frozenset[int]
    figures: tuple[tuple[Figure, ...], ...]
    by_model: bool
    several: frozenset[int]

    def asked(self) -> Iterator[Figure]:
        """Every figure that is printed, without those of a blind guess."""
        for number, row in enumerate(self.figures):
            if number not in self.guessing:
                yield from (figure for figure in row if not figure.blank)

    def column(self, at: int) -> list[Figure]:
        """The printed figures of the column of shares number ``at``, without those of a blind guess."""
        rows = [row[at] for number, row in enumerate(self.figures) if number not in self.guessing]
        return [figure for figure in rows if not figure.blank]


def grid(table: Table) -> Grid:
    """Read a table into figures."""
    around = Around.of(table)
    read = columns(table, n_told=around.n is not None)
    shares = tuple(column for column in read if column.kind in SHARES)
    first, names, groups = _names(table, read)
    by_model = first is not None and first.kind == "name"
    guessing = frozenset(row for row, name in enumerate(names) if is_chance(name.split(" – ")[0]))
    rows = [
        Row.of(at, line, names[at], groups[at], by_model=by_model, guess=at in guessing)
        for at, (line, _) in enumerate(table.rows)
    ]
    told = " ".join([table.title, table.caption, *table.header, *names[:50]])
    sure = speaks_of_shares(told) or any(column.kind == "share" and column.sure for column in read)
    linked = [links(share, read) for share in shares]
    readers = [Reader(share, one, around, guessing, sure=sure) for share, one in zip(shares, linked, strict=True)]
    figures = tuple(tuple(reader.figure(row, table.title) for reader in readers) for row in rows)
    return Grid(
        table=table,
        columns=read,
        shares=shares,
        names=names,
        guessing=guessing,
        figures=figures,
        by_model=by_model,
        several=around.several,
    )


def _names(table: Table, read: Sequence[Column]) -> tuple[Column | None, tuple[str, ...], tuple[str, ...]]:
    """The column that names the rows, the names, and the benchmark or subset of each row."""
    texts = [column for column in read if column.kind in ("name", "group", "text")]
    models = [column for column in texts if column.kind == "name"][:1]
    chosen = models + [column for column in texts if column.kind == "group"] or texts[:1]
    names = _joined(chosen, table)
    if len(set(names)) < len(names):
        names = _joined([*chosen, *(column for column in texts if column not in chosen)], table)
    named = tuple(name or f"row {number}" for number, name in enumerate(names, start=1))
    return (chosen[0] if chosen else None), named, _joined([one for one in chosen if one.kind == "group"], table)


def _joined(chosen: Sequence[Column], table: Table) -> tuple[str, ...]:
    texts = [
        [column.cells[row].text for column in chosen if not column.cells[row].blank] for row in range(len(table.rows))
    ]
    return tuple(" – ".join(text for text in parts if text) for parts in texts)
