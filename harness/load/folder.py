"""Pictures that lie as files in a folder; nothing outside of it is ever opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.errors import ImageRefused
from harness.load.names import Listing, relative
from harness.load.pixels import MAX_BYTES


class Folder:
    """An image root.

    Parameters
    ----------
    root : Path
        The folder; it may itself be a link. Links inside of it may not lead out of it.
    where : str
        Its name in errors.
    """

    def __init__(self, root: Path, where: str) -> None:
        self.where = where
        self._root = root.resolve()
        self._listed: dict[Path, Listing] = {}

    def find(self, name: str) -> str:
        """Return the name with ``/`` between its parts, if such a file is here in exactly this case."""
        parts = relative(name)
        current = self._root
        for part in parts:
            present = self._list(current)
            if part not in present:
                raise present.missing(self.where, part)
            current = current / part
        self._inside(current)
        return "/".join(parts)

    def read(self, key: str) -> bytes:
        """Return the bytes of a file, checked anew to be a regular one inside the root."""
        path = self._inside(self._root.joinpath(*relative(key)))
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ImageRefused(f"cannot be read: {error.strerror or error}") from None
        if len(data) > MAX_BYTES:
            raise ImageRefused(f"has more than {MAX_BYTES} bytes, but no picture should")
        return data

    def _inside(self, path: Path) -> Path:
        try:
            real = path.resolve(strict=True)
            mode = real.stat().st_mode
        except FileNotFoundError:
            raise ImageRefused(f"is gone from {self.where!r}, or is a link that leads nowhere") from None
        except (OSError, RuntimeError) as error:
            raise ImageRefused(
                f"cannot be read: {getattr(error, 'strerror', None) or 'its links run in a circle'}"
            ) from None
        if not real.is_relative_to(self._root):
            raise ImageRefused(f"is a link that leads out of {self.where!r}, but should lie inside")
        if not stat.S_ISREG(mode):
            raise ImageRefused(f"is not a file in {self.where!r}, but should be")
        return real

    def _list(self, folder: Path) -> Listing:
        # names come from the listing, as some file systems open 'x.jpg' where only 'x.JPG' is
        if folder not in self._listed:
            try:
                names = os.listdir(folder)
            except OSError:
                names = []
            self._listed[folder] = Listing(names)
        return self._listed[folder]
