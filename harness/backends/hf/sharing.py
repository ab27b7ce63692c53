"""Asking without doing anything twice: each picture is encoded once, each common beginning is read once.

What is shared is proven before the first row: made-up prompts are asked the plain way and this way, and where the
two differ, that much is not shared and the facts of the model say why.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harness.backends.hf import features, prefix
from harness.backends.hf.caches import stacked
from harness.backends.hf.loading import use
from harness.backends.hf.pictures import Pictures, Seen
from harness.backends.hf.processing import Eye, Line
from harness.backends.hf.witness import hold_features, watch
from harness.backends.hf.writing import Sequences, cached, write
from harness.records import ImageRef, Prompt

if TYPE_CHECKING:
    from torch import Tensor


class Sharing:
    """The pictures of a model and what its prompts have in common.

    Parameters
    ----------
    eye : Eye
        The model's processor.
    room : int
        Bytes that pictures may hold.

    Attributes
    ----------
    pictures : Pictures
        Those that are ready.
    beginnings : bool
        Whether common beginnings are read once.
    window : int
        Tokens that the narrowest attention of the model reaches back; 0 where it reaches back to the first. Padding
        within a prompt may not push anything out of it.
    apart : bool
        Whether prompts of different lengths are read without padding, one by one, before they are answered together:
        a mask for padding doubles what attention costs on a CPU.
    read, due : int
        Prompt tokens that the language model has read, and those of all prompts.
    """

    def __init__(self, eye: Eye, room: int) -> None:
        self._eye = eye
        self.pictures = Pictures(room)
        self.beginnings = True
        self.window = 0
        self.apart = False
        self._turns = features.Turns()
        self._beside: ThreadPoolExecutor | None = None
        self.read = self.due = 0

    def reset(self) -> None:
        """Count anew."""
        self.read = self.due = self.pictures.made = self.pictures.asked = 0

    def told(self) -> dict[str, str]:
        """What was shared so far, for the report."""
        pictures = self.pictures
        return {
            "pictures": f"{pictures.made:,} of {pictures.asked:,} were encoded, the others were known",
            "prompt tokens": f"{self.read:,} of {self.due:,} were read, the others were in a cache",
        }

    def lines(self, prompts: Sequence[Prompt], lock: threading.RLock) -> list[Line]:
        """Tokens of prompts with pictures; pictures that are not ready are decoded outside of the lock.

        Raises
        ------
        ModelError, ReceiptError, ImageRefused
            As `Eye.single` and `Eye.lines`.
        """

        def made(image: ImageRef) -> Seen:
            decoded = image.open()
            with lock:
                return self._eye.single(image, decoded)

        shown = [[self.pictures.get(image, made) for image in prompt.images] for prompt in prompts]
        with lock:
            return self._eye.lines(prompts, shown)

    def begin(self, model: Any, threads: int, lines: Sequence[Line]) -> None:
        """Begin to encode the pictures of a batch that comes later, beside the model, where a core is free for it.

        What goes wrong there goes wrong again, and is said, when the batch is asked.

        Parameters
        ----------
        threads : int
            With which the model computes on a CPU; 0 for as many as there are.
        """
        if not _spare(model, threads):
            return
        if self._beside is None:
            self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encodes")
        seen = [seen for line in lines for seen in line.seen]

        def encodes() -> None:
            use(threads)
            with suppress(Exception):
                features.encode(model, seen, self._turns)

        self._beside.submit(encodes)

    def close(self) -> None:
        """End what goes on beside the model."""
        if self._beside is not None:
            self._beside.shutdown(cancel_futures=True)
            self._beside = None

    def write(
        self,
        model: Any,
        lines: Sequence[Line],
        config: Callable[[int], Any],
        tokens: int,
        *,
        watching: Callable[[Tensor, Tensor], Tensor] | None = None,
        always: bool = False,
    ) -> Sequences:
        """Generate replies to prompts with pictures.

        Parameters
        ----------
        model : transformers.PreTrainedModel
            That of the lines' processor.
        lines : sequence of Line
            A batch.
        config : callable
            Gives a generation config for so many new tokens.
        tokens : int
            New tokens.
        watching : callable
            A logits processor.
        always : bool
            Whether to share beginnings also where little is saved.

        Raises
        ------
        ReceiptError
            The model was not given the features of these pictures.
        """
        features.encode(model, [seen for line in lines for seen in line.seen], self._turns)
        plan = prefix.shared(lines, self._eye.image_token, worth=0 if always else prefix.WORTH)
        if plan is None and self.apart:
            plan = prefix.apart(lines, self._eye.image_token)
        pad = int(config(1).pad_token_id or 0)
        self.due += sum(len(line.ids) for line in lines)
        if plan is not None and self.beginnings:
            inputs = prefix.resumed(lines, plan, pad)
            if not self.window or inputs["input_ids"].shape[1] + tokens <= self.window:
                return self._resumed(model, lines, plan, inputs, config, tokens, watching)
        self.read += sum(len(line.ids) for line in lines)
        return self._whole(model, lines, config(tokens), pad, watching, keep=False)

    def _resumed(
        self,
        model: Any,
        lines: Sequence[Line],
        plan: prefix.Shared,
        inputs: dict[str, Tensor],
        config: Callable[[int], Any],
        tokens: int,
        watching: Callable[[Tensor, Tensor], Tensor] | None,
    ) -> Sequences:
        """Read the beginnings, hand their cache to every prompt, and go on from there."""
        import torch

        places = prefix.alike(plan.beginnings) if self.apart else [list(range(len(plan.beginnings)))]
        cache, ahead = self._begun(model, [[plan.beginnings[place] for place in some] for some in places], config)
        begun = int(cache.get_seq_length())
        read = {place: row for row, place in enumerate(place for some in places for place in some)}
        parents = torch.tensor([read[parent] for parent in plan.parents], device=model.device)
        cache.batch_select_indices(parents)
        if ahead is not None:
            model.base_model.rope_deltas = ahead[parents]
        self.read += sum(len(each.ids) for each in plan.beginnings)
        self.read += sum(len(line.ids) - cut for line, cut in zip(lines, plan.cuts, strict=True))
        given = _on(model, inputs | prefix.shapes([seen for line in lines for seen in line.seen]))
        with watch(model) as witness:
            made = write(model, given | cached(cache), config(tokens), watching=watching)
        hold_features(witness, given["input_ids"][:, begun:], None)
        return made

    def _begun(self, model: Any, groups: Sequence[Sequence[Line]], config: Callable[[int], Any]) -> tuple[Any, Any]:
        """Read beginnings group by group; return their cache, and how far positions went ahead of tokens.

        The second is None but for models with positions in three dimensions, which keep it for each row.
        """
        import torch

        pad = int(config(1).pad_token_id or 0)
        caches: list[Any] = []
        aheads: list[Any] = []
        for some in groups:
            caches.append(self._whole(model, some, config(1), pad, None, keep=True).cache)
            aheads.append(getattr(model.base_model, "rope_deltas", None))
        cache = caches[0] if len(caches) == 1 else stacked(caches)
        return cache, None if aheads[0] is None else torch.cat(aheads)

    def _whole(
        self,
        model: Any,
        lines: Sequence[Line],
        config: Any,
        pad: int,
        watching: Callable[[Tensor, Tensor], Tensor] | None,
        *,
        keep: bool,
    ) -> Sequences:
        """Read whole prompts, or whole beginnings, with the features of their pictures."""
        seen = [each for line in lines for each in line.seen]
        given = _on(model, prefix.whole(lines, pad) | prefix.shapes(seen))
        joined = features.join(seen)
        with watch(model) as witness:
            made = write(model, {**given, features.PASSED: joined}, config, watching=watching, keep=keep)
        hold_features(witness, given["input_ids"], joined["image"])
        return made


def _spare(model: Any, threads: int) -> bool:
    """Whether the model runs on a CPU and leaves a core of it alone."""
    if model.device.type != "cpu":
        return False
    import torch

    return (threads or torch.get_num_threads()) < (os.cpu_count() or 1)


def _on(model: Any, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors on the model's device."""
    return {name: tensor.to(model.device) for name, tensor in inputs.items()}
