"""Processors whose video part wants torchvision, opened for images and text where torchvision is not installed.

Everything else stays as transformers does it: the class that the files name, its own constructor, its image
processor in the variant for PIL, its tokenizer and template. Only what needs torchvision is replaced, while a
processor is being opened, by something that refuses videos; where torchvision is installed nothing is replaced.

=========================  ==========================================================================
what asks for torchvision  what stands in for it
=========================  ==========================================================================
video processor            ``NoVideos``: takes the place in the constructor, refuses to be called
num2words (SmolVLM)        writes time stamps of videos alone, and stands for nothing here either
PixtralProcessor           its module takes one function from the torchvision variant of its image
                           processor; the PIL variant has the same function
=========================  ==========================================================================
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from harness.errors import ModelError

_SMOLVLM = "transformers.models.smolvlm.processing_smolvlm"
_PIXTRAL = "transformers.models.pixtral"

# What stands in is put into modules of the library, which all models of a process share
_LOCK = threading.RLock()


def torchvision_is_here() -> bool:
    """Whether torchvision is installed; it is not imported."""
    return find_spec("torchvision") is not None


def open_processor(folder: Path, **named: Any) -> Any:
    """The processor of a checkpoint as ``AutoProcessor`` opens it or, where that wants torchvision, without videos.

    Parameters
    ----------
    folder : Path
        Of the checkpoint.
    **named
        Arguments of ``AutoProcessor.from_pretrained``.

    Raises
    ------
    Exception
        What ``AutoProcessor`` raised, where it cannot be opened either way.
    """
    opener: Any = importlib.import_module("transformers").AutoProcessor
    try:
        return opener.from_pretrained(folder, **named)
    except Exception:  # as a rule an ImportError; a release may stumble over what it could not import
        if torchvision_is_here():
            raise
        with suppress(Exception), images_and_text():
            return opener.from_pretrained(folder, **named)
        raise


@contextmanager
def images_and_text() -> Iterator[None]:
    """Let processors open without torchvision for as long as the block runs; with it nothing is changed."""
    if torchvision_is_here():
        yield
        return
    with _LOCK, _videos(), _num2words(), _pixtral():
        yield


def refuse(*_: object, **__: object) -> NoReturn:
    """Refuse videos.

    Raises
    ------
    ModelError
        Always.
    """
    raise ModelError(
        "a video was given to a processor that was opened without torchvision, but should be images and text: "
        "install the torchvision that goes with this torch"
    )


@contextmanager
def _videos() -> Iterator[None]:
    """A video processor that refuses videos, of the class that the constructors of processors ask for."""
    asked: Any = importlib.import_module("transformers.processing_utils")
    library: Any = importlib.import_module("transformers.video_processing_utils")
    # older releases have one class for both; it asks for torchvision when it is made, which it is not here
    parent: Any = getattr(library, "VideoProcessorMixin", None) or library.BaseVideoProcessor

    class NoVideos(parent):  # type: ignore[misc]  # a class of an untyped library
        __call__ = refuse

        def __init__(self) -> None:
            pass

        @classmethod
        def from_pretrained(cls, *_: object, **__: object) -> NoVideos:
            return cls()

        def __getattr__(self, name: str) -> None:
            """Every setting, say of frames a second, is None; SmolVLM reads some for text alone."""
            if name.startswith("_"):
                raise AttributeError(name)

    opener = importlib.import_module("transformers.models.auto.video_processing_auto")
    with (
        _put(opener, "AutoVideoProcessor", NoVideos),
        # where constructors look for the class by its name, which is shown only beside torchvision
        _put(asked.transformers_module, parent.__name__, parent),
    ):
        yield


@contextmanager
def _num2words() -> Iterator[None]:
    module = None if find_spec("num2words") else _module(_SMOLVLM)
    if module is None:
        yield
        return
    with _put(module, "num2words", refuse):
        yield


@contextmanager
def _pixtral() -> Iterator[None]:
    """The class in place of the placeholder that its package shows without torchvision."""
    pil, name = _module(f"{_PIXTRAL}.image_processing_pil_pixtral"), f"{_PIXTRAL}.processing_pixtral"
    if pil is None:
        yield
        return
    if name not in sys.modules:
        with _present(f"{_PIXTRAL}.image_processing_pixtral", pil):
            importlib.import_module(name)
    module: Any = sys.modules[name]
    with _put(importlib.import_module(_PIXTRAL), "PixtralProcessor", module.PixtralProcessor):
        yield


def _module(name: str) -> ModuleType | None:
    """A module of transformers; None where this release has none, or needs torchvision for it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


@contextmanager
def _present(name: str, module: ModuleType) -> Iterator[None]:
    """A module under the name of another one that cannot be imported."""
    sys.modules[name] = module
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def _put(owner: ModuleType, name: str, value: object) -> Iterator[None]:
    """Another value under a name of a module, until the block ends."""
    held = owner.__dict__
    before = {name: held[name]} if name in held else {}
    held[name] = value
    try:
        yield
    finally:
        del held[name]
        held.update(before)
