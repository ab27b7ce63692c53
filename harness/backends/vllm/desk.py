"""Prompts ready for the engine: rendered and tokenized as by ``hf:``; and their pictures counted in what comes back."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harness.backends.hf.batch import TAIL, refusal
from harness.backends.hf.processing import Eye
from harness.errors import ImageRefused, ModelError, ReceiptError
from harness.records import ImageRef, Prompt, Receipt, Reply

if TYPE_CHECKING:
    from PIL.Image import Image


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
    _counted: dict[tuple[int, int], int] = field(default_factory=dict)

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
        tokens = self._tokens(sent, ids)
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

    def _tokens(self, sent: Sequence[ImageRef], ids: Sequence[int]) -> list[int]:
        """Image tokens of each image: of its run, or where runs touch or break as many as it has alone."""
        token = self.eye.image_token
        runs = [len(list(run)) for of_image, run in groupby(ids, key=token.__eq__) if of_image]
        total = sum(runs)
        due = runs if len(runs) == len(sent) else [self._alone(image, total // len(sent)) for image in sent]
        if sum(due) != total or not all(due):
            raise ReceiptError(
                f"{'1 image was' if len(sent) == 1 else f'{len(sent)} images were'} sent, which have {sum(due)} image "
                f"tokens, but the engine was given {total}; it dropped, merged or truncated an image"
            )
        return due

    def _alone(self, image: ImageRef, share: int) -> int:
        """Image tokens of one picture by the model's processor, by its size; where it does not tell, equal shares."""
        size = (image.width, image.height)
        if size not in self._counted:
            try:
                with self.lock:
                    self._counted[size] = self.eye.single(image, image.open()).picture.tokens
            except ModelError:
                return share
        return self._counted[size]
