"""Counting images in tensors, for every layout in which processors lay them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from harness.backends.hf.receipts import Given, Picture, count
from harness.errors import ReceiptError

if TYPE_CHECKING:
    from torch import Tensor

IMAGE, TEXT = 9, 1


def given(
    rows: Sequence[Sequence[int]],
    tensors: Mapping[str, Tensor],
    sent: Sequence[int],
    said: Sequence[Sequence[int]] = (),
    merge: int = 1,
) -> Given:
    """Inputs whose rows are written as runs: positive numbers are runs of image tokens, negative ones of text."""
    import torch

    ids = [[IMAGE if run > 0 else TEXT for run in runs for _ in range(abs(run))] for runs in rows]
    width = max(len(row) for row in ids)
    return Given(
        ids=torch.tensor([[0] * (width - len(row)) + row for row in ids]),
        tensors=tensors,
        sent=tuple(sent),
        said=tuple(tuple(row) for row in said),
        image_token=IMAGE,
        merge=merge,
    )


def numbered(*shape: int, first: int = 1) -> Tensor:
    """A tensor in which no two numbers are equal."""
    import torch

    size = torch.Size(shape).numel()
    return torch.arange(first, first + size, dtype=torch.float32).reshape(shape)


def tokens(found: Sequence[Sequence[Picture]]) -> list[list[int]]:
    return [[picture.tokens for picture in row] for row in found]


def distinct(found: Sequence[Sequence[Picture]]) -> int:
    return len({picture.tensor for row in found for picture in row})


def refusal(inputs: Given) -> str:
    with pytest.raises(ReceiptError) as refused:
        count(inputs)
    return str(refused.value)


def test_patches_of_all_pictures_are_split_by_their_grids() -> None:
    import torch

    grid = torch.tensor([[1, 4, 4], [1, 2, 4], [1, 2, 2]])
    pixels = {"pixel_values": numbered(28, 6), "image_grid_thw": grid}
    found = count(given([[-2, 4, 2, -1], [-1, 1, -3]], pixels, sent=[2, 1], merge=2))
    assert tokens(found) == [[4, 2], [1]]
    assert distinct(found) == 3


def test_missing_grid_is_a_missing_image() -> None:
    import torch

    pixels = {"pixel_values": numbered(16, 6), "image_grid_thw": torch.tensor([[1, 4, 4]])}
    assert refusal(given([[-1, 4, -1]], pixels, sent=[2], merge=2)) == (
        "2 images were sent, but the model was given 1 image (4 image tokens); "
        "the processor dropped, merged or truncated an image"
    )


def test_patches_that_the_grids_do_not_account_for_are_refused() -> None:
    import torch

    pixels = {"pixel_values": numbered(12, 6), "image_grid_thw": torch.tensor([[1, 4, 4]])}
    assert "1 image was sent" in refusal(given([[-1, 4, -1]], pixels, sent=[1], merge=2))


def test_picture_padded_to_the_largest_keeps_its_digest() -> None:
    import torch

    small, large = numbered(1, 3, 2, 2), numbered(1, 3, 4, 4, first=100)
    padded = torch.zeros(2, 3, 4, 4)
    padded[0, :, :2, :2], padded[1] = small[0], large[0]
    both = {"pixel_values": padded, "image_sizes": torch.tensor([[2, 2], [4, 4]])}
    alone = {"pixel_values": small, "image_sizes": torch.tensor([[2, 2]])}
    together = count(given([[2, -1, 2, -1, 4]], both, sent=[2], said=[[4, 4]]))
    assert together[0][0] == count(given([[2, -1, 2]], alone, sent=[1], said=[[4]]))[0][0]


def test_padded_list_of_tiles_belongs_to_its_row() -> None:
    import torch

    tiles = torch.zeros(2, 3, 3, 4, 4)
    tiles[0], tiles[1, :1] = numbered(3, 3, 4, 4), numbered(1, 3, 4, 4, first=500)
    found = count(given([[2, -1, 4], [-1, 2]], {"pixel_values": tiles}, sent=[2, 1], said=[[2, 4], [2]]))
    assert tokens(found) == [[2, 4], [2]]
    assert distinct(found) == 3


def test_tiles_without_a_picture_for_them_are_refused() -> None:
    tiles = numbered(1, 3, 3, 4, 4)
    assert "(4 image tokens)" in refusal(given([[2, -1, 2]], {"pixel_values": tiles}, sent=[2], said=[[2, 2]]))


def test_padding_of_a_tile_is_not_part_of_its_digest() -> None:
    import torch

    small = numbered(1, 1, 3, 2, 2)
    padded, mask = torch.zeros(1, 1, 3, 4, 4), torch.zeros(1, 1, 4, 4, dtype=torch.int64)
    padded[..., :2, :2], mask[..., :2, :2] = small, 1
    whole = torch.ones(1, 1, 2, 2, dtype=torch.int64)
    with_padding = {"pixel_values": padded, "pixel_attention_mask": mask}
    without = {"pixel_values": small, "pixel_attention_mask": whole}
    assert count(given([[3]], with_padding, sent=[1])) == count(given([[3]], without, sent=[1]))


def test_crops_in_one_list_are_shared_out_by_tokens() -> None:
    found = count(given([[4, -1, 12], [8]], {"pixel_values": numbered(6, 3, 4, 4)}, sent=[2, 1], said=[[4, 12], [8]]))
    assert tokens(found) == [[4, 12], [8]]
    assert distinct(found) == 3


def test_runs_tell_images_apart_where_the_processor_keeps_no_account() -> None:
    found = count(given([[-1, 3, -1, 6]], {"pixel_values": numbered(3, 3, 4, 4)}, sent=[2]))
    assert tokens(found) == [[3, 6]]


def test_touching_images_have_equal_shares_where_the_processor_keeps_no_account() -> None:
    assert tokens(count(given([[-1, 8]], {"pixel_values": numbered(2, 3, 4, 4)}, sent=[2]))) == [[4, 4]]


@pytest.mark.parametrize(
    ("rows", "said", "shown"),
    [
        ([[4, 3]], [[4, 4]], "1 image (7 image tokens)"),
        ([[4]], [[4]], "1 image (4 image tokens)"),
        ([[-3]], [[]], "0 images (0 image tokens)"),
        ([[3]], [[4, 4]], "0 images (3 image tokens)"),
    ],
)
def test_tokens_that_are_not_all_there_are_refused(
    rows: Sequence[Sequence[int]], said: Sequence[Sequence[int]], shown: str
) -> None:
    text = refusal(given(rows, {"pixel_values": numbered(2, 3, 4, 4)}, sent=[2], said=said))
    assert text.startswith(f"2 images were sent, but the model was given {shown};")


def test_text_alone_holds_neither_tokens_nor_pixels() -> None:
    assert count(given([[-4], [-2]], {}, sent=[0, 0])) == [[], []]
    assert "given 2 image tokens;" in refusal(given([[-4, 2]], {}, sent=[0]))
    assert "and 'pixel_values'" in refusal(given([[-4]], {"pixel_values": numbered(1, 3, 2, 2)}, sent=[0]))
