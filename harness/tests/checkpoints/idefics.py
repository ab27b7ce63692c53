"""Idefics and SmolVLM: a padded list of pictures or tiles a row."""

from __future__ import annotations

from pathlib import Path

from harness.backends.hf.without_torchvision import images_and_text
from harness.tests.checkpoints.parts import (
    PATCH,
    SIDE,
    llama,
    no_videos,
    save,
    sizes,
    template,
    tokenizer_of,
    transformers,
    vision,
)


def idefics3(folder: Path) -> Path:
    """Idefics3: a padded list of tiles a row; a large picture becomes several tiles and a small one of the whole."""
    hf = transformers()

    tokenizer = tokenizer_of(_words())
    image = hf.Idefics3ImageProcessorPil(size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE})
    processor = hf.Idefics3Processor(image, tokenizer, image_seq_len=1, chat_template=template("<image>"))
    config = hf.Idefics3Config(
        vision_config={**vision(), "model_type": "idefics3_vision"},
        text_config=llama(len(tokenizer)),
        image_token_id=tokenizer.image_token_id,
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    return save(folder, hf.Idefics3ForConditionalGeneration, config, processor)


def smolvlm(folder: Path) -> Path:
    """SmolVLM: as Idefics3, with a processor that also knows videos."""
    hf = transformers()

    tokenizer = tokenizer_of(_words(), fake_image_token="<fake_token_around_image>")
    image = hf.SmolVLMImageProcessorPil(size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE})
    with images_and_text():
        processor = hf.SmolVLMProcessor(
            image, tokenizer, no_videos(), image_seq_len=1, chat_template=template("<image>")
        )
    config = hf.SmolVLMConfig(
        vision_config=vision(),
        text_config=llama(len(tokenizer)),
        image_token_id=tokenizer.image_token_id,
        scale_factor=2,
    )
    return save(folder, hf.SmolVLMForConditionalGeneration, config, processor)


def idefics2(folder: Path) -> Path:
    """Idefics2: pictures of any shape, padded to the largest; each of them becomes three tokens."""
    hf = transformers()

    tokenizer = tokenizer_of(_words(), image_boundary_token="<fake_token_around_image>")
    image = hf.Idefics2ImageProcessorPil(size={"shortest_edge": PATCH, "longest_edge": 3 * PATCH})
    processor = hf.Idefics2Processor(image, tokenizer, image_seq_len=3, chat_template=template("<image>"))
    config = hf.Idefics2Config(
        vision_config=vision(image_size=3 * PATCH),
        text_config={**sizes(len(processor.tokenizer)), "model_type": "mistral", "head_dim": 8},
        perceiver_config={
            "hidden_size": 16,
            "resampler_n_latents": 3,
            "resampler_depth": 1,
            "resampler_n_heads": 2,
            "resampler_head_dim": 8,
            "num_key_value_heads": 1,
        },
        image_token_id=tokenizer.image_token_id,
    )
    return save(folder, hf.Idefics2ForConditionalGeneration, config, processor)


def _words() -> list[str]:
    """What is written around tiles."""
    places = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    return ["<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *places]
