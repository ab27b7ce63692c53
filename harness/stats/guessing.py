"""What a blind guess scores, where rows may have different numbers of options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness.errors import NotEstimable
from harness.stats.binomial import as_p, binomial


def chance(option_counts: Sequence[int]) -> float:
    """Expected accuracy of a uniform guess over the options of each row.

    Parameters
    ----------
    option_counts : sequence of int, length n
        Number of options of each row, at least 2.

    Returns
    -------
    float
        Mean of one over the counts.

    Raises
    ------
    NotEstimable
        No rows, or a row with fewer than two options.
    """
    return sum(rows / options for options, rows in _grouped(option_counts)) / len(option_counts)


def above_chance(correct: int, option_counts: Sequence[int]) -> float:
    """One-sided p of at least ``correct`` right answers by guessing (Poisson-binomial, exact).

    Parameters
    ----------
    correct : int
        Rows answered right, 0 ... n.
    option_counts : sequence of int, length n
        Number of options of each row, at least 2.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    NotEstimable
        No rows, a row with fewer than two options, more right answers than rows.

    Notes
    -----
    Guesses are independent given the options, whatever the clusters of the rows; what clusters do to a model that
    does not guess is in the interval of `harness.stats.estimate`, and a claim asks for both.
    """
    groups = _grouped(option_counts)
    if not 0 <= correct <= len(option_counts) or int(correct) != correct:
        raise NotEstimable(
            f"above_chance: got {correct} right of {len(option_counts)} rows, but it should be a part of them"
        )
    distribution = np.ones(1)
    for options, rows in groups:
        distribution = np.convolve(distribution, binomial(rows, 1 / options))
    return as_p(float(distribution[int(correct) :].sum())) if correct else 1.0


def _grouped(option_counts: Sequence[int]) -> list[tuple[int, int]]:
    """Rows by their number of options, in a fixed order: rows with as many options are exchangeable."""
    groups = sorted(Counter(option_counts).items())
    if not groups or groups[0][0] < 2:
        got = "no rows" if not groups else f"a row with {groups[0][0]} option(s)"
        raise NotEstimable(f"chance: got {got}, but every row should have at least two options to choose from")
    return groups
