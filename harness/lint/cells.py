"""The numbers in tables that look like results.

A cell is a result where it holds a number with a decimal point or a percent sign (or stands under a name such as
*accuracy*), its table speaks of a benchmark, metric, mode or model, and neither its column nor its row is about
something else: n, sizes, settings, costs, dates, p-values, intervals, counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from harness.lint import vocabulary as v
from harness.lint.facts import Facts
from harness.lint.numbers import Result, result
from harness.lint.page import Cell, Page, Unit

_CELL = re.compile(
    rf"\s*[~≈<>]?\s?(?P<value>[-+]?{v.NUMBER})(?!\w|\.\d|,\d)(?P<unit>\s?(?:%|points?|pp)(?!\w))?(?P<rest>.*)", re.S
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_WORDS_BESIDE = re.compile(r"\b(?:CI|to|of|wilson|points|SE|SD|percent|tango|bootstrap)\b", re.I)
_SETTINGS = (
    r"tokens|sizes?|param\w{0,6}|[GMK]i?B|memory|time|latency|costs?|seconds?|years?|dates?|versions?|release|seeds?|"
    r"epochs?|batch|lr|learning|steps?|rank|temperature|licen[cs]e|downloads|hours|resolution|dropout|decay|warm-?up|"
    r"optimi[sz]er|settings?|defaults?|thresholds?|margins?|limits?|loss|revision|hash|digest|days|length|duration|ratio"
)
_OTHER_COLUMN = re.compile(
    rf"\b(?:{_SETTINGS}|rows?|p|p-values?|questions?|images?|cases?|items?|counts?|number|clusters?|unread|failed|"
    r"unknown|receipts|values?|only first|first / second|intervals?|CIs?|SDs?|SEs?|std|stderr|errors?|folder|files?|"
    r"bare|loop|letter|gold|weights?|chosen|blind guess|chance|random|distance|detectable|changed|n)\b|^\s*[#kbc]\s*$",
    re.I,
)
_OTHER_ROW = re.compile(rf"\b(?:{_SETTINGS}|n|number of \w{{1,20}})\b", re.I)
_NAMED = re.compile(r"\b(?:scores?|accura\w+|F1|EM|BLEU\w*|exact[ _]match|recall|points)\b|%", re.I)
_GUESSED = re.compile(v.GUESS, re.I)
_INTERVAL_COLUMN = re.compile(r"\b(?:intervals?|CIs?)\b|±", re.I)
_SPEAKS = frozenset({"benchmark", "metric", "mode", "scored", "model"})


def in_row(page: Page, facts: Facts, number: int, unit: Unit) -> Iterator[Result]:
    """Yield the results in a row of a table, each with whether an interval stands beside it.

    Parameters
    ----------
    page, facts : Page, Facts
        A text, taken apart, and what its parts state.
    number, unit : int, Unit
        The row.
    """
    header = page.blocks[unit.block].header
    first = page.clean[unit.cells[0].start : unit.cells[0].stop] if unit.cells else ""
    labels = " | ".join(page.clean[c.start : c.stop] for c in unit.cells[:3] if not _filled(page, c))
    speaks = bool((facts.headers[unit.block] | facts.sections[unit.section] | facts.units[number]) & _SPEAKS)
    if _OTHER_ROW.search(first) or _GUESSED.search(labels):
        return
    found = [(cell, m) for cell in unit.cells if (m := _score(page, cell, _name(header, cell), speaks=speaks))]
    columns = [place for place, name in enumerate(header) if _INTERVAL_COLUMN.search(name)]
    given = {c.column for c in unit.cells if c.column in columns and _filled(page, c)}
    for cell, match in found:
        inside = v.INTERVAL.search(page.clean, match.end("value"), cell.stop) is not None
        beside = bool(given) and (len(found) <= len(columns) or cell.column + 1 in given)
        stop = match.end("unit") if match["unit"] else match.end("value")
        one = result(match.start("value"), stop, match["value"], _form(match, _name(header, cell)), number)
        yield replace(one, column=cell.column, interval=inside or beside)


def _name(header: tuple[str, ...], cell: Cell) -> str:
    return header[cell.column] if cell.column < len(header) else ""


def _score(page: Page, cell: Cell, name: str, *, speaks: bool) -> re.Match[str] | None:
    """Match the number of a cell that holds a result; None where it holds none."""
    match = _CELL.match(page.clean, cell.start, cell.stop)
    if match is None or _OTHER_COLUMN.search(name) or _WORD.search(_WORDS_BESIDE.sub("", match["rest"])):
        return None
    percent = "%" in match["rest"] or bool(match["unit"])
    if not (speaks or percent):
        return None
    return match if percent or "." in match["value"] or _NAMED.search(name) else None


def _form(match: re.Match[str], name: str) -> str:
    unit = (match["unit"] or "").strip().casefold()
    if unit.startswith("p") or (not unit and "point" in name.casefold()):
        return "points"
    return "percent" if unit else "score"


def _filled(page: Page, cell: Cell) -> bool:
    return any(c.isdigit() for c in page.clean[cell.start : cell.stop])
