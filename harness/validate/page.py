"""All cells as one markdown page: what is simulated, what was missed, then every cell beside its target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.validate.cell import AGREE, MANY, Cell, Found, Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Title and introduction of one section."""

    title: str
    text: str


SECTIONS: Mapping[str, Section] = {
    "coverage": Section(
        title="Does the 95 % interval of a score hold the true score?",
        text=(
            "Each set of points has a known true score and a known correlation (ICC) of rows about one picture. The "
            "interval of `harness.stats.estimate` should hold the true score in 93.5 to 97.5 % of the sets: below, it "
            "promises too much; above, it wastes rows. *Partial credit* is points like token F1: none, all, or "
            "something between; there the lower target alone counts. The design of 50 pictures is a stress test."
        ),
    ),
    "paired": Section(
        title="Does the 95 % interval of a difference hold the true difference?",
        text=(
            "Two cases over the same rows: in one share only the first is right, in another only the second. The "
            "interval is that of `harness.stats.difference`; at least 93.5 % of them should hold the true difference."
        ),
    ),
    "claims": Section(
        title="How often is a false claim called supported?",
        text=(
            "Models that do not see, that only guess, that are as good as a constant letter, or that stand exactly on "
            "a margin; every claim about them is false. The evidence and the verdict come from the code that judges a "
            "run. A claim that something is higher should be supported in at most 2.5 %, one on a margin in at most "
            "5 %, and any claim of a family of twelve in at most 5 % of the sets. *Noise from picture to picture* is a "
            "model whose replies change with the picture in ways that have nothing to do with the answer."
        ),
    ),
    "gates": Section(
        title="How often does a release gate pass a candidate that is worse by exactly the margin?",
        text=(
            "Candidate and baseline differ in a given share of the rows, and the candidate is worse by the margin, no "
            "more and no less. The gate `not_worse` of `harness.judge` should pass it in at most 5 % of the sets. "
            "*It only loses* is the candidate that gains no row, such as the same model with fewer bits."
        ),
    ),
    "power": Section(
        title="Is the planned power the power there is?",
        text=(
            "Rows, differences and margins are those that `harness.stats.plan` and `harness.stats.power` promise 80 % "
            "power for (or the power of McNemar's test that they compute). The target is the promise with the distance "
            "that is allowed: 1 point for exact computations, 4 for the normal approximation over single rows, 5 "
            "where a design effect stands for clusters."
        ),
    ),
    "stopping": Section(
        title="What do early stops cost, and are they honest?",
        text=(
            "A claim is looked at after 32, 40, 50 ... clusters, as a run looks, and stops when it is decided. However "
            "often one looks, *higher* may be said in at most 2.5 % of the sets without an effect, and *lower* or *the "
            "same within 5 points* in at most 5 % of those with an effect of 5 points or more. Differences have ICC "
            "0.2, and in 5 % of the rows only the second case is right."
        ),
    ),
}


def page(found: Sequence[Found], *, seed: int, scale: float, versions: Mapping[str, str]) -> str:
    """Return the page.

    Parameters
    ----------
    found : sequence of Found
        What the jobs found, in order.
    seed : int
        As it was passed.
    scale : float
        Share of the full number of sets.
    versions : mapping of str to str
        Of the libraries that draw and compute.
    """
    lines = [*_head(seed, scale, versions), *_summary(found)]
    for name, section in SECTIONS.items():
        here = [one for one in found if one.section == name]
        if here:
            lines += ["", f"## {section.title}", "", section.text, "", *_agreement(here), "", *_cells(here)]
            stops = [stop for one in here for stop in one.stops]
            lines += ["", *_stops(stops)] if stops else []
    return "\n".join(lines) + "\n"


def _head(seed: int, scale: float, versions: Mapping[str, str]) -> Iterator[str]:
    drawn = "" if scale == 1 else f" This page is from {100 * scale:g} % of the full number of sets."
    yield "# How often the suite is wrong"
    yield ""
    yield (
        "Benchmarks with the rows and clusters of real ones are filled with simulated answers whose truth is known, "
        "thousands of times. Then it is counted how often an interval misses the truth, how often a claim about a "
        "model is supported although it is false, and how often one is found that is true. Nothing here is about any "
        "real model."
    )
    yield ""
    yield (
        f"*How to read the tables.* Each row is one simulated situation. A rate from finitely many sets has an error "
        f"of its own, which stands beside it; a target counts as missed where the rate is beyond it by more than "
        f"{MANY} of these errors. By that rule about one in 740 rates that lie exactly on their target would be called "
        f"missed by chance. *Wide* marks an interval that holds the truth more often than it needs to, which is safe."
    )
    yield ""
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield f"Seed {seed}; {told}. The same seed and versions give the same page.{drawn}"


def _summary(found: Sequence[Found]) -> Iterator[str]:
    yield from ("", "## Summary", "", "| section | cells | missed | wide |", "|---|---|---|---|")
    for name, section in SECTIONS.items():
        cells = [cell for one in found if one.section == name for cell in one.cells]
        if cells:
            missed, wide = sum(not cell.ok for cell in cells), sum(cell.wide for cell in cells)
            yield f"| {section.title} | {len(cells)} | {missed} | {wide or ''} |"
    unlike = [one.section for one in found if one.deviation > AGREE]
    missed_cells = [(one.section, cell) for one in found for cell in one.cells if not cell.ok]
    yield ""
    if unlike:
        yield f"The formulas of this simulation are not those of the package: {', '.join(sorted(set(unlike)))}."
        yield ""
    if not missed_cells:
        yield "No target is missed."
        return
    yield "Missed targets:"
    yield ""
    for name, cell in missed_cells:
        yield f"- {name}: {cell.design}, {cell.what}: {_percent(cell.measured)}, target {_target(cell)}"


def _agreement(found: Sequence[Found]) -> Iterator[str]:
    checked, deviation = sum(one.checked for one in found), max(one.deviation for one in found)
    if not checked:
        return
    if deviation <= AGREE:
        yield f"{checked:,} of these sets were decided by the functions of the package themselves: all alike."
    else:
        yield (
            f"**{checked:,} of these sets were decided by the functions of the package too, and differ by up to "
            f"{deviation:.3g}: the formulas of this simulation are not those of the package. Not ok.**"
        )


def _cells(found: Sequence[Found]) -> Iterator[str]:
    yield "| design | what | target | measured | error | sets | |"
    yield "|---|---|---|---|---|---|---|"
    for one in found:
        for cell in one.cells:
            yield (
                f"| {cell.design} | {cell.what} | {_target(cell)} | {_percent(cell.measured)} | "
                f"{100 * cell.error:.2f} | {cell.sims:,} | {_said(cell)} |"
            )


def _said(cell: Cell) -> str:
    if cell.ok:
        return "ok, wide" if cell.wide else "ok"
    return "**not ok: too low**" if cell.below else "**not ok: too high**"


def _target(cell: Cell) -> str:
    least, most = f"{100 * cell.least:.4g}", f"{100 * cell.most:.4g}"
    if cell.least == 0:
        return f"at most {most} %"
    return f"at least {least} %" if cell.most == 1 else f"{least} to {most} %"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _stops(stops: Sequence[Stop]) -> Iterator[str]:
    yield (
        "How much a run asks before the claim is decided (for information). *Fixed* is the share of the same sets in "
        "which the interval over all rows, looked at once, lies above zero or shows the margin."
    )
    yield ""
    yield "| design | effect | family | higher | refuted | rows asked, mean | median | fixed: higher | same | sets |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for stop in stops:
        shares = (stop.supported, stop.refuted, stop.mean, stop.median, stop.fixed_higher, stop.fixed_same)
        told = " | ".join(f"{100 * share:.0f} %" for share in shares)
        yield f"| {stop.design} | {100 * stop.effect:g} points | {stop.family} | {told} | {stop.sims:,} |"
