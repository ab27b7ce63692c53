"""A number as printed: its digits say which exact values it may stand for. Integers and fractions only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

NUMBER = r"(?:[1-9]\d{0,2}(?:[ ,'\u2019]\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
WHOLE = r"(?:[1-9]\d{0,2}(?:[ ,'\u2019]\d{3})+|\d+)(?!\d)(?!\.\d)"
MINUS = "\u2212\u2013\u2014\u2012\\-"

LARGEST = 10**9
LONGEST = 30
PRINTED, KEPT = 9, 6

_SIGNED = re.compile(rf"([+{MINUS}]?)\s*({NUMBER})")
_GROUPS = re.compile(r"[1-9]\d{0,2}(?:[ ,'\u2019]\d{3})+(?:\.\d+)?")


class Digits(NamedTuple):
    """A number as it stands: ``21.05`` has the digits 2105 and 2 decimals."""

    digits: int
    places: int

    def of(self, whole: int) -> Printed:
        """Return it as a share whose whole is printed as ``whole``: 100 in percent, 1 as a fraction."""
        return Printed(digits=self.digits, places=self.places, whole=whole)

    @property
    def exact(self) -> Fraction:
        """The number itself."""
        return Fraction(self.digits, 10**self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A share or a difference of shares as printed.

    Attributes
    ----------
    digits : int
        All digits without the point: 2105 for 21.05; negative for a negative number.
    places : int
        Decimals, trailing zeros included.
    whole : int
        What all of it is printed as: 100 in percent, 1 as a fraction.
    """

    digits: int
    places: int
    whole: int

    @property
    def scale(self) -> int:
        """Steps of the last digit in the whole: 10,000 for percent with two decimals."""
        return self.whole * int(10**self.places)

    @property
    def value(self) -> Fraction:
        """The share that is printed, 1 for all."""
        return Fraction(self.digits, self.scale)

    @property
    def half(self) -> Fraction:
        """Half of the last digit: how far the exact value may be from the printed one."""
        return Fraction(1, 2 * self.scale)

    @property
    def low(self) -> Fraction:
        """Smallest exact value that may be printed so."""
        return self.value - self.half

    @property
    def high(self) -> Fraction:
        """Largest exact value that may be printed so."""
        return self.value + self.half

    def holds(self, exact: Fraction) -> bool:
        """Say whether an exact share may be printed so.

        Both ends count: half-even and half-up round a tie to different sides, and binary floating point, in which
        most ties are no ties, to either.
        """
        return self.low <= exact <= self.high

    def like(self, exact: Fraction) -> str:
        """Return an exact share in the form of this one, a tie rounded to even."""
        return Printed(digits=round(exact * self.scale), places=self.places, whole=self.whole).text

    @property
    def text(self) -> str:
        """As printed, with a percent sign where the whole is 100."""
        return f"{decimals(self.digits, self.places)}{' %' if self.whole == 100 else ''}"


def decimals(digits: int, places: int) -> str:
    """Return digits with a point before the last ``places`` of them."""
    if not places:
        return str(digits)
    padded = f"{abs(digits):0{places + 1}d}"
    return f"{'-' if digits < 0 else ''}{padded[:-places]}.{padded[-places:]}"


def number(text: str) -> Digits | None:
    """Read one number, or None where the text is none.

    A comma (or blank, or apostrophe) before groups of three digits separates thousands, any other comma is a decimal
    one: ``2,000`` is two thousand, ``21,05`` and ``0,193`` are not. All dashes before a number are signs. What has more
    than 30 characters is no number. Of more than nine digits with a fraction six are kept: 0.18699999153614044 is 0.187
    in single precision, and no one prints so many but a machine.
    """
    if len(text) > LONGEST:
        return None
    head, _, tail = text.partition(".")
    if head.isdecimal() and (tail.isdecimal() or not tail):
        return _kept(int(head + tail), len(tail))
    found = _SIGNED.fullmatch(text.strip())
    if found is None:
        return None
    sign, body = found.groups()
    body = re.sub(r"[ ,'\u2019]", "", body) if _GROUPS.fullmatch(body) else body.replace(",", ".")
    whole, _, part = body.partition(".")
    digits = int(whole + part or "0")
    return _kept(-digits if sign not in ("", "+") else digits, len(part))


def _kept(digits: int, places: int) -> Digits:
    """Of a number that a machine printed whole, the digits that a float in single precision can hold."""
    surplus = min(places, len(str(abs(digits))) - KEPT) if len(str(abs(digits))) > PRINTED else 0
    return Digits(round(Fraction(digits, 10**surplus)), places - surplus) if surplus > 0 else Digits(digits, places)


def count(text: str) -> int | None:
    """Read a whole number without a sign, up to a milliard; None where it is none."""
    found = number(text) if re.fullmatch(WHOLE, text.strip()) else None
    return None if found is None or found.places or found.digits > LARGEST else found.digits
