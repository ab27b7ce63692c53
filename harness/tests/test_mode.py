"""Modes show what they say, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import mode
from harness.errors import ModeError, UsageError
from harness.records import ModeName, Row
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


def _pool(sizes: list[int], images: int = 1) -> list[Row]:
    """Rows in clusters of the given sizes; the rows of a cluster share their pictures."""
    rows, number = [], 0
    for cluster, size in enumerate(sizes):
        for _ in range(size):
            names = [f"p{cluster}-{i}" for i in range(images)]
            rows.append(row(number, images=names, cluster=f"c{cluster}"))
            number += 1
    return rows


@given(sizes=st.lists(st.integers(1, 6), min_size=2, max_size=30), seed=st.integers(0, 2**32))
def test_no_row_is_shown_a_picture_of_its_own_cluster(sizes: list[int], seed: int) -> None:
    pool = _pool(sizes)
    if 2 * max(sizes) > sum(sizes):
        with pytest.raises(ModeError, match=r"mode shuffled: .* rows with 1 image"):
            mode.donors(pool, seed=seed)
        return
    found = mode.donors(pool, seed=seed)
    assert sorted(found) == sorted(r.id for r in pool)
    assert sorted(donor.id for donor in found.values()) == sorted(found)
    for r in pool:
        assert found[r.id].cluster != r.cluster
        assert not {ref.digest for ref in found[r.id].images} & {ref.digest for ref in r.images}


def test_a_donor_has_as_many_images() -> None:
    pool = [
        *_pool([1] * 5),
        *(replace(r, id=f"x{r.id}", cluster=f"x{r.cluster}") for r in _pool([1] * 5, images=3)),
    ]
    shown = mode.apply("shuffled", pool, pool, seed=1)
    assert [len(r.images) for r in shown] == [1] * 5 + [3] * 5
    assert all(r.donor and r.donor != r.id for r in shown)


def test_a_donor_does_not_depend_on_how_many_rows_are_asked_nor_on_their_order() -> None:
    pool = _pool([2] * 20)
    whole = {r.id: r.donor for r in mode.apply("shuffled", pool, pool, seed=3)}
    part = {r.id: r.donor for r in mode.apply("shuffled", pool[5:9], list(reversed(pool)), seed=3)}
    assert part == {key: whole[key] for key in part}
    assert len(part) == 4


def test_another_seed_draws_other_donors() -> None:
    pool = _pool([1] * 30)
    assert mode.donors(pool, seed=0) != mode.donors(pool, seed=1)


def test_donors_are_spread_over_the_pool() -> None:
    """With 12 rows each of the 11 others is drawn about equally often: no row keeps a favourite donor."""
    pool = _pool([1] * 12)
    first = [mode.donors(pool, seed=seed)["r000"].id for seed in range(660)]
    counts = [first.count(r.id) for r in pool[1:]]
    assert sum(counts) == 660
    assert min(counts) > 30
    assert max(counts) < 100


def test_equal_pixels_in_two_clusters_are_refused() -> None:
    pool = [row(0, images=["same"]), row(1, images=["same"])]
    with pytest.raises(ModeError, match=r"row r00[01] would be shown a picture equal to its own"):
        mode.donors(pool, seed=0)


def test_a_set_without_options_has_no_mode_that_shows_them() -> None:
    assert mode.offered(choices=False) == ("image_text", "text_only", "shuffled", "blank")
    with pytest.raises(ModeError, match="mode options_only: the rows have no options"):
        mode.apply("options_only", [row(1, kind="open")], [], seed=0)


def test_an_unknown_mode_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"--mode: got 'picture', but a mode is one of image_text, text_only, "):
        mode.named("picture")
