"""What a blind guess scores."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats as scipy_stats

from harness import stats
from harness.errors import NotEstimable


def test_chance_is_the_mean_of_one_over_the_options() -> None:
    assert stats.chance([5] * 2000) == pytest.approx(0.2)
    # (60 / 4 + 40 / 2) / 100
    assert stats.chance([4] * 60 + [2] * 40) == pytest.approx(0.35)


def test_mixed_option_counts_have_the_known_tail() -> None:
    # Independent convolution; a plain binomial at 0.35 would say 0.0088.
    assert stats.above_chance(47, [4] * 60 + [2] * 40) == pytest.approx(0.00700656, abs=5e-9)


def test_equal_option_counts_have_the_binomial_tail_of_scipy() -> None:
    for correct, n, options in ((421, 2000, 5), (450, 2000, 5), (25, 25, 4), (0, 25, 4), (3000, 10_000, 4)):
        expected = scipy_stats.binom.sf(correct - 1, n, 1 / options)
        assert stats.above_chance(correct, [options] * n) == pytest.approx(expected, rel=1e-9)


def test_a_few_mixed_rows_have_the_enumerated_tail() -> None:
    options = [2, 3, 5, 5, 4, 2, 7]
    for correct in range(len(options) + 1):
        expected = sum(
            float(np.prod([1 / k if hit else 1 - 1 / k for hit, k in zip(hits, options, strict=True)]))
            for hits in product((0, 1), repeat=len(options))
            if sum(hits) >= correct
        )
        assert stats.above_chance(correct, options) == pytest.approx(expected, rel=1e-12)


def test_all_right_by_guessing_is_the_product_of_chances() -> None:
    assert stats.above_chance(60, [4] * 40 + [2] * 20) == pytest.approx(0.25**40 * 0.5**20, rel=1e-9)


def test_421_of_2000_with_five_options_is_no_more_than_a_guess() -> None:
    assert stats.above_chance(421, [5] * 2000) == pytest.approx(0.1265, abs=1e-3)


@pytest.mark.parametrize("options", [[], [4, 1], [0, 4]])
def test_rows_without_a_choice_have_no_chance(options: list[int]) -> None:
    with pytest.raises(NotEstimable, match="at least two options"):
        stats.chance(options)
    with pytest.raises(NotEstimable, match="at least two options"):
        stats.above_chance(0, options)


@pytest.mark.parametrize("correct", [-1, 4, 0.5])
def test_more_right_than_rows_is_refused(correct: float) -> None:
    with pytest.raises(NotEstimable, match="right of 3 rows"):
        stats.above_chance(correct, [4] * 3)  # type: ignore[arg-type]
