"""The fastest loop of ``processor`` and ``generate`` that we know how to write for rows that are all known beforehand.

``python -m harness.bench.best WORK MODEL BATCH RESULT``, all files; WORK holds one pass or several. Unlike the plain
loop it

- prepares batches in a thread of its own, up to two ahead of the model, so that the model never waits for a picture;
- fills batches by length in tokens, image tokens before all, so that no row is padded to a far longer one;
- decodes a picture once where rows that follow each other share it;
- generates in inference mode, with one generation config made once.

It is still a bare loop: no strict loading, no receipts, no ledger, no reading of replies.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.bench.bare import turn
from harness.bench.probe import watch

AHEAD = 2
PICTURES = 64
"""Decoded pictures that are kept for the rows that follow."""


def main(work: str, where: str, batch: int, result: str) -> None:
    """Ask all rows of a work file, sorted by length, and write times and replies."""
    import torch

    probe = watch()
    library: Any = importlib.import_module("transformers")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with ThreadPoolExecutor(1) as thread:
        # The processor is read while the weights are
        reading = thread.submit(library.AutoProcessor.from_pretrained, where)
        model = library.AutoModelForImageTextToText.from_pretrained(where, dtype="auto").to(device).eval()
        processor = reading.result()
    processor.tokenizer.padding_side = "left"
    config = model.generation_config
    config.do_sample, config.pad_token_id = False, processor.tokenizer.pad_token_id
    passes = json.loads(Path(work).read_text(encoding="utf-8"))
    replies: dict[str, str] = {}
    gc.freeze()
    with torch.inference_mode():
        for some, inputs in prepared(processor, batches(processor, passes, batch)):
            config.max_new_tokens = max(row["tokens"] for _, row in some)
            given = inputs.to(device, model.dtype)
            written = model.generate(**given, generation_config=config)[:, given["input_ids"].shape[1] :]
            texts = processor.batch_decode(written, skip_special_tokens=True)
            replies.update(zip((f"{name}/{row['id']}" for name, row in some), texts, strict=True))
    probe.write(result, replies)


Some = Sequence[tuple[str, dict[str, Any]]]
"""Rows of a batch, each with the name of its pass."""


def batches(processor: Any, passes: dict[str, list[dict[str, Any]]], size: int) -> list[Some]:
    """Rows of one length together; those with and without pictures never, as no processor takes all such mixtures."""
    made: list[Some] = []
    for name, rows in passes.items():
        long = dict(zip((row["id"] for row in rows), lengths(processor, rows), strict=True))
        for with_images in (True, False):
            those = [(name, row) for row in rows if bool(row["images"]) is with_images]
            those.sort(key=lambda each: long[each[1]["id"]])
            made += [those[start : start + size] for start in range(0, len(those), size)]
    return made


def lengths(processor: Any, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Tokens of each row: those of its text, and those of its pictures where the processor knows them by size."""
    words = [len(ids) for ids in processor.tokenizer([row["text"] for row in rows])["input_ids"]]
    sizes = list({_size(path) for row in rows for path in row["images"]})
    try:
        tokens = processor._get_num_multimodal_tokens(image_sizes=sizes)["num_image_tokens"] if sizes else ()
    except (AttributeError, NotImplementedError, TypeError):
        tokens = [1000] * len(sizes)
    of = dict(zip(sizes, tokens, strict=True))
    return [count + sum(of[_size(path)] for path in row["images"]) for count, row in zip(words, rows, strict=True)]


def prepared(processor: Any, groups: Sequence[Some]) -> Iterator[tuple[Some, Any]]:
    """Yield each batch with its tensors, made in a thread of its own up to two batches ahead."""
    decoded = functools.lru_cache(PICTURES)(_decoded)

    def prepare(some: Some) -> Any:
        pictures = [[decoded(path) for path in row["images"]] for _, row in some]
        return processor(
            text=processor.apply_chat_template([turn(row) for _, row in some], add_generation_prompt=True),
            images=pictures if any(pictures) else None,
            padding=True,
            return_tensors="pt",
        )

    with ThreadPoolExecutor(1) as thread:
        waiting = deque((some, thread.submit(prepare, some)) for some in groups[:AHEAD])
        for place in range(len(groups)):
            some, made = waiting.popleft()
            tensors = made.result()
            waiting.extend(
                (after, thread.submit(prepare, after)) for after in groups[place + AHEAD : place + AHEAD + 1]
            )
            yield some, tensors


@functools.cache
def _size(path: str) -> tuple[int, int]:
    """Height and width, from the head of the file."""
    from PIL import Image

    with Image.open(path) as image:
        return image.height, image.width


def _decoded(path: str) -> Any:
    from PIL import Image

    return Image.open(path).convert("RGB")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
