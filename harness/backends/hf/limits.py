"""What is known of architectures before anything is tried: how many images a prompt may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from harness.backends.hf import thinking
from harness.errors import ModelError
from harness.records import ImagePart, ImageRef, Prompt, TextPart

# Architectures (model_type of config.json) that answer about one image. Their processors may well accept two and
# their models run on them; nothing that comes out was ever trained, so it may not be reported.
SINGLE_IMAGE: Mapping[str, str] = MappingProxyType(
    {
        "blip": "one image is encoded for the decoder's cross-attention",
        "blip-2": "one image fills its query tokens",
        "florence2": "a task prompt about one image",
        "fuyu": "one image stands before the text",
        "git": "one image stands before the text",
        "instructblip": "one image fills its query tokens",
        "kosmos-2": "one image stands before the text",
        "kosmos-2.5": "one page is read",
        "paligemma": "its pretraining shows one image before the prefix",
        "pix2struct": "one image is rendered with the question",
        "vision-encoder-decoder": "one image is encoded",
    }
)

# Architectures whose processors refuse a prompt without an image
NEEDS_IMAGE: Mapping[str, str] = MappingProxyType(
    {"paligemma": "its processor takes no text alone", "pix2struct": "it reads nothing but pictures"}
)

# Architectures whose own generate encodes the images and hands features, and no ids, to a language model inside: what
# reached that model cannot be held against what was sent
UNWATCHED: Mapping[str, str] = MappingProxyType(
    {
        "blip-2": "its generate hands features of its query tokens to another model",
        "instructblip": "its generate hands features of its query tokens to another model",
        "instructblipvideo": "its generate hands features of its query tokens to another model",
    }
)


def hold(name: str, model_type: str, prompts: Sequence[Prompt]) -> None:
    """Refuse prompts that the architecture is known not to take.

    Raises
    ------
    ModelError
        Several images for a model of one, or none for a model that needs one.
    """
    counts = [len(prompt.images) for prompt in prompts]
    most = max(counts, default=0)
    if most > 1 and model_type in SINGLE_IMAGE:
        several = sum(n > 1 for n in counts)
        raise ModelError(
            f"model {name}: {several} of {len(counts)} prompts have several images, up to {most}, but "
            f"{model_type} takes one ({SINGLE_IMAGE[model_type]}): choose another model, or a benchmark of one image"
        )
    if 0 in counts and model_type in NEEDS_IMAGE:
        raise ModelError(
            f"model {name}: {counts.count(0)} of {len(counts)} prompts have no image, but {model_type} needs one "
            f"({NEEDS_IMAGE[model_type]}): leave out the modes of text alone for this model"
        )


def hold_choices(name: str, prompts: Sequence[Prompt], tail: str) -> None:
    """Refuse choices to score where the model would reason before it answers.

    Parameters
    ----------
    name : str
        The model in messages.
    prompts : sequence of Prompt
        What is coming.
    tail : str
        End of one of them as the chat template writes it.

    Raises
    ------
    ModelError
        The template leaves a thought open, so that the next token is not the answer.
    """
    if thinking.opens(tail) and any(prompt.choices for prompt in prompts):
        raise ModelError(
            f"model {name}: its chat template opens a thought, but the likelihood of a choice can only be taken where "
            "an answer begins: add thinking=off if the template knows it, or let the model write (answer=generation)"
        )


def probes(prompts: Sequence[Prompt]) -> list[Prompt]:
    """The prompts to try a processor on: the shape with the most images and, if there is one, that without any.

    Their text and pictures are made up, so that what fails is the model and not a row. They have as many words as the
    shortest prompt of their number of images, so that a context which holds none of these is known.
    """
    counts = {len(prompt.images) for prompt in prompts}
    found = []
    for count in sorted(counts & {0, max(counts, default=0)}, reverse=True):
        alike = [prompt for prompt in prompts if len(prompt.images) == count]
        found.append(_made_up(alike[0], min(map(_words, alike))))
    return found


def try_out(name: str, prompts: Sequence[Prompt], tail: Callable[[Prompt], str]) -> None:
    """Try the trial prompts on a model, before any row is asked.

    Parameters
    ----------
    name : str
        The model in messages.
    prompts : sequence of Prompt
        What is coming.
    tail : callable
        Makes a prompt ready and returns the end of its text; raises ModelError where it cannot.

    Raises
    ------
    ModelError
        A trial prompt failed, or choices would be scored within a thought.
    """
    for probe in probes(prompts):
        try:
            end = tail(probe)
        except ModelError as cause:
            raise ModelError(
                f"model {name}: a trial prompt with {len(probe.images)} images failed before any row was asked: {cause}"
            ) from cause
        hold_choices(name, prompts, end)


def _words(prompt: Prompt) -> int:
    return sum(len(part.text.split()) for part in prompt.parts if isinstance(part, TextPart))


def _made_up(prompt: Prompt, words: int) -> Prompt:
    """A prompt of this shape with so many words, of a letter each: no other word has fewer tokens."""
    texts = sum(isinstance(part, TextPart) for part in prompt.parts)
    lengths = iter([max(words - texts + 1, 1), *[1] * texts])
    parts = tuple(
        ImagePart(image=_pattern(place))
        if isinstance(part, ImagePart)
        else TextPart(text=" ".join("a" * next(lengths)))
        for place, part in enumerate(prompt.parts)
    )
    return Prompt(parts=parts, max_new_tokens=prompt.max_new_tokens)


def _pattern(number: int) -> ImageRef:
    """A small picture that differs from every other number's."""
    from PIL import Image

    width, height = 64, 48
    pixels = bytes(
        (7 * x + 13 * y + 29 * number + 80 * c) % 256 for y in range(height) for x in range(width) for c in range(3)
    )
    return ImageRef(
        name=f"probe {number}",
        digest=f"probe {number}",
        width=width,
        height=height,
        open=lambda: Image.frombytes("RGB", (width, height), pixels),
    )
