"""What a heading, a caption or a line of text says about all figures below it: chance, level, method, runs."""

from __future__ import annotations

import re
from fractions import Fraction

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: value for value, word in enumerate(_WORDS)}
_NUMBER = rf"(\d+|{'|'.join(_NUMBERS)})"
_OPTIONS = re.compile(rf"\b{_NUMBER}[- ](?:answer |way )?(?:options?|choices?)\b", re.I)
_WAY = re.compile(r"\b(\d+)[- ]way\b", re.I)
_CHANCE = re.compile(
    r"\b(?:chance|random(?:[ -](?:baseline|guess(?:ing)?|choice))?)(?: level| accuracy)?\s*(?:is|at|of|=|:)?\s*"
    r"(\d*\.\d+|\d+(?=\s*%))\s*(%)?",
    re.I,
)
_LEVEL = re.compile(r"\b(\d\d(?:\.\d+)?)\s*%|\bCI\s?(\d\d)\b|\b(\d\d) CI\b", re.I)
_INTERVAL = re.compile(r"\b(?:CI|CIs|CI\d\d|intervals?|confidence|wilson|wald|clopper|exact)\b", re.I)
_METHODS = (
    ("Wilson", re.compile(r"\bwilson\b", re.I)),
    ("Clopper-Pearson", re.compile(r"\bclopper\b|\bexact\b(?! match)", re.I)),
    ("Wald", re.compile(r"\bwald\b|\bnormal approximation\b", re.I)),
)
_RUNS = re.compile(rf"\b(?:means?|averaged?)\s+(?:of|over|across)\s+{_NUMBER}\s+(?:runs|seeds|repeats|trials)\b", re.I)
_HALVES = re.compile(r"\bhalf[- ]points?\b|\b(?:steps|partial credit) of (?:0?\.5|a half)\b", re.I)
_DEVIATION = re.compile(r"\b(?:s\.?d\.?|std|standard deviations?|standard errors?|s\.?e\.?m?)\b", re.I)


def _small(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]


def chance_told(text: str) -> tuple[Fraction, str] | None:
    """Return what a blind guess scores, and the options if these say so: ``five options``, ``4-way``, ``chance .2``."""
    found = _OPTIONS.search(text) or _WAY.search(text)
    if found is not None and (options := _small(found[1])) >= 2:
        return Fraction(1, options), f"{options} options"
    found = _CHANCE.search(text)
    if found is not None:
        value = Fraction(found[1]) / (100 if found[2] or Fraction(found[1]) > 1 else 1)
        if 0 < value < 1:
            return value, ""
    return None


def level_told(text: str) -> float | None:
    """Return the confidence level that text about an interval states, such as 0.95; None where it states none."""
    if not _INTERVAL.search(text):
        return None
    for found in _LEVEL.finditer(text):
        percent = found[1] or found[2] or found[3]
        if percent in ("80", "90", "95", "98", "99", "99.9"):
            return float(percent) / 100
    return None


def method_told(text: str) -> str:
    """Return the method of an interval that text states, or nothing."""
    return next((method for method, pattern in _METHODS if pattern.search(text)), "")


def runs_told(text: str) -> int:
    """Return over how many runs a figure is a mean, as ``mean of 3 runs``; 1 where nothing is said."""
    found = _RUNS.search(text)
    return max(1, _small(found[1])) if found is not None else 1


def steps_told(text: str) -> int:
    """Return how many steps the points of a row have: 2 where half points are spoken of, else 1."""
    return 2 if _HALVES.search(text) else 1


def deviation_told(text: str) -> bool:
    """Say whether what stands after a plus-minus sign is called a standard deviation or error."""
    return _DEVIATION.search(text) is not None
