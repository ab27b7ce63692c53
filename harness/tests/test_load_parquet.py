"""Rows of parquet files with embedded pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from harness.errors import DataError, DataMissing, ImageRefused, RowsRefused
from harness.load import short
from harness.load.layout import Layout
from harness.load.parquet import Spool, read_parquet
from harness.records import Loaded, Source

LAYOUTS = (Layout(name="parquet", tables={"test": ("data/test-*.parquet",)}),)


def _png(grey: int, encoding: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (5, 4), (grey, grey, grey)).save(stream, encoding)
    return stream.getvalue()


def _row(image: Any, question: Any = "What?", answer: Any = "yes", **more: Any) -> dict[str, Any]:
    return {"image": image, "question": question, "answer": answer} | more


def _write(root: Path, rows: list[dict[str, Any]], name: str = "test-00000-of-00001.parquet", **options: Any) -> Path:
    (root / "data").mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), root / "data" / name, **options)
    return root / "data" / name


def _load(root: Path, **options: Any) -> Loaded:
    return short.load("phantom", Source(root=str(root)), LAYOUTS, fetch="Fetch it.", **options)


def test_rows_keep_their_order_over_row_groups_and_are_named_by_split_and_number(tmp_path: Path) -> None:
    rows = [_row({"bytes": _png(n), "path": None}, f"Question {n}?", "No") for n in range(40)]
    _write(tmp_path, rows, row_group_size=7)
    loaded = _load(tmp_path)
    assert [row.id for row in loaded.rows] == [f"test-{n}" for n in range(40)]
    assert [row.stem for row in loaded.rows] == [f"Question {n}?" for n in range(40)]
    assert [row.images[0].open().getpixel((0, 0)) for row in loaded.rows] == [(n, n, n) for n in range(40)]
    assert (loaded.layout, loaded.source) == ("parquet", "data/test-00000-of-00001.parquet")


def test_rows_with_equal_pixels_are_one_cluster_even_where_their_bytes_differ(tmp_path: Path) -> None:
    images = [_png(1), _png(2), _png(1, "BMP")]
    _write(tmp_path, [_row({"bytes": data, "path": None}) for data in images])
    clusters = [row.cluster for row in _load(tmp_path).rows]
    assert clusters[0] == clusters[2] != clusters[1]


def test_column_of_plain_bytes_is_read_too(tmp_path: Path) -> None:
    _write(tmp_path, [_row(_png(7))])
    assert _load(tmp_path).rows[0].images[0].open().getpixel((0, 0)) == (7, 7, 7)


def test_published_id_and_metadata_are_taken(tmp_path: Path) -> None:
    _write(tmp_path, [_row(_png(7), id="PS-1", answer_type="OPEN", modality="CT", region=None)])
    row = _load(tmp_path, slices=("modality", "region")).rows[0]
    assert row.id == "PS-1"
    assert row.images[0].name == "PS-1:image"
    assert row.slices == {"modality": "CT", "region": "not given", "answer_kind": "yes_no"}


def test_row_without_bytes_is_bad_and_the_others_load(tmp_path: Path) -> None:
    rows = [
        _row({"bytes": _png(1), "path": None}),
        _row({"bytes": None, "path": "a.jpg"}),
        _row(None),
        _row({"bytes": b"", "path": None}),
        _row({"bytes": b"GIF89a", "path": None}),
    ]
    _write(tmp_path, rows)
    loaded = _load(tmp_path)
    assert [(bad.row_id, bad.reason) for bad in loaded.telemetry.bad] == [
        ("test-1", "image 'test-1:image' has no bytes in column 'image' (path: 'a.jpg'), but should be embedded"),
        ("test-2", "image 'test-2:image' is null in column 'image', but should be bytes"),
        ("test-3", "image 'test-3:image' is empty (0 bytes), but should hold a picture"),
        ("test-4", "image 'test-4:image' is not a picture: it starts with b'GIF89a'"),
    ]
    assert [len(row.images) for row in loaded.rows] == [1, 0, 0, 0, 0]
    assert loaded.telemetry.loaded == {0: 4, 1: 1}


def test_missing_column_refuses_every_row_with_the_columns_that_are_here(tmp_path: Path) -> None:
    _write(tmp_path, [{"images": _png(1), "question": "q", "answer": "a"}] * 3)
    with pytest.raises(RowsRefused) as caught:
        _load(tmp_path)
    assert [bad.row_id for bad in caught.value.bad] == ["at number 0", "at number 1", "at number 2"]
    assert caught.value.bad[0].reason == (
        "missing fields: image; available fields: images, question, answer; there is 'images', but the published field "
        "is 'image'"
    )


def test_null_question_and_empty_answer_refuse_their_rows(tmp_path: Path) -> None:
    _write(tmp_path, [_row(_png(1)), _row(_png(1), question=None), _row(_png(1), answer=" ")])
    with pytest.raises(RowsRefused) as caught:
        _load(tmp_path)
    assert [(bad.row_id, bad.reason) for bad in caught.value.bad] == [
        ("at number 1", "field 'question' is null, but should be text"),
        ("at number 2", "field 'answer' is empty, but should hold text"),
    ]


def test_missing_shard_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, [_row(_png(1))], "test-00000-of-00002.parquet")
    with pytest.raises(DataError) as caught:
        _load(tmp_path)
    assert str(caught.value) == (
        "phantom: data/test-00000-of-00002.parquet: the files test-00000-of-00002.parquet are here, but should be "
        "all 2 of one set. Fetch the missing ones, remove the others."
    )


def test_shards_are_read_in_order(tmp_path: Path) -> None:
    _write(tmp_path, [_row(_png(2), "second?")], "test-00001-of-00002.parquet")
    _write(tmp_path, [_row(_png(1), "first?")], "test-00000-of-00002-0123456789abcdef.parquet")
    assert [row.stem for row in _load(tmp_path).rows] == ["first?", "second?"]


def test_shards_of_two_sets_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, [_row(_png(1))], "test-00000-of-00001.parquet")
    _write(tmp_path, [_row(_png(1))], "test-00000-of-00002.parquet")
    with pytest.raises(DataError, match="but should be all 2 of one set"):
        _load(tmp_path)


def test_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test-00000-of-00001.parquet").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DataError) as caught:
        _load(tmp_path)
    assert str(caught.value) == (
        "phantom: data/test-00000-of-00001.parquet: 'test-00000-of-00001.parquet' cannot be read as parquet: it is a "
        "Git LFS pointer; run `git lfs pull` to get the file itself"
    )


def test_parquet_cut_short_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, [_row(_png(n)) for n in range(50)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot be read as parquet: "):
        _load(tmp_path)


def test_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    table = pa.table({"image": pa.array([], pa.binary()), "question": pa.array([], pa.string())})
    pq.write_table(table, tmp_path / "data" / "test-00000-of-00001.parquet")
    with pytest.raises(DataError, match=r"holds no rows$"):
        _load(tmp_path)


def test_folder_without_parquet_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"\(parquet: data/test-\*\.parquet\)\. Fetch it\.$"):
        _load(tmp_path)


def test_column_given_twice_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["question", "question"])
    (tmp_path / "x.parquet").touch()
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"has a column twice among question, question$"):
        read_parquet([tmp_path / "x.parquet"], "x")


def test_spool_beyond_its_memory_reads_the_same_from_disk() -> None:
    spool = Spool("x", max_memory=100)
    pictures = {str(n): bytes([n]) * (30 + n) for n in range(10)}
    for row, data in pictures.items():
        spool.add(row, data)
    assert {row: spool.read(spool.find(row)) for row in reversed(pictures)} == pictures


def test_spool_keeps_equal_bytes_once() -> None:
    spool = Spool("x")
    for row in ("0", "1", "2"):
        spool.add(row, b"same")
    assert len({spool.find(row) for row in ("0", "1", "2")}) == 1
    assert spool._end == 4


def test_spool_refuses_a_row_that_it_does_not_know() -> None:
    with pytest.raises(ImageRefused, match=r"^is not in column 'x', but should be$"):
        Spool("x").find("0")
