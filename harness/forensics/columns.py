"""What each column of a table holds: by its name, and where its cells do not fit the name, by its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from harness.forensics.cell import Cell, cell
from harness.forensics.names import Named, named, rows_named, speaks_of_shares, top_named
from harness.forensics.tables import Table

# Kinds whose cells are figures
SHARES = ("share", "rating", "score")
_COUNTED = ("n", "k", "count", "images", "options")


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
    sure : bool
        Whether its name or its cells say what it holds; else it is taken for a share by its digits alone.
    cells : tuple of Cell
        One a row.
    """

    at: int
    name: str
    kind: str
    named: Named
    whole: int
    n: int | None
    sure: bool
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
    if n_told or "n" in kinds or any(column.n for column in made):
        made = [replace(column, kind="k") if column.kind == "count" else column for column in made]
    percent = any(column.kind == "share" and column.whole == 100 for column in made)
    return tuple(_settled(column, made, percent) for column in made)


def _column(at: int, name: str, texts: Sequence[str]) -> Column:
    taken, cells = named(name), tuple(cell(text) for text in texts)
    top = top_named(name)
    kind = "rating" if top > 1 and taken.kind in ("share", "average", "") else _kind(taken, cells)
    if rows_named(name) is not None and all(one.blank for one in cells):
        kind = "share"
    said = taken.kind == "share" or any(one.percent or one.k is not None for one in cells)
    return Column(
        at=at,
        name=name,
        kind=kind,
        named=taken,
        whole=1 if kind == "rating" else _whole(taken, cells),
        n=rows_named(name),
        sure=kind != "share" or said or rows_named(name) is not None,
        cells=cells,
    )


def _kind(taken: Named, cells: Sequence[Cell]) -> str:
    """The kind that name and cells agree on."""
    filled = [one for one in cells if not one.blank]
    readable = [one for one in filled if one.read]
    if 2 * len(readable) < len(filled) or not readable:
        return taken.kind if taken.kind in ("name", "group") else "text"
    mostly = _mostly(readable)
    fractional = mostly(lambda one: one.percent or (one.value is not None and one.value.places > 0))
    counted = mostly(lambda one: one.k is not None)
    if _no_shares(taken, readable):
        return "other"
    if taken.kind in ("interval", "margin", "error") and mostly(_both):
        return _beside(taken)
    if taken.kind in (*_COUNTED, "kn"):
        return "share" if counted or fractional or taken.kind == "kn" else taken.kind
    if taken.kind == "chance":
        return "chance" if _constant(readable) or taken.topic else "share"
    if taken.kind == "average":
        return "share" if counted else "score"
    return taken.kind if taken.kind not in ("", "name", "group") else _by_cells(readable)


def _no_shares(taken: Named, readable: Sequence[Cell]) -> bool:
    """Whether too many cells are beyond 100 %: scores of other kinds, or two scores with a slash between them."""
    if taken.kind not in ("share", "", "name", "group", "kn", *_COUNTED):
        return False
    pairs = [(one.k, one.n) for one in readable if one.k is not None and one.n is not None]
    if 2 * sum(k > n for k, n in pairs) > len(readable):
        return True
    percent = taken.percent or any(one.percent for one in readable)
    beyond = [one.value.exact for one in readable if one.value is not None and not 0 <= one.value.exact <= 100]
    if taken.kind in _COUNTED and not any(one.value is not None and one.value.places for one in readable):
        return False
    # No slip makes a share of 1,000 %; and a score, or a column of any other name, may well be above 100
    if any(value > 1000 for value in beyond):
        return True
    return not percent and len(beyond) > (len(readable) // 3 if speaks_of_shares(taken.name) else 0)


def _both(one: Cell) -> bool:
    """Whether a cell holds a figure and what surrounds it."""
    return one.value is not None and (one.interval is not None or one.margin is not None or one.spread)


def _beside(taken: Named) -> str:
    """The kind of figures whose column is named after their intervals too, as ``accuracy (95 % CI)``."""
    beside = named(" ".join(taken.topic)).kind
    return {"average": "score", "score": "score"}.get(beside, "share")


def _by_cells(readable: Sequence[Cell]) -> str:
    """The kind of a column whose name says nothing."""
    mostly = _mostly(readable)
    if mostly(lambda one: one.interval is not None and one.value is None and one.k is None):
        return "interval"
    if mostly(lambda one: one.signed):
        return "difference"
    bounded = all(one.value is None or 0 <= one.value.exact <= 100 for one in readable)
    fractional = mostly(lambda one: one.value is not None and one.value.places > 0)
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
    shares = [one for one in every if one.kind in SHARES and one.at < min(low.at, high.at)]
    return bool(shares) and any(_between(low, share, high) for share in shares)


def _between(low: Column, share: Column, high: Column) -> bool:
    rows = zip(low.cells, share.cells, high.cells, strict=True)
    known = [(a.value.exact, b.value.exact, c.value.exact) for a, b, c in rows if a.value and b.value and c.value]
    inside = [_scaled(a, b) <= b <= _scaled(c, b) for a, b, c in known]
    return 2 * sum(inside) >= len(inside)


def _scaled(end: Fraction, value: Fraction) -> Fraction:
    """An end printed as a fraction beside a value in percent."""
    return end * 100 if value > 1 >= end else end
