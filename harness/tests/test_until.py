"""Cases that stop once their claims are decided: the same rows in every mode, and numbers that are valid there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness import evidence, judge, run, spec, until
from harness.columns import Columns, columns, in_step
from harness.ledger import Ledger
from harness.limits import Limits
from harness.records import Benchmark, Claim, Measurement, ModeName, Row
from harness.tests.made import loaded
from harness.tests.zoo_rows import bench, choices

LIMITS = Limits()
ROWS = choices(400)
MODES: tuple[ModeName, ...] = ("image_text", "text_only", "shuffled")
CLAIMS = ("beats_shuffled", "beats_text_only", "above_chance")
ByMode = Mapping[ModeName, Measurement]


def _judged(found: ByMode) -> list[Claim]:
    made = {name: columns(m, LIMITS) for name, m in found.items()}
    each = [evidence.evidence(name, [made[mode] for mode in evidence.needs(name, 5)], LIMITS) for name in CLAIMS]
    return judge.family(each, LIMITS)


def _decided(found: ByMode) -> bool:
    made = {name: columns(m, LIMITS) for name, m in found.items()}
    each = [evidence.evidence(name, [made[mode] for mode in evidence.needs(name, 5)], LIMITS) for name in CLAIMS]
    return all(judge.settled(one, len(CLAIMS), LIMITS) for one in each)


def _measure(folder: Path, text: str, rows: list[Row] = ROWS, seed: int = 0, **kept: Benchmark) -> ByMode:
    model = spec.open_model(spec.parse(f"zoo:{text}"))
    ledger, settings = Ledger(folder), run.Settings(seed=seed, until_decided=True)
    return until.measure(bench(rows), MODES, model, loaded(rows), ledger, settings, _decided)


def test_a_model_that_sees_is_decided_long_before_the_last_row(tmp_path: Path) -> None:
    found = _measure(tmp_path, "perfect")
    assert {m.asked for m in found.values()} == {found["image_text"].asked}
    assert found["image_text"].asked < 200
    assert [claim.verdict for claim in _judged(found)] == ["supported"] * 3
    sentence = _judged(found)[0].sentence
    assert f"Stopped after {found['image_text'].asked} of 400 rows, asked in random order" in sentence
    assert "the accuracy shown is for those" in sentence
    assert "betting" in sentence


def test_every_mode_asks_the_same_rows_in_whole_clusters(tmp_path: Path) -> None:
    found = _measure(tmp_path, "perfect")
    asked = [tuple(a.row.id for a in m.answers if not a.draw) for m in found.values()]
    assert asked[0] == asked[1] == asked[2]
    inside = {a.row.cluster for a in found["image_text"].answers}
    assert {row.id for row in ROWS if row.cluster in inside} == set(asked[0])
    assert sum(found["image_text"].order) == len(ROWS)


def test_the_order_is_drawn_by_the_seed_and_not_by_the_file(tmp_path: Path) -> None:
    first = _measure(tmp_path / "a", "perfect")["image_text"]
    turned = _measure(tmp_path / "b", "perfect", list(reversed(ROWS)))["image_text"]
    other = _measure(tmp_path / "c", "perfect", seed=1)["image_text"]
    ids = [[a.row.id for a in m.answers] for m in (first, turned, other)]
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]
    assert ids[0] != sorted(ids[0])


def test_a_second_run_stops_at_the_same_row_and_asks_nothing(tmp_path: Path) -> None:
    first = _measure(tmp_path, "perfect")
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    assert _measure(tmp_path, "perfect") == first
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")} == before


def test_what_stopped_early_is_recomputed_from_the_ledger_alone(tmp_path: Path) -> None:
    first = _measure(tmp_path, "perfect")
    again = {name: run.rescore(m.case, Ledger(tmp_path)) for name, m in first.items()}
    assert [c.sentence for c in _judged(again)] == [c.sentence for c in _judged(first)]


def test_a_model_that_never_looks_is_not_called_seeing_at_any_stop(tmp_path: Path) -> None:
    for seed in range(3):
        found = _measure(tmp_path / str(seed), f"blind_prior?q=0.4&seed={seed}")
        verdicts = {claim.name: claim.verdict for claim in _judged(found)}
        assert verdicts["beats_shuffled"] == "refuted"
        assert verdicts["beats_text_only"] == "refuted"


def _columns(found: ByMode) -> Columns:
    return columns(found["image_text"], LIMITS)


def test_a_gate_holds_two_models_to_the_rows_that_both_were_asked(tmp_path: Path) -> None:
    early, late = (_columns(_measure(tmp_path / text, text)) for text in ("perfect", "partial?p=0.5"))
    assert len(early.rows) < len(late.rows)
    first, second = in_step(early, late)
    assert first.rows == second.rows == early.rows
    assert np.array_equal(second.points, late.points[: len(early.rows)])
    gate = judge.gate(early, late, policy="not_worse", limits=LIMITS)
    assert gate.why == ""
    assert gate.difference is not None
    assert gate.difference.n == len(early.rows)


def test_cases_of_other_orders_are_not_put_in_step(tmp_path: Path) -> None:
    early, late = (_columns(_measure(tmp_path / str(n), t, seed=n)) for n, t in ((0, "perfect"), (1, "partial?p=0.5")))
    gate = judge.gate(early, late, policy="not_worse", limits=LIMITS)
    assert "not comparable" in gate.why
    assert judge.gates([gate], policy="not_worse", limits=LIMITS)[0].verdict == "invalid"


def test_a_case_that_was_asked_to_the_end_says_that_it_could_have_stopped(tmp_path: Path) -> None:
    rows = choices(40)
    found = _measure(tmp_path, "partial?p=0.2", rows)
    assert found["image_text"].asked == 40
    assert "All rows were asked under a rule that could have stopped earlier" in _judged(found)[0].sentence


@pytest.mark.parametrize("change", ["points", "order"])
def test_numbers_of_a_stopped_case_depend_on_the_sizes_of_all_clusters(tmp_path: Path, change: str) -> None:
    """The bets are scaled by the usual size of a cluster of the list, asked or not."""
    case = _columns(_measure(tmp_path, "perfect"))
    larger, halved = replace(case, sizes=np.append(case.sizes, np.full(60, 9))), replace(case, points=case.points / 2)
    other = larger if change == "order" else halved
    one, two = (evidence.evidence("above_chance", [each], LIMITS) for each in (case, other))
    assert one.p is not None
    assert two.p is not None
    assert two.p > one.p
