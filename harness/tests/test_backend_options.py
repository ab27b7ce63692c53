"""What the options of an hf: model do to a real checkpoint, and what they refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import spec
from harness.backends.hf import adapter, checkpoint, hub, limits, loading, settings
from harness.bench import checkpoint as sized
from harness.errors import ModelError, SightcheckError, UsageError
from harness.records import ImagePart, Model, Prompt, Reply, TextPart
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture

PROMPTS = (ask("see?", picture(1), tokens=12), ask("which?", picture(2), picture(3), tokens=12), ask("text", tokens=12))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.llava(tmp_path_factory.mktemp("checkpoints") / "llava")


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.BUILDERS["qwen2_5_vl"](tmp_path_factory.mktemp("checkpoints") / "qwen")


@pytest.fixture
def llava(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(built, tmp_path / "llava"))


def opened(folder: Path | str, options: str = "") -> Model:
    return spec.open_model(spec.parse(f"hf:{folder}{options}"))


def replies(model: Model) -> list[Reply]:
    return model.reply(model.prepare(PROMPTS))


def texts(folder: Path, options: str = "") -> list[str]:
    return [reply.text for reply in replies(opened(folder, options))]


def refusal(ask_it: Callable[[], object], kind: type[SightcheckError] = ModelError) -> str:
    with pytest.raises(kind) as refused:
        ask_it()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def beyond(folder: Path, options: str) -> dict[str, str]:
    """What the report is told beyond the model itself."""
    parsed = spec.parse(f"hf:{folder}{options}")
    return dict(checkpoint.find(parsed, settings.settle(parsed)).told)


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


# ---------------------------------------------------------------------------------------------------- adapters


@pytest.fixture(scope="module")
def trained(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter of the model, as PEFT saves it, that changes replies."""
    import peft
    import torch
    import transformers

    torch.manual_seed(3)
    model: Any = transformers.AutoModelForImageTextToText.from_pretrained(built)
    lora = peft.LoraConfig(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    folder = tmp_path_factory.mktemp("adapters") / "tuned"
    loading.tolerate()
    peft.get_peft_model(model, lora).save_pretrained(str(folder))
    return folder


@pytest.fixture
def tuned(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(trained, tmp_path / "tuned"))


def test_adapter_replies_as_peft_makes_the_model_reply(built: Path, trained: Path) -> None:
    import peft
    import torch

    from harness.tests.checkpoints.plain import Plain

    plain = Plain(built)
    before = [plain.answer(prompt).text for prompt in PROMPTS]
    plain.model = peft.PeftModel.from_pretrained(plain.model, trained).eval()
    with torch.inference_mode():
        expected = [plain.answer(prompt).text for prompt in PROMPTS]
    assert texts(built, f"?adapter={trained}") == expected
    assert expected != before == texts(built)


def test_adapter_trained_on_an_older_release_of_transformers_is_laid_over_the_same_layers(
    built: Path, tuned: Path
) -> None:
    expected = texts(built, f"?adapter={tuned}")
    older = {
        "model.model.language_model.layers": "model.language_model.model.layers",
        "model.model.vision_tower.encoder": "model.vision_tower.vision_model.encoder",
    }

    def renamed(held: dict[str, Any]) -> dict[str, Any]:
        for now, then in older.items():
            held = {key.replace(now, then): tensor for key, tensor in held.items()}
        return held

    rewritten(tuned, renamed)
    assert texts(built, f"?adapter={tuned}") == expected


def test_adapter_stays_apart_from_the_weights_and_the_class_is_the_same(built: Path, trained: Path) -> None:
    parsed = spec.parse(f"hf:{built}?adapter={trained}&device=cpu")
    asked = settings.settle(parsed)
    loading.tolerate()
    model = loading.load_model(checkpoint.find(parsed, asked), asked)
    assert type(model).__name__ == "LlavaForConditionalGeneration"
    assert {name.split(".")[-3] for name, _ in model.named_parameters() if "lora" in name} == {"lora_A", "lora_B"}


def test_adapter_is_told_and_its_files_are_in_the_fingerprint(built: Path, tuned: Path) -> None:
    assert beyond(built, f"?adapter={tuned}") == {"adapter": "tuned, not merged"}
    prints = {opened(built).fingerprint, opened(built, f"?adapter={tuned}").fingerprint}
    for file in (adapter.CONFIG, adapter.WEIGHTS):
        content = bytearray((tuned / file).read_bytes())
        content[-2] ^= 1
        (tuned / file).write_bytes(content if file == adapter.WEIGHTS else (tuned / file).read_bytes() + b" ")
        prints.add(opened(built, f"?adapter={tuned}").fingerprint)
    assert len(prints) == 4


def test_adapter_that_moved_has_the_same_fingerprint(built: Path, tuned: Path, tmp_path: Path) -> None:
    before = opened(built, f"?adapter={tuned}").fingerprint
    assert opened(built, f"?adapter={tuned.rename(tmp_path / 'elsewhere')}").fingerprint == before


def test_adapter_of_another_model_is_refused_by_its_name(built: Path, tuned: Path) -> None:
    edit(tuned / adapter.CONFIG, base_model_name_or_path="google/medgemma-4b-it")
    assert refusal(lambda: opened(built, f"?adapter={tuned}")) == (
        f"model llava: the adapter '{tuned}' was trained on 'medgemma-4b-it', and the model is 'llava', but should be "
        "one of PEFT for this model: name its own model; where they are one and the same, say so in "
        "base_model_name_or_path of adapter_config.json"
    )


def rewritten(tuned: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    from safetensors.torch import load_file, save_file

    save_file(change(load_file(tuned / adapter.WEIGHTS)), tuned / adapter.WEIGHTS)


def test_adapter_of_other_shapes_is_refused(built: Path, tuned: Path) -> None:
    rewritten(tuned, lambda held: {key: t[:, :1].clone() if "lora_A" in key else t for key, t in held.items()})
    told = refusal(lambda: opened(built, f"?adapter={tuned}").prepare(PROMPTS))
    assert told.startswith("model llava: the adapter 'tuned' does not fit (Error(s) in loading state_dict")
    assert told.endswith("but should have been trained on this model: name its own model")


@pytest.mark.parametrize("change", ["renamed", "more", "fewer"])
def test_adapter_with_tensors_that_have_no_place_in_the_model_is_refused(built: Path, tuned: Path, change: str) -> None:
    import torch

    def changed(held: dict[str, Any]) -> dict[str, Any]:
        if change == "renamed":
            return {key.replace("q_proj", "query"): tensor for key, tensor in held.items()}
        if change == "more":
            return {**held, "base_model.model.lm_head.lora_A.weight": torch.ones(2, 16)}
        return {key: tensor for key, tensor in held.items() if "vision" not in key}

    rewritten(tuned, changed)
    told = refusal(lambda: opened(built, f"?adapter={tuned}").prepare(PROMPTS))
    assert "the adapter 'tuned' does not fit" in told
    assert "have no place in" in told or "are missing" in told


def test_adapter_with_pickled_weights_alone_is_refused(built: Path, tuned: Path) -> None:
    (tuned / adapter.WEIGHTS).rename(tuned / "adapter_model.bin")
    assert "has no adapter_model.safetensors" in refusal(lambda: opened(built, f"?adapter={tuned}"))


def test_folder_that_is_no_adapter_is_refused(built: Path, tmp_path: Path) -> None:
    assert "has no adapter_config.json, but should be one of PEFT" in refusal(
        lambda: opened(built, f"?adapter={tmp_path}")
    )


def test_adapter_that_writes_tokens_before_the_prompt_is_refused(built: Path, tuned: Path) -> None:
    edit(tuned / adapter.CONFIG, peft_type="PREFIX_TUNING")
    assert (
        "is of type PREFIX_TUNING, but should be one of PEFT for this model: take one that changes layers"
        in refusal(lambda: opened(built, f"?adapter={tuned}"))
    )


def test_adapter_without_the_package_says_what_to_install(
    built: Path, tuned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "find_spec", lambda package: None)
    assert refusal(lambda: opened(built, f"?adapter={tuned}")).endswith("pip install 'sightcheck[peft]'")


def test_adapter_of_a_repository_is_pinned_to_the_commit_of_its_revision(
    built: Path, tuned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def snapshot(asked_of: Any, patterns: object) -> hub.Snapshot:
        asked.append((asked_of.where, asked_of.revision))
        return hub.Snapshot(folder=tuned, commit=COMMIT, names=frozenset())

    monkeypatch.setattr(hub, "snapshot", snapshot)
    assert beyond(built, "?adapter=org/tuned@v2") == {"adapter": f"org/tuned@{COMMIT}, not merged"}
    assert asked == [("org/tuned", "v2")]


# ---------------------------------------------------------------------------------------------------- devices


def test_device_map_of_a_file_spreads_the_model_and_changes_no_reply(built: Path, tmp_path: Path) -> None:
    places = tmp_path / "places.json"
    on_disk = {"model.language_model.layers": "disk", "model.language_model.embed_tokens": "disk"}
    near = ("model.vision_tower", "model.multi_modal_projector", "model.language_model.norm",
            "model.language_model.rotary_emb", "lm_head")  # fmt: skip
    places.write_text(json.dumps({**on_disk, **dict.fromkeys(near, "cpu")}))
    model = opened(built, f"?device_map={places}")
    assert [reply.text for reply in replies(model)] == texts(built)
    assert beyond(built, f"?device_map={places}") == {"device map": str(places)}
    assert model.fingerprint == opened(built).fingerprint


def test_device_map_by_a_word_is_made_by_accelerate(built: Path) -> None:
    assert texts(built, "?device_map=auto") == texts(built)


def test_device_map_that_leaves_no_device_for_the_inputs_is_refused(built: Path, tmp_path: Path) -> None:
    places = tmp_path / "places.json"
    places.write_text(json.dumps({"model": "disk", "lm_head": "cpu"}))
    assert "the device map puts its first layers on the disk" in refusal(
        lambda: opened(built, f"?device_map={places}").prepare(PROMPTS)
    )


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_device_map_that_cannot_be_read_is_refused(built: Path, tmp_path: Path, content: str | None) -> None:
    places = tmp_path / "places.json"
    if content is not None:
        places.write_text(content)
    assert "but should " in refusal(lambda: opened(built, f"?device_map={places}").prepare(PROMPTS))


def test_device_and_device_map_exclude_each_other(built: Path) -> None:
    assert "leave out one of them" in refusal(lambda: opened(built, "?device=cpu&device_map=auto"), UsageError)


def test_memory_that_ends_while_weights_are_read_says_what_to_do(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    import transformers

    def full(*_: object, **__: object) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nSee documentation")

    monkeypatch.setattr(transformers.AutoModelForImageTextToText, "from_pretrained", full)
    assert refusal(lambda: opened(built).prepare(PROMPTS)) == (
        "model llava: memory ended while its weights were loaded (CUDA out of memory. Tried to allocate 2 GiB. See "
        "documentation), but should hold all of them: use dtype=bfloat16, quantize=8bit, device_map=auto or a larger "
        "device"
    )


# --------------------------------------------------------------------------------------------------- quantized


def test_quantized_weights_without_the_package_say_what_to_install(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "find_spec", lambda package: None)
    assert refusal(lambda: opened(built, "?quantize=4bit")) == (
        "model llava (llava): quantize is '4bit' and needs bitsandbytes, which is not installed, but should be: pip "
        "install 'sightcheck[quantized]'"
    )


@pytest.mark.parametrize(("bits", "layer"), [("4bit", "Linear4bit"), ("8bit", "Linear8bitLt")])
def test_quantized_weights_are_told_and_change_the_fingerprint(tmp_path: Path, bits: str, layer: str) -> None:
    pytest.importorskip("bitsandbytes")
    # in 4 bits a layer has a multiple of 32 outputs
    built = sized.llava_of(tmp_path / "wide", side=28, hidden=64, layers=2, heads=2, wide=64)
    assert beyond(built, f"?quantize={bits}") == {"quantized": f"{bits} by bitsandbytes"}
    assert opened(built, f"?quantize={bits}").fingerprint != opened(built).fingerprint
    model = opened(built, f"?quantize={bits}&dtype=float32")
    exact, coarse = replies(opened(built)), replies(model)
    assert [reply.error for reply in coarse] == [""] * len(coarse)
    assert [reply.receipts for reply in coarse] == [reply.receipts for reply in exact]
    # the weights are coarse indeed, and the numbers near those of the exact ones
    network: Any = model._open().model  # type: ignore[attr-defined]
    assert layer in {type(module).__name__ for module in network.modules()}
    assert [reply.logprob for reply in coarse] != [reply.logprob for reply in exact]


# ------------------------------------------------------------------------------------------------------- pixels


def tokens(folder: Path, options: str) -> list[list[int]]:
    return [[receipt.tokens for receipt in reply.receipts] for reply in replies(opened(folder, options))]


def test_limits_of_pixels_are_kept_by_the_processor(qwen: Path) -> None:
    unit = 28 * 28
    assert tokens(qwen, "") == [[2], [2, 2], []]
    assert tokens(qwen, f"?max_pixels={unit}") == [[1], [1, 1], []]
    # 50 x 40 are enlarged 1.53 times, and both sides rounded up to three squares of 28
    assert tokens(qwen, f"?min_pixels={6 * unit}&max_pixels={12 * unit}") == [[9], [9, 9], []]


def test_limits_of_pixels_are_told_and_change_the_fingerprint(qwen: Path) -> None:
    assert beyond(qwen, "?min_pixels=10&max_pixels=900") == {"min_pixels": "10", "max_pixels": "900"}
    assert opened(qwen, "?max_pixels=900").fingerprint != opened(qwen, "?max_pixels=901").fingerprint


def test_limits_of_pixels_are_refused_where_the_processor_has_none(built: Path) -> None:
    assert refusal(lambda: opened(built, "?max_pixels=900").check(PROMPTS)) == (
        "model llava: max_pixels is 900, but its SiglipImageProcessorPil has no such limit: leave out max_pixels="
    )


def test_limits_of_pixels_that_cross_are_refused(qwen: Path) -> None:
    assert "exchange them" in refusal(lambda: opened(qwen, "?min_pixels=900&max_pixels=90"), UsageError)


# --------------------------------------------------------------------------------------------------------- code

OWN = """
from transformers import LlavaConfig, LlavaForConditionalGeneration


class OwnConfig(LlavaConfig):
    model_type = "own_llava"


class OwnModel(LlavaForConditionalGeneration):
    config_class = OwnConfig
"""


@pytest.fixture
def own(llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint that transformers knows only by the code beside it."""
    import transformers
    from safetensors.torch import save_file
    from transformers import dynamic_module_utils

    # saved under the names of its modules: those of old releases are known for the class that it copies alone
    model: Any = transformers.AutoModelForImageTextToText.from_pretrained(llava)
    save_file(model.state_dict(), llava / "model.safetensors", {"format": "pt"})
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    (llava / "own.py").write_text(OWN)
    named = {"AutoConfig": "own.OwnConfig", "AutoModelForImageTextToText": "own.OwnModel"}
    edit(llava / "config.json", model_type="own_llava", auto_map=named, architectures=["OwnModel"])
    return llava


def test_code_of_a_model_does_not_run_unless_the_model_is_named(own: Path) -> None:
    told = refusal(lambda: opened(own).check(PROMPTS))
    assert told.startswith("model llava: its processor cannot be loaded")
    assert told.endswith("or read its code and allow it with code=llava")


@pytest.mark.parametrize("name", ["trust", "true", "other"])
def test_code_is_allowed_by_the_name_of_the_model_and_by_nothing_else(own: Path, name: str) -> None:
    assert refusal(lambda: opened(own, f"?code={name}"), UsageError) == (
        f"--model llava: code is '{name}', but should be 'llava', the name of the model whose code may run: read that "
        "code, then name it"
    )


def test_model_whose_code_is_allowed_replies_as_the_class_that_it_copies(own: Path, built: Path) -> None:
    model = opened(own, "?code=llava")
    model.check(PROMPTS)
    assert [reply.text for reply in replies(model)] == texts(built)
    assert beyond(own, "?code=llava") == {"code of its own": "runs, as code=llava allows"}


def test_code_is_in_the_fingerprint_where_it_runs(own: Path) -> None:
    before = opened(own, "?code=llava").fingerprint
    assert before != opened(own).fingerprint
    (own / "own.py").write_text(OWN + "\n")
    assert opened(own, "?code=llava").fingerprint != before


def test_code_of_another_repository_is_never_run(own: Path) -> None:
    edit(own / "config.json", auto_map={"AutoConfig": "someone/else--own.OwnConfig"})
    assert "its auto_map names code of another repository (someone/else--own.OwnConfig)" in refusal(
        lambda: opened(own, "?code=llava")
    )


def test_code_of_a_model_that_brings_none_is_refused(built: Path) -> None:
    assert "brings no code of its own" in refusal(lambda: opened(built, "?code=llava"), UsageError)


@pytest.mark.parametrize("revision", ["", "@main", "@v1"])
def test_code_of_a_repository_runs_at_a_full_commit_alone(revision: str) -> None:
    assert "should be pinned to a full commit" in refusal(
        lambda: opened(f"org/vlm{revision}", "?code=org/vlm"), UsageError
    )


# ------------------------------------------------------------------------------------------------------ context


def test_context_that_holds_no_prompt_is_refused_before_any_row(tmp_path: Path) -> None:
    folder = checkpoints.llava(tmp_path / "short", max_position_embeddings=20)
    told = refusal(lambda: opened(folder).check(PROMPTS))
    assert told.startswith("model short: a trial prompt with 2 images failed before any row was asked: the prompt has ")
    assert "the model's context holds 20" in told


def test_context_that_none_of_the_questions_fits_is_known_before_any_row(built: Path) -> None:
    def asked(words: int) -> Prompt:
        return ask(" ".join(["what"] * words), picture(1))

    model = opened(built)  # 512 tokens, one a letter
    with pytest.raises(ModelError, match=r"a trial prompt with 1 images failed before any row was asked: the prompt h"):
        model.check([asked(300), asked(400)])
    # where one fits, the others are failed rows of their own
    model.check([asked(300), asked(3)])
    long, short = model.reply(model.prepare([asked(300), asked(3)]))
    assert "but the model's context holds 512" in long.error
    assert short.error == ""


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(1, 9), min_size=1, max_size=3)), min_size=1))
def test_trial_prompts_have_the_images_of_the_longest_and_the_words_of_the_shortest(
    shapes: list[tuple[int, list[int]]],
) -> None:
    prompts = [
        Prompt(
            parts=(
                *(ImagePart(image=picture(number)) for number in range(images)),
                *(TextPart(text=" ".join(["word"] * words)) for words in texts),
            ),
            max_new_tokens=4,
        )
        for images, texts in shapes
    ]
    counts = {images for images, _ in shapes}
    found = limits.probes(prompts)
    assert [len(probe.images) for probe in found] == sorted({max(counts), *({0} & counts)}, reverse=True)
    for probe in found:
        said = [len(part.text.split()) for part in probe.parts if isinstance(part, TextPart)]
        alike = [texts for images, texts in shapes if images == len(probe.images)]
        assert min(said) >= 1
        assert sum(said) == max(min(map(sum, alike)), len(said))
