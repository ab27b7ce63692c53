"""A checkpoint before it is opened: where its files are, and whether it can be used. Nothing heavy is imported."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.backends.hf import adapter, own_code
from harness.backends.hf.adapter import Adapter
from harness.backends.hf.settings import PLAIN, Settings
from harness.errors import ModelError
from harness.records import ModelSpec

INDEX = "model.safetensors.index.json"
WEIGHTS = "model.safetensors"

# Everything that transformers reads beside weights: configs, tokenizer (json, vocab.txt, merges.txt,
# sentencepiece, tiktoken), processor, chat templates
SMALL = ("*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken", "additional_chat_templates/*.jinja")

_TEMPLATES = ("chat_template.jinja", "chat_template.json")
_PARAMETERS_OF_HEADER = 8  # a safetensors file begins with the length of its header, 8 bytes, little-endian


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The files of a model.

    Attributes
    ----------
    folder : Path
        Where they are on this machine: the folder that was named, or a hub snapshot. A snapshot holds the
        weights only once ``hub.weights`` has been called.
    shown : str
        How messages and reports call it: the repository, or the last component of the path.
    repo, commit : str
        Hub repository and resolved commit; both empty for a folder.
    config, generation : mapping
        What config.json and generation_config.json hold; ``generation`` is empty without the latter.
    settings : Settings or None
        How it is to be opened; None where another backend than this one opens the weights.
    adapter : Adapter or None
        What is laid over its weights.
    """

    folder: Path
    shown: str
    repo: str
    commit: str
    config: Mapping[str, Any]
    generation: Mapping[str, Any]
    settings: Settings | None = None
    adapter: Adapter | None = None

    @property
    def small(self) -> tuple[str, ...]:
        """Patterns of the files beside weights that shape a reply."""
        return SMALL + own_code.FILES if self.settings and self.settings.code else SMALL

    @property
    def told(self) -> Mapping[str, str]:
        """What was asked for beyond the model itself, for the report."""
        settings = self.settings or PLAIN
        said = {
            "adapter": f"{self.adapter.shown}, not merged" if self.adapter else "",
            "code of its own": f"runs, as code={settings.code} allows" if settings.code else "",
            "quantized": f"{settings.quantize} by bitsandbytes" if settings.quantize else "",
            "device map": settings.device_map,
            "thinking": settings.thinking if settings.thinking != "auto" else "",
            "min_pixels": str(settings.min_pixels or ""),
            "max_pixels": str(settings.max_pixels or ""),
        }
        return {name: value for name, value in said.items() if value}


def find(spec: ModelSpec, settings: Settings | None = None) -> Checkpoint:
    """Find the files of a model and refuse what cannot work, without reading weights.

    Parameters
    ----------
    spec : ModelSpec
        Where it is.
    settings : Settings or None
        How it is to be opened; None where another backend than this one opens the weights.

    Raises
    ------
    ModelError
        No such folder or repository; no config, no safetensors, no image processor or no chat template; an adapter
        of another model.
    UsageError
        Code was allowed to run that is not this model's, or is not pinned to a commit.
    """
    place = named_folder(spec)
    if place is not None:
        return _inspect(spec, settings, place, place.name, ("", ""), _listing(place))
    from harness.backends.hf import hub

    code = settings.code if settings else ""
    if code:
        own_code.hold_pinned(spec, code)
    found = hub.snapshot(spec, SMALL + own_code.FILES if code else SMALL)
    return _inspect(spec, settings, found.folder, spec.where, (spec.where, found.commit), found.names)


def named_folder(spec: ModelSpec) -> Path | None:
    """Return the folder that a spec names; None where it names a hub repository.

    Raises
    ------
    ModelError
        A folder with a revision, or what is neither a folder here nor the name of a repository.
    """
    place = Path(spec.where).expanduser()
    if place.is_dir():
        if spec.revision:
            raise ModelError(
                f"model {spec.name}: revision '{spec.revision}' was given with a folder, but only a hub "
                f"repository has revisions: leave out '@{spec.revision}'"
            )
        return place.resolve()
    # A repository is 'name' or 'owner/name'; anything else can only have been meant as a path
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", spec.where) or spec.where.startswith("."):
        raise ModelError(
            f"model {spec.name}: '{spec.where}' is not a folder here and cannot be a hub repository "
            "('owner/name'), but should be one of them: check the path"
        )
    return None


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The safetensors files that transformers reads: the shards of the index, or the single file."""
    if (folder / INDEX).is_file():
        shards = set(json_object(folder / INDEX).get("weight_map", {}).values())
        return tuple(folder / shard for shard in sorted(shards))
    return (folder / WEIGHTS,)


def parameters(folder: Path) -> int:
    """Numbers in the weight files, counted from their headers; 0 where a file is not here yet."""
    files = weight_files(folder)
    if not all(file.is_file() for file in files):
        return 0
    return sum(_product(tensor["shape"]) for file in files for tensor in _header(file))


def _inspect(
    spec: ModelSpec, settings: Settings | None, folder: Path, shown: str, at: tuple[str, str], names: frozenset[str]
) -> Checkpoint:
    """Refuse, in the order in which a user would repair things. ``at`` is repository and commit."""

    def refuse(got: str, should: str) -> ModelError:
        return ModelError(f"model {spec.name} ({shown}): {got}, but {should}")

    if "config.json" not in names:
        raise refuse("has no config.json", "should be the folder of a transformers checkpoint: check the path")
    config = json_object(folder / "config.json")
    if not config.get("model_type"):
        raise refuse("config.json names no model_type", "should name the architecture of a transformers model")
    if WEIGHTS not in names and INDEX not in names:
        pickled = sorted(name for name in names if re.fullmatch(r"pytorch_model.*\.bin(\.index\.json)?", name))
        got = f"has its weights only as {pickled[0]}, which can run code when read" if pickled else "has no weights"
        raise refuse(got, f"should have {WEIGHTS}: convert it with save_pretrained, which writes safetensors")
    if INDEX in names:
        absent = [file.name for file in weight_files(folder) if file.name not in names]
        if absent:
            raise refuse(f"{len(absent)} shards are missing, such as {absent[0]}", f"{INDEX} names them: fetch them")
    if not _has_image_processor(folder, names):
        raise refuse(
            "has no image processor (preprocessor_config.json, or image_processor in processor_config.json)",
            "should be a vision-language model: a text model cannot be shown pictures",
        )
    if not _has_chat_template(folder, names):
        raise refuse(
            "has no chat template",
            "should have chat_template.jinja: take it from the instruction-tuned model that it comes from",
        )
    if settings and settings.quantize and find_spec("bitsandbytes") is None:
        raise refuse(
            f"quantize is '{settings.quantize}' and needs bitsandbytes, which is not installed",
            "should be: pip install 'sightcheck[quantized]'",
        )
    if settings and settings.code:
        own_code.hold(
            spec, settings.code, shown, [json_object(folder / name) for name in own_code.NAMED_IN if name in names]
        )
    return Checkpoint(
        folder=folder,
        shown=shown,
        repo=at[0],
        commit=at[1],
        config=config,
        generation=json_object(folder / "generation_config.json") if "generation_config.json" in names else {},
        settings=settings,
        adapter=adapter.find(spec, shown) if settings and settings.adapter else None,
    )


def _has_image_processor(folder: Path, names: frozenset[str]) -> bool:
    if "preprocessor_config.json" in names:
        return True
    return "processor_config.json" in names and "image_processor" in json_object(folder / "processor_config.json")


def _has_chat_template(folder: Path, names: frozenset[str]) -> bool:
    if any(name in names for name in _TEMPLATES):
        return True
    if any(name.startswith("additional_chat_templates/") for name in names):
        return True
    holders = ("processor_config.json", "tokenizer_config.json")
    return any(bool(json_object(folder / name).get("chat_template")) for name in holders if name in names)


def _listing(folder: Path) -> frozenset[str]:
    """Names of all files of a folder, and of its subfolder of templates, as posix paths relative to it."""
    deep = folder.glob("additional_chat_templates/*.jinja")
    files: Sequence[Path] = [*(f for f in folder.iterdir() if f.is_file()), *deep]
    return frozenset(file.relative_to(folder).as_posix() for file in files)


def json_object(file: Path) -> dict[str, Any]:
    """A JSON object from a file of a checkpoint."""
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise ModelError(f"{file.name}: cannot be read ({cause}), but should be JSON: fetch it again") from cause
    if not isinstance(read, dict):
        raise ModelError(f"{file.name}: holds a {type(read).__name__}, but should hold a JSON object: fetch it again")
    return read


def _header(file: Path) -> Iterator[Mapping[str, Any]]:
    """The entries of a safetensors header, one a tensor."""
    with file.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(_PARAMETERS_OF_HEADER))
        entries = json.loads(stream.read(length))
    return (entry for name, entry in entries.items() if name != "__metadata__")


def _product(shape: Sequence[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
