"""The permutation test over the draws of a row, against enumeration, and its error rate where signs would mislead."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.errors import NotComparable, NotEstimable
from harness.stats import difference
from harness.stats.exchange import _edgeworth, exchangeable

ROWS = st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=2, max_size=6)


def _enumerated(points: NDArray[np.float64], clusters: list[int]) -> float:
    """Every choice of a right column for every cluster."""
    k = points.shape[1]
    sums = np.array([points[np.array(clusters) == c].sum(axis=0) for c in sorted(set(clusters))])
    moves = sums - (sums.sum(axis=1, keepdims=True) - sums) / (k - 1)
    totals = np.array(
        [sum(moves[g, c] for g, c in enumerate(chosen)) for chosen in product(range(k), repeat=len(moves))]
    )
    observed = moves[:, 0].sum()
    above, below = (totals >= observed - 1e-9).mean(), (totals <= observed + 1e-9).mean()
    return float(min(1.0, 2 * min(above, below)))


@given(rows=ROWS)
@settings(max_examples=60, deadline=None)
def test_the_exact_p_is_that_of_enumeration(rows: list[list[int]]) -> None:
    points = np.array(rows, dtype=np.float64)
    p, how = exchangeable(points[:, 0], points[:, 1:], range(len(rows)))
    assert how == "exact"
    assert p == pytest.approx(_enumerated(points, list(range(len(rows)))), abs=1e-9)


@given(rows=ROWS)
@settings(max_examples=40, deadline=None)
def test_rows_of_a_cluster_move_together(rows: list[list[int]]) -> None:
    points = np.array([*rows, *rows], dtype=np.float64)
    clusters = [number // 2 for number in range(len(points))]
    p, _ = exchangeable(points[:, 0], points[:, 1:], clusters)
    assert p == pytest.approx(_enumerated(points, clusters), abs=1e-9)


def test_no_row_that_differs_gives_one() -> None:
    assert exchangeable([1, 0, 1], [[1, 1], [0, 0], [1, 1]], "abc") == (1.0, "exact")


def test_a_model_that_sees_gives_a_tiny_p_that_is_never_zero() -> None:
    n = 300
    draws = np.zeros((n, 5))
    p, _ = exchangeable(np.ones(n), draws, range(n))
    assert 0 < p <= 1e-12


def test_where_most_rows_are_right_the_error_rate_is_kept_that_signs_would_not_keep() -> None:
    """Six independent calls on every row, right in nine of ten: one-sided error at the two-sided level of 5 %."""
    random = np.random.default_rng(20_250_103)
    kept, signs, sets = 0, 0, 1_000
    for _ in range(sets):
        points = (random.random((200, 6)) < 0.9).astype(float)
        p, _ = exchangeable(points[:, 0], points[:, 1:], range(200))
        against = difference(points[:, 0], points[:, 1:].mean(axis=1), range(200))
        kept += p <= 0.05 and against.value > 0
        signs += against.p <= 0.05 and against.value > 0
    assert kept / sets <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / sets)
    assert kept < signs


def test_the_approximation_for_many_clusters_is_near_the_exact_p() -> None:
    random = np.random.default_rng(7)
    for share in (0.2, 0.9):
        points = (random.random((600, 6)) < share).astype(float)
        points[:, 0] = np.maximum(points[:, 0], random.random(600) < 0.03)
        p, how = exchangeable(points[:, 0], points[:, 1:], range(600))
        moves = 6 * points - points.sum(axis=1, keepdims=True)
        assert how == "exact"
        # the exact p counts the whole of the outcome that was seen, the continuous one half of it
        assert _edgeworth(moves, float(moves[:, 0].sum())) == pytest.approx(p, rel=0.1, abs=1e-4)


def test_order_of_rows_and_of_draws_do_not_matter() -> None:
    random = np.random.default_rng(3)
    points, order = (random.random((40, 4)) < 0.5).astype(float), random.permutation(40)
    p = exchangeable(points[:, 0], points[:, 1:], range(40))
    assert exchangeable(points[order, 0], points[order][:, [3, 1, 2]], order) == pytest.approx(p)


@pytest.mark.parametrize(
    ("first", "draws", "error", "text"),
    [
        ([1.0, 0.0], [[1.0], [0.0], [1.0]], NotComparable, "got 2 rows but draws of 3; pass the same rows"),
        ([1.0, 0.0], [1.0, 0.0], NotEstimable, r"got draws of shape \(2,\), but they should be \(rows, draws\)"),
        ([1.0, 0.0], [[1.0], [float("nan")]], NotEstimable, "got nan"),
        ([1.0, 0.0], [[1.0], [2.0]], NotEstimable, "got 2.0"),
    ],
)
def test_bad_input_is_told(first: list[float], draws: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        exchangeable(first, draws, range(2))  # type: ignore[arg-type]
