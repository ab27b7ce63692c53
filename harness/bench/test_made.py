"""The made rows as a bench, so that the suite runs them like any other; see harness/bench/suite.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.bench.made import BENCHMARK

if TYPE_CHECKING:
    from harness.interface import ClaimOf, Measure

__all__ = ["BENCHMARK"]


def test_bench(measure: Measure) -> None:
    measure().assert_reportable()


def test_bench_claim(claim: ClaimOf) -> None:
    claim().assert_supported()
