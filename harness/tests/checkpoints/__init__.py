"""Tiny checkpoints with random weights, made on disk: real architectures, processors and chat templates."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from harness.records import ImagePart, ImageRef, Prompt, TextPart
from harness.tests.checkpoints.gemma import gemma3, gemma4, paligemma
from harness.tests.checkpoints.idefics import idefics2, idefics3, smolvlm
from harness.tests.checkpoints.llava import llava, llava_next, llava_onevision
from harness.tests.checkpoints.others import blip_2, glm4v, internvl, mistral3, mllama, pixtral
from harness.tests.checkpoints.qwen import qwen2_5_vl, qwen2_vl, qwen3_vl

__all__ = ["BUILDERS", "ask", "blip_2", "llava", "paligemma", "picture"]

BUILDERS: Mapping[str, Callable[[Path], Path]] = {
    "llava": llava,
    "gemma3": gemma3,
    "idefics3": idefics3,
    "llava_next": llava_next,
    "qwen2_vl": qwen2_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "llava_onevision": llava_onevision,
    "idefics2": idefics2,
    "smolvlm": smolvlm,
    "internvl": internvl,
    "mllama": mllama,
    "mistral3": mistral3,
    "pixtral": pixtral,
    "gemma4": gemma4,
    "glm4v": glm4v,
}
"""Architectures that take several images, and open without packages beyond the suite's own."""


def picture(seed: int, width: int = 50, height: int = 40) -> ImageRef:
    """A picture of noise; pictures of different seeds or sizes differ, and so do their digests."""

    def open_() -> Image.Image:
        noise = random.Random(seed).randbytes(width * height * 3)  # noqa: S311 - no secret
        return Image.frombytes("RGB", (width, height), noise)

    sized = "" if (width, height) == (50, 40) else f"-{width}x{height}"
    return ImageRef(name=f"picture-{seed}.png", digest=f"digest-{seed}{sized}", width=width, height=height, open=open_)


def ask(text: str, *images: ImageRef, tokens: int = 6) -> Prompt:
    """A prompt: images first, then a text, and how long the reply may be."""
    shown = tuple(ImagePart(image=image) for image in images)
    return Prompt(parts=(*shown, TextPart(text=text)), max_new_tokens=tokens)
