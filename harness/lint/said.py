"""Finds the words that evidence cannot carry, where they are used."""

from __future__ import annotations

from collections.abc import Iterator

from harness.lint.about import Quotations, forbidden_list, negated, questioned, quotations
from harness.lint.complaint import Complaint
from harness.lint.facts import Facts
from harness.lint.page import Page
from harness.lint.rule import Rule
from harness.lint.run import UPGRADES, Run
from harness.lint.words_of_ability import ABILITY
from harness.lint.words_of_rank import RANK

_BESIDE = 40


def said(page: Page, facts: Facts, run: Run) -> Iterator[Complaint]:
    """Yield a complaint for each word that is used and cannot be carried.

    Parameters
    ----------
    page, facts : Page, Facts
        A text, taken apart, and what its parts state.
    run : Run
        The run it is linted against; its sentences replace what a text says more than they do.
    """
    marks = quotations(page)
    yield from _upgrades(page, facts, marks, run)
    taken: set[int] = set()
    for rule in (*RANK, *ABILITY):
        for match in rule.pattern.finditer(page.clean):
            start, stop = match.span()
            number = page.at(start, stop)
            if number is None or not taken.isdisjoint(range(start, stop)) or not _applies(rule, facts, number, page):
                continue
            if _is_other(rule, page, start, stop) or mentioned(page, facts, marks, number, start, stop):
                continue
            taken |= set(range(start, stop))
            yield _complaint(rule, page, run, number, start, stop)


def _upgrades(page: Page, facts: Facts, marks: Quotations, run: Run) -> Iterator[Complaint]:
    """Yield a complaint for each place that states as shown what the run does not support."""
    for claim, pattern in UPGRADES.items():
        for match in pattern.finditer(page.clean):
            number = page.at(*match.span())
            if number is not None and not mentioned(page, facts, marks, number, *match.span()):
                found = run.upgrade(claim, *match.span(), number)
                if found:
                    yield found


def mentioned(page: Page, facts: Facts, marks: Quotations, number: int, start: int, stop: int) -> bool:
    """Say whether a place is spoken of, denied or asked about, and not claimed."""
    unit = page.units[number]
    return (
        marks.hold(start, stop)
        or negated(page, start, unit.start)
        or questioned(page, number)
        or forbidden_list(page, facts, number)
    )


def _applies(rule: Rule, facts: Facts, number: int, page: Page) -> bool:
    around = facts.units[number]
    row = page.units[number].row
    if row is not None:
        around |= facts.units[row]
    return rule.needs <= around and not rule.unless & around


def _is_other(rule: Rule, page: Page, start: int, stop: int) -> bool:
    """Say whether the words around make it another word."""
    if rule.but is None:
        return False
    begin = max(0, start - _BESIDE)
    return rule.but.search(page.clean[begin : stop + _BESIDE]) is not None


def _complaint(rule: Rule, page: Page, run: Run, number: int, start: int, stop: int) -> Complaint:
    line, column = page.place(start)
    quote = page.text[start:stop]
    own = run.sentence(number, rule.claims)
    return Complaint(
        kind="word",
        rule=rule.name,
        line=line,
        column=column,
        quote=quote,
        what=f'"{" ".join(quote.split())}"',
        why=rule.why if own is None else f"{rule.why}; the run's verdict is {own.verdict}",
        instead=rule.instead if own is None else own.text,
    )
