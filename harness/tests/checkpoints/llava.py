"""LLaVA and its successors: a tower, a projector, a language model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.backends.hf.without_torchvision import images_and_text
from harness.tests.checkpoints.parts import (
    PATCH,
    SIDE,
    llama,
    no_videos,
    save,
    siglip,
    sizes,
    template,
    tokenizer_of,
    transformers,
)


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


def llava_onevision(folder: Path) -> Path:
    """LLaVA-OneVision: a picture alone becomes tiles, each of several pictures is whole."""
    hf = transformers()

    tokenizer = tokenizer_of(video_token="<video>")
    pinpoints = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
    image = hf.LlavaOnevisionImageProcessorPil(size={"height": SIDE, "width": SIDE}, image_grid_pinpoints=pinpoints)
    with images_and_text():
        processor = hf.LlavaOnevisionProcessor(
            image,
            tokenizer,
            no_videos(),
            num_image_tokens=4,
            vision_feature_select_strategy="full",
            chat_template=template("<image>"),
        )
    config = hf.LlavaOnevisionConfig(
        vision_config=siglip(vision_use_head=False),
        text_config={**sizes(len(tokenizer)), "model_type": "qwen2"},
        image_token_index=tokenizer.image_token_id,
        video_token_index=tokenizer.video_token_id,
        image_grid_pinpoints=pinpoints,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    return save(folder, hf.LlavaOnevisionForConditionalGeneration, config, processor)
