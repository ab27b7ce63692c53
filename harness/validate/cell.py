"""One measured rate beside its target, and when the target counts as missed."""

from __future__ import annotations

import math
from dataclasses import dataclass

MANY = 3
"""Standard errors by which a rate has to be beyond its target to be called a miss."""

AGREE = 1e-9
"""Largest deviation from `harness.stats` that array formulas may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A rate, or a mean share, over simulated sets.

    Attributes
    ----------
    design : str
        Benchmark that was imitated.
    what : str
        What was simulated, in words.
    least, most : float
        The target: the rate should be within these; 0 and 1 where there is none on that side.
    measured : float
        In [0, 1].
    sims : int
        Simulated sets.
    error : float
        Monte Carlo standard error.
    generous : float
        Rate above which an interval is called wide, though it misses no target.
    """

    design: str
    what: str
    least: float
    most: float
    measured: float
    sims: int
    error: float
    generous: float = 1.0

    @property
    def wide(self) -> bool:
        """Whether the rate is shown to be above what is called generous."""
        return self.measured - MANY * self.error > self.generous

    @property
    def below(self) -> bool:
        """Whether the rate is below its target by more than Monte Carlo error allows."""
        return self.measured + MANY * self.error < self.least

    @property
    def above(self) -> bool:
        """Whether the rate is above its target by more than Monte Carlo error allows."""
        return self.measured - MANY * self.error > self.most

    @property
    def ok(self) -> bool:
        """Whether the target is not shown to be missed."""
        return not (self.below or self.above)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """When claims about one effect are decided by a run that may stop early; for information, without a target.

    Attributes
    ----------
    design : str
        Benchmark that was imitated.
    effect : float
        True difference.
    family : int
        Claims that share the level.
    supported, refuted : float
        Shares of the sets.
    mean, median : float
        Share of the rows that were asked.
    fixed_higher, fixed_same : float
        Shares of the sets in which all rows, looked at once, show that the first is higher, or that both are the same.
    sims : int
        Simulated sets.
    """

    design: str
    effect: float
    family: int
    supported: float
    refuted: float
    mean: float
    median: float
    fixed_higher: float
    fixed_same: float
    sims: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one job found.

    Attributes
    ----------
    section : str
        Of the page.
    cells : tuple of Cell
        What was measured.
    stops : tuple of Stop
        What early stops ask.
    checked : int
        Sets that were computed a second time by the functions of the package.
    deviation : float
        Largest deviation between the two; infinite where they decided differently.
    """

    section: str
    cells: tuple[Cell, ...]
    stops: tuple[Stop, ...] = ()
    checked: int = 0
    deviation: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether no target is missed, and the array formulas are those of the package."""
        return self.deviation <= AGREE and all(cell.ok for cell in self.cells)


def rate(
    design: str, what: str, hits: int, sims: int, *, least: float = 0.0, most: float = 1.0, generous: float = 1.0
) -> Cell:
    """Return the cell of a rate.

    The error is that of (hits + 1) of (sims + 2), so that a rate of 0 or 1 in few sets does not seem to be exact.
    """
    smoothed = (hits + 1) / (sims + 2)
    error = math.sqrt(smoothed * (1 - smoothed) / sims)
    return Cell(
        design=design,
        what=what,
        least=least,
        most=most,
        measured=hits / sims,
        sims=sims,
        error=error,
        generous=generous,
    )
