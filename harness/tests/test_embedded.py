"""The shipped rows can be rebuilt and give nothing away; the shipped models open, batch and do what they are for."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fixtures.embedded import lessons, make_rows, questions
from fixtures.embedded.curriculum import Encoder
from fixtures.embedded.draw import SIZE
from fixtures.embedded.pictures import draw_phantoms, every_fact
from fixtures.embedded.skeleton import PHRASES
from harness import prompt
from harness.records import ModeName, Option, Row, RowKind

HERE = Path(make_rows.__file__).parent
MODELS = ("sighted", "blind")
LIMIT = 20_000_000  # bytes of both models together


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both benchmarks, written anew."""
    folder = tmp_path_factory.mktemp("rows")
    make_rows.write_choice(folder / "phantom_choice", make_rows.choice_rows(make_rows.EVALUATION_SEED))
    make_rows.write_short(folder / "phantom_short", *make_rows.short_rows(make_rows.EVALUATION_SEED))
    return folder


@pytest.fixture(scope="module")
def shipped_choice() -> list[dict[str, Any]]:
    """Every line of the shipped multiple-choice rows."""
    lines = (HERE / "phantom_choice" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def shipped_short() -> list[dict[str, Any]]:
    """Every record of the shipped short-answer rows."""
    return _parquet(HERE)


def _parquet(root: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    records: list[dict[str, Any]] = pq.read_table(root / make_rows.SHORT_FILE).to_pylist()
    return records


def _pixels(data: bytes) -> tuple[tuple[int, int], bytes]:
    import io

    with Image.open(io.BytesIO(data)) as image:
        return image.size, image.convert("RGB").tobytes()


def _zip_pixels(path: Path) -> dict[str, tuple[tuple[int, int], bytes]]:
    with zipfile.ZipFile(path) as archive:
        return {name: _pixels(archive.read(name)) for name in archive.namelist()}


def test_choice_rows_rebuild_to_the_same_lines_and_pixels(rebuilt: Path) -> None:
    made, shipped = rebuilt / "phantom_choice", HERE / "phantom_choice"
    assert (made / "test.jsonl").read_bytes() == (shipped / "test.jsonl").read_bytes()
    assert _zip_pixels(made / "images.zip") == _zip_pixels(shipped / "images.zip")


def test_short_rows_rebuild_to_the_same_records_and_pixels(rebuilt: Path) -> None:
    made, shipped = ([_decoded(record) for record in _parquet(root)] for root in (rebuilt, HERE))
    assert made == shipped


def _decoded(record: dict[str, Any]) -> dict[str, Any]:
    image = record["image"]
    return record | {"image": (image["path"], _pixels(image["bytes"]))}


@pytest.mark.parametrize("name", ["phantom_choice/images.zip", make_rows.SHORT_FILE])
def test_rows_rebuild_byte_by_byte_with_the_recorded_versions(rebuilt: Path, name: str) -> None:
    here = make_rows.versions()
    if here != make_rows.MADE_WITH:
        pytest.skip(f"rows were packed with {make_rows.MADE_WITH}, here are {here}: bytes may differ, contents may not")
    assert (rebuilt / name).read_bytes() == (HERE / name).read_bytes()


def test_a_training_picture_that_equals_an_evaluation_picture_is_left_out() -> None:
    first, second, third = itertools.islice(draw_phantoms(0, each=1, known=frozenset()), 3)
    known = frozenset({make_rows.picture_digest(second[1])})
    kept = [picture for _, picture, _ in itertools.islice(draw_phantoms(0, each=1, known=known), 2)]
    assert np.array_equal(kept[0], first[1])
    assert np.array_equal(kept[1], third[1])


def test_drawn_training_pictures_are_not_among_the_evaluation_pictures() -> None:
    known = make_rows.evaluation_digests()
    drawn = [picture for _, picture, _ in itertools.islice(draw_phantoms(0, each=8, known=frozenset()), 1600)]
    assert len(known) == 600 + make_rows.SHORT_IMAGES
    assert not known & {make_rows.picture_digest(picture) for picture in drawn}


def test_every_fact_is_drawn_for_training() -> None:
    assert len(set(every_fact())) == len(every_fact()) == 4500


def test_no_picture_of_the_choice_rows_is_shared(shipped_choice: list[dict[str, Any]]) -> None:
    pixels = _zip_pixels(HERE / "phantom_choice" / "images.zip")
    named = [f"images/{name}" for row in shipped_choice for name in row["images"]]
    assert sorted(named) == sorted(pixels)
    assert len(set(pixels.values())) == len(named)


def test_gold_letters_are_equally_frequent(shipped_choice: list[dict[str, Any]]) -> None:
    assert Counter(row["label"] for row in shipped_choice) == dict.fromkeys("ABCDE", 60)
    assert Counter(len(row["images"]) for row in shipped_choice) == {1: 100, 2: 100, 3: 100}


def test_no_answer_word_of_a_choice_kind_stands_out(shipped_choice: list[dict[str, Any]]) -> None:
    for kind in questions.CHOICE_KINDS:
        golds = Counter(row["options"][row["label"]] for row in shipped_choice if row["question_type"] == kind)
        assert set(golds) == set(questions.WORDS[kind])
        assert max(golds.values()) - min(golds.values()) <= 1


def test_every_choice_row_offers_all_words_of_its_kind(shipped_choice: list[dict[str, Any]]) -> None:
    for row in shipped_choice:
        assert sorted(row["options"].values()) == sorted(questions.WORDS[row["question_type"]])


def test_no_vignette_names_an_option(shipped_choice: list[dict[str, Any]]) -> None:
    for row in (row for row in shipped_choice if row["question_type"] != "which_image"):
        vignette = row["question"].rsplit(". ", 2)[0].lower()  # without the number of images
        assert not [word for word in row["options"].values() if word.lower() in vignette.split()]


def test_no_answer_of_a_short_kind_stands_out(shipped_short: list[dict[str, Any]]) -> None:
    assert Counter(row["answer_type"] for row in shipped_short) == {"OPEN": 200, "CLOSED": 200}
    for kind in {row["question_type"] for row in shipped_short}:
        for shape in ("OPEN", "CLOSED"):
            golds = Counter(
                row["answer"] for row in shipped_short if (row["question_type"], row["answer_type"]) == (kind, shape)
            )
            assert len(set(golds.values())) <= 1, f"{kind} {shape}: {golds}"


def test_a_yes_no_question_about_a_word_is_as_often_yes_as_no(shipped_short: list[dict[str, Any]]) -> None:
    asked: dict[tuple[str, str], Counter[str]] = {}
    for row in (row for row in shipped_short if row["answer_type"] == "CLOSED"):
        text, kind = row["question"].strip("?").split(), row["question_type"]
        (word,) = {word for word in questions.WORDS[kind] if word in text}
        asked.setdefault((kind, word), Counter())[row["answer"]] += 1
    assert all(abs(golds["yes"] - golds["no"]) <= 1 for golds in asked.values())


@pytest.mark.parametrize("mode", ["image_text", "text_only", "options_only", "image_options"])
def test_choice_lessons_use_the_words_of_the_suite(mode: ModeName) -> None:
    words = ("one", "two", "three", "four", "five")
    options = tuple(Option(letter=k, text=w, origin=k) for k, w in zip("ABCDE", words, strict=True))
    stem = "" if mode in ("options_only", "image_options") else "How many?"
    built = prompt.build(_row("choice", stem, options), mode)
    assert [part.text for part in built.parts if hasattr(part, "text")] == [lessons.choice_prompt(stem, words, mode)]


@pytest.mark.parametrize("mode", ["image_text", "text_only"])
def test_short_lessons_use_the_words_of_the_suite(mode: ModeName) -> None:
    built = prompt.build(_row("open", "Which modality is this?", ()), mode)
    wanted = [lessons.short_prompt("Which modality is this?", mode)]
    assert [part.text for part in built.parts if hasattr(part, "text")] == wanted


def _row(kind: RowKind, stem: str, options: tuple[Option, ...]) -> Row:
    gold = "A" if options else "CT"
    return Row(id="x", kind=kind, stem=stem, options=options, gold=gold, images=(), cluster="x", slices={})


def test_both_models_together_stay_small() -> None:
    assert sum(path.stat().st_size for name in MODELS for path in (HERE / name).iterdir()) < LIMIT


def _opened(name: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(HERE / name)  # type: ignore[no-untyped-call]
    return processor, AutoModelForImageTextToText.from_pretrained(HERE / name, dtype=torch.float32)


def _ask(opened: tuple[Any, Any], asked: list[tuple[list[Image.Image], str]]) -> list[str]:
    from fixtures.embedded.measure import replies

    return replies(opened[1], opened[0], [(tuple(images), text) for images, text in asked])


@pytest.mark.parametrize("name", MODELS)
def test_a_mixed_batch_is_answered_as_one_by_one(name: str) -> None:
    rng = np.random.default_rng(5)
    grey = [Image.fromarray(rng.integers(0, 255, (SIZE, SIZE), dtype=np.uint8)) for _ in range(4)]
    wide = Image.new("RGB", (120, 40), (200, 30, 30))
    stem = "A man aged 50 has had pain for 3 weeks. Which finding is seen in the image?"
    words = questions.WORDS["finding"]
    asked = [
        ([], lessons.choice_prompt(stem, words, "text_only")),
        ([wide], lessons.short_prompt("what color is the shape?")),
        (grey[:3], lessons.choice_prompt(stem, words)),
        ([grey[3]], "Describe this picture, please."),
    ]
    opened = _opened(name)
    assert _ask(opened, asked) == [_ask(opened, [one])[0] for one in asked]


@pytest.mark.parametrize("name", MODELS)
def test_lessons_are_encoded_as_the_processor_encodes_prompts(name: str) -> None:
    processor, _ = _opened(name)
    encoder = Encoder(processor.tokenizer)
    for lesson in (lessons.choice_lesson(np.random.default_rng(seed)) for seed in range(8)):
        ids, begin = encoder.lesson(lesson, encoder.as_pixels)
        images = [Image.new("L", (SIZE, SIZE))] * len(lesson.pictures)
        content = [*[{"type": "image"}] * len(images), {"type": "text", "text": lesson.text}]
        text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        assert processor(images=images or None, text=text)["input_ids"][0] == ids[:begin]
        assert processor.decode(ids[begin:], skip_special_tokens=True) == lesson.reply


@pytest.mark.parametrize("name", MODELS)
def test_repeated_sentences_are_one_token_each(name: str) -> None:
    processor, _ = _opened(name)
    assert all(len(processor.tokenizer(phrase)["input_ids"]) == 1 for phrase in PHRASES)


def test_the_sighted_model_reads_the_rows_that_the_blind_one_guesses(shipped_choice: list[dict[str, Any]]) -> None:
    with zipfile.ZipFile(HERE / "phantom_choice" / "images.zip") as archive:
        asked = [
            ([_opened_png(archive.read(f"images/{name}")) for name in row["images"]], _choice_text(row))
            for row in shipped_choice[:60]
        ]
    right = {}
    for name in MODELS:
        replies = _ask(_opened(name), asked)
        right[name] = sum(reply == row["label"] for reply, row in zip(replies, shipped_choice, strict=False))
    assert right["sighted"] >= 48
    assert right["blind"] <= 24


def _opened_png(data: bytes) -> Image.Image:
    import io

    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def _choice_text(row: dict[str, Any]) -> str:
    return lessons.choice_prompt(row["question"], list(row["options"].values()))
