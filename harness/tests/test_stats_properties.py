"""What must hold for any points: hypothesis looks for counterexamples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import stats
from harness.records import Difference, Estimate

# The first call imports scipy, so no example has a deadline.
searched = settings(deadline=None, max_examples=80)

Rows = list[tuple[float, float, int]]
BIT = st.sampled_from([0.0, 1.0])
FIFTHS = st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
POINTS = st.one_of(BIT, st.floats(0, 1, allow_subnormal=False))


def rows(points: st.SearchStrategy[float], unclustered: bool = False) -> st.SearchStrategy[Rows]:
    """Rows of first points, second points and cluster, in at least two clusters."""
    lists = st.lists(st.tuples(points, points, st.integers(0, 5)), min_size=2, max_size=40)
    if unclustered:
        return lists.map(lambda found: [(a, b, i) for i, (a, b, _) in enumerate(found)])
    return lists.filter(lambda found: len({cluster for *_, cluster in found}) > 1)


def columns(of: Rows) -> tuple[list[float], list[float], list[int]]:
    """The three columns."""
    first, second, clusters = zip(*of, strict=True)
    return list(first), list(second), list(clusters)


def close(one: Estimate | Difference, other: Estimate | Difference) -> bool:
    """Equal but for rounding; p-values that are drawn or near a tie may differ by a little more."""
    names = [name for name in one.__slots__ if name not in ("method", "test")]
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return one.method == other.method and all(a == pytest.approx(b, abs=1e-7) for a, b in pairs)


@searched
@given(st.one_of(rows(BIT), rows(BIT, unclustered=True), rows(FIFTHS), rows(POINTS), rows(POINTS, unclustered=True)))
def test_intervals_hold_the_value_and_stay_in_range(of: Rows) -> None:
    first, second, clusters = columns(of)
    one = stats.estimate(first, clusters)
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert one.low < one.high
    two = stats.difference(first, second, clusters)
    assert -1 <= two.low <= two.value <= two.high <= 1
    assert two.low < two.high
    assert 0 < two.p <= 1
    assert 0 < two.detectable <= 1


@searched
@given(st.one_of(rows(BIT), rows(POINTS)))
def test_swapping_the_cases_mirrors_the_difference(of: Rows) -> None:
    first, second, clusters = columns(of)
    one, other = stats.difference(first, second, clusters), stats.difference(second, first, clusters)
    assert (one.value, one.low, one.high) == (-other.value, -other.high, -other.low)
    assert (one.p, one.detectable, one.test) == (other.p, other.detectable, other.test)
    assert (one.only_first, one.only_second) == (other.only_second, other.only_first)


@searched
@given(st.one_of(rows(BIT), rows(POINTS)), st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_clusters_change_nothing(of: Rows, random: Any) -> None:
    first, second, clusters = columns(of)
    moved = list(of)
    random.shuffle(moved)
    names = {cluster: f"image {7 - cluster}" for cluster in clusters}
    first_moved, second_moved, clusters_moved = columns(moved)
    renamed = [names[cluster] for cluster in clusters_moved]
    assert close(stats.estimate(first, clusters), stats.estimate(first_moved, renamed))
    assert close(stats.difference(first, second, clusters), stats.difference(first_moved, second_moved, renamed))


@searched
@given(st.one_of(rows(BIT), rows(BIT, unclustered=True), rows(POINTS)), st.floats(0.5, 0.98), st.floats(0.001, 0.015))
def test_a_higher_level_never_narrows_an_interval(of: Rows, level: float, more: float) -> None:
    first, second, clusters = columns(of)
    narrow, wide = (stats.estimate(first, clusters, level=x) for x in (level, level + more))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high
    near, far = (stats.difference(first, second, clusters, level=x) for x in (level, level + more))
    assert far.low <= near.low
    assert near.high <= far.high


@searched
@given(rows(BIT))
def test_clusters_split_into_single_rows_give_the_unclustered_result(of: Rows) -> None:
    first, second, _ = columns(of)
    n, singletons = len(of), [f"row {i}" for i in range(len(of))]
    one = stats.estimate(first, singletons)
    assert (one.low, one.high, one.method) == (*stats.wilson(sum(first), n), "Wilson")
    two = stats.difference(first, second, singletons)
    b, c = (
        sum(x > y for x, y in pairs) for pairs in (zip(first, second, strict=True), zip(second, first, strict=True))
    )
    assert (two.low, two.high) == pytest.approx(stats.tango(b, c, n), abs=1e-12)
    assert (two.p, two.only_first, two.only_second) == (stats.mcnemar_mid_p(b, c), b, c)


NUMBERS = {
    "int8": [-128, -5, 0, 3, 100, 127],
    "uint8": [0, 1, 7, 200, 254, 255],
    "int32": [9, 8, 7, 6, 5, 4],
    "int64": [-(10**15), -1, 0, 1, 2, 10**15],
    "uint64": [2**63 + 1, 2**63, 2**64 - 1, 2**63 + 2, 2**63 + 3, 0],
    "U9": ["a", "b", "image 1", "image 2", "image 3", ""],
}


@searched
@given(rows(BIT), st.sampled_from(list(NUMBERS)))
def test_clusters_in_an_array_of_any_kind_are_clusters_by_name(of: Rows, kind: str) -> None:
    first, second, clusters = columns(of)
    array = np.array(NUMBERS[kind], dtype=kind)[clusters]
    assert close(stats.estimate(first, array), stats.estimate(first, clusters))
    assert close(stats.difference(first, second, array), stats.difference(first, second, clusters))


@searched
@given(st.one_of(rows(BIT), rows(FIFTHS)), st.floats(0.01, 0.99), st.floats(0.01, 0.49))
def test_a_margin_is_shown_exactly_where_its_bound_says_so(of: Rows, margin: float, alpha: float) -> None:
    first, second, clusters = columns(of)
    for names in (clusters, list(range(len(of)))):
        found = stats.not_worse(first, second, names, margin=margin, alpha=alpha)
        if abs(found.lower + margin) > 1e-9:
            assert found.holds == (found.lower > -margin)
        same = stats.equivalent(first, second, names, margin=margin, alpha=alpha)
        assert same.p >= found.p
        assert not same.holds or found.holds


@searched
@given(rows(BIT), st.floats(0.01, 0.5), st.floats(0.01, 0.4))
def test_a_wider_margin_is_never_harder_to_show(of: Rows, margin: float, more: float) -> None:
    first, second, clusters = columns(of)
    for test in (stats.not_worse, stats.equivalent):
        narrow = test(first, second, clusters, margin=margin)
        wide = test(first, second, clusters, margin=margin + more)
        assert wide.p <= narrow.p + 1e-12


@searched
@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 400), st.floats(0.5, 0.999))
def test_tango_is_total_on_any_effective_counts(b: float, c: float, rest: float, level: float) -> None:
    n = b + c + rest + 1e-3
    low, high = stats.tango(b, c, n, level)
    assert -1 <= low < high <= 1
    assert low <= (b - c) / n <= high
    assert stats.tango(c, b, n, level) == (-high, -low)


@searched
@given(st.integers(0, 300), st.integers(0, 300))
def test_mid_p_is_below_exact_p_and_both_are_symmetric(b: int, c: int) -> None:
    mid, exact = stats.mcnemar_mid_p(b, c), stats.mcnemar_exact(b, c)
    assert 0 < mid <= exact <= 1
    assert (mid, exact) == (stats.mcnemar_mid_p(c, b), stats.mcnemar_exact(c, b))


@searched
@given(st.lists(st.integers(2, 9), min_size=1, max_size=30), st.data())
def test_more_right_answers_are_never_less_surprising(options: list[int], data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, len(options) - 1))
    assert stats.above_chance(0, options) == 1.0
    assert 0 < stats.above_chance(correct + 1, options) <= stats.above_chance(correct, options) <= 1


@searched
@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = stats.holm(p_values)
    assert all(raw <= new <= 1 for raw, new in zip(p_values, adjusted, strict=True))
    ranked = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert all(adjusted[i] <= adjusted[j] for i, j in pairwise(ranked))
