"""Phantom choice: drawn phantoms in the shape of MedXpertQA-MM, five options and one to three images a row.

What is asked
    A short vignette, one to three drawn pictures that resemble CT, MR, ultrasound, X-ray or PET, and a question about
    one of them or all of them: which finding, where, how many, which modality, which region, which image.
Conventions
    The vignette is drawn without looking at the pictures, every option list holds all words of its kind in random
    order, and the gold letters are even: the text alone says nothing. A blind guess scores 20 %.
Source
    Made by ``python -m fixtures.embedded.make_rows`` with the seed that is written there, and shipped. No picture of
    it was seen in training, which draws from other seeds and skips any picture whose pixels are among these.
    Licence as the project's.
Metric
    Accuracy, an unread reply being wrong.
Known defects
    Drawn phantoms are far simpler than medical pictures. A high score shows that a model and this suite can see; it
    shows nothing about medicine.

Changes
    1: first version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.load import choice
from harness.load.layout import Layout
from harness.records import Benchmark, Loaded, Source

if TYPE_CHECKING:
    from harness.interface import ClaimOf, EquivalenceOf, GateOf, Measure

FETCH = "It is shipped with the suite in fixtures/embedded; run python -m fixtures.embedded.make_rows to make it anew."
LAYOUTS = (
    Layout(name="jsonl", tables={"test": ("test.jsonl",)}, pictures=("images.zip", "images/"), prefixes=("images/",)),
)
SLICES = ("question_type", "modality", "region", "images")


def load(source: Source) -> Loaded:
    """Load the rows, strictly; see ``harness.load.choice.load``."""
    return choice.load("phantom_choice", source, LAYOUTS, fetch=FETCH, options=5, slices=SLICES)


BENCHMARK = Benchmark(
    name="phantom_choice",
    title="Phantom choice",
    version="1",
    options=5,
    published={"test": 300},
    digests={"jsonl/test": "15d18862cedd84d6fa34e38474e27eeb557d4b50953419045aeb6a8b1e319066"},
    hub="",
    revision="",
    files=(),
    licence="as the project's",
    fetch=FETCH,
    load=load,
    slices=SLICES,
    types=("question_type",),
    strata=("modality", "region"),
    embedded="phantom_choice",
    notes=("Drawn phantoms: it shows whether a model sees, and nothing about medicine.",),
)


def test_phantom_choice(measure: Measure) -> None:
    measure().assert_reportable()


def test_phantom_choice_claim(claim: ClaimOf) -> None:
    claim().assert_supported()


def test_phantom_choice_control(control: ClaimOf) -> None:
    control().assert_refused()


def test_phantom_choice_gate(gate: GateOf) -> None:
    gate().assert_passed()


def test_phantom_choice_equivalence(equivalence: EquivalenceOf) -> None:
    equivalence().assert_equivalent()
