"""The report says where a number comes from, and strikes out what may not be reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import evidence
from harness.baselines import baselines
from harness.limits import Limits
from harness.records import Measurement, ModeName
from harness.report import keep, kept
from harness.report.markdown import markdown
from harness.report.results import results
from harness.report.tables import table
from harness.tests.made import measurement

LIMITS = {"unread": 0.1, "same": 0.05, "margin": 0.02, "kept": 0.75, "confound": 0.02}
LIMITS |= {"canary": 0.25, "canary_exact": 0.01, "canary_share": 0.25, "equivalence": 0.99}
DECLARED: dict[str, Any] = {
    "run": "made",
    "roles": {"m": "model", "blind": "control"},
    "baseline": "",
    "policy": "not_worse",
    "limits": LIMITS,
    "settings": {"seed": 0},
    "options": {"toy": 5},
    "level": 0.95,
    "rescored": False,
    "suite": "0",
    "versions": {"numpy": "2"},
    "machine": "here",
}


def _points(right: int, n: int = 100) -> list[float]:
    return [float(i < right) for i in range(n)]


def _run(*measurements: Measurement, **declared: Any) -> tuple[dict[str, Any], str]:
    found = results(_declared(measurements, **declared), measurements)
    return found, markdown(found)


def _declared(measurements: Sequence[Measurement], **declared: Any) -> dict[str, Any]:
    """Declare every claim that the modes of each model allow, and a gate where there is a baseline."""
    told = DECLARED | declared
    family = []
    for name in dict.fromkeys(m.case.model for m in measurements):
        role = told["roles"].get(name, "model")
        modes = [m.case.mode for m in measurements if m.case.model == name]
        claims = evidence.offered(options=5, modes=modes)
        if role == "model":
            family += [["claim", "toy", name, claim] for claim in claims]
            family += [["gate", "toy", name, told["baseline"]]] if told["baseline"] else []
        elif role == "control":
            family += [["control", "toy", name, claim] for claim in claims if claim in evidence.OF_SIGHT]
    return told | {"family": family}


def _modes(scores: dict[ModeName, int], model: str = "m") -> list[Measurement]:
    return [measurement(_points(right), mode=name, model=model) for name, right in scores.items()]


def _row(text: str, *cells: str) -> str:
    """Return the first table row that holds all the given cells."""
    for line in text.splitlines():
        held = [cell.strip() for cell in line.strip("|").split("|")]
        if all(cell in held for cell in cells):
            return line
    raise AssertionError(f"no row with {cells}")


def test_the_summary_has_every_column_of_a_score() -> None:
    _, text = _run(*_modes({"image_text": 90, "shuffled": 25}))
    assert "| Mode | Model | n | Score | 95 % interval | Unread | Failed | Zero-image rows | Same harness |" in text
    assert _row(text, "image_text", "m", "100") == "| image_text | m | 100 | 90.0 | 82.6 to 94.5 | 0 | 0 | 0 | yes |"


def test_text_modes_show_all_their_rows_as_zero_image_rows() -> None:
    _, text = _run(*_modes({"image_text": 90, "text_only": 20}))
    assert _row(text, "text_only", "m", "20.0").endswith("| 0 | 0 | 100 | yes |")


def test_a_score_that_may_not_be_reported_is_struck_out_with_its_reason() -> None:
    found, text = _run(measurement(_points(90), receipts=False))
    assert "| ~~90.0~~ | may not be reported |" in text
    assert "`toy.image_text.m` may not be reported: 100 of 100 rows have no receipt for their images" in text
    assert [c["verdict"] for c in found["claims"]] == ["refuted", "invalid", "invalid"]


def test_a_refused_case_has_no_score_at_all() -> None:
    broken = replace(measurement([]), status="refused", refusal="toy: 7 of 9 rows are refused", published=9)
    _, text = _run(broken)
    assert "| image_text | m | 0 of 9 | – | rows refused |" in text
    assert "the rows were refused: toy: 7 of 9 rows are refused" in text


def test_another_harness_is_named_in_the_row() -> None:
    _, text = _run(
        measurement(_points(90)), measurement(_points(50), mode="text_only", harness={"prompt": "x", "decoding": "y"})
    )
    assert _row(text, "text_only", "m", "50.0").endswith("| not comparable: prompt, decoding |")
    first, second = text.index("| image_text | m |"), text.index("| text_only | m |")
    assert "**not comparable: prompt, decoding**, against the first table" in text[first:second]


def test_the_negative_control_is_shown_as_such() -> None:
    blind = _modes({"image_text": 20, "shuffled": 20, "text_only": 20}, model="blind")
    found, text = _run(*_modes({"image_text": 90, "shuffled": 25, "text_only": 20}), *blind)
    assert "**Negative control:** 2 of 2 claims of sight about a model that is known not to see were refused" in text
    assert "refuted – refused, as it must be ✅" in text
    assert all(c["passed"] for c in found["claims"] if c["role"] == "control")


def test_a_control_that_passes_a_claim_is_an_alarm() -> None:
    blind = _modes({"image_text": 90, "shuffled": 20, "text_only": 20}, model="blind")
    found, text = _run(*blind)
    assert "0 of 2 claims of sight" in text
    assert "✅ supported – must be refused ❌" in text
    assert not any(c["passed"] for c in found["claims"])


def test_what_was_not_run_is_pending() -> None:
    _, text = _run(*_modes({"image_text": 90}))
    assert "| shuffled about the same as image_text | pending |" in text


def test_small_slices_are_counts_without_an_interval() -> None:
    base = measurement(_points(90))
    answers = tuple(
        replace(a, row=replace(a.row, slices={"part": "few" if i < 9 else "many"})) for i, a in enumerate(base.answers)
    )
    found, text = _run(replace(base, answers=answers, slices=("part",)))
    assert found["cases"][0]["slices"]["part"]["few"]["score"] is None
    assert "| few | m | 9 | 9 | 9 of 9 |" in text
    assert "| many | m | 91 | 91 | 89.0 (80.9 to 93.9) |" in text


def test_the_per_image_count_table_counts_what_the_model_was_given() -> None:
    """The run that started it all: two thousand rows, no image given, and the table says so."""
    _, text = _run(measurement(_points(421, 2000), mode="text_only"))
    assert "| text_only | m | 0 | 2000 | 21.1 (19.3 to 22.9) |" in text


def test_letters_are_counted_as_shown() -> None:
    """Ninety of a hundred right: B is always gold, and C was chosen in the other ten."""
    found, text = _run(measurement(_points(90)))
    letters = found["cases"][0]["letters"]
    assert letters["B"] == {"gold": 100, "chosen": 90, "right": 90.0}
    assert letters["C"] == {"gold": 0, "chosen": 10, "right": 0}
    assert "| image_text | m | 0 / 0, – | 90 / 100, 90.0 | 10 / 0, – | 0 / 0, – | 0 / 0, – |" in text


def test_a_model_that_does_not_beat_the_data_alone_is_said_not_to() -> None:
    """Always B is right on every made row, so ninety of a hundred is not shown to be above it."""
    _, text = _run(*_with_baselines(measurement(_points(90))))
    assert "not shown to be higher" in _row(text, "always B", "100.0")
    assert _row(text, "a blind guess", "20.0")


def _with_baselines(m: Measurement) -> list[Measurement]:
    return [replace(m, baselines=baselines([a.row for a in m.answers]))]


def test_the_table_escapes_what_would_break_it() -> None:
    assert table(["A"], [["a|b\nc"]]) == ["| A |", "| --- |", "| a\\|b c |", ""]


def test_rows_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    made: Sequence[Measurement] = _modes({"image_text": 90, "shuffled": 25})
    for m in made:
        keep(tmp_path, m)
    assert list(kept(tmp_path)) == list(made)
    told = _declared(made)
    assert results(told, kept(tmp_path)) == results(told, made)


@pytest.mark.parametrize("policy", ["not_worse", "better"])
def test_the_gate_stands_in_the_report(policy: str) -> None:
    roles = {"m": "model", "base": "baseline"}
    found, text = _run(
        *_modes({"image_text": 90}), *_modes({"image_text": 50}, model="base"),
        roles=roles, baseline="base", policy=policy,
    )  # fmt: skip
    (gate,) = found["gates"]
    assert gate["passed"]
    assert "## Release gate" in text
    assert [c for c in found["claims"] if c["model"] == "base"] == []


def test_limits_are_those_that_were_declared() -> None:
    assert Limits(**LIMITS) == Limits()
    faults = [_run(measurement(_points(50), unread=30), limits=LIMITS | {"unread": u})[0] for u in (0.1, 0.5)]
    assert [bool(found["cases"][0]["faults"]) for found in faults] == [True, False]
