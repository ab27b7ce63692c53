"""Rows in memory for the zoo, made so that each rule of a stub has rows on which it matters.

Options are drawn from one short list of findings, so that the gold of a row is often an option of another; rows
have one to three images; some share a picture, some share a stem.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase

from harness.records import Benchmark, Option, Row, RowKind
from harness.tests.made import benchmark, picture

FINDINGS = (
    "Pneumothorax", "Pleural effusion", "Cardiomegaly", "Rib fracture", "Pulmonary embolism", "Aortic dissection",
    "Osteosarcoma", "Meningioma", "Subdural hematoma", "Appendicitis", "Cholecystitis", "Renal calculus",
    "Hepatic abscess", "Bowel obstruction", "Glioblastoma", "Scaphoid fracture", "Sarcoidosis", "Tuberculosis",
    "Atelectasis", "Hydrocephalus",
)  # fmt: skip
MODALITIES = ("CT", "MRI", "X-ray")
REGIONS = ("chest", "abdomen", "head")
STRATA = ("modality", "region")


def choices(count: int, seed: int = 0) -> list[Row]:
    """Rows of five options; of every ten, three share one picture and one has a stem that others have too."""
    dice = random.Random(f"choices {seed}")  # noqa: S311 - no secret
    return [_choice(number, dice) for number in range(count)]


def _choice(number: int, dice: random.Random) -> Row:
    shared = number % 10 < 3
    owner = number - number % 10 if shared else number
    images = [f"p{owner}.{place}" for place in range(1 if shared else (1, 1, 2, 3)[number % 4])]
    texts = dice.sample(FINDINGS, 5)
    return Row(
        id=f"r{number:04d}",
        kind="choice",
        stem="What does the image show?" if number % 10 == 9 else f"Patient {number} has a cough.\n\nDiagnosis?",
        options=tuple(Option(letter=c, text=text, origin=c) for c, text in zip(ascii_uppercase, texts, strict=False)),
        gold=ascii_uppercase[dice.randrange(5)],
        images=tuple(picture(name) for name in images),
        cluster=f"c{owner}",
        slices={"modality": MODALITIES[owner % 3], "region": REGIONS[owner // 3 % 3]},
    )


def shorts(count: int, seed: int = 0) -> list[Row]:
    """Rows of short answers, three on each picture: yes or no, one of few words, any words."""
    dice = random.Random(f"shorts {seed}")  # noqa: S311 - no secret
    return [_short(number, dice) for number in range(count)]


def _short(number: int, dice: random.Random) -> Row:
    kind: RowKind = ("yes_no", "closed", "open")[number % 3]
    case = number // 3
    asked = {"yes_no": "Is there a fracture", "closed": "Which side is abnormal", "open": "What is the finding"}[kind]
    golds: Sequence[str] = {"yes_no": ("Yes", "No"), "closed": ("Left", "Right", "Both"), "open": FINDINGS}[kind]
    return Row(
        id=f"s{number:04d}",
        kind=kind,
        stem=f"{asked}?" if case % 3 == 0 else f"{asked} in case {case}?",
        options=(),
        gold=dice.choice(golds),
        images=(picture(f"q{case}"),),
        cluster=f"d{case}",
        slices={"modality": MODALITIES[case % 3], "region": REGIONS[case // 3 % 3]},
    )


def bench(rows: Sequence[Row]) -> Benchmark:
    """The rows as a benchmark with strata."""
    return replace(benchmark(rows, options=len(rows[0].options)), slices=STRATA, strata=STRATA)
