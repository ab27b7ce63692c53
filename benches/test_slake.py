"""SLAKE, English: short answers about CT, MRI and X-ray images with anatomical labels.

What is asked
    Test 1,061, validation 1,053, train 4,919 questions. Of the test 355 are yes/no, 61 closed with other answers
    ("Which organ is abnormal, heart or lung?"), 645 open. Always answering "No" scores 50.7 % of the yes/no rows.
Conventions
    ``id`` is ``qid``, which is unique over all splits and both languages. Rows whose ``q_lang`` is ``zh`` are
    another benchmark, slake_zh. Answers are capitalised and stay so (``Yes``, ``Liver``); several are joined by commas;
    "None" is an answer. Where no split is asked for, test is read, or validation where test is not here.
Source
    BoKelvin/SLAKE on the hub: ``test.json``, ``validation.json`` (in the original release ``validate.json``),
    ``train.json`` and ``imgs.zip`` with members ``imgs/xmlab<N>/source.jpg`` (or the folder ``imgs/``).
Revision
    a9083ce6c34ac3ffb17671a605962924d8a8f9e9 of the hub.
Digest
    See BENCHMARK.digests.
Licence
    CC BY 4.0, open.
How to get it
    ``--download`` (1 MB of rows, 212 MB of images), or put the files below ``<data-dir>/slake``.
Official metric
    Accuracy of closed and open questions, where open answers are classes of a closed list. Ours are exact match
    after normalisation, and containment and token F1 under their own names, on free text.
Known defects
    qid 1622 (train) has no answer: the train split is refused by that row. Within a language no image is in two
    splits, but 72 of the 96 English test images are in the Chinese train split: a model trained on both languages
    has seen them.
Changelog
    1: first version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.load import slake
from harness.records import Benchmark, Loaded, Source

if TYPE_CHECKING:
    from harness.interface import ClaimOf, EquivalenceOf, GateOf, Measure

FETCH = (
    "Fetch test.json and imgs.zip of the hub dataset BoKelvin/SLAKE (or pass --download), and put them below "
    "<data-dir>/slake."
)


def load(source: Source) -> Loaded:
    """Load the English rows of SLAKE, strictly."""
    return slake.load("slake", source, "en", fetch=FETCH)


BENCHMARK = Benchmark(
    name="slake",
    title="SLAKE (English)",
    version="1",
    published={"test": 1061, "validation": 1053, "train": 4919},
    digests={"json/validation": "ebbde49a065ef26dde191edbec64f1822ea0a2b52969f3e8197891926860af4d"},
    hub="BoKelvin/SLAKE",
    revision="a9083ce6c34ac3ffb17671a605962924d8a8f9e9",
    files=("test.json", "validation.json", "train.json", "imgs.zip"),
    licence="CC BY 4.0",
    fetch=FETCH,
    load=load,
    slices=slake.SLICES,
    train="train",
    types=("content_type",),
    strata=("modality", "location"),
    notes=(
        "The authors score open answers as classes of a closed list; here they are free text under exact match, "
        "containment and token F1.",
        "72 of the 96 English test images are in the Chinese train split.",
    ),
)


def test_slake(measure: Measure) -> None:
    measure().assert_reportable()


def test_slake_claim(claim: ClaimOf) -> None:
    claim().assert_supported()


def test_slake_control(control: ClaimOf) -> None:
    control().assert_refused()


def test_slake_gate(gate: GateOf) -> None:
    gate().assert_passed()


def test_slake_equivalence(equivalence: EquivalenceOf) -> None:
    equivalence().assert_equivalent()
