"""The questions of the benchmark, and the systems that each lets race.

======================  =============================================================================================
one                     one mode: the suite against the plain loop and the fastest loop that we can write
ladder                  every mode and rotation in one run against its passes run alone
likelihood              answers by likelihood against generated ones
again                   a finished run, asked again
pictures                pictures of 12 megapixels: memory from first to last row, and whether the model waits
peers                   other evaluation suites on the same checkpoint and rows
======================  =============================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from harness import canary, mode
from harness.bench import big, made
from harness.bench.rounds import System
from harness.bench.systems import Sizes, always, loop, suite, work
from harness.bench.told import Told
from harness.records import ModeName

LADDER = mode.offered(options=5, strata=made.BENCHMARK.strata)
PEERS: Mapping[str, str] = {
    "lmms-eval": "lmms",
    "lm-eval": "lmeval",
    "Inspect": "inspection",
    "VLMEvalKit": "vlmevalkit",
}
"""Other suites by the file that runs them."""

PROVEN = "suite, rows asked again"
SAID = (
    f"the suite asks no row twice here, as the loops do not; '{PROVEN}' is the suite as it comes: of every case up to "
    f"{canary.SIZE} rows are asked again alone, to prove the batches"
)

ASKED_AGAIN = f"in the time of sightcheck up to {canary.SIZE} rows are asked again alone, to prove the batches"

LOOPS = ("bare loop", "best loop")
"""What anybody could write for the same rows: plainly, and as fast as we can."""

ONE_AT_A_TIME = ("VLMEvalKit",)
"""Suites that take no batches."""


def one(sizes: Sizes, modes: Sequence[ModeName] = ("image_text",)) -> Told:
    """The suite against the plain and the fastest loop, in one mode."""
    rows = work(sizes, modes)["all"]
    systems = [
        System(name="bare loop", commands=loop("bare", [rows], sizes)),
        System(name="best loop", commands=loop("best", [rows], sizes)),
        System(name="suite", commands=suite(sizes, [modes], "suite", again=0)),
        System(name=PROVEN, commands=suite(sizes, [modes], "proven")),
    ]
    return Told(
        question="one",
        title=f"One mode: {sizes.shown()}",
        settings=sizes.told(),
        laps=sizes.race(systems),
        pairs=[(name, "suite", figure) for name in LOOPS for figure in ("wall", "cpu", "loop")],
        same=[("bare loop", "best loop"), ("bare loop", "suite"), ("bare loop", PROVEN)],
        lines=[SAID],
    )


def ladder(sizes: Sizes) -> Told:
    """All modes in one run against each alone, by either loop and by the suite itself without reuse."""
    works = work(sizes, LADDER)
    alone = [works[name] for name in LADDER]
    each = [[name] for name in LADDER]
    systems = [
        System(name="bare loop, alone", commands=loop("bare", alone, sizes)),
        System(name="best loop, alone", commands=loop("best", alone, sizes)),
        System(name="best loop, one process", commands=loop("best", [works["all"]], sizes)),
        System(name="suite, alone, no reuse", commands=suite(sizes, each, "alone", "?reuse=off", again=0)),
        System(name="suite, no reuse", commands=suite(sizes, [LADDER], "off", "?reuse=off", again=0)),
        System(name="suite", commands=suite(sizes, [LADDER], "suite", again=0)),
        System(name=PROVEN, commands=suite(sizes, [LADDER], "proven")),
    ]
    names = [system.name for system in systems[:-2]]
    return Told(
        question="ladder",
        title=f"{len(LADDER)} passes, modes and rotations: {sizes.shown()}",
        settings={**sizes.told(), "passes": list(LADDER)},
        laps=sizes.race(systems),
        pairs=[(name, "suite", figure) for name in names for figure in ("wall", "cpu", "loop")],
        same=[(name, "suite") for name in (*names, PROVEN)],
        lines=[SAID],
    )


def likelihood(sizes: Sizes) -> Told:
    """The suite's generated answers against its answers by likelihood."""
    modes: Sequence[ModeName] = ("image_text",)
    systems = [
        System(name="generation", commands=suite(sizes, [modes], "generated", again=0)),
        System(name="likelihood", commands=suite(sizes, [modes], "likelihood", "?answer=likelihood", again=0)),
    ]
    return Told(
        question="likelihood",
        title=f"Likelihood against {sizes.tokens} generated tokens: {sizes.shown()}",
        settings=sizes.told(),
        laps=sizes.race(systems),
        pairs=[("generation", "likelihood", figure) for figure in ("wall", "cpu", "loop")],
    )


def again(sizes: Sizes) -> Told:
    """A run of the whole ladder, and the same run again over its ledger."""
    systems = [
        System(name="first run", commands=suite(sizes, [LADDER], "kept")),
        System(name="the same again", commands=suite(sizes, [LADDER], "kept")),
    ]
    laps = sizes.race(systems, turning=False)
    inside = [median(lap.more["ran"] for lap in some) for some in laps.values()]
    return Told(
        question="again",
        title=f"A finished run of {len(LADDER)} passes, asked again: {sizes.shown()}",
        settings=sizes.told(),
        laps=laps,
        pairs=[("first run", "the same again", figure) for figure in ("wall", "cpu")],
        same=[("first run", "the same again")],
        lines=[f"inside of pytest: {' s, '.join(f'{seconds:.2f}' for seconds in inside)} s"],
    )


def pictures(sizes: Sizes) -> Told:
    """Pictures of 12 megapixels through the suite: what memory does, and whether the model waits for them."""
    folder = sizes.scratch / f"big-{sizes.rows}"
    if not folder.is_dir():
        big.write(folder, sizes.rows)
    systems = [System(name="suite", commands=suite(sizes, [["image_text"]], "big", folder=folder))]
    laps = sizes.race(systems)
    seen = laps["suite"][-1].more["memory"]
    early = max((held for replies, held in seen if replies <= big.EARLY), default=0.0)
    late = max((held for replies, held in seen if replies > big.EARLY), default=early)
    return Told(
        question="pictures",
        title=f"Pictures of 12 megapixels: {sizes.shown()}",
        settings=sizes.told(),
        laps=laps,
        lines=[
            f"largest memory up to row {big.EARLY}: {early:.0f} MB, after it: {late:.0f} MB",
            f"the model waited for its rows in {100 * laps['suite'][-1].waits:.1f} % of the time from its first call",
        ],
    )


def peers(sizes: Sizes) -> Told:
    """Every given suite against this one."""
    rows = work(sizes, ("image_text",))["all"]
    systems = [
        System(name="bare loop", commands=loop("bare", [rows], sizes)),
        System(name="best loop", commands=loop("best", [rows], sizes)),
        System(name="sightcheck", commands=suite(sizes, [["image_text"]], "suite")),
    ]
    taken = [name for name in sizes.peers if sizes.batch == 1 or name not in ONE_AT_A_TIME]
    for name in taken:
        command = [sizes.peers[name], "-m", f"harness.bench.peers.{PEERS[name]}", str(rows), str(sizes.model)]
        systems.append(System(name=name, commands=always([[*command, str(sizes.batch)]])))
    left = [f"{name} takes no batches" for name in sizes.peers if name not in taken]
    left += [f"{name} was not given, so it is left out" for name in PEERS if name not in sizes.peers]
    return Told(
        question="peers",
        title=f"Other suites: {sizes.shown()}",
        settings=sizes.told(),
        laps=sizes.race(systems),
        pairs=[(name, "sightcheck", figure) for name in (*LOOPS, *taken) for figure in ("wall", "cpu", "first")],
        compared=[("bare loop", name) for name in ("sightcheck", *taken)],
        lines=[ASKED_AGAIN, *left],
    )
