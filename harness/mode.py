"""What a model may see of a row. A mode is a named function from rows to rows; ``apply`` finds it by name.

========================  ======  =====  =======  ================================================
mode                      images  stem   options  asks
========================  ======  =====  =======  ================================================
image_text                own     yes    yes      the benchmark as published
text_only                 none    yes    yes      what the text alone gives
shuffled                  other   yes    yes      whether the *right* image matters
shuffled_hard             other   yes    yes      the same, with donors of the same modality or region
blank                     grey    yes    yes      whether any image matters
options_only              none    no     yes      what the answer choices alone give
image_options             own     no     yes      what the image gives without the question
rotation_1 .. rotation_9  own     yes    moved    whether the place of an option matters
========================  ======  =====  =======  ================================================

There are as many rotations as a row has options, less one: with the published order they are all cyclic orders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, get_args

from harness.donors import donors, hard_donors
from harness.errors import ModeError, UsageError
from harness.records import WITHOUT_IMAGES, WITHOUT_STEM, ImageRef, ModeName, Option, Row
from harness.truth import Truth

if TYPE_CHECKING:
    from PIL.Image import Image

NAMES: tuple[ModeName, ...] = get_args(ModeName)
ROTATIONS: tuple[ModeName, ...] = tuple(name for name in NAMES if name.startswith("rotation_"))
SHUFFLED: tuple[ModeName, ...] = ("shuffled", "shuffled_hard")
HARD_DRAWS = 2
NEED_OPTIONS: frozenset[str] = WITHOUT_STEM | set(ROTATIONS)
GREY = (128, 128, 128)


def named(text: str) -> ModeName:
    """Return the mode called ``text``; raise UsageError naming the others."""
    for name in NAMES:
        if name == text:
            return name
    raise UsageError(f"--mode: got {text!r}, but a mode is one of {', '.join(NAMES)}. Name one of these.")


def shows_images(name: ModeName) -> bool:
    """Whether a row of this mode carries images, so that a receipt is owed for each."""
    return name not in WITHOUT_IMAGES


def offered(*, options: int, strata: Sequence[str] = ()) -> tuple[ModeName, ...]:
    """Return the modes of a benchmark, in table order.

    Parameters
    ----------
    options : int
        Options of a row, at most; with 0 (short answers) the modes that need options are left out.
    strata : sequence of str
        Slices within which hard donors are found; without any there is no ``shuffled_hard``.
    """
    turns = ROTATIONS[: max(0, options - 1)]
    return tuple(
        name
        for name in NAMES
        if (name in turns or name not in ROTATIONS)
        and (options or name not in NEED_OPTIONS)
        and (strata or name != "shuffled_hard")
    )


def draws(name: ModeName, derangements: int) -> int:
    """Return how often a row is asked in a mode: once, but for the shuffled modes.

    Hard donors are drawn twice at most: a stratum is small, and further draws come back to the same donors.
    """
    if name == "shuffled_hard":
        return min(HARD_DRAWS, derangements)
    return derangements if name == "shuffled" else 1


def apply(
    name: ModeName, rows: Sequence[Row], pool: Sequence[Row], *, seed: int, draw: int = 0, strata: Sequence[str] = ()
) -> tuple[Row, ...]:
    """Return ``rows`` as the mode shows them.

    Parameters
    ----------
    name : ModeName
        The mode.
    rows : sequence of Row
        The rows to ask, as published.
    pool : sequence of Row
        All rows of the split, from which the shuffled modes draw donors; it holds ``rows``. A row's donor does not
        depend on how many of them are asked.
    seed : int
        Of the run.
    draw : int
        Which derangement, from 0, in the shuffled modes.
    strata : sequence of str
        Slices within which ``shuffled_hard`` finds its donors.

    Raises
    ------
    ModeError
        Where these rows cannot be shown so.
    """
    if name in NEED_OPTIONS and any(not row.options for row in rows):
        raise ModeError(f"mode {name}: the rows have no options, but this mode shows them. Leave this mode out.")
    if name in SHUFFLED:
        found = (
            donors(pool, seed=seed, draw=draw)
            if name == "shuffled"
            else hard_donors(pool, strata, seed=seed, draw=draw)
        )
        truth = Truth(pool)
        return tuple(shuffled(row, found.by_row[row.id], truth) for row in rows)
    if name in ROTATIONS:
        return tuple(rotated(row, int(name.removeprefix("rotation_"))) for row in rows)
    return tuple(_SIMPLE[name](row) for row in rows)


def coverage(name: ModeName, pool: Sequence[Row], *, seed: int, strata: Sequence[str]) -> str:
    """Say, for ``shuffled_hard``, how many rows of the split have a donor within which strata; else nothing."""
    if name != "shuffled_hard":
        return ""
    within = hard_donors(pool, strata, seed=seed).within
    parts = [
        f"{count} rows within {' and '.join(names) or 'rows of as many images'}" for names, count in within.items()
    ]
    return f"Hard donors: {', '.join(parts)}."


def image_text(row: Row) -> Row:
    """Show the row as published."""
    return row


def text_only(row: Row) -> Row:
    """Withhold the images."""
    return replace(row, images=())


def options_only(row: Row) -> Row:
    """Withhold images and stem."""
    return replace(row, images=(), stem="")


def image_options(row: Row) -> Row:
    """Withhold the stem."""
    return replace(row, stem="")


def blank(row: Row) -> Row:
    """Put a mid-grey picture of the same size in the place of every image."""
    return replace(row, images=tuple(grey(ref.width, ref.height) for ref in row.images))


def shuffled(row: Row, donor: Row, truth: Truth) -> Row:
    """Show the donor's images in the place of the row's own, and note which answer would fit them."""
    return replace(row, images=donor.images, donor=donor.id, fits=truth.fitting(row, donor.images))


def rotated(row: Row, k: int) -> Row:
    """Move every option's text ``k`` places towards the first letter; the gold moves along.

    With five options and ``k = 1`` the texts stand in the published order B C D E A under the letters A to E.
    ``Option.origin`` keeps the published letter, to which a reply is mapped back. A row with fewer options comes back
    to an order that it had before, which is asked once.
    """
    shown, n = row.options, len(row.options)
    moved = tuple(
        Option(letter=shown[i].letter, text=shown[(i + k) % n].text, origin=shown[(i + k) % n].origin) for i in range(n)
    )
    origin = next(option.origin for option in shown if option.letter == row.gold)
    gold = next(option.letter for option in moved if option.origin == origin)
    return replace(row, options=moved, gold=gold)


@lru_cache(maxsize=4096)
def grey(width: int, height: int) -> ImageRef:
    """Return a mid-grey picture of the given size in pixels."""
    seen = hashlib.sha256(f"{width}x{height}:".encode())
    line = bytes(GREY) * width
    for _ in range(height):
        seen.update(line)
    return ImageRef(
        name=f"grey-{width}x{height}",
        digest=seen.hexdigest(),
        width=width,
        height=height,
        open=partial(_paint, width, height),
    )


def _paint(width: int, height: int) -> Image:
    from PIL import Image

    return Image.new("RGB", (width, height), GREY)


_SIMPLE = {
    "image_text": image_text,
    "text_only": text_only,
    "options_only": options_only,
    "image_options": image_options,
    "blank": blank,
}
