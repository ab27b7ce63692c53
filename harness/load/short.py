"""Short-answer rows: what kind of answer a published answer is, and hub parquet with embedded pictures."""

from __future__ import annotations

from collections.abc import Sequence

from harness.load.check import Draft, collect, finish
from harness.load.layout import Found, Layout, find
from harness.load.parquet import read_parquet
from harness.load.table import Entry
from harness.records import Loaded, RowKind, Source

REQUIRED = ("image", "question", "answer")
ANSWER_TYPES = ("OPEN", "CLOSED")


def answer_kind(answer: str, answer_type: str = "") -> RowKind:
    """Return ``yes_no`` for the answers yes and no, ``closed`` for others of type CLOSED, else ``open``.

    Case, blanks around it and a full stop do not count. Where the type was not published (``""``) a closed answer
    other than yes and no cannot be told from an open one.
    """
    if answer.strip().rstrip(".").casefold() in {"yes", "no"}:
        return "yes_no"
    return "closed" if answer_type == "CLOSED" else "open"


def load(
    benchmark: str, source: Source, layouts: Sequence[Layout], *, fetch: str, slices: Sequence[str] = ()
) -> Loaded:
    """Load the rows of a short-answer benchmark from parquet with embedded pictures, strictly.

    Parameters
    ----------
    benchmark : str
        Its name, for errors.
    source : Source
        Root, revision and split.
    layouts : sequence of Layout
        In order of trial; tables are parquet.
    fetch : str
        One line saying how to get the files.
    slices : sequence of str
        Columns of metadata to break results down by. ``answer_kind`` is added to them.

    Raises
    ------
    DataMissing, DataError, RowsRefused
        Where the files are not here, cannot be read, or hold rows that break the schema.
    """
    return load_parquet(find(benchmark, source, layouts, fetch=fetch), slices=slices)


def load_parquet(found: Found, *, slices: Sequence[str] = ()) -> Loaded:
    """Load rows from parquet files that were found already."""
    entries, stored = read_parquet(found.tables, found.where)
    pictures = stored if found.shown else found.pictures()
    drafts = short_rows(found.where, entries, split=found.split, slices=slices)
    return finish(drafts, pictures, split=found.split, layout=found.layout.name, source=found.source)


def short_rows(where: str, entries: Sequence[Entry], *, split: str, slices: Sequence[str] = ()) -> list[Draft]:
    """Check the columns of all entries; raises RowsRefused with every row that breaks the schema.

    A row is named by its ``id`` column; where there is none, ``<split>-<row number>`` counted from 0.
    """
    return collect(where, entries, lambda entry: _draft(entry, split, slices))


def _draft(entry: Entry, split: str, slices: Sequence[str]) -> Draft:
    entry.require(REQUIRED)
    place = entry.fields["image"]
    row_id = entry.text_or_number("id") if "id" in entry.fields else f"{split}-{place}"
    answer = entry.text_or_number("answer")
    # where the type is published it must be one of the two; where the column is absent it is lost
    answer_type = entry.word("answer_type", ANSWER_TYPES) if "answer_type" in entry.fields else ""
    kind = answer_kind(answer, answer_type)
    return Draft(
        id=row_id,
        kind=kind,
        stem=entry.text("question"),
        gold=answer,
        images=(f"{row_id}:image",),
        places=(place,),
        slices={name: entry.given(name) for name in slices if name != "answer_kind"} | {"answer_kind": kind},
    )
