"""Several p-values at once: the known family of 18, other libraries, and their faults."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from harness import stats
from harness.errors import NotEstimable

Adjust = Callable[[list[float]], list[float]]

# The 18 McNemar p-values of three data sets and four models, and both adjustments of them: statsmodels 0.15.0.
RAW = [
    0.301872, 0.000394, 0.014454, 3e-06, 0.000767, 0.25287, 1.0, 0.455814, 0.416775,
    0.44367, 0.488022, 1.0, 0.043285, 0.052239, 0.823803, 1.0, 0.162756, 0.122078,
]  # fmt: skip
HOLM = [
    1.0, 0.006699, 0.216808, 5.1e-05, 0.012268, 1.0, 1.0, 1.0, 1.0,
    1.0, 1.0, 1.0, 0.605994, 0.679107, 1.0, 1.0, 1.0, 1.0,
]  # fmt: skip
BH = [
    0.54337, 0.003546, 0.065042, 5.1e-05, 0.004601, 0.505739, 1.0, 0.627457, 0.627457,
    0.627457, 0.627457, 1.0, 0.155827, 0.156717, 0.988564, 1.0, 0.3662, 0.313915,
]  # fmt: skip


def test_holm_gives_the_known_family() -> None:
    # The raw values are rounded to six digits, and Holm multiplies them by up to 18.
    found = stats.holm(RAW)
    assert found == pytest.approx(HOLM, abs=1e-5)
    assert sum(p <= 0.05 for p in RAW) == 5
    assert sum(p <= 0.05 for p in found) == 3


def test_holm_agrees_with_statsmodels_in_any_order() -> None:
    rng = np.random.default_rng(8)
    for size in (1, 2, 5, 40):
        p_values = (rng.random(size) ** 3).tolist()
        assert stats.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)
    assert stats.holm([0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert stats.holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert stats.holm([]) == []


def test_benjamini_hochberg_gives_the_known_family() -> None:
    # The raw values are rounded to six digits, and are multiplied by up to 18.
    found = stats.benjamini_hochberg(RAW)
    assert found == pytest.approx(BH, abs=1e-5)
    assert sum(q <= 0.05 for q in found) == 3


def test_benjamini_hochberg_agrees_with_statsmodels_and_scipy_in_any_order() -> None:
    rng = np.random.default_rng(9)
    for size in (1, 2, 5, 40):
        p_values = (rng.random(size) ** 3).tolist()
        found = stats.benjamini_hochberg(p_values)
        assert found == pytest.approx(multipletests(p_values, method="fdr_bh")[1], abs=1e-12)
        assert found == pytest.approx(scipy_stats.false_discovery_control(p_values), abs=1e-12)
    assert stats.benjamini_hochberg([0.03, 0.01, 0.02]) == pytest.approx([0.03, 0.03, 0.03])
    assert stats.benjamini_hochberg([]) == []


@pytest.mark.parametrize("wrong", [float("nan"), -0.1, 1.5])
@pytest.mark.parametrize("adjust", [stats.holm, stats.benjamini_hochberg])
def test_what_is_no_p_value_is_refused_instead_of_dropped(adjust: Adjust, wrong: float) -> None:
    with pytest.raises(NotEstimable, match=f"{adjust.__name__}: got {wrong} as p-value number 1"):
        adjust([0.01, wrong, 0.03])


@settings(deadline=None, max_examples=80)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_benjamini_hochberg_lies_between_raw_and_holm_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted, strict = stats.benjamini_hochberg(p_values), stats.holm(p_values)
    assert all(p <= q + 1e-15 and q <= h + 1e-15 for p, q, h in zip(p_values, adjusted, strict, strict=True))
    ranked = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert all(adjusted[i] <= adjusted[j] for i, j in pairwise(ranked))
