"""InternVL, GLM-4V, Mllama, Mistral 3 with Pixtral's eyes, BLIP-2."""

from __future__ import annotations

from pathlib import Path

from harness.backends.hf.without_torchvision import images_and_text
from harness.tests.checkpoints.parts import (
    PATCH,
    SIDE,
    no_videos,
    save,
    sizes,
    template,
    tokenizer_of,
    transformers,
    vision,
)


def internvl(folder: Path) -> Path:
    """InternVL: a picture is cut into tiles by its shape; all tiles of all pictures stand in one list."""
    hf = transformers()

    tokenizer = tokenizer_of(
        placeholder="<IMG_CONTEXT>",
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    image = hf.GotOcr2ImageProcessorPil(size={"height": SIDE, "width": SIDE}, crop_to_patches=True, max_patches=3)
    with images_and_text():
        processor = hf.InternVLProcessor(
            image, tokenizer, no_videos(), image_seq_length=1, chat_template=template("<IMG_CONTEXT>")
        )
    config = hf.InternVLConfig(
        vision_config=vision(image_size=[SIDE, SIDE], patch_size=[PATCH, PATCH]),
        text_config={**sizes(len(tokenizer)), "model_type": "qwen2"},
        image_token_id=tokenizer.context_image_token_id,
        image_seq_length=1,
        downsample_ratio=0.5,
    )
    return save(folder, hf.InternVLForConditionalGeneration, config, processor)


def mllama(folder: Path) -> Path:
    """Mllama, Llama 3.2 Vision: one image token a picture, whose tiles are read by cross-attention."""
    hf = transformers()

    tokenizer = tokenizer_of(["<|python_tag|>"], placeholder="<|image|>", last=["<|image|>"])
    image = hf.MllamaImageProcessorPil(size={"height": SIDE, "width": SIDE}, max_image_tiles=4)
    processor = hf.MllamaProcessor(image, tokenizer, chat_template=template("<|image|>"))
    config = hf.MllamaConfig(
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_global_layers": 1,
            "attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
            "intermediate_layers_indices": [0],
            "vision_output_dim": 32,
        },
        # its image token has an embedding and no place among the words that can be written
        text_config={**sizes(len(tokenizer) - 1), "cross_attention_layers": [1]},
        image_token_index=tokenizer.image_token_id,
    )
    return save(folder, hf.MllamaForConditionalGeneration, config, processor)


def mistral3(folder: Path) -> Path:
    """Mistral 3: Pixtral's tower; pictures keep their shape, and a break ends each of their rows."""
    hf = transformers()

    tokenizer = tokenizer_of(["[IMG_BREAK]", "[IMG_END]"], placeholder="[IMG]")
    image = hf.PixtralImageProcessorPil(size={"longest_edge": 4 * PATCH}, patch_size={"height": PATCH, "width": PATCH})
    with images_and_text():
        processor = hf.models.pixtral.PixtralProcessor(
            image, tokenizer, patch_size=PATCH, spatial_merge_size=2, chat_template=template("[IMG]")
        )
    config = hf.Mistral3Config(
        vision_config={**vision(image_size=4 * PATCH), "model_type": "pixtral", "head_dim": 8},
        text_config={**sizes(len(tokenizer)), "model_type": "mistral", "head_dim": 8},
        image_token_index=tokenizer.image_token_id,
        spatial_merge_size=2,
    )
    return save(folder, hf.Mistral3ForConditionalGeneration, config, processor)


def pixtral(folder: Path) -> Path:
    """Pixtral 12B as transformers has it: a LLaVA with Pixtral's tower and processor, a token a patch."""
    hf = transformers()

    tokenizer = tokenizer_of(["[IMG_BREAK]", "[IMG_END]"], placeholder="[IMG]")
    image = hf.PixtralImageProcessorPil(size={"longest_edge": 4 * PATCH}, patch_size={"height": PATCH, "width": PATCH})
    with images_and_text():
        processor = hf.models.pixtral.PixtralProcessor(
            image, tokenizer, patch_size=PATCH, chat_template=template("[IMG]")
        )
    config = hf.LlavaConfig(
        vision_config={**vision(image_size=4 * PATCH), "model_type": "pixtral", "head_dim": 8},
        text_config={**sizes(len(tokenizer)), "model_type": "mistral", "head_dim": 8},
        image_token_id=tokenizer.image_token_id,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    return save(folder, hf.LlavaForConditionalGeneration, config, processor)


def glm4v(folder: Path) -> Path:
    """GLM-4V, of which GLM-4.1V reasons before it answers: patches in one list, with a grid a picture."""
    hf = transformers()

    marks = ["<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>"]
    tokenizer = tokenizer_of(marks, placeholder="<|image|>", video_token="<|video|>")
    unit = (2 * PATCH) ** 2
    image = hf.Glm4vImageProcessorPil(size={"shortest_edge": 2 * unit, "longest_edge": 12 * unit})
    asked = template("<|begin_of_image|><|image|><|end_of_image|>")
    with images_and_text():
        processor = hf.Glm4vProcessor(image, tokenizer, no_videos(), chat_template=asked)
    begin, end, begin_video, end_video = tokenizer.convert_tokens_to_ids(marks)
    config = hf.Glm4vConfig(
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 16,
            "image_size": 4 * PATCH,
        },
        text_config={
            **sizes(len(tokenizer)),
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]},
        },
        image_token_id=tokenizer.image_token_id,
        video_token_id=tokenizer.video_token_id,
        image_start_token_id=begin,
        image_end_token_id=end,
        video_start_token_id=begin_video,
        video_end_token_id=end_video,
    )
    return save(folder, hf.Glm4vForConditionalGeneration, config, processor)


def blip_2(folder: Path) -> Path:
    """BLIP-2: its processor writes the image tokens before the prompt, so that its template writes none."""
    hf = transformers()

    tokenizer = tokenizer_of(placeholder="")
    image = hf.BlipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    processor = hf.Blip2Processor(image, tokenizer, num_query_tokens=3)
    processor.tokenizer.chat_template = template("")
    config = hf.Blip2Config(
        vision_config=vision(),
        qformer_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "cross_attention_frequency": 1,
        },
        text_config={
            **sizes(len(processor.tokenizer)),
            "model_type": "opt",
            "ffn_dim": 32,
            "word_embed_proj_dim": 16,
        },
        num_query_tokens=3,
        image_token_index=processor.tokenizer.convert_tokens_to_ids("<image>"),
    )
    return save(folder, hf.Blip2ForConditionalGeneration, config, processor)
