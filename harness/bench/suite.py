"""The same rows through the suite: strict loading, receipts, ledger, reading, points.

``python -m harness.bench.suite FOLDER MODEL BATCH RESULT``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from harness import run, spec
from harness.bench import made
from harness.bench.clock import Clock
from harness.ledger import Ledger
from harness.records import Prompt, Source, TextPart


def main(folder: str, model_text: str, batch: int, result: str) -> None:
    """Measure all rows of a folder and write times, replies and the order in which they were asked."""
    model = spec.open_model(spec.parse(model_text))
    warm_up = Prompt(parts=(TextPart(text="warm up"),), max_new_tokens=2)
    model.reply(model.prepare([warm_up], ["0"]))
    with tempfile.TemporaryDirectory() as kept, Clock() as clock:
        ledger = Ledger(Path(kept))
        with Clock() as loading:
            loaded = made.load(Source(root=folder))
        measured = run.measure(
            made.benchmark(len(loaded.rows)), "image_text", model, loaded, ledger, run.Settings(batch_size=batch)
        )
        lines = (Path(kept) / f"{measured.case.id}.jsonl").read_text(encoding="utf-8").splitlines()
    model.close()
    rows = {answer.key: answer.row.id for answer in measured.answers}
    told = {
        **clock.told(),
        "loading": loading.told()["cpu"],
        "replies": {answer.row.id: answer.reply.text for answer in measured.answers},
        "failed": sum(answer.reply.finish == "failed" for answer in measured.answers),
        "receipts": sum(len(answer.reply.receipts) for answer in measured.answers),
        "order": [rows[json.loads(line)["key"]] for line in lines],
    }
    Path(result).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
