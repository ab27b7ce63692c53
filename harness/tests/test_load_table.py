"""JSON and JSON lines, and the fields of an entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError
from harness.load.table import Entry, read_json, read_jsonl


def _json(tmp_path: Path, data: bytes) -> str:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_json(tmp_path / "x.json", "set: x.json")
    return str(caught.value)


def test_list_of_objects_becomes_entries_in_order(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"a": 1}, {"a": 2}]', encoding="utf-8")
    entries = read_json(tmp_path / "x.json", "x")
    assert [(entry.place, entry.fields) for entry in entries] == [("number 0", {"a": 1}), ("number 1", {"a": 2})]


def test_byte_order_mark_is_taken(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"a": 1}]', encoding="utf-8-sig")
    assert read_json(tmp_path / "x.json", "x")[0].fields == {"a": 1}


def test_object_in_place_of_a_list_is_refused(tmp_path: Path) -> None:
    assert _json(tmp_path, b'{"data": []}') == "set: x.json: holds an object, but should hold one list of rows"


def test_empty_list_is_refused(tmp_path: Path) -> None:
    assert _json(tmp_path, b"[]") == "set: x.json: holds no rows"


def test_file_cut_short_is_refused(tmp_path: Path) -> None:
    assert _json(tmp_path, b'[{"a": 1}, {"a"').startswith("set: x.json: is not JSON (Expecting ':' delimiter at")


def test_web_page_in_place_of_json_is_called_by_its_name(tmp_path: Path) -> None:
    assert _json(tmp_path, b"<html>log in</html>") == (
        "set: x.json: is not JSON (Expecting value at character 0): it is an HTML page, such as a log-in page saved "
        "under this name"
    )


def test_field_given_twice_is_refused(tmp_path: Path) -> None:
    assert _json(tmp_path, b'[{"a": 1, "a": 2}]') == (
        "set: x.json: field 'a' is given twice in one object, but should be given once"
    )


def test_nan_is_refused(tmp_path: Path) -> None:
    assert _json(tmp_path, b'[{"a": NaN}]') == "set: x.json: has the value NaN, which is not JSON"


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    assert _json(tmp_path, b"[" * 200_000) == "set: x.json: is nested too deeply"


def test_other_text_than_utf_8_is_refused(tmp_path: Path) -> None:
    assert _json(tmp_path, '[{"a": "ü"}]'.encode("latin-1")).startswith("set: x.json: is not UTF-8 text (byte 8)")


def test_bad_line_is_an_entry_that_is_wrong_and_the_others_stand(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n\n{"a": \n[1]\n{"a": 2}\n', encoding="utf-8")
    entries = read_jsonl(tmp_path / "x.jsonl", "x")
    assert [(entry.place, bool(entry.wrong)) for entry in entries] == [
        ("line 1", False),
        ("line 3", True),
        ("line 4", True),
        ("line 5", False),
    ]
    assert entries[1].wrong.startswith("is not JSON (Expecting value at character 6)")
    assert entries[2].wrong == "is a list, but should be an object with fields"


def test_line_separators_of_unicode_do_not_end_a_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": "one\u2028two\x85three"}\r\n{"a": "2"}\r\n', encoding="utf-8", newline="")
    assert [entry.fields["a"] for entry in read_jsonl(tmp_path / "x.jsonl", "x")] == ["one\u2028two\x85three", "2"]


def test_empty_lines_alone_are_no_rows(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("\n\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"^x: holds no rows$"):
        read_jsonl(tmp_path / "x.jsonl", "x")


def test_missing_fields_are_all_named_with_those_that_are_here() -> None:
    with pytest.raises(DataError) as caught:
        Entry(place="", fields={"id": 1, "question": "q"}).require(("id", "options", "label"))
    assert str(caught.value) == "missing fields: options, label; available fields: id, question"


def test_image_in_place_of_images_is_told() -> None:
    with pytest.raises(DataError) as caught:
        Entry(place="", fields={"id": 1, "image": ["a.jpg"]}).require(("id", "images"))
    assert str(caught.value) == (
        "missing fields: images; available fields: id, image; there is 'image', but the published field is 'images'"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null"),
        (True, "true or false"),
        (1.5, "a fraction"),
        ([], "a list"),
        ({}, "an object"),
        (3, "a whole number"),
    ],
)
def test_text_of_another_type_is_refused(value: object, said: str) -> None:
    with pytest.raises(DataError) as caught:
        Entry(place="", fields={"question": value}).text("question")
    assert str(caught.value) == f"field 'question' is {said}, but should be text"


@pytest.mark.parametrize("value", ["", "  ", "\t\n"])
def test_empty_text_is_refused(value: str) -> None:
    with pytest.raises(DataError, match=r"^field 'answer' is empty, but should hold text$"):
        Entry(place="", fields={"answer": value}).text_or_number("answer")


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DataError, match="has half a surrogate pair"):
        Entry(place="", fields={"a": "x\ud800"}).text("a")


def test_whole_number_becomes_text_and_a_truth_value_does_not() -> None:
    assert Entry(place="", fields={"answer": 4}).text_or_number("answer") == "4"
    with pytest.raises(DataError, match="is true or false, but should be text or a whole number"):
        Entry(place="", fields={"answer": True}).text_or_number("answer")


def test_tabs_become_blanks_and_line_breaks_stay() -> None:
    assert Entry(place="", fields={"a": " Skull \tcartilage\nand medulla "}).text("a") == "Skull cartilage\nand medulla"


def test_trailing_blank_of_closed_is_stripped_and_other_words_are_refused() -> None:
    assert Entry(place="", fields={"answer_type": "CLOSED "}).word("answer_type", ("OPEN", "CLOSED")) == "CLOSED"
    with pytest.raises(DataError) as caught:
        Entry(place="", fields={"answer_type": "CLOSE"}).word("answer_type", ("OPEN", "CLOSED"))
    assert str(caught.value) == "field 'answer_type' is 'CLOSE', but should be one of OPEN, CLOSED"


def test_metadata_may_be_absent_and_says_so() -> None:
    entry = Entry(place="", fields={"modality": None, "region": "", "plane": "Axial"})
    assert [entry.given(name) for name in ("modality", "region", "organ", "plane")] == ["not given"] * 3 + ["Axial"]
