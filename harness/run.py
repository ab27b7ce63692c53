"""One case from rows to a measurement. The only file that knows the order of the stages; read it first.

    rows -> mode -> prompt -> key -> ledger -> model -> receipts -> ledger -> reading -> points -> measurement

``measure`` asks a model; ``rescore`` reads the same ledger without one. Both end in ``complete``, so a number that
was measured and a number that was recomputed come out of the same lines of code.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Literal

from harness import __version__, canary, extract, mode, prompt, score
from harness.ask import Ask, Failed, Open, alone, ask
from harness.codec import label
from harness.errors import ModelError, NotInLedger, RowsRefused, SightcheckError
from harness.ledger import SCHEMA, Ledger, key
from harness.records import (
    Answer,
    Baseline,
    Benchmark,
    Canary,
    Case,
    Harness,
    Loaded,
    Measurement,
    Model,
    ModeName,
    Read,
    Reply,
    Row,
    Unread,
)

Learn = Callable[[Sequence[Row]], tuple[Baseline, ...]]
"""Gives what the data alone say of some rows."""

WITH_BASELINES: tuple[ModeName, ...] = ("image_text", "text_only")
"""Modes whose measurements carry the baselines of the data; the second for rows without their images."""

Progress = Callable[[str, int, int, int], None]
"""Called with case id, rows done, rows to do, and how many of the done came out of the ledger."""

PENDING = Reply(text="", receipts=(), finish="failed", error="not answered yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run may change about a case.

    Attributes
    ----------
    seed : int
        Of every draw.
    limit : int or None
        Rows to ask: 0 for all, None for the benchmark's own default.
    batch_size : int
        Rows a batch; 0 for what the backend advises.
    max_new_tokens : int
        Tokens a reply may have; 0 for the protocol's own.
    derangements : int
        How often each row is asked in the shuffled modes, each time with the images of another row.
    until_decided : bool
        Whether the rows are asked in seeded random order, and no longer than the claims need.
    canaries : int
        Rows of a case that are asked again alone, to prove that batches and shared work changed no reply.
    """

    seed: int = 0
    limit: int | None = None
    batch_size: int = 0
    max_new_tokens: int = 0
    derangements: int = 5
    until_decided: bool = False
    canaries: int = canary.SIZE


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
        # always in this order, so that two processes cannot wait for one another
        opened = [
            Open(case=case, asks=asks, replies=stack.enter_context(ledger.replies(case.id))) for case, asks in planned
        ]
        begun = [_begun(benchmark, each, model, loaded, ledger, settings, learn) for each in opened]
        lacked = {each.case: len(each.missing) for each in opened}
        failed = _asked(model, opened, settings, progress)
        for each, told in zip(opened, begun, strict=True):
            refusal = failed[each.case]
            if isinstance(refusal, SightcheckError):
                found[each.case.mode] = refusal
                continue
            if lacked[each.case]:
                # only a model that was asked knows its dtype and device
                told = replace(told, provenance=_provenance(benchmark, model, loaded, settings))
                told = replace(told, canaries=canaries(model, each, told.canaries, settings))
                ledger.write_asked(told)
            answered = {one.key: each.replies[one.key] for one in each.asks if one.key in each.replies}
            found[each.case.mode] = complete(told, {**refusal, **answered})
    return found


def _begun(
    benchmark: Benchmark,
    opened: Open,
    model: Model,
    loaded: Loaded,
    ledger: Ledger,
    settings: Settings,
    learn: Learn,
) -> Measurement:
    """Write down what a case asks before any of it is asked, with what an earlier run has found out."""
    case = opened.case
    said = notes(benchmark, case.mode, loaded, settings, opened.asks)
    told = asked(case, benchmark, model, loaded, settings, opened.asks, said)
    before = ledger.asked(case.id)
    before = before if before is not None and before.harness == told.harness else None
    if case.mode in WITH_BASELINES:
        known = before.baselines if before is not None else ()
        told = replace(told, baselines=known or learn(chosen(benchmark, loaded, settings)))
    if before is not None:
        told = replace(told, canaries=before.canaries)
    if before is not None and not opened.missing:
        # what is known of the model stays as the run that asked it knew it
        of_model = {name: value for name, value in before.provenance.items() if name.startswith("model ")}
        told = replace(told, provenance={**told.provenance, **of_model})
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
    drawn = canary.choose(
        [one.label for one in opened.asks], seed=settings.seed, case=opened.case.id, size=settings.canaries
    )
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


def plan(benchmark: Benchmark, name: ModeName, model: Model, loaded: Loaded, settings: Settings) -> list[Ask]:
    """Return what a case asks: every chosen row as the mode shows it, derangement by derangement.

    Raises
    ------
    RowsRefused
        Where the mode shows images and any row of the split lacks one.
    ModeError
        Where the rows cannot be shown in this mode.
    """
    if mode.shows_images(name) and loaded.telemetry.bad:
        case = Case(benchmark=benchmark.name, mode=name, model=model.spec.name)
        raise RowsRefused(f"{case.id}: {loaded.source}", loaded.telemetry.bad, loaded.telemetry, loaded.split)
    meet = getattr(model, "meet", None)
    if meet is not None:
        meet(loaded.rows)
    rows, seed, strata = chosen(benchmark, loaded, settings), settings.seed, benchmark.strata
    return [
        _ask(row, name, model, settings, draw)
        for draw in range(mode.draws(name, settings.derangements))
        for row in mode.apply(name, rows, loaded.rows, seed=seed, draw=draw, strata=strata)
    ]


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


def unanswered(measurement: Measurement) -> Measurement:
    """Return what was asked, without replies: the form in which the ledger keeps it."""
    answers = tuple(replace(a, reply=PENDING, reading=Unread("empty"), points={}) for a in measurement.answers)
    return replace(measurement, answers=answers, status="partial")


def refused(benchmark: Benchmark, name: ModeName, model: str, error: RowsRefused) -> Measurement:
    """Return the record of a case whose rows were refused, for the report."""
    case = Case(benchmark=benchmark.name, mode=name, model=model)
    return Measurement(
        case=case,
        title=f"{benchmark.title}, {error.split}" if error.split else benchmark.title,
        status="refused",
        answers=(),
        asked=0,
        published=benchmark.published.get(error.split, error.telemetry.rows),
        chance=None,
        telemetry=error.telemetry,
        harness=Harness(**dict.fromkeys(Harness.__dataclass_fields__, "")),
        provenance={},
        slices=benchmark.slices,
        notes=benchmark.notes,
        refusal=str(error).splitlines()[0].removeprefix(f"{case.id}: ").rstrip("."),
    )


def chosen(benchmark: Benchmark, loaded: Loaded, settings: Settings) -> tuple[Row, ...]:
    """Return the rows to ask: all, or a seeded draw that does not depend on the order of the file."""
    limit = benchmark.limit if settings.limit is None else settings.limit
    if not limit or limit >= len(loaded.rows):
        return loaded.rows
    ids = sorted(row.id for row in loaded.rows)
    drawn = set(random.Random(f"{settings.seed}|rows|{benchmark.name}").sample(ids, limit))  # noqa: S311 - no secret
    return tuple(row for row in loaded.rows if row.id in drawn)


def _ask(row: Row, name: ModeName, model: Model, settings: Settings, draw: int) -> Ask:
    built = prompt.build(row, name, max_new_tokens=settings.max_new_tokens, answer=model.spec.answer)
    return Ask(row=row, prompt=built, key=key(model, built, label(row.id, draw)), draw=draw)


def notes(
    benchmark: Benchmark, name: ModeName, loaded: Loaded, settings: Settings, asks: Sequence[Ask] = ()
) -> tuple[str, ...]:
    """Return what is said under the tables of a case.

    These are the benchmark's own notes, where hard donors came from, and which rows could not be answered by
    likelihood.
    """
    covered = mode.coverage(name, loaded.rows, seed=settings.seed, strata=benchmark.strata)
    scored = sum(bool(one.prompt.choices) for one in asks)
    mixed = (
        f"{len(asks) - scored} of {len(asks)} prompts have nothing to choose from, so their replies are generated; the "
        "others are answered by likelihood."
        if 0 < scored < len(asks)
        else ""
    )
    return (*benchmark.notes, *(text for text in (covered, mixed) if text))


def asked(
    case: Case,
    benchmark: Benchmark,
    model: Model,
    loaded: Loaded,
    settings: Settings,
    asks: Sequence[Ask],
    said: tuple[str, ...],
) -> Measurement:
    """Return the measurement before any reply: what is asked, of whom, under which protocol."""
    pending = tuple(
        Answer(row=one.row, key=one.key, draw=one.draw, reply=PENDING, reading=Unread("empty"), points={})
        for one in asks
    )
    counts = [len(one.row.options) for one in asks]
    draws = mode.draws(case.mode, settings.derangements)
    published = benchmark.published.get(loaded.split, len(loaded.rows))
    return Measurement(
        case=case,
        title=f"{benchmark.title}, {loaded.split}",
        status="partial",
        answers=pending,
        asked=len(asks) // draws,
        draws=draws,
        published=published,
        chance=sum(1 / k for k in counts) / len(counts) if benchmark.options and counts else None,
        telemetry=loaded.telemetry,
        harness=_harness(benchmark, model, loaded, settings, asks),
        provenance=_provenance(benchmark, model, loaded, settings),
        slices=benchmark.slices,
        notes=said,
    )


def _harness(benchmark: Benchmark, model: Model, loaded: Loaded, settings: Settings, asks: Sequence[Ask]) -> Harness:
    ids = hashlib.sha256(
        "\n".join(one.row.id for one in asks if not one.draw).encode("utf-8", "surrogatepass")
    ).hexdigest()[:16]
    limits = sorted({one.prompt.max_new_tokens for one in asks})
    decoding = ", ".join(f"{k}={v}" for k, v in sorted({**model.decoding, "answer": model.spec.answer}.items()))
    return Harness(
        dataset=f"{benchmark.name} {benchmark.version}, {loaded.source}",
        split=f"{loaded.split} {ids}",
        rows=loaded.digest,
        loader=f"{loaded.layout} {__version__}",
        prompt=prompt.version(),
        decoding=f"{decoding}, max_new_tokens={limits}",
        extractor=extract.VERSION,
        metric=score.VERSION,
        unread_rule="unread scores 0, failed rows are counted apart",
        ledger=SCHEMA,
    )


def _provenance(benchmark: Benchmark, model: Model, loaded: Loaded, settings: Settings) -> dict[str, str]:
    expected = benchmark.digests.get(f"{loaded.layout}/{loaded.split}", "")
    match = {"": "never seen before", loaded.digest: "the published rows"}.get(expected, "not the rows seen before")
    return {
        "benchmark": f"{benchmark.name} {benchmark.version}",
        "data source": loaded.source,
        "data digest": f"{loaded.digest[:16]} ({match})",
        "data licence": benchmark.licence,
        "model": _shown(model),
        "model fingerprint": model.fingerprint[:16],
        "seed": str(settings.seed),
        "prompt digest": prompt.version(),
    } | {f"model {name}": value for name, value in model.facts.items()}


def _shown(model: Model) -> str:
    spec = model.spec
    where = spec.where.rstrip("/").rsplit("/", 1)[-1] if spec.where.startswith((".", "/")) else spec.where
    return f"{spec.backend}:{where}" + (f"@{spec.revision}" if spec.revision else "")


def _answer(pending: Answer, reply: Reply) -> Answer:
    if reply.finish == "failed":
        return replace(pending, reply=reply)
    row = pending.row
    reading = read(row, reply)
    points = score.choice(row, reading) if row.kind == "choice" else score.short(row, reading)
    return replace(pending, reply=reply, reading=reading, points=points)


def read(row: Row, reply: Reply) -> Read | Unread:
    """Read a reply by the row's kind; an option letter is mapped back to the published one.

    Where the answers were scored, the most likely one is read; of two that are equally likely neither is.
    """
    finish: Literal["stop", "length"] = "length" if reply.finish == "length" else "stop"
    if reply.scores and row.kind in ("choice", "yes_no"):
        return _likeliest(row, reply.scores)
    if row.kind == "yes_no":
        return extract.yes_no(reply.text, question=row.stem, finish=finish)
    if row.kind != "choice":
        return extract.phrase(reply.text, question=row.stem, finish=finish)
    reading = extract.letter(reply.text, {option.letter: option.text for option in row.options}, finish=finish)
    if isinstance(reading, Unread):
        return reading
    return Read(next(option.origin for option in row.options if option.letter == reading.value))


def _likeliest(row: Row, scores: Sequence[float]) -> Read | Unread:
    answers = [option.origin for option in row.options] if row.kind == "choice" else list(prompt.YES_NO)
    best = [answer for answer, value in zip(answers, scores, strict=True) if value == max(scores)]
    return Read(best[0]) if len(best) == 1 else Unread("several")
