"""What travels to an actor and back: prompts without files behind their pictures, and the pixels beside them.

A picture is decoded where its file is and travels as pixels. Whoever unpacks it counts its digest again, so that a
mix-up on the way is a failed row, and never the reply to another picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from harness.errors import ImageRefused
from harness.records import ImagePart, ImageRef, Prompt, Reply, Row

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an actor has to know of the case before it is asked.

    Attributes
    ----------
    case : tuple of str
        Benchmark and mode; empty where nobody said.
    met : int
        Number of the rows that the model was met with; 0 for none.
    rows : tuple
        Reference to those rows in the object store; empty for none.
    """

    case: tuple[str, ...] = ()
    met: int = 0
    rows: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Prompts on their way.

    Attributes
    ----------
    prompts : tuple of Prompt
        Their pictures cannot be opened before they are unpacked.
    ids : tuple of str
        Row ids, one a prompt, or none.
    told : Told
        The case.
    shown : mapping of str to (str, (int, int))
        Digest of each distinct picture, to its mode and size; their pixels come beside the parcel in this order.
    """

    prompts: tuple[Prompt, ...]
    ids: tuple[str, ...]
    told: Told
    shown: Mapping[str, tuple[str, tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What comes back.

    Attributes
    ----------
    replies : tuple of Reply
        One a prompt, in order.
    raised : int
        How many prompts the model broke on, each asked alone.
    """

    replies: tuple[Reply, ...]
    raised: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error of the model that is no error of a row: the name of its class, and its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What an actor says once it has opened the model: node, version of the suite, digest of the model, batch size."""

    node: str
    version: str
    fingerprint: str
    batch_size: int


def stripped(prompt: Prompt) -> Prompt:
    """Return a prompt that travels: its pictures keep name, size and digest."""
    parts = (replace(part, image=_bare(part.image)) if isinstance(part, ImagePart) else part for part in prompt.parts)
    return replace(prompt, parts=tuple(parts))


def bare_rows(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return rows that travel, in the same way."""
    return tuple(replace(row, images=tuple(_bare(ref) for ref in row.images), slices=dict(row.slices)) for row in rows)


def failed(error: str) -> Reply:
    """The reply of a row that failed, with its cause."""
    return Reply(text="", receipts=(), finish="failed", error=error)


def name(ids: Sequence[str], place: int) -> str:
    """What a prompt is called in messages: its row, or its place where no ids came with it."""
    return f"row {ids[place]}" if ids else f"prompt {place + 1}"


def unpacked(parcel: Parcel, arrived: Sequence[Any]) -> tuple[list[Prompt], dict[int, str]]:
    """Put the pixels that arrived behind the pictures of the prompts.

    Returns
    -------
    list of Prompt
        All of them, in order.
    dict of int to str
        Place of each prompt one of whose pictures is not what was sent, and what is wrong with it.
    """
    found: dict[str, Image] = {}
    wrong: dict[str, str] = {}
    for (digest, (mode, size)), array in zip(parcel.shown.items(), arrived, strict=True):
        image, fault = _rebuilt(array, mode, size, digest)
        if image is None:
            wrong[digest] = fault
        else:
            found[digest] = image
    prompts = [_filled(prompt, found) for prompt in parcel.prompts]
    bad = {
        place: f"image {ref.name!r} {wrong[ref.digest]}"
        for place, prompt in enumerate(parcel.prompts)
        for ref in prompt.images
        if ref.digest in wrong
    }
    return prompts, bad


def _rebuilt(array: Any, mode: str, size: tuple[int, int], digest: str) -> tuple[Image | None, str]:
    """The picture of some bytes, if its digest is the one it was sent under; else what is wrong with it."""
    from PIL import Image

    from harness.load import pixels as loading

    data = bytes(array)
    try:
        image = Image.frombytes(mode, size, data)
    except ValueError as cause:
        return None, f"did not arrive as it was sent: {len(data)} bytes for {size[0]} x {size[1]} pixels ({cause})"
    got = loading.digest(image)
    if got == digest:
        return image, ""
    return None, (
        f"did not arrive as it was sent: its pixels have digest {got[:12]}, but had {digest[:12]}; nothing was asked "
        "about it: run again"
    )


def _filled(prompt: Prompt, found: Mapping[str, Image]) -> Prompt:
    parts = (
        replace(part, image=replace(part.image, open=found[part.image.digest].copy))
        if isinstance(part, ImagePart) and part.image.digest in found
        else part
        for part in prompt.parts
    )
    return replace(prompt, parts=tuple(parts))


def _bare(ref: ImageRef) -> ImageRef:
    return replace(ref, open=partial(_closed, ref.name))


def _closed(name: str) -> NoReturn:
    raise ImageRefused(
        f"{name}: its pixels were not sent to this node, but should be with every prompt that is asked: "
        "ask with prepare and reply"
    )
