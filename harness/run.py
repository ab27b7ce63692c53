"""One case from rows to a measurement. The only file that knows the order of the stages; read it first.

    rows -> mode -> prompt -> key -> ledger -> model -> receipts -> ledger -> reading -> points -> measurement

``measure`` asks a model; ``rescore`` reads the same ledger without one. Both end in ``complete``, so a number that
was measured and a number that was recomputed come out of the same lines of code.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from harness import __version__, extract, mode, prompt, score
from harness.errors import ModelError, NotInLedger, RowsRefused, SightcheckError
from harness.ledger import SCHEMA, Ledger, Replies, key
from harness.records import (
    Answer,
    Benchmark,
    Case,
    Harness,
    Loaded,
    Measurement,
    Model,
    ModeName,
    Prompt,
    Read,
    Reply,
    Row,
    Unread,
)

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
    """

    seed: int = 0
    limit: int | None = None
    batch_size: int = 0
    max_new_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One prompt on its way to the model."""

    row: Row
    prompt: Prompt
    key: str


def measure(
    benchmark: Benchmark,
    name: ModeName,
    model: Model,
    loaded: Loaded,
    ledger: Ledger,
    settings: Settings,
    progress: Progress = lambda *_: None,
) -> Measurement:
    """Ask the model what the ledger does not hold yet, and return the measurement.

    Raises
    ------
    RowsRefused
        Where the mode shows images and any row of the split lacks one: nothing is asked.
    ModeError, ModelError
        Where the rows cannot be shown in this mode, or the model cannot take them: nothing is asked.
    """
    case = Case(benchmark=benchmark.name, mode=name, model=model.spec.name)
    if mode.shows_images(name) and loaded.telemetry.bad:
        raise RowsRefused(f"{case.id}: {loaded.source}", loaded.telemetry.bad, loaded.telemetry)
    rows = mode.apply(name, chosen(benchmark, loaded, settings), loaded.rows, seed=settings.seed)
    asks = [_ask(row, name, model, settings) for row in rows]
    asked = _asked(case, benchmark, model, loaded, settings, asks)
    with ledger.replies(case.id) as replies:
        missing = list({ask.key: ask for ask in asks if ask.key not in replies}.values())
        _announce(model, case, missing)
        ledger.write_asked(asked)
        note = partial(progress, case.id)
        failed = _ask_missing(model, missing, replies, settings, note, len(asks))
        known = {ask.key: replies[ask.key] for ask in asks if ask.key in replies}
    return complete(asked, failed | known)


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
    """Read and score the replies to what was asked; a row without one stays a failed row."""
    answers = tuple(_answer(pending, replies.get(pending.key, PENDING)) for pending in asked.answers)
    missing = sum(answer.reply == PENDING for answer in answers)
    harness = replace(asked.harness, extractor=extract.VERSION, metric=score.VERSION)
    return replace(asked, answers=answers, harness=harness, status="partial" if missing else "measured")


def refused(benchmark: Benchmark, name: ModeName, model: str, error: RowsRefused) -> Measurement:
    """Return the record of a case whose rows were refused, for the report."""
    return Measurement(
        case=Case(benchmark=benchmark.name, mode=name, model=model),
        title=benchmark.title,
        status="refused",
        answers=(),
        asked=0,
        published=error.telemetry.rows,
        chance=None,
        telemetry=error.telemetry,
        harness=Harness(**dict.fromkeys(Harness.__dataclass_fields__, "")),
        provenance={},
        slices=benchmark.slices,
        notes=benchmark.notes,
        refusal=str(error).splitlines()[0],
    )


def chosen(benchmark: Benchmark, loaded: Loaded, settings: Settings) -> tuple[Row, ...]:
    """Return the rows to ask: all, or a seeded draw that does not depend on the order of the file."""
    limit = benchmark.limit if settings.limit is None else settings.limit
    if not limit or limit >= len(loaded.rows):
        return loaded.rows
    ids = sorted(row.id for row in loaded.rows)
    drawn = set(random.Random(f"{settings.seed}|rows|{benchmark.name}").sample(ids, limit))  # noqa: S311 - no secret
    return tuple(row for row in loaded.rows if row.id in drawn)


def _ask(row: Row, name: ModeName, model: Model, settings: Settings) -> _Ask:
    built = prompt.build(row, name, max_new_tokens=settings.max_new_tokens)
    return _Ask(row=row, prompt=built, key=key(model, built, row.id))


def _asked(
    case: Case, benchmark: Benchmark, model: Model, loaded: Loaded, settings: Settings, asks: Sequence[_Ask]
) -> Measurement:
    """Return the measurement before any reply: what is asked, of whom, under which protocol."""
    pending = tuple(Answer(row=ask.row, key=ask.key, reply=PENDING, reading=Unread("empty"), points={}) for ask in asks)
    counts = [len(ask.row.options) for ask in asks]
    published = benchmark.published.get(loaded.split, len(loaded.rows))
    return Measurement(
        case=case,
        title=f"{benchmark.title}, {loaded.split}",
        status="partial",
        answers=pending,
        asked=len(asks),
        published=published,
        chance=sum(1 / k for k in counts) / len(counts) if benchmark.choices and counts else None,
        telemetry=loaded.telemetry,
        harness=_harness(benchmark, model, loaded, settings, asks),
        provenance=_provenance(benchmark, model, loaded, settings),
        slices=benchmark.slices,
        notes=benchmark.notes,
    )


def _harness(benchmark: Benchmark, model: Model, loaded: Loaded, settings: Settings, asks: Sequence[_Ask]) -> Harness:
    ids = hashlib.sha256("\n".join(ask.row.id for ask in asks).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    limits = sorted({ask.prompt.max_new_tokens for ask in asks})
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


def _announce(model: Model, case: Case, missing: Sequence[_Ask]) -> None:
    """Tell the model what comes, and let it refuse before anything is asked."""
    tell = getattr(model, "rows_for", None)
    if tell is not None:
        tell(case.benchmark, case.mode, [ask.row.id for ask in missing])
    if missing:
        model.check([ask.prompt for ask in missing])


def _ask_missing(
    model: Model,
    missing: list[_Ask],
    replies: Replies,
    settings: Settings,
    note: Callable[[int, int, int], None],
    total: int,
) -> dict[str, Reply]:
    """Ask what the ledger lacks, batch by batch; return the failed replies by key."""
    done = known = total - len(missing)
    note(done, total, known)
    if not missing:
        return {}
    failed: dict[str, Reply] = {}
    batches = _batches(missing, settings.batch_size or getattr(model, "batch_size", 8))
    with ThreadPoolExecutor(max_workers=1) as ahead:
        waiting = ahead.submit(_prepare, model, batches[0])
        for number, batch in enumerate(batches, 1):
            prepared = waiting.result()
            if number < len(batches):
                waiting = ahead.submit(_prepare, model, batches[number])
            answered = _reply(model, batch, prepared)
            replies.add([(ask.key, ask.row.id, reply) for ask, reply in zip(batch, answered, strict=True)])
            failed |= {a.key: r for a, r in zip(batch, answered, strict=True) if r.finish == "failed"}
            done += len(batch)
            note(done, total, known)
    return failed


def _batches(missing: Sequence[_Ask], size: int) -> list[list[_Ask]]:
    """Put rows of one size together, so that no row is padded to the length of a far longer one."""
    ordered = sorted(missing, key=lambda ask: (len(ask.prompt.images), _length(ask.prompt), ask.row.id))
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def _length(asked: Prompt) -> int:
    return sum(len(part.text) for part in asked.parts if hasattr(part, "text"))


def _prepare(model: Model, batch: Sequence[_Ask]) -> Any:
    """Prepare a batch ahead of the model; an error is kept for the rows to be asked one by one."""
    try:
        return model.prepare([ask.prompt for ask in batch], [ask.row.id for ask in batch])
    except ModelError:
        raise
    except Exception as error:
        return error


def _reply(model: Model, batch: Sequence[_Ask], prepared: Any) -> list[Reply]:
    """Answer a prepared batch; where it fails as a whole, ask its rows one by one."""
    try:
        if isinstance(prepared, Exception):
            raise prepared
        answered = model.reply(prepared)
    except SightcheckError as error:
        if len(batch) == 1:
            return [_failed(error)]
        if isinstance(error, ModelError) and not _is_row_error(error):
            raise
    except Exception as error:
        if len(batch) == 1:
            return [_failed(error)]
    else:
        return [_proven(ask, reply) for ask, reply in zip(batch, answered, strict=True)]
    return [reply for ask in batch for reply in _reply(model, [ask], _prepare(model, [ask]))]


def _is_row_error(error: ModelError) -> bool:
    return type(error) is not ModelError


def _failed(error: Exception) -> Reply:
    cause = " ".join(str(error).split())
    return Reply(text="", receipts=(), finish="failed", error=f"{type(error).__name__}: {cause}"[:500])


def _proven(ask: _Ask, reply: Reply) -> Reply:
    """Turn a reply whose receipts contradict the row's images into a failed one; none at all stays unproven."""
    sent, got = [ref.digest for ref in ask.prompt.images], [receipt.digest for receipt in reply.receipts]
    if reply.finish == "failed" or got == sent or (sent and not got):
        return reply
    text = f"row {ask.row.id}: {len(got)} receipt(s) came back, but {len(sent)} image(s) were sent, in that order"
    return replace(reply, text="", receipts=(), finish="failed", error=text)


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
        return extract.yes_no(reply.text)
    if row.kind != "choice":
        return extract.phrase(reply.text)
    reading = extract.letter(reply.text, {option.letter: option.text for option in row.options}, finish=finish)
    if isinstance(reading, Unread):
        return reading
    return Read(next(option.origin for option in row.options if option.letter == reading.value))
