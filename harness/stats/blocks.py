"""The points of one model in one mode as a block of rows times seeds, cut out of a table, and what there is in it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError, NotEstimable
from harness.records import Estimate
from harness.stats.frame import FAILED, STATUSES, Coded, Codes, Lines
from harness.stats.proportion import estimate

CaseName = tuple[Hashable, Hashable]
"""Model and mode."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """The points of one model in one mode.

    Attributes
    ----------
    ids : ndarray of object
        Ids of all rows of the table, in the order of their text.
    places : ndarray of int, shape (n,)
        Place among them of each row of the case, ascending; so the same rows are in the same order in every case.
    seeds : tuple, length s
        In the order of their text.
    points : ndarray, shape (n, s)
        In [0, 1]; NaN exactly where failed.
    status : ndarray of int8, shape (n, s)
        Place in `harness.stats.frame.STATUSES`: read, unread, failed.
    clusters : ndarray of int, shape (n,)
        Cluster of each row, the same number for the same cluster in every case of the table.
    """

    ids: NDArray[np.object_]
    places: Codes
    seeds: tuple[Hashable, ...]
    points: NDArray[np.float64]
    status: NDArray[np.int8]
    clusters: Codes

    @property
    def rows(self) -> NDArray[np.object_]:
        """Ids of the rows of the case, shape (n,)."""
        return self.ids[self.places]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Points of each row, as the mean over its seeds."""
        return self.points[:, 0] if len(self.seeds) == 1 else np.asarray(self.points.mean(axis=1))

    def of_rows(self, some: Codes) -> Columns:
        """The same case over some of its rows."""
        return replace(
            self,
            places=self.places[some],
            points=self.points[some],
            status=self.status[some],
            clusters=self.clusters[some],
        )

    def by_seed(self) -> Iterator[tuple[Hashable, Columns]]:
        """Each seed and what it gave."""
        for place, seed in enumerate(self.seeds):
            one = slice(place, place + 1)
            yield seed, replace(self, seeds=(seed,), points=self.points[:, one], status=self.status[:, one])

    def by_slice(self, of: Coded) -> Iterator[tuple[Hashable, Columns]]:
        """Each slice and its rows."""
        codes = of.codes[self.places].astype(np.min_scalar_type(of.values.size))
        order = np.argsort(codes, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
            yield of.values[codes[rows[0]]], self.of_rows(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some rows of a case: what there is, and an estimate where there may be one.

    Attributes
    ----------
    n, clusters : int
        Rows and clusters.
    read, unread, failed : int
        Replies by what became of them; rows times seeds in all.
    estimate : Estimate or None
        Of the mean over rows.
    why : str
        Why there is no estimate; empty where there is one.
    """

    n: int
    clusters: int
    read: int
    unread: int
    failed: int
    estimate: Estimate | None
    why: str


def cases(lines: Lines) -> dict[CaseName, Columns]:
    """The blocks of rows times seeds, from the sorted lines."""
    case = (lines.model.codes * len(lines.mode.values) + lines.mode.codes)[lines.order]
    found: dict[CaseName, Columns] = {}
    for block in np.split(lines.order, np.flatnonzero(np.diff(case)) + 1):
        name = tuple(coded.values[coded.codes[block[0]]] for coded in (lines.model, lines.mode))
        found[name[0], name[1]] = _columns(lines, block, f"{name[0]} {name[1]}")
    return found


def _columns(lines: Lines, block: Codes, name: str) -> Columns:
    row, seed = lines.row.codes[block], lines.seed.codes[block]
    places, seeds = row[np.flatnonzero(np.diff(row, prepend=-1))], np.flatnonzero(np.bincount(seed))
    if places.size * seeds.size != block.size:
        short = int(np.argmax(np.bincount(row)[places] < seeds.size))
        raise DataError(
            f"table: {name}: got {block.size} lines for {places.size} rows and {seeds.size} seeds, but every row "
            f"should have every seed; row {lines.row.values[places[short]]!r} has not. Ask what is missing"
        )
    shape = (places.size, seeds.size)
    return Columns(
        ids=lines.row.values,
        places=places,
        seeds=tuple(lines.seed.values[seeds].tolist()),
        points=lines.points[block].reshape(shape),
        status=lines.status[block].reshape(shape),
        clusters=lines.cluster[places],
    )


def part(columns: Columns, level: float, smallest: tuple[int, int]) -> Part:
    """Count a case, or some of its rows, and estimate it where it has at least so many rows and clusters."""
    n, clusters = columns.places.size, int(np.count_nonzero(np.bincount(columns.clusters)))
    counts = np.bincount(columns.status.ravel(), minlength=len(STATUSES)).tolist()
    why, found = "", None
    if counts[FAILED]:
        why = f"{counts[FAILED]} of {sum(counts)} replies failed; ask them again"
    elif n < smallest[0] or clusters < smallest[1]:
        why = f"{n} rows in {clusters} clusters, but an estimate needs {smallest[0]} rows in {smallest[1]}"
    else:
        try:
            found = estimate(columns.mean, columns.clusters, level=level)
        except NotEstimable as error:
            why = str(error)
    return Part(
        n=n, clusters=clusters, read=counts[0], unread=counts[1], failed=counts[FAILED], estimate=found, why=why
    )
