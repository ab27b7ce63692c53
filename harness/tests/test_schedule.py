"""Batches hold every prompt once, stay within their limits, and keep prompts of the same pictures together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import spec
from harness.backends.hf import schedule
from harness.backends.hf.model import HfModel
from harness.backends.hf.schedule import MOST, Scale, arrange, budget
from harness.records import Prompt
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, paligemma, picture

PICTURES = [picture(number, 20 * (number + 1), 32) for number in range(5)]
SCALE = Scale(SimpleNamespace())


@st.composite
def prompts(draw: st.DrawFn) -> list[Prompt]:
    """Prompts of several lengths, with none to three of five pictures; some have choices, some are equal."""
    shown = st.lists(st.sampled_from(PICTURES), max_size=3)
    made = draw(st.lists(st.tuples(st.integers(0, 400), shown, st.booleans()), max_size=40))
    return [
        replace(ask("x" * length, *images), choices=("A", "B") if scored else ()) for length, images, scored in made
    ]


sizes = st.integers(1, 9)
tokens = st.integers(1, 400)


def key(prompt: Prompt) -> tuple[bool, tuple[str, ...]]:
    return bool(prompt.choices), tuple(image.digest for image in prompt.images)


@given(prompts(), sizes, tokens)
def test_every_prompt_stands_in_one_batch_and_no_batch_is_empty(asked: list[Prompt], size: int, most: int) -> None:
    batches = arrange(asked, size, most, SCALE)
    assert sorted(place for batch in batches for place in batch) == list(range(len(asked)))
    assert all(batches)


@given(prompts(), sizes, tokens)
def test_no_batch_exceeds_its_limits_but_by_a_single_prompt(asked: list[Prompt], size: int, most: int) -> None:
    for batch in arrange(asked, size, most, SCALE):
        assert len(batch) <= size
        longest = max(SCALE(asked[place]) for place in batch)
        assert len(batch) == 1 or len(batch) * longest <= most


@given(prompts(), sizes, tokens)
def test_no_batch_mixes_prompts_with_and_without_pictures(asked: list[Prompt], size: int, most: int) -> None:
    for batch in arrange(asked, size, most, SCALE):
        assert len({bool(asked[place].images) for place in batch}) == 1


@given(prompts(), sizes, tokens)
def test_prompts_of_one_set_of_pictures_that_fit_into_a_batch_share_one(
    asked: list[Prompt], size: int, most: int
) -> None:
    where = {place: number for number, batch in enumerate(arrange(asked, size, most, SCALE)) for place in batch}
    sets: dict[Any, list[int]] = defaultdict(list)
    for place, prompt in enumerate(asked):
        if prompt.images:
            sets[key(prompt)].append(place)
    for places in sets.values():
        longest = max(SCALE(asked[place]) for place in places)
        if len(places) <= size and len(places) * longest <= most:
            assert len({where[place] for place in places}) == 1


@given(prompts(), sizes, tokens)
def test_a_set_that_is_larger_than_a_batch_is_cut_into_no_more_batches_than_it_needs(
    asked: list[Prompt], size: int, most: int
) -> None:
    batches = arrange(asked, size, most, SCALE)
    where = {place: number for number, batch in enumerate(batches) for place in batch}
    sets: dict[Any, list[int]] = defaultdict(list)
    for place, prompt in enumerate(asked):
        if prompt.images:
            sets[key(prompt)].append(place)
    for places in sets.values():
        longest = max(SCALE(asked[place]) for place in places)
        within = min(size, max(1, most // longest))
        assert len({where[place] for place in places}) <= -(-len(places) // within)


@given(prompts(), sizes, tokens, st.randoms(use_true_random=False))
def test_batches_are_the_same_each_time_and_whichever_equal_prompt_comes_first(
    asked: list[Prompt], size: int, most: int, chance: Any
) -> None:
    once = arrange(asked, size, most, SCALE)
    assert arrange(asked, size, most, SCALE) == once
    equal: dict[Prompt, list[int]] = defaultdict(list)
    for place, prompt in enumerate(asked):
        equal[prompt].append(place)
    turned = list(asked)
    for places in equal.values():
        for place, other in zip(places, chance.sample(places, len(places)), strict=True):
            turned[place] = asked[other]
    again = arrange(turned, size, most, SCALE)
    assert [[turned[place] for place in batch] for batch in again] == [[asked[p] for p in batch] for batch in once]


def test_batches_grow_in_length_so_that_little_is_padded() -> None:
    asked = [ask("x" * (37 * number % 101), PICTURES[number % 5]) for number in range(40)]
    by_set = arrange(asked, 8, MOST, SCALE)
    assert len(by_set) == 5
    texts = [ask("x" * (37 * number % 400)) for number in range(40)]
    batches = arrange(texts, 8, MOST, SCALE)
    ends = [(SCALE(texts[batch[0]]), SCALE(texts[batch[-1]])) for batch in batches]
    assert ends == sorted(ends)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ends))


# -------------------------------------------------------------------------------------------------- length


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    built = tmp_path_factory.mktemp("built")
    return {name: build(built / name) for name, build in {**checkpoints.BUILDERS, "paligemma": paligemma}.items()}


def opened(folder: Path, options: str = "") -> HfModel:
    model = spec.open_model(spec.parse(f"hf:{folder}{options}"))
    assert isinstance(model, HfModel)
    return model


SHAPES: Sequence[tuple[int, int]] = ((50, 40), (80, 30), (30, 80), (200, 90), (64, 64), (28, 500))


@pytest.mark.parametrize("name", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "gemma3", "llava_next"])
def test_length_is_told_from_the_size_of_a_picture_as_the_processor_has_it(
    folders: Mapping[str, Path], name: str
) -> None:
    desk = opened(folders[name], "?reuse=off")._plain()
    scale = Scale(desk.eye.processor)
    for number, (width, height) in enumerate(SHAPES):
        shown = ask("see?", picture(number, width, height))
        asked = desk.one(shown).asked[0]
        assert scale.pictures(shown) == asked.receipts[0].tokens, (width, height)


def test_length_of_any_processor_is_a_number_at_least_that_of_its_pictures(folders: Mapping[str, Path]) -> None:
    for folder in folders.values():
        scale = Scale(opened(folder)._plain().eye.processor)
        for number, (width, height) in enumerate(((1, 1), (1, 9000), *SHAPES)):
            shown = picture(number, width, height)
            assert scale.pictures(ask("see?", shown)) >= 1
            assert scale.pictures(ask("see?", shown, shown)) == 2 * scale.pictures(ask("see?", shown))
            assert scale(ask("x" * 40, shown)) == scale.pictures(ask("", shown)) + 10


class _Broken:
    def _get_num_multimodal_tokens(self, sizes: Sequence[Sequence[int]]) -> Mapping[str, list[int]]:
        raise KeyError("patch_size")


def test_a_processor_that_cannot_tell_is_replaced_by_the_area() -> None:
    wide, large = ask("", picture(1, 2000, 16)), ask("", picture(2, 9000, 9000))
    for processor in (_Broken(), SimpleNamespace(), SimpleNamespace(_get_num_multimodal_tokens=lambda _: {})):
        assert (Scale(processor)(wide), Scale(processor)(large)) == (31, 1024)


# -------------------------------------------------------------------------------------------------- memory


def test_the_budget_of_a_batch_shrinks_with_the_memory_that_is_free(
    folders: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened(folders["llava"])
    network = model._open().model
    found = []
    for free in (2**40, 2**26, 2**24, 2**20, 0):
        monkeypatch.setattr(schedule, "_free", lambda _, free=free: free)
        found.append(budget(network))
    assert found == sorted(found, reverse=True)
    assert (found[0], found[-1]) == (MOST, 1)
    # 16 hidden, 32 inner, 2 layers with one head of 8 for keys and values, in four bytes each
    assert found[2] == 2**24 // 2 // (4 * (2 * 2 * 8 + 4 * 16 + 3 * 32))


def test_every_architecture_has_a_budget(folders: Mapping[str, Path]) -> None:
    for folder in folders.values():
        assert 1 <= budget(opened(folder, "?reuse=off")._open().model) <= MOST


def test_a_config_without_sizes_has_a_budget_too() -> None:
    import torch

    text = SimpleNamespace()
    odd = SimpleNamespace(
        config=SimpleNamespace(get_text_config=lambda: text), dtype=torch.float32, device=torch.device("cpu")
    )
    assert 1 <= budget(odd) <= MOST


def test_free_memory_is_that_of_the_machine() -> None:
    import torch

    assert 2**20 < schedule._free(torch.device("cpu")) < 2**50


def test_a_model_arranges_by_its_own_size_and_by_the_one_that_is_asked_for(
    folders: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [ask(f"question {number}", PICTURES[number % 5]) for number in range(40)]
    model = opened(folders["llava"], "?batch=5")
    assert {len(batch) for batch in model.arrange(asked, 0)} == {5, 3}
    assert {len(batch) for batch in model.arrange(asked, 8)} == {8}
    monkeypatch.setattr(schedule, "_free", lambda _: 0)
    assert {len(batch) for batch in model.arrange(asked, 8)} == {1}
