"""Lines outside tables: ``Accuracy : 21.05% (421/2000)``, intervals, chance and distances around them.

====================================================  ===================================================
line                                                  is read as
====================================================  ===================================================
``Accuracy: 21.05% (421/2000)``                       a figure; also ``421/2000 = 21.05 %``, ``421 of 2000``
``Accuracy 21.05 % (n = 2000)``                       a figure with n alone
``0 image(s): 21.1% (421/2000)``                      a figure, and questions by number of images
``zero-image rows: 2000 of 2000``                     questions by number of images
``95 % interval: 19.3% to 22.8%``                     the interval of the figure before it, or in its line
``random baseline: 20.00% (1/5)``, ``five options``   chance of the figures under the same heading
``distance to random: 1.05 points``                   figure before it minus chance
``SLAKE: 65.7 vs 72.3, gap -6.6``                     a difference of two values
====================================================  ===================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from harness.forensics import told
from harness.forensics.cell import plain
from harness.forensics.differences import Gap
from harness.forensics.finding import Figure, Place
from harness.forensics.images import Group, images_of
from harness.forensics.printed import MINUS, NUMBER, WHOLE, Digits, Printed, count, number
from harness.forensics.tables import Text

_VALUE = rf"({NUMBER})\s*(%)|(0?\.\d+)"
_OF = r"\s*(?:/|of|out of)\s*"
_FIGURES = (
    re.compile(rf"(?<![\d.])(?:{_VALUE})\s*[\[(]\s*({WHOLE}){_OF}({WHOLE})"),
    re.compile(rf"(?<![\d./])({WHOLE}){_OF}({WHOLE})\s*(?:=|≈|\(|:|,|is)\s*(?:{_VALUE})"),
    re.compile(rf"(?<![\d.])({NUMBER})\s*(%)()\s*[\[(]\s*()n\s*=\s*({WHOLE})", re.I),
)
_WORD = r"\b(?:CI|CIs|CI\d\d|intervals?|confidence|wilson|wald|clopper)\b[^;|\[(]{0,40}?"
_ENDS = re.compile(
    rf"{_WORD}(?:[\[(]\s*({NUMBER})\s*%?\s*(?:,|;|to|[{MINUS}])\s*({NUMBER})\s*(%)?\s*[\])]|"
    rf"(?<![\d.])(\d*\.\d+|\d+(?=\s*%))\s*%?\s*(?:\bto\b|[{MINUS}])\s*({NUMBER})\s*(%)?)",
    re.I,
)
_DISTANCE = re.compile(
    rf"\b(?:distance|difference|gap|margin|delta)\b[^\d+{MINUS}]*\b(?:random|chance|guess\w*)\b[^\d+{MINUS}]*"
    rf"([+{MINUS}]?\s*{NUMBER})\s*(%|pp|percentage points?|points?)?",
    re.I,
)
_VERSUS = re.compile(
    rf"({NUMBER})\s*%?\s*(?:vs\.?|versus|against)\s*({NUMBER})\s*%?[^\d]{{0,20}}?(?:\b(?:gap|difference|diff|delta)\b|Δ|->|→)"
    rf"[^\d+{MINUS}]{{0,8}}([+{MINUS}]?\s*{NUMBER})",
    re.I,
)
_BLIND = re.compile(rf"\bzero[- ]image (?:rows|questions|items|cases)?\W*({WHOLE}){_OF}({WHOLE})", re.I)


@dataclass(slots=True, kw_only=True)
class Said:
    """What the lines under one heading say.

    Attributes
    ----------
    figures : list of Figure
        Shares with their counts.
    groups : list of Group
        Questions by number of images.
    gaps : list of Gap
        Differences.
    """

    figures: list[Figure] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def said(text: Text) -> Said:
    """Read the lines under one heading."""
    found, chance = Said(), None
    for line, raw in text.lines:
        if not any(character.isdigit() for character in raw):
            chance = chance or told.chance_told(raw)
            continue
        bare = plain(raw)
        distance = _DISTANCE.search(bare)
        if distance is not None:
            found.gaps.extend(_from_chance(distance, line, text.title, found.figures, chance))
            continue
        stated = told.chance_told(bare)
        chance = chance or stated
        if stated is None or not _is_chance(bare):
            _line(found, line, bare, text.title)
    if chance is not None:
        found.figures = [replace(one, chance=chance[0], chance_from=chance[1]) for one in found.figures]
    return found


def _is_chance(bare: str) -> bool:
    return re.match(r"\W*(?:random|chance|guess)", bare, re.I) is not None


def _line(found: Said, line: int, bare: str, title: str) -> None:
    """Read one line into what is found so far."""
    before, figures = len(found.figures), list(_figures(line, bare, title))
    found.figures.extend(figure for figure, _ in figures)
    for figure, _ in figures:
        images = images_of(figure.place.row)
        if images is not None and figure.n:
            found.groups.append(Group(images=images, n=figure.n, k=figure.k, place=figure.place))
    blind = _BLIND.search(bare)
    if blind is not None and (none := count(blind[1])) is not None and (n := count(blind[2])):
        place = Place(line=line, row="zero-image rows", table=title)
        found.groups.append(Group(images=0, n=none, k=None, place=place))
        if n > none:
            found.groups.append(Group(images=1, n=n - none, k=None, place=place))
    for ends in _ENDS.finditer(bare):
        at = before + sum(end <= ends.start() for _, end in figures) - 1
        if at >= 0:
            found.figures[at] = _attached(found.figures[at], ends, bare)
    versus = _VERSUS.search(bare)
    if versus is not None:
        first, second, gap = (number(part) for part in versus.groups())
        if first and second and gap:
            place = Place(line=line, row=_name(bare[: versus.start()]), table=title)
            found.gaps.append(Gap(place=place, printed=gap.of(100), first=first.of(100), second=second.of(100)))


def _figures(line: int, bare: str, title: str) -> Iterator[tuple[Figure, int]]:
    """The figures of a line, by their order, each with where it ends."""
    made = sorted(_matched(line, bare, title), key=lambda one: one[1])
    yield from made


def _matched(line: int, bare: str, title: str) -> Iterator[tuple[Figure, int]]:
    taken: list[tuple[int, int]] = []
    for at, pattern in enumerate(_FIGURES):
        for match in pattern.finditer(bare):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            k, n, value, sign, share = _parts(match, counts_first=at == 1)
            printed = value.of(100 if sign else 1) if value else share.of(1) if share else None
            if n and printed is not None:
                place = Place(line=line, row=_name(bare[: match.start()]), table=title)
                yield Figure(place=place, printed=printed, k=k, n=n, n_from="its line"), match.end()


def _parts(
    match: re.Match[str], *, counts_first: bool
) -> tuple[int | None, int | None, Digits | None, str | None, Digits | None]:
    """k, n, the percentage, its sign, and the fraction where that stands instead."""
    a, b, c, d, e = match.groups()
    if counts_first:
        k, n, value, sign, share = a, b, c, d, e
    else:
        value, sign, share, k, n = a, b, c, d, e
    return count(k) if k else None, count(n), number(value) if value else None, sign, number(share) if share else None


def _name(before: str) -> str:
    """The last words before a figure, without list marks and separators."""
    words = re.split(r"[;|\"]|\.\s|,\s|\s/\s", before)[-1].strip(" \t#>*-–:=([→").split()
    return " ".join(words[-8:]) or "line"


def _attached(figure: Figure, ends: re.Match[str], bare: str) -> Figure:
    """The figure with the interval that follows it; a second one stays unread."""
    low, high = number(ends[1] or ends[4]), number(ends[2] or ends[5])
    if low is None or high is None or figure.interval is not None:
        return figure
    whole = 100 if ends[3] or ends[6] or high.exact > 1 else 1
    words = bare[max(0, ends.start() - 20) : ends.end()]
    return replace(
        figure,
        interval=(low.of(whole), high.of(whole)),
        level=told.level_told(words),
        method=told.method_told(words),
    )


def _from_chance(
    distance: re.Match[str], line: int, title: str, figures: list[Figure], chance: tuple[Fraction, str] | None
) -> Iterator[Gap]:
    """A distance to chance, of the last figure."""
    value = number(distance[1])
    if value is None or chance is None or not figures or figures[-1].printed is None:
        return
    exact = Printed(digits=chance[0].numerator * 10**6 * 100 // chance[0].denominator, places=6, whole=100)
    yield Gap(
        place=Place(line=line, row="distance to chance", table=title),
        printed=value.of(100),
        first=figures[-1].printed,
        second=exact,
    )
