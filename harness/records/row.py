"""Rows and their pictures, as loaded and as a mode shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

RowKind = Literal["choice", "yes_no", "closed", "open"]
"""How a row is answered: an option letter; yes or no; one of a few words; any short answer."""

ModeName = Literal[
    "image_text",
    "text_only",
    "shuffled",
    "shuffled_hard",
    "options_only",
    "image_options",
    "blank",
    "rotation_1",
    "rotation_2",
    "rotation_3",
    "rotation_4",
    "rotation_5",
    "rotation_6",
    "rotation_7",
    "rotation_8",
    "rotation_9",
]

WITHOUT_IMAGES: frozenset[str] = frozenset({"text_only", "options_only"})
"""Modes in which a row carries no image; every other mode owes a receipt for each image of each row."""

WITHOUT_STEM: frozenset[str] = frozenset({"options_only", "image_options"})
"""Modes in which the question itself is withheld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """One image of a row, found, checked and decoded once, but not kept decoded.

    Attributes
    ----------
    name : str
        The published file name, or ``<id>:image`` where the published column holds the bytes.
    digest : str
        Hex sha256 over width, height and the decoded RGB bytes (EXIF orientation applied).
    width, height : int
        Size in pixels after decoding.
    open : callable
        Returns the decoded RGB picture; raises ImageRefused. Not part of equality.
    """

    name: str
    digest: str
    width: int
    height: int
    open: Callable[[], Image] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer choice: the letter it is shown under, its text, and its letter in the published order."""

    letter: str
    text: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question with its images, gold and slices.

    Attributes
    ----------
    id : str
        The published id, unique in its benchmark.
    kind : RowKind
        How it is answered.
    stem : str
        The question without its options; empty in the modes that withhold it.
    options : tuple of Option
        In the order shown; empty for short answers.
    gold : str
        The letter *as shown* for ``choice``; else the published answer, raw.
    images : tuple of ImageRef
        In the published order; empty in the modes that withhold them.
    cluster : str
        Rows of one cluster share an image, a stem or a patient.
    slices : mapping of str to str
        Published metadata by which results are broken down, such as ``modality -> CT``.
    donor : str
        In the shuffled modes: the id of the row whose images are shown; else empty.
    fits : str
        In the shuffled modes: the answer that the foreign images would make right, where the benchmark says so (the
        letter as shown, or the raw answer); else empty.
    """

    id: str
    kind: RowKind
    stem: str
    options: tuple[Option, ...]
    gold: str
    images: tuple[ImageRef, ...]
    cluster: str
    slices: Mapping[str, str]
    donor: str = ""
    fits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that was refused at loading, and why."""

    row_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What strict loading counted, before any inference.

    Attributes
    ----------
    rows : int
        Rows found in the file (after the benchmark's own split and language filter).
    named : mapping of int to int
        Images named per row -> number of rows.
    loaded : mapping of int to int
        Images found and decoded per row -> number of rows.
    distinct : int
        Distinct pictures, by the digest of their pixels.
    bad : tuple of BadRow
        Every refused row.
    """

    rows: int
    named: Mapping[int, int]
    loaded: Mapping[int, int]
    distinct: int
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The rows of one split of a benchmark, every one of them checked.

    Attributes
    ----------
    rows : tuple of Row
        All rows of the split in file order. Where ``telemetry.bad`` names a row, its images are not here
        (``images`` is empty) and the run refuses every mode that shows images; modes of text may run.
    split : str
        Name of the split that was read, such as ``test``.
    layout : str
        Which published layout the files are in, such as ``parquet``, ``jsonl`` or ``json``.
    digest : str
        Hex sha256 of all rows: ids, stems, options, gold and pixel digests.
    source : str
        The files that were read, relative to their root, with the pinned revision where there is one.
    telemetry : Telemetry
        Counts over all rows of the split.
    """

    rows: tuple[Row, ...]
    split: str
    layout: str
    digest: str
    source: str
    telemetry: Telemetry
