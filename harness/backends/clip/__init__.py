"""Backend ``clip``: contrastive models, which answer by scoring the text of every option against the images.

``clip:<folder or repository>[@revision][?option=value&...]``, see OPTIONS. Such a model cannot generate, and without
an image it cannot answer: the modes of text alone are refused before the first row. How a score comes about stands
in ``scoring``, what text is scored in ``wording``, and how rows without options are answered in ``labels``.
"""

from __future__ import annotations

from harness.backends.clip.files import find
from harness.backends.clip.model import ClipModel
from harness.backends.clip.settings import OPTIONS, settle
from harness.errors import UsageError
from harness.records import ModelSpec

__all__ = ["ANSWER", "NEEDS_IMAGES", "OPTIONS", "open_model"]

NEEDS_IMAGES = True
"""The modes of text alone, and the claims that need them, are left out."""

ANSWER = "likelihood_text"
"""How a model of this backend answers where the spec does not say."""


def open_model(spec: ModelSpec) -> ClipModel:
    """Open a checkpoint without reading its weights.

    Raises
    ------
    UsageError
        The value of an option that does not exist, or answers by the letters of options.
    ModelError
        No such checkpoint, one without weights that may be read, or a library that is not installed.
    """
    if spec.answer == "likelihood":
        raise UsageError(
            f"--model {spec.name}: answer is 'likelihood', but a contrastive model scores the text of each option and "
            "not its letter: leave 'answer' out, or write answer=likelihood_text"
        )
    settings = settle(spec)
    return ClipModel(spec, settings, find(spec, settings))
