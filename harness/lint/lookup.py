"""Every number of a run, and whether a number in a text is one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from harness.lint.names import FOREIGN
from harness.lint.numbers import Result
from harness.lint.subject import Subject, every

_NO_SCORE = frozenset(
    {"p", "q", "low", "high", "level", "adjusted", "same", "chance", "detectable", "drawn_error"}
    | {"harness", "provenance", "points", "asked", "whole"}
)
"""Fields of the results that hold no score and no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One number of a run.

    Attributes
    ----------
    value : float
        A share or a difference of shares.
    form : str
        ``score`` or ``difference``.
    benchmark, model, mode : str
        What it is of; mode is empty where it is of several.
    faults : tuple of str
        Why it may not be reported.
    headline : bool
        Whether it is the score of a case.
    """

    value: float
    form: str
    benchmark: str
    model: str
    mode: str
    faults: tuple[str, ...] = ()
    headline: bool = False

    @property
    def shown(self) -> str:
        """The number with its mode."""
        number = f"{100 * self.value:.1f} %" if self.form == "score" else f"{100 * self.value:+.1f} points"
        return f"{number} ({self.mode})" if self.mode else number


def known(results: Mapping[str, Any]) -> tuple[Known, ...]:
    """Return the numbers of a run: every estimate, difference and share in it, wherever it stands.

    Parameters
    ----------
    results : mapping
        As ``results.json`` holds them.
    """
    found: list[Known] = []
    for case in results.get("cases", ()):
        own = _Place(case["benchmark"], case["model"], case["mode"], tuple(case.get("faults", ())))
        found += (replace(one, headline=True) for one in _walk({"score": case.get("score")}, own))
        found += _walk({name: part for name, part in case.items() if name != "score"}, own)
    for part in ("pairs", "claims", "gates"):
        for entry in results.get(part, ()):
            found += _walk(entry, _Place(entry["benchmark"], entry["model"], "", ()))
    for part, who in (("equivalence", "first"), ("ways", "generation")):
        for entry in results.get(part, ()):
            found += _walk(entry, _Place(entry["benchmark"], entry.get(who, ""), "", ()))
    return tuple(found)


class _Place(NamedTuple):
    """What a part of the results is of."""

    benchmark: str
    model: str
    mode: str
    faults: tuple[str, ...]


def _walk(node: Any, of: _Place) -> Iterator[Known]:
    if isinstance(node, Mapping):
        if "value" in node and "low" in node:
            node = {"value": node["value"]} if "p" not in node else {"difference": node["value"]}
        for name, part in node.items():
            if isinstance(part, float) and name not in _NO_SCORE and -1 <= part <= 1:
                form = "difference" if name == "difference" else "score"
                yield Known(value=part, form=form, **of._asdict())
            elif name not in _NO_SCORE:
                yield from _walk(part, of)
    elif isinstance(node, (list, tuple)):
        for part in node:
            yield from _walk({"": part} if isinstance(part, float) else part, of)


def same(one: Result, number: Known) -> bool:
    """Say whether a number in a text is a number of a run, to its printed decimals.

    Parameters
    ----------
    one : Result
        Of the text.
    number : Known
        Of the run.
    """
    scales = (100.0,) if one.form in ("percent", "points") or abs(one.value) > 1 else (1.0, 100.0)
    half = 0.5 * 10.0**-one.digits + 1e-9
    values = {number.value, abs(number.value)} if number.form == "difference" else {number.value}
    return any(abs(scale * value - one.value) <= half for scale in scales for value in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a run says against a number."""

    rule: str
    what: str
    why: str
    instead: str


def verdict(one: Result, quote: str, about: Subject, numbers: Sequence[Known]) -> Said | None:
    """Hold a number against a run.

    Parameters
    ----------
    one : Result
        The number in the text.
    quote : str
        As it stands there.
    about : Subject
        What it is said of.
    numbers : sequence of Known
        Of the run.

    Returns
    -------
    Said or None
        None where the run confirms it; else that it may not be reported, is contradicted, or is not found.
    """
    here = [k for k in numbers if every(k.benchmark, about.benchmarks) and every(k.model, about.models)]
    alike = [k for k in here if same(one, k) and (not about.modes or not k.mode or k.mode in about.modes)]
    if any(not k.faults for k in alike):
        return None
    if alike:
        return Said(
            rule="may not be reported",
            what=f"{quote}: may not be reported",
            why=f"the case has faults: {'; '.join(alike[0].faults)}",
            instead="what is at fault, and no score",
        )
    of = " and ".join(sorted({*(about.models or ()), *(about.benchmarks or ())} - {FOREIGN}))
    if not (here and about.benchmarks and about.models):
        return Said(
            rule="not found",
            what=f"{quote}: not found in the run" + (f" for {of}" if of else ""),
            why="the page is held against a run, and no number of it is this one",
            instead="a number of the run; or, where it is of another source, that it is quoted, with a link",
        )
    values = _values(here, one, about.modes)
    return Said(
        rule="contradicted",
        what=f"{quote}: contradicted by the run, which has {values}",
        why=f"the run measured another value of {of}" + (f", {', '.join(sorted(about.modes))}" if about.modes else ""),
        instead=f"what the run has: {values}",
    )


def _values(numbers: Sequence[Known], one: Result, modes: frozenset[str]) -> str:
    """Return the scores (or differences) that a run has, in the modes that are spoken of; all where none is named."""
    if one.form == "points":
        wanted = [k for k in numbers if k.form == "difference"]
    else:
        scores = [k for k in numbers if k.headline and not k.faults]
        wanted = [k for k in scores if k.mode in modes] or scores
    return ", ".join(list(dict.fromkeys(k.shown for k in wanted))[:6]) or "none that may be reported"
