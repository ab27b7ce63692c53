"""Rows made for timing: files in a published layout, so that the suite loads them as strictly as any others.

They have the sizes of an expert-level set of multiple choice: five options, one to six JPEGs a row, 1.39 on average,
of about 800 x 600 pixels, and a vignette of some ninety words.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

from harness import mode, prompt
from harness.load import choice
from harness.load.layout import Layout
from harness.records import Benchmark, Loaded, ModeName, Prompt, Row, Source, TextPart

if TYPE_CHECKING:
    from PIL.Image import Image

LAYOUT = Layout(name="jsonl", tables={"test": ("test.jsonl",)}, pictures=("images/",), prefixes=("images/", ""))
SLICES = ("region", "images")
REGIONS = ("chest", "head", "abdomen")
PLACES = ("left", "right", "upper", "lower", "medial", "lateral", "apical", "basal", "central", "distal")
SIGNS = ("opacity", "density", "lesion", "shadow", "margin", "contrast", "swelling", "fracture", "effusion")
LINKS = ("with", "without", "near", "beneath", "beside", "above", "suggesting", "excluding", "after", "before")
COUNTS = (1,) * 79 + (2,) * 12 + (3,) * 4 + (4,) * 2 + (5,) * 2 + (6,)
"""Pictures of a row, in hundredths: 1.39 on average, most rows one."""

Wide = Callable[[random.Random], tuple[int, int]]
"""Draws width and height of a picture in pixels."""


def usual(chance: random.Random) -> tuple[int, int]:
    """About 800 x 600 pixels."""
    return int(800 * chance.uniform(0.8, 1.2)), int(600 * chance.uniform(0.8, 1.2))


def question(chance: random.Random) -> str:
    """Between 60 and 120 words of no meaning."""
    words = [chance.choice(chance.choice((PLACES, SIGNS, LINKS))) for _ in range(chance.randrange(60, 120))]
    return " ".join(words).capitalize() + "?"


def write(folder: Path, rows: int, *, size: Wide = usual) -> Path:
    """Write ``rows`` questions with their JPEGs, the same at every call; return the folder."""
    (folder / "images").mkdir(parents=True)
    chance, count = random.Random(f"rows {rows}"), 1  # noqa: S311 - no secret
    with (folder / "test.jsonl").open("w", encoding="utf-8") as table:
        for number in range(rows):
            if number % 2 == 0:  # always two rows of as many pictures, which can be shown each other's
                count = chance.choice(COUNTS) if number + 1 < rows else 1
            names = [f"{number}-{place}.jpg" for place in range(count)]
            for name in names:
                picture(chance, *size(chance)).save(folder / "images" / name, quality=90)
            table.write(json.dumps(fields(chance, number, names)) + "\n")
    return folder


def fields(chance: random.Random, number: int, names: Sequence[str]) -> Mapping[str, object]:
    """One row as its table has it."""
    options = {letter: f"{chance.choice(PLACES)} {chance.choice(SIGNS)} {place}" for place, letter in _letters()}
    return {
        "id": f"B-{number}",
        "question": f"Case {number}. {question(chance)}",
        "options": options,
        "label": chance.choice([*options]),
        "images": list(names),
        "region": REGIONS[number % len(REGIONS)],
    }


def _letters() -> Sequence[tuple[int, str]]:
    return list(enumerate(ascii_uppercase[:5], 1))


def picture(chance: random.Random, width: int, height: int) -> Image:
    """Noise, blown up, under a few shapes: it has the weight of a photograph and no two are alike."""
    from PIL import Image, ImageDraw

    noise = Image.frombytes("RGB", (32, 24), chance.randbytes(32 * 24 * 3)).resize((width, height))
    draw = ImageDraw.Draw(noise)
    for _ in range(4):
        left, top = chance.randrange(width // 2), chance.randrange(height // 2)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        draw.ellipse((left, top, left + width // 3, top + height // 3), fill=colour)
    return noise


def load(source: Source) -> Loaded:
    """Load the made rows, strictly."""
    return choice.load("bench", source, (LAYOUT,), fetch="", options=5, slices=SLICES)


BENCHMARK = Benchmark(
    name="bench",
    title="Rows made for timing",
    version="2",
    options=5,
    published={},
    digests={},
    hub="",
    revision="",
    files=(),
    licence="none",
    fetch="They are made anew by every run.",
    load=load,
    slices=SLICES,
    strata=("region",),
)
"""The made rows as a benchmark."""


def work(folder: Path, modes: Sequence[ModeName], tokens: int, seed: int = 0) -> dict[str, list[dict[str, object]]]:
    """What a bare loop needs of each mode's rows, in the order of the table.

    Parameters
    ----------
    folder : Path
        Of the made rows; the grey pictures of the mode ``blank`` are added to it.
    modes : sequence of ModeName
        Each is a pass; of the shuffled ones the first derangement.
    tokens : int
        Of a reply.

    Returns
    -------
    dict of str to list
        Mode -> rows with id, text, paths of the pictures, tokens, and options and gold for those who score.
    """
    pool = load(Source(root=str(folder))).rows
    told: dict[str, list[dict[str, object]]] = {}
    for name in modes:
        shown = mode.apply(name, pool, pool, seed=seed, strata=BENCHMARK.strata)
        told[name] = [_row(folder, row, prompt.build(row, name, max_new_tokens=tokens)) for row in shown]
    return told


def _row(folder: Path, row: Row, built: Prompt) -> dict[str, object]:
    return {
        "id": row.id,
        "text": "".join(part.text for part in built.parts if isinstance(part, TextPart)),
        "images": [str(_file(folder, image.name, image.width, image.height)) for image in row.images],
        "tokens": built.max_new_tokens,
        "options": [option.text for option in row.options],
        "gold": row.gold,
    }


def _file(folder: Path, name: str, width: int, height: int) -> Path:
    """The file of a picture; a grey one is written where it is not there."""
    if not name.startswith("grey-"):
        return folder / "images" / Path(name).name
    path = folder / "grey" / f"{name}.png"
    if not path.exists():
        from PIL import Image

        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (width, height), mode.GREY).save(path)
    return path
