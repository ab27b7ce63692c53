"""McNemar's test of two answers to the same, unclustered rows."""

from __future__ import annotations

import math

from harness.errors import NotEstimable
from harness.stats.binomial import as_p, binomial


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided exact p: the one for release gates with few discordant rows.

    Parameters
    ----------
    b, c : int
        Rows that only the first, only the second got right.

    Returns
    -------
    float
        In (0, 1]; 1 where no row differs.

    Raises
    ------
    NotEstimable
        Where a count is negative or not whole.
    """
    few, probabilities = _fewer(b, c)
    return as_p(2 * math.fsum(probabilities[: few + 1]))


def mcnemar_mid_p(b: int, c: int) -> float:
    """Two-sided mid-p: half of the observed outcome's probability is left out, so that it is not too cautious.

    Parameters
    ----------
    b, c : int
        Rows that only the first, only the second got right.

    Returns
    -------
    float
        In (0, 1]; 1 where no row differs. Common code divides by zero there and says 0.

    Raises
    ------
    NotEstimable
        Where a count is negative or not whole.

    Notes
    -----
    Fagerland, Lydersen and Laake 2013 (BMC Med Res Methodol 13:91): its error rate stayed within the nominal level
    in all of their designs, where the exact test is far below it.
    """
    few, probabilities = _fewer(b, c)
    if b == c:
        return 1.0 if few == 0 else 1 - float(probabilities[few]) / 2
    return as_p(2 * math.fsum(probabilities[: few + 1]) - float(probabilities[few]))


def _fewer(b: int, c: int) -> tuple[int, list[float]]:
    if b < 0 or c < 0 or int(b) != b or int(c) != c:
        raise NotEstimable(f"McNemar: got b={b}, c={c}, but both should be whole counts of rows, at least 0")
    return int(min(b, c)), binomial(int(b + c), 0.5).tolist()
