"""What a model may see of a row. A mode is a named function from rows to rows; ``apply`` finds it by name.

========================  ======  =====  =======  ================================================
mode                      images  stem   options  asks
========================  ======  =====  =======  ================================================
image_text                own     yes    yes      the benchmark as published
text_only                 none    yes    yes      what the text alone gives
shuffled                  other   yes    yes      whether the *right* image matters
blank                     grey    yes    yes      whether any image matters
options_only              none    no     yes      what the answer choices alone give
image_options             own     no     yes      what the image gives without the question
rotation_1 .. rotation_4  own     yes    moved    whether the place of an option matters
========================  ======  =====  =======  ================================================
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, get_args

from harness.errors import ModeError, UsageError
from harness.records import WITHOUT_IMAGES, WITHOUT_STEM, ImageRef, ModeName, Option, Row

if TYPE_CHECKING:
    from PIL.Image import Image

NAMES: tuple[ModeName, ...] = get_args(ModeName)
NEED_OPTIONS: frozenset[str] = WITHOUT_STEM | {name for name in NAMES if name.startswith("rotation_")}
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


def offered(*, choices: bool) -> tuple[ModeName, ...]:
    """Return the modes of a benchmark, in table order: those that need options only where there are options."""
    return tuple(name for name in NAMES if choices or name not in NEED_OPTIONS)


def apply(name: ModeName, rows: Sequence[Row], pool: Sequence[Row], *, seed: int) -> tuple[Row, ...]:
    """Return ``rows`` as the mode shows them.

    Parameters
    ----------
    name : ModeName
        The mode.
    rows : sequence of Row
        The rows to ask, as published.
    pool : sequence of Row
        All rows of the split, from which ``shuffled`` draws donors; it holds ``rows``. A row's donor does not
        depend on how many of them are asked.
    seed : int
        Of the run.

    Raises
    ------
    ModeError
        Where these rows cannot be shown so.
    """
    if name in NEED_OPTIONS and any(not row.options for row in rows):
        raise ModeError(f"mode {name}: the rows have no options, but this mode shows them. Leave this mode out.")
    if name == "shuffled":
        by_row = donors(pool, seed=seed)
        return tuple(shuffled(row, by_row[row.id]) for row in rows)
    if name.startswith("rotation_"):
        return tuple(rotated(row, int(name.removeprefix("rotation_"))) for row in rows)
    return tuple(_SIMPLE[name](row) for row in rows)


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


def shuffled(row: Row, donor: Row) -> Row:
    """Show the donor's images in the place of the row's own."""
    return replace(row, images=donor.images, donor=donor.id)


def rotated(row: Row, k: int) -> Row:
    """Move every option's text ``k`` places towards the first letter; the gold moves along.

    With five options and ``k = 1`` the texts stand in the published order B C D E A under the letters A to E.
    ``Option.origin`` keeps the published letter, to which a reply is mapped back.
    """
    shown, n = row.options, len(row.options)
    moved = tuple(
        Option(letter=shown[i].letter, text=shown[(i + k) % n].text, origin=shown[(i + k) % n].origin) for i in range(n)
    )
    origin = next(option.origin for option in shown if option.letter == row.gold)
    gold = next(option.letter for option in moved if option.origin == origin)
    return replace(row, options=moved, gold=gold)


def donors(pool: Sequence[Row], *, seed: int) -> Mapping[str, Row]:
    """Draw, for every row, another row whose images it is shown.

    A seeded permutation within the rows of equal image count: each row gives its images once, never to a row of
    its own cluster, and never to one that has a picture with equal pixels. It starts from a cyclic shift by at
    least the largest cluster, over rows grouped by cluster, and is then mixed by swaps that keep both rules.

    Raises
    ------
    ModeError
        Where a group of rows has no such permutation; names the group.
    """
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(pool, key=lambda r: r.id):
        groups[len(row.images)].append(row)
    result: dict[str, Row] = {}
    for count, group in sorted(groups.items()):
        rng = random.Random(f"{seed}|shuffled|{count}|{len(group)}")  # noqa: S311 - a seeded draw, not a secret
        result.update(_deranged(group, count, rng))
    return result


def _deranged(group: list[Row], count: int, rng: random.Random) -> dict[str, Row]:
    sizes = Counter(row.cluster for row in group)
    largest = max(sizes.values())
    if 2 * largest > len(group):
        name = sizes.most_common(1)[0][0]
        raise ModeError(
            f"mode shuffled: {largest} of the {len(group)} rows with {count} image(s) are of one cluster ({name}, "
            f"such as row {next(r.id for r in group if r.cluster == name)}), but at most half may be, for each "
            "row to be shown a foreign image. Ask more rows, or leave this mode out."
        )
    order = list(sizes)
    rng.shuffle(order)
    place = {cluster: i for i, cluster in enumerate(order)}
    group = sorted(group, key=lambda row: (place[row.cluster], row.id))
    n, shift = len(group), rng.randint(largest, len(group) - largest)
    donor = [group[(i + shift) % n] for i in range(n)]
    for _ in range(20 * n):
        i, j = rng.randrange(n), rng.randrange(n)
        if _foreign(group[i], donor[j]) and _foreign(group[j], donor[i]):
            donor[i], donor[j] = donor[j], donor[i]
    for row, other in zip(group, donor, strict=True):
        if not _foreign(row, other):
            raise ModeError(
                f"mode shuffled: row {row.id} would be shown a picture equal to its own (of row {other.id}), but "
                "rows that share a picture should be of one cluster. Mend the clusters of the loader."
            )
    return {row.id: other for row, other in zip(group, donor, strict=True)}


def _foreign(row: Row, donor: Row) -> bool:
    if row.cluster == donor.cluster:
        return False
    return not {ref.digest for ref in row.images} & {ref.digest for ref in donor.images}


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
