"""Pictures in Ray's object store: decoded where their files are, put there once each, and kept over batches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from harness.records import ImageRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A picture in the object store: its reference there, its mode, and its size in pixels."""

    stored: Any
    mode: str
    size: tuple[int, int]


class Shelf:
    """Pictures in the object store by digest, each put there once, the longest unused taken off first.

    Parameters
    ----------
    put : callable
        Puts an array into the store and returns a reference; what nobody refers to any more is freed there.
    max_bytes : int
        Bound on the pixels that stay between batches.
    """

    def __init__(self, put: Callable[[Any], Any], max_bytes: int) -> None:
        self._put, self._max = put, max_bytes
        self._held: OrderedDict[str, Future[Shelved]] = OrderedDict()
        self._used = 0
        self._lock = Lock()

    def get(self, ref: ImageRef) -> Shelved:
        """Return a picture of the shelf, decoded and put there if need be. Safe in threads.

        Raises
        ------
        ImageRefused
            The picture cannot be opened.
        """
        with self._lock:
            found = self._held.get(ref.digest)
            if found is not None:
                self._held.move_to_end(ref.digest)
            mine = Future[Shelved]() if found is None else None
            if mine is not None:
                self._held[ref.digest] = mine
        if mine is not None:
            self._fill(ref, mine)
        return (found or mine).result()  # type: ignore[union-attr]

    def _fill(self, ref: ImageRef, place: Future[Shelved]) -> None:
        try:
            image = ref.open()
            place.set_result(Shelved(stored=self._put(pixels(image)), mode=image.mode, size=image.size))
        except Exception as cause:
            with self._lock:
                self._held.pop(ref.digest, None)
            place.set_exception(cause)
            return
        with self._lock:
            self._used += _bytes(place.result())
            done = [digest for digest, held in self._held.items() if held.done() and digest != ref.digest]
            for digest in done:
                if self._used <= self._max:
                    break
                self._used -= _bytes(self._held.pop(digest).result())


def pixels(image: Image) -> NDArray[np.uint8]:
    """The bytes of a picture, row by row."""
    import numpy

    return numpy.frombuffer(image.tobytes(), dtype=numpy.uint8)


def _bytes(shelved: Shelved) -> int:
    return len(shelved.mode) * shelved.size[0] * shelved.size[1]
