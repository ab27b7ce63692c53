"""Whether memory has ended, on a device or on the host; and giving back what nobody uses any more."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

GROWTH = 2**28
"""Bytes by which the process may grow before it is looked whether some of them are free."""


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


class Settled:
    """Gives back to the system what is free, whenever the process has grown.

    glibc before 2.38 does not find room for an aligned tensor in a gap of its own size. Pictures that are made ready
    in one thread and let go in another leave such gaps, 17 MB for each of 12 megapixels, and nothing else fills them.
    """

    def __init__(self) -> None:
        self._held = 0

    def settle(self) -> None:
        """Look, and give back; takes some hundredths of a second where there is anything to give."""
        held = resident()
        if held > self._held + GROWTH:
            trim = _trim()
            if trim is not None:
                trim(0)
                held = resident()
            self._held = held


def resident() -> int:
    """Bytes that this process holds in memory."""
    import psutil

    return int(psutil.Process().memory_info().rss)


@cache
def _trim() -> Any:
    """``malloc_trim`` of the C library; None where it has none."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or a system without one
        return None
