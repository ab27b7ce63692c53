"""Whether replies follow foreign images, where the benchmark itself says which answer those would make right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import score, stats
from harness.errors import NotEstimable
from harness.records import Answer, Estimate, Measurement, ModeName, Read, Row, Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What replies do when the images are those of another row whose answer to the question is known.

    Attributes
    ----------
    mode : str
        ``shuffled`` or ``shuffled_hard``.
    pairs, changed : int
        Rows x derangements in which both modes were read, and in how many of them the reading changed.
    eligible : int
        Those in which the foreign images make another answer right than the row's own.
    followed, stayed, other : int
        Of those: answered what fits the foreign images and not with the own ones; the row's own answer; neither.
    rate : Estimate or None
        ``followed`` of ``eligible``, by cluster; None where it cannot be estimated.
    ceiling : float
        Score of a perfect reader of these images: where the fitting answer is known, whether it is the row's own; a
        blind guess elsewhere.
    """

    mode: ModeName
    pairs: int
    changed: int
    eligible: int
    followed: int
    stayed: int
    other: int
    rate: Estimate | None
    ceiling: float


def follow(image: Measurement, foreign: Measurement) -> Follow | None:
    """Return how replies follow foreign images; None where nothing was answered."""
    own = {a.row.id: a for a in image.answers if a.points}
    pairs = [(own[a.row.id], a) for a in foreign.answers if a.points and a.row.id in own]
    if not pairs:
        return None
    eligible = [(first, a) for first, a in pairs if a.row.fits and not _right(a.row, Read(a.row.gold), a.row.fits)]
    moved = [_fits(a) and not _fits(replace(first, row=a.row)) for first, a in eligible]
    kept = [not m and _own(a) for m, (_, a) in zip(moved, eligible, strict=True)]
    return Follow(
        mode=foreign.case.mode,
        pairs=len(pairs),
        changed=sum(a.reading != first.reading for first, a in pairs),
        eligible=len(eligible),
        followed=sum(moved),
        stayed=sum(kept),
        other=len(eligible) - sum(moved) - sum(kept),
        rate=_rate([a.row for _, a in eligible], moved),
        ceiling=sum(map(_perfect, (a.row for _, a in pairs))) / len(pairs),
    )


def _right(row: Row, reading: Read | Unread, gold: str) -> bool:
    """Whether a reading is this answer, by the metric of the row."""
    against = replace(row, gold=gold)
    scored = score.choice(against, reading) if row.kind == "choice" else score.short(against, reading)
    return scored[score.primary(row.kind)] == 1


def _fits(a: Answer) -> bool:
    return _right(a.row, a.reading, a.row.fits)


def _own(a: Answer) -> bool:
    return a.points[score.primary(a.row.kind)] == 1


def _perfect(row: Row) -> float:
    if row.fits:
        return float(_right(row, Read(row.gold), row.fits))
    if row.options:
        return 1 / len(row.options)
    return 0.5 if row.kind == "yes_no" else 0.0


def _rate(rows: Sequence[Row], hits: Sequence[bool]) -> Estimate | None:
    """Rows x derangements are nested in rows: the mean of each row, then by cluster."""
    by_row: dict[str, list[bool]] = {}
    clusters: dict[str, str] = {}
    for row, hit in zip(rows, hits, strict=True):
        by_row.setdefault(row.id, []).append(hit)
        clusters[row.id] = row.cluster
    if not by_row:
        return None
    try:
        return stats.estimate([sum(h) / len(h) for h in by_row.values()], list(clusters.values()))
    except NotEstimable:
        return None
