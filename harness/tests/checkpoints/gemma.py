"""Google's: Gemma 3, on which MedGemma stands, and PaliGemma."""

from __future__ import annotations

from pathlib import Path

from harness.tests.checkpoints.parts import SIDE, save, siglip, sizes, template, tokenizer_of, transformers


def gemma3(folder: Path) -> Path:
    """Gemma 3, the architecture of MedGemma: the placeholder is another token than the image token."""
    hf = transformers()

    tokenizer = tokenizer_of(boi_token="<start_of_image>", eoi_token="<end_of_image>")
    image = hf.Gemma3ImageProcessorPil(size={"height": SIDE, "width": SIDE})
    processor = hf.Gemma3Processor(image, tokenizer, image_seq_length=4, chat_template=template("<start_of_image>"))
    config = hf.Gemma3Config(
        vision_config=siglip(vision_use_head=False).to_dict(),
        text_config={
            **sizes(len(tokenizer)),
            "head_dim": 8,
            "sliding_window": 64,
            "layer_types": ["full_attention"] * 2,
        },
        mm_tokens_per_image=4,
        boi_token_index=tokenizer.boi_token_id,
        eoi_token_index=tokenizer.eoi_token_id,
        image_token_index=tokenizer.image_token_id,
        # tied ones, untrained, repeat the last word whatever the picture
        tie_word_embeddings=False,
    )
    return save(folder, hf.Gemma3ForConditionalGeneration, config, processor)


def paligemma(folder: Path) -> Path:
    """PaliGemma: one image, and no prompt without it."""
    hf = transformers()

    tokenizer = tokenizer_of()
    image = hf.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    image.image_seq_length = 4
    processor = hf.PaliGemmaProcessor(image, tokenizer, chat_template=template("<image>"))
    config = hf.PaliGemmaConfig(
        vision_config=siglip(vision_use_head=False).to_dict(),
        text_config={**sizes(len(processor.tokenizer)), "model_type": "gemma", "head_dim": 8},
        image_token_index=tokenizer.image_token_id,
        projection_dim=16,
        hidden_size=16,
    )
    return save(folder, hf.PaliGemmaForConditionalGeneration, config, processor)
