"""Checkpoints made for timing: real architectures with random weights, the same at every call.

Random weights answer at random, but they cost what trained ones of the same shape cost, and no model has to be
fetched. No reply ends before its limit: the weights of the special tokens in the last layer are zero, so that none of
them is ever the most likely one. All systems that are compared therefore write equally many tokens.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.bench import made
from harness.errors import ModelError

CONTEXT = 16_384
TOKENS = 640
QWEN = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
LLAVA = ("<pad>", "<s>", "</s>", "<image>")
BUTTONS = "".join(chr(code) for code in range(32, 127)) + "\n"

QWEN_TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n"
    "{% if turn['content'] is string %}{{ turn['content'] }}{% else %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAVA_TEMPLATE = (
    "{% for turn in messages %}{{ turn['role'] }}: {% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)


def qwen(folder: Path, dtype: str = "float32") -> Path:
    """Qwen2.5-VL of about 0.7 million parameters: about 600 image tokens for a picture of 800 x 600 pixels.

    What the model computes next to nothing shows what the systems around it cost. Its processor needs torchvision.
    """
    hf = _transformers()
    tokenizer = _tokenizer(QWEN, eos="<|im_end|>", pad="<|endoftext|>", named={})
    sizes = {"shortest_edge": 200_704, "longest_edge": 1_003_520}
    ids = {word: tokenizer.convert_tokens_to_ids(word) for word in QWEN}
    processor = hf.Qwen2_5_VLProcessor(
        hf.Qwen2VLImageProcessor(size=sizes), tokenizer, hf.Qwen2VLVideoProcessor(), chat_template=QWEN_TEMPLATE
    )
    vision = {"depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 4, "out_hidden_size": 128}
    text = {
        **_text(len(tokenizer), hidden=128, layers=2, heads=4, wide=256),
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6]},
        "bos_token_id": None,
        "eos_token_id": None,
    }
    config = hf.Qwen2_5_VLConfig(
        text_config=text,
        vision_config={**vision, "fullatt_block_indexes": [1]},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    return _save(folder, hf.Qwen2_5_VLForConditionalGeneration, config, processor, dtype)


def qwen_bf16(folder: Path) -> Path:
    """The same in bfloat16, for comparisons with suites that open a checkpoint in nothing else.

    Its replies depend on the shape of a batch, as half precision rounds each sum differently.
    """
    return qwen(folder, dtype="bfloat16")


def llava(folder: Path) -> Path:
    """LLaVA of about 20 million parameters, half of them SigLIP's: 256 image tokens a picture.

    Large enough that the model takes most of the time. It needs no package beyond the suite's own.
    """
    return llava_of(folder, side=224, hidden=384, layers=6, heads=6, wide=1024)


def small(folder: Path) -> Path:
    """LLaVA of the smallest size that is of any use, for tests of the benchmark itself."""
    return llava_of(folder, side=28, hidden=32, layers=2, heads=2, wide=64)


def llava_of(folder: Path, *, side: int, hidden: int, layers: int, heads: int, wide: int) -> Path:
    """LLaVA of these sizes: pixels a side; width, layers and heads of both its parts; width of the inner layers."""
    hf = _transformers()
    tokenizer = _tokenizer(LLAVA, eos="</s>", pad="<pad>", named={"image_token": "<image>"})
    image = hf.SiglipImageProcessorPil(size={"height": side, "width": side})
    processor = hf.LlavaProcessor(
        image, tokenizer, patch_size=14, vision_feature_select_strategy="full", chat_template=LLAVA_TEMPLATE
    )
    vision = hf.SiglipVisionConfig(
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        image_size=side,
        patch_size=14,
        vision_use_head=False,
    )
    config = hf.LlavaConfig(
        vision_config=vision,
        text_config=hf.LlamaConfig(**_text(len(tokenizer), hidden=hidden, layers=layers, heads=heads, wide=wide)),
        image_token_id=tokenizer.image_token_id,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    return _save(folder, hf.LlavaForConditionalGeneration, config, processor)


MADE: Mapping[str, Callable[[Path], Path]] = {"qwen": qwen, "qwen-bf16": qwen_bf16, "llava": llava, "small": small}
"""Checkpoints by the name that ``--model`` takes."""


def make(name: str, folder: Path) -> Path:
    """Make a checkpoint in a folder, once; raise ModelError where a package that it needs is not here."""
    place = folder / name
    if not (place / "config.json").is_file():
        try:
            MADE[name](place)
        except ImportError as error:
            told = " ".join(str(error).split())[:200]
            raise ModelError(
                f"--model {name}: the checkpoint cannot be made ({told}), but needs its processor's packages: "
                "install torchvision beside torch, or name another model"
            ) from error
    return place


def _text(words: int, *, hidden: int, layers: int, heads: int, wide: int) -> dict[str, Any]:
    return {
        "vocab_size": words,
        "hidden_size": hidden,
        "intermediate_size": wide,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2,
        "max_position_embeddings": CONTEXT,
        "pad_token_id": 0,
    }


def _tokenizer(special: Sequence[str], *, eos: str, pad: str, named: Mapping[str, str]) -> Any:
    """Byte pairs learnt from made questions, so that a prompt has about as many tokens as words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    backend.decoder = decoders.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS, special_tokens=list(special), initial_alphabet=list(BUTTONS), show_progress=False
    )
    chance = random.Random("tokens")  # noqa: S311 - no secret
    backend.train_from_iterator([made.question(chance) for _ in range(400)], trainer)
    return _transformers().PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=eos,
        pad_token=pad,
        padding_side="left",
        extra_special_tokens=dict(named),
    )


def _transformers() -> Any:
    """The library, untyped: its annotations differ between releases."""
    return importlib.import_module("transformers")


def _save(folder: Path, architecture: Any, config: Any, processor: Any, dtype: str = "float32") -> Path:
    """Random weights, wide enough apart that replies differ between pictures, and everything else beside them."""
    import torch

    from harness.backends.hf.loading import quiet

    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = architecture(config)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.ndim > 1:
                    weight.normal_(std=2.0 / weight[0].numel() ** 0.5)
            model.lm_head.weight[processor.tokenizer.all_special_ids] = 0
        model.generation_config.eos_token_id = None
        model.to(getattr(torch, dtype)).save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder
