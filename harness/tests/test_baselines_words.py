"""What is learned of words: on train, or on the other folds; and that nothing leaks into it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import log

import pytest

from harness.baselines import baselines, folds, points
from harness.baselines.commonest import meaning
from harness.baselines.options_words import described
from harness.baselines.question_words import ANSWERS, terms
from harness.records import Baseline, Row
from harness.tests import made
from harness.tests.test_baselines import asked, choice

WORDS = ("acute", "mild", "left", "upper", "benign", "chronic", "lobe", "node", "cyst", "edema")
SCANS = ("CT", "MRI", "PET")


def giveaway(number: int, seed: int = 0) -> Row:
    """A row whose right option is the only one that says "only"; its letter is drawn."""
    rng = random.Random(f"{seed} {number}")  # noqa: S311
    place = rng.randrange(5)
    texts = [f"{rng.choice(WORDS)} {rng.choice(WORDS)} {'only' if n == place else 'also'}" for n in range(5)]
    return replace(choice(number + 1000 * seed, *texts, gold="ABCDE"[place]), stem=f"Case {seed}-{number}?")


def noise(number: int) -> Row:
    """A row whose options say nothing about its gold."""
    rng = random.Random(f"noise {number}")  # noqa: S311
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(1, 4))) + f" {n}" for n in range(5)]
    return choice(number, *texts, gold=rng.choice("ABCDE"))


def words(rows: Sequence[Row], train: Sequence[Row] = ()) -> Baseline:
    """The baseline that is learned."""
    return next(one for one in baselines(rows, train) if one.name in ("options_words", "question_words"))


def scored(rows: Sequence[Row], train: Sequence[Row] = ()) -> float:
    """Its mean points."""
    return sum(points(rows, words(rows, train))) / len(rows)


# ----------------------------------------------------------------------------------------------- options


def test_a_word_that_gives_the_right_option_away_is_found() -> None:
    rows, train = [giveaway(n) for n in range(40)], [giveaway(n, seed=1) for n in range(60)]
    assert scored(rows, train) == scored(rows) == 1.0
    assert words(rows, train).learned == "on train, 60 rows"
    assert words(rows).learned == "on the other folds of these rows"


def test_a_right_option_that_is_always_the_longest_is_found() -> None:
    rows = []
    for n in range(60):
        rng = random.Random(n)  # noqa: S311
        texts = ["".join(rng.choices("abcdefghij", k=k)) for k in rng.sample([5, 7, 9, 11, 30], 5)]
        rows.append(choice(n, *texts, gold="ABCDE"[max(range(5), key=lambda place: len(texts[place]))]))
    assert scored(rows) == 1.0


def test_options_that_say_nothing_score_no_better_than_a_guess() -> None:
    # four standard errors of 400 guesses among five
    assert abs(scored([noise(n) for n in range(400)]) - 0.2) < 4 * (0.2 * 0.8 / 400) ** 0.5


def test_evenly_spread_golds_score_below_a_guess_when_they_are_crossed() -> None:
    texts = ("CT", "MRI", "X-ray", "PET", "ultrasound")
    rows = [choice(n, *texts, gold="ABCDE"[n % 5]) for n in range(50)]
    assert scored(rows) < 0.2


def test_options_are_chosen_without_their_question_picture_and_gold() -> None:
    rows, train = [giveaway(n) for n in range(20)], [noise(n) for n in range(30)]
    other = [replace(row, stem="only " * n, gold="A", images=(), slices={}) for n, row in enumerate(rows)]
    assert words(rows, train).answers == words(other, train).answers


def test_turning_the_options_turns_the_answer() -> None:
    rows, train = [giveaway(n) for n in range(10)], [giveaway(n, seed=1) for n in range(30)]
    turned = []
    for row in rows:
        texts = [option.text for option in row.options]
        gold = "ABCDE"["ABCDE".index(row.gold) - 1]
        turned.append(replace(choice(0, *texts[1:], texts[0], gold=gold), id=row.id))
    assert points(turned, words(turned, train)) == [1] * 10


def test_features_of_an_option_are_its_words_its_relative_length_and_what_it_shares() -> None:
    first, second, _ = described(choice(1, "left lung", "left upper lobe", "spleen")).features
    assert first == {
        "word left": 1,
        "word lung": 1,
        "words left lung": 1,
        "length": pytest.approx(log(9 / 10)),
        "longest": 0,
        "shortest": 0,
        "shared": 1 / 2,
    }
    assert second["longest"] == 1
    assert second["shared"] == pytest.approx(1 / 3)


# --------------------------------------------------------------------------------------------- questions


def test_the_wording_of_a_question_is_learned_on_train() -> None:
    train = [asked(n, f"Which organ is seen in case {n}?", "liver") for n in range(8)]
    train += [asked(10 + n, f"Which plane is case {n}?", "axial") for n in range(6)]
    rows = [asked(100, "Which organ is it?", "Liver"), asked(101, "In which plane?", "Axial"), asked(102, "", "liver")]
    assert words(rows, train).answers == ("liver", "axial", "liver")


def test_chinese_questions_are_learned_by_their_characters() -> None:
    train = [asked(n, f"图{n}中的器官是什么？", "肝脏") for n in range(6)]
    train += [asked(10 + n, f"图{n}的成像方式是什么？", "CT") for n in range(6)]
    rows = [asked(100, "这是什么器官", "肝脏"), asked(101, "图像采用哪种成像方式", "CT")]
    assert words(rows, train).answers == ("肝脏", "CT")
    assert "成 像" in terms("成像方式")


def test_an_answer_is_one_of_train_in_its_commonest_spelling() -> None:
    train = [asked(n, "What is it?", gold) for n, gold in enumerate(["X-Ray", "x ray", "X-Ray", "MRI"])]
    rows = [asked(10, "What is it?", "CT"), asked(11, "What is it?", "xray"), asked(12, "What is it?", "the x-ray")]
    found = words(rows, train)
    assert (found.answers, points(rows, found)) == (("X-Ray",) * 3, [0, 0, 1])


def test_yes_and_no_are_learned_by_what_they_mean() -> None:
    train = [asked(n, "有肿瘤吗？", gold, "yes_no") for n, gold in enumerate(["没有", "没有", "不是", "有", "是的"])]
    rows = [asked(10, "有肿瘤吗？", "不包含", "yes_no")]
    assert points(rows, words(rows, train)) == [1]


def test_naive_bayes_is_the_sum_of_logarithms_by_hand() -> None:
    said = [("where is it", "lung"), ("where is this", "lung"), ("what is this", "mass"), ("what is it now", "mass")]
    train = [asked(n, stem, gold) for n, (stem, gold) in enumerate(said)]
    questions = ["where", "what now", "is this it", "this where now", "what is it", "it"]
    size = len(set().union(*(terms(stem) for stem, _ in said)))

    def log_probability(stem: str, gold: str) -> float:
        seen = Counter(term for other, answer in said if answer == gold for term in terms(other))
        known = [term for term in terms(stem) if any(term in terms(other) for other, _ in said)]
        return log(0.5) + sum(log((seen[term] + 0.1) / (seen.total() + 0.1 * size)) for term in known)

    expected = [max(("lung", "mass"), key=lambda gold: log_probability(stem, gold)) for stem in questions]
    assert set(expected) == {"lung", "mass"}
    rows = [asked(100 + n, stem, "lung") for n, stem in enumerate(questions)]
    assert words(rows, train).answers == tuple(expected)


def test_answers_beyond_the_most_frequent_ones_are_never_given() -> None:
    train = [asked(n, f"word{n // 2}", f"answer{n // 2}") for n in range(2 * ANSWERS)]
    train += [asked(9000 + n, f"rare{n}", f"seldom{n}") for n in range(5)]
    rows = [asked(10000, "word7", "answer7"), asked(10001, "rare3", "seldom3")]
    assert points(rows, words(rows, train)) == [1, 0]


def test_one_answer_in_train_is_always_given() -> None:
    assert words([asked(9, "What?", "CT")], [asked(n, "What?", "MRI") for n in range(3)]).answers == ("MRI",)


# ----------------------------------------------------------------------------------------- cross-fitting


@pytest.mark.parametrize("short", [True, False])
def test_no_row_is_answered_by_a_model_that_saw_a_row_of_its_cluster(short: bool) -> None:
    rows = [
        replace(asked(n, f"What is {n % 7}?", SCANS[n % 3]) if short else noise(n), cluster=f"c{n // 3}")
        for n in range(45)
    ]
    before = words(rows).answers
    for cluster in ("c0", "c5", "c14"):
        changed = [replace(row, gold="D" if not short else "bone") if row.cluster == cluster else row for row in rows]
        own = [place for place, row in enumerate(rows) if row.cluster == cluster]
        after = words(changed).answers
        assert [after[place] for place in own] == [before[place] for place in own]


def test_folds_hold_whole_clusters_of_about_equal_number() -> None:
    rows = [made.row(n, cluster=f"c{n // 4}") for n in range(400)]
    fold = folds.dealt(rows)
    assert len(set(zip(fold, (row.cluster for row in rows), strict=True))) == 100
    assert Counter(fold) == dict.fromkeys(range(5), 80)


def test_rows_of_one_cluster_cannot_be_crossed_and_have_no_such_baseline() -> None:
    rows = [replace(giveaway(n), cluster="one") for n in range(10)]
    assert "options_words" not in [one.name for one in baselines(rows)]
    assert "options_words" in [one.name for one in baselines(rows, [giveaway(99)])]


# ----------------------------------------------------------------------------------------- reproducible


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize("short", [True, False])
def test_order_of_rows_and_names_of_clusters_change_nothing(short: bool, crossed: bool) -> None:
    def row(n: int) -> Row:
        own = asked(n, f"What is {n % 9} in {n % 4}?", f"a{n % 5}") if short else noise(n)
        return replace(own, cluster=f"c{n // 2}")

    rows, train = [row(n) for n in range(40)], [] if crossed else [row(n) for n in range(100, 150)]
    before = {row.id: answer for row, answer in zip(rows, words(rows, train).answers, strict=True)}
    order = random.Random(3)  # noqa: S311
    moved = [replace(row, cluster=f"other {row.cluster}") for row in order.sample(rows, len(rows))]
    after = words(moved, order.sample(train, len(train))).answers
    assert {row.id: answer for row, answer in zip(moved, after, strict=True)} == before


def test_hash_seeds_change_nothing() -> None:
    code = (
        "from harness.tests.test_baselines_words import noise, words\n"
        "from harness.tests.test_baselines import asked\n"
        "print(words([noise(n) for n in range(30)]).answers)\n"
        "print(words([asked(n, f'What is {n % 9} in {n % 4}?', f'a{n % 5}') for n in range(60)]).answers)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    said = [process.communicate()[0] for process in running]
    assert said[0] == said[1]
    assert said[0].count(b"\n") == 2


# ----------------------------------------------------------------------------------------------- overlap


def test_rows_of_train_that_were_asked_or_shown_before_are_kept_and_counted() -> None:
    rows = [replace(asked(1, "Which organ?", "Liver"), images=(made.picture("a"),))]
    train = [
        replace(asked(2, "which organ", "the liver"), images=(made.picture("b"),)),
        replace(asked(3, "Which organ?", "Lung"), images=(made.picture("a"),)),
        replace(asked(4, "Which plane?", "Axial"), images=(made.picture("c"),)),
    ]
    assert words(rows, train).learned == (
        "on train, 3 rows, 1 with question and answer of a row here, 1 with a picture of a row here"
    )


def test_pictures_of_a_train_split_read_without_them_are_said_not_to_be_compared() -> None:
    train = [replace(asked(n, f"Which {n}?", "Lung"), images=()) for n in range(1234)]
    assert words([asked(1, "Which organ?", "Liver")], train).learned == (
        "on train, 1,234 rows; pictures were not compared"
    )


def test_an_option_list_asked_before_is_counted_by_the_text_of_its_gold() -> None:
    train = [choice(1, "gout", "lupus", gold="A"), choice(1, "lupus", "gout", gold="B"), choice(2, "lupus", "gout")]
    rows = [replace(choice(1, "gout", "lupus", gold="A"), images=())]
    assert meaning(train[1]) != meaning(rows[0])
    assert (
        words(rows, train).learned
        == "on train, 3 rows, 2 with question and answer of a row here; pictures were not compared"
    )
