"""Published numbers that are often misread, where a text gives one without saying what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.lint.complaint import Complaint
from harness.lint.facts import Facts
from harness.lint.numbers import Result
from harness.lint.page import Page
from harness.quoted.traps import TRAPS, Trap

MISTOLD = Trap(
    name="shuffled options",
    model=re.compile(r"GPT-4o", re.I),
    benchmark=re.compile(r"\bshuffl\w*|\breorder\w*|\boption order\b", re.I),
    values=(16.0, 16.35),
    components=(),
    why="16.35 % of GPT-4o is a score without images, on questions that need one, with about half of the replies "
    "refused; no options were shuffled in it",
    told=re.compile(r"\btext[- ]only\b|\bwithout (?:the )?images?\b|\brefus", re.I),
    source="figure code of Gu et al., arXiv:2509.18234",
)
"""A number that was passed on with another experiment's name."""

_ALL = (*(trap for trap in TRAPS if trap.values), MISTOLD)


def misread(page: Page, facts: Facts, found: Sequence[Result]) -> Iterator[Complaint]:
    """Yield a complaint for each published number that a text gives without what it really is.

    Parameters
    ----------
    page, facts : Page, Facts
        A text, taken apart, and what its parts state.
    found : sequence of Result
        Its numbers.
    """
    told: set[tuple[int, str]] = set()
    for one in found:
        for trap in _ALL:
            if one.form in ("percent", "score") and _is(one, trap) and (one.unit, trap.name) not in told:
                told.add((one.unit, trap.name))
                if _falls(page, one, trap):
                    yield _complaint(page, one, trap)


def _is(one: Result, trap: Trap) -> bool:
    value = 100 * one.value if one.form == "score" and one.value <= 1 else one.value
    return any(abs(value - known) < 0.005 for known in trap.values)


def _falls(page: Page, one: Result, trap: Trap) -> bool:
    """Say whether the words around a number name the trap's model and benchmark, and do not say what it is."""
    unit = page.units[one.unit]
    block = page.blocks[unit.block]
    heading = page.blocks[page.sections[unit.section].blocks[0]] if page.sections[unit.section].level else None
    own = page.clean[unit.start : unit.stop]
    named = f"{own} {block.header[one.column] if one.column is not None and one.column < len(block.header) else ''}"
    wider = f"{named} {page.clean[heading.start : heading.stop] if heading else ''}"
    return bool(trap.model.search(named) and trap.benchmark.search(wider) and not trap.told.search(wider))


def _complaint(page: Page, one: Result, trap: Trap) -> Complaint:
    line, column = page.place(one.start)
    quote = page.text[one.start : one.stop]
    return Complaint(
        kind="comparison",
        rule="misread",
        line=line,
        column=column,
        quote=quote,
        what=f"{quote}: {trap.why}",
        why=f"known from: {trap.source}",
        instead="what the number is, as quoted; it is not held against a measurement of something else",
    )
