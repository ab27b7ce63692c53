"""Bytes that were decoded before come to the same pixels without being decoded; any other bytes are decoded."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from harness.errors import ImageRefused
from harness.load import pixels
from harness.load.known import Known


def encoded(colour: int = 7, size: tuple[int, int] = (9, 5)) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", size, (colour, 20, 30)).save(held, "PNG")
    return held.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is decoded from now on."""
    seen: list[bytes] = []
    real = pixels.decode

    def told(data: bytes, *, verify: bool = False) -> Image.Image:
        seen.append(data)
        return real(data, verify=verify)

    monkeypatch.setattr(pixels, "decode", told)
    return seen


def test_bytes_are_decoded_once_and_their_pixels_stay_the_same(decoded: list[bytes]) -> None:
    first = pixels.examine(encoded())
    assert pixels.examine(encoded()) == first
    assert decoded == [encoded()]
    assert (first.width, first.height) == (9, 5)
    assert first.digest == pixels.digest(Image.open(io.BytesIO(encoded())).convert("RGB"))


def test_other_bytes_are_decoded(decoded: list[bytes]) -> None:
    assert pixels.examine(encoded(7)).digest != pixels.examine(encoded(8)).digest
    assert len(decoded) == 2


def test_another_decoder_decodes_anew(decoded: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    pixels.examine(encoded())
    monkeypatch.setattr(pixels, "KNOWN", Known(lambda: "Pillow of tomorrow"))
    pixels.examine(encoded())
    assert len(decoded) == 2


def test_picture_that_is_refused_is_refused_every_time() -> None:
    for _ in range(2):
        with pytest.raises(ImageRefused):
            pixels.examine(encoded()[:-20])


def test_next_process_knows_what_this_one_decoded(decoded: list[bytes]) -> None:
    first = pixels.examine(encoded())
    program = (
        "import sys; from harness.load import pixels; pixels.decode = None; "
        "print(pixels.examine(sys.stdin.buffer.read()).digest)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=encoded(), capture_output=True, check=True)
    assert done.stdout.decode().strip() == first.digest


@pytest.mark.parametrize("spoilt", ["a folder is a file", "the file is no database"])
def test_pictures_are_decoded_where_nothing_can_be_kept(cache: Path, decoded: list[bytes], spoilt: str) -> None:
    pixels.examine(encoded())
    pixels.KNOWN.close()
    file = next((cache / "sightcheck").glob("pictures-*.sqlite"))
    if spoilt == "the file is no database":
        file.write_bytes(b"not a database" * 100)
    else:
        file.unlink()
        file.parent.rmdir()
        file.parent.write_text("a file")
    assert pixels.examine(encoded()) == pixels.examine(encoded())
    assert len(decoded) == 3
    pixels.KNOWN.close()
