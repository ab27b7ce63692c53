"""Qwen-VL: patches of all pictures in one list, with a grid a picture. Lingshu is a Qwen2.5-VL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.backends.hf.without_torchvision import images_and_text
from harness.tests.checkpoints.parts import CONTEXT, PATCH, no_videos, save, sizes, template, tokenizer_of, transformers

_ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}


def qwen2_vl(folder: Path) -> Path:
    """Qwen2-VL: 2 x 2 patches are one token; pictures differ in their number of tokens."""
    tower = {"depth": 1, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "mlp_ratio": 2, "patch_size": PATCH}
    return _build(folder, "Qwen2VL", tower, PATCH, {"rope_parameters": _ROPE})


def qwen2_5_vl(folder: Path) -> Path:
    """Qwen2.5-VL: its tower attends within windows, of 2 x 2 tokens here."""
    tower = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_heads": 2,
        "out_hidden_size": 16,
        "patch_size": PATCH,
        "window_size": 4 * PATCH,
        "fullatt_block_indexes": [1],
    }
    return _build(folder, "Qwen2_5_VL", tower, PATCH, {"rope_parameters": _ROPE})


def qwen3_vl(folder: Path) -> Path:
    """Qwen3-VL: features of inner layers of the tower are added inside of the language model."""
    tower = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_heads": 2,
        "out_hidden_size": 16,
        "patch_size": 16,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }
    return _build(
        folder, "Qwen3VL", tower, 16, {"head_dim": 8, "rope_parameters": {**_ROPE, "mrope_interleaved": True}}
    )


def _build(folder: Path, family: str, tower: dict[str, Any], patch: int, text: dict[str, Any]) -> Path:
    hf = transformers()

    tokenizer = tokenizer_of(
        ["<|vision_start|>", "<|vision_end|>"], placeholder="<|image_pad|>", video_token="<|video_pad|>"
    )
    unit = (2 * patch) ** 2
    image = hf.Qwen2VLImageProcessorPil(
        patch_size=patch, merge_size=2, size={"shortest_edge": unit, "longest_edge": 6 * unit}
    )
    asked = template("<|vision_start|><|image_pad|><|vision_end|>")
    with images_and_text():
        processor = getattr(hf, f"{family}Processor")(image, tokenizer, no_videos(), asked)
    words: dict[str, int] = tokenizer.get_vocab()
    config = getattr(hf, f"{family}Config")(
        vision_config=tower,
        text_config={**sizes(len(tokenizer)), **text},
        image_token_id=tokenizer.image_token_id,
        video_token_id=tokenizer.video_token_id,
        vision_start_token_id=words["<|vision_start|>"],
        vision_end_token_id=words["<|vision_end|>"],
        max_position_embeddings=CONTEXT,
    )
    return save(folder, getattr(hf, f"{family}ForConditionalGeneration"), config, processor)
