"""Backend ``openai``: any model behind a server that speaks the chat completions protocol.

``openai:<model>@<base url>[?option=value&...]``, see OPTIONS; without a base url the model is OpenAI's own. vLLM,
SGLang, llama.cpp, Ollama, LM Studio, ``transformers serve`` and the compatible endpoints of Gemini and Vertex speak
the protocol. Opening is cheap: no request is sent, and the client library is not imported, before the first
fingerprint or ``check``.

::

    prompt -> request -> wire (one try) -> patience (all tries) -> answer -> sight -> reply
"""

from __future__ import annotations

from harness.backends.openai.model import OpenaiModel
from harness.backends.openai.settings import OPTIONS, settle
from harness.records import ModelSpec

__all__ = ["OPTIONS", "open_model"]


def open_model(spec: ModelSpec) -> OpenaiModel:
    """Open a model behind a server, without asking it anything.

    Raises
    ------
    UsageError
        An address that is none or that holds a secret, the value of an option that does not exist, or the name of
        an environment variable that is not set.
    """
    return OpenaiModel(spec, settle(spec))
