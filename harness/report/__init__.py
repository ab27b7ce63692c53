"""Results in, text out: pure functions, no clock, no pytest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from harness import codec, quoted
from harness.report.declare import declare
from harness.report.markdown import brief, markdown
from harness.report.results import results
from harness.report.rows import keep, kept

__all__ = ["declare", "keep", "kept", "summary", "write"]


def write(folder: Path) -> None:
    """Write ``results.json`` and ``report.md`` from the rows of a run.

    The first page is appended to the file that GITHUB_STEP_SUMMARY names, where a CI job sets it.
    """
    declared = json.loads((folder / "declared.json").read_text())
    published = folder / "quoted.toml"
    found = results(declared, kept(folder), quoted.read(published) if published.exists() else ())
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
    for one in found["equivalence"]:
        yield f"{one['verdict']:<10} {one['benchmark']} {one['first']}: equivalent to {one['second']}"
