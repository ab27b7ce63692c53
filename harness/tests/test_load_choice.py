"""Multiple-choice rows, in both published forms."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.errors import DataMissing, RowsRefused
from harness.load import choice
from harness.load.check import Draft
from harness.load.layout import Layout
from harness.load.table import Entry
from harness.records import Benchmark, Loaded, Source

LAYOUTS = (
    Layout(
        name="jsonl",
        tables={"test": ("MM/test.jsonl", "test.jsonl")},
        pictures=("images.zip", "images/"),
        prefixes=("images/", ""),
    ),
    Layout(name="list", tables={"test": ("test.json",)}, pictures=("images/",)),
)
OPTIONS = {"A": "Lateral", "B": "Inferior", "C": "Medial", "D": "Superior", "E": "Oblique"}
CHOICES = "Answer Choices: (A) Lateral (B) Inferior (C) Medial (D) Superior (E) Oblique"


def _row(**changed: Any) -> dict[str, Any]:
    row = {"id": "MM-1", "question": "What?", "options": OPTIONS, "label": "D", "images": ["MM-1-a.png"]}
    return row | {"medical_task": "Basic Science"} | changed


def _draft(**changed: Any) -> Draft:
    return choice.choice_rows(
        "set", [Entry(place="line 1", fields=_row(**changed))], options=5, slices=("medical_task",)
    )[0]


def _refusal(**changed: Any) -> str:
    with pytest.raises(RowsRefused) as caught:
        _draft(**changed)
    assert len(caught.value.bad) == 1
    return caught.value.bad[0].reason


def _png(grey: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (grey, grey, grey)).save(stream, "PNG")
    return stream.getvalue()


def _publish(root: Path, rows: list[dict[str, Any]], images: dict[str, bytes], table: str = "MM/test.jsonl") -> None:
    (root / table).parent.mkdir(parents=True, exist_ok=True)
    (root / table).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with zipfile.ZipFile(root / "images.zip", "w") as file:
        for name, data in images.items():
            file.writestr(name, data)


def _load(root: Path) -> Loaded:
    source = Source(root=str(root))
    return choice.load("set", source, LAYOUTS, fetch="Fetch it.", options=5, slices=("medical_task", "images"))


def test_hub_form_is_read(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(images=["b.png", "a.png"])], {"images/a.png": _png(1), "images/b.png": _png(2)})
    loaded = _load(tmp_path)
    row = loaded.rows[0]
    assert (row.id, row.kind, row.stem, row.gold) == ("MM-1", "choice", "What?", "D")
    assert [(o.letter, o.text, o.origin) for o in row.options] == [(k, v, k) for k, v in OPTIONS.items()]
    assert [ref.open().getpixel((0, 0)) for ref in row.images] == [(2, 2, 2), (1, 1, 1)]
    assert row.slices == {"medical_task": "Basic Science", "images": "2"}
    assert (loaded.split, loaded.layout, loaded.source, loaded.telemetry.bad) == ("test", "jsonl", "MM/test.jsonl", ())


def test_repository_form_gives_the_same_row() -> None:
    repository = {
        "options": [{"letter": letter, "content": text} for letter, text in OPTIONS.items()],
        "label": ["D"],
        "images": [{"image_path": "MM-1-a.png"}],
    }
    assert _draft(**repository) == _draft()


def test_one_file_name_as_text_is_a_list_of_one() -> None:
    assert _draft(images="MM-1-a.png") == _draft()


def test_label_is_read_in_lower_case_and_with_blanks() -> None:
    assert _draft(label=" d ").gold == "D"


def test_options_are_shown_in_the_order_of_their_letters() -> None:
    assert _draft(options=dict(reversed(OPTIONS.items()))) == _draft()


@pytest.mark.parametrize("line", [f" {CHOICES}", f"\n{CHOICES}\n", "\n" + CHOICES.replace(" (C)", "\n(C)")])
def test_answer_choices_are_cut_off_the_question_where_they_are_the_options(line: str) -> None:
    assert _draft(question="What?" + line).stem == "What?"


def test_answer_choices_are_known_in_any_case() -> None:
    assert _draft(question="What?\n" + CHOICES.replace("Answer Choices", "ANSWER CHOICES")).stem == "What?"


def test_answer_choices_that_are_not_the_options_refuse_the_row() -> None:
    assert _refusal(question="What?\n" + CHOICES.replace("Medial", "Distal")) == (
        "field 'question' lists the choices '(A) Lateral (B) Inferior (C) Distal (D) Superior (', but 'options' has "
        "'(A) Lateral (B) Inferior (C) Medial (D) Superior ('"
    )


def test_question_of_nothing_but_answer_choices_is_refused() -> None:
    assert _refusal(question=CHOICES) == "field 'question' is empty but for its answer choices, but should hold text"


def test_image_in_place_of_images_is_refused_and_never_read_as_none() -> None:
    row = _row()
    row["image"] = row.pop("images")
    with pytest.raises(RowsRefused) as caught:
        choice.choice_rows("set", [Entry(place="line 1", fields=row)], options=5, slices=())
    assert caught.value.bad[0].row_id == "MM-1"
    assert caught.value.bad[0].reason == (
        "missing fields: images; available fields: id, question, options, label, medical_task, image; there is "
        "'image', but the published field is 'images'"
    )


@pytest.mark.parametrize(("images", "said"), [(None, "null"), ({"a": 1}, "an object"), (3, "a whole number")])
def test_images_of_another_type_are_refused(images: object, said: str) -> None:
    assert _refusal(images=images) == f"field 'images' is {said}, but should be a list of file names"


@pytest.mark.parametrize(
    ("one", "said"), [(None, "null"), (["a"], "a list"), ({"path": "a.png"}, "an object"), (1, "a whole number")]
)
def test_images_that_hold_anything_but_names_are_refused(one: object, said: str) -> None:
    assert _refusal(images=["a.png", one]) == (
        f"field 'images' holds {said}, but should hold file names or {{image_path}} objects"
    )


@pytest.mark.parametrize("label", ["F", "", "AB", ["F"]])
def test_label_that_is_no_option_is_refused(label: object) -> None:
    assert _refusal(label=label) == f"field 'label' is {label!r}, but should be one of A, B, C, D, E"


@pytest.mark.parametrize("label", [None, 3, ["A", "B"], [], {"letter": "A"}])
def test_label_that_is_not_one_letter_is_refused(label: object) -> None:
    assert _refusal(label=label) == f"field 'label' is {label!r}, but should be one letter, or a list of one letter"


def test_wrong_number_of_options_is_refused() -> None:
    four = {letter: text for letter, text in OPTIONS.items() if letter != "E"}
    assert _refusal(options=four) == (
        "field 'options' has the letters ['A', 'B', 'C', 'D'], but should have 5: A, B, C, D, E"
    )


def test_options_with_a_letter_twice_are_refused() -> None:
    twice = [{"letter": letter, "content": letter} for letter in "ABCDD"]
    assert _refusal(options=twice) == (
        "field 'options' has the letters ['A', 'B', 'C', 'D', 'D'], but should have 5: A, B, C, D, E"
    )


@pytest.mark.parametrize(
    ("options", "said"), [(list("abcde"), "a list"), ("A) x", "text"), (None, "null"), ([None], "a list")]
)
def test_options_of_another_form_are_refused(options: object, said: str) -> None:
    assert _refusal(options=options) == (
        f"field 'options' is {said}, but should be an object of letter -> text or a list of {{letter, content}}"
    )


def test_empty_option_is_refused() -> None:
    assert _refusal(options=OPTIONS | {"C": " "}) == "field 'options C' is empty, but should hold text"


def test_option_that_is_there_twice_is_refused() -> None:
    assert _refusal(options=OPTIONS | {"C": "lateral"}) == (
        "field 'options' has one text twice: Lateral / Inferior / lateral / Superior / Oblique"
    )


def test_empty_question_and_missing_id_are_refused() -> None:
    assert _refusal(question="  ") == "field 'question' is empty, but should hold text"
    assert _refusal(id=None) == "field 'id' is null, but should be text or a whole number"


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["A", "images/a.png"]),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from([*"ABCDE", "letter", "content"]), inner)
    ),
    max_leaves=10,
)


@given(field=st.sampled_from(["id", "question", "options", "label", "images", "medical_task"]), value=_JSON)
def test_any_value_in_any_field_gives_a_row_or_a_reason_and_no_other_error(field: str, value: object) -> None:
    try:
        draft = _draft(**{field: value})
    except RowsRefused as error:
        assert "\n" not in error.bad[0].reason  # noqa: PT017 - both outcomes are allowed
        return
    assert draft.gold in {option.letter for option in draft.options}
    assert len(draft.options) == 5
    assert draft.stem


def test_empty_list_of_images_makes_a_bad_row_and_text_stays(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(images=[]), _row(id="MM-2", images=["a.png"])], {"images/a.png": _png(1)})
    loaded = _load(tmp_path)
    assert [(bad.row_id, bad.reason) for bad in loaded.telemetry.bad] == [
        ("MM-1", "names no image, but should name at least one")
    ]
    assert loaded.rows[0].stem == "What?"


def test_images_beside_rows_in_one_folder_or_extracted_are_found(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "MM-1-a.png").write_bytes(_png(5))
    (tmp_path / "test.jsonl").write_text(json.dumps(_row()), encoding="utf-8")
    assert _load(tmp_path).rows[0].images[0].open().getpixel((0, 0)) == (5, 5, 5)


def test_rows_in_one_json_list_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "MM-1-a.png").write_bytes(_png(5))
    (tmp_path / "test.json").write_text(json.dumps([_row()]), encoding="utf-8")
    assert _load(tmp_path).layout == "list"


# ------------------------------------------------------------------------------------------- MedXpertQA


def _medxpertqa() -> Benchmark:
    path = Path(__file__).parents[2] / "benches" / "test_medxpertqa.py"
    spec = importlib.util.spec_from_file_location("bench_medxpertqa", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.BENCHMARK
    assert isinstance(found, Benchmark)
    return found


@pytest.mark.parametrize("task", ["Basic Science", "Basic Medicine"])
def test_medxpertqa_takes_both_spellings_of_its_task(tmp_path: Path, task: str) -> None:
    _publish(tmp_path, [_row(medical_task=task)], {"images/MM-1-a.png": _png(1)})
    loaded = _medxpertqa().load(Source(root=str(tmp_path)))
    assert loaded.rows[0].slices["medical_task"] == task
    assert loaded.telemetry.bad == ()


def test_medxpertqa_joins_rows_that_share_a_question(tmp_path: Path) -> None:
    rows = [_row(id="MM-1", images=["a.png"]), _row(id="MM-2", images=["b.png"], question="what?  " + CHOICES)]
    _publish(tmp_path, rows, {"images/a.png": _png(1), "images/b.png": _png(2)})
    loaded = _medxpertqa().load(Source(root=str(tmp_path)))
    assert len({row.cluster for row in loaded.rows}) == 1


def test_medxpertqa_upper_case_extension_must_be_exact(tmp_path: Path) -> None:
    _publish(tmp_path, [_row(images=["MM-1-a.jpg"])], {"images/MM-1-a.JPG": _png(1)})
    loaded = _medxpertqa().load(Source(root=str(tmp_path)))
    assert loaded.telemetry.bad[0].reason == (
        "image 'MM-1-a.jpg' is not in 'images.zip', but should be (found 'MM-1-a.JPG', but the row says 'MM-1-a.jpg')"
    )


def test_medxpertqa_development_rows_are_read_only_where_asked_for(tmp_path: Path) -> None:
    _publish(tmp_path, [_row()], {"images/MM-1-a.png": _png(1)}, "MM/dev.jsonl")
    with pytest.raises(DataMissing):
        _medxpertqa().load(Source(root=str(tmp_path)))
    assert _medxpertqa().load(Source(root=str(tmp_path), split="dev")).split == "dev"
