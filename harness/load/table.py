"""Rows as JSON or JSON lines: parsed strictly, one entry a row, and their fields read by type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import DataError
from harness.load.pixels import looks_like


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row as it stands in its file, before its fields are checked.

    Attributes
    ----------
    place : str
        Where it stands, such as ``line 17``; names the row where its id cannot be read.
    fields : mapping of str to object
        Field -> value.
    wrong : str
        Why it could not be read at all; empty where it could.
    """

    place: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    wrong: str = ""

    def require(self, names: Sequence[str]) -> None:
        """Raise DataError listing every missing field, and those that are here."""
        lacking = [name for name in names if name not in self.fields]
        if not lacking:
            return
        near = [(name, other) for name in lacking for other in self.fields if _akin(name) == _akin(other)]
        hint = "".join(f"; there is {other!r}, but the published field is {name!r}" for name, other in near)
        raise DataError(f"missing fields: {', '.join(lacking)}; available fields: {', '.join(self.fields)}{hint}")

    def text(self, name: str) -> str:
        """Return a field that must be text and not empty, with tabs turned into blanks and its ends stripped."""
        value = self.fields[name]
        if not isinstance(value, str):
            raise DataError(f"field {name!r} is {kind_of(value)}, but should be text")
        return self._solid(name, value)

    def text_or_number(self, name: str) -> str:
        """Return a field that must be text or a whole number, as text; ids and answers are published as both."""
        value = self.fields[name]
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise DataError(f"field {name!r} is {kind_of(value)}, but should be text or a whole number")
        return self._solid(name, value)

    def file_name(self, name: str) -> str:
        """Return a field that must be text, exactly as it stands: a blank is part of a file's name."""
        value = self.fields[name]
        if not isinstance(value, str):
            raise DataError(f"field {name!r} is {kind_of(value)}, but should be a file name")
        return value

    def given(self, name: str) -> str:
        """Return a field of metadata as text: ``not given`` where it is absent, null or empty."""
        value = self.fields.get(name)
        if value is None or value == "":
            return "not given"
        return self.text_or_number(name)

    def word(self, name: str, allowed: Sequence[str]) -> str:
        """Return a field that must be one of a few words, upper case and without blanks around it."""
        value = self.text(name).upper()
        if value not in allowed:
            raise DataError(f"field {name!r} is {self.fields[name]!r}, but should be one of {', '.join(allowed)}")
        return value

    def _solid(self, name: str, value: str) -> str:
        text = " ".join(part.strip(" ") for part in value.split("\t")).strip()
        if not text:
            raise DataError(f"field {name!r} is empty, but should hold text")
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise DataError(f"field {name!r} has half a surrogate pair, but should be text")
        return text


def kind_of(value: object) -> str:
    """Say what kind of JSON value this is, in words for an error."""
    names = {bool: "true or false", int: "a whole number", float: "a fraction", str: "text", list: "a list"}
    return "null" if value is None else names.get(type(value), "an object")


def read_json(path: Path, where: str) -> list[Entry]:
    """Return the entries of a JSON file that holds one list of objects.

    Raises
    ------
    DataError
        Where it is not UTF-8, not JSON, not a list, empty, or has NaN or a field given twice.
    """
    parsed = _parse(_read(path, where), where)
    if not isinstance(parsed, list):
        raise DataError(f"{where}: holds {kind_of(parsed)}, but should hold one list of rows")
    if not parsed:
        raise DataError(f"{where}: holds no rows")
    return [_entry(f"number {number}", value) for number, value in enumerate(parsed)]


def read_jsonl(path: Path, where: str) -> list[Entry]:
    """Return the entries of a file with one JSON object a line; a line that is none is an entry that is wrong.

    Raises
    ------
    DataError
        Where the file is not UTF-8 or holds no rows.
    """
    lines = _read(path, where).split("\n")
    entries = [_line(f"line {number}", line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not entries:
        raise DataError(f"{where}: holds no rows")
    return entries


def _line(place: str, line: str) -> Entry:
    try:
        return _entry(place, _parse(line, place))
    except DataError as error:
        return Entry(place=place, wrong=str(error).removeprefix(f"{place}: "))


def _entry(place: str, value: object) -> Entry:
    if isinstance(value, dict):
        return Entry(place=place, fields=value)
    return Entry(place=place, wrong=f"is {kind_of(value)}, but should be an object with fields")


def _read(path: Path, where: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{where}: cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: is not UTF-8 text (byte {error.start}): {looks_like(data)}") from None


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_finite)
    except json.JSONDecodeError as error:
        start = looks_like(text[:200].encode("utf-8", "replace"))
        raise DataError(f"{where}: is not JSON ({error.msg} at character {error.pos}): {start}") from None
    except RecursionError:
        raise DataError(f"{where}: is nested too deeply") from None
    except ValueError as error:
        raise DataError(f"{where}: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field {twice!r} is given twice in one object, but should be given once")
    return fields


def _finite(constant: str) -> NoReturn:
    raise ValueError(f"has the value {constant}, which is not JSON")


def _akin(name: str) -> str:
    return name.casefold().replace("_", "").replace(" ", "").removesuffix("s")
