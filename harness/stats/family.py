"""Several p-values at once."""

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
    for place, p in enumerate(p_values):
        if not 0 <= p <= 1:
            raise NotEstimable(f"holm: got {p} as p-value number {place}, but each should be in [0, 1]; leave none out")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
