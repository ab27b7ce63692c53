"""VLMEvalKit on the made rows. Its class for Qwen2.5-VL wants a GPU, so it gets one that takes the machine as it is.

``PYTHON vlmevalkit.py WORK MODEL BATCH RESULT``. It asks row by row, whatever BATCH says; ``rouge_score`` has to be
installed beside what it installs itself.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness.bench.peers import rows as made
from harness.bench.probe import watch

NAME = "made_rows"


def _model(where: str, tokens: int) -> Any:
    """A model of VLMEvalKit: a message of pictures and texts in, a text out."""
    from PIL import Image

    hf: Any = importlib.import_module("transformers")
    base: Any = importlib.import_module("vlmeval.vlm.base").BaseModel
    processor = hf.AutoProcessor.from_pretrained(where)
    model = hf.AutoModelForImageTextToText.from_pretrained(where, dtype="auto").eval()

    def generate_inner(self: Any, message: list[dict[str, Any]], dataset: Any = None) -> str:
        pictures = [Image.open(part["value"]).convert("RGB") for part in message if part["type"] == "image"]
        content = [
            {"type": "image"} if part["type"] == "image" else {"type": "text", "text": part["value"]}
            for part in message
        ]
        text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        inputs = processor(text=[text], images=pictures or None, return_tensors="pt").to(model.dtype)
        written = model.generate(**inputs, do_sample=False, max_new_tokens=tokens)
        new = written[:, inputs["input_ids"].shape[1] :]
        return str(processor.batch_decode(new, skip_special_tokens=True)[0])

    return type("Made", (base,), {"INTERLEAVE": True, "generate_inner": generate_inner})()


def _dataset() -> Any:
    """The rows as a set of questions whose answers are matched exactly."""
    base: Any = importlib.import_module("vlmeval.dataset.image_vqa").CustomVQADataset
    smp: Any = importlib.import_module("vlmeval.smp")

    def evaluate(self: Any, eval_file: str, **_: Any) -> dict[str, float]:
        data = smp.load(eval_file)
        right = [str(reply).strip() == gold for reply, gold in zip(data["prediction"], data["answer"], strict=True)]
        return {"Overall": sum(right) / len(right)}

    return type("Rows", (base,), {"evaluate": evaluate})(NAME)


def main(work: str, where: str, _batch: str, result: str) -> None:
    """Infer and evaluate as its run script does, and read the replies from the table that it writes."""
    probe = watch()
    rows = made.read(work)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LMUData"] = scratch  # noqa: SIM112 - its name
        pandas: Any = importlib.import_module("pandas")
        told = [
            {
                "index": place,
                "image_path": row["images"][0] if len(row["images"]) == 1 else str(row["images"]),
                "question": row["text"],
                "answer": row["gold"],
            }
            for place, row in enumerate(rows)
        ]
        pandas.DataFrame(told).to_csv(Path(scratch) / f"{NAME}.tsv", sep="\t", index=False)
        infer: Any = importlib.import_module("vlmeval.inference").infer_data_job
        smp: Any = importlib.import_module("vlmeval.smp")
        dataset = _dataset()
        infer(_model(where, rows[0]["tokens"]), work_dir=scratch, model_name="made", dataset=dataset)
        (table,) = (path for path in Path(scratch).glob(f"made_{NAME}.*") if path.suffix in (".xlsx", ".tsv"))
        dataset.evaluate(str(table))
        found = smp.load(str(table))
        texts = {rows[int(i)]["id"]: str(text) for i, text in zip(found["index"], found["prediction"], strict=True)}
    probe.write(result, made.named(texts))


if __name__ == "__main__":
    main(*sys.argv[1:])
