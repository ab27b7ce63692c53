"""A text is held against its run: sentences word for word, numbers to their printed decimals, verdicts as they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import codec, evidence, judge
from harness.columns import columns
from harness.limits import Limits
from harness.lint import Complaint, lint
from harness.mode import ROTATIONS
from harness.records import Claim, Measurement, ModeName
from harness.tests.made import measurement
from harness.tests.test_lint_markdown import PIECES

LIMITS = Limits()


def _points(right: int, n: int) -> list[float]:
    return [float(i < right) for i in range(n)]


def _claims(n: int, image: int, shuffled: int, text: int, turned: int) -> list[Claim]:
    """Every claim that the suite can make on such a run, the gates included."""
    counts: dict[ModeName, int] = {"image_text": image, "shuffled": shuffled, "text_only": text}
    counts |= dict.fromkeys(ROTATIONS[:4], turned)
    by_mode = {mode: measurement(_points(right, n), mode=mode) for mode, right in counts.items()}
    of = {mode: columns(m, LIMITS) for mode, m in by_mode.items()}
    held = [evidence.saw_images(by_mode["image_text"], LIMITS)]
    for name in evidence.offered(options=5, modes=tuple(of)):
        if name != "saw_images":
            held.append(evidence.evidence(name, [of[mode] for mode in evidence.needs(name, 5)], LIMITS))
    return [*judge.family(held, LIMITS), *_gated(by_mode["image_text"], n)]


def _gated(candidate: Measurement, n: int) -> list[Claim]:
    sides = columns(candidate, LIMITS), columns(measurement(_points(n // 2, n), model="old"), LIMITS)
    return [
        claim
        for policy in ("not_worse", "better")
        for claim in judge.gates([judge.gate(*sides, policy=policy, limits=LIMITS)], policy=policy, limits=LIMITS)
    ]


RUNS = {
    "sees": (400, 360, 80, 90, 356),
    "blind": (2000, 400, 400, 400, 400),
    "too few": (60, 36, 33, 30, 35),
    "worse": (400, 60, 120, 200, 300),
}


@pytest.mark.parametrize("counts", RUNS.values(), ids=RUNS.keys())
def test_what_the_suite_says_itself_has_no_complaint(counts: tuple[int, int, int, int, int]) -> None:
    """With its run and without, in a line, over several lines, and in a table."""
    for claim in _claims(*counts):
        run = {"cases": [], "claims": [codec.plain(claim)]}
        for said in (
            claim.sentence,
            claim.sentence.replace(" ", "\n"),
            f"| a | b |\n|---|---|\n| x | {claim.sentence} |",
        ):
            assert lint(said, run) == (), claim.name
        assert lint(claim.sentence) == (), claim.name


def test_the_sentences_cover_every_verdict() -> None:
    found = {claim.verdict for counts in RUNS.values() for claim in _claims(*counts)}
    assert {"supported", "refuted", "inconclusive"} <= found


# ------------------------------------------------------------------------------------------------- numbers


def _estimate(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "n": 300, "clusters": 300, "method": "Wilson"}


def _case(mode: str, value: float, model: str = "tuned", faults: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "benchmark": "medxpertqa",
        "title": "MedXpertQA-MM, test",
        "mode": mode,
        "model": model,
        "faults": list(faults),
        "score": _estimate(value),
        "metrics": {"accuracy": _estimate(value)},
        "slices": {"task": {"Diagnosis": {"n": 120, "score": _estimate(0.5125)}}},
    }


def _claim(name: str, verdict: str, sentence: str, model: str = "tuned") -> dict[str, Any]:
    return {
        "name": name,
        "benchmark": "medxpertqa",
        "model": model,
        "title": "MedXpertQA-MM, test",
        "verdict": verdict,
        "sentence": sentence,
        "role": "model",
    }


RUN = {
    "cases": [
        _case("image_text", 0.4285),
        _case("text_only", 0.352),
        _case("image_text", 0.30, "other", faults=("3 of 300 rows failed, first row r7: broke",)),
    ],
    "pairs": [
        {
            "benchmark": "medxpertqa",
            "model": "tuned",
            "rungs": [{"against": "text_only", "difference": _estimate(0.0771) | {"p": 0.001}}],
        }
    ],
    "claims": [
        _claim("beats_shuffled", "inconclusive", "Inconclusive about shuffled images."),
        _claim("beats_text_only", "supported", "The images raised the score of tuned."),
        _claim("above_chance", "refuted", "Not above a guess."),
    ],
    "gates": [_claim("gate_not_worse", "inconclusive", "It is not shown to be not lower.")],
}


def _of_run(text: str) -> list[Complaint]:
    return [c for c in lint(f"## MedXpertQA-MM, test\n\n{text}\n", RUN) if c.kind == "run"]


@pytest.mark.parametrize(
    "text",
    [
        "tuned scores 42.85 % with the images.",
        "tuned scores 42.9 % with the images.",
        "tuned scores 43 % with the images and 35.2 % text only.",
        "The accuracy of tuned is .4285.",
        "tuned scores 51.25 % on diagnosis.",
        "tuned scored +7.71 points over text only.",
        "The score is 35.2 %.",
    ],
)
def test_a_number_of_the_run_is_confirmed_to_its_printed_decimals(text: str) -> None:
    assert _of_run(text) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tuned scores 44.1 % with the images.", "44.1 %: contradicted by the run, which has 42.9 % (image_text)"),
        ("tuned scores 42.9 % text only.", "42.9 %: contradicted by the run, which has 35.2 % (text_only)"),
        (
            "tuned scores 42.80 %.",
            "42.80 %: contradicted by the run, which has 42.9 % (image_text), 35.2 % (text_only)",
        ),
        ("tuned scored +9.0 points over text only.", "+9.0 points: contradicted by the run, which has +7.7 points"),
    ],
)
def test_another_value_is_contradicted_and_the_runs_is_said(text: str, says: str) -> None:
    (found,) = _of_run(text)
    assert found.rule == "contradicted"
    assert found.what.startswith(says)


def test_a_number_that_may_not_be_reported_is_refused_with_its_faults() -> None:
    (found,) = _of_run("other scores 30.0 % with the images.")
    assert found.rule == "may not be reported"
    assert "3 of 300 rows failed" in found.why


def test_a_number_of_something_else_is_not_found() -> None:
    (found,) = _of_run("MedGemma 4B scores 24.4 %.")
    assert found.rule == "not found"
    assert _of_run("MedGemma 4B scores 24.4 %, as quoted from its [report](https://example.org).") == []


def test_a_table_is_looked_up_by_row_and_column() -> None:
    text = "| Mode | tuned | other |\n|---|---|---|\n| image_text | 42.9 | 30.0 |\n| text_only | 40.0 | - |\n"
    assert [(c.quote, c.rule) for c in _of_run(text)] == [("30.0", "may not be reported"), ("40.0", "contradicted")]


def test_a_number_of_the_run_has_its_source_there() -> None:
    text = "## MedXpertQA-MM, test\n\ntuned scores 42.9 % with the images; 0 zero-image rows.\n"
    (bare,), (held,) = lint(text), lint(text, RUN)
    assert bare.what.endswith("no source")
    assert "source" not in held.what


def test_what_the_run_contradicts_cannot_be_suppressed() -> None:
    text = "<!-- lint: allow contradicted and run and 44.1 %, because we like it -->\ntuned scores 44.1 %."
    assert [c.rule for c in _of_run(text)] == ["contradicted"]


# ------------------------------------------------------------------------------------------------ verdicts


def _instead(text: str, rule: str) -> str:
    (found,) = (c for c in lint(f"## MedXpertQA-MM, test\n\n{text}\n", RUN) if c.rule == rule)
    return found.instead


@pytest.mark.parametrize(
    ("text", "rule", "sentence"),
    [
        ("tuned beats the base.", "beats", "It is not shown to be not lower."),
        ("tuned beats chance.", "beats", "Not above a guess."),
        ("tuned beats its score with shuffled images.", "beats", "Inconclusive about shuffled images."),
        ("tuned understands images.", "understands", "Inconclusive about shuffled images."),
        ("tuned does not need images.", "needs no images", "The images raised the score of tuned."),
    ],
)
def test_the_runs_own_sentence_stands_in_the_words_place(text: str, rule: str, sentence: str) -> None:
    assert _instead(text, rule) == sentence


def test_words_about_a_model_that_the_run_does_not_have_get_no_sentence_of_another() -> None:
    assert "Inconclusive" not in _instead("other beats everything on it.", "beats")


@pytest.mark.parametrize(
    ("text", "upgraded"),
    [
        ("tuned is above chance.", True),
        ("tuned is not above chance.", False),
        ("tuned depends on the matching images.", True),
        ("Its images help tuned.", False),
        ("tuned is not worse than the base.", True),
        ("tuned is non-inferior to the base.", True),
    ],
)
def test_a_text_may_not_say_more_than_the_verdict(text: str, upgraded: bool) -> None:
    assert ["upgrade" in [c.rule for c in _of_run(text)]] == [upgraded]


def test_a_run_of_another_shape_is_held_as_far_as_it_goes() -> None:
    assert lint("A sentence.", {}) == ()
    assert lint("A sentence.", {"cases": []}) == ()


@given(st.lists(PIECES | st.sampled_from(["tuned", "other", "MedXpertQA-MM,", "42.9 %", "44.1 %"]), max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_linter_with_a_run(pieces: list[str]) -> None:
    text = " ".join(pieces)
    lines = text.split("\n")
    for found in lint(text, RUN):
        rest = "\n".join([lines[found.line - 1][found.column - 1 :], *lines[found.line :]])
        assert rest.startswith(found.quote)
