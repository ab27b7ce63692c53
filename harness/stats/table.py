"""One long table of points in, estimates, differences and slices of every model and mode out.

``Table.of`` checks the table once (`harness.stats.frame`) and keeps the points of each model and mode as a block of
rows times seeds. Seeds are nested in rows: a row's points are their mean over seeds, so that asking a row five times
makes no five rows of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.errors import NotComparable, UsageError
from harness.records import Difference
from harness.stats.blocks import CaseName, Columns, Part, cases, part
from harness.stats.frame import FAILED, Coded, read
from harness.stats.paired import difference
from harness.stats.slices import SMALL_CLUSTERS, SMALL_N, Heterogeneity, heterogeneity, slice_means


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Points of many models and modes, checked.

    Attributes
    ----------
    columns : mapping of (model, mode) to Columns
        In the order of their text.
    slice_columns : mapping of str to Coded
        Slice of each row of the table, by name.
    """

    columns: Mapping[CaseName, Columns]
    slice_columns: Mapping[str, Coded]

    @classmethod
    def of(cls, frame: Any) -> Table:
        """Check a long table.

        Parameters
        ----------
        frame : pandas.DataFrame
            One line a model, mode, seed and row: ``model``, ``mode``, ``seed``, ``row``, ``cluster``, ``status``
            (``read``, ``unread`` or ``failed``), ``points`` (in [0, 1]; empty where failed), optionally ``pixels``
            (a digest of the row's own pictures), and any further columns as slices.

        Returns
        -------
        Table

        Raises
        ------
        DataError
            Columns missing or there twice, no lines; a line without model, mode, seed, row or cluster; an unknown
            status; points that are NaN or outside [0, 1], or there for a failed row; the same model, mode, seed
            and row twice; a row in two clusters, with two values of a slice or two picture digests; one picture in
            several clusters; a case in which not every row has every seed. Each names the first lines.
        """
        lines = read(frame)
        return cls(columns=cases(lines), slice_columns=lines.slices)

    def case(self, model: Hashable, mode: Hashable) -> Columns:
        """The rows of one model in one mode.

        Raises
        ------
        UsageError
            Where the table has no such case.
        """
        if (model, mode) not in self.columns:
            known = ", ".join(f"{one} {other}" for one, other in self.columns)
            raise UsageError(f"table: got the unknown case {model} {mode}, but it should be one of {known}")
        return self.columns[model, mode]

    def estimates(
        self, by: Sequence[str] = ("model", "mode"), *, level: float = 0.95
    ) -> dict[tuple[Hashable, ...], Part]:
        """An estimate of each case, or of each part of it.

        Parameters
        ----------
        by : sequence of str
            ``model`` and ``mode``, in any order, and then any of ``seed`` and the slices.
        level : float
            Two-sided confidence level.

        Returns
        -------
        dict
            The values of ``by``, in its order, to their part. A part with a failed row has no estimate, since a
            failed call is not a wrong answer.

        Raises
        ------
        UsageError
            Where ``by`` lacks model or mode, or names what is neither seed nor a slice.
        """
        return self._parts(tuple(by), level, smallest=(1, 1))

    def slices(self, name: str, *, level: float = 0.95) -> dict[tuple[Hashable, ...], Part]:
        """Estimates by slice, where slices are large enough; below that, counts alone.

        Parameters
        ----------
        name : str
            A slice column.
        level : float
            Two-sided confidence level.

        Returns
        -------
        dict
            (model, mode, slice) to its part; without an estimate below `SMALL_N` rows or `SMALL_CLUSTERS` clusters.
            Two intervals show no difference between slices; that is what `heterogeneity` is for.

        Raises
        ------
        UsageError
            Unknown slice.
        """
        return self._parts(("model", "mode", name), level, smallest=(SMALL_N, SMALL_CLUSTERS))

    def differences(
        self, first: CaseName, second: CaseName, *, level: float = 0.95, exact_below: int = 0
    ) -> Difference:
        """The paired difference of two cases, first minus second, over the rows that both hold.

        Parameters
        ----------
        first, second : (model, mode)
            Cases of the table.
        level, exact_below
            As `harness.stats.difference`.

        Returns
        -------
        Difference
            Of the row means over seeds.

        Raises
        ------
        UsageError
            Unknown case.
        NotComparable
            Where the cases do not hold the same rows, or one of them has a failed row.
        """
        one, other = self._pair(first, second)
        return difference(one.mean, other.mean, one.clusters, level=level, exact_below=exact_below)

    def heterogeneity(self, name: str, first: CaseName, second: CaseName) -> Heterogeneity:
        """Whether a paired difference differs between slices: the one test that lets a sentence say so.

        Parameters
        ----------
        name : str
            A slice column.
        first, second : (model, mode)
            Cases of the table.

        Returns
        -------
        Heterogeneity
            Over the slices that are large enough and have some spread, with their covariance where they share
            clusters.

        Raises
        ------
        UsageError, NotComparable
            As `differences`, or unknown slice.
        NotEstimable
            Where fewer than two such slices are left.
        """
        one, other = self._pair(first, second)
        of = slice_means(one.mean - other.mean, one.clusters, self._slice(name).codes[one.places])
        kept = ~of.small & (of.errors > 0)
        return heterogeneity(of.values[kept], of.covariance[np.ix_(kept, kept)])

    def _slice(self, name: str) -> Coded:
        if name not in self.slice_columns:
            known = ", ".join(self.slice_columns) or "none"
            raise UsageError(f"table: got the unknown slice {name!r}, but it should be one of those given: {known}")
        return self.slice_columns[name]

    def _pair(self, first: CaseName, second: CaseName) -> tuple[Columns, Columns]:
        one, other = self.case(*first), self.case(*second)
        names = f"{first[0]} {first[1]} and {second[0]} {second[1]}"
        if not np.array_equal(one.places, other.places):
            raise NotComparable(
                f"table: {names}: got {_lone(one, other)} only in the first and {_lone(other, one)} only in the "
                "second, but both should hold the same rows. Ask both the same"
            )
        for columns in (one, other):
            failed = (columns.status == FAILED).any(axis=1)
            if failed.any():
                raise NotComparable(
                    f"table: {names}: got {int(failed.sum())} failed rows in one of them, the first "
                    f"{columns.rows[np.argmax(failed)]!r}, but a difference needs an answer to every row. "
                    "Ask the failed ones again"
                )
        return one, other

    def _parts(self, by: tuple[str, ...], level: float, smallest: tuple[int, int]) -> dict[tuple[Hashable, ...], Part]:
        if not {"model", "mode"} <= set(by) or len(set(by)) < len(by):
            raise UsageError(
                f"table: got estimates by {', '.join(by)}, but it should be by model and mode, and then by other "
                "columns, each once: a number over several models or modes is about none of them"
            )
        names = [name for name in by if name not in ("model", "mode")]
        found: dict[tuple[Hashable, ...], Part] = {}
        for (model, mode), columns in self.columns.items():
            parts: list[tuple[dict[str, Hashable], Columns]] = [({"model": model, "mode": mode}, columns)]
            for name in names:
                parts = [
                    ({**told, name: value}, some)
                    for told, all_ in parts
                    for value, some in (all_.by_seed() if name == "seed" else all_.by_slice(self._slice(name)))
                ]
            found.update({tuple(told[name] for name in by): part(some, level, smallest) for told, some in parts})
        return found


def _lone(one: Columns, other: Columns) -> str:
    """How many rows only the first has, and the first of them."""
    rows = one.rows[~np.isin(one.places, other.places)]
    return f"{rows.size} rows ({', '.join(map(repr, rows[:3]))})" if rows.size else "no row"
