"""Backend ``hf``: any image-text model that transformers opens, from a folder or from the hub.

``hf:<folder or repository>[@revision][?option=value&...]``, see OPTIONS. Opening is cheap: what can be refused
from the names and the small files of a checkpoint is refused at once, and neither torch nor transformers is
imported before the first ``check`` or ``prepare``.
"""

from __future__ import annotations

from harness.backends.hf.checkpoint import find
from harness.backends.hf.model import HfModel
from harness.backends.hf.settings import OPTIONS, settle
from harness.records import ModelSpec

__all__ = ["MIXES", "OPTIONS", "open_model"]

MIXES = True
"""Modes share pictures and beginnings of prompts, where one process asks them."""


def open_model(spec: ModelSpec) -> HfModel:
    """Open a checkpoint without reading its weights.

    Raises
    ------
    UsageError
        The value of an option that does not exist.
    ModelError
        No such checkpoint, or one without safetensors, image processor or chat template.
    """
    settings = settle(spec)
    return HfModel(spec, settings, find(spec, settings))
