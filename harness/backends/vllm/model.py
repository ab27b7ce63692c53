"""A model on the vLLM engine as the run sees it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, get_args

from harness.backends.hf import decode, limits
from harness.backends.hf.batch import refusal
from harness.backends.hf.checkpoint import Checkpoint, parameters
from harness.backends.hf.loading import tolerate
from harness.backends.vllm import fingerprint
from harness.backends.vllm.answering import Answering
from harness.backends.vllm.desk import Asked, Desk, Prepared, open_desk
from harness.backends.vllm.engine import Engine, told
from harness.backends.vllm.settings import Settings
from harness.errors import ModelError
from harness.records import AnswerKind, ModelSpec, Prompt, Reply

PIXELS = 2**29
"""Bytes of decoded pictures that a batch may hold, if it has more than one prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A running engine, and what turns its answers into replies."""

    engine: Engine
    answering: Answering


class VllmModel:
    """An image-text checkpoint on the engine. It starts at the first ``prepare``."""

    answers: frozenset[AnswerKind] = frozenset(get_args(AnswerKind))
    mixes = True
    """Prompts of several modes share beginnings and pictures in the engine."""

    def __init__(self, spec: ModelSpec, settings: Settings, checkpoint: Checkpoint) -> None:
        self._spec = spec
        self._settings = settings
        self._checkpoint = checkpoint
        self._penalties = _penalties(spec, checkpoint)
        self._fingerprint = ""
        self._desk: Desk | None = None
        self._opened: Opened | None = None
        # prepare may run in a thread of its own, one batch ahead of reply
        self._lock = threading.RLock()

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""
        return self._spec

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of files, options and versions that shape a reply; computed once."""
        if not self._fingerprint:
            self._fingerprint = fingerprint.of(self._checkpoint, self._settings)
        return self._fingerprint

    @property
    def decoding(self) -> Mapping[str, str]:
        """Decoding settings; those that the checkpoint brings stand there too."""
        kept = {name: str(value) for name, value in self._penalties.items()}
        return {"method": "greedy", "order": self._settings.order, **kept}

    @property
    def batch_size(self) -> int:
        """Prompts that the engine is given at a time; how many it works on at once it decides itself."""
        return self._settings.batch

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report; what the engine says of itself once it runs."""
        settings = self._settings
        facts = {
            "backend": "vllm",
            "checkpoint": self._checkpoint.shown,
            "revision": self._checkpoint.commit,
            "class": str((self._checkpoint.config.get("architectures") or ["unknown"])[0]),
            "parameters": str(parameters(self._checkpoint.folder) or "unknown"),
            "dtype": settings.dtype,
            "adapter": settings.adapter.name if settings.adapter else "none",
            "transformers": version("transformers"),
            "torch": version("torch"),
            "vllm": version("vllm"),
            **{f"engine {name}": str(value) for name, value in settings.engine.items()},
            **{f"decoding {name}": value for name, value in self.decoding.items()},
        }
        if self._opened is not None:
            facts |= self._opened.engine.facts
        return MappingProxyType(facts)

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Refuse, before any row is asked, what this model cannot take. The engine is not started for it.

        Raises
        ------
        ModelError
            In one line.
        """
        tolerate()
        name, allowed = self._spec.name, self._settings.images
        limits.hold(name, str(self._checkpoint.config["model_type"]), prompts)
        most = max((len(prompt.images) for prompt in prompts), default=0)
        if most > allowed:
            raise ModelError(
                f"model {name}: a prompt has {most} images, but the engine was told of {allowed} at most: add "
                f"images={most}"
            )
        desk = self._open_desk()
        limits.try_out(name, prompts, lambda probe: desk.one(probe).tail)

    def arrange(self, prompts: Sequence[Prompt], size: int) -> list[list[int]]:
        """Batches that have prompts about the same images beside each other, so that the engine keeps them.

        A batch ends before its pictures, decoded, take more than `PIXELS` bytes: two batches are in memory at a time.
        """
        size = size or self.batch_size
        batches: list[list[int]] = []
        shown: set[str] = set()
        held = 0
        for place in sorted(range(len(prompts)), key=lambda place: [image.digest for image in prompts[place].images]):
            new = {image.digest: 3 * image.width * image.height for image in prompts[place].images}
            more = sum(own for digest, own in new.items() if digest not in shown)
            if not batches or len(batches[-1]) == size or held + more > PIXELS:
                batches.append([])
                shown, held, more = set(), 0, sum(new.values())
            batches[-1].append(place)
            shown |= new.keys()
            held += more
        return batches

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> Prepared:
        """Render and tokenize a batch and decode its pictures. May run in a thread, ahead of ``reply``.

        Parameters
        ----------
        ids : sequence of str
            Row ids for messages, one a prompt; without them prompts are counted from 1.

        Raises
        ------
        ModelError
            The engine does not start. What is wrong with a single row becomes its failed reply.
        """
        tolerate()
        self._open()
        return self._open_desk().prepare(prompts, _names(prompts, ids))

    def reply(self, prepared: Prepared) -> list[Reply]:
        """Answer a prepared batch: one Reply a prompt, in order.

        Raises
        ------
        ModelError
            The engine died.
        """
        tolerate()
        replies = {**prepared.failed, **self._ask(prepared.asked, named=True)}
        return [replies[place] for place in range(prepared.size)]

    def alone(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
        """Replies one prompt at a time, of an engine that forgot what it kept, and is told no picture's name."""
        tolerate()
        replies: list[Reply] = []
        for prompt, name in zip(prompts, _names(prompts, ids), strict=True):
            self._open().engine.forget()
            prepared = self._open_desk().prepare([prompt], [name])
            replies += {**prepared.failed, **self._ask(prepared.asked, named=False)}.values()
        return replies

    def close(self) -> None:
        """Stop the engine and free its devices. The model opens again if it is asked again."""
        with self._lock:
            opened, self._opened, self._desk = self._opened, None, None
        if opened is not None:
            opened.engine.close()

    def _ask(self, asked: Sequence[Asked], *, named: bool) -> dict[int, Reply]:
        """Replies by place. A list that the engine does not take is asked in halves, until the row is found."""
        if not asked:
            return {}
        opened = self._open()
        plans = [opened.answering.plan(one, named=named) for one in asked]
        try:
            answered = iter(opened.engine.ask([request for plan in plans for request in plan.requests]))
        except ModelError:
            raise
        except Exception as cause:
            if len(asked) > 1:
                half = len(asked) // 2
                return self._ask(asked[:half], named=named) | self._ask(asked[half:], named=named)
            text = f"the engine refused it ({told(cause)}), but should take its {len(asked[0].images)} images and text"
            return {asked[0].place: refusal(asked[0].name, ModelError(text))}
        return {
            plan.asked.place: opened.answering.reply(plan, [next(answered) for _ in plan.requests]) for plan in plans
        }

    def _open_desk(self) -> Desk:
        with self._lock:
            if self._desk is None:
                self._desk = open_desk(self._checkpoint, self._settings)
            return self._desk

    def _open(self) -> Opened:
        with self._lock:
            if self._opened is None:
                desk = self._open_desk()
                engine = Engine(self._checkpoint, self._settings)
                tokenizer = copy.deepcopy(desk.eye.processor.tokenizer)
                answering = Answering(desk, tokenizer, self._penalties, engine.scores_tokens)
                self._opened = Opened(engine=engine, answering=answering)
            return self._opened


def _names(prompts: Sequence[Prompt], ids: Sequence[str]) -> list[str]:
    return [f"row {row}" for row in ids] or [f"prompt {place}" for place in range(1, len(prompts) + 1)]


def _penalties(spec: ModelSpec, checkpoint: Checkpoint) -> Mapping[str, Any]:
    """What the checkpoint asks of greedy decoding, in the engine's words."""
    kept = decode.kept(checkpoint.generation)
    foreign = sorted(set(kept) - {"repetition_penalty"})
    if foreign:
        raise ModelError(
            f"model {spec.name}: its generation_config.json sets {foreign[0]}, which the vllm engine does not know, "
            "but should be asked as its authors ship it: use hf:"
        )
    return {name: float(checkpoint.generation[name]) for name in kept}
