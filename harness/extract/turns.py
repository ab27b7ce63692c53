"""Which of several turns of a reply is read: the last one that can be."""

from __future__ import annotations

from collections.abc import Callable

from harness.extract.clean import Cleaned, Turn
from harness.records import Read, Unread


def last_read(taken: Cleaned, read: Callable[[Turn], Read | Unread]) -> Read | Unread:
    """Return the reading of the last turn that can be read, or the plainest reason why none can.

    An empty reply behind an echoed prompt is an echo.
    """
    why = []
    for turn in reversed(taken.turns):
        got = read(turn)
        if isinstance(got, Read):
            return got
        why.append(got.why)
    if taken.prompt and why == ["empty"]:
        return Unread("echo")
    return Unread(next((reason for reason in why if reason not in ("none", "empty")), why[0]))
