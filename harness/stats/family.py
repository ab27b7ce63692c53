"""Several p-values at once: Holm for the claims of a family, Benjamini-Hochberg for tables that only screen."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import NotEstimable


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values of one declared family, in the order given.

    Parameters
    ----------
    p_values : sequence of float
        In [0, 1].

    Returns
    -------
    list of float
        In [0, 1]; reject where at most alpha, and the chance of any false rejection is at most alpha.

    Raises
    ------
    NotEstimable
        Where one is NaN or outside [0, 1]. Common code drops NaN and so adjusts for too few.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(_ranked(p_values, "holm")):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values of one family, in the order given.

    For exploration: it bounds the expected share of false rejections among the rejections, not the chance of any
    one, so a claim is never decided by it.

    Parameters
    ----------
    p_values : sequence of float
        In [0, 1], of tests that are independent or positively dependent.

    Returns
    -------
    list of float
        In [0, 1], at most Holm's; where those of at most q are rejected, the expected share of false ones among
        them is at most q.

    Raises
    ------
    NotEstimable
        Where one is NaN or outside [0, 1].

    Notes
    -----
    Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57:289: the j-th smallest of m becomes the least of m p / j over
    the ranks from j on.
    """
    adjusted, least = [0.0] * len(p_values), 1.0
    for rank, place in reversed(list(enumerate(_ranked(p_values, "benjamini_hochberg"), start=1))):
        least = min(least, len(p_values) * p_values[place] / rank)
        adjusted[place] = least
    return adjusted


def _ranked(p_values: Sequence[float], what: str) -> list[int]:
    """Places of the p-values, smallest first."""
    for place, p in enumerate(p_values):
        if not 0 <= p <= 1:
            raise NotEstimable(
                f"{what}: got {p} as p-value number {place}, but each should be in [0, 1]; leave none out"
            )
    return sorted(range(len(p_values)), key=lambda place: p_values[place])
