"""Pictures that lie in a zip archive; members are read one by one and never extracted to disk."""

from __future__ import annotations

import weakref
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from harness.errors import DataError, ImageRefused
from harness.load.names import Listing, relative
from harness.load.pixels import MAX_BYTES, MIB, looks_like

MAX_RATIO = 200
"""A member above 1 MiB may not inflate to more than this many times its packed size."""

_ENCRYPTED = 0x1


class Archive:
    """A zip archive, kept open for reading until the last picture of it is let go.

    Parameters
    ----------
    path : Path
        The archive.
    where : str
        Its name in errors.
    prefixes : sequence of str
        Folders inside the archive under which published names may lie, such as ``imgs/`` and none.

    Raises
    ------
    DataError
        Where the file is not a zip archive.
    """

    def __init__(self, path: Path, where: str, prefixes: Sequence[str] = ("",)) -> None:
        self.where = where
        self._prefixes = tuple(prefixes)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(f"{where!r} is not a zip archive that can be read ({_why(path, error)})") from None
        weakref.finalize(self, self._zip.close)
        self._members: dict[str, list[zipfile.ZipInfo]] = defaultdict(list)
        for info in self._zip.infolist():
            self._members[info.filename.replace("\\", "/")].append(info)
        self._names = Listing(self._without_prefix(member) for member in self._members)

    def find(self, name: str) -> str:
        """Return the member of a published name, if there is exactly one, safe to unpack."""
        wanted = "/".join(relative(name))
        hits = [prefix + wanted for prefix in self._prefixes if prefix + wanted in self._members]
        infos = [info for hit in hits for info in self._members[hit]]
        if not infos:
            raise self._names.missing(self.where, wanted)
        if len(infos) > 1:
            raise ImageRefused(f"is {len(infos)} times in {self.where!r}, but should be once")
        self._check(infos[0])
        return hits[0]

    def read(self, key: str) -> bytes:
        """Return the bytes of a member, as many as it declares."""
        info = self._members[key][0]
        self._check(info)
        try:
            with self._zip.open(info) as member:
                data = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise ImageRefused(f"is damaged in {self.where!r}: {error or type(error).__name__}") from None
        if len(data) != info.file_size:
            raise ImageRefused(f"has {len(data)} bytes in {self.where!r}, but {info.file_size} are declared")
        return data

    def _check(self, info: zipfile.ZipInfo) -> None:
        if info.is_dir():
            raise ImageRefused(f"is a folder in {self.where!r}, but should be a file")
        if info.flag_bits & _ENCRYPTED:
            raise ImageRefused(f"is encrypted in {self.where!r}, but should be readable")
        if info.file_size > MAX_BYTES:
            raise ImageRefused(
                f"declares {info.file_size} bytes in {self.where!r}, but at most {MAX_BYTES} are allowed"
            )
        if info.file_size > MIB and info.file_size > MAX_RATIO * info.compress_size:
            raise ImageRefused(
                f"is refused as a zip bomb: {info.compress_size} bytes of {self.where!r} unpack to "
                f"{info.file_size}, but at most {MAX_RATIO} to 1 is allowed"
            )

    def _without_prefix(self, member: str) -> str:
        prefix = next((p for p in self._prefixes if p and member.startswith(p)), "")
        return member[len(prefix) :]


def _why(path: Path, error: Exception) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return str(error)
    return str(error) if start.startswith(b"PK") else looks_like(start)
