"""A number that looks like a result asks for its evidence, and every other number is left alone."""

from __future__ import annotations

import pytest

from harness.lint import lint

WHOLE = (
    "On MedXpertQA-MM, test, with the images of all rows (0 zero-image rows), accuracy is 42.8 % (856/2000; 95 % CI "
    "40.6 to 45.0, Wilson), measured in one harness."
)


def _lacks(text: str) -> dict[str, str]:
    """What each number lacks, by the number as written."""
    return {c.quote: c.what.removeprefix(f"{c.quote}: ") for c in lint(text) if c.kind == "evidence"}


def test_a_number_with_all_of_its_evidence_is_left_alone() -> None:
    assert lint(WHOLE) == ()


@pytest.mark.parametrize(
    ("part", "without", "missing"),
    [
        ("856/2000; ", "", "no n"),
        ("95 % CI 40.6 to 45.0, Wilson", "Wilson", "no interval"),
        (", Wilson", "", "no name of the interval"),
        ("MedXpertQA-MM, test", "the set, test", "no benchmark"),
        (", test,", "", "no split"),
        (" with the images of all rows (0 zero-image rows),", "", "no mode"),
        (" (0 zero-image rows)", "", "no count of zero-image rows"),
        ("accuracy is", "it scored", "no metric"),
        (", measured in one harness", "", "no source"),
        ("measured in one harness", "as reported by its authors", "no link to its source"),
    ],
)
def test_each_missing_piece_is_named(part: str, without: str, missing: str) -> None:
    assert part in WHOLE
    assert _lacks(WHOLE.replace(part, without)) == {"42.8 %": missing}


def test_all_missing_pieces_are_listed_together() -> None:
    assert _lacks("It scores 21.05 %.") == {
        "21.05 %": "no n, no interval, no benchmark, no split, no mode, no metric, no source"
    }


def test_the_interval_of_k_of_n_is_worked_out() -> None:
    """421 of 2,000: Wilson 19.3 to 22.9."""
    (found,) = lint("On MedXpertQA-MM, test, accuracy is 21.05 % (421/2000), text only, in one harness.")
    assert "95 % CI 19.3 to 22.9, Wilson" in found.instead


def test_k_of_n_belongs_to_the_number_that_it_makes() -> None:
    found = _lacks("On SLAKE, new-2B scores 21.05 % (421/2000) and old-2B 18.8 %.")
    assert "no n," in found["18.8 %"]
    assert "no n," not in found["21.05 %"]
    assert "no n," not in _lacks("It answered 73 of 100 on SLAKE. Accuracy is 73.0 %.")["73.0 %"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It scores 65.7 on SLAKE.", ["65.7"]),
        ("EM is .57 and F1 is 0.61.", [".57", "0.61"]),
        ("Accuracy rose by 11.0 points.", ["11.0 points"]),
        ("A difference of +11.0 points in accuracy was seen.", []),
        ("The model scored 1,234.5 points.", ["1,234.5 points"]),
        ("MedGemma reaches 72 % and drops to 70%.", ["72 %", "70%"]),
        ("Accuracy improved from 40.1 to 45.3.", ["40.1", "45.3"]),
        ("Accuracy is 73.0\u202f%, not 72\u00a0%.", ["73.0\u202f%", "72\u00a0%"]),
        ("Accuracy fell by \u22126.6 points on SLAKE.", ["\u22126.6 points"]),
        ("**65.7**, an accuracy of _43.09_.", ["65.7", "43.09"]),
        ("GPT-4o scored 18.8 and MedGemma 1.5 4B scored 20.9.", ["18.8", "20.9"]),
        ("Accuracy is $21.05\\%$.", ["21.05\\%"]),
        ("It answered 33/44 of them right, and 3 of 40 were correct.", ["33/44", "3 of 40"]),
    ],
)
def test_a_number_that_looks_like_a_result_is_found(text: str, numbers: list[str]) -> None:
    assert list(_lacks(text)) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "In 2024, version 1.5 of Python 3.11 scored well.",
        "Qwen2.5-VL, MedGemma 1.5 4B and Gemini 2.0 reach high accuracy.",
        "The 2B model of 1.5 M parameters and 512x512 px scored well in 3.3 s.",
        "Accuracy was measured with a learning rate of 0.01, dropout 0.1, temperature=0.7 and seed 13.",
        "Accuracy is given with 95 % confidence intervals (Wilson, 95 %).",
        "Scores come with a 90 % interval and 80 % power.",
        "About 30 % of the questions of SLAKE are closed; 12 % of the images are CTs.",
        "Accuracy may differ within 5 points, the margin; at most 10 % may be unread.",
        "A guess scores 20.0 %; random accuracy is 25 %, and chance is .25.",
        "See section 4.2, table 3.1 and figure 2.2 for accuracy.",
        "### 1.5 Accuracy\n\nText.",
        "1. Accuracy\n2. F1",
        "It uses 50 % less memory, is 3.5 times faster and costs $2.50, at equal speed of scoring.",
        "n = 2000 questions were scored; 421 of 2,000 rows were read.",
        "600 of 600 rows of easy-VQA, test reached the model with all of their images.",
        "Call `accuracy(0.57)`.",
        "![accuracy](https://x.org/a-21.05.png) is [there](https://x.org/21.05)",
        "---\nmetrics:\n- accuracy: 21.05\n---\nText.",
        "~~Accuracy 21.05 %~~ is struck out.",
        "The ratio is 0.99 (IDs 10.1000/182, arXiv:2507.05201).",
        "Unread replies score 0.",
    ],
)
def test_a_number_that_is_no_result_is_left_alone(text: str) -> None:
    assert _lacks(text) == {}


def test_an_interval_belongs_to_the_number_before_it() -> None:
    text = "Accuracy is 73.0 % on SLAKE and 65.7 % (95 % CI 60.1 to 70.9, Wilson) on VQA-RAD."
    found = _lacks(text)
    assert "no interval" in found["73.0 %"]
    assert "interval" not in found["65.7 %"]


def test_the_next_sentence_may_give_the_interval() -> None:
    found = _lacks("Accuracy on SLAKE is 73.0 %. The 95 % Wilson interval is 63.6 to 80.7.")
    assert "interval" not in found["73.0 %"]


@pytest.mark.parametrize(
    "interval",
    [
        "95 % CI 40.6 to 45.0",
        "CI: [40.6, 45.0]",
        "[40.6, 45.0]",
        "40.6\u201345.0",
        "95% CI, Wilson: 40.6 to 45.0",
        "\u00b1 2.2",
    ],
)
def test_an_interval_is_known_in_its_common_forms(interval: str) -> None:
    found = _lacks(f"Accuracy on SLAKE is 42.8 % ({interval}).")
    assert "no interval" not in found["42.8 %"]


def test_headings_and_the_words_above_lend_what_holds_for_all() -> None:
    text = (
        "# Card\n\nEverything was measured in one harness, with the images; 0 zero-image rows.\n\nIntervals are "
        "Wilson's.\n\n"
        "## Accuracy on SLAKE, test\n\nIt is 65.7 % (697/1061; 95 % CI 62.8 to 68.5).\n"
    )
    assert lint(text) == ()
    assert _lacks(text.replace("## Accuracy on SLAKE, test", "# Other")) == {
        "65.7 %": "no name of the interval, no benchmark, no split, no mode, no metric, no source"
    }


def test_a_p_value_asks_for_its_difference_test_and_n() -> None:
    assert _lacks("Accuracy was higher (p = 0.03).") == {
        "p = 0.03": "no difference with its interval, no name of the test, no n"
    }
    text = (
        "On SLAKE, test, accuracy with images minus text only is +7.6 points (95 % CI +5.0 to +10.2, Tango; "
        "p = 1.2e-8, McNemar mid-p; n = 1061), in one harness; 0 zero-image rows."
    )
    assert lint(text) == ()


# ---------------------------------------------------------------------------------------------------- tables

TABLE = """## Accuracy on {benchmark}

All rows are of one harness, with the images; 0 zero-image rows. Intervals: Wilson, 95 %.

| Model | n | Score | 95 % interval |
|---|---:|---:|---:|
| new-2B | 2000 | 42.8 | 40.6 to 45.0 |
| old-2B | 2000 | 40.0 | 37.9 to 42.2 |
"""


def test_a_table_has_its_evidence_in_its_columns_and_the_words_around_it() -> None:
    assert lint(TABLE.format(benchmark="MedXpertQA-MM, test")) == ()


@pytest.mark.parametrize(
    ("part", "without", "missing"),
    [
        ("| 2000 ", "| ", "no n"),
        ("40.6 to 45.0", "\u2013", "no interval"),
        ("MedXpertQA-MM, test", "MedXpertQA-MM", "no split"),
        (" Intervals: Wilson, 95 %.", "", "no name of the interval"),
    ],
)
def test_what_a_row_of_a_table_lacks_is_named(part: str, without: str, missing: str) -> None:
    text = TABLE.format(benchmark="MedXpertQA-MM, test").replace(part, without)
    assert _lacks(text)["42.8"] == missing


@pytest.mark.parametrize(
    "table",
    [
        "| lr | batch | accuracy weight |\n|---|---|---|\n| 2e-5 | 16 | 0.5 |\n",
        "| setting | value |\n|---|---|\n| learning rate | 0.001 |\n| dropout | 0.10 |\n",
        "| model | parameters | latency | cost |\n|---|---|---|---|\n| a-2B | 2.1 | 3.3 | 0.02 |\n",
        "| SLAKE | rows | images |\n|---|---|---|\n| test | 1061 | 96 |\n",
        "| model | accuracy |\n|---|---|\n| a-2B | pending |\n| b-2B | ~~21.1~~ |\n",
        "| model | accuracy |\n|---|---|\n| Random guessing | 25.0 |\n",
    ],
)
def test_a_table_of_other_numbers_is_left_alone(table: str) -> None:
    assert _lacks(table) == {}


def test_a_table_without_evidence_is_told_in_one_line_of_the_report() -> None:
    from harness.lint import report

    text = "| Benchmark | a-2B | b-4B |\n|---|---|---|\n| SLAKE | 65.7 | 72.3 |\n| VQA-RAD | 43.09 | 49.9 |\n"
    found = [c for c in lint(text) if c.kind == "evidence"]
    assert [c.quote for c in found] == ["65.7", "72.3", "43.09", "49.9"]
    assert "card.md:3:11: 65.7: no n" in report(found, "card.md")
    assert "(and 3 more: 72.3, 43.09, 49.9)" in report(found, "card.md")
