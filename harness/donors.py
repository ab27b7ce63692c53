"""Whose images a row is shown in the shuffled modes: derangements by picture and cluster, never by row number.

A derangement is a permutation of rows with equally many images: each row gives its images once, never to a row of
its own cluster, and never to one that has a picture with equal pixels. Several of them, drawn with other seeds, are
pooled within rows. *Hard* donors come from the same stratum, such as the same modality and region, and show another
answer where that can be had.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.errors import ModeError, StrataMissing
from harness.records import Row
from harness.truth import Truth, gold_text, normal

SWAPS = 20
"""Random swaps a row by which a cyclic shift is mixed."""

TRIES = 40
"""Random partners with whom a row whose donor has the same answer tries to swap."""


class Donors(NamedTuple):
    """Who gives to whom, and how many rows found their donor within which strata."""

    by_row: Mapping[str, Row]
    within: Mapping[tuple[str, ...], int]


def donors(pool: Sequence[Row], *, seed: int, draw: int = 0) -> Donors:
    """Draw, for every row, another row whose images it is shown.

    Parameters
    ----------
    pool : sequence of Row
        All rows of the split.
    seed, draw : int
        Of the run, and which of its derangements.

    Raises
    ------
    ModeError
        Where more than half of the rows with as many images are of one cluster; names it.
    """
    result: dict[str, Row] = {}
    for (count,), group in _grouped(_sorted(pool), lambda row: len(row.images)):
        _feasible(group, f"the {len(group)} rows with {count} image(s)")
        result |= _deranged(group, _random(seed, draw, count, len(group)))
    return Donors(result, {(): len(result)})


def hard_donors(pool: Sequence[Row], strata: Sequence[str], *, seed: int, draw: int = 0) -> Donors:
    """Draw donors from the same stratum: as many images, and the same value of each of ``strata``.

    Where a stratum has no derangement (a single row, or one cluster that is more than half of it), its rows look for
    their donors in the next coarser one, which leaves out the last name of ``strata``; ``within`` counts how many
    rows ended where.

    Raises
    ------
    StrataMissing
        Where ``strata`` names a slice that the rows do not have, as in a layout without metadata.
    ModeError
        As `donors`.
    """
    missing = [name for name in strata if not any(name in row.slices for row in pool)]
    if missing or not strata:
        held = sorted({name for row in pool for name in row.slices})
        raise StrataMissing(
            f"mode shuffled_hard: got the strata {', '.join(strata) or 'none'}, but they should be slices of the rows "
            f"({', '.join(held) or 'none'}). Mend the benchmark's strata, or leave this mode out."
        )
    result: dict[str, Row] = {}
    within: dict[tuple[str, ...], int] = {}
    truth = Truth(pool)
    left = _sorted(pool)
    for depth in range(len(strata), -1, -1):
        names = tuple(strata[:depth])
        rest: list[Row] = []
        for key, group in _grouped(left, _stratum(names)):
            if _obstacle(group):
                rest += group
                continue
            rng = _random(seed, draw, *key)
            result |= _apart(group, _deranged(group, rng), truth, rng)
            within[names] = within.get(names, 0) + len(group)
        left = _sorted(rest)
    for row in left:
        result[row.id] = _any(row, pool, _random(seed, draw, row.id))
        within[()] = within.get((), 0) + 1
    return Donors(result, within)


def _random(seed: int, draw: int, *key: Hashable) -> random.Random:
    told = "|".join(str(part) for part in ("shuffled", *key))
    return random.Random(f"{seed}|{draw}|{told}")  # noqa: S311 - a seeded draw, not a secret


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.id)


def _stratum(names: Sequence[str]) -> Callable[[Row], tuple[str, ...]]:
    return lambda row: (str(len(row.images)), *(row.slices.get(name, "") for name in names))


def _grouped(rows: Sequence[Row], key: Callable[[Row], Hashable]) -> list[tuple[tuple[Hashable, ...], list[Row]]]:
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return [
        (k if isinstance(k, tuple) else (k,), group) for k, group in sorted(groups.items(), key=lambda kv: str(kv[0]))
    ]


def _obstacle(group: Sequence[Row]) -> str:
    """The cluster that makes up more than half of a group, which then has no derangement; empty where none does."""
    name, largest = Counter(row.cluster for row in group).most_common(1)[0]
    return name if 2 * largest > len(group) else ""


def _feasible(group: Sequence[Row], which: str) -> None:
    name = _obstacle(group)
    if name:
        of_it = [row.id for row in group if row.cluster == name]
        raise ModeError(
            f"mode shuffled: {len(of_it)} of {which} are of one cluster ({name}, such as row {of_it[0]}), but at most "
            "half may be, for each row to be shown a foreign image. Ask more rows, or leave this mode out."
        )


def _deranged(group: list[Row], rng: random.Random) -> dict[str, Row]:
    """A permutation that starts from a cyclic shift by at least the largest cluster, mixed by swaps."""
    sizes = Counter(row.cluster for row in group)
    order = list(sizes)
    rng.shuffle(order)
    place = {cluster: i for i, cluster in enumerate(order)}
    group = sorted(group, key=lambda row: (place[row.cluster], row.id))
    n, largest = len(group), max(sizes.values())
    shift = rng.randint(largest, n - largest)
    donor = [group[(i + shift) % n] for i in range(n)]
    for _ in range(SWAPS * n):
        i, j = rng.randrange(n), rng.randrange(n)
        if foreign(group[i], donor[j]) and foreign(group[j], donor[i]):
            donor[i], donor[j] = donor[j], donor[i]
    for row, other in zip(group, donor, strict=True):
        if not foreign(row, other):
            raise ModeError(
                f"mode shuffled: row {row.id} would be shown a picture equal to its own (of row {other.id}), but "
                "rows that share a picture should be of one cluster. Mend the clusters of the loader."
            )
    return {row.id: other for row, other in zip(group, donor, strict=True)}


def _apart(group: Sequence[Row], donor: dict[str, Row], truth: Truth, rng: random.Random) -> dict[str, Row]:
    """Swap donors until as few rows as can be are shown images that make their own answer right."""

    def fits(row: Row, giver: Row) -> bool:
        return foreign(row, giver) and not _same_answer(row, giver, truth)

    for row in group:
        for _ in range(TRIES):
            if not _same_answer(row, donor[row.id], truth):
                break
            other = group[rng.randrange(len(group))]
            mine, theirs = donor[other.id], donor[row.id]
            if fits(row, mine) and fits(other, theirs):
                donor[row.id], donor[other.id] = mine, theirs
    return donor


def _any(row: Row, pool: Sequence[Row], rng: random.Random) -> Row:
    """Any foreign row with as many images, for a row that no stratum has a donor for."""
    able = [other for other in _sorted(pool) if len(other.images) == len(row.images) and foreign(row, other)]
    if not able:
        raise ModeError(
            f"mode shuffled_hard: row {row.id} is the only one of its cluster with {len(row.images)} image(s), but it "
            "should be shown those of another. Ask more rows, or leave this mode out."
        )
    return able[rng.randrange(len(able))]


def foreign(row: Row, donor: Row) -> bool:
    """Whether the donor is of another cluster and has no picture that equals one of the row's."""
    if row.cluster == donor.cluster:
        return False
    return not {ref.digest for ref in row.images} & {ref.digest for ref in donor.images}


def _same_answer(row: Row, donor: Row, truth: Truth) -> bool:
    """Whether the donor's images make the row's own answer right, or their row has the same answer in words."""
    fits = truth.fitting(row, donor.images)
    return normal(fits or gold_text(donor)) == normal(row.gold if fits else gold_text(row))
