"""Before a run: which claims these rows could ever support, in sentences. No model is opened and nothing is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from harness import mode
from harness.limits import Limits
from harness.matrix import Wanted
from harness.records import Benchmark, Row
from harness.report.tables import table
from harness.stats.plan import PlanLine, plan

ASSUMED = (0.1, 0.2, 0.4)
"""Shares of rows on which two cases may differ: twin models, a fine-tuned one, right against foreign images."""

ICC = 0.2
"""Assumed correlation of two rows that share a picture."""

KIND = {
    "superior": "higher than the other case",
    "above_chance": "above a blind guess",
    "equivalent": "about the same",
    "not_worse": "not worse than the baseline",
}


def page(wanted: Sequence[Wanted], rows: Mapping[str, Sequence[Row] | str], limits: Limits) -> Iterator[str]:
    """Yield the lines of the plan.

    Parameters
    ----------
    wanted : sequence of Wanted
        What the selected tests are about.
    rows : mapping of str to sequence of Row or str
        Benchmark -> the rows that would be asked, or why they are not here.
    limits : Limits
        The margins that would be declared.
    """
    family = sum(w.kind == "claim" and w.name != "saw_images" for w in wanted)
    yield "# What this run could show"
    yield ""
    yield (
        f"{family} tested claims would be one family (Holm). Every line assumes 80 % power, 95 % intervals, and a "
        f"correlation of {ICC:g} between rows that share a picture; *differ* is the share of rows on which the two "
        "cases differ, which nobody knows before. The first step is the most that Holm may ask of a claim, the last "
        "the least."
    )
    yield ""
    for benchmark in {w.benchmark.name: w.benchmark for w in wanted}.values():
        found = rows[benchmark.name]
        yield f"## {benchmark.title}"
        yield ""
        if isinstance(found, str):
            yield f"Not planned: {found}"
            yield ""
        else:
            candidates = sum(w.kind == "gate" and w.benchmark.name == benchmark.name for w in wanted)
            yield from _of(benchmark, found, max(family, 1), candidates, limits)


def _of(benchmark: Benchmark, rows: Sequence[Row], family: int, candidates: int, limits: Limits) -> Iterator[str]:
    sizes = list(Counter(row.cluster for row in rows).values())
    chance = sum(1 / len(row.options) for row in rows) / len(rows) if benchmark.options else None
    lines = [line for line in _planned(rows, sizes, family, chance, limits) if line.kind != "not_worse"]
    if candidates:
        # the candidates of a gate are a family of their own
        lines += [line for line in _planned(rows, sizes, candidates, chance, limits) if line.kind == "not_worse"]
    worth = f", worth {lines[0].effective:.0f} independent ones" if len(sizes) < len(rows) else ""
    calls = sum(mode.draws(name, 5) for name in mode.offered(options=benchmark.options, strata=benchmark.strata))
    yield (
        f"{len(rows)} rows on {len(sizes)} clusters of pictures{worth}; with five derangements the whole ladder asks "
        f"each model {calls} times a row."
    )
    yield ""
    head = ["Claim", "Differ", "Smallest effect, first / last step", "Margin", "Rows needed", "Could it be shown?"]
    yield from table(head, [_line(line) for line in lines], right=(1, 2, 3, 4))


def _planned(
    rows: Sequence[Row], sizes: Sequence[int], family: int, chance: float | None, limits: Limits
) -> tuple[PlanLine, ...]:
    return plan(
        len(rows),
        sizes,
        family=family,
        margin=limits.margin,
        same=limits.same,
        chance=chance,
        icc=ICC,
        discordances=ASSUMED,
    )


def _line(line: PlanLine) -> list[str]:
    differ = "–" if line.discordance is None else f"{100 * line.discordance:g} %"
    effects = " / ".join("none" if v is None else f"{100 * v:.1f}" for v in (line.smallest_first, line.smallest_last))
    margin = "–" if line.margin is None else f"{100 * line.margin:g}"
    needed = "–" if line.rows_first is None else f"{line.rows_first} / {line.rows_last}"
    return [KIND[line.kind], differ, effects, margin, needed, _can(line)]


def _can(line: PlanLine) -> str:
    if line.can is None:
        return (
            f"effects of {100 * line.smallest_first:.1f} points and more" if line.smallest_first else "no effect at all"
        )
    assert line.rows_last is not None
    if line.can:
        return "yes, where there is no true difference"
    if line.n >= line.rows_last:
        return "only if other claims of the family are shown too"
    return f"no: {line.n} of {line.rows_last} rows"
