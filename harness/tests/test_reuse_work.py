"""What is done once is done once: encoders, beginnings of prompts, windows of attention, pictures that had to go."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import run
from harness.backends.hf import prefix
from harness.backends.hf.model import HfModel
from harness.backends.hf.pictures import Pictures, Seen
from harness.backends.hf.receipts import Picture
from harness.ledger import Ledger
from harness.records import ImagePart, ImageRef, Measurement, Prompt, Reply, TextPart
from harness.tests import checkpoints, made
from harness.tests.checkpoints import ask, picture
from harness.tests.reusing import opened, replies, same, sharing, tokens

NAMES = ("llava", "qwen2_5_vl", "idefics3")
PICTURES = tuple(picture(number, 40 + 10 * number, 60) for number in range(4))
LETTERS = ("A. lung B. heart C. liver", "A. heart B. liver C. lung", "A. liver B. lung C. heart")
ROTATED = tuple(ask(f"a question. {options}", image) for image in PICTURES for options in LETTERS)


def counted(model: HfModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pictures of every call of the image encoder from now on, by their image tokens."""
    network = model._open().model
    encode, calls = network.base_model.get_image_features, []

    def counts(*args: Any, **kwargs: Any) -> Any:
        made = encode(*args, **kwargs)
        features = made["pooler_output"]
        parts = features if isinstance(features, (list, tuple)) else [features]
        calls.append(sum(part.numel() // part.shape[-1] for part in parts))
        return made

    counts.__signature__ = __import__("inspect").signature(encode)  # type: ignore[attr-defined]
    monkeypatch.setattr(network.base_model, "get_image_features", counts, raising=False)
    return calls


@pytest.fixture(scope="module", params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.BUILDERS[request.param](tmp_path_factory.mktemp("built") / request.param)


@pytest.fixture(scope="module")
def loaded(folder: Path) -> HfModel:
    return opened(folder)


@pytest.fixture
def model(loaded: HfModel) -> HfModel:
    """A model that has seen no picture and counted no token."""
    sharing = loaded._open().sharing
    assert sharing is not None
    sharing.pictures = Pictures(2**20)
    sharing.reset()
    return loaded


@pytest.fixture(scope="module")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.BUILDERS["gemma3"](tmp_path_factory.mktemp("built") / "gemma3")


def changed(folder: Path, into: Path, **text: Any) -> Path:
    """A copy of a checkpoint whose language model is configured otherwise."""
    copy = Path(shutil.copytree(folder, into))
    config = json.loads((copy / "config.json").read_text())
    config["text_config"].update(text)
    (copy / "config.json").write_text(json.dumps(config))
    return copy


# ---------------------------------------------------------------------------------------------- pictures


def test_the_encoder_sees_each_picture_once_over_several_batches(
    model: HfModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(model, monkeypatch)
    got = [reply for start in range(0, 12, 5) for reply in replies(model, ROTATED[start : start + 5])]
    assert sum(calls) == sum({r.digest: r.tokens for reply in got for r in reply.receipts}.values())
    assert model.facts["reuse of pictures"].startswith("4 of 12 were encoded")
    calls.clear()
    replies(model, [ask("once more", *PICTURES[:2]), ask("and now", PICTURES[3], PICTURES[0])])
    assert calls == []


def test_a_picture_that_had_to_go_is_encoded_again_and_the_reply_stays(
    model: HfModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = replies(model, ROTATED)
    sharing = model._open().sharing
    assert sharing is not None
    sharing.pictures.room = 1
    sharing.pictures.trim()
    calls = counted(model, monkeypatch)
    again = replies(model, ROTATED[:3])
    assert calls
    same(again, before[:3])
    same(replies(model, ROTATED), before)


def test_a_picture_made_twice_because_it_had_to_go_between_is_given_its_features_twice(model: HfModel) -> None:
    sharing = model._open().sharing
    assert sharing is not None
    get = sharing.pictures.get

    def forgets(image: ImageRef, make: Any) -> Seen:
        seen = get(image, make)
        sharing.pictures.drop()
        return seen

    expected = replies(model, ROTATED[:3])
    sharing.pictures.drop()
    sharing.pictures.get = forgets  # type: ignore[method-assign]
    prepared = model.prepare(ROTATED[:3])
    assert len({id(line.seen[0]) for line in prepared.groups[0].lines}) == 3
    same(model.reply(prepared), expected)


def _made(image: ImageRef, size: int = 1) -> Seen:
    import torch

    picture_ = Picture(tokens=1, tensor=image.digest)
    return Seen(image, "x", picture_, {"pixel_values": torch.zeros(size, dtype=torch.uint8)})


@pytest.mark.parametrize("expected", [False, True])
def test_several_threads_that_want_one_picture_make_it_once(expected: bool) -> None:
    pictures, began, gate = Pictures(10**6), [], threading.Barrier(8)
    if expected:
        pictures.expect(PICTURES * 8)

    def make(image: ImageRef) -> Seen:
        began.append(image.digest)
        threading.Event().wait(0.02)
        return _made(image)

    def want(_: int) -> list[int]:
        gate.wait()
        return [id(pictures.get(image, make)) for image in PICTURES]

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(want, range(8)))
    assert sorted(began) == sorted(image.digest for image in PICTURES)
    assert all(one == got[0] for one in got)
    assert (pictures.made, pictures.asked) == (4, 32)
    assert len(pictures._kept) == (0 if expected else 4)


@given(st.lists(st.integers(0, 3), max_size=20), st.integers(0, 20), st.lists(st.integers(0, 3), max_size=8))
def test_a_picture_is_kept_until_its_last_prompt_and_made_once(asked: list[int], at: int, before: list[int]) -> None:
    pictures, times = Pictures(10**6), Counter[str]()

    def make(image: ImageRef) -> Seen:
        times[image.digest] += 1
        return _made(image)

    for number in before:  # of a run that ended early
        pictures.expect([PICTURES[number]] * 2)
        pictures.get(PICTURES[number], make)
    times.clear()
    held = set(pictures._kept)
    pictures.expect(PICTURES[number] for number in asked)
    for place, number in enumerate(asked):
        pictures.get(PICTURES[number], make)
        left = {PICTURES[later].digest for later in asked[place + 1 :]}
        seen = {PICTURES[earlier].digest for earlier in asked[: place + 1]}
        assert set(pictures._kept) == (held | seen) & left | (held - {PICTURES[later].digest for later in asked})
    assert set(times.values()) <= {1}
    # what nobody spoke of is kept as long as there is room
    other = picture(99)
    assert pictures.get(other, make) is pictures.get(other, make)


def test_after_a_run_no_picture_is_held_any_more(
    model: HfModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = counted(model, monkeypatch)
    most, kept = [0], model.reply

    def replying(prepared: Any) -> list[Reply]:
        most[0] = max(most[0], len(sharing(model).pictures._kept))
        return kept(prepared)

    monkeypatch.setattr(model, "reply", replying)
    rows = [replace(made.row(number), images=(picture(100 + number // 3),)) for number in range(24)]
    settings = run.Settings(canaries=0, batch_size=4)
    found = run.measure_all(
        made.benchmark(rows), ["image_text", "rotation_1"], model, made.loaded(rows), Ledger(tmp_path), settings
    ).values()
    answers = [answer for each in found if isinstance(each, Measurement) for answer in each.answers]
    shown = {receipt.digest: receipt.tokens for answer in answers for receipt in answer.reply.receipts}
    assert (len(answers), len(shown)) == (48, 8)
    assert sum(calls) == sum(shown.values())
    assert most[0] < 8
    assert not sharing(model).pictures._kept


def test_a_picture_that_could_not_be_made_is_tried_again_by_the_next() -> None:
    pictures = Pictures(10**6)

    def fails(image: ImageRef) -> Seen:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        pictures.get(PICTURES[0], fails)
    assert pictures.get(PICTURES[0], _made).image is PICTURES[0]
    assert pictures._making == {}


def test_the_least_recently_used_pictures_go_first_and_the_last_one_stays() -> None:
    pictures = Pictures(250)
    for image in PICTURES:
        pictures.get(image, lambda image: _made(image, 100))
    pictures.get(PICTURES[0], _made)
    pictures.trim()
    kept = [image for image in PICTURES if image.digest in pictures._kept]
    assert kept == [PICTURES[0], PICTURES[3]]
    pictures.room = 0
    pictures.trim()
    assert list(pictures._kept) == [PICTURES[0].digest]


def test_features_of_one_picture_hold_no_other_in_memory(model: HfModel) -> None:
    prepared = model.prepare([ask("see?", image) for image in PICTURES])
    model.reply(prepared)
    for line in prepared.groups[0].lines:
        held = line.seen[0].features["pooler_output"]
        for tensor in held if isinstance(held, list) else [held]:
            assert tensor.untyped_storage().nbytes() == tensor.nbytes


# --------------------------------------------------------------------------------------------- beginnings


def test_rotations_and_rows_that_share_a_picture_read_its_beginning_once(model: HfModel) -> None:
    got = replies(model, ROTATED)
    read, due = tokens(model)
    assert due == sum(reply.prompt_tokens for reply in got)
    assert read < 0.75 * due
    same(got, model.alone(ROTATED))


def test_text_first_has_no_common_beginning_and_replies_the_same(folder: Path) -> None:
    model = opened(folder, "?order=text_first")
    got = replies(model, ROTATED)
    read, due = tokens(model)
    assert read == due
    same(got, replies(opened(folder, "?order=text_first&reuse=off"), ROTATED))


def test_prompts_of_a_template_that_prints_the_text_first_are_read_whole(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    template = copy / "chat_template.jinja"
    parts = "{% for part in turn['content'] %}"
    sorted_ = "{% for part in turn['content'] | sort(attribute='type', reverse=true) %}"
    template.write_text(template.read_text().replace(parts, sorted_))
    model = opened(copy)
    got = replies(model, ROTATED)
    assert tokens(model)[0] == tokens(model)[1]
    same(got, model.alone(ROTATED))
    same(got, replies(opened(folder, "?order=text_first"), ROTATED))


def test_prompts_with_the_same_text_before_a_picture_share_it_with_those_alone(model: HfModel) -> None:
    def asked(before: str, image: ImageRef, after: str) -> Prompt:
        shown = (TextPart(text=before), ImagePart(image=image), TextPart(text=after))
        return Prompt(parts=shown, max_new_tokens=5)

    long = "a case of some length, told before the picture is shown"
    prompts = [asked(long, PICTURES[0], text) for text in ("what?", "where is it?", "how?")]
    prompts += [asked(f"another: {long}", PICTURES[0], text) for text in ("what?", "why?")]
    got = replies(model, prompts)
    read, due = tokens(model)
    assert read < 0.7 * due
    same(got, model.alone(prompts))


def test_a_prompt_that_ends_with_its_picture_keeps_a_token_to_read() -> None:
    first, second = (_made(image) for image in PICTURES[:2])
    line = checkpoints_line((1, 5, 9), first)
    ends = checkpoints_line((1, 9), second)
    plan = prefix.shared([line, line, ends], 9, worth=0)
    if plan is not None:
        assert all(cut < len(one.ids) for cut, one in zip(plan.cuts, (line, line, ends), strict=True))


def checkpoints_line(ids: tuple[int, ...], *seen: Seen) -> Any:
    from harness.backends.hf.processing import Line

    return Line(ids=ids, types={}, seen=seen)


# ------------------------------------------------------------------------------------------------ windows


@pytest.mark.parametrize("window", [16, 32, 64])
@pytest.mark.parametrize("kinds", [["sliding_attention"] * 2, ["sliding_attention", "full_attention"]])
def test_narrow_windows_reply_as_alone(gemma: Path, tmp_path: Path, window: int, kinds: list[str]) -> None:
    copy = changed(gemma, tmp_path / "copy", sliding_window=window, layer_types=kinds)
    # from shorter than any window to longer than all
    texts = ("?", "what is this?", "a question that is a bit longer", "a question " * 6)
    prompts = [ask(text, *images) for text in texts for images in ((PICTURES[0],), PICTURES[:2])]
    model = opened(copy)
    shared = replies(model, prompts)
    same(shared, model.alone(prompts))
    same(shared, replies(opened(copy, "?reuse=off"), prompts))


def test_prompts_that_fit_into_the_window_share_their_beginning_and_longer_ones_do_not(
    gemma: Path, tmp_path: Path
) -> None:
    copy = changed(gemma, tmp_path / "copy", sliding_window=64, layer_types=["sliding_attention"] * 2)
    for text, shares in (("?", True), ("a question " * 6, False)):
        model = opened(copy)
        replies(model, [ask(f"{text}{number}", PICTURES[0], tokens=2) for number in range(4)])
        read, due = tokens(model)
        assert (read < due) is shares


# ------------------------------------------------------------------------------------------------ threads


def test_batches_prepared_in_several_threads_are_those_prepared_in_turn(folder: Path, model: HfModel) -> None:
    batches = [[ask(f"{text} see?", *images) for text in "ab"] for images in some()]
    other = opened(folder)
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(model.prepare, batches))
    in_turn = [other.prepare(batch) for batch in batches]
    assert [_told(one) for one in together] == [_told(one) for one in in_turn]
    sharing = model._open().sharing
    assert sharing is not None
    assert sharing.pictures.made == 4
    replied = [reply for one in together for reply in model.reply(one)]
    same(replied, [reply for one in in_turn for reply in other.reply(one)])


def some() -> list[tuple[ImageRef, ...]]:
    return [(), *((image,) for image in PICTURES), *permutations(PICTURES[:3], 2)]


def _told(prepared: Any) -> Any:
    return [
        (one.asked, [(line.ids, line.types, [seen.image.digest for seen in line.seen]) for line in one.lines])
        for one in prepared.groups
    ]


def test_the_processor_is_used_by_one_thread_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in ("", "?reuse=off"):
        model = opened(folder, options)
        model.prepare([ask("warm", PICTURES[0])])
        processor: Any = model._plain().eye.processor
        inside, most = [0], [0]
        call, render = type(processor).__call__, type(processor).apply_chat_template

        def alone(method: Any, inside: list[int] = inside, most: list[int] = most) -> Any:
            def told(*args: Any, **kwargs: Any) -> Any:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                threading.Event().wait(0.002)
                try:
                    return method(*args, **kwargs)
                finally:
                    inside[0] -= 1

            return told

        with monkeypatch.context() as patch:
            patch.setattr(type(processor), "__call__", alone(call))
            patch.setattr(type(processor), "apply_chat_template", alone(render))
            batches = [[ask(f"see {number}?", PICTURES[number % 4]), ask(f"no {number}")] for number in range(8)]
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(model.prepare, batches))
        assert most == [1]
