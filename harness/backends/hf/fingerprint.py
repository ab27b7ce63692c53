"""One digest over everything that shapes a reply of a checkpoint."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from harness.backends.hf import adapter
from harness.backends.hf.checkpoint import Checkpoint, weight_files
from harness.backends.hf.settings import Settings
from harness.backends.hf.without_torchvision import torchvision_is_here

# Of the way this backend asks: change it whenever the same files could reply differently
PROTOCOL = "greedy, left padding, one user turn, 1"

# Digests of smaller files are not kept: hashing them costs less than the doubt
REMEMBERED_FROM = 64 * 2**20


def of(checkpoint: Checkpoint, settings: Settings) -> str:
    """Hex sha256 over the files of a folder, or repository and commit; options; versions.

    Neither the place of the folder nor the device, the batch size or files such as a README count.
    """
    if checkpoint.repo:
        files = [f"{checkpoint.repo}@{checkpoint.commit}"]
    else:
        files = [f"{name} {digest(path)}" for name, path in _shaping(checkpoint)]
    told: dict[str, object] = {
        "files": files,
        "options": [settings.dtype, settings.order, settings.attn],
        "versions": {package: version(package) for package in ("torch", "transformers")},
        "protocol": PROTOCOL,
        **_beyond(checkpoint, settings),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def digest(path: Path) -> str:
    """Hex sha256 of a file. That of a big one is kept between runs, by path, size and time of last change."""
    state = path.stat()
    if state.st_size < REMEMBERED_FROM:
        return _sha256(path)
    known = f"{path.resolve()}\0{state.st_size}\0{state.st_mtime_ns}"
    note = _cache() / hashlib.sha256(known.encode()).hexdigest()
    try:
        return note.read_text(encoding="ascii")
    except OSError:
        pass
    found = _sha256(path)
    _keep(note, found)
    return found


def _beyond(checkpoint: Checkpoint, settings: Settings) -> dict[str, object]:
    """What was asked for beyond the model itself; nothing for a plain one, whose fingerprint stays what it was."""
    told: dict[str, object] = {
        name: getattr(settings, name)
        for name in ("quantize", "code", "min_pixels", "max_pixels")
        if getattr(settings, name)
    }
    if not settings.reuse:
        told["reuse"] = "off"  # a ledger of replies that shared work may not answer for it
    if settings.thinking != "auto":
        told["thinking"] = settings.thinking
    if settings.quantize:
        told["bitsandbytes"] = version("bitsandbytes")
    if checkpoint.adapter is not None:
        told["adapter"] = [digest(path) for path in adapter.files(checkpoint.adapter)]
        told["peft"] = version("peft")
    if torchvision_is_here():
        told["torchvision"] = version("torchvision")  # it resizes pictures otherwise than PIL
    return told


def _shaping(checkpoint: Checkpoint) -> Iterator[tuple[str, Path]]:
    """Names and paths of the files that shape a reply, in the order of their names."""
    folder = checkpoint.folder
    small = {path for pattern in checkpoint.small for path in folder.glob(pattern) if path.is_file()}
    for path in sorted({*small, *weight_files(folder)}):
        yield path.relative_to(folder).as_posix(), path


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sightcheck" / "digests"


def _keep(note: Path, found: str) -> None:
    """Write a digest in one step; where the cache cannot be written, the next run hashes again."""
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        whole = note.with_suffix(f".{os.getpid()}")
        whole.write_text(found, encoding="ascii")
        whole.replace(note)
    except OSError:
        return
