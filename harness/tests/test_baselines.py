"""What the data alone give by counting: constants, the longest option, the prior by question type; and their points."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import mode, score
from harness.baselines import baselines, points, strongest
from harness.baselines.commonest import ENOUGH
from harness.errors import DataError, NotEstimable, UsageError
from harness.records import Baseline, Option, Read, Row, RowKind
from harness.tests import made

KINDS: tuple[RowKind, ...] = ("yes_no", "closed", "open")
GOLDS = {"yes_no": ["yes", "No", "no."], "closed": ["left", "the left", "Right"], "open": ["Lung", "a lung", "liver"]}


def choice(number: int, *texts: str, gold: str = "A", slices: Mapping[str, str] | None = None) -> Row:
    """A row with these options."""
    options = tuple(
        Option(letter=letter, text=text, origin=letter) for letter, text in zip("ABCDEFGH", texts, strict=False)
    )
    return replace(made.row(number, gold=gold, slices=slices), options=options)


def asked(number: int, stem: str, gold: str, kind: RowKind = "open", **slices: str) -> Row:
    """A short-answer row with this question."""
    return replace(made.row(number, kind=kind, gold=gold, slices=slices), stem=stem)


def named(found: Sequence[Baseline]) -> dict[str, Baseline]:
    """Baselines by name."""
    return {one.name: one for one in found}


def right(rows: Sequence[Row], baseline: Baseline) -> float:
    """Sum of points."""
    return sum(points(rows, baseline))


# ------------------------------------------------------------------------------------------------ choice


def test_constant_letter_is_the_one_that_is_right_most_often() -> None:
    rows = [made.row(n, gold=gold) for n, gold in enumerate("BECEABED")]
    found = named(baselines(rows))["constant_letter"]
    assert (found.title, set(found.answers), right(rows, found)) == ("always E", {"E"}, 3)
    assert found.learned == "on these very rows (strict on the model)"


def test_constant_letter_of_equally_frequent_ones_is_the_first() -> None:
    rows = [made.row(n, gold=gold) for n, gold in enumerate("DBBD")]
    assert named(baselines(rows))["constant_letter"].title == "always B"


@settings(deadline=None)
@given(golds=st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=40))
def test_no_other_letter_beats_the_constant_one(golds: list[str]) -> None:
    rows = [made.row(n, gold=gold, cluster="one") for n, gold in enumerate(golds)]
    assert right(rows, named(baselines(rows))["constant_letter"]) == max(golds.count(letter) for letter in "ABCDE")


def test_constant_letter_gives_no_answer_where_a_row_has_no_such_option() -> None:
    rows = [made.row(1, gold="E"), made.row(2, gold="E"), made.row(3, gold="A", options="AB")]
    found = named(baselines(rows))["constant_letter"]
    assert found.answers == ("E", "E", "")
    assert points(rows, found) == [1, 1, 0]


def test_longest_option_counts_characters_and_takes_the_first_of_equally_long_ones() -> None:
    rows = [choice(1, "gout", "psoriatic arthritis", "lupus"), choice(2, "ab", "cd"), choice(3, "肺", "左肺上叶")]
    assert named(baselines(rows))["longest_option"].answers == ("B", "A", "B")


def test_blind_guess_has_expected_points_and_no_answers() -> None:
    rows = [made.row(1), made.row(2, options="ABCD"), made.row(3, options="AB")]
    found = named(baselines(rows))["blind_guess"]
    assert (found.answers, points(rows, found)) == (("", "", ""), [0.2, 0.25, 0.5])


def test_points_are_those_of_the_option_shown_under_the_letter() -> None:
    rows = [choice(n, "short", "the longest of all", "middling", "x", "y", gold="B") for n in range(4)]
    for name in mode.NAMES:
        if name.startswith("rotation_"):
            turned = [mode.rotated(row, int(name.removeprefix("rotation_"))) for row in rows]
            assert points(turned, named(baselines(turned))["longest_option"]) == [1, 1, 1, 1]


def test_letter_of_each_question_type_is_its_own_where_the_type_has_enough_rows() -> None:
    rows = [made.row(n, gold="B" if n % 2 else "C", slices={"task": f"t{n % 2}"}) for n in range(2 * ENOUGH)]
    found = named(baselines(rows, types=["task"]))["question_type"]
    assert found.title == "the most frequent letter of each question type (task)"
    assert right(rows, found) == len(rows)
    assert right(rows[:-2], named(baselines(rows[:-2], types=["task"]))["question_type"]) == ENOUGH - 1


def test_rows_with_options_have_no_prior_by_type_where_no_type_is_named() -> None:
    assert list(named(baselines([made.row(n) for n in range(10)]))) == [
        "blind_guess",
        "constant_letter",
        "longest_option",
        "options_words",
    ]


# ------------------------------------------------------------------------------------------ short answers


def test_majority_is_the_most_frequent_answer_of_each_kind() -> None:
    golds: list[tuple[RowKind, str]] = [("yes_no", "No"), ("yes_no", "yes"), ("yes_no", "no"), ("open", "Liver")]
    golds += [("open", "the lung"), ("open", "Lung"), ("closed", "left")]
    rows = [asked(n, "What?", gold, kind) for n, (kind, gold) in enumerate(golds)]
    found = named(baselines(rows))["majority"]
    assert found.answers == ("No", "No", "No", "Lung", "Lung", "Lung", "left")
    assert points(rows, found) == [1, 0, 1, 0, 1, 1, 1]


def test_majority_counts_chinese_yes_and_no_by_what_they_mean() -> None:
    golds = ["不是"] * 4 + ["是的"] * 3 + ["包含"] * 2
    rows = [asked(n, "图中有肺吗？", gold, "yes_no") for n, gold in enumerate(golds)]
    found = named(baselines(rows))["majority"]
    assert set(found.answers) == {"是的"}
    assert right(rows, found) == 5


@settings(deadline=None)  # the first score imports the libraries of its metrics
@given(data=st.data())
def test_no_other_answer_beats_the_majority_of_a_kind(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=25))
    rows = [
        replace(asked(n, "What?", data.draw(st.sampled_from(GOLDS[kind])), kind), cluster="one")
        for n, kind in enumerate(kinds)
    ]
    scored = points(rows, named(baselines(rows))["majority"])
    for kind in set(kinds):
        own = [row for row in rows if row.kind == kind]
        best = max(sum(score.short(row, Read(gold))["exact_match"] for row in own) for gold in GOLDS[kind])
        assert sum(value for row, value in zip(rows, scored, strict=True) if row.kind == kind) == best


def test_answer_of_each_question_type_is_within_the_kind_and_the_narrowest_group_of_enough_rows() -> None:
    rows = [asked(n, "What?", "CT", organ="head", plane=f"p{n % 2}") for n in range(2 * ENOUGH)]
    rows += [asked(100 + n, "What?", "MRI", organ="head", plane="p0") for n in range(ENOUGH)]
    rows += [asked(200 + n, "What?", "X-ray", organ="leg", plane="p0") for n in range(ENOUGH - 1)]
    rows += [asked(300, "Is it?", "no", "yes_no", organ="head", plane="p0")]
    wide = named(baselines(rows, types=["organ"]))["question_type"]
    assert wide.answers == ("CT",) * 119 + ("no",)  # the legs are too few for an answer of their own
    # planes in heads: p0 has 30 CT and 30 MRI, of which CT is the first; p1 has 30 CT
    assert right(rows, named(baselines(rows, types=["organ", "plane"]))["question_type"]) == 2 * ENOUGH + 1
    # planes alone: p0 has 30 CT, 30 MRI, 29 X-ray
    assert right(rows, named(baselines(rows, types=["plane"]))["question_type"]) == 2 * ENOUGH + 1


@settings(deadline=None)
@given(data=st.data())
def test_prior_by_one_type_is_never_below_the_constant(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.sampled_from([1, 5, ENOUGH - 1, ENOUGH, 40]), min_size=1, max_size=4))
    seed = data.draw(st.randoms(use_true_random=False))
    drawn = [(f"t{number}", seed.choice("ABCD")) for number, size in enumerate(sizes) for _ in range(size)]
    rows = [made.row(n, gold=gold, cluster="one", slices={"task": task}) for n, (task, gold) in enumerate(drawn)]
    found = named(baselines(rows, types=["task"]))
    assert right(rows, found["question_type"]) >= right(rows, found["constant_letter"])


def test_without_types_a_question_is_of_the_type_of_its_first_two_words() -> None:
    rows = [asked(n, f"Is there part {n}?", "no", "yes_no") for n in range(ENOUGH)]
    rows += [asked(100 + n, f"Is this part {n}?", "yes", "yes_no") for n in range(ENOUGH + 1)]
    rows += [asked(200 + n, f"Are these parts {n}?", "no", "yes_no") for n in range(ENOUGH - 2)]
    found = named(baselines(rows))["question_type"]
    assert found.title == "the most frequent answer of each beginning of a question (its first two words)"
    assert right(rows, found) == len(rows)


def test_short_answers_have_three_baselines_of_different_names_and_titles() -> None:
    found = baselines([asked(n, f"What is {n}?", "CT") for n in range(10)])
    assert [one.name for one in found] == ["majority", "question_type", "question_words"]
    assert len({one.title for one in found}) == 3


# ------------------------------------------------------------------------------------------------ points


def test_strongest_has_the_highest_mean_and_of_equal_ones_the_first_name() -> None:
    rows = [made.row(n, gold="B") for n in range(4)]
    made_of = {"b": "BBCC", "a": "CBBC", "c": "BBBC"}
    some = [Baseline(name=name, title=name, answers=tuple(text), learned="") for name, text in made_of.items()]
    assert strongest(rows, some).name == "c"
    assert strongest(rows, some[:2]).name == "a"


def test_an_answer_that_is_not_given_has_no_points() -> None:
    rows = [made.row(1, gold="B"), made.row(2, gold="B", options="AB"), asked(3, "Where?", "lung")]
    assert points(rows[:2], Baseline(name="x", title="x", answers=("", "E"), learned="")) == [0, 0]
    assert points(rows[2:], Baseline(name="x", title="x", answers=("",), learned="")) == [0]


@pytest.mark.parametrize(
    ("rows", "changes", "error", "said"),
    [
        ([], {}, NotEstimable, "got no rows"),
        ([made.row(1), made.row(2, kind="open")], {}, DataError, "row r002: is answered by open"),
        ([made.row(1, kind="open"), made.row(2)], {}, DataError, "row r002: is answered by choice"),
        ([made.row(1)], {"train": [made.row(7, kind="yes_no")]}, DataError, "train row r007: is answered by yes_no"),
        ([made.row(1)], {"train": [made.row(7, gold="F")]}, DataError, "train row r007: has the options A, B, C, D, E"),
        ([made.row(1, options="A", gold="A")], {}, DataError, "row r001: has the options A and gold 'A'"),
        ([made.row(1, slices={"b": "x", "a": "y"})], {"types": ["c"]}, UsageError, r"'c' is no slice .*\(a, b\)"),
    ],
)
def test_rows_that_allow_no_baseline_are_refused_by_name(
    rows: list[Row], changes: dict[str, list[str]], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        baselines(rows, **changes)  # type: ignore[arg-type]


def test_baselines_of_other_rows_are_refused() -> None:
    rows = [made.row(n) for n in range(3)]
    with pytest.raises(DataError, match="baseline constant_letter: has 3 answers, but should have one for each"):
        points(rows[:2], named(baselines(rows))["constant_letter"])


def test_strongest_of_nothing_is_refused() -> None:
    for rows, some in (([], baselines([made.row(1)])), ([made.row(1)], ())):
        with pytest.raises(NotEstimable, match="strongest baseline: got no"):
            strongest(rows, some)


def test_importing_baselines_imports_no_heavy_library() -> None:
    code = (
        "import sys, harness.baselines\n"
        "print(*sorted({'sklearn', 'scipy', 'torch', 'transformers', 'datasets', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
