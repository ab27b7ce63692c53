"""How many questions were asked with how many images: zero for all of them is no multimodal evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.forensics.finding import Figure, Finding, Place
from harness.forensics.grid import Grid

_NAME = re.compile(r"\W*(\d+)\s*(?:images?|pictures?)\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Questions that were asked with the same number of images.

    Attributes
    ----------
    images : int
        How many images each had.
    n : int
        Questions.
    k : int or None
        Right answers.
    place : Place
        Where it stands.
    """

    images: int
    n: int
    k: int | None
    place: Place


def images_of(name: str) -> int | None:
    """Return the number of images that the name of a row speaks of, as ``0 image(s)``; None where it does not."""
    found = _NAME.match(name)
    return None if found is None else int(found[1])


def groups(grid: Grid) -> list[Group]:
    """Return the groups by images that a table has: rows called so, or a first column that counts images."""
    first = grid.columns[0] if grid.columns else None
    counted = first if first is not None and first.kind == "images" else None
    found = []
    for row, figures in enumerate(grid.figures):
        value = counted.cells[row].value if counted is not None else None
        images = value.digits if value is not None and not value.places else images_of(grid.names[row])
        figure = next((one for one in figures if one.n and not one.blank), None)
        if images is not None and figure is not None and figure.n:
            found.append(Group(images=images, n=figure.n, k=figure.k, place=figure.place))
    return found


def sightless(found: Sequence[Group]) -> Iterator[Finding]:
    """Say so where all questions, or some, were asked without an image."""
    blind = [group for group in found if group.images == 0 and group.n]
    asked, every = sum(group.n for group in blind), sum(group.n for group in found)
    if not blind:
        return
    if asked == every:
        yield Finding(
            severity="inconsistent",
            check="images",
            place=blind[0].place,
            printed=f"0 images: {asked} of {every}",
            should="every question was asked without an image: not a multimodal evaluation",
            todo="Repair the loading of images and measure again; do not compare this with figures of models that saw.",
        )
    else:
        yield Finding(
            severity="warning",
            check="images",
            place=blind[0].place,
            printed=f"0 images: {asked} of {every}",
            should="some questions were asked without an image",
            todo="Say which, and report the questions with images apart.",
        )


def partition(found: Sequence[Group], total: Figure | None) -> Iterator[Finding]:
    """Groups by images are disjoint: their n and their counts add up to those of all questions."""
    if total is None or len(found) < 1 or not total.n:
        return
    n, counts = sum(group.n for group in found), [group.k for group in found]
    k = sum(one for one in counts if one is not None) if None not in counts else total.k
    if (n, k) != (total.n, total.k if total.k is not None else k):
        yield Finding(
            severity="inconsistent",
            check="images",
            place=found[0].place,
            printed=f"{k}/{n} in {len(found)} group(s) by images",
            should=f"should add up to {total.k}/{total.n} of {total.place.row}",
            todo="Say which questions are in no group, or in two.",
        )
