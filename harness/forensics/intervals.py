"""A printed interval against k of n: which interval is it, if any?

Wilson (1927), Clopper and Pearson (1934) and Wald (normal approximation), at the stated level or at 95 %; where none
of these fits, at 90 and 99 %. Two ends fit where both may be printed so from the counts the share can come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from harness.forensics.finding import Figure, Finding, Severity
from harness.forensics.printed import Printed
from harness.stats import clopper_pearson, wilson

LEVELS = (0.95, 0.90, 0.99)
_SLACK = 1e-9
_ADVICE = "Print k, n, level and method; use Wilson's interval for a share."


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Intervals that two printed ends may be.

    Attributes
    ----------
    level : float
        Confidence level.
    methods : tuple of str
        Of ``Wilson``, ``Clopper-Pearson``, ``Wald``; empty where none fits.
    """

    level: float
    methods: tuple[str, ...]


def wald(k: float, n: int, level: float) -> tuple[float, float]:
    """Return the normal-approximation interval of a share, not cut to [0, 1].

    It is p -+ z sqrt(p (1 - p) / n): too narrow for small n and near 0 and 1, and without width at 0 of n.
    """
    reach = NormalDist().inv_cdf((1 + level) / 2) * (k / n * (1 - k / n) / n) ** 0.5
    return k / n - reach, k / n + reach


@lru_cache(maxsize=1 << 16)
def match(low: Printed, high: Printed, counts: range, n: int, stated: float | None) -> Match:
    """Say which intervals two printed ends may be.

    Parameters
    ----------
    low, high : Printed
        The ends.
    counts : range
        Counts that the share can come from; not empty. Ends grow with the count, so the first and the last are tried.
    n : int
        Rows.
    stated : float or None
        Stated level; other levels are tried after it.
    """
    first = stated or LEVELS[0]
    for level in (first, *(level for level in LEVELS if abs(level - first) > _SLACK)):
        methods = tuple(
            name
            for name, method in (("Wilson", wilson), ("Clopper-Pearson", clopper_pearson), ("Wald", wald))
            if _fits(low, high, method(counts[0], n, level), method(counts[-1], n, level))
        )
        if methods:
            return Match(level=level, methods=methods)
    return Match(level=first, methods=())


def _fits(low: Printed, high: Printed, least: tuple[float, float], most: tuple[float, float]) -> bool:
    return _end(low, least[0], most[0]) and _end(high, least[1], most[1])


def _end(printed: Printed, least: float, most: float) -> bool:
    """Whether an end between two values may be printed so, cut to [0, 1] or not."""
    low, high = (printed.digits - 0.5) / printed.scale - _SLACK, (printed.digits + 0.5) / printed.scale + _SLACK
    cut = min(max(least, 0.0), 1.0), min(max(most, 0.0), 1.0)
    return any(high >= min(pair) and low <= max(pair) for pair in ((least, most), cut))


def _match(figure: Figure) -> Match | None:
    """The intervals that the printed one may be; None where that cannot be asked."""
    if figure.interval is None or figure.kind != "share" or not figure.n or not figure.counts or figure.grid > 1:
        return None
    return match(*figure.interval, figure.counts, figure.n, figure.level)


def known(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Say once for a column which intervals were recognised."""
    found = [one for figure in figures if (one := _match(figure)) is not None and one.methods]
    if found:
        kinds = Counter(f"{' or '.join(one.methods)} {100 * one.level:g} %" for one in found)
        place = figures[0].place.over_rows
        should = "; ".join(f"{count} of them {kind}" for kind, count in sorted(kinds.items(), key=lambda one: -one[1]))
        yield Finding(
            severity="note", check="interval", place=place, printed=f"{len(found)} interval(s)", should=should
        )


def interval(figure: Figure) -> Iterator[Finding]:
    """The printed interval holds the share, and is one of the known ones; Wald's is warned of."""
    if figure.interval is None or figure.kind != "share":
        return
    low, high = figure.interval
    text = f"{_bare(low)} to {high.text}"
    if figure.printed is not None and (low.low > figure.printed.high or high.high < figure.printed.low):
        should = f"an interval of {figure.printed.text} should hold it"
        yield _finding(figure, "inconsistent", text, should, "Correct the share or the ends.")
        return
    found = _match(figure)
    if found is not None:
        yield from _judged(figure, found, text)


def _judged(figure: Figure, found: Match, text: str) -> Iterator[Finding]:
    percent = f"{100 * found.level:g} %"
    better = f"Wilson would be {shown(figure)}"
    stated = figure.level
    if not found.methods:
        should = f"is neither Wilson's, Clopper-Pearson's nor Wald's interval of {of(figure)}; {better}"
        yield _finding(
            figure, "warning", text, should, "Say which interval it is; clustered and resampled ones differ."
        )
    elif stated is not None and abs(found.level - stated) > _SLACK:
        should = (
            f"is the {percent} {found.methods[0]} interval of {of(figure)}, not one at {100 * stated:g} %; {better}"
        )
        yield _finding(figure, "inconsistent", text, should, _ADVICE)
    elif figure.method and figure.method not in found.methods:
        should = f"is the {found.methods[0]} interval of {of(figure)}, not {figure.method}'s; {better}"
        yield _finding(figure, "inconsistent", text, should, _ADVICE)
    elif found.methods == ("Wald",):
        should = f"is the Wald (normal approximation) interval of {of(figure)} at {percent}; {better}"
        yield _finding(figure, "warning", text, should, _ADVICE)
    elif stated is None and abs(found.level - LEVELS[0]) > _SLACK:
        should = f"is the {found.methods[0]} interval of {of(figure)} at {percent}, which is not said; {better}"
        yield _finding(figure, "note", text, should, "State the level.")


def margin(figure: Figure) -> Iterator[Finding]:
    """What stands after a plus-minus sign is Wald's half width, a standard error, or not told by k of n."""
    if figure.margin is None or figure.kind != "share" or not figure.n or not figure.counts or figure.grid > 1:
        return
    level, text = figure.level or LEVELS[0], f"± {figure.margin.text}"
    low, high = wald(figure.counts[0], figure.n, level), wald(figure.counts[-1], figure.n, level)
    halves = sorted(((low[1] - low[0]) / 2, (high[1] - high[0]) / 2))
    z = NormalDist().inv_cdf((1 + level) / 2)
    better = f"Wilson would be {shown(figure)}"
    if _end(figure.margin, halves[0], halves[1]):
        should = f"is half of the Wald (normal approximation) interval of {of(figure)} at {100 * level:g} %; {better}"
        yield _finding(figure, "warning", text, should, _ADVICE)
    elif _end(figure.margin, halves[0] / z, halves[1] / z):
        should = f"is the standard error of {of(figure)}, not an interval; {better}"
        yield _finding(figure, "note", text, should, "Say what stands after the sign.")
    else:
        should = f"is neither Wald's half width nor the standard error of {of(figure)}; {better}"
        yield _finding(figure, "note", text, should, "Say what stands after the sign; spread over runs is neither.")


def shown(figure: Figure, level: float | None = None) -> str:
    """Return Wilson's interval of a figure with known counts, in percent with one decimal."""
    counts, at = figure.counts, level or figure.level or LEVELS[0]
    if not counts or not figure.n:
        return "not known"
    middle = counts[len(counts) // 2] / figure.grid
    low, high = wilson(middle, figure.n, at)
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def of(figure: Figure) -> str:
    """Return the counts of a figure over n: ``421/2000``, or ``about 836/4450`` where several are possible."""
    counts = figure.counts
    if not counts or not figure.n:
        return f"n = {figure.n}"
    return f"{'' if len(counts) == 1 else 'about '}{counts[len(counts) // 2]}/{figure.n}"


def _bare(printed: Printed) -> str:
    return printed.text.removesuffix(" %")


def _finding(figure: Figure, severity: Severity, printed: str, should: str, todo: str) -> Finding:
    return Finding(severity=severity, check="interval", place=figure.place, printed=printed, should=should, todo=todo)
