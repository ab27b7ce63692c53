"""VQA-RAD: questions that clinicians asked about radiology images, with short answers.

What is asked
    451 test questions about 203 images of chest, abdomen and head: 251 yes/no, 21 other closed ones (left/right,
    MRI, female, ...), 179 open ones. Always answering "no" scores 53.0 % of the yes/no rows.
Conventions
    ``id`` is ``qid``; in the parquet layout, which has none, ``test-<row number>``. Rows of the split are those
    whose ``phrase_type`` begins with ``test_``; the rest is train. Whole-number answers become text, tabs blanks;
    ``CLOSED `` with a trailing blank is CLOSED. The typos ATRIB, PRSE and Other of ``question_type`` are mended.
    Answers keep their published case (the parquet copy is lower case). Rows that show the same pixels are one
    cluster, in the parquet layout too.
Source
    Original: OSF project 89kps, ``VQA_RAD Dataset Public.json`` and ``VQA_RAD Image Folder/`` (or a zip of it),
    2,248 rows. Copy: flaviagiammarino/vqa-rad on the hub, ``data/test-*.parquet``, the same 451 test rows; 4 train
    rows are left out. Where both are below the root the original is read: only it has slices and answer types.
Revision
    bcf91e7654fb9d51c8ab6a5b82cacf3fafd2fae9 of the hub.
Digest
    See BENCHMARK.digests; the parquet one is of a file in the hub's layout that holds the published test rows.
Licence
    CC0 1.0, open.
How to get it
    ``--download`` (parquet, about 24 MB), or put the original files below ``<data-dir>/vqa_rad``.
Official metric
    None in the paper; the hub's card names accuracy of closed, open and all questions. Ours are exact match after
    normalisation, and containment and token F1 under their own names, with closed, open and yes/no apart.
Known defects
    202 of the 203 test images are in train as well, and 79 test questions word for word: a model that was trained
    on it has seen them. In the parquet layout ``answer_type`` is lost: its 21 closed answers other than yes and no
    count as open; its pictures were encoded anew as JPEG (levels differ by up to 29 of 255, by 0.06 on average), its
    rows stand in another order, and ids do not carry over. Some copies lack 8 test images (synpic676, 33302, 39086,
    41788, 47974, 53867, 55286, 55948); here that refuses their rows.
Changelog
    1: first version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import DataError
from harness.load import short
from harness.load.check import Draft, collect, finish
from harness.load.layout import Found, Layout, find
from harness.load.table import Entry, read_json
from harness.records import Benchmark, Loaded, Source

if TYPE_CHECKING:
    from harness.interface import ClaimOf, EquivalenceOf, GateOf, Measure

FETCH = (
    "Fetch the files of OSF project 89kps (VQA_RAD Dataset Public.json and VQA_RAD Image Folder), or "
    "data/test-*.parquet of the hub dataset flaviagiammarino/vqa-rad (or pass --download), and put them below "
    "<data-dir>/vqa_rad."
)
SLICES = ("answer_kind", "answer_type", "image_organ", "question_type", "phrase_type")
REQUIRED = ("qid", "image_name", "question", "answer", "answer_type", "phrase_type")
MENDED = {"ATRIB": "ATTRIB", "PRSE": "PRES", "Other": "OTHER"}
PHRASES = {"test": ("TEST_FREEFORM", "TEST_PARA"), "train": ("FREEFORM", "PARA")}
TABLES = ("VQA_RAD Dataset Public.json", "VQA_RAD_Dataset_Public.json")
LAYOUTS = (
    Layout(
        name="json",
        tables={"test": TABLES, "train": TABLES},
        pictures=(
            "VQA_RAD Image Folder.zip",
            "VQA_RAD_Image_Folder.zip",
            "VQA_RAD Image Folder/",
            "VQA_RAD_Image_Folder/",
        ),
        prefixes=("VQA_RAD Image Folder/", "VQA_RAD_Image_Folder/", ""),
    ),
    Layout(
        name="parquet",
        tables={
            "test": ("data/test-*.parquet", "test-*.parquet"),
            "train": ("data/train-*.parquet", "train-*.parquet"),
        },
    ),
)


def load(source: Source) -> Loaded:
    """Load VQA-RAD, strictly, in its original layout or as hub parquet."""
    found = find("vqa_rad", source, LAYOUTS, fetch=FETCH)
    return short.load_parquet(found) if found.layout.name == "parquet" else _load_json(found)


def _load_json(found: Found) -> Loaded:
    entries = [entry for entry in read_json(found.tables[0], found.where) if not _elsewhere(entry, found.split)]
    if not entries:
        raise DataError(f"{found.where}: holds no rows of split {found.split}")
    drafts = collect(found.where, entries, _draft, key="qid")
    return finish(drafts, found.pictures(), split=found.split, layout=found.layout.name, source=found.source)


def _elsewhere(entry: Entry, split: str) -> bool:
    """True for a row that says it is of another split; one that does not say is kept, to be refused."""
    phrase = entry.fields.get("phrase_type")
    others = {name for other, names in PHRASES.items() if other != split for name in names}
    return isinstance(phrase, str) and phrase.strip().upper() in others


def _draft(entry: Entry) -> Draft:
    entry.require(REQUIRED)
    phrase = entry.word("phrase_type", [name for names in PHRASES.values() for name in names])
    answer_type = entry.word("answer_type", short.ANSWER_TYPES)
    answer = entry.text_or_number("answer")
    kind = short.answer_kind(answer, answer_type)
    asked = entry.given("question_type")
    return Draft(
        id=entry.text_or_number("qid"),
        kind=kind,
        stem=entry.text("question"),
        gold=answer,
        images=(entry.file_name("image_name"),),
        slices={
            "answer_kind": kind,
            "answer_type": answer_type,
            "image_organ": entry.given("image_organ"),
            "question_type": MENDED.get(asked, asked),
            "phrase_type": phrase.lower().removeprefix("test_"),
        },
    )


BENCHMARK = Benchmark(
    name="vqa_rad",
    title="VQA-RAD",
    version="1",
    published={"test": 451, "train": 1797},
    digests={
        "json/test": "5952356cb724ac15c8fc1b430e06d416bc0207c21fe7ee244ae00d01121c4a2c",
        "json/train": "5730cf4717a73cacc0107095f469b0d41b915f8909d936cbc62ba7b54775ff59",
        "parquet/test": "72aa49b1455308aacefc8b107a40dda48c507b50d66e279d64ec7e3c3c85b5dc",
    },
    hub="flaviagiammarino/vqa-rad",
    revision="bcf91e7654fb9d51c8ab6a5b82cacf3fafd2fae9",
    files=("data/test-*.parquet",),
    licence="CC0 1.0",
    fetch=FETCH,
    load=load,
    slices=SLICES,
    train="train",
    types=("question_type",),
    strata=("image_organ",),
    notes=(
        "No official scoring program exists; exact match, containment and token F1 stand under their own names.",
        "202 of the 203 test images are in the train split too, so a model trained on it has seen them.",
        "In the parquet layout the published answer type is lost: the 21 closed answers other than yes and no count "
        "as open there, and there are no slices but the kind of answer.",
    ),
)


def test_vqa_rad(measure: Measure) -> None:
    measure().assert_reportable()


def test_vqa_rad_claim(claim: ClaimOf) -> None:
    claim().assert_supported()


def test_vqa_rad_control(control: ClaimOf) -> None:
    control().assert_refused()


def test_vqa_rad_gate(gate: GateOf) -> None:
    gate().assert_passed()


def test_vqa_rad_equivalence(equivalence: EquivalenceOf) -> None:
    equivalence().assert_equivalent()
