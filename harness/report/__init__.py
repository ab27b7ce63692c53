"""Results in, text out: pure functions, no clock, no pytest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import __version__, codec
from harness.options import Options
from harness.report.markdown import brief, markdown
from harness.report.results import results
from harness.report.rows import keep, kept

__all__ = ["declare", "keep", "kept", "summary", "write"]

LIBRARIES = ("torch", "transformers", "datasets", "numpy", "scipy", "pillow", "pytest")


def declare(folder: Path, options: Options) -> None:
    """Write ``declared.json`` before the first row is asked: models, limits, margins, seed, versions, machine.

    A declaration that is already there is kept when it says the same. When it does not, the run was begun under
    other limits, and its folder is not used again.
    """
    from harness.errors import UsageError

    path = folder / "declared.json"
    text = json.dumps(_declaration(folder.name, options), indent=1) + "\n"
    if path.exists() and path.read_text() != text:
        raise UsageError(
            f"--run {folder.name}: this run was declared with other models, limits or settings, and they are not "
            "changed after its first row. Name another run."
        )
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"declared.{os.getpid()}.tmp"
    scratch.write_text(text)
    scratch.replace(path)


def _declaration(name: str, options: Options) -> dict[str, Any]:
    import platform

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
        "rescored": options.rescore,
        "suite": __version__,
        "versions": {library: _version(library) for library in LIBRARIES},
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def write(folder: Path) -> None:
    """Write ``results.json`` and ``report.md`` from the rows of a run.

    The first page is appended to the file that GITHUB_STEP_SUMMARY names, where a CI job sets it.
    """
    declared = json.loads((folder / "declared.json").read_text())
    found = results(declared, kept(folder))
    (folder / "results.json").write_text(json.dumps(codec.plain(found), indent=1, ensure_ascii=False) + "\n")
    (folder / "report.md").write_text(markdown(found))
    step = os.environ.get("GITHUB_STEP_SUMMARY")
    if step:
        with open(step, "a", encoding="utf-8") as file:
            file.write(brief(found))


def summary(folder: Path) -> Iterator[str]:
    """Yield the lines for the end of a run: each claim with its verdict."""
    found = json.loads((folder / "results.json").read_text())
    for claim in [*found["claims"], *found["gates"]]:
        role = ""
        if claim.get("role") == "control":
            bad = "could not be judged" if claim["verdict"] == "invalid" else "MUST BE REFUSED"
            role = f", a control: {'refused, as it must be' if claim['passed'] else bad}"
        yield f"{claim['verdict']:<10} {claim['benchmark']} {claim['model']}: {claim['name']}{role}"
