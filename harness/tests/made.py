"""Rows, replies and measurements for tests, made by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PIL import Image

from harness.records import (
    Answer,
    Benchmark,
    Case,
    Harness,
    ImageRef,
    Loaded,
    Measurement,
    ModelSpec,
    ModeName,
    Option,
    Prompt,
    Read,
    Receipt,
    Reply,
    Row,
    RowKind,
    Source,
    Telemetry,
    Unread,
)


def picture(name: str, size: tuple[int, int] = (8, 6)) -> ImageRef:
    """An image whose pixels are made of its name."""
    seed = hashlib.sha256(name.encode()).digest()
    colour = (seed[0], seed[1], seed[2])
    return ImageRef(
        name=name,
        digest=hashlib.sha256(f"{name}{size}".encode()).hexdigest(),
        width=size[0],
        height=size[1],
        open=partial(Image.new, "RGB", size, colour),
    )


def row(
    number: int,
    *,
    kind: RowKind = "choice",
    images: Sequence[str] | None = None,
    gold: str = "B",
    cluster: str = "",
    options: str = "ABCDE",
    slices: Mapping[str, str] | None = None,
) -> Row:
    """A row with its own picture, unless other pictures are named."""
    names = [f"p{number}"] if images is None else list(images)
    shown = tuple(Option(letter=c, text=f"text {c} of {number}", origin=c) for c in options)
    return Row(
        id=f"r{number:03d}",
        kind=kind,
        stem=f"Question {number}?",
        options=shown if kind == "choice" else (),
        gold=gold,
        images=tuple(picture(name) for name in names),
        cluster=cluster or f"c{number}",
        slices=slices or {},
    )


def loaded(rows: Sequence[Row], **changes: Any) -> Loaded:
    """The rows as a loader would return them."""
    counts = {n: sum(len(r.images) == n for r in rows) for n in {len(r.images) for r in rows}}
    values: dict[str, Any] = {
        "rows": tuple(rows),
        "split": "test",
        "layout": "made",
        "digest": "0" * 64,
        "source": "made.jsonl",
        "telemetry": Telemetry(rows=len(rows), named=counts, loaded=counts, distinct=len(rows), bad=()),
    }
    return Loaded(**(values | changes))


def benchmark(rows: Sequence[Row], name: str = "toy", *, options: int = 5) -> Benchmark:
    """A benchmark that loads the given rows."""

    def load(source: Source) -> Loaded:
        return loaded(rows)

    return Benchmark(
        name=name,
        title=name.title(),
        version="1",
        options=options,
        published={"test": len(rows)},
        digests={},
        hub="",
        revision="",
        files=(),
        licence="none",
        fetch="Make it.",
        load=load,
        slices=(),
    )


class Stub:
    """A model in memory that answers by a function of the prompt, and counts what it was asked."""

    def __init__(self, answer: Any, name: str = "stub", *, fingerprint: str = "f", receipts: bool = True) -> None:
        self.spec = ModelSpec(name=name, backend="stub", where="here", revision="", options={})
        self.fingerprint = fingerprint
        self.facts: Mapping[str, str] = {"class": "Stub"}
        self.decoding: Mapping[str, str] = {"do_sample": "False"}
        self.batch_size = 4
        self.asked: list[Prompt] = []
        self._answer, self._receipts = answer, receipts

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Take everything."""

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Prompt]:
        """Return the prompts as they are."""
        return list(prompts)

    def reply(self, prepared: list[Prompt]) -> list[Reply]:
        """Answer each prompt; an exception of the function is the batch's."""
        self.asked += prepared
        return [self._one(prompt) for prompt in prepared]

    def _one(self, prompt: Prompt) -> Reply:
        receipts = tuple(Receipt(digest=ref.digest, tokens=4) for ref in prompt.images) if self._receipts else ()
        return Reply(text=self._answer(prompt), receipts=receipts, finish="stop")

    def close(self) -> None:
        """Nothing to free."""


def measurement(
    points: Sequence[float | None],
    *,
    mode: ModeName = "image_text",
    model: str = "m",
    clusters: Sequence[str] | None = None,
    harness: Mapping[str, str] | None = None,
    unread: int = 0,
    receipts: bool = True,
) -> Measurement:
    """A measurement of five-option rows with the given points; None makes a failed row."""
    shows = mode not in ("text_only", "options_only")
    answers = []
    for number, value in enumerate(points):
        shown = row(number, images=None if shows else (), cluster=clusters[number] if clusters else "")
        got = tuple(Receipt(digest=ref.digest, tokens=4) for ref in shown.images) if receipts else ()
        reading = Unread("none") if number < unread else Read("B" if value else "C")
        reply = Reply(text="x", receipts=got, finish="stop")
        if value is None:
            reply = Reply(text="", receipts=(), finish="failed", error="broke")
        answers.append(
            Answer(
                row=shown,
                key=f"k{number}",
                reply=reply,
                reading=reading,
                points={} if value is None else {"accuracy": value},
            )
        )
    return Measurement(
        case=Case(benchmark="toy", mode=mode, model=model),
        title="Toy, test",
        status="measured",
        answers=tuple(answers),
        asked=len(points),
        published=len(points),
        chance=0.2,
        telemetry=loaded([a.row for a in answers]).telemetry,
        harness=Harness(**(dict.fromkeys(Harness.__dataclass_fields__, "same") | dict(harness or {}))),
        provenance={},
        slices=(),
    )
