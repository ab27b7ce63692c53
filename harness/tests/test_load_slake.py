"""SLAKE's JSON with both languages, and what kind of answer an answer is."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.errors import DataMissing, RowsRefused
from harness.load import short, slake
from harness.records import Loaded, Source


def _row(qid: int, **changed: Any) -> dict[str, Any]:
    row = {"img_id": 1, "img_name": "xmlab1/source.jpg", "question": "Is it?", "answer": "Yes", "q_lang": "en"}
    row |= {"location": "Lung", "modality": "CT", "answer_type": "CLOSED", "base_type": "vqa", "content_type": "Organ"}
    return row | {"triple": ["vhead", "_", "_"], "qid": qid} | changed


def _publish(root: Path, rows: list[dict[str, Any]], table: str = "test.json", prefix: str = "imgs/") -> None:
    (root / table).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(stream, "JPEG")
    with zipfile.ZipFile(root / "imgs.zip", "w") as file:
        file.writestr(f"{prefix}xmlab1/source.jpg", stream.getvalue())
        file.writestr("__MACOSX/imgs/xmlab1/._source.jpg", b"resource fork")


def _load(root: Path, language: str = "en", split: str = "") -> Loaded:
    return slake.load("slake", Source(root=str(root), split=split), language, fetch="Fetch it.")


@pytest.mark.parametrize("prefix", ["imgs/", ""])
def test_rows_are_read_with_metadata_and_picture(tmp_path: Path, prefix: str) -> None:
    _publish(tmp_path, [_row(9835)], prefix=prefix)
    loaded = _load(tmp_path)
    row = loaded.rows[0]
    assert (row.id, row.kind, row.stem, row.gold) == ("9835", "yes_no", "Is it?", "Yes")
    assert row.slices == {
        "answer_type": "CLOSED",
        "modality": "CT",
        "content_type": "Organ",
        "location": "Lung",
        "base_type": "vqa",
    }
    assert row.images[0].name == "xmlab1/source.jpg"
    assert (loaded.split, loaded.layout, loaded.source) == ("test", "json", "test.json")


def test_each_language_gets_its_own_rows(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(1), _row(2, q_lang="zh", answer="是的"), _row(3)])
    assert [row.id for row in _load(tmp_path).rows] == ["1", "3"]
    assert [row.id for row in _load(tmp_path, "zh").rows] == ["2"]
    assert _load(tmp_path).telemetry.rows == 2


def test_row_without_a_known_language_is_refused_in_both_and_never_dropped(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(1), _row(2, q_lang="fr"), _row(3, q_lang="zh", answer="是的")])
    for language in ("en", "zh"):
        with pytest.raises(RowsRefused) as caught:
            _load(tmp_path, language)
        assert [(bad.row_id, bad.reason) for bad in caught.value.bad] == [
            ("2", "field 'q_lang' is 'fr', but should be one of EN, ZH")
        ]


def test_empty_answer_is_a_bad_row_named_by_its_qid(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(1621), _row(1622, answer="", answer_type="OPEN")], "train.json")
    with pytest.raises(RowsRefused) as caught:
        _load(tmp_path, split="train")
    assert [(bad.row_id, bad.reason) for bad in caught.value.bad] == [
        ("1622", "field 'answer' is empty, but should hold text")
    ]


def test_file_name_is_matched_to_the_last_blank_and_must_be_text(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(1, img_name="xmlab1/source.jpg ")])
    assert _load(tmp_path).telemetry.bad[0].reason == ("image 'xmlab1/source.jpg ' is not in 'imgs.zip', but should be")
    _publish(tmp_path, [_row(1, img_name=None)])
    with pytest.raises(RowsRefused, match="row 1: field 'img_name' is null, but should be a file name"):
        _load(tmp_path)


def test_the_word_none_is_an_answer(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(9843, answer="None", answer_type="OPEN")])
    assert (_load(tmp_path).rows[0].gold, _load(tmp_path).rows[0].kind) == ("None", "open")


def test_order_of_fields_does_not_matter(tmp_path: Path) -> None:
    _publish(tmp_path, [dict(reversed(_row(1).items()))])
    assert _load(tmp_path).rows[0].id == "1"


@pytest.mark.parametrize("table", ["validation.json", "validate.json"])
def test_validation_split_has_two_published_names(tmp_path: Path, table: str) -> None:
    _publish(tmp_path, [_row(1)], table)
    assert _load(tmp_path).split == "validation"


def test_missing_metadata_stands_as_not_given_and_missing_fields_refuse(tmp_path: Path) -> None:
    row = _row(1)
    del row["modality"]
    _publish(tmp_path, [row])
    assert _load(tmp_path).rows[0].slices["modality"] == "not given"
    del row["answer_type"]
    _publish(tmp_path, [row])
    with pytest.raises(RowsRefused, match="row 1: missing fields: answer_type; available fields: img_id, img_name"):
        _load(tmp_path)


def test_folder_that_holds_only_the_knowledge_graph_is_missing_data(tmp_path: Path) -> None:
    (tmp_path / "KG").mkdir()
    with pytest.raises(DataMissing, match=r"\(json: test\.json or validation\.json or validate\.json\)\. Fetch it\.$"):
        _load(tmp_path)


@pytest.mark.parametrize(
    ("answer", "answer_type", "language", "kind"),
    [
        ("Yes", "CLOSED", "EN", "yes_no"),
        ("No", "CLOSED", "EN", "yes_no"),
        ("Lung", "CLOSED", "EN", "closed"),
        ("Lung", "OPEN", "EN", "open"),
        ("None", "OPEN", "EN", "open"),
        ("是的", "CLOSED", "ZH", "yes_no"),
        ("不包含", "CLOSED", "ZH", "yes_no"),
        ("不正常", "CLOSED", "ZH", "yes_no"),
        ("肝脏", "CLOSED", "ZH", "closed"),
        ("都是", "CLOSED", "ZH", "closed"),
        ("不存在", "OPEN", "ZH", "open"),
        ("是的", "CLOSED", "EN", "closed"),
    ],
)
def test_kind_of_answer(answer: str, answer_type: str, language: str, kind: str) -> None:
    assert slake.kind(answer, answer_type, language) == kind


def test_no_chinese_answer_says_yes_and_no() -> None:
    assert not slake.YES_ZH & slake.NO_ZH


@pytest.mark.parametrize(
    ("answer", "answer_type", "kind"),
    [
        ("yes", "CLOSED", "yes_no"),
        (" No. ", "CLOSED", "yes_no"),
        ("YES", "", "yes_no"),
        ("left", "CLOSED", "closed"),
        ("left", "", "open"),
        ("yes, in the lung", "OPEN", "open"),
        ("not seen", "CLOSED", "closed"),
    ],
)
def test_kind_of_short_answer(answer: str, answer_type: str, kind: str) -> None:
    assert short.answer_kind(answer, answer_type) == kind


def test_text_that_baselines_learn_from_is_read_without_pictures_and_without_the_row_that_has_no_answer(
    tmp_path: Path,
) -> None:
    _publish(tmp_path, [_row(1), _row(1622, answer=""), _row(3)], table="train.json")
    with pytest.raises(RowsRefused, match="row 1622"):
        _load(tmp_path, split="train")
    told = Source(root=str(tmp_path), split="train", pictures=False)
    loaded = slake.load("slake", told, "en", fetch="Fetch it.")
    assert [row.id for row in loaded.rows] == ["1", "3"]
    assert [row.images for row in loaded.rows] == [(), ()]
    assert "was not asked for: the text alone is read" in loaded.telemetry.bad[0].reason
