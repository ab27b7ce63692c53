"""A stand-in for Ray whose actors are threads of this process, so that their deaths can be staged in no time.

It has what the engine uses of the library and nothing else. An actor dies by raising `Death`; then every call to it
raises ``RayActorError``, as Ray's do. Pending calls of an actor that was killed fail as well.
"""

from __future__ import annotations

import contextlib
import copy
import pickle
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any


class RayError(Exception):
    """Base of the library's errors."""


class RayActorError(RayError):
    """An actor is dead."""


class Death(BaseException):
    """Raised by an actor that dies."""


class Method:
    """A method of an actor."""

    def __init__(self, actor: Actor, name: str) -> None:
        self._actor, self._name = actor, name

    def remote(self, *sent: Any) -> Future[Any]:
        """Call it in a thread of the actor, with copies of what is sent."""
        return self._actor.submit(self._name, sent)


class Actor:
    """An object that lives in threads of its own; it waits to live until a core is free."""

    def __init__(self, room: threading.Semaphore, threads: int, make: Callable[[], Any]) -> None:
        self._room, self._make = room, make
        self._dead = threading.Event()
        self._alive: Any = None
        self._pool = ThreadPoolExecutor(max_workers=threads)
        self._birth, self._end = threading.Lock(), threading.Lock()
        self._pending: set[Future[Any]] = set()

    def __getattr__(self, name: str) -> Method:
        return Method(self, name)

    def submit(self, name: str, sent: Sequence[Any]) -> Future[Any]:
        """Call a method; the future fails at once where the actor dies meanwhile."""
        promise: Future[Any] = Future()
        self._pending.add(promise)
        copied = [pickle.loads(pickle.dumps(each)) for each in sent]  # noqa: S301 - made one line before

        def call() -> None:
            try:
                found = getattr(self._born(), name)(
                    *(get(each) if isinstance(each, Stored) else each for each in copied)
                )
            except Death as cause:
                self.die(str(cause))
            except BaseException as cause:
                _settle(promise, error=cause)
            else:
                _settle(promise, found)

        with self._end:
            if self._dead.is_set():
                _settle(promise, error=RayActorError("the actor died before"))
            else:
                self._pool.submit(call)
        return promise

    def die(self, why: str) -> None:
        """Die; whoever waits for an answer gets none, and the core is free."""
        with self._end:
            if self._dead.is_set():
                return
            self._dead.set()
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._alive is not None:
            self._room.release()
        for promise in tuple(self._pending):
            _settle(promise, error=RayActorError(f"the actor died: {why}"))

    def rest(self) -> None:
        """Wait until no thread of it runs any more."""
        self._pool.shutdown(wait=True)

    def _born(self) -> Any:
        with self._birth:
            while self._alive is None:
                if self._dead.is_set():
                    raise RayActorError("the actor died before it lived")
                if self._room.acquire(timeout=0.01):
                    self._alive = self._make()
            return self._alive


@dataclass(frozen=True, slots=True)
class Stored:
    """A reference into the store; unlike the call of a method it travels inside other things."""

    number: int


_STORE: dict[int, Any] = {}
_NUMBERS = count()


def put(value: Any) -> Stored:
    """Store a value."""
    stored = Stored(next(_NUMBERS))
    _STORE[stored.number] = value
    return stored


def get(found: Any) -> Any:
    """Wait for a result, or look a reference up."""
    return found.result(timeout=30) if isinstance(found, Future) else _STORE[found.number]


def library(cores: int = 2, gpus: int = 0, joined: Sequence[str] = ("127.0.0.1:6379",)) -> Any:
    """Return the library, joined to a cluster of one node unless ``joined`` is empty."""
    calls = list(joined)
    room = threading.Semaphore(cores)
    actors: list[Actor] = []

    def remote(cls: Callable[..., Any]) -> Any:
        def options(**chosen: Any) -> Any:
            def create(*given: Any) -> Actor:
                made = Actor(room, int(chosen["max_concurrency"]), lambda: cls(*copy.deepcopy(given)))
                actors.append(made)
                return made

            return SimpleNamespace(remote=create)

        return SimpleNamespace(options=options)

    def ready(futures: Sequence[Future[Any]], num_returns: int = 1, timeout: float | None = None) -> Any:
        done = wait(futures, timeout=timeout, return_when=FIRST_COMPLETED if num_returns == 1 else "ALL_COMPLETED").done
        return [each for each in futures if each in done], [each for each in futures if each not in done]

    def end() -> None:
        for actor in actors:
            actor.die("the test is over")
        for actor in actors:
            actor.rest()

    held = {"CPU": float(cores), "GPU": float(gpus), "object_store_memory": 1e8}
    node = {"Alive": True, "NodeID": "0" * 56, "NodeManagerHostname": "here", "Resources": held}
    context = SimpleNamespace(get_node_id=lambda: "0" * 56, gcs_address="127.0.0.1:6379")
    return SimpleNamespace(
        __version__="2.60.0",
        actors=actors,
        available_resources=lambda: {"CPU": 0.0, "memory": 1.0},
        cluster_resources=lambda: held,
        end=end,
        exceptions=SimpleNamespace(RayError=RayError),
        get=get,
        get_runtime_context=lambda: context,
        init=lambda address, **_: calls.append(address),
        is_initialized=lambda: bool(calls),
        kill=lambda actor: actor.die("killed"),
        nodes=lambda: [node],
        put=put,
        remote=remote,
        shutdown=calls.clear,
        joined=calls,
        wait=ready,
    )


def _settle(promise: Future[Any], value: Any = None, error: BaseException | None = None) -> None:
    """Settle a promise that nobody has settled yet."""
    with contextlib.suppress(InvalidStateError):  # it has failed meanwhile, and nobody listens
        promise.set_exception(error) if error is not None else promise.set_result(value)
