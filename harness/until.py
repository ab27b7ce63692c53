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

from harness import planned, run
from harness.ask import Ask, Open, ask
from harness.errors import ModelError, RowsRefused, StrataMissing
from harness.ledger import Ledger
from harness.records import Baseline, Benchmark, Canary, Case, Loaded, Measurement, Model, ModeName, Reply

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
    settings: planned.Settings,
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
            plans[name] = planned.plan(benchmark, name, model, loaded, settings)
    modes = list(plans)
    if not modes:
        return {}
    order, sizes = _order(next(iter(plans.values())), benchmark, settings)
    plans = {name: _ordered(asks, order) for name, asks in plans.items()}
    published = {row.id: row for row in loaded.rows}
    baselines = learn([published[row] for row in order])
    known = {row: place for place, row in enumerate(order)}
    said = {name: planned.notes(benchmark, name, loaded, settings) for name in modes}
    with ExitStack() as stack:
        replies = {name: stack.enter_context(ledger.replies(_case(benchmark, name, model).id)) for name in modes}
        before = {name: _kept(_case(benchmark, name, model), ledger) for name in modes}
        failed: dict[ModeName, dict[str, Reply]] = {name: {} for name in modes}
        found: dict[ModeName, Measurement] = {}
        opened: list[Open] = []
        clusters, fresh = 0, False
        while clusters < len(sizes) and not (found and decided(found)):
            clusters = min(len(sizes), max(FIRST, int(clusters * GROWTH), clusters + 1))
            rows = sum(sizes[:clusters])
            opened = [
                Open(
                    case=_case(benchmark, name, model),
                    asks=[one for one in plans[name] if known[one.row.id] < rows],
                    replies=replies[name],
                )
                for name in modes
            ]
            lacked = any(each.missing for each in opened)
            _ask(model, opened, failed, settings, progress)
            for each in opened:
                name = each.case.mode
                told = planned.asked(each.case, benchmark, model, loaded, settings, each.asks, said[name])
                told = _carried(told, found.get(name), sizes, baselines)
                if name not in found:
                    ledger.write_asked(told)
                answered = {one.key: each.replies[one.key] for one in each.asks if one.key in each.replies}
                found[name] = run.complete(told, failed[name] | answered)
            fresh = fresh or lacked
        for each in opened:
            kept = before[each.case.mode]
            again = run.canaries(model, each, kept, settings) if fresh else kept
            found[each.case.mode] = replace(found[each.case.mode], canaries=again)
            ledger.write_asked(planned.unanswered(found[each.case.mode]))
        return found


def _case(benchmark: Benchmark, name: ModeName, model: Model) -> Case:
    return Case(benchmark=benchmark.name, mode=name, model=model.spec.name)


def _order(asks: Sequence[Ask], benchmark: Benchmark, settings: planned.Settings) -> tuple[list[str], tuple[int, ...]]:
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
    opened: Sequence[Open],
    failed: Mapping[ModeName, dict[str, Reply]],
    settings: planned.Settings,
    progress: run.Progress,
) -> None:
    """Ask what neither the ledgers hold nor this run has seen fail."""
    done = {each.case: len(each.asks) - len(each.missing) for each in opened}
    total = {each.case: len(each.asks) for each in opened}
    found = ask(
        model,
        opened,
        size=settings.batch_size,
        note=lambda case, now: progress(case.id, done[case] + now, total[case], done[case]),
        but={each.case: failed[each.case.mode] for each in opened},
    )
    for case, more in found.items():
        if isinstance(more, ModelError):
            raise more
        failed[case.mode].update(more)


def _kept(case: Case, ledger: Ledger) -> tuple[Canary, ...]:
    """The rows that an earlier run asked again alone."""
    before = ledger.asked(case.id)
    return before.canaries if before is not None else ()


def _carried(
    told: Measurement, before: Measurement | None, sizes: tuple[int, ...], baselines: Sequence[Baseline]
) -> Measurement:
    """What is asked up to this look, with what was scored at the last one and the baselines of the rows so far."""
    scored = {(a.row.id, a.draw): a for a in before.answers} if before is not None else {}
    answers = tuple(scored.get((a.row.id, a.draw), a) for a in told.answers)
    own = tuple(replace(each, answers=each.answers[: told.asked]) for each in baselines)
    return replace(told, answers=answers, order=sizes, baselines=own if told.case.mode in run.WITH_BASELINES else ())
