"""One case in every cyclic order of its options: its score, which answers stay, and which letters are preferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np

from harness.columns import Columns, aligned, estimate, mean_of, objection
from harness.errors import NotEstimable
from harness.evidence import agreement, rotation_mean
from harness.mode import ROTATIONS
from harness.records import Estimate, ModeName
from harness.stats.letters import LetterBias, letter_bias, recall_spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """One case in every cyclic order of its options.

    Attributes
    ----------
    n : int
        Rows.
    original, mean, all_right : Estimate
        Score in the published order; mean over all orders, the headline; share of rows right in every order.
    kept : Estimate
        Share of the other orders in which the same option was chosen as in the published one.
    orders : tuple of float
        Score in each order, the published one first.
    letters : LetterBias or None
        Test of whether a letter is chosen more often than another, over all orders; None where it cannot be tested.
    recall_spread : float
        Standard deviation of the share right by the letter that was gold, in points of score (RStd).
    """

    n: int
    original: Estimate
    mean: Estimate
    all_right: Estimate
    kept: Estimate
    orders: tuple[float, ...]
    letters: LetterBias | None
    recall_spread: float


def rotation(by_mode: Mapping[ModeName, Columns], golds: Mapping[str, Sequence[int]]) -> Rotation | None:
    """Return what all orders say together; None where one of them was not measured or may not be reported.

    Parameters
    ----------
    golds : mapping of str to sequence of int
        Row id -> place of its gold, as shown, in the published order and in each rotation.
    """
    first = by_mode.get("image_text")
    if first is None or not first.rows or not first.options.all():
        return None
    turned = [by_mode[name] for name in ROTATIONS[: int(first.options.max()) - 1] if name in by_mode]
    if len(turned) < int(first.options.max()) - 1 or not turned or objection([first, *turned]):
        return None
    turned = [aligned(first, other) for other in turned]
    orders = [first, *turned]
    every = np.stack([one.mean for one in orders], axis=1)
    own = np.arange(len(orders))[None, :] < first.options[:, None]
    rest = rotation_mean(first, turned)
    mean = (first.mean + rest * (first.options - 1)) / first.options
    try:
        return Rotation(
            n=len(first.rows),
            original=estimate(first),
            mean=mean_of(first, mean),
            all_right=mean_of(first, ((every == 1) | ~own).all(axis=1).astype(np.float64)),
            kept=mean_of(first, agreement(first, turned)),
            orders=tuple(float(one.mean.mean()) for one in orders),
            letters=_letters(orders),
            recall_spread=_spread(orders, golds),
        )
    except NotEstimable:
        return None


def _letters(orders: Sequence[Columns]) -> LetterBias | None:
    """Over the rows with the most common number of options, all of whose orders were asked."""
    first = orders[0]
    counts, numbers = np.unique(first.options, return_counts=True)
    common = int(counts[numbers.argmax()])
    rows = first.options == common
    places = np.stack([one.places[:, 0] for one in orders[:common]], axis=1)[rows]
    try:
        return letter_bias(places, first.clusters[rows], ascii_uppercase[:common])
    except NotEstimable:
        return None


def _spread(orders: Sequence[Columns], golds: Mapping[str, Sequence[int]]) -> float:
    rows = orders[0].rows
    place = np.array([golds[row] for row in rows])
    points = np.stack([one.mean for one in orders], axis=1)
    recalls = [float(points[place == letter].mean()) for letter in np.unique(place)]
    return recall_spread(recalls)
