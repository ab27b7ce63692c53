"""The report says whether the engine changed the truth, and speaks of it only where there is something to say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import run
from harness.ledger import Ledger
from harness.lint import lint
from harness.records import Call, Canary, Measurement, Prompt, Reply
from harness.report import summary, write
from harness.report.markdown import markdown
from harness.report.results import results
from harness.report.rows import keep
from harness.tests.made import Stub, benchmark, loaded, measurement, row
from harness.tests.test_agreement import _answers
from harness.tests.test_equivalence import _engine
from harness.tests.test_report import _declared

SECTIONS = ("## Engines", "## Answers by generation and by likelihood", "## Calls", "## What was reused")
HELD = ["equivalence", "toy", "hf", "served"]


def _told(*measurements: Measurement, family: Sequence[list[str]] = (), **declared: Any) -> tuple[dict[str, Any], str]:
    told = _declared(measurements, **declared)
    found = results(told | {"family": [*told["family"], *family]}, measurements)
    return found, markdown(found)


def _again(m: Measurement, size: int = 16, wrong: int = 0) -> Measurement:
    """The case with its first rows asked again alone, some of which say another letter."""
    canaries = [
        Canary(row=a.row.id, draw=0, batched=a.reply, alone=replace(a.reply, text="E") if n < wrong else a.reply)
        for n, a in enumerate(m.answers[:size])
    ]
    return replace(m, canaries=tuple(canaries), provenance={"model dtype": "bfloat16"})


def _section(text: str, head: str) -> str:
    return text[text.index(head) :].partition("\n## ")[0]


def test_a_run_without_engines_to_speak_of_has_none_of_the_sections() -> None:
    found, text = _told(measurement([1.0] * 20))
    assert [name for name in SECTIONS if name in text] == []
    assert (found["equivalence"], found["ways"], found["calls"], found["reuse"]) == ([], [], [], [])


def test_rows_asked_again_are_counted_with_their_bound() -> None:
    """None of 16 otherwise: at most 17.1 % with 95 % confidence (1 - 0.05 ** (1 / 16))."""
    found, text = _told(_again(_engine("B" * 100)))
    assert "| Toy, test | image_text | hf | 16 | 16 | 0 | 0 | 0 | 0 | 17.1 | 0 | 0.25 |" in _section(text, "## Engines")
    (entry,) = found["canaries"]
    assert entry["bound"] == pytest.approx(1 - 0.05 ** (1 / 16))
    assert found["cases"][0]["faults"] == []


def test_a_row_that_came_back_otherwise_strikes_the_score_out() -> None:
    found, text = _told(_again(_engine("B" * 100), wrong=2))
    (fault,) = found["cases"][0]["faults"]
    assert fault.startswith(
        "2 of 16 rows asked again alone came back otherwise, first row r000: 'B' in the batch and 'E'"
    )
    assert "| ~~100.0~~ | may not be reported |" in text
    assert "| Toy, test | image_text | hf | 16 | 14 | 0 | 0 | 2 |" in text
    assert {c["verdict"] for c in found["claims"] if c["name"] != "saw_images"} == {"invalid"}


def test_canaries_that_were_off_are_said_to_be() -> None:
    _, text = _told(measurement([1.0] * 20), settings={"seed": 0, "canaries": 0})
    assert "No row was asked again alone in this run (`--canary 0`)" in _section(text, "## Engines")


def test_cases_that_were_not_asked_again_are_named() -> None:
    _, text = _told(_again(_engine("B" * 20)), _engine("B" * 20, "served"), _engine("B" * 20, "kept"))
    assert "Not asked again: served, kept;" in _section(text, "## Engines")


class Mixing(Stub):
    """An engine that answers each row of a batch as its first; alone it is right."""

    def reply(self, prepared: list[Prompt]) -> list[Reply]:
        """Give every prompt the words of the first."""
        found = super().reply(prepared)
        return [replace(one, text=found[0].text) for one in found]


def _measured(model: Stub, folder: Path) -> list[Measurement]:
    rows = [row(number) for number in range(40)]
    made = benchmark(rows), loaded(rows), Ledger(folder)
    return [
        run.measure(made[0], "image_text", model, made[1], made[2], run.Settings(canaries=16)),
        run.measure(made[0], "text_only", model, made[1], made[2], run.Settings(canaries=16)),
    ]


def _letter(prompt: Prompt) -> str:
    """A letter that hangs on the whole prompt."""
    words = "".join(part.text for part in prompt.parts if hasattr(part, "text"))
    return "ABCDE"[sum(words.encode()) % 5]


def test_an_engine_that_mixes_rows_up_makes_every_claim_of_its_run_invalid(tmp_path: Path) -> None:
    found, text = _told(*_measured(Mixing(_letter, "mixing"), tmp_path), roles={"mixing": "model"})
    assert all("padding, cache or engine mixed up rows" in c["faults"][0] for c in found["cases"])
    assert {c["verdict"] for c in found["claims"] if c["name"] != "saw_images"} == {"invalid"}
    assert "`toy.image_text.mixing` may not be reported" in text


def test_an_engine_that_does_not_is_not_accused(tmp_path: Path) -> None:
    found, text = _told(*_measured(Stub(_letter, "fair"), tmp_path), roles={"fair": "model"})
    assert [c["faults"] for c in found["cases"]] == [[], []]
    assert not [c["why"] for c in found["claims"] if "asked again" in c["why"]]
    assert [c["asked"] for c in found["canaries"]] == [c["same"] for c in found["canaries"]] == [16, 16]
    assert "| all | all | fair | 32 | 32 | 0 | 0 | 0 | 0 | 8.9 |" in _section(text, "## Engines")


# ------------------------------------------------------------------------------------------------ two engines


def test_two_engines_stand_with_their_verdict_and_every_row_that_differs() -> None:
    found, text = _told(_engine("B" * 100), _engine("C" + "B" * 99, "served"), family=[HELD])
    (one,) = found["equivalence"]
    assert (one["verdict"], one["passed"], one["model"]) == ("inconclusive", False, "hf")
    shown = _section(text, "## Engines")
    assert one["sentence"] in shown
    assert "| r000 | `B` | `C` | `B` | `C` | no |" in shown
    assert found["pending"] == []


def test_many_rows_that_differ_are_cut_short_in_the_table_and_whole_in_the_results() -> None:
    found, text = _told(_engine("B" * 100), _engine("C" * 30 + "B" * 70, "served"), family=[HELD])
    assert len(found["equivalence"][0]["apart"]) == 30
    assert "And 10 more, all of them in `results.json`." in text
    assert "| r019 |" in _section(text, "## Engines")
    assert "| r020 |" not in _section(text, "## Engines")


def test_engines_that_were_asked_other_prompts_are_not_compared() -> None:
    other = _engine("BBB", "served")
    found, text = _told(_engine("BBB"), replace(other, harness=replace(other.harness, prompt="y")), family=[HELD])
    assert (found["equivalence"][0]["verdict"], found["equivalence"][0]["passed"]) == ("invalid", False)
    assert "Not comparable: toy.image_text.hf and toy.image_text.served: differ in prompt" in text


def test_an_engine_that_was_not_measured_leaves_the_comparison_pending() -> None:
    found, text = _told(_engine("BBB"), family=[HELD])
    assert found["pending"] == [HELD]
    assert "## Engines" not in text


def test_the_end_of_a_run_tells_of_engines(tmp_path: Path) -> None:
    made = [_engine("BBB"), _engine("BBB", "served")]
    told = _declared(made, roles={"hf": "model", "served": "equivalent"})
    (tmp_path / "declared.json").write_text(json.dumps(told | {"family": [*told["family"], HELD]}))
    for m in made:
        keep(tmp_path, m)
    write(tmp_path)
    assert "supported  toy hf: equivalent to served" in list(summary(tmp_path))


# ------------------------------------------------------------------------------------------- ways, calls, reuse


def test_the_two_ways_of_answering_stand_side_by_side() -> None:
    found, text = _told(_answers("B" * 60 + "C" * 40, "m"), _answers("B" * 55 + "C" * 45, "m.likelihood", scored=True))
    (one,) = found["ways"]
    assert one["same"] == 95
    assert one["kappa"]["value"] == pytest.approx((0.95 - 0.51) / 0.49)
    shown = _section(text, SECTIONS[1])
    assert "| Toy, test | image_text | m and m.likelihood | 100 of 100 | 0 | 95.0 |" in shown
    assert "| 60.0 | 55.0 | +5.0 |" in shown
    assert "McNemar mid-p" in shown


def test_ways_that_may_not_be_held_together_say_why() -> None:
    other = _answers("BC", "m.likelihood", scored=True)
    _, text = _told(_answers("BC", "m"), replace(other, harness=replace(other.harness, rows="y")))
    assert "differ in rows" in _section(text, SECTIONS[1])


def test_calls_of_an_endpoint_have_a_section() -> None:
    m = _engine("B" * 20)
    answers = [replace(a, reply=replace(a.reply, call=Call(seconds=1.0, tries=2))) for a in m.answers]
    found, text = _told(replace(m, answers=tuple(answers)))
    assert found["calls"][0] == "## Calls"
    assert "| hf | 20 | 20 | 0 |" in _section(text, "## Calls")


def test_what_was_reused_is_told_once_a_model() -> None:
    told = "1,204 of 3,010 pictures were encoded, the others reused"
    facts = {"model reuse of images": told, "model dtype": "float32"}
    one, other = (replace(measurement([1.0] * 20, mode=mode), provenance=facts) for mode in ("image_text", "shuffled"))
    found, text = _told(one, other)
    assert len(found["reuse"]) == 1
    assert f"| Toy, test | m | images | {told} |" in _section(text, "## What was reused")


def test_every_sentence_of_these_sections_passes_the_linter() -> None:
    one = _again(_engine("B" * 100))
    one = replace(one, provenance={**one.provenance, "model reuse of images": "12 of 40 pictures were encoded"})
    like = _answers("B" * 98 + "CC", "hf.likelihood", scored=True)
    like = replace(like, harness=replace(like.harness, decoding="same"))
    other = _engine("C" * 30 + "B" * 70, "served")
    answers = [replace(a, reply=replace(a.reply, call=Call(seconds=1.0))) for a in other.answers]
    runs = [_told(one, replace(other, answers=tuple(answers)), like, family=[HELD])]
    runs.append(_told(one, like, replace(other, harness=replace(other.harness, prompt="y")), family=[HELD]))
    runs.append(_told(one, settings={"canaries": 0}))
    for _, text in runs:
        for head in SECTIONS:
            prose = (
                [line for line in _section(text, head).splitlines() if not line.startswith("|")] if head in text else []
            )
            for line in prose:
                assert lint(line) == (), line
    assert all(head in runs[0][1] for head in SECTIONS)
