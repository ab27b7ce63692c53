"""What ``pytest`` does with a file instead of running tests: lint its claims, or check its figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import UsageError


def lint(path: Path, evidence: Path | None) -> tuple[str, int]:
    """Hold the claims of a text against their evidence.

    Returns
    -------
    text, code : str, int
        The complaints in words, and the exit code: 0 where there is none.
    """
    from harness import lint as linter

    found = linter.lint(path, _results(evidence) if evidence else None)
    return linter.report(found, path), linter.exit_code(found)


def check(path: Path) -> tuple[str, int]:
    """Test the published figures of a table."""
    from harness import forensics

    found = forensics.check(path)
    return forensics.report(found), found.exit_code


def _results(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--evidence {path}: cannot be read ({error}), but should be the results.json of a run. Name that file."
        ) from error
    if not isinstance(found, dict) or "cases" not in found:
        raise UsageError(f"--evidence {path}: holds no cases, but should be the results.json of a run. Name that file.")
    return found
