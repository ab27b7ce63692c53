"""What is written down before the first row is asked: models, limits, margins, the family of claims, seed, machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import UsageError
from harness.matrix import Wanted
from harness.options import Options

LIBRARIES = ("torch", "transformers", "datasets", "numpy", "scipy", "scikit-learn", "pillow", "pytest")


def declare(folder: Path, options: Options, family: Sequence[Wanted]) -> None:
    """Write ``declared.json`` before the first row is asked.

    A declaration that is already there is kept when it says the same. When it does not, the run was begun under
    other limits or with other claims, and its folder is not used again.

    Raises
    ------
    UsageError
        Where the run was declared otherwise; names what differs.
    """
    told = declaration(folder.name, options, family)
    _same(folder, told)
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"declared.{os.getpid()}.tmp"
    scratch.write_text(json.dumps(told, indent=1) + "\n")
    scratch.replace(folder / "declared.json")
    if options.quoted is not None:
        (folder / "quoted.toml").write_bytes(options.quoted.read_bytes())


def check(folder: Path, options: Options) -> None:
    """Refuse, before anything is collected, to go on with a run that was begun under other limits.

    Raises
    ------
    UsageError
        Names what differs; the family is only known after collection, and is held against the run then.
    """
    told = declaration(folder.name, options, ())
    _same(folder, {name: value for name, value in told.items() if name not in ("family", "options")})


def _same(folder: Path, told: Mapping[str, Any]) -> None:
    path = folder / "declared.json"
    if not path.exists():
        return
    before = json.loads(path.read_text())
    now = json.loads(json.dumps(told))
    unlike = [name for name in now if before.get(name) != now[name]]
    if unlike:
        inner = [_changed(name, before.get(name), now[name]) for name in unlike]
        raise UsageError(
            f"--run {folder.name}: this run was declared with other models, limits or settings, and they are not "
            f"changed after its first row ({'; '.join(inner)}). Name another run."
        )


def _changed(name: str, before: Any, now: Any) -> str:
    """What differs in one entry, in few words."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        return ", ".join(f"{key} was {before.get(key)} and is {now.get(key)}" for key in keys)
    if name == "family" and isinstance(before, list):
        gone = [" ".join(each) for each in before if each not in now]
        new = [" ".join(each) for each in now if each not in before]
        return f"its family had {len(before)} claims and has {len(now)}; {(gone + new)[0]} is in one of them only"
    return f"{name} was {before} and is {now}"


def declaration(name: str, options: Options, family: Sequence[Wanted]) -> dict[str, Any]:
    """Return what a run declares."""
    roles = {spec.name: "model" for spec in options.models}
    roles |= {spec.name: "control" for spec in options.controls}
    if options.baseline is not None:
        roles.setdefault(options.baseline.name, "baseline")
    return {
        "run": name,
        "roles": roles,
        "baseline": options.baseline.name if options.baseline else "",
        "policy": options.policy,
        "limits": asdict(options.limits),
        "settings": asdict(options.settings),
        "level": 0.95,
        "family": [list(wanted.key) for wanted in family],
        "options": {wanted.benchmark.name: wanted.benchmark.options for wanted in family},
        "adjusted": "Holm within the claims about models; gates: Holm among the candidates of a benchmark",
        "rescored": options.rescore,
        "quoted": options.quoted.name if options.quoted else "",
        "suite": __version__,
        "versions": {library: _version(library) for library in LIBRARIES},
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"
