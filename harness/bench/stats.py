"""``python -m harness.bench.stats``: what the statistics cost, on made points and on one thread.

Three questions: how long a table of many models, modes and rows takes to become estimates, slices and differences;
whether twice the rows take twice the time; and how many times faster the cluster bootstrap is than the same algorithm
as a plain loop. Times are seconds of CPU of this process, so that others on the machine do not count. Nothing is
asserted about them.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from harness.bench.clock import Clock

if TYPE_CHECKING:
    from harness.stats.table import Table

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MODES = ("image_text", "text_only", "shuffled", "blank", "options_only", "image_options", "rotation_1")
SLICES = ("modality", "body_system", "task")
ROWS_A_CLUSTER = 5
VALUES_A_SLICE = 6
DRAWS = 10_000


def main(arguments: Sequence[str]) -> int:
    """Measure and print one table of each question."""
    asked = _parser().parse_args(arguments)
    sys.stdout.write(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one thread; "
        f"{asked.models} models x {asked.modes} modes, {ROWS_A_CLUSTER} rows a cluster on average, {len(SLICES)} "
        f"slices of {VALUES_A_SLICE} values, {asked.draws} draw(s) of each row in the mode shuffled\n\n"
    )
    # The first call imports libraries, which no row should be charged with.
    _, few, many = (_timed(rows, asked) for rows in (100, asked.rows, 2 * asked.rows))
    sys.stdout.write(_steps(asked.rows, few, many) + "\n")
    sys.stdout.write(_resampling(asked) + "\n")
    return 0


# --------------------------------------------------------------------------- from a table to its numbers


def estimates(table: Table) -> None:
    """Every case."""
    table.estimates()


def slices(table: Table) -> None:
    """Every slice of every case."""
    for name in SLICES:
        table.slices(name)


def differences(table: Table) -> None:
    """Within each model every mode against the first, and in the first mode every model against the first."""
    models, modes = ([*dict.fromkeys(names)] for names in zip(*table.columns, strict=True))
    for model in models:
        for mode in modes[1:]:
            table.differences((model, modes[0]), (model, mode))
    for model in models[1:]:
        table.differences((model, modes[0]), (models[0], modes[0]))


def claims(table: Table) -> None:
    """The claims of every model, one family, with its ladder and its patterns."""
    from harness.bench import judging

    judging.claims(table)


STEPS: dict[str, Callable[[Table], None]] = {
    "estimates": estimates,
    "slices": slices,
    "paired tests": differences,
    "claims": claims,
}


def _timed(rows: int, asked: argparse.Namespace) -> dict[str, float]:
    """Seconds of each step over so many rows, and the peak memory so far."""
    from harness.stats.table import Table

    frame = made(rows, asked)
    with Clock() as clock:
        table = Table.of(frame)
    seconds = {"table": clock.told()["cpu"]}
    for name, step in STEPS.items():
        with Clock() as clock:
            step(table)
        seconds[name] = clock.told()["cpu"]
    seconds["all"] = sum(seconds.values())
    return {**seconds, "peak MB": clock.told()["peak"]}


def made(rows: int, asked: argparse.Namespace) -> Any:
    """A long table of points, the same at every call."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(asked.seed)
    images = rng.integers(0, max(2, rows // ROWS_A_CLUSTER), rows)
    luck = rng.normal(0, 0.1, images.max() + 1)[images]
    of_row = {"row": [f"row-{place}" for place in range(rows)], "cluster": [f"image-{image}" for image in images]}
    of_row |= {name: [f"{name}-{place}" for place in rng.integers(0, VALUES_A_SLICE, rows)] for name in SLICES}
    blocks = []
    for model in range(asked.models):
        for mode in MODES[: asked.modes]:
            for seed in range(asked.draws if mode == "shuffled" else 1):
                points = (rng.random(rows) < 0.6 + luck).astype(float)
                told = {"model": f"model-{model}", "mode": mode, "seed": seed, "status": "read", "points": points}
                blocks.append(pd.DataFrame({**of_row, **told}))
    return pd.concat(blocks, ignore_index=True)


def _steps(rows: int, few: dict[str, float], many: dict[str, float]) -> str:
    lines = [f"| CPU s | {rows:,} rows | {2 * rows:,} rows | ratio |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {few[name]:.2f} | {many[name]:.2f} | {many[name] / few[name]:.2f} |" for name in few]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------ the bootstrap, twice


def loop(points: Sequence[float], clusters: Sequence[int], draws: int, seed: int) -> list[tuple[float, float]]:
    """Mean and CR1 error of each resample of clusters, in plain Python: sums over the drawn clusters, one by one."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    names = sorted(set(clusters))
    sums, sizes = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0)
    for point, cluster in zip(points, clusters, strict=True):
        sums[cluster] += point
        sizes[cluster] += 1
    found = []
    for _ in range(draws):
        s = m = ss = sm = mm = 0.0
        for name in chance.choices(names, k=len(names)):
            s += sums[name]
            m += sizes[name]
            ss += sums[name] ** 2
            sm += sums[name] * sizes[name]
            mm += sizes[name] ** 2
        mean = s / m
        squares = max(0.0, ss - 2 * mean * sm + mean**2 * mm)
        found.append((mean, (squares * len(names) / (len(names) - 1)) ** 0.5 / m))
    return found


def _resampling(asked: argparse.Namespace) -> str:
    """The ratio of both ways, for points of 0 and 1 and for points of any size."""
    import numpy as np

    rng = np.random.default_rng(asked.seed)
    clusters = rng.integers(0, max(2, asked.rows // ROWS_A_CLUSTER), asked.rows)
    kinds = {"0 or 1": (rng.random(asked.rows) < 0.6).astype(float), "of any size": rng.random(asked.rows)}
    lines = [
        f"| cluster bootstrap, {DRAWS:,} resamples of {asked.rows:,} rows | CPU s | plain loop, CPU s | ratio |",
        "|---|---:|---:|---:|",
    ]
    for name, points in kinds.items():
        fast, slow = _both(points, clusters, asked)
        lines.append(f"| points {name} | {fast:.3f} | {slow:.1f} | {slow / fast:.0f} |")
    told = f"The plain loop was measured over {asked.loop} resamples and scaled to {DRAWS:,}; best of three of either."
    return "\n".join([*lines, "", told]) + "\n"


def _both(points: Any, clusters: Any, asked: argparse.Namespace) -> tuple[float, float]:
    """Seconds of all resamples by the vectorised bootstrap and by the loop, scaled; the best of three of either."""
    from harness.stats.bootstrap import bootstrap

    fast, slow = [], []
    for _ in range(3):
        with Clock() as clock:
            bootstrap(points, clusters, draws=DRAWS, seed=asked.seed)
        fast.append(clock.told()["cpu"])
        with Clock() as clock:
            loop(points.tolist(), clusters.tolist(), asked.loop, asked.seed)
        slow.append(clock.told()["cpu"] * DRAWS / asked.loop)
    return min(fast), min(slow)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.bench.stats", description="What the statistics cost.")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each model and mode; doubled for the ratio")
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--modes", type=int, default=len(MODES), help=f"at most {len(MODES)}")
    parser.add_argument("--draws", type=int, default=1, help="seeds of the mode shuffled")
    parser.add_argument("--loop", type=int, default=100, help="resamples of the plain loop, which is scaled")
    parser.add_argument("--seed", type=int, default=1, help="of the made points")
    return parser


if __name__ == "__main__":
    # Before numpy is imported, which reads them once
    os.environ.update(dict.fromkeys(THREADS, "1"))
    sys.exit(main(sys.argv[1:]))
