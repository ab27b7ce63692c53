"""The benchmark of the statistics measures what it says: both ways of resampling are the same algorithm."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from harness.bench import stats as bench
from harness.stats.bootstrap import bootstrap
from harness.stats.table import Table


def test_the_plain_loop_and_the_bootstrap_are_the_same_algorithm() -> None:
    rng = np.random.default_rng(1)
    points, clusters = rng.integers(0, 2, 200).astype(float), rng.integers(0, 40, 200)
    found = bootstrap(points, clusters, level=0.9, seed=1)
    means, errors = zip(*bench.loop(points.tolist(), clusters.tolist(), 4000, 1), strict=True)
    width = found.percentile[1] - found.percentile[0]
    assert np.quantile(means, [0.05, 0.95]) == pytest.approx(found.percentile, abs=0.06 * width)
    t = (np.array(means) - found.value) / np.array(errors)
    assert np.quantile(t, 0.95) - np.quantile(t, 0.05) == pytest.approx(2 * 1.7, abs=0.3)


def test_the_made_table_is_the_same_at_every_call_and_is_accepted() -> None:
    asked = argparse.Namespace(models=2, modes=3, draws=2, seed=1)
    one, other = bench.made(100, asked), bench.made(100, asked)
    assert one.equals(other)
    table = Table.of(one)
    assert len(table.columns) == 6
    assert len(one) == 2 * (2 + 2) * 100
    for step in bench.STEPS.values():
        step(table)


def test_the_benchmark_prints_a_line_for_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--rows", "300", "--models", "2", "--modes", "3", "--loop", "3"]) == 0
    told = capsys.readouterr().out
    for step in ("table", *bench.STEPS, "all", "peak MB", "points 0 or 1", "points of any size"):
        assert f"| {step} |" in told
    assert "measured over 3 resamples and scaled to 10,000" in told
