"""All tries of one request: what may be transient is tried again, later and later, within one budget.

The client library can retry too, and is told not to. Its releases differ: older ones ignore a ``Retry-After`` of more
than a minute and ask again within eight seconds, newer ones give up on one of more than two; none looks into a body
that came back whole, and none says how often a request that failed was sent. Here one budget covers
connections, statuses and bodies alike, a wait that the server asks for is waited in full and by all lanes, and the
tries are counted.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Generic, TypeVar

from harness.errors import ModelError

Answer = TypeVar("Answer")

LONGEST = 60.0
"""Seconds between two tries, at most, where the server does not ask for more."""

PATIENCE = 600.0
"""Seconds that a server may ask to wait; a row that should wait longer has failed."""


class Trouble(ModelError):
    """One try that failed.

    Parameters
    ----------
    cause : str
        In one line.
    again : bool
        Whether another try may succeed.
    wait : float
        Seconds that the server asks to wait; 0 where it does not.
    deadly : bool
        Whether every other request will fail in the same way: a wrong key, an exhausted quota.
    request : str
        Id that the server gave the request; empty where it gave none.
    """

    def __init__(
        self, cause: str, *, again: bool = False, wait: float = 0.0, deadly: bool = False, request: str = ""
    ) -> None:
        super().__init__(cause)
        self.again = again and not deadly
        self.wait = wait
        self.deadly = deadly
        self.request = request


class GaveUp(ModelError):
    """A request that was not answered within its budget: the cause of the last try, seconds and tries."""

    def __init__(self, last: Trouble, seconds: float, tries: int) -> None:
        waits = f"; the server asks to wait {last.wait:.0f} s" if last.wait > PATIENCE else ""
        tried = f" ({tries} tries)" if tries > 1 else ""
        super().__init__(f"{last}{waits}{tried}")
        self.last = last
        self.seconds = seconds
        self.tries = tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Got(Generic[Answer]):
    """An answer, the seconds from the first try to the whole of it, and the tries."""

    answer: Answer
    seconds: float
    tries: int


class Patience:
    """The budget of every request, and the pause that a server asked all of them for. Safe in threads.

    Parameters
    ----------
    retries : int
        Tries after the first.
    backoff : float
        Seconds before the second try; doubled with each further one, up to ``LONGEST``, and shortened at random by
        up to a half, so that lanes which failed together do not come back together.
    """

    def __init__(self, retries: int, backoff: float) -> None:
        self._retries = retries
        self._backoff = backoff
        self._until = 0.0
        self._lock = threading.Lock()

    def ask(self, attempt: Callable[[], Answer]) -> Got[Answer]:
        """Call ``attempt`` until it answers.

        Parameters
        ----------
        attempt : callable
            Sends one request; raises Trouble.

        Raises
        ------
        GaveUp
            The trouble is not transient, or the tries are used up.
        """
        start = monotonic()
        for tries in range(1, self._retries + 2):
            self._pause()
            try:
                return Got(answer=attempt(), seconds=monotonic() - start, tries=tries)
            except Trouble as trouble:
                self._heed(trouble)
                if not trouble.again or tries > self._retries or trouble.wait > PATIENCE:
                    raise GaveUp(trouble, monotonic() - start, tries) from trouble
                shortened = 1 - random.random() / 2  # noqa: S311 - no secret
                own = min(LONGEST, self._backoff * 2.0 ** (tries - 1)) * shortened
                sleep(max(trouble.wait, own))
        raise GaveUp(Trouble("was never sent"), 0.0, 0)

    def _heed(self, trouble: Trouble) -> None:
        """Have the other lanes wait too, where the server asks for it."""
        if 0 < trouble.wait <= PATIENCE:
            with self._lock:
                self._until = max(self._until, monotonic() + trouble.wait)

    def _pause(self) -> None:
        """Wait out what another lane was asked for."""
        left = self._until - monotonic()
        if left > 0:
            sleep(left)


class Fuse:
    """Blows where asking on is in vain: on a deadly trouble, or on too many rows in succession without an answer.

    Parameters
    ----------
    most : int
        Rows in succession.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lost = 0
        self._lock = threading.Lock()
        self.blown = ""

    def renew(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._lost, self.blown = 0, ""

    def note(self, gone: GaveUp | None) -> None:
        """Take in how a row ended; None where it was answered."""
        with self._lock:
            if gone is None:
                self._lost = 0
                return
            self._lost += gone.last.again
            if gone.last.deadly:
                self.blown = f"the server refuses everything ({gone})"
            elif self._lost >= self._most:
                self.blown = f"the last {self._lost} rows were not answered ({gone})"
