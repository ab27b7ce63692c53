"""Recorded replies as a model: found by row, never invented."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import spec
from harness.backends.replay import ReplayModel
from harness.errors import ModelError, UsageError
from harness.records import Prompt, Receipt, Reply
from harness.tests.checkpoints import ask, picture

LINES = (
    {"benchmark": "exam", "model": "one", "mode": "image_text", "row_id": "7", "reply": "B"},
    {"benchmark": "exam", "model": "one", "mode": "text_only", "row_id": "7", "reply": "C"},
    {"benchmark": "exam", "model": "one", "mode": "image_text", "row_id": 8, "reply": "The answer is A."},
)


def file_of(tmp_path: Path, lines: Sequence[dict[str, Any]] = LINES) -> Path:
    file = tmp_path / "runs.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def opened(file: Path, options: str = "") -> ReplayModel:
    model = spec.open_model(spec.parse(f"replay:{file}{options}"))
    assert isinstance(model, ReplayModel)
    return model


def replies(
    model: ReplayModel, mode: str, *rows: str, benchmark: str = "exam", prompt: Prompt | None = None
) -> list[Reply]:
    model.rows_for(benchmark, mode, rows)
    return model.reply(model.prepare([prompt or ask("?")] * len(rows), rows))


def test_rows_are_answered_by_id_in_any_order(tmp_path: Path) -> None:
    model = opened(file_of(tmp_path))
    assert [reply.text for reply in replies(model, "image_text", "8", "7")] == ["The answer is A.", "B"]
    assert [reply.text for reply in replies(model, "text_only", "7")] == ["C"]


def test_row_without_a_recorded_reply_is_a_failed_row(tmp_path: Path) -> None:
    reply = replies(opened(file_of(tmp_path)), "text_only", "8")[0]
    assert (reply.finish, reply.text) == ("failed", "")
    assert reply.error == "row 8: runs.jsonl holds no reply to it in exam/text_only"


def test_replies_of_another_benchmark_are_taken_only_if_it_is_named(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    assert replies(opened(file), "image_text", "7", benchmark="quiz")[0].finish == "failed"
    assert replies(opened(file, "?benchmark=exam"), "image_text", "7", benchmark="quiz")[0].text == "B"


def test_recorded_modes_are_mapped_to_those_here(tmp_path: Path) -> None:
    lines = [{**LINES[0], "mode": "with_image"}]
    model = opened(file_of(tmp_path, lines), "?map=with_image:image_text,blind:text_only")
    assert replies(model, "image_text", "7")[0].text == "B"


def test_line_without_benchmark_answers_any(tmp_path: Path) -> None:
    lines = [{"mode": "image_text", "row_id": "7", "reply": "B"}]
    assert replies(opened(file_of(tmp_path, lines)), "image_text", "7", benchmark="quiz")[0].text == "B"


def test_line_under_a_ledger_key_answers_to_it(tmp_path: Path) -> None:
    lines = [{"key": "ab12", "reply": "D"}]
    assert replies(opened(file_of(tmp_path, lines)), "shuffled", "ab12")[0].text == "D"


def test_several_models_in_a_file_must_be_chosen_from(tmp_path: Path) -> None:
    file = file_of(tmp_path, [*LINES, {**LINES[0], "model": "two", "reply": "E"}])
    with pytest.raises(UsageError) as refused:
        opened(file)
    assert str(refused.value) == (
        "--model runs.jsonl: the file has replies of 2 models, but one must be chosen: add ?model= with one of one, two"
    )
    assert replies(opened(file, "?model=two"), "image_text", "7")[0].text == "E"
    with pytest.raises(UsageError, match="the file has no model 'three', but has one, two"):
        opened(file, "?model=three")


def test_two_replies_for_one_row_are_refused_with_its_id(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as refused:
        opened(file_of(tmp_path, [*LINES, LINES[0]]))
    assert str(refused.value) == (
        "model runs.jsonl: runs.jsonl: row 7 has a reply in line 1 and another in line 4 (exam, image_text), "
        "but should have one: remove one"
    )


def test_receipts_are_those_that_were_recorded_and_never_made_up(tmp_path: Path) -> None:
    prompt = ask("?", picture(1))
    proof = [{"digest": "digest-1", "tokens": 4, "tensor": "ab"}]
    lines: list[dict[str, Any]] = [{**LINES[0], "receipts": proof}, {**LINES[2]}]
    model = opened(file_of(tmp_path, lines))
    with_proof, without = replies(model, "image_text", "7", "8", prompt=prompt)
    assert with_proof.receipts == (Receipt(digest="digest-1", tokens=4, tensor="ab"),)
    assert without.receipts == ()


def test_reply_that_was_recorded_about_another_picture_is_not_served(tmp_path: Path) -> None:
    lines = [{**LINES[0], "receipts": [{"digest": "digest-1", "tokens": 4}]}]
    reply = replies(opened(file_of(tmp_path, lines)), "image_text", "7", prompt=ask("?", picture(2)))[0]
    assert reply.error == ("row 7: runs.jsonl line 1 was recorded with 1 other pictures than the 1 of this prompt")


def test_call_that_failed_when_it_was_recorded_has_failed(tmp_path: Path) -> None:
    lines = [{**LINES[0], "reply": None, "error": "429 from the server"}]
    reply = replies(opened(file_of(tmp_path, lines)), "image_text", "7")[0]
    assert (reply.finish, reply.error) == ("failed", "429 from the server")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "is not JSON"),
        ("[]", "is a list, but should be a JSON object"),
        ('{"reply": "A", "row_id": "1"}', "has keys ['reply', 'row_id'], but needs 'mode' and 'row_id', or 'key'"),
        ('{"mode": "m", "row_id": "1"}', "'reply' is missing, but should be the raw text"),
        ('{"mode": "m", "row_id": "1", "reply": 3}', "'reply' is int, but should be the raw text"),
        ('{"mode": "m", "row_id": "1", "reply": "A", "finish": "eos"}', "finish is 'eos', but should be 'stop'"),
        ('{"mode": "m", "row_id": "1", "reply": "A", "receipts": [{}]}', "'receipts' cannot be read"),
    ],
)
def test_line_that_is_not_what_it_should_be_is_refused_by_number(tmp_path: Path, line: str, why: str) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text(json.dumps(LINES[0]) + "\n\n" + line + "\n")
    with pytest.raises(ModelError) as refused:
        opened(file)
    assert str(refused.value).startswith(f"model runs.jsonl: runs.jsonl line 3: {why}")


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be read .*, but should be a file of recorded replies"):
        opened(tmp_path / "none.jsonl")


def test_map_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="map is 'with_image', but should be RECORDED:MODE"):
        opened(file_of(tmp_path), "?map=with_image")


def test_prompts_without_row_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="1 prompts came with 0 row ids"):
        opened(file_of(tmp_path)).prepare([ask("?")])


def test_case_without_a_single_reply_is_refused_before_any_work(tmp_path: Path) -> None:
    model = opened(file_of(tmp_path))
    model.rows_for("exam", "shuffled", ["7", "8"])
    with pytest.raises(ModelError) as refused:
        model.check([ask("?"), ask("?")])
    assert str(refused.value) == (
        "model runs.jsonl: runs.jsonl holds no reply for any of the 2 rows of exam/shuffled, but for exam/image_text, "
        "exam/text_only: choose with benchmark= and map="
    )


def test_rows_of_the_last_case_do_not_refuse_the_next(tmp_path: Path) -> None:
    model = opened(file_of(tmp_path))
    assert replies(model, "shuffled", "7")[0].finish == "failed"
    model.check([ask("?")])


def test_fingerprint_is_of_content_and_options_and_not_of_the_place(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    before = opened(file).fingerprint
    assert opened(file, "?model=one").fingerprint != before
    moved = file.rename(tmp_path / "other.jsonl")
    assert opened(moved).fingerprint == before
    moved.write_text(moved.read_text().replace('"B"', '"A"'))
    assert opened(moved).fingerprint != before


def test_facts_say_that_a_replay_proves_no_sight(tmp_path: Path) -> None:
    facts = opened(file_of(tmp_path)).facts
    assert facts["sight"].startswith("a replay proves nothing about sight")
    assert facts["file"] == "runs.jsonl"
    assert str(tmp_path) not in "".join(facts.values())


def test_real_recorded_runs_are_found_row_by_row(real_data: Path) -> None:
    file = real_data / "recorded" / "worldmedqa_brazil_runs.jsonl"
    model = opened(file, "?model=GPT4o&map=with_image:image_text")
    recorded = [json.loads(line) for line in file.read_text().splitlines()]
    own = {
        line["row_id"]: line["reply"] for line in recorded if (line["model"], line["mode"]) == ("GPT4o", "with_image")
    }
    answered = replies(model, "image_text", *own, benchmark="worldmedqa-v-brazil-en")
    assert [reply.text for reply in answered] == list(own.values())
    assert len(own) == 89
