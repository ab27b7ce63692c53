"""Inspect on the made rows. Its own provider for local models drops pictures, so it gets one that shows them.

``PYTHON inspection.py WORK MODEL BATCH RESULT``. The provider collects batches in a thread of its own, as Inspect's
does, and always has a second batch of rows waiting.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import io
import queue
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from harness.bench.peers import rows as made
from harness.bench.probe import watch

PATIENCE = 0.05
"""Seconds to wait for more rows before a batch goes out that is not full."""


class Shop:
    """A checkpoint behind a queue of messages."""

    def __init__(self, where: str, batch: int, tokens: int) -> None:
        hf: Any = importlib.import_module("transformers")
        self._processor = hf.AutoProcessor.from_pretrained(where)
        self._processor.tokenizer.padding_side = "left"
        self._model = hf.AutoModelForImageTextToText.from_pretrained(where, dtype="auto").eval()
        self._batch, self._tokens = batch, tokens
        self._waiting: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._serve, daemon=True).start()

    async def ask(self, messages: Any) -> str:
        """Queue the messages of one row and wait for their reply."""
        loop = asyncio.get_running_loop()
        reply = loop.create_future()
        self._waiting.put((messages, loop, reply))
        return str(await reply)

    def _serve(self) -> None:
        while True:
            some = [self._waiting.get()]
            try:
                while len(some) < self._batch:
                    some.append(self._waiting.get(timeout=PATIENCE))
            except queue.Empty:
                pass
            try:
                made_of, failed = self._generate([messages for messages, _, _ in some]), None
            except Exception as error:  # it goes to the rows that wait for it
                made_of, failed = [""] * len(some), error
            for (_, loop, reply), text in zip(some, made_of, strict=True):
                told = (reply.set_exception, failed) if failed else (reply.set_result, text)
                loop.call_soon_threadsafe(*told)

    def _generate(self, asked: list[Any]) -> list[str]:
        parts = [[part for message in messages for part in message.content] for messages in asked]
        pictures = [[_picture(part.image) for part in some if part.type == "image"] for some in parts]
        turns = [
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image"} if part.type == "image" else {"type": "text", "text": part.text}
                        for part in some
                    ],
                }
            ]
            for some in parts
        ]
        inputs = self._processor(
            text=self._processor.apply_chat_template(turns, add_generation_prompt=True),
            images=pictures if any(pictures) else None,
            padding=True,
            return_tensors="pt",
        ).to(self._model.dtype)
        written = self._model.generate(**inputs, do_sample=False, max_new_tokens=self._tokens)
        new = written[:, inputs["input_ids"].shape[1] :]
        return list(self._processor.batch_decode(new, skip_special_tokens=True))


def _picture(source: str) -> Any:
    from PIL import Image

    data = base64.b64decode(source.partition(",")[2]) if source.startswith("data:") else Path(source).read_bytes()
    return Image.open(io.BytesIO(data)).convert("RGB")


def _provider(shop: Shop, batch: int) -> Any:
    """A provider of Inspect that asks the shop."""
    of_model: Any = importlib.import_module("inspect_ai.model")

    async def generate(self: Any, input: Any, tools: Any, tool_choice: Any, config: Any) -> Any:  # noqa: A002 - its name
        return of_model.ModelOutput.from_content(model="made", content=await shop.ask(input))

    methods = {"generate": generate, "max_connections": lambda self: 2 * batch}
    kind = type("Made", (of_model.ModelAPI,), methods)
    of_model.modelapi(name="made")(kind)
    return of_model.get_model("made/checkpoint")


def main(work: str, where: str, batch: str, result: str) -> None:
    """Evaluate one task and read the replies from the log that comes back."""
    probe = watch()
    rows = made.read(work)
    of: Any = importlib.import_module("inspect_ai")
    data, model = importlib.import_module("inspect_ai.dataset"), importlib.import_module("inspect_ai.model")
    samples = [
        data.Sample(
            id=row["id"],
            target=row["gold"],
            input=[
                model.ChatMessageUser(
                    content=[
                        *(model.ContentImage(image=path) for path in row["images"]),
                        model.ContentText(text=row["text"]),
                    ]
                )
            ],
        )
        for row in rows
    ]
    task = of.Task(
        dataset=data.MemoryDataset(samples),
        solver=importlib.import_module("inspect_ai.solver").generate(),
        scorer=importlib.import_module("inspect_ai.scorer").match(),
    )
    shop = Shop(where, int(batch), rows[0]["tokens"])
    with tempfile.TemporaryDirectory() as scratch:
        (log,) = of.eval(
            task,
            model=_provider(shop, int(batch)),
            log_dir=scratch,
            display="none",
            max_connections=2 * int(batch),
        )
        texts = {str(sample.id): sample.output.completion for sample in log.samples or ()}
    probe.write(result, made.named(texts))


if __name__ == "__main__":
    main(*sys.argv[1:])
