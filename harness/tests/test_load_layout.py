"""Which published layout the files are in."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from harness.errors import DataMissing, ImageRefused, UsageError
from harness.load.layout import Found, Layout, find
from harness.records import Source

LAYOUTS = (
    Layout(
        name="json",
        tables={"test": ("test.json",), "validation": ("validation.json", "validate.json"), "train": ("train.json",)},
        pictures=("imgs.zip", "imgs/"),
        prefixes=("imgs/", ""),
    ),
    Layout(name="parquet", tables={"test": ("data/test-*.parquet", "test-*.parquet")}),
)


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def _find(root: Path, split: str = "", revision: str = "") -> Found:
    return find("slake", Source(root=str(root), split=split, revision=revision), LAYOUTS, fetch="Fetch it.")


def _where(found: Found) -> tuple[str, str, list[str]]:
    return found.layout.name, found.split, [table.name for table in found.tables]


def test_test_split_is_preferred_and_validation_comes_next(tmp_path: Path) -> None:
    _touch(tmp_path, "validation.json", "train.json")
    assert _where(_find(tmp_path)) == ("json", "validation", ["validation.json"])
    _touch(tmp_path, "test.json")
    assert _where(_find(tmp_path)) == ("json", "test", ["test.json"])


def test_split_that_is_asked_for_is_taken(tmp_path: Path) -> None:
    _touch(tmp_path, "test.json", "validate.json")
    assert _where(_find(tmp_path, "validation")) == ("json", "validation", ["validate.json"])


def test_train_split_is_never_taken_unasked(tmp_path: Path) -> None:
    _touch(tmp_path, "train.json")
    with pytest.raises(DataMissing):
        _find(tmp_path)
    assert _find(tmp_path, "train").split == "train"


def test_split_that_does_not_exist_is_a_usage_error_naming_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _find(tmp_path, "val")
    assert str(caught.value) == "slake: split 'val' does not exist, but should be one of test, validation, train"


def test_layouts_are_tried_in_their_order(tmp_path: Path) -> None:
    _touch(tmp_path, "data/test-00000-of-00001.parquet")
    assert _where(_find(tmp_path))[0] == "parquet"
    _touch(tmp_path, "test.json")
    assert _where(_find(tmp_path))[0] == "json"


@pytest.mark.parametrize("below", ["", "data/", "hub/"])
def test_layout_may_begin_in_an_obvious_folder_below_the_root(tmp_path: Path, below: str) -> None:
    _touch(tmp_path, f"{below}test.json", f"{below}imgs/a.png")
    found = _find(tmp_path)
    assert found.where == f"slake: {below}test.json"
    assert found.source == "test.json"
    assert found.pictures().find("a.png") == "a.png"


def test_revision_stands_in_the_source(tmp_path: Path) -> None:
    _touch(tmp_path, "test.json")
    assert _find(tmp_path, revision="0123abc").source == "test.json @ 0123abc"


def test_nothing_found_lists_what_was_looked_for_and_how_to_fetch_it(tmp_path: Path) -> None:
    _touch(tmp_path, "slake/test.json", "imgs.zip")
    with pytest.raises(DataMissing) as caught:
        _find(tmp_path)
    assert str(caught.value) == (
        f"slake: no rows of split test or validation are in {tmp_path} (nor in its data/, hub/), but one of these "
        "files should be (json: test.json or validation.json or validate.json; parquet: data/test-*.parquet or "
        "test-*.parquet). Fetch it."
    )


def test_root_that_does_not_exist_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="no rows of split test or validation are in"):
        _find(tmp_path / "nowhere")


def test_archive_is_read_before_a_folder_of_the_same_pictures(tmp_path: Path) -> None:
    _touch(tmp_path, "test.json", "imgs/a.png")
    with zipfile.ZipFile(tmp_path / "imgs.zip", "w") as file:
        file.writestr("imgs/a.png", b"from the archive")
    pictures = _find(tmp_path).pictures()
    assert pictures.read(pictures.find("a.png")) == b"from the archive"


def test_pictures_that_are_nowhere_refuse_each_name_with_what_was_looked_for(tmp_path: Path) -> None:
    _touch(tmp_path, "test.json")
    with pytest.raises(ImageRefused) as caught:
        _find(tmp_path).pictures().find("a.png")
    assert str(caught.value) == "is not here: none of imgs.zip, imgs/ lies beside the rows, but one should"


def test_broken_archive_refuses_each_name_and_does_not_fall_back_on_a_folder(tmp_path: Path) -> None:
    _touch(tmp_path, "test.json", "imgs/a.png")
    (tmp_path / "imgs.zip").write_bytes(b"<html>")
    with pytest.raises(ImageRefused) as caught:
        _find(tmp_path).pictures().find("a.png")
    assert str(caught.value) == (
        "cannot be read: 'imgs.zip' is not a zip archive that can be read (it is an HTML page, such as a log-in page "
        "saved under this name)"
    )
