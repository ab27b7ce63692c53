"""A model of transformers as the run sees it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.backends.hf import decode, fingerprint, limits
from harness.backends.hf.batch import Asked, Desk, Group, Prepared, refusal
from harness.backends.hf.checkpoint import Checkpoint, parameters
from harness.backends.hf.loading import device, load_model, load_processor, tolerate
from harness.backends.hf.processing import Eye
from harness.backends.hf.settings import Settings
from harness.backends.hf.witness import hold_against, watch
from harness.errors import ModelError, ReceiptError
from harness.records import ModelSpec, Prompt, Reply

if TYPE_CHECKING:
    from torch import Tensor


class HfModel:
    """An image-text checkpoint. Nothing heavy happens before the first ``check`` or ``prepare``."""

    def __init__(self, spec: ModelSpec, settings: Settings, checkpoint: Checkpoint) -> None:
        self._spec = spec
        self._settings = settings
        self._checkpoint = checkpoint
        self._fingerprint = ""
        self._desk: Desk | None = None
        self._model: Any = None
        self._tokenizer: Any = None
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
        """Prompts at a time: the option, else 16 on cuda and 8 elsewhere."""
        return self._settings.batch or (16 if device(self._settings).startswith("cuda") else 8)

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
            **{f"decoding {key}": value for key, value in self.decoding.items()},
        }
        if self._model is not None:
            told["dtype"] = str(self._model.dtype).removeprefix("torch.")
            told["device"] = str(self._model.device)
        return MappingProxyType(told)

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
        desk = self._open_desk()
        for probe in limits.probes(prompts):
            try:
                with self._lock:
                    desk.one(probe)
            except ModelError as cause:
                raise ModelError(
                    f"model {self._spec.name}: a trial prompt with {len(probe.images)} images failed before "
                    f"any row was asked: {cause}"
                ) from cause

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
        names = [f"row {row}" for row in ids] or [f"prompt {place}" for place in range(1, len(prompts) + 1)]
        with self._lock:
            desk = self._open_desk()
            self._open_model()
            return desk.prepare(prompts, names)

    def reply(self, prepared: Prepared) -> list[Reply]:
        """Answer a prepared batch: one Reply a prompt, in order.

        Raises
        ------
        Exception
            Whatever ``generate`` raises, such as out of memory.
        """
        tolerate()
        replies = dict(prepared.failed)
        for group in prepared.groups:
            replies.update(self._ask(group))
        return [replies[place] for place in range(prepared.size)]

    def close(self) -> None:
        """Free weights and processor. The model opens again if it is asked again."""
        with self._lock:
            on_cuda = self._model is not None and self._model.device.type == "cuda"
            self._desk = self._model = self._tokenizer = None
        if on_cuda:
            import torch

            torch.cuda.empty_cache()

    def _open_desk(self) -> Desk:
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
                self._desk = Desk(eye=eye, context=int(context or 0))
            return self._desk

    def _open_model(self) -> Any:
        with self._lock:
            if self._model is None:
                import copy

                self._model = load_model(self._checkpoint, self._settings)
                # Of its own: a tokenizer cannot pad in one thread while another reads with it
                self._tokenizer = copy.deepcopy(self._open_desk().eye.processor.tokenizer)
            return self._model

    def _ask(self, group: Group) -> dict[int, Reply]:
        """Replies of a group by place. Where the model was not given what was sent, each row is asked alone."""
        try:
            return self._generate(group)
        except ReceiptError as cause:
            if len(group.asked) == 1:
                only = group.asked[0]
                return {only.place: refusal(only.name, cause)}
        alone: dict[int, Reply] = {}
        for asked in group.asked:
            with self._lock:
                prepared = self._open_desk().prepare([asked.prompt], [asked.name])
            alone[asked.place] = self.reply(prepared)[0]
        return alone

    def _generate(self, group: Group) -> dict[int, Reply]:
        """One call of ``generate``, watched, for a group."""
        import torch

        model = self._open_model()
        inputs = {name: _moved(tensor, model) for name, tensor in group.inputs.items()}
        config = decode.greedy(model.generation_config, self._tokenizer.pad_token_id)
        config.max_new_tokens = max(asked.prompt.max_new_tokens for asked in group.asked)
        with torch.inference_mode(), watch(model) as witness:
            written = model.generate(**inputs, generation_config=config)
        hold_against(witness, inputs)
        new = written[:, inputs["input_ids"].shape[1] :].tolist()
        ends = decode.stops(config)
        return {asked.place: self._reply(asked, tokens, ends) for asked, tokens in zip(group.asked, new, strict=True)}

    def _reply(self, asked: Asked, new: Sequence[int], ends: frozenset[int]) -> Reply:
        written = decode.read(self._tokenizer, new, asked.prompt.max_new_tokens, ends)
        return Reply(
            text=written.text,
            receipts=asked.receipts,
            finish=written.finish,
            prompt_tokens=asked.tokens,
            new_tokens=written.tokens,
        )


def _moved(tensor: Tensor, model: Any) -> Tensor:
    """A tensor on the model's device, and if it holds floats in the model's dtype."""
    return tensor.to(model.device, model.dtype) if tensor.is_floating_point() else tensor.to(model.device)


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
