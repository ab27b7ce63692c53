"""Work that is begun in threads before it is wanted, a bounded number of pieces ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")


def ahead(
    begin: Callable[[Piece], Future[Done]], pieces: Iterable[Piece], most: int
) -> Generator[tuple[Piece, Future[Done]], None, None]:
    """Hand out pieces in order, each when ``most`` further ones were begun; what is left at an early end is cancelled.

    Parameters
    ----------
    begin : callable
        Submits the work of a piece.
    pieces : iterable
        In the order in which they are wanted.
    most : int
        Pieces that may be ready beside the one that is handed out.
    """
    waiting: deque[tuple[Piece, Future[Done]]] = deque()
    try:
        for piece in pieces:
            waiting.append((piece, begin(piece)))
            if len(waiting) > most:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for _, future in waiting:
            future.cancel()
