"""Actors that go wrong on the nodes of a cluster, and rows for them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.engine.hand import Hand
from harness.engine.parcel import Answered, Fault, Parcel
from harness.load import pixels
from harness.records import Reply, Row
from harness.tests.zoo_rows import choices

KILLS = "r0007"
"""The row that goes wrong."""


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
    """Ends its process on one row."""

    def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """End on that row."""
        if KILLS in parcel.ids:
            os._exit(1)
        return super().reply(parcel, *arrived)


def finishes(replies: Sequence[Reply]) -> list[str]:
    """How each reply ended."""
    return [reply.finish for reply in replies]
