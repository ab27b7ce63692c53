"""Stubs on the published rows, where they are here: what is known of the golds comes out as scores."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from harness import prompt, reading, score, spec
from harness.records import Benchmark, ModeName, Row, Source
from harness.tests.made import picture

Load = Callable[[str], Sequence[Row]]


@pytest.fixture(scope="module")
def load(real_data: Path) -> Load:
    """Return a function that loads the rows of a benchmark, once."""

    @cache
    def rows(name: str) -> Sequence[Row]:
        if not (real_data / name).is_dir():
            pytest.skip(f"real data are not here: there is no {name}")
        found = runpy.run_path(str(Path(__file__).parents[2] / "benches" / f"test_{name}.py"))["BENCHMARK"]
        assert isinstance(found, Benchmark)
        return found.load(Source(root=str(real_data / name))).rows

    return rows


def _right(text: str, rows: Sequence[Row], name: ModeName = "image_text") -> set[str]:
    """Ids of the rows on which a stub is right, read and scored as in a run."""
    model = spec.open_model(spec.parse(f"zoo:{text}"))
    model.meet(rows)  # type: ignore[attr-defined]  # only stubs have it
    replies = model.reply(model.prepare([prompt.build(row, name) for row in rows]))
    right = set()
    for row, reply in zip(rows, replies, strict=True):
        points = score.choice if row.kind == "choice" else score.short
        if points(row, reading.read(row, reply))[score.primary(row.kind)] == 1:
            right.add(row.id)
    return right


def test_of_vqa_rad_all_golds_but_one_can_be_read_back(load: Load) -> None:
    """Row 939 asks of itself: its published answer is 'coronal plane?'."""
    rows = load("vqa_rad")
    for text in ("perfect", "article"):
        assert {row.id for row in rows} - _right(text, rows) <= {"939"}


def test_of_vqa_rad_yes_no_rows_the_commoner_answer_is_right_on_133_of_251(load: Load) -> None:
    """The majority that is known of these rows, see ``harness.baselines``: 53.0 %."""
    rows = [row for row in load("vqa_rad") if row.kind == "yes_no"]
    counts = sorted(len(_right(f"constant?says={word}", rows)) for word in ("yes", "no"))
    assert counts == [118, 133]


def test_of_slake_all_golds_can_be_read_back(load: Load) -> None:
    rows = load("slake")
    for text in ("perfect", "article"):
        assert {row.id for row in rows} == _right(text, rows)


def test_of_medxpertqa_each_letter_is_right_as_often_as_it_is_the_gold(load: Load) -> None:
    """Golds A to E of the 2,000 rows: 399, 408, 383, 386, 424."""
    rows = load("medxpertqa")
    counts = {letter: len(_right(f"constant?letter={letter}", rows, "text_only")) for letter in "AE"}
    assert counts == {"A": 399, "E": 424}


def test_of_medxpertqa_no_option_misleads_the_reading_of_a_talker(load: Load) -> None:
    rows = [_pictured(row) for row in load("medxpertqa")]
    assert len(_right("article", rows)) == len(rows) == 2000


def _pictured(row: Row) -> Row:
    return replace(row, images=(picture(row.id),))
