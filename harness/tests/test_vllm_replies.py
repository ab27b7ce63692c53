"""Replies through the engine against replies through transformers, for the same checkpoint and the same prompts."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness import run, spec
from harness.backends.vllm.model import VllmModel
from harness.errors import ImageRefused, ModelError, UsageError
from harness.ledger import Ledger
from harness.records import ImageRef, Model, Prompt, Reply
from harness.tests import checkpoints, made
from harness.tests.checkpoints import ask, picture
from harness.tests.test_vllm_engine import EngineDeadError, LoRARequest, Seen, installed, names_of

PROMPTS = (
    ask("what is this?", picture(1)),
    ask("compare, please", picture(2), picture(3, 80, 30)),
    ask("no picture"),
    ask("three", picture(4, 60, 30), picture(5, 20, 70), picture(6), tokens=3),
)
NAMES = ("llava", "gemma3", "idefics3", "llava_onevision", "qwen2_5_vl")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("engine")
    return {name: checkpoints.BUILDERS[name](root / name) for name in NAMES}


@pytest.fixture
def llava(folders: dict[str, Path]) -> Path:
    return folders["llava"]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seen:
    return installed(monkeypatch, tmp_path)


def opened(folder: Path, options: str = "") -> VllmModel:
    model = spec.open_model(spec.parse(f"vllm:{folder}{options}"))
    assert isinstance(model, VllmModel)
    return model


def replies(model: Model, *prompts: Prompt) -> list[Reply]:
    return model.reply(model.prepare(prompts, [str(number) for number in range(len(prompts))]))


def by_transformers(folder: Path, *prompts: Prompt, options: str = "") -> list[Reply]:
    return replies(spec.open_model(spec.parse(f"hf:{folder}{options}")), *prompts)


def unseen(reply: Reply) -> Reply:
    """A reply without the digests of pixel tensors, which the engine does not show, and without its figures."""
    receipts = tuple(replace(receipt, tensor="") for receipt in reply.receipts)
    return replace(reply, receipts=receipts, logprob=None, lead=None, scores=())


def figures(reply: Reply) -> list[float]:
    return [*reply.scores, *(value for value in (reply.logprob, reply.lead) if value is not None)]


def equal(ones: Sequence[Reply], others: Sequence[Reply]) -> None:
    assert [unseen(reply) for reply in ones] == [unseen(reply) for reply in others]
    for one, other in zip(ones, others, strict=True):
        assert figures(one) == pytest.approx(figures(other), abs=1e-4)


# ------------------------------------------------------------------------------------------ against transformers


@pytest.mark.parametrize("name", NAMES)
def test_replies_are_those_of_transformers(folders: dict[str, Path], seen: Seen, name: str) -> None:
    model = opened(folders[name])
    model.check(PROMPTS)
    assert seen.started == []
    got = replies(model, *PROMPTS)
    equal(got, by_transformers(folders[name], *PROMPTS))
    assert [len(reply.receipts) for reply in got] == [1, 2, 0, 3]
    assert len(seen.asked) == 1


@pytest.mark.parametrize("order", ["images_first", "text_first"])
def test_order_of_the_parts_is_that_of_transformers(llava: Path, seen: Seen, order: str) -> None:
    options = f"?order={order}"
    equal(replies(opened(llava, options), *PROMPTS), by_transformers(llava, *PROMPTS, options=options))


LETTERS = ("A", "B", "C")
TEXTS = ("clear lungs", "an effusion", "a fracture of a rib")


@pytest.mark.parametrize("choices", [LETTERS, TEXTS])
@pytest.mark.parametrize("name", ["llava", "gemma3"])
def test_likelihoods_are_those_of_transformers(
    folders: dict[str, Path], seen: Seen, name: str, choices: tuple[str, ...]
) -> None:
    asked = [replace(prompt, choices=choices) for prompt in PROMPTS]
    got = replies(opened(folders[name], "?answer=likelihood"), *asked)
    equal(got, by_transformers(folders[name], *asked, options="?answer=likelihood"))
    # letters are one token each: one request tells them all
    assert len(seen.asked[0]) == len(asked) * (1 if choices is LETTERS else len(choices))


def test_older_engine_gives_the_same_replies(llava: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = installed(monkeypatch, tmp_path, old=True)
    asked = [*PROMPTS, *(replace(prompt, choices=LETTERS) for prompt in PROMPTS)]
    equal(replies(opened(llava), *asked), by_transformers(llava, *asked))
    assert names_of(seen.asked[0]) == [None] * len(seen.asked[0])


def test_penalty_of_the_checkpoint_is_kept_and_others_are_refused(llava: Path, seen: Seen, tmp_path: Path) -> None:
    folder = tmp_path / "penalty"
    shutil.copytree(llava, folder)
    file = folder / "generation_config.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "repetition_penalty": 1.3}))
    model = opened(folder)
    assert model.decoding["repetition_penalty"] == "1.3"
    got, due = replies(model, *PROMPTS), by_transformers(folder, *PROMPTS)
    assert [reply.text for reply in got] == [reply.text for reply in due]
    assert {params["repetition_penalty"] for _, params, _ in seen.asked[0]} == {1.3}
    file.write_text(json.dumps({**told, "no_repeat_ngram_size": 2}))
    with pytest.raises(ModelError, match=r"generation_config\.json sets no_repeat_ngram_size, which the vllm engine"):
        opened(folder)


def test_reasoning_is_kept_apart_from_the_answer(llava: Path, seen: Seen) -> None:
    model = opened(llava)
    model.prepare(())
    tokenizer = model._open_desk().eye.processor.tokenizer

    def reason(answered: Any) -> None:
        made = answered.outputs[0]
        made.token_ids = tokenizer("<think>a shadow</think>B", add_special_tokens=False)["input_ids"]
        made.logprobs = [{token: SimpleNamespace(logprob=-0.5)} for token in made.token_ids]

    seen.change = reason
    got = replies(model, ask("x", tokens=99))[0]
    assert (got.thinking, got.text, got.new_tokens, got.logprob) == ("a shadow", "B", 24, -12.0)


# ------------------------------------------------------------------------------------------ what the engine is told


def test_pictures_are_named_by_their_pixels(llava: Path, seen: Seen) -> None:
    replies(opened(llava), *PROMPTS)
    due = [[image.digest for image in prompt.images] or None for prompt in PROMPTS]
    assert names_of(seen.asked[0]) == due


def test_engine_is_told_to_be_greedy_and_starts_once(llava: Path, seen: Seen) -> None:
    model = opened(llava, "?max_model_len=300&gpu_memory_utilization=0.5&images=3")
    replies(model, *PROMPTS)
    replies(model, *PROMPTS)
    assert seen.started == [
        {
            "model": str(llava),
            "dtype": "auto",
            "seed": 0,
            "trust_remote_code": False,
            "limit_mm_per_prompt": {"image": 3},
            "max_model_len": 300,
            "gpu_memory_utilization": 0.5,
            "enforce_eager": False,
            "enable_prefix_caching": True,
        }
    ]
    assert {params["temperature"] for _, params, _ in seen.asked[0]} == {0.0}
    assert [params["max_tokens"] for _, params, _ in seen.asked[0]] == [6, 6, 6, 3]


def adapted(folder: Path, *, file: str = "adapter_model.safetensors", **config: Any) -> Path:
    """An adapter's files; its weights are for the engine alone to read."""
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 24} | config), encoding="utf-8")
    (folder / file).write_bytes(b"")
    return folder


def test_adapter_goes_with_every_request(llava: Path, seen: Seen, tmp_path: Path) -> None:
    adapter = adapted(tmp_path / "adapter", base_model_name_or_path=f"org/{llava.name}")
    model = opened(llava, f"?adapter={adapter}")
    replies(model, *PROMPTS)
    assert (seen.started[0]["enable_lora"], seen.started[0]["max_lora_rank"]) == (True, 32)
    assert {lora for _, _, lora in seen.asked[0]} == {LoRARequest("adapter", 1, str(adapter))}
    assert model.fingerprint != opened(llava).fingerprint
    assert model.facts["adapter"] == "adapter"
    with pytest.raises(ModelError, match=r"adapter 'nowhere' has no adapter_config\.json"):
        opened(llava, "?adapter=nowhere")


@pytest.mark.parametrize(
    ("file", "config", "told"),
    [
        ("adapter_model.bin", {}, r"has no adapter_model\.safetensors, .* pickles are not read"),
        ("adapter_model.safetensors", {"base_model_name_or_path": "org/other"}, "was trained on 'other', and the mo"),
        ("adapter_model.safetensors", {"peft_type": "IA3"}, "is of type IA3, but the engine takes LoRA alone: use hf:"),
        ("adapter_model.safetensors", {"peft_type": "PROMPT_TUNING"}, "is of type PROMPT_TUNING"),
    ],
)
def test_adapter_that_cannot_be_this_models_is_refused_before_the_engine_starts(
    llava: Path, seen: Seen, tmp_path: Path, file: str, config: dict[str, str], told: str
) -> None:
    adapter = adapted(tmp_path / "adapter", file=file, **config)
    with pytest.raises(ModelError, match=told):
        opened(llava, f"?adapter={adapter}")
    assert not seen.started


def test_choices_are_not_scored_inside_an_open_thought(llava: Path, seen: Seen, tmp_path: Path) -> None:
    folder = tmp_path / "thinks"
    shutil.copytree(llava, folder)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + "<think>\n")
    scored = [replace(prompt, choices=("A", "B")) for prompt in PROMPTS]
    for scheme in ("vllm", "hf"):
        model = spec.open_model(spec.parse(f"{scheme}:{folder}"))
        with pytest.raises(ModelError, match="its chat template opens a thought, but the likelihood of a choice"):
            model.check(scored)
        model.check(PROMPTS)
    assert not seen.started


def test_rows_asked_alone_find_an_engine_that_forgot(llava: Path, seen: Seen) -> None:
    model = opened(llava)
    batched = replies(model, *PROMPTS)
    assert model.alone(PROMPTS) == batched
    assert seen.calls == ["reset_prefix_cache", "reset_mm_cache"] * len(PROMPTS)
    assert [len(asked) for asked in seen.asked] == [4, 1, 1, 1, 1]
    assert [names_of(asked) for asked in seen.asked[1:]] == [[None]] * 4
    model.close()
    assert seen.calls[-1] == "shutdown"


def test_big_batches_are_the_default_and_hold_equal_pictures_together(llava: Path, seen: Seen) -> None:
    asked = [ask("x", picture(n % 2)) for n in range(4)]
    model = opened(llava)
    assert model.batch_size == 256
    assert model.arrange(asked, 0) == [[0, 2, 1, 3]]
    assert model.arrange(asked, 2) == [[0, 2], [1, 3]]
    assert opened(llava, "?batch=7").batch_size == 7


def test_batch_ends_before_its_pictures_fill_the_memory(llava: Path, seen: Seen) -> None:
    side = 8192  # 192 MiB decoded
    asked = [ask("x", picture(number, side, side)) for number in (1, 1, 2, 3, 3, 4)]
    assert opened(llava).arrange(asked, 0) == [[0, 1, 2], [3, 4, 5]]


# ------------------------------------------------------------------------------------------ what must fail


def test_missing_package_names_the_extra(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError) as refused:
        opened(llava)
    assert str(refused.value) == (
        "model llava: vllm is not installed, but this backend needs it: pip install 'sightcheck[vllm]'"
    )


@pytest.mark.parametrize("option", ["dtype=int8", "images=0", "enforce_eager=yes", "gpu_memory_utilization=2"])
def test_option_that_cannot_be_is_refused(llava: Path, seen: Seen, option: str) -> None:
    name, value = option.split("=")
    with pytest.raises(UsageError, match=f"{name} is '{value}', but should be"):
        opened(llava, f"?{option}")


def test_engine_that_does_not_start_is_one_line(llava: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"no device\nfor {llava}")

    monkeypatch.setattr("vllm.LLM", fails)
    with pytest.raises(ModelError) as refused:
        opened(llava).prepare(PROMPTS)
    assert str(refused.value) == (
        "model llava: the vllm engine does not start (RuntimeError: no device for llava), but should run this model on "
        "this machine: check the devices, the options and the release of vllm"
    )


def test_row_that_the_engine_refuses_fails_alone(llava: Path, seen: Seen) -> None:
    def refuse(prompt: Any) -> None:
        if len(prompt.get("multi_modal_data", {}).get("image", [])) == 2:
            raise ValueError("too many\nof them")

    seen.refuse = refuse
    got = replies(opened(llava), *PROMPTS)
    assert [reply.finish == "failed" for reply in got] == [False, True, False, False]
    assert got[1].error == (
        "row 1: the engine refused it (ValueError: too many of them), but should take its 2 images and text"
    )
    # all four, then in halves until the row is found
    assert [len(asked) for asked in seen.asked] == [4, 2, 1, 1, 2]


def test_engine_that_died_stops_the_case(llava: Path, seen: Seen) -> None:
    def die(_: Any) -> None:
        raise EngineDeadError("EngineCore encountered an issue.")

    seen.refuse = die
    with pytest.raises(
        ModelError, match=r"the vllm engine died \(EngineDeadError: EngineCore encountered an issue\.\)"
    ):
        replies(opened(llava), *PROMPTS)
    assert len(seen.asked) == 1


def test_engine_that_died_with_one_row_stops_the_case_as_well(llava: Path, seen: Seen, tmp_path: Path) -> None:
    def die(_: Any) -> None:
        raise EngineDeadError("EngineCore encountered an issue.")

    model = opened(llava, "?batch=1")
    rows = [made.row(number) for number in range(5)]
    seen.refuse = die
    with pytest.raises(ModelError, match="the vllm engine died"):
        run.measure(made.benchmark(rows), "text_only", model, made.loaded(rows), Ledger(tmp_path), run.Settings())
    assert len(seen.asked) == 1


@pytest.mark.parametrize("figure", [math.nan, -math.inf])
@pytest.mark.parametrize("way", ["generation", "likelihood", "likelihood_text"])
def test_figure_that_is_none_fails_its_row_and_not_its_batch(llava: Path, seen: Seen, figure: float, way: str) -> None:
    def spoil(answered: Any) -> None:
        # the row without a picture
        if answered.prompt_token_ids.count(4):
            return
        for place in [*(answered.prompt_logprobs or ()), *(answered.outputs[0].logprobs or ())]:
            for entry in (place or {}).values():
                entry.logprob = figure

    seen.change = spoil
    choices = {"generation": (), "likelihood": ("A", "B"), "likelihood_text": ("a lung", "the heart")}[way]
    got = replies(opened(llava), *(replace(prompt, choices=choices) for prompt in PROMPTS))
    assert [reply.finish == "failed" for reply in got] == [False, False, True, False]
    assert f"row 2: the model gave a log-probability of {figure}, but it should be a finite number" in got[2].error


def test_image_that_the_engine_dropped_fails_its_row(llava: Path, seen: Seen) -> None:
    image_token = 4

    def drop(answered: Any) -> None:
        if answered.prompt_token_ids.count(image_token) == 8:
            answered.prompt_token_ids = [token for token in answered.prompt_token_ids if token != image_token] + [4] * 4

    seen.change = drop
    got = replies(opened(llava), *PROMPTS)
    assert got[1].error == (
        "row 1: 2 images were sent, which have 8 image tokens, but the engine was given 4; it dropped, merged or "
        "truncated an image"
    )
    assert [reply.finish == "failed" for reply in got] == [False, True, False, False]


def test_changed_text_and_unfinished_answers_fail_their_rows(llava: Path, seen: Seen) -> None:
    def change(answered: Any) -> None:
        if 4 not in answered.prompt_token_ids:
            answered.prompt_token_ids = answered.prompt_token_ids[1:]
        elif answered.prompt_token_ids.count(4) == 4:
            answered.outputs[0].finish_reason = "abort"

    seen.change = change
    got = replies(opened(llava), *PROMPTS)
    assert got[0].error == "row 0: the engine ended it with 'abort', but should answer it"
    assert "tokens of text were sent, but the engine was given" in got[2].error
    assert [reply.finish == "failed" for reply in got] == [True, False, True, False]


def test_prompts_that_cannot_be_asked_fail_before_the_engine(llava: Path, seen: Seen) -> None:
    def gone() -> None:
        raise ImageRefused("gone.png: is not here any more")

    lost = ImageRef(name="gone.png", digest="gone", width=1, height=1, open=gone)  # type: ignore[arg-type]
    got = replies(opened(llava), ask("x", lost), ask("x" * 600), ask("<image>"), ask("x"))
    assert got[0].error == "row 0: gone.png: is not here any more"
    assert "row 1: the prompt has 618 tokens and the reply up to 6, but the model's context holds 512" in got[1].error
    assert "row 2: its text holds '<image>'" in got[2].error
    assert (got[3].error, len(seen.asked[0])) == ("", 1)


def test_more_images_than_the_engine_was_told_of_are_refused_before_any_row(llava: Path, seen: Seen) -> None:
    with pytest.raises(ModelError, match="a prompt has 3 images, but the engine was told of 2 at most: add images=3"):
        opened(llava, "?images=2").check(PROMPTS)
    assert seen.started == []


# ------------------------------------------------------------------------------------------ what it says of itself


def test_fingerprint_tells_apart_what_shapes_a_reply(llava: Path, seen: Seen) -> None:
    first = opened(llava).fingerprint
    for option in ("dtype=float16", "order=text_first", "quantization=fp8", "max_model_len=100", "enforce_eager=on"):
        assert opened(llava, f"?{option}").fingerprint != first
    for option in ("batch=3", "gpu_memory_utilization=0.3", "max_num_seqs=4", "prefix_caching=off"):
        assert opened(llava, f"?{option}").fingerprint == first


def test_facts_say_what_runs(llava: Path, seen: Seen) -> None:
    model = opened(llava)
    assert (model.facts["vllm"], model.facts["dtype"], model.facts["adapter"]) == ("0.33.0", "auto", "none")
    replies(model, *PROMPTS)
    assert (model.facts["dtype"], model.facts["max_model_len"]) == ("float32", "512")
    assert (model.mixes, sorted(model.answers)) == (True, ["generation", "likelihood", "likelihood_text"])


def test_opening_imports_nothing_heavy(llava: Path) -> None:
    code = (
        "import sys; from harness.backends import vllm; from harness import spec; "
        f"told = spec.parse('vllm:{llava}'); vllm.settle(told); "
        "print(sorted({'torch', 'transformers', 'vllm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
