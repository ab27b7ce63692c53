"""lmms-eval on the made rows, with its own class for Qwen2.5-VL; it needs ``decord`` beside what it installs itself.

``PYTHON lmms.py WORK MODEL BATCH RESULT``.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness.bench.peers import rows as made
from harness.bench.probe import watch

TASK = """
task: made_rows
dataset_path: json
dataset_kwargs:
  data_files:
    test: {table}
test_split: test
output_type: generate_until
doc_to_visual: !function harness.bench.peers.lmms.visuals
doc_to_text: !function harness.bench.peers.lmms.text
doc_to_target: gold
generation_kwargs:
  max_new_tokens: {tokens}
  temperature: 0
  do_sample: false
process_results: !function harness.bench.peers.lmms.score
metric_list:
  - metric: right
    aggregation: mean
    higher_is_better: true
"""


def visuals(row: dict[str, Any]) -> list[Any]:
    """The pictures of a row."""
    from PIL import Image

    return [Image.open(path).convert("RGB") for path in row["images"]]


def text(row: dict[str, Any], _: Any = None) -> str:
    """The text of a row."""
    return str(row["text"])


def score(row: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Whether the reply is the letter."""
    return {"right": float(results[0].strip() == row["gold"])}


def main(work: str, where: str, batch: str, result: str) -> None:
    """Run the command line of lmms-eval in this process and read the replies from the samples it logs."""
    probe = watch()
    rows = made.read(work)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = made.table(rows, folder)
        (folder / "made_rows.yaml").write_text(TASK.format(table=table, tokens=rows[0]["tokens"]), encoding="utf-8")
        model = {
            "pretrained": where,
            "device": "cpu",
            "device_map": "cpu",
            "attn_implementation": "sdpa",
            "min_pixels": made.MIN_PIXELS,
            "max_pixels": made.MAX_PIXELS,
        }
        sys.argv = ["lmms_eval", "--model", "qwen2_5_vl", "--tasks", "made_rows", "--include_path", scratch]
        sys.argv += ["--model_args", ",".join(f"{name}={value}" for name, value in model.items())]
        sys.argv += ["--batch_size", batch, "--output_path", str(folder / "out"), "--log_samples"]
        importlib.import_module("lmms_eval.__main__").cli_evaluate()
        texts = {}
        for path in (folder / "out").rglob("*samples*.jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                told = json.loads(line)
                texts[rows[told["doc_id"]]["id"]] = told["filtered_resps"][0]
    probe.write(result, made.named(texts))


if __name__ == "__main__":
    main(*sys.argv[1:])
