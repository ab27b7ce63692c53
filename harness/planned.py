"""What a case asks: its rows as the mode shows them, their prompts and keys, and under which protocol.

rows -> mode -> prompt -> key, and what of the data, the model and the settings a number depends on
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import __version__, extract, mode, prompt, score
from harness.ask import Ask
from harness.codec import label
from harness.errors import RowsRefused
from harness.ledger import SCHEMA, key
from harness.records import Answer, Benchmark, Case, Harness, Loaded, Measurement, Model, ModeName, Reply, Row, Unread

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
    canaries : int or None
        Rows of a case that are asked again alone, to prove that batches and shared work changed no reply; None for
        `harness.canary.size`.
    """

    seed: int = 0
    limit: int | None = None
    batch_size: int = 0
    max_new_tokens: int = 0
    derangements: int = 5
    until_decided: bool = False
    canaries: int | None = None


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
        chance=sum(1 / k for k in counts) / len(counts) if benchmark.options and counts and all(counts) else None,
        telemetry=loaded.telemetry,
        harness=_harness(benchmark, model, loaded, settings, asks),
        provenance=provenance(benchmark, model, loaded, settings),
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


def provenance(benchmark: Benchmark, model: Model, loaded: Loaded, settings: Settings) -> dict[str, str]:
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
