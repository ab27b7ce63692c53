"""Rows with pictures of 12 megapixels, no two alike, written as fast as the disk takes them."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

from harness.bench import made

SIDE = (4000, 3000)
EARLY = 100
"""Rows after which memory is held to have settled."""

DRAWN = 8
"""Pictures that are drawn and encoded; all others are made of them."""

TABLE = b"\xff\xdb"


def write(folder: Path, rows: int, size: tuple[int, int] = SIDE) -> Path:
    """Write rows with one JPEG each, the same at every call; return the folder."""
    (folder / "images").mkdir(parents=True)
    chance = random.Random(f"big {rows}")  # noqa: S311 - no secret
    drawn = [_encoded(chance, size) for _ in range(min(rows, DRAWN))]
    with (folder / "test.jsonl").open("w", encoding="utf-8") as table:
        for number in range(rows):
            name = f"{number}.jpg"
            (folder / "images" / name).write_bytes(varied(drawn[number % len(drawn)], number // len(drawn)))
            table.write(json.dumps(made.fields(chance, number, [name])) + "\n")
    return folder


def varied(jpeg: bytes, number: int) -> bytes:
    """Another picture of the same size and weight, without encoding it again.

    The steps by which brightness and its two slowest waves were rounded stand in a table at the head of the file;
    with other steps the same numbers are another picture. Number 0 is the picture itself.
    """
    place = jpeg.index(TABLE) + 5
    changed = bytearray(jpeg)
    for step in range(3):
        number, more = divmod(number, 12)
        changed[place + step] += more
    return bytes(changed)


def _encoded(chance: random.Random, size: tuple[int, int]) -> bytes:
    made_of = io.BytesIO()
    made.picture(chance, *size).save(made_of, format="JPEG", quality=90)
    return made_of.getvalue()
