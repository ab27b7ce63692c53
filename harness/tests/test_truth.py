"""A question with foreign images has the answer that the published rows give it, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import mode
from harness.errors import NotEstimable
from harness.records import Option, Row, RowKind
from harness.tests.made import picture
from harness.tests.zoo_rows import choices, shorts
from harness.truth import Truth


def _short(number: int, stem: str, gold: str, *images: str, kind: RowKind = "open") -> Row:
    return Row(
        id=f"r{number}",
        kind=kind,
        stem=stem,
        options=(),
        gold=gold,
        images=tuple(picture(name) for name in images),
        cluster=f"c{number}",
        slices={},
    )


def _choice(number: int, stem: str, texts: str, gold: str, *images: str) -> Row:
    options = tuple(Option(letter=c, text=t, origin=c) for c, t in zip("ABCDE", texts.split(), strict=False))
    return replace(_short(number, stem, gold, *images), kind="choice", options=options)


def test_a_row_with_its_own_images_is_answered_by_its_gold() -> None:
    rows = choices(60)
    truth = Truth(rows)
    assert [truth.fitting(row, row.images) for row in rows] == [row.gold for row in rows]


@given(st.integers(min_value=0, max_value=59), st.integers(min_value=0, max_value=59), st.integers(1, 4))
def test_the_fitting_option_is_the_same_in_every_order(asked: int, shown: int, turn: int) -> None:
    rows = choices(60)
    row, images, truth = rows[asked], rows[shown].images, Truth(rows)
    turned = mode.rotated(row, turn)
    origins = [
        {option.letter: option.origin for option in one.options}.get(truth.fitting(one, images), "")
        for one in (row, turned)
    ]
    assert origins[0] == origins[1]


def test_the_row_that_asks_the_same_of_these_images_gives_the_answer() -> None:
    asked = _short(0, "Is there  air?", "No", "a", kind="yes_no")
    other = _short(1, "is there air? ", "Yes", "b", kind="yes_no")
    truth = Truth([asked, other, _short(2, "Which organ?", "Lung", "b")])
    assert truth.fitting(asked, other.images) == "Yes"


def test_a_short_question_that_was_never_asked_of_these_images_has_no_answer() -> None:
    asked = _short(0, "Is there air?", "No", "a")
    truth = Truth([asked, _short(1, "Which organ?", "Lung", "b")])
    assert truth.fitting(asked, [picture("b")]) == ""


def test_an_option_that_is_the_gold_of_these_images_fits_whatever_was_asked_of_them() -> None:
    asked = _choice(0, "Diagnosis?", "edema tumor cyst", "A", "a")
    truth = Truth([asked, _choice(1, "Finding?", "cyst Tumor ulcer", "B", "b")])
    assert truth.fitting(asked, [picture("b")]) == "B"
    assert truth.fitting(mode.rotated(asked, 1), [picture("b")]) == "A"


def test_the_row_with_the_same_stem_goes_before_those_that_only_share_the_images() -> None:
    asked = _choice(0, "Diagnosis?", "edema tumor cyst", "A", "a")
    same = _choice(1, "diagnosis?", "cyst tumor ulcer", "A", "b")
    other = _choice(2, "Which is also there?", "tumor mass", "A", "b")
    truth = Truth([asked, same, other])
    assert truth.fitting(asked, [picture("b")]) == "C"
    assert truth.fitting(replace(asked, stem=""), [picture("b")]) == ""


def test_a_gold_under_the_same_stem_that_is_no_option_leaves_the_question_to_the_images_alone() -> None:
    asked = _choice(0, "Diagnosis?", "edema tumor cyst", "A", "a")
    truth = Truth(
        [asked, _choice(1, "Diagnosis?", "gout ulcer", "A", "b"), _choice(2, "Which else?", "tumor mass", "A", "b")]
    )
    assert truth.fitting(asked, [picture("b")]) == "B"


def test_two_options_that_fit_the_images_are_no_answer() -> None:
    asked = _choice(0, "Diagnosis?", "edema tumor cyst", "A", "a")
    truth = Truth([asked, _choice(1, "One?", "tumor mass", "A", "b"), _choice(2, "Two?", "cyst mass", "A", "b")])
    assert truth.fitting(asked, [picture("b")]) == ""


def test_one_question_of_one_picture_with_two_published_answers_has_none() -> None:
    rows = [_short(0, "Which organ?", "Lung", "a"), _short(1, "Which organ?", "Heart", "a")]
    assert Truth(rows).fitting(rows[0], rows[0].images) == ""
    again = [*rows[:1], _short(1, "Which organ?", "LUNG", "a")]
    assert Truth(again).fitting(rows[0], rows[0].images) == "Lung"


def test_some_of_the_images_are_not_the_images() -> None:
    asked = _choice(0, "Diagnosis?", "edema tumor cyst", "A", "a", "b")
    truth = Truth([asked])
    assert truth.fitting(asked, asked.images[::-1]) == "A"
    assert truth.fitting(asked, asked.images[:1]) == ""
    assert truth.fitting(asked, ()) == ""


def test_grey_images_fit_nothing() -> None:
    rows = [*choices(60), *shorts(60)]
    truth = Truth(rows)
    assert {truth.fitting(row, mode.blank(row).images) for row in rows} == {""}


def test_the_most_frequent_answer_to_a_question_is_recalled_wherever_its_option_stands() -> None:
    rows = [
        _choice(number, "Diagnosis?", texts, gold, f"p{number}")
        for number, (texts, gold) in enumerate([("edema tumor", "A"), ("tumor edema", "A"), ("edema tumor", "B")])
    ]
    truth = Truth(rows)
    assert [truth.recalled(row) for row in rows] == ["B", "A", "B"]
    assert [truth.place(row) for row in rows] == ["A", "A", "A"]
    assert truth.recalled(replace(rows[0], stem="")) == ""


def _pairs(share: float, kind: RowKind = "yes_no") -> tuple[Truth, list[Row]]:
    """Ten rows with one stem, each with the images of each of them."""
    golds = ["yes"] * round(10 * share) + ["no"] * (10 - round(10 * share))
    rows = [_short(number, "Is there air?", gold, f"p{number}", kind=kind) for number, gold in enumerate(golds)]
    return Truth(rows), [replace(row, images=donor.images) for row in rows for donor in rows]


@pytest.mark.parametrize(("share", "ceiling"), [(0.5, 0.50), (0.6, 0.52), (0.8, 0.68)])
def test_a_perfect_reader_of_shuffled_yes_no_rows_reaches_the_chance_that_two_golds_agree(
    share: float, ceiling: float
) -> None:
    truth, shown = _pairs(share)
    assert truth.ceiling(shown) == pytest.approx(ceiling)


@pytest.mark.parametrize(("kind", "worth"), [("yes_no", 0.5), ("closed", 0.0), ("open", 0.0)])
def test_where_nothing_fits_the_ceiling_is_what_a_guess_is_worth(kind: RowKind, worth: float) -> None:
    row = _short(0, "Is there air?", "yes", "a", kind=kind)
    assert Truth([row]).ceiling([replace(row, images=())]) == worth


@pytest.mark.parametrize("count", [2, 3, 5])
def test_where_no_option_fits_the_ceiling_is_one_over_the_options(count: int) -> None:
    row = _choice(0, "Diagnosis?", " ".join(f"t{number}" for number in range(count)), "A", "a")
    assert Truth([row]).ceiling([replace(row, images=()), row]) == pytest.approx((1 / count + 1) / 2)


def test_a_mean_over_no_rows_is_refused() -> None:
    with pytest.raises(NotEstimable, match="ceiling: got no rows"):
        Truth(choices(10)).ceiling([])


@given(st.permutations(range(30)))
def test_the_fitting_answer_does_not_depend_on_the_order_of_publication(order: Sequence[int]) -> None:
    rows = [*choices(15), *shorts(15)]
    first, second = Truth(rows), Truth([rows[place] for place in order])
    for row, donor in zip(rows, rows[7:] + rows[:7], strict=True):
        assert first.fitting(row, donor.images) == second.fitting(row, donor.images)
