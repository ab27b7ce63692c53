"""A word that evidence cannot carry is found where it is used, and left alone where it is only spoken of."""

from __future__ import annotations

import pytest

from harness.lint import Complaint, lint
from harness.lint.words_of_ability import ABILITY
from harness.lint.words_of_rank import RANK


def _words(text: str) -> list[str]:
    return [c.rule for c in lint(text) if c.kind == "word"]


def _only(text: str) -> Complaint:
    (found,) = (c for c in lint(text) if c.kind == "word")
    return found


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("beats", "Our model beats MedGemma."),
        ("beats", "It has beaten every rival."),
        ("beats", "We out-perform GPT-4o on all tasks."),
        ("beats", "It OUTPERFORMED the base."),
        ("beats", "Surpassing larger models, it is small."),
        ("beats", "It is superior to Gemini."),
        ("better than", "Its accuracy is better than that of MedGemma."),
        ("state of the art", "A state-of-the-art model."),
        ("state of the art", "State\u2011of\u2011the\u2011art results."),
        ("state of the art", "A new SOTA."),
        ("state of the art", "Best-in-class accuracy."),
        ("state of the art", "It is state of\nthe art."),
        ("state of the art", "It is state of **the** art."),
        ("understands", "The model understands medical images."),
        ("understands", "It has a deep understanding of radiology images and of medical images."),
        ("sees", "The model sees the lesion."),
        ("human level", "Human-level performance on VQA-RAD."),
        ("human level", "It reaches physician-level accuracy."),
        ("human level", "Superhuman diagnosis."),
        ("human level", "It is on par with radiologists."),
        ("no difference", "There is no difference in accuracy."),
        ("no difference", "The accuracy is the same as without images."),
        ("no difference", "It performs equally on SLAKE."),
        ("no difference", "The score is equivalent to that of MedGemma."),
        ("not significant", "The gap is not significantly different."),
        ("not significant", "The gap is not significant, so both models are equal."),
        ("significantly", "It is significantly better on SLAKE."),
        ("significantly", "A significant improvement on SLAKE."),
        ("proves", "This proves that images are used."),
        ("clinical", "It is clinically validated."),
        ("clinical", "Safe for clinical use."),
        ("clinical", "A clinical-grade assistant."),
        ("diagnoses", "The model diagnoses pneumonia."),
        ("diagnoses", "It can accurately diagnose cancer."),
        ("hallucination-free", "Answers are hallucination-free."),
        ("hallucination-free", "The model never hallucinates; it does not hallucinate."),
        ("leakage", "The benchmark is clean."),
        ("leakage", "The test set is not contaminated."),
        ("leakage", "GPT-4o was trained on the benchmark."),
        ("multimodal", "Its multimodal score, run without images, is high."),
        ("VRS", "The VRS is high."),
        ("below chance", "All models are below random guessing."),
        ("below chance", "It is worse than chance."),
        ("robust", "The model is robust."),
        ("needs no images", "PMC-VQA does not need images."),
        ("needs no images", "The model ignores the images."),
    ],
)
def test_a_word_that_is_used_is_found(rule: str, text: str) -> None:
    assert rule in _words(text)


@pytest.mark.parametrize(
    "text",
    [
        'That does not mean that the model "understands" images.',
        "This does not mean that the model understands images.",
        "It should not be called state of the art.",
        "We never say that it beats MedGemma.",
        "It is not evidence that the model beat MedGemma on MedXpertQA-MM.",
        "Do not write \u201coutperforms\u201d.",
        "The word 'beats' is not used here.",
        "Does it beat MedGemma?",
        "The suite shows whether a model sees at all.",
        "If it beats the base, we say so.",
        "A run that was announced as beating MedGemma had no images.",
        "It may be robust.",
        "No claim of state-of-the-art results is made.",
        "The two are not comparable to each other.",
        "It isn't clinically validated.",
    ],
)
def test_a_word_that_is_denied_or_spoken_of_is_left_alone(text: str) -> None:
    assert _words(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The heart beats at 72 beats per minute, with premature beats.",
        "Radiologists see what the reader sees.",
        "To understand the results, read on; one understands them better then.",
        "Rare diagnoses and differential diagnoses are asked for; the diagnoses are coded.",
        "A physician can diagnose it.",
        "MedXpertQA has expert-level questions.",
        "The layout is the same as in the hub's copy.",
        "Intervals use robust standard errors.",
        "Clinical validation is needed; for clinical use, ask a physician.",
        "The model was trained on SLAKE.",
        "Wash with clean water.",
        "Fewer than 30 rows or 10 clusters are too few.",
        "This improves the reading of approvals.",
        "A significant finding was reported by the physician.",
        "See the section below.",
    ],
)
def test_another_word_of_the_same_form_is_left_alone(text: str) -> None:
    assert _words(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "It is not only better: it beats MedGemma.",
        "It not only beats MedGemma but is small.",
        "It is not large, but it beats MedGemma.",
        "It is not large; it beats MedGemma.",
        "No other model is needed: ours beats MedGemma.",
        "It is not large. It beats MedGemma.",
        "If you want more, it is there, and it beats MedGemma.",
    ],
)
def test_a_negation_of_something_else_excuses_nothing(text: str) -> None:
    assert _words(text) == ["beats"]


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ("It is significantly better on SLAKE", " (p = 0.03)."),
        ("It is significantly better on SLAKE", " (95 % CI 1.2 to 4.5)."),
        ("Its accuracy is better than that of the base", " ([report](https://example.org))."),
        ("There is no difference in accuracy", " beyond a margin of 2 points (TOST)."),
        ("The accuracy is not significantly different", "; this is inconclusive."),
        ("Accuracy is robust", " to rotation within 5 points."),
        ("The benchmark is not contaminated", ": no overlap was found at threshold 8 over 1,000 pairs."),
    ],
)
def test_evidence_beside_a_word_carries_it(text: str, carried: str) -> None:
    assert len(_words(f"{text}.")) == 1
    assert _words(text + carried) == []


@pytest.mark.parametrize("rule", [*RANK, *ABILITY], ids=lambda rule: rule.name)
def test_every_rule_says_why_and_what_to_say_instead(rule: object) -> None:
    assert rule.why  # type: ignore[attr-defined]
    assert rule.instead  # type: ignore[attr-defined]
    assert rule.why != rule.instead  # type: ignore[attr-defined]


def test_what_is_to_be_said_instead_trips_no_rule() -> None:
    """The advice is written by the standard that it sets."""
    for rule in (*RANK, *ABILITY):
        assert _words(f"{rule.instead}.") == [], rule.name


def test_a_phrase_is_told_once() -> None:
    assert _only("It is significantly better than MedGemma on SLAKE.").rule == "better than"


def test_a_list_of_forbidden_words_is_no_use_of_them() -> None:
    assert _words("## Words to avoid\n\n- beats\n- state of the art\n") == []
    assert (
        _words("| allowed | not allowed |\n|---|---|\n| a difference | the model now beats all of the others |\n") == []
    )
    assert _words("## Words\n\n- It beats all of the others\n") == ["beats"]


# ------------------------------------------------------------------------------------------- suppressions


def test_a_suppression_with_a_reason_holds_for_the_next_block() -> None:
    text = "<!-- lint: allow beats, because table 1 is one run -->\nIt beats MedGemma.\n\nIt beats GPT-4o.\n"
    assert [(c.rule, c.line) for c in lint(text)] == [("beats", 4)]


def test_a_suppression_in_a_paragraph_holds_for_it() -> None:
    assert lint("It beats MedGemma. <!-- lint: allow beats, because of table 1 --> And it beats Gemini.\n") == ()


def test_a_suppression_names_its_rule_or_the_very_words() -> None:
    assert lint("<!-- lint: allow 'SOTA' and beats, because quoted from a title -->\nIt beats SOTA.") == ()
    assert _words("<!-- lint: allow sees, because of x1 -->\nIt beats SOTA.") == ["beats", "state of the art"]


@pytest.mark.parametrize("said", ["allow beats", "allow beats because", "allow beats, because .", "beats is fine"])
def test_a_suppression_without_a_reason_suppresses_nothing(said: str) -> None:
    found = lint(f"<!-- lint: {said} -->\nIt beats MedGemma.\n")
    assert [c.rule for c in found] == ["allow", "beats"]
    assert found[0].quote == f"<!-- lint: {said} -->"


def test_an_ordinary_comment_is_no_suppression() -> None:
    assert lint("<!-- we know that it beats MedGemma -->\nText.\n") == ()
