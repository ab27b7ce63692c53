"""One case from rows to a measurement. The only file that knows the order of the stages; read it first.

    rows -> mode -> prompt -> key -> ledger -> model -> receipts -> ledger -> reading -> points -> measurement

``measure`` asks a model; ``rescore`` reads the same ledger without one. Both end in ``complete``, so a number that
was measured and a number that was recomputed come out of the same lines of code.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness import __version__, extract, mode, prompt, score
from harness.ask import Ask, announce, ask
from harness.codec import label
from harness.errors import NotInLedger, RowsRefused
from harness.ledger import SCHEMA, Ledger, key
from harness.records import (
    Answer,
    Baseline,
    Benchmark,
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
    """

    seed: int = 0
    limit: int | None = None
    batch_size: int = 0
    max_new_tokens: int = 0
    derangements: int = 5
    until_decided: bool = False


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
    """Ask the model what the ledger does not hold yet, and return the measurement.

    Parameters
    ----------
    progress : callable
        Told after every batch how far the case is.
    learn : callable
        Gives the baselines of the data; asked for in the modes of `WITH_BASELINES`, and not again for the same rows.

    Raises
    ------
    RowsRefused
        Where the mode shows images and any row of the split lacks one: nothing is asked.
    ModeError, ModelError
        Where the rows cannot be shown in this mode, or the model cannot take them: nothing is asked.
    """
    case = Case(benchmark=benchmark.name, mode=name, model=model.spec.name)
    asks = plan(benchmark, name, model, loaded, settings)
    told = asked(case, benchmark, model, loaded, settings, asks, notes(benchmark, name, loaded, settings))
    with ledger.replies(case.id) as replies:
        missing = list({one.key: one for one in asks if one.key not in replies}.values())
        announce(model, case, missing)
        before = ledger.asked(case.id) if name in WITH_BASELINES or not missing else None
        before = before if before is not None and before.harness == told.harness else None
        if name in WITH_BASELINES:
            known_baselines = before.baselines if before is not None else ()
            told = replace(told, baselines=known_baselines or learn(chosen(benchmark, loaded, settings)))
        if before is not None and not missing:
            # what is known of the model stays as the run that asked it knew it
            of_model = {name: value for name, value in before.provenance.items() if name.startswith("model ")}
            told = replace(told, provenance={**told.provenance, **of_model})
        ledger.write_asked(told)
        known = len(asks) - len(missing)
        failed = ask(
            model,
            missing,
            replies,
            size=settings.batch_size,
            note=lambda done: progress(case.id, known + done, len(asks), known),
        )
        answered = {one.key: replies[one.key] for one in asks if one.key in replies}
        if missing:
            # only a model that was asked knows its dtype and device
            told = replace(told, provenance=_provenance(benchmark, model, loaded, settings))
            ledger.write_asked(told)
    return complete(told, failed | answered)


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
    built = prompt.build(row, name, max_new_tokens=settings.max_new_tokens)
    return Ask(row=row, prompt=built, key=key(model, built, label(row.id, draw)), draw=draw)


def notes(benchmark: Benchmark, name: ModeName, loaded: Loaded, settings: Settings) -> tuple[str, ...]:
    """Return what is said under the tables of a case: the benchmark's own notes, and where hard donors came from."""
    covered = mode.coverage(name, loaded.rows, seed=settings.seed, strata=benchmark.strata)
    return (*benchmark.notes, covered) if covered else benchmark.notes


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
    decoding = ", ".join(f"{k}={v}" for k, v in sorted(model.decoding.items()))
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
    """Read a reply by the row's kind; an option letter is mapped back to the published one."""
    finish: Literal["stop", "length"] = "length" if reply.finish == "length" else "stop"
    if row.kind == "yes_no":
        return extract.yes_no(reply.text, question=row.stem, finish=finish)
    if row.kind != "choice":
        return extract.phrase(reply.text, question=row.stem, finish=finish)
    reading = extract.letter(reply.text, {option.letter: option.text for option in row.options}, finish=finish)
    if isinstance(reading, Unread):
        return reading
    return Read(next(option.origin for option in row.options if option.letter == reading.value))
