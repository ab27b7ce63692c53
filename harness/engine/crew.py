"""The actors of a model on a cluster: who lives, who is free, who follows on one that died.

    create -> open: the same files, the same suite? -> take -> answer -> give back
                                                         +-> died -> another one in its place, where there is room

Ray restarts none of them: who counts the dead can say why a row failed, and when to stop.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition
from typing import Any

import harness
from harness.engine.cluster import Cluster, Plan
from harness.engine.hand import Hand
from harness.engine.parcel import Fault, Greeting, Told
from harness.errors import ModelError
from harness.records import ModelSpec

AT_ONCE = 2
"""Batches that an actor has at a time: one in work, and one being prepared."""

DEATHS = 4
"""Actors that may die in a row, without one reply between, beside two for each that there should be."""

PATIENCE = 600.0
"""Seconds to wait for a first actor where the cluster has no room. Opening a model is not counted."""


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """An actor as the driver knows it.

    Attributes
    ----------
    actor : ActorHandle
        Of a `Hand`.
    hello, opened : ObjectRef
        What it will say once its process runs, and once the model is open.
    expected : str
        Fingerprint that its model must have.
    greeting : Greeting or None
        What it said; None until then.
    busy : int
        Batches that it has.
    """

    actor: Any
    hello: Any
    opened: Any
    expected: str
    greeting: Greeting | None = None
    busy: int = 0


class Crew:
    """Actors that each hold one copy of the model. Safe in threads.

    Parameters
    ----------
    cluster : Cluster
        Where they live.
    plan : Plan
        How many, and what each holds.
    spec : ModelSpec
        What each opens.
    blind : bool
        Whether GPUs are hidden from them.
    driver : callable
        Returns the fingerprint that theirs must equal, and what a new one has to be told.
    patience : float
        Seconds to wait for room.
    """

    def __init__(
        self,
        cluster: Cluster,
        plan: Plan,
        spec: ModelSpec,
        *,
        blind: bool,
        driver: Callable[[], tuple[str, Told]],
        patience: float = PATIENCE,
    ) -> None:
        self._ray, self._plan, self._spec, self._blind = cluster.ray, plan, spec, blind
        self._driver, self._patience = driver, patience
        self._starting: list[Member] = []
        self._living: list[Member] = []
        self._turn = Condition()
        self._since = time.monotonic()
        self._in_a_row = self._alone = 0
        self._closed = False
        self.lost = 0
        self.cause = ""
        for _ in range(plan.actors):
            self._create()

    @property
    def living(self) -> tuple[Member, ...]:
        """Those that have opened the model."""
        with self._turn:
            return tuple(self._living)

    def take(self, *, alone: bool = False, avoid: Member | None = None) -> Member | None:
        """Wait for an actor with a hand free, and take the least busy one; None where none lives and none will.

        Parameters
        ----------
        alone : bool
            Take one that does nothing else until it is given back: what dies with it then died of its own batch.
        avoid : Member, optional
            Not this one, if another lives.

        Raises
        ------
        ModelError
            An actor that came up holds another model, or cannot open it; no room for a first one within the patience.
        """
        with self._turn:
            self._alone += alone
            try:
                while True:
                    self._look()
                    if (found := self._free(alone, avoid)) is not None:
                        found.busy += AT_ONCE if alone else 1
                        return found
                    if self._closed or (not self._living and not self._starting):
                        return None
                    self._hold_out()
                    self._turn.wait(0.05 if not self._living else 0.5)
            finally:
                self._alone -= alone

    def give_back(self, member: Member, *, alone: bool = False) -> None:
        """Give back an actor that answered."""
        with self._turn:
            member.busy -= AT_ONCE if alone else 1
            self._in_a_row = 0
            self._turn.notify_all()

    def bury(self, member: Member, cause: Exception | str) -> None:
        """Let go of an actor that died or is ill, and create another in its place. Told twice of one, counts once."""
        with self._turn:
            if member not in self._living and member not in self._starting:
                return
            self._living = [each for each in self._living if each is not member]
            self._starting = [each for each in self._starting if each is not member]
            self.lost += 1
            self._in_a_row += 1
            self.cause = " ".join(str(cause).split())[:400]
            self._kill(member)
            if not self._closed and not self._worn_out:
                self._create()
            self._turn.notify_all()

    def refresh(self) -> None:
        """Fill the places of those that died and were not followed on, for a case that may go better than the last."""
        with self._turn:
            for _ in range(self._plan.actors - len(self._living) - len(self._starting)):
                self._create()

    def close(self) -> None:
        """Free all actors; whoever waits for one gets none."""
        with self._turn:
            self._closed = True
            for member in (*self._living, *self._starting):
                self._kill(member)
            self._living, self._starting = [], []
            self._turn.notify_all()

    @property
    def _worn_out(self) -> bool:
        """Whether so many died in a row, without one reply between, that another would die too."""
        return self._in_a_row >= DEATHS + 2 * self._plan.actors

    def _create(self) -> None:
        if not self._living:
            self._since = time.monotonic()
        expected, told = self._driver()
        remote = self._ray.remote(Hand).options(
            num_cpus=self._plan.cpus,
            num_gpus=self._plan.gpus,
            max_restarts=0,
            max_concurrency=AT_ONCE,
            scheduling_strategy="DEFAULT" if self._plan.gpus else "SPREAD",
        )
        actor = remote.remote(self._spec, os.getcwd(), self._blind)
        hello, opened = actor.hello.remote(), actor.open.remote(told)
        self._starting.append(Member(actor=actor, hello=hello, opened=opened, expected=expected))

    def _look(self) -> None:
        """Take in those that have opened the model."""
        for member in tuple(self._starting):
            if not self._ray.wait([member.opened], timeout=0)[0]:
                continue
            try:
                said = self._ray.get(member.opened)
            except self._ray.exceptions.RayError as cause:
                self.bury(member, cause)
                continue
            self._starting.remove(member)
            member.greeting = self._same(member, said)
            self._living.append(member)

    def _same(self, member: Member, said: Greeting | Fault) -> Greeting:
        """What an actor said, if it opened the very model that the driver's is."""
        if isinstance(said, Fault):
            self._kill(member)
            raise ModelError(f"model {self._spec.name}: cannot be opened on the cluster ({said.kind} {said.text})")
        for what, got, due, do in (
            ("release of the suite", said.version, harness.__version__, "install the same release on every node"),
            ("model", said.fingerprint, member.expected, "give it the same files and the same torch and transformers"),
        ):
            if got != due:
                self._kill(member)
                raise ModelError(
                    f"model {self._spec.name}: node {said.node} holds another {what} ({got[:16]}), but should hold the "
                    f"one that this process has ({due[:16]}): {do}"
                )
        return said

    def _free(self, alone: bool, avoid: Member | None) -> Member | None:
        """The least busy of those that have a hand free, if it is for this caller."""
        if self._closed or (self._alone and not alone):
            return None
        others = [member for member in self._living if member is not avoid] or self._living
        free = [member for member in others if member.busy < (1 if alone else AT_ONCE)]
        return min(free, key=lambda member: member.busy, default=None)

    def _hold_out(self) -> None:
        """Refuse to wait any longer for room."""
        waited = time.monotonic() - self._since
        if self._living or waited < self._patience:
            return
        if any(self._ray.wait([member.hello], timeout=0)[0] for member in self._starting):
            return
        room = {name: held for name, held in self._ray.available_resources().items() if name in ("CPU", "GPU")}
        raise ModelError(
            f"--engine ray: no actor of {self._plan.gpus:g} GPU(s) and {self._plan.cpus:g} core(s) was started in "
            f"{waited:.0f} s, but one should be; free now: {room or 'nothing'}: end what else "
            "runs there, or ask for less"
        )

    def _kill(self, member: Member) -> None:
        self._ray.kill(member.actor)
