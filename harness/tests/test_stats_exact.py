"""Error rates by enumeration of every possible table, not by simulation: what the tests and intervals promise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.special import gammaln, xlogy

from harness import stats
from harness.stats.tango_interval import statistic

Z95, Z90 = 1.959963984540054, 1.6448536269514722


@cache
def tables(n: int, most: int) -> tuple[tuple[int, int], ...]:
    """All numbers of rows that only the first, only the second got right, up to ``most`` each."""
    return tuple((b, c) for b in range(most + 1) for c in range(most + 1) if b + c <= n)


def chances(n: int, most: int, first: float, second: float) -> np.ndarray:
    """Probability of each table, where a row is right by one alone with these probabilities."""
    b, c = np.array(tables(n, most)).T
    rest = n - b - c
    ways = gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(rest + 1)
    found = np.exp(ways + xlogy(b, first) + xlogy(c, second) + xlogy(rest, 1 - first - second))
    assert found.sum() == pytest.approx(1, abs=1e-5)
    return np.asarray(found)


# Independent enumeration: coverage of the 95 % interval where only the first, only the second are right so often.
@pytest.mark.parametrize(
    ("n", "most", "first", "second", "coverage"),
    [
        (50, 15, 0.02, 0.05, 0.977),
        (100, 20, 0.02, 0.02, 0.958),
        (100, 20, 0.02, 0.05, 0.936),
        (500, 90, 0.05, 0.10, 0.950),
    ],
)
def test_tango_covers_as_often_as_enumerated(n: int, most: int, first: float, second: float, coverage: float) -> None:
    inside = [abs(statistic(b, c, n, first - second)) <= Z95 for b, c in tables(n, most)]
    assert chances(n, most, first, second) @ np.array(inside, float) == pytest.approx(coverage, abs=6e-4)


@pytest.mark.parametrize(
    ("n", "first", "second", "width"), [(50, 0.02, 0.05, 0.190), (100, 0.02, 0.02, 0.103), (100, 0.02, 0.05, 0.120)]
)
def test_tango_is_as_wide_as_enumerated(n: int, first: float, second: float, width: float) -> None:
    widths = np.array([high - low for low, high in (stats.tango(b, c, n) for b, c in tables(n, 25))])
    assert chances(n, 25, first, second) @ widths == pytest.approx(width, abs=6e-4)


def test_mid_p_errs_nearly_as_often_as_it_may_and_the_exact_test_half_as_often() -> None:
    # n = 100, each case alone right on 5 % of the rows: exact 0.022, mid-p 0.041 at a level of 0.05.
    weights = chances(100, 25, 0.05, 0.05)
    for test, rate in ((stats.mcnemar_exact, 0.022), (stats.mcnemar_mid_p, 0.041)):
        rejects = np.array([test(b, c) <= 0.05 for b, c in tables(100, 25)], float)
        assert weights @ rejects == pytest.approx(rate, abs=6e-4)


@pytest.mark.parametrize(
    ("n", "margin", "worst"), [(100, 0.03, 0.048), (100, 0.05, 0.050), (200, 0.03, 0.059), (500, 0.02, 0.050)]
)
def test_not_worse_is_wrong_as_often_as_enumerated_at_worst(n: int, margin: float, worst: float) -> None:
    # The true difference is exactly the margin; the worst over how often only the first is right.
    holds = np.array([statistic(b, c, n, -margin) >= Z90 for b, c in tables(n, 90)], float)
    rates = [chances(n, 90, first, first + margin) @ holds for first in (0, 0.02, 0.04, 0.057, 0.073, 0.095)]
    assert max(rates) == pytest.approx(worst, abs=6e-4)


def test_a_gate_has_the_exact_test_where_few_rows_differ() -> None:
    first, second = [1] * 7 + [0] + [1] * 13, [0] * 7 + [1] + [1] * 13
    assert stats.difference(first, second, range(21)).p == pytest.approx(0.0390625, abs=1e-12)
    gate = stats.difference(first, second, range(21), exact_below=25)
    assert gate.p == pytest.approx(0.0703125, abs=1e-12)
    assert gate.test == "McNemar exact"
    # 8 rows differ: fewer than 9 of them, and not fewer than 8.
    assert stats.difference(first, second, range(21), exact_below=9).test == "McNemar exact"
    assert stats.difference(first, second, range(21), exact_below=8).test == "McNemar mid-p"


def test_only_the_test_of_a_gate_is_another_one() -> None:
    from dataclasses import replace

    first, second = [1] * 7 + [0] + [1] * 13, [0] * 7 + [1] + [1] * 13
    usual, gate = (stats.difference(first, second, range(21), exact_below=below) for below in (0, 25))
    assert replace(gate, p=usual.p, test=usual.test) == usual
    pairs = [i // 2 for i in range(21)]
    assert stats.difference(first, second, pairs, exact_below=25) == stats.difference(first, second, pairs)
    halves = [p / 2 for p in first]
    assert stats.difference(halves, second, range(21), exact_below=25) == stats.difference(halves, second, range(21))
