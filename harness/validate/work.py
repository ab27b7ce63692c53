"""Jobs on at most two processes: each has a seed of its own, so that neither their order nor their number matters."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from harness.validate.cell import Found

Progress = Callable[[int, int, str], None]
"""Told the jobs that are done, all jobs, and the one that was done last."""

PROCESSES = 2

# numpy asks for as many threads as there are cores when it is imported, so workers are told before they start
_SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A part of the work.

    Attributes
    ----------
    section : str
        Of the page.
    name : str
        Different from that of every other job of the section; the seed depends on it.
    sims : int
        Sets to simulate.
    measure : callable
        Takes a generator and the number of sets; defined at module level, so that another process can find it.
    """

    section: str
    name: str
    sims: int
    measure: Callable[[np.random.Generator, int], Found]


def generator(seed: int, job: Job) -> np.random.Generator:
    """Return the random numbers of a job: of the seed and of its name alone."""
    return np.random.default_rng([seed, zlib.crc32(f"{job.section}|{job.name}".encode())])


def done(jobs: Sequence[Job], seed: int, processes: int, progress: Progress) -> list[Found]:
    """Do all jobs and return what they found, in the order of the jobs.

    Parameters
    ----------
    processes : int
        At most `PROCESSES`; with 1 everything happens in this one.
    """
    found: dict[int, Found] = {}
    started = time.monotonic()
    for place, one in _any_order(jobs, seed, min(processes, PROCESSES)):
        found[place] = one
        progress(len(found), len(jobs), f"{jobs[place].name}, {time.monotonic() - started:.0f} s")
    return [found[place] for place in range(len(jobs))]


def _any_order(jobs: Sequence[Job], seed: int, processes: int) -> Iterator[tuple[int, Found]]:
    if processes == 1:
        yield from ((place, _one(job, seed)) for place, job in enumerate(jobs))
        return
    before = {name: os.environ.get(name) for name in _SINGLE}
    os.environ.update(dict.fromkeys(_SINGLE, "1"))
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            waiting = {pool.submit(_one, job, seed): place for place, job in enumerate(jobs)}
            for future in as_completed(waiting):
                yield waiting[future], future.result()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def _one(job: Job, seed: int) -> Found:
    return job.measure(generator(seed, job), job.sims)
