"""What a race showed: medians, ratios within rounds, equal replies; as a markdown table and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.bench.rounds import Laps, Ratio, equal, middle, ratio

FIGURES: Mapping[str, str] = {
    "wall": "wall s",
    "cpu": "CPU s",
    "first": "first reply s",
    "loop": "loop s",
    "waits": "model waits",
    "peak": "peak MB",
}
"""Figures of a lap by the title of their column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One question, answered.

    Attributes
    ----------
    question : str
        Such as ``one``.
    title : str
        In words, with the sizes.
    settings : mapping of str to Any
        Model, rows, batch and the like.
    laps : mapping of str to sequence of Lap
        Of each system.
    pairs : sequence of (str, str, str)
        Ratios to show: the slower system, the faster one, and the figure.
    same : sequence of (str, str)
        Systems whose replies must be the same.
    compared : sequence of (str, str)
        Systems whose equal replies are only counted.
    lines : sequence of str
        Said below the table.
    """

    question: str
    title: str
    settings: Mapping[str, Any]
    laps: Laps
    pairs: Sequence[tuple[str, str, str]] = ()
    same: Sequence[tuple[str, str]] = ()
    compared: Sequence[tuple[str, str]] = ()
    lines: Sequence[str] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Whether all replies that must be the same are."""
        return all(same == rows > 0 for same, rows in (equal(self.laps, *pair) for pair in self._ran(self.same)))

    def _ran(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those pairs of which both ran."""
        return [pair for pair in pairs if set(pair) <= self.laps.keys()]

    def ratios(self) -> list[tuple[str, str, str, Ratio]]:
        """Each pair with its ratio."""
        return [
            (slow, fast, figure, ratio(self.laps, slow, fast, figure))
            for slow, fast, figure in self.pairs
            if slow in self.laps and fast in self.laps
        ]

    def markdown(self) -> str:
        """Title, table of medians, ratios, equal replies."""
        rounds = len(next(iter(self.laps.values())))
        lines = [f"### {self.title}", "", f"Medians of {rounds} round(s).", ""]
        lines += ["| | " + " | ".join(FIGURES.values()) + " |", "|---|" + "---:|" * len(FIGURES)]
        lines += [
            f"| {name} | " + " | ".join(_shown(figure, middle(laps, figure)) for figure in FIGURES) + " |"
            for name, laps in self.laps.items()
        ]
        lines += ["", "| ratio | | median | smallest | largest |", "|---|---|---:|---:|---:|"] if self.pairs else []
        lines += [
            f"| {slow} / {fast} | {FIGURES[figure]} | {r.value:.2f} | {r.low:.2f} | {r.high:.2f} |"
            for slow, fast, figure, r in self.ratios()
        ]
        lines.append("")
        for one, other in self._ran((*self.same, *self.compared)):
            same, rows = equal(self.laps, one, other)
            lines.append(f"- replies of {one} and {other} equal in every round: {same} of {rows}")
        lines += [f"- {line}" for line in self.lines]
        return "\n".join(lines) + "\n"

    def plain(self) -> dict[str, Any]:
        """As JSON takes it, without the replies."""
        return {
            "question": self.question,
            "title": self.title,
            "machine": machine(),
            "settings": dict(self.settings),
            "systems": {
                name: [{k: v for k, v in asdict(lap).items() if k != "replies"} | {"waits": lap.waits} for lap in laps]
                for name, laps in self.laps.items()
            },
            "medians": {name: {f: middle(laps, f) for f in FIGURES} for name, laps in self.laps.items()},
            "ratios": [
                {"slow": slow, "fast": fast, "figure": figure, **asdict(r)} for slow, fast, figure, r in self.ratios()
            ],
            "equal": [
                {"one": one, "other": other, "same": found[0], "rows": found[1]}
                for one, other in self._ran((*self.same, *self.compared))
                for found in [equal(self.laps, one, other)]
            ],
            "ok": self.ok,
        }


def _shown(figure: str, value: float) -> str:
    if figure == "waits":
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if figure == "peak" else f"{value:.2f}"


def machine() -> dict[str, str]:
    """The machine and the versions that matter."""
    found = {"processor": _processor(), "cores": str(os.cpu_count()), "python": platform.python_version()}
    for package in ("torch", "transformers", "sightcheck"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def caption() -> str:
    """The machine in one line."""
    told = machine()
    return (
        f"{told['processor']}, {told['cores']} cores, Python {told['python']}, torch {told['torch']}, "
        f"transformers {told['transformers']}"
    )


def _processor() -> str:
    """Its name as the kernel has it, else as Python has it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
