"""Published numbers that are often held against another benchmark, metric or split than their own.

Each trap names the number, what it really is, and the components of `harness.records.Harness` in which it differs
from a measurement of the benchmark whose name it goes by. Figures are of the technical report of MedGemma
(arXiv:2507.05201, tables 4 and 9) and its model cards, the table of MedEvalKit (its README at 9b12e3b), the
leaderboard of MedXpertQA (its repository at f21247d), the README of MultiMedEval (at d9ac283), and the files of SLAKE
and PMC-VQA themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

TEXT_ROWS, MM_ROWS = 2450, 2000
"""Test rows of the two parts of MedXpertQA."""

SLAKE_ENGLISH_ROWS = 1061
"""English test rows of SLAKE; with the Chinese ones it has 2,094, and one harness reads 2,070 of them."""

COMBINED: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "Gemma 3 4B": (16.4, 11.6, 22.3),
        "MedGemma 4B": (18.8, 14.2, 24.4),
        "MedGemma 1.5 4B": (20.9, 16.4, 26.4),
        "MedGemma 27B": (26.8, 23.7, 30.6),
    }
)
"""Model -> accuracy on MedXpertQA in percent: both parts together, text alone, MM alone.

The first two MM values are published, the last two follow from the others by `implied_mm`.
"""


def implied_mm(combined: float, text: float) -> float:
    """Return the accuracy on MedXpertQA-MM that a combined and a text accuracy imply, in percent.

    The combined number is the mean over all 4,450 rows: for MedGemma 4B, (18.8 x 4450 - 14.2 x 2450) / 2000 = 24.4.
    A mean of the two parts would give 23.4, which was not published.

    Parameters
    ----------
    combined, text : float
        In percent, over 4,450 and over 2,450 rows.
    """
    return (combined * (TEXT_ROWS + MM_ROWS) - text * TEXT_ROWS) / MM_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """One published number, or kind of number, and what it really is.

    Attributes
    ----------
    name : str
        Short, for tests and messages.
    model, benchmark : re.Pattern
        What it is said of; searched in the quoted names.
    values : tuple of float
        In percent; empty where every number of the benchmark is meant.
    components : tuple of str
        Fields of `harness.records.Harness` in which it differs.
    why : str
        What it really is.
    told : re.Pattern
        Words that say so already, so that a text which has them is not told again.
    source : str
        Where that is known from, in words.
    """

    name: str
    model: re.Pattern[str]
    benchmark: re.Pattern[str]
    values: tuple[float, ...]
    components: tuple[str, ...]
    why: str
    told: re.Pattern[str]
    source: str


def _trap(
    name: str, model: str, benchmark: str, values: tuple[float, ...], components: str, why: str, told: str, source: str
) -> Trap:
    return Trap(
        name=name,
        model=re.compile(model, re.I),
        benchmark=re.compile(benchmark, re.I),
        values=values,
        components=tuple(components.split()),
        why=why,
        told=re.compile(told, re.I),
        source=source,
    )


_REPORT = "technical report of MedGemma, arXiv:2507.05201"
_EXPERT = r"MedXpert"
_TOLD_COMBINED = r"text\s?(?:\+|and|&)\s?MM|combined|4,?450"


def _combined() -> tuple[Trap, ...]:
    return tuple(
        _trap(
            f"combined {model}",
            r"Gemma",
            _EXPERT,
            (combined,),
            "dataset rows",
            f"of {model} it is text and MM together (n = 4,450); MM alone is {mm} (n = 2,000): "
            f"({combined} x 4450 - {text} x 2450) / 2000 = {implied_mm(combined, text):.1f}",
            _TOLD_COMBINED,
            f"{_REPORT}, table 4, and the model cards",
        )
        for model, (combined, text, mm) in COMBINED.items()
    )


TRAPS: tuple[Trap, ...] = (
    *_combined(),
    _trap(
        "MM value in a combined row",
        r"Gemma",
        rf"{_EXPERT}.*(?:text\s?\+|\+\s?text|text and|combined)|{_EXPERT}QA\)?$",
        (26.4,),
        "dataset rows",
        "of MedGemma 1.5 4B it is MM alone (n = 2,000); its text and MM together is 20.9 (n = 4,450), so a row that "
        "has it beside 18.8 and 26.8 mixes two benchmarks",
        r"MM (?:alone|only)|2,?000",
        "it follows from the text and combined values of the model card",
    ),
    _trap(
        "VQA-RAD own split",
        r"Gemma",
        r"VQA[-_ ]?RAD",
        (49.9, 33.6, 48.1, 46.7),
        "split rows metric",
        "it is mean token F1 on a split of the report's own, made so that train and test share no image; nobody else "
        "has that split",
        r"own split",
        f"{_REPORT}, section 3.4 and table 9",
    ),
    _trap(
        "VQA-RAD 72.5 and 49.9",
        r"Gemma",
        r"VQA[-_ ]?RAD",
        (72.5, 62.3),
        "split metric extractor",
        "it is accuracy, partly given by a judge, on the published test rows; its own report gives token F1 on another "
        "split: 49.9 for MedGemma 4B, which has 72.5 here",
        r"judge",
        "table of MedEvalKit, README at 9b12e3b",
    ),
    _trap(
        "SLAKE token F1",
        r"Gemma",
        r"SLAKE",
        (72.3, 40.2, 59.7, 70.3),
        "metric",
        "it is mean token F1 over open and closed rows, no accuracy; the first model card gave 62.3 where 72.3 stands "
        "now",
        r"token(?:i[sz]ed)?[- ]?F1",
        f"{_REPORT}, table 9, and two revisions of the model card",
    ),
    _trap(
        "SLAKE 62.3",
        r"Gemma",
        r"SLAKE",
        (62.3,),
        "metric",
        "it is the token F1 of the first model card of MedGemma 4B, which later gave 72.3",
        r"first (?:model )?card",
        "two revisions of the model card",
    ),
    _trap(
        "PMC-VQA two test sets",
        r"",
        r"PMC[-_ ]?VQA",
        (),
        "split rows",
        "two test sets go by this name: test_2 (33,430 rows) and test_clean (2,000 rows), with 6 rows in common",
        r"test_(?:2|clean)|33,?430|2,?000",
        "the files of PMC-VQA",
    ),
    _trap(
        "o1 on a subset",
        r"\bo1\b",
        _EXPERT,
        (56.28, 56.3, 52.78, 65.45),
        "rows",
        "it is of a drawn subset of 199 of 2,000 rows (112 right; 95 % CI 49.3 to 63.0, Wilson), in a table of full "
        "runs",
        r"\b199\b|subset",
        "leaderboard of MedXpertQA, repository at f21247d",
    ),
    _trap(
        "EyePACS below chance",
        r"Gemma",
        r"EyePACS",
        (14.4,),
        "extractor unread_rule",
        "on five options it is below the 20 of a guess: that is refusal or format, not knowledge of the opposite",
        r"unread|refus|format",
        f"{_REPORT}, table of image classification",
    ),
)
"""All traps, the more specific ones first."""


def matching(model: str, benchmark: str, value: float) -> tuple[Trap, ...]:
    """Return the traps that a published number falls into.

    Parameters
    ----------
    model, benchmark : str
        As quoted.
    value : float
        In percent.
    """
    found = [
        trap
        for trap in TRAPS
        if trap.model.search(model)
        and trap.benchmark.search(benchmark)
        and (not trap.values or any(abs(value - known) < 0.005 for known in trap.values))
    ]
    return tuple(found)
