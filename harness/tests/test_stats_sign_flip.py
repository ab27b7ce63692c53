"""The sign-flip test, against enumeration of every sign pattern."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats as scipy_stats

from harness import stats
from harness.stats.sign_flip import sign_flip


def enumerated(totals: list[float]) -> float:
    """Share of all sign patterns with a sum at least as far from zero, by brute force."""
    observed = abs(sum(totals))
    sums = [
        abs(sum(s * t for s, t in zip(signs, totals, strict=True))) for signs in product((1, -1), repeat=len(totals))
    ]
    return sum(value >= observed - 1e-9 for value in sums) / len(sums)


@pytest.mark.parametrize(
    "totals",
    [[3, 2, 1, 1, -1, 2, 0, 1], [1, 1, 1, 1, 1, 1], [5, -1, -1, -1], [4, -4], [2, 2, 2, -2, 6, 1], [7]],
)
def test_whole_totals_have_the_enumerated_p(totals: list[float]) -> None:
    p, how = sign_flip(np.array(totals, dtype=float))
    assert p == pytest.approx(enumerated(totals), rel=1e-12)
    assert how == "exact"


def test_the_known_example_has_its_p() -> None:
    # Independent enumeration: 20 of 256 patterns.
    assert sign_flip(np.array([3.0, 2, 1, 1, -1, 2, 0, 1]))[0] == pytest.approx(0.078125, rel=1e-12)


@pytest.mark.parametrize("totals", [[0.5, 0.25, -0.1, 1.3], [0.1] * 7, [0.3, 0.3, -0.3, 0.9, 0.05]])
def test_few_other_totals_have_the_enumerated_p(totals: list[float]) -> None:
    p, how = sign_flip(np.array(totals))
    assert p == pytest.approx(enumerated(totals), rel=1e-12)
    assert how == "exact"


def test_totals_that_are_rounding_errors_count_as_none() -> None:
    assert sign_flip(np.array([0.5, 1e-9, 1e-9]))[0] == 1.0
    assert sign_flip(np.array([0.5, 0.25, 1e-17]))[0] == pytest.approx(0.5)


def test_twenty_clusters_are_enumerated_as_by_convolution() -> None:
    # The same sizes as whole numbers and as parts of pi go different ways to the same p.
    totals = np.array([1, 2, 3, -1, 1, 5, 2, -2, 1, 1, 4, -3, 2, 1, 1, 2, -1, 3, 1, 2], dtype=float)
    assert sign_flip(totals / np.pi)[0] == pytest.approx(sign_flip(totals)[0], rel=1e-9)


@pytest.mark.parametrize("draws", [2, 3, 5, 7, 15, 60])
def test_means_over_draws_have_the_p_of_their_whole_multiples(draws: int) -> None:
    # 200 clusters, far too many to enumerate: 1/5 and the like are no binary fractions, and still exact.
    totals = np.random.default_rng(draws).integers(-3 * draws, 4 * draws, 200).astype(float)
    p, how = sign_flip(totals / draws)
    assert p == pytest.approx(sign_flip(totals)[0], rel=1e-9)
    assert how == "exact"


def test_a_convolution_with_gaps_is_that_of_all_sums() -> None:
    # 3 totals of 7 and 4 of 2: 128 patterns
    totals = [7.0, 7, -7, 2, 2, 2, -2]
    assert sign_flip(np.array(totals))[0] == pytest.approx(enumerated(totals), rel=1e-12)


def test_most_totals_being_zero_leaves_the_p_of_the_few() -> None:
    # Two draws of five differ on four rows of 300, all one way: 2 / 2^4.
    totals = np.zeros(300)
    totals[[3, 50, 120, 299]] = 0.4
    p, how = sign_flip(totals)
    assert p == pytest.approx(0.125, rel=1e-12)
    assert how == "exact"


def test_single_rows_give_exact_mcnemar() -> None:
    for b, c in ((9, 3), (150, 190), (1, 0), (40, 0), (2000, 2200)):
        totals = np.array([1.0] * b + [-1.0] * c)
        assert sign_flip(totals)[0] == pytest.approx(stats.mcnemar_exact(b, c), rel=1e-9)


def test_many_other_totals_are_drawn_close_to_the_exact_p() -> None:
    # Whole sizes over pi are drawn; the exact p comes from the whole ones. Four standard errors of 99,999 draws.
    totals = np.random.default_rng(5).integers(-4, 6, 60).astype(float)
    exact = sign_flip(totals)[0]
    drawn, how = sign_flip(totals / np.pi)
    assert how == "99,999 draws"
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 99_999))


def test_draws_never_give_zero() -> None:
    p, how = sign_flip(np.full(40, 1 / np.pi))
    assert (p, how) == (1 / 100_000, "99,999 draws")


def test_very_many_other_totals_are_normal() -> None:
    totals = np.random.default_rng(6).random(3000) - 0.49
    p, how = sign_flip(totals)
    z = totals.sum() / np.sqrt(totals @ totals)
    assert p == pytest.approx(2 * scipy_stats.norm.sf(abs(z)), rel=1e-9)
    assert how == "normal"


def test_the_normal_form_of_the_known_example_is_1_963961() -> None:
    totals = np.tile([3.0, 2, 1, 1, -1, 2, 0, 1], 400) / np.pi
    # sqrt(400) times the statistic of one block, 9 / sqrt(21)
    assert totals.sum() / np.sqrt(totals @ totals) == pytest.approx(20 * 1.963961, rel=1e-6)
    assert sign_flip(totals)[0] == pytest.approx(2 * scipy_stats.norm.sf(20 * 9 / 21**0.5), rel=1e-6)
    assert sign_flip(totals)[1] == "normal"


@pytest.mark.parametrize("totals", [[], [0, 0, 0], [1, -1], [0.1, 0.2, -0.3]])
def test_no_difference_has_p_1(totals: list[float]) -> None:
    assert sign_flip(np.array(totals, dtype=float))[0] == 1.0


def test_a_p_far_out_is_small_and_not_zero() -> None:
    assert sign_flip(np.ones(300))[0] == pytest.approx(2.0**-299, rel=1e-9)
    # 2^-1999, and a normal tail at 55: no double holds them, and 0 would be certainty.
    assert sign_flip(np.ones(2000))[0] == sign_flip(np.full(3000, 1 / np.pi))[0] == 1e-300
    assert stats.mcnemar_exact(0, 2000) == stats.mcnemar_mid_p(2000, 0) == 1e-300
    assert stats.above_chance(5000, [4] * 5000) == 1e-300


def test_p_values_of_exchangeable_cases_are_rarely_small() -> None:
    # 400 pairs of cases that differ by chance alone, 20 images of 5 rows that share their luck.
    rng = np.random.default_rng(11)
    clusters = (np.arange(100) // 5).tolist()
    below = 0
    for _ in range(400):
        luck = np.repeat(rng.random((2, 20)), 5, axis=1)
        first, second = ((luck + rng.random((2, 100))) / 2 < 0.5).astype(int)
        below += stats.difference(first, second, clusters).p <= 0.05
    # P(more than 32 of 400 at 5 %) is 0.003; the test is exact, so it errs below.
    assert below <= 32
