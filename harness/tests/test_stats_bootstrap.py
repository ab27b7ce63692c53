"""The cluster bootstrap: its exact distribution on a few clusters, other code on many, and what it must refuse."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness import stats
from harness.errors import NotComparable, NotEstimable
from harness.stats.bootstrap import bootstrap

# 4 images with 4, 4, 3 and 2 questions, 7 of 13 right.
TOY = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1]
TOY_CLUSTERS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3]
SUMS, SIZES = [3, 2, 0, 2], [4, 4, 3, 2]


def every_resample() -> tuple[list[float], list[float]]:
    """Means and t statistics of all 256 resamples of the toy, by the definition and in plain Python."""
    means, statistics = [], []
    for drawn in product(range(4), repeat=4):
        s, m = [SUMS[g] for g in drawn], [SIZES[g] for g in drawn]
        mean = sum(s) / sum(m)
        error = (4 / 3 * sum((a - mean * b) ** 2 for a, b in zip(s, m, strict=True))) ** 0.5 / sum(m)
        away = mean - 7 / 13
        means.append(mean)
        statistics.append(away / error if error > 1e-9 else 0.0 if away == 0 else float(np.copysign(np.inf, away)))
    return sorted(means), sorted(statistics)


def held(ordered: list[float], end: float, share: float) -> bool:
    """Whether ``end`` is the quantile ``share`` of equally likely values, as far as 40,000 draws can tell."""
    slack = 4 * math.sqrt(share * (1 - share) / 40_000)
    below = sum(value < end - 1e-9 for value in ordered) / len(ordered)
    upto = sum(value <= end + 1e-9 for value in ordered) / len(ordered)
    return below <= share + slack and upto >= share - slack


@pytest.mark.parametrize("level", [0.3, 0.5, 0.8])
def test_both_intervals_are_those_of_the_enumerated_resamples(level: float) -> None:
    means, statistics = every_resample()
    found = bootstrap(TOY, TOY_CLUSTERS, level=level, draws=40_000, seed=3)
    assert held(means, found.percentile[0], (1 - level) / 2)
    assert held(means, found.percentile[1], (1 + level) / 2)
    error = (4 / 3 * sum((s - 7 / 13 * m) ** 2 for s, m in zip(SUMS, SIZES, strict=True))) ** 0.5 / 13
    # Independent code
    assert error == pytest.approx(0.182059, abs=5e-7)
    far, near = ((7 / 13 - end) / error for end in found.studentized)
    assert held(statistics, near, (1 - level) / 2)
    assert held(statistics, far, (1 + level) / 2)


def test_percentiles_agree_with_those_of_scipy_over_clusters() -> None:
    # scipy 1.17.1 resamples pairs of (sum, size) of 120 clusters of 1 to 9 rows.
    rng = np.random.default_rng(4)
    sizes = rng.integers(1, 10, 120)
    clusters = np.repeat(np.arange(120), sizes)
    points = (rng.random(clusters.size) < rng.random(120)[clusters]).astype(float)
    ours = bootstrap(points, clusters, seed=5)

    def ratio(s: np.ndarray, m: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(s.sum(axis=axis) / m.sum(axis=axis))

    theirs = scipy_stats.bootstrap(
        (np.bincount(clusters, points), sizes.astype(float)),
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(6),
    )
    assert ours.percentile == pytest.approx(tuple(theirs.confidence_interval), abs=0.1 * theirs.standard_error)


def test_both_intervals_are_close_to_the_t_interval_of_many_clusters() -> None:
    rng = np.random.default_rng(7)
    clusters = np.arange(4000) // 4
    points = np.clip(0.5 + 0.2 * rng.standard_normal(1000)[clusters] + 0.2 * rng.standard_normal(4000), 0, 1)
    found, other = bootstrap(points, clusters, seed=1), stats.estimate(points, clusters)
    for low, high in (found.percentile, found.studentized):
        assert (low, high) == pytest.approx((other.low, other.high), abs=0.05 * (other.high - other.low))
    assert (found.n, found.clusters, found.value) == (4000, 1000, other.value)


def test_paired_differences_are_resampled_together() -> None:
    rng = np.random.default_rng(8)
    first = rng.integers(0, 2, 2000)
    second = np.where(rng.random(2000) < 0.9, first, 1 - first)
    found, other = (
        bootstrap(first, range(2000), second=second, seed=2),
        stats.difference(first, second, range(2000)),
    )
    assert found.value == pytest.approx(other.value, abs=1e-12)
    for low, high in (found.percentile, found.studentized):
        assert (low, high) == pytest.approx((other.low, other.high), abs=0.05 * (other.high - other.low))
    # Unpaired the interval would be more than twice as wide.
    assert found.percentile[1] - found.percentile[0] < 0.04


def test_alike_clusters_drawn_by_kind_give_the_intervals_of_clusters_drawn_one_by_one() -> None:
    # A hair on every row makes each of 1000 clusters a kind of its own; the draws differ, the distribution does not.
    rng = np.random.default_rng(9)
    clusters = np.arange(3000) // 3
    points = rng.integers(0, 2, 3000) * 0.98 + 0.01
    by_kind = bootstrap(points, clusters, seed=1)
    one_by_one = bootstrap(points + 1e-6 * rng.random(3000), clusters, seed=1)
    width = by_kind.percentile[1] - by_kind.percentile[0]
    assert one_by_one.percentile == pytest.approx(by_kind.percentile, abs=0.05 * width)
    assert one_by_one.studentized == pytest.approx(by_kind.studentized, abs=0.05 * width)


def test_the_seed_decides_and_the_order_of_rows_and_names_of_clusters_do_not() -> None:
    rng = np.random.default_rng(10)
    points, clusters = rng.integers(0, 6, 200) / 5, rng.integers(0, 40, 200)
    one = bootstrap(points, clusters, seed=1, draws=2000)
    moved = rng.permutation(200)
    other = bootstrap(points[moved], [f"image {99 - c}" for c in clusters[moved]], seed=1, draws=2000)
    assert other.percentile == pytest.approx(one.percentile, abs=1e-12)
    assert other.studentized == pytest.approx(one.studentized, abs=1e-12)
    assert bootstrap(points, clusters, seed=1, draws=2000) == one
    assert bootstrap(points, clusters, seed=2, draws=2000).percentile != one.percentile


def test_a_resample_without_spread_pushes_the_end_to_the_end_of_the_range() -> None:
    # Of 4 resamples of two clusters, two hold one cluster twice: t is infinite for half of all draws.
    found = bootstrap([1, 0], ["a", "b"], seed=1)
    assert found.studentized == (0.0, 1.0)
    assert found.percentile == (0.0, 1.0)
    paired = bootstrap([1, 0], ["a", "b"], second=[0, 1], seed=1)
    assert paired.studentized == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("points", "clusters"),
    [([1] * 20, range(20)), ([0.5] * 9, "aaabbbccc"), ([1, 0] * 10, [i // 2 for i in range(20)]), ([1], ["a"])],
)
def test_points_without_spread_are_refused_where_other_code_gives_nan_or_no_width(
    points: list[float], clusters: list[str]
) -> None:
    with pytest.raises(NotEstimable, match="without any spread"):
        bootstrap(points, clusters, seed=1)


def test_identical_cases_are_refused() -> None:
    points = [1, 0] * 20
    with pytest.raises(NotEstimable, match="without any spread"):
        bootstrap(points, range(40), second=points, seed=1)


def test_percentiles_that_coincide_are_refused() -> None:
    # One of 400 rows is right: the middle tenth of all resamples holds it once.
    with pytest.raises(NotEstimable, match="an interval has a width"):
        bootstrap([1] + [0] * 399, range(400), level=0.1, seed=1)


def test_cases_of_different_length_are_not_compared() -> None:
    with pytest.raises(NotComparable, match="3 points of the first case but 2 of the second"):
        bootstrap([1, 0, 1], [1, 2, 3], second=[1, 0], seed=1)


@pytest.mark.parametrize(
    ("points", "clusters", "message"),
    [
        ([], [], "at least one row"),
        ([1, float("nan")], ["a", "b"], "nan as the points of row number 1"),
        ([1, 0], ["a", "a"], "2 rows in one cluster"),
        ([1, 0], ["a"], "2 points but 1 clusters"),
    ],
)
def test_what_cannot_be_estimated_is_refused(points: list[float], clusters: list[str], message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        bootstrap(points, clusters, seed=1)


def test_too_few_draws_a_negative_seed_and_a_wrong_level_are_refused() -> None:
    with pytest.raises(NotEstimable, match=r"draws=39 and seed=1, but a level of 0\.95 needs at least 40 draws"):
        bootstrap([1, 0], ["a", "b"], draws=39, seed=1)
    with pytest.raises(NotEstimable, match="seed=-1"):
        bootstrap([1, 0], ["a", "b"], seed=-1)
    with pytest.raises(NotEstimable, match="strictly between 0 and 1"):
        bootstrap([1, 0], ["a", "b"], level=95, seed=1)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 6)), min_size=2, max_size=30))
def test_no_interval_is_nan_or_without_width(rows: list[tuple[int, int, int]]) -> None:
    first, second, clusters = (np.array(column) for column in zip(*rows, strict=True))
    try:
        found = bootstrap(first / 4, clusters, second=second / 4, draws=200, seed=1)
    except NotEstimable:
        return
    for low, high in (found.percentile, found.studentized):
        assert -1 <= low < high <= 1
    assert found.studentized[0] <= found.value <= found.studentized[1]


def test_memory_stays_small_with_many_clusters() -> None:
    import tracemalloc

    points = np.random.default_rng(11).random(50_000)
    tracemalloc.start()
    bootstrap(points, np.arange(50_000), draws=100, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # All draws at once would be 100 times 50,000 counts of 8 bytes, twice: 80 MB.
    assert peak < 30e6
