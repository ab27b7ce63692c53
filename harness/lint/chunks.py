"""The lines of markdown to chunks: headings, tables, list entries, paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["paragraph", "heading", "item", "table"]

_QUOTED = re.compile(r"[ ]{0,3}(?:>[ ]?)+")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?:[ \t]|$)")
_UNDERLINE = re.compile(r"[ ]{0,3}(=+|-+)[ \t]*$")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_RULE = re.compile(r"[ ]{0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_TABLE_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$")
_ATTRIBUTION = re.compile(r"\s*(?:--?\s*[^\W\d]|—\s*\S|(?:source|from|quoted from|quoted)\s*:)", re.I)
_CODE = re.compile(r"(?: {4}|\t)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Lines that belong together; ``lines`` holds start and stop of each, without marks and line breaks."""

    kind: Kind
    lines: tuple[tuple[int, int], ...]
    level: int = 0


@dataclass(slots=True)
class _Line:
    start: int
    stop: int
    text: str
    indented: bool

    @property
    def blank(self) -> bool:
        return not self.text.strip()


def chunks(body: str, text: str) -> Iterator[Chunk]:
    """Yield the chunks of a text whose code and comments are blank.

    Parameters
    ----------
    body : str
        See `harness.lint.mask.Masked`.
    text : str
        As it was, since what is blank now must not look like the indentation of code.
    """
    lines, number, in_list = _lines(body, text), 0, False
    while number < len(lines):
        line = lines[number]
        after_blank = number == 0 or lines[number - 1].blank
        if line.blank or _RULE.match(line.text):
            number += 1
        elif after_blank and not in_list and line.indented:
            number = _end_of_code(lines, number)
        else:
            chunk, number = _chunk(lines, number)
            in_list = chunk.kind == "item" or (in_list and line.text.startswith((" ", "\t")))
            yield chunk


def _chunk(lines: list[_Line], number: int) -> tuple[Chunk, int]:
    """Return the chunk that begins at a line, and the number of the line after it."""
    line = lines[number]
    heading = _HEADING.match(line.text)
    if heading:
        inner = (line.start + heading.end(1), line.stop)
        return Chunk(kind="heading", lines=(inner,), level=len(heading.group(1))), number + 1
    if _is_table(lines, number):
        stop = number + 2
        while stop < len(lines) and "|" in lines[stop].text:
            stop += 1
        return Chunk(kind="table", lines=tuple((x.start, x.stop) for x in lines[number:stop])), stop
    item = _ITEM.match(line.text)
    stop = number + 1
    while stop < len(lines) and not _breaks(lines, stop):
        underline = _UNDERLINE.match(lines[stop].text)
        if underline and not item:
            level = 1 if underline.group(1).startswith("=") else 2
            where = tuple((x.start, x.stop) for x in lines[number:stop])
            return Chunk(kind="heading", lines=where, level=level), stop + 1
        stop += 1
    first = (line.start + (item.end() if item else 0), line.stop)
    rest = tuple((x.start, x.stop) for x in lines[number + 1 : stop])
    return Chunk(kind="item" if item else "paragraph", lines=(first, *rest)), stop


def _breaks(lines: list[_Line], number: int) -> bool:
    """Say whether a line begins something else than the paragraph before it."""
    text = lines[number].text
    if not text.strip():
        return True
    return bool(_HEADING.match(text) or _ITEM.match(text) or _is_table(lines, number))


def _is_table(lines: list[_Line], number: int) -> bool:
    after = lines[number + 1].text if number + 1 < len(lines) else ""
    return "|" in lines[number].text and "-" in after and "|" in after and bool(_TABLE_RULE.match(after.strip()))


def _end_of_code(lines: list[_Line], number: int) -> int:
    while number < len(lines) and (lines[number].blank or lines[number].indented):
        number += 1
    return number


def _lines(body: str, text: str) -> list[_Line]:
    """Return the lines without the marks of block quotes; those of others' block quotes are blank."""
    found, start = [], 0
    for line in body.split("\n"):
        found.append(_Line(start, start + len(line), line, bool(_CODE.match(text, start, start + len(line)))))
        start += len(line) + 1
    number = 0
    while number < len(found):
        stop = number
        while stop < len(found) and _QUOTED.match(found[stop].text):
            stop += 1
        if stop > number:
            _unquote(found, number, stop)
        number = max(stop, number + 1)
    return found


def _unquote(lines: list[_Line], number: int, stop: int) -> None:
    before = next((x.text.rstrip() for x in reversed(lines[max(0, number - 2) : number]) if not x.blank), "")
    inner = [_QUOTED.sub("", x.text, count=1) for x in lines[number:stop]]
    last = next((text for text in reversed(inner) if text.strip()), "")
    of_others = before.endswith(":") or (len(inner) > 1 and _ATTRIBUTION.match(last) is not None)
    for line, text in zip(lines[number:stop], inner, strict=True):
        # from the right, so that places stay places in the text
        line.start = line.stop - len(text)
        line.text = "" if of_others else text
