"""Rows made for timing: files in a published layout, so that the suite loads them as strictly as any others."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase

from PIL import Image, ImageDraw

from harness import prompt
from harness.load import choice
from harness.load.layout import Layout
from harness.records import Benchmark, Loaded, Source

LAYOUT = Layout(name="jsonl", tables={"test": ("test.jsonl",)}, pictures=("images/",), prefixes=("images/", ""))
WORDS = ("left", "right", "upper", "lower", "bright", "dark", "round", "flat", "near", "far", "thick", "thin")


def write(folder: Path, rows: int, side: int) -> None:
    """Write ``rows`` questions with one to three JPEGs each, about ``side`` pixels wide; the same at every call."""
    (folder / "images").mkdir(parents=True)
    chance = random.Random(f"{rows} {side}")  # noqa: S311 - no secret
    with (folder / "test.jsonl").open("w", encoding="utf-8") as table:
        for number in range(rows):
            names = [f"{number}-{place}.jpg" for place in range(chance.choice((1, 1, 1, 2, 3)))]
            for name in names:
                _picture(chance, side).save(folder / "images" / name, quality=90)
            options = {letter: f"{chance.choice(WORDS)} {number} {letter}" for letter in ascii_uppercase[:5]}
            stem = " ".join(chance.choices(WORDS, k=chance.randrange(8, 30)))
            told = {"id": f"B-{number}", "question": stem, "options": options, "label": "A", "images": names}
            table.write(json.dumps(told) + "\n")


def benchmark(rows: int) -> Benchmark:
    """The made rows as a benchmark."""
    return Benchmark(
        name="bench",
        title="Rows made for timing",
        version="1",
        options=5,
        published={"test": rows},
        digests={},
        hub="",
        revision="",
        files=(),
        licence="none",
        fetch="They are made anew by every run.",
        load=load,
        slices=(),
    )


def load(source: Source) -> Loaded:
    """Load the made rows, strictly."""
    return choice.load("bench", source, (LAYOUT,), fetch="", options=5, slices=())


def work(folder: Path, order: Sequence[str]) -> list[Mapping[str, object]]:
    """What a bare loop needs of each row, in this order: id, text, paths of the pictures, length of the reply."""
    rows = {row.id: row for row in load(Source(root=str(folder))).rows}
    told: list[Mapping[str, object]] = []
    for row_id in order:
        built = prompt.build(rows[row_id], "image_text")
        text = "".join(part.text for part in built.parts if hasattr(part, "text"))
        paths = [str(folder / "images" / Path(image.name).name) for image in rows[row_id].images]
        told.append({"id": row_id, "text": text, "images": paths, "max_new_tokens": built.max_new_tokens})
    return told


def _picture(chance: random.Random, side: int) -> Image.Image:
    """Noise, blown up, under a few shapes: it has the weight of a photograph and no two are alike."""
    width, height = (int(side * chance.uniform(0.7, 1.1)) for _ in range(2))
    noise = Image.frombytes("RGB", (32, 24), chance.randbytes(32 * 24 * 3)).resize((width, height))
    draw = ImageDraw.Draw(noise)
    for _ in range(4):
        left, top = chance.randrange(width // 2), chance.randrange(height // 2)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        draw.ellipse((left, top, left + width // 3, top + height // 3), fill=colour)
    return noise
