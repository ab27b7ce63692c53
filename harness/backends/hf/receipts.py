"""Receipts: how many images, and how much of each, the tensors of a model's input really hold.

Three counts must agree for every row: the images that were sent, the images whose tokens stand in ``input_ids``,
and the pictures in the pixel tensor. How pictures lie in that tensor is told from its companions and its shape,
not from the name of the model:

========================================  =============================================  ======================
layout                                    told by                                        such as
========================================  =============================================  ======================
patches of all pictures in one list       ``image_grid_thw``: one line a picture         Qwen2-VL to Qwen3-VL
pictures padded to one size               ``image_sizes``: one line a picture            LLaVA-NeXT, Pixtral
a padded list of tiles a row              first axis is the rows, five axes or more      Idefics, SmolVLM, Mllama
all pictures or tiles in one list         anything else                                  LLaVA, Gemma 3, InternVL
========================================  =============================================  ======================

Where a picture became several tiles (crops, pan and scan), each tile has as many image tokens as any other, so
that the tokens of a picture say how many tiles are its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

from harness.errors import ReceiptError

if TYPE_CHECKING:
    from torch import Tensor

PIXELS = ("pixel_values", "image_pixel_values", "pixel_values_images", "image_patches")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a model is given for a group of rows, either all with images or all without.

    Attributes
    ----------
    ids : Tensor, shape (rows, length)
        Token ids.
    tensors : mapping of str to Tensor
        All other inputs.
    sent : tuple of int
        Images of each prompt.
    said : tuple of tuple of int
        Image tokens that the processor says it wrote for each image of each row; empty where it does not say.
    image_token : int
        Id of the token that the model replaces by what it sees.
    merge : int
        Patches per side that become one token, for the layouts with a grid.
    """

    ids: Tensor
    tensors: Mapping[str, Tensor]
    sent: tuple[int, ...]
    said: tuple[tuple[int, ...], ...]
    image_token: int
    merge: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image as it lies in the tensors: its tokens, and the digest of its slice of the pixel tensor."""

    tokens: int
    tensor: str


def count(given: Given) -> list[list[Picture]]:
    """Find every image of every row in the tensors.

    Returns
    -------
    list of list of Picture
        One list a row, in the order of its images; empty lists where no image was sent.

    Raises
    ------
    ReceiptError
        The counts do not agree. With more than one row the text is about the group: ask each row alone.
    """
    if not any(given.sent):
        _refuse_unsent(given)
        return [[] for _ in given.sent]
    tokens = _tokens(given)
    slices = iter(_slices(given, tokens))
    return [[Picture(tokens=each, tensor=digest(next(slices))) for each in row] for row in tokens]


def pixels(tensors: Mapping[str, Tensor]) -> tuple[str, Tensor | None]:
    """Name of the pixel tensor and the tensor; an empty name and None where there is none."""
    return next(((name, tensors[name]) for name in PIXELS if tensors.get(name) is not None), ("", None))


def digest(piece: Tensor) -> str:
    """Hex XXH3 (128 bits), which is as fast as memory, over shape and bytes of a tensor on the CPU."""
    import torch
    from xxhash import xxh3_128

    flat = piece.contiguous().flatten().view(torch.uint8)
    state = xxh3_128(str(tuple(piece.shape)).encode())
    raw: Any = flat.numpy()
    state.update(raw)
    return state.hexdigest()


def _refuse_unsent(given: Given) -> None:
    """A prompt of text alone has neither image tokens nor pixels."""
    tokens = int((given.ids == given.image_token).sum())
    unsent = next((name for name, tensor in given.tensors.items() if "pixel" in name and tensor.numel()), "")
    if tokens or unsent:
        raise ReceiptError(
            f"no image was sent, but the model was given {tokens} image tokens"
            + (f" and '{unsent}'" if unsent else "")
            + "; a prompt of text alone must hold neither"
        )


def _tokens(given: Given) -> list[list[int]]:
    """Image tokens of each image, by its grid, the processor's account or its run, and found in ids."""
    found = (given.ids == given.image_token).sum(dim=1).tolist()
    grids = _grid_tokens(given)
    rows: list[list[int]] = []
    for row, (sent, total) in enumerate(zip(given.sent, found, strict=True)):
        if grids is not None:
            due = [next(grids, 0) for _ in range(sent)]
        elif given.said:
            due = list(given.said[row])
        else:
            due = _spans(given.ids[row] == given.image_token, sent)
        if len(due) != sent or sum(due) != total or not all(due):
            raise _disagree(sent, _whole(due, total), total)
        rows.append(due)
    return rows


def _spans(image: Tensor, sent: int) -> list[int]:
    """Lengths of the runs of image tokens if there is one an image; else, where runs may touch, equal shares."""
    runs = [len(list(run)) for of_image, run in groupby(image.tolist()) if of_image]
    return runs if len(runs) == sent else [int(image.sum()) // sent] * sent if sent else []


def _grid_tokens(given: Given) -> Iterator[int] | None:
    """Tokens of each picture by its grid of patches, over all rows."""
    grid = given.tensors.get("image_grid_thw")
    return None if grid is None else iter((grid.prod(dim=-1) // given.merge**2).tolist())


def _slices(given: Given, tokens: Sequence[Sequence[int]]) -> list[Tensor]:
    """The slice of the pixel tensor of each image, over all rows in order."""
    _, tensor = pixels(given.tensors)
    flat = [each for row in tokens for each in row]
    if tensor is None:
        raise _disagree(len(flat), 0, sum(flat))
    grid, sizes = given.tensors.get("image_grid_thw"), given.tensors.get("image_sizes")
    if grid is not None:
        patches = grid.prod(dim=-1).tolist()
        if len(patches) != len(flat) or sum(patches) != len(tensor):
            raise _disagree(len(flat), len(patches), sum(flat))
        return _cut(tensor, patches)
    if sizes is not None and len(sizes) == len(tensor):
        if len(tensor) != len(flat):
            raise _disagree(len(flat), len(tensor), sum(flat))
        return [_unpadded(picture, size) for picture, size in zip(tensor, sizes.tolist(), strict=True)]
    if tensor.ndim >= 5 and len(tensor) == len(tokens):
        masks = given.tensors.get("pixel_attention_mask")
        return [piece for row, own in enumerate(tokens) for piece in _nested(tensor, masks, row, own)]
    return _cut(tensor, _shares(len(tensor), flat))


def _nested(tensor: Tensor, masks: Tensor | None, row: int, tokens: Sequence[int]) -> list[Tensor]:
    """Slices of the images of one row, without the padding of its list and of its pictures."""
    real = _is_real(tensor[row])
    tiles = tensor[row][real]
    shares = _shares(len(tiles), tokens)
    pieces = _cut(tiles, shares)
    if masks is None:
        return pieces
    return [_cropped(piece, mask) for piece, mask in zip(pieces, _cut(masks[row][real], shares), strict=True)]


def _shares(tiles: int, tokens: Sequence[int]) -> list[int]:
    """Tiles of each image, by its tokens: all tiles have equally many."""
    if tiles == len(tokens):
        return [1] * tiles
    total = sum(tokens)
    each, rest = divmod(total, tiles) if tiles else (0, total)
    if rest or not each or any(own % each for own in tokens):
        raise _disagree(len(tokens), tiles, total)
    return [own // each for own in tokens]


def _cut(tensor: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Consecutive pieces along the first axis."""
    ends = list(accumulate(sizes))
    return [tensor[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _is_real(tiles: Tensor) -> Tensor:
    """Which tiles are not padding. Those of zeros are: the models leave them out as well."""
    return (tiles != 0).flatten(1).any(dim=1)


def _cropped(tiles: Tensor, mask: Tensor) -> Tensor:
    """Tiles without the padding to the size of the largest in the batch, which the mask leaves out."""
    seen = mask.bool().any(dim=0)
    return tiles[..., : int(seen.any(dim=1).sum()), : int(seen.any(dim=0).sum())]


def _unpadded(picture: Tensor, size: Sequence[int]) -> Tensor:
    """One picture, or one list of tiles, without what was added to give all one shape."""
    return picture[:, : size[0], : size[1]] if picture.ndim == 3 else picture[_is_real(picture)]


def _whole(due: Sequence[int], found: int) -> int:
    """Images whose tokens are all there."""
    whole = 0
    for tokens in due:
        found -= tokens
        if found < 0 or not tokens:
            break
        whole += 1
    return whole


def _disagree(sent: int, given: int, tokens: int) -> ReceiptError:
    return ReceiptError(
        f"{'1 image was' if sent == 1 else f'{sent} images were'} sent, but the model was given {given} "
        f"{'image' if given == 1 else 'images'} ({tokens} image tokens); "
        "the processor dropped, merged or truncated an image"
    )
