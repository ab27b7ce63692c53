"""Not worse, and the same, within a margin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from harness import stats
from harness.errors import NotComparable, NotEstimable

# (b, c, n, margin): one-sided p of not worse, p of equivalence. Independent code, Tango's statistic by root finding.
KNOWN = {
    (1, 1, 100, 0.02): (0.130957, 0.130957),
    (1, 1, 100, 0.05): (0.018939, 0.018939),
    (1, 2, 100, 0.02): (0.296744, 0.296744),
    (1, 2, 100, 0.05): (0.050089, 0.050089),
    (4, 0, 100, 0.02): (0.006674, 0.919285),
    (4, 0, 100, 0.05): (0.001042, 0.323178),
    (0, 0, 100, 0.02): (0.076564, 0.076564),
    (0, 0, 100, 0.05): (0.010891, 0.010891),
    (0, 0, 50, 0.02): (0.156211, 0.156211),
    (0, 0, 50, 0.05): (0.052379, 0.052379),
    (30, 42, 1000, 0.02): (0.175559, 0.175559),
    (30, 42, 1000, 0.05): (0.000028, 0.000028),
    (30, 42, 2000, 0.02): (0.001123, 0.001123),
    (30, 42, 2000, 0.05): (0.0, 0.0),
    (70, 50, 1000, 0.02): (0.000175, 0.5),
    (70, 50, 1000, 0.05): (0.0, 0.00397),
}
# Discordance, margin: rows for not worse, rows for equivalence. Independent code.
ROWS = {
    (0.05, 0.02): (773, 1071),
    (0.1, 0.02): (1546, 2141),
    (0.2, 0.02): (3092, 4282),
    (0.1, 0.03): (687, 952),
    (0.2, 0.05): (495, 686),
}
Counts = tuple[int, int, int, float]


def answers(b: int, c: int, n: int) -> tuple[list[int], list[int]]:
    """Points of two cases with these counts."""
    return [1] * b + [0] * c + [1] * (n - b - c), [0] * b + [1] * c + [1] * (n - b - c)


@pytest.mark.parametrize(("counts", "known"), KNOWN.items())
def test_p_values_of_margins_are_the_known_ones(counts: Counts, known: tuple[float, float]) -> None:
    b, c, n, margin = counts
    first, second = answers(b, c, n)
    worse = stats.not_worse(first, second, range(n), margin=margin)
    same = stats.equivalent(first, second, range(n), margin=margin)
    assert (worse.p, same.p) == pytest.approx(known, abs=5e-7)
    assert (worse.holds, same.holds) == (known[0] <= 0.05, known[1] <= 0.05)
    assert (worse.claim, same.claim, worse.method) == ("not_worse", "equivalent", "Tango")


@pytest.mark.parametrize("counts", KNOWN)
def test_the_bounds_are_the_90_percent_interval_and_decide_as_the_p_values_do(counts: Counts) -> None:
    b, c, n, margin = counts
    found = stats.not_worse(*answers(b, c, n), range(n), margin=margin)
    assert (found.lower, found.upper) == pytest.approx(stats.tango(b, c, n, 0.90), abs=1e-9)
    assert found.holds == (found.lower > -margin)
    same = stats.equivalent(*answers(b, c, n), range(n), margin=margin)
    assert same.holds == (-margin < same.lower and same.upper < margin)


def test_fifty_answers_of_which_one_draw_differs_prove_no_more_than_identical_ones() -> None:
    # t of the upper margin is sqrt(50 * 0.046 / 0.954) = 1.552708 at 49 degrees; CR1 t alone would say 11.5.
    first, second = [1.0] * 50, [1.0] * 49 + [0.8]
    found = stats.equivalent(first, second, range(50), margin=0.05)
    assert found.p == pytest.approx(scipy_stats.t.sf(1.552708, 49), abs=1e-6)
    assert not found.holds
    assert found.method == "CR1 t with a floor"
    assert stats.equivalent(first * 2, second * 2, range(100), margin=0.05).holds


def test_rare_whole_losses_beside_small_noise_are_seldom_taken_for_none() -> None:
    # Truly worse by the margin: one row in fifty is lost in all draws, one in ten is off by one of five. CR1 t alone
    # claims 'not worse' in 14 % of such sets, since most have none or one of the losses.
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(300):
        luck = rng.random(100)
        d = np.where(luck < 0.02, -1.0, np.where(luck > 0.9, rng.choice([-0.2, 0.2], 100), 0.0))
        held += stats.not_worse(np.maximum(d, 0), np.maximum(-d, 0), range(100), margin=0.02).holds
    # More than 27 of 300 at 5 % happens once in 700.
    assert held <= 27


def test_fifty_identical_answers_do_not_prove_five_points() -> None:
    points = [1, 0] * 25
    assert not stats.equivalent(points, points, range(50), margin=0.05).holds
    assert stats.equivalent(points * 2, points * 2, range(100), margin=0.05).holds


@pytest.mark.parametrize("margin", [0.02, 0.08, 0.2])
def test_clustered_bounds_and_p_values_decide_alike(margin: float) -> None:
    rng = np.random.default_rng(2)
    clusters = (np.arange(300) // 6).tolist()
    first = np.repeat(rng.integers(0, 2, 100), 3)
    second = np.where(rng.random(300) < 0.8, first, 1 - first)
    for a, b in ((first, second), (second, first)):
        found = stats.not_worse(a, b, clusters, margin=margin)
        assert found.method == "effective-n Tango"
        assert found.holds == (found.lower > -margin)


def test_clusters_weaken_the_evidence() -> None:
    # The same 48 rows: each counted for itself, and as 8 images of 6 that move together.
    sums = [3, 2, 1, 1, -1, 2, 0, 1]
    first = [int(k < s) for s in sums for k in range(6)]
    second = [int(k < -s) for s in sums for k in range(6)]
    alone = stats.not_worse(second, first, range(48), margin=0.3)
    together = stats.not_worse(second, first, [i // 6 for i in range(48)], margin=0.3)
    assert together.p > alone.p
    assert together.lower < alone.lower
    assert together.rows_needed > alone.rows_needed


def test_other_points_have_the_one_sided_t_test_of_scipy() -> None:
    rng = np.random.default_rng(4)
    # below 20 clusters nothing is made of their skewness
    first, second = rng.random(19), rng.random(19)
    found = stats.not_worse(first, second, range(19), margin=0.1)
    theirs = scipy_stats.ttest_1samp(first - second, -0.1, alternative="greater")
    assert found.p == pytest.approx(theirs.pvalue, abs=1e-9)
    bounds = scipy_stats.ttest_1samp(first - second, 0).confidence_interval(0.90)
    assert (found.lower, found.upper) == pytest.approx((bounds.low, bounds.high), abs=1e-9)
    same = stats.equivalent(first, second, range(19), margin=0.1)
    other = scipy_stats.ttest_1samp(first - second, 0.1, alternative="less")
    assert same.p == pytest.approx(max(theirs.pvalue, other.pvalue), abs=1e-9)
    assert found.method == "CR1 t"


@pytest.mark.parametrize(("plan", "known"), ROWS.items())
def test_rows_needed_are_the_known_ones(plan: tuple[float, float], known: tuple[int, int]) -> None:
    assert (stats.rows_not_worse(*plan), stats.rows_equivalent(*plan)) == known


def test_an_undecided_margin_says_how_many_rows_it_needs() -> None:
    # 20 of 200 discordant and a margin of 0.02: 1546 rows
    found = stats.not_worse(*answers(10, 10, 200), range(200), margin=0.02)
    assert not found.holds
    assert found.rows_needed == 1546


def test_rows_needed_are_never_none_where_nothing_was_discordant() -> None:
    # A difference of 0.05 needs a discordance of 0.05: 6.182557 / 0.05 = 123.65
    assert stats.rows_not_worse(0.0, 0.05) == 124


@pytest.mark.parametrize("margin", [0, 1, -0.02, 2, float("nan")])
def test_a_margin_outside_0_and_1_is_refused(margin: float) -> None:
    for test in (stats.not_worse, stats.equivalent):
        with pytest.raises(NotEstimable, match="margin: got"):
            test([1, 0], [1, 1], ["a", "b"], margin=margin)
    with pytest.raises(NotEstimable, match="margin: got"):
        stats.rows_not_worse(0.1, margin)


def test_an_alpha_outside_0_and_1_is_refused() -> None:
    with pytest.raises(NotEstimable, match="alpha: got 5"):
        stats.not_worse([1, 0], [1, 1], ["a", "b"], margin=0.1, alpha=5)


@pytest.mark.parametrize("discordance", [-0.1, 1.1, float("nan")])
def test_a_discordance_that_is_no_share_is_refused(discordance: float) -> None:
    with pytest.raises(NotEstimable, match="discordance: got"):
        stats.detectable(discordance, 100)
    with pytest.raises(NotEstimable, match="discordance: got"):
        stats.rows_equivalent(discordance, 0.02)


def test_no_rows_detect_nothing() -> None:
    with pytest.raises(NotEstimable, match="n=0"):
        stats.detectable(0.1, 0)


def test_a_gate_on_different_rows_is_refused() -> None:
    with pytest.raises(NotComparable, match="not_worse: got 2 points of the first case but 3 of the second"):
        stats.not_worse([1, 0], [1, 1, 0], ["a", "b"], margin=0.02)
