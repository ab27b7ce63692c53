"""Decoding, digest and cache of pictures."""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from harness.errors import ImageRefused
from harness.load import pixels


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    pixels.CACHE.clear()
    yield
    pixels.CACHE.clear()


def _noise(width: int = 16, height: int = 12, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def _encode(image: Image.Image, encoding: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, encoding, **options)
    return stream.getvalue()


def _refusal(data: bytes, *, verify: bool = False) -> str:
    with pytest.raises(ImageRefused) as caught:
        pixels.decode(data, verify=verify)
    return str(caught.value)


def test_empty_file_is_refused() -> None:
    assert _refusal(b"") == "is empty (0 bytes), but should hold a picture"


def test_truncated_jpeg_is_refused_even_where_somebody_allowed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = _encode(_noise(64, 64), "JPEG")
    assert _refusal(data[: len(data) // 2]).startswith("cannot be decoded: image file is truncated")


def test_truncated_png_is_refused_even_where_somebody_allowed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = _encode(_noise(64, 64))
    assert _refusal(data[: len(data) // 2]).startswith("cannot be decoded: ")


def test_png_that_lacks_only_its_end_is_refused_at_checking() -> None:
    data = _encode(_noise())
    assert _refusal(data[:-8], verify=True).startswith("cannot be decoded: ")


def test_png_with_a_flipped_bit_is_refused_at_checking() -> None:
    data = bytearray(_encode(_noise(64, 64)))
    data[len(data) // 2] ^= 1
    assert _refusal(bytes(data), verify=True).startswith("cannot be decoded: ")


def test_want_of_memory_is_not_taken_for_a_damaged_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(pixels, "_decode", ends)
    with pytest.raises(MemoryError, match="no room"):
        pixels.decode(_encode(_noise()))


def test_text_is_not_a_picture_and_the_error_shows_how_it_starts() -> None:
    assert _refusal(b"hello, world") == "is not a picture: it starts with b'hello, w'"


def test_git_lfs_pointer_is_called_by_its_name() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    assert _refusal(pointer) == ("is not a picture: it is a Git LFS pointer; run `git lfs pull` to get the file itself")


def test_web_page_saved_as_a_picture_is_called_by_its_name() -> None:
    page = b"\n<!DOCTYPE html><html><body>log in</body></html>"
    assert _refusal(page) == "is not a picture: it is an HTML page, such as a log-in page saved under this name"


def test_postscript_is_refused_as_it_would_start_another_program() -> None:
    assert _refusal(_encode(_noise(), "EPS")).startswith("is not a picture: ")


def _png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_picture_for_which_pillow_would_only_warn_of_a_bomb_is_refused() -> None:
    assert _refusal(_png_claiming(10_000, 10_000)) == (
        "is refused as a decompression bomb: 10000 x 10000 pixels, but at most 89478485 are allowed"
    )


def test_picture_for_which_pillow_raises_a_bomb_error_is_refused() -> None:
    assert _refusal(_png_claiming(30_000, 30_000)).startswith("is refused as a decompression bomb: ")


def test_bomb_is_refused_where_pillows_own_limit_was_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert _refusal(_png_claiming(30_000, 30_000)) == (
        "is refused as a decompression bomb: 30000 x 30000 pixels, but at most 89478485 are allowed"
    )


def test_lower_limit_of_pillow_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert _refusal(_encode(_noise(16, 12))) == (
        "is refused as a decompression bomb: 16 x 12 pixels, but at most 100 are allowed"
    )


@pytest.mark.parametrize("encoding", ["GIF", "TIFF", "WEBP", "PNG"])
def test_picture_of_several_frames_is_refused(encoding: str) -> None:
    data = _encode(_noise(seed=1), encoding, save_all=True, append_images=[_noise(seed=2), _noise(seed=3)])
    assert _refusal(data) == "holds 3 frames, but should be one still picture"


@pytest.mark.parametrize("encoding", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_encodings_of_the_same_pixels_have_one_digest(encoding: str) -> None:
    image = _noise()
    assert pixels.digest(pixels.decode(_encode(image, encoding))) == pixels.digest(image)


def test_digest_is_sha256_over_size_and_rgb_bytes() -> None:
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    assert pixels.digest(image) == hashlib.sha256(b"2x1:" + bytes([1, 2, 3, 1, 2, 3])).hexdigest()


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 400))
def test_digest_is_the_same_however_many_rows_are_read_at_a_time(width: int, height: int, strip: int) -> None:
    image = _noise(width, height)
    whole = hashlib.sha256(f"{width}x{height}:".encode() + image.tobytes()).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels, "STRIP", strip)
        assert pixels.digest(image) == whole


def test_digest_tells_sizes_apart_where_the_bytes_are_equal() -> None:
    assert pixels.digest(Image.new("RGB", (2, 1))) != pixels.digest(Image.new("RGB", (1, 2)))


def test_exif_orientation_is_applied() -> None:
    image = _noise(16, 12)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    upright = pixels.decode(_encode(image, "PNG", exif=exif))
    assert upright.size == (12, 16)
    assert pixels.digest(upright) == pixels.digest(image.transpose(Image.Transpose.ROTATE_270))


def test_exif_that_cannot_be_read_counts_as_none() -> None:
    image = _noise()
    data = _encode(image, "JPEG", exif=b"Exif\x00\x00no tiff header at all")
    assert pixels.digest(pixels.decode(data)) == pixels.digest(pixels.decode(_encode(image, "JPEG")))


def test_warning_about_metadata_refuses_no_picture_where_warnings_are_errors() -> None:
    broken = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\x7f" + b"\x12\x01\x03\x00\x01\x00\x00\x00"
    data = _encode(_noise(), "JPEG", exif=broken)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        loose = pixels.decode(data)
    assert heard, "Pillow no longer warns of this file: choose another"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strict = pixels.decode(data)
    assert pixels.digest(strict) == pixels.digest(loose)


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], dtype=np.uint16)
    image = pixels.decode(_encode(Image.fromarray(values), "PNG"))
    assert [image.getpixel((x, 0)) for x in range(5)] == [(v, v, v) for v in (0, 0, 1, 128, 255)]


def test_sixteen_bit_tiff_is_scaled_as_png_is() -> None:
    values = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    image = Image.fromarray(values)
    png, tiff = pixels.decode(_encode(image, "PNG")), pixels.decode(_encode(image, "TIFF"))
    assert pixels.digest(png) == pixels.digest(tiff)
    assert len(set(np.asarray(tiff)[..., 0].ravel())) == 256


def test_pixels_of_32_bits_are_refused_as_they_have_no_range() -> None:
    data = _encode(Image.fromarray(np.ones((3, 3), dtype=np.float32)), "TIFF")
    assert _refusal(data) == "has 32-bit pixels (mode F) without a range, but should have 8 or 16 bits"


def test_alpha_is_dropped_and_the_colour_under_it_shown() -> None:
    image = pixels.decode(_encode(Image.new("RGBA", (1, 1), (10, 20, 30, 0))))
    assert image.mode == "RGB"
    assert image.getpixel((0, 0)) == (10, 20, 30)


@pytest.mark.parametrize(("mode", "colour"), [("RGB", (9, 8, 7)), ("L", 9), ("P", 3)])
def test_colour_that_counts_as_transparent_is_shown_as_it_is(mode: str, colour: Any) -> None:
    plain = Image.new(mode, (8, 8), colour)
    if mode == "P":
        plain.putpalette([value for number in range(256) for value in (number, number, number)])
    decoded = pixels.decode(_encode(plain, transparency=colour))
    # transformers paints such a colour white where it is told of it
    assert decoded.info.get("transparency") is None
    assert decoded.tobytes() == plain.convert("RGB").tobytes()
    assert set(np.asarray(decoded.convert("RGBA"))[..., 3].flat) == {255}


def test_picture_stays_whole_after_its_file_is_closed() -> None:
    image = _noise(64, 48)
    for encoding in ("PNG", "BMP", "TIFF"):
        decoded = pixels.decode(_encode(image, encoding))
        assert decoded.copy().tobytes() == image.tobytes()
        assert decoded.resize((64, 48)).rotate(0).tobytes() == image.tobytes()


def test_palette_with_transparency_is_resolved() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    decoded = pixels.decode(_encode(image, "PNG", transparency=bytes([0, 255])))
    assert [decoded.getpixel((x, 0)) for x in range(2)] == [(10, 20, 30), (40, 50, 60)]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "CMYK"])
def test_other_modes_become_rgb(mode: str) -> None:
    decoded = pixels.decode(_encode(Image.new(mode, (3, 2), 1), "TIFF" if mode == "CMYK" else "PNG"))
    assert (decoded.mode, decoded.size) == ("RGB", (3, 2))


@given(st.binary(max_size=400), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]), st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_decoded_or_refused_and_nothing_else_is_raised(
    noise: bytes, encoding: str, data: st.DataObject
) -> None:
    whole = _encode(_noise(), encoding)
    cut = data.draw(st.integers(0, len(whole)))
    for attempt in (noise, whole[:cut] + noise, whole[:cut] + noise + whole[cut + len(noise) :]):
        try:
            assert pixels.decode(attempt, verify=True).mode == "RGB"
        except ImageRefused as error:
            assert "\n" not in str(error)  # noqa: PT017 - both outcomes are allowed


def test_cache_lets_the_longest_unused_picture_go() -> None:
    cache = pixels.Cache(max_bytes=2 * 4 * 10 * 10)
    for key in ("a", "b"):
        cache.put(key, Image.new("RGB", (10, 10)))
    assert cache.get("a") is not None
    cache.put("c", Image.new("RGB", (10, 10)))
    assert [cache.get(key) is None for key in ("a", "b", "c")] == [False, True, False]
    assert cache.used == cache.max_bytes


def test_cache_never_holds_more_than_its_bound() -> None:
    cache = pixels.Cache(max_bytes=1000)
    for n in range(1, 40):
        cache.put(str(n), Image.new("RGB", (n, n)))
        assert cache.used <= 1000


def test_offer_to_a_full_cache_lets_nothing_go() -> None:
    cache = pixels.Cache(max_bytes=400)
    cache.put("a", Image.new("RGB", (10, 10)))
    cache.offer("b", Image.new("RGB", (1, 1)))
    assert cache.get("a") is not None
    assert cache.get("b") is None


def test_change_to_a_picture_from_the_cache_stays_with_the_one_who_made_it() -> None:
    cache = pixels.Cache()
    cache.put("a", Image.new("RGB", (1, 1)))
    first = cache.get("a")
    assert first is not None
    first.putpixel((0, 0), (9, 9, 9))
    second = cache.get("a")
    assert second is not None
    assert second.getpixel((0, 0)) == (0, 0, 0)


def test_cache_bears_many_threads() -> None:
    cache = pixels.Cache(max_bytes=4 * 100 * 5)
    image, failed = Image.new("RGB", (10, 10)), list[BaseException]()

    def use(start: int) -> None:
        try:
            for n in range(200):
                cache.put(str((start + n) % 9), image)
                cache.get(str(n % 9))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert cache.used == 4 * 100 * 5


def test_reopening_reads_nothing_where_the_picture_is_still_held() -> None:
    found = pixels.examine(_encode(_noise()))

    def read() -> bytes:
        raise AssertionError("was read again")

    assert pixels.digest(pixels.reopen(read, "x.png", found.digest)) == found.digest


def test_reopening_decodes_again_where_the_picture_was_let_go() -> None:
    data = _encode(_noise())
    found = pixels.examine(data)
    pixels.CACHE.clear()
    assert pixels.digest(pixels.reopen(lambda: data, "x.png", found.digest)) == found.digest


def test_file_changed_under_our_feet_is_refused() -> None:
    found = pixels.examine(_encode(_noise(seed=1)))
    other = pixels.digest(_noise(seed=2))
    pixels.CACHE.clear()
    with pytest.raises(ImageRefused) as caught:
        pixels.reopen(lambda: _encode(_noise(seed=2)), "x.png", found.digest)
    assert str(caught.value) == (
        f"image 'x.png' was changed during the run: its pixels have digest {other[:12]}, but had {found.digest[:12]} "
        "when the rows were loaded. Restore the file and start again."
    )


def test_file_that_was_emptied_during_the_run_is_refused_by_name() -> None:
    with pytest.raises(ImageRefused, match=r"^image 'x\.png' is empty \(0 bytes\), but should hold a picture$"):
        pixels.reopen(lambda: b"", "x.png", "0" * 64)
