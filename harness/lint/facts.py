"""What a piece of text states beside a number: its n, interval, benchmark, mode and so on, as a set of names.

Facts hold for a unit, for its block, and for its section with the headings and the first words above it. Each is
looked for once, so that reading takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.claim import CLOSING
from harness.lint import vocabulary as v
from harness.lint.page import Page, Unit
from harness.lint.vocabulary import phrases

_COUNT = r"(?!0\b)\d[\d,]{0,11}"
_ROWS = "questions?|rows?|cases?|pairs?|items?|samples?|examples?|patients?|stud(?:y|ies)|problems?|vignettes?"
_FACTS: dict[str, re.Pattern[str]] = {
    "n": phrases(
        rf"n\s?=\s?{_COUNT}",
        rf"{_COUNT} (?:[a-z-]{{1,15}} ){{0,2}}(?:{_ROWS})",
    ),
    "interval": v.INTERVAL,
    "method": v.METHOD,
    "benchmark": v.BENCHMARK,
    "on_titled": re.compile(r"\bOn [A-Z][^.\n]{0,60}, (?:test|dev|val|train)"),
    "split": phrases(
        "test|validation|val|dev|development|train(?:ing)?", "hold ?out|held out|splits?|folds?", "subset of"
    ),
    "mode": phrases(
        r"with (?:[\w-]{1,15} ){0,3}images?",
        r"images? ?(?:\+|and|_|&) ?text|text ?(?:\+|and|&) ?images?",
        r"text[-_\s]only|zero images?|(?:no|0) images?|without (?:[\w-]{1,15} ){0,2}images?",
        r"shuffled|options?[-_\s]only|image[-_]options|blank (?:images?|mode)|rotation_\d",
        "images? (?:of other rows|were (?:shown|given)|withheld)",
        r"rows of .{1,60} reached",
    ),
    "metric": v.METRIC,
    "scored": v.SCORED,
    "moved": v.MOVED,
    "model": v.MODEL,
    "others": v.OTHERS,
    "models": phrases("models?|VLMs?|MLLMs?|benchmarks?|it"),
    "measured": phrases(
        "(?:same|one|single|common) harness",
        r"sightcheck|results\.json",
        "(?:in )?this run|in (?:the same|our) run",
        "measured (?:here|by us|with|in|by)",
        "we (?:have )?(?:measured|evaluated|ran)",
        "our own (?:run|measurement)s?",
    ),
    "same_harness": phrases("(?:same|one|single|common) harness", "all (?:of them )?in (?:this|one|the same) run"),
    "not_comparable": phrases(
        "(?:not|never|in) ?(?:be )?(?:compar(?:able|ed)|held against)",
        "(?:may|must|can)(?:not| not) be compared",
        "no comparison",
    ),
    "quoted": phrases(
        "quot(?:ed|ing)|as (?:published|reported)|according to|reported (?:by|in)",
        r"(?:from|in|of) (?:the|its|their) (?:[\w-]{1,20} ){0,2}(?:model card|paper|report|leaderboard|card)",
    ),
    "p": re.compile(r"\bp(?:-value)?s?\s?(?:=|<|≤)\s?[\d.]", re.I),
    "test": phrases(
        r"McNemar\w{0,2}|sign flips?|permutation|mid p|t tests?|Wilcoxon|binomial|chi ?squared?|Fisher\w{0,2}|TOST",
        "e process|e value",
        "(?:one|two) sided|score test",
    ),
    "margin": re.compile(
        r"±\s?\d|\b(?:margins?|TOST|two one-sided|equivalence shown|or more|non-inferior\w{0,3}|"
        r"(?:within|less than|at most|not lower by|no more than) (?:±\s?)?[\d.]{1,8}\s?(?:%|points?|pp))(?!\w)",
        re.I,
    ),
    "inconclusive": phrases("undecided|inconclusive|compatible with|not shown"),
    "zero_images": phrases(
        "zero images?|zero image rows?|(?:0|no) images?|receipts?|with all of (?:its|their) images",
        "images? (?:were )?(?:verified|proven|counted)",
    ),
    "text_only": phrases(
        "text only|zero images?|zero image rows?|0 images?|no images? (?:were|was)|without (?:any |the )?images?"
    ),
    "leakage": phrases(
        r"leak\w{0,4}|contaminat\w{0,4}|memori[sz]\w{0,6}|benchmarks?|test (?:set|split|data|questions|images|items)"
    ),
    "equality": phrases(
        "same|equal(?:ly)?|equivalent|identical|similar|no (?:difference|effect)|therefore|thus|hence|so",
        "does not matter",
    ),
    "down_is_up": phrases(
        "errors?|loss(?:es)?|WER|perplexity|latency|hallucination rates?|confusion|cost|memory|unread|failed"
    ),
    "forbids": phrases("not allowed|forbidden|do(?:es)? not (?:say|write)|never (?:say|write)|avoid|wrong wording"),
    "overlap": phrases("overlap|thresholds?"),
    "clusters": re.compile(r"\bn = \d{1,9}, \d{1,9} clusters\)"),
    "closing": re.compile(re.escape(CLOSING)),
}

CONTEXT = frozenset(
    {
        "benchmark",
        "split",
        "mode",
        "metric",
        "measured",
        "same_harness",
        "quoted",
        "method",
        "not_comparable",
        "text_only",
    }
)
"""Facts that a section, its headings and its first words lend to every number in it."""


def found_in(text: str) -> frozenset[str]:
    """Return the names of the facts that a piece of prose states."""
    facts = {name for name, pattern in _FACTS.items() if pattern.search(text)}
    if "on_titled" in facts:
        facts |= {"benchmark", "split"}
    if facts & {"metric", "scored", "benchmark", "model", "others"}:
        facts |= {"result_like", "about_model"}
    if "models" in facts:
        facts.add("about_model")
    return frozenset(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts of every unit, block, section, table header and heading of a page, and of the whole."""

    units: tuple[frozenset[str], ...]
    blocks: tuple[frozenset[str], ...]
    sections: tuple[frozenset[str], ...]
    headers: tuple[frozenset[str], ...]
    headings: tuple[frozenset[str], ...]
    whole: frozenset[str]

    def around(self, number: int, unit: Unit) -> frozenset[str]:
        """Return the facts that hold for a unit: its own, of its row and header, and those that its section lends."""
        own = self.units[number] | self.headers[unit.block]
        if unit.row is not None:
            own |= self.units[unit.row]
        return own | (self.sections[unit.section] & CONTEXT)


def gather(page: Page, further: Mapping[str, re.Pattern[str]] | None = None) -> Facts:
    """Find the facts of a page.

    Parameters
    ----------
    page : Page
        A text, taken apart.
    further : mapping of str to re.Pattern, optional
        Further names, those of a run: ``benchmark`` and ``model``.
    """
    units = [_of(page, unit.start, unit.stop, further or {}) for unit in page.units]
    blocks = [frozenset[str]()] * len(page.blocks)
    for unit, facts in zip(page.units, units, strict=True):
        if unit.kind != "row":
            blocks[unit.block] |= facts
    return Facts(
        units=tuple(units),
        blocks=tuple(blocks),
        sections=_sections(page, blocks),
        headers=tuple(found_in(" | ".join(block.header)) if block.header else frozenset() for block in page.blocks),
        headings=_headings(page, blocks),
        whole=_union(units),
    )


def _of(page: Page, start: int, stop: int, further: Mapping[str, re.Pattern[str]]) -> frozenset[str]:
    facts = found_in(page.clean[start:stop])
    named = {name for name, pattern in further.items() if pattern.search(page.clean, start, stop)}
    if named:
        facts |= named | {"result_like", "about_model"}
    return facts | {"link"} if v.LINK.search(page.text, start, stop) else facts


def _sections(page: Page, blocks: list[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Return what each section states in its heading and prose, with what its parents state before their parts."""
    own = [_union(blocks[n] for n in section.blocks if page.blocks[n].kind != "table") for section in page.sections]
    full: list[frozenset[str]] = []
    for section, facts in zip(page.sections, own, strict=True):
        full.append(facts if section.parent is None else facts | full[section.parent])
    return tuple(full)


def _headings(page: Page, blocks: list[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Return what the heading of each section says."""
    return tuple(
        blocks[section.blocks[0]] if section.level and section.blocks else frozenset() for section in page.sections
    )


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)
