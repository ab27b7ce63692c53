"""Google's: Gemma 3, on which MedGemma stands, Gemma 4 and PaliGemma."""

from __future__ import annotations

from pathlib import Path

from harness.backends.hf.without_torchvision import images_and_text
from harness.tests.checkpoints.parts import SIDE, no_videos, save, siglip, sizes, template, tokenizer_of, transformers


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


def gemma4(folder: Path) -> Path:
    """Gemma 4: pictures keep their shape, up to 70 tokens each, and tokens have embeddings in every layer."""
    hf = transformers()

    tokenizer = tokenizer_of(
        ["<|video|>"],
        placeholder="<|image|>",
        boi_token="<|image>",
        eoi_token="<image|>",
        audio_token="<|audio|>",
        boa_token="<|audio>",
        eoa_token="<audio|>",
    )
    image = hf.Gemma4ImageProcessorPil(patch_size=2, max_soft_tokens=70, pooling_kernel_size=3)
    with images_and_text():
        processor = hf.Gemma4Processor(
            hf.Gemma4AudioFeatureExtractor(),
            image,
            tokenizer,
            no_videos(),
            image_seq_length=70,
            chat_template=template("<|image|>"),
        )
    words = processor.tokenizer.get_vocab()
    config = hf.Gemma4Config(
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "patch_size": 2,
            "pooling_kernel_size": 3,
            "position_embedding_size": 256,
        },
        text_config={
            **sizes(len(words)),
            "head_dim": 8,
            "global_head_dim": 8,
            "sliding_window": 64,
            "layer_types": ["sliding_attention", "full_attention"],
            "vocab_size_per_layer_input": len(words),
            "hidden_size_per_layer_input": 8,
        },
        boi_token_id=words["<|image>"],
        eoi_token_id=words["<image|>"],
        image_token_id=words["<|image|>"],
        video_token_id=words["<|video|>"],
        audio_token_id=words["<|audio|>"],
        tie_word_embeddings=False,
    )
    return save(folder, hf.Gemma4ForConditionalGeneration, config, processor)


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
