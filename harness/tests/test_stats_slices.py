"""Slices: worked numbers of two published tables, statsmodels and scikit-learn, and clusters that slices share."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats
from sklearn.metrics import balanced_accuracy_score
from statsmodels.api import OLS
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multivariate import test_mvmean as hotelling

from harness import stats
from harness.errors import NotEstimable


def paired_error(b: int, c: int, n: int) -> float:
    """Standard error of (b - c) / n with n - 1, as CR1 has it for single rows."""
    return math.sqrt(((b + c) / n - ((b - c) / n) ** 2) / (n - 1))


def test_the_gap_that_seems_to_come_from_closed_questions_is_not_shown() -> None:
    # VQA-RAD, 100 rows: open +4/-4 of 34, closed +14/-3 of 66. Independent code: 0.1667, error 0.1033, p 0.107.
    found = stats.interaction(11 / 66, paired_error(14, 3, 66), 0.0, paired_error(4, 4, 34))
    assert found.value == pytest.approx(0.1667, abs=5e-5)
    assert found.error == pytest.approx(0.1033, abs=5e-5)
    assert found.p == pytest.approx(0.107, abs=5e-4)
    assert found.low < 0 < found.high
    # Closed questions alone would seem to show it.
    assert stats.mcnemar_mid_p(14, 3) < 0.05 < stats.mcnemar_mid_p(4, 4)


def test_an_interaction_of_two_is_the_heterogeneity_of_two() -> None:
    found = stats.interaction(0.3, 0.05, 0.1, 0.08)
    both = stats.heterogeneity([0.3, 0.1], [0.05, 0.08])
    assert both.p == pytest.approx(found.p, rel=1e-12)
    assert both.q == pytest.approx((found.value / found.error) ** 2)
    z = scipy_stats.norm.ppf(0.975)
    assert (found.low, found.high) == pytest.approx((0.2 - z * found.error, 0.2 + z * found.error))


def test_heterogeneity_agrees_with_the_fixed_effects_of_statsmodels() -> None:
    rng = np.random.default_rng(1)
    values, errors = rng.normal(0, 0.1, 6), rng.uniform(0.02, 0.1, 6)
    theirs = combine_effects(values, errors**2)
    found = stats.heterogeneity(values, errors)
    assert found.q == pytest.approx(theirs.q, rel=1e-9)
    assert found.p == pytest.approx(theirs.test_homogeneity().pvalue, rel=1e-9)
    assert found.value == pytest.approx(theirs.mean_effect_fe, rel=1e-9)
    assert found.freedom == 5


def test_slices_of_the_same_images_are_tested_with_their_covariance() -> None:
    # Three questions of each of 90 images. Differences of means of the same images are a one-sample Hotelling test,
    # which divides by G - 1 as well and has chi-squared in the limit: independent code, statsmodels 0.15.0.
    rng = np.random.default_rng(12)
    points = rng.normal(0, 1, 90)[:, None] + rng.normal([0, 0.1, 0.2], 0.5, (90, 3))
    of = stats.slice_means(points.ravel(), np.repeat(np.arange(90), 3), ["a", "b", "c"] * 90)
    found = stats.heterogeneity(of.values, of.covariance)
    theirs = hotelling(points[:, 1:] - points[:, :1], np.zeros(2))
    assert found.q == pytest.approx(theirs.t2, rel=1e-9)
    assert found.p < 0.05 < stats.heterogeneity(of.values, of.errors).p
    # A diagonal covariance is Cochran's Q of the errors.
    alone = stats.heterogeneity(of.values, np.diag(of.errors**2))
    assert alone.q == pytest.approx(stats.heterogeneity(of.values, of.errors).q, rel=1e-12)


def test_means_by_slice_have_the_cluster_robust_errors_of_statsmodels() -> None:
    rng = np.random.default_rng(13)
    clusters, kinds = rng.integers(0, 60, 300), rng.integers(0, 3, 300)
    values = rng.random(300) - 0.5
    of = stats.slice_means(values, clusters, kinds)
    for kind in range(3):
        y, g = values[kinds == kind], clusters[kinds == kind]
        theirs = OLS(y, np.ones(y.size)).fit(cov_type="cluster", cov_kwds={"groups": g})
        assert of.errors[kind] == pytest.approx(theirs.bse[0], rel=1e-9)
        assert (of.n[kind], of.clusters[kind]) == (y.size, len(set(g.tolist())))
    assert of.names == (0, 1, 2)
    assert not of.small.any()
    assert stats.slice_means(values[:40], clusters[:40], kinds[:40]).small.all()


def test_slices_that_share_clusters_have_a_smaller_error_where_they_move_together() -> None:
    # Both questions of an image rise and fall together: the difference of the two slices by OLS over images.
    rng = np.random.default_rng(2)
    luck = rng.normal(0, 1, 80)
    first, second = luck + rng.normal(0, 0.3, 80), luck + rng.normal(0, 0.3, 80)
    theirs = OLS(first - second, np.ones(80)).fit()
    errors = [float(v.std(ddof=1)) / math.sqrt(80) for v in (first, second)]
    covariance = float(np.cov(first, second)[0, 1]) / 80
    found = stats.interaction(float(first.mean()), errors[0], float(second.mean()), errors[1], covariance=covariance)
    assert found.error == pytest.approx(theirs.bse[0], rel=1e-9)
    assert found.error < stats.interaction(0, errors[0], 0, errors[1]).error / 2


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ([0.1], [0.1]),
        ([], []),
        ([0.1, 0.2], [0.1]),
        ([0.1, 0.2], [0.1, 0.0]),
        ([0.1, 0.2], [0.1, -0.1]),
        ([0.1, float("nan")], [0.1, 0.1]),
        ([0.1, 0.2], [0.1, float("inf")]),
        ([0.1, 0.2], [[0.01, 0.01], [0.01, 0.01]]),
        ([0.1, 0.2], [[0.01, 0.0], [0.0, 0.0]]),
    ],
)
def test_slices_that_say_nothing_are_not_compared(values: list[float], errors: list[float]) -> None:
    with pytest.raises(NotEstimable, match="heterogeneity: got values"):
        stats.heterogeneity(values, errors)


@pytest.mark.parametrize(
    ("first", "second", "covariance"),
    [((0.1, 0.0), (0.2, 0.0), 0.0), ((0.1, -0.1), (0.2, 0.1), 0.0), ((float("nan"), 0.1), (0.2, 0.1), 0.0),
     ((0.1, 0.1), (0.2, 0.1), 0.01), ((0.1, 0.1), (0.2, float("inf")), 0.0)],
)  # fmt: skip
def test_an_interaction_without_an_error_is_refused(
    first: tuple[float, float], second: tuple[float, float], covariance: float
) -> None:
    with pytest.raises(NotEstimable, match="interaction: got"):
        stats.interaction(*first, *second, covariance=covariance)


def test_a_small_slice_is_below_30_rows_or_10_clusters() -> None:
    assert (stats.SMALL_N, stats.SMALL_CLUSTERS) == (30, 10)


def test_the_macro_mean_of_a_published_row_is_the_known_one() -> None:
    # MedXpertQA-MM, GPT-4o: reasoning 589 of 1446, understanding 267 of 554. Independent code: 0.444640, error
    # 0.012435, where the mean over rows is 0.4280.
    points = [1] * 589 + [0] * 857 + [1] * 267 + [0] * 287
    kinds = ["Reasoning"] * 1446 + ["Understanding"] * 554
    found = stats.acc_macro(points, range(2000), kinds, over="question_type")
    assert found.value == pytest.approx(0.444640, abs=5e-7)
    assert found.error == pytest.approx(0.012435, abs=5e-7)
    assert found.estimand == "acc_macro@question_type"
    assert found.slices == pytest.approx({"Reasoning": 589 / 1446, "Understanding": 267 / 554})
    # t with 553 degrees
    assert (found.low, found.high) == pytest.approx((0.420215, 0.469066), abs=2e-6)
    assert (found.n, found.clusters, found.flat, found.method) == (2000, 2000, (), "stratified CR1 t")
    assert stats.estimate(points, range(2000)).value == pytest.approx(0.4280)


def test_the_macro_mean_over_gold_answers_is_the_balanced_accuracy_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    gold, given = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    found = stats.acc_macro(gold == given, range(200), gold, over="gold")
    assert found.value == pytest.approx(balanced_accuracy_score(gold, given), abs=1e-12)


def test_the_error_of_a_macro_mean_counts_clusters_that_slices_share() -> None:
    # One question of each of two kinds for each of 60 images: the macro mean is the mean over images.
    rng = np.random.default_rng(4)
    luck = rng.random(60)
    points = (rng.random((60, 2)) < luck[:, None]).astype(float)
    theirs = OLS(points.mean(axis=1), np.ones(60)).fit()
    found = stats.acc_macro(points.ravel(), np.repeat(np.arange(60), 2), ["open", "closed"] * 60, over="kind")
    assert found.error == pytest.approx(theirs.bse[0], rel=1e-9)
    # As if they shared none it would be smaller.
    assert stats.acc_macro(points.ravel(), range(120), ["open", "closed"] * 60, over="kind").error < found.error


def test_the_error_of_a_macro_mean_of_clusters_within_slices_is_that_of_two_regressions() -> None:
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(50), rng.integers(1, 6, 50))
    points, kinds = rng.random(clusters.size), (clusters >= 20).astype(int)
    errors = []
    for kind in (0, 1):
        y, g = points[kinds == kind], clusters[kinds == kind]
        errors.append(OLS(y, np.ones(y.size)).fit(cov_type="cluster", cov_kwds={"groups": g}).bse[0])
    found = stats.acc_macro(points, clusters, kinds, over="kind")
    assert found.error == pytest.approx(math.hypot(*errors) / 2, rel=1e-9)


def test_order_and_names_change_no_macro_mean() -> None:
    rng = np.random.default_rng(6)
    points, clusters, kinds = rng.integers(0, 2, 90), rng.integers(0, 30, 90), rng.integers(0, 4, 90)
    one = stats.acc_macro(points, clusters, kinds, over="kind")
    moved = rng.permutation(90)
    names = [f"image {9 * c}" for c in clusters[moved]]
    other = stats.acc_macro(points[moved], names, [f"kind {9 - k}" for k in kinds[moved]], over="kind")
    assert (other.value, other.error, other.low) == pytest.approx((one.value, one.error, one.low), rel=1e-12)


def test_a_slice_without_spread_is_named() -> None:
    found = stats.acc_macro([1, 1, 1, 0, 1, 0], range(6), "aaabbb", over="kind")
    assert found.flat == ("a",)
    assert found.high == 1.0


@pytest.mark.parametrize(
    ("points", "clusters", "slices", "message"),
    [
        ([1, 0, 1], [1, 2, 2], "aab", "one has 1 cluster"),
        ([1, 1, 0, 0], range(4), "aabb", "standard error of 0"),
        ([1, 0], [1, 2], "a", "2 points and 1 slices"),
        ([], [], "", "at least one row"),
        ([1, float("nan")], [1, 2], "aa", "nan as the points"),
    ],
)
def test_slices_without_a_standard_error_have_no_macro_mean(
    points: list[float], clusters: list[int], slices: str, message: str
) -> None:
    with pytest.raises(NotEstimable, match=message):
        stats.acc_macro(points, clusters, slices, over="kind")
