"""Pictures that were decoded before: what their bytes came to, kept between runs.

A picture is known by the sha256 of its encoded bytes and by what decodes it (the releases of Pillow and of its codecs,
and our own rules). Equal bytes come to equal pixels, so nothing that is kept here can be out of date: a file that was
changed has other bytes. Where nothing can be kept, pictures are decoded every time.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path


class Known:
    """Digest and size of pictures by the sha256 of their bytes; safe in threads and between processes.

    Parameters
    ----------
    decoder : callable
        Names everything beside the bytes that pixels depend on; asked once.
    """

    def __init__(self, decoder: Callable[[], str]) -> None:
        self._decoder = decoder
        self._lock = threading.Lock()
        self._opened: dict[Path, sqlite3.Connection | None] = {}

    def get(self, data: bytes) -> tuple[str, int, int] | None:
        """Return digest, width and height of the pixels of a picture, or None where it was never decoded."""
        key = _key(data)
        with self._lock:
            base = self._base()
            if base is None:
                return None
            try:
                row = base.execute("SELECT digest, width, height FROM pictures WHERE bytes = ?", (key,)).fetchone()
            except sqlite3.Error:
                return None
        return None if row is None else (str(row[0]), int(row[1]), int(row[2]))

    def put(self, data: bytes, digest: str, width: int, height: int) -> None:
        """Keep what the bytes of a picture came to."""
        with self._lock:
            base = self._base()
            if base is not None:
                try:
                    base.execute(
                        "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?)", (_key(data), digest, width, height)
                    )
                except sqlite3.Error:
                    base.close()
                    self._opened[self._path()] = None

    def close(self) -> None:
        """Close what is open; it opens again when it is asked."""
        with self._lock:
            for base in self._opened.values():
                if base is not None:
                    base.close()
            self._opened.clear()

    def _path(self) -> Path:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return root / "sightcheck" / f"pictures-{hashlib.sha256(self._decoder().encode()).hexdigest()[:16]}.sqlite"

    def _base(self) -> sqlite3.Connection | None:
        path = self._path()
        if path not in self._opened:
            self._opened[path] = _open(path)
        return self._opened[path]


def _key(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _open(path: Path) -> sqlite3.Connection | None:
    """The file of what is known; None where it cannot be had."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        base = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error):
        return None
    try:
        # what is lost with the machine is decoded again
        base.execute("PRAGMA synchronous = OFF")
        base.execute(
            "CREATE TABLE IF NOT EXISTS pictures (bytes BLOB PRIMARY KEY, digest TEXT, width INTEGER, height INTEGER) "
            "WITHOUT ROWID"
        )
    except sqlite3.Error:
        base.close()
        return None
    return base
