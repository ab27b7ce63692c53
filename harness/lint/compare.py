"""Numbers set against each other: of two sources, against their own words, or against a guess."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.lint import vocabulary as v
from harness.lint.about import negated, questioned
from harness.lint.complaint import Complaint
from harness.lint.facts import Facts
from harness.lint.numbers import Result
from harness.lint.page import Page, Unit
from harness.lint.vocabulary import phrases

_UP = phrases(
    "improv(?:es?|ed|ing|ements?)|gain(?:s|ed)?|higher|better|increase[sd]?|above|exceed(?:s|ed)?",
    "outperform(?:s|ed)?|beats?|surpass(?:es|ed)?",
)
_DOWN = phrases("drop(?:s|ped)?|decline[sd]?|decrease[sd]?|lower|worse|falls?|fell|degrade[sd]?|below")
_OVER = phrases(r"vs\.?|versus|over|than|against|compared (?:to|with)|relative to")
_FROM = re.compile(r"\bfrom\s(?:\S{1,20}\s){0,3}$", re.I)
_TO = re.compile(r"\s?\)?\s?(?:\([^()]{0,60}\)\s)?(?:\S{1,20}\s){0,3}?to\s", re.I)
_A_GUESS = r"\b(?:chance|random|guess\w{0,3}|blind guess)\b"
_CHANCE_VALUE = re.compile(
    rf"{_A_GUESS}[^.;\d]{{0,25}}(?P<after>{v.NUMBER})|\bof (?P<of>{v.NUMBER})\b|"
    rf"(?P<before>{v.NUMBER})\s?%?\s?(?:of|by|for|from)?\s?(?:a )?{_A_GUESS}",
    re.I,
)
_BELOW = phrases(
    "(?:below|worse than|under|less than|lower than) (?:a |the )?(?:pure |random |blind )?"
    r"(?:chance|random|guess\w{0,3})"
)
_ENDS = re.compile(rf"({v.SIGNED})\s?%?\s?(?:to|,|-|and|;)\s?({v.SIGNED})")


def comparisons(page: Page, facts: Facts, found: Sequence[Result]) -> Iterator[Complaint]:
    """Yield complaints about numbers that a text sets against each other.

    Parameters
    ----------
    page, facts : Page, Facts
        A text, taken apart, and what its parts state.
    found : sequence of Result
        Its numbers, in order.
    """
    by_unit: dict[int, list[Result]] = defaultdict(list)
    by_table: dict[int, list[Result]] = defaultdict(list)
    for one in found:
        if one.form != "p":
            by_unit[one.unit].append(one)
            if page.units[one.unit].kind == "row":
                by_table[page.units[one.unit].block].append(one)
    for number, ones in by_unit.items():
        if page.units[number].kind != "row":
            yield from _two_sources(page, facts, number, ones)
            yield from _against_its_words(page, facts, number, ones)
            yield from _below_a_guess(page, number, ones)
    for block, ones in by_table.items():
        yield from _table_of_sources(page, facts, block, ones)


def sources(text: str) -> frozenset[str]:
    """Return the different sources of numbers that a piece of prose names: models, base models, model cards."""
    models = {re.sub(r"[\s-]+", " ", m.group()).casefold(): m.group() for m in v.MODEL.finditer(text)}
    longest = {models[a] for a in models if not any(a != b and b.startswith(a) for b in models)}
    others = {"another source"} if v.OTHERS.search(text) else set()
    return frozenset(longest | others)


def _two_sources(page: Page, facts: Facts, number: int, ones: Sequence[Result]) -> Iterator[Complaint]:
    unit = page.units[number]
    same_form = [one for one in ones if (one.form == "points") == (ones[0].form == "points")]
    named = sources(page.clean[unit.start : unit.stop])
    if len(same_form) < 2 or len(named) < 2 or _stated(facts, number, unit):
        return
    first, last = same_form[0], same_form[-1]
    yield _complaint(
        page,
        first.start,
        last.stop,
        f"{_as_written(page, first)} and {_as_written(page, last)} of {_joined(named)}",
    )


def _table_of_sources(page: Page, facts: Facts, block: int, ones: Sequence[Result]) -> Iterator[Complaint]:
    table = page.blocks[block]
    rows = {one.unit for one in ones}
    firsts = [page.units[n].cells[:3] for n in sorted(rows)]
    words = " | ".join([*table.header, *(page.clean[c.start : c.stop] for cells in firsts for c in cells)])
    named = sources(words)
    around = facts.headers[block] | facts.sections[table.section] | facts.units[min(rows)]
    if len(named) < 2 or around & {"same_harness", "not_comparable"}:
        return
    yield _complaint(page, ones[0].start, ones[0].stop, f"a table of {len(ones)} numbers of {_joined(named)}")


def _complaint(page: Page, start: int, stop: int, what: str) -> Complaint:
    line, column = page.place(start)
    return Complaint(
        kind="comparison",
        rule="comparison",
        line=line,
        column=column,
        quote=page.text[start:stop],
        what=f"{what}: not comparable as they stand",
        why=f"two numbers are comparable only where all ten components of the harness match: {v.COMPONENTS}",
        instead="that all were measured in the same harness, where they were; else that the number of another source "
        "is quoted, with a link, and not compared",
    )


def _as_written(page: Page, one: Result) -> str:
    return page.text[one.start : one.stop]


def _stated(facts: Facts, number: int, unit: Unit) -> bool:
    return bool(facts.around(number, unit) & {"same_harness", "not_comparable"})


def _joined(named: frozenset[str]) -> str:
    shown = sorted(named)
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) <= 4 else f"{len(shown)} sources"


def _against_its_words(page: Page, facts: Facts, number: int, ones: Sequence[Result]) -> Iterator[Complaint]:
    """Find a sentence whose two numbers go the other way than its words: an improvement from .55 to .54."""
    unit = page.units[number]
    change = _change(page, unit.start, *ones) if len(ones) == 2 and "down_is_up" not in facts.units[number] else 0.0
    prose = page.clean[unit.start : unit.stop]
    up, down = _UP.search(prose), _DOWN.search(prose)
    word, other = (up, down) if change < 0 else (down, up)
    if not change or word is None or other is not None:
        return
    start, stop = unit.start + word.start(), unit.start + word.end()
    if negated(page, start, unit.start) or questioned(page, number):
        return
    line, column = page.place(start)
    yield Complaint(
        kind="comparison",
        rule="contradiction",
        line=line,
        column=column,
        quote=page.text[start:stop],
        what=f"{_as_written(page, ones[0])} and {_as_written(page, ones[1])} go the other way than {word.group()!r}",
        why="the words and the numbers of one sentence contradict each other",
        instead=f"{change:+.4g} with its interval, and inconclusive where that holds zero",
    )


def _change(page: Page, floor: int, first: Result, second: Result) -> float:
    """Return by how much a sentence says that a score changed; 0 where it does not say which was before."""
    if first.form != second.form or first.form == "points":
        return 0.0
    between = page.clean[first.stop : second.start]
    if _FROM.search(page.clean[max(floor, first.start - 60) : first.start]) and _TO.match(between):
        return second.value - first.value
    return first.value - second.value if _OVER.search(between) else 0.0


def _below_a_guess(page: Page, number: int, ones: Sequence[Result]) -> Iterator[Complaint]:
    """Find *below a guess* beside an interval that holds the score of the guess."""
    unit = page.units[number]
    prose = page.clean[unit.start : unit.stop]
    said, interval = _BELOW.search(prose), v.INTERVAL.search(prose)
    ends = _ENDS.search(interval.group()) if interval else None
    if said is None or ends is None or interval is None:
        return
    low, high = (float(text.replace(",", "").replace(" ", "")) for text in ends.groups())
    outside = prose[: interval.start()] + " " * len(interval.group()) + prose[interval.end() :]
    for match in _CHANCE_VALUE.finditer(outside):
        chance = float((match["after"] or match["before"] or match["of"]).replace(",", ""))
        if low <= chance <= high and chance != ones[0].value:
            line, column = page.place(unit.start + said.start())
            yield Complaint(
                kind="comparison",
                rule="below chance",
                line=line,
                column=column,
                quote=page.text[unit.start + said.start() : unit.start + said.end()],
                what=f"the interval {low:g} to {high:g} holds {chance:g}",
                why="where the interval holds the score of a guess, the model is shown neither below nor above it",
                instead=f"not shown to differ from a guess ({chance:g}): interval {low:g} to {high:g}",
            )
            return
