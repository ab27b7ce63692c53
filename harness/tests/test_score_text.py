"""Words, and what must hold for any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import sentence_bleu  # type: ignore[import-untyped]

from harness import score
from harness.records import Read, Row
from harness.score import overlap
from harness.score.words import parts, polarity, words

searched = settings(deadline=None, max_examples=150)

# Letters that overlap often, with the signs, scripts and articles that normalisation treats.
TEXT = st.one_of(
    st.text(max_size=25),
    st.lists(
        st.sampled_from(["left", "lung", "the", "a", "x-ray", "3.4", "肺", "\uff0c", "no", ",", "and", "é"]), max_size=8
    ).map(" ".join),
)
WORDS = st.lists(st.sampled_from(["left", "right", "lung", "肺", "2"]), min_size=1, max_size=7)


def points(reply: str, gold: str) -> dict[str, float]:
    """Points of a reply that was read as is."""
    row = Row(id="1", kind="open", stem="", options=(), gold=gold, images=(), cluster="c", slices={})
    return score.short(row, Read(reply))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The X-Ray, of an Abdomen!", ("x", "ray", "of", "abdomen")),
        ("2.5cm x 1.7cm", ("2.5cm", "x", "1.7cm")),
        ("1. Liver.", ("1", "liver")),
        ("T2-weighted_MRI", ("t2", "weighted", "mri")),
        ("cm\u00b2 \ufb01brosis \uff21", ("cm2", "fibrosis")),
        ("左肺,T2加权", ("左", "肺", "t2", "加", "权")),
        ("Straße", ("strasse",)),
        ("cafe\u0301", ("café",)),
        ("दिल", ("दिल",)),
        ("two", ("two",)),
        ("A", ("a",)),
        ("+", ("+",)),
        ("...", ("...",)),
        ("", ()),
        (" \t\n", ()),
    ],
)
def test_words_are_these(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Edema, Tumor and the Cyst", [("cyst",), ("edema",), ("tumor",)]),
        ("left hand", [("left", "hand")]),
        ("1,000 ml", [("1", "000", "ml")]),
        ("肺,心脏、胃", [("心", "脏"), ("肺",), ("胃",)]),
        (",,", []),
    ],
)
def test_parts_are_these(text: str, expected: list[tuple[str, ...]]) -> None:
    assert parts(text) == sorted(expected)


@pytest.mark.parametrize("text", ["", "left", "yes and no", "not sure", "y es", "nope?", "不知道"])
def test_what_is_not_plainly_yes_or_no_is_neither(text: str) -> None:
    assert polarity(text) is None


@searched
@given(TEXT)
def test_words_of_words_are_the_same_words(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once


@searched
@given(TEXT, TEXT)
def test_points_of_any_two_texts_are_in_range_and_in_order(reply: str, gold: str) -> None:
    found = points(reply, gold)
    assert all(0 <= value <= 1 for value in found.values())
    assert found["exact_match"] <= found["set_match"]
    assert found["exact_match"] <= min(found[name] for name in ("contains_gold", "inside_gold", "rouge_l", "bleu_1"))
    assert found["contains_gold"] <= found["token_recall"]
    assert found["rouge_l"] <= found["token_f1"] + 1e-12


@searched
@given(TEXT)
def test_a_reply_equal_to_the_answer_has_all_points(text: str) -> None:
    assert set(points(text, text).values()) == {1.0}
    assert set(points(f"  {text.upper()}\n", text.upper()).values()) == {1.0}


@searched
@given(TEXT, TEXT)
def test_symmetric_metrics_are_symmetric(reply: str, gold: str) -> None:
    one, other = points(reply, gold), points(gold, reply)
    for name in ("exact_match", "set_match", "token_f1", "rouge_l"):
        assert one[name] == pytest.approx(other[name], abs=1e-12)
    assert one["contains_gold"] == other["inside_gold"]


@searched
@given(WORDS, WORDS)
def test_bleu_1_agrees_with_nltk(said: list[str], wanted: list[str]) -> None:
    assert overlap.bleu_1(said, wanted) == pytest.approx(sentence_bleu([wanted], said, weights=(1.0,)), abs=1e-9)


@searched
@given(WORDS, WORDS)
def test_token_f1_is_the_harmonic_mean_of_precision_and_recall(said: list[str], wanted: list[str]) -> None:
    precision, recall = overlap.recall(wanted, said), overlap.recall(said, wanted)
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert overlap.f1(said, wanted) == pytest.approx(expected, abs=1e-12)


def test_nothing_stands_in_nothing() -> None:
    assert not overlap.within([], [])
    assert not overlap.within([], ["lung"])


def test_one_empty_side_has_no_points_and_two_have_all() -> None:
    for metric in (overlap.f1, overlap.recall, overlap.bleu_1, overlap.rouge_l):
        assert metric([], ["lung"]) == 0.0
        assert metric(["lung"], []) == 0.0
        assert metric([], []) == 1.0


def test_text_that_rouge_score_drops_by_itself_still_counts() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    alone = RougeScorer(["rougeL"]).score("右下肺", "左下肺")["rougeL"].fmeasure
    assert alone == 0.0
    assert points("左下肺", "右下肺")["rouge_l"] == pytest.approx(2 / 3)
