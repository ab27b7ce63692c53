"""Points by hand for every metric."""

from __future__ import annotations

import pytest

from harness import score
from harness.errors import DataError
from harness.load.slake import NO_ZH, YES_ZH
from harness.records import Option, Read, Row, RowKind, Unread
from harness.score.words import polarity


def choice_row(shown: str = "ABCDE", gold: str = "C") -> Row:
    """A row whose published options A to E are shown in this order under the letters A, B, C ...; gold as shown."""
    options = tuple(
        Option(letter=letter, text=f"text {origin}", origin=origin)
        for letter, origin in zip("ABCDE", shown, strict=True)
    )
    return Row(id="MM-26", kind="choice", stem="Which?", options=options, gold=gold, images=(), cluster="c", slices={})


def short_row(gold: str, kind: RowKind = "open") -> Row:
    """A short-answer row with this published answer."""
    return Row(id="11", kind=kind, stem="What?", options=(), gold=gold, images=(), cluster="c", slices={})


def points(reply: str, gold: str, kind: RowKind = "open") -> dict[str, float]:
    """Points of a reply that was read as is."""
    return score.short(short_row(gold, kind), Read(reply))


# -------------------------------------------------------------------------------------------- option letters


def test_the_published_letter_is_right_in_the_published_order() -> None:
    assert score.choice(choice_row(), Read("C")) == {"accuracy": 1.0}
    assert score.choice(choice_row(), Read("D")) == {"accuracy": 0.0}


def test_options_that_moved_are_compared_by_their_published_letter() -> None:
    # Rotation by one: B C D E A under A B C D E. The answer C is now shown as B, and the letter C shows D.
    row = choice_row("BCDEA", gold="B")
    assert score.choice(row, Read("C")) == {"accuracy": 1.0}
    assert score.choice(row, Read("B")) == {"accuracy": 0.0}


def test_an_unread_choice_is_wrong() -> None:
    assert score.choice(choice_row(), Unread("several")) == {"accuracy": 0.0}


@pytest.mark.parametrize("gold", ["F", "", "c", "text C"])
def test_a_gold_that_is_no_option_letter_is_refused_with_its_row(gold: str) -> None:
    with pytest.raises(DataError, match=r"row MM-26: gold is .* letter of one option \(A, B, C, D, E\)"):
        score.choice(choice_row(gold=gold), Read("A"))


# --------------------------------------------------------------------------------------------- short answers

# Words after normalisation in brackets; the fractions are worked out in the comment before each case.
# fmt: off
BY_HAND: list[tuple[str, str, dict[str, float]]] = [
    # [left lower lobe] against itself
    ("The left lower lobe.", "left lower lobe",
     {"exact_match": 1, "set_match": 1, "contains_gold": 1, "inside_gold": 1, "token_f1": 1, "token_recall": 1,
      "bleu_1": 1, "rouge_l": 1}),
    # [left lung] for [right lung]: 1 shared of 2 and 2; subsequence [lung]
    ("left lung", "Right Lung",
     {"exact_match": 0, "set_match": 0, "contains_gold": 0, "inside_gold": 0, "token_f1": 0.5, "token_recall": 0.5,
      "bleu_1": 0.5, "rouge_l": 0.5}),
    # [it is pneumonia of right lung] for [pneumonia]: precision 1/6, recall 1, F1 2/7; longer, so no brevity penalty
    ("It is pneumonia of the right lung", "Pneumonia",
     {"exact_match": 0, "set_match": 0, "contains_gold": 1, "inside_gold": 0, "token_f1": 2 / 7, "token_recall": 1,
      "bleu_1": 1 / 6, "rouge_l": 2 / 7}),
    # [lung] for [right lower lung]: precision 1, recall 1/3, F1 1/2; BLEU 1 * exp(1 - 3/1) = 0.135335
    ("lung", "right lower lung",
     {"exact_match": 0, "set_match": 0, "contains_gold": 0, "inside_gold": 1, "token_f1": 0.5, "token_recall": 1 / 3,
      "bleu_1": 0.1353352832366127, "rouge_l": 0.5}),
    # [left left] for [left left lung], repetition counts: shared 2 of 2 and 3, F1 4/5; BLEU exp(1 - 3/2) = 0.606531
    ("left left", "left left lung",
     {"exact_match": 0, "set_match": 0, "contains_gold": 0, "inside_gold": 1, "token_f1": 0.8, "token_recall": 2 / 3,
      "bleu_1": 0.6065306597126334, "rouge_l": 0.8}),
    # [lung lung lung] for [lung heart], clipped: shared 1 of 3 and 2, F1 2/5
    ("lung lung lung", "lung, heart",
     {"exact_match": 0, "set_match": 0, "contains_gold": 0, "inside_gold": 0, "token_f1": 0.4, "token_recall": 0.5,
      "bleu_1": 1 / 3, "rouge_l": 0.4}),
    # All words shared, in another order; the longest common subsequence is [brain edema], 2 of 3
    ("tumor brain edema", "brain edema tumor",
     {"exact_match": 0, "set_match": 0, "contains_gold": 0, "inside_gold": 0, "token_f1": 1, "token_recall": 1,
      "bleu_1": 1, "rouge_l": 2 / 3}),
    # A list in another order: parts [brain tumor] and [brain edema]; shared 4 of 5 and 4; the longest subsequences are
    # [brain brain], [brain tumor], [brain edema]: 2 of 5 and 2 of 4, F1 = 2 * 0.4 * 0.5 / 0.9
    ("Brain tumor and brain edema", "Brain Edema, Brain Tumor",
     {"exact_match": 0, "set_match": 1, "contains_gold": 0, "inside_gold": 0, "token_f1": 8 / 9, "token_recall": 1,
      "bleu_1": 4 / 5, "rouge_l": 4 / 9}),
    # Nothing shared
    ("CT", "MRI",
     {"exact_match": 0, "set_match": 0, "contains_gold": 0, "inside_gold": 0, "token_f1": 0, "token_recall": 0,
      "bleu_1": 0, "rouge_l": 0}),
    # SLAKE in Chinese, a character a word: [左 下 肺] for [右 下 肺] shares 2 of 3, in order
    ("左下肺", "右下肺",
     {"exact_match": 0, "set_match": 0, "contains_gold": 0, "inside_gold": 0, "token_f1": 2 / 3, "token_recall": 2 / 3,
      "bleu_1": 2 / 3, "rouge_l": 2 / 3}),
    # [肺 炎] for [肺]: precision 1/2, recall 1, F1 2/3
    ("肺炎", "肺",
     {"exact_match": 0, "set_match": 0, "contains_gold": 1, "inside_gold": 0, "token_f1": 2 / 3, "token_recall": 1,
      "bleu_1": 0.5, "rouge_l": 2 / 3}),
]
# fmt: on


@pytest.mark.parametrize(("reply", "gold", "expected"), BY_HAND)
def test_points_are_those_worked_out_by_hand(reply: str, gold: str, expected: dict[str, float]) -> None:
    found = points(reply, gold)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize(
    ("reply", "gold"),
    [
        ("x-ray", "X-Ray"),
        ("  AXIAL ", "axial"),
        ("an X-ray.", "x ray"),
        ("\uff34\uff12", "T2"),  # full width
        ("2", "2"),
        ("none", "None"),
        ("transverse plane", "Transverse  Plane"),
        ("5mm", "5MM"),
        ("左肺\uff0c右侧", "左肺, 右侧"),
        ("Crohn\u2019s", "crohn's"),
        ("the", "The"),
        ("A.", "a"),
        ("li\u200bver", "liver"),
    ],
)
def test_the_same_answer_written_otherwise_has_all_points(reply: str, gold: str) -> None:
    assert set(points(reply, gold).values()) == {1.0}


@pytest.mark.parametrize(
    ("reply", "gold"),
    [
        ("two", "2"),
        ("left", "right"),
        ("4.3 cm", "3.4 cm"),
        ("34 cm", "3.4 cm"),
        ("normal", "no"),
        ("0", "None"),
        ("hepatitis b", "hepatitis a"),
        ("-", "+"),
        ("abnormal", "normal"),
        ("不正常", "正常"),
        ("gallbladder", "bladder"),
    ],
)
def test_another_answer_is_no_exact_match(reply: str, gold: str) -> None:
    found = points(reply, gold)
    assert (found["exact_match"], found["set_match"]) == (0.0, 0.0)


def test_a_decimal_number_is_one_word() -> None:
    # [4.3 cm] and [3.4 cm] share cm alone; split at the point they would share everything.
    assert points("4.3 cm", "3.4 cm")["token_f1"] == pytest.approx(0.5)


def test_containment_is_by_whole_words_both_ways() -> None:
    assert points("gallbladder", "bladder")["contains_gold"] == 0
    assert points("the bladder wall", "bladder")["contains_gold"] == 1
    assert points("know", "no", "closed")["contains_gold"] == 0
    assert points("right side of the heart", "right heart")["contains_gold"] == 0
    assert points("mri", "t2 weighted mri")["inside_gold"] == 1


@pytest.mark.parametrize("kind", ["open", "closed", "yes_no"])
@pytest.mark.parametrize("why", ["empty", "refusal", "cut_off"])
def test_an_unread_reply_has_no_point_in_any_metric(kind: RowKind, why: str) -> None:
    found = score.short(short_row("no", kind), Unread(why))
    assert set(found.values()) == {0.0}
    assert found.keys() == points("no", "no", kind).keys()


def test_an_empty_published_answer_gives_nothing_to_a_reply() -> None:
    found = points("liver", "")
    assert set(found.values()) == {0.0}


def test_an_empty_reply_is_contained_in_nothing() -> None:
    assert set(points("", "liver").values()) == {0.0}


def test_bleu_of_all_words_in_another_order_is_1_to_the_last_bit() -> None:
    # sacrebleu gives 100.00000000000004, and points above 1 are refused by the statistics.
    assert points("tumor brain edema", "brain edema tumor")["bleu_1"] == 1.0


# -------------------------------------------------------------------------------------------- lists and yes/no


@pytest.mark.parametrize(
    ("reply", "gold", "expected"),
    [
        ("Lung, Heart", "Heart, Lung", 1),
        ("heart; lung", "Heart, Lung", 1),
        ("Heart and Lung", "Heart, Lung", 1),
        ("lung, heart, and liver", "Heart, Lung, Liver", 1),
        ("肺、心脏", "心脏,肺", 1),
        ("heart lung", "Heart, Lung", 1),  # an exact match is a set match
        ("Heart", "Heart, Lung", 0),
        ("Heart, Lung, Liver", "Heart, Lung", 0),
        ("Lung, Lung", "Lung", 0),
        ("Left Heart, Lung", "Left Lung, Heart", 0),
        ("1,000", "1, 000", 1),  # by its words, not as a list
        ("000, 1", "1,000", 0),
        ("dry hand", "dry h", 0),
    ],
)
def test_a_list_matches_in_any_order_and_only_whole(reply: str, gold: str, expected: int) -> None:
    assert points(reply, gold)["set_match"] == expected


@pytest.mark.parametrize("gold", ["yes", "Yes", "YES ", "是的", "包含", "有", "可以", "正常"])
def test_published_answers_that_mean_yes_are_yes(gold: str) -> None:
    assert set(points("yes", gold, "yes_no").values()) == {1.0}
    assert set(points("no", gold, "yes_no").values()) == {0.0}


@pytest.mark.parametrize("gold", ["no", "No", "不是", "不包含", "没有", "不可以", "不正常"])
def test_published_answers_that_mean_no_are_no(gold: str) -> None:
    assert set(points("no", gold, "yes_no").values()) == {1.0}
    assert set(points("yes", gold, "yes_no").values()) == {0.0}


def test_every_answer_that_slake_loads_as_yes_or_no_is_scored_so() -> None:
    assert {polarity(answer) for answer in YES_ZH} == {"yes"}
    assert {polarity(answer) for answer in NO_ZH} == {"no"}


def test_a_chinese_reply_to_a_yes_no_row_is_taken_for_yes_or_no() -> None:
    assert points("是", "包含", "yes_no")["yes_no"] == 1.0
    assert points("不是", "包含", "yes_no")["yes_no"] == 0.0


def test_yes_no_accuracy_is_given_on_yes_no_rows_only() -> None:
    assert "yes_no" in points("yes", "no", "yes_no")
    assert "yes_no" not in points("yes", "no", "closed")


def test_a_closed_row_is_not_taken_for_yes_or_no() -> None:
    assert points("是", "包含", "closed")["exact_match"] == 0.0


def test_a_yes_no_row_whose_answer_is_neither_is_refused_with_its_row() -> None:
    with pytest.raises(DataError, match="row 11: the answer is 'left', but that of a yes/no row should mean yes or no"):
        points("yes", "left", "yes_no")
    with pytest.raises(DataError, match="row 11"):
        score.short(short_row("left", "yes_no"), Unread("empty"))


# ------------------------------------------------------------------------------------------------ the tables


def test_every_metric_that_is_given_is_described() -> None:
    given = score.choice(choice_row(), Read("A")).keys() | points("yes", "no", "yes_no").keys()
    assert given == score.METRICS.keys()
    assert all(metric.title and metric.description.endswith(".") for metric in score.METRICS.values())


@pytest.mark.parametrize("kind", ["choice", "yes_no", "closed", "open"])
def test_the_headline_metric_is_given_on_every_row_of_its_kind(kind: RowKind) -> None:
    given = score.choice(choice_row(), Read("A")) if kind == "choice" else points("yes", "no", kind)
    assert score.primary(kind) in given


def test_the_short_answer_kinds_share_their_headline_metric() -> None:
    kinds: list[RowKind] = ["yes_no", "closed", "open"]
    assert {score.primary(kind) for kind in kinds} == {"exact_match"}
    assert score.primary("choice") == "accuracy"
