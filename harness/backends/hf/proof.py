"""Whether work may be shared with a model: made-up prompts are asked the plain way and the shared way.

Both must give the same tokens and, within the noise of the dtype, the same probabilities of the first new token.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.backends.hf.processing import Eye
from harness.backends.hf.sharing import Sharing
from harness.backends.hf.writing import FirstToken, write
from harness.errors import ModelError
from harness.records import ImagePart, ImageRef, Prompt, TextPart

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = {"torch.float32": 1e-3, "torch.float64": 1e-3}
"""Largest difference of log-probabilities, by dtype."""
COARSE = 0.25
"""The same for the dtypes of half the width, whose sums depend on the order of the terms."""
LIKELY = -12.0
"""Tokens less likely than this are not compared."""

_SIZES = ((64, 48), (48, 80))
_TEXTS = ("one", "another question, which is longer", "and a third")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What may be shared: features of pictures, beginnings of prompts, and why not where not."""

    features: bool
    beginnings: bool
    why: str = ""


def prove(
    model: Any, eye: Eye, sharing: Sharing, config: Callable[[int], Any], lock: threading.RLock, *, several: bool
) -> Found:
    """Ask both ways.

    Parameters
    ----------
    several : bool
        Whether a prompt may have several images.
    """
    prompts = _prompts(several)
    limit = TOLERANCE.get(str(model.dtype), COARSE)
    try:
        plain = _plain(model, eye, prompts, config)
        lines = sharing.lines(prompts, lock)
        if [line.ids for line in lines] != plain[0]:
            return Found(features=False, beginnings=False, why="its processor writes a picture's tokens otherwise")
        sharing.beginnings = False
        apart = _apart(plain[1], _shared(model, sharing, lines, config))
        if apart > limit:
            return Found(features=False, beginnings=False, why=_said("features passed in", apart))
    except Exception as cause:  # whatever an architecture does with what it does not know
        return Found(features=False, beginnings=False, why=_cause(cause))
    finally:
        sharing.beginnings = True
    try:
        sharing.window = _window(model)
        apart = _apart(plain[1], _shared(model, sharing, lines, config))
    except Exception as cause:
        return Found(features=True, beginnings=False, why=_cause(cause))
    if apart > limit:
        return Found(features=True, beginnings=False, why=_said("a beginning read first", apart))
    return Found(features=True, beginnings=True)


def _plain(
    model: Any, eye: Eye, prompts: Sequence[Prompt], config: Callable[[int], Any]
) -> tuple[list[tuple[int, ...]], Tensor]:
    """Ids of each prompt, and log-probabilities of its first new token, by the processor and the model alone."""
    inputs, _ = eye.read(prompts, {})
    mask = inputs["attention_mask"].bool()
    ids = [tuple(row[own].tolist()) for row, own in zip(inputs["input_ids"], mask, strict=True)]
    given = {
        name: tensor.to(model.device, model.dtype) if tensor.is_floating_point() else tensor.to(model.device)
        for name, tensor in inputs.items()
    }
    first = FirstToken()
    write(model, given, config(1), watching=first)
    return ids, _known(first)


def _shared(model: Any, sharing: Sharing, lines: Any, config: Callable[[int], Any]) -> Tensor:
    first = FirstToken()
    sharing.write(model, lines, config, 1, watching=first, always=True)
    return _known(first)


def _known(first: FirstToken) -> Tensor:
    if first.sure is None:
        raise ModelError("generate wrote no token, but should write one")
    return first.sure


def _apart(plain: Tensor, other: Tensor) -> float:
    """Largest difference of log-probabilities of tokens that are not all but impossible; infinite where not finite."""
    import torch

    likely = plain > LIKELY
    difference = (plain - other)[likely].abs()
    return float(difference.max()) if bool(torch.isfinite(difference).all()) else float("inf")


def _window(model: Any) -> int:
    """Tokens that the narrowest attention reaches back, 0 for all."""
    text = model.config.get_text_config()
    kinds = getattr(text, "layer_types", None)
    slides = any("sliding" in kind or "chunked" in kind for kind in kinds) if kinds else True
    widths = [getattr(text, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((int(width) for width in widths if width), default=0) if slides else 0


def _prompts(several: bool) -> list[Prompt]:
    first, second = (_picture(number, *size) for number, size in enumerate(_SIZES))
    shown: list[tuple[ImageRef, ...]] = [(first,), (first,), (first,)]
    if several:
        shown += [(second, first), (second, first)]
    return [_prompt(_TEXTS[place % len(_TEXTS)], images) for place, images in enumerate(shown)]


def _prompt(text: str, images: tuple[ImageRef, ...]) -> Prompt:
    return Prompt(parts=(*(ImagePart(image=image) for image in images), TextPart(text=text)), max_new_tokens=1)


def _picture(number: int, width: int, height: int) -> ImageRef:
    """A small picture that differs from every other number's."""
    from PIL import Image

    pixels = bytes(
        (5 * x * (number + 1) + 11 * y + 90 * c) % 256 for y in range(height) for x in range(width) for c in range(3)
    )
    return ImageRef(
        name=f"proof {number}",
        digest=f"proof {number}",
        width=width,
        height=height,
        open=lambda: Image.frombytes("RGB", (width, height), pixels),
    )


def _said(what: str, apart: float) -> str:
    return f"{what} moved a log-probability of a trial prompt by {apart:.3g}"


def _cause(cause: Exception) -> str:
    return f"{type(cause).__name__}: {' '.join(str(cause).split())[:200]}"
