"""Encoded bytes in, checked RGB pixels out; and the bounded cache of pictures that are in use.

Errors raised here and by the stores are predicates without a subject (``is empty (0 bytes), but ...``); whoever
knows the published name puts it in front.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import PIL
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, features

from harness.errors import ImageRefused
from harness.load.known import Known

MIB = 2**20

MAX_BYTES = 256 * MIB
"""An encoded picture may not be larger."""

MAX_PIXELS = 89_478_485
"""Pillow's own decompression-bomb limit. It holds even where Image.MAX_IMAGE_PIXELS was lifted."""

STRIP = MIB // 2
"""Bytes of a picture that are read at a time for its digest: they stay in the processor's cache."""

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow opens more, but some of those start other programs (EPS) or hold no picture of their own."""

_SIXTEEN_BITS = frozenset({"I;16", "I;16L", "I;16B"})
_REPEAT = threading.Lock()


class Pictures(Protocol):
    """A place where published pictures lie: a folder, an archive, a column of a table."""

    @property
    def where(self) -> str:
        """Its name in errors, relative to the root."""

    def find(self, name: str) -> str:
        """Return the key of a published name; two names of one file have one key. Raises ImageRefused."""

    def read(self, key: str) -> bytes:
        """Return the encoded bytes under a key. Safe in threads. Raises ImageRefused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What checking keeps of a picture: the digest of its pixels, and its size in pixels."""

    digest: str
    width: int
    height: int


def decode(data: bytes, *, verify: bool = False) -> Image.Image:
    """Decode one picture, strictly, to upright RGB.

    Parameters
    ----------
    data : bytes
        The encoded picture, in one of ``FORMATS``, whatever its file is called.
    verify : bool
        Check the check-sums of the file too, where its format has them (PNG).

    Returns
    -------
    PIL.Image.Image
        Mode RGB. EXIF orientation is applied; EXIF that cannot be read counts as none. Alpha is dropped, as
        ``convert("RGB")`` does: what was painted under transparency is shown. Palettes are resolved. 16-bit grey
        is scaled by its high byte (0..65535 -> 0..255), not clipped, so 12 bits in a 16-bit file come out dark.

    Raises
    ------
    ImageRefused
        Empty, truncated, damaged, not a picture, more than ``MAX_PIXELS``, several frames (which one is meant is
        not published), or 32-bit pixels without a range. ``ImageFile.LOAD_TRUNCATED_IMAGES`` is switched off.
    """
    if not data:
        raise ImageRefused("is empty (0 bytes), but should hold a picture")
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        return _decode_quietly(data, verify)
    except ImageRefused:
        raise
    except UnidentifiedImageError:
        raise ImageRefused(f"is not a picture: {looks_like(data)}") from None
    except MemoryError:  # says nothing of the picture
        raise
    except Image.DecompressionBombError as error:
        raise ImageRefused(f"is refused as a decompression bomb: {_line(error)}") from None
    except Exception as error:  # on damaged bytes the decoders raise whatever they stumble over
        raise ImageRefused(f"cannot be decoded: {_line(error) or type(error).__name__}") from None


def _decode_quietly(data: bytes, verify: bool) -> Image.Image:
    try:
        return _decode(data, verify)
    except Warning:
        # Here warnings are errors. One about metadata must not decide whether a row counts; the one about
        # bombs is our own check. The filters are global, so they are touched for such a picture only.
        with _REPEAT, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(data, verify)


def _decode(data: bytes, verify: bool) -> Image.Image:
    from io import BytesIO

    if verify:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            _check_size(image)
            image.verify()
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        _check_size(image)
        frames = getattr(image, "n_frames", 1)
        if frames != 1:
            raise ImageRefused(f"holds {frames} frames, but should be one still picture")
        image.load()
        _turn_upright(image)
        return _to_rgb(image, image.format or "")


def _check_size(image: Image.Image) -> None:
    limit = min(MAX_PIXELS, Image.MAX_IMAGE_PIXELS or MAX_PIXELS)
    if image.width * image.height > limit:
        size = f"{image.width} x {image.height} pixels"
        raise ImageRefused(f"is refused as a decompression bomb: {size}, but at most {limit} are allowed")


def _turn_upright(image: Image.Image) -> None:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Warning:
        raise
    except Exception:  # noqa: S110 - the pixels are loaded already; only the metadata cannot be parsed
        pass


def _to_rgb(image: Image.Image, encoding: str) -> Image.Image:
    if image.mode in _SIXTEEN_BITS or (image.mode == "I" and encoding in {"PNG", "PPM"}):
        high = np.right_shift(np.asarray(image).astype(np.uint32), 8).astype(np.uint8)
        return Image.fromarray(high).convert("RGB")
    if image.mode in {"I", "F"}:
        raise ImageRefused(f"has 32-bit pixels (mode {image.mode}) without a range, but should have 8 or 16 bits")
    if image.mode == "PA" or (image.mode == "P" and "transparency" in image.info):
        image = image.convert("RGBA")
    if image.mode != "RGB":
        image = image.convert("RGB")
    # a colour that counts as transparent would be painted white by who reads the picture next
    image.info.pop("transparency", None)
    return image


def looks_like(data: bytes) -> str:
    """Say what bytes that should be something else look like, in a few words."""
    if data.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer; run `git lfs pull` to get the file itself"
    if data.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "it is an HTML page, such as a log-in page saved under this name"
    return f"it starts with {data[:8]!r}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def digest(image: Image.Image) -> str:
    """Return the hex sha256 of ``<width>x<height>:`` and the RGB bytes, row by row, of an RGB picture."""
    seen = hashlib.sha256(f"{image.width}x{image.height}:".encode())
    rows = max(1, STRIP // (3 * image.width))
    for top in range(0, image.height, rows):
        seen.update(image.crop((0, top, image.width, min(top + rows, image.height))).tobytes())
    return seen.hexdigest()


class Cache:
    """Decoded pictures by the digest of their pixels, least recently used first out; safe in threads.

    Parameters
    ----------
    max_bytes : int
        Bound on the memory of the pictures held, four bytes a pixel; 0 holds none.
    """

    def __init__(self, max_bytes: int = 256 * MIB) -> None:
        self.max_bytes = max_bytes
        self._held: OrderedDict[str, Image.Image] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes held now."""
        return self._used

    def get(self, key: str) -> Image.Image | None:
        """Return a copy of the picture with this digest, or None; a caller may change its copy."""
        with self._lock:
            image = self._held.get(key)
            if image is None:
                return None
            self._held.move_to_end(key)
        return image.copy()

    def put(self, key: str, image: Image.Image) -> None:
        """Hold a copy of a picture, letting go of the longest unused ones."""
        self._put(key, image, evict=True)

    def offer(self, key: str, image: Image.Image) -> None:
        """Hold a copy of a picture where there is room, and nothing else has to go for it."""
        self._put(key, image, evict=False)

    def clear(self) -> None:
        """Let go of all pictures."""
        with self._lock:
            self._held.clear()
            self._used = 0

    def _put(self, key: str, image: Image.Image, *, evict: bool) -> None:
        size = _bytes(image)
        with self._lock:
            full = self._used + size > self.max_bytes
            if key in self._held or size > self.max_bytes or (full and not evict):
                return
            self._held[key] = image.copy()
            self._used += size
            while self._used > self.max_bytes:
                self._used -= _bytes(self._held.popitem(last=False)[1])


def _bytes(image: Image.Image) -> int:
    return 4 * image.width * image.height  # Pillow holds RGB in four bytes a pixel


CACHE = Cache()
"""The cache of this process. Small sets stay decoded in it; of big ones 256 MiB. ``max_bytes`` may be set."""


def examine(data: bytes) -> Picture:
    """Decode a picture for its digest and size, and keep it in the cache only while there is room.

    Bytes that this decoder has decoded before are not decoded again: they would come to the same pixels.
    """
    before = KNOWN.get(data)
    if before is not None:
        return Picture(digest=before[0], width=before[1], height=before[2])
    image = decode(data, verify=True)
    found = Picture(digest=digest(image), width=image.width, height=image.height)
    CACHE.offer(found.digest, image)
    KNOWN.put(data, found.digest, found.width, found.height)
    return found


@cache
def _decoder() -> str:
    """Everything beside the bytes that pixels depend on: Pillow, its codecs, and this module."""
    codecs = [f"{name} {features.version(name)}" for name in ("jpg", "jpg_2000", "zlib", "libtiff", "webp")]
    return "\n".join([f"Pillow {PIL.__version__}", *codecs, inspect.getsource(sys.modules[__name__])])


KNOWN = Known(_decoder)
"""What pictures came to in earlier runs."""


def reopen(read: Callable[[], bytes], name: str, expected: str) -> Image.Image:
    """Return the RGB picture that was checked at loading, from the cache or decoded again.

    Raises
    ------
    ImageRefused
        Where its file is gone or its pixels are not those that were checked.
    """
    image = CACHE.get(expected)
    if image is not None:
        return image
    try:
        image = decode(read())
    except ImageRefused as error:
        raise ImageRefused(f"image {name!r} {error}") from None
    found = digest(image)
    if found != expected:
        raise ImageRefused(
            f"image {name!r} was changed during the run: its pixels have digest {found[:12]}, but had "
            f"{expected[:12]} when the rows were loaded. Restore the file and start again."
        )
    CACHE.put(found, image)
    return image
