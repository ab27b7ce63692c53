"""A model of transformers as the run sees it."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, get_args

from harness.ahead import ahead
from harness.backends.hf import decode, features, fingerprint, limits, memory
from harness.backends.hf.batch import Asked, Desk, Prepared, refusal
from harness.backends.hf.checkpoint import Checkpoint, parameters
from harness.backends.hf.engine import Engine
from harness.backends.hf.loading import cores, load_model, load_processor, tolerate, use
from harness.backends.hf.processing import Eye
from harness.backends.hf.proof import prove
from harness.backends.hf.schedule import Scale, arrange, budget
from harness.backends.hf.settings import Settings
from harness.backends.hf.sharing import Sharing
from harness.errors import ModelError
from harness.records import AnswerKind, ModelSpec, Prompt, Reply


class HfModel:
    """An image-text checkpoint. Nothing heavy happens before the first ``check`` or ``prepare``."""

    answers = frozenset(get_args(AnswerKind))

    def __init__(self, spec: ModelSpec, settings: Settings, checkpoint: Checkpoint) -> None:
        self._spec = spec
        self._settings = settings
        self._checkpoint = checkpoint
        self._fingerprint = ""
        self._warming: threading.Thread | None = None
        self._desk: Desk | None = None
        self._engine: Engine | None = None
        self._settled = memory.Settled()
        self._shared = "not known before the model is loaded" if settings.reuse else "nothing: reuse=off"
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
        return {
            "method": "greedy",
            "padding": "left",
            "order": self._settings.order,
            **decode.kept(self._checkpoint.generation),
        }

    @property
    def batch_size(self) -> int:
        """Most prompts at a time: the option, else 32, which fits the prompts of two or three sets of pictures."""
        return self._settings.batch or 32

    @property
    def ahead(self) -> int:
        """Batches made ready at once while the model works: one for every four cores, so that it is not slowed."""
        return max(1, min(4, (os.cpu_count() or 1) // 4))

    @property
    def mixes(self) -> bool:
        """Whether prompts of several modes may share a batch, and with it their pictures."""
        return self._settings.reuse

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report; the same before and after the weights are loaded, but for dtype and device."""
        config = self._checkpoint.config
        told = {
            "backend": "hf",
            "checkpoint": self._checkpoint.shown,
            "revision": self._checkpoint.commit,
            "class": str((config.get("architectures") or ["unknown"])[0]),
            "parameters": str(parameters(self._checkpoint.folder) or "unknown"),
            "dtype": self._settings.dtype,
            "device": self._settings.device,
            "attention": self._settings.attn or "default",
            "transformers": version("transformers"),
            "torch": version("torch"),
            "shared": self._shared,
            **self._checkpoint.told,
            **{f"decoding {key}": value for key, value in self.decoding.items()},
        }
        if self._engine is not None:
            told["dtype"] = str(self._engine.model.dtype).removeprefix("torch.")
            told["device"] = str(self._engine.model.device)
            if self._engine.sharing is not None:
                told |= {f"reuse of {what}": said for what, said in self._engine.sharing.told().items()}
        return MappingProxyType(told)

    def warm(self) -> None:
        """Begin to load processor and weights, in a thread, while the caller loads rows.

        What goes wrong there goes wrong again, and is said, when the model is needed.
        """

        def load() -> None:
            tolerate()
            with suppress(Exception):
                self._open()

        if self._engine is None and self._warming is None:
            self._warming = threading.Thread(target=load, name=f"loads {self._spec.name}")
            self._warming.start()

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Refuse, before any row is asked, what this model cannot take.

        The architecture is looked up first; then its processor is tried on made-up prompts of the shapes that are
        coming, and the receipts of that trial are held to the same rules as those of a row.

        Raises
        ------
        ModelError
            In one line.
        """
        tolerate()
        limits.hold(self._spec.name, str(self._checkpoint.config["model_type"]), prompts)
        desk = self._plain()
        limits.try_out(self._spec.name, prompts, lambda probe: desk.one(probe).asked[0].tail)

    def arrange(self, prompts: Sequence[Prompt], size: int) -> list[list[int]]:
        """Batches of prompts that are alike in length, with those of the same pictures together.

        Parameters
        ----------
        prompts : sequence of Prompt
            All that will be asked.
        size : int
            Most prompts a batch; 0 for `batch_size`.
        """
        tolerate()
        engine = self._open()
        if engine.sharing is not None:
            engine.sharing.pictures.expect(image for prompt in prompts for image in prompt.images)
        most = budget(engine.model)
        return arrange(prompts, size or self.batch_size, most, Scale(self._plain().eye.processor))

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> Prepared:
        """Decode and preprocess a batch. May run in a thread, ahead of ``reply``.

        Parameters
        ----------
        prompts : sequence of Prompt
            In any mixture of rows with and without images.
        ids : sequence of str
            Row ids for messages, one a prompt; without them prompts are counted from 1.

        Raises
        ------
        ModelError
            The model cannot be loaded. What is wrong with a single row becomes its failed reply.
        """
        tolerate()
        engine = self._open()
        prepared = replace(self._plain(), sharing=engine.sharing).prepare(prompts, _names(prompts, ids))
        if engine.sharing is not None:
            engine.sharing.begin(
                engine.model, engine.threads, [line for group in prepared.groups for line in group.lines]
            )
        return prepared

    def reply(self, prepared: Prepared) -> list[Reply]:
        """Answer a prepared batch: one Reply a prompt, in order.

        Raises
        ------
        Exception
            Whatever ``generate`` raises, but for want of memory: then the batch is asked in halves.
        """
        tolerate()
        engine = self._open()
        replies = dict(prepared.failed)
        for group in prepared.groups:
            replies.update(engine.answer(group))
        if engine.sharing is not None:
            engine.sharing.pictures.trim()
        self._settled.settle()
        return [replies[place] for place in range(prepared.size)]

    def alone(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
        """Reply to prompts one at a time, by processor and ``generate`` alone: nothing is shared, nothing padded.

        The next one is made ready meanwhile.
        """
        tolerate()
        desk = self._plain()
        named = zip(prompts, _names(prompts, ids), strict=True)
        with (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="alone") as beside,
            closing(ahead(lambda one: beside.submit(desk.prepare, [one[0]], [one[1]]), named, 1)) as begun,
        ):
            return [self._single(name, ready) for (_, name), ready in begun]

    def close(self) -> None:
        """Free weights and processor. The model opens again if it is asked again."""
        if self._warming is not None:
            self._warming.join()
            self._warming = None
        with self._lock:
            if self._engine is not None and self._engine.sharing is not None:
                self._engine.sharing.close()
            on_cuda = self._engine is not None and self._engine.model.device.type == "cuda"
            self._desk = self._engine = None
        if on_cuda:
            import torch

            torch.cuda.empty_cache()

    def _plain(self) -> Desk:
        """The desk, which shares nothing."""
        with self._lock:
            if self._desk is None:
                processor, config = load_processor(self._checkpoint)
                vision = getattr(config, "vision_config", None)
                eye = Eye(
                    processor=processor,
                    image_token=_image_token(self._checkpoint, processor, config),
                    merge=int(getattr(vision, "spatial_merge_size", None) or 1),
                    order=self._settings.order,
                )
                context = getattr(config.get_text_config(), "max_position_embeddings", None)
                self._desk = Desk(eye=eye, context=int(context or 0), lock=self._lock)
            return self._desk

    def _single(self, name: str, ready: Future[Prepared]) -> Reply:
        """The reply to one prompt; a failed one where anything is raised, as for a row of a run."""
        try:
            return self.reply(ready.result())[0]
        except Exception as cause:
            if type(cause) is ModelError:  # of the model itself
                raise
            return refusal(name, cause)

    def _open(self) -> Engine:
        """The model, loaded; what it can share is proven once."""
        with self._lock:
            if self._engine is None:
                desk = self._plain()
                model = load_model(self._checkpoint, self._settings)
                tokenizer = copy.deepcopy(desk.eye.processor.tokenizer)
                engine = Engine(model, tokenizer, None, self._again, threads=cores(model))
                use(engine.threads)
                if self._settings.reuse:
                    engine.sharing = self._proven(model, desk.eye, engine)
                self._engine = engine
            use(self._engine.threads)  # whichever thread asks
            return self._engine

    def _proven(self, model: Any, eye: Eye, engine: Engine) -> Sharing | None:
        """What may be shared with this model; None where nothing may."""
        if features.encoder(model) is None:
            self._shared = "nothing: this architecture takes no features that are ready"
            return None
        sharing = Sharing(eye, _room(model))
        several = str(self._checkpoint.config["model_type"]) not in limits.SINGLE_IMAGE
        found = prove(model, eye, sharing, engine.config, self._lock, several=several)
        sharing.beginnings = found.beginnings
        sharing.pictures.drop()
        sharing.reset()
        if not found.features:
            self._shared = f"nothing: {found.why}"
            return None
        self._shared = "features of pictures" + (
            " and beginnings of prompts" if found.beginnings else f", but no beginnings of prompts: {found.why}"
        )
        return sharing

    def _again(self, asked: Sequence[Asked]) -> Prepared:
        """Prompts made ready once more, the plain way, each for its old place."""
        made = self._plain().prepare([one.prompt for one in asked], [one.name for one in asked])
        return Prepared(
            size=made.size,
            groups=tuple(
                replace(group, asked=tuple(replace(one, place=asked[one.place].place) for one in group.asked))
                for group in made.groups
            ),
            failed={asked[place].place: reply for place, reply in made.failed.items()},
        )


def _names(prompts: Sequence[Prompt], ids: Sequence[str]) -> list[str]:
    return [f"row {row}" for row in ids] or [f"prompt {place}" for place in range(1, len(prompts) + 1)]


def _room(model: Any) -> int:
    """Bytes that pictures may hold: half a gigabyte, or a tenth of what is free on a device of its own."""
    if model.device.type != "cuda":
        return 2**29
    import torch

    return int(torch.cuda.mem_get_info(model.device)[0]) // 10


def _image_token(checkpoint: Checkpoint, processor: Any, config: Any) -> int:
    """Id of the token that the model replaces by what it sees: its config's word, else its processor's."""
    for owner in (config, processor):
        for name in ("image_token_id", "image_token_index"):
            value = getattr(owner, name, None)
            if isinstance(value, int):
                return value
    raise ModelError(
        f"model {checkpoint.shown}: neither its config nor its processor names an image token, but without one no "
        "image can be proven to reach it: choose a model whose prompts hold image tokens"
    )
