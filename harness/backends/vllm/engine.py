"""The vLLM engine behind a plain face: started once, asked in lists, and every error of it in one line.

Written against the offline interface that vLLM documents from 0.8 to 0.33: ``LLM``, ``LLM.generate``,
``SamplingParams``, ``LoRARequest`` and prompts of tokens with pictures. What only newer releases have is looked for in
the signatures of the release that is installed.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.backends.hf.adapter import CONFIG
from harness.backends.hf.checkpoint import INDEX, WEIGHTS, Checkpoint
from harness.backends.vllm.settings import Settings
from harness.errors import ModelError

if TYPE_CHECKING:
    from PIL.Image import Image

SURROUNDINGS = MappingProxyType(
    {
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
        # the suite prepares in a thread, and a process with threads must not be forked
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    }
)
"""What the environment tells the engine where the user has not set it; read when vllm is imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the engine is asked once.

    Attributes
    ----------
    ids : sequence of int
        Tokens of the prompt, one placeholder an image.
    images : sequence of Image
        Decoded pictures, in order.
    names : sequence of str
        Digest of the pixels of each picture; empty where the engine shall not be told.
    sampling : mapping of str to Any
        Arguments of SamplingParams beside those of greedy decoding.
    """

    ids: Sequence[int]
    images: Sequence[Image] = ()
    names: Sequence[str] = ()
    sampling: Mapping[str, Any] = field(default_factory=dict)


class Engine:
    """A running engine.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its weights are fetched where they are not here.
    settings : Settings
        Of the spec.

    Raises
    ------
    ModelError
        The engine does not start.
    """

    def __init__(self, checkpoint: Checkpoint, settings: Settings) -> None:
        if checkpoint.repo:
            from harness.backends.hf import hub

            hub.weights(checkpoint.repo, checkpoint.commit, ("*.safetensors", INDEX, WEIGHTS))
        for name, value in SURROUNDINGS.items():
            os.environ.setdefault(name, value)
        try:
            # importing and starting it runs code of dozens of packages, whose warnings are no errors of the run
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import vllm

                self._llm = vllm.LLM(**_arguments(checkpoint, settings))
            self._sampling = vllm.SamplingParams
            self._named = "multi_modal_uuids" in _fields(vllm.TokensPrompt)
            self._lora = _lora(settings)
        except Exception as cause:  # no device, no memory, an architecture that the engine does not have
            raise ModelError(
                f"model {checkpoint.shown}: the vllm engine does not start ({_line(cause, checkpoint)}), but should "
                "run this model on this machine: check the devices, the options and the release of vllm"
            ) from cause
        warnings.filterwarnings("default", module=r"(vllm|harness\.backends\.vllm)(\.|$)")
        self._checkpoint = checkpoint
        self.scores_tokens = "logprob_token_ids" in _fields(vllm.SamplingParams)
        """Whether one request can tell the probabilities of chosen tokens."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What the engine says of itself: dtype and length of its context."""
        config = getattr(self._llm, "model_config", None) or self._llm.llm_engine.model_config
        return {"dtype": str(config.dtype).removeprefix("torch."), "max_model_len": str(config.max_model_len)}

    def ask(self, requests: Sequence[Request]) -> list[Any]:
        """Answer a list of requests, in order.

        Returns
        -------
        list of vllm.RequestOutput

        Raises
        ------
        ModelError
            The engine died: nothing can be asked of it any more.
        Exception
            What it raises of a request that it does not take; then none of the list was answered.
        """
        params = [self._sampling(temperature=0.0, detokenize=False, **request.sampling) for request in requests]
        prompts = [self._prompt(request) for request in requests]
        try:
            answered: list[Any] = self._llm.generate(prompts, params, use_tqdm=False, lora_request=self._lora)
        except Exception as cause:
            if any(kind.__name__ == "EngineDeadError" for kind in type(cause).__mro__):
                raise ModelError(
                    f"model {self._checkpoint.shown}: the vllm engine died ({_line(cause, self._checkpoint)}), but "
                    "should run until all rows are asked: see its log, and run again to ask what is left"
                ) from cause
            raise
        if len(answered) != len(requests):
            raise ModelError(
                f"model {self._checkpoint.shown}: the vllm engine was given {len(requests)} prompts and answered "
                f"{len(answered)}, but should answer each: run again to ask what is left"
            )
        return answered

    def forget(self) -> None:
        """Have the engine drop what it keeps of pictures and of beginnings of prompts."""
        for forget in ("reset_prefix_cache", "reset_mm_cache"):
            drop = getattr(self._llm, forget, None)
            if drop is not None:
                drop()

    def close(self) -> None:
        """Stop the engine and free its devices."""
        core: Any = getattr(self._llm.llm_engine, "engine_core", None)
        del self._llm
        if hasattr(core, "shutdown"):
            core.shutdown()

    def _prompt(self, request: Request) -> dict[str, Any]:
        prompt: dict[str, Any] = {"prompt_token_ids": list(request.ids)}
        if request.images:
            prompt["multi_modal_data"] = {"image": list(request.images)}
        if request.names and self._named:
            prompt["multi_modal_uuids"] = {"image": list(request.names)}
        return prompt


def hold_installed(name: str) -> None:
    """Refuse where vLLM is not installed; it is not imported.

    Raises
    ------
    ModelError
        In one line.
    """
    if importlib.util.find_spec("vllm") is None:
        raise ModelError(
            f"model {name}: vllm is not installed, but this backend needs it: pip install 'sightcheck[vllm]'"
        )


def told(cause: Exception) -> str:
    """Kind and text of an exception, in one line."""
    return f"{type(cause).__name__}: {' '.join(str(cause).split())[:300]}"


def _arguments(checkpoint: Checkpoint, settings: Settings) -> dict[str, Any]:
    """Arguments of ``vllm.LLM``."""
    arguments = {
        "model": str(checkpoint.folder),
        "dtype": settings.dtype,
        "seed": 0,
        "trust_remote_code": False,
        "limit_mm_per_prompt": {"image": settings.images},
        **settings.engine,
    }
    if settings.adapter is not None:
        arguments |= {"enable_lora": True, "max_lora_rank": _rank(settings.adapter)}
    return arguments


def _rank(adapter: Path) -> int:
    """Rank of the adapter, rounded up to one that the engine can be told."""
    rank = int(json.loads((adapter / CONFIG).read_text(encoding="utf-8")).get("r", 16))
    return next((size for size in (8, 16, 32, 64, 128, 256, 320) if size >= rank), rank)


def _lora(settings: Settings) -> Any:
    """What names the adapter in every request; None without one."""
    if settings.adapter is None:
        return None
    from vllm.lora.request import LoRARequest

    return LoRARequest("adapter", 1, str(settings.adapter))


def _fields(kind: Any) -> frozenset[str]:
    """Names that a class of the engine takes: fields of a struct or of a typed dictionary, else arguments."""
    annotated = getattr(kind, "__struct_fields__", None) or getattr(kind, "__annotations__", None)
    return frozenset(annotated or inspect.signature(kind).parameters)


def _line(cause: Exception, checkpoint: Checkpoint) -> str:
    """An exception without the path of this machine."""
    return told(cause).replace(str(checkpoint.folder), checkpoint.shown)
