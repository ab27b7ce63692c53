"""Markdown to plain prose of the same length, so that every place in it is a place in the text.

What nobody reads as a statement becomes blanks: front matter, code, comments, tags, link targets, what is struck
out. Dashes, quotes and spaces get one spelling each. Comments that begin with ``lint:`` are kept apart.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

_FRONT = re.compile(r"\A---[ \t]*\n(?:(?!---|\.\.\.)[^\n]*\n)*(?:---|\.\.\.)[ \t]*(?=\n|\Z)")
_SPECIAL = re.compile(
    r"^[ \t>]*(?:[-*+][ \t]+)?(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})|(?P<ticks>`+)|(?P<comment><!--)", re.M
)
_PARAGRAPH = re.compile(r"\n[ \t]*(?=\n)|\Z")
_TICKS = re.compile(r"`+")
_LINT = re.compile(r"\s*lint\s*:\s*(.*)", re.I | re.S)
_HIDDEN = re.compile(
    r"""</?[A-Za-z][^<>]{0,2000}>                                          # a tag
      | (?<=\])\([^()\s]{0,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,200}){0,5}(?:\s{1,5}"[^"\n]{0,300}")?\s?\)  # a target
      | (?<=\])\[[^\[\]\n]{0,200}\]
      | ^[ ]{0,3}\[[^\[\]\n]{1,200}\]:[^\n]*$
      | (?:https?|ftp)://[^\s<>()\[\]|]+ | \bwww\.[^\s<>()\[\]|]+
      | \b(?:doi|arXiv)\s?:\s?[^\s<>()\[\]|,;]+ | \b10\.\d{4,9}/[^\s<>()\[\]|,;]+
      | ~~[^~\n]{1,500}~~
      | &(?:nbsp|thinsp|ensp|emsp|\#160|\#8201);
      | \\\| | \\(?=[!-/:-@\[-`{-~])""",
    re.M | re.X,
)
_MARKS = re.compile(r"^[ ]{0,3}(?:>[ ]?)+|\*|(?<![^\W_])_+|_+(?![^\W_])", re.M)
_ONE_SPELLING = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u00b4\u02bc\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\t\x0b\x0c\r\xa0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("\uff05\ufe6a", "%"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A text with everything blank that is not a statement.

    Attributes
    ----------
    body : str
        With the marks of blocks: hashes, bullets, pipes, emphasis.
    clean : str
        Without emphasis and marks of block quotes; both are as long as the text.
    remarks : tuple of (int, int, str)
        Start, stop and content of each ``<!-- lint: ... -->``.
    """

    body: str
    clean: str
    remarks: tuple[tuple[int, int, str], ...]


def mask(text: str) -> Masked:
    """Blank out what is not prose.

    Parameters
    ----------
    text : str
        Markdown; plain text is the simplest markdown there is.
    """
    hidden, remarks = [], []
    for start, stop in _blocks(text):
        hidden.append((start, stop))
        inner = text[start:stop].removeprefix("<!--").removesuffix("-->")
        said = _LINT.match(inner) if len(inner) < stop - start else None
        if said:
            remarks.append((start, stop, said.group(1).strip()))
    body = _blank(text, hidden)
    body = _HIDDEN.sub(lambda found: _spaces(found.group()), body).translate(_ONE_SPELLING)
    clean = _MARKS.sub(lambda found: " " * len(found.group()), body)
    return Masked(body=body, clean=clean, remarks=tuple(remarks))


def _blank(text: str, hidden: list[tuple[int, int]]) -> str:
    parts, place = [], 0
    for start, stop in hidden:
        parts += [text[place:start], _spaces(text[start:stop])]
        place = stop
    return "".join([*parts, text[place:]])


def _spaces(part: str) -> str:
    """Return blanks in place of a part, with its line breaks."""
    return re.sub(r"[^\n]", " ", part)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and stop of front matter, fenced code, inline code and comments, in order."""
    front = _FRONT.match(text)
    place = front.end() if front else 0
    if front:
        yield 0, place
    ticks = _Ticks(text)
    while found := _SPECIAL.search(text, place):
        start = found.start()
        if found["fence"]:
            stop = _fence_end(text, found)
        elif found["comment"]:
            end = text.find("-->", found.end())
            stop = len(text) if end < 0 else end + 3
        else:
            stop = ticks.closing(start, found.end())
        if stop > found.end() or not found["ticks"]:
            yield start, stop
        place = max(stop, found.end())


def _fence_end(text: str, fence: re.Match[str]) -> int:
    mark = fence["fence"]
    closing = re.compile(rf"^[ \t>]*{mark[0]}{{{len(mark)},}}[ \t]*$", re.M).search(text, fence.end())
    return closing.end() if closing else len(text)


class _Ticks:
    """Finds the closing run of backticks of inline code: as long as the opening one, in the same paragraph."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stop = 0
        self._starts: dict[int, list[int]] = {}

    def closing(self, start: int, stop: int) -> int:
        """Return where inline code that opens at ``start`` ends; ``stop`` where it never does."""
        if start >= self._stop:
            self._read(start)
        length = stop - start
        starts = self._starts.get(length, [])
        after = bisect_right(starts, start)
        return starts[after] + length if after < len(starts) else stop

    def _read(self, start: int) -> None:
        end = _PARAGRAPH.search(self._text, start)
        self._stop = max(end.end() if end else len(self._text), start + 1)
        found: defaultdict[int, list[int]] = defaultdict(list)
        for run in _TICKS.finditer(self._text, start, self._stop):
            found[len(run.group())].append(run.start())
        self._starts = dict(found)
