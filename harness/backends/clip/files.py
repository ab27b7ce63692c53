"""A contrastive checkpoint before it is opened: where its files are, and whether it can be used."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.backends.clip.settings import Settings
from harness.backends.hf.checkpoint import INDEX, SMALL, WEIGHTS, json_object, named_folder, weight_files
from harness.errors import ModelError
from harness.records import ModelSpec

PICKLED = "pytorch_model.bin"
OPEN_CLIP = "open_clip_config.json"
OPEN_WEIGHTS, OPEN_PICKLED = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a model.

    Attributes
    ----------
    folder : Path
        The folder that was named, or a hub snapshot, which holds the weights only once they were fetched.
    shown : str
        How messages and reports call it: the repository, or the last component of the path.
    repo, commit : str
        Hub repository and resolved commit; both empty for a folder.
    config : mapping
        What its config says.
    weights : tuple of str
        Names of the files that hold the weights.
    """

    folder: Path
    shown: str
    repo: str
    commit: str
    config: Mapping[str, Any]
    weights: tuple[str, ...]


def find(spec: ModelSpec, settings: Settings) -> Files:
    """Find the files of a model and refuse what cannot work, without reading weights.

    Raises
    ------
    ModelError
        No such folder or repository; no config, no weights that may be read, no image processor; a library that is
        not installed.
    """
    if settings.library == "open_clip" and importlib.util.find_spec("open_clip") is None:
        raise ModelError(
            f"model {spec.name}: open_clip is not installed, but library=open_clip needs it: "
            "pip install 'sightcheck[open_clip]'"
        )
    place = named_folder(spec)
    if place is not None:
        names = frozenset(file.name for file in place.iterdir() if file.is_file())
        return _inspect(spec, settings, Files(folder=place, shown=place.name, **_NOWHERE), names)
    from harness.backends.hf import hub

    found = hub.snapshot(spec, SMALL)
    told = {**_NOWHERE, "repo": spec.where, "commit": found.commit}
    return _inspect(spec, settings, Files(folder=found.folder, shown=spec.where, **told), found.names)


_NOWHERE: dict[str, Any] = {"repo": "", "commit": "", "config": {}, "weights": ()}


def _inspect(spec: ModelSpec, settings: Settings, files: Files, names: frozenset[str]) -> Files:
    """Refuse, in the order in which a user would repair things."""

    def refuse(got: str, should: str) -> ModelError:
        return ModelError(f"model {spec.name} ({files.shown}): {got}, but {should}")

    foreign = settings.library == "open_clip"
    config_file = OPEN_CLIP if foreign else "config.json"
    if config_file not in names:
        other = f"{'config.json' if foreign else OPEN_CLIP}" in names
        do = f"write library={'transformers' if foreign else 'open_clip'}" if other else "check the path"
        raise refuse(f"has no {config_file}", f"should be a checkpoint of {settings.library}: {do}")
    config = json_object(files.folder / config_file)
    safe, pickled = (OPEN_WEIGHTS, OPEN_PICKLED) if foreign else (WEIGHTS, PICKLED)
    weights = _weights(files, names, safe)
    if not weights and settings.pickled and pickled in names:
        weights = (pickled,)
    if not weights:
        if pickled in names:
            do = "add bin=on to read the tensors in it, or save it again as safetensors"
            raise refuse(f"has its weights only as {pickled}, which is not safetensors", f"should have {safe}: {do}")
        raise refuse("has no weights", f"should have {safe}: fetch them")
    absent = [name for name in weights if name not in names]
    if absent:
        raise refuse(f"{len(absent)} shards are missing, such as {absent[0]}", f"{INDEX} names them: fetch them")
    if not foreign and not {"preprocessor_config.json", "processor_config.json"} & names:
        raise refuse(
            "has no image processor (preprocessor_config.json or processor_config.json)",
            "should be a model of images and text: a text model cannot be shown pictures",
        )
    return Files(
        folder=files.folder,
        shown=files.shown,
        repo=files.repo,
        commit=files.commit,
        config=config,
        weights=weights,
    )


def _weights(files: Files, names: frozenset[str], safe: str) -> tuple[str, ...]:
    """Names of the files of safetensors; none where there are none."""
    if safe == WEIGHTS and {WEIGHTS, INDEX} & names:
        return tuple(path.name for path in weight_files(files.folder))
    return (safe,) if safe in names else ()
