"""Intervals of one case, against statsmodels, scipy and worked numbers."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint

from harness import stats
from harness.errors import NotEstimable

# 4 images with 4, 4, 3 and 2 questions.
TOY = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1]
TOY_CLUSTERS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3]

# statsmodels 0.15.0, proportion_confint(method="wilson")
WILSON = {
    (73, 100): (0.635679, 0.807304),
    (92, 100): (0.850019, 0.958907),
    (421, 2000): (0.193197, 0.228913),
    (0, 25): (0.0, 0.133192),
    (25, 25): (0.866808, 1.0),
    (81, 197): (0.344796, 0.480938),
    (856, 2000): (0.406474, 0.449802),
    (781, 1500): (0.495365, 0.545863),
    (33, 176): (0.136741, 0.251609),
    (312, 500): (0.580749, 0.66536),
    (474, 524): (0.8764, 0.926871),
}

# statsmodels 0.15.0, proportion_confint(method="beta")
CLOPPER_PEARSON = {
    (73, 100): (0.631984, 0.813934),
    (421, 2000): (0.192818, 0.229034),
    (0, 25): (0.0, 0.137185),
    (25, 25): (0.862815, 1.0),
    (81, 197): (0.341727, 0.483323),
    (33, 176): (0.132721, 0.253117),
}


@pytest.mark.parametrize(("counts", "expected"), WILSON.items())
def test_wilson_gives_the_published_interval(counts: tuple[int, int], expected: tuple[float, float]) -> None:
    assert stats.wilson(*counts) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(("counts", "expected"), CLOPPER_PEARSON.items())
def test_clopper_pearson_gives_the_published_interval(counts: tuple[int, int], expected: tuple[float, float]) -> None:
    assert stats.clopper_pearson(*counts) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
def test_both_intervals_agree_with_statsmodels_and_scipy(level: float) -> None:
    for n in (1, 2, 7, 25, 176, 2000):
        for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
            theirs = proportion_confint(k, n, alpha=1 - level, method="wilson")
            assert stats.wilson(k, n, level) == pytest.approx(theirs, abs=1e-9)
            test = scipy_stats.binomtest(k, n)
            for method, ours in (("wilson", stats.wilson), ("exact", stats.clopper_pearson)):
                found = test.proportion_ci(level, method)
                assert ours(k, n, level) == pytest.approx((found.low, found.high), abs=1e-9)


@pytest.mark.parametrize(("n", "upper"), [(30, 0.095034), (100, 0.029513), (300, 0.009936)])
def test_zero_failures_have_the_exact_one_sided_upper_bound(n: int, upper: float) -> None:
    # 1 - 0.05 ** (1 / n), the exact form of the rule of three
    low, high = stats.clopper_pearson(0, n, 0.90)
    assert low == 0.0
    assert high == pytest.approx(upper, abs=5e-7)


def test_none_and_all_right_have_exact_ends() -> None:
    assert stats.wilson(0, 25)[0] == 0.0
    assert stats.wilson(25, 25)[1] == 1.0
    assert stats.estimate([0, 0, 0], "aab").low == 0.0
    assert stats.estimate([1, 1, 1], "aab").high == 1.0


def test_unclustered_binary_points_have_plain_wilson_and_say_so() -> None:
    found = stats.estimate([1] * 421 + [0] * 1579, range(2000))
    assert (found.low, found.high) == stats.wilson(421, 2000)
    assert (found.value, found.n, found.clusters) == (421 / 2000, 2000, 2000)
    assert (found.level, found.method) == (0.95, "Wilson")


def test_clustered_binary_points_have_effective_n_wilson() -> None:
    # CR1 0.182059, p(1-p) / CR1^2 = 7.497875, times (1.959964 / 3.182446)^2: n_eff 2.843891 (independent code)
    found = stats.estimate(TOY, TOY_CLUSTERS)
    assert found.value == pytest.approx(7 / 13)
    assert (found.low, found.high) == pytest.approx((0.137824, 0.894899), abs=5e-7)
    assert (found.low, found.high) == pytest.approx(stats.wilson(7 / 13 * 2.843891, 2.843891), abs=5e-7)
    assert (found.n, found.clusters, found.method) == (13, 4, "effective-n Wilson")


def test_the_effective_interval_of_73_of_100_on_81_images_is_reproduced() -> None:
    # CR1 0.049054, 81 images: n_eff = 0.1971 / 0.049054^2 * (1.959964 / 1.990063)^2 = 79.4507 (independent code)
    assert stats.wilson(0.73 * 79.4507, 79.4507) == pytest.approx((0.623461, 0.815324), abs=5e-7)


def test_clusters_that_help_are_not_believed() -> None:
    # One right and one wrong in nearly each pair: the clustered error is below the plain one, and n stays 38.
    points, clusters = [1, 0] * 18 + [1, 1], [i // 2 for i in range(38)]
    found = stats.estimate(points, clusters)
    t, z = scipy_stats.t.ppf(0.975, 18), scipy_stats.norm.ppf(0.975)
    n = 38 * (z / t) ** 2
    assert (found.low, found.high) == pytest.approx(stats.wilson(20 / 38 * n, n), abs=1e-9)


@pytest.mark.parametrize("points", [[1, 0] * 10, [1] * 20, [0] * 20])
def test_clusters_without_spread_count_once_each(points: list[int]) -> None:
    # 10 pairs, none of which deviates: n_eff is 10 * (z / t)^2, not infinite and not 20.
    found = stats.estimate(points, [i // 2 for i in range(20)])
    t, z = scipy_stats.t.ppf(0.975, 9), scipy_stats.norm.ppf(0.975)
    n = 10 * (z / t) ** 2
    assert (found.low, found.high) == pytest.approx(stats.wilson(found.value * n, n), abs=1e-9)


def test_other_points_have_the_cluster_robust_t_interval_of_statsmodels() -> None:
    from statsmodels.api import OLS

    rng = np.random.default_rng(7)
    # below 20 clusters nothing is made of their skewness
    clusters = np.arange(152) // 8
    points = np.clip(0.5 + 0.1 * rng.standard_normal(19)[clusters] + 0.1 * rng.standard_normal(152), 0, 1)
    theirs = OLS(points, np.ones(152)).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    found = stats.estimate(points, clusters.tolist())
    assert (found.low, found.high) == pytest.approx(tuple(theirs.conf_int()[0]), abs=1e-9)
    assert found.value == pytest.approx(theirs.params[0])
    assert found.method == "CR1 t"


def test_the_toy_as_a_t_interval_is_cut_to_the_range_of_points() -> None:
    # Points a hair off 0 and 1 leave the binary case; uncut the interval is [-0.040931, 1.117854] (statsmodels 0.15.0).
    off = [min(max(p, 1e-9), 1 - 1e-9) for p in TOY]
    found = stats.estimate(off, TOY_CLUSTERS)
    assert (found.low, found.high, found.method) == (0.0, 1.0, "CR1 t")
    narrower = stats.estimate(off, TOY_CLUSTERS, level=0.5)
    # t(3) at 0.75 is 0.764892: 0.538462 -+ 0.764892 * 0.182059
    assert (narrower.low, narrower.high) == pytest.approx((0.399206, 0.677717), abs=2e-6)


def test_one_draw_of_one_row_does_not_take_the_interval_away() -> None:
    # 300 rows asked five times, all right but one draw. t(299) = 1.967930: u = 3.872748 / 303.872748 = 0.012745; CR1 t
    # alone is [0.998022, 1], where 300 right of 300 are [0.987357, 1].
    found = stats.estimate([1.0] * 299 + [0.8], range(300))
    assert (found.low, found.high) == pytest.approx((0.999333 * (1 - 0.012745), 1.0), abs=1e-5)
    assert found.method == "CR1 t with a floor"
    turned = stats.estimate([0.0] * 299 + [0.2], range(300))
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-12)
    assert stats.estimate([1] * 300, range(300)).low == pytest.approx(0.987357, abs=1e-6)


def test_means_of_draws_near_the_ceiling_hold_the_truth() -> None:
    # 300 sets of 300 rows; half of the rows are surely right, the rest are asked five times with 98 %.
    rng = np.random.default_rng(12)
    held = 0
    for _ in range(300):
        points = np.concatenate([np.ones(150), rng.binomial(5, 0.98, 150) / 5])
        found = stats.estimate(points, np.arange(300))
        held += found.low <= 0.99 <= found.high
    # Fewer than 272 of 300 at 95 % happen once in 1000.
    assert held >= 272


def test_constant_points_still_have_an_interval() -> None:
    # Nothing varies, so Wilson stands in: over 9 rows, or over 3 clusters with t(2) = 4.302653 for 1.959964.
    assert stats.estimate([0.5] * 9, range(9)).low == pytest.approx(stats.wilson(4.5, 9)[0])
    clustered = stats.estimate([0.5] * 9, "aaabbbccc")
    n = 3 * (1.959963984540054 / 4.302652729911275) ** 2
    assert (clustered.low, clustered.high) == pytest.approx(stats.wilson(n / 2, n))
    assert clustered.method == "effective-n Wilson"


def test_points_of_small_unsigned_integers_and_booleans_are_read_as_numbers() -> None:
    plain = stats.estimate(TOY, TOY_CLUSTERS)
    assert stats.estimate(np.array(TOY, dtype=np.uint8), TOY_CLUSTERS) == plain
    assert stats.estimate(np.array(TOY, dtype=bool), TOY_CLUSTERS) == plain


def test_a_single_row_is_estimated_as_one_of_one() -> None:
    assert stats.estimate([1], ["a"]).low == pytest.approx(stats.wilson(1, 1)[0])


@pytest.mark.parametrize(
    ("points", "clusters", "message"),
    [
        ([], [], "at least one row"),
        ([1, 0, 1], ["a", "b"], "3 points but 2 clusters"),
        ([1, 0, 1], ["a", "a", "a"], "3 rows in one cluster"),
        ([1, float("nan")], ["a", "b"], "nan as the points of row number 1"),
        ([1, 1.5], ["a", "b"], "1.5 as the points of row number 1"),
        ([-0.1, 1], ["a", "b"], "-0.1 as the points of row number 0"),
        ([1, float("inf")], ["a", "b"], "inf as the points of row number 1"),
        ([0.5], ["a"], "one row with 0.5 points"),
        ([[1, 0], [0, 1]], ["a", "b"], r"shape \(2, 2\)"),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_the_reason(
    points: list[float], clusters: list[str], message: str
) -> None:
    with pytest.raises(NotEstimable, match=message):
        stats.estimate(points, clusters)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan")])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    with pytest.raises(NotEstimable, match="strictly between 0 and 1"):
        stats.estimate([1, 0], ["a", "b"], level=level)
    with pytest.raises(NotEstimable, match="strictly between 0 and 1"):
        stats.clopper_pearson(1, 2, level)


@pytest.mark.parametrize(("k", "n"), [(1, 0), (3, 2), (-1, 2), (float("nan"), 2)])
def test_impossible_counts_are_refused(k: float, n: int) -> None:
    with pytest.raises(NotEstimable, match="0 <= k <= n"):
        stats.wilson(k, n)
    with pytest.raises(NotEstimable, match="0 <= k <= n"):
        stats.clopper_pearson(k, n)  # type: ignore[arg-type]


def test_an_exact_interval_of_effective_counts_is_refused() -> None:
    with pytest.raises(NotEstimable, match="whole counts"):
        stats.clopper_pearson(1.5, 3)  # type: ignore[arg-type]


def test_more_clusters_for_the_same_rows_never_widen_the_interval_of_equal_clusters() -> None:
    # 24 rows, blocks of identical answers: the fewer the blocks, the wider.
    widths = []
    for size in (1, 2, 4, 6):
        blocks = [1, 0, 1, 1] * 6
        points = [blocks[i // size] for i in range(24)]
        found = stats.estimate(points, [i // size for i in range(24)])
        widths.append(found.high - found.low)
    assert all(narrow < wide for narrow, wide in pairwise(widths))


def test_importing_statistics_and_scores_imports_no_heavy_library() -> None:
    heavy = "{'scipy', 'pandas', 'nltk', 'rouge_score', 'sacrebleu', 'torch', 'transformers'}"
    code = f"import sys, harness.stats, harness.score; print(*{heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""
