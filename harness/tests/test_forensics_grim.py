"""Which counts a printed share can come from: exact, for both ways to round a tie, and never a false alarm."""

from __future__ import annotations

import json
import random
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.forensics.grim import around, counts, cut_off, implied, implied_runs, other_rows, says_nothing
from harness.forensics.printed import Digits, Printed, number


def printed(text: str, whole: int = 100) -> Printed:
    digits = number(text)
    assert digits is not None
    return digits.of(whole)


def rounded(k: int, n: int, places: int, whole: int, rounding: str) -> str:
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(whole) * k / n
        return str(exact.quantize(Decimal(1).scaleb(-places), rounding=rounding))


@pytest.mark.parametrize(
    ("text", "n", "possible"),
    # The grim group of the project's oracle values
    [("42.80", 2000, True), ("80.35", 176, False), ("80.35", 173, True), ("86.21", 176, False), ("86.21", 174, True)],
)
def test_published_percentages_are_possible_or_not(text: str, n: int, possible: bool) -> None:
    assert bool(counts(printed(text), n)) is possible


@pytest.mark.parametrize(
    ("text", "n", "k"),
    [
        ("21.05", 2000, 421),
        ("21.1", 2000, 421),
        ("42.80", 2000, 856),
        ("40.73", 1446, 589),
        ("48.19", 554, 267),
        ("56.28", 199, 112),
        ("52.1", 1500, 781),
        ("44.4641", 1129, 502),
        ("11.2717", 346, 39),
        ("8.3516", 455, 38),
        ("18.75", 176, 33),
        ("75.00", 176, 132),
    ],
)
def test_the_published_count_is_among_those_possible(text: str, n: int, k: int) -> None:
    assert k in counts(printed(text), n)


def test_fractions_of_one_are_tested_as_percentages_are() -> None:
    # PMC-LLaMA, per-item file: 601/1273, 2196/4183, 342/500
    for text, k, n in ((".472113", 601, 1273), (".524982", 2196, 4183), (".684", 342, 500)):
        assert list(counts(printed(text, 1), n)) == [k]


def test_half_even_and_half_up_are_both_accepted() -> None:
    # 7/16 is 43.75, 1/16 is 6.25, 3/16 is 18.75: printed 43.8, 6.2 or 6.3, 18.8 or 18.7 by way of rounding
    for text, k in (("43.8", 7), ("43.7", 7), ("6.2", 1), ("6.3", 1), ("18.8", 3), ("18.7", 3)):
        assert list(counts(printed(text), 16)) == [k]


def test_several_counts_are_all_named() -> None:
    assert list(counts(printed("18.8"), 4450)) == [835, 836, 837, 838]


def test_the_neighbours_and_the_nearest_denominators_are_those_of_the_published_case() -> None:
    assert around(printed("80.35"), 176) == (141, 142)
    assert other_rows(printed("80.35"), 176)[0] == 173
    assert other_rows(printed("86.21"), 176)[0] == 174


def test_no_denominator_is_named_outside_the_range_that_is_told() -> None:
    below, above = other_rows(printed("49.99"), 100)
    assert below is None
    assert above is None


def test_all_and_none_right_are_possible_at_every_n() -> None:
    for n in (1, 7, 176, 2000):
        assert list(counts(printed("100.0"), n))[-1] == n
        assert next(iter(counts(printed("0.0"), n))) == 0


def test_half_points_have_twice_the_steps() -> None:
    assert not counts(printed("12.50"), 20)
    assert list(counts(printed("12.50"), 20, 2)) == [5]


def test_digits_that_were_cut_off_are_recognised() -> None:
    # 35/346 is 10.1156: 10.12 rounded, 10.11 cut off, as HallusionBench prints it
    assert not counts(printed("10.11"), 346)
    assert list(cut_off(printed("10.11"), 346)) == [35]


def test_from_as_many_rows_as_steps_on_nothing_is_excluded() -> None:
    assert says_nothing(printed("18.8"), 1000)
    assert not says_nothing(printed("18.8"), 999)
    assert says_nothing(printed("18.80"), 10_000)


@given(
    n=st.integers(1, 20_000),
    share=st.fractions(0, 1),
    places=st.integers(0, 4),
    whole=st.sampled_from([1, 100]),
    rounding=st.sampled_from([ROUND_HALF_EVEN, ROUND_HALF_UP]),
)
def test_a_rounded_share_is_never_called_impossible(
    n: int, share: Fraction, places: int, whole: int, rounding: str
) -> None:
    k = round(share * n)
    assert k in counts(printed(rounded(k, n, places, whole, rounding), whole), n)


@given(n=st.integers(1, 20_000), share=st.fractions(0, 1), places=st.integers(0, 4))
def test_a_share_printed_by_floating_point_is_never_called_impossible(n: int, share: Fraction, places: int) -> None:
    k = round(share * n)
    assert k in counts(printed(f"{100 * k / n:.{places}f}"), n)


@given(n=st.integers(1, 400), digits=st.integers(0, 10_000), places=st.integers(1, 2))
def test_a_share_off_the_grid_is_always_found(n: int, digits: int, places: int) -> None:
    share = Printed(digits=min(digits, 100 * 10**places), places=places, whole=100)
    # Every count is tried, and none is nearer than half of the last digit
    by_hand = [k for k in range(n + 1) if abs(Fraction(k, n) - share.value) <= share.half]
    assert list(counts(share, n)) == by_hand


@given(digits=st.integers(0, 10**6), places=st.integers(0, 4))
def test_a_number_is_read_with_all_of_its_decimals(digits: int, places: int) -> None:
    text = Printed(digits=digits, places=places, whole=1).text
    assert number(text) == Digits(digits, places)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,000", Digits(2000, 0)),
        ("12345678901", Digits(12345678901, 0)),
        ("0.6164122137404581", Digits(616412, 6)),
        ("18.700000762939453", Digits(187000, 4)),
        ("9" * 31, None),
        ("2 450", Digits(2450, 0)),
        ("1,234.5", Digits(12345, 1)),
        ("21,05", Digits(2105, 2)),
        ("0,193", Digits(193, 3)),
        (".684", Digits(684, 3)),
        ("−6.81", Digits(-681, 2)),
        ("+2.25", Digits(225, 2)),
        ("7B", None),
        ("1.2.3", None),
        ("", None),
    ],
)
def test_thousands_decimal_commas_and_signs_are_told_apart(text: str, expected: Digits | None) -> None:
    assert number(text) == expected


def test_a_common_denominator_is_implied_by_shares_that_luck_does_not_explain() -> None:
    # HallusionBench: figure accuracies of ten models; the file has 346 figures
    shares = [printed(text) for text in ("44.22", "39.88", "28.61", "25.43", "24.86", "8.67", "23.12", "20.52")]
    found = implied(shares)
    assert found.rows[0] == 346
    assert (found.fits, found.odd) == (8, ())
    assert found.luck < 1e-6


def test_shares_that_the_common_denominator_does_not_explain_are_named() -> None:
    texts = ("44.22", "39.88", "28.61", "25.43", "24.86", "8.67", "23.12", "20.52", "10.11")
    found = implied([printed(text) for text in texts])
    assert (found.rows[0], found.odd) == (346, ("10.11 %",))


def test_few_or_coarse_shares_imply_nothing() -> None:
    assert implied([printed("72.3"), printed("40.2")]).rows == ()
    assert implied([printed("18.75")]).rows == ()
    assert implied([]).rows == ()
    digits = random.Random(0)  # noqa: S311 - draws, no secrets
    assert implied([printed(f"{digits.uniform(10, 90):.1f}") for _ in range(27)]).rows == ()
    assert implied([printed(f"{digits.uniform(10, 90):.2f}") for _ in range(27)]).rows == ()


def test_means_over_five_runs_are_recognised() -> None:
    # Gu et al., image-required questions, text only: impossible at 197, all possible in steps of 1/(197 x 5)
    shares = [(printed(text), 197) for text in ("41.32", "40.10", "37.26", "37.97", "16.35", "33.40")]
    assert not all(counts(share, n) for share, n in shares)
    assert implied_runs(shares) == 5
    assert implied_runs(shares[:1]) is None


def test_the_oracle_file_has_no_other_percentage(real_data: Path) -> None:
    path = real_data.parent / "reference" / "oracles.json"
    if not path.is_file():
        pytest.skip("the oracle values are not here")
    for case, possible in json.loads(path.read_text(encoding="utf-8"))["grim"].items():
        text, n = case.split("@")
        assert bool(counts(printed(text), int(n))) is possible, case
