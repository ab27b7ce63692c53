"""VQA-RAD in its two published layouts."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from harness.errors import DataError, RowsRefused
from harness.records import Benchmark, Loaded, Source

Load = Callable[..., Loaded]


@pytest.fixture(scope="module")
def load() -> Load:
    path = Path(__file__).parents[2] / "benches" / "test_vqa_rad.py"
    spec = importlib.util.spec_from_file_location("bench_vqa_rad", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    benchmark = module.BENCHMARK
    assert isinstance(benchmark, Benchmark)
    return lambda root, split="": benchmark.load(Source(root=str(root), split=split))


def _row(qid: int | str, **changed: Any) -> dict[str, Any]:
    row = {"qid": qid, "phrase_type": "test_freeform", "image_name": "synpic1.jpg", "image_organ": "CHEST"}
    row |= {"question": "Is it?", "question_type": "PRES", "answer": "Yes", "answer_type": "CLOSED"}
    return row | changed


def _jpeg(grey: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (grey, grey, grey)).save(stream, "JPEG")
    return stream.getvalue()


def _publish(root: Path, rows: list[dict[str, Any]], folder: str = "VQA_RAD Image Folder") -> None:
    (root / "VQA_RAD Dataset Public.json").write_text(json.dumps(rows), encoding="utf-8")
    (root / folder).mkdir(exist_ok=True)
    (root / folder / "synpic1.jpg").write_bytes(_jpeg(1))
    (root / folder / "synpic2.jpg").write_bytes(_jpeg(2))


def test_original_rows_are_read_with_metadata(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row(10)])
    loaded = load(tmp_path)
    row = loaded.rows[0]
    assert (row.id, row.kind, row.stem, row.gold) == ("10", "yes_no", "Is it?", "Yes")
    assert row.slices == {
        "answer_kind": "yes_no",
        "answer_type": "CLOSED",
        "image_organ": "CHEST",
        "question_type": "PRES",
        "phrase_type": "freeform",
    }
    assert (loaded.layout, loaded.split, loaded.source) == ("json", "test", "VQA_RAD Dataset Public.json")


def test_split_is_told_by_the_type_of_phrase(tmp_path: Path, load: Load) -> None:
    types = ["freeform", "test_para", "para", "test_freeform"]
    _publish(tmp_path, [_row(n, phrase_type=kind) for n, kind in enumerate(types)])
    assert [row.id for row in load(tmp_path).rows] == ["1", "3"]
    assert [row.id for row in load(tmp_path, "train").rows] == ["0", "2"]


def test_unknown_type_of_phrase_is_refused_and_never_dropped(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row(1), _row(2, phrase_type="test"), _row(3, phrase_type=None)])
    with pytest.raises(RowsRefused) as caught:
        load(tmp_path)
    assert [(bad.row_id, bad.reason) for bad in caught.value.bad] == [
        ("2", "field 'phrase_type' is 'test', but should be one of TEST_FREEFORM, TEST_PARA, FREEFORM, PARA"),
        ("3", "field 'phrase_type' is null, but should be text"),
    ]


def test_split_without_rows_is_refused(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row(1, phrase_type="para")])
    with pytest.raises(DataError, match=r"^vqa_rad: VQA_RAD Dataset Public\.json: holds no rows of split test$"):
        load(tmp_path)


def test_closed_with_a_trailing_blank_is_closed(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row(3371, answer="left", answer_type="CLOSED ")])
    row = load(tmp_path).rows[0]
    assert (row.kind, row.slices["answer_type"]) == ("closed", "CLOSED")


def test_whole_number_as_an_answer_becomes_text(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row(1, answer=4, answer_type="OPEN")])
    assert load(tmp_path).rows[0].gold == "4"


def test_tabs_become_blanks(tmp_path: Path, load: Load) -> None:
    _publish(
        tmp_path, [_row(472, question="was it \twithout tilting?", answer="Skull \tcartilage", answer_type="OPEN")]
    )
    row = load(tmp_path).rows[0]
    assert (row.stem, row.gold) == ("was it without tilting?", "Skull cartilage")


def test_typos_of_the_type_of_question_are_mended(tmp_path: Path, load: Load) -> None:
    kinds = ["ATRIB", "PRSE", "Other", "PRES, POS"]
    _publish(tmp_path, [_row(n, question_type=kind) for n, kind in enumerate(kinds)])
    assert [row.slices["question_type"] for row in load(tmp_path).rows] == ["ATTRIB", "PRES", "OTHER", "PRES, POS"]


def test_the_same_id_as_text_and_as_number_is_twice_the_same(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row("1"), _row(1)])
    with pytest.raises(RowsRefused, match="row 1: has the id of the row at number 0, but ids should be unique"):
        load(tmp_path)


def test_missing_image_makes_its_rows_bad_and_keeps_them(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row(1543, image_name="synpic676.jpg"), _row(1), _row(1544, image_name="synpic676.jpg")])
    loaded = load(tmp_path)
    assert [(bad.row_id, bad.reason) for bad in loaded.telemetry.bad] == [
        ("1543", "image 'synpic676.jpg' is not in 'VQA_RAD Image Folder', but should be"),
        ("1544", "image 'synpic676.jpg' is not in 'VQA_RAD Image Folder', but should be"),
    ]
    assert len(loaded.rows) == loaded.telemetry.rows == 3
    assert loaded.rows[0].cluster == loaded.rows[2].cluster != loaded.rows[1].cluster


def test_images_may_lie_in_a_zip_of_their_folder(tmp_path: Path, load: Load) -> None:
    (tmp_path / "VQA_RAD_Dataset_Public.json").write_text(json.dumps([_row(1)]), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "VQA_RAD Image Folder.zip", "w") as file:
        file.writestr("VQA_RAD Image Folder/synpic1.jpg", _jpeg(1))
    assert load(tmp_path).telemetry.bad == ()


def test_original_is_read_where_parquet_is_here_too(tmp_path: Path, load: Load) -> None:
    _publish(tmp_path, [_row(1)])
    _parquet(tmp_path / "hub" / "data", ["yes"])
    assert load(tmp_path).layout == "json"
    assert load(tmp_path / "hub").layout == "parquet"


def _parquet(folder: Path, answers: list[str]) -> None:
    folder.mkdir(parents=True)
    rows = [
        {"image": {"bytes": _jpeg(n % 2 * 99), "path": None}, "question": "is it?", "answer": a}
        for n, a in enumerate(answers)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "test-00000-of-00001-e5bc3d208bb4deeb.parquet")


def test_parquet_rows_know_their_cluster_and_lose_only_their_type(tmp_path: Path, load: Load) -> None:
    _parquet(tmp_path / "data", ["yes", "left", "no"])
    loaded = load(tmp_path)
    assert [row.id for row in loaded.rows] == ["test-0", "test-1", "test-2"]
    assert [row.kind for row in loaded.rows] == ["yes_no", "open", "yes_no"]
    assert loaded.rows[0].cluster == loaded.rows[2].cluster != loaded.rows[1].cluster
    assert loaded.rows[1].slices == {"answer_kind": "open"}
