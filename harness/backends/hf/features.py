"""Features of pictures: made by the model's own image encoder, cut apart by picture, and joined again for a batch.

transformers gives them back in one of a few forms: a list with an entry a picture, a tensor with a row a picture, a
tile or a token, and for some models the same again for several layers. A form is kept through cutting and joining,
so that the language model finds what it would have been given by the encoder itself.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

from harness.backends.hf import memory
from harness.backends.hf.pictures import Seen
from harness.errors import ReceiptError

if TYPE_CHECKING:
    from torch import Tensor

PASSED = "mm_encoder_outputs"
"""Argument of ``forward`` by which a model takes features that are ready."""

_READ = ("pooler_output", "deepstack_features")
"""What models read of an encoder's output."""

TOGETHER = 8
"""Pictures of one shape that go through the encoder at a time."""

AT_ONCE = 2**24
"""Bytes of tensors for which a CPU takes several at a time: beyond, joining costs more than it saves."""


def encoder(model: Any) -> Any:
    """The image encoder of a model that takes features which are ready; None where it does not."""
    if PASSED not in inspect.signature(model.forward).parameters:
        return None
    found = getattr(model.base_model, "get_image_features", None)
    # another thread may be watching the model, which is no business of this one
    return getattr(found, "unwatched", found)


class Turns:
    """Who encodes which picture, where two threads do: each is taken once, and given back when it is done."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: set[int] = set()

    def take(self, some: Sequence[Seen]) -> list[Seen]:
        """Take those that have no features and that nobody has taken."""
        with self._changed:
            free = [each for each in some if each.features is None and id(each) not in self._taken]
            self._taken.update(map(id, free))
            return free

    def give_back(self, some: Sequence[Seen]) -> None:
        """Say that these are done, or that they were given up."""
        with self._changed:
            self._taken.difference_update(map(id, some))
            self._changed.notify_all()

    def wait(self, some: Sequence[Seen]) -> None:
        """Wait until nobody works on these any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken.isdisjoint(map(id, some)))


def encode(model: Any, seen: Sequence[Seen], turns: Turns | None = None) -> None:
    """Make the features of those pictures that have none yet; fewer at a time where memory ends.

    Parameters
    ----------
    turns : Turns
        Where another thread encodes some of these pictures too.

    Raises
    ------
    ReceiptError
        The encoder gave back fewer or more features than the pictures have tokens.
    """
    turns = turns or Turns()
    # a picture that had to go while a batch was made ready stands in it twice
    known = {each.image.digest: each for each in seen if each.features is not None}
    lacking = [each for each in seen if each.features is None]
    fresh = {each.image.digest: each for each in lacking if each.image.digest not in known}
    while unmade := [each for each in fresh.values() if each.features is None]:
        # what another thread has given up comes round again
        _take_turns(model, unmade, turns)
        turns.wait(unmade)
    for each in lacking:
        if each.features is None:
            each.encoded((known | fresh)[each.image.digest].features)


def _take_turns(model: Any, seen: Sequence[Seen], turns: Turns) -> None:
    """Encode what nobody else does."""
    most = AT_ONCE if model.device.type == "cpu" else sys.maxsize
    for together in _alike(seen, most):
        taken = turns.take(together)
        try:
            if taken:
                _encode(model, taken)
        finally:
            turns.give_back(taken)


def _encode(model: Any, together: Sequence[Seen]) -> None:
    """Make the features of pictures of one shape: of all, or of each half where memory ends."""
    try:
        made = _made(model, together)
    except Exception as cause:
        if len(together) == 1 or not memory.ended(cause):
            raise
        made = None
    if made is None:
        memory.free(model.device)
        for half in (together[: len(together) // 2], together[len(together) // 2 :]):
            _encode(model, half)
        return
    for each, features in zip(together, made, strict=True):
        each.encoded(features)


def _made(model: Any, together: Sequence[Seen]) -> list[dict[str, Any]]:
    """What the encoder makes of some pictures, picture by picture."""
    import torch

    joined = dict(together[0].tensors)
    if len(together) > 1:
        joined = {name: torch.cat([each.tensors[name] for each in together]) for name in joined}
    given = {
        name: tensor.to(model.device, model.dtype) if tensor.is_floating_point() else tensor.to(model.device)
        for name, tensor in joined.items()
        if name in inspect.signature(encoder(model)).parameters
    }
    with torch.inference_mode():
        made = encoder(model)(**given, return_dict=True)
    return list(_apart(made, [each.picture.tokens for each in together]))


def join(seen: Sequence[Seen]) -> dict[str, Any]:
    """Features of some pictures in order, as ``forward`` takes them."""
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    parts = [each.features for each in seen]
    joined = BaseModelOutputWithPooling(pooler_output=_joined([part["pooler_output"] for part in parts]))
    layers = [part["deepstack_features"] for part in parts if "deepstack_features" in part]
    if layers:
        joined["deepstack_features"] = [_joined(layer) for layer in zip(*layers, strict=True)]
    return {"image": joined}


def _alike(seen: Sequence[Seen], most: int) -> Iterator[list[Seen]]:
    """Pictures whose tensors can be joined along their first axis: a few at a time, of at most so many bytes."""

    def shape(each: Seen) -> str:
        return str([(name, tensor.dtype, tensor.shape[1:]) for name, tensor in sorted(each.tensors.items())])

    # looked at once: another thread may encode some of them meanwhile
    shaped = sorted(((shape(each), each.size, each) for each in seen), key=lambda one: one[0])
    for _, group in groupby(shaped, key=lambda one: one[0]):
        together: list[Seen] = []
        held = 0
        for _, size, each in group:
            if together and (len(together) == TOGETHER or held + size > most):
                yield together
                together, held = [], 0
            together.append(each)
            held += size
        yield together


def _apart(made: Any, tokens: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What is read of an encoder's output, picture by picture."""
    pooled = _cut(made["pooler_output"], tokens)
    layers = made.get(_READ[1])
    deep = [_cut(layer, tokens) for layer in layers] if layers is not None else []
    for place, part in enumerate(pooled):
        yield {_READ[0]: part} | ({_READ[1]: [layer[place] for layer in deep]} if deep else {})


def _cut(features: Any, tokens: Sequence[int]) -> list[Any]:
    """Features of each picture, in the form of the whole; copies, so that one picture keeps no other in memory."""
    if isinstance(features, (list, tuple)):
        if len(features) == len(tokens) and [_rows(part) for part in features] == list(tokens):
            return [[part.clone()] for part in features]
        if len(tokens) == 1 and sum(_rows(part) for part in features) == tokens[0]:
            return [[part.clone() for part in features]]
    elif _rows(features) == sum(tokens):
        each = sum(tokens) // len(features)
        if not any(own % each for own in tokens):
            ends = list(accumulate(own // each for own in tokens))
            return [features[end - own // each : end].clone() for own, end in zip(tokens, ends, strict=True)]
    got = [_rows(part) for part in features] if isinstance(features, (list, tuple)) else _rows(features)
    raise ReceiptError(
        f"pictures of {list(tokens)} image tokens were sent, but the image encoder made features for {got}; "
        "it dropped, merged or truncated an image"
    )


def _rows(features: Tensor) -> int:
    """Tokens that features are for."""
    return int(features.numel() // features.shape[-1])


def _joined(parts: Sequence[Any]) -> Any:
    import torch

    if isinstance(parts[0], list):
        return [one for part in parts for one in part]
    return torch.cat(list(parts))
