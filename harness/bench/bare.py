"""The loop to measure against: processor, generate, decode, batch after batch, and nothing else.

``python -m harness.bench.bare WORK MODEL BATCH RESULT``, all files. It is what one would write in a script: no strict
loading, no receipts, no ledger, no reading of replies, no work ahead.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from harness.bench.clock import Clock


def main(work: str, where: str, batch: int, result: str) -> None:
    """Ask all rows of a work file and write times and replies."""
    import torch
    from PIL import Image

    library: Any = importlib.import_module("transformers")
    library.utils.logging.set_verbosity_error()
    library.utils.logging.disable_progress_bar()
    processor = library.AutoProcessor.from_pretrained(where)
    processor.tokenizer.padding_side = "left"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = library.AutoModelForImageTextToText.from_pretrained(where, dtype="auto").to(device).eval()

    def ask(rows: list[dict[str, Any]]) -> list[str]:
        pictures = [[Image.open(path).convert("RGB") for path in row["images"]] for row in rows]
        turns = [
            [
                {
                    "role": "user",
                    "content": [*({"type": "image"} for _ in row["images"]), {"type": "text", "text": row["text"]}],
                }
            ]
            for row in rows
        ]
        texts = processor.apply_chat_template(turns, add_generation_prompt=True)
        bos = processor.tokenizer.bos_token
        inputs = processor(
            text=texts,
            images=pictures if any(pictures) else None,
            padding=True,
            return_tensors="pt",
            add_special_tokens=not (bos and texts[0].startswith(bos)),
        ).to(device, model.dtype)
        limit = max(row["max_new_tokens"] for row in rows)
        written = model.generate(**inputs, do_sample=False, max_new_tokens=limit)
        return list(processor.batch_decode(written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True))

    ask([{"id": "", "text": "warm up", "images": [], "max_new_tokens": 2}])
    with Clock() as clock:
        rows = json.loads(Path(work).read_text(encoding="utf-8"))
        replies: dict[str, str] = {}
        for start in range(0, len(rows), batch):
            some = rows[start : start + batch]
            replies.update(zip((row["id"] for row in some), ask(some), strict=True))
    Path(result).write_text(json.dumps({**clock.told(), "replies": replies}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
