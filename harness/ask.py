"""Asks a model what the ledger does not hold: batch by batch, prepared ahead, every reply durable at once.

    asks of one case, or of several -> each prompt once -> batches -> replies -> the ledger of every case that asked

A model that shares work between prompts gets those of all modes in one go, in the batches that it wants; any other
gets case after case. A batch that fails as a whole is asked again row by row, so that one bad row fails alone; a model
that cannot be opened or cannot take the rows stops the case at once.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from harness.ahead import ahead
from harness.codec import label
from harness.errors import ModelError, ReceiptError
from harness.ledger import Replies
from harness.records import Case, Model, Prompt, Reply, Row

Failed = dict[str, Reply]
"""Failed replies of a case by key."""

Note = Callable[[Case, int], None]
"""Told, as they come in, how many of a case's missing rows are done."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A case with what it asks, and its replies open for writing.

    Attributes
    ----------
    broken : list of str
        One cause for every batch with rows of this case that failed as a whole, and was asked row by row.
    """

    case: Case
    asks: Sequence[Ask]
    replies: Replies
    broken: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[Ask]:
        """What its ledger does not hold, each key once."""
        return list({one.key: one for one in self.asks if one.key not in self.replies}.values())


Broke = Callable[[Sequence[Ask], str], None]
"""Told of a batch that failed as a whole, and why."""


def ask(
    model: Model,
    cases: Sequence[Open],
    *,
    size: int,
    note: Note = lambda *_: None,
    but: Mapping[Case, Collection[str]] = MappingProxyType({}),
) -> dict[Case, Failed | ModelError]:
    """Ask what the ledgers lack; replies go there, failed ones are returned.

    Parameters
    ----------
    cases : sequence of Open
        Of one model.
    size : int
        Most prompts a batch; 0 for what the model advises.
    note : callable
        Told of progress.
    but : mapping of Case to collection of str
        Keys of a case that are not asked, such as those that have just failed.

    Returns
    -------
    dict
        For every case its failed replies by key, or the error for which nothing of it was asked.

    Raises
    ------
    ModelError
        Of the model itself, on the way; what was answered before is in the ledgers.
    """
    outcome: dict[Case, Failed | ModelError] = {}
    together = [list(cases)] if getattr(model, "mixes", False) else [[each] for each in cases]
    for some in together:
        wanted: dict[Case, list[Ask]] = {}
        for each in some:
            _copy_known(each, cases)
            missing = [one for one in each.missing if one.key not in but.get(each.case, ())]
            try:
                announce(model, each.case, missing)
            except ModelError as refusal:
                outcome[each.case] = refusal
                continue
            outcome[each.case] = {}
            wanted[each.case] = missing
        _ask(model, {each.case: each for each in some}, wanted, outcome, size, note)
    return outcome


def announce(model: Model, case: Case, missing: Sequence[Ask]) -> None:
    """Tell the model what comes, and let it refuse before anything is asked."""
    tell = getattr(model, "rows_for", None)
    if tell is not None:
        tell(case.benchmark, case.mode, [one.label for one in missing])
    if missing:
        model.check([one.prompt for one in missing])


def alone(model: Model, asks: Sequence[Ask]) -> list[Reply]:
    """Ask by the plainest way that the model has, one prompt at a time."""
    plainest = getattr(model, "alone", None)
    if plainest is not None:
        prompts, labels = [one.prompt for one in asks], [one.label for one in asks]
        return [_proven(one, reply) for one, reply in zip(asks, _each(plainest(prompts, labels), asks), strict=True)]
    return [reply for one in asks for reply in _reply(model, [one], _prepare(model, [one]))]


def _copy_known(case: Open, cases: Sequence[Open]) -> None:
    """Take over replies that another case of this model has to the very same prompt."""
    for other in cases:
        known = [one for one in case.missing if other is not case and one.key in other.replies]
        case.replies.add([(one.key, one.label, other.replies[one.key]) for one in known])


def _ask(
    model: Model,
    cases: Mapping[Case, Open],
    wanted: Mapping[Case, Sequence[Ask]],
    outcome: dict[Case, Failed | ModelError],
    size: int,
    note: Note,
) -> None:
    """Ask each key once and hand its reply to every case that wants it."""
    takers: dict[str, list[tuple[Case, Ask]]] = defaultdict(list)
    for case, asks in wanted.items():
        note(case, 0)
        for one in asks:
            takers[one.key].append((case, one))
    firsts = [each[0][1] for each in takers.values()]

    def broke(batch: Sequence[Ask], cause: str) -> None:
        for case in {case: None for one in batch for case, _ in takers[one.key]}:
            cases[case].broken.append(cause)

    done = dict.fromkeys(wanted, 0)
    with ThreadPoolExecutor(max_workers=1) as disk:
        synced: list[Future[None]] = []
        for batch, answered in _answered(model, _batches(model, firsts, size), broke):
            told: dict[Case, list[tuple[str, str, Reply]]] = defaultdict(list)
            for first, reply in zip(batch, answered, strict=True):
                for case, one in takers[first.key]:
                    told[case].append((one.key, one.label, reply))
            for future in synced:
                future.result()
            for case, lines in told.items():
                cases[case].replies.add(lines)
                failed = outcome[case]
                assert isinstance(failed, dict)
                failed |= {key: reply for key, _, reply in lines if reply.finish == "failed"}
                done[case] += len(lines)
                note(case, done[case])
            # the disk is waited for while the model works
            synced = [disk.submit(cases[case].replies.sync) for case in told]
        for future in synced:
            future.result()


def _batches(model: Model, asks: Sequence[Ask], size: int) -> list[list[Ask]]:
    """Return the batches that the model wants; else rows of one size together, so that little is padded."""
    if not asks:
        return []
    arrange = getattr(model, "arrange", None)
    if arrange is not None:
        places = arrange([one.prompt for one in asks], size)
        if sorted(place for batch in places for place in batch) != list(range(len(asks))):
            raise ModelError(
                f"model {model.spec.name}: arranged {sum(map(len, places))} places for {len(asks)} prompts, but should "
                "name each once: the backend lost or doubled a row"
            )
        return [[asks[place] for place in batch] for batch in places]
    size = size or int(getattr(model, "batch_size", 8))
    ordered = sorted(asks, key=lambda one: (len(one.prompt.images), _length(one.prompt), one.row.id))
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def _length(asked: Prompt) -> int:
    return sum(len(part.text) for part in asked.parts if hasattr(part, "text"))


def _answered(
    model: Model, batches: Sequence[Sequence[Ask]], broke: Broke
) -> Iterator[tuple[Sequence[Ask], list[Reply]]]:
    """Answer batch after batch; several at once where the model has lanes for them."""
    lanes = int(getattr(model, "lanes", 1))
    return _in_lanes(model, batches, lanes, broke) if lanes > 1 else _in_turn(model, batches, broke)


def _in_turn(
    model: Model, batches: Sequence[Sequence[Ask]], broke: Broke
) -> Iterator[tuple[Sequence[Ask], list[Reply]]]:
    """One batch after another; the next ones are made ready in threads meanwhile, as many as the model says."""
    most = max(1, int(getattr(model, "ahead", 1)))
    with (
        ThreadPoolExecutor(max_workers=most) as pool,
        closing(ahead(lambda batch: pool.submit(_prepare, model, batch), batches, most)) as begun,
    ):
        for batch, prepared in begun:
            yield batch, _reply(model, batch, prepared.result(), broke)


def _in_lanes(
    model: Model, batches: Sequence[Sequence[Ask]], lanes: int, broke: Broke
) -> Iterator[tuple[Sequence[Ask], list[Reply]]]:
    """Up to ``lanes`` batches at once, each in a thread of its own; handed out as they are answered."""

    def whole(batch: Sequence[Ask]) -> list[Reply]:
        return _reply(model, batch, _prepare(model, batch), broke)

    left = deque(batches)
    broken: BaseException | None = None
    with ThreadPoolExecutor(max_workers=lanes) as pool:
        running: dict[Future[list[Reply]], Sequence[Ask]] = {}
        try:
            while running or (left and broken is None):
                while left and broken is None and len(running) < lanes:
                    batch = left.popleft()
                    running[pool.submit(whole, batch)] = batch
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    batch = running.pop(future)
                    error = future.exception()
                    if error is None:
                        yield batch, future.result()
                    broken = broken or error
        finally:
            for future in running:
                future.cancel()
    if broken is not None:
        # what the other lanes answered meanwhile has been handed out
        raise broken


def _prepare(model: Model, batch: Sequence[Ask]) -> Any:
    """Prepare a batch; an error is kept for the rows to be asked one by one."""
    try:
        return model.prepare([one.prompt for one in batch], [one.label for one in batch])
    except ModelError:
        raise
    except Exception as error:
        return error


def _reply(model: Model, batch: Sequence[Ask], prepared: Any, broke: Broke = lambda *_: None) -> list[Reply]:
    """Answer a prepared batch; where it fails as a whole, ask its rows one by one."""
    try:
        if isinstance(prepared, Exception):
            raise prepared
        answered = _each(model.reply(prepared), batch)
    except Exception as error:
        if type(error) is ModelError:  # of the model itself; its subclasses are of one row
            raise
        if len(batch) == 1:
            return [_failed(error)]
        broke(batch, _cause(error))
    else:
        return [_proven(one, reply) for one, reply in zip(batch, answered, strict=True)]
    return [reply for one in batch for reply in _reply(model, [one], _prepare(model, [one]))]


def _each(replies: Sequence[Reply], asks: Sequence[Ask]) -> Sequence[Reply]:
    """Refuse where there is not one reply a prompt: nobody could say whose they are."""
    if len(replies) != len(asks):
        raise ReceiptError(
            f"{len(replies)} replies came back to {len(asks)} prompts, but should be one each, in order: the backend "
            "lost or doubled a row"
        )
    return replies


def _failed(error: Exception) -> Reply:
    return Reply(text="", receipts=(), finish="failed", error=_cause(error))


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]


def _proven(one: Ask, reply: Reply) -> Reply:
    """Turn a reply whose receipts contradict the row's images into a failed one; none at all stays unproven."""
    sent, got = [ref.digest for ref in one.prompt.images], [receipt.digest for receipt in reply.receipts]
    if reply.finish == "failed" or got == sent or (sent and not got):
        return reply
    what = f"{len(got)} receipt(s) came back" if len(got) != len(sent) else "receipts came back for other pictures"
    text = f"row {one.row.id}: {what}, but {len(sent)} image(s) were sent, in that order"
    return replace(reply, text="", receipts=(), finish="failed", error=text)
