"""Pictures in a zip archive."""

from __future__ import annotations

import gc
import os
import struct
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import DataError, ImageRefused
from harness.load import archive
from harness.load.archive import Archive


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def _open(path: Path) -> Archive:
    return Archive(path, "imgs.zip", ("imgs/", ""))


def _patched(path: Path, old: bytes, new: bytes) -> Path:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    return path


def _refusal(path: Path, name: str) -> str:
    opened = _open(path)
    with pytest.raises(ImageRefused) as caught:
        opened.read(opened.find(name))
    return str(caught.value)


@pytest.mark.parametrize("prefix", ["imgs/", ""])
def test_member_is_found_with_and_without_the_published_prefix(tmp_path: Path, prefix: str) -> None:
    opened = _open(_zip(tmp_path / "imgs.zip", {f"{prefix}xmlab1/source.jpg": b"1"}))
    assert opened.read(opened.find("xmlab1/source.jpg")) == b"1"


def test_backslashes_count_as_slashes_in_rows_and_in_members(tmp_path: Path) -> None:
    opened = _open(_zip(tmp_path / "imgs.zip", {"imgs\\xmlab1\\source.jpg": b"1", "imgs/xmlab2/source.jpg": b"2"}))
    assert opened.read(opened.find("xmlab1/source.jpg")) == b"1"
    assert opened.read(opened.find("xmlab2\\source.jpg")) == b"2"


def test_what_macos_adds_to_an_archive_is_never_taken_for_a_picture(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"1", "__MACOSX/imgs/._a.jpg": b"no", "imgs/.DS_Store": b"no"})
    assert _open(path).find("a.jpg") == "imgs/a.jpg"


def test_missing_member_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"1"})
    assert _refusal(path, "b.jpg") == "is not in 'imgs.zip', but should be"


def test_member_that_differs_in_case_is_named_but_not_taken(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/MM-1-a.JPG": b"1"})
    assert _refusal(path, "MM-1-a.jpg") == (
        "is not in 'imgs.zip', but should be (found 'MM-1-a.JPG', but the row says 'MM-1-a.jpg')"
    )


def test_member_that_climbs_out_cannot_be_named(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"../evil.jpg": b"1", "/abs.jpg": b"1"})
    assert _refusal(path, "../evil.jpg") == "has '..' in its path, but should lie inside the image root"
    assert _refusal(path, "/abs.jpg") == "is an absolute path, but should lie inside the image root"


def test_folder_under_the_name_of_a_picture_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg/": b""})
    assert _refusal(path, "a.jpg") == "is not in 'imgs.zip', but should be"


def test_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "imgs.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as file:
        warnings.simplefilter("ignore")
        file.writestr("imgs/a.jpg", b"1")
        file.writestr("imgs/a.jpg", b"2")
    assert _refusal(path, "a.jpg") == "is 2 times in 'imgs.zip', but should be once"


def test_member_that_is_there_with_and_without_prefix_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"1", "a.jpg": b"2"})
    assert _refusal(path, "a.jpg") == "is 2 times in 'imgs.zip', but should be once"


def test_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert _refusal(path, "a.jpg") == "is encrypted in 'imgs.zip', but should be readable"


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.bmp": bytes(4 * 2**20)}, zipfile.ZIP_DEFLATED)
    packed = zipfile.ZipFile(path).infolist()[0].compress_size
    assert _refusal(path, "a.bmp") == (
        f"is refused as a zip bomb: {packed} bytes of 'imgs.zip' unpack to 4194304, but at most 200 to 1 is allowed"
    )


def test_member_that_declares_too_many_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 10)
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.bmp": bytes(11)})
    assert _refusal(path, "a.bmp") == "declares 11 bytes in 'imgs.zip', but at most 10 are allowed"


def test_member_with_fewer_bytes_than_it_declares_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"12345678"}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 24 :][:4]
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 20)
    path.write_bytes(data)
    assert _refusal(path, "a.jpg").startswith(("has 8 bytes in 'imgs.zip', but 20 are declared", "is damaged"))


def test_member_with_more_bytes_than_it_declares_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"12345678"}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 4)
    path.write_bytes(data)
    assert _refusal(path, "a.jpg").startswith("is damaged in 'imgs.zip': Bad CRC-32")


def test_member_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    path = _patched(_zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"12345678"}), b"12345678", b"12345679")
    assert _refusal(path, "a.jpg").startswith("is damaged in 'imgs.zip': Bad CRC-32")


def test_member_packed_in_an_unknown_way_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"12345678"})
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 10, 99)
    path.write_bytes(data)
    assert _refusal(path, "a.jpg").startswith("is damaged in 'imgs.zip': ")


def test_file_that_is_no_archive_is_a_data_error_that_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "imgs.zip").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DataError) as caught:
        _open(tmp_path / "imgs.zip")
    assert str(caught.value) == (
        "'imgs.zip' is not a zip archive that can be read (it is a Git LFS pointer; run `git lfs pull` to get the "
        "file itself)"
    )


def test_archive_cut_short_is_a_data_error(tmp_path: Path) -> None:
    path = _zip(tmp_path / "imgs.zip", {"imgs/a.jpg": os.urandom(1000)})
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(
        DataError, match=r"^'imgs.zip' is not a zip archive that can be read \(File is not a zip file\)$"
    ):
        _open(path)


def test_threads_read_the_same_bytes_as_one(tmp_path: Path) -> None:
    members = {f"imgs/{n}.jpg": os.urandom(20_000) for n in range(40)}
    opened = _open(_zip(tmp_path / "imgs.zip", members, zipfile.ZIP_DEFLATED))
    names = [f"{n % 40}.jpg" for n in range(160)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        read = list(pool.map(lambda name: opened.read(opened.find(name)), names))
    assert read == [members[f"imgs/{name}"] for name in names]


def test_archive_is_closed_with_its_last_user(tmp_path: Path) -> None:
    opened = _open(_zip(tmp_path / "imgs.zip", {"imgs/a.jpg": b"1"}))
    inner = opened._zip
    del opened
    gc.collect()
    assert inner.fp is None
