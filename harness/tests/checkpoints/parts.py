"""What all tiny checkpoints are made of: a tokenizer of characters, a chat template, sizes, and saving to disk."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def transformers() -> Any:
    """The library, untyped: its annotations differ between releases."""
    return importlib.import_module("transformers")


def template(placeholder: str) -> str:
    """A chat template that writes ``placeholder`` for an image."""
    return TEMPLATE.replace("IMAGE", placeholder)


def tokenizer_of(
    extra: Sequence[str] = (), placeholder: str = "<image>", last: Sequence[str] = (), **named: str
) -> Any:
    """One token a character, beside the special ones; those of ``last`` have the highest ids.

    Without a placeholder the tokenizer names no image token.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    named = {"image_token": placeholder, **named} if placeholder else named
    special = [word for word in dict.fromkeys([*SPECIAL, *named.values(), *extra]) if word not in last]
    ids = {word: number for number, word in enumerate([*special, *LETTERS, *last])}
    backend = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    backend.decoder = decoders.Fuse()
    # as those of Llama and Gemma do: it adds a <bos> of its own where it is not told that the template has one
    backend.post_processor = processors.TemplateProcessing("<bos> $A", None, [("<bos>", ids["<bos>"])])
    backend.add_special_tokens([*special, *last])
    return transformers().PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        extra_special_tokens=named,
    )


def vision(**more: Any) -> dict[str, Any]:
    """Sizes of a vision tower: 2 x 2 patches of a picture."""
    return {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": PATCH,
        **more,
    }


def siglip(**more: Any) -> Any:
    """Config of a SigLIP tower."""
    return transformers().SiglipVisionConfig(**vision(), **more)


def sizes(words: int, **more: Any) -> dict[str, Any]:
    """Sizes of a language model."""
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


def llama(words: int, **more: Any) -> Any:
    """Config of a Llama."""
    return transformers().LlamaConfig(**sizes(words, **more))


def no_videos() -> Any:
    """What stands in the place of a video processor where torchvision is not installed, else None."""
    from harness.backends.hf.without_torchvision import images_and_text, torchvision_is_here

    if torchvision_is_here():
        return None
    with images_and_text():
        return importlib.import_module("transformers.models.auto.video_processing_auto").AutoVideoProcessor()


def save(folder: Path, architecture: Any, config: Any, processor: Any) -> Path:
    """Random weights, wide enough apart that replies differ between pictures, and everything else beside them."""
    import torch

    from harness.backends.hf.loading import quiet

    with quiet():
        torch.manual_seed(7)
        model = architecture(config)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if weight.ndim > 1:
                    weight.normal_(std=0.3)
                elif "gate" in name and weight.numel() == 1:
                    # untrained ones are shut, and no picture would show in a reply
                    weight.fill_(0.7)
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder
