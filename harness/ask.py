"""Asks a model what the ledger does not hold: batch by batch, one batch prepared ahead, every reply durable.

A batch that fails as a whole is asked again row by row, so that one bad row fails alone; a model that cannot be
opened or cannot take the rows stops the case at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from harness.codec import label
from harness.errors import ModelError
from harness.ledger import Replies
from harness.records import Case, Model, Prompt, Reply, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One prompt on its way to the model."""

    row: Row
    prompt: Prompt
    key: str
    draw: int = 0

    @property
    def label(self) -> str:
        """Name of the row and its draw, under which a replay finds its reply."""
        return label(self.row.id, self.draw)


def announce(model: Model, case: Case, missing: Sequence[Ask]) -> None:
    """Tell the model what comes, and let it refuse before anything is asked."""
    tell = getattr(model, "rows_for", None)
    if tell is not None:
        tell(case.benchmark, case.mode, [one.label for one in missing])
    if missing:
        model.check([one.prompt for one in missing])


def ask(
    model: Model, missing: Sequence[Ask], replies: Replies, *, size: int, note: Callable[[int], None]
) -> dict[str, Reply]:
    """Ask what the ledger lacks, and return the failed replies by key; the others are in ``replies``.

    Parameters
    ----------
    missing : sequence of Ask
        Each key once.
    size : int
        Prompts a batch; 0 for what the model advises.
    note : callable
        Told after each batch how many of ``missing`` are done.
    """
    note(0)
    failed: dict[str, Reply] = {}
    batches = _batches(missing, size or int(getattr(model, "batch_size", 8))) if missing else []
    done = 0
    with ThreadPoolExecutor(max_workers=1) as ahead:
        waiting = deque(ahead.submit(_prepare, model, batch) for batch in batches[:1])
        for number, batch in enumerate(batches, 1):
            prepared = waiting.popleft().result()
            waiting.extend(ahead.submit(_prepare, model, after) for after in batches[number : number + 1])
            answered = _reply(model, batch, prepared)
            replies.add([(one.key, one.label, reply) for one, reply in zip(batch, answered, strict=True)])
            failed |= {one.key: r for one, r in zip(batch, answered, strict=True) if r.finish == "failed"}
            done += len(batch)
            note(done)
    return failed


def _batches(missing: Sequence[Ask], size: int) -> list[list[Ask]]:
    """Put rows of one size together, so that no row is padded to the length of a far longer one."""
    ordered = sorted(missing, key=lambda one: (len(one.prompt.images), _length(one.prompt), one.row.id))
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def _length(asked: Prompt) -> int:
    return sum(len(part.text) for part in asked.parts if hasattr(part, "text"))


def _prepare(model: Model, batch: Sequence[Ask]) -> Any:
    """Prepare a batch ahead of the model; an error is kept for the rows to be asked one by one."""
    try:
        return model.prepare([one.prompt for one in batch], [one.label for one in batch])
    except ModelError:
        raise
    except Exception as error:
        return error


def _reply(model: Model, batch: Sequence[Ask], prepared: Any) -> list[Reply]:
    """Answer a prepared batch; where it fails as a whole, ask its rows one by one."""
    try:
        if isinstance(prepared, Exception):
            raise prepared
        answered = model.reply(prepared)
    except Exception as error:
        if len(batch) == 1:
            return [_failed(error)]
        if type(error) is ModelError:  # of the model itself; its subclasses are of one row
            raise
    else:
        return [_proven(one, reply) for one, reply in zip(batch, answered, strict=True)]
    return [reply for one in batch for reply in _reply(model, [one], _prepare(model, [one]))]


def _failed(error: Exception) -> Reply:
    cause = " ".join(str(error).split())
    return Reply(text="", receipts=(), finish="failed", error=f"{type(error).__name__}: {cause}"[:500])


def _proven(one: Ask, reply: Reply) -> Reply:
    """Turn a reply whose receipts contradict the row's images into a failed one; none at all stays unproven."""
    sent, got = [ref.digest for ref in one.prompt.images], [receipt.digest for receipt in reply.receipts]
    if reply.finish == "failed" or got == sent or (sent and not got):
        return reply
    what = f"{len(got)} receipt(s) came back" if len(got) != len(sent) else "receipts came back for other pictures"
    text = f"row {one.row.id}: {what}, but {len(sent)} image(s) were sent, in that order"
    return replace(reply, text="", receipts=(), finish="failed", error=text)
