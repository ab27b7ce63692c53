"""The options of a ``vllm:`` model, read once. Those of the engine are called as it calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from harness.backends.hf import adapter
from harness.backends.hf.settings import Order
from harness.errors import ModelError, UsageError
from harness.records import ModelSpec

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "dtype": "auto|float32|bfloat16|float16 (auto: as the engine chooses, float16 for files in float32)",
        "order": "as_given|images_first|text_first, the order of the parts of a prompt",
        "adapter": "FOLDER of a LoRA adapter",
        "quantization": "NAME of a method of the engine, such as awq, gptq or fp8",
        "tensor_parallel_size": "N devices that share the model (1)",
        "gpu_memory_utilization": "share of a device's memory, such as 0.9",
        "max_model_len": "N tokens of prompt and reply, instead of the model's own",
        "max_num_seqs": "N prompts that the engine works on at once",
        "mm_processor_cache_gb": "GB of memory for pictures that are ready, instead of the engine's own",
        "enforce_eager": "on|off, no graphs of the device (off)",
        "prefix_caching": "on|off, whether common beginnings of prompts are computed once (on)",
        "images": "N images that a prompt may have (8)",
        "batch": "N prompts that the engine is given at a time (256)",
    }
)

_WHOLE = re.compile(r"[1-9]\d{0,6}")
_SWITCH = re.compile(r"on|off")
_VALUES = MappingProxyType(
    {
        "dtype": re.compile(r"auto|float32|bfloat16|float16"),
        "order": re.compile(r"as_given|images_first|text_first"),
        "quantization": re.compile(r"[A-Za-z0-9_-]+"),
        "tensor_parallel_size": _WHOLE,
        "gpu_memory_utilization": re.compile(r"0\.\d+|1|1\.0"),
        "max_model_len": _WHOLE,
        "max_num_seqs": _WHOLE,
        "mm_processor_cache_gb": re.compile(r"\d+(\.\d+)?"),
        "enforce_eager": _SWITCH,
        "prefix_caching": _SWITCH,
        "images": _WHOLE,
        "batch": _WHOLE,
    }
)
_NUMBERS: Mapping[str, type[int] | type[float]] = MappingProxyType(
    {
        "tensor_parallel_size": int,
        "gpu_memory_utilization": float,
        "max_model_len": int,
        "max_num_seqs": int,
        "mm_processor_cache_gb": float,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the options of a spec say.

    Attributes
    ----------
    dtype : str
        As written in the spec; ``auto`` where nothing was.
    order : str
        Order of text and images in a prompt.
    adapter : Path or None
        Folder of a LoRA adapter.
    engine : mapping of str to Any
        Arguments of the engine that the spec sets.
    images : int
        Images that a prompt may have.
    batch : int
        Prompts at a time.
    """

    dtype: str
    order: Order
    adapter: Path | None
    engine: Mapping[str, Any]
    images: int
    batch: int


def settle(spec: ModelSpec) -> Settings:
    """Read the options of a spec.

    Raises
    ------
    UsageError
        A value that the option cannot have.
    ModelError
        An adapter that is not there, is pickled, belongs to another model, or is no LoRA.
    """
    told = spec.options
    for option, value in told.items():
        if option in _VALUES and not _VALUES[option].fullmatch(value):
            raise UsageError(f"--model {spec.name}: {option} is '{value}', but should be {OPTIONS[option]}")
    engine: dict[str, Any] = {name: kind(told[name]) for name, kind in _NUMBERS.items() if name in told}
    if "quantization" in told:
        engine["quantization"] = told["quantization"]
    engine["enforce_eager"] = told.get("enforce_eager") == "on"
    engine["enable_prefix_caching"] = told.get("prefix_caching", "on") == "on"
    return Settings(
        dtype=told.get("dtype", "auto"),
        order=cast(Order, told.get("order", "as_given")),
        adapter=_adapter(spec) if "adapter" in told else None,
        engine=MappingProxyType(engine),
        images=int(told.get("images", "8")),
        batch=int(told.get("batch", "256")),
    )


def _adapter(spec: ModelSpec) -> Path:
    folder = Path(spec.options["adapter"]).expanduser().resolve()
    method = adapter.inspect(spec, adapter.Adapter(folder=folder, shown=folder.name, commit=""), spec.where)
    if method != "LORA":
        raise ModelError(
            f"model {spec.name}: the adapter '{spec.options['adapter']}' is of type {method}, but the engine takes "
            "LoRA alone: use hf:"
        )
    return folder
