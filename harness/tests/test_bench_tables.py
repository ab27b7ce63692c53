"""The benchmark of speed: what its tables, ratios, checks and drawings say of results that are known."""

from __future__ import annotations

import io
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from harness.bench import __main__ as bench
from harness.bench import best, big, made, plots, questions
from harness.bench.probe import Probe, union
from harness.bench.rounds import Lap, System, equal, race, ratio
from harness.bench.told import Told
from harness.errors import ModelError, UsageError
from harness.records import Source

SIZES = {"rows": 6, "batch": 4, "tokens": 8, "threads": 1, "rounds": 3, "model": "small"}


def lap(wall: float, **replies: str) -> Lap:
    """A lap of which everything is known."""
    counts = {"calls": 2, "prompt_tokens": 10, "new_tokens": 4}
    told = replies or {"image_text/a": "x"}
    return Lap(wall=wall, cpu=2 * wall, first=wall / 4, loop=8, busy=6, peak=100, counts=counts, replies=told)


LAPS = {"bare loop": [lap(10), lap(40), lap(12)], "suite": [lap(5), lap(10), lap(4)]}


def told(**more: object) -> Told:
    """One question about those laps."""
    given = {"pairs": [("bare loop", "suite", "wall")], "same": [("bare loop", "suite")], **more}
    return Told(question="one", title="One mode", settings=SIZES, laps=LAPS, **given)  # type: ignore[arg-type]


def test_a_ratio_is_taken_within_each_round_before_the_median() -> None:
    # 10/5, 40/10, 12/4; the ratio of the medians would be 12/5
    found = ratio(LAPS, "bare loop", "suite", "wall")
    assert (found.value, found.low, found.high) == (3.0, 2.0, 4.0)


def test_the_table_shows_medians_ratios_and_equal_replies() -> None:
    page = told().markdown()
    assert "| bare loop | 12.00 | 24.00 | 3.00 | 8.00 | 25.0 % | 100 |" in page
    assert "| bare loop / suite | wall s | 3.00 | 2.00 | 4.00 |" in page
    assert "equal in every round: 1 of 1" in page


def test_a_reply_that_differs_in_one_round_is_not_equal_and_fails_the_question() -> None:
    laps = {
        "one": [lap(1, a="x", b="y"), lap(1, a="x", b="y")],
        "other": [lap(1, a="x", b="y"), lap(1, a="x", b="z")],
    }
    assert equal(laps, "one", "other") == (1, 2)
    page = Told(question="one", title="", settings=SIZES, laps=laps, same=[("one", "other")])
    assert not page.ok
    assert told().ok


def test_a_reply_that_is_missing_on_one_side_is_not_equal() -> None:
    laps = {"one": [lap(1, a="x", b="y")], "other": [lap(1, a="x")]}
    assert equal(laps, "one", "other") == (1, 2)


def test_seconds_in_which_two_calls_run_at_once_count_once() -> None:
    assert union([(0.0, 2.0), (1.0, 3.0), (1.5, 2.5), (5.0, 6.0)]) == 4.0


def test_a_probe_tells_begin_end_and_first_reply() -> None:
    probe = Probe()
    probe.calls = [(4.0, 6.0), (1.0, 2.0)]
    seen = probe.told()
    assert (seen["begin"], seen["end"], seen["first"], seen["busy"]) == (1.0, 6.0, 2.0, 3.0)


def test_drawings_are_svg_with_every_system_and_the_machine(tmp_path: Path) -> None:
    memory = Told(
        question="pictures",
        title="",
        settings=SIZES,
        laps={"suite": [replace(lap(3), more={"memory": [[1, 50.0], [2, 51.0]]})]},
    )
    results = tmp_path / "results.json"
    results.write_text(json.dumps([told().plain(), memory.plain()]), encoding="utf-8")
    assert plots.main([str(results), "--out", str(tmp_path / "plots")]) == 0
    text = (tmp_path / "plots" / "one.svg").read_text(encoding="utf-8")
    assert "bare loop" in text
    assert "(3.0x)" in text
    assert "cores" in text
    assert (tmp_path / "plots" / "pictures.svg").is_file()


def test_made_rows_load_strictly_and_are_the_same_at_every_call(tmp_path: Path) -> None:
    first, second = (made.load(Source(root=str(made.write(tmp_path / name, 6)))) for name in "ab")
    assert first.digest == second.digest
    assert len(first.rows) == 6
    assert not first.telemetry.bad


def test_made_rows_have_the_sizes_of_an_expert_set() -> None:
    assert sum(made.COUNTS) / len(made.COUNTS) == pytest.approx(1.39)
    assert max(made.COUNTS) == 6


def test_work_has_every_mode_with_the_pictures_that_it_shows(tmp_path: Path) -> None:
    folder = made.write(tmp_path / "rows", 24)
    work = made.work(folder, questions.LADDER, 8)
    assert len(work) == 11
    own = {str(row["id"]): row["images"] for row in work["image_text"]}
    assert all(row["images"] != own[str(row["id"])] for row in work["shuffled"])
    assert all(not row["images"] for row in work["text_only"])
    greys = [path for row in work["blank"] for path in row["images"]]  # type: ignore[attr-defined]
    assert all(Image.open(path).getcolors(1) for path in greys)


def test_big_pictures_are_made_of_few_and_no_two_are_alike() -> None:
    chance = random.Random(0)  # noqa: S311 - no secret
    jpeg = big._encoded(chance, (64, 48))
    assert len({pixels(big.varied(jpeg, number)) for number in range(60)}) == 60
    assert big.varied(jpeg, 0) == jpeg


def pixels(jpeg: bytes) -> bytes:
    """Pixels of a JPEG."""
    return Image.open(io.BytesIO(jpeg)).convert("RGB").tobytes()


def test_the_best_loop_fills_batches_by_length_and_keeps_rows_without_pictures_apart() -> None:
    class Tokens:
        """As long as the words, and a hundred a picture."""

        def tokenizer(self, texts: list[str]) -> dict[str, list[list[str]]]:
            return {"input_ids": [text.split() for text in texts]}

        def _get_num_multimodal_tokens(self, image_sizes: list[object]) -> dict[str, list[int]]:
            return {"num_image_tokens": [100] * len(image_sizes)}

    rows = [
        {"id": "long", "text": "a b c d", "images": []},
        {"id": "two", "text": "a", "images": [__file__, __file__]},
        {"id": "short", "text": "a", "images": []},
        {"id": "one", "text": "a b", "images": [__file__]},
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best, "_size", lambda path: (1, 1))
        made_of = best.batches(Tokens(), {"image_text": rows}, 2)
    assert [[row["id"] for _, row in some] for some in made_of] == [["one", "two"], ["short", "long"]]


def test_a_process_that_fails_is_named_with_the_end_of_what_it_wrote() -> None:
    broken = System(name="broken", commands=lambda _: [[sys.executable, "-c", "raise SystemExit('no such row')"]])
    with pytest.raises(ModelError, match=r"(?s)broken: its process ended with 1.*no such row"):
        race([broken], 1, 1)


def test_a_process_that_ends_well_without_a_reply_is_no_lap() -> None:
    code = (
        "import sys, json; "
        "json.dump(dict(begin=0, end=0, first=0, busy=0, calls=0, prompt_tokens=0, new_tokens=0, replies={}), "
        "open(sys.argv[1], 'w'))"
    )
    silent = System(name="silent", commands=lambda _: [[sys.executable, "-c", code]])
    with pytest.raises(ModelError, match="silent: its process ended without an error and without a single reply"):
        race([silent], 1, 1)


def test_systems_take_turns_in_going_first() -> None:
    code = (
        "import sys, json; "
        "json.dump(dict(begin=0, end=1, first=0, busy=1, calls=1, prompt_tokens=2, new_tokens=1, "
        "replies={{'image_text/a': '{0}'}}), open(sys.argv[1], 'w'))"
    )
    order: list[str] = []

    def named(name: str) -> System:
        def commands(_: Path) -> list[list[str]]:
            order.append(name)
            return [[sys.executable, "-c", code.format(name)]]

        return System(name=name, commands=commands)

    laps = race([named("a"), named("b")], 2, 1)
    assert order == ["a", "b", "b", "a"]
    assert [each.replies for each in laps["a"]] == [{"image_text/a": "a"}] * 2


def test_a_peer_that_is_not_known_and_one_without_interpreter_are_refused() -> None:
    with pytest.raises(UsageError, match="should be one of lmms-eval, lm-eval, Inspect, VLMEvalKit"):
        bench.peers(["other=python"])
    with pytest.raises(UsageError, match="no such interpreter"):
        bench.peers(["lmms=/nowhere/python"])


def test_a_model_that_is_neither_made_nor_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one of qwen, qwen-bf16, llava, small"):
        bench.folder("hf:org/model", tmp_path)
    with pytest.raises(UsageError, match="without options"):
        bench.folder(f"hf:{tmp_path}?dtype=float32", tmp_path)
