"""Simulated models about which a claim is false: they do not see, do not beat a guess, or stand exactly on a margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.columns import Columns, Prior
from harness.limits import Limits
from harness.mode import ROTATIONS
from harness.records import Case, Harness, ModeName
from harness.validate.design import Design
from harness.validate.draw import by_row, chances, happens, right

OPTIONS = 5
LETTERS = "ABCDE"
SAME_HARNESS = Harness(**dict.fromkeys(Harness.__dataclass_fields__, "simulated"))

Noise = Literal["none", "call", "picture"]
"""Whether replies differ between calls: never; row by row; or by picture, all questions about it together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """Many simulated sets of the cases that one claim compares.

    Attributes
    ----------
    claim : str
        Name of the claim.
    design : Design
        Rows and clusters.
    points : mapping of str to ndarray, shape (sims, n, draws)
        Of each mode, the mode that the claim is about first.
    chosen : mapping of str to ndarray, shape (sims, n, draws)
        Published place of the option that was chosen, where the claim needs it.
    options : ndarray of int, shape (n,)
        Options of each row.
    priors : ndarray, shape (sims, n, baselines)
        Points of the baselines that need no model, where the claim needs them.
    """

    claim: str
    design: Design
    points: Mapping[ModeName, NDArray[np.generic]]
    options: NDArray[np.intp]
    chosen: Mapping[ModeName, NDArray[np.integer]] = field(default_factory=dict)
    priors: NDArray[np.generic] | None = None

    def columns(self, at: int) -> list[Columns]:
        """Return set number ``at`` as the suite would hold it after a run."""
        return [
            case(
                self.design,
                mode,
                points[at],
                self.options,
                chosen=self.chosen[mode][at] if mode in self.chosen else None,
                priors=None if self.priors is None else self.priors[at],
            )
            for mode, points in self.points.items()
        ]


def case(
    design: Design,
    mode: ModeName,
    points: NDArray[np.generic],
    options: NDArray[np.intp],
    *,
    chosen: NDArray[np.integer] | None = None,
    priors: NDArray[np.generic] | None = None,
    model: str = "simulated",
    sizes: NDArray[np.intp] | None = None,
    clusters: NDArray[np.intp] | None = None,
) -> Columns:
    """Return the columns of one simulated case.

    Parameters
    ----------
    points : ndarray, shape (n, draws)
    sizes, clusters : ndarray, optional
        Where the case may stop early: rows of every cluster in asking order, and the cluster of each row asked.
    """
    n = len(points)
    read = np.zeros((n, points.shape[1]), dtype=np.intp) if chosen is None else chosen.astype(np.intp)
    shares = np.empty((n, 0)) if priors is None else priors.astype(np.float64)
    return Columns(
        case=Case(benchmark=design.name, mode=mode, model=model),
        title=design.name,
        faults=(),
        refused=False,
        harness=SAME_HARNESS,
        rows=tuple(map(str, range(n))),
        clusters=design.index if clusters is None else clusters,
        points=points.astype(np.float64),
        chosen=read,
        places=read,
        options=options[:n],
        published=design.n,
        sizes=np.array([], dtype=np.intp) if sizes is None else sizes,
        baselines=tuple(
            Prior(name=f"always {c}", title=f"always {c}", points=p) for c, p in zip(LETTERS, shares.T, strict=False)
        ),
    )


# ------------------------------------------------------------------------------------------- no sight


def against(
    rng: np.random.Generator,
    design: Design,
    prior: float,
    icc: float,
    noise: Noise,
    mode: ModeName,
    draws: int,
    sims: int,
) -> Sets:
    """A model that is right in a share ``prior`` of the rows, whatever images it is shown.

    Parameters
    ----------
    prior : float
        What the text alone gives it.
    icc : float
        Correlation of the rows of a picture.
    noise : str
        See `Noise`. With ``picture`` the differences of two calls are themselves correlated within clusters.
    mode, draws
        What image_text is held against, and how often that was drawn.
    """
    by_picture = chances(rng, design.clusters, prior, icc, sims)
    first = happens(rng, design, by_picture)
    others = np.empty((sims, design.n, draws), dtype=np.bool_)
    for draw in range(draws):
        if noise == "picture":
            by_picture = chances(rng, design.clusters, prior, icc, sims)
        others[:, :, draw] = first if noise == "none" else happens(rng, design, by_picture)
    return Sets(
        claim="beats_shuffled" if mode == "shuffled" else "beats_text_only",
        design=design,
        points={"image_text": first[:, :, None], mode: others},
        options=_five(design),
    )


def guesser(rng: np.random.Generator, design: Design, options: NDArray[np.intp], icc: float, sims: int) -> Sets:
    """A model whose true score is exactly that of a guess: one in as many as the row has options."""
    points = np.empty((sims, design.n), dtype=np.bool_)
    for number in np.unique(options):
        of_it = options == number
        points[:, of_it] = right(rng, design, 1 / number, icc, sims)[:, of_it]
    return Sets(claim="above_chance", design=design, points={"image_text": points[:, :, None]}, options=options)


def constant(rng: np.random.Generator, design: Design, share: float, icc: float, sims: int) -> Sets:
    """A model that is right as often as 'always A', on other rows.

    Parameters
    ----------
    share : float
        Of rows whose answer is A; the other four letters share the rest. With one fifth any of the five may turn out
        the strongest over these rows.
    """
    others = (1 - share) / (OPTIONS - 1)
    gold = (rng.random((sims, design.n), dtype=np.float32)[:, :, None] > share + others * np.arange(4)).sum(axis=2)
    points = right(rng, design, share, icc, sims)
    return Sets(
        claim="above_baselines",
        design=design,
        points={"image_text": points[:, :, None]},
        options=_five(design),
        priors=gold[:, :, None] == np.arange(OPTIONS),
    )


# ------------------------------------------------------------------------------------------- on a margin


def falls(rng: np.random.Generator, design: Design, score: float, icc: float, sims: int) -> Sets:
    """A model that loses exactly the margin whenever the options are moved, by answers that go from right to wrong."""
    lost = Limits().same / score
    first = right(rng, design, score, icc, sims)
    chosen = np.where(first, 0, 1).astype(np.int8)
    turned = []
    by_picture = by_row(design, chances(rng, design.clusters, lost, icc, sims))
    for _ in ROTATIONS[: OPTIONS - 1]:
        moves = first & (rng.random(first.shape, dtype=np.float32) < by_picture)
        turned.append(np.where(moves, 1, chosen).astype(np.int8))
    return _orders(design, chosen, turned)


def wavers(rng: np.random.Generator, design: Design, score: float, icc: float, sims: int) -> Sets:
    """A model that keeps exactly the declared share of its answers, and loses as many right ones as it gains."""
    moved, gained = 1 - Limits().kept, score / (1 - score)
    first = right(rng, design, score, icc, sims)
    # places 1 and 2 stand for two wrong options, so that a wrong answer can become another wrong one
    chosen = np.where(first, 0, 1).astype(np.int8)
    turned = []
    by_picture = by_row(design, chances(rng, design.clusters, moved, icc, sims))
    for _ in ROTATIONS[: OPTIONS - 1]:
        moves = rng.random(first.shape, dtype=np.float32) < by_picture
        to = np.where(first, 1, np.where(rng.random(first.shape, dtype=np.float32) < gained, 0, 2))
        turned.append(np.where(moves, to, chosen).astype(np.int8))
    return _orders(design, chosen, turned)


def _orders(design: Design, chosen: NDArray[np.int8], turned: list[NDArray[np.int8]]) -> Sets:
    names: tuple[ModeName, ...] = ("image_text", *ROTATIONS[: OPTIONS - 1])
    every = dict(zip(names, (one[:, :, None] for one in (chosen, *turned)), strict=True))
    return Sets(
        claim="stable_under_rotation",
        design=design,
        points={name: one == 0 for name, one in every.items()},
        chosen=every,
        options=_five(design),
    )


def _five(design: Design) -> NDArray[np.intp]:
    return np.full(design.n, OPTIONS)
