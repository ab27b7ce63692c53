"""Actors that go wrong in one way each, and rows for them; they are opened on the nodes of a test's own cluster."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.engine.hand import Hand
from harness.engine.parcel import Answered, Fault, Parcel
from harness.load import pixels
from harness.records import Reply, Row
from harness.tests.zoo_rows import choices

KILLS = "r0007"
"""The row that kills, or breaks, whatever is asked it."""


def rows(count: int) -> list[Row]:
    """Rows for the zoo whose pictures have the digest of their pixels, as loaded ones have."""
    return [
        replace(row, images=tuple(replace(ref, digest=pixels.digest(ref.open())) for ref in row.images))
        for row in choices(count)
    ]


class Slow(Hand):
    """Takes a while for each batch."""

    def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """Answer later."""
        time.sleep(0.15)
        return super().reply(parcel, *arrived)


class Killed(Hand):
    """Dies of one row."""

    def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """End the process on that row."""
        if KILLS in parcel.ids:
            os._exit(1)
        return super().reply(parcel, *arrived)


class Doomed(Hand):
    """Dies of everything."""

    def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """End the process."""
        os._exit(1)


class Ill(Hand):
    """Breaks on everything where it is the first of all to be asked, as one whose device is ill."""

    folder = ""

    def _batch(self, parcel: Parcel) -> list[Reply]:
        mark = Path(self.folder) / "first"
        with contextlib.suppress(FileExistsError), mark.open("x") as file:
            file.write(str(os.getpid()))
        if mark.read_text() == str(os.getpid()):
            raise RuntimeError("CUDA error: device-side assert triggered")
        return super()._batch(parcel)


class Breaks(Hand):
    """Raises an error on one row, wherever it is asked."""

    def _batch(self, parcel: Parcel) -> list[Reply]:
        if KILLS in parcel.ids:
            raise RuntimeError("the seventh\nbreaks")
        return super()._batch(parcel)


def finishes(replies: Sequence[Reply]) -> list[str]:
    """How each reply ended."""
    return [reply.finish for reply in replies]
