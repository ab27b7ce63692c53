"""What the tasks of all suites share: the rows of a work file, and the limits on the size of a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MIN_PIXELS, MAX_PIXELS = 200_704, 1_003_520
"""As the made checkpoint's own processor has them."""


def read(work: str) -> list[dict[str, Any]]:
    """The rows of the only pass of a work file."""
    (rows,) = json.loads(Path(work).read_text(encoding="utf-8")).values()
    return list(rows)


def named(texts: dict[str, str]) -> dict[str, str]:
    """Replies as the other systems name them."""
    return {f"image_text/{row}": text for row, text in texts.items()}


def table(rows: list[dict[str, Any]], folder: Path) -> Path:
    """Write the rows as JSON lines, which the task files name as their data."""
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
