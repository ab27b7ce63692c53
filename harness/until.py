"""All modes of a model on a benchmark, row by row in seeded random order, until the claims are decided.

    order of clusters -> a few more clusters, in every mode -> measurements -> decided? -> a few more ...

Every mode is asked the same rows, so that what is compared is paired. The order is drawn before the first row from
the seed and the ids alone, and whole clusters are asked; the statistics of such a case stay valid whenever it stops.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from harness import run
from harness.ask import Ask, announce, ask
from harness.errors import RowsRefused, StrataMissing
from harness.ledger import Ledger, Replies
from harness.records import Baseline, Benchmark, Case, Loaded, Measurement, Model, ModeName, Reply

FIRST = 32
"""Clusters asked before the first look."""

GROWTH = 1.25
"""By how much the asked clusters grow from look to look."""

Decided = Callable[[Mapping[ModeName, Measurement]], bool]
"""Says whether all claims about these measurements are decided."""


def measure(
    benchmark: Benchmark,
    modes: Sequence[ModeName],
    model: Model,
    loaded: Loaded,
    ledger: Ledger,
    settings: run.Settings,
    decided: Decided,
    progress: run.Progress = lambda *_: None,
    learn: run.Learn = lambda rows: (),
) -> dict[ModeName, Measurement]:
    """Ask all modes in step until the claims are decided or every row is asked.

    Parameters
    ----------
    modes : sequence of ModeName
        Those whose rows are refused, or that these rows cannot be shown in, are left out.
    decided : callable
        Asked after every look, with the measurements over the rows so far.
    progress, learn : callable
        As for `harness.run.measure`; ``learn`` is asked once, for all rows of the list, before the first of them.

    Raises
    ------
    ModeError, ModelError
        As `harness.run.measure`.
    """
    plans: dict[ModeName, list[Ask]] = {}
    for name in modes:
        with suppress(RowsRefused, StrataMissing):
            plans[name] = run.plan(benchmark, name, model, loaded, settings)
    modes = list(plans)
    if not modes:
        return {}
    order, sizes = _order(next(iter(plans.values())), benchmark, settings)
    plans = {name: _ordered(asks, order) for name, asks in plans.items()}
    published = {row.id: row for row in loaded.rows}
    baselines = learn([published[row] for row in order])
    known = {row: place for place, row in enumerate(order)}
    said = {name: run.notes(benchmark, name, loaded, settings) for name in modes}
    with ExitStack() as stack:
        replies = {name: stack.enter_context(ledger.replies(_case(benchmark, name, model).id)) for name in modes}
        failed: dict[ModeName, dict[str, Reply]] = {name: {} for name in modes}
        found: dict[ModeName, Measurement] = {}
        clusters = 0
        while clusters < len(sizes) and not (found and decided(found)):
            clusters = min(len(sizes), max(FIRST, int(clusters * GROWTH), clusters + 1))
            rows = sum(sizes[:clusters])
            for name in modes:
                asks = [one for one in plans[name] if known[one.row.id] < rows]
                case = _case(benchmark, name, model)
                failed[name] |= _ask(model, case, asks, replies[name], failed[name], settings, progress)
                told = run.asked(case, benchmark, model, loaded, settings, asks, said[name])
                told = _carried(told, found.get(name), sizes, baselines)
                if name not in found:
                    ledger.write_asked(told)
                answered = {one.key: replies[name][one.key] for one in asks if one.key in replies[name]}
                found[name] = run.complete(told, failed[name] | answered)
        for measurement in found.values():
            ledger.write_asked(run.unanswered(measurement))
        return found


def _case(benchmark: Benchmark, name: ModeName, model: Model) -> Case:
    return Case(benchmark=benchmark.name, mode=name, model=model.spec.name)


def _order(asks: Sequence[Ask], benchmark: Benchmark, settings: run.Settings) -> tuple[list[str], tuple[int, ...]]:
    """The rows in asking order, cluster after cluster, and the size of each cluster in that order."""
    rows = {one.row.id: one.row.cluster for one in asks}
    clusters = sorted(set(rows.values()))
    random.Random(f"{settings.seed}|order|{benchmark.name}").shuffle(clusters)  # noqa: S311 - a seeded draw
    place = {cluster: number for number, cluster in enumerate(clusters)}
    counts = Counter(rows.values())
    return sorted(rows, key=lambda row: (place[rows[row]], row)), tuple(counts[cluster] for cluster in clusters)


def _ordered(asks: Sequence[Ask], order: Sequence[str]) -> list[Ask]:
    place = {row: number for number, row in enumerate(order)}
    return sorted(asks, key=lambda one: (one.draw, place[one.row.id]))


def _ask(
    model: Model,
    case: Case,
    asks: Sequence[Ask],
    replies: Replies,
    failed: Mapping[str, Reply],
    settings: run.Settings,
    progress: run.Progress,
) -> dict[str, Reply]:
    """Ask what neither the ledger holds nor this run has seen fail."""
    missing = list({one.key: one for one in asks if one.key not in replies and one.key not in failed}.values())
    announce(model, case, missing)
    known = len(asks) - len(missing)
    return ask(
        model,
        missing,
        replies,
        size=settings.batch_size,
        note=lambda done: progress(case.id, known + done, len(asks), known),
    )


def _carried(
    told: Measurement, before: Measurement | None, sizes: tuple[int, ...], baselines: Sequence[Baseline]
) -> Measurement:
    """What is asked up to this look, with what was scored at the last one and the baselines of the rows so far."""
    scored = {(a.row.id, a.draw): a for a in before.answers} if before is not None else {}
    answers = tuple(scored.get((a.row.id, a.draw), a) for a in told.answers)
    own = tuple(replace(each, answers=each.answers[: told.asked]) for each in baselines)
    return replace(told, answers=answers, order=sizes, baselines=own if told.case.mode in run.WITH_BASELINES else ())
