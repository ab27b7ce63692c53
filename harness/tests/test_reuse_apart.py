"""On a CPU prompts are read one by one, without padding, and pictures are encoded beside the model."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.backends.hf import caches, features, loading, prefix, witness
from harness.backends.hf.model import HfModel
from harness.backends.hf.pictures import Seen
from harness.backends.hf.receipts import Picture
from harness.backends.hf.sharing import _spare
from harness.errors import ModelError
from harness.records import Prompt
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture
from harness.tests.reusing import opened, replies, same, sharing, tokens

PICTURES = tuple(picture(number, 40 + 10 * number, 60) for number in range(4))
DISTINCT = (
    ask("what is this?", PICTURES[0], tokens=3),
    ask("and how large is it, in your opinion?", PICTURES[1], tokens=9),
    ask("compare", PICTURES[2], PICTURES[3]),
    ask("?", PICTURES[3], tokens=1),
)
TURNED = tuple(ask(f"a question of some length {n % 3}, {'more ' * (n // 3)}", PICTURES[n // 3]) for n in range(9))
BATCHES = {"distinct": DISTINCT, "turned": TURNED, "alike": DISTINCT[:1] * 3}


@pytest.fixture(scope="module", params=checkpoints.BUILDERS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = request.param
    return checkpoints.BUILDERS[name](tmp_path_factory.mktemp("built") / name)


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.llava(tmp_path_factory.mktemp("built") / "llava")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prompts here are far shorter than those for which it pays."""
    monkeypatch.setattr(prefix, "LONG", 1)


def reads(model: HfModel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[int, int], bool]]:
    """Of every call of ``generate`` from now on, the shape of its ids, and whether some of them are padding."""
    network = model._open().model
    generate, seen = network.generate, []

    def generates(**inputs: Any) -> Any:
        seen.append((tuple(inputs["input_ids"].shape), bool((inputs["attention_mask"] == 0).any())))
        return generate(**inputs)

    monkeypatch.setattr(network, "generate", generates)
    return seen


def test_every_architecture_replies_alike_read_apart_padded_and_alone(built: Path) -> None:
    model = opened(built)
    if model._open().sharing is None:
        assert model.facts["shared"].startswith("nothing")
        return
    assert sharing(model).apart
    for batch in BATCHES.values():
        alone = model.alone(batch)
        for sharing(model).apart in (True, False):
            same(replies(model, batch), alone)


def test_prompts_of_several_lengths_are_read_without_padding(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = opened(llava)
    seen = reads(model, monkeypatch)
    replies(model, DISTINCT)
    *first, (rows, _), last = [*(shape for shape, _ in seen[:-1]), (len(DISTINCT), 0), seen[-1]]
    assert [shape[0] for shape in first] == [1, 1, 1, 1]
    assert not any(padded for _, padded in seen[:-1])
    assert last[0][0] == rows
    assert tokens(model)[0] == tokens(model)[1]


def test_prompts_of_one_length_are_read_in_one_call(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = opened(llava)
    seen = reads(model, monkeypatch)
    replies(model, [ask("see?", image) for image in PICTURES])
    assert len(seen) == 1
    assert not seen[0][1]


def test_short_prompts_are_padded_and_read_in_one_call(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = opened(llava)
    monkeypatch.setattr(prefix, "LONG", 10_000)
    seen = reads(model, monkeypatch)
    replies(model, DISTINCT)
    assert [(shape[0], padded) for shape, padded in seen] == [(len(DISTINCT), True)]


def test_a_prompt_that_ends_with_its_picture_is_not_cut_before_its_end(llava: Path) -> None:
    model = opened(llava)
    lines = [*model.prepare(DISTINCT).groups[0].lines]
    image_token = model._plain().eye.image_token
    plan = prefix.apart(lines, image_token)
    assert plan is not None
    assert plan.cuts == tuple(len(line.ids) - 1 for line in lines)
    assert prefix.apart(lines, lines[0].ids[-1]) is None


def test_caches_joined_amiss_are_found_and_not_used(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    joined = caches._joined
    monkeypatch.setattr(caches, "_joined", lambda parts, length: joined(parts, length).flip(0))
    model = opened(llava)
    assert not sharing(model).apart
    assert model.facts["shared"] == "features of pictures and beginnings of prompts"
    same(replies(model, TURNED), model.alone(TURNED))


def test_an_error_where_caches_are_joined_leaves_padding(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "GROWING", ())
    model = opened(llava)
    assert not sharing(model).apart
    same(replies(model, DISTINCT), model.alone(DISTINCT))


class Kept:
    """A layer or a cache of some tokens."""

    is_initialized = True

    def __init__(self, tokens: int, held: int) -> None:
        import torch

        self.keys = self.values = torch.ones(1, 2, held, 3)
        self.layers, self._tokens = [self], tokens

    def get_seq_length(self) -> int:
        return self._tokens


@pytest.mark.parametrize(
    ("named", "lengths", "told"),
    [("Kept", (3, 5), "Kept cannot be joined"), ("DynamicLayer", (3, 4), r"hold \[3, 4\] tokens.* \[3, 5\]")],
)
def test_layers_that_hold_anything_but_all_tokens_are_not_joined(named: str, lengths: Sequence[int], told: str) -> None:
    kind = type(named, (Kept,), {})
    with pytest.raises(ModelError, match=told):
        caches.stacked([kind(tokens, held) for tokens, held in zip((3, 5), lengths, strict=True)])


def test_joined_caches_are_padded_on_the_left() -> None:
    kind = type("DynamicLayer", (Kept,), {})
    made = caches.stacked([kind(3, 3), kind(5, 5)])
    assert made.get_seq_length() == 5
    assert made.layers[0].keys.shape == (2, 2, 5, 3)
    assert made.layers[0].keys[0, 0, :, 0].tolist() == [0, 0, 1, 1, 1]
    assert made.layers[0].values[1, 0, :, 0].tolist() == [1] * 5


@pytest.mark.parametrize(("most", "calls"), [(1, 4), (10**9, 1)])
def test_large_pictures_are_encoded_one_by_one(
    llava: Path, monkeypatch: pytest.MonkeyPatch, most: int, calls: int
) -> None:
    model = opened(llava)
    asked: list[Prompt] = [ask("see?", image) for image in PICTURES]
    alone = model.alone(asked)
    sharing(model).pictures.drop()
    monkeypatch.setattr(features, "AT_ONCE", most)
    made, sizes = features._made, []

    def counted(network: Any, together: Any) -> Any:
        sizes.append(len(together))
        return made(network, together)

    monkeypatch.setattr(features, "_made", counted)
    same(replies(model, asked), alone)
    assert (len(sizes), sum(sizes)) == (calls, 4)


@pytest.mark.parametrize("on", [True, False])
def test_garbage_is_collected_again_after_the_libraries_are_imported(on: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with suppress(KeyError), loading.uncollected():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()


def test_what_the_libraries_leave_is_set_aside_once_and_no_model_with_it(llava: Path) -> None:
    code = (
        "import gc, sys, weakref; from harness import spec\n"
        "frozen = []\n"
        "for number in range(2):\n"
        "    model = spec.open_model(spec.parse('hf:' + sys.argv[1]))\n"
        "    seen = weakref.ref(model._open().model)\n"
        "    frozen.append(gc.get_freeze_count())\n"
        "    model.close(); del model; gc.collect()\n"
        "    assert seen() is None\n"
        "assert frozen[0] >= frozen[1] > 100_000, frozen\n"
    )
    subprocess.run([sys.executable, "-c", code, str(llava)], check=True, cwd=Path(__file__).parents[2])


# --------------------------------------------------------------------------------------- beside the model


@pytest.fixture
def beside(llava: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HfModel]:
    """A model whose pictures are encoded beside it, whatever cores this machine has."""
    model = opened(llava)
    model._open()
    sharing(model).pictures.drop()
    monkeypatch.setattr("harness.backends.hf.sharing._spare", lambda *_: True)
    yield model
    model.close()


def encoding(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """Thread and pictures of every call of the encoder from now on."""
    made, calls = features._made, []

    def seen(network: Any, together: Any) -> Any:
        calls.append((threading.current_thread().name, [each.image.digest for each in together]))
        return made(network, together)

    monkeypatch.setattr(features, "_made", seen)
    return calls


@pytest.mark.parametrize("size", [1, 3])
def test_pictures_are_encoded_once_beside_the_model_or_by_it(
    beside: HfModel, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    alone = beside.alone(TURNED)
    calls = encoding(monkeypatch)
    batches = [TURNED[start : start + size] for start in range(0, len(TURNED), size)]
    # all are made ready before the first is asked, as nothing would be beside the model otherwise
    prepared = [beside.prepare(batch) for batch in batches]
    same([reply for each in prepared for reply in beside.reply(each)], alone)
    assert sorted(digest for _, some in calls for digest in some) == sorted(image.digest for image in PICTURES[:3])
    assert any(name.startswith("encodes") for name, _ in calls)


def test_what_fails_beside_the_model_is_tried_again_by_it_and_said_there(
    beside: HfModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = beside.alone(DISTINCT)
    made = features._made

    def fails(network: Any, together: Any) -> Any:
        if threading.current_thread().name.startswith("encodes") or together[0].image.digest == broken:
            raise RuntimeError("no such patch")
        return made(network, together)

    monkeypatch.setattr(features, "_made", fails)
    broken = ""
    same(replies(beside, DISTINCT), alone)
    sharing(beside).pictures.drop()
    broken = PICTURES[0].digest
    prepared = beside.prepare(DISTINCT)
    with pytest.raises(RuntimeError, match="no such patch"):
        beside.reply(prepared)


def test_a_picture_is_taken_by_one_thread_and_waited_for_by_the_other() -> None:
    turns = features.Turns()
    free = Seen(PICTURES[0], "", Picture(tokens=1, tensor="x"), {})
    assert turns.take([free]) == [free]
    assert turns.take([free]) == []
    waits = threading.Thread(target=turns.wait, args=([free],))
    waits.start()
    waits.join(0.05)
    assert waits.is_alive()
    turns.give_back([free])
    waits.join(10)
    assert not waits.is_alive()
    assert turns.take([free]) == [free]


def test_a_model_that_is_watched_tells_the_witness_nothing_of_what_goes_on_beside_it(llava: Path) -> None:
    network = opened(llava)._open().model
    plain = features.encoder(network)
    with witness.watch(network):
        assert network.base_model.get_image_features is not plain
        assert features.encoder(network) == plain


def test_only_a_cpu_with_a_core_to_spare_encodes_beside_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    for cores, device, expected in ((2, "cpu", False), (3, "cpu", True), (3, "cuda", False)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        network = SimpleNamespace(device=SimpleNamespace(type=device))
        assert _spare(network, 0) is expected
        # what the model itself computes with counts, whatever another thread was told
        assert _spare(network, 1) is (device == "cpu")
        assert not _spare(network, cores)


def test_every_model_computes_with_its_own_number_of_threads(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    small, large = opened(llava), opened(llava)
    small.prepare([ask("is it small?", picture(1))])
    monkeypatch.setattr("harness.backends.hf.loading.SMALL", 0)
    with ThreadPoolExecutor(1) as elsewhere:  # as a model is loaded while the one before it is at work
        elsewhere.submit(large.prepare, [ask("is it large?", picture(1))]).result()
    before, seen = torch.get_num_threads(), []
    for model in (small, large, small):
        network = model._open().model
        generate = network.generate

        def generates(*args: Any, generate: Any = generate, **kwargs: Any) -> Any:
            seen.append(torch.get_num_threads())
            return generate(*args, **kwargs)

        network.generate = generates
        try:
            model.reply(model.prepare([ask("what?", picture(2))]))
        finally:
            network.generate = generate
    torch.set_num_threads(before)
    assert {seen[0]} == {1}
    assert sorted(set(seen)) == [1, 3]
    assert seen[-1] == 1
