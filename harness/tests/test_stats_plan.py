"""What a number of rows can show, and which claims a run could support."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from harness import stats
from harness.errors import NotEstimable
from harness.stats.plan import PlanLine, plan

searched = settings(deadline=None, max_examples=60)

# Rows, share of rows that only the first, only the second case gets right: power of mid-p. Independent code.
POWER = {(451, 0.125, 0.075): 0.662941, (25, 0.24, 0.08): 0.258043, (100, 0.24, 0.08): 0.822895}
# Variance of replies to one row, replies a row: rows for a difference of 3 points with omega^2 = 1/9. Independent code.
MILLER = {(0.0, 1): 968.9975, (1 / 6, 1): 3875.99, (1 / 6, 10): 1259.6967}
# Rows: the difference that they show at a discordance of 0.2. Independent code.
SHOWN = {100: 0.125291, 198: 0.08904, 451: 0.058997, 1061: 0.038465, 2000: 0.028016}
# Discordance, margin: rows for not worse, rows for equivalence. Independent code.
ROWS = {(0.05, 0.02): (773, 1071), (0.1, 0.02): (1546, 2141), (0.2, 0.02): (3092, 4282), (0.2, 0.05): (495, 686)}

Points = NDArray[np.float64]


def planned(n: int, kind: str, discordance: float | None, *, family: int = 1, margin: float = 0.02) -> PlanLine:
    """The line of one kind of claim over unclustered rows, with one margin for both kinds that have one."""
    lines = plan(n, [1] * n, family=family, margin=margin, same=margin, chance=0.25, discordances=(0.05, 0.1, 0.2))
    return next(line for line in lines if (line.kind, line.discordance) == (kind, discordance))


def drawn(rng: np.random.Generator, sizes: list[int], p10: float, p01: float, icc: float) -> tuple[Points, Points]:
    """Points of two cases: a row follows its cluster's own draw with probability sqrt(icc)."""
    index = np.repeat(np.arange(len(sizes)), sizes)
    common = rng.random(len(sizes))[index]
    u = np.where(rng.random(index.size) < math.sqrt(icc), common, rng.random(index.size))
    return (u < p10).astype(float), ((u >= p10) & (u < p10 + p01)).astype(float)


def share(
    sizes: list[int], p10: float, p01: float, icc: float, holds: Callable[[Points, Points, list[int]], bool]
) -> float:
    """How often a claim holds over 300 draws."""
    rng = np.random.default_rng(21)
    clusters = np.repeat(np.arange(len(sizes)), sizes).tolist()
    return sum(holds(*drawn(rng, sizes, p10, p01, icc), clusters) for _ in range(300)) / 300


def shown(first: Points, second: Points, clusters: list[int]) -> bool:
    """Whether the first is shown to be above the second."""
    found = stats.difference(first, second, clusters)
    return found.low > 0 and found.p <= 0.05


def test_rows_by_connor_are_the_known_ones() -> None:
    assert stats.connor_rows(0.125, 0.075) == pytest.approx(625.55, abs=0.005)
    assert stats.connor_rows(0.075, 0.125) == stats.connor_rows(0.125, 0.075)


@pytest.mark.parametrize(("design", "known"), POWER.items())
def test_the_power_of_mid_p_is_the_known_one(design: tuple[int, float, float], known: float) -> None:
    n, p10, p01 = design
    assert stats.mcnemar_power(n, p10, p01) == pytest.approx(known, abs=5e-7)
    assert stats.mcnemar_power(n, p01, p10) == pytest.approx(known, abs=5e-7)


@pytest.mark.parametrize(("p10", "p01"), [(0.3, 0.1), (0.2, 0.2), (0.7, 0.3), (0.4, 0.0), (1.0, 0.0)])
def test_the_power_is_the_sum_over_all_tables(p10: float, p01: float) -> None:
    # scipy's trinomial probabilities, and the mid-p of each table by itself
    n = 14
    tables = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    whole = sum(
        scipy_stats.multinomial.pmf([b, c, n - b - c], n, [p10, p01, max(0.0, 1 - p10 - p01)])
        for b, c in tables
        if stats.mcnemar_mid_p(b, c) <= 0.05
    )
    assert stats.mcnemar_power(n, p10, p01) == pytest.approx(whole, abs=1e-10)


def test_without_a_difference_power_is_the_error_rate() -> None:
    # 0.041 by enumeration in other code
    assert stats.mcnemar_power(100, 0.05, 0.05) == pytest.approx(0.041, abs=5e-4)
    assert stats.mcnemar_power(100, 0.0, 0.0) == 0
    assert stats.mcnemar_power(5000, 0.2, 0.2) == pytest.approx(0.05, abs=5e-4)


@pytest.mark.parametrize(("replies", "known"), MILLER.items())
def test_rows_by_miller_are_the_known_ones(replies: tuple[float, int], known: float) -> None:
    variance, k = replies
    found = stats.miller_rows(
        0.03, 1 / 9, variance_first=variance, variance_second=variance, replies_first=k, replies_second=k
    )
    assert found == pytest.approx(known, abs=5e-3)
    assert stats.miller_rows(-0.03, 1 / 9) == stats.miller_rows(0.03, 1 / 9)


@pytest.mark.parametrize(("n", "known"), SHOWN.items())
def test_the_smallest_differences_are_the_known_ones(n: int, known: float) -> None:
    line = planned(n, "superior", 0.2)
    assert line.smallest_first == line.smallest_last == pytest.approx(known, abs=5e-7)
    assert (line.rows_first, line.rows_last, line.can, line.margin) == (None, None, None, None)


@pytest.mark.parametrize(("assumed", "known"), ROWS.items())
def test_rows_for_a_margin_are_the_known_ones(assumed: tuple[float, float], known: tuple[int, int]) -> None:
    discordance, margin = assumed
    for kind, rows in zip(("not_worse", "equivalent"), known, strict=True):
        short, enough = (planned(n, kind, discordance, margin=margin) for n in (rows - 1, rows))
        assert short.rows_first == short.rows_last == enough.rows_first == rows
        assert (short.can, enough.can) == (False, True)
        assert short.smallest_last is not None
        assert enough.smallest_last is not None
        assert enough.smallest_last <= margin < short.smallest_last


def test_a_published_list_supports_some_claims_and_not_others() -> None:
    lines = plan(2000, [1] * 2000, family=5, margin=0.02, same=0.05, chance=0.2)
    assert [line.kind for line in lines] == ["superior"] * 3 + ["above_chance"] + ["equivalent"] * 3 + ["not_worse"] * 3
    can = {(line.kind, line.discordance): line.can for line in lines if line.can is not None}
    assert can == {
        ("equivalent", 0.1): True,
        ("equivalent", 0.2): True,
        ("equivalent", 0.4): False,
        ("not_worse", 0.1): False,
        ("not_worse", 0.2): False,
        ("not_worse", 0.4): False,
    }
    # 1,546 rows would do if all four other claims of the family were shown
    gate = next(line for line in lines if (line.kind, line.discordance) == ("not_worse", 0.1))
    assert gate.rows_first == stats.rows_not_worse(0.1, 0.02, alpha=0.01)
    assert gate.rows_last == 1546 <= gate.n < gate.rows_first


@pytest.mark.parametrize(("icc", "known"), [(0.0, 1061), (0.1, 529), (0.2, 352)])
def test_eleven_questions_an_image_are_worth_a_third(icc: float, known: int) -> None:
    sizes = [11] * 91 + [12] * 5
    lines = plan(1061, sizes, family=1, margin=0.05, same=0.05, icc=icc)
    assert {round(line.effective) for line in lines} == {known}
    assert lines[0].clusters == 96
    assert lines[0].smallest_last == pytest.approx(
        # t with 95 degrees in place of the normal quantile
        stats.detectable(0.1, lines[0].effective * (1.959964 / 1.985251) ** 2),
        abs=1e-6,
    )
    single = next(line for line in lines if (line.kind, line.discordance) == ("not_worse", 0.2))
    assert single.rows_last is not None
    assert single.rows_last == pytest.approx(495 * 1061 / lines[0].effective * (1.661052 / 1.644854) ** 2, abs=1)


def test_unequal_clusters_cost_by_the_cluster_of_a_random_row() -> None:
    # (1 + 1 + 16 + 4) / 8 = 2.75 rows in the cluster of a random row
    assert stats.design_effect([1, 1, 4, 2], 0.2) == pytest.approx(1 + 1.75 * 0.2)
    assert stats.design_effect([1] * 9, 0.7) == 1
    assert stats.design_effect([6], 1) == 6


def test_a_family_raises_what_can_be_shown() -> None:
    assert stats.detectable(0.2, 451, family=6) == pytest.approx(stats.detectable(0.2, 451, level=1 - 0.05 / 6))
    line = planned(451, "superior", 0.2, family=6)
    assert (line.smallest_first, line.smallest_last) == pytest.approx(
        (stats.detectable(0.2, 451, family=6), stats.detectable(0.2, 451))
    )
    above = planned(451, "above_chance", None, family=6)
    assert above.chance == 0.25
    accuracy = stats.detectable_accuracy(0.25, 451, family=6)
    assert accuracy is not None
    assert above.smallest_first == pytest.approx(accuracy - 0.25)


@pytest.mark.parametrize(("chance", "n", "family"), [(0.25, 100, 1), (0.5, 451, 1), (0.2, 2000, 6), (0.9, 80, 1)])
def test_an_accuracy_is_detected_with_the_power_that_is_said(chance: float, n: int, family: int) -> None:
    accuracy = stats.detectable_accuracy(chance, n, family=family)
    assert accuracy is not None
    enough = [
        k
        for k in range(n + 1)
        if scipy_stats.binom.sf(k - 1, n, chance) <= 0.025 / family and stats.wilson(k, n)[0] > chance
    ]
    assert scipy_stats.binom.sf(min(enough) - 1, n, accuracy) == pytest.approx(0.8, abs=1e-9)
    assert stats.detectable_accuracy(chance, n + 0.9, family=family) == accuracy


def test_five_coin_flips_show_nothing() -> None:
    # 1/32 is above 0.025
    assert stats.detectable_accuracy(0.5, 5) is None
    assert stats.detectable_accuracy(0.5, 6) is not None
    lines = plan(5, [1] * 5, family=1, margin=0.1, same=0.1, chance=0.5, discordances=(0.2,))
    assert [line.smallest_last for line in lines if line.kind == "above_chance"] == [None]


@pytest.mark.parametrize("sizes", [[1] * 250, [1] * 60 + [2] * 40 + [3] * 20 + [5] * 10])
def test_planned_power_is_the_power_of_the_tests(sizes: list[int]) -> None:
    # 300 draws have a standard error of 0.023 at a power of 0.8
    icc = 0.2
    lines = {
        line.kind: line
        for line in plan(sum(sizes), sizes, family=1, margin=0.1, same=0.1, icc=icc, discordances=(0.2,))
    }
    d, near, alike = (lines[kind].smallest_last for kind in ("superior", "not_worse", "equivalent"))
    assert d is not None
    assert near is not None
    assert alike is not None
    assert share(sizes, 0.1 + d / 2, 0.1 - d / 2, icc, shown) == pytest.approx(0.8, abs=0.08)
    assert share(sizes, 0.1, 0.1, icc, lambda a, b, g: stats.not_worse(a, b, g, margin=near).holds) == pytest.approx(
        0.8, abs=0.08
    )
    assert share(sizes, 0.1, 0.1, icc, lambda a, b, g: stats.equivalent(a, b, g, margin=alike).holds) == pytest.approx(
        0.8, abs=0.08
    )


@searched
@given(st.lists(st.integers(1, 12), min_size=2, max_size=60), st.floats(0, 1), st.integers(1, 20), st.floats(0.01, 0.3))
def test_a_plan_is_consistent_for_any_list(sizes: list[int], icc: float, family: int, margin: float) -> None:
    for line in plan(sum(sizes), sizes, family=family, margin=margin, same=margin, icc=icc, chance=0.25):
        assert 1 - 1e-9 <= line.effective <= line.n
        if line.smallest_first is not None:
            assert line.smallest_last is not None
            assert 0 < line.smallest_last <= line.smallest_first <= 1
        if line.rows_first is not None:
            assert line.rows_last is not None
            assert line.rows_last <= line.rows_first
            assert line.can == (line.rows_first <= line.n)
            if line.can:
                assert line.smallest_first is not None
                assert line.smallest_first <= margin + 1e-9


@searched
@given(st.floats(0.01, 0.45), st.floats(0.0, 0.44), st.integers(1, 300))
def test_power_is_a_probability_that_grows_with_the_level_of_error(p10: float, p01: float, n: int) -> None:
    strict, lax = (stats.mcnemar_power(n, p10, p01, level=level) for level in (0.99, 0.9))
    assert 0 <= strict <= lax <= 1 + 1e-12


@pytest.mark.parametrize(
    ("n", "sizes"), [(10, [1] * 9), (3, [3]), (0, [])], ids=["other rows", "one cluster", "no rows"]
)
def test_a_list_that_does_not_add_up_is_refused(n: int, sizes: list[int]) -> None:
    with pytest.raises(NotEstimable, match=r"plan: got|design_effect: got"):
        plan(n, sizes, family=1, margin=0.02, same=0.05)


@pytest.mark.parametrize("family", [0, -1, 2.5, math.nan, math.inf])
def test_a_family_that_is_no_number_of_claims_is_refused(family: int) -> None:
    with pytest.raises(NotEstimable, match="family: got"):
        plan(10, [1] * 10, family=family, margin=0.02, same=0.05)
    with pytest.raises(NotEstimable, match="family: got"):
        stats.detectable(0.1, 100, family=family)
    with pytest.raises(NotEstimable, match="family: got"):
        stats.detectable_accuracy(0.25, 100, family=family)


@pytest.mark.parametrize("icc", [-0.1, 1.1, math.nan])
def test_an_icc_that_is_no_correlation_is_refused(icc: float) -> None:
    with pytest.raises(NotEstimable, match="icc: got"):
        stats.design_effect([2, 3], icc)


@pytest.mark.parametrize("sizes", [[], [0, 2], [1.5], [math.nan], [[1, 2]]])
def test_sizes_that_are_no_numbers_of_rows_are_refused(sizes: list[int]) -> None:
    with pytest.raises(NotEstimable, match="design_effect: got sizes"):
        stats.design_effect(sizes, 0.2)


@pytest.mark.parametrize("shares", [(-0.1, 0.2), (0.6, 0.5), (math.nan, 0.1)])
def test_shares_of_rows_that_cannot_be_are_refused(shares: tuple[float, float]) -> None:
    with pytest.raises(NotEstimable, match="discordance: got p10="):
        stats.connor_rows(*shares)
    with pytest.raises(NotEstimable, match="discordance: got p10="):
        stats.mcnemar_power(100, *shares)


def test_what_no_number_of_rows_shows_is_refused() -> None:
    with pytest.raises(NotEstimable, match=r"connor_rows: got p10 = p01 = 0\.1"):
        stats.connor_rows(0.1, 0.1)
    with pytest.raises(NotEstimable, match="miller_rows: got delta=0"):
        stats.miller_rows(0, 0.1)
    with pytest.raises(NotEstimable, match="miller_rows: got delta"):
        stats.miller_rows(0.1, math.nan)
    with pytest.raises(NotEstimable, match="miller_rows: got 0 and 1 replies"):
        stats.miller_rows(0.1, 0.1, replies_first=0)
    with pytest.raises(NotEstimable, match="mcnemar_power: got n=0"):
        stats.mcnemar_power(0, 0.2, 0.1)
    with pytest.raises(NotEstimable, match=r"detectable_accuracy: got n=0\.5"):
        stats.detectable_accuracy(0.25, 0.5)
    with pytest.raises(NotEstimable, match="chance: got 1"):
        stats.detectable_accuracy(1, 100)
    with pytest.raises(NotEstimable, match="power: got 1"):
        stats.connor_rows(0.2, 0.1, power=1)
