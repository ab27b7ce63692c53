"""Two cases over the same rows, against independent code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import mcnemar

from harness import stats
from harness.errors import NotComparable, NotEstimable

# (b, c, n): exact p, mid-p, Tango 95 %, Tango 90 %. Exact p: statsmodels 0.15.0; the rest: independent code that
# enumerates, and inverts the score test by root finding. The first are the data of Fagerland et al. 2013.
PAIRED = {
    (1, 7, 21): (0.0703125, 0.0390625, (-0.517232, -0.026003), (-0.481622, -0.074631)),
    (18, 7, 100): (0.043285251, 0.028959274, (0.012783, 0.210266), (0.029122, 0.193369)),
    (19, 8, 100): (0.052238986, 0.035698138, (0.008624, 0.213361), (0.025597, 0.196088)),
    (44, 16, 524): (0.000394043, 0.000264279, (0.025299, 0.083717), (0.029844, 0.078574)),
    (52, 14, 524): (0.000002822, 0.000001773, (0.043572, 0.104067), (0.048194, 0.098714)),
    (43, 33, 524): (0.30187249, 0.254304666, (-0.013796, 0.052468), (-0.008402, 0.046933)),
    (53, 53, 500): (1.0, 0.96134258, (-0.04077, 0.04077), (-0.034115, 0.034115)),
    (0, 0, 100): (1.0, 1.0, (-0.036993, 0.036993), (-0.026343, 0.026343)),
    (1, 1, 100): (1.0, 0.75, (-0.045618, 0.045618), (-0.034741, 0.034741)),
    (0, 4, 100): (0.125, 0.0625, (-0.098371, -0.001527), (-0.086153, -0.012604)),
    (2, 1, 100): (1.0, 0.625, (-0.03683, 0.061405), (-0.026005, 0.050029)),
    (30, 42, 1000): (0.194505166, 0.159711683, (-0.029216, 0.004744), (-0.02633, 0.001991)),
    (30, 42, 2000): (0.194505166, 0.159711683, (-0.014645, 0.002375), (-0.01319, 0.000996)),
    (70, 50, 1000): (0.082407479, 0.068593638, (-0.001491, 0.041884), (0.002002, 0.038279)),
}
Known = tuple[float, float, tuple[float, float], tuple[float, float]]


def answers(b: int, c: int, n: int) -> tuple[list[int], list[int]]:
    """Points of two cases with these counts; half of the rest is right in both."""
    rest = n - b - c
    both = [1] * (rest // 2) + [0] * (rest - rest // 2)
    return [1] * b + [0] * c + both, [0] * b + [1] * c + both


@pytest.mark.parametrize(("counts", "known"), PAIRED.items())
def test_intervals_and_p_values_are_the_known_ones(counts: tuple[int, int, int], known: Known) -> None:
    b, c, _ = counts
    exact, mid, tango95, tango90 = known
    assert stats.mcnemar_exact(b, c) == pytest.approx(exact, abs=5e-9)
    assert stats.mcnemar_mid_p(b, c) == pytest.approx(mid, abs=5e-9)
    assert stats.tango(*counts) == pytest.approx(tango95, abs=5e-7)
    assert stats.tango(*counts, 0.90) == pytest.approx(tango90, abs=5e-7)


@pytest.mark.parametrize(("counts", "known"), PAIRED.items())
def test_an_unclustered_difference_is_tango_with_mid_p(counts: tuple[int, int, int], known: Known) -> None:
    b, c, n = counts
    found = stats.difference(*answers(*counts), range(n))
    assert (found.low, found.high) == pytest.approx(stats.tango(*counts), abs=1e-12)
    assert found.value == pytest.approx((b - c) / n)
    assert found.p == pytest.approx(known[1], abs=5e-9)
    assert (found.only_first, found.only_second) == (b, c)
    assert (found.n, found.clusters, found.level) == (n, n, 0.95)
    assert (found.method, found.test) == ("Tango", "McNemar mid-p")


def brute_tango(b: float, c: float, n: float, shift: float) -> float:
    """Score statistic with the nuisance probability found by maximising the likelihood on a bounded interval."""

    def loss(q: float) -> float:
        both = max(1 - 2 * q - shift, 1e-300)
        terms = [(b, q + shift), (c, q), (n - b - c, both)]
        return -sum(count * math.log(max(p, 1e-300)) for count, p in terms if count > 0)

    low, high = max(0.0, -shift), (1 - shift) / 2
    q = float(optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x)
    return (b - c - n * shift) / math.sqrt(n * (2 * q + shift * (1 - shift)))


@pytest.mark.parametrize("counts", [(18, 7, 100), (2.5, 0.7, 9.3), (40, 1, 45), (3, 3, 400), (0.2, 1.9, 2.2)])
def test_tango_ends_are_where_the_maximum_likelihood_statistic_is_critical(
    counts: tuple[float, float, float],
) -> None:
    low, high = stats.tango(*counts)
    z = scipy_stats.norm.ppf(0.975)
    assert brute_tango(*counts, low) == pytest.approx(z, rel=1e-4)
    assert brute_tango(*counts, high) == pytest.approx(-z, rel=1e-4)


@pytest.mark.parametrize(("n", "reach"), [(100, 0.036993), (1000, 0.003827), (50, 0.071348)])
def test_identical_answers_are_compatible_with_a_difference(n: int, reach: float) -> None:
    # z^2 / (n + z^2) with z^2 = 3.841459
    points = [1, 0] * (n // 2)
    found = stats.difference(points, points, range(n))
    assert (found.low, found.high) == pytest.approx((-reach, reach), abs=5e-7)
    assert (found.value, found.p) == (0.0, 1.0)


def test_tango_at_its_extremes_stays_in_range() -> None:
    low, high = stats.tango(10, 0, 10)
    # All discordant one way: n (1 - x) = z^2 (1 + x) at the lower end x.
    assert low == pytest.approx((10 - 3.841459) / (10 + 3.841459), abs=1e-6)
    assert high == 1.0
    assert stats.tango(0, 10, 10) == (-high, -low)
    for b, c, n in ((0, 0, 1e-3), (0, 0, 1e9), (1, 0, 1e9), (0.01, 0.02, 0.5)):
        low, high = stats.tango(b, c, n)
        assert -1 <= low < (b - c) / n < high <= 1


def test_exact_mcnemar_agrees_with_statsmodels_and_scipy() -> None:
    for b, c in ((0, 1), (3, 9), (12, 12), (0, 40), (150, 190), (2000, 2200)):
        theirs = mcnemar([[10, b], [c, 10]], exact=True).pvalue
        assert stats.mcnemar_exact(b, c) == pytest.approx(theirs, rel=1e-9)
        assert stats.mcnemar_exact(b, c) == pytest.approx(scipy_stats.binomtest(b, b + c).pvalue, rel=1e-9)


def test_mid_p_is_exact_p_less_the_observed_probability() -> None:
    for b, c in ((0, 1), (3, 9), (0, 40), (150, 190), (2000, 2200)):
        expected = scipy_stats.binomtest(b, b + c).pvalue - scipy_stats.binom.pmf(b, b + c, 0.5)
        assert stats.mcnemar_mid_p(b, c) == pytest.approx(expected, rel=1e-9)


def test_interval_and_test_may_disagree_near_the_threshold() -> None:
    found = stats.difference(*answers(0, 4, 100), range(100))
    assert found.high < 0
    assert found.p > 0.05


def test_clustered_answers_have_a_shrunken_tango_interval_and_the_sign_flip() -> None:
    # 8 images, 6 rows each; sums of differences 3, 2, 1, 1, -1, 2, 0, 1. Only whole clusters are flipped: p = 10/128.
    sums = [3, 2, 1, 1, -1, 2, 0, 1]
    first = [int(k < s) for s in sums for k in range(6)]
    second = [int(k < -s) for s in sums for k in range(6)]
    clusters = [i // 6 for i in range(48)]
    found = stats.difference(first, second, clusters)
    assert found.p == pytest.approx(0.078125, abs=1e-12)
    assert (found.method, found.test) == ("effective-n Tango", "cluster sign-flip, exact")
    # Deviations by cluster s - 6 * 9/48: CR1^2 = 8/7 * 10.875 / 48^2, iid^2 = (11 - 81/48) / 48^2, so their ratio
    # is 12.428571 / 9.3125 = 1.334612; t(7) = 2.364624, z = 1.959964; f = 1.334612 * 1.455558 = 1.942605.
    f = 1.942605
    assert (found.low, found.high) == pytest.approx(stats.tango(10 / f, 1 / f, 48 / f), abs=1e-6)
    assert (found.only_first, found.only_second, found.n, found.clusters) == (10, 1, 48, 8)


def test_identical_clustered_answers_count_as_many_rows_as_clusters() -> None:
    points, clusters = [1, 0, 1, 0] * 10, [i // 4 for i in range(40)]
    found = stats.difference(points, points, clusters)
    n = 10 * (scipy_stats.norm.ppf(0.975) / scipy_stats.t.ppf(0.975, 9)) ** 2
    assert (found.low, found.high) == pytest.approx(stats.tango(0, 0, n), abs=1e-9)


def test_other_points_have_the_paired_t_interval_of_scipy_where_unclustered() -> None:
    rng = np.random.default_rng(3)
    # below 20 clusters nothing is made of their skewness
    first, second = rng.random(19), rng.random(19)
    found = stats.difference(first, second, range(19))
    theirs = scipy_stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert (found.method, found.test) == ("CR1 t", "sign-flip, exact")
    assert (found.only_first, found.only_second) == (0, 0)


def test_other_points_that_never_differ_still_have_an_interval() -> None:
    found = stats.difference([0.5] * 30, [0.5] * 30, range(30))
    assert (found.low, found.high) == pytest.approx(stats.tango(0, 0, 30), abs=1e-12)
    assert (found.p, found.method) == (1.0, "Tango")


def test_one_draw_that_differs_leaves_the_interval_of_equal_rows() -> None:
    # 300 rows against the mean of 5 draws, and one draw of one row is wrong. t(299) = 1.967930, and
    # t^2 / (300 + t^2) = 0.012744; CR1 t alone would be 0.000667 -+ 0.001312, a tenth of what equal rows have.
    first, second = [1.0] * 300, [1.0] * 299 + [0.8]
    found = stats.difference(first, second, range(300))
    assert (found.low, found.high) == pytest.approx((0.2 / 300 - 0.012744, 0.2 / 300 + 0.012744), abs=1e-6)
    equal = stats.difference(first, first, range(300))
    assert (equal.low, equal.high) == pytest.approx((-0.012643, 0.012643), abs=1e-6)
    assert (found.method, found.test, found.p) == ("CR1 t with a floor", "sign-flip, exact", 1.0)


def test_a_floor_is_only_where_few_rows_differ() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 2, 300), rng.binomial(5, 0.5, 300) / 5
    found = stats.difference(first, second, range(300))
    theirs = scipy_stats.ttest_rel(first, second).confidence_interval(0.95)
    # hardly skewed, and so hardly wider
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-4)
    assert (found.method, found.test) == ("CR1 t", "sign-flip, exact")


def test_the_side_of_the_long_tail_is_wider_than_t() -> None:
    # large losses are rare: the sets without them have the highest mean and the smallest error
    rng = np.random.default_rng(6)
    clusters, lost = np.arange(150) // 3, np.minimum(1, rng.exponential(0.1, 150))
    found = stats.difference(1 - lost, np.ones(150), clusters)
    error = float(np.bincount(clusters, lost - lost.mean()).std(ddof=1)) / np.sqrt(50) / 3
    t = scipy_stats.t.ppf(0.975, 49)
    assert found.high - found.value == pytest.approx(t * error, rel=1e-9)
    assert 1.02 * t * error < found.value - found.low < 1.5 * t * error


def test_the_floor_counts_clusters_and_not_rows_where_few_of_them_differ() -> None:
    first, second = [1.0] * 300, [1.0] * 299 + [0.8]
    found = stats.difference(first, second, [i // 5 for i in range(300)])
    # t(59) = 2.000995: 4.003981 / (60 + 4.003981)
    assert found.high - found.value == pytest.approx(0.062558, abs=1e-6)
    # 20 clusters of 15 rows all differ, and move no more together than single rows: the t interval stands.
    rng = np.random.default_rng(8)
    assert stats.difference(rng.random(300), rng.random(300), [i // 15 for i in range(300)]).method == "CR1 t"


@pytest.mark.parametrize("truth", [0.2, 0.5, 0.9])
def test_a_mean_of_draws_is_rarely_beaten_by_an_equal(truth: float) -> None:
    # Both cases have the same truth, the second is asked five times. More than 22 of 400 at 2.5 % happens once in 4000.
    rng = np.random.default_rng(6)
    won = 0
    for _ in range(400):
        found = stats.difference(rng.binomial(1, truth, 300), rng.binomial(5, truth, 300) / 5, range(300))
        won += found.low > 0 and found.p <= 0.05
    assert won <= 22


@pytest.mark.parametrize(
    ("n", "expected"),
    [(100, 0.125291), (198, 0.08904), (451, 0.058997), (1061, 0.038465), (2000, 0.028016)],
)
def test_the_detectable_difference_at_20_percent_discordance_is_the_known_one(n: int, expected: float) -> None:
    # (1.959964 + 0.841621) * sqrt(0.2 / n), independent code
    assert stats.detectable(0.2, n) == pytest.approx(expected, abs=5e-7)


def test_a_difference_says_what_its_rows_could_have_shown() -> None:
    assert stats.difference(*answers(10, 10, 100), range(100)).detectable == pytest.approx(0.125291, abs=5e-7)
    # The same rows in pairs that move together: half as many rows, and t(49) for z.
    first, second = (np.repeat(points, 2).tolist() for points in answers(5, 5, 50))
    halved = stats.difference(first, second, [i // 2 for i in range(100)])
    # CR1^2 / iid^2 is 2 * 50/49; n_eff = 100 / (2 * 50/49) * (1.959964 / 2.009575)^2 = 46.61039
    assert halved.detectable == pytest.approx(2.801585 * math.sqrt(0.2 / 46.61039), abs=1e-5)


def test_no_discordant_row_does_not_mean_that_any_difference_was_detectable() -> None:
    # A difference of 0.078489 needs as much discordance: 2.801585^2 / 100.
    points = [1, 0] * 50
    assert stats.difference(points, points, range(100)).detectable == pytest.approx(0.078489, abs=5e-7)


def test_cases_of_different_length_are_not_compared() -> None:
    with pytest.raises(NotComparable, match="3 points of the first case but 2 of the second"):
        stats.difference([1, 0, 1], [1, 0], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("first", "second", "clusters", "message"),
    [
        ([], [], [], "at least one row"),
        ([1, 0], [1, float("nan")], ["a", "b"], "nan as the points of row number 1"),
        ([1, 0], [1, 1], ["a", "a"], "2 rows in one cluster"),
        ([1, 0], [1, 1], ["a"], "2 points but 1 clusters"),
        ([0.5], [0.2], ["a"], "one row with points other than 0 or 1"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(
    first: list[float], second: list[float], clusters: list[str], message: str
) -> None:
    with pytest.raises(NotEstimable, match=message):
        stats.difference(first, second, clusters)


@pytest.mark.parametrize(("b", "c", "n"), [(-1, 0, 3), (2, 2, 3), (0, 0, 0), (float("nan"), 0, 3)])
def test_impossible_counts_are_refused(b: float, c: float, n: float) -> None:
    with pytest.raises(NotEstimable, match="Tango"):
        stats.tango(b, c, n)


@pytest.mark.parametrize(("b", "c"), [(-1, 0), (0.5, 2)])
def test_mcnemar_refuses_counts_that_are_not_counts(b: float, c: float) -> None:
    with pytest.raises(NotEstimable, match="whole counts"):
        stats.mcnemar_mid_p(b, c)  # type: ignore[arg-type]


def test_the_same_points_in_small_unsigned_integers_give_the_same_difference() -> None:
    first, second = answers(18, 7, 100)
    small = stats.difference(np.array(first, np.uint8), np.array(second, np.uint8), range(100))
    assert small == stats.difference(first, second, range(100))
