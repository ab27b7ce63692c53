"""What the modes say beside each other: gains over every rung, follow rate, rotation, and formats that confound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from harness import run, spec
from harness.columns import Columns, columns
from harness.errors import NotComparable
from harness.follow import follow
from harness.ladder import RUNGS, readings, rungs
from harness.ledger import Ledger
from harness.limits import Limits
from harness.mode import ROTATIONS
from harness.patterns import against_base, patterns
from harness.records import Measurement, ModeName, Unread
from harness.report.pairs import golds
from harness.rotation import Rotation, rotation
from harness.tests.made import loaded, measurement
from harness.tests.zoo_rows import bench, choices, shorts

pytestmark = pytest.mark.xdist_group("ladder")
"""The cases are measured once, and by one worker."""

LIMITS = Limits()
CHOICES, SHORTS = choices(200), shorts(240)
TURNS: tuple[ModeName, ...] = ROTATIONS[:4]
LADDER: tuple[ModeName, ...] = ("image_text", *RUNGS)
ByMode = Mapping[ModeName, Measurement]


@cache
def _measured(text: str, modes: tuple[ModeName, ...] = LADDER, *, short: bool = False) -> ByMode:
    rows = SHORTS if short else CHOICES
    model = spec.open_model(spec.parse(f"zoo:{text}"))
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        return {name: run.measure(bench(rows), name, model, loaded(rows), ledger, run.Settings()) for name in modes}


def _rotation(text: str) -> Rotation:
    found = _measured(text, ("image_text", *TURNS))
    turned = rotation({name: columns(m, LIMITS) for name, m in found.items()}, golds(found))
    assert turned is not None
    return turned


def _readings(text: str) -> dict[str, str]:
    found = {name: columns(m, LIMITS) for name, m in _measured(text).items()}
    return {rung.against: rung.reading for rung in rungs(found, LIMITS)}


def test_a_model_that_sees_is_higher_than_every_rung_but_the_one_that_shows_its_images() -> None:
    assert _readings("perfect") == {
        "text_only": "higher",
        "blank": "higher",
        "shuffled": "higher",
        "shuffled_hard": "higher",
        "options_only": "higher",
        "image_options": "higher",
    }


def test_a_model_that_never_looks_is_about_the_same_wherever_its_text_is_shown() -> None:
    found = _readings("text_leak")
    assert found["text_only"] == found["blank"] == found["shuffled"] == found["shuffled_hard"] == "about the same"
    assert found["options_only"] == "higher"


def test_a_model_that_knows_pictures_and_not_questions_is_told_by_image_options() -> None:
    found = _readings("image_hash")
    assert found["image_options"] == "about the same"
    assert found["shuffled"] == "higher"


def test_a_shuffled_score_pools_its_derangements_within_rows() -> None:
    found = {name: columns(m, LIMITS) for name, m in _measured("perfect").items()}
    rung = next(r for r in rungs(found, LIMITS) if r.against == "shuffled")
    assert rung.draws == 5
    assert rung.difference is not None
    assert rung.difference.n == 200
    by_draw = found["shuffled"].points.mean(axis=0)
    assert rung.drawn_error == pytest.approx(np.std(by_draw, ddof=1) / np.sqrt(5))


def test_a_perfect_reader_follows_foreign_images_wherever_their_answer_is_known() -> None:
    seen = follow(_measured("perfect")["image_text"], _measured("perfect")["shuffled"])
    assert seen is not None
    assert (seen.followed, seen.stayed, seen.other) == (seen.eligible, 0, 0)
    assert seen.eligible > 100
    assert seen.rate is not None
    assert seen.rate.value == 1.0
    foreign = columns(_measured("perfect")["shuffled"], LIMITS)
    assert seen.ceiling == pytest.approx(float(foreign.mean.mean()), abs=0.05)


def test_a_model_that_never_looks_follows_nothing() -> None:
    blind = follow(_measured("text_leak")["image_text"], _measured("text_leak")["shuffled"])
    assert blind is not None
    assert (blind.changed, blind.followed) == (0, 0)
    assert blind.stayed == blind.eligible


def test_short_answers_follow_where_the_same_question_was_asked_of_the_foreign_images() -> None:
    found = _measured("perfect", ("image_text", "shuffled"), short=True)
    seen = follow(found["image_text"], found["shuffled"])
    assert seen is not None
    assert seen.eligible > 20
    assert seen.followed == seen.eligible


def test_rotation_keeps_score_and_answers_of_a_model_that_reads_contents() -> None:
    turned = _rotation("partial?p=0.7")
    assert turned.original.value == pytest.approx(turned.mean.value, abs=0.06)
    assert turned.kept.value > 0.6
    assert turned.letters is not None
    assert turned.letters.p > 0.01


def test_rotation_shows_a_memory_of_letters() -> None:
    turned = _rotation("canonical_order")
    assert turned.original.value == 1.0
    assert turned.orders[1:] == (0.0,) * 4
    assert turned.mean.value == pytest.approx(0.2)
    assert turned.all_right.value == 0.0
    assert turned.kept.value == 0.0


def test_rotation_shows_a_letter_that_is_chosen_for_itself() -> None:
    turned = _rotation("constant?letter=C")
    assert turned.letters is not None
    assert turned.letters.shares == (0.0, 0.0, 1.0, 0.0, 0.0)
    assert turned.letters.p < 1e-6
    assert turned.recall_spread == pytest.approx(0.4)


def test_rotation_tells_the_same_accuracy_from_the_same_answers() -> None:
    turned = _rotation("flip_flopper?p=0.6")
    assert turned.original.value == pytest.approx(turned.mean.value, abs=0.12)
    assert turned.kept.value < 0.7


def test_without_every_order_there_is_no_rotation() -> None:
    found = _measured("perfect", ("image_text", *TURNS))
    few: dict[ModeName, Columns] = {n: columns(m, LIMITS) for n, m in found.items() if n != "rotation_2"}
    assert rotation(few, golds(found)) is None


def test_a_format_that_fails_in_one_mode_is_flagged_as_a_confound() -> None:
    sound = measurement([1.0] * 100)
    broken = measurement([0.0] * 100, mode="text_only", unread=3)
    table = {r.mode: r for r in readings({"image_text": sound, "text_only": broken}, LIMITS)}
    assert (table["text_only"].unread, table["text_only"].by_reason) == (3, {"none": 3})
    assert table["text_only"].gap == pytest.approx(0.03)
    assert table["text_only"].confounded
    within = measurement([0.0] * 100, mode="text_only", unread=2)
    assert not {r.mode: r for r in readings({"image_text": sound, "text_only": within}, LIMITS)}["text_only"].confounded


def test_a_row_that_stands_twice_is_refused() -> None:
    once = measurement([1.0, 0.0])
    twice = replace(once, answers=(*once.answers, once.answers[0]))
    with pytest.raises(NotComparable, match=r"toy.image_text.m: row r000 stands twice, but every row should once"):
        columns(twice, LIMITS)


def test_draws_that_do_not_hold_the_same_rows_are_refused() -> None:
    once = measurement([1.0, 0.0, 1.0, 0.0], mode="shuffled")
    with pytest.raises(NotComparable, match="derangement 2 holds 2 rows, but should hold the same 2 rows"):
        columns(replace(once, draws=2), LIMITS)


def test_an_unread_reply_has_no_place_among_the_letters() -> None:
    case = columns(measurement([1.0, 0.0], unread=1), LIMITS)
    assert case.chosen[:, 0].tolist() == [-1, 2]
    assert isinstance(measurement([1.0], unread=1).answers[0].reading, Unread)


def _holds(text: str) -> dict[str, str]:
    found = {name: columns(m, LIMITS) for name, m in _measured(text).items()}
    return {p.seen: p.holds for p in patterns(found, _rotation(text), LIMITS)}


def test_patterns_of_a_memory_of_letters_name_the_collapse() -> None:
    assert _holds("canonical_order")["the score collapses under rotation"] == "yes"
    assert _holds("perfect")["the score collapses under rotation"] == "no"
    assert _holds("constant?letter=C")["one letter is chosen more than another"] == "yes"


def test_a_candidate_that_only_learned_text_reads_so_beside_its_base() -> None:
    base = {"toy": {n: columns(m, LIMITS) for n, m in _measured("blind_prior?q=0.2").items()}}
    text = {"toy": {n: columns(m, LIMITS) for n, m in _measured("text_leak").items()}}
    sight = {"toy": {n: columns(m, LIMITS) for n, m in _measured("perfect").items()}}
    of_text = {p.seen: p.holds for p in against_base(text, base, LIMITS)}
    of_sight = {p.seen: p.holds for p in against_base(sight, base, LIMITS)}
    of_none = {p.seen: p.holds for p in against_base(base, base, LIMITS)}
    assert of_text["better in text_only, and not by the images"] == "yes"
    assert of_text["better by the right images than by foreign ones"] == "no"
    assert of_sight["better by the right images than by foreign ones"] == "yes"
    assert of_sight["better in text_only, and not by the images"] == "no"
    assert of_none["not better than the base on any set"] == "yes"
    assert of_text["better on sets with short answers"] == "pending"


def test_a_candidate_better_at_choices_alone_reads_as_weaker_grounding() -> None:
    def both(choice: str, short: str) -> dict[str, dict[ModeName, object]]:
        modes: tuple[ModeName, ...] = ("image_text", "shuffled")
        return {
            "mcq": {n: columns(m, LIMITS) for n, m in _measured(choice).items() if n in modes},
            "vqa": {n: columns(m, LIMITS) for n, m in _measured(short, modes, short=True).items()},
        }

    found = against_base(both("perfect", "blind_prior"), both("blind_prior", "blind_prior"), LIMITS)  # type: ignore[arg-type]
    holds = {p.seen: p.holds for p in found}
    assert holds["better on sets with options, not on those with short answers"] == "yes"
    assert holds["better on sets with short answers"] == "no"
