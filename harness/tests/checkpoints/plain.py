"""Plain transformers, one prompt at a time: what the replies of the hf backend are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.backends.hf.loading import quiet, tolerate
from harness.backends.hf.without_torchvision import open_processor
from harness.records import ImagePart, Prompt
from harness.tests.checkpoints.parts import transformers


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Ids of a prompt and of what was written after it, and the text of the latter."""

    prompt: tuple[int, ...]
    new: tuple[int, ...]
    text: str


class Plain:
    """A checkpoint as transformers opens it: no batch, no padding, no cache between prompts."""

    def __init__(self, folder: Path) -> None:
        with quiet():
            self.processor: Any = open_processor(folder)
            self.model: Any = transformers().AutoModelForImageTextToText.from_pretrained(folder).eval()

    def answer(self, prompt: Prompt) -> Answer:
        """Render, process and generate greedily."""
        inputs = self._inputs(prompt)
        ids = inputs["input_ids"]
        with quiet():
            written = self.model.generate(**inputs, do_sample=False, max_new_tokens=prompt.max_new_tokens)
        new = written[0, ids.shape[1] :].tolist()
        return Answer(
            prompt=tuple(ids[0].tolist()),
            new=tuple(new),
            text=self.processor.tokenizer.decode(new, skip_special_tokens=True),
        )

    def following(self, prompt: Prompt, words: Sequence[str]) -> list[float]:
        """Log-probability of each of some words, all of them single tokens, as the first of the reply."""
        import torch

        with torch.inference_mode():
            sure = self.model(**self._inputs(prompt)).logits[0, -1].log_softmax(dim=-1)
        return [float(sure[token]) for token in self.processor.tokenizer.convert_tokens_to_ids(list(words))]

    def _inputs(self, prompt: Prompt) -> Any:
        tolerate()
        content = [
            {"type": "image"} if isinstance(part, ImagePart) else {"type": "text", "text": part.text}
            for part in prompt.parts
        ]
        text = self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        images = [image.open() for image in prompt.images]
        named = {"images": [images]} if images else {}
        return self.processor(text=[text], add_special_tokens=False, return_tensors="pt", **named)

    def skeleton(self, ids: tuple[int, ...]) -> str:
        """The characters of a prompt, with one ``#`` for all that stands in the place of an image, or of ``<bos>``."""
        words = self.processor.tokenizer.convert_ids_to_tokens(list(ids))
        marked = "".join(word if len(word) == 1 else "\0" for word in words)
        # Gemma and Idefics write line breaks around what stands for an image, Idefics2 a blank behind it
        parts = [part.strip("\n").removeprefix(" ") for part in marked.split("\0")]
        return "#".join([parts[0], *(part for part in parts[1:-1] if part), parts[-1]])
