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
Thinking = Literal["auto", "off", "on"]

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "dtype": "auto|float32|bfloat16|float16 (auto: as the files say)",
        "device": "auto|cpu|mps|cuda|cuda:N (auto: cuda where it is)",
        "device_map": "auto|balanced|balanced_low_0|sequential|FILE.json, to spread a model over devices, instead of "
        "device",
        "quantize": "4bit|8bit, weights rounded by bitsandbytes while they are read",
        "adapter": "FOLDER|REPOSITORY[@revision] of a PEFT adapter (LoRA and the like) of this model",
        "code": "NAME of this model, the repository at a full commit or the folder, to run the code that it brings",
        "order": "as_given|images_first|text_first, the order of the parts of a prompt",
        "thinking": "auto|off|on, what the chat template is told as enable_thinking (auto: nothing)",
        "min_pixels": "N, smallest area of a picture after resizing, where its processor has such a limit",
        "max_pixels": "N, largest area of a picture after resizing, where its processor has such a limit",
        "attn": "eager|sdpa|flash_attention_2|flex_attention, instead of the model's default",
        "batch": "auto|N prompts at a time (auto: at most 32, fewer where they are long)",
        "reuse": "on|off, whether features of images and beginnings of prompts are kept for the next prompts (on)",
    }
)

_VALUES = MappingProxyType(
    {
        "dtype": re.compile(r"auto|float32|bfloat16|float16"),
        "device": re.compile(r"auto|cpu|mps|cuda(:\d+)?"),
        "device_map": re.compile(r"auto|balanced|balanced_low_0|sequential|.+\.json"),
        "quantize": re.compile(r"4bit|8bit"),
        "adapter": re.compile(r".+"),
        "code": re.compile(r"[\w.-]+(/[\w.-]+)?"),
        "order": re.compile(r"as_given|images_first|text_first"),
        "thinking": re.compile(r"auto|off|on"),
        "min_pixels": re.compile(r"[1-9]\d{0,9}"),
        "max_pixels": re.compile(r"[1-9]\d{0,9}"),
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
    device_map, quantize, adapter, code : str
        As written in the spec; empty where nothing was.
    thinking : str
        Whether the chat template is told to let the model reason, not to, or nothing.
    min_pixels, max_pixels : int
        Area of a picture after resizing; 0 for the limits of the processor.
    """

    dtype: str = "auto"
    device: str = "auto"
    order: Order = "as_given"
    attn: str = ""
    batch: int = 0
    reuse: bool = True
    device_map: str = ""
    quantize: str = ""
    adapter: str = ""
    code: str = ""
    thinking: Thinking = "auto"
    min_pixels: int = 0
    max_pixels: int = 0


PLAIN = Settings()
"""No option at all."""


def settle(spec: ModelSpec) -> Settings:
    """Read the options of a spec.

    Raises
    ------
    UsageError
        A value that the option cannot have, or two options that exclude each other.
    """
    for option, value in spec.options.items():
        if not _VALUES[option].fullmatch(value):
            raise UsageError(f"--model {spec.name}: {option} is '{value}', but should be {OPTIONS[option]}")
    _hold(spec)
    batch = spec.options.get("batch", "auto")
    return Settings(
        dtype=spec.options.get("dtype", "auto"),
        device=spec.options.get("device", "auto"),
        order=cast(Order, spec.options.get("order", "as_given")),
        attn=spec.options.get("attn", ""),
        batch=0 if batch == "auto" else int(batch),
        reuse=spec.options.get("reuse", "on") == "on",
        device_map=spec.options.get("device_map", ""),
        quantize=spec.options.get("quantize", ""),
        adapter=spec.options.get("adapter", ""),
        code=spec.options.get("code", ""),
        thinking=cast(Thinking, spec.options.get("thinking", "auto")),
        min_pixels=int(spec.options.get("min_pixels", 0)),
        max_pixels=int(spec.options.get("max_pixels", 0)),
    )


def _hold(spec: ModelSpec) -> None:
    """Refuse options that exclude each other."""
    if {"device", "device_map"} <= spec.options.keys():
        raise UsageError(
            f"--model {spec.name}: device is '{spec.options['device']}' and device_map '{spec.options['device_map']}', "
            "but a model stands on one device or is spread over several: leave out one of them"
        )
    least, most = (int(spec.options.get(option, 0)) for option in ("min_pixels", "max_pixels"))
    if least > most > 0:
        raise UsageError(
            f"--model {spec.name}: min_pixels is {least} and max_pixels {most}, but min_pixels should be the smaller "
            "one: exchange them"
        )
