"""Every statistic against an independent implementation to 1e-9, and the known faults of these libraries.

Wilson, Clopper-Pearson, the exact tests and the adjustments have theirs beside their own tests; here are those that
have to be put together of several parts. A fault that a newer library no longer has fails its test with a text that
says so.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
from scipy import stats as scipy_stats
from statsmodels.api import OLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from harness import stats
from harness.stats.sign_flip import sign_flip

Floats = NDArray[np.float64]


def regression(values: Floats, clusters: NDArray[np.int64]) -> tuple[float, float]:
    """Mean and CR1 error by the cluster-robust regression of statsmodels on a constant."""
    found = OLS(values, np.ones(values.size)).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    return float(found.params[0]), float(found.bse[0])


def score(b: float, c: float, n: float, shift: float) -> float:
    """Score statistic of a paired difference, its nuisance probability from the derivative of the likelihood."""
    low, high = max(0.0, -shift), (1 - shift) / 2

    def slope(q: float) -> float:
        return b / (q + shift) + c / q - 2 * (n - b - c) / (1 - 2 * q - shift)

    edge = 1e-15
    q = optimize.brentq(slope, low + edge, high - edge, xtol=1e-17, rtol=1e-15)
    return (b - c - n * shift) / math.sqrt(n * (2 * q + shift * (1 - shift)))


def by_root(b: float, c: float, n: float, z: float) -> tuple[float, float]:
    """The interval of differences whose score is within -+z, by root finding."""
    middle = (b - c) / n

    def low(shift: float) -> float:
        return score(b, c, n, shift) - z

    def high(shift: float) -> float:
        return score(b, c, n, shift) + z

    return (
        float(optimize.brentq(low, -1 + 1e-9, middle, xtol=1e-14)),
        float(optimize.brentq(high, middle, 1 - 1e-9, xtol=1e-14)),
    )


def rows(seed: int, n: int = 240, images: int = 40) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Binary points of two cases on rows of images of unequal number, which share their luck."""
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, images, n)
    luck = rng.random(images)[clusters]
    first = (rng.random(n) < 0.5 * luck + 0.4).astype(float)
    return first, np.where(rng.random(n) < 0.8, first, rng.random(n) < luck).astype(float), clusters


def bent(values: np.ndarray, clusters: np.ndarray, reach: float) -> tuple[float, float, float]:
    """Skewness of cluster deviations over the root of their number, and Hall's t below and above, by root finding."""
    sums = np.array([(values[clusters == name] - values.mean()).sum() for name in set(clusters.tolist())])
    skew = float(scipy_stats.skew(sums)) / np.sqrt(sums.size)

    def root(a: float) -> float:
        def short(t: float) -> float:
            return t + a * t * t / 3 + a * a * t**3 / 27 + a / 6 - reach

        return max(reach, float(optimize.brentq(short, -50, 50, xtol=1e-14)))

    return skew, root(skew), root(-skew)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_effective_n_wilson_is_that_of_two_libraries_together(seed: int) -> None:
    points, _, clusters = rows(seed)
    groups = len(set(clusters.tolist()))
    mean, error = regression(points, clusters)
    ratio = scipy_stats.norm.ppf(0.975) / scipy_stats.t.ppf(0.975, groups - 1)
    n = min(240, mean * (1 - mean) / error**2) * ratio**2
    found = stats.estimate(points, clusters)
    low, high = proportion_confint(mean * n, n, method="wilson")
    skew, down, up = bent(points, clusters, scipy_stats.t.ppf(0.975, groups - 1))
    low, high = (min(low, mean - error * down), high) if skew < 0 else (low, max(high, mean + error * up))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert found.value == pytest.approx(mean, abs=1e-12)
    assert found.clusters == groups


@pytest.mark.parametrize("counts", [(18, 7, 100), (44, 16, 524), (1, 7, 21), (2.5, 0.7, 9.3), (70, 50, 1000)])
def test_tango_is_the_root_of_the_maximised_likelihood(counts: tuple[float, float, float]) -> None:
    for level in (0.8, 0.9, 0.95, 0.99):
        z = scipy_stats.norm.ppf((1 + level) / 2)
        assert stats.tango(*counts, level) == pytest.approx(by_root(*counts, z), abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_effective_n_tango_is_put_together_of_regression_and_root(seed: int) -> None:
    first, second, clusters = rows(seed)
    d = first - second
    _, error = regression(d, clusters)
    groups = len(set(clusters.tolist()))
    deff = max(1.0, error**2 / (d.var() / d.size))
    z = scipy_stats.norm.ppf(0.975)
    f = deff * (scipy_stats.t.ppf(0.975, groups - 1) / z) ** 2
    b, c = int((d > 0).sum()), int((d < 0).sum())
    found = stats.difference(first, second, clusters)
    assert (found.low, found.high) == pytest.approx(by_root(b / f, c / f, d.size / f, z), abs=1e-9)
    assert (found.only_first, found.only_second) == (b, c)


@pytest.mark.parametrize(("b", "c", "n", "margin"), [(1, 1, 100, 0.05), (30, 42, 1000, 0.02), (70, 50, 1000, 0.05)])
def test_two_one_sided_tests_are_the_normal_tails_of_the_maximised_likelihood(
    b: int, c: int, n: int, margin: float
) -> None:
    first, second = [1] * b + [0] * (n - b), [0] * b + [1] * c + [0] * (n - b - c)
    above = scipy_stats.norm.sf(score(b, c, n, -margin))
    below = scipy_stats.norm.cdf(score(b, c, n, margin))
    assert stats.not_worse(first, second, range(n), margin=margin).p == pytest.approx(above, rel=1e-9)
    assert stats.equivalent(first, second, range(n), margin=margin).p == pytest.approx(max(above, below), rel=1e-9)


def test_a_clustered_margin_of_other_points_is_the_t_test_of_a_regression() -> None:
    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 50, 300)
    first, second = rng.random(300), rng.binomial(5, 0.5, 300) / 5
    mean, error = regression(first - second, clusters)
    groups = len(set(clusters.tolist()))
    found = stats.not_worse(first, second, clusters, margin=0.02)
    skew, down, up = bent(first - second, clusters, scipy_stats.t.ppf(0.95, groups - 1))
    t = (mean + 0.02) / error
    worth = min(t, t + skew * t * t / 3 + skew * skew * t**3 / 27 + skew / 6)
    assert found.p == pytest.approx(scipy_stats.t.sf(worth, groups - 1), rel=1e-9)
    assert 1e-4 < found.p < 0.05
    assert (found.lower, found.upper) == pytest.approx((mean - down * error, mean + up * error), abs=1e-9)


@pytest.mark.parametrize(
    "totals", [[3, 2, 1, 1, -1, 2, 0, 1], [0.4, -0.2, 0.6, 0.2, 0.2], [0.31, 0.77, -0.2, 1.4, 0.9]]
)
def test_sign_flips_are_the_paired_permutations_of_scipy(totals: list[float]) -> None:
    theirs = scipy_stats.permutation_test(
        (np.array(totals),), np.sum, permutation_type="samples", n_resamples=np.inf, vectorized=False
    )
    assert sign_flip(np.array(totals, dtype=float))[0] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_a_guess_among_unequal_options_is_the_poisson_binomial_of_scipy() -> None:
    options = [2] * 30 + [3] * 7 + [4] * 50 + [5] * 11
    theirs = scipy_stats.poisson_binom([1 / k for k in options])
    for correct in (0, 20, 35, 50, 70):
        assert stats.above_chance(correct, options) == pytest.approx(theirs.sf(correct - 1), rel=1e-9)


def gone(library: str, fault: str) -> str:
    """What a test says when a library has been repaired."""
    return f"{library} no longer {fault}: good news. This test has done its work, and it can go"


def quietly(call: Callable[[], float]) -> float:
    """The value of a call whose warnings are part of the fault."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return float(call())


def test_identical_answers_have_p_1_where_statsmodels_says_0() -> None:
    theirs = quietly(lambda: mcnemar([[60, 0], [0, 40]], exact=False).pvalue)
    assert theirs == 0.0, gone(
        "statsmodels.mcnemar(exact=False)", f"calls identical cases different (now p = {theirs})"
    )
    assert stats.mcnemar_mid_p(0, 0) == stats.mcnemar_exact(0, 0) == 1.0
    assert stats.difference([1, 0], [1, 0], ["a", "b"]).p == 1.0


def test_none_of_25_is_uncertain_where_statsmodels_has_no_width_by_default() -> None:
    theirs = tuple(float(end) for end in proportion_confint(0, 25))
    assert theirs == (0.0, 0.0), gone("statsmodels.proportion_confint", f"defaults to Wald (now {theirs})")
    assert stats.estimate([0] * 25, range(25)).high == pytest.approx(0.133192, abs=5e-7)


def test_no_p_value_is_left_out_where_statsmodels_adjusts_for_too_few() -> None:
    theirs = multipletests([0.01, float("nan"), 0.03], method="holm")[1].tolist()
    assert (theirs[0], theirs[2]) == pytest.approx((0.02, 0.03)) or (theirs[0], theirs[2]) == pytest.approx(
        (0.03, 0.06)
    ), gone("statsmodels.multipletests", f"takes NaN for a p-value (now {theirs})")
    default = inspect.signature(multipletests).parameters["method"].default
    assert default == "hs", gone("statsmodels.multipletests", f"defaults to Holm and Sidak (now {default})")
    assert stats.holm([0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


def test_pairs_are_kept_where_scipy_permutes_independent_samples_by_default() -> None:
    default = inspect.signature(scipy_stats.permutation_test).parameters["permutation_type"].default
    assert default == "independent", gone("scipy.stats.permutation_test", f"defaults to independent (now {default})")
    # 18 against 7 of 100 rows: independent p is above 0.1, paired p 0.0433.
    assert sign_flip(np.array([1.0] * 18 + [-1.0] * 7))[0] == pytest.approx(0.043285251, abs=5e-9)


def test_constant_points_have_an_interval_where_scipy_has_none() -> None:
    def low() -> float:
        return float(scipy_stats.bootstrap((np.ones(20),), np.mean, n_resamples=99).confidence_interval.low)

    theirs = quietly(low)
    assert math.isnan(theirs), gone("scipy.stats.bootstrap", f"gives NaN for constant data (now {theirs})")
    assert stats.estimate([1] * 20, range(20)).low == pytest.approx(stats.wilson(20, 20)[0])
