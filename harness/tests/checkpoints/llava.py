"""LLaVA and its successors: a tower, a projector, a language model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.tests.checkpoints.parts import PATCH, SIDE, llama, save, siglip, template, tokenizer_of, transformers


def llava(folder: Path, **text: Any) -> Path:
    """LLaVA: all pictures in one list, four image tokens each; placeholders of neighbours touch."""
    hf = transformers()

    tokenizer = tokenizer_of()
    image = hf.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    processor = hf.LlavaProcessor(
        image, tokenizer, patch_size=PATCH, vision_feature_select_strategy="full", chat_template=template("<image>")
    )
    config = hf.LlavaConfig(
        vision_config=siglip(),
        text_config=llama(len(tokenizer), **text),
        image_token_id=tokenizer.image_token_id,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    return save(folder, hf.LlavaForConditionalGeneration, config, processor)


def llava_next(folder: Path) -> Path:
    """LLaVA-NeXT: tiles by the shape of the picture, so that pictures differ in their number of tokens."""
    hf = transformers()

    tokenizer = tokenizer_of()
    pinpoints = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
    image = hf.LlavaNextImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, image_grid_pinpoints=pinpoints
    )
    processor = hf.LlavaNextProcessor(
        image, tokenizer, patch_size=PATCH, vision_feature_select_strategy="full", chat_template=template("<image>")
    )
    config = hf.LlavaNextConfig(
        vision_config=siglip(),
        text_config=llama(len(tokenizer)),
        image_token_id=tokenizer.image_token_id,
        image_grid_pinpoints=pinpoints,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    return save(folder, hf.LlavaNextForConditionalGeneration, config, processor)
