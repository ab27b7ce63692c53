"""Whether memory has ended: what a model that asks for too much raises, on a device or on the host."""

from __future__ import annotations

from typing import Any


def ended(cause: BaseException) -> bool:
    """Say whether less at a time may succeed where ``cause`` was raised."""
    import torch
    from accelerate.utils.memory import should_reduce_batch_size

    if isinstance(cause, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(cause, Exception) and bool(should_reduce_batch_size(cause))


def free(device: Any) -> None:
    """Give back to a device what no tensor uses any more."""
    if device.type == "cuda":
        import torch

        torch.cuda.empty_cache()
