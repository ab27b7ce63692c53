"""Before a run: what its rows can show, from the share of rows on which two cases are expected to differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import NotEstimable
from harness.stats.binomial import critical
from harness.stats.power import design_effect, detectable_accuracy, shared
from harness.stats.rows import detectable, reach, rows_equivalent, rows_needed, rows_not_worse, smallest_shown

__all__ = ["ClaimKind", "PlanLine", "detectable", "plan", "rows_equivalent", "rows_not_worse"]

ClaimKind = Literal["superior", "above_chance", "equivalent", "not_worse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """What the rows of a run can show about one kind of claim.

    *First* and *last* are steps of Holm: the smallest p-value of the family is held against alpha / family, the
    largest against alpha. A claim that needs no luck from the others passes at the first.

    Attributes
    ----------
    kind : str
        ``superior`` (one case above another), ``above_chance``, ``equivalent`` (within a margin) or ``not_worse``
        (by more than a margin).
    discordance : float or None
        Assumed share of rows on which two cases differ; None for ``above_chance``.
    chance : float or None
        Expected accuracy of a blind guess, for ``above_chance``.
    margin : float or None
        Declared margin, for ``equivalent`` and ``not_worse``.
    n, clusters, family : int
        Rows, their clusters, and the claims that share the level.
    effective : float
        Independent rows that they are worth: ``n`` over the design effect.
    smallest_first, smallest_last : float or None
        Smallest true difference (from 0, or from chance) that is shown with the planned power; for a claim with a
        margin, the smallest margin that would be shown where there is no true difference. None where not even a
        model that is always right would be told from a guess.
    rows_first, rows_last : int or None
        Rows, in clusters like these, at which the declared margin is shown with the planned power where there is no
        true difference; None for claims without a margin.
    can : bool or None
        Whether the run has that many rows, at the first step; at the last, it is ``n >= rows_last``.
    """

    kind: ClaimKind
    discordance: float | None
    chance: float | None
    margin: float | None
    n: int
    clusters: int
    family: int
    effective: float
    smallest_first: float | None
    smallest_last: float | None
    rows_first: int | None
    rows_last: int | None
    can: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The rows that will be asked, and what is asked of them."""

    n: int
    clusters: int
    design: float
    family: int
    alpha: float
    power: float

    @property
    def alphas(self) -> tuple[float, float]:
        """Two-sided alpha of a claim at the first and at the last step of Holm."""
        return self.alpha / self.family, self.alpha

    def worth(self, alpha: float) -> float:
        """Independent rows whose normal quantile reaches as far as the t quantile of these clusters."""
        freedom = self.clusters - 1 if self.clusters < self.n else None
        return self.n / self.design * (critical(1 - alpha, None) / critical(1 - alpha, freedom)) ** 2

    def line(
        self,
        kind: ClaimKind,
        smallest: Sequence[float | None],
        rows: Sequence[int | None] = (None, None),
        *,
        discordance: float | None = None,
        chance: float | None = None,
        margin: float | None = None,
    ) -> PlanLine:
        """Return one line, from the values at the first and the last step."""
        return PlanLine(
            kind=kind,
            discordance=discordance,
            chance=chance,
            margin=margin,
            n=self.n,
            clusters=self.clusters,
            family=self.family,
            effective=self.n / self.design,
            smallest_first=smallest[0],
            smallest_last=smallest[1],
            rows_first=rows[0],
            rows_last=rows[1],
            can=None if rows[0] is None else self.n >= rows[0],
        )


def plan(
    n: int,
    cluster_sizes: Sequence[int],
    *,
    family: int,
    margin: float,
    same: float,
    chance: float | None = None,
    icc: float = 0.2,
    discordances: Sequence[float] = (0.1, 0.2, 0.4),
    level: float = 0.95,
    power: float = 0.8,
) -> tuple[PlanLine, ...]:
    """Which claims a run could ever support: each kind of claim, at each assumed discordance.

    Parameters
    ----------
    n : int
        Rows that will be asked.
    cluster_sizes : sequence of int
        Rows of each of their clusters; they sum to ``n``.
    family : int
        Claims that share the level by Holm.
    margin, same : float
        Margins of ``not_worse`` and of ``equivalent``, in (0, 1).
    chance : float, optional
        Expected accuracy of a blind guess, in (0, 1); without it there is no line for ``above_chance``.
    icc : float
        In [0, 1]: assumed correlation of two rows of a cluster, in their points and in their differences.
    discordances : sequence of float
        Assumed shares of rows on which two cases differ, in [0, 1].
    level, power : float
        Two-sided level, and power. Claims with a margin are one-sided at 1 - level, as in `harness.stats.not_worse`.

    Returns
    -------
    tuple of PlanLine
        ``superior``, ``above_chance``, ``equivalent``, ``not_worse``, by discordance in the order given.

    Raises
    ------
    NotEstimable
        Where sizes do not sum to ``n``, several rows are all in one cluster, or an argument is outside its range.

    Notes
    -----
    Rows count as in `harness.stats.difference`: n over the design effect, with t at clusters - 1 degrees where rows
    share a cluster. All of it is from assumptions made before the run; power at the difference that a run has shown
    would say no more than its p-value.
    """
    shared(level, family)
    design = design_effect(cluster_sizes, icc)
    if sum(cluster_sizes) != n or (len(cluster_sizes) == 1 and n > 1):
        raise NotEstimable(
            f"plan: got {n} rows but {sum(cluster_sizes)} in {len(cluster_sizes)} cluster(s), but the sizes should sum "
            "to the rows, over at least two clusters; count the rows of each cluster that will be asked"
        )
    run = _Run(n=n, clusters=len(cluster_sizes), design=design, family=family, alpha=1 - level, power=power)
    lines = [_superior(run, discordance) for discordance in discordances]
    if chance is not None:
        lines.append(_above_chance(run, chance))
    lines += [_margin(run, "equivalent", discordance, same) for discordance in discordances]
    return tuple(lines + [_margin(run, "not_worse", discordance, margin) for discordance in discordances])


def _superior(run: _Run, discordance: float) -> PlanLine:
    smallest = [detectable(discordance, run.worth(alpha), level=1 - alpha, power=run.power) for alpha in run.alphas]
    return run.line("superior", smallest, discordance=discordance)


def _above_chance(run: _Run, chance: float) -> PlanLine:
    found = [
        detectable_accuracy(chance, max(1.0, run.worth(alpha)), level=1 - alpha, power=run.power)
        for alpha in run.alphas
    ]
    return run.line("above_chance", [None if a is None else a - chance for a in found], chance=chance)


def _margin(run: _Run, kind: Literal["equivalent", "not_worse"], discordance: float, margin: float) -> PlanLine:
    one_by_one = run.power if kind == "not_worse" else (1 + run.power) / 2
    smallest, rows = [], []
    for alpha in run.alphas:
        # One-sided alpha is the two-sided 2 alpha, whose quantile is the same.
        worth = run.worth(2 * alpha)
        smallest.append(smallest_shown(discordance, worth, reach(alpha, one_by_one)))
        rows.append(math.ceil(rows_needed(discordance, margin, alpha, run.power, one_by_one) * run.n / worth))
    return run.line(kind, smallest, rows, discordance=discordance, margin=margin)
