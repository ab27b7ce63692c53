"""The two encoders of a contrastive model, whichever library opened them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from harness.backends.clip.files import Files
from harness.backends.clip.settings import Settings
from harness.errors import ModelError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One image as the image encoder is given it.

    Attributes
    ----------
    tensors : mapping of str to Tensor
        Inputs of the encoder, each with a first axis of 1; emptied once they were encoded.
    tokens : int
        Patches of the image that the encoder looks at, at least 1.
    digest : str
        Hex digest of the pixel tensor.
    """

    tensors: dict[str, Tensor]
    tokens: int
    digest: str


class Towers(Protocol):
    """What a model of images and texts can do."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Class, dtype and device, for the report."""

    @property
    def context(self) -> int:
        """Tokens that the text encoder takes."""

    @property
    def scale(self) -> float:
        """What cosines are multiplied by."""

    @property
    def bias(self) -> float | None:
        """What is added to them; None for a model that was trained without."""

    def measure(self, texts: Sequence[str]) -> list[int]:
        """Lengths of some texts in tokens, none of them cut."""

    def look(self, picture: Image) -> Sight:
        """Turn one picture into tensors on the CPU."""

    def see(self, sights: Sequence[Sight]) -> Tensor:
        """Features of some images on the CPU in float32, of length 1; shape (images, width)."""

    def read(self, texts: Sequence[str]) -> Tensor:
        """Features of some texts on the CPU in float32, of length 1; shape (texts, width)."""

    def prove(self, picture: Image, texts: Sequence[str]) -> Tensor:
        """Logits of one picture against some texts by the library's own way through both encoders; shape (texts,)."""


def open_towers(files: Files, settings: Settings) -> Towers:
    """Open a checkpoint and hold this suite's logits against the library's own.

    Raises
    ------
    ModelError
        It cannot be opened, is of another kind, or computes its logits otherwise.
    """
    towers: Towers
    if settings.library == "open_clip":
        from harness.backends.clip.open_clip_towers import OpenClipTowers

        towers = OpenClipTowers(files, settings)
    else:
        from harness.backends.clip.transformers_towers import TransformersTowers

        towers = TransformersTowers(files, settings)
    _hold(towers, files, settings)
    return towers


def _hold(towers: Towers, files: Files, settings: Settings) -> None:
    """Refuse a model that this suite would read otherwise than its own library does."""
    if settings.scores == "sigmoid" and towers.bias is None:
        raise ModelError(
            f"model {files.shown}: scores=sigmoid was asked for, but this model was trained without a bias, so that "
            "its logits mean something only beside each other: leave 'scores' out"
        )
    picture, texts = _pattern(), ("a scan", "another picture")
    own = (towers.see([towers.look(picture)]) @ towers.read(texts).T)[0] * towers.scale + (towers.bias or 0)
    due = towers.prove(picture, texts)
    # Reduced precision loses about 1 in 256; a missing norm, scale or bias is off by far more than the scale / 50
    near = 1e-3 if towers.facts["dtype"] == "float32" else max(0.5, towers.scale / 50)
    if own.shape != due.shape or not bool(((own - due).abs() <= near).all()):
        raise ModelError(
            f"model {files.shown}: its logits of a trial are {_shown(due)} by its own library and {_shown(own)} as "
            "scaled cosines, but should be equal: this architecture cannot be measured here"
        )


def _shown(logits: Tensor) -> str:
    return ", ".join(f"{value:.4f}" for value in logits.flatten().tolist())


def _pattern() -> Image:
    """A small picture with some structure."""
    from PIL import Image

    width, height = 64, 48
    pixels = bytes((7 * x + 13 * y + 80 * c) % 256 for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), pixels)


def unit(features: Tensor, wanted: int, what: str) -> Tensor:
    """Features on the CPU in float32, brought to length 1.

    Raises
    ------
    ModelError
        Not as many as there were images or texts.
    """
    if features.ndim != 2 or len(features) != wanted:
        raise ModelError(
            f"the model was given {wanted} {what} and returned features of shape {tuple(features.shape)}, but should "
            "return one line for each: this architecture cannot be measured here"
        )
    import torch

    return torch.nn.functional.normalize(features.float().cpu(), dim=-1)


def counted(call: Callable[[], Any], what: str) -> Any:
    """Call into a library that may raise anything, and say in one line what it did."""
    try:
        return call()
    except Exception as cause:
        told = " ".join(str(cause).split())[:300]
        raise ModelError(
            f"{what} failed ({type(cause).__name__}: {told}), but should take every image and text of a row: leave the "
            "row out for this model, or ask another"
        ) from cause
