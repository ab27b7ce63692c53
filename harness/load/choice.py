"""Multiple-choice rows with named pictures, in the layouts in which MedXpertQA is published.

::

    hub          options {"A": "...", ...}                    label "A"     images ["a.jpeg", ...]
    repository   options [{"letter": "A", "content": "..."}]  label ["A"]   images [{"image_path": "a.jpeg"}, ...]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from harness.errors import DataError
from harness.load.check import Draft, collect, finish
from harness.load.layout import Layout, find
from harness.load.table import Entry, kind_of, read_json, read_jsonl
from harness.records import Loaded, Option, Source

REQUIRED = ("id", "question", "options", "label", "images")
_MARK = re.compile(r"\banswer choices\s*:", re.IGNORECASE)


def load(
    benchmark: str,
    source: Source,
    layouts: Sequence[Layout],
    *,
    fetch: str,
    options: int,
    slices: Sequence[str],
    join_stems: bool = False,
) -> Loaded:
    """Load the rows of a multiple-choice benchmark, strictly.

    Parameters
    ----------
    benchmark : str
        Its name, for errors.
    source : Source
        Root, revision and split.
    layouts : sequence of Layout
        In order of trial; tables are JSON lines, or JSON where they end in ``.json``.
    fetch : str
        One line saying how to get the files.
    options : int
        How many options every row has.
    slices : sequence of str
        Fields of metadata to break results down by. ``images``, the number of images as text, is added to them.
    join_stems : bool
        Put rows with the same question into one cluster.

    Raises
    ------
    DataMissing, DataError, RowsRefused
        Where the files are not here, cannot be read, or hold rows that break the schema.
    """
    found = find(benchmark, source, layouts, fetch=fetch)
    table = found.tables[0]
    entries = (read_json if table.suffix == ".json" else read_jsonl)(table, found.where)
    drafts = choice_rows(found.where, entries, options=options, slices=slices)
    return finish(
        drafts,
        found.pictures(),
        split=found.split,
        layout=found.layout.name,
        source=found.source,
        join_stems=join_stems,
    )


def choice_rows(where: str, entries: Sequence[Entry], *, options: int, slices: Sequence[str]) -> list[Draft]:
    """Check the fields of all entries; raises RowsRefused with every row that breaks the schema."""
    return collect(where, entries, lambda entry: _draft(entry, options, slices))


def _draft(entry: Entry, count: int, slices: Sequence[str]) -> Draft:
    entry.require(REQUIRED)
    choices = _options(entry.fields["options"], count)
    gold = _label(entry.fields["label"])
    if gold not in choices:
        raise DataError(f"field 'label' is {entry.fields['label']!r}, but should be one of {', '.join(choices)}")
    images = _images(entry.fields["images"])
    return Draft(
        id=entry.text_or_number("id"),
        kind="choice",
        stem=_stem(entry.text("question"), choices),
        options=tuple(Option(letter=letter, text=text, origin=letter) for letter, text in choices.items()),
        gold=gold,
        images=images,
        slices={name: entry.given(name) for name in slices if name != "images"} | {"images": str(len(images))},
    )


def _options(value: Any, count: int) -> dict[str, str]:
    """Return letter -> text, in the order of the letters; they must be A, B, C, ... without a gap."""
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list) and all(isinstance(x, dict) and {"letter", "content"} <= x.keys() for x in value):
        pairs = [(one["letter"], one["content"]) for one in value]
    else:
        raise DataError(
            f"field 'options' is {kind_of(value)}, but should be an object of letter -> text or a list of "
            "{letter, content}"
        )
    letters, wanted = [letter for letter, _ in pairs], list(ascii_uppercase[:count])
    if sorted(map(str, letters)) != wanted:
        raise DataError(f"field 'options' has the letters {letters}, but should have {count}: {', '.join(wanted)}")
    named = {f"options {letter}": text for letter, text in pairs}
    texts = Entry(place="", fields=named)
    options = {letter: texts.text(f"options {letter}") for letter in wanted}
    if len({text.casefold() for text in options.values()}) != count:
        raise DataError(f"field 'options' has one text twice: {' / '.join(options.values())}")
    return options


def _label(value: Any) -> str:
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(one, str):
        raise DataError(f"field 'label' is {value!r}, but should be one letter, or a list of one letter")
    return one.strip().upper()


def _images(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise DataError(f"field 'images' is {kind_of(value)}, but should be a list of file names")
    names = [one["image_path"] if isinstance(one, dict) and "image_path" in one else one for one in value]
    wrong = [kind_of(one) for one in names if not isinstance(one, str)]
    if wrong:
        raise DataError(f"field 'images' holds {wrong[0]}, but should hold file names or {{image_path}} objects")
    return tuple(names)


def _stem(question: str, options: dict[str, str]) -> str:
    """Cut the line with the answer choices off the question, as prompts add the options themselves."""
    marks = list(_MARK.finditer(question))
    if not marks:
        return question
    stem, tail = question[: marks[-1].start()].strip(), " ".join(question[marks[-1].end() :].split())
    listed = " ".join(" ".join(f"({letter}) {text}" for letter, text in options.items()).split())
    if tail != listed:
        raise DataError(f"field 'question' lists the choices {tail[:50]!r}, but 'options' has {listed[:50]!r}")
    if not stem:
        raise DataError("field 'question' is empty but for its answer choices, but should hold text")
    return stem
