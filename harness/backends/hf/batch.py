"""A batch of prompts, ready to be asked: grouped, measured, with a receipt for every image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from threading import RLock
from typing import TYPE_CHECKING

from harness.backends.hf.processing import TAIL, Decoded, Eye, Line
from harness.backends.hf.receipts import Picture
from harness.backends.hf.sharing import Sharing
from harness.errors import ImageRefused, ModelError
from harness.records import Prompt, Receipt, Reply

if TYPE_CHECKING:
    from torch import Tensor


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
    receipts : tuple of Receipt
        One an image.
    tokens : int
        Length in tokens, without padding.
    tail : str
        End of the prompt's text, where an answer goes on from it.
    """

    place: int
    name: str
    prompt: Prompt
    receipts: tuple[Receipt, ...]
    tokens: int
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Prompts that go through the model together: all of them with images, or all without; all with choices, or none.

    Attributes
    ----------
    asked : tuple of Asked
        The prompts.
    inputs : mapping of str to Tensor
        What the processor made of them all; empty where there are lines.
    lines : tuple of Line
        Their tokens and pictures, each made ready once, where work is shared.
    """

    asked: tuple[Asked, ...]
    inputs: Mapping[str, Tensor]
    lines: tuple[Line, ...] = ()

    def part(self, places: slice) -> Group:
        """Return some of its prompts, where they are lines."""
        return Group(asked=self.asked[places], inputs={}, lines=self.lines[places])


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch: the groups to ask, and the replies of rows that failed before they could be asked."""

    size: int
    groups: tuple[Group, ...]
    failed: Mapping[int, Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Makes batches ready.

    Attributes
    ----------
    eye : Eye
        Turns prompts into tensors.
    context : int
        Tokens that the model can take, prompt and reply; 0 where its config does not say.
    lock : RLock
        Held while the processor works: it belongs to one thread at a time.
    sharing : Sharing or None
        Where prompts with images share work.
    """

    eye: Eye
    context: int
    lock: RLock
    sharing: Sharing | None = None

    def prepare(self, prompts: Sequence[Prompt], names: Sequence[str]) -> Prepared:
        """Make a batch ready; a row that cannot be asked fails alone, with its cause.

        Rows with and without images go apart: not every processor takes them together.
        """
        failed: dict[int, Reply] = {}
        groups: list[Group] = []
        seen: Decoded = {}
        for kind in product((True, False), repeat=2):
            places = [
                place for place, prompt in enumerate(prompts) if (bool(prompt.images), bool(prompt.choices)) == kind
            ]
            groups += self._together(places, prompts, names, seen, failed)
        return Prepared(size=len(prompts), groups=tuple(groups), failed=failed)

    def one(self, prompt: Prompt) -> Group:
        """Make a single prompt ready.

        Raises
        ------
        ModelError
            It cannot be asked; ReceiptError where its images are not in the tensors.
        """
        return self._group([0], [prompt], ["prompt"], {})

    def _together(
        self,
        places: Sequence[int],
        prompts: Sequence[Prompt],
        names: Sequence[str],
        seen: Decoded,
        failed: dict[int, Reply],
    ) -> list[Group]:
        """One group of all these rows or, where that fails, each row alone, so that the cause has a name."""
        if not places:
            return []
        try:
            return [self._group(places, prompts, names, seen)]
        except (ModelError, ImageRefused, MemoryError) as cause:
            if len(places) > 1:
                return _joined([g for p in places for g in self._together([p], prompts, names, seen, failed)])
            failed[places[0]] = refusal(names[places[0]], cause)
            return []

    def _group(self, places: Sequence[int], prompts: Sequence[Prompt], names: Sequence[str], seen: Decoded) -> Group:
        """Tensors, receipts and lengths of some rows."""
        chosen = [prompts[place] for place in places]
        inputs: Mapping[str, Tensor] = {}
        lines: list[Line] = []
        if self.sharing is not None and chosen[0].images:
            lines = self.sharing.lines(chosen, self.lock)
            found = [[each.picture for each in line.seen] for line in lines]
            lengths = [len(line.ids) for line in lines]
            tails = [line.tail for line in lines]
        else:
            with self.lock:
                inputs, found = self.eye.read(chosen, seen)
                tails = [self.eye.rendered(prompt)[-TAIL:] for prompt in chosen]
            lengths = [int(length) for length in inputs["attention_mask"].sum(dim=1).tolist()]
        for prompt, tokens in zip(chosen, lengths, strict=True):
            self._fits(prompt, tokens)
        asked = (
            Asked(
                place=place,
                name=names[place],
                prompt=prompt,
                receipts=_receipts(prompt, row),
                tokens=tokens,
                tail=tail,
            )
            for place, prompt, row, tokens, tail in zip(places, chosen, found, lengths, tails, strict=True)
        )
        return Group(asked=tuple(asked), inputs=inputs, lines=tuple(lines))

    def _fits(self, prompt: Prompt, tokens: int) -> None:
        """Refuse a prompt that would be cut, whose reply would run out of the context, or with nothing to score."""
        if not all(choice.strip() for choice in prompt.choices):
            raise ModelError(
                f"one of its {len(prompt.choices)} choices is empty, and would always be the likeliest: mend the row, "
                "or let the model write (answer=generation)"
            )
        if self.context and tokens + prompt.max_new_tokens > self.context:
            raise ModelError(
                f"the prompt has {tokens} tokens and the reply up to {prompt.max_new_tokens}, but the model's "
                f"context holds {self.context}: ask for shorter replies, or use a model with a longer context"
            )


def _joined(groups: Sequence[Group]) -> list[Group]:
    """Groups as one where they are lines; tensors stay apart."""
    if len(groups) < 2 or not all(group.lines for group in groups):
        return list(groups)
    asked = tuple(one for group in groups for one in group.asked)
    return [Group(asked=asked, inputs={}, lines=tuple(line for group in groups for line in group.lines))]


def refusal(name: str, cause: Exception) -> Reply:
    """A failed reply that says whose it is."""
    return Reply(text="", receipts=(), finish="failed", error=f"{name}: {cause}")


def senseless(name: str, figure: float) -> Reply:
    """A failed reply: the model gave no probability."""
    return refusal(
        name,
        ModelError(
            f"the model gave a log-probability of {figure}, but it should be a finite number: its weights or its dtype "
            "do not hold what it computes, so choose another dtype"
        ),
    )


def _receipts(prompt: Prompt, row: Sequence[Picture]) -> tuple[Receipt, ...]:
    return tuple(
        Receipt(digest=image.digest, tokens=picture.tokens, tensor=picture.tensor)
        for image, picture in zip(prompt.images, row, strict=True)
    )
