"""A prompt in the model's own chat format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.backends.hf.settings import Order
from harness.errors import ModelError
from harness.records import ImagePart, Prompt, TextPart


def render(processor: Any, prompt: Prompt, order: Order, reserved: Sequence[str]) -> str:
    """Text of a prompt after the model's chat template, one placeholder an image, ready for the reply.

    Parameters
    ----------
    processor : transformers.ProcessorMixin
        Its own template is used, else that of its tokenizer.
    prompt : Prompt
        One user turn.
    order : str
        Order of text and images.
    reserved : sequence of str
        What the model reads as an image; a prompt's text may not hold it.

    Raises
    ------
    ModelError
        The template fails on this prompt, leaves out its text, or the text would be read as an image.
    """
    texts = [part.text for part in prompt.parts if isinstance(part, TextPart)]
    forged = next((token for token in reserved for text in texts if token in text), None)
    if forged is not None:
        raise ModelError(
            f"its text holds '{forged}', which this model reads as an image, but should be text alone: "
            "leave the row out for this model, or ask another one"
        )
    turn = {"role": "user", "content": [_content(part) for part in ordered(prompt, order)]}
    template = None if processor.chat_template else processor.tokenizer.chat_template
    try:
        written = processor.apply_chat_template(
            [turn], chat_template=template, add_generation_prompt=True, tokenize=False
        )
    except Exception as cause:  # templates are programs: they raise whatever they like
        raise ModelError(
            f"the chat template failed ({cause}), but should render text and images of one user turn: "
            "use the template of the instruction-tuned model"
        ) from cause
    rendered = str(written)
    if any(text.strip() not in rendered for text in texts) or "{'type': 'text'" in rendered:
        raise ModelError(
            "the chat template left out or changed the text of the prompt, but should render every part of a "
            "user turn: use a template for lists of text and images"
        )
    return rendered


def ordered(prompt: Prompt, order: Order) -> Sequence[TextPart | ImagePart]:
    """The parts as given, or all of one kind before all of the other; within a kind nothing moves."""
    if order == "as_given":
        return prompt.parts
    first = ImagePart if order == "images_first" else TextPart
    return sorted(prompt.parts, key=lambda part: not isinstance(part, first))


def _content(part: TextPart | ImagePart) -> Mapping[str, str]:
    return {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": "image"}
