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

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import mode
from harness.bench import big, made
from harness.bench.rounds import Commands, System, race
from harness.bench.suite import Job
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

ONE_AT_A_TIME = ("VLMEvalKit",)
"""Suites that take no batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a question is asked with.

    Attributes
    ----------
    model : Path
        Folder of the checkpoint.
    scratch : Path
        Folder for rows and results.
    rows, batch, tokens, repeats, threads : int
        Rows, rows a batch, tokens a reply, rounds, threads of every process (0: as each system takes by itself).
    peers : mapping of str to str
        Other suites -> interpreters in which they are installed.
    """

    model: Path
    scratch: Path
    rows: int
    batch: int
    tokens: int
    repeats: int
    threads: int
    peers: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """For the JSON."""
        named = {"rows": self.rows, "batch": self.batch, "tokens": self.tokens, "threads": self.threads}
        return {"model": self.model.name, **named, "rounds": self.repeats}

    def folder(self) -> Path:
        """The made rows, written once."""
        where = self.scratch / f"rows-{self.rows}"
        return where if where.is_dir() else made.write(where, self.rows)

    def shown(self) -> str:
        """For titles."""
        threads = f", {self.threads} thread(s)" if self.threads else ""
        return f"{self.rows} rows, checkpoint {self.model.name}, batches of {self.batch}{threads}"


def one(sizes: Sizes, modes: Sequence[ModeName] = ("image_text",)) -> Told:
    """The suite against the plain and the fastest loop, in one mode."""
    work = _work(sizes, modes)["all"]
    systems = [
        System(name="bare loop", commands=_loop("bare", [work], sizes)),
        System(name="best loop", commands=_loop("best", [work], sizes)),
        System(name="suite", commands=_suite(sizes, [modes], "suite")),
    ]
    return Told(
        question="one",
        title=f"One mode: {sizes.shown()}",
        settings=sizes.told(),
        laps=race(systems, sizes.repeats, sizes.threads),
        pairs=[(loop, "suite", figure) for loop in ("bare loop", "best loop") for figure in ("wall", "cpu", "loop")],
        same=[("bare loop", "best loop"), ("bare loop", "suite")],
    )


def ladder(sizes: Sizes) -> Told:
    """All modes in one run against each alone, by either loop and by the suite itself without reuse."""
    works = _work(sizes, LADDER)
    alone = [works[name] for name in LADDER]
    each = [[name] for name in LADDER]
    systems = [
        System(name="bare loop, alone", commands=_loop("bare", alone, sizes)),
        System(name="best loop, alone", commands=_loop("best", alone, sizes)),
        System(name="best loop, one process", commands=_loop("best", [works["all"]], sizes)),
        System(name="suite, alone, no reuse", commands=_suite(sizes, each, "alone", "?reuse=off")),
        System(name="suite, no reuse", commands=_suite(sizes, [LADDER], "off", "?reuse=off")),
        System(name="suite", commands=_suite(sizes, [LADDER], "suite")),
    ]
    names = [system.name for system in systems[:-1]]
    return Told(
        question="ladder",
        title=f"{len(LADDER)} passes, modes and rotations: {sizes.shown()}",
        settings={**sizes.told(), "passes": list(LADDER)},
        laps=race(systems, sizes.repeats, sizes.threads),
        pairs=[(name, "suite", figure) for name in names for figure in ("wall", "cpu", "loop")],
        same=[(name, "suite") for name in names],
    )


def likelihood(sizes: Sizes) -> Told:
    """The suite's generated answers against its answers by likelihood."""
    modes: Sequence[ModeName] = ("image_text",)
    systems = [
        System(name="generation", commands=_suite(sizes, [modes], "generated")),
        System(name="likelihood", commands=_suite(sizes, [modes], "likelihood", "?answer=likelihood")),
    ]
    return Told(
        question="likelihood",
        title=f"Likelihood against {sizes.tokens} generated tokens: {sizes.shown()}",
        settings=sizes.told(),
        laps=race(systems, sizes.repeats, sizes.threads),
        pairs=[("generation", "likelihood", figure) for figure in ("wall", "cpu", "loop")],
    )


def again(sizes: Sizes) -> Told:
    """A run of the whole ladder, and the same run again over its ledger."""
    systems = [
        System(name="first run", commands=_suite(sizes, [LADDER], "kept")),
        System(name="the same again", commands=_suite(sizes, [LADDER], "kept")),
    ]
    return Told(
        question="again",
        title=f"A finished run of {len(LADDER)} passes, asked again: {sizes.shown()}",
        settings=sizes.told(),
        laps=race(systems, sizes.repeats, sizes.threads, turning=False),
        pairs=[("first run", "the same again", figure) for figure in ("wall", "cpu")],
        same=[("first run", "the same again")],
    )


def pictures(sizes: Sizes) -> Told:
    """Pictures of 12 megapixels through the suite: what memory does, and whether the model waits for them."""
    folder = sizes.scratch / f"big-{sizes.rows}"
    if not folder.is_dir():
        big.write(folder, sizes.rows)
    systems = [System(name="suite", commands=_suite(sizes, [["image_text"]], "big", folder=folder))]
    laps = race(systems, sizes.repeats, sizes.threads)
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
    work = _work(sizes, ("image_text",))["all"]
    systems = [
        System(name="bare loop", commands=_loop("bare", [work], sizes)),
        System(name="best loop", commands=_loop("best", [work], sizes)),
        System(name="sightcheck", commands=_suite(sizes, [["image_text"]], "suite")),
    ]
    taken = [name for name in sizes.peers if sizes.batch == 1 or name not in ONE_AT_A_TIME]
    for name in taken:
        command = [sizes.peers[name], "-m", f"harness.bench.peers.{PEERS[name]}", str(work), str(sizes.model)]
        systems.append(System(name=name, commands=_always([[*command, str(sizes.batch)]])))
    left = [f"{name} takes no batches" for name in sizes.peers if name not in taken]
    left += [f"{name} was not given, so it is left out" for name in PEERS if name not in sizes.peers]
    return Told(
        question="peers",
        title=f"Other suites: {sizes.shown()}",
        settings=sizes.told(),
        laps=race(systems, sizes.repeats, sizes.threads),
        pairs=[(name, "sightcheck", figure) for name in taken for figure in ("wall", "cpu", "first")],
        same=[("bare loop", "sightcheck")],
        compared=[("bare loop", name) for name in taken],
        lines=left,
    )


def _work(sizes: Sizes, modes: Sequence[ModeName]) -> dict[str, Path]:
    """Work files of each mode, and of all under ``all``."""
    told = made.work(sizes.folder(), modes, sizes.tokens)
    files: dict[str, Path] = {}
    every: dict[str, object] = {name: {name: told[name]} for name in modes}
    for name, passes in {**every, "all": told}.items():
        files[name] = sizes.scratch / f"work-{sizes.rows}-{sizes.tokens}-{len(modes)}-{name}.json"
        files[name].write_text(json.dumps(passes), encoding="utf-8")
    return files


def _loop(name: str, works: Sequence[Path], sizes: Sizes) -> Commands:
    """One process of a loop a work file."""
    command = [sys.executable, "-m", f"harness.bench.{name}"]
    return _always([[*command, str(work), str(sizes.model), str(sizes.batch)] for work in works])


def _always(commands: Sequence[Sequence[str]]) -> Commands:
    return lambda _: commands


def _suite(
    sizes: Sizes, runs: Sequence[Sequence[ModeName]], kept: str, options: str = "", folder: Path | None = None
) -> Commands:
    """One run of the suite a list of modes, each with a ledger of its own in every round."""

    def commands(scratch: Path) -> list[list[str]]:
        return [
            Job(
                rows=str(folder or sizes.folder()),
                model=f"hf:{sizes.model}{options}",
                modes=tuple(modes),
                batch=sizes.batch,
                tokens=sizes.tokens,
                kept=str(scratch / f"{kept}-{place}"),
            ).command(scratch, f"{kept}-{place}")
            for place, modes in enumerate(runs)
        ]

    return commands
