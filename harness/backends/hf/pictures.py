"""Pictures that the model's processor has made ready, each once and alone, for all prompts that show them.

A picture is known by the digest of its pixels. What is kept of it is what stands for it in a prompt's text, its
receipt, its tensors until the vision tower has read them, and then its features. Where it is known how often a picture
will be asked for, it goes after the last time; beyond the room the least recently used go first.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from harness.backends.hf.receipts import Picture
from harness.records import ImageRef

if TYPE_CHECKING:
    from torch import Tensor


class Seen:
    """One picture, ready for any prompt.

    Attributes
    ----------
    image : ImageRef
        What it is.
    written : str
        What the processor puts in the place of its placeholder.
    picture : Picture
        Image tokens, and the digest of its pixel tensor.
    tensors : mapping of str to Tensor
        What the vision tower is given for it, on the CPU; empty once ``features`` are there.
    shape : mapping of str to Tensor
        Those of the tensors that tell of its shape (grids, sizes), which the language model may want too.
    features : Any
        What the vision tower made of it, on the model's device; None before.
    """

    __slots__ = ("features", "image", "picture", "shape", "tensors", "written")

    def __init__(self, image: ImageRef, written: str, picture: Picture, tensors: Mapping[str, Tensor]) -> None:
        self.image = image
        self.written = written
        self.picture = picture
        self.tensors: Mapping[str, Tensor] = tensors
        self.shape = {name: tensor for name, tensor in tensors.items() if "pixel" not in name}
        self.features: Any = None

    def encoded(self, features: Any) -> None:
        """Keep the features, and give up the tensors that they were made of."""
        self.features, self.tensors = features, {}

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return sum(held.nbytes for held in [*self.tensors.values(), *_tensors(self.features)])


class Pictures:
    """The pictures that are kept, by the digest of their pixels; safe to use from several threads.

    Parameters
    ----------
    room : int
        Bytes that they may hold. A batch keeps its own pictures alive beyond that.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.made = 0
        self.asked = 0
        self._kept: OrderedDict[str, Seen] = OrderedDict()
        self._due: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def expect(self, images: Iterable[ImageRef]) -> None:
        """Say what will be asked for from now on, each as often as it stands there; what was said before is over."""
        with self._lock:
            self._due = Counter(image.digest for image in images)

    def get(self, image: ImageRef, make: Callable[[ImageRef], Seen]) -> Seen:
        """Return a picture, made ready by ``make`` where it is not kept; made once where several threads want it."""
        with self._lock:
            self.asked += 1
            found = self._taken(image.digest)
            if found is not None:
                return found
            turn = self._making.setdefault(image.digest, threading.Lock())
        with turn:
            with self._lock:
                found = self._taken(image.digest)
            if found is None:
                try:
                    found = make(image)
                finally:
                    with self._lock:
                        self._making.pop(image.digest, None)
                        if found is not None:
                            self.made += 1
                            self._kept[image.digest] = found
                            self._taken(image.digest)
        return found

    def _taken(self, digest: str) -> Seen | None:
        """One that is kept, as the most recently used; kept no longer where this was the last time, by the lock."""
        found = self._kept.get(digest)
        if found is None:
            return None
        self._kept.move_to_end(digest)
        if digest in self._due:
            self._due[digest] -= 1
            if not self._due[digest]:
                # prompts that show it hold it for as long as they need it
                del self._due[digest], self._kept[digest]
        return found

    def trim(self) -> None:
        """Let go of the least recently used ones beyond the room."""
        with self._lock:
            held = sum(seen.size for seen in self._kept.values())
            while held > self.room and len(self._kept) > 1:
                held -= self._kept.popitem(last=False)[1].size

    def drop(self) -> None:
        """Let go of all."""
        with self._lock:
            self._kept.clear()


def _tensors(features: Any) -> list[Any]:
    """All tensors in features, however deep."""
    if features is None:
        return []
    if hasattr(features, "nbytes"):
        return [features]
    parts = features.values() if isinstance(features, Mapping) else features
    return [tensor for part in parts for tensor in _tensors(part)]
