"""Backend ``vllm``: any image-text model that the vLLM engine runs, offline, in the process of the suite.

``vllm:<folder or repository>[@revision][?option=value&...]``, see OPTIONS. The prompts are rendered and tokenized
as by ``hf:``, so that both are sent the same tokens; the engine schedules them, keeps common beginnings, and is told
the digest of every picture's pixels, under which it keeps what it made of it. An extra: ``import vllm`` happens when
the engine starts, and where the package is missing one line says what to install.
"""

from __future__ import annotations

from dataclasses import replace

from harness.backends.hf.checkpoint import find
from harness.backends.vllm.engine import hold_installed
from harness.backends.vllm.model import VllmModel
from harness.backends.vllm.settings import OPTIONS, settle
from harness.records import ModelSpec

__all__ = ["OPTIONS", "open_model"]


def open_model(spec: ModelSpec) -> VllmModel:
    """Open a checkpoint without starting the engine.

    Raises
    ------
    UsageError
        The value of an option that does not exist.
    ModelError
        vLLM is not installed; no such checkpoint, or one that cannot be shown pictures; an adapter that is not there.
    """
    settings = settle(spec)
    hold_installed(spec.name)
    # the options of a checkpoint are those of hf:, and none of them is set here
    return VllmModel(spec, settings, find(replace(spec, options={})))
