"""The options of a ``clip:`` model, read once, with the files that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from harness.backends.clip import labels
from harness.backends.clip.labels import Label
from harness.errors import UsageError
from harness.records import ModelSpec

Pool = Literal["mean", "max"]
Scale = Literal["softmax", "sigmoid"]
Library = Literal["transformers", "open_clip"]

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "template": "TEXT with {option} and, if wanted, {stem} (default '{stem} {option}', for a label '{option}')",
        "templates": "FILE, one template a line; the features of an option are averaged over them",
        "labels": "FILE, one label a line, from which rows without options are answered",
        "truncate": "off|on, whether a stem that does not fit loses its beginning (off: the row fails)",
        "images": "mean|max of the logits over the images of a row",
        "scores": "softmax|sigmoid, whether the probabilities of a row sum to 1 or each stands alone",
        "library": "transformers|open_clip",
        "bin": "off|on, whether weights may be read from a .bin file where there are no safetensors",
        "dtype": "auto|float32|bfloat16|float16 (auto: as the files say)",
        "device": "auto|cpu|mps|cuda|cuda:N (auto: cuda where it is)",
        "batch": "auto|N prompts at a time (auto: 256 on cuda, else 32)",
    }
)

_VALUES = MappingProxyType(
    {
        "truncate": re.compile(r"off|on"),
        "images": re.compile(r"mean|max"),
        "scores": re.compile(r"softmax|sigmoid"),
        "library": re.compile(r"transformers|open_clip"),
        "bin": re.compile(r"off|on"),
        "dtype": re.compile(r"auto|float32|bfloat16|float16"),
        "device": re.compile(r"auto|cpu|mps|cuda(:\d+)?"),
        "batch": re.compile(r"auto|[1-9]\d{0,3}"),
    }
)

WITH_STEM = ("{stem} {option}",)
ALONE = ("{option}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the options of a spec say.

    Attributes
    ----------
    templates : tuple of str
        For the options of a row.
    label_templates : tuple of str
        For the labels.
    labels : tuple of Label
        From which rows without options are answered; empty where no file was named.
    labels_file : str
        Its name, for the report.
    truncate : bool
        Whether a stem that does not fit loses its beginning.
    images : str
        How the logits of several images become one.
    scores : str
        How logits become probabilities.
    library : str
        What opens the checkpoint.
    pickled : bool
        Whether weights may be read from a file that is not safetensors.
    dtype, device : str
        As written in the spec; ``auto`` where nothing was.
    batch : int
        Prompts at a time; 0 for the default of the device.
    """

    templates: tuple[str, ...]
    label_templates: tuple[str, ...]
    labels: tuple[Label, ...]
    labels_file: str
    truncate: bool
    images: Pool
    scores: Scale
    library: Library
    pickled: bool
    dtype: str
    device: str
    batch: int


def settle(spec: ModelSpec) -> Settings:
    """Read the options of a spec.

    Raises
    ------
    UsageError
        A value that the option cannot have, or a file that cannot be read or holds nothing of use.
    """
    told = spec.options
    for option, value in told.items():
        if option in _VALUES and not _VALUES[option].fullmatch(value):
            raise UsageError(f"--model {spec.name}: {option} is '{value}', but should be {OPTIONS[option]}")
    given = _templates(spec)
    batch = told.get("batch", "auto")
    return Settings(
        templates=given or WITH_STEM,
        label_templates=given or ALONE,
        labels=labels.read(f"--model {spec.name}: labels", told["labels"]) if "labels" in told else (),
        labels_file=Path(told.get("labels", "")).name,
        truncate=told.get("truncate") == "on",
        images=cast(Pool, told.get("images", "mean")),
        scores=cast(Scale, told.get("scores", "softmax")),
        library=cast(Library, told.get("library", "transformers")),
        pickled=told.get("bin") == "on",
        dtype=told.get("dtype", "auto"),
        device=told.get("device", "auto"),
        batch=0 if batch == "auto" else int(batch),
    )


def _templates(spec: ModelSpec) -> tuple[str, ...]:
    """The templates of a spec, with ``{}`` written out; empty where it names none."""
    told = spec.options
    if "template" in told and "templates" in told:
        raise UsageError(
            f"--model {spec.name}: template and templates are both given, but should be one of them: put the template "
            "into the file"
        )
    if "templates" in told:
        return labels.templates(f"--model {spec.name}: templates", told["templates"])
    return (labels.template(f"--model {spec.name}: template", told["template"]),) if "template" in told else ()
