"""What each column of a table holds: by its name, and where its cells do not fit the name, by its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from harness.forensics.cell import Cell, cell
from harness.forensics.names import Named, named, rows_named
from harness.forensics.tables import Table

_TEXT = ("", "name", "group", "other", "p")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes
    ----------
    at : int
        Its number, from 0.
    name : str
        As it stands.
    kind : str
        A kind of `harness.forensics.names`, or ``text``.
    named : Named
        Its name taken apart.
    whole : int
        What all of it is printed as: 100 in percent, 1 as a fraction.
    n : int or None
        The n that its name states.
    cells : tuple of Cell
        One a row.
    """

    at: int
    name: str
    kind: str
    named: Named
    whole: int
    n: int | None
    cells: tuple[Cell, ...]

    @property
    def topic(self) -> tuple[str, ...]:
        """Words of its name that say what it is about."""
        return self.named.topic


def columns(table: Table, *, n_told: bool) -> tuple[Column, ...]:
    """Return the columns of a table with their kinds.

    Parameters
    ----------
    table : Table
        As read.
    n_told : bool
        Whether the heading or the caption states n, so that a column ``count`` holds right answers.
    """
    made = [_column(at, name, [cells[at] for _, cells in table.rows]) for at, name in enumerate(table.header)]
    kinds = {column.kind for column in made}
    counts = "k" if n_told or "n" in kinds or any(column.n for column in made) else "n"
    made = [replace(column, kind=counts) if column.kind == "count" else column for column in made]
    percent = any(column.kind == "share" and column.whole == 100 for column in made)
    return tuple(_settled(column, made, percent) for column in made)


def _column(at: int, name: str, texts: Sequence[str]) -> Column:
    taken, cells = named(name), tuple(cell(text) for text in texts)
    kind = _kind(taken, cells)
    return Column(at=at, name=name, kind=kind, named=taken, whole=_whole(taken, cells), n=rows_named(name), cells=cells)


def _kind(taken: Named, cells: Sequence[Cell]) -> str:
    """The kind that name and cells agree on."""
    filled = [one for one in cells if not one.blank]
    readable = [one for one in filled if one.read]
    if 2 * len(readable) < len(filled) or not readable:
        return taken.kind if taken.kind in ("name", "group") else "text"
    mostly = _mostly(readable)
    fractional = mostly(lambda one: one.percent or (one.value is not None and one.value.places > 0))
    if taken.kind in ("n", "k", "count", "images", "kn", "options"):
        if mostly(lambda one: one.k is not None) or fractional:
            return "share"
        return "share" if taken.kind == "kn" else taken.kind
    if taken.kind == "chance":
        return "chance" if _constant(readable) or taken.topic else "share"
    if taken.kind == "average":
        return "share" if mostly(lambda one: one.k is not None) else "score"
    if taken.kind not in ("", "name", "group"):
        return taken.kind
    if mostly(lambda one: one.interval is not None and one.value is None and one.k is None):
        return "interval"
    bounded = all(one.value is None or 0 <= one.value.exact <= 100 for one in readable)
    if mostly(lambda one: one.k is not None or one.percent) or (fractional and bounded):
        return "share"
    return "other"


def _mostly(cells: Sequence[Cell]) -> Callable[[Callable[[Cell], bool]], bool]:
    return lambda test: 2 * sum(test(one) for one in cells) > len(cells)


def _constant(cells: Sequence[Cell]) -> bool:
    return len({one.value for one in cells}) <= max(1, len(cells) // 4)


def _whole(taken: Named, cells: Sequence[Cell]) -> int:
    """100 where a percent sign stands anywhere, or a number above 1."""
    if taken.percent or any(one.percent for one in cells):
        return 100
    return 100 if any(one.value is not None and one.value.exact > 1 for one in cells) else 1


def _settled(column: Column, every: Sequence[Column], percent: bool) -> Column:
    """Ends that are no ends are shares; a difference and a margin are printed as the shares beside them are."""
    if column.kind in ("low", "high") and not _ends(column, every):
        return replace(column, kind="share")
    if column.kind in ("difference", "margin", "interval", "low", "high") and percent:
        return replace(column, whole=100)
    return column


def _ends(column: Column, every: Sequence[Column]) -> bool:
    """Whether a column ``low`` or ``high`` has a fellow, and the shares left of them lie between the two."""
    low, high = (
        next((one for one in every if one.kind == kind and one.topic == column.topic), None) for kind in ("low", "high")
    )
    if low is None or high is None:
        return False
    shares = [one for one in every if one.kind in ("share", "score") and one.at < min(low.at, high.at)]
    return bool(shares) and any(_between(low, share, high) for share in shares)


def _between(low: Column, share: Column, high: Column) -> bool:
    rows = zip(low.cells, share.cells, high.cells, strict=True)
    known = [(a.value.exact, b.value.exact, c.value.exact) for a, b, c in rows if a.value and b.value and c.value]
    inside = [_scaled(a, b) <= b <= _scaled(c, b) for a, b, c in known]
    return 2 * sum(inside) >= len(inside)


def _scaled(end: Fraction, value: Fraction) -> Fraction:
    """An end printed as a fraction beside a value in percent."""
    return end * 100 if value > 1 >= end else end
