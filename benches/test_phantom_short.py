"""Phantom short: drawn phantoms in the shape of VQA-RAD, open and closed questions with short answers.

What is asked
    One drawn picture that resembles CT, MR, ultrasound, X-ray or PET, and several questions about it: open ones for
    finding, place, number, modality and region, and closed ones with yes or no.
Conventions
    Rows of one picture are a cluster. Yes and no are asked for equally often in each kind of question.
Source
    Made by ``python -m fixtures.embedded.make_rows`` with the seed that is written there, and shipped as parquet with
    embedded pictures, the layout in which VQA-RAD lies on the hub. No picture of it was seen in training, which draws
    from other seeds and skips any picture whose pixels are among these. Licence as the project's.
Metric
    Share of exact answers after folding case, punctuation and articles.
Known defects
    Drawn phantoms are far simpler than medical pictures. A high score shows that a model and this suite can see; it
    shows nothing about medicine.

Changes
    1: first version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.load import short
from harness.load.layout import Layout
from harness.records import Benchmark, Loaded, Source

if TYPE_CHECKING:
    from harness.interface import ClaimOf, EquivalenceOf, GateOf, Measure

FETCH = "It is shipped with the suite in fixtures/embedded; run python -m fixtures.embedded.make_rows to make it anew."
LAYOUTS = (Layout(name="parquet", tables={"test": ("data/test-*.parquet",)}),)
SLICES = ("answer_type", "question_type", "modality", "region")


def load(source: Source) -> Loaded:
    """Load the rows, strictly; see ``harness.load.short.load``."""
    return short.load("phantom_short", source, LAYOUTS, fetch=FETCH, slices=SLICES)


BENCHMARK = Benchmark(
    name="phantom_short",
    title="Phantom short",
    version="1",
    published={"test": 400},
    digests={"parquet/test": "0a54d27c9fb5a2135406ab9d23c7633203d97d1045c2ada3896867626ee67170"},
    hub="",
    revision="",
    files=(),
    licence="as the project's",
    fetch=FETCH,
    load=load,
    slices=SLICES,
    types=("question_type",),
    strata=("modality", "region"),
    embedded="phantom_short",
    notes=("Drawn phantoms: it shows whether a model sees, and nothing about medicine.",),
)


def test_phantom_short(measure: Measure) -> None:
    measure().assert_reportable()


def test_phantom_short_claim(claim: ClaimOf) -> None:
    claim().assert_supported()


def test_phantom_short_control(control: ClaimOf) -> None:
    control().assert_refused()


def test_phantom_short_gate(gate: GateOf) -> None:
    gate().assert_passed()


def test_phantom_short_equivalence(equivalence: EquivalenceOf) -> None:
    equivalence().assert_equivalent()
