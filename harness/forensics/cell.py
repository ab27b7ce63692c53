"""One cell of a table, read whole or not at all.

==============================  ==========================================================
in the cell                     is read as
==============================  ==========================================================
``21.05``, ``21.05 %``          a number, with or without a percent sign
``421/2000``, ``421 of 2000``   k of n, also in brackets beside a percentage
``40.73 (589)``                 a number and a count; the header says of what
``[19.3, 22.9]``, ``19.3-22.9``  an interval; also ``19.3 to 22.9`` and every kind of dash
``21.05 ± 1.8``, ``± 1.8``      a margin; also ``+/-``
``56.28 (n = 199)``             a number and its n
``72.3 (1.2)``                  a number and a spread that is not told apart from a deviation
``26.4 (implied)``, ``1.2 ↑``   a number; remarks without digits, changes as ``(+6.6)``, marks and notes are dropped
nothing, a dash, ``n/a``        blank
==============================  ==========================================================

Everything else, two figures in one cell or ``~21``, is not read and is listed as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.forensics.printed import MINUS, NUMBER, WHOLE, Digits, count, number

BLANK = frozenset(("", "n/a", "na", "nan", "none", "null", "nil", "pending", "tbd", "?", "x", ".", "...", "…"))

_SIGNED = rf"[+{MINUS}]?{NUMBER}"
_PAIR = re.compile(rf"\(?(?<![\d.,])({WHOLE})\s*(?:/|\bof\b|\bout of\b)\s*({WHOLE})(?!\s*/)\)?")
_LEVEL = r"(?:(?:\d\d(?:\.\d)?\s*%\s*)?(?:CI|interval|Wilson|Wald|exact|Clopper\s?[-–]\s?Pearson)?\s*[:,=]?\s*)"
_BRACKETS = re.compile(
    rf"[\[(]\s*{_LEVEL}({_SIGNED})\s*%?\s*(?:,|;|\bto\b|\.\.|[{MINUS}])\s*({_SIGNED})\s*%?\s*[\])]", re.I
)
_SPAN = re.compile(rf"({_SIGNED})\s*%?\s*(?:\bto\b|\.\.|;|[{MINUS}])\s*({_SIGNED})\s*%?", re.I)
_TIGHT = re.compile(r"[\[(]\s*(\d+),\s*(\d+)\s*[\])]")
_MARGIN = re.compile(rf"[(]?(?:±|\+\s?/\s?[{MINUS}]|\\pm)\s*({NUMBER})\s*%?[)]?")
_N = re.compile(rf"[(,;]?\s*\bn\s*=\s*({WHOLE})\s*\)?", re.I)
_COUNT = re.compile(rf"\(\s*({WHOLE})\s*\)")
_REMARK = re.compile(rf"\([^()\d]*\)|\(\s*[+{MINUS}]\s*{NUMBER}\s*(?:%|pp|points?)?\s*\)")
_SPREAD = re.compile(r"\(\s*\d*\.\d+\s*\)")
_VALUE = re.compile(rf"({_SIGNED})\s*(%|pp|p\.p\.|points?|percentage points?)?", re.I)
_MARKUP = re.compile(
    r"!\[[^\]]*\]\([^)]*\)|\[\^[^\]]*\]|<su[pb]>.*?</su[pb]>|<[^>]+>|~~|[*`†‡§¶↑↓▲▼¹²³⁴⁵⁶⁷⁸⁹⁰]|\\(?!pm)", re.I
)
_SPECIAL = re.compile(r"[\[*`~_<&\\†‡§¶↑↓▲▼¹²³⁴⁵⁶⁷⁸⁹⁰]")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_DASHES = re.compile(rf"[{MINUS}\s]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one cell says.

    Attributes
    ----------
    text : str
        Without markup.
    value : Digits or None
        The number.
    signed : bool
        Whether a plus or minus stands before it.
    percent : bool
        Whether a percent sign stands behind it.
    k, n : int or None
        Counts.
    bracket : int or None
        A lone whole number in brackets: k or n, as the header says.
    interval : pair of Digits, or None
        Ends.
    margin : Digits or None
        What stands after a plus-minus sign.
    spread : bool
        Whether a fraction stands in brackets beside a number, as a standard deviation does.
    blank : bool
        Nothing is here.
    """

    text: str
    value: Digits | None = None
    signed: bool = False
    percent: bool = False
    k: int | None = None
    n: int | None = None
    bracket: int | None = None
    interval: tuple[Digits, Digits] | None = None
    margin: Digits | None = None
    spread: bool = False
    blank: bool = False

    @property
    def read(self) -> bool:
        """Whether it holds something that was understood."""
        return any(part is not None for part in (self.value, self.k, self.interval, self.margin, self.n))


def plain(text: str) -> str:
    """Return text without markdown, HTML, footnote marks and non-breaking blanks."""
    if _SPECIAL.search(text) is None:
        return " ".join(text.split())
    bare = _MARKUP.sub("", _LINK.sub(r"\1", text)).replace("__", "")
    return " ".join(bare.replace("&nbsp;", " ").replace("&plusmn;", "±").split())


def cell(text: str) -> Cell:
    """Read one cell; what is not understood whole leaves a cell with text alone."""
    bare = plain(text)
    if bare.lower() in BLANK or _DASHES.fullmatch(bare):
        return Cell(text=bare, blank=True)
    if (simple := _VALUE.fullmatch(bare)) is not None:
        return Cell(text=bare, value=number(simple[1]), signed=_signed(simple[1]), percent=simple[2] == "%")
    if not any(character.isdigit() for character in bare):
        return Cell(text=bare)
    return _composed(bare)


def _composed(bare: str) -> Cell:
    rest, interval = _interval(bare)
    rest, margin = _cut(_MARGIN, rest)
    rest, n = _cut(_N, rest)
    rest, pair = _cut(_PAIR, rest)
    rest, bracket = _cut(_COUNT, rest)
    rest, spread = _cut(_SPREAD, rest) if "(" in rest[1:] else (rest, None)
    rest = _REMARK.sub("", rest).strip(" ,;:=")
    rest = rest[1:-1].strip() if rest.startswith("(") and rest.endswith(")") else rest
    value = _VALUE.fullmatch(rest)
    if rest and value is None:
        return Cell(text=bare)
    return Cell(
        text=bare,
        value=None if value is None else number(value[1]),
        signed=value is not None and _signed(value[1]),
        percent=value is not None and value[2] == "%",
        k=None if pair is None else count(pair[1]),
        n=count(pair[2]) if pair is not None else None if n is None else count(n[1]),
        bracket=None if bracket is None else count(bracket[1]),
        interval=interval,
        margin=None if margin is None else number(margin[1]),
        spread=spread is not None,
    )


def _signed(text: str) -> bool:
    return not (text[0].isdigit() or text[0] == ".")


def _cut(pattern: re.Pattern[str], text: str) -> tuple[str, re.Match[str] | None]:
    """Take the first match out of the text."""
    found = pattern.search(text)
    return (text, None) if found is None else (f"{text[: found.start()]} {text[found.end() :]}", found)


def _interval(text: str) -> tuple[str, tuple[Digits, Digits] | None]:
    for pattern in (_TIGHT, _BRACKETS):
        rest, found = _cut(pattern, text)
        if found is not None:
            return rest, _ends(found)
    found = _SPAN.fullmatch(text)
    return ("", _ends(found)) if found is not None else (text, None)


def _ends(found: re.Match[str]) -> tuple[Digits, Digits] | None:
    low, high = number(found[1]), number(found[2])
    return None if low is None or high is None else (low, high)
