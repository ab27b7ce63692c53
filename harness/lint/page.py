"""Markdown to sections, blocks and units: the pieces in which a statement and its evidence stand together.

A unit is what is read at once: a sentence, a heading, or a row of a table. A cell that holds prose is split into
sentences of its own. Block quotes of others and indented code have no units, so nothing in them is judged. A block
quote is others' where its last line names its source (``-- name``, ``Source: ...``), or the line before it ends
with a colon.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Literal

from harness.lint.chunks import Chunk, chunks
from harness.lint.mask import Masked, mask

_END = re.compile(r"[.!?][\"')\]]{0,3}\s+(?=[\"'(\[]{0,2}[A-Z0-9\u00c0-\u00de])")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|al|Figs?|Eqs?|No|approx|Dr|Mr|Mrs|St|ca|resp|Sec|Tab|pp?|ref|incl|etc)|\b[A-Z])\.$"
)
_PIPE = re.compile(r"\|")
_LETTER = re.compile(r"[^\W\d_]")
_WORDS_OF_PROSE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table row: its place, and its column from 0."""

    start: int
    stop: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is read at once.

    Attributes
    ----------
    kind : str
        ``sentence``, ``heading`` or ``row``.
    start, stop : int
        Place in the text.
    block, section : int
        Numbers of what it stands in.
    cells : tuple of Cell
        Of a row.
    row : int or None
        Number of the row unit that a sentence stands in.
    """

    kind: Literal["sentence", "heading", "row"]
    start: int
    stop: int
    block: int
    section: int
    cells: tuple[Cell, ...] = ()
    row: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, heading, list entry or table; ``header`` holds the column names of a table."""

    kind: Literal["paragraph", "heading", "item", "table"]
    start: int
    stop: int
    section: int
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what follows it; ``parent`` is the section that it stands in, None for the first."""

    level: int
    parent: int | None
    blocks: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A text, taken apart."""

    text: str
    masked: Masked
    sections: tuple[Section, ...]
    blocks: tuple[Block, ...]
    units: tuple[Unit, ...]

    @property
    def clean(self) -> str:
        """The prose, as long as the text."""
        return self.masked.clean

    @cached_property
    def _starts(self) -> list[int]:
        return [unit.start for unit in self.units]

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def at(self, start: int, stop: int) -> int | None:
        """Return the number of the unit that holds a place whole; None where no one reads it."""
        number: int | None = bisect_right(self._starts, start) - 1
        if number is None or number < 0:
            return None
        if self.units[number].stop < stop:
            number = self.units[number].row
        if number is None or self.units[number].stop < stop:
            return None
        return number

    def place(self, start: int) -> tuple[int, int]:
        """Return line and column, both from 1."""
        line = bisect_right(self._lines, start)
        return line, start - self._lines[line - 1] + 1


def read(text: str) -> Page:
    """Take a markdown text apart.

    Parameters
    ----------
    text : str
        Any text.
    """
    masked = mask(text)
    reader = _Reader(masked.clean)
    for chunk in chunks(masked.body, text):
        reader.take(chunk)
    return Page(
        text=text,
        masked=masked,
        sections=tuple(reader.sections),
        blocks=tuple(reader.blocks),
        units=tuple(reader.units),
    )


class _Reader:
    """Collects sections, blocks and units from chunks of lines."""

    def __init__(self, clean: str) -> None:
        self._clean = clean
        self.sections = [Section(level=0, parent=None)]
        self.blocks: list[Block] = []
        self.units: list[Unit] = []
        self._open = [0]

    def take(self, chunk: Chunk) -> None:
        """Add one chunk."""
        if chunk.kind == "heading":
            while self.sections[self._open[-1]].level >= chunk.level:
                self._open.pop()
            self.sections.append(Section(level=chunk.level, parent=self._open[-1]))
            self._open.append(len(self.sections) - 1)
        section, start, stop = self._open[-1], chunk.lines[0][0], chunk.lines[-1][1]
        header: tuple[str, ...] = ()
        if chunk.kind == "table":
            header = tuple(self._clean[c.start : c.stop] for c in self._cells(*chunk.lines[0]))
        self.sections[section].blocks.append(len(self.blocks))
        self.blocks.append(Block(kind=chunk.kind, start=start, stop=stop, section=section, header=header))
        if chunk.kind == "table":
            self._add("heading", *chunk.lines[0])
            for line in chunk.lines[2:]:
                self._row(*line)
        elif chunk.kind == "heading":
            self._add("heading", start, stop)
        else:
            self._sentences(start, stop)

    def _add(
        self,
        kind: Literal["sentence", "heading"],
        start: int,
        stop: int,
        cell: Cell | None = None,
        row: int | None = None,
    ) -> None:
        self.units.append(
            Unit(
                kind=kind,
                start=start,
                stop=stop,
                block=len(self.blocks) - 1,
                section=self._open[-1],
                row=row,
                column=cell.column if cell else None,
            )
        )

    def _sentences(self, start: int, stop: int, cell: Cell | None = None, row: int | None = None) -> None:
        place = start
        for end in _END.finditer(self._clean, start, stop):
            if not _SHORT.search(self._clean[max(place, end.start() - 8) : end.start() + 1]):
                self._add("sentence", place, end.end(), cell, row)
                place = end.end()
        if place < stop:
            self._add("sentence", place, stop, cell, row)

    def _row(self, start: int, stop: int) -> None:
        number, cells = len(self.units), self._cells(start, stop)
        block, section = len(self.blocks) - 1, self._open[-1]
        self.units.append(Unit(kind="row", start=start, stop=stop, block=block, section=section, cells=tuple(cells)))
        for cell in cells:
            words = self._clean[cell.start : cell.stop].split()
            if sum(bool(_LETTER.search(word)) for word in words) >= _WORDS_OF_PROSE:
                self._sentences(cell.start, cell.stop, cell, number)

    def _cells(self, start: int, stop: int) -> list[Cell]:
        edges = [m.start() for m in _PIPE.finditer(self._clean, start, stop)]
        line = self._clean[start:stop]
        if not line.lstrip().startswith("|"):
            edges.insert(0, start - 1)
        if not line.rstrip().endswith("|"):
            edges.append(stop)
        return [Cell(start=a + 1, stop=b, column=i) for i, (a, b) in enumerate(pairwise(edges))]
