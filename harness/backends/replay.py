"""Backend ``replay``: answers from replies that were recorded, so that they can be scored without the model.

``replay:<file.jsonl>[?option=value&...]``, see OPTIONS. One JSON object a line: ``reply``; ``mode`` and ``row_id``,
or the ``key`` under which a ledger keeps it; if there are several, ``benchmark`` and ``model``; and ``draw``, from 1,
for the later derangements of a shuffled mode. Optional are ``finish``, ``prompt_tokens``, ``new_tokens``, ``error``
and ``receipts`` (each with ``digest`` and ``tokens``).

A replay proves nothing about sight: a line without receipts answers a prompt with images, but without a receipt for
any of them, and whoever holds receipts against images refuses it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from harness.codec import label
from harness.errors import ModelError, NotRecorded, UsageError
from harness.records import ModelSpec, Prompt, Receipt, Reply

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "model": "NAME, one of several models in the file",
        "benchmark": "NAME, the benchmark in the file whose replies are meant, whatever it is called here",
        "map": "RECORDED:MODE,..., names of modes in the file and here",
    }
)

Place = tuple[str, str, str]
"""Benchmark, mode and row id of a reply; a reply kept under a ledger key has two empty strings before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One line of the file.

    Attributes
    ----------
    line : int
        Counted from 1.
    benchmark, model, mode, row : str
        As written; empty where the line does not say. ``row`` is its ``row_id``, else its ``key``.
    reply : Reply
        As recorded.
    """

    line: int
    benchmark: str
    model: str
    mode: str
    row: str
    reply: Reply


class ReplayModel:
    """Recorded replies as a model. The run says with ``rows_for`` whose replies it wants next."""

    batch_size = 64
    by_row = True
    """A reply belongs to its row: two rows with the same prompt may have been answered differently."""

    def __init__(
        self, spec: ModelSpec, file: Path, model: str, recorded: Mapping[Place, Recorded], digest: str
    ) -> None:
        self._spec = spec
        self._file = file
        self._model = model
        self._recorded = recorded
        self._digest = digest
        self._case: tuple[str, str] = ("", "")
        self._announced: tuple[str, ...] = ()

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""
        return self._spec

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of the file's content and the options."""
        told = json.dumps([self._digest, sorted(self._spec.options.items())])
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report."""
        return {
            "backend": "replay",
            "file": self._file.name,
            "sha256": self._digest,
            "recorded model": self._model or "not said",
            "replies": str(len(self._recorded)),
            "sight": "a replay proves nothing about sight: its receipts, if any, are as recorded",
        }

    @property
    def decoding(self) -> Mapping[str, str]:
        """Replies come as they were recorded."""
        return {"method": "recorded"}

    def rows_for(self, benchmark: str, mode: str, row_ids: Sequence[str]) -> None:
        """Say to which case the prompts that follow belong.

        Parameters
        ----------
        benchmark, mode : str
            As they are called here.
        row_ids : sequence of str
            The rows that come next.
        """
        self._case = (benchmark, mode)
        self._announced = tuple(row_ids)

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Refuse a case of which the file holds no reply at all, where ``rows_for`` has just announced its rows.

        Raises
        ------
        NotRecorded
            Names the benchmarks and modes that the file holds.
        """
        rows = self._announced
        if len(rows) == len(prompts) and rows and not any(self._find(row) for row in rows):
            held = sorted({f"{place[0] or 'any benchmark'}/{place[1] or 'any mode'}" for place in self._recorded})
            raise NotRecorded(
                f"model {self._spec.name}: {self._file.name} holds no reply for any of the {len(rows)} rows of "
                f"{'/'.join(self._case)}, but for {', '.join(held)}: choose with benchmark= and map="
            )

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
        """Look up the replies of some rows.

        Raises
        ------
        ModelError
            The ids are not given: a prompt alone does not say whose it is.
        """
        self._announced = ()  # what is announced for a batch says nothing about the next case
        if len(ids) != len(prompts):
            raise ModelError(
                f"model {self._spec.name}: {len(prompts)} prompts came with {len(ids)} row ids, but a replay finds a "
                "reply by the id of its row alone: pass one id a prompt"
            )
        return [self._reply(prompt, row) for prompt, row in zip(prompts, ids, strict=True)]

    def reply(self, prepared: Sequence[Reply]) -> list[Reply]:
        """The replies as they were looked up."""
        return list(prepared)

    def close(self) -> None:
        """Nothing is held open."""

    def _find(self, row: str) -> Recorded | None:
        """The line of a row: of its benchmark and mode, of any benchmark in that mode, or under its key."""
        benchmark = self._spec.options.get("benchmark", self._case[0])
        mode = self._case[1]
        places = ((benchmark, mode, row), ("", mode, row), ("", "", row))
        return next((self._recorded[place] for place in places if place in self._recorded), None)

    def _reply(self, prompt: Prompt, row: str) -> Reply:
        found = self._find(row)
        if found is None:
            case = "/".join(part for part in self._case if part)
            first = row.partition("#")[0]
            more = "; a file with one derangement is run with --derangements 1" if self._find(first) else ""
            return _failed(row, f"{self._file.name} holds no reply to it in {case or 'any case'}{more}")
        receipts = found.reply.receipts
        sent = [image.digest for image in prompt.images]
        if receipts and [receipt.digest for receipt in receipts] != sent:
            return _failed(
                row,
                f"{self._file.name} line {found.line} was recorded with {len(receipts)} other pictures than "
                f"the {len(sent)} of this prompt",
            )
        return found.reply


def open_model(spec: ModelSpec) -> ReplayModel:
    """Read the recorded replies.

    Raises
    ------
    UsageError
        Several models in the file and none chosen, or one that is not there; a map that cannot be read.
    ModelError
        No such file, a line that is not what it should be, two replies for one row.
    """
    file = Path(spec.where).expanduser()
    modes = _map(spec)
    try:
        content = file.read_bytes()
    except OSError as cause:
        raise ModelError(
            f"model {spec.name}: '{spec.where}' cannot be read ({cause.strerror}), but should be a file of recorded "
            "replies, one JSON object a line: check the path"
        ) from cause
    where = f"model {spec.name}: {file.name}"
    lines = [
        _recorded(f"{where} line {number}", number, line, modes)
        for number, line in enumerate(content.splitlines(), start=1)
        if line.strip()
    ]
    model = _chosen(spec, lines)
    kept = _unique(where, (line for line in lines if line.model == model or not model))
    return ReplayModel(spec, file, model, kept, hashlib.sha256(content).hexdigest())


def _map(spec: ModelSpec) -> Mapping[str, str]:
    """Recorded name of a mode -> its name here."""
    pairs = [pair.split(":") for pair in spec.options.get("map", "").split(",") if pair]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise UsageError(f"--model {spec.name}: map is '{spec.options['map']}', but should be {OPTIONS['map']}")
    return {pair[0]: pair[1] for pair in pairs}


def _chosen(spec: ModelSpec, lines: Sequence[Recorded]) -> str:
    """The model whose replies are meant; empty where no line names one."""
    models = sorted({line.model for line in lines} - {""})
    asked = spec.options.get("model", "")
    if asked and asked not in models:
        raise UsageError(f"--model {spec.name}: the file has no model '{asked}', but has {', '.join(models) or 'none'}")
    if not asked and len(models) > 1:
        raise UsageError(
            f"--model {spec.name}: the file has replies of {len(models)} models, but one must be chosen: add "
            f"?model= with one of {', '.join(models)}"
        )
    return asked or next(iter(models), "")


def _unique(where: str, lines: Iterable[Recorded]) -> Mapping[Place, Recorded]:
    """The lines by their place; no place twice."""
    kept: dict[Place, Recorded] = {}
    for line in lines:
        first = kept.setdefault((line.benchmark, line.mode, line.row), line)
        if first is not line:
            raise ModelError(
                f"{where}: row {line.row} has a reply in line {first.line} and another in line {line.line} "
                f"({line.benchmark or 'no benchmark'}, {line.mode or 'no mode'}), but should have one: remove one"
            )
    return kept


def _recorded(where: str, number: int, line: bytes, modes: Mapping[str, str]) -> Recorded:
    """One line, held to its form."""
    try:
        told = json.loads(line)
    except ValueError as cause:
        raise ModelError(f"{where}: is not JSON ({cause}), but should be one object: repair the line") from cause
    if not isinstance(told, dict):
        raise ModelError(f"{where}: is a {type(told).__name__}, but should be a JSON object: repair the line")
    mode, row = told.get("mode", ""), told.get("row_id")
    if not (row is not None and mode) and not told.get("key"):
        raise ModelError(f"{where}: has keys {sorted(told)}, but needs 'mode' and 'row_id', or 'key': add them")
    return Recorded(
        line=number,
        benchmark=str(told.get("benchmark", "")) if row is not None else "",
        model=str(told.get("model", "")),
        mode=modes.get(str(mode), str(mode)) if row is not None else "",
        row=label(str(row), int(told.get("draw") or 0)) if row is not None else str(told["key"]),
        reply=_as_reply(where, told),
    )


def _as_reply(where: str, told: Mapping[str, Any]) -> Reply:
    """The reply of a line; one that failed when it was recorded has failed here too."""
    text, error = told.get("reply"), str(told.get("error") or "")
    finish = told.get("finish", "failed" if error else "stop")
    if finish not in ("stop", "length", "failed"):
        raise ModelError(f"{where}: finish is {finish!r}, but should be 'stop', 'length' or 'failed': repair the line")
    if not isinstance(text, str) and not error:
        raise ModelError(
            f"{where}: 'reply' is {'missing' if text is None else type(text).__name__}, but should be the raw text, "
            "or 'error' should say why there is none: repair the line"
        )
    try:
        receipts = tuple(
            Receipt(digest=str(each["digest"]), tokens=int(each["tokens"]), tensor=str(each.get("tensor", "")))
            for each in told.get("receipts") or ()
        )
    except (TypeError, KeyError, ValueError, AttributeError) as cause:
        raise ModelError(
            f"{where}: 'receipts' cannot be read ({cause!r}), but should be objects with 'digest' and 'tokens': "
            "repair the line"
        ) from cause
    return Reply(
        text=text if isinstance(text, str) and finish != "failed" else "",
        receipts=receipts,
        finish=cast(Literal["stop", "length", "failed"], finish),
        prompt_tokens=int(told.get("prompt_tokens") or 0),
        new_tokens=int(told.get("new_tokens") or 0),
        error=error or ("failed when it was recorded" if finish == "failed" else ""),
    )


def _failed(row: str, cause: str) -> Reply:
    return Reply(text="", receipts=(), finish="failed", error=f"row {row}: {cause}")
