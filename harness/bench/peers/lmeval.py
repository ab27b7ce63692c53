"""lm-evaluation-harness on the made rows, with its own class for image-text models.

``PYTHON lmeval.py WORK MODEL BATCH RESULT``. It is spared ``--log_samples``, with which it would encode every picture
anew after the last row, more than a minute for 400 rows; the replies are taken from the model class instead.
"""

from __future__ import annotations

import importlib
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
doc_to_image: !function functions.visuals
doc_to_text: !function functions.text
doc_to_target: gold
generation_kwargs:
  until: []
  max_gen_toks: {tokens}
  do_sample: false
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
"""
FUNCTIONS = "from harness.bench.peers.lmeval import text, visuals\n"


def visuals(row: dict[str, Any]) -> list[Any]:
    """The pictures of a row."""
    from PIL import Image

    return [Image.open(path).convert("RGB") for path in row["images"]]


def text(row: dict[str, Any]) -> str:
    """The text of a row, with a placeholder for each of its pictures before it."""
    return "<image>" * len(row["images"]) + str(row["text"])


def main(work: str, where: str, batch: str, result: str) -> None:
    """Run the command line of lm-eval in this process."""
    probe = watch()
    rows = made.read(work)
    model: Any = importlib.import_module("lm_eval.models.hf_vlms").HFMultimodalLM
    generate = model.generate_until
    kept: list[tuple[str, str]] = []

    def kept_too(self: Any, requests: Any, *args: Any, **kwargs: Any) -> Any:
        texts = generate(self, requests, *args, **kwargs)
        kept.extend(zip((request.doc["id"] for request in requests), texts, strict=True))
        return texts

    model.generate_until = kept_too
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = made.table(rows, folder)
        (folder / "functions.py").write_text(FUNCTIONS, encoding="utf-8")
        (folder / "made_rows.yaml").write_text(TASK.format(table=table, tokens=rows[0]["tokens"]), encoding="utf-8")
        sizes = f"min_pixels={made.MIN_PIXELS},max_pixels={made.MAX_PIXELS}"
        sys.argv = ["lm_eval", "--model", "hf-multimodal", "--model_args", f"pretrained={where},dtype=auto,{sizes}"]
        sys.argv += ["--tasks", "made_rows", "--include_path", scratch, "--batch_size", batch, "--device", "cpu"]
        sys.argv += ["--apply_chat_template", "--output_path", str(folder / "out")]
        importlib.import_module("lm_eval.__main__").cli_evaluate()
    probe.write(result, made.named(dict(kept)))


if __name__ == "__main__":
    main(*sys.argv[1:])
