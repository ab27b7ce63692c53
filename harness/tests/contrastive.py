"""Tiny contrastive checkpoints with random weights, made on disk: real architectures, processors and tokenizers."""

from __future__ import annotations

import importlib
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PATCH = 14
SIDE = 28
CONTEXT = 64

_TOWER = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_VISION = {**_TOWER, "image_size": SIDE, "patch_size": PATCH}
_SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def clip(folder: Path) -> Path:
    """CLIP, the architecture of PubMedCLIP: texts padded to the longest, softmax."""
    hf = _transformers()
    tokenizer = _tokenizer()
    text = {**_TOWER, **_SPECIAL, "eos_token_id": 3, "vocab_size": len(tokenizer), "max_position_embeddings": CONTEXT}
    config = hf.CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=12)
    image = hf.CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return _save(folder, hf.CLIPModel(config), hf.CLIPProcessor(image, tokenizer))


def siglip(folder: Path) -> Path:
    """SigLIP, the architecture of MedSigLIP: texts padded to the whole context, a learned bias, sigmoid."""
    hf = _transformers()
    tokenizer = _tokenizer(inputs=["input_ids"])
    text = {**_TOWER, **_SPECIAL, "vocab_size": len(tokenizer), "max_position_embeddings": CONTEXT}
    config = hf.SiglipConfig(text_config={**text, "projection_size": 16}, vision_config=_VISION)
    image = hf.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return _save(folder, hf.SiglipModel(config), hf.SiglipProcessor(image, tokenizer))


def siglip2(folder: Path) -> Path:
    """SigLIP 2 with patches of the picture's own shape: each picture has a number of them of its own."""
    hf = _transformers()
    tokenizer = _tokenizer()
    text = {**_TOWER, **_SPECIAL, "vocab_size": len(tokenizer), "max_position_embeddings": CONTEXT}
    vision = {**_TOWER, "patch_size": PATCH, "num_patches": 16}
    config = hf.Siglip2Config(text_config={**text, "projection_size": 16}, vision_config=vision)
    image = hf.Siglip2ImageProcessorPil(patch_size=PATCH, max_num_patches=16)
    return _save(folder, hf.Siglip2Model(config), hf.Siglip2Processor(image, tokenizer))


def dual(folder: Path) -> Path:
    """A ViT and a BERT side by side, as in BiomedCLIP."""
    hf = _transformers()
    tokenizer = _tokenizer(inputs=["input_ids", "token_type_ids", "attention_mask"])
    text = hf.BertConfig(**_TOWER, pad_token_id=0, vocab_size=len(tokenizer), max_position_embeddings=CONTEXT)
    config = hf.VisionTextDualEncoderConfig.from_vision_text_configs(hf.ViTConfig(**_VISION), text, projection_dim=12)
    image = hf.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    model = hf.VisionTextDualEncoderModel(config)
    return _save(folder, model, hf.VisionTextDualEncoderProcessor(image, tokenizer))


def chinese_clip(folder: Path) -> Path:
    """Chinese CLIP: a BERT whose first token is what is read."""
    hf = _transformers()
    tokenizer = _tokenizer(inputs=["input_ids", "token_type_ids", "attention_mask"])
    text = {**_TOWER, "pad_token_id": 0, "vocab_size": len(tokenizer), "max_position_embeddings": CONTEXT}
    config = hf.ChineseCLIPConfig(text_config=text, vision_config=_VISION, projection_dim=12)
    image = hf.ChineseCLIPImageProcessorPil(size={"height": SIDE, "width": SIDE}, do_center_crop=False)
    return _save(folder, hf.ChineseCLIPModel(config), hf.ChineseCLIPProcessor(image, tokenizer))


BUILDERS: Mapping[str, Callable[[Path], Path]] = {
    "clip": clip,
    "siglip": siglip,
    "siglip2": siglip2,
    "dual": dual,
    "chinese_clip": chinese_clip,
}


def _transformers() -> Any:
    """The library, untyped: its annotations differ between releases."""
    return importlib.import_module("transformers")


def _tokenizer(inputs: list[str] | None = None) -> Any:
    """One token a character, between one that begins and one that ends a text."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    special = ("<pad>", "<bos>", "<unk>", "<eos>")
    ids = {word: number for number, word in enumerate([*special, *string.printable[:95]])}
    backend = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    backend.decoder = decoders.Fuse()
    backend.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 3)]
    )
    return _transformers().PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=CONTEXT,
        **({"model_input_names": inputs} if inputs else {}),
    )


def _save(folder: Path, model: Any, processor: Any) -> Path:
    """Random weights, wide enough apart that scores differ between pictures and between texts."""
    import torch

    from harness.backends.hf.loading import quiet

    with quiet(), torch.no_grad():
        torch.manual_seed(7)
        for name, weight in model.named_parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.3)
            elif "logit" in name:
                weight.fill_(1.2 if "scale" in name else -0.7)
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder
