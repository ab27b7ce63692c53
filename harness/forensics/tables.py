"""A file into tables and lines of text: CSV, or markdown with pipe tables. Strict: a ragged row is an error.

A markdown table has a header, a line of dashes and rows; its title is the nearest heading above, its caption the
paragraph right above it and one below it that begins with Table, Note, Caption, n or an asterisk. A CSV file is
separated by commas, semicolons or tabs; lines before its header that begin with ``#`` are its caption.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError, UsageError
from harness.forensics.cell import plain

_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*")
_BELOW = re.compile(r"\W*(table|note|caption|n\s*=|\*)", re.I)
_PIPE = re.compile(r"(?<!\\)\|")
_FENCE = re.compile(r"\s*(```|~~~)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table as it stands.

    Attributes
    ----------
    title, caption : str
        Heading above it and text around it.
    line : int
        Line of its header.
    header : tuple of str
        Names of the columns.
    rows : tuple of (int, tuple of str)
        Line and cells of each row.
    """

    title: str
    caption: str
    line: int
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Lines outside tables under one heading: line number and text of each."""

    title: str
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one file holds."""

    tables: tuple[Table, ...]
    texts: tuple[Text, ...]


def read(path: Path) -> Source:
    """Read a file.

    Raises
    ------
    UsageError
        Where there is no such file, or it is a folder.
    DataError
        Where it is not UTF-8, is empty, or has a row with more or fewer cells than its header.
    """
    text = _text(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return _csv(text, path.name)
    return _markdown(text.splitlines(), path.name)


def _text(path: Path) -> str:
    if path.is_dir():
        raise UsageError(f"{path}: is a folder, but should be a CSV or markdown file. Name one file of it.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: is not here, but should be a CSV or markdown file. Check its name.") from None
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read: {error.strerror}. Check the file.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: byte {error.start} is not UTF-8, but all of it should be. Save it so.") from None
    if not text.strip():
        raise DataError(f"{path.name}: is empty, but should hold a table. Write a header line and rows.")
    return text


def _csv(text: str, file: str) -> Source:
    caption, lines = [], text.split("\n")
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        caption.append(lines.pop(0).lstrip("# ").strip())
    if not lines:
        raise DataError(f"{file}: has remarks alone, but should hold a table. Write a header line and rows.")
    separator = max(",;\t", key=lines[0].count)
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, strict=True)
    try:
        found = [(reader.line_num + len(caption), tuple(row)) for row in reader if any(part.strip() for part in row)]
    except csv.Error as error:
        line = reader.line_num + len(caption)
        raise DataError(f"{file}: line {line} is not CSV: {error}. Quote cells that hold quotes.") from None
    if not found:
        raise DataError(f"{file}: has empty cells alone, but should hold a table. Write a header line and rows.")
    (line, header), rows = found[0], found[1:]
    header = tuple(name.strip() for name in header)
    _whole(header, rows, file, line)
    table = Table(title=Path(file).stem, caption=" ".join(caption), line=line, header=header, rows=tuple(rows))
    return Source(tables=(table,), texts=())


def _whole(header: tuple[str, ...], rows: list[tuple[int, tuple[str, ...]]], file: str, line: int) -> None:
    """Refuse ragged rows, all of them at once."""
    bad = [(at, len(cells)) for at, cells in rows if len(cells) != len(header)]
    if not bad:
        return
    shown = "; ".join(f"line {at} has {cells}" for at, cells in bad[:20])
    rest = f"; and {len(bad) - 20} more" if len(bad) > 20 else ""
    raise DataError(
        f"{file}: the table at line {line} has {len(header)} columns, but {shown}{rest}. "
        "Give every row one cell a column."
    )


def _markdown(lines: list[str], file: str) -> Source:
    tables: list[Table] = []
    texts: list[Text] = []
    title, paragraph, open_text, fenced, at = "", list[str](), list[tuple[int, str]](), False, 0
    while at < len(lines):
        line = lines[at]
        rule = lines[at + 1] if at + 1 < len(lines) else ""
        if "|" in line and "|" in rule and _RULE.fullmatch(rule):
            table, at = _table(lines, at, title, " ".join(paragraph), file)
            tables.append(table)
            continue
        fenced ^= _FENCE.match(line) is not None
        heading = None if fenced else _HEADING.fullmatch(line)
        under = re.fullmatch(r"\s{0,3}(=+|-{3,})\s*", rule) is not None and bool(line.strip()) and not fenced
        if heading is not None or under:
            texts.append(Text(title=title, lines=tuple(open_text)))
            title, open_text = plain(line if heading is None else heading[1]), []
            paragraph, at = [], at + (1 if heading is not None else 2)
            continue
        open_text.append((at + 1, line))
        paragraph = _continued(paragraph, line, lines[at - 1] if at else "")
        at += 1
    texts.append(Text(title=title, lines=tuple(open_text)))
    return Source(tables=tuple(tables), texts=tuple(text for text in texts if text.lines))


def _continued(paragraph: list[str], line: str, before: str) -> list[str]:
    """The paragraph so far; a blank line does not end it, the next text after one does."""
    if not line.strip():
        return paragraph
    return [*paragraph, plain(line)] if before.strip() else [plain(line)]


def _table(lines: list[str], at: int, title: str, caption: str, file: str) -> tuple[Table, int]:
    header, rule = _cells(lines[at]), _cells(lines[at + 1])
    start, rows = at + 1, list[tuple[int, tuple[str, ...]]]()
    at += 2
    while at < len(lines) and "|" in lines[at]:
        rows.append((at + 1, _cells(lines[at])))
        at += 1
    if any(character.isdigit() for _, cells in rows for text in cells for character in text):
        _whole(header, [(start + 1, rule), *rows], file, start)
    below = next((line for line in lines[at : at + 2] if line.strip()), "")
    if _BELOW.match(below) and "|" not in below:
        caption = f"{caption} {plain(below)}"
    return Table(title=title, caption=caption.strip(), line=start, header=header, rows=tuple(rows)), at


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return tuple(part.replace("\\|", "|").strip() for part in _PIPE.split(inner))
