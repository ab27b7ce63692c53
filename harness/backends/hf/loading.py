"""Processor and weights of a checkpoint, read by transformers without a word on the screen."""

from __future__ import annotations

import gc
import os
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from harness.backends.hf import adapter, limits, settled
from harness.backends.hf.checkpoint import INDEX, WEIGHTS, Checkpoint
from harness.backends.hf.settings import PLAIN, Settings
from harness.backends.hf.without_torchvision import open_processor
from harness.errors import ModelError

SMALL = 5_000_000
"""Parameters below which one thread is about as fast as several, and far faster where cores are shared."""


def load_processor(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """Processor (left padding, a padding token, no truncation) and config.

    Raises
    ------
    ModelError
        transformers cannot read them, what it reads has no image processor, or what was asked of them is not theirs.
    """
    settings = checkpoint.settings or PLAIN
    with uncollected(), ThreadPoolExecutor(max_workers=1) as apart:
        # An error that an import catches keeps the frames of all its callers; in this thread they hold no model
        config, processor = apart.submit(_read, checkpoint, settings).result()
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
    settled.think(checkpoint.shown, processor, settings)
    settled.limit_pixels(checkpoint.shown, processor, settings)
    return processor, config


def _read(checkpoint: Checkpoint, settings: Settings) -> tuple[Any, Any]:
    """Config and processor as transformers reads them."""
    with quiet():
        import transformers

        library: Any = transformers  # its annotations differ between releases
        here = {"local_files_only": True, "trust_remote_code": bool(settings.code)}
        try:
            config = library.AutoConfig.from_pretrained(checkpoint.folder, **here)
            if checkpoint.settings is not None:
                _hold_architecture(checkpoint, config, _opener(checkpoint, library))
            return config, open_processor(checkpoint.folder, **here)
        except ModelError:
            raise
        except Exception as cause:  # anything from a missing package to a config of a newer release
            raise _refuse(checkpoint, "processor", cause) from cause


def load_model(checkpoint: Checkpoint, settings: Settings) -> Any:
    """The model on its device or devices, in evaluation mode, with its adapter.

    Raises
    ------
    ModelError
        transformers cannot read it, memory does not hold it, it would fill weights that are not in the files with
        random numbers, or its adapter does not fit.
    """
    if checkpoint.repo:
        from harness.backends.hf import hub

        hub.weights(checkpoint.repo, checkpoint.commit, ("*.safetensors", INDEX, WEIGHTS))
    with quiet():
        import transformers

        try:
            model, report = _opener(checkpoint, transformers).from_pretrained(
                checkpoint.folder,
                dtype=settings.dtype,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=bool(settings.code),
                output_loading_info=True,
                **settled.placed(settings, device(settings)),
            )
            if not (settings.device_map or settings.quantize):
                model = model.to(device(settings))
        except Exception as cause:  # out of memory, no such device, a class that is not for images and text
            raise _refuse(checkpoint, "weights", cause) from cause
    invented = sorted(str(key) for kind in ("missing_keys", "mismatched_keys") for key in report[kind])
    if invented:
        raise ModelError(
            f"model {checkpoint.shown}: {len(invented)} weights such as '{invented[0]}' are not in the files in "
            "this shape and would be random, but should all be there: save the whole model again"
        )
    if model.device.type == "meta":
        raise ModelError(
            f"model {checkpoint.shown}: the device map puts its first layers on the disk, but inputs need a device to "
            "go to: put the layers that read images and tokens on one"
        )
    if checkpoint.adapter is not None:
        model = adapter.apply(checkpoint.adapter, model, checkpoint.shown)
    return model.eval()


def _opener(checkpoint: Checkpoint, library: Any) -> Any:
    """The class that opens the weights: that for image-text models or, for code of its own, the one it names."""
    named = dict(checkpoint.config.get("auto_map") or {}) if checkpoint.settings and checkpoint.settings.code else {}
    own = "AutoModelForCausalLM" if named and "AutoModelForImageTextToText" not in named else ""
    return getattr(library, own or "AutoModelForImageTextToText")


def _hold_architecture(checkpoint: Checkpoint, config: Any, opener: Any) -> None:
    """Refuse, before the processor is opened, what the weights could not be opened with, or could not be watched."""
    named = dict(checkpoint.config.get("auto_map") or {}) if checkpoint.settings and checkpoint.settings.code else {}
    known = getattr(opener, "_model_mapping", None)
    if known is not None and type(config) not in known and opener.__name__ not in named:
        raise ModelError(
            f"model {checkpoint.shown}: transformers has no image-text model for '{config.model_type}', but should "
            f"have one to open it with {opener.__name__}: choose another model, or another backend"
        )
    if config.model_type in limits.UNWATCHED:
        raise ModelError(
            f"model {checkpoint.shown}: {config.model_type} cannot be measured here ("
            f"{limits.UNWATCHED[config.model_type]}), but every image of a row has to be proven to reach the model: "
            "choose another model"
        )


def cores(model: Any) -> int:
    """Threads for a model; 0 for as many as there are.

    A tiny model on the CPU has one: on several they wait for each other longer than they work.

    With 1.5 million parameters two threads gain little on two idle cores; on cores that others use as well, one
    thread answered 148 rows a second and two answered 3. With 27 million parameters two threads are 1.6 times as
    fast. A number of threads that the environment sets is left alone.
    """
    if "OMP_NUM_THREADS" in os.environ or model.device.type != "cpu":
        return 0
    return 1 if model.num_parameters() < SMALL else os.cpu_count() or 1


def use(threads: int) -> None:
    """Let this thread compute with so many; 0 changes nothing. Each thread that computes has a number of its own."""
    import torch

    if threads and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


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


_FROZEN = threading.Event()


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection of garbage while the libraries are imported and, the first time, none ever of what they leave.

    Modules stay until the process ends, as several hundred thousand objects. Looking at them again and again takes a
    tenth of the time of importing, and most of the time that the process takes to end. Models are loaded later, and
    are collected as ever.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not _FROZEN.is_set():
            _FROZEN.set()
            gc.freeze()
        if on:
            gc.enable()


def tolerate() -> None:
    """Let no warning from inside the libraries become an error, as pytest is told to make of all the others.

    What they say of their own future is dropped, the rest is shown. By module, and not for a block of code: preparing
    runs in a thread, and a block that restores the filters would restore them for every thread.
    """
    libraries = "transformers|torch|tokenizers|numpy|huggingface_hub|accelerate|peft|bitsandbytes"
    inside = rf"({libraries}|harness\.backends)(\.|$)"
    warnings.filterwarnings("default", module=inside)
    for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.filterwarnings("ignore", category=category, module=inside)


def _refuse(checkpoint: Checkpoint, what: str, cause: Exception) -> ModelError:
    """One line without the path of this machine."""
    told = " ".join(str(cause).replace(str(checkpoint.folder), checkpoint.shown).split())
    if isinstance(cause, MemoryError) or "out of memory" in told.casefold():
        return ModelError(
            f"model {checkpoint.shown}: memory ended while its {what} were loaded ({told[:200]}), but should hold all "
            "of them: use dtype=bfloat16, quantize=8bit, device_map=auto or a larger device"
        )
    do = "check the files, the packages and the options"
    if "torchvision" in told.casefold():
        do = "install the torchvision that goes with this torch, or a newer transformers, which can do without it"
    if "trust_remote_code" in told or "custom code" in told:
        do = f"take a model that transformers knows, or read its code and allow it with code={checkpoint.shown}"
    return ModelError(
        f"model {checkpoint.shown}: its {what} cannot be loaded ({type(cause).__name__}: {told[:300]}), but should "
        f"open with transformers and without code of its own: {do}"
    )
