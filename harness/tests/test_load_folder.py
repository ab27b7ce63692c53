"""Pictures in a folder, and what no published name may do."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ImageRefused
from harness.load.folder import Folder
from harness.load.names import relative


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "imgs"
    (root / "xmlab1").mkdir(parents=True)
    (root / "a.JPG").write_bytes(b"a")
    (root / "xmlab1" / "source.jpg").write_bytes(b"1")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return Folder(root, "imgs")


def _refusal(folder: Folder, name: str) -> str:
    with pytest.raises(ImageRefused) as caught:
        folder.find(name)
    return str(caught.value)


def test_file_is_found_and_read(folder: Folder) -> None:
    assert folder.read(folder.find("a.JPG")) == b"a"


def test_missing_file_is_refused(folder: Folder) -> None:
    assert _refusal(folder, "b.jpg") == "is not in 'imgs', but should be"


def test_file_that_differs_in_case_is_named_but_not_taken(folder: Folder) -> None:
    assert _refusal(folder, "a.jpg") == "is not in 'imgs', but should be (found 'a.JPG', but the row says 'a.jpg')"


def test_backslashes_count_as_slashes(folder: Folder) -> None:
    assert folder.find("xmlab1\\source.jpg") == folder.find("./xmlab1//source.jpg") == "xmlab1/source.jpg"


@pytest.mark.parametrize("name", ["../secret.jpg", "xmlab1/../a.JPG", "..\\secret.jpg", "...", "xmlab1/.. /a.JPG"])
def test_dots_that_climb_are_refused(folder: Folder, name: str) -> None:
    assert _refusal(folder, name) == "has '..' in its path, but should lie inside the image root"


@pytest.mark.parametrize("name", ["/etc/passwd", "\\\\server\\x.jpg", "C:\\x.jpg", "c:x.jpg"])
def test_absolute_path_is_refused(folder: Folder, name: str) -> None:
    assert _refusal(folder, name) == "is an absolute path, but should lie inside the image root"


def test_absolute_path_into_the_root_is_refused_too(folder: Folder, tmp_path: Path) -> None:
    assert _refusal(folder, str(tmp_path / "imgs" / "a.JPG")).startswith("is an absolute path")


@pytest.mark.parametrize("name", ["", "  ", ".", "./."])
def test_empty_name_is_refused(folder: Folder, name: str) -> None:
    assert _refusal(folder, name) == "has an empty name, but should name a file"


@pytest.mark.parametrize("name", ["a.JPG\x00.png", "a\n.jpg", "\ud800.jpg"])
def test_control_characters_are_refused(folder: Folder, name: str) -> None:
    assert _refusal(folder, name) == "has control characters in its name, but should name a file"


def test_link_that_leads_out_of_the_root_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "imgs" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    assert _refusal(folder, "link.jpg") == "is a link that leads out of 'imgs', but should lie inside"


def test_folder_that_is_a_link_out_of_the_root_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "imgs" / "up").symlink_to(tmp_path)
    assert _refusal(folder, "up/secret.jpg") == "is a link that leads out of 'imgs', but should lie inside"


def test_link_inside_the_root_is_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "imgs" / "link.jpg").symlink_to("a.JPG")
    assert folder.read(folder.find("link.jpg")) == b"a"


def test_link_that_leads_nowhere_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "imgs" / "link.jpg").symlink_to("gone.jpg")
    assert _refusal(folder, "link.jpg") == "is gone from 'imgs', or is a link that leads nowhere"


def test_links_in_a_circle_are_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "imgs" / "one").symlink_to("two")
    (tmp_path / "imgs" / "two").symlink_to("one")
    assert _refusal(folder, "one").startswith("cannot be read: ")


def test_root_that_is_a_link_itself_is_taken(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(tmp_path / "imgs")
    assert Folder(tmp_path / "elsewhere", "imgs").find("a.JPG") == "a.JPG"


def test_folder_under_the_name_of_a_picture_is_refused(folder: Folder) -> None:
    assert _refusal(folder, "xmlab1") == "is not a file in 'imgs', but should be"


def test_pipe_under_the_name_of_a_picture_is_refused_without_waiting_on_it(folder: Folder, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "imgs" / "pipe.jpg")
    assert _refusal(folder, "pipe.jpg") == "is not a file in 'imgs', but should be"


def test_file_that_became_a_link_outwards_after_loading_is_refused_when_read(folder: Folder, tmp_path: Path) -> None:
    key = folder.find("a.JPG")
    (tmp_path / "imgs" / "a.JPG").unlink()
    (tmp_path / "imgs" / "a.JPG").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(ImageRefused, match="leads out of 'imgs'"):
        folder.read(key)


def test_file_that_is_deleted_after_loading_is_refused_when_read(folder: Folder, tmp_path: Path) -> None:
    key = folder.find("a.JPG")
    (tmp_path / "imgs" / "a.JPG").unlink()
    with pytest.raises(ImageRefused, match="is gone from 'imgs'"):
        folder.read(key)


_PIECES = st.lists(
    st.sampled_from(["..", ".", "", "a", "a.JPG", "imgs", "...", " ..", "C:", "link", "secret.jpg", "~", "%2e%2e"])
    | st.text(max_size=4),
    max_size=6,
)


@given(pieces=_PIECES, between=st.lists(st.sampled_from(["/", "\\", "//", "/./"]), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_no_name_ever_leads_out_of_the_root(folder: Folder, pieces: list[str], between: list[str]) -> None:
    name = "".join(piece + (between[i % len(between)] if between else "/") for i, piece in enumerate(pieces))
    try:
        parts = relative(name)
    except ImageRefused:
        return
    path = PurePosixPath(*parts)
    assert not path.is_absolute()
    assert all(part.strip(" .") and "/" not in part and "\\" not in part for part in parts)
    assert os.path.normpath(f"/pictures/{path}").startswith("/pictures/")
    try:
        read = folder.read(folder.find(name))
    except ImageRefused:
        return
    assert read != b"secret"
