"""The numbers in prose that look like results.

A number is a result where it is k of n that are *right*, a percentage, points, a score between 0 and 1, or a bare
number such as 65.7, and its sentence speaks of scoring: a metric, a verb such as *scored*, or a verb such as *reached*
with a benchmark or model beside it. No results are: years, versions and model sizes (stuck to letters, or small and
right after a name), sizes and durations (a unit follows), settings (*learning rate 0.01*), confidence levels, the ends
of intervals, margins and limits, shares *of the data*, the score of a guess, and n itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.lint import vocabulary as v

_NUMBER = re.compile(
    rf"(?<![\w.,/#:^§])(?<![A-Za-z]-)(?P<value>[-+]?{v.NUMBER})(?!\w|[.,/^]\d|,\.\d|:\d)"
    r"(?P<unit>\s?(?:%|per ?cent\b|(?:percentage |%-)points?\b|points?\b|pp\b|pts?\b))?",
    re.I,
)
_P_VALUE = re.compile(
    r"\bp(?:-values?)?\s?(?:=|<|≤)\s?"
    r"(?P<value>(?:\d\.\d{1,9}|\.\d{1,9}|\d)(?:e[-+]?\d{1,4}|\s?[x×]\s?10\^?-?\d{1,4})?)(?!\w)",
    re.I,
)
_PERCENT = r"\d{1,2}(?:\.\d{1,2})?\s?%"
_LEVEL = re.compile(
    rf"\b{_PERCENT}[- ](?:(?:two-sided|one-sided|confidence|credible|upper|lower|Wilson|Tango|bootstrap|simultaneous|"
    r"Clopper-Pearson) ){0,4}(?:CIs?|intervals?|level|limits?|bounds?|power|confidence|HDI|Wilson|Tango|coverage|"
    rf"quantiles?|percentiles?|lower|upper)\b|\b(?:one|two)-sided {_PERCENT}|\bintervals?:[^.;\d]{{0,40}}{_PERCENT}|"
    rf"\b(?:Wilson|Tango|Clopper-Pearson|bootstrap), {_PERCENT}|"
    rf"\b(?:confidence|power|level|alpha|\u03b1)\s?(?:level|of|=|:|at)?\s?(?:of\s)?{_PERCENT}?",
    re.I,
)
_COUNT = r"\d[\d,]{0,9}"
_RIGHT = re.compile(
    rf"\b(?P<k>{_COUNT})\s?(?:/|of|out of)\s?(?:the |all )?(?P<n>{_COUNT})\b(?!\s?%)"
    r"(?=\s(?:\w{1,15}\s){0,4}(?:right|correct(?:ly)?)\b)",
    re.I,
)
_ADJUSTED = re.compile(rf"{v.NUMBER}(?:e[-+]?\d{{1,4}})? after (?:Holm|Bonferroni|Benjamini)")
_OF_N = re.compile(r"\b\d[\d,]{0,11}\s?(?:/|of|out of)\s?(?:the |all )?(?=\d)")
_SECTION = re.compile(r"§\s?\d{1,3}(?:\.\d{1,3}){0,4}(?:-\d{1,3}(?:\.\d{1,3}){0,4})?")
HEADING_NUMBER = re.compile(r"\s*\d{1,3}(?:\.\d{1,3}){0,4}[.)]?\s")
"""The number of a section, before its heading."""
_CURRENCIES = ("$", "€", "£")
_SIZE = re.compile(
    r"\s?-?(?:[KMGT]i?B|kB|B|M|k|ms|s|secs?|seconds?|min(?:ute)?s?|h|hours?|days?|weeks?|months?|years?|yrs?|epochs?|"
    r"steps?|px|pixels?|mm|cm|kg|mg|mL|million|billion|thousand|param\w{0,6}|tokens?|x|×|times|USD|dollars?|GPUs?|Hz|fps|"
    r"°|TFLOP\w?|shots?|bits?|layers?|heads?|words?|characters?|lines?)(?!\w)"
)
_SETTING = re.compile(
    r"\b(?:rate|lr|dropout|decay|temperature|top[-_ ]?[pk]|seeds?|alpha|beta\d?|gamma|epsilon|eps|lambda|sigma|tau|"
    r"rank|warm-?up|ratio|thresholds?|momentum|penalty|weights?|versions?|release|python|CUDA|torch|pytorch|transformers|v|"
    r"section|sec|table|figure|fig|chapter|step|stage|equation|eq|page|level|licen[cs]e|apache|CC[- ]BY|limits?|loss|"
    r"perplexity|margins?|defaults?|epochs?|year|detectable|bounds?|\u03b1|δ)\s?"
    r"(?:\(|of|is|was|=|:|at|to|≥|>|<|≤|≈)?\s?(?:the |about |a )?$",
    re.I,
)
_SHARE = re.compile(
    r"\s?(?:of (?:the |all |its |our |these |those )?(?:\w{1,20} )?(?:data|questions?|rows?|images?|items?|samples?|"
    r"corpus|dataset|training|replies|cases|tokens|parameters|weights|options|vocabulary|time|memory|compute|cost|budget|"
    r"pixels|answers?|users|patients|papers)|less|more|fewer|faster|slower|smaller|larger|cheaper|lighter|longer|shorter|"
    r"narrower|wider|kept|memory|overlap|noise|power)\b",
    re.I,
)
_LIMIT_BEFORE = re.compile(
    r"(?:\b(?:within|less than|at most|at least|no more than|not lower by|up to|tolerance|margin|limit|bound|"
    r"a difference|effects?|allows?|than|to show|shown one)\s(?:of |from |is |was |by )?|±\s?|[≥≤<>]\s?)$",
    re.I,
)
_SOFT_LIMIT = re.compile(r"\b(?:up to|at least|more than|than)\s$", re.I)
_LIMIT_AFTER = re.compile(r"\s?(?:or (?:more|less)|(?:\S{1,12}\s){0,2}(?:are|is) compatible|may be|could have)\b", re.I)
_GUESS_BEFORE = re.compile(rf"{v.GUESS}[^.;,\d]{{0,30}}$", re.I)
_GUESS_AFTER = re.compile(
    r"\)?\s?(?:accuracy |score |baseline )?(?:\(|of|by|for|from|is|as|=)?\s?(?:a |an |the |pure )?" + v.GUESS, re.I
)
_SCORE_BEFORE = re.compile(
    r"(?:\b(?:scor(?:e[sd]?|ing)|accuracy|F1|EM|recall|precision|AUC|AUROC|kappa|BLEU|gets?|got|reach(?:es|ed)?|"
    r"achiev(?:es|ed|ing)|attain(?:s|ed)?)\s(?:(?:of|is|was|at|a|an|about|around|only|just|over|=|:)\s){0,4}|"
    r"\b(?:F1|EM|accuracy|AUC|score)\s?[=:]\s?)$",
    re.I,
)
_NAME_BEFORE = re.compile(r"(?<![\w.])[A-Z][\w.-]{0,40}\s$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A number that looks like a result.

    Attributes
    ----------
    start, stop : int
        Place in the text, with its unit.
    value : float
        As written, without its unit.
    digits : int
        Decimals as written.
    form : str
        ``percent``, ``points``, ``score``, ``count`` (k of n, with its percentage as the value) or ``p``.
    unit : int
        Number of the unit it stands in.
    column : int or None
        Number of its column, in a table.
    interval : bool
        Whether an interval stands beside it.
    """

    start: int
    stop: int
    value: float
    digits: int
    form: str
    unit: int
    column: int | None = None
    interval: bool = False


def result(start: int, stop: int, text: str, form: str, unit: int) -> Result:
    """Return the result that a number as written is."""
    plain = text.replace(",", "").replace(" ", "")
    mantissa, _, power = re.sub(r"(?i)[x×]10\^?", "e", plain).partition("e")
    return Result(
        start=start,
        stop=stop,
        value=float(f"{mantissa}e{power or 0}"),
        digits=len(mantissa.partition(".")[2]),
        form=form,
        unit=unit,
    )


def in_sentence(prose: str, facts: frozenset[str], place: int, unit: int) -> Iterator[Result]:
    """Yield the results in a sentence.

    Parameters
    ----------
    prose : str
        The sentence.
    facts : frozenset of str
        What it, its row and its section state; see `harness.lint.facts`.
    place : int
        Where it begins in the text.
    unit : int
        Its number.
    """
    for found in _P_VALUE.finditer(prose) if facts & {"test", "result_like", "moved"} else ():
        yield result(place + found.start(), place + found.end(), found["value"], "p", unit)
    hidden = _hide(prose)
    scores = [(found, form) for found in _NUMBER.finditer(hidden) if (form := _form(found, hidden, facts))]
    if not scores:
        yield from _counts(prose, place, unit)
    for found, form in scores:
        yield result(place + found.start("value"), place + found.end(), found["value"], form, unit)


def _counts(prose: str, place: int, unit: int) -> Iterator[Result]:
    """Yield each k of n that is said to be right, for a sentence without another number."""
    for found in _RIGHT.finditer(prose):
        k, n = (int(found[name].replace(",", "")) for name in ("k", "n"))
        if 0 < n >= k:
            yield result(place + found.start("k"), place + found.end("n"), f"{100 * k / n:.1f}", "count", unit)


def _form(found: re.Match[str], prose: str, facts: frozenset[str]) -> str:
    """Return what kind of result a number is; empty where it is none."""
    before, after = prose[max(0, found.start() - 60) : found.start()], prose[found.end() : found.end() + 60]
    unit = (found["unit"] or "").strip().casefold()
    if _is_setting(before, after, unit) or _is_guess(before, after):
        return ""
    named = bool(facts & {"metric", "benchmark", "model", "others"})
    speaks = "scored" in facts or "metric" in facts or ("moved" in facts and named)
    if unit in ("%", "percent", "per cent"):
        return "percent" if speaks or facts & {"benchmark", "model", "interval"} else ""
    if unit:
        return "points" if speaks else ""
    return "score" if _is_bare_score(found["value"], before, speaks=speaks, named=named) else ""


def _is_bare_score(text: str, before: str, *, speaks: bool, named: bool) -> bool:
    value = abs(float(text.replace(",", "")))
    if _SCORE_BEFORE.search(before):
        return "." in text or value > 1
    if "." not in text or not speaks or value > 100:
        return False
    version = _NAME_BEFORE.search(before) and 1 < value < 10
    return value <= 1 or (named and not version)


def _is_setting(before: str, after: str, unit: str) -> bool:
    """Say whether a number is a size, a setting, a share of the data, a margin or a limit."""
    if _SETTING.search(before) or (unit and _SHARE.match(after)):
        return True
    if not unit and (_SIZE.match(after) or before.rstrip().endswith(_CURRENCIES)):
        return True
    soft = _SOFT_LIMIT.search(before) and "point" not in unit and unit != "pp"
    return bool(_LIMIT_BEFORE.search(before) and not soft) or bool(_LIMIT_AFTER.match(after))


def _is_guess(before: str, after: str) -> bool:
    """Say whether the words around a number make it the score of a guess, which follows from the options alone."""
    return bool(_GUESS_BEFORE.search(before) or _GUESS_AFTER.match(after))


def _hide(prose: str) -> str:
    """Return a sentence with intervals, their levels, p-values and k of k/n blank."""
    kept = list(prose)
    spans = [
        found
        for pattern in (v.INTERVAL, _LEVEL, _P_VALUE, _ADJUSTED, _OF_N, _SECTION)
        for found in pattern.finditer(prose)
    ]
    for found in spans:
        kept[found.start() : found.end()] = " " * len(found.group())
    return "".join(kept)
