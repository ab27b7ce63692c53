"""Which benchmark, model and mode of a run the words around a number name."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.lint import vocabulary as v

FOREIGN = ""
"""Stands for a benchmark or model that the run does not have."""

MODES: Mapping[str, re.Pattern[str]] = {
    "text_only": v.phrases(r"text[-_\s]only|zero images?|without (?:the |any |its )?images?|no images?"),
    "shuffled": v.phrases("shuffled|images of other rows|wrong images?"),
    "blank": v.phrases("blank|grey images?"),
    "options_only": v.phrases(r"options?[-_\s]only"),
    "image_options": v.phrases("image[-_]options"),
    "image_text": v.phrases(
        r"image_text|images? ?(?:\+|and) ?text|with (?:the |its |their )?(?:right |correct |own |matching )?images"
    ),
    **{f"rotation_{k}": v.phrases(f"rotation_{k}") for k in (1, 2, 3, 4)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How a run calls its benchmarks and models, as one pattern each, and what each spelling means."""

    benchmarks: Mapping[str, frozenset[str]]
    models: Mapping[str, frozenset[str]]
    pattern: re.Pattern[str]
    a_benchmark: re.Pattern[str]
    a_model: re.Pattern[str]

    def mentions(self, text: str) -> Mentions:
        """Find every mention in a piece of prose."""
        benchmarks: list[tuple[int, frozenset[str]]] = []
        models: list[tuple[int, frozenset[str]]] = []
        taken: list[tuple[int, int]] = []
        for found in self.pattern.finditer(text):
            name = found.group().casefold()
            taken.append(found.span())
            if name in self.benchmarks:
                benchmarks.append((found.start(), self.benchmarks[name]))
            if name in self.models:
                models.append((found.start(), self.models[name]))
        own = {place for start, stop in taken for place in range(start, stop)}
        benchmarks += [(m.start(), frozenset({FOREIGN})) for m in v.BENCHMARK.finditer(text) if m.start() not in own]
        models += [(m.start(), frozenset({FOREIGN})) for m in v.MODEL.finditer(text) if m.start() not in own]
        modes = frozenset(name for name, pattern in MODES.items() if pattern.search(text))
        return Mentions(
            benchmarks=tuple(sorted(benchmarks, key=_first)), models=tuple(sorted(models, key=_first)), modes=modes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Where a piece of prose names benchmarks and models, in order, and which modes it names."""

    benchmarks: tuple[tuple[int, frozenset[str]], ...] = ()
    models: tuple[tuple[int, frozenset[str]], ...] = ()
    modes: frozenset[str] = frozenset()


def names(results: Mapping[str, Any]) -> Names:
    """Return the names of a run.

    Parameters
    ----------
    results : mapping
        As ``results.json`` holds them.
    """
    benchmarks: defaultdict[str, set[str]] = defaultdict(set)
    models: defaultdict[str, set[str]] = defaultdict(set)
    for entry in [*results.get("cases", ()), *results.get("claims", ()), *results.get("gates", ())]:
        title = str(entry.get("title", ""))
        bare = title.rpartition(", ")[0] or title
        for spelling in (entry["benchmark"], title, bare, re.sub(r"\s?\([^()]*\)", "", bare)):
            if spelling:
                benchmarks[spelling.casefold()].add(entry["benchmark"])
        models[str(entry["model"]).casefold()].add(entry["model"])
    return Names(
        benchmarks={k: frozenset(s) for k, s in benchmarks.items()},
        models={k: frozenset(s) for k, s in models.items()},
        pattern=_any_of({*benchmarks, *models}),
        a_benchmark=_any_of(benchmarks),
        a_model=_any_of(models),
    )


def _any_of(spellings: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of whole names, the longer ones first; one that matches nothing where there are none."""
    inner = "|".join(re.escape(s) for s in sorted(set(spellings) - {""}, key=len, reverse=True))
    # a model may be called blind, and is not meant by a blind guess
    return re.compile(rf"(?<![\w-])(?:{inner or '(?!)'})(?![\w-]|\s+guess)", re.I)


def nearest(found: Sequence[tuple[int, frozenset[str]]], place: int) -> frozenset[str] | None:
    """Return what the last mention before a place means, else the first after it; None where there is none."""
    if not found:
        return None
    number = bisect_right([start for start, _ in found], place) - 1
    return found[max(0, number)][1]


def _first(entry: tuple[int, Iterable[str]]) -> int:
    return entry[0]
