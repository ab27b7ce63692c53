"""Keys and values of prompts that were read apart, as one cache for the batch that goes on from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

GROWING = ("DynamicLayer", "DynamicSlidingWindowLayer")
"""Layers of a cache that hold a key and a value a token and nothing else."""


def stacked(caches: Sequence[Any]) -> Any:
    """Join caches along their rows; what is shorter is padded on the left, where the mask of the batch hides it.

    Parameters
    ----------
    caches : sequence of transformers.DynamicCache
        Of one model; the longest of them becomes the result.

    Raises
    ------
    ModelError
        The model keeps something else than a key and a value a token, or has let go of some.
    """
    lengths = [int(cache.get_seq_length()) for cache in caches]
    length = max(lengths)
    longest = lengths.index(length)
    for layers in zip(*(cache.layers for cache in caches), strict=True):
        kinds = {type(layer).__name__ for layer in layers}
        if not kinds <= set(GROWING):
            raise ModelError(f"caches of {', '.join(sorted(kinds))} cannot be joined, but should be of {GROWING}")
        _hold_complete(layers, lengths)
        keys, values = [layer.keys for layer in layers], [layer.values for layer in layers]
        layers[longest].keys, layers[longest].values = _joined(keys, length), _joined(values, length)
    return caches[longest]


def _hold_complete(layers: Sequence[Any], lengths: list[int]) -> None:
    """Refuse layers that have let go of tokens, or that have none of their own."""
    held = [layer.keys.shape[-2] if layer.is_initialized else 0 for layer in layers]
    if held != lengths:
        raise ModelError(f"layers of a cache hold {held} tokens, but should hold all {lengths} that were read")


def _joined(parts: Sequence[Tensor], length: int) -> Tensor:
    """Tensors of ``(rows, heads, tokens, width)``, padded with zeros on the left to one length."""
    rows = sum(len(part) for part in parts)
    joined: Tensor = parts[0].new_zeros(rows, parts[0].shape[1], length, parts[0].shape[3])
    begin = 0
    for part in parts:
        joined[begin : begin + len(part), :, length - part.shape[2] :] = part
        begin += len(part)
    return joined
