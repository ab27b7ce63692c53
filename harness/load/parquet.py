"""Rows of parquet files whose pictures are embedded as bytes, as hubs publish them."""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.errors import DataError, ImageRefused
from harness.load.pixels import MIB, looks_like
from harness.load.table import Entry, kind_of

_BATCH = 16  # rows decompressed at once: their pictures are all the bytes in flight
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})")


class Spool:
    """Encoded pictures of a column, each distinct one once, in a file without a name.

    A row group holds hundreds of pictures and is compressed as a whole, so reading one row would cost them all.
    They are therefore read once, in order, into this spool: memory up to ``max_memory`` bytes, beyond that a temporary
    file of the system that is deleted already while it is open.
    """

    def __init__(self, where: str, max_memory: int = 64 * MIB) -> None:
        self.where = where
        self._file = tempfile.SpooledTemporaryFile(max_size=max_memory)  # noqa: SIM115 - lives as long as the rows
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._end = 0
        self._spans: dict[str, tuple[int, int]] = {}
        self._rows: dict[str, str] = {}
        self._refused: dict[str, str] = {}

    def add(self, row: str, data: bytes) -> None:
        """Keep the picture of a row."""
        key = hashlib.sha256(data).hexdigest()
        self._rows[row] = key
        if key in self._spans:
            return
        with self._lock:
            self._file.seek(self._end)
            self._file.write(data)
            self._spans[key] = (self._end, len(data))
            self._end += len(data)

    def refuse(self, row: str, why: str) -> None:
        """Remember why a row has no picture."""
        self._refused[row] = why

    def find(self, name: str) -> str:
        """Return the key of the picture of a row; rows with equal bytes have one key."""
        if name in self._rows:
            return self._rows[name]
        raise ImageRefused(self._refused.get(name, f"is not in column {self.where!r}, but should be"))

    def read(self, key: str) -> bytes:
        """Return the encoded bytes of a picture."""
        start, size = self._spans[key]
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)


def read_parquet(paths: Sequence[Path], where: str, *, picture: str = "image") -> tuple[list[Entry], Spool]:
    """Return the entries of parquet files, in order, and their pictures under ``str(row number)``.

    Parameters
    ----------
    paths : sequence of Path
        All files of one split, in order.
    where : str
        Their name in errors.
    picture : str
        The column with pictures: a struct of ``bytes`` and ``path``, or bytes.

    Returns
    -------
    list of Entry, Spool
        In an entry the picture column holds the row's name in the spool.

    Raises
    ------
    DataError
        Where a file is not parquet, is one of several of which one is missing, has a column twice, or no rows.
    """
    _all_shards(paths, where)
    spool, entries = Spool(picture), list[Entry]()
    for fields in _rows(paths, where):
        number = str(len(entries))
        if picture in fields:
            _spool(spool, number, fields[picture])
            fields[picture] = number
        entries.append(Entry(place=f"number {number}", fields=fields))
    if not entries:
        raise DataError(f"{where}: holds no rows")
    return entries, spool


def _rows(paths: Sequence[Path], where: str) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in paths:
        try:
            with pq.ParquetFile(path, buffer_size=MIB) as file:
                names = file.schema_arrow.names
                if len(set(names)) != len(names):
                    raise DataError(f"{where}: has a column twice among {', '.join(names)}")
                for batch in file.iter_batches(batch_size=_BATCH):
                    yield from batch.to_pylist()
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            start = path.read_bytes()[:64]
            said = " ".join(str(error).split()) if start.startswith(b"PAR1") else looks_like(start)
            raise DataError(f"{where}: {path.name!r} cannot be read as parquet: {said}") from None


def _spool(spool: Spool, row: str, value: object) -> None:
    data = value.get("bytes") if isinstance(value, dict) else value
    if isinstance(data, bytes):
        spool.add(row, data)
    elif isinstance(value, dict):
        path = value.get("path")
        spool.refuse(row, f"has no bytes in column {spool.where!r} (path: {path!r}), but should be embedded")
    else:
        spool.refuse(row, f"is {kind_of(value)} in column {spool.where!r}, but should be bytes")


def _all_shards(paths: Sequence[Path], where: str) -> None:
    marks = [mark for path in paths if (mark := _SHARD.search(path.name))]
    if not marks:
        return
    declared = {int(mark[2]) for mark in marks}
    here = sorted(int(mark[1]) for mark in marks)
    if len(declared) > 1 or len(marks) != len(paths) or here != list(range(max(declared))):
        raise DataError(
            f"{where}: the files {', '.join(path.name for path in paths)} are here, but should be all "
            f"{max(declared)} of one set. Fetch the missing ones, remove the others."
        )
