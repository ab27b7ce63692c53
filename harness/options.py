"""What the command line asked for, checked, as one frozen record. No pytest in here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import spec
from harness.errors import UsageError
from harness.limits import Limits
from harness.planned import Settings
from harness.records import ModelSpec, ModeName

EMBEDDED = Path(__file__).parents[1] / "fixtures" / "embedded"
SIGHTED = f"sighted=hf:{EMBEDDED / 'sighted'}"
BLIND = f"blind=hf:{EMBEDDED / 'blind'}"
POLICIES = ("not_worse", "better")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A checked command line.

    Attributes
    ----------
    models : tuple of ModelSpec
        Measured, and held to every claim.
    controls : tuple of ModelSpec
        Measured, and known not to see: the claims of sight must be refused.
    baseline : ModelSpec or None
        What every model is gated against.
    modes : tuple of ModeName
        Asked for; empty for all that a benchmark offers.
    data : mapping of str to Path
        Benchmark -> folder, from ``--data``.
    data_dir : Path or None
        Folder of folders, from ``--data-dir``.
    splits : mapping of str to str
        Benchmark -> split, from ``--split``.
    download, rescore : bool
        Fetch what is missing; recompute from the ledger without a model.
    require : tuple of str
        Benchmarks whose skip is a failure.
    policy : str
        Of the release gate.
    settings : Settings
        Of the measurements.
    limits : Limits
        Declared before the run.
    ledger, reports : Path
        Folders.
    run : str
        Name of the run; empty for one made of the time.
    quoted : Path or None
        Published numbers to list beside the run's own.
    plan : bool
        Say what the rows could show, and ask nothing.
    equivalent : ModelSpec or None
        The same checkpoint by another engine, which every model is held against row by row.
    engine : str
        What asks the models: empty for this process, else as `harness.engine.open_engine` takes it.
    """

    models: tuple[ModelSpec, ...]
    controls: tuple[ModelSpec, ...]
    baseline: ModelSpec | None
    modes: tuple[ModeName, ...]
    data: Mapping[str, Path]
    data_dir: Path | None
    splits: Mapping[str, str]
    download: bool
    rescore: bool
    require: tuple[str, ...]
    policy: str
    settings: Settings
    limits: Limits
    ledger: Path
    reports: Path
    run: str
    quoted: Path | None = None
    plan: bool = False
    equivalent: ModelSpec | None = None
    engine: str = ""

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """Every model of the run: the measured ones, the controls, the baseline, the other engine."""
        others = (each for each in (self.baseline, self.equivalent) if each is not None)
        return (*self.models, *self.controls, *others)


def pairs(option: str, values: Sequence[str]) -> dict[str, str]:
    """Split ``NAME=VALUE`` options; raise UsageError for one without a name, or a name given twice."""
    found: dict[str, str] = {}
    for value in values:
        name, sign, rest = value.partition("=")
        if not (name and sign and rest):
            raise UsageError(f"{option}: got {value!r}, but should be NAME=VALUE, such as {option} slake=...")
        if name in found:
            raise UsageError(f"{option}: {name} is given twice ({found[name]!r} and {rest!r}). Give it once.")
        found[name] = rest
    return found


def answered(specs: Sequence[ModelSpec], text: str) -> list[ModelSpec]:
    """Return the models once for every way of answering in a comma list; a spec that says its own way keeps it.

    The first way keeps the model's name, any other adds its own to it: ``vlm`` and ``vlm.likelihood``.
    """
    kinds = [spec.answer_kind("--answer", kind) for kind in text.split(",") if kind]
    if len(set(kinds)) != len(kinds):
        raise UsageError(f"--answer: got {text!r}, but each way should stand there once.")
    found: list[ModelSpec] = []
    for each in specs:
        own = each.answer != "generation" or not kinds
        found += (
            [each]
            if own
            else [
                replace(each, name=f"{each.name}.{kind}" if place else each.name, answer=kind)
                for place, kind in enumerate(kinds)
            ]
        )
    return found


def share(option: str, value: float) -> float:
    """Check a share in [0, 1]."""
    if not 0 <= value <= 1:
        raise UsageError(f"{option}: got {value}, but should be a share from 0 to 1, such as 0.02.")
    return value


def margin(option: str, value: float) -> float:
    """Check a margin or threshold strictly between 0 and 1."""
    if not 0 < value < 1:
        raise UsageError(f"{option}: got {value}, but should be a share between 0 and 1, such as 0.02.")
    return value


def at_least_one(option: str, value: int) -> int:
    """Check a count of 1 or more."""
    if value < 1:
        raise UsageError(f"{option}: got {value}, but should be 1 or more, such as 5.")
    return value


def count(option: str, value: int) -> int:
    """Check a count of 0 or more."""
    if value < 0:
        raise UsageError(f"{option}: got {value}, but should be 0 or more (0 means all).")
    return value


def run_name(value: str) -> str:
    """Check the name of a run, which becomes a folder."""
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value):
        raise UsageError(f"--run: got {value!r}, but a run is named with letters, digits and _ . - only.")
    return value
