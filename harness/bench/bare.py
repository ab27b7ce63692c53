"""The loop to measure against: processor, generate, decode, batch after batch, and nothing else.

``python -m harness.bench.bare WORK MODEL BATCH RESULT``, all files; WORK holds one pass or several. It is what one
would write in a script: no strict loading, no receipts, no ledger, no reading of replies, no work ahead.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from harness.bench.probe import watch


def main(work: str, where: str, batch: int, result: str) -> None:
    """Ask all rows of a work file, in its order, and write times and replies."""
    import torch
    from PIL import Image

    probe = watch()
    library: Any = importlib.import_module("transformers")
    processor = library.AutoProcessor.from_pretrained(where)
    processor.tokenizer.padding_side = "left"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = library.AutoModelForImageTextToText.from_pretrained(where, dtype="auto").to(device).eval()

    def ask(rows: list[dict[str, Any]]) -> list[str]:
        pictures = [[Image.open(path).convert("RGB") for path in row["images"]] for row in rows]
        inputs = processor(
            text=processor.apply_chat_template([turn(row) for row in rows], add_generation_prompt=True),
            images=pictures if any(pictures) else None,
            padding=True,
            return_tensors="pt",
        ).to(device, model.dtype)
        limit = max(row["tokens"] for row in rows)
        written = model.generate(**inputs, do_sample=False, max_new_tokens=limit)
        return list(processor.batch_decode(written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True))

    replies: dict[str, str] = {}
    for name, rows in json.loads(Path(work).read_text(encoding="utf-8")).items():
        for start in range(0, len(rows), batch):
            some = rows[start : start + batch]
            replies.update(zip((f"{name}/{row['id']}" for row in some), ask(some), strict=True))
    probe.write(result, replies)


def turn(row: dict[str, Any]) -> list[dict[str, Any]]:
    """One user turn: the pictures, then the text."""
    content = [*({"type": "image"} for _ in row["images"]), {"type": "text", "text": row["text"]}]
    return [{"role": "user", "content": content}]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
