"""A figure against a blind guess: is it distinguishable from chance, or below it?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from harness.forensics.finding import Figure, Finding
from harness.forensics.intervals import of, shown
from harness.forensics.names import lower_is_better
from harness.stats import wilson
from harness.stats.binomial import binomial

# From here on the array of all chances is not worth its memory
_LARGE = 1_000_000


def chance(figure: Figure) -> Iterator[Finding]:
    """Say so where the 95 % Wilson interval of k of n holds the chance level, or lies below it.

    The p-values are exact binomial ones: one-sided of at least k, two-sided of all counts that are no likelier than k.
    Where the share can come from several counts, all of them must agree, and p is that of the middle one. Columns that
    count what should not be, such as errors, are left out.
    """
    counts, level = figure.counts, figure.chance
    if not counts or level is None or not figure.n or figure.grid > 1 or lower_is_better(figure.place.column):
        return
    if not 0 < level < 1:
        return
    least, most = wilson(counts[0], figure.n), wilson(counts[-1], figure.n)
    if most[0] <= float(level) <= least[1]:
        yield _finding(figure, level, "includes", "not distinguishable from chance", "Do not call it above chance.")
    elif most[1] < float(level):
        meaning = "below chance, which speaks of abstention or the answer format, not of knowledge"
        yield _finding(figure, level, "lies below", meaning, "Print unread and refused replies apart.")


def p_values(k: int, n: int, level: float) -> tuple[float, float]:
    """Return exact binomial p-values of k of n: one-sided (at least k), and two-sided.

    Parameters
    ----------
    k, n : int
        Right answers and rows, 0 <= k <= n.
    level : float
        What a blind guess scores, strictly between 0 and 1.
    """
    if n > _LARGE:
        from scipy.stats import binomtest

        return float(binomtest(k, n, level, alternative="greater").pvalue), float(binomtest(k, n, level).pvalue)
    chances = _binomial(n, level)
    no_likelier = chances[chances <= chances[k] * (1 + 1e-7)]
    return min(1.0, float(chances[k:].sum())), min(1.0, float(no_likelier.sum()))


@lru_cache(maxsize=16)
def _binomial(n: int, level: float) -> NDArray[np.float64]:
    return binomial(n, level)


def _finding(figure: Figure, level: Fraction, relation: str, meaning: str, todo: str) -> Finding:
    counts, n = figure.counts or range(1), figure.n or 1
    one, two = p_values(counts[len(counts) // 2], n, float(level))
    printed = figure.printed.text if figure.printed is not None else f"{counts[0]}/{n}"
    source = f", {figure.chance_from}" if figure.chance_from else ""
    says = f"{of(figure)} = {printed}, Wilson {shown(figure, 0.95)}, {relation} chance ({percent(level)}{source})"
    return Finding(
        severity="warning",
        check="chance",
        place=figure.place,
        printed=printed,
        should=f"{says}; exact binomial p {_p(one)} one-sided, {_p(two)} two-sided: {meaning}",
        todo=todo,
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def percent(share: Fraction) -> str:
    """Return a share in percent with as few decimals as say it, at most two."""
    return f"{float(100 * share):.2f}".rstrip("0").rstrip(".") + " %"
