"""Tests and intervals that stay valid however often one looks."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad

from harness import stats
from harness.errors import NotEstimable

searched = settings(deadline=None, max_examples=60)

# E-values of discordant pairs. Independent code.
PAIRED = {
    (0, 0): 1.0,
    (5, 0): 5.333333,
    (7, 0): 16.0,
    (8, 0): 28.444444,
    (18, 7): 2.684741,
    (44, 16): 126.332182,
    (52, 14): 14226.152696,
    (53, 53): 0.12088,
}
# Rows asked of x_t = 1[(7919 t mod 100) < 70]: the interval of the mean, and that of a list of 1,000. Independent code
# on a grid of 0.001, with which the authors' package agrees within one step.
HEDGED = {
    50: ((0.479, 0.859), (0.483, 0.856)),
    100: ((0.547, 0.829), (0.552, 0.824)),
    200: ((0.585, 0.799), (0.593, 0.792)),
    500: ((0.621, 0.770), (0.636, 0.757)),
    1000: ((0.640, 0.754), (0.699, 0.700)),
}
STEP = 0.001 + 1e-9

Asked = list[tuple[int, float]]
CLUSTERS = st.lists(st.tuples(st.integers(1, 9), st.floats(-1, 1, allow_subnormal=False)), min_size=1, max_size=40)


def totals(of: Asked) -> tuple[list[float], list[int]]:
    """Sums and sizes of clusters, from sizes and means."""
    return [size * mean for size, mean in of], [size for size, _ in of]


def drawn(
    rng: np.random.Generator, sizes: NDArray[np.int64], p10: float, p01: float, icc: float = 0.0
) -> NDArray[np.float64]:
    """Sums of paired differences by cluster: a row follows its cluster's own draw with probability sqrt(icc)."""
    index = np.repeat(np.arange(sizes.size), sizes)
    own, common = rng.random(index.size), rng.random(sizes.size)[index]
    u = np.where(rng.random(index.size) < math.sqrt(icc), common, own)
    d = np.where(u < p10, 1.0, np.where(u < p10 + p01, -1.0, 0.0))
    return np.asarray(np.bincount(index, weights=d, minlength=sizes.size), dtype=np.float64)


def rows_of_seventy(n: int) -> list[int]:
    """The first ``n`` points of the worked sequence: 70 of every 100 are right."""
    return [int(7919 * t % 100 < 70) for t in range(1, n + 1)]


@pytest.mark.parametrize(("counts", "known"), PAIRED.items())
def test_the_evidence_of_pairs_is_the_known_one(counts: tuple[int, int], known: float) -> None:
    assert stats.paired_e(*counts) == pytest.approx(known, abs=5e-7)
    assert stats.paired_e(*counts) == stats.paired_e(*reversed(counts))
    assert stats.log_paired_e(*counts) == pytest.approx(math.log(known), abs=1e-5)


def test_a_mid_p_of_three_percent_is_no_evidence_where_one_may_stop_at_will() -> None:
    assert stats.mcnemar_mid_p(18, 7) < 0.03
    assert stats.paired_e(18, 7) < 3 < 1 / 0.05


def test_evidence_that_no_float_holds_has_a_logarithm() -> None:
    assert stats.log_paired_e(5000, 0) == pytest.approx(5000 * math.log(2) - math.log(5001))
    assert math.isfinite(stats.paired_e(5000, 0))
    assert stats.paired_e(5000, 5000) > 0


@pytest.mark.parametrize(("b", "c"), [(18, 7), (7, 18), (44, 16), (30, 30), (9, 0)])
def test_the_purses_are_the_average_over_all_bets(b: int, c: int) -> None:
    # scipy's quadrature of the same average over every share between nothing and all
    signs = [1] * b + [-1] * c
    above = stats.sequential_above(signs, [1] * (b + c))
    below = stats.sequential_below(signs, [1] * (b + c))
    assert above.e == pytest.approx(quad(lambda f: (1 + f) ** b * (1 - f) ** c, 0, 1)[0], rel=0.02)
    assert (above.e + below.e) / 2 == pytest.approx(stats.paired_e(b, c), rel=0.02)


def test_two_clusters_by_hand() -> None:
    # 2 of 4 rows gained, then 1 of 1 lost: gains of 2/4 and -1/4 of the purse that is staked
    shares = [(k + 0.5) / 20 for k in range(20)]
    found = stats.sequential_above([2, -1], [4, 1])
    assert found.e == pytest.approx(sum((1 + f / 2) * (1 - f / 4) for f in shares) / 20)
    assert found.e_max == pytest.approx(sum(1 + f / 2 for f in shares) / 20) == pytest.approx(1.25)
    assert found.p == pytest.approx(0.8)
    assert (found.value, found.n, found.clusters, found.crossed_at) == (0.2, 5, 2, None)
    assert found.method == "cluster betting e-process"


def test_an_accuracy_is_held_against_chance() -> None:
    found = stats.sequential_above([1] * 9, [1] * 9, shift=0.25, low=0, high=1)
    assert found.e == pytest.approx(sum((1 + 3 * (k + 0.5) / 20) ** 9 for k in range(20)) / 20)
    assert found.holds
    assert not stats.sequential_above([1] * 9, [1] * 9, shift=0.9, low=0, high=1).holds
    assert found.method == "betting e-process"


def test_the_first_crossing_stays_where_it_was() -> None:
    won = [1.0] * 8
    found = stats.sequential_above(won, [1] * 8, alpha=0.05)
    assert found.crossed_at == 6
    assert stats.sequential_above(won[:7], [1] * 7).e >= 20 > stats.sequential_above(won[:6], [1] * 6).e
    after = stats.sequential_above(won + [-1.0] * 40, [1] * 48)
    assert (after.crossed_at, after.holds) == (6, True)
    assert after.e < 1 < 20 <= after.e_max
    assert after.p == 1 / after.e_max == found.p


def test_no_difference_at_all_shows_a_margin_in_time() -> None:
    same = stats.sequential_within([0.0] * 400, [1] * 400, margin=0.02)
    assert (same.claim, same.shift, same.holds) == ("within", 0.02, True)
    one = stats.sequential_above([0.0] * 400, [1] * 400, shift=-0.02)
    other = stats.sequential_below([0.0] * 400, [1] * 400, shift=0.02)
    assert one.e == other.e == same.e
    # log 20 / log(1 + 0.975 * 0.02 / 0.98) = 152 rows are needed by the boldest purse alone
    assert one.crossed_at == other.crossed_at == same.crossed_at
    assert one.crossed_at is not None
    assert 152 < one.crossed_at < 260


def test_within_needs_both_sides_and_takes_the_later_of_them() -> None:
    values = [0.0] * 300 + [1.0] * 6 + [0.0] * 700
    found = stats.sequential_within(values, [1] * 1006, margin=0.02)
    above = stats.sequential_above(values, [1] * 1006, shift=-0.02)
    below = stats.sequential_below(values, [1] * 1006, shift=0.02)
    assert above.crossed_at is not None
    assert below.crossed_at is not None
    assert found.crossed_at == max(above.crossed_at, below.crossed_at)
    assert (found.p, found.e_max) == (max(above.p, below.p), min(above.e_max, below.e_max))
    cut = stats.sequential_within([0.2] * 1000, [1] * 1000, margin=0.02)
    assert stats.sequential_above([0.2] * 1000, [1] * 1000, shift=-0.02).holds
    assert not cut.holds
    assert cut.p == 1


@pytest.mark.parametrize("icc", [0.0, 0.5])
def test_looking_after_every_cluster_keeps_the_error_rate(icc: float) -> None:
    rng = np.random.default_rng(11)
    runs, crossed, peeked = 400, 0, 0
    for _ in range(runs):
        sizes = rng.integers(1, 8, 120)
        d = drawn(rng, sizes, 0.2, 0.2, icc)
        crossed += stats.sequential_above(d, sizes, alpha=0.05).holds
        z = np.cumsum(d)[9:] / np.sqrt(np.cumsum(d**2)[9:])
        peeked += bool((z > 1.645).any())
    assert crossed <= 0.05 * runs
    # What a fixed-n test of the same clusters does to one who looks as often.
    assert peeked > 0.2 * runs


def test_clusters_are_weighed_by_their_rows() -> None:
    # A gain in small clusters and a loss in large ones, none over rows: 0.5 * 1 * 0.4 = 0.5 * 8 * 0.05
    rng = np.random.default_rng(12)
    runs, by_rows, by_means = 300, 0, 0
    for _ in range(runs):
        sizes = rng.choice([1, 8], 150)
        small, large = drawn(rng, sizes, 0.5, 0.1, 0.2), drawn(rng, sizes, 0.1, 0.15, 0.2)
        d = np.where(sizes == 1, small, large)
        by_rows += stats.sequential_above(d, sizes).holds
        by_means += stats.sequential_above(d / sizes, np.ones(150)).holds
    assert by_rows <= 0.05 * runs
    assert by_means > 0.7 * runs


def test_a_margin_that_is_just_missed_is_rarely_shown() -> None:
    rng = np.random.default_rng(13)
    sizes, runs = np.full(400, 3), 200
    found = [stats.sequential_within(drawn(rng, sizes, 0.1, 0.15, 0.2), sizes, margin=0.05) for _ in range(runs)]
    assert sum(f.holds for f in found) <= 0.05 * runs


def test_at_seventy_to_thirty_about_fifty_pairs_are_enough() -> None:
    # Known from other code: median 47 and 80 % quantile 83 discordant pairs, two-sided at 0.05
    rng = np.random.default_rng(14)
    by_pairs, by_bets = [], []
    for _ in range(400):
        signs = np.where(rng.random(400) < 0.7, 1, -1)
        b, c = np.cumsum(signs > 0).tolist(), np.cumsum(signs < 0).tolist()
        by_pairs.append(next(t for t in range(400) if stats.log_paired_e(b[t], c[t]) >= math.log(20)) + 1)
        found = stats.sequential_above(signs, np.ones(400), alpha=0.025).crossed_at
        assert found is not None
        by_bets.append(found + 1)
    for stopped in (by_pairs, by_bets):
        assert 43 <= np.median(stopped) <= 52
        assert 74 <= np.quantile(stopped, 0.8) <= 92


@pytest.mark.parametrize(("n", "known"), HEDGED.items())
def test_the_hedged_sequences_are_the_known_ones(
    n: int, known: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    points = rows_of_seventy(n)
    assert stats.sequential_interval(points, [1] * n, low=0, high=1) == pytest.approx(known[0], abs=STEP)
    assert stats.remaining_interval(points, 1000) == pytest.approx(known[1], abs=STEP)


def test_an_endless_list_has_the_interval_of_the_mean() -> None:
    points = rows_of_seventy(200)
    endless = stats.remaining_interval(points, 10**9)
    assert endless == pytest.approx(stats.sequential_interval(points, [1] * 200, low=0, high=1), abs=1e-5)


def test_clusters_of_one_size_count_as_rows_of_their_means() -> None:
    rng = np.random.default_rng(15)
    sums = rng.integers(0, 5, 60)
    by_cluster = stats.sequential_interval(sums, [4] * 60, low=0, high=1)
    assert by_cluster == pytest.approx(stats.sequential_interval(sums / 4, [1] * 60, low=0, high=1), abs=1e-9)
    listed = stats.remaining_interval(sums, 400, sizes=[4] * 100)
    assert listed == pytest.approx(stats.remaining_interval(sums / 4, 100), abs=1e-9)


def test_the_true_mean_is_not_lost_to_rounding_at_the_last_rows() -> None:
    points = rows_of_seventy(1000)
    for n in range(990, 1000):
        low, high = stats.remaining_interval(points[:n], 1000)
        assert low <= 0.7 <= high
    assert stats.remaining_interval(points, 1000) == (0.7, 0.7)


def test_a_finished_list_is_known_and_still_decides_nothing() -> None:
    # One row above half of a list is luck that a second list would not repeat.
    points = [1, 0] * 999 + [1, 1]
    assert stats.remaining_interval(points, 2000) == (0.5005, 0.5005)
    found = stats.sequential_above(points, [1] * 2000, shift=0.5, low=0, high=1)
    assert found.p > 0.5


def test_the_sequences_hold_the_truth_at_all_times_together() -> None:
    rng = np.random.default_rng(16)
    runs, mean, whole = 150, 0, 0
    sizes = rng.integers(1, 6, 80)
    rows, points = int(sizes.sum()), np.zeros(80)
    points[:] = rng.binomial(sizes, rng.choice([0.3, 0.9], 80))
    truth = points.sum() / rows
    for _ in range(runs):
        order = rng.permutation(80)
        low, high = stats.remaining_interval(points[order][:-1], rows, sizes=sizes[order])
        whole += low <= truth <= high
        drawn_again = rng.integers(0, 80, 150)
        low, high = stats.sequential_interval(points[drawn_again], sizes[drawn_again], low=0, high=1)
        mean += low <= truth <= high
    assert whole >= 0.95 * runs
    assert mean >= 0.95 * runs


@searched
@given(CLUSTERS, st.floats(-0.9, 0.9))
def test_turning_every_sign_turns_the_answer(of: Asked, shift: float) -> None:
    values, sizes = totals(of)
    one = stats.sequential_above(values, sizes, shift=shift)
    other = stats.sequential_below([-v for v in values], sizes, shift=-shift)
    assert (one.e, one.e_max, one.p, one.crossed_at) == (other.e, other.e_max, other.p, other.crossed_at)
    assert (one.shift, one.value) == (-other.shift, -other.value)
    lower, upper = stats.sequential_bounds(values, sizes)
    assert stats.sequential_bounds([-v for v in values], sizes) == (-upper, -lower)
    low, high = stats.sequential_interval(values, sizes)
    assert stats.sequential_interval([-v for v in values], sizes) == pytest.approx((-high, -low), abs=1e-9)


@searched
@given(CLUSTERS, st.floats(-0.9, 0.9), st.floats(0.001, 0.5))
def test_more_clusters_never_take_evidence_back(of: Asked, shift: float, alpha: float) -> None:
    values, sizes = totals(of)
    found = [stats.sequential_above(values[:t], sizes, shift=shift, alpha=alpha) for t in range(1, len(of) + 1)]
    assert all(f.e > 0 and 0 < f.p <= 1 for f in found)
    assert all(after.p <= before.p * (1 + 1e-12) for before, after in pairwise(found))
    assert all((f.p <= alpha) == f.holds for f in found if abs(f.p - alpha) > 1e-9)
    crossings = {f.crossed_at for f in found if f.holds}
    assert len(crossings) <= 1
    nested = [stats.sequential_bounds(values[:t], sizes, alpha=alpha) for t in (1, len(of))]
    assert nested[0][0] <= nested[1][0] + 3e-7
    assert nested[1][1] <= nested[0][1] + 3e-7


@searched
@given(CLUSTERS, st.floats(-0.95, 0.95), st.floats(0.001, 0.3))
def test_a_bound_passes_a_shift_exactly_where_the_test_crosses(of: Asked, shift: float, alpha: float) -> None:
    values, sizes = totals(of)
    lower, upper = stats.sequential_bounds(values, sizes, alpha=alpha)
    if abs(lower - shift) > 1e-6:
        assert stats.sequential_above(values, sizes, shift=shift, alpha=alpha).holds == (lower > shift)
    if abs(upper - shift) > 1e-6:
        assert stats.sequential_below(values, sizes, shift=shift, alpha=alpha).holds == (upper < shift)


@searched
@given(CLUSTERS, st.floats(0.5, 0.98), st.floats(0.001, 0.015))
def test_intervals_hold_the_mean_so_far_and_grow_with_the_level(of: Asked, level: float, more: float) -> None:
    values, sizes = totals(of)
    mean = sum(values) / sum(sizes)
    low, high = stats.sequential_interval(values, sizes, level=level)
    assert -1 <= low < high <= 1
    assert low - 1e-12 <= mean <= high + 1e-12
    first = stats.sequential_interval(values[:1], sizes, level=level)
    wide = stats.sequential_interval(values[:1], sizes, level=level + more)
    assert wide[0] <= first[0] + 1e-9
    assert first[1] <= wide[1] + 1e-9


@searched
@given(st.lists(st.tuples(st.integers(1, 6), st.floats(0, 1)), min_size=2, max_size=25), st.data())
def test_a_list_is_known_better_than_its_source_and_fully_at_its_end(of: Asked, data: st.DataObject) -> None:
    values, sizes = totals(of)
    rows, t = sum(sizes), data.draw(st.integers(1, len(of)))
    asked, points = sum(sizes[:t]), sum(values[:t])
    low, high = stats.remaining_interval(values[:t], rows, sizes=sizes)
    assert low - 1e-9 <= points / asked <= high + 1e-9
    assert low >= points / rows - 1e-9
    assert high <= (points + rows - asked) / rows + 1e-9
    assert (low == high) == (asked == rows)


@searched
@given(CLUSTERS, st.randoms(use_true_random=False))
def test_the_evidence_now_does_not_depend_on_the_order(of: Asked, random: object) -> None:
    moved = list(of)
    random.shuffle(moved)  # type: ignore[attr-defined]
    one, other = stats.sequential_above(*totals(of)), stats.sequential_above(*totals(moved))
    assert one.e == pytest.approx(other.e, rel=1e-9)


def test_a_claim_of_a_family_needs_as_much_more() -> None:
    assert stats.e_needed(1) == pytest.approx(20)
    assert stats.e_needed(6, alpha=0.05) == pytest.approx(120)
    won = [1.0] * 12
    at = stats.sequential_above(won, [1] * 12, alpha=0.05 / 6).crossed_at
    assert at is not None
    assert stats.sequential_above(won[: at + 1], [1] * (at + 1)).e >= stats.e_needed(6)
    assert stats.sequential_above(won[:at], [1] * at).e < stats.e_needed(6)
    # Holm over the p-values at the end decides at least what Bonferroni had decided.
    p_values = [1 / e for e in (121.0, 119.0, 30.0, 2.0, 1.0, 1.0)]
    assert [p <= 0.05 for p in stats.holm(p_values)] == [True, True, False, False, False, False]


def test_overwhelming_evidence_stays_a_number() -> None:
    found = stats.sequential_above([1.0] * 5000, [1] * 5000)
    assert math.isfinite(found.e)
    assert found.p > 0
    lost = stats.sequential_above([-1.0] * 5000, [1] * 5000)
    assert lost.e > 0
    assert lost.p == 1


@pytest.mark.parametrize("test", [stats.sequential_above, stats.sequential_below, stats.sequential_bounds])
@pytest.mark.parametrize(
    ("values", "sizes", "text"),
    [
        ([], [], "got totals of shape"),
        ([[1.0]], [1], "got totals of shape"),
        ([1.0, 1.0], [1], "got 2 cluster totals but 1 sizes"),
        ([1.0], [0], "got 0 rows for cluster number 0"),
        ([1.0, 1.0], [1, 1.5], "got 1.5 rows for cluster number 1"),
        ([1.0], [math.nan], "got nan rows for cluster number 0"),
        ([1.0, 2.5], [1, 2], "got a total of 2.5 for cluster number 1 of 2 rows"),
        ([math.nan], [1], "got a total of nan"),
    ],
)
def test_clusters_that_cannot_be_are_refused(test: object, values: list[float], sizes: list[float], text: str) -> None:
    with pytest.raises(NotEstimable, match=text) as caught:
        test(values, sizes)  # type: ignore[operator]
    assert str(caught.value).startswith(f"{getattr(test, '__name__', '')}: ")
    assert "; " in str(caught.value)


def test_bounds_outside_the_range_of_a_row_are_refused() -> None:
    with pytest.raises(NotEstimable, match="sequential_above: got a shift of 1, but it should be strictly within"):
        stats.sequential_above([1.0], [1], shift=1.0)
    with pytest.raises(NotEstimable, match=r"sequential_below: got a shift of 0, but .* 0 to 1"):
        stats.sequential_below([1.0], [1], shift=0.0, low=0, high=1)
    with pytest.raises(NotEstimable, match=r"sequential_within: got a margin of -0\.3, but"):
        stats.sequential_within([0.1], [1], margin=0.3, low=-0.2, high=0.5)
    with pytest.raises(NotEstimable, match="margin: got 0"):
        stats.sequential_within([0.1], [1], margin=0)
    with pytest.raises(NotEstimable, match="got a range of 1 to 1"):
        stats.sequential_interval([1.0], [1], low=1, high=1)


@pytest.mark.parametrize("alpha", [0, 1, -0.1, math.nan])
def test_an_alpha_or_level_outside_0_and_1_is_refused(alpha: float) -> None:
    for test in (stats.sequential_above, stats.sequential_below, stats.sequential_bounds):
        with pytest.raises(NotEstimable, match="alpha: got"):
            test([1.0], [1], alpha=alpha)
    with pytest.raises(NotEstimable, match="alpha: got"):
        stats.e_needed(3, alpha)
    with pytest.raises(NotEstimable, match="level: got"):
        stats.sequential_interval([1.0], [1], level=alpha)
    with pytest.raises(NotEstimable, match="level: got"):
        stats.remaining_interval([1.0], 10, level=alpha)


def test_a_list_shorter_than_what_was_asked_is_refused() -> None:
    with pytest.raises(NotEstimable, match="remaining_interval: got 3 rows but a list of 2"):
        stats.remaining_interval([1, 0, 1], 2)
    with pytest.raises(NotEstimable, match="got 5 rows in all clusters but a list of 6"):
        stats.remaining_interval([1.0], 6, sizes=[2, 3])
    with pytest.raises(NotEstimable, match="got a total of 2"):
        stats.remaining_interval([2.0], 10)


@pytest.mark.parametrize("counts", [(-1, 2), (1.5, 2), (math.nan, 1), (math.inf, 1)])
def test_pairs_that_are_no_counts_are_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(NotEstimable, match="paired_e: got b="):
        stats.paired_e(*counts)


@pytest.mark.parametrize("family", [0, -2, 1.5, math.inf, math.nan])
def test_a_family_without_claims_is_refused(family: int) -> None:
    with pytest.raises(NotEstimable, match="family: got"):
        stats.e_needed(family)
