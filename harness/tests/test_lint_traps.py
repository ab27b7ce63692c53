"""What was really published, and what the linter says of it."""

from __future__ import annotations

import pytest

from harness.lint import Complaint, lint


def _found(text: str) -> dict[str, list[Complaint]]:
    found: dict[str, list[Complaint]] = {}
    for c in lint(text):
        found.setdefault(c.rule, []).append(c)
    return found


MADRI = "On MedXpertQA-MM, MadriMed-VL-2B scores 21.05 % and beats MedGemma 18.8."


def test_madrimed_beats_medgemma() -> None:
    """Three errors: the word, a comparator that is another benchmark, and no evidence for either number."""
    found = _found(MADRI)
    assert [c.quote for c in found["beats"]] == ["beats"]
    assert [c.what for c in found["evidence"]] == [
        f"{number}: no n, no interval, no split, no mode, no metric, no source" for number in ("21.05 %", "18.8")
    ]
    assert "MM alone is 24.4 (n = 2,000)" in found["misread"][0].what
    assert "MadriMed-VL-2B and MedGemma: not comparable" in found["comparison"][0].what
    assert "dataset, split, rows, loader, prompt, decoding, extractor, metric, unread rule and ledger" in (
        found["comparison"][0].why
    )


def test_the_short_form_of_it_is_found_too() -> None:
    found = _found("21.05 % beats MedGemma 18.8")
    assert {"beats", "evidence"} <= set(found)
    assert [c.quote for c in found["evidence"]] == ["21.05 %", "18.8"]


def test_gpt_4o_below_random_guessing() -> None:
    """33 of 176 is 18.75 %, and its interval 13.7 to 25.2 holds the 25 of a guess."""
    found = _found(
        "GPT-4o scores 18.75 % on MediConfusion (95 % CI 13.7 to 25.2, Wilson), below random guessing of 25 %."
    )
    assert len(found["below chance"]) == 2
    assert "the interval 13.7 to 25.2 holds 25" in [c.what for c in found["below chance"]]
    assert "25" not in [c.quote for c in found["evidence"]]


def test_below_a_guess_by_its_interval_is_still_not_knowing_the_opposite() -> None:
    found = _found("It scores 8.5 % (95 % CI 5.2 to 13.6, Wilson), below random guessing of 25 %.")
    assert [c.what for c in found["below chance"]] == ['"below random guessing"']
    assert "unread" in found["below chance"][0].instead


def test_shuffling_options_dropped_gpt_4o_from_70_to_16() -> None:
    found = _found("Shuffling options dropped GPT-4o from 70 % to 16 %.")
    assert [c.quote for c in found["evidence"]] == ["70 %", "16 %"]
    assert "score without images" in found["misread"][0].what


def test_vrs_is_defined_two_ways() -> None:
    found = _found("Its VRS is 0.12.")
    assert "two ways" in found["VRS"][0].why
    assert "image_text - shuffled, or image_text - blank" in found["VRS"][0].instead


def test_pmc_vqa_does_not_need_images() -> None:
    """Four rows right only with the image and two only without, of 25: -13.1 to +29.1 points."""
    (found,) = _found("PMC-VQA does not need images (4/2 of 25).")["needs no images"]
    assert "equivalence" in found.why
    assert "inconclusive" in found.instead


def test_a_slight_improvement_from_55_to_54() -> None:
    found = _found("The single-stage model has an EM of .54, a slight improvement over the base (.55).")
    (contradiction,) = found["contradiction"]
    assert contradiction.quote == "improvement"
    assert ".54 and .55 go the other way" in contradiction.what
    assert "-0.01" in contradiction.instead


@pytest.mark.parametrize(
    ("text", "contradicts"),
    [
        ("EM improved from .54 to .55.", False),
        ("EM improved from .55 to .54.", True),
        ("Accuracy dropped from 70.1 % to 60.2 %.", False),
        ("Accuracy dropped from 60.2 % to 70.1 %.", True),
        ("Accuracy of 70.1 % is higher than the 60.2 % of the base.", False),
        ("Accuracy of 60.2 % is higher than the 70.1 % of the base.", True),
        ("Accuracy of 60.2 % is not higher than the 70.1 % of the base.", False),
        ("Accuracy of 60.2 % is lower than the 70.1 % of the base.", False),
        ("The error rate improved from 40.2 % to 30.1 %.", False),
        ("Accuracy is 60.2 % on SLAKE and 70.1 % on VQA-RAD, an improvement.", False),
    ],
)
def test_numbers_are_held_against_the_words_of_their_sentence(text: str, contradicts: bool) -> None:
    assert ("contradiction" in _found(text)) == contradicts


# ------------------------------------------------------------------------------------------- two sources


@pytest.mark.parametrize(
    "text",
    [
        "MedGemma 4B scores 49.9 % on VQA-RAD and Lingshu-7B 67.9 %.",
        "Our new-2B reaches an accuracy of 65.7 % on SLAKE, against 72.3 % in the model card.",
        "The accuracy of the base model is 40.1 %, that of tuned-2B 45.2 %.",
    ],
)
def test_two_sources_in_a_sentence_are_not_comparable(text: str) -> None:
    assert "comparison" in _found(text)
    assert "comparison" not in _found(text.replace(".", ".", 1)[:-1] + ", measured in the same harness.")
    assert "comparison" not in _found(f"{text[:-1]}, which are not comparable.")


def test_one_source_in_two_modes_is_no_comparison_of_sources() -> None:
    assert "comparison" not in _found("MedGemma 4B scores 49.9 % with the images and 40.1 % text only on VQA-RAD.")


TABLE = """| Benchmark | MadriMed-VL-2B | MedGemma 4B |
|---|---:|---:|
| SLAKE | 65.7 | 72.3 |
| VQA-RAD | 43.09 | 49.9 |
"""


def test_a_table_of_two_sources_is_told_once() -> None:
    (found,) = _found(TABLE)["comparison"]
    assert found.what == "a table of 4 numbers of MadriMed-VL-2B and MedGemma 4B: not comparable as they stand"
    assert (found.line, found.quote) == (3, "65.7")


@pytest.mark.parametrize("said", ["All in the same harness.", "Quoted numbers are not comparable to ours."])
def test_a_table_that_says_so_is_left_alone(said: str) -> None:
    assert "comparison" not in _found(f"{said}\n\n{TABLE}")
    column = TABLE.replace("4B |\n", "4B | Same harness |\n", 1)
    assert "comparison" not in _found(column)


def test_published_numbers_are_told_what_they_are() -> None:
    found = _found(TABLE)["misread"]
    assert [c.quote for c in found] == ["72.3", "49.9"]
    assert "token F1" in found[0].what
    assert "split of the report's own" in found[1].what


def test_a_text_that_says_what_the_number_is_is_not_told_again() -> None:
    assert "misread" not in _found("MedGemma 4B has a token F1 of 72.3 on SLAKE.")
    assert "misread" not in _found("MedGemma 4B has 18.8 % on MedXpertQA, text and MM combined.")


# --------------------------------------------------------------------------------------------- a clean card

CARD = """---
license: mit
---
# tuned-2B

All numbers come from one harness (sightcheck 0.1, run 2026-11-20). Every row reached the model with all of its
images; 0 zero-image rows in the modes with images.

## MedXpertQA-MM, test

With the images, accuracy is 42.8 % (856/2000; 95 % CI 40.6 to 45.0, Wilson; 2,000 clusters). A blind guess has 20.0 %.
Text only, it is 35.2 % (704/2000; 95 % CI 33.1 to 37.3, Wilson). With the images minus text only, that is +7.6 points
(95 % CI +5.0 to +10.2, Tango; p = 1.2e-8, McNemar mid-p; n = 2000). This is not evidence of clinical safety or
utility, and it does not mean that the model "understands" images. Whether it beats other models was not measured.

| Mode | n | Accuracy | 95 % interval (Wilson) | Zero-image rows |
|---|---:|---:|---:|---:|
| image_text | 2000 | 42.8 | 40.6 to 45.0 | 0 |
| text_only | 2000 | 35.2 | 33.1 to 37.3 | 2000 |

### Quoted

MedGemma 4B has 24.4 % on MedXpertQA-MM (n = 2000, no interval is published), as quoted from its
[report](https://arxiv.org/abs/2507.05201). It is not comparable: another harness.
"""


def test_a_conservative_card_has_no_complaint_but_what_its_source_does_not_publish() -> None:
    assert [(c.quote, c.what) for c in lint(CARD)] == [("24.4 %", "24.4 %: no interval")]
    assert lint(CARD[: CARD.index("### Quoted")]) == ()


def test_a_card_that_names_no_numbers_and_claims_nothing_has_no_complaint() -> None:
    assert lint("# tuned-2B\n\nA 2B model for research on medical images. MIT licence. Not for clinical use.\n") == ()
