"""A prompt as the body of a request: its parts in order, its pictures as data URIs."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from harness.backends.hf.chat import ordered
from harness.backends.openai.settings import Settings
from harness.records import ImagePart, ImageRef, Prompt, TextPart

KEPT = 64 * 2**20
"""Bytes of encoded pictures that are kept for the next mode that shows them."""

LISTED = 20
"""Most likely tokens to ask for; more is refused by OpenAI's own servers and by vLLM."""


class Pictures:
    """Pictures encoded once, least recently used first out. Safe in threads."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._held: OrderedDict[str, str] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def uri(self, picture: ImageRef) -> str:
        """Return a picture as a data URI. Raises ImageRefused where it cannot be opened any more."""
        with self._lock:
            if picture.digest in self._held:
                self._held.move_to_end(picture.digest)
                return self._held[picture.digest]
        made = self._encode(picture)
        with self._lock:
            if picture.digest not in self._held and len(made) <= KEPT:
                self._held[picture.digest] = made
                self._used += len(made)
            while self._used > KEPT:
                self._used -= len(self._held.popitem(last=False)[1])
        return made

    def _encode(self, picture: ImageRef) -> str:
        file = BytesIO()
        if self._image == "jpeg":
            picture.open().save(file, "JPEG", quality=95, subsampling=0)
        else:
            picture.open().save(file, "PNG", compress_level=1)  # a third of the time of level 6, little larger
        return f"data:image/{self._image};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def body(prompt: Prompt, settings: Settings, pictures: Pictures) -> dict[str, Any]:
    """Return the request for a prompt.

    The content is a list of parts in every mode, so that a template sees text alone in no other way than text with
    pictures. Where the prompt has choices, one token is asked for, with the most likely ones beside it.
    """
    fields: dict[str, Any] = {
        **settings.extra,
        "model": settings.model,
        "messages": [{"role": "user", "content": _content(ordered(prompt, settings.order), settings, pictures)}],
        settings.limit_field: 1 if prompt.choices else prompt.max_new_tokens,
    }
    if settings.temperature:
        fields["temperature"] = 0
    if settings.seed is not None:
        fields["seed"] = settings.seed
    if prompt.choices or settings.logprobs:
        fields |= {"logprobs": True, "top_logprobs": LISTED if prompt.choices else 2}
    return fields


def _content(parts: Sequence[TextPart | ImagePart], settings: Settings, pictures: Pictures) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, TextPart):
            content.append({"type": "text", "text": part.text})
        else:
            link = {"url": pictures.uri(part.image)} | ({"detail": settings.detail} if settings.detail else {})
            content.append({"type": "image_url", "image_url": link})
    return content
