"""Sends batches to a crew and sees to it that each row gets one reply, whatever dies on the way.

    batch -> an actor -> replies
               +-> it died -> the batch again, on an actor that does nothing else
                                +-> it died too -> its rows one by one

So a row that kills whatever is asked it fails alone, and a machine that is lost costs no row.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness import errors
from harness.engine.crew import Crew, Member
from harness.engine.parcel import Answered, Fault, Parcel, failed, name
from harness.errors import ModelError
from harness.records import Reply

TRIES = 2
"""How often a batch is sent before its rows are sent one by one, and each of these before it has failed."""

ANSWER = 10.0
"""Seconds that an actor has to say what its model is; one that does not, at its work, is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Prompts on their way.

    Attributes
    ----------
    parcel : Parcel
        What is sent.
    stored : tuple of ObjectRef
        Its pictures in the object store, in the parcel's order.
    """

    parcel: Parcel
    stored: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.parcel.prompts)

    def part(self, places: Sequence[int]) -> Batch:
        """Some of the prompts, with their own pictures and no others."""
        parcel = self.parcel
        prompts = tuple(parcel.prompts[place] for place in places)
        ids = tuple(parcel.ids[place] for place in places) if parcel.ids else ()
        own = {ref.digest for prompt in prompts for ref in prompt.images}
        kept = [place for place, digest in enumerate(parcel.shown) if digest in own]
        shown = {digest: form for digest, form in parcel.shown.items() if digest in own}
        stored = tuple(self.stored[place] for place in kept)
        return Batch(parcel=replace(parcel, prompts=prompts, ids=ids, shown=shown), stored=stored)

    def failed(self, cause: str) -> list[Reply]:
        """Replies that say that all of them failed."""
        return [failed(f"{name(self.parcel.ids, place)}: {cause}") for place in range(len(self))]


class Post:
    """The way to a crew and back. Safe in threads.

    Parameters
    ----------
    ray : module
        The library.
    crew : Crew
        Whom to send to.
    """

    def __init__(self, ray: Any, crew: Crew) -> None:
        self._ray, self._crew = ray, crew

    def send(self, batch: Batch, way: str, *, careful: bool = False) -> list[Reply]:
        """Return one reply a prompt, in order.

        Parameters
        ----------
        way : str
            ``reply`` or ``alone``.
        careful : bool
            Whether no other batch may be on the actor at the time.

        Raises
        ------
        ModelError
            As the model raises of itself, and as `Crew.take`.
        """
        for number in range(TRIES):
            alone = careful or number > 0
            member = self._crew.take(alone=alone)
            if member is None:
                return batch.failed(f"no actor is left on the cluster: {self._crew.cause or 'the model was closed'}")
            answered = self._ask(member, batch, way, alone=alone)
            if answered is not None:
                return list(self._second(member, answered, batch, way).replies)
        if len(batch) == 1:
            return batch.failed(f"{TRIES} actors died while they answered it: {self._crew.cause}")
        return [reply for place in range(len(batch)) for reply in self.send(batch.part([place]), way, careful=True)]

    def one(self, way: str, *sent: Any) -> Any:
        """Return what one actor says to a question about the whole of a case, whichever of them lives.

        Raises
        ------
        ModelError
            As the model raises, as `Crew.take`, or no actor stays alive.
        """
        while (member := self._crew.take()) is not None:
            try:
                said = self._ray.get(getattr(member.actor, way).remote(*sent))
            except self._ray.exceptions.RayError as cause:
                self._crew.bury(member, cause)
                continue
            self._crew.give_back(member)
            if isinstance(said, Fault):
                raise raised(said)
            return said
        raise ModelError(
            f"--engine ray: no actor stays alive ({self._crew.cause}), but one should: install the same packages on "
            "every node, and see Ray's logs there"
        )

    def facts(self) -> Mapping[str, str]:
        """What the actors say of their models; where they differ, all of it, in turn."""
        asked = [member.actor.facts.remote() for member in self._crew.living]
        told: dict[str, list[str]] = {}
        for ready in self._ray.wait(asked, num_returns=len(asked), timeout=ANSWER)[0] if asked else ():
            with contextlib.suppress(self._ray.exceptions.RayError):  # it died: what it would have said counts no more
                for fact, value in self._ray.get(ready).items():
                    told.setdefault(fact, []).append(value)
        return {fact: " / ".join(dict.fromkeys(values)) for fact, values in told.items()}

    def _ask(self, member: Member, batch: Batch, way: str, *, alone: bool) -> Answered | None:
        """What an actor answers; None where it died. Nobody listens to what comes of it after that."""
        try:
            answered = self._ray.get(getattr(member.actor, way).remote(batch.parcel, *batch.stored))
        except self._ray.exceptions.RayError as cause:
            self._crew.bury(member, cause)
            return None
        self._crew.give_back(member, alone=alone)
        if isinstance(answered, Fault):
            raise raised(answered)
        found: Answered = answered
        return found

    def _second(self, member: Member, answered: Answered, batch: Batch, way: str) -> Answered:
        """The same answer or, where an actor broke on every row and another one does not, that of the other.

        An actor whose device is ill breaks on everything at once, is always free, and would draw all rows to itself.
        """
        if answered.raised < len(batch) or len(self._crew.living) < 2:
            return answered
        other = self._crew.take(avoid=member)
        second = None if other is None else self._ask(other, batch, way, alone=False)
        if second is None or second.raised == len(batch):
            return answered
        self._crew.bury(member, answered.replies[0].error)
        return second


def raised(fault: Fault) -> Exception:
    """The error that a model raised on a node, as it would be raised here."""
    known = getattr(errors, fault.kind, None)
    if isinstance(known, type) and issubclass(known, errors.SightcheckError) and known is not errors.RowsRefused:
        found: Exception = known(fault.text)
        return found
    return ModelError(f"{fault.kind} on a node: {fault.text}")
