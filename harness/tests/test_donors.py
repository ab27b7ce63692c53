"""Donors: whose images a row is shown, and within which strata."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import mode
from harness.donors import donors, foreign, hard_donors
from harness.errors import ModeError, StrataMissing
from harness.records import Row
from harness.tests.made import row


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
            donors(pool, seed=seed)
        return
    found = donors(pool, seed=seed).by_row
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
    assert donors(pool, seed=0).by_row != donors(pool, seed=1).by_row


def test_donors_are_spread_over_the_pool() -> None:
    """With 12 rows each of the 11 others is drawn about equally often: no row keeps a favourite donor."""
    pool = _pool([1] * 12)
    first = [donors(pool, seed=seed).by_row["r000"].id for seed in range(660)]
    counts = [first.count(r.id) for r in pool[1:]]
    assert sum(counts) == 660
    assert min(counts) > 30
    assert max(counts) < 100


def test_equal_pixels_in_two_clusters_are_refused() -> None:
    pool = [row(0, images=["same"]), row(1, images=["same"])]
    with pytest.raises(ModeError, match=r"row r00[01] would be shown a picture equal to its own"):
        donors(pool, seed=0)


def _in_strata(counts: dict[tuple[str, str], int]) -> list[Row]:
    """Rows, each with a picture of its own, so many for each modality and region."""
    rows, number = [], 0
    for (modality, region), size in counts.items():
        for _ in range(size):
            rows.append(row(number, gold="ABCDE"[number % 5], slices={"modality": modality, "region": region}))
            number += 1
    return rows


def test_a_hard_donor_is_of_the_same_modality_and_region() -> None:
    pool = _in_strata({("CT", "head"): 9, ("CT", "chest"): 6, ("MRI", "head"): 8})
    found = hard_donors(pool, ("modality", "region"), seed=0)
    assert found.within == {("modality", "region"): 23}
    for r in pool:
        assert found.by_row[r.id].slices == r.slices
        assert foreign(r, found.by_row[r.id])


def test_a_stratum_of_one_row_finds_its_donor_in_the_coarser_one_and_is_counted_there() -> None:
    pool = _in_strata(
        {("CT", "head"): 9, ("CT", "chest"): 1, ("CT", "knee"): 1, ("PET", "head"): 1, ("MRI", "head"): 8}
    )
    found = hard_donors(pool, ("modality", "region"), seed=0)
    # the two lone CT regions swap within CT; the only PET row takes any
    assert found.within == {("modality", "region"): 17, ("modality",): 2, (): 1}
    lone = next(r for r in pool if r.slices["region"] == "knee")
    assert found.by_row[lone.id].slices["modality"] == "CT"
    said = mode.coverage("shuffled_hard", pool, seed=0, strata=("modality", "region"))
    assert said.startswith("Hard donors: 17 rows within modality and region, 2 rows within modality, 1 rows within")


def test_a_hard_donor_has_another_answer_where_that_can_be_had() -> None:
    words = dict(zip("ABCDE", ("lung", "liver", "heart", "spleen", "kidney"), strict=True))
    pool = [
        replace(r, options=tuple(replace(o, text=words[o.letter]) for o in r.options))
        for r in _in_strata({("CT", "head"): 60})
    ]
    found = hard_donors(pool, ("modality",), seed=0).by_row
    same = sum(found[r.id].gold == r.gold for r in pool)
    assert same == 0
    assert Counter(donor.id for donor in found.values()) == Counter(r.id for r in pool)


def test_strata_that_the_rows_do_not_have_leave_the_mode_unmeasured() -> None:
    with pytest.raises(StrataMissing, match=r"got the strata organ, but they should be slices of the rows"):
        hard_donors(_in_strata({("CT", "head"): 4}), ("organ",), seed=0)


def test_a_row_that_is_alone_in_its_cluster_count_cannot_be_shuffled() -> None:
    pool = [replace(r, cluster="one") for r in _in_strata({("CT", "head"): 3})]
    with pytest.raises(ModeError, match="row r000 is the only one of its cluster"):
        hard_donors(pool, ("modality",), seed=0)
