"""What prompts of one batch have in common, so that the language model reads it once.

Prompts that show the same pictures begin alike: chat format, pictures, often the question. That beginning is read
once a set of pictures into a key-value cache, the cache is handed to every prompt of the set, and only what differs
is read prompt by prompt. ::

    read once     [pad] [beginning of set 1]        read a prompt   [pad] [rest of prompt 1]
                        [beginning of set 2]                        [pad] [rest of prompt 2] ...

Positions are counted over what is no padding, so every token stands where it would stand in a prompt read alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from harness.backends.hf.pictures import Seen
from harness.backends.hf.processing import Line

if TYPE_CHECKING:
    from torch import Tensor

WORTH = 0.2
"""Least share of a batch's tokens that must be saved before a batch is read in two steps."""

LONG = 512
"""Least tokens of a batch's longest prompt for which padding costs more than calls of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """How a batch is read in two steps.

    Attributes
    ----------
    beginnings : tuple of Line
        What is read once, one a set of pictures.
    parents : tuple of int
        Which of them each prompt begins with.
    cuts : tuple of int
        Tokens of it.
    """

    beginnings: tuple[Line, ...]
    parents: tuple[int, ...]
    cuts: tuple[int, ...]


def shared(lines: Sequence[Line], image_token: int, *, worth: float = WORTH) -> Shared | None:
    """Find what is worth reading once; None where it is not.

    Parameters
    ----------
    lines : sequence of Line
        The prompts of a batch, all with pictures.
    image_token : int
        Id of the token that stands for what is seen: a beginning holds all of a prompt's.
    worth : float
        Least share of the tokens that must be saved.
    """
    sets: dict[tuple[tuple[str, ...], tuple[int, ...]], list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        shown = tuple(seen.image.digest for seen in line.seen)
        # what stands before and between the pictures has to be the same too
        sets[shown, line.ids[: _pictures(line, image_token)]].append(place)
    if len(sets) == len(lines):
        return None
    beginnings: list[Line] = []
    parents, cuts = [0] * len(lines), [0] * len(lines)
    for (_, ids), places in sets.items():
        cut = _cut([lines[place] for place in places], len(ids))
        if cut < len(ids):
            return None
        for place in places:
            parents[place], cuts[place] = len(beginnings), cut
        beginnings.append(_upto(lines[places[0]], cut))
    saved = sum(cuts) - sum(len(beginning.ids) for beginning in beginnings)
    if saved < worth * sum(len(line.ids) for line in lines):
        return None
    return Shared(beginnings=tuple(beginnings), parents=tuple(parents), cuts=tuple(cuts))


def apart(lines: Sequence[Line], image_token: int) -> Shared | None:
    """Every prompt up to its last token, to be read without padding; None where padding them costs next to nothing.

    Parameters
    ----------
    lines : sequence of Line
        The prompts of a batch, all with pictures.
    image_token : int
        Id of the token that stands for what is seen: none may be left for the second step.
    """
    lengths = [len(line.ids) for line in lines]
    if len(set(lengths)) < 2 or max(lengths) < LONG or any(line.ids[-1] == image_token for line in lines):
        return None
    cuts = tuple(length - 1 for length in lengths)
    beginnings = tuple(_upto(line, cut) for line, cut in zip(lines, cuts, strict=True))
    return Shared(beginnings=beginnings, parents=tuple(range(len(lines))), cuts=cuts)


def alike(beginnings: Sequence[Line]) -> list[list[int]]:
    """Return places of beginnings that need no padding together."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, line in enumerate(beginnings):
        places[len(line.ids)].append(place)
    return list(places.values())


def whole(lines: Sequence[Line], pad: int) -> dict[str, Tensor]:
    """Return ids, mask and token types of whole prompts, padded on the left."""
    longest = max(len(line.ids) for line in lines)
    return _tensors(lines, [(longest, 0, len(line.ids)) for line in lines], pad)


def resumed(lines: Sequence[Line], plan: Shared, pad: int) -> dict[str, Tensor]:
    """Return the same of prompts whose beginnings are in a cache: both parts are padded on the left."""
    first = max(len(beginning.ids) for beginning in plan.beginnings)
    rest = max(len(line.ids) - cut for line, cut in zip(lines, plan.cuts, strict=True))
    beginning = _tensors(lines, [(first, 0, cut) for cut in plan.cuts], pad)
    end = _tensors(lines, [(rest, cut, len(line.ids)) for line, cut in zip(lines, plan.cuts, strict=True)], pad)
    import torch

    return {name: torch.cat([beginning[name], end[name]], dim=1) for name in beginning}


def shapes(seen: Sequence[Seen]) -> dict[str, Tensor]:
    """Return the grids and sizes of pictures in order, as arguments of the model."""
    import torch

    names = seen[0].shape if seen else {}
    return {name: torch.cat([each.shape[name] for each in seen]) for name in names}


def _pictures(line: Line, image_token: int) -> int:
    """Tokens up to the last of its pictures."""
    back = next((back for back, token in enumerate(reversed(line.ids)) if token == image_token), len(line.ids))
    return len(line.ids) - back


def _cut(lines: Sequence[Line], pictures: int) -> int:
    """Tokens that prompts of one set have in common; each keeps one to be read, so it may be less than all pictures."""
    most = min(len(line.ids) for line in lines) - 1
    if len(lines) == 1:
        return min(pictures, most)
    columns = zip(*(line.ids for line in lines), strict=False)
    return min(most, sum(1 for _ in takewhile(lambda tokens: len(set(tokens)) == 1, columns)))


def _upto(line: Line, cut: int) -> Line:
    types = {name: values[:cut] for name, values in line.types.items()}
    return Line(ids=line.ids[:cut], types=types, seen=line.seen)


def _tensors(lines: Sequence[Line], spans: Sequence[tuple[int, int, int]], pad: int) -> dict[str, Tensor]:
    """Tensors of a span of each prompt: padded length, begin and end."""
    import torch

    def table(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
        padded = [
            [fill] * (length - (end - begin)) + list(row[begin:end])
            for row, (length, begin, end) in zip(rows, spans, strict=True)
        ]
        return torch.tensor(padded, dtype=torch.long)

    made: Mapping[str, Tensor] = {name: table([line.types[name] for line in lines], 0) for name in lines[0].types}
    ids = table([line.ids for line in lines], pad)
    mask = table([[1] * len(line.ids) for line in lines], 0)
    return {"input_ids": ids, "attention_mask": mask, **made}
