"""One case from rows to a measurement. The only file that knows the order of the stages; read it first.

    rows -> mode -> prompt -> key -> ledger -> model -> receipts -> ledger -> reading -> points -> measurement

``measure`` asks a model; ``rescore`` reads the same ledger without one. Both end in ``complete``, so a number that
was measured and a number that was recomputed come out of the same lines of code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import cache

from harness import canary, extract, mode, score
from harness.ask import Ask, Failed, Open, alone, ask
from harness.errors import ModelError, NotInLedger, SightcheckError
from harness.ledger import Ledger
from harness.planned import PENDING, Settings, asked, chosen, notes, plan, provenance
from harness.reading import read
from harness.records import (
    Answer,
    Baseline,
    Benchmark,
    Canary,
    Case,
    Loaded,
    Measurement,
    Model,
    ModeName,
    Reply,
    Row,
)

__all__ = ["Learn", "Progress", "Settings", "canaries", "complete", "measure", "measure_all", "rescore"]

Learn = Callable[[Sequence[Row]], tuple[Baseline, ...]]
"""Gives what the data alone say of some rows."""

WITH_BASELINES: tuple[ModeName, ...] = ("image_text", "text_only")
"""Modes whose measurements carry the baselines of the data; the second for rows without their images."""

Progress = Callable[[str, int, int, int], None]
"""Called with case id, rows done, rows to do, and how many of the done came out of the ledger."""


def measure(
    benchmark: Benchmark,
    name: ModeName,
    model: Model,
    loaded: Loaded,
    ledger: Ledger,
    settings: Settings,
    progress: Progress = lambda *_: None,
    learn: Learn = lambda rows: (),
) -> Measurement:
    """Ask the model what the ledger does not hold yet, in one mode, and return the measurement.

    Raises
    ------
    RowsRefused
        Where the mode shows images and any row of the split lacks one: nothing is asked.
    ModeError, ModelError
        Where the rows cannot be shown in this mode, or the model cannot take them: nothing is asked.
    """
    found = measure_all(benchmark, [name], model, loaded, ledger, settings, progress, learn)[name]
    if isinstance(found, SightcheckError):
        raise found
    return found


def measure_all(
    benchmark: Benchmark,
    names: Sequence[ModeName],
    model: Model,
    loaded: Loaded,
    ledger: Ledger,
    settings: Settings,
    progress: Progress = lambda *_: None,
    learn: Learn = lambda rows: (),
) -> dict[ModeName, Measurement | SightcheckError]:
    """Ask the model what the ledger does not hold yet, in several modes, so that it can share work between them.

    Parameters
    ----------
    names : sequence of ModeName
        The modes; each has its own ledger, and is measured as it would be alone.
    progress : callable
        Told after every batch how far a case is.
    learn : callable
        Gives the baselines of the data; asked for in the modes of `WITH_BASELINES`, and not again for the same rows.

    Returns
    -------
    dict
        The measurement of each mode, or the error for which nothing of it was asked.
    """
    found: dict[ModeName, Measurement | SightcheckError] = {}
    planned: list[tuple[Case, list[Ask]]] = []
    for name in sorted(names, key=mode.NAMES.index):
        case = Case(benchmark=benchmark.name, mode=name, model=model.spec.name)
        try:
            planned.append((case, plan(benchmark, name, model, loaded, settings)))
        except SightcheckError as hindrance:
            found[name] = hindrance
    with ExitStack() as stack:
        beside = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        learnt = cache(lambda: beside.submit(learn, chosen(benchmark, loaded, settings)))
        # always in this order, so that two processes cannot wait for one another
        opened = [
            Open(case=case, asks=asks, replies=stack.enter_context(ledger.replies(case.id))) for case, asks in planned
        ]
        begun = [_begun(benchmark, each, model, loaded, ledger, settings) for each in opened]
        lacked = {each.case: len(each.missing) for each in opened}
        wanting = any(told.case.mode in WITH_BASELINES and not told.baselines for told in begun)

        def noted(case_id: str, done: int, total: int, known: int) -> None:
            progress(case_id, done, total, known)
            if wanting and done > known:
                learnt()  # beside the model, once it is at work

        failed = _asked(model, opened, settings, noted)
        for each, told in zip(opened, begun, strict=True):
            refusal = failed[each.case]
            if isinstance(refusal, SightcheckError):
                found[each.case.mode] = refusal
                continue
            now = told
            if lacked[each.case]:
                # only a model that was asked knows its dtype and device
                known = provenance(benchmark, model, loaded, settings)
                now = replace(now, provenance={**known, **_broken(each)})
                now = replace(now, canaries=canaries(model, each, told.canaries, settings))
            if each.case.mode in WITH_BASELINES and not told.baselines:
                now = replace(now, baselines=learnt().result())
            if now != told:
                ledger.write_asked(now)
            answered = {one.key: each.replies[one.key] for one in each.asks if one.key in each.replies}
            found[each.case.mode] = complete(now, {**refusal, **answered})
    return found


def _broken(opened: Open) -> dict[str, str]:
    """What the report says of batches that failed as a whole."""
    times, causes = len(opened.broken), opened.broken
    return {"model batches asked row by row": f"{times:,}, the first for {causes[0]}"} if causes else {}


def _begun(
    benchmark: Benchmark,
    opened: Open,
    model: Model,
    loaded: Loaded,
    ledger: Ledger,
    settings: Settings,
) -> Measurement:
    """Write down what a case asks before any of it is asked, with what an earlier run has found out."""
    case = opened.case
    said = notes(benchmark, case.mode, loaded, settings, opened.asks)
    told = asked(case, benchmark, model, loaded, settings, opened.asks, said)
    before = ledger.asked(case.id)
    before = before if before is not None and before.harness == told.harness else None
    if before is not None:
        told = replace(told, canaries=before.canaries, baselines=before.baselines)
    if before is not None and not opened.missing:
        # what is known of the model stays as the run that asked it knew it
        of_model = {name: value for name, value in before.provenance.items() if name.startswith("model ")}
        told = replace(told, provenance={**told.provenance, **of_model})
    if told != before:
        ledger.write_asked(told)
    return told


def _asked(
    model: Model, opened: Sequence[Open], settings: Settings, progress: Progress
) -> dict[Case, Failed | ModelError]:
    known = {each.case: len(each.asks) - len(each.missing) for each in opened}
    total = {each.case: len(each.asks) for each in opened}
    return ask(
        model,
        opened,
        size=settings.batch_size,
        note=lambda case, done: progress(case.id, known[case] + done, total[case], known[case]),
    )


def canaries(model: Model, opened: Open, before: Sequence[Canary], settings: Settings) -> tuple[Canary, ...]:
    """Ask the drawn rows of a case again, alone, but for those whose reply was held to account before."""
    if getattr(model, "by_row", False):
        return ()
    of = {one.label: one for one in opened.asks if one.key in opened.replies}
    size = canary.size(len(opened.asks)) if settings.canaries is None else settings.canaries
    drawn = canary.choose([one.label for one in opened.asks], seed=settings.seed, case=opened.case.id, size=size)
    known = {(each.row, each.draw): each for each in before}
    chosen_rows = [of[name] for name in drawn if name in of]
    held = {one.label: known.get((one.row.id, one.draw)) for one in chosen_rows}
    again = [one for one in chosen_rows if (kept := held[one.label]) is None or kept.batched != opened.replies[one.key]]
    replies = dict(zip((one.label for one in again), alone(model, again), strict=True))
    return tuple(
        Canary(row=one.row.id, draw=one.draw, batched=opened.replies[one.key], alone=replies[one.label])
        if one.label in replies
        else known[one.row.id, one.draw]
        for one in chosen_rows
    )


def rescore(case: Case, ledger: Ledger) -> Measurement:
    """Recompute a case from the ledger alone: no rows are loaded, no model is opened."""
    asked = ledger.asked(case.id)
    if asked is None:
        raise NotInLedger(
            f"--rescore: case {case.id} is not in the ledger; it holds {', '.join(ledger.cases()) or 'no case'}. "
            "Run it once without --rescore."
        )
    return complete(asked, ledger.known(case.id))


def complete(asked: Measurement, replies: Mapping[str, Reply]) -> Measurement:
    """Read and score the replies to what was asked; a row without one stays a failed row, a scored one stays."""
    answers = tuple(
        _answer(each, replies.get(each.key, PENDING)) if each.reply == PENDING else each for each in asked.answers
    )
    missing = sum(answer.reply == PENDING for answer in answers)
    harness = replace(asked.harness, extractor=extract.VERSION, metric=score.VERSION)
    return replace(asked, answers=answers, harness=harness, status="partial" if missing else "measured")


def _answer(pending: Answer, reply: Reply) -> Answer:
    if reply.finish == "failed":
        return replace(pending, reply=reply)
    row = pending.row
    reading = read(row, reply)
    points = score.choice(row, reading) if row.kind == "choice" else score.short(row, reading)
    return replace(pending, reply=reply, reading=reading, points=points)
