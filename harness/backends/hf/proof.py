"""Whether work may be shared with a model: made-up prompts are asked the plain way and the shared way.

Both must give the same tokens of the prompts and, within the noise of the dtype, the same probabilities of the first
few new tokens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.backends.hf import prefix
from harness.backends.hf.decode import stops
from harness.backends.hf.processing import Eye, Line
from harness.backends.hf.sharing import Sharing
from harness.backends.hf.writing import write
from harness.errors import ModelError
from harness.records import ImagePart, ImageRef, Prompt, TextPart

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = {"torch.float32": (1e-3, 1e-2), "torch.float64": (1e-3, 1e-2)}
"""Difference of log-probabilities that is always allowed, by dtype, and that which never is. Between them twice as much
is allowed as batching alone makes of the same prompts, for that grows with the size of a model and its vocabulary."""
COARSE = (0.25, 1.0)
"""The same for the dtypes of half the width, whose sums depend on the order of the terms."""
LIKELY = -12.0
"""Tokens less likely than this are not compared."""

STEPS = 3
"""New tokens that are compared: a cache may be read well and be written to amiss."""

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
    """Ask both ways: each prompt alone by processor and ``generate``, and all of them together.

    Parameters
    ----------
    sharing : Sharing
        Its ``window`` and ``apart`` are set to what was found; its pictures are those of the trial.
    several : bool
        Whether a prompt may have several images.
    """
    prompts = _prompts(several)
    sharing.beginnings = False
    try:
        plain = [_plain(model, eye, [prompt], config) for prompt in prompts]
        expected = _joined([told for _, told in plain])
        lines = sharing.lines(prompts, lock)
        if [line.ids for line in lines] != [ids for own, _ in plain for ids in own]:
            return Found(features=False, beginnings=False, why="its processor writes a picture's tokens otherwise")
        limit = _Limit(model, lambda: _apart(expected, _plain(model, eye, prompts, config)[1]))
        apart = _apart(expected, _shared(model, sharing, lines, config))
        if not limit.allows(apart):
            return Found(features=False, beginnings=False, why=_said("features passed in", apart))
    except Exception as cause:  # whatever an architecture does with what it does not know
        return Found(features=False, beginnings=False, why=_cause(cause))
    finally:
        sharing.beginnings = True
    sharing.window = _window(model)
    if prefix.shared(lines, eye.image_token, worth=0) is None:
        # prompts that begin with their texts have a beginning in common with themselves alone
        lines, expected = lines * 2, _joined([expected, expected])
    why = ""
    for sharing.apart in (True, False) if model.device.type == "cpu" else (False,):
        try:
            apart = _apart(expected, _shared(model, sharing, lines, config))
            why = "" if limit.allows(apart) else _said("a beginning read first", apart)
        except Exception as cause:
            why = _cause(cause)
        if not why:
            break
    return Found(features=True, beginnings=not why, why=why)


class _Limit:
    """Says which differences of log-probabilities are noise.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Whose dtype gives the bounds.
    noise : callable
        Tells what batching alone makes of the prompts; asked only where that decides.
    """

    def __init__(self, model: Any, noise: Callable[[], float]) -> None:
        self._least, self._most = TOLERANCE.get(str(model.dtype), COARSE)
        self._noise = cache(noise)

    def allows(self, apart: float) -> bool:
        """Whether a difference is no more than may be."""
        return apart <= self._least or (apart <= self._most and apart <= 2 * self._noise())


class _Steps:
    """A logits processor that makes each row write one token again and again, and keeps what was how likely.

    Parameters
    ----------
    tokens : sequence of int
        The token of each row.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = tokens
        self._sure: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Called by ``generate`` at every step."""
        import torch

        self._sure.append(scores.float().log_softmax(dim=-1))
        forced = torch.full_like(scores, -torch.inf)
        forced[range(len(self._tokens)), list(self._tokens)] = 0
        return forced

    @property
    def known(self) -> Tensor:
        """Log-probabilities, ``(rows, STEPS, vocabulary)``."""
        import torch

        if len(self._sure) != STEPS:
            raise ModelError(f"generate wrote {len(self._sure)} tokens, but should write {STEPS}")
        return torch.stack(self._sure, dim=1)


def _plain(
    model: Any, eye: Eye, prompts: Sequence[Prompt], config: Callable[[int], Any]
) -> tuple[list[tuple[int, ...]], Tensor]:
    """Ids of prompts, and log-probabilities of what they are answered, by the processor and the model alone."""
    inputs, _ = eye.read(prompts, {})
    real = inputs["attention_mask"].bool()
    ids = [tuple(row[own].tolist()) for row, own in zip(inputs["input_ids"], real, strict=True)]
    given = {
        name: tensor.to(model.device, model.dtype) if tensor.is_floating_point() else tensor.to(model.device)
        for name, tensor in inputs.items()
    }
    steps = _Steps([_harmless(own, config) for own in ids])
    write(model, given, config(STEPS), watching=steps)
    return ids, steps.known


def _shared(model: Any, sharing: Sharing, lines: Sequence[Line], config: Callable[[int], Any]) -> Tensor:
    steps = _Steps([_harmless(line.ids, config) for line in lines])
    sharing.write(model, lines, config, STEPS, watching=steps, always=True)
    return steps.known


def _apart(plain: Tensor, other: Tensor) -> float:
    """Largest difference of log-probabilities of tokens that are not all but impossible; infinite where not finite."""
    import torch

    likely = plain > LIKELY
    difference = (plain - other)[likely].abs()
    return float(difference.max()) if bool(torch.isfinite(difference).all()) else float("inf")


def _harmless(ids: Sequence[int], config: Callable[[int], Any]) -> int:
    """The last token of a prompt that ends no reply."""
    ends = stops(config(1))
    return next(token for token in reversed(ids) if token not in ends)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.cat(list(parts))


def _window(model: Any) -> int:
    """Tokens that the narrowest attention reaches back, 0 for all."""
    text = model.config.get_text_config()
    kinds = getattr(text, "layer_types", None)
    slides = any("sliding" in kind or "chunked" in kind for kind in kinds) if kinds else True
    widths = [getattr(text, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((int(width) for width in widths if width), default=0) if slides else 0


def _prompts(several: bool) -> list[Prompt]:
    first, second = (_picture(number, *size) for number, size in enumerate(_SIZES))
    other = (second, first) if several else (second,)
    shown: list[tuple[ImageRef, ...]] = [(first,), (first,), (first,), other, other]
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
