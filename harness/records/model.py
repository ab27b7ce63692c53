"""What a model is sent, and what comes back: prompt, receipt, reply, reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from harness.records.row import ImageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text of a prompt."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image of a prompt."""

    image: ImageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is sent: ordered parts of one user turn, and how long it may answer."""

    parts: tuple[TextPart | ImagePart, ...]
    max_new_tokens: int

    @property
    def images(self) -> tuple[ImageRef, ...]:
        """The images of the prompt, in order."""
        return tuple(part.image for part in self.parts if isinstance(part, ImagePart))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof that one image reached the model.

    Attributes
    ----------
    digest : str
        Pixel digest of the image that was sent.
    tokens : int
        Image tokens (local model) or parts (endpoint) that the model was really given for it, at least 1.
    tensor : str
        Hex digest of the pixel tensor made of it, empty where a backend cannot see it.
    """

    digest: str
    tokens: int
    tensor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The raw text that came back for one prompt, or the cause why none did.

    Attributes
    ----------
    text : str
        Raw text; empty where the call failed.
    receipts : tuple of Receipt
        One per image of the prompt, in order.
    finish : str
        ``stop``, ``length`` (cut off at max_new_tokens) or ``failed``.
    prompt_tokens, new_tokens : int
        As counted by the model's tokenizer; 0 where unknown.
    error : str
        The cause of a failed call, in one line; empty otherwise.
    """

    text: str
    receipts: tuple[Receipt, ...]
    finish: Literal["stop", "length", "failed"]
    prompt_tokens: int = 0
    new_tokens: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What ``--model`` said: ``[name=]backend:where[@revision][?option=value&...]``.

    Attributes
    ----------
    name : str
        Short name, of ``[A-Za-z0-9_.-]``, used in test ids and tables.
    backend : str
        A module of harness/backends.
    where : str
        Repository, folder, file or address.
    revision : str
        Commit, tag or branch; empty for local files.
    options : mapping of str to str
        The backend's own options, such as ``dtype`` or ``order``.
    """

    name: str
    backend: str
    where: str
    revision: str
    options: Mapping[str, str]


class Model(Protocol):
    """A model as the run sees it. Opening is cheap; weights are read at the first ``prepare``."""

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of everything that shapes a reply: weights, tokenizer, processor, template, dtype."""

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report: class, parameters, dtype, device, library versions, decoding."""

    @property
    def decoding(self) -> Mapping[str, str]:
        """Decoding settings, part of the ledger's key."""

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Raise ModelError before any work, where these prompts cannot be asked (say, two images)."""

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> Any:
        """Decode and preprocess a batch; may run in a thread, ahead of ``reply``. The row ids are for errors."""

    def reply(self, prepared: Any) -> list[Reply]:
        """Answer a prepared batch: one Reply a prompt, in order. May raise; the run then asks one by one."""

    def close(self) -> None:
        """Free weights and files."""


@dataclass(frozen=True, slots=True)
class Read:
    """An answer that could be read: an option letter, ``yes``/``no``, or a phrase."""

    value: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A reply in which no answer could be read, and why.

    ``why`` is one of: ``empty``, ``refusal``, ``several``, ``none``, ``not_an_option``, ``cut_off``,
    ``echo``, ``error_text``.
    """

    why: str
