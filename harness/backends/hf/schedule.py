"""Which prompts go through the model together: those of the same pictures, then those of about the same length."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from harness.records import ImageRef, Prompt, TextPart

CHARACTERS = 4
"""Characters a text token, about; only the order of prompts depends on it."""

MOST = 65_536
"""Most tokens a batch, padding included, however much memory there is."""


class Scale:
    """Tells how long a prompt will be in tokens, without looking at its pictures.

    Parameters
    ----------
    processor : transformers.ProcessorMixin
        Many can tell the tokens of a picture from its size; where one cannot, its area stands for them.
    """

    def __init__(self, processor: Any) -> None:
        self._count = getattr(processor, "_get_num_multimodal_tokens", None)
        self._known: dict[tuple[int, int], int] = {}

    def __call__(self, prompt: Prompt) -> int:
        """Tokens of a prompt, about."""
        text = sum(len(part.text) for part in prompt.parts if isinstance(part, TextPart))
        return text // CHARACTERS + self.pictures(prompt)

    def pictures(self, prompt: Prompt) -> int:
        """Tokens of its pictures."""
        return sum(self._picture(image) for image in prompt.images)

    def _picture(self, image: ImageRef) -> int:
        size = (image.height, image.width)
        if size not in self._known:
            self._known[size] = self._told(size)
        return self._known[size]

    def _told(self, size: tuple[int, int]) -> int:
        try:
            return int(self._count([list(size)])["num_image_tokens"][0])  # type: ignore[misc]
        except Exception:  # not every processor has it, and some want what only they know
            return max(1, min(size[0] * size[1], 1024 * 1024) // 1024)


def budget(model: Any) -> int:
    """Return how many tokens a batch may have, padding included, by the memory that is free on the model's device.

    A token costs its keys and values in every layer, and what one layer works with; half of the free memory is left
    for the vision tower and for what is not counted here. Where it ends all the same, a batch is halved.
    """
    text = model.config.get_text_config()
    # where a config does not say, a model of seven billion parameters is assumed
    hidden = int(getattr(text, "hidden_size", None) or 4096)
    layers = int(getattr(text, "num_hidden_layers", None) or 32)
    heads = int(getattr(text, "num_attention_heads", 1) or 1)
    width = int(getattr(text, "head_dim", None) or hidden // heads) * int(
        getattr(text, "num_key_value_heads", None) or heads
    )
    inner = int(getattr(text, "intermediate_size", None) or 4 * hidden)
    each = model.dtype.itemsize * (2 * layers * width + 4 * hidden + 3 * inner)
    return max(1, min(MOST, _free(model.device) // 2 // int(each)))


def _free(device: Any) -> int:
    """Free bytes of a device."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_AVPHYS_PAGES")) if hasattr(os, "sysconf") else 2**31


def arrange(prompts: Sequence[Prompt], size: int, most: int, weigh: Scale) -> list[list[int]]:
    """Return batches as places in ``prompts``, each place once.

    Prompts of the same pictures stay together, so that they share them; then those of about the same length do, so
    that little is padded.

    Parameters
    ----------
    prompts : sequence of Prompt
        All that will be asked.
    size : int
        Most prompts a batch, at least 1.
    most : int
        Most tokens a batch, padding included; a single prompt may have more.
    weigh : Scale
        Tells how long a prompt is.
    """
    lengths = [weigh(prompt) for prompt in prompts]
    sets: dict[tuple[bool, tuple[str, ...]], list[int]] = defaultdict(list)
    for number, prompt in enumerate(prompts):
        sets[bool(prompt.choices), tuple(image.digest for image in prompt.images)].append(number)
    # prompts of text alone share nothing
    alike = [[number] for key in list(sets) if not key[1] for number in sets.pop(key)] + list(sets.values())
    groups = [sorted(group, key=lambda number: (lengths[number], number)) for group in alike]
    groups.sort(key=lambda group: (bool(prompts[group[0]].images), lengths[group[-1]], group[0]))
    batches: list[list[int]] = []
    for group in groups:
        within = min(size, max(1, most // max(1, lengths[group[-1]])))
        room = within - len(batches[-1]) if batches else 0
        same = batches and bool(prompts[batches[-1][0]].images) is bool(prompts[group[0]].images)
        if same and room >= len(group):
            batches[-1].extend(group)
        else:
            batches += [group[start : start + within] for start in range(0, len(group), within)]
    return batches
