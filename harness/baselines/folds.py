"""Cross-fitting: every row is answered by a model that learned on rows of other clusters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from harness.records import Row

FOLDS = 5
_SEED = 0

T = TypeVar("T")
Learn = Callable[[Sequence[T], Sequence[T]], tuple[str, ...]]
"""``learn(train, rows)`` gives the answers of ``rows``, as described, by a model that saw ``train`` alone."""


def crossed(learn: Learn[T], rows: Sequence[T], fold: Sequence[int]) -> tuple[str, ...]:
    """Return the answers of all rows, each fold by what was learned on the others; none where there is one fold."""
    answers = [""] * len(rows)
    if len(set(fold)) < 2:
        return ()
    for number in sorted(set(fold)):
        inside = [place for place, of in enumerate(fold) if of == number]
        outside = [row for row, of in zip(rows, fold, strict=True) if of != number]
        for place, answer in zip(inside, learn(outside, [rows[place] for place in inside]), strict=True):
            answers[place] = answer
    return tuple(answers)


def dealt(rows: Sequence[Row]) -> list[int]:
    """Return the fold of each row, 0 ... 4: clusters in seeded order, dealt one after the other.

    A cluster counts by its smallest row id and not by its name, which changes where pictures cannot be opened.
    """
    least: dict[str, str] = {}
    for row in rows:
        least[row.cluster] = min(least.get(row.cluster, row.id), row.id)
    order = sorted(least, key=lambda cluster: _drawn(least[cluster]))
    fold = {cluster: place % FOLDS for place, cluster in enumerate(order)}
    return [fold[row.cluster] for row in rows]


def _drawn(row_id: str) -> tuple[str, str]:
    seen = f"{_SEED}|folds|{row_id}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(seen).hexdigest(), row_id
