"""easy-VQA, test split: coloured shapes, and short questions about them. Not medical; a positive control for sight.

What is asked
    1,000 pictures of 64 x 64 pixels, each one shape in one colour, and 9,673 questions of three kinds: which shape,
    which colour, and yes or no. A model that sees answers nearly all of them.
Conventions
    A row is a question; rows of one picture are a cluster. Asked by default are 400 rows, drawn with the seed of the
    run, and every table says "400 of 9673"; ``--limit 0`` asks all of them.
Source
    The package easy-vqa 1.0, which carries pictures and questions. MIT licence. It is installed with the suite.
Metric
    Share of exact answers, as published. Ours is exact after folding case, punctuation and articles, which changes
    nothing here: every answer is one of 13 lower-case words.
Known defects
    The wording of a yes/no question gives its answer away in four of five cases, so that a reader of the text alone
    scores about 67 % over all. The claims are therefore about differences between modes, never about the score alone.

Changes
    1: first version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataError
from harness.load.check import Draft, collect, finish
from harness.load.layout import Layout, find
from harness.load.short import answer_kind
from harness.load.table import Entry
from harness.records import Benchmark, Loaded, Source

if TYPE_CHECKING:
    from harness.interface import ClaimOf, EquivalenceOf, GateOf, Measure

FETCH = "Install the package easy-vqa, which carries the pictures."
LAYOUTS = (Layout(name="package", tables={"test": ("test/questions.json",)}, pictures=("test/images/",)),)
COLOURS = frozenset({"red", "green", "blue", "black", "gray", "teal", "brown", "yellow"})


def load(source: Source) -> Loaded:
    """Load the test split, strictly; see ``harness.load.check.finish``."""
    found = find("easy_vqa", source, LAYOUTS, fetch=FETCH)
    drafts = collect(found.where, _entries(found.tables[0], found.where), _draft)
    return finish(drafts, found.pictures(), split=found.split, layout=found.layout.name, source=found.source)


def _entries(path: Path, where: str) -> list[Entry]:
    """Return the questions, which are published as triples of question, answer and number of the picture."""
    triples = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(triples, list) or not triples:
        raise DataError(f"{where}: holds no list of questions. {FETCH}")
    names = ("question", "answer", "image")
    return [
        Entry(place=f"number {number}", fields={"id": f"test-{number}"} | dict(zip(names, triple, strict=True)))
        for number, triple in enumerate(triples)
    ]


def _draft(entry: Entry) -> Draft:
    entry.require(("question", "answer", "image"))
    answer = entry.text("answer")
    kind = answer_kind(answer)
    asked = "yes/no" if kind == "yes_no" else "colour" if answer in COLOURS else "shape"
    return Draft(
        id=entry.text("id"),
        kind=kind,
        stem=entry.text("question"),
        gold=answer,
        images=(f"{entry.text_or_number('image')}.png",),
        slices={"question_type": asked},
    )


BENCHMARK = Benchmark(
    name="easy_vqa",
    title="easy-VQA",
    version="1",
    published={"test": 9673},
    digests={"package/test": "b60c36ffbe543f9f5cf803cf4edf1b609894e69c5f00ac8836b7986086b85343"},
    hub="",
    revision="",
    files=(),
    licence="MIT",
    fetch=FETCH,
    load=load,
    slices=("question_type",),
    types=("question_type",),
    embedded="package:easy_vqa",
    limit=400,
    notes=("Not a medical set: it shows whether a model sees at all.",),
)


def test_easy_vqa(measure: Measure) -> None:
    measure().assert_reportable()


def test_easy_vqa_claim(claim: ClaimOf) -> None:
    claim().assert_supported()


def test_easy_vqa_control(control: ClaimOf) -> None:
    control().assert_refused()


def test_easy_vqa_gate(gate: GateOf) -> None:
    gate().assert_passed()


def test_easy_vqa_equivalence(equivalence: EquivalenceOf) -> None:
    equivalence().assert_equivalent()
