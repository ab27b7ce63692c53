"""One case in columns: all that a claim needs of a measurement, as arrays that the statistics take.

A claim, a gain or a pattern never looks at answers one by one; it asks for the columns of two cases and pairs them
by row. The columns of a case are made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from harness import score, sequential, stats
from harness.errors import NotComparable
from harness.limits import Limits, faults
from harness.records import Answer, Case, Difference, Estimate, Harness, Measurement, Read

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prior:
    """A baseline of the data alone: its name, its title for tables, and its points, shape (n,)."""

    name: str
    title: str
    points: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """The points of one case.

    Attributes
    ----------
    case : Case
        What was measured.
    title : str
        Title of the benchmark.
    faults : tuple of str
        Why its number may not be reported; empty where it may.
    refused : bool
        Whether its rows were refused, so that nothing was asked.
    harness : Harness
        For the same-harness check.
    rows : tuple of str, length n
        Row ids, each once. Where ``sizes`` are given, in the order in which they were asked.
    clusters : ndarray of int, shape (n,)
        Cluster of each row, numbered in order of appearance.
    points : ndarray of float, shape (n, draws)
        Of the primary metric, in [0, 1]; NaN where the call failed.
    chosen : ndarray of int, shape (n, draws)
        Published place of the option that was read, from 0; -1 where none was.
    places : ndarray of int, shape (n, draws)
        Place, as shown, of the option that was read, from 0; -1 where none was.
    options : ndarray of int, shape (n,)
        Number of options of each row; 0 for short answers.
    published : int
        Rows published.
    sizes : ndarray of int
        Where the case could stop as soon as its claims were decided: rows of every cluster of the list, asked or not,
        in asking order; else empty.
    baselines : tuple of Prior
        What the data alone give over these rows.
    """

    case: Case
    title: str
    faults: tuple[str, ...]
    refused: bool
    harness: Harness
    rows: tuple[str, ...]
    clusters: Ints
    points: Floats
    chosen: Ints
    places: Ints
    options: Ints
    published: int
    sizes: Ints
    baselines: tuple[Prior, ...]

    @property
    def sequential(self) -> bool:
        """Whether the case could stop as soon as its claims were decided."""
        return bool(self.sizes.size)

    @property
    def mean(self) -> Floats:
        """Points of each row, the mean over its draws; shape (n,)."""
        return np.asarray(self.points[:, 0] if self.points.shape[1] == 1 else self.points.mean(axis=1))

    @property
    def chance(self) -> float | None:
        """Expected score of a blind guess; None where rows have no options."""
        if not self.options.size or not self.options.all():
            return None
        return float((1 / self.options).mean())


def columns(measurement: Measurement, limits: Limits) -> Columns:
    """Return the columns of a measurement.

    Raises
    ------
    NotComparable
        Where a row stands twice in one draw, or the draws do not hold the same rows.
    """
    answers, draws = measurement.answers, measurement.draws
    n = len(answers) // draws
    rows = tuple(a.row.id for a in answers[:n])
    _check(measurement, rows, n)
    shape = (draws, n)
    numbers: dict[str, int] = {}
    clusters = np.fromiter((numbers.setdefault(a.row.cluster, len(numbers)) for a in answers[:n]), np.intp, n)
    shown = [_option(a) for a in answers]
    metric = primary(measurement) if answers else ""
    return Columns(
        case=measurement.case,
        title=measurement.title,
        faults=faults(measurement, limits),
        refused=measurement.status == "refused",
        harness=measurement.harness,
        rows=rows,
        clusters=clusters,
        points=np.array([a.points.get(metric, np.nan) for a in answers], dtype=np.float64).reshape(shape).T,
        chosen=np.array([chosen for chosen, _ in shown], dtype=np.intp).reshape(shape).T,
        places=np.array([place for _, place in shown], dtype=np.intp).reshape(shape).T,
        options=np.array([len(a.row.options) for a in answers[:n]], dtype=np.intp),
        published=measurement.published,
        sizes=np.array(measurement.order, dtype=np.intp),
        baselines=_baselines(measurement, n),
    )


def _check(measurement: Measurement, rows: Sequence[str], n: int) -> None:
    case = measurement.case.id
    if len(set(rows)) < n:
        twice = next(row for place, row in enumerate(rows) if row in rows[:place])
        raise NotComparable(f"{case}: row {twice} stands twice, but every row should once. Measure the case again.")
    for draw in range(1, measurement.draws):
        of_it = tuple(a.row.id for a in measurement.answers[draw * n : (draw + 1) * n])
        if of_it != tuple(rows):
            raise NotComparable(
                f"{case}: derangement {draw + 1} holds {len(of_it)} rows, but should hold the same {n} rows in the "
                "same order as the first. Measure the case again."
            )


def _option(a: Answer) -> tuple[int, int]:
    """Published and shown place of the option that was read; -1 and -1 where none was, or where there are none."""
    if not a.row.options or not isinstance(a.reading, Read) or a.reply.finish == "failed":
        return -1, -1
    origins = [option.origin for option in a.row.options]
    return sorted(origins).index(a.reading.value), origins.index(a.reading.value)


def _baselines(measurement: Measurement, n: int) -> tuple[Prior, ...]:
    from harness.baselines import points

    shown = [a.row for a in measurement.answers[:n]]
    return tuple(
        Prior(name=each.name, title=each.title, points=np.asarray(points(shown, each), dtype=np.float64))
        for each in measurement.baselines
    )


def primary(measurement: Measurement) -> str:
    """Return the metric on which a measurement's claims are made."""
    return score.primary(measurement.answers[0].row.kind)


def unequal(first: Harness, second: Harness) -> tuple[str, ...]:
    """Name the components in which two harnesses differ; none where numbers may be compared."""
    return tuple(f.name for f in fields(Harness) if getattr(first, f.name) != getattr(second, f.name))


def objection(cases: Sequence[Columns]) -> str:
    """Say why these cases may not be compared; empty where they may."""
    for one in cases:
        if one.faults:
            return f"{one.case.id}: {'; '.join(one.faults)}"
    first = cases[0]
    for other in cases[1:]:
        unlike = unequal(first.harness, other.harness)
        if unlike:
            return f"not comparable: {first.case.id} and {other.case.id} differ in {', '.join(unlike)}"
        if set(first.rows) != set(other.rows):
            alone = sorted(set(first.rows) ^ set(other.rows))
            return (
                f"not comparable: {first.case.id} holds {len(first.rows)} rows and {other.case.id} {len(other.rows)}, "
                f"of which {len(alone)} are in one of them only, such as {alone[0]}"
            )
    return ""


def aligned(first: Columns, second: Columns) -> Columns:
    """Return the second case with its rows in the order of the first."""
    if first.rows == second.rows:
        return second
    place = {row: number for number, row in enumerate(second.rows)}
    order = np.array([place[row] for row in first.rows], dtype=np.intp)
    return replace(
        second,
        rows=first.rows,
        clusters=first.clusters,
        points=second.points[order],
        chosen=second.chosen[order],
        places=second.places[order],
        options=second.options[order],
        baselines=tuple(replace(each, points=each.points[order]) for each in second.baselines),
    )


def in_step(first: Columns, second: Columns) -> tuple[Columns, Columns]:
    """Return two cases that stopped at different rows of one order, cut to the rows that both asked.

    The earlier of two stops is a stop like any other, so the statistics of such cases stay valid there.
    """
    n = min(len(first.rows), len(second.rows))
    same_order = first.sequential and np.array_equal(first.sizes, second.sizes) and first.rows[:n] == second.rows[:n]
    if not same_order or len(first.rows) == len(second.rows):
        return first, second
    split = f"{first.harness.split} and {second.harness.split}"
    return _cut(first, n, split), _cut(second, n, split)


def _cut(case: Columns, n: int, split: str) -> Columns:
    return replace(
        case,
        harness=replace(case.harness, split=split),
        rows=case.rows[:n],
        clusters=case.clusters[:n],
        points=case.points[:n],
        chosen=case.chosen[:n],
        places=case.places[:n],
        options=case.options[:n],
        baselines=tuple(replace(each, points=each.points[:n]) for each in case.baselines),
    )


def estimate(case: Columns) -> Estimate:
    """Return the estimate of a case's score; of a shuffled one over the mean of its draws."""
    return mean_of(case, case.mean)


def mean_of(case: Columns, values: Floats, *, level: float = 0.95) -> Estimate:
    """Return the estimate of one value a row, in [0, 1], over the rows of a case."""
    if case.sequential:
        return sequential.estimate(values, case.clusters, case.sizes, level=level)
    return stats.estimate(values, case.clusters, level=level)


def difference(first: Columns, second: Columns, *, level: float = 0.95) -> Difference:
    """Return the paired difference of two cases over the same rows, first minus second.

    Where the second was asked with several derangements, the test is that of exchangeable draws.
    """
    second = aligned(first, second)
    found = contrast(first, first.mean, second.mean, level=level)
    if first.sequential or second.points.shape[1] == 1 or first.points.shape[1] > 1:
        return found
    p, how = stats.exchangeable(first.mean, second.points, first.clusters)
    return replace(found, p=p, test=f"permutation of the draws, {how}")


def contrast(of: Columns, left: Floats, right: Floats, *, level: float = 0.95) -> Difference:
    """Return the paired difference of two columns of points over the rows of a case."""
    if of.sequential:
        return sequential.difference(left, right, of.clusters, of.sizes, level=level)
    return stats.difference(left, right, of.clusters, level=level)


def within(of: Columns, left: Floats, right: Floats, margin: float) -> float:
    """Return the p-value of 'the two differ by less than the margin' (two one-sided tests)."""
    if of.sequential:
        return sequential.within(left, right, of.clusters, of.sizes, margin=margin)
    return stats.equivalent(left, right, of.clusters, margin=margin).p
