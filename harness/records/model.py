"""What a model is sent, and what comes back: prompt, receipt, reply, reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from harness.records.row import ImageRef

AnswerKind = Literal["generation", "likelihood", "likelihood_text"]


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
    """What a model is sent: ordered parts of one user turn, and how it may answer.

    Attributes
    ----------
    parts : tuple of TextPart or ImagePart
        In order.
    max_new_tokens : int
        Tokens that a generated reply may have.
    choices : tuple of str
        The answers to score by their likelihood, in the order shown; empty where the reply is generated.
    """

    parts: tuple[TextPart | ImagePart, ...]
    max_new_tokens: int
    choices: tuple[str, ...] = ()

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
class Call:
    """One request to an endpoint, answered or given up.

    Attributes
    ----------
    seconds : float
        From the first try to the whole reply, waits between tries included.
    tries : int
        Requests that were sent, the last one included.
    request : str
        Id that the server gave the last of them; empty where it gave none.
    cached : int
        Prompt tokens that the server took from its cache; 0 where it does not say.
    """

    seconds: float
    tries: int = 1
    request: str = ""
    cached: int = 0


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
    thinking : str
        What a reasoning model wrote before its answer, which is no part of ``text``.
    scores : tuple of float
        Where the prompt has choices: natural logarithm of the probability of each, in their order; else empty.
    logprob : float or None
        Natural logarithm of the probability of the generated tokens; None where the backend does not know it.
    lead : float or None
        Smallest lead, in natural logarithms, of a generated token over the second most likely one. A reply whose
        lead is next to nothing may come out otherwise in another batch.
    call : Call or None
        Of a reply that came from an endpoint.
    """

    text: str
    receipts: tuple[Receipt, ...]
    finish: Literal["stop", "length", "failed"]
    prompt_tokens: int = 0
    new_tokens: int = 0
    error: str = ""
    thinking: str = ""
    scores: tuple[float, ...] = ()
    logprob: float | None = None
    lead: float | None = None
    call: Call | None = None


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
    answer : str
        How it answers: ``generation``, ``likelihood`` of the letters or words to choose from, or ``likelihood_text``,
        of the whole text of each option.
    """

    name: str
    backend: str
    where: str
    revision: str
    options: Mapping[str, str]
    answer: AnswerKind = "generation"


class Model(Protocol):
    """A model as the run sees it. Opening is cheap; weights are read at the first ``prepare``.

    Beside what stands here a model may have

    ``batch_size`` : int
        Prompts that it advises to ask at a time.
    ``lanes`` : int
        Batches that may be in flight at once, each prepared and answered in a thread of its own; else 1.
    ``ahead`` : int
        Batches that are made ready at once, in threads, while one is answered; else 1.
    ``answers`` : frozenset of AnswerKind
        How it can answer, where that is more than ``generation``.
    ``mixes`` : bool
        Whether prompts of several modes may stand in one batch, because it shares work among them.
    ``arrange(prompts, size) -> list of list of int``
        Batches that it would have these prompts in, as places in ``prompts``, each once; ``size`` is the most
        prompts a batch, 0 for its own choice.
    ``alone(prompts, ids) -> list of Reply``
        Replies by the plainest way that it has: one prompt at a time, nothing reused. It holds the batched ones to
        account.
    ``warm()``
        Called before rows are loaded for it, so that it can load itself meanwhile.
    ``by_row`` : bool
        Whether a reply belongs to its row and not to its prompt.
    ``rows_for(benchmark, mode, ids)``, ``meet(rows)``
        Called before a case with what is coming.
    """

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
