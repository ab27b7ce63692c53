"""Which columns of n, counts, intervals and chance belong to which column of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.forensics.columns import SHARES, Column

# Topics of a column of n that are about all shares of the row.
_GENERAL = frozenset(("test", "eval", "qa", "all", "valid", "scored", "answered", "judged", "evaluated", "val", "of"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The columns that belong to one column of shares; None where there is none.

    Attributes
    ----------
    n, count, k, interval, low, high, margin, error, chance, options : Column or None
        By kind.
    """

    n: Column | None
    count: Column | None
    k: Column | None
    interval: Column | None
    low: Column | None
    high: Column | None
    margin: Column | None
    error: Column | None
    chance: Column | None
    options: Column | None


def links(share: Column, every: Sequence[Column]) -> Links:
    """Find the columns that belong to a column of shares.

    A column about the same thing comes first (``n_R`` for ``R %``). One about nothing in particular belongs to all
    shares where it holds n, options or chance, and to the nearest share where it holds counts or an interval: to the
    left of it, or the first to its right.
    """
    shares = [column for column in every if column.kind in SHARES]
    return Links(
        n=_shared("n", share, every, shares),
        count=_shared("count", share, every, shares),
        k=_owned("k", share, every, shares),
        interval=_owned("interval", share, every, shares),
        low=_owned("low", share, every, shares),
        high=_owned("high", share, every, shares),
        margin=_owned("margin", share, every, shares),
        error=_owned("error", share, every, shares),
        chance=_shared("chance", share, every, shares),
        options=_shared("options", share, every, shares),
    )


def _same(kind: str, share: Column, every: Sequence[Column]) -> Column | None:
    topic = set(share.topic)
    fitting = [column for column in every if column.kind == kind and column.topic and set(column.topic) <= topic]
    return max(fitting, key=lambda column: len(column.topic), default=None)


def _shared(kind: str, share: Column, every: Sequence[Column], shares: Sequence[Column]) -> Column | None:
    same = _same(kind, share, every)
    if same is not None:
        return same
    general = [column for column in every if column.kind == kind and set(column.topic) <= _GENERAL]
    if len(general) < 2 or len(shares) < 2:
        return general[0] if general else None
    return min(general, key=lambda column: (abs(column.at - share.at), column.at))


def _owned(kind: str, share: Column, every: Sequence[Column], shares: Sequence[Column]) -> Column | None:
    same = _same(kind, share, every)
    if same is not None:
        return same
    free = [
        column
        for column in every
        if column.kind == kind and not any(column.topic and set(column.topic) <= set(one.topic) for one in shares)
    ]
    return next((column for column in free if _owner(column, shares) is share), None)


def _owner(column: Column, shares: Sequence[Column]) -> Column:
    left = [share for share in shares if share.at < column.at]
    return left[-1] if left else shares[0]
