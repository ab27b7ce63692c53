"""One digest over everything that shapes a score of a contrastive checkpoint."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version

from harness.backends.clip.files import Files
from harness.backends.clip.settings import Settings
from harness.backends.hf.checkpoint import SMALL
from harness.backends.hf.fingerprint import digest

# Of the way this backend asks: change it whenever the same files could score differently
PROTOCOL = "scaled cosine of image and text features, one image at a time, 1"


def of(files: Files, settings: Settings) -> str:
    """Hex sha256 over the files of a folder, or repository and commit; options, labels, templates; versions.

    Neither the place of the folder nor the device, the batch size or files such as a README count.
    """
    if files.repo:
        held = [f"{files.repo}@{files.commit}"]
    else:
        small = {path.name for pattern in SMALL for path in files.folder.glob(pattern) if path.is_file()}
        held = [f"{name} {digest(files.folder / name)}" for name in sorted({*small, *files.weights})]
    packages = ("torch", "transformers", *(("open_clip_torch",) if settings.library == "open_clip" else ()))
    told = {
        "files": held,
        "weights": files.weights,
        "options": [settings.dtype, settings.truncate, settings.images, settings.scores, settings.library],
        "templates": [settings.templates, settings.label_templates],
        "labels": [[label.name, label.texts] for label in settings.labels],
        "versions": {package: version(package) for package in packages},
        "protocol": PROTOCOL,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
