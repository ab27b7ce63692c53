"""What a bench is given: the fixtures as its tests see them."""

from __future__ import annotations

from typing import Protocol


class Reportable(Protocol):
    """What ``measure()`` returns."""

    def assert_reportable(self) -> None:
        """Fail unless the number may be reported."""


class Judged(Protocol):
    """What ``claim()`` and ``control()`` return."""

    def assert_supported(self) -> None:
        """Fail unless the claim is supported."""

    def assert_refused(self) -> None:
        """Fail unless the claim was judged, and not supported."""


class Gated(Protocol):
    """What ``gate()`` returns."""

    def assert_passed(self) -> None:
        """Fail unless the candidate passes the gate."""


class Compared(Protocol):
    """What ``equivalence()`` returns."""

    def assert_equivalent(self) -> None:
        """Fail unless two engines are shown to read these rows alike."""


class Measure(Protocol):
    """The fixture ``measure``: runs one case."""

    def __call__(self) -> Reportable:
        """Measure, or skip with the reason why not."""


class ClaimOf(Protocol):
    """The fixtures ``claim`` and ``control``: judge one claim about one model."""

    def __call__(self) -> Judged:
        """Judge, measuring what is needed."""


class GateOf(Protocol):
    """The fixture ``gate``: holds a candidate against the baseline."""

    def __call__(self) -> Gated:
        """Judge, measuring what is needed."""


class EquivalenceOf(Protocol):
    """The fixture ``equivalence``: holds two engines of one checkpoint against each other, row by row."""

    def __call__(self) -> Compared:
        """Compare, measuring what is needed."""
