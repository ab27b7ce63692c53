"""Claims say what was shown, and no more."""

from __future__ import annotations

from typing import cast

import pytest

from harness import claim, evidence, judge
from harness.columns import columns
from harness.limits import Limits, faults
from harness.mode import ROTATIONS
from harness.patterns import patterns
from harness.records import Claim, Measurement, ModeName
from harness.tests.made import measurement

LIMITS = Limits()


def _judged(name: str, **by_mode: Measurement) -> Claim:
    if name == "saw_images":
        return judge.alone(evidence.saw_images(by_mode["image_text"], LIMITS), LIMITS)
    needed = evidence.needs(name, 5)
    return judge.alone(evidence.evidence(name, [columns(by_mode[mode], LIMITS) for mode in needed], LIMITS), LIMITS)


def _points(right: int, n: int = 100, first: int = 0) -> list[float]:
    """Points of ``n`` rows of which ``right`` in a row, from ``first`` on, are right."""
    return [float(first <= i < first + right) for i in range(n)]


def test_a_large_gap_to_shuffled_images_supports_the_claim() -> None:
    found = _judged(
        "beats_shuffled", image_text=measurement(_points(90)), shuffled=measurement(_points(25), mode="shuffled")
    )
    assert found.verdict == "supported"
    assert "+65.0 points" in found.sentence
    assert "n = 100, 100 clusters" in found.sentence
    assert found.sentence.endswith("The score depended on the matching image. " + claim.CLOSING)


def test_equal_answers_refute_the_claim_by_equivalence_only_with_rows_enough() -> None:
    """With 50 identical rows the two one-sided tests at 5 points give p = 0.052; with 100 they give 0.011."""
    few = _judged(
        "beats_shuffled",
        image_text=measurement(_points(25, 50)),
        shuffled=measurement(_points(25, 50), mode="shuffled"),
    )
    many = _judged(
        "beats_shuffled", image_text=measurement(_points(50)), shuffled=measurement(_points(50), mode="shuffled")
    )
    assert (few.verdict, many.verdict) == ("inconclusive", "refuted")
    assert "could have shown a difference of" in few.sentence
    assert "less than 5 points (equivalence shown)" in many.sentence


def test_a_lower_score_with_the_right_images_refutes_the_claim() -> None:
    found = _judged(
        "beats_text_only", image_text=measurement(_points(20)), text_only=measurement(_points(60), mode="text_only")
    )
    assert found.verdict == "refuted"
    assert "lower with the right images" in found.sentence


def test_interval_and_test_must_agree() -> None:
    """Only four rows differ, all one way: Tango's interval excludes zero, but mid-p is 0.0625."""
    found = _judged(
        "beats_shuffled", image_text=measurement(_points(54)), shuffled=measurement(_points(50), mode="shuffled")
    )
    assert found.difference is not None
    assert found.difference.low > 0
    assert found.difference.p == pytest.approx(0.0625)
    assert found.verdict != "supported"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (measurement([1.0, None, *_points(50)]), "1 of 102 rows failed, first row r001: broke"),
        (measurement(_points(50), receipts=False), "100 of 100 rows have no receipt for their images, first row r000"),
        (measurement(_points(50), unread=11), "11 of 100 replies are unread, but at most 10 % may be"),
        (measurement([]), "no row was asked"),
    ],
    ids=["failed", "no-receipt", "unread", "empty"],
)
def test_a_measurement_that_may_not_be_reported_invalidates_the_claim(broken: Measurement, why: str) -> None:
    found = _judged("beats_shuffled", image_text=broken, shuffled=measurement(_points(50), mode="shuffled"))
    assert found.verdict == "invalid"
    assert why in found.why


def test_ten_unread_of_a_hundred_are_within_the_limit() -> None:
    assert faults(measurement(_points(50), unread=10), LIMITS) == ()


@pytest.mark.parametrize("component", list(measurement([1.0]).harness.__dataclass_fields__))
def test_two_harnesses_that_differ_in_one_component_are_not_compared(component: str) -> None:
    other = measurement(_points(20), mode="shuffled", harness={component: "another"})
    found = _judged("beats_shuffled", image_text=measurement(_points(90)), shuffled=other)
    assert found.verdict == "invalid"
    assert found.why.endswith(f"differ in {component}")


def test_the_published_zero_image_run_is_not_above_chance() -> None:
    """421 of 2,000 with five options: Wilson 19.3 to 22.9 holds the 20 % of a blind guess."""
    found = _judged("above_chance", image_text=measurement(_points(421, 2000)))
    assert found.verdict == "refuted"
    assert "21.1 % (95 % CI 19.3 to 22.9, Wilson; n = 2000, 2000 clusters)" in found.sentence
    assert "a blind guess is right in 20.0 %" in found.sentence


def test_a_score_far_above_a_blind_guess_is() -> None:
    assert _judged("above_chance", image_text=measurement(_points(40))).verdict == "supported"


def test_few_rows_leave_it_undecided() -> None:
    assert _judged("above_chance", image_text=measurement(_points(8, 25))).verdict == "inconclusive"


def test_saw_images_needs_a_receipt_for_every_image_of_every_row() -> None:
    assert _judged("saw_images", image_text=measurement(_points(5))).verdict == "supported"
    assert _judged("saw_images", image_text=measurement(_points(5), receipts=False)).verdict == "refuted"
    assert _judged("saw_images", image_text=measurement([1.0, None])).verdict == "refuted"


def _rotations(points: list[float]) -> dict[str, Measurement]:
    return {mode: measurement(points, mode=mode) for mode in ROTATIONS[:4]}


def test_a_model_that_keeps_its_score_under_rotation_is_stable() -> None:
    found = _judged("stable_under_rotation", image_text=measurement(_points(70, 400)), **_rotations(_points(70, 400)))
    assert found.verdict == "supported"
    assert "kept its answer in 100.0 %" in found.sentence


def test_a_model_that_collapses_under_rotation_is_not() -> None:
    found = _judged("stable_under_rotation", image_text=measurement(_points(70)), **_rotations(_points(20)))
    assert found.verdict == "refuted"
    assert "collapses under rotation" in found.sentence


@pytest.mark.parametrize(
    ("right", "policy", "verdict"),
    [
        (1000, "not_worse", "supported"),
        (1300, "better", "supported"),
        (1000, "better", "inconclusive"),
        (800, "not_worse", "refuted"),
        (970, "not_worse", "inconclusive"),
    ],
)
def test_the_gate_decides_by_its_margin(right: int, policy: str, verdict: str) -> None:
    candidate, baseline = measurement(_points(right, 2000), model="new"), measurement(_points(1000, 2000), model="old")
    sides = columns(candidate, LIMITS), columns(baseline, LIMITS)
    held = judge.gate(*sides, policy=policy, limits=LIMITS)
    assert judge.gates([held], policy=policy, limits=LIMITS)[0].verdict == verdict


def test_no_sentence_says_beats_or_understands() -> None:
    found = _judged(
        "beats_shuffled", image_text=measurement(_points(90)), shuffled=measurement(_points(25), mode="shuffled")
    )
    for word in ("beats", "understands", "outperforms", "state of the art"):
        assert word not in found.sentence


def _holds(**by_mode: Measurement) -> dict[str, str]:
    made = {name: columns(m, LIMITS) for name, m in cast("dict[ModeName, Measurement]", by_mode).items()}
    return {p.seen: p.holds for p in patterns(made, None, LIMITS)}


def test_a_model_that_sees_shows_the_patterns_of_sight() -> None:
    names: tuple[ModeName, ...] = ("text_only", "shuffled", "options_only")
    found = _holds(
        image_text=measurement(_points(360, 400)), **{n: measurement(_points(80, 400), mode=n) for n in names}
    )
    assert found["image_text higher than text_only"] == "yes"
    assert found["image_text higher than shuffled"] == "yes"
    assert found["image_text higher than both"] == "yes"
    assert found["shuffled about the same as image_text"] == "no"
    assert found["options_only above a blind guess"] == "inconclusive"
    assert found["every mode near a blind guess"] == "no"


def test_a_blind_model_shows_the_patterns_of_text() -> None:
    names: tuple[ModeName, ...] = ("text_only", "shuffled", "options_only")
    found = _holds(
        image_text=measurement(_points(82, 400)), **{n: measurement(_points(82, 400), mode=n) for n in names}
    )
    assert found["image_text higher than shuffled"] == "inconclusive"
    assert found["shuffled about the same as image_text"] == "yes"
    assert found["text_only about the same as image_text"] == "yes"
    assert found["every mode near a blind guess"] == "yes"
    assert found["image_text higher than both"] == "inconclusive"


def test_a_mode_that_was_not_measured_is_pending() -> None:
    found = _holds(image_text=measurement(_points(90)))
    assert found["image_text higher than shuffled"] == "pending"
    assert found["image_text higher than both"] == "pending"
