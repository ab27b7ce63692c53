"""A file of quoted numbers to records: strict, and with everything that is wrong told at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from harness.errors import UsageError

NOT_STATED = "not stated"
_REQUIRED = ("model", "benchmark", "metric", "value", "source")
_WORDS = ("model", "benchmark", "metric", "source", "unit", "split", "date", "note")
_LARGEST = {"percent": 100.0, "share": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """One published number.

    Attributes
    ----------
    model, benchmark, metric : str
        As the source calls them.
    value : float
        In the unit of the source.
    written : str
        The value digit by digit as it was quoted.
    unit : str
        ``percent``, ``share`` (0 to 1), or another unit in words.
    split : str
        As published, or ``not stated``.
    n : int or None
        Rows; None where it is not stated.
    source : str
        A link, or words by which it can be found.
    date, note : str
        Empty where there is none.
    """

    model: str
    benchmark: str
    metric: str
    value: float
    written: str
    source: str
    unit: str = "percent"
    split: str = NOT_STATED
    n: int | None = None
    date: str = ""
    note: str = ""

    @property
    def percent(self) -> float:
        """The value in percent, where its unit is a share."""
        return 100 * self.value if self.unit == "share" else self.value

    @property
    def shown(self) -> str:
        """The value with its unit, as quoted."""
        return f"{self.written} %" if self.unit == "percent" else f"{self.written} ({self.unit})"


def read(path: Path) -> tuple[Quoted, ...]:
    """Read a file of quoted numbers.

    Parameters
    ----------
    path : Path
        A TOML file; see this module.

    Returns
    -------
    tuple of Quoted
        In the order of the file.

    Raises
    ------
    UsageError
        Where the file cannot be read, or an entry lacks a field, has one that is not known, or has one of a wrong
        kind. The text lists everything that is wrong in the file.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=_Written)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: it cannot be read ({error}), but should be TOML with [[quoted]] entries.") from error
    entries = found.get("quoted")
    if set(found) != {"quoted"} or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise UsageError(f"{path}: got {_listed(found) or 'nothing'}, but should be [[quoted]] entries alone.")
    wrong = [f"entry {place}: {fault}" for place, entry in enumerate(entries, 1) for fault in _faults(entry)]
    if wrong:
        raise UsageError(f"{path}: {'; '.join(wrong)}. Correct the entries; nothing of the file is used.")
    return tuple(_quoted(entry) for entry in entries)


class _Written(float):
    """A float that remembers how it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> _Written:
        made = super().__new__(cls, text)
        made.text = text
        return made


def _faults(entry: Mapping[str, Any]) -> list[str]:
    known = {f.name for f in fields(Quoted)} - {"written"}
    found = [f"got the field {name}, but should be one of {_listed(known)}" for name in sorted(set(entry) - known)]
    found += [f"{name} is missing" for name in _REQUIRED if name not in entry]
    for name in _WORDS:
        value = entry.get(name, "-")
        if name == "date" and not isinstance(value, str):
            continue
        if not isinstance(value, str) or (not value.strip() and name != "note"):
            found.append(f"{name} got {value!r}, but should be words")
    value, n = entry.get("value", 0.0), entry.get("n", NOT_STATED)
    if isinstance(value, bool) or not isinstance(value, int | float):
        found.append(f"value got {value!r}, but should be a number")
    elif not 0 <= value <= _LARGEST.get(str(entry.get("unit", "percent")), float("inf")):
        found.append(
            f"value got {value}, but should be from 0 to {_LARGEST.get(entry.get('unit', 'percent'), 'any'):g}"
        )
    if n != NOT_STATED and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
        found.append(f"n got {n!r}, but should be a count of rows, or {NOT_STATED!r}")
    return found


def _quoted(entry: Mapping[str, Any]) -> Quoted:
    value, n = entry["value"], entry.get("n", NOT_STATED)
    return Quoted(
        model=entry["model"],
        benchmark=entry["benchmark"],
        metric=entry["metric"],
        value=float(value),
        written=value.text if isinstance(value, _Written) else str(value),
        source=entry["source"],
        unit=entry.get("unit", "percent"),
        split=entry.get("split", NOT_STATED),
        n=None if n == NOT_STATED else n,
        date=str(entry.get("date", "")),
        note=entry.get("note", ""),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
