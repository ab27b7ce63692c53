"""Prompts ready for the engine: rendered and tokenized as by ``hf:``; and their pictures counted in what comes back."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harness.backends.hf.batch import refusal
from harness.backends.hf.checkpoint import Checkpoint
from harness.backends.hf.loading import load_processor
from harness.backends.hf.processing import Eye
from harness.backends.vllm.settings import Settings
from harness.errors import ImageRefused, ModelError, ReceiptError
from harness.records import Prompt, Receipt, Reply

if TYPE_CHECKING:
    from PIL.Image import Image

TAIL = 64
"""Characters of a prompt's end that are enough to tell how an answer goes on from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One prompt that is ready to be asked.

    Attributes
    ----------
    place : int
        Its place in the batch.
    name : str
        ``row <id>`` for messages.
    prompt : Prompt
        What was sent.
    ids : tuple of int
        Its tokens, one placeholder an image.
    images : tuple of Image
        Its pictures, decoded.
    tail : str
        End of its text, from which an answer goes on.
    """

    place: int
    name: str
    prompt: Prompt
    ids: tuple[int, ...]
    images: tuple[Image, ...]
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch: what is to be asked, and the replies of rows that failed before they could be."""

    size: int
    asked: tuple[Asked, ...]
    failed: Mapping[int, Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Makes batches ready.

    Attributes
    ----------
    eye : Eye
        The model's processor.
    context : int
        Tokens that the model can take, prompt and reply; 0 where nothing says so.
    lock : RLock
        Held while the processor works: it cannot in two threads at once.
    """

    eye: Eye
    context: int
    lock: threading.RLock = field(default_factory=threading.RLock)
    _counted: dict[tuple[tuple[int, int], ...], list[int]] = field(default_factory=dict)

    def prepare(self, prompts: Sequence[Prompt], names: Sequence[str]) -> Prepared:
        """Make a batch ready; a row that cannot be asked fails alone, with its cause."""
        asked: list[Asked] = []
        failed: dict[int, Reply] = {}
        seen: dict[str, Image] = {}
        for place, (prompt, name) in enumerate(zip(prompts, names, strict=True)):
            try:
                with self.lock:
                    asked.append(self._ready(place, name, prompt, seen))
            except (ModelError, ImageRefused) as cause:
                failed[place] = refusal(name, cause)
        return Prepared(size=len(prompts), asked=tuple(asked), failed=failed)

    def one(self, prompt: Prompt) -> Asked:
        """Make a single prompt ready.

        Raises
        ------
        ModelError
            The chat template does not take it, or it does not fit.
        ImageRefused
            A picture cannot be opened any more.
        """
        with self.lock:
            return self._ready(0, "prompt", prompt, {})

    def receipts(self, asked: Asked, ids: Sequence[int]) -> tuple[Receipt, ...]:
        """Find every image of a prompt in the tokens that the engine says it was given.

        Raises
        ------
        ReceiptError
            Image tokens are missing or too many; or a prompt of text alone was changed.
        """
        sent = asked.prompt.images
        if not sent:
            if list(ids) != list(asked.ids):
                raise ReceiptError(
                    f"{len(asked.ids)} tokens of text were sent, but the engine was given {len(ids)} others; it cut or "
                    "changed the prompt"
                )
            return ()
        tokens = self._tokens(asked.prompt, ids)
        return tuple(Receipt(digest=image.digest, tokens=own) for image, own in zip(sent, tokens, strict=True))

    def _ready(self, place: int, name: str, prompt: Prompt, seen: dict[str, Image]) -> Asked:
        text = self.eye.rendered(prompt)
        ids = tuple(self._tokenized(text))
        if self.context and len(ids) + prompt.max_new_tokens > self.context:
            raise ModelError(
                f"the prompt has {len(ids)} tokens and the reply up to {prompt.max_new_tokens}, but the model's "
                f"context holds {self.context}: ask for shorter replies, or use a model with a longer context"
            )
        for image in prompt.images:
            if image.digest not in seen:
                seen[image.digest] = image.open()
        return Asked(
            place=place,
            name=name,
            prompt=prompt,
            ids=ids,
            images=tuple(seen[image.digest] for image in prompt.images),
            tail=text[-TAIL:],
        )

    def _tokenized(self, text: str) -> list[int]:
        """Tokens of a rendered prompt; the template's own beginning of text is not doubled."""
        tokenizer: Any = self.eye.processor.tokenizer
        bos = tokenizer.bos_token
        special = not (bos and text.startswith(bos))
        return list(tokenizer(text, add_special_tokens=special, truncation=False)["input_ids"])

    def _tokens(self, prompt: Prompt, ids: Sequence[int]) -> list[int]:
        """Image tokens of each image: of its run, or where runs touch or break as many as its processor writes."""
        sent = len(prompt.images)
        runs = [len(list(run)) for of_image, run in groupby(ids, key=self.eye.image_token.__eq__) if of_image]
        due = runs if len(runs) == sent else self._written(prompt, sum(runs))
        if sum(due) != sum(runs) or not all(due):
            raise ReceiptError(
                f"{'1 image was' if sent == 1 else f'{sent} images were'} sent, which have {sum(due)} image tokens, "
                f"but the engine was given {sum(runs)}; it dropped, merged or truncated an image"
            )
        return due

    def _written(self, prompt: Prompt, total: int) -> list[int]:
        """Image tokens that the model's processor writes for images of these sizes; equal shares where it cannot."""
        sizes = tuple((image.width, image.height) for image in prompt.images)
        if sizes not in self._counted:
            try:
                with self.lock:
                    self._counted[sizes] = [picture.tokens for picture in self.eye.read([prompt], {})[1][0]]
            except ModelError:
                return [total // len(sizes)] * len(sizes)
        return self._counted[sizes]


def open_desk(checkpoint: Checkpoint, settings: Settings) -> Desk:
    """Open the processor of a checkpoint.

    Raises
    ------
    ModelError
        It cannot be read, takes no images, or nothing names the token that stands for them.
    """
    processor, config = load_processor(checkpoint)
    named = (
        getattr(owner, name, None) for owner in (config, processor) for name in ("image_token_id", "image_token_index")
    )
    token = next((value for value in named if isinstance(value, int)), None)
    if token is None:
        raise ModelError(
            f"model {checkpoint.shown}: neither its config nor its processor names an image token, but without one no "
            "image can be proven to reach it: choose a model whose prompts hold image tokens"
        )
    vision = getattr(config, "vision_config", None)
    merge = int(getattr(vision, "spatial_merge_size", None) or 1)
    context = settings.engine.get("max_model_len", getattr(config.get_text_config(), "max_position_embeddings", None))
    eye = Eye(processor=processor, image_token=token, merge=merge, order=settings.order)
    return Desk(eye=eye, context=int(context or 0))
