"""A text against the results of a run: its numbers are looked up, its sentences accepted, its verdicts kept."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.lint.complaint import Complaint
from harness.lint.facts import Facts
from harness.lint.lookup import known, verdict
from harness.lint.mask import mask
from harness.lint.names import FOREIGN, names
from harness.lint.numbers import Result
from harness.lint.page import Page
from harness.lint.subject import Subjects, every
from harness.lint.vocabulary import phrases

_HINTS = {
    "beats_shuffled": phrases(r"shuffl\w{1,3}|other rows|wrong images?|matching"),
    "beats_text_only": phrases("text only|without|no images?|needs?|requires?"),
    "above_chance": phrases(r"chance|random|guess\w{0,3}"),
    "above_baselines": phrases("priors?|baselines?|constant|longest option"),
    "stable_under_rotation": phrases(r"rotat\w{1,4}|order|robust\w{0,4}|positions?"),
}
UPGRADES: Mapping[str, re.Pattern[str]] = {
    "above_chance": phrases(
        "(?:above|better than|higher than|exceed(?:s|ing)) (?:a |the )?(?:pure |random |blind )?"
        r"(?:chance|random|guess\w{0,3})"
    ),
    "beats_shuffled": phrases(
        "(?:depend(?:s|ed)? on|uses?|used|relie[sd] on|draws on|makes use of|grounded in) (?:the )?"
        "(?:matching |right |correct )?(?:images?|pixels)"
    ),
    "beats_text_only": phrases(
        r"images? (?:help|raise|improve|contribute|matter)\w{0,2}|benefits from (?:the )?images?|visual grounding"
    ),
    "stable_under_rotation": phrases(
        "(?:stable|invariant|insensitive) (?:under|to|against) (?:the )?(?:option )?"
        "(?:rotations?|order|positions?|place)"
    ),
    "gate_not_worse": phrases("not worse than|non ?inferior"),
    "gate_better": phrases("is better than"),
}
"""Claim -> words that state it as shown."""


@dataclass(frozen=True, slots=True)
class Own:
    """A sentence of the run and the verdict that it states."""

    text: str
    verdict: str


class Run:
    """What a text is held against; where there are no results, nothing is.

    Parameters
    ----------
    page : Page
        The text, taken apart.
    results : mapping or None
        As ``results.json`` holds them.
    """

    def __init__(self, page: Page, results: Mapping[str, Any] | None) -> None:
        self._page = page
        self._results = results or {}
        self._names = names(self._results)
        self._subjects = Subjects(page, self._names)
        self._claims = [claim for part in ("claims", "gates", "equivalence") for claim in self._results.get(part, ())]
        self._known = known(self._results)
        self._hints: dict[int, frozenset[str]] = {}
        self._spans = _verbatim(page, [str(claim["sentence"]) for claim in self._claims])
        self._starts = [start for start, _ in self._spans]
        self._places = [page.place(start) for start, _ in self._spans]
        self._ends = [page.place(stop) for _, stop in self._spans]

    @property
    def named(self) -> Mapping[str, re.Pattern[str]]:
        """The names of its benchmarks and models, as facts of a text."""
        return {"benchmark": self._names.a_benchmark, "model": self._names.a_model}

    def quotes(self, start: int) -> bool:
        """Say whether a place stands in a sentence of the run, word for word."""
        number = bisect_right(self._starts, start) - 1
        return number >= 0 and start < self._spans[number][1]

    def covers(self, complaint: Complaint) -> bool:
        """Say whether a complaint is about a sentence of the run."""
        place = (complaint.line, complaint.column)
        number = bisect_right(self._places, place) - 1
        return number >= 0 and place < self._ends[number]

    def numbers(self, facts: Facts, found: Sequence[Result]) -> tuple[list[Complaint], frozenset[int]]:
        """Look numbers up.

        Returns
        -------
        list of Complaint
            About numbers that the run contradicts, does not let be reported, or does not have.
        frozenset of int
            Where the numbers begin that the run confirms.
        """
        complaints, confirmed = [], set()
        for one in found if self._known else ():
            if one.form == "p":
                continue
            quote = self._page.text[one.start : one.stop]
            said = verdict(one, quote, self._subjects.of(one), self._known)
            if said is None:
                confirmed.add(one.start)
            elif said.rule == "may not be reported" or "quoted" not in facts.around(
                one.unit, self._page.units[one.unit]
            ):
                complaints.append(self._complaint(one.start, one.stop, said.rule, said.what, said.why, said.instead))
        return complaints, frozenset(confirmed)

    def sentence(self, number: int, claims: Sequence[str]) -> Own | None:
        """Return the run's own sentence on what a unit speaks of: the first of the named claims that fits it."""
        fitting = list(self._fitting(number, claims))
        meant = self._meant(number) & set(claims)
        fitting = [c for c in fitting if c["name"] in meant] if meant else fitting
        if not fitting:
            return None
        best = min(fitting, key=lambda c: claims.index(c["name"]))
        return Own(best["sentence"], best["verdict"])

    def _meant(self, number: int) -> frozenset[str]:
        """Return the claims that the words of a unit hint at; each unit is read once."""
        if number not in self._hints and self._claims:
            unit = self._page.units[number]
            prose = self._page.clean[unit.start : unit.stop]
            self._hints[number] = frozenset(name for name, pattern in _HINTS.items() if pattern.search(prose))
        return self._hints.get(number, frozenset())

    def upgrade(self, claim: str, start: int, stop: int, number: int) -> Complaint | None:
        """Return a complaint where words state as shown what the run's verdict does not support.

        Parameters
        ----------
        claim : str
            What the words state; a key of `UPGRADES`.
        start, stop, number : int
            Their place and unit.
        """
        short = [c for c in self._fitting(number, (claim,)) if c["verdict"] != "supported"]
        if not short:
            return None
        quote = " ".join(self._page.text[start:stop].split())
        why = f"the run's verdict on {claim} is {short[0]['verdict']}"
        return self._complaint(start, stop, "upgrade", f'"{quote}": says more than the run', why, short[0]["sentence"])

    def _fitting(self, number: int, claims: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the claims of the run about the benchmark and model that a unit speaks of."""
        benchmarks, models = self._subjects.around(number)
        named = {m for m in models or () if m != FOREIGN}
        for claim in self._claims:
            right = every(claim["benchmark"], benchmarks) and (claim["model"] in named or not named)
            if claim["name"] in claims and right and (named or claim.get("role") != "control"):
                yield claim

    def _complaint(self, start: int, stop: int, rule: str, what: str, why: str, instead: str) -> Complaint:
        line, column = self._page.place(start)
        quote = self._page.text[start:stop]
        return Complaint(
            kind="run", rule=rule, line=line, column=column, quote=quote, what=what, why=why, instead=instead
        )


def _verbatim(page: Page, sentences: Sequence[str]) -> list[tuple[int, int]]:
    """Return where sentences of the run stand in a text, whatever its line breaks; in order."""
    words = [(m.start(), m.end()) for m in re.finditer(r"\S+", page.clean)]
    text = " ".join(page.clean[a:b] for a, b in words)
    offsets, place = [], 0
    for start, stop in words:
        offsets.append(place)
        place += stop - start + 1
    spans = []
    for sentence in dict.fromkeys(sentences):
        wanted = " ".join(mask(sentence).clean.split())
        place = text.find(wanted) if wanted else -1
        while place >= 0:
            first, last = (bisect_right(offsets, end) - 1 for end in (place, place + len(wanted) - 1))
            begin, end = words[first][0] + place - offsets[first], words[last][0] + place + len(wanted) - offsets[last]
            spans.append((begin, end))
            place = text.find(wanted, place + len(wanted))
    return sorted(spans)
