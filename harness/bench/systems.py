"""What takes part in a race: the loops, the suite, and what they are asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.bench import made
from harness.bench.rounds import Commands, Laps, System, race
from harness.bench.suite import Job
from harness.errors import UsageError
from harness.records import ModeName


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
    only : tuple of str
        Names of the systems that race; empty for all.
    """

    model: Path
    scratch: Path
    rows: int
    batch: int
    tokens: int
    repeats: int
    threads: int
    peers: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()

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

    def race(self, systems: Sequence[System], *, turning: bool = True) -> Laps:
        """Let those of the systems race that were asked for."""
        some = [system for system in systems if not self.only or system.name in self.only]
        if not some:
            names = ", ".join(system.name for system in systems)
            raise UsageError(f"--only {', '.join(self.only)}: no such system races here, but one should: {names}")
        return race(some, self.repeats, self.threads, turning=turning)


def work(sizes: Sizes, modes: Sequence[ModeName]) -> dict[str, Path]:
    """Work files of each mode, and of all under ``all``."""
    told = made.work(sizes.folder(), modes, sizes.tokens)
    files: dict[str, Path] = {}
    every: dict[str, object] = {name: {name: told[name]} for name in modes}
    for name, passes in {**every, "all": told}.items():
        files[name] = sizes.scratch / f"work-{sizes.rows}-{sizes.tokens}-{len(modes)}-{name}.json"
        files[name].write_text(json.dumps(passes), encoding="utf-8")
    return files


def loop(name: str, works: Sequence[Path], sizes: Sizes) -> Commands:
    """One process of a loop a work file."""
    command = [sys.executable, "-m", f"harness.bench.{name}"]
    return always([[*command, str(work), str(sizes.model), str(sizes.batch)] for work in works])


def always(commands: Sequence[Sequence[str]]) -> Commands:
    return lambda _: commands


def suite(
    sizes: Sizes,
    runs: Sequence[Sequence[ModeName]],
    kept: str,
    options: str = "",
    folder: Path | None = None,
    again: int = -1,
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
                canary=again,
            ).command(scratch, f"{kept}-{place}")
            for place, modes in enumerate(runs)
        ]

    return commands
