"""What a model is really given while it generates, seen from inside of ``generate``.

Between ``generate(**inputs)`` and the network lie the model's own hooks, which may drop or change inputs. So the
first forward call, the prefill, is watched; and, since newer releases of transformers encode images before it,
the call that turns pixels into features.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.backends.hf.receipts import pixels
from harness.errors import ReceiptError

if TYPE_CHECKING:
    from torch import Tensor

_ENCODE = "get_image_features"
_FEATURES = "mm_encoder_outputs"


class Witness:
    """Keeps what the first forward call and the image encoder were given.

    Attributes
    ----------
    ids : Tensor or None
        ``input_ids`` of the prefill.
    pixels : list of Tensor
        Pixel tensors of the prefill or, where it had none, of the image encoder, in the order of the calls.
    features : Any
        Features of pictures that the prefill was given ready-made; None where it was given none.
    """

    def __init__(self) -> None:
        self.features: Any = None
        self.ids: Tensor | None = None
        self.pixels: list[Tensor] = []
        self._encoded: list[Tensor] = []

    def prefill(self, _module: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Take down the first forward call; a forward pre-hook."""
        if self.ids is None:
            self.ids = kwargs.get("input_ids", args[0] if args else None)
            self.features = (kwargs.get(_FEATURES) or {}).get("image")
            _, tensor = pixels(kwargs)
            self.pixels = self._encoded if tensor is None else [tensor]

    def encoding(self, arguments: Mapping[str, Any]) -> None:
        """Take down a call of the image encoder before the prefill; inside of it the prefill has said so."""
        _, tensor = pixels(arguments)
        if tensor is not None and self.ids is None:
            self._encoded.append(tensor)


@contextmanager
def watch(model: Any) -> Iterator[Witness]:
    """Watch one call of ``generate``."""
    witness = Witness()
    hook = model.register_forward_pre_hook(witness.prefill, with_kwargs=True)
    owner = model.base_model if hasattr(model.base_model, _ENCODE) else model
    encode, own = getattr(owner, _ENCODE, None), vars(owner).get(_ENCODE)
    if encode is not None:
        setattr(owner, _ENCODE, _reported(encode, witness.encoding))
    try:
        yield witness
    finally:
        hook.remove()
        if own is not None:
            setattr(owner, _ENCODE, own)
        elif encode is not None:
            delattr(owner, _ENCODE)


def hold_against(witness: Witness, given: Mapping[str, Tensor]) -> None:
    """Refuse where the model was given anything else than the tensors that the receipts were counted from.

    Parameters
    ----------
    witness : Witness
        Of the call of ``generate``.
    given : mapping of str to Tensor
        The inputs of that call, on the model's device.

    Raises
    ------
    ReceiptError
        Other tokens or other pixels, or none.
    """
    import torch

    ids = witness.ids
    if ids is None or ids.shape != given["input_ids"].shape or not torch.equal(ids, given["input_ids"]):
        raise ReceiptError(
            "the prompt was sent, but the first call of the model was not given its tokens, so no image can be "
            "proven: this architecture cannot be measured here"
        )
    _, sent = pixels(given)
    seen = torch.cat(witness.pixels) if len(witness.pixels) > 1 else next(iter(witness.pixels), None)
    if sent is None and seen is None:
        return
    if sent is None or seen is None:
        raise ReceiptError(
            f"{'pixels' if sent is not None else 'no pixels'} were sent, but the model was given "
            f"{'pixels' if seen is not None else 'none'}; generate changed what it was given"
        )
    # The same tensor, as a rule; where it was copied on the way its numbers are compared
    same = seen.data_ptr() == sent.data_ptr() and seen.shape == sent.shape
    if not same and not (seen.shape == sent.shape and torch.equal(seen, sent.to(seen.dtype))):
        raise ReceiptError(
            f"pixels of shape {tuple(sent.shape)} were sent, but the model was given others, of shape "
            f"{tuple(seen.shape)}; generate dropped, merged or changed an image"
        )


def hold_features(witness: Witness, ids: Tensor, features: Any) -> None:
    """Refuse where a model that was to be given ready-made features, or none, was given anything else.

    Parameters
    ----------
    witness : Witness
        Of the call of ``generate``.
    ids : Tensor
        What the first call of the model should read, ``(rows, length)``.
    features : Any
        The features that it should be given, the very same object; None where all pictures are in the cache.

    Raises
    ------
    ReceiptError
        Other tokens, other features, or none.
    """
    import torch

    seen = witness.ids
    if seen is None or seen.shape != ids.shape or not torch.equal(seen, ids):
        raise ReceiptError(
            "the prompt was sent, but the first call of the model was not given its tokens, so no image can be "
            "proven: this architecture cannot share work, say reuse=off"
        )
    if witness.features is not features or witness.pixels:
        raise ReceiptError(
            "the features of the images were sent, but the model was given others or none: this architecture cannot "
            "share work, say reuse=off"
        )


def _reported(encode: Callable[..., Any], tell: Callable[[Mapping[str, Any]], None]) -> Callable[..., Any]:
    """The image encoder, telling its arguments first. Its signature stays: generate reads it."""
    signature = inspect.signature(encode)

    @functools.wraps(encode)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            named = signature.bind_partial(*args, **kwargs).arguments
        except TypeError:
            named = dict(kwargs)
        tell({**named, **named.get("kwargs", {})})
        return encode(*args, **kwargs)

    told.unwatched = encode  # type: ignore[attr-defined]
    return told
