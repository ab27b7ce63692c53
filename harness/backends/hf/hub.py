"""Files of a hub repository at one commit, from the local cache or over the network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ModelError
from harness.records import ModelSpec

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A hub repository at a commit: its folder in the cache, and the names of its files."""

    folder: Path
    commit: str
    names: frozenset[str]


def snapshot(spec: ModelSpec, patterns: Sequence[str]) -> Snapshot:
    """Resolve the revision to a commit and have the files that match the patterns here.

    A branch or tag is looked up on the network, since it can move, and in the cache where there is no network;
    a full commit is taken from the cache if its weights are there.

    Raises
    ------
    ModelError
        No such repository or revision, no access, or neither network nor cache.
    """
    if _COMMIT.fullmatch(spec.revision):
        here = _cached(spec, patterns)
        if here and any(name.endswith(".safetensors") for name in here.names):
            return here
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return _fetched(spec, patterns)
    except GatedRepoError as cause:
        raise _refuse(spec, "is gated", "ask its owners for access, then set HF_TOKEN") from cause
    except RevisionNotFoundError as cause:
        raise _refuse(spec, "has no such revision", "name a commit, tag or branch of it") from cause
    except RepositoryNotFoundError as cause:
        raise _refuse(spec, "is not on the hub", "check the name, or set HF_TOKEN if it is private") from cause
    except Exception as cause:  # no network: which class says so depends on the HTTP client of the hub's package
        here = _cached(spec, patterns)
        if here is None:
            got = f"is neither a folder nor in the hub's cache, and the hub cannot be reached ({_brief(cause)})"
            raise _refuse(spec, got, "check the name and the network, or name a folder") from cause
        return here


def weights(repo: str, commit: str, patterns: Sequence[str]) -> None:
    """Have the weights of a snapshot here as well.

    Raises
    ------
    ModelError
        They are not in the cache and cannot be fetched.
    """
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(repo, revision=commit, allow_patterns=list(patterns))
    except Exception as cause:
        raise ModelError(
            f"model {repo}@{commit}: the weights cannot be fetched ({_brief(cause)}), but should be in the cache "
            "or on the hub: check the network, or name a folder that holds the model"
        ) from cause


def _fetched(spec: ModelSpec, patterns: Sequence[str]) -> Snapshot:
    """The snapshot as the hub has it now; what is in the cache is not fetched again."""
    from huggingface_hub import HfApi, snapshot_download

    info = HfApi().model_info(spec.where, revision=spec.revision or None, timeout=20)
    names = frozenset(file.rfilename for file in info.siblings or ())
    folder = snapshot_download(spec.where, revision=info.sha, allow_patterns=list(patterns))
    return Snapshot(folder=Path(folder), commit=str(info.sha), names=names)


def _cached(spec: ModelSpec, patterns: Sequence[str]) -> Snapshot | None:
    """The snapshot in the cache, if there is one."""
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(
            spec.where, revision=spec.revision or None, allow_patterns=list(patterns), local_files_only=True
        )
    except Exception:
        return None
    folder = Path(found)
    names = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return Snapshot(folder=folder, commit=folder.name, names=frozenset(names))


def _refuse(spec: ModelSpec, got: str, do: str) -> ModelError:
    at = f"{spec.where}@{spec.revision}" if spec.revision else spec.where
    return ModelError(f"model {spec.name}: '{at}' {got}, but should be a checkpoint that can be opened: {do}")


def _brief(cause: Exception) -> str:
    """First line of an exception, short: hub errors go on with addresses and request ids."""
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:120]
