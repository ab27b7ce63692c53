"""Two measurements of the same rows, answer by answer: what engines and ways of answering are compared by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from harness.errors import NotComparable
from harness.records import Answer, Harness, Measurement, Read
from harness.score import primary

Pairs = list[tuple[Answer, Answer]]


def paired(first: Measurement, second: Measurement, *, but: Collection[str] = ()) -> Pairs:
    """Return the answers to the same rows side by side, in the order of the first.

    Parameters
    ----------
    first, second : Measurement
        Of one benchmark and mode.
    but : collection of str
        Components of the harness in which the two may differ.

    Raises
    ------
    NotComparable
        Where benchmark, mode, derangements, a component of the harness, rows, or what a row showed differ; where a
        row stands twice; where there is no row.
    """
    both = f"{first.case.id} and {second.case.id}"
    if (first.case.benchmark, first.case.mode, first.draws) != (second.case.benchmark, second.case.mode, second.draws):
        raise NotComparable(
            f"{both}: are of different benchmarks, modes or numbers of derangements, but should be of the same rows. "
            "Measure both in one run."
        )
    names = [f.name for f in fields(Harness) if f.name not in but]
    unlike = [name for name in names if getattr(first.harness, name) != getattr(second.harness, name)]
    if unlike:
        raise NotComparable(f"{both}: differ in {', '.join(unlike)}, but should not. Measure both in one run.")
    return _matched(both, first.answers, second.answers)


def _matched(both: str, first: Sequence[Answer], second: Sequence[Answer]) -> Pairs:
    mine, other = ({(a.row.id, a.draw): a for a in answers} for answers in (first, second))
    if not first or mine.keys() != other.keys() or len(mine) != len(first) or len(other) != len(second):
        alone = sorted(mine.keys() ^ other.keys())
        such = f", such as {alone[0][0]}" if alone else ""
        raise NotComparable(
            f"{both}: hold {len(first)} and {len(second)} replies, to {len(mine)} and {len(other)} different prompts, "
            f"of which {len(alone)} are in one of them only{such}, but should hold the same rows once each. Measure "
            "both again."
        )
    pairs = [(a, other[key]) for key, a in mine.items()]
    for a, b in pairs:
        if _shown(a) != _shown(b):
            raise NotComparable(
                f"{both}: row {a.row.id} was shown with other words, options or images, but both should be shown the "
                "same. Measure both with one seed."
            )
    return pairs


def _shown(answer: Answer) -> tuple[object, ...]:
    row = answer.row
    return row.stem, row.options, row.gold, row.cluster, tuple(ref.digest for ref in row.images)


def read_as(answer: Answer) -> str:
    """Return what was read of a reply; ``unread: <why>`` or ``failed`` where nothing was."""
    if answer.reply.finish == "failed":
        return "failed"
    return answer.reading.value if isinstance(answer.reading, Read) else f"unread: {answer.reading.why}"


def scores(pairs: Pairs, draws: int) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the points of both, each row's mean over its draws, shape (n,); None where a reply has none."""
    metric = primary(pairs[0][0].row.kind)
    if any(metric not in answer.points for pair in pairs for answer in pair):
        return None
    left, right = (by_row([pair[side].points[metric] for pair in pairs], draws) for side in (0, 1))
    return left, right


def by_row(values: Sequence[float], draws: int) -> NDArray[np.float64]:
    """Return the mean over the draws of each row, in row order; shape (n,)."""
    return np.asarray(np.array(values, dtype=np.float64).reshape(draws, -1).mean(axis=0))


def clusters(pairs: Pairs, draws: int) -> list[str]:
    """Return the cluster of each row; length n."""
    return [a.row.cluster for a, _ in pairs[: len(pairs) // draws]]
