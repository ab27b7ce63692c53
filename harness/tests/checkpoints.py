"""Tiny checkpoints with random weights, made on disk: real architectures, processors and chat templates."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from harness.records import ImagePart, ImageRef, Prompt, TextPart

PATCH = 14
SIDE = 28
CONTEXT = 512

SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")
LETTERS = tuple("\n" + "".join(chr(code) for code in range(32, 127)))

TEMPLATE = (
    "{{ bos_token }}{% for turn in messages %}{{ turn['role'] }}: "
    "{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)


def llava(folder: Path, **text: Any) -> Path:
    """LLaVA: all pictures in one list, four image tokens each; placeholders of neighbours touch."""
    hf = _transformers()

    tokenizer = _tokenizer()
    image = hf.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    processor = hf.LlavaProcessor(
        image, tokenizer, patch_size=PATCH, vision_feature_select_strategy="full", chat_template=_template("<image>")
    )
    config = hf.LlavaConfig(
        vision_config=_siglip(),
        text_config=_llama(len(tokenizer), **text),
        image_token_id=tokenizer.image_token_id,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    return _save(folder, hf.LlavaForConditionalGeneration, config, processor)


def gemma3(folder: Path) -> Path:
    """Gemma 3, the architecture of MedGemma: the placeholder is another token than the image token."""
    hf = _transformers()

    tokenizer = _tokenizer(boi_token="<start_of_image>", eoi_token="<end_of_image>")
    image = hf.Gemma3ImageProcessorPil(size={"height": SIDE, "width": SIDE})
    processor = hf.Gemma3Processor(image, tokenizer, image_seq_length=4, chat_template=_template("<start_of_image>"))
    config = hf.Gemma3Config(
        vision_config=_siglip(vision_use_head=False).to_dict(),
        text_config={
            **_sizes(len(tokenizer)),
            "head_dim": 8,
            "sliding_window": 64,
            "layer_types": ["full_attention"] * 2,
        },
        mm_tokens_per_image=4,
        boi_token_index=tokenizer.boi_token_id,
        eoi_token_index=tokenizer.eoi_token_id,
        image_token_index=tokenizer.image_token_id,
    )
    return _save(folder, hf.Gemma3ForConditionalGeneration, config, processor)


def idefics3(folder: Path) -> Path:
    """Idefics3: a padded list of tiles a row; a large picture becomes several tiles and a small one of the whole."""
    hf = _transformers()

    extra = ["<fake_token_around_image>", "<end_of_utterance>", "<global-img>"]
    extra += [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    tokenizer = _tokenizer(extra)
    image = hf.Idefics3ImageProcessorPil(size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE})
    processor = hf.Idefics3Processor(image, tokenizer, image_seq_len=1, chat_template=_template("<image>"))
    config = hf.Idefics3Config(
        vision_config={**_vision(), "model_type": "idefics3_vision"},
        text_config=_llama(len(tokenizer)),
        image_token_id=tokenizer.image_token_id,
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    return _save(folder, hf.Idefics3ForConditionalGeneration, config, processor)


def llava_next(folder: Path) -> Path:
    """LLaVA-NeXT: tiles by the shape of the picture, so that pictures differ in their number of tokens."""
    hf = _transformers()

    tokenizer = _tokenizer()
    pinpoints = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
    image = hf.LlavaNextImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, image_grid_pinpoints=pinpoints
    )
    processor = hf.LlavaNextProcessor(
        image, tokenizer, patch_size=PATCH, vision_feature_select_strategy="full", chat_template=_template("<image>")
    )
    config = hf.LlavaNextConfig(
        vision_config=_siglip(),
        text_config=_llama(len(tokenizer)),
        image_token_id=tokenizer.image_token_id,
        image_grid_pinpoints=pinpoints,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    return _save(folder, hf.LlavaNextForConditionalGeneration, config, processor)


def paligemma(folder: Path) -> Path:
    """PaliGemma: one image, and no prompt without it."""
    hf = _transformers()

    tokenizer = _tokenizer()
    image = hf.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    image.image_seq_length = 4
    processor = hf.PaliGemmaProcessor(image, tokenizer, chat_template=_template("<image>"))
    config = hf.PaliGemmaConfig(
        vision_config=_siglip(vision_use_head=False).to_dict(),
        text_config={**_sizes(len(processor.tokenizer)), "model_type": "gemma", "head_dim": 8},
        image_token_index=tokenizer.image_token_id,
        projection_dim=16,
        hidden_size=16,
    )
    return _save(folder, hf.PaliGemmaForConditionalGeneration, config, processor)


def picture(seed: int, width: int = 50, height: int = 40) -> ImageRef:
    """A picture of noise; pictures of different seeds differ."""

    def open_() -> Image.Image:
        noise = random.Random(seed).randbytes(width * height * 3)  # noqa: S311 - no secret
        return Image.frombytes("RGB", (width, height), noise)

    return ImageRef(name=f"picture-{seed}.png", digest=f"digest-{seed}", width=width, height=height, open=open_)


def ask(text: str, *images: ImageRef, tokens: int = 6) -> Prompt:
    """A prompt: images first, then a text, and how long the reply may be."""
    shown = tuple(ImagePart(image=image) for image in images)
    return Prompt(parts=(*shown, TextPart(text=text)), max_new_tokens=tokens)


BUILDERS: Mapping[str, Callable[[Path], Path]] = {
    "llava": llava,
    "gemma3": gemma3,
    "idefics3": idefics3,
    "llava_next": llava_next,
}
"""Architectures that take several images, and open without packages beyond the suite's own."""


def _transformers() -> Any:
    """The library, untyped: its annotations differ between releases."""
    return importlib.import_module("transformers")


def _template(placeholder: str) -> str:
    return TEMPLATE.replace("IMAGE", placeholder)


def _tokenizer(extra: Sequence[str] = (), placeholder: str = "<image>", **named: str) -> Any:
    """One token a character, beside the special ones."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    special = [*SPECIAL, placeholder, *named.values(), *extra]
    ids = {word: number for number, word in enumerate([*special, *LETTERS])}
    backend = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    backend.decoder = decoders.Fuse()
    backend.add_special_tokens(special)
    return _transformers().PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        extra_special_tokens={"image_token": placeholder, **named},
    )


def _vision() -> dict[str, Any]:
    return {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": PATCH,
    }


def _siglip(**more: Any) -> Any:
    return _transformers().SiglipVisionConfig(**_vision(), **more)


def _sizes(words: int, **more: Any) -> dict[str, Any]:
    return {
        "vocab_size": words,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": CONTEXT,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **more,
    }


def _llama(words: int, **more: Any) -> Any:
    return _transformers().LlamaConfig(**_sizes(words, **more))


def _save(folder: Path, architecture: Any, config: Any, processor: Any) -> Path:
    """Random weights, wide enough apart that replies differ between pictures, and everything else beside them."""
    import torch

    from harness.backends.hf.loading import quiet

    with quiet():
        torch.manual_seed(7)
        model = architecture(config)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.ndim > 1:
                    weight.normal_(std=0.3)
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder
