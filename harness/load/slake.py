"""SLAKE as it is published: one JSON list a split with both languages, and the pictures by name.

Read by two benchmarks, one a language. The published fields are img_name, question, answer, q_lang, answer_type
and qid, and as metadata location, modality, base_type, content_type, img_id, triple.
"""

from __future__ import annotations

from harness.load.check import Draft, collect, finish
from harness.load.layout import Layout, find
from harness.load.short import ANSWER_TYPES, answer_kind
from harness.load.table import Entry, read_json
from harness.records import Loaded, RowKind, Source

REQUIRED = ("qid", "img_name", "question", "answer", "q_lang", "answer_type")
SLICES = ("answer_type", "modality", "content_type", "location", "base_type")
LANGUAGES = ("EN", "ZH")

LAYOUTS = (
    Layout(
        name="json",
        tables={
            "test": ("test.json",),
            "validation": ("validation.json", "validate.json"),
            "train": ("train.json",),
        },
        pictures=("imgs.zip", "imgs/"),
        prefixes=("imgs/", ""),
    ),
)

YES_ZH = frozenset(["是", "是的", "有", "包含", "包括", "存在", "可以", "正常", "健康"])
"""Every Chinese answer of type CLOSED, over all three splits, that says yes to its question."""

NO_ZH = frozenset(["不是", "否", "没有", "不包含", "不包括", "不存在", "不可以", "不正常", "无异常"])
"""And every one that says no."""


def load(benchmark: str, source: Source, language: str, *, fetch: str) -> Loaded:
    """Load the rows of one language of one split, strictly.

    Parameters
    ----------
    benchmark : str
        Its name, for errors.
    source : Source
        Root, revision and split.
    language : str
        ``en`` or ``zh``.
    fetch : str
        One line saying how to get the files.

    Raises
    ------
    DataMissing, DataError, RowsRefused
        Where the files are not here, cannot be read, or hold rows that break the schema.
    """
    found = find(benchmark, source, LAYOUTS, fetch=fetch)
    entries = [entry for entry in read_json(found.tables[0], found.where) if not _foreign(entry, language)]
    if not source.pictures:
        # one published row of train has no answer: it refuses the split as a benchmark, and teaches nothing
        entries = [entry for entry in entries if str(entry.fields.get("answer") or "").strip()]
    drafts = collect(found.where, entries, _draft, key="qid")
    return finish(drafts, found.pictures(), split=found.split, layout=found.layout.name, source=found.source)


def kind(answer: str, answer_type: str, language: str) -> RowKind:
    """Return ``yes_no``, ``closed`` or ``open``; Chinese yes and no are words of the tables, and CLOSED."""
    if language == "ZH" and answer_type == "CLOSED" and answer in YES_ZH | NO_ZH:
        return "yes_no"
    return answer_kind(answer, answer_type)


def _foreign(entry: Entry, language: str) -> bool:
    """True for a row that says it is in another language; one that does not say is kept, to be refused."""
    spoken = entry.fields.get("q_lang")
    return isinstance(spoken, str) and spoken.strip().upper() in LANGUAGES and spoken.strip().lower() != language


def _draft(entry: Entry) -> Draft:
    entry.require(REQUIRED)
    language = entry.word("q_lang", LANGUAGES)
    answer_type = entry.word("answer_type", ANSWER_TYPES)
    answer = entry.text_or_number("answer")
    return Draft(
        id=entry.text_or_number("qid"),
        kind=kind(answer, answer_type, language),
        stem=entry.text("question"),
        gold=answer,
        images=(entry.file_name("img_name"),),
        slices={name: entry.given(name) for name in SLICES} | {"answer_type": answer_type},
    )
