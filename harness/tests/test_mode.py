"""Modes show what they say, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import mode
from harness.errors import ModeError, UsageError
from harness.records import ModeName
from harness.tests.made import row


def test_text_only_withholds_the_images_and_nothing_else() -> None:
    (shown,) = mode.apply("text_only", [row(1)], [row(1)], seed=0)
    assert shown == replace(row(1), images=())


def test_options_only_withholds_images_and_stem() -> None:
    (shown,) = mode.apply("options_only", [row(1)], [row(1)], seed=0)
    assert (shown.images, shown.stem, shown.options) == ((), "", row(1).options)


def test_image_options_keeps_the_images_and_withholds_the_stem() -> None:
    (shown,) = mode.apply("image_options", [row(1)], [row(1)], seed=0)
    assert (shown.images, shown.stem) == (row(1).images, "")


def test_blank_shows_a_grey_picture_of_the_same_size_for_every_image() -> None:
    (shown,) = mode.apply("blank", [row(1, images=("a", "b"))], [], seed=0)
    assert [(ref.width, ref.height) for ref in shown.images] == [(8, 6), (8, 6)]
    assert shown.images[0].digest == shown.images[1].digest != row(1).images[0].digest
    assert shown.images[0].open().getcolors() == [(48, (128, 128, 128))]


@pytest.mark.parametrize(
    ("name", "order"),
    [("rotation_1", "BCDEA"), ("rotation_2", "CDEAB"), ("rotation_3", "DEABC"), ("rotation_4", "EABCD")],
)
def test_rotation_shows_the_published_orders(name: ModeName, order: str) -> None:
    (shown,) = mode.apply(name, [row(1, gold="B")], [], seed=0)
    assert "".join(option.origin for option in shown.options) == order
    assert "".join(option.letter for option in shown.options) == "ABCDE"
    assert [option.text for option in shown.options] == [f"text {c} of 1" for c in order]


@given(gold=st.sampled_from("ABCDE"), k=st.integers(1, 4))
def test_the_gold_moves_with_its_option(gold: str, k: int) -> None:
    shown = mode.rotated(row(1, gold=gold), k)
    assert next(option.origin for option in shown.options if option.letter == shown.gold) == gold


def test_rotations_undo_one_another() -> None:
    once = mode.rotated(row(1), 2)
    assert mode.rotated(once, 3) == row(1)


def test_every_cyclic_order_is_a_mode_and_a_set_with_four_options_has_three_rotations() -> None:
    assert [name for name in mode.offered(options=4) if name.startswith("rotation")] == [
        "rotation_1",
        "rotation_2",
        "rotation_3",
    ]
    assert "shuffled_hard" in mode.offered(options=5, strata=("modality",))
    assert "shuffled_hard" not in mode.offered(options=5)


def test_a_shuffled_row_knows_which_answer_the_foreign_images_make_right() -> None:
    pool = [replace(row(n), stem="Which letter?", gold="ABCDE"[n % 5]) for n in range(20)]
    pool = [replace(r, options=tuple(replace(o, text=f"word {o.letter}") for o in r.options)) for r in pool]
    gold = {r.id: r.gold for r in pool}
    for shown in mode.apply("shuffled", pool, pool, seed=0):
        assert shown.fits == gold[shown.donor]


def test_another_derangement_shows_other_images() -> None:
    pool = [row(n) for n in range(30)]
    first, second = (mode.apply("shuffled", pool, pool, seed=0, draw=draw) for draw in (0, 1))
    assert sum(a.donor == b.donor for a, b in zip(first, second, strict=True)) < 6
    assert [mode.draws("shuffled", 5), mode.draws("shuffled_hard", 5), mode.draws("shuffled_hard", 1)] == [5, 2, 1]
    assert mode.draws("image_text", 5) == 1


def test_a_set_without_options_has_no_mode_that_shows_them() -> None:
    assert mode.offered(options=0) == ("image_text", "text_only", "shuffled", "blank")
    with pytest.raises(ModeError, match="mode options_only: the rows have no options"):
        mode.apply("options_only", [row(1, kind="open")], [], seed=0)


def test_an_unknown_mode_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"--mode: got 'picture', but a mode is one of image_text, text_only, "):
        mode.named("picture")
