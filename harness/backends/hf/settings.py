"""The options of an ``hf:`` model, read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast

from harness.errors import UsageError
from harness.records import ModelSpec

Order = Literal["as_given", "images_first", "text_first"]

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "dtype": "auto|float32|bfloat16|float16 (auto: as the files say)",
        "device": "auto|cpu|mps|cuda|cuda:N (auto: cuda where it is)",
        "order": "as_given|images_first|text_first, the order of the parts of a prompt",
        "attn": "eager|sdpa|flash_attention_2|flex_attention, instead of the model's default",
        "batch": "auto|N prompts at a time (auto: 16 on cuda, else 8)",
        "reuse": "on|off, whether features of images and beginnings of prompts are kept for the next prompts (on)",
    }
)

_VALUES = MappingProxyType(
    {
        "dtype": re.compile(r"auto|float32|bfloat16|float16"),
        "device": re.compile(r"auto|cpu|mps|cuda(:\d+)?"),
        "order": re.compile(r"as_given|images_first|text_first"),
        "attn": re.compile(r"eager|sdpa|flash_attention_2|flex_attention"),
        "batch": re.compile(r"auto|[1-9]\d{0,3}"),
        "reuse": re.compile(r"on|off"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the options of a spec say.

    Attributes
    ----------
    dtype, device : str
        As written in the spec; ``auto`` where nothing was.
    order : str
        Order of text and images in a prompt; ``as_given`` leaves the parts where the prompt has them.
    attn : str
        Attention kernel; empty for the model's default.
    batch : int
        Prompts at a time; 0 for the default of the device.
    reuse : bool
        Whether work on images and beginnings of prompts that come again is done once. Changes no reply.
    """

    dtype: str
    device: str
    order: Order
    attn: str
    batch: int
    reuse: bool = True


def settle(spec: ModelSpec) -> Settings:
    """Read the options of a spec.

    Raises
    ------
    UsageError
        A value that the option cannot have.
    """
    for option, value in spec.options.items():
        if not _VALUES[option].fullmatch(value):
            raise UsageError(f"--model {spec.name}: {option} is '{value}', but should be {OPTIONS[option]}")
    batch = spec.options.get("batch", "auto")
    return Settings(
        dtype=spec.options.get("dtype", "auto"),
        device=spec.options.get("device", "auto"),
        order=cast(Order, spec.options.get("order", "as_given")),
        attn=spec.options.get("attn", ""),
        batch=0 if batch == "auto" else int(batch),
        reuse=spec.options.get("reuse", "on") == "on",
    )
