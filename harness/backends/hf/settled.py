"""What options ask of a processor and of the weights, put into the words of transformers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.backends.hf.settings import Settings
from harness.errors import ModelError


def think(shown: str, processor: Any, settings: Settings) -> None:
    """Have the chat template told whether the model shall think: as its variable ``enable_thinking``, set before it.

    Raises
    ------
    ModelError
        The template does not know that variable.
    """
    if settings.thinking == "auto":
        return
    template = processor.chat_template or processor.tokenizer.chat_template
    if not isinstance(template, str) or not re.search(r"\benable_thinking\b", template):
        raise ModelError(
            f"model {shown}: thinking is '{settings.thinking}', but its chat template does not know enable_thinking: "
            "leave out thinking="
        )
    value = "true" if settings.thinking == "on" else "false"
    processor.chat_template = f"{{%- set enable_thinking = {value} -%}}{template}"


def limit_pixels(shown: str, processor: Any, settings: Settings) -> None:
    """Have the image processor keep pictures within an area, where it has such limits.

    Raises
    ------
    ModelError
        It has none.
    """
    asked = {name: getattr(settings, name) for name in ("min_pixels", "max_pixels") if getattr(settings, name)}
    if not asked:
        return
    image: Any = processor.image_processor
    known = getattr(getattr(image, "valid_kwargs", None), "__annotations__", {})
    foreign = sorted(name for name in asked if name not in known and not hasattr(image, name))
    if foreign:
        raise ModelError(
            f"model {shown}: {foreign[0]} is {asked[foreign[0]]}, but its {type(image).__name__} has no such limit: "
            f"leave out {foreign[0]}="
        )
    held = {name: value for name, value in image.to_dict().items() if not name.endswith("_type")}
    processor.image_processor = type(image)(**{**held, **asked})


def placed(settings: Settings, device: str) -> Mapping[str, Any]:
    """Arguments of ``from_pretrained``: attention, where the weights go, and how they are rounded."""
    named: dict[str, Any] = {"attn_implementation": settings.attn} if settings.attn else {}
    if settings.device_map:
        named["device_map"] = _map(settings.device_map)
    if settings.quantize:
        import torch
        from transformers import BitsAndBytesConfig

        in_bits: Any = BitsAndBytesConfig  # its annotations differ between releases
        compute = torch.bfloat16 if settings.dtype == "auto" else getattr(torch, settings.dtype)
        named["quantization_config"] = (
            in_bits(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute)
            if settings.quantize == "4bit"
            else in_bits(load_in_8bit=True)
        )
        named.setdefault("device_map", {"": device})
    return named


def _map(text: str) -> Any:
    """A word that accelerate knows, or a map of modules to devices from a file."""
    if not text.endswith(".json"):
        return text
    try:
        read = json.loads(Path(text).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise ModelError(
            f"device_map={text}: cannot be read ({cause}), but should be a JSON object of modules and devices: write "
            '{"": 0} to put all on the first one'
        ) from cause
    if not isinstance(read, dict):
        raise ModelError(
            f"device_map={text}: holds a {type(read).__name__}, but should hold a JSON object of modules and devices"
        )
    return read
