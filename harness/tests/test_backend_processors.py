"""Processors that know videos open for images and text where torchvision is not installed, and change nothing else."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import spec
from harness.backends.hf import without_torchvision
from harness.backends.hf.loading import quiet
from harness.errors import ModelError
from harness.records import Reply
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture

pytestmark = pytest.mark.skipif(
    without_torchvision.torchvision_is_here(),
    reason="torchvision is installed: transformers opens all processors itself",
)

WITH_VIDEOS = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "llava_onevision", "smolvlm", "internvl")
PROMPTS = (ask("see?", picture(1)), ask("which?", picture(2), picture(3, 80, 30)), ask("text"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root = tmp_path_factory.mktemp("checkpoints")

    def build(name: str) -> Path:
        return root / name if (root / name).is_dir() else checkpoints.BUILDERS[name](root / name)

    return build


def processor_of(folder: Path) -> Any:
    with quiet():
        return without_torchvision.open_processor(folder, local_files_only=True)


def replies(folder: Path) -> list[Reply]:
    model = spec.open_model(spec.parse(f"hf:{folder}"))
    model.check(PROMPTS)
    return model.reply(model.prepare(PROMPTS))


@pytest.mark.parametrize("name", [*WITH_VIDEOS, "mistral3"])
def test_transformers_alone_opens_no_processor_that_asks_for_torchvision(
    built: Callable[[str], Path], name: str
) -> None:
    transformers = importlib.import_module("transformers")
    with quiet(), pytest.raises((ImportError, ValueError), match=r"(?i)torchvision"):
        transformers.AutoProcessor.from_pretrained(built(name))


@pytest.mark.parametrize("name", WITH_VIDEOS)
def test_parts_of_the_processor_are_those_that_transformers_opens_one_by_one(
    built: Callable[[str], Path], name: str
) -> None:
    import torch

    transformers = importlib.import_module("transformers")
    processor = processor_of(built(name))
    with quiet():
        image = transformers.AutoImageProcessor.from_pretrained(built(name))
        tokenizer = transformers.AutoTokenizer.from_pretrained(built(name))
    assert type(processor).__module__.startswith("transformers.models.")
    assert type(processor.image_processor) is type(image)
    assert processor.image_processor.to_dict() == image.to_dict()
    assert processor.tokenizer.get_vocab() == tokenizer.get_vocab()
    pictures = [[picture(1).open(), picture(2, 80, 30).open()]]
    own, other = (maker(images=pictures, return_tensors="pt") for maker in (processor.image_processor, image))
    assert {key for key in own if hasattr(own[key], "dtype")} >= {"pixel_values"}
    assert all(torch.equal(own[key], other[key]) for key in own if hasattr(own[key], "dtype"))


def test_ids_of_a_prompt_are_the_text_with_a_token_for_every_four_patches(built: Callable[[str], Path]) -> None:
    processor = processor_of(built("qwen2_5_vl"))
    text = "<bos>user: <|vision_start|><|image_pad|><|vision_end|>see?"
    made = processor(text=[text], images=[[picture(2, 80, 30).open()]], add_special_tokens=False)
    # 80 x 30 become 84 x 28, three squares of 28
    assert made["input_ids"][0] == processor.tokenizer(
        text.replace("<|image_pad|>", "<|image_pad|>" * 3), add_special_tokens=False
    )["input_ids"]  # fmt: skip


@pytest.mark.parametrize("name", [*WITH_VIDEOS, "mistral3"])
def test_files_as_repositories_hold_them_give_the_same_replies(
    built: Callable[[str], Path], name: str, tmp_path: Path
) -> None:
    """Older files name the image processor without its variant, in a file of its own, and a video processor beside."""
    folder = Path(shutil.copytree(built(name), tmp_path / name))
    whole = json.loads((folder / "processor_config.json").read_text())
    image = whole.pop("image_processor")
    image["image_processor_type"] = image["image_processor_type"].removesuffix("Pil")
    image["processor_class"] = whole["processor_class"]
    (folder / "preprocessor_config.json").write_text(json.dumps(image))
    (folder / "video_preprocessor_config.json").write_text(
        json.dumps({"video_processor_type": "Qwen2VLVideoProcessor"})
    )
    (folder / "processor_config.json").write_text(json.dumps(whole))
    found = replies(folder)
    assert [reply.error for reply in found] == [""] * len(PROMPTS)
    assert [(reply.text, reply.receipts) for reply in found] == [
        (reply.text, reply.receipts) for reply in replies(built(name))
    ]


@pytest.mark.parametrize("name", WITH_VIDEOS)
def test_video_is_refused(built: Callable[[str], Path], name: str) -> None:
    processor = processor_of(built(name))
    with pytest.raises(ModelError, match="a video was given to a processor that was opened without torchvision"):
        processor.video_processor(videos=[[picture(1).open()]])


def test_nothing_that_stood_in_is_left_in_the_library(built: Callable[[str], Path]) -> None:
    opener = importlib.import_module("transformers.models.auto.video_processing_auto")
    asked = importlib.import_module("transformers.processing_utils")
    before = opener.AutoVideoProcessor
    for name in ("smolvlm", "mistral3"):
        processor_of(built(name))
    assert opener.AutoVideoProcessor is before
    assert not hasattr(asked.transformers_module, "VideoProcessorMixin")
    assert importlib.import_module("transformers.models.smolvlm.processing_smolvlm").num2words is not (
        without_torchvision.refuse
    )
    with pytest.raises((ImportError, ValueError), match=r"(?i)torchvision"):
        importlib.import_module("transformers").PixtralProcessor.from_pretrained(built("mistral3"))


def test_processor_that_needs_no_torchvision_is_opened_by_transformers_alone(
    built: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Any:
        raise AssertionError("nothing had to be replaced")

    monkeypatch.setattr(without_torchvision, "images_and_text", none)
    assert type(processor_of(built("gemma3"))).__name__ == "Gemma3Processor"


def test_error_is_that_of_transformers_where_nothing_can_stand_in(tmp_path: Path) -> None:
    transformers = importlib.import_module("transformers")
    with quiet(), pytest.raises(Exception) as alone:  # noqa: PT011 - whichever it is, the other has to be the same
        transformers.AutoProcessor.from_pretrained(tmp_path, local_files_only=True)
    with pytest.raises(type(alone.value)) as tried:
        processor_of(tmp_path)
    assert str(tried.value) == str(alone.value)


def test_nothing_stands_in_where_torchvision_is_installed(
    built: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(without_torchvision, "torchvision_is_here", lambda: True)
    with pytest.raises((ImportError, ValueError), match=r"(?i)torchvision"):
        processor_of(built("qwen2_vl"))
