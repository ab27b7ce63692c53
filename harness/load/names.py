"""Published file names: made safe before anything is opened, and matched exactly."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from harness.errors import ImageRefused

_DRIVE = re.compile(r"[A-Za-z]:")


def relative(name: str) -> tuple[str, ...]:
    """Return the parts of a published name below its root; ``\\`` counts as ``/``.

    Raises
    ------
    ImageRefused
        Where the name is empty, absolute, has control characters, or a part of dots only such as ``..``.
    """
    flat = name.replace("\\", "/")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in name):
        raise ImageRefused("has control characters in its name, but should name a file")
    if flat.startswith("/") or _DRIVE.match(flat):
        raise ImageRefused("is an absolute path, but should lie inside the image root")
    parts = tuple(part for part in flat.split("/") if part.strip() not in {"", "."})
    if not parts:
        raise ImageRefused("has an empty name, but should name a file")
    if any(not part.strip(". ") for part in parts):
        raise ImageRefused("has '..' in its path, but should lie inside the image root")
    return parts


class Listing:
    """The names that are in one place: matched exactly, remembered without their case for hints only."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._folded: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def missing(self, where: str, wanted: str) -> ImageRefused:
        """Return the refusal of a name that is not here, naming one that differs in case only."""
        if not self._folded:
            self._folded = {_fold(name): name for name in sorted(self._names)}
        other = self._folded.get(_fold(wanted), "")
        hint = f" (found {other!r}, but the row says {wanted!r})" if other else ""
        return ImageRefused(f"is not in {where!r}, but should be{hint}")


def _fold(name: str) -> str:
    # accents may be composed in two ways, and file systems differ in which they keep
    return unicodedata.normalize("NFC", name).casefold()
