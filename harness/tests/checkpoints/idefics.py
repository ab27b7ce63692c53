"""Idefics and SmolVLM: a padded list of pictures or tiles a row."""

from __future__ import annotations

from pathlib import Path

from harness.tests.checkpoints.parts import SIDE, llama, save, template, tokenizer_of, transformers, vision


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


def _words() -> list[str]:
    """What is written around tiles."""
    places = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    return ["<fake_token_around_image>", "<end_of_utterance>", "<global-img>", *places]
