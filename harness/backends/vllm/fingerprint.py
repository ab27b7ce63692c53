"""One digest over everything that shapes a reply of a checkpoint on the engine."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from harness.backends.hf.checkpoint import SMALL, Checkpoint, weight_files
from harness.backends.hf.fingerprint import digest
from harness.backends.vllm.settings import Settings

# Of the way this backend asks: change it whenever the same files could reply differently
PROTOCOL = "greedy, one user turn, tokens of the model's own tokenizer, 1"

# What the engine is told that changes no number it computes on purpose
_NEUTRAL = frozenset({"gpu_memory_utilization", "max_num_seqs", "mm_processor_cache_gb", "enable_prefix_caching"})


def of(checkpoint: Checkpoint, settings: Settings) -> str:
    """Hex sha256 over files or repository and commit, adapter, options and versions.

    Neither the place of a folder nor the share of memory nor the batch size counts.
    """
    files = [f"{checkpoint.repo}@{checkpoint.commit}"] if checkpoint.repo else _files(checkpoint.folder)
    told = {
        "files": files,
        "adapter": _all(settings.adapter) if settings.adapter else [],
        "options": [settings.dtype, settings.order],
        "engine": {name: value for name, value in settings.engine.items() if name not in _NEUTRAL},
        "versions": {package: version(package) for package in ("torch", "transformers", "vllm")},
        "protocol": PROTOCOL,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _files(folder: Path) -> list[str]:
    """Names and digests of the files that shape a reply."""
    small = {path for pattern in SMALL for path in folder.glob(pattern) if path.is_file()}
    return [f"{path.relative_to(folder).as_posix()} {digest(path)}" for path in sorted({*small, *weight_files(folder)})]


def _all(folder: Path) -> list[str]:
    """Names and digests of an adapter: its config and its weights."""
    kept = sorted(path for path in folder.iterdir() if path.suffix in {".json", ".safetensors", ".bin"})
    return [f"{path.name} {digest(path)}" for path in kept]
