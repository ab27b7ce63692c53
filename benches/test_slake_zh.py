"""SLAKE, Chinese: short answers, in Chinese, about CT, MRI and X-ray images with anatomical labels.

What is asked
    Test 1,033, validation 1,046, train 4,916 questions, about the same images as the English ones.
Conventions
    As in slake. Answers stay Chinese. Yes and no are many words (是的, 包含, ... and 不是, 没有, ...): a closed row
    is yes/no where its answer is in the tables ``YES_ZH`` and ``NO_ZH`` of harness/load/slake.py, which hold every
    such answer of the three splits; the other closed ones are choices between two things.
Source
    BoKelvin/SLAKE on the hub, the same files as slake; rows whose ``q_lang`` is ``zh``.
Revision
    a9083ce6c34ac3ffb17671a605962924d8a8f9e9 of the hub.
Digest
    See BENCHMARK.digests.
Licence
    CC BY 4.0, open.
How to get it
    ``--download`` (1 MB of rows, 212 MB of images), or put the files below ``<data-dir>/slake``,
    the folder of the English benchmark.
Official metric
    As in slake. Blanks do not divide Chinese words, so token F1 and BLEU mean little here; exact match does.
Known defects
    Within Chinese no image is in two splits, but Chinese test images are in the English train split.
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
    """Load the Chinese rows of SLAKE, strictly."""
    return slake.load("slake_zh", source, "zh", fetch=FETCH)


BENCHMARK = Benchmark(
    name="slake_zh",
    title="SLAKE (Chinese)",
    version="1",
    published={"test": 1033, "validation": 1046, "train": 4916},
    digests={"json/validation": "1101a5d1f2f86cea9f5c9caa702fcb3f7cf9d6a87851d93b8741a9faaba9dbf8"},
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
    folder="slake",
    notes=(
        "The instructions of the prompt are English, questions and answers Chinese.",
        "Words are not divided by blanks in Chinese, so scores by token mean little here; exact match does.",
    ),
)


def test_slake_zh(measure: Measure) -> None:
    measure().assert_reportable()


def test_slake_zh_claim(claim: ClaimOf) -> None:
    claim().assert_supported()


def test_slake_zh_control(control: ClaimOf) -> None:
    control().assert_refused()


def test_slake_zh_gate(gate: GateOf) -> None:
    gate().assert_passed()


def test_slake_zh_equivalence(equivalence: EquivalenceOf) -> None:
    equivalence().assert_equivalent()
