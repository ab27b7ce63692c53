"""What was computed once and is kept: features of images and of texts, the least recently used given up first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

OVERHEAD = 512
"""Bytes of an entry beside its features, about: its key, its objects."""


@dataclass(slots=True, kw_only=True, eq=False)
class Entry(Generic[T]):
    """One image or text on its way to its features.

    Attributes
    ----------
    made : T
        What was made of it ahead of the encoder.
    features : Tensor or None
        Of length 1; None until they are computed. Whoever holds the entry holds them, also once the shelf gave it up.
    """

    made: T
    features: Tensor | None = None


class Shelf(Generic[T]):
    """Entries by key, within a bound.

    Parameters
    ----------
    bound : int
        Bytes of all entries together; with 0 none is kept.
    width : int
        Numbers in the features of an entry.
    """

    def __init__(self, bound: int, width: int) -> None:
        self._most = bound // (4 * width + OVERHEAD)
        self._entries: OrderedDict[str, Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, key: str, make: Callable[[], T]) -> Entry[T]:
        """The entry of a key, made by ``make`` where it is not here."""
        with self._lock:
            known = self._entries.get(key)
            if known is not None:
                self._entries.move_to_end(key)
                return known
        made = Entry(made=make())
        with self._lock:
            first = self._entries.setdefault(key, made)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return first
