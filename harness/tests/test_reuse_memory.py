"""Where memory ends, less is asked at a time: no row is lost, none is answered twice, and replies stay the same."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.backends.hf import memory
from harness.backends.hf.batch import Desk
from harness.backends.hf.model import HfModel
from harness.errors import ImageRefused
from harness.records import Prompt, Reply
from harness.tests import checkpoints, reusing
from harness.tests.checkpoints import ask, picture
from harness.tests.reusing import opened, same

OUT = "CUDA out of memory. Tried to allocate 2.00 GiB."
SHOWN = tuple(ask(f"question {number}", picture(number // 3)) for number in range(11))
TEXTS = tuple(ask(f"question {number}") for number in range(11))
SCORED = tuple(replace(prompt, choices=("A", "B", "C")) for prompt in SHOWN)
SPOKEN = tuple(replace(prompt, choices=("a lung", "the heart")) for prompt in SHOWN)
KINDS = {"shown": SHOWN, "texts": TEXTS, "scored": SCORED, "spoken": SPOKEN, "mixed": (*SHOWN[:5], *TEXTS[:6])}


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.llava(tmp_path_factory.mktemp("built") / "llava")


@pytest.fixture(scope="module")
def models(llava: Path) -> dict[str, HfModel]:
    return {options: opened(llava, options) for options in ("", "?reuse=off")}


def replies(model: HfModel, prompts: Sequence[Prompt]) -> list[Reply]:
    return reusing.replies(model, prompts, [str(number) for number in range(len(prompts))])


def small(model: HfModel, monkeypatch: pytest.MonkeyPatch, rows: int, error: Exception | None = None) -> list[int]:
    """Let memory end above so many rows; the rows of every call are taken down."""
    network = model._open().model
    generate, calls = network.generate, []

    def generates(**inputs: Any) -> Any:
        import torch

        calls.append(len(inputs["input_ids"]))
        if calls[-1] > rows:
            raise error or torch.OutOfMemoryError(OUT)
        return generate(**inputs)

    monkeypatch.setattr(network, "generate", generates)
    return calls


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", ["", "?reuse=off"])
def test_a_batch_is_halved_until_it_fits(
    models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch, options: str, kind: str
) -> None:
    model, prompts = models[options], KINDS[kind]
    expected = model.alone(prompts)
    calls = small(model, monkeypatch, 3)
    same(replies(model, prompts), expected)
    # 11 rows do not fit, nor do 5 and 6; 2 and 3 do, so rows are not asked one by one
    assert max(calls) > 3
    assert max(rows for rows in calls if rows <= 3) >= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", ["", "?reuse=off"])
def test_a_batch_of_one_that_does_not_fit_fails_by_name(
    models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch, options: str, kind: str
) -> None:
    model, prompts = models[options], KINDS[kind]
    model.prepare(prompts)
    small(model, monkeypatch, 0)
    got = replies(model, prompts)
    assert [reply.finish for reply in got] == ["failed"] * 11
    assert [reply.error for reply in got] == [
        f"row {number}: out of memory with a batch of one ({OUT})" for number in range(11)
    ]
    monkeypatch.undo()
    same(replies(model, prompts), model.alone(prompts))


def test_one_row_that_never_fits_costs_no_other_row(
    models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    for options, model in models.items():
        network = model._open().model
        expected = model.alone(SHOWN)
        generate, longest = network.generate, model._plain().eye.processor.tokenizer("7")["input_ids"][-1]

        def generates(generate: Any = generate, seven: int = longest, **inputs: Any) -> Any:
            if bool((inputs["input_ids"] == seven).any()):
                raise torch.OutOfMemoryError(OUT)
            return generate(**inputs)

        with monkeypatch.context() as patch:
            patch.setattr(network, "generate", generates)
            got = replies(model, SHOWN)
        assert [place for place, reply in enumerate(got) if reply.finish == "failed"] == [7], options
        same([*got[:7], *got[8:]], [*expected[:7], *expected[8:]])


def test_what_did_not_fit_is_gone_before_its_halves_are_asked(
    models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    for model in models.values():
        network = model._open().model
        generate = network.generate
        held: list[weakref.ref[Any]] = []
        alive: list[int] = []

        def generates(
            generate: Any = generate,
            held: list[weakref.ref[Any]] = held,
            alive: list[int] = alive,
            **inputs: Any,
        ) -> Any:
            alive.append(sum(each() is not None for each in held))
            work = torch.ones(8)
            held.append(weakref.ref(work))
            if len(inputs["input_ids"]) > 2:
                raise torch.OutOfMemoryError(OUT)
            return generate(**inputs)

        with monkeypatch.context() as patch:
            patch.setattr(network, "generate", generates)
            assert {reply.finish for reply in replies(model, SHOWN)} <= {"stop", "length"}
        assert len(alive) > 5
        assert set(alive) == {0}


@pytest.mark.parametrize("most", [3, 1, 0])
def test_an_encoder_that_does_not_fit_is_given_fewer_pictures(
    llava: Path, models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    import torch
    from transformers import LlavaModel

    prompts = [*SHOWN, ask("all of them", *(picture(number) for number in range(7)))][-6:]
    expected = models["?reuse=off"].alone(prompts)
    model = opened(llava)
    replies(model, [ask("warm", picture(100))])
    encode, calls = LlavaModel.get_image_features, []

    @functools.wraps(encode)
    def encodes(self: Any, pixel_values: Any, **kwargs: Any) -> Any:
        calls.append(len(pixel_values))
        if calls[-1] > most:
            raise torch.OutOfMemoryError(OUT)
        return encode(self, pixel_values, **kwargs)

    monkeypatch.setattr(LlavaModel, "get_image_features", encodes)
    got = replies(model, prompts)
    if most:
        same(got, expected)
        # five of seven pictures stand in other rows too; each was encoded once
        assert sum(call for call in calls if call <= most) == 7
    else:
        assert {reply.finish for reply in got} == {"failed"}
        assert {reply.error.split(": ", 1)[1] for reply in got} == {f"out of memory with a batch of one ({OUT})"}


def test_a_picture_that_the_host_has_no_memory_for_fails_its_row_alone(models: dict[str, HfModel]) -> None:
    def opens() -> Any:
        raise MemoryError("no room for this picture")

    for model in models.values():
        large = replace(picture(50), open=opens)
        got = replies(model, [*SHOWN[:2], ask("how large?", large), TEXTS[0]])
        assert [reply.finish == "failed" for reply in got] == [False, False, True, False]
        assert got[2].error == "row 2: no room for this picture"


def test_a_processor_that_does_not_fit_is_given_one_row_at_a_time(
    llava: Path, models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = models["?reuse=off"].alone(SHOWN)
    for options in ("", "?reuse=off"):
        model = opened(llava, options)
        replies(model, [ask("warm", picture(100))])
        processor: Any = model._plain().eye.processor
        call = type(processor).__call__

        def calls(self: Any, *args: Any, call: Any = call, **kwargs: Any) -> Any:
            if len(kwargs["text"]) > 1:
                raise MemoryError("Unable to allocate 9.00 GiB for an array")
            return call(self, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(type(processor), "__call__", calls)
            got = replies(model, SHOWN)
        same(got, expected)


def test_an_error_of_generate_that_is_not_for_memory_is_raised(
    models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = models[""]
    model.prepare(SHOWN)
    small(model, monkeypatch, 0, RuntimeError("index 5 is out of bounds"))
    with pytest.raises(RuntimeError, match="out of bounds"):
        replies(model, SHOWN)
    # asked again alone it is the failure of a row, so that a measured case does not end for its proof
    assert {reply.error for reply in model.alone(SHOWN[:2], ["a", "b"])} == {
        "row a: index 5 is out of bounds",
        "row b: index 5 is out of bounds",
    }


def test_what_memory_ends_with_is_told_from_other_errors() -> None:
    import torch

    ends = (
        torch.OutOfMemoryError("HIP out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    )
    others = (RuntimeError("CUDA error: device-side assert triggered"), ValueError("out of memory."), KeyError("x"))
    assert all(map(memory.ended, ends))
    assert not any(map(memory.ended, others))


def test_gaps_between_tensors_are_given_back_to_the_system() -> None:
    import torch

    if memory._trim() is None:
        pytest.skip("the C library here gives nothing back when asked")
    size, many = 20 * 2**20, 40
    del_at_once = torch.ones(size, dtype=torch.uint8)
    del del_at_once  # from now on blocks of this size lie on the heap
    settled = memory.Settled()
    settled.settle()
    before = memory.resident()
    kept = [(torch.ones(size, dtype=torch.uint8), torch.ones(64)) for _ in range(many)]
    pins = [pin for _, pin in kept]
    del kept
    settled.settle()
    # of 800 MB; less than what it is looked for at may stay
    assert memory.resident() - before < memory.GROWTH + size
    assert len(pins) == many


def test_nothing_is_looked_for_before_the_process_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    held, given_back = [memory.GROWTH], [0]

    def trim(_: int) -> None:
        given_back[0] += 1

    monkeypatch.setattr(memory, "resident", lambda: held[0])
    monkeypatch.setattr(memory, "_trim", lambda: trim)
    settled = memory.Settled()
    for now, due in ((0, 0), (memory.GROWTH + 1, 1), (2 * memory.GROWTH, 1), (2 * memory.GROWTH + 2, 2), (0, 2)):
        held[0] = now
        settled.settle()
        assert given_back == [due]


def test_a_row_asked_alone_is_answered_while_the_next_is_made_ready(
    llava: Path, models: dict[str, HfModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened(llava)
    made, answered, ahead = [0], [0], [0]
    prepare, reply = Desk.prepare, model.reply

    def prepares(*args: Any, **kwargs: Any) -> Any:
        made[0] += 1
        ahead[0] = max(ahead[0], made[0] - answered[0])
        return prepare(*args, **kwargs)

    def replying(prepared: Any) -> list[Reply]:
        told = reply(prepared)
        answered[0] += 1
        return told

    monkeypatch.setattr(Desk, "prepare", prepares)
    monkeypatch.setattr(model, "reply", replying)
    found = model.alone(SHOWN[:6], [str(number) for number in range(6)])
    monkeypatch.undo()
    same(found, [reply for prompt in SHOWN[:6] for reply in replies(models["?reuse=off"], [prompt])])
    assert made == [6]
    assert 2 <= ahead[0] <= 3  # one answered, one waiting, one begun when the first was taken


def test_a_row_that_fails_alone_costs_its_neighbours_nothing(llava: Path) -> None:
    def gone() -> Any:
        raise ImageRefused("image 'x.png' was changed during the run")

    lost = replace(picture(1), digest="x", open=gone)
    model = opened(llava)
    found = model.alone([SHOWN[0], ask("lost", lost), SHOWN[1]], ["a", "b", "c"])
    assert [reply.finish == "failed" for reply in found] == [False, True, False]
    assert "row b: image 'x.png' was changed" in found[1].error
