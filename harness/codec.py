"""Records to JSON and back, without loss but for the pictures themselves.

A record becomes an object of its fields; ``Read`` and ``Unread`` are told apart by their field. An image keeps its
name, size and digest: a record that was read back can be scored and reported, but not shown to a model again.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, TypeVar

from harness import records
from harness.errors import ImageRefused, LedgerError

T = TypeVar("T")


def plain(record: Any) -> Any:
    """Return the JSON form of a record, a mapping, a sequence or a scalar."""
    kind: Any = type(record)
    if kind in _SCALARS:
        return record
    names = _names(kind)
    if names is not None:
        # most fields are scalars, and a call for each of them is most of the work
        values = ((name, getattr(record, name)) for name in names)
        return {name: value if type(value) in _SCALARS else plain(value) for name, value in values}
    if isinstance(record, (tuple, list)):
        return [plain(value) for value in record]
    if isinstance(record, Mapping):
        return {str(key): plain(value) for key, value in record.items()}
    return record


_SCALARS = frozenset({str, int, float, bool, type(None)})


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a record that are written; None where it is no record."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple(f.name for f in dataclasses.fields(kind) if f.name != "open")


def label(row_id: str, draw: int) -> str:
    """Return the name of one draw of a row in files: the id, and ``id#1`` ... from the second derangement on."""
    return f"{row_id}#{draw}" if draw else row_id


def line(record: Any) -> str:
    """Return a record as one line of JSON, keys in the order of the fields; NaN is refused."""
    return json.dumps(plain(record), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def record(cls: type[T], data: Mapping[str, Any]) -> T:
    """Build a record of class ``cls`` from its JSON form.

    Raises
    ------
    LedgerError
        Where a field is missing or is not one of the class.
    """
    built: T = _builder(cls)(data)  # type: ignore[arg-type]
    return built


@cache
def _builder(cls: type) -> Callable[[Any], Any]:
    """Return the function that builds a record of one class; made once a class."""
    hints = typing.get_type_hints(cls, localns={"Image": Any})
    names = frozenset(_names(cls) or ())
    # what stays as it is needs no call
    readers = [(name, reader) for name in sorted(names) if (reader := _reader(hints[name])) is not _same]

    def build(data: Any) -> Any:
        if not isinstance(data, dict) or data.keys() != names:
            got = ", ".join(sorted(data)) if isinstance(data, dict) else type(data).__name__
            raise LedgerError(
                f"{cls.__name__}: got the fields {got}, but should be {', '.join(sorted(names))}. "
                "The file was written by another version of the suite: remove it to measure again."
            )
        values = dict(data)
        for name, reader in readers:
            values[name] = reader(values[name])
        if cls is records.ImageRef:
            values["open"] = partial(_gone, values["name"])
        return cls(**values)

    return build


def _reader(kind: Any) -> Callable[[Any], Any]:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union(args)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _builder(kind)
    if origin is tuple:
        entry = _reader(args[0])
        return tuple if entry is _same else lambda data: tuple([entry(one) for one in data])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        value, name = _reader(args[1]), int if args[0] is int else str
        if value is _same and name is str:
            return dict
        return lambda data: {name(k): value(v) for k, v in data.items()}
    return _same


def _same(data: Any) -> Any:
    return data


def _union(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if records.Read in args:
        read, unread = _builder(records.Read), _builder(records.Unread)
        return lambda data: read(data) if "value" in data else unread(data)
    inner = _reader(next(a for a in args if a is not types.NoneType))
    return _same if inner is _same else lambda data: None if data is None else inner(data)


def _gone(name: str) -> typing.NoReturn:
    raise ImageRefused(
        f"{name}: a record read from a file holds the digest of the picture, but not the picture. "
        "Load the rows from the benchmark's own files to show them to a model."
    )
