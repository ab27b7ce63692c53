"""From rows to verdicts: on every stub of the zoo the suite says what is true of it, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from harness import judge, run, spec
from harness.backends.zoo.expected import expected_verdicts
from harness.backends.zoo.stubs import ZOO
from harness.baselines import baselines
from harness.columns import columns
from harness.evidence import CLAIMS, evidence, needs, saw_images
from harness.ledger import Ledger
from harness.limits import Limits
from harness.records import Baseline, Claim, Measurement, ModeName, Row
from harness.run import Settings
from harness.tests.made import loaded
from harness.tests.zoo_rows import bench, choices, shorts

LIMITS = Limits()
ROWS = {"choice": choices(150), "short": shorts(165)}
FEW = {"choice": choices(40), "short": shorts(24)}
ASKED = [(name, kind) for kind in ("choice", "short") for name in (*ZOO, "first_image?receipts=honest")]


@cache
def _learned(kind: str, images: bool, count: int) -> tuple[Baseline, ...]:
    rows = (ROWS if count == len(ROWS[kind]) else FEW)[kind]
    return baselines(rows)


def _measured(text: str, rows: Sequence[Row], modes: Sequence[ModeName], folder: Path) -> dict[ModeName, Measurement]:
    benchmark, model = bench(rows), spec.open_model(spec.parse(f"zoo:{text}"))
    kind = "choice" if benchmark.options else "short"

    def learn(shown: Sequence[Row]) -> tuple[Baseline, ...]:
        return _learned(kind, bool(shown[0].images), len(shown))

    settings = Settings(derangements=2)
    return {
        name: run.measure(benchmark, name, model, loaded(rows), Ledger(folder), settings, learn=learn) for name in modes
    }


def _claims(text: str, rows: Sequence[Row], folder: Path) -> Mapping[str, Claim]:
    """Every standard claim about a stub, judged as one family."""
    options = len(rows[0].options)
    names = [name for name in CLAIMS if options or name != "stable_under_rotation"]
    found = _measured(text, rows, sorted({mode for name in names for mode in needs(name, options)}), folder)
    cases = {mode: columns(measurement, LIMITS) for mode, measurement in found.items()}
    asked = [
        saw_images(found["image_text"], LIMITS)
        if name == "saw_images"
        else evidence(name, [cases[mode] for mode in needs(name, options)], LIMITS)
        for name in names
    ]
    return {claim.name: claim for claim in judge.family(asked, LIMITS)}


@pytest.mark.parametrize(("name", "kind"), ASKED)
def test_the_verdicts_on_a_stub_are_those_that_are_true_of_it(name: str, kind: str, tmp_path: Path) -> None:
    expected = expected_verdicts(name, "choice" if kind == "choice" else "short")
    invalid = all(verdicts == {"invalid"} for claim, verdicts in expected.items() if claim != "saw_images")
    found = _claims(name, (FEW if invalid else ROWS)[kind], tmp_path)
    assert set(found) == set(expected)
    wrong = {claim: each.sentence for claim, each in found.items() if each.verdict not in expected[claim]}
    assert wrong == {}


@pytest.mark.parametrize("kind", ["choice", "short"])
def test_a_stub_that_fails_on_any_row_supports_nothing(kind: str, tmp_path: Path) -> None:
    found = _claims("failing?rate=0.1", FEW[kind], tmp_path)
    assert {claim.verdict for name, claim in found.items() if name != "saw_images"} == {"invalid"}
    assert found["saw_images"].verdict == "refuted"
    assert "rows failed, first row" in found["above_chance"].why


def test_why_a_claim_is_invalid_is_what_the_stub_does(tmp_path: Path) -> None:
    why = {
        text: _claims(text, FEW["choice"], tmp_path)["above_chance"].why
        for text in ("refuser", "no_receipts", "wrong_receipts", "first_image?receipts=honest")
    }
    assert "40 of 40 replies are unread" in why["refuser"]
    assert "40 of 40 rows have no receipt for their images" in why["no_receipts"]
    assert "receipts came back for other pictures, but 1 image(s) were sent" in why["wrong_receipts"]
    assert "1 receipt(s) came back, but 3 image(s) were sent" in why["first_image?receipts=honest"]


def test_what_the_standard_claims_miss_of_one_who_never_reads_the_question_its_mode_shows(tmp_path: Path) -> None:
    found = {
        text: columns(_measured(text, ROWS["choice"], ["image_options"], tmp_path)["image_options"], LIMITS)
        for text in ("image_hash", "canonical_order")
    }
    assert found["image_hash"].mean.mean() > 0.9
    assert found["canonical_order"].mean.mean() < 0.35


def test_each_stub_has_its_verdicts_for_both_kinds_of_rows() -> None:
    for name in ZOO:
        assert list(expected_verdicts(name, "choice")) == list(CLAIMS)
        assert list(expected_verdicts(name, "short")) == [claim for claim in CLAIMS if "rotation" not in claim]
