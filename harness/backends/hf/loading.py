"""Processor and weights of a checkpoint, read by transformers without a word on the screen."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.backends.hf.checkpoint import INDEX, WEIGHTS, Checkpoint
from harness.backends.hf.settings import Settings
from harness.backends.hf.without_torchvision import images_and_text
from harness.errors import ModelError

SMALL = 5_000_000
"""Parameters below which one thread is about as fast as several, and far faster where cores are shared."""


def load_processor(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """Processor (left padding, a padding token, no truncation) and config.

    Raises
    ------
    ModelError
        transformers cannot read them, or what it reads has no image processor.
    """
    with quiet():
        import transformers

        library: Any = transformers  # its annotations differ between releases
        here = {"local_files_only": True, "trust_remote_code": False}
        try:
            config = library.AutoConfig.from_pretrained(checkpoint.folder, **here)
            _hold_architecture(checkpoint, config, library.AutoModelForImageTextToText)
            with images_and_text():
                processor = library.AutoProcessor.from_pretrained(checkpoint.folder, **here)
        except ModelError:
            raise
        except Exception as cause:  # anything from a missing package to a config of a newer release
            raise _refuse(checkpoint, "processor", cause) from cause
    tokenizer = getattr(processor, "tokenizer", None)
    if tokenizer is None or getattr(processor, "image_processor", None) is None:
        raise ModelError(
            f"model {checkpoint.shown}: its processor is {type(processor).__name__}, which takes no images with "
            "text, but should be that of a vision-language model: fetch processor_config.json as well"
        )
    tokenizer.padding_side = "left"
    for cutting in ("max_length", "truncation", "truncation_strategy", "stride"):
        # A tokenizer may have been saved with the limits of its training; processors would then apply or warn of them
        tokenizer.init_kwargs.pop(cutting, None)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return processor, config


def _hold_architecture(checkpoint: Checkpoint, config: Any, opener: Any) -> None:
    """Refuse, before the processor is opened, what the weights could not be opened with."""
    known = getattr(opener, "_model_mapping", None)
    if known is None or type(config) in known:
        return
    raise ModelError(
        f"model {checkpoint.shown}: transformers has no image-text model for '{config.model_type}', but should have "
        f"one to open it with {opener.__name__}: choose another model, or another backend"
    )


def load_model(checkpoint: Checkpoint, settings: Settings) -> Any:
    """The model on its device, in evaluation mode.

    Raises
    ------
    ModelError
        transformers cannot read it, or would fill weights that are not in the files with random numbers.
    """
    if checkpoint.repo:
        from harness.backends.hf import hub

        hub.weights(checkpoint.repo, checkpoint.commit, ("*.safetensors", INDEX, WEIGHTS))
    named = {"attn_implementation": settings.attn} if settings.attn else {}
    with quiet():
        import transformers

        library: Any = transformers
        try:
            model, report = library.AutoModelForImageTextToText.from_pretrained(
                checkpoint.folder,
                dtype=settings.dtype,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                **named,
            )
            model = model.to(device(settings))
        except Exception as cause:  # out of memory, no such device, a class that is not for images and text
            raise _refuse(checkpoint, "weights", cause) from cause
    invented = sorted(str(key) for kind in ("missing_keys", "mismatched_keys") for key in report[kind])
    if invented:
        raise ModelError(
            f"model {checkpoint.shown}: {len(invented)} weights such as '{invented[0]}' are not in the files in "
            "this shape and would be random, but should all be there: save the whole model again"
        )
    _share_cores(model)
    return model.eval()


def _share_cores(model: Any) -> None:
    """Let a tiny model on the CPU use one thread: on several they wait for each other longer than they work.

    With 1.5 million parameters two threads gain little on two idle cores; on cores that others use as well, one
    thread answered 148 rows a second and two answered 3. With 27 million parameters two threads are 1.6 times as
    fast. A number of threads that the environment sets is left alone.
    """
    import torch

    if "OMP_NUM_THREADS" in os.environ or model.device.type != "cpu":
        return
    torch.set_num_threads(1 if model.num_parameters() < SMALL else os.cpu_count() or 1)


def device(settings: Settings) -> str:
    """The device asked for; with ``auto`` cuda where there is one."""
    if settings.device != "auto":
        return settings.device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no warnings of transformers in its log, until it is done; then all as it was."""
    from transformers.utils import logging as of_transformers

    logging: Any = of_transformers
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def tolerate() -> None:
    """Let no warning from inside the libraries become an error, as pytest is told to make of all the others.

    What they say of their own future is dropped, the rest is shown. By module, and not for a block of code: preparing
    runs in a thread, and a block that restores the filters would restore them for every thread.
    """
    inside = r"(transformers|torch|tokenizers|numpy|huggingface_hub|accelerate|harness\.backends\.hf)(\.|$)"
    warnings.filterwarnings("default", module=inside)
    for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.filterwarnings("ignore", category=category, module=inside)


def _refuse(checkpoint: Checkpoint, what: str, cause: Exception) -> ModelError:
    """One line without the path of this machine."""
    told = " ".join(str(cause).replace(str(checkpoint.folder), checkpoint.shown).split())
    needs_code = "trust_remote_code" in told or "custom code" in told
    do = "take a model that transformers knows" if needs_code else "check the files, the packages and the options"
    return ModelError(
        f"model {checkpoint.shown}: its {what} cannot be loaded ({type(cause).__name__}: {told[:300]}), but should "
        f"open with transformers and without code of its own: {do}"
    )
