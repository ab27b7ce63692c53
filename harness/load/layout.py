"""Which published layout the files of a benchmark are in: tried in order and proven by files, not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError, DataMissing, ImageRefused, UsageError
from harness.load.archive import Archive
from harness.load.folder import Folder
from harness.load.pixels import Pictures
from harness.records import Source

FOLDERS = ("", "data", "hub")
"""Folders below the root in which a layout may begin, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way in which a benchmark is published.

    Attributes
    ----------
    name : str
        Such as ``jsonl``; stands in ``Loaded.layout``.
    tables : mapping of str to tuple of str
        Split -> the files of rows that prove the layout, as alternatives; ``*`` stands for all files that match.
    pictures : tuple of str
        Where the pictures lie, as alternatives: an archive, or a folder with ``/`` at its end. Empty where the
        tables hold them.
    prefixes : tuple of str
        Folders inside an archive under which published names lie.
    """

    name: str
    tables: Mapping[str, tuple[str, ...]]
    pictures: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files of one split, in a layout.

    Attributes
    ----------
    layout : Layout
        The layout that was proven.
    split : str
        The split.
    base : Path
        The folder in which the layout begins.
    tables : tuple of Path
        The files of rows, in order of name.
    where : str
        Benchmark and file relative to the root, for errors.
    source : str
        As in Loaded: the files relative to ``base``, so that it does not depend on where the user's root is.
    shown : bool
        Whether the pictures are read; False where the text alone is.
    """

    layout: Layout
    split: str
    base: Path
    tables: tuple[Path, ...]
    where: str
    source: str
    shown: bool = True

    def pictures(self) -> Pictures:
        """Return where the pictures lie: the first alternative that is here."""
        if not self.shown:
            return Absent(UNASKED)
        for name in self.layout.pictures:
            path = self.base / name
            if name.endswith("/") and path.is_dir():
                return Folder(path, name.rstrip("/"))
            if not name.endswith("/") and path.is_file():
                return _archive(path, name, self.layout.prefixes)
        wanted = ", ".join(self.layout.pictures)
        return Absent(f"is not here: none of {wanted} lies beside the rows, but one should")


UNASKED = "was not asked for: the text alone is read"
"""Why a row has no images where its text alone is read."""


class Absent:
    """Pictures that are not here, or cannot be opened at all: each of them is refused with one reason."""

    where = ""

    def __init__(self, why: str) -> None:
        self._why = why

    def find(self, name: str) -> str:
        """Refuse any name."""
        raise ImageRefused(self._why)

    def read(self, key: str) -> bytes:
        """Refuse any key."""
        raise ImageRefused(self._why)


def _archive(path: Path, name: str, prefixes: Sequence[str]) -> Pictures:
    try:
        return Archive(path, name, prefixes)
    except DataError as error:
        return Absent(f"cannot be read: {error}")


def find(
    benchmark: str,
    source: Source,
    layouts: Sequence[Layout],
    *,
    fetch: str,
    only_asked: Sequence[str] = ("train", "dev"),
    folders: Sequence[str] = FOLDERS,
) -> Found:
    """Return the files of the split that was asked for, or of the first split that is here.

    Parameters
    ----------
    benchmark : str
        Its name, for errors.
    source : Source
        Root, revision and split.
    layouts : sequence of Layout
        In order of trial.
    fetch : str
        One line saying how to get the files.
    only_asked : sequence of str
        Splits that are not to be measured on unless ``source.split`` says so.
    folders : sequence of str
        Folders below the root in which a layout may begin, in order.

    Raises
    ------
    UsageError
        Where no layout has the split.
    DataMissing
        Where no table is found; lists what was looked for.
    """
    splits = list(dict.fromkeys(split for layout in layouts for split in layout.tables))
    if source.split and source.split not in splits:
        raise UsageError(
            f"{benchmark}: split {source.split!r} does not exist, but should be one of {', '.join(splits)}"
        )
    wanted = [source.split] if source.split else [split for split in splits if split not in only_asked]
    root = Path(source.root)
    for split in wanted:
        for layout, base, tables in _candidates(root, layouts, folders, split):
            names = ", ".join(table.relative_to(base).as_posix() for table in tables)
            below = ", ".join(table.relative_to(root).as_posix() for table in tables)
            return Found(
                layout=layout,
                split=split,
                base=base,
                tables=tables,
                where=f"{benchmark}: {below}",
                source=names + (f" @ {source.revision}" if source.revision else ""),
                shown=source.pictures,
            )
    looked = "; ".join(
        f"{layout.name}: {' or '.join(name for split in wanted for name in layout.tables.get(split, ()))}"
        for layout in layouts
    )
    below = ", ".join(folder + "/" for folder in folders if folder)
    raise DataMissing(
        f"{benchmark}: no rows of split {' or '.join(wanted)} are in {source.root} (nor in its {below}), "
        f"but one of these files should be ({looked}). {fetch}"
    )


def _candidates(
    root: Path, layouts: Sequence[Layout], folders: Sequence[str], split: str
) -> Iterator[tuple[Layout, Path, tuple[Path, ...]]]:
    for layout in layouts:
        for folder in folders:
            base = root / folder
            for name in layout.tables.get(split, ()):
                tables = tuple(sorted(path for path in base.glob(name) if path.is_file()))
                if tables:
                    yield layout, base, tables
