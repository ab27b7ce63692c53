"""The model's own processor, held to its word: prompts -> tensors, and every image found in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.backends.hf import chat
from harness.backends.hf.pictures import Seen
from harness.backends.hf.receipts import Given, Picture, count
from harness.backends.hf.settings import Order
from harness.errors import ModelError, ReceiptError
from harness.records import ImagePart, ImageRef, Prompt, TextPart

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Decoded = dict[str, "Image"]
"""Decoded pictures of a batch by the digest of their pixels, so that one shown twice is decoded once."""

_REPLACE = "get_text_with_replacements"
_PICTURES = "_process_images"
TAIL = 64
"""Characters of a prompt's end that are enough to tell how an answer goes on from it."""

_TEXT = frozenset({"input_ids", "attention_mask", "labels"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The tokens of one prompt, whose pictures are ready.

    Attributes
    ----------
    ids : tuple of int
        Token ids, without padding.
    types : mapping of str to tuple of int
        What the processor says of each token beside its id, by the name of the model's argument.
    seen : tuple of Seen
        Its pictures, in order.
    tail : str
        End of its text, where an answer goes on from it.
    """

    ids: tuple[int, ...]
    types: Mapping[str, tuple[int, ...]]
    seen: tuple[Seen, ...]
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """What turns prompts into tensors, and what is needed to check it.

    Attributes
    ----------
    processor : transformers.ProcessorMixin
        Tokenizes, pads, and turns pictures into tensors.
    image_token : int
        Id that the model replaces by what it sees.
    merge : int
        Patches per side that become one token.
    order : str
        Order of text and images in a prompt.
    """

    processor: Any
    image_token: int
    merge: int
    order: Order

    def read(self, prompts: Sequence[Prompt], seen: Decoded) -> tuple[dict[str, Tensor], list[list[Picture]]]:
        """Tensors of some prompts on the CPU, padded on the left, and the images found in them.

        Parameters
        ----------
        prompts : sequence of Prompt
            All of them with images, or all without.
        seen : dict of str to Image
            Pictures that are decoded already; those decoded here are added.

        Raises
        ------
        ModelError
            The chat template or the processor does not take them.
        ReceiptError
            Images are missing, cut, or became one tensor where they are two pictures.
        ImageRefused
            A picture cannot be opened any more.
        """
        inputs, found = self._tensors(prompts, seen)
        self._refuse_twins(prompts, found, seen)
        return inputs, found

    def single(self, image: ImageRef, decoded: Image) -> Seen:
        """Make one picture ready, alone, for every prompt that will show it.

        Raises
        ------
        ModelError
            The processor does not take it, or does not tell what it writes in its place.
        ReceiptError
            It is not in the tensors.
        """
        shown = Prompt(parts=(ImagePart(image=image), TextPart(text="picture")), max_new_tokens=1)
        texts = [self.rendered(shown)]
        with _account(self.processor) as written:
            inputs = self._inputs(texts, [[decoded]])
        told = [entry["replacement"] for row in written for entry in row if entry["type"] == "image"]
        if len(told) != 1:
            raise ModelError("the processor does not tell what it writes in the place of a picture")
        found = count(self._given(inputs, [1], self._said(written)))
        tensors = {name: tensor for name, tensor in inputs.items() if name not in _TEXT and "token_type" not in name}
        return Seen(image, told[0], found[0][0], tensors)

    def lines(self, prompts: Sequence[Prompt], shown: Sequence[Sequence[Seen]]) -> list[Line]:
        """Token ids of prompts whose pictures are ready, as the processor would have written them.

        Parameters
        ----------
        prompts : sequence of Prompt
            All of them with images.
        shown : sequence of sequence of Seen
            The pictures of each, in order.

        Raises
        ------
        ModelError
            The chat template or the processor does not take them.
        ReceiptError
            A prompt holds more or fewer image tokens than its pictures have.
        """
        texts = [self.rendered(prompt) for prompt in prompts]
        written = [seen.written for row in shown for seen in row]
        with _ready(self.processor, written):
            inputs = self._inputs(texts, [[_stand_in()] * len(row) for row in shown])
        real = inputs["attention_mask"].bool()
        ids = [row[mask].tolist() for row, mask in zip(inputs["input_ids"], real, strict=True)]
        types = {
            name: [row[mask].tolist() for row, mask in zip(tensor, real, strict=True)]
            for name, tensor in inputs.items()
            if "token_type" in name
        }
        for own, row in zip(ids, shown, strict=True):
            got, due = own.count(self.image_token), sum(seen.picture.tokens for seen in row)
            if got != due:
                raise ReceiptError(
                    f"{len(row)} images of {due} image tokens were sent, but the prompt holds {got}; the processor "
                    "dropped, merged or truncated an image"
                )
        return [
            Line(
                ids=tuple(own),
                types={name: tuple(rows[place]) for name, rows in types.items()},
                seen=tuple(row),
                tail=texts[place][-TAIL:],
            )
            for place, (own, row) in enumerate(zip(ids, shown, strict=True))
        ]

    def rendered(self, prompt: Prompt) -> str:
        """Text of a prompt after the chat template, one placeholder an image."""
        return chat.render(self.processor, prompt, self.order, self._reserved())

    def _tensors(self, prompts: Sequence[Prompt], seen: Decoded) -> tuple[dict[str, Tensor], list[list[Picture]]]:
        texts = [self.rendered(prompt) for prompt in prompts]
        pictures = [[_decoded(image, seen) for image in prompt.images] for prompt in prompts]
        with _account(self.processor) as written:
            inputs = self._inputs(texts, pictures)
        sent = [len(prompt.images) for prompt in prompts]
        return inputs, count(self._given(inputs, sent, self._said(written)))

    def _inputs(self, texts: Sequence[str], pictures: Sequence[Sequence[Image]]) -> dict[str, Tensor]:
        """What the processor makes of texts and pictures, padded on the left."""
        wanted: dict[str, Any] = {"images": pictures} if any(pictures) else {}
        bos = self.processor.tokenizer.bos_token
        if bos and texts[0].startswith(bos):
            wanted["add_special_tokens"] = False
        try:
            made = self.processor(text=list(texts), padding=True, truncation=False, return_tensors="pt", **wanted)
        except Exception as cause:  # a processor may raise anything; whatever it is, the row was not processed
            told = " ".join(str(cause).split())[:300]
            raise ModelError(
                f"the model's processor refused the prompt ({type(cause).__name__}: {told}), but should take its "
                f"{sum(map(len, pictures))} images and its text: leave the row out for this model, or ask another"
            ) from cause
        inputs = {name: value for name, value in made.items() if hasattr(value, "dtype")}
        if not bool((inputs["attention_mask"][:, -1] == 1).all()):
            raise ModelError("the processor padded on the right, but batches are generated with padding on the left")
        return inputs

    def _given(self, inputs: Mapping[str, Tensor], sent: Sequence[int], said: tuple[tuple[int, ...], ...]) -> Given:
        return Given(
            ids=inputs["input_ids"],
            tensors={name: tensor for name, tensor in inputs.items() if name != "input_ids"},
            sent=tuple(sent),
            said=said,
            image_token=self.image_token,
            merge=self.merge,
        )

    def _said(self, written: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[tuple[int, ...], ...]:
        """Image tokens that the processor put in the place of each placeholder, where it keeps account of them."""
        if not any(written):
            return ()
        token = self.processor.tokenizer.convert_ids_to_tokens(self.image_token)
        return tuple(
            tuple(entry["replacement"].count(token) for entry in row if entry["type"] == "image") for row in written
        )

    def _refuse_twins(self, prompts: Sequence[Prompt], found: Sequence[Sequence[Picture]], seen: Decoded) -> None:
        """Refuse where two different pictures, of one prompt or of two, became one and the same tensor.

        Pictures may be equal to the model by right, as two blank ones of different size are. Then each of them
        becomes that tensor too when it is processed without the other.
        """
        sent = [image for prompt in prompts for image in prompt.images]
        first: dict[str, ImageRef] = {}
        for image, picture in zip(sent, (picture for row in found for picture in row), strict=True):
            twin = first.setdefault(picture.tensor, image)
            if twin.digest == image.digest or _both_blank(twin, image, seen):
                continue
            if self._alone(twin, prompts[0], seen) != self._alone(image, prompts[0], seen):
                raise ReceiptError(
                    f"{len(sent)} images were sent, but the model was given '{twin.name}' and '{image.name}' as one "
                    "and the same tensor; the processor dropped, merged or truncated an image"
                )

    def _alone(self, image: ImageRef, prompt: Prompt, seen: Decoded) -> str:
        """Digest of the tensor of one picture that is sent without others, with the same text."""
        texts = tuple(part for part in prompt.parts if not isinstance(part, ImagePart))
        single = Prompt(parts=(ImagePart(image=image), *texts), max_new_tokens=prompt.max_new_tokens)
        return self._tensors([single], seen)[1][0][0].tensor

    def _reserved(self) -> tuple[str, ...]:
        """What the processor reads as an image in text: its placeholder and the image token itself."""
        token = self.processor.tokenizer.convert_ids_to_tokens(self.image_token)
        placeholder = getattr(self.processor, "image_token", None)
        return tuple({str(each) for each in (token, placeholder) if each})


@contextmanager
def _account(processor: Any) -> Iterator[list[Any]]:
    """What the processor writes in the place of its placeholders: one list a row, one entry a placeholder.

    Processors of newer releases of transformers do it in one method, which is overheard here: not all of them hand
    its account on. With older releases and other processors the list stays empty.
    """
    heard: list[Any] = []
    replace = getattr(processor, _REPLACE, None)
    if replace is None:
        yield heard
        return

    def told(*args: Any, **kwargs: Any) -> Any:
        text, entries = replace(*args, **kwargs)
        heard[:] = entries
        return text, entries

    setattr(processor, _REPLACE, told)
    try:
        yield heard
    finally:
        delattr(processor, _REPLACE)


@contextmanager
def _ready(processor: Any, written: Sequence[str]) -> Iterator[None]:
    """Let a processor write texts whose pictures are ready: its work on pictures is answered with what it made then.

    Some processors look at what their work on pictures gave beside the text; they find one empty patch a picture.
    """
    import torch

    empty = {"pixel_values": torch.zeros(len(written), 1), "num_patches": [1] * len(written)}
    setattr(processor, _PICTURES, lambda images, **_: (dict(empty), list(written)))
    try:
        yield
    finally:
        delattr(processor, _PICTURES)


@cache
def _stand_in() -> Image:
    """A picture for what counts pictures and does not look at them."""
    from PIL import Image

    return Image.new("RGB", (32, 32))


def _decoded(image: ImageRef, seen: Decoded) -> Image:
    if image.digest not in seen:
        seen[image.digest] = image.open()
    return seen[image.digest]


def _both_blank(first: ImageRef, second: ImageRef, seen: Decoded) -> bool:
    """Whether two pictures are of one colour throughout, and of the same."""
    # None where a picture has more colours than asked for, else a list of (pixels, colour)
    colours = [_decoded(image, seen).getcolors(1) for image in (first, second)]
    one, other = (str(found[0][1]) if found else "" for found in colours)
    return one == other != ""
