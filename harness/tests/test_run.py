"""A case asks each row once, loses nothing, and never takes a failed call for a wrong answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import planned, run
from harness.errors import DataError, LedgerError, ModelError, RowsRefused
from harness.ledger import Ledger
from harness.records import BadRow, Baseline, Case, ImagePart, Measurement, ModeName, Prompt, Read, Reply, Row, Unread
from harness.run import Settings
from harness.tests.made import Stub, benchmark, loaded, picture, row

QUIET = Settings(canaries=0)
ROWS = [row(number, gold="ABCDE"[number % 5]) for number in range(20)]


def _text(prompt: Prompt) -> str:
    return "".join(part.text for part in prompt.parts if hasattr(part, "text"))


def _number(prompt: Prompt) -> int:
    return int(prompt.images[0].name.removeprefix("p"))


def _right(prompt: Prompt) -> str:
    """Answer by the picture: its number tells the gold."""
    return f"Final answer: {'ABCDE'[_number(prompt) % 5]}"


def _measure(
    model: Stub,
    folder: Path,
    *,
    mode: ModeName = "image_text",
    rows: Sequence[Row] = ROWS,
    settings: Settings | None = None,
) -> Measurement:
    return run.measure(benchmark(rows), mode, model, loaded(rows), Ledger(folder), settings or QUIET)


def test_every_row_is_asked_once_and_scored(tmp_path: Path) -> None:
    model = Stub(_right)
    found = _measure(model, tmp_path)
    assert len(model.asked) == 20
    assert [a.row.id for a in found.answers] == [r.id for r in ROWS]
    assert [a.points for a in found.answers] == [{"accuracy": 1.0}] * 20
    assert (found.status, found.asked, found.published) == ("measured", 20, 20)
    assert found.chance == pytest.approx(0.2)


def test_a_finished_case_asks_nothing_again(tmp_path: Path) -> None:
    first = _measure(Stub(_right), tmp_path)
    again = Stub(_right)
    assert _measure(again, tmp_path) == first
    assert again.asked == []


def test_a_case_that_is_not_asked_again_keeps_the_facts_of_the_run_that_asked(tmp_path: Path) -> None:
    class Opens(Stub):
        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            self.facts = {"device": "cpu"}
            return super().reply(prepared)

    assert _measure(Opens(_right), tmp_path).provenance["model device"] == "cpu"
    assert _measure(Opens(_right), tmp_path).provenance["model device"] == "cpu"


def test_an_interrupted_case_goes_on_where_it_stopped(tmp_path: Path) -> None:
    class Stopped(Stub):
        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            if len(self.asked) >= 8:
                raise KeyboardInterrupt
            return super().reply(prepared)

    with pytest.raises(KeyboardInterrupt):
        _measure(Stopped(_right), tmp_path)
    rest = Stub(_right)
    found = _measure(rest, tmp_path)
    assert len(rest.asked) == 12
    assert found == _measure(Stub(_right), tmp_path / "whole")
    lines = (tmp_path / "toy.image_text.stub.jsonl").read_text().splitlines()
    assert len(lines) == 20


def test_a_changed_picture_under_the_same_name_is_asked_anew(tmp_path: Path) -> None:
    _measure(Stub(_right), tmp_path)
    changed = [replace(ROWS[0], images=(replace(picture("other"), name="p0"),)), *ROWS[1:]]
    model = Stub(_right)
    _measure(model, tmp_path, rows=changed)
    assert [prompt.images[0].name for prompt in model.asked] == ["p0"]


def test_another_fingerprint_is_asked_anew(tmp_path: Path) -> None:
    _measure(Stub(_right), tmp_path)
    model = Stub(_right, fingerprint="retrained")
    _measure(model, tmp_path)
    assert len(model.asked) == 20


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_the_batch_size_changes_no_answer(tmp_path: Path, size: int) -> None:
    found = _measure(Stub(_right), tmp_path / "a", settings=Settings(batch_size=size, canaries=0))
    assert found == _measure(Stub(_right), tmp_path / "b")


def test_identical_prompts_are_asked_once(tmp_path: Path) -> None:
    same = [replace(ROWS[0], id=f"x{n}", cluster="c", options=ROWS[0].options) for n in range(6)]
    model = Stub(lambda prompt: "A")
    found = _measure(model, tmp_path, rows=same)
    assert len(model.asked) == 1
    assert [a.points["accuracy"] for a in found.answers] == [1.0] * 6


def test_a_replay_answers_each_row_by_itself(tmp_path: Path) -> None:
    class ByRow(Stub):
        by_row = True

    same = [replace(ROWS[0], id=f"x{n}", cluster="c") for n in range(6)]
    model = ByRow(lambda prompt: "A")
    _measure(model, tmp_path, rows=same)
    assert len(model.asked) == 6


def test_a_row_that_breaks_the_batch_fails_alone(tmp_path: Path) -> None:
    def answer(prompt: Prompt) -> str:
        if _number(prompt) == 7:
            raise RuntimeError("the seventh\nbreaks")
        return _right(prompt)

    found = _measure(Stub(answer), tmp_path)
    failed = [a for a in found.answers if a.reply.finish == "failed"]
    assert [a.row.id for a in failed] == ["r007"]
    assert failed[0].reply.error == "RuntimeError: the seventh breaks"
    assert failed[0].points == {}
    assert sum(a.points.get("accuracy", 0) for a in found.answers) == 19
    told = found.provenance["model batches asked row by row"]
    assert told == "1, the first for RuntimeError: the seventh breaks"
    again = _measure(Stub(_right), tmp_path)
    assert "model batches asked row by row" not in again.provenance


def test_baselines_are_learnt_once_beside_the_model_for_all_modes_that_carry_them(tmp_path: Path) -> None:
    model, seen = Stub(_right), []
    known = Baseline(name="words", title="words", answers=("A",) * 20, learned="")

    def learn(rows: Sequence[Row]) -> tuple[Baseline, ...]:
        seen.append((len(rows), len(model.asked) > 0, threading.current_thread() is threading.main_thread()))
        return (known,)

    for _ in range(2):
        found = run.measure_all(
            benchmark(ROWS),
            ["shuffled", "image_text", "text_only"],
            model,
            loaded(ROWS),
            Ledger(tmp_path),
            QUIET,
            learn=learn,
        )
        carried = {name: m.baselines for name, m in found.items() if isinstance(m, Measurement)}
        assert carried == {"image_text": (known,), "text_only": (known,), "shuffled": ()}
    assert seen == [(20, True, False)]


def test_what_goes_wrong_while_baselines_are_learnt_is_said_and_no_reply_is_lost(tmp_path: Path) -> None:
    def learn(rows: Sequence[Row]) -> tuple[Baseline, ...]:
        raise DataError("the split train: nothing can be learnt")

    ledger = Ledger(tmp_path)
    with pytest.raises(DataError, match="nothing can be learnt"):
        run.measure(benchmark(ROWS), "image_text", Stub(_right), loaded(ROWS), ledger, QUIET, learn=learn)
    again = Stub(_right)
    _measure(again, tmp_path)
    assert again.asked == []


def test_a_failed_row_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    def answer(prompt: Prompt) -> str:
        if _number(prompt) == 7:
            raise RuntimeError("no memory")
        return _right(prompt)

    _measure(Stub(answer), tmp_path)
    mended = Stub(_right)
    found = _measure(mended, tmp_path)
    assert [_number(prompt) for prompt in mended.asked] == [7]
    assert all(a.points["accuracy"] == 1 for a in found.answers)


def test_a_model_that_cannot_be_opened_stops_the_case_at_once(tmp_path: Path) -> None:
    class Broken(Stub):
        def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Prompt]:
            raise ModelError("hf:here: the weights are gone")

    with pytest.raises(ModelError, match="the weights are gone"):
        _measure(Broken(_right), tmp_path)


def test_a_reply_with_the_receipt_of_another_image_is_a_failed_row(tmp_path: Path) -> None:
    class Mixed(Stub):
        def _one(self, prompt: Prompt) -> Reply:
            reply = super()._one(prompt)
            return replace(reply, receipts=(replace(reply.receipts[0], digest="another"),))

    found = _measure(Mixed(_right), tmp_path)
    assert all(a.reply.finish == "failed" for a in found.answers)
    assert (
        "receipts came back for other pictures, but 1 image(s) were sent, in that order" in found.answers[0].reply.error
    )


def test_a_receipt_in_a_mode_without_images_is_a_failed_row(tmp_path: Path) -> None:
    class Sees(Stub):
        def _one(self, prompt: Prompt) -> Reply:
            shown = replace(prompt, parts=(*prompt.parts, *_images_of(ROWS[0])))
            return super()._one(shown)

    found = _measure(Sees(lambda prompt: "A"), tmp_path, mode="text_only")
    assert {a.reply.error for a in found.answers if "1 receipt(s) came back, but 0" in a.reply.error}


def _images_of(shown: Row) -> tuple[ImagePart, ...]:
    return tuple(ImagePart(image=ref) for ref in shown.images)


def test_the_letter_is_mapped_back_to_the_published_option(tmp_path: Path) -> None:
    """Shown under rotation 1, letter A carries the text published under B."""
    found = _measure(Stub(lambda prompt: "A"), tmp_path, mode="rotation_1")
    assert {a.reading for a in found.answers} == {Read("B")}
    assert [a.points["accuracy"] for a in found.answers] == [float(r.gold == "B") for r in ROWS]


def test_an_unread_reply_scores_nothing_and_is_not_a_failure(tmp_path: Path) -> None:
    found = _measure(Stub(lambda prompt: ""), tmp_path)
    assert all(isinstance(a.reading, Unread) and a.points == {"accuracy": 0.0} for a in found.answers)
    assert all(a.reply.finish == "stop" for a in found.answers)


def test_image_modes_are_refused_where_any_row_lacks_its_image_and_text_modes_run(tmp_path: Path) -> None:
    bare = replace(ROWS[3], images=())
    rows = [*ROWS[:3], bare, *ROWS[4:]]
    telemetry = replace(loaded(rows).telemetry, bad=(BadRow(row_id="r003", reason="image 'p3' is not there"),))
    data = loaded(rows, telemetry=telemetry)
    model = Stub(lambda prompt: "A")
    shows: tuple[ModeName, ...] = ("image_text", "shuffled", "blank", "image_options", "rotation_1")
    for mode in shows:
        with pytest.raises(RowsRefused, match=r"1 of 20 rows are refused[\s\S]*row r003: image 'p3' is not there"):
            run.measure(benchmark(rows), mode, model, data, Ledger(tmp_path), Settings())
    assert model.asked == []
    hides: tuple[ModeName, ...] = ("text_only", "options_only")
    for mode in hides:
        found = run.measure(benchmark(rows), mode, model, data, Ledger(tmp_path), Settings())
        assert len(found.answers) == 20


def test_a_limit_draws_the_same_rows_whatever_their_order() -> None:
    settings = Settings(limit=5)
    there = planned.chosen(benchmark(ROWS), loaded(ROWS), settings)
    back = planned.chosen(benchmark(ROWS), loaded(ROWS[::-1]), settings)
    assert {r.id for r in there} == {r.id for r in back}
    assert len(there) == 5


def test_a_rescored_case_equals_the_measured_one(tmp_path: Path) -> None:
    def answer(prompt: Prompt) -> str:
        if _number(prompt) == 7:
            raise RuntimeError("no memory")
        return _right(prompt) if _number(prompt) % 3 else "It may be A or B."

    found = _measure(Stub(answer), tmp_path)
    assert run.rescore(found.case, Ledger(tmp_path)) == found


def test_a_case_that_was_never_asked_cannot_be_rescored(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"--rescore: case toy\.blank\.stub is not in the ledger; it holds no case"):
        run.rescore(Case(benchmark="toy", mode="blank", model="stub"), Ledger(tmp_path))


def test_progress_counts_up_to_all_rows_and_tells_what_the_ledger_knew(tmp_path: Path) -> None:
    seen: list[Any] = []
    run.measure(
        benchmark(ROWS),
        "image_text",
        Stub(_right),
        loaded(ROWS),
        Ledger(tmp_path),
        Settings(),
        lambda *s: seen.append(s),
    )
    assert [s[1] for s in seen] == [0, 4, 8, 12, 16, 20]
    assert {(s[0], s[2], s[3]) for s in seen} == {("toy.image_text.stub", 20, 0)}


def test_the_prompt_says_what_is_withheld(tmp_path: Path) -> None:
    texts = {}
    asked: tuple[ModeName, ...] = ("image_text", "text_only", "options_only", "image_options")
    for mode in asked:
        model = Stub(lambda prompt: "A")
        _measure(model, tmp_path, mode=mode)
        texts[mode] = _text(model.asked[0])
    assert "Use the clinical information and all provided images." in texts["image_text"]
    assert "No image is provided. Use the clinical information alone." in texts["text_only"]
    assert "No question and no image are provided." in texts["options_only"]
    assert "Question:" not in texts["options_only"] + texts["image_options"]
    assert "Question:\nQuestion " in texts["image_text"]
    assert "Question:\nQuestion " in texts["text_only"]
