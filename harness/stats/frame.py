"""A long table of points as numbers: one line a model, mode, seed and row; everything that is wrong in it is refused.

Each column becomes whole numbers into its sorted values, in which all checks are a comparison of two arrays: time and
memory are linear in lines. An error names the first lines that are wrong, counted from 0 as they stand in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError

COLUMNS = ("model", "mode", "seed", "row", "cluster", "status", "points")
PIXELS = "pixels"
STATUSES = ("read", "unread", "failed")
FAILED = STATUSES.index("failed")
NOT_GIVEN = "(not given)"
"""The slice of rows whose table has no value for it, so that slices hold every row."""

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """A column: the number of each line's value, and the values in order.

    Attributes
    ----------
    codes : ndarray of int, shape (lines,)
        -1 where nothing is given.
    values : ndarray of object
        Sorted by text, so that nothing depends on the order of lines.
    """

    codes: Codes
    values: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """A checked table, line by line.

    Attributes
    ----------
    model, mode, seed, row : Coded
        What a line is about.
    order : ndarray of int, shape (lines,)
        The lines by model, mode, row and seed.
    cluster : ndarray of int, shape (rows,)
        Of each row, in the order of ``row.values``.
    status : ndarray of int8, shape (lines,)
        Place in `STATUSES`.
    points : ndarray, shape (lines,)
        In [0, 1]; NaN exactly where failed.
    slices : mapping of str to Coded
        By name; the codes are those of the rows, in the order of ``row.values``.
    """

    model: Coded
    mode: Coded
    seed: Coded
    row: Coded
    order: Codes
    cluster: Codes
    status: NDArray[np.int8]
    points: NDArray[np.float64]
    slices: dict[str, Coded]


def read(frame: Any) -> Lines:
    """Check a pandas DataFrame and turn it into numbers.

    Raises
    ------
    DataError
        See `harness.stats.table.Table.of`.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing or not len(frame) or not frame.columns.is_unique:
        raise DataError(
            f"table: got {len(frame)} lines with the columns {', '.join(map(str, frame.columns))}, but it should have "
            f"lines, and each of {', '.join(COLUMNS)} once; missing: {', '.join(missing) or 'none'}"
        )
    named = {name: coded(frame[name]) for name in COLUMNS if name not in ("status", "points")}
    for name, column in named.items():
        _given(name, column)
    row = named["row"]
    status = _status(coded(frame["status"]))
    points = _points(frame["points"], status)
    order = _sorted({name: named[name] for name in ("model", "mode", "row", "seed")})
    cluster = _by_row(named["cluster"], row, "cluster", "A row is in one cluster, in every model and mode")
    if PIXELS in frame.columns:
        _pixels(coded(frame[PIXELS]), row, named["cluster"])
    extra = [str(name) for name in frame.columns if name not in (*COLUMNS, PIXELS)]
    slices = {name: _slice(name, coded(frame[name]), row) for name in extra}
    return Lines(
        model=named["model"],
        mode=named["mode"],
        seed=named["seed"],
        row=row,
        order=order,
        cluster=cluster,
        status=status,
        points=points,
        slices=slices,
    )


def coded(column: Any) -> Coded:
    """A pandas column as numbers into its sorted values; blank text is nothing given."""
    import pandas as pd

    codes, distinct = pd.factorize(column)
    found = distinct.tolist()
    given = [place for place, value in enumerate(found) if not (isinstance(value, str) and not value.strip())]
    order = sorted(given, key=lambda place: (str(found[place]), type(found[place]).__name__))
    # One more place than values, so that the -1 of what pandas calls missing stays -1.
    rank = np.full(len(found) + 1, -1, dtype=np.intp)
    rank[order] = np.arange(len(order))
    values = np.empty(len(order), dtype=object)
    values[:] = [found[place] for place in order]
    return Coded(codes=rank[np.asarray(codes, dtype=np.intp)], values=values)


def _where(wrong: NDArray[np.bool_]) -> str:
    """The first lines that are wrong, and how many more there are."""
    places = np.flatnonzero(wrong)
    shown = ", ".join(str(place) for place in places[:3])
    more = f" and {places.size - 3} more" if places.size > 3 else ""
    return f"table, line{'s' if places.size > 1 else ''} {shown}{more}"


def _given(name: str, column: Coded) -> None:
    """Refuse a line without a value."""
    wrong = column.codes < 0
    if wrong.any():
        why = "; without clusters rows that share a picture count as independent" if name == "cluster" else ""
        raise DataError(
            f"{_where(wrong)}: got no {name}, but every line should have one{why}. Fill in the column {name}"
        )


def _status(column: Coded) -> NDArray[np.int8]:
    known = np.array([STATUSES.index(value) if value in STATUSES else -1 for value in column.values] + [-1], np.int8)
    status = known[column.codes]
    wrong = status < 0
    if wrong.any():
        place = int(column.codes[np.argmax(wrong)])
        got = repr(column.values[place]) if place >= 0 else "nothing"
        raise DataError(f"{_where(wrong)}: got {got} as the status, but it should be one of {', '.join(STATUSES)}")
    return status


def _points(column: Any, status: NDArray[np.int8]) -> NDArray[np.float64]:
    """Points as floats; failed rows have none, and all others have some."""
    if column.dtype.kind not in "biuf":
        raise DataError(
            f"table: got the column points as {column.dtype}, but it should hold numbers, with NaN for failed rows. "
            "Convert it, and look at what could not be"
        )
    points = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    failed = status == FAILED
    wrong = ~failed & ~((points >= 0) & (points <= 1))
    if wrong.any():
        raise DataError(
            f"{_where(wrong)}: got {points[np.argmax(wrong)]} as the points of a row that was "
            f"{STATUSES[status[np.argmax(wrong)]]}, but they should be in [0, 1]; a call without a reply is 'failed'"
        )
    wrong = failed & ~np.isnan(points)
    if wrong.any():
        raise DataError(
            f"{_where(wrong)}: got {points[np.argmax(wrong)]} as the points of a failed row, but it has none: a failed "
            "call is not a wrong answer. Leave them empty"
        )
    return points


def _sorted(columns: dict[str, Coded]) -> Codes:
    """The order of lines by these columns; refuse two lines that have the same in all of them."""
    key = np.zeros(columns["row"].codes.size, dtype=np.int64)
    for column in columns.values():
        key = key * len(column.values) + column.codes
    # A table written case by case is in order already.
    order = np.arange(key.size) if (key[1:] > key[:-1]).all() else np.argsort(key, kind="stable")
    again = np.zeros(key.size, dtype=bool)
    again[order[1:]] = key[order[1:]] == key[order[:-1]]
    if again.any():
        line = int(np.argmax(again))
        first = int(np.argmax(key == key[line]))
        about = ", ".join(f"{name} {column.values[column.codes[line]]!r}" for name, column in columns.items())
        raise DataError(
            f"{_where(again)}: got {about} again, as on line {first}, but each should be there once. Give every draw "
            "a seed of its own, and drop what was read twice"
        )
    return order


def _by_row(column: Coded, row: Coded, name: str, rule: str) -> Codes:
    """The one value of each row; lines without any do not count."""
    given = np.flatnonzero(column.codes >= 0)[::-1]
    first = np.full(len(row.values), -1, dtype=np.intp)
    # The last of these assignments wins, which is the first line of the row.
    first[row.codes[given]] = given
    wrong = (column.codes >= 0) & (column.codes != column.codes[first[row.codes]])
    if wrong.any():
        line = int(np.argmax(wrong))
        before = int(first[row.codes[line]])
        raise DataError(
            f"{_where(wrong)}: got {name} {column.values[column.codes[line]]!r} for row "
            f"{row.values[row.codes[line]]!r}, but line {before} has {column.values[column.codes[before]]!r}. {rule}"
        )
    return np.where(first >= 0, column.codes[first], -1)


def _pixels(pixels: Coded, row: Coded, cluster: Coded) -> None:
    """Refuse a picture in several clusters; ``pixels`` is that of the row's own pictures, in every mode."""
    rule = f"{PIXELS} is the digest of the row's own pictures, in every mode; it may be empty where none is shown"
    _by_row(pixels, row, "picture digest", rule)
    given = np.flatnonzero(pixels.codes >= 0)[::-1]
    first = np.full(len(pixels.values) + 1, -1, dtype=np.intp)
    first[pixels.codes[given]] = given
    wrong = (pixels.codes >= 0) & (cluster.codes != cluster.codes[first[pixels.codes]])
    if wrong.any():
        line = int(np.argmax(wrong))
        before = int(first[pixels.codes[line]])
        raise DataError(
            f"{_where(wrong)}: clusters missing for repeated pixels: got cluster "
            f"{cluster.values[cluster.codes[line]]!r} for the picture {pixels.values[pixels.codes[line]]!r}, but line "
            f"{before} has it in {cluster.values[cluster.codes[before]]!r}. Rows that share a picture should share a "
            "cluster, such as the digest itself"
        )


def _slice(name: str, column: Coded, row: Coded) -> Coded:
    """A slice as one value a row; rows without any are a slice of their own."""
    codes = _by_row(column, row, name, "A slice is a property of the row, the same in every model and mode")
    if (codes >= 0).all():
        return Coded(codes=codes, values=column.values)
    values = np.append(column.values, NOT_GIVEN).astype(object)
    return Coded(codes=np.where(codes >= 0, codes, values.size - 1), values=values)
