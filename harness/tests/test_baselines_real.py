"""Baselines of the published rows themselves, against what is known of them and against another way to count."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from harness.baselines import baselines, points, strongest
from harness.baselines.commonest import meaning
from harness.baselines.question_words import terms
from harness.records import Baseline, Benchmark, Row, Source

HERE = Path(__file__).parents[2]
EMBEDDED = HERE / "fixtures" / "embedded"
YES = frozenset({"Yes", "是", "是的", "有", "包含", "包括", "存在", "可以", "正常", "健康"})
Folder = Callable[[str], Path]


@cache
def _benchmark(name: str) -> Benchmark:
    spec = importlib.util.spec_from_file_location(f"baselines_{name}", HERE / "benches" / f"test_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.BENCHMARK
    assert isinstance(found, Benchmark)
    return found


@cache
def _rows(name: str, root: Path, split: str = "") -> tuple[Row, ...]:
    return _benchmark(name).load(Source(root=str(root), split=split)).rows


@pytest.fixture
def folder(real_data: Path) -> Folder:
    """Return a function that gives a folder below the data, or skips."""

    def found(name: str) -> Path:
        if not (real_data / name).is_dir():
            pytest.skip(f"real data are not here: there is no {name}")
        return real_data / name

    return found


@cache
def _known(name: str, root: Path, train: str) -> tuple[dict[str, Baseline], dict[str, list[float]]]:
    """Baselines and their points, by name."""
    rows = _rows(name, root)
    found = {one.name: one for one in baselines(rows, _rows(name, root, train) if train else ())}
    return found, {one: points(rows, found[one]) for one in found}


def _right(name: str, root: Path, baseline: str, kind: str = "", train: str = "") -> tuple[float, int]:
    """Points and rows of one baseline, over one kind of rows where it is named."""
    scored = zip(_rows(name, root), _known(name, root, train)[1][baseline], strict=True)
    own = [value for row, value in scored if kind in ("", row.kind)]
    return sum(own), len(own)


def test_medxpertqa_constant_letter_is_e_with_424_of_2000_and_the_longest_option_has_19_2_percent(
    folder: Folder,
) -> None:
    root = folder("medxpertqa")
    assert _known("medxpertqa", root, "")[0]["constant_letter"].title == "always E"
    assert _right("medxpertqa", root, "constant_letter") == (424, 2000)
    # 383 of 2000 are 19.15 %, published as 19.2
    assert _right("medxpertqa", root, "longest_option") == (383, 2000)


def test_medxpertqa_options_alone_are_worth_little_more_than_a_guess(folder: Folder) -> None:
    right, n = _right("medxpertqa", folder("medxpertqa"), "options_words")
    # 20 %, and three standard errors of it
    assert n == 2000
    assert 400 <= right < 454


@pytest.mark.parametrize("where", ["vqa_rad", "vqa_rad/hub"])
def test_vqa_rad_majority_is_right_in_133_of_251_yes_no_rows(folder: Folder, where: str) -> None:
    assert _right("vqa_rad", folder(where), "majority", "yes_no") == (133, 251)


def test_vqa_rad_train_teaches_what_another_pipeline_of_the_same_model_learns(folder: Folder) -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    root = folder("vqa_rad")
    rows, train = _rows("vqa_rad", root), _rows("vqa_rad", root, "train")
    counted = make_pipeline(CountVectorizer(analyzer=terms, binary=True), MultinomialNB(alpha=0.1))
    counted.fit([row.stem for row in train], [meaning(row) for row in train])
    said = counted.predict([row.stem for row in rows])
    expected = sum(answer == meaning(row) for row, answer in zip(rows, said, strict=True))
    assert _right("vqa_rad", root, "question_words", train="train") == (expected, 451)
    assert strongest(rows, list(_known("vqa_rad", root, "train")[0].values())).name == "question_words"


def test_vqa_rad_train_shares_its_pictures_with_the_test(folder: Folder) -> None:
    root = folder("vqa_rad")
    shown = {row.images[0].digest for row in _rows("vqa_rad", root)}
    seen = [row.images[0].digest for row in _rows("vqa_rad", root, "train") if row.images[0].digest in shown]
    assert len(set(seen)) == 202
    learned = _known("vqa_rad", root, "train")[0]["question_words"].learned
    assert learned.startswith("on train, 1,797 rows, ")
    assert learned.endswith(f", {len(seen):,} with a picture of a row here")


@pytest.mark.parametrize(("name", "language", "times"), [("slake", "en", 182), ("slake_zh", "zh", 191)])
def test_slake_majority_is_what_counting_the_published_file_gives(
    folder: Folder, name: str, language: str, times: int
) -> None:
    root = folder("slake")
    published = json.loads((root / "validation.json").read_text(encoding="utf-8"))
    ids = {int(row.id) for row in _rows(name, root) if row.kind == "yes_no"}
    polar = Counter(row["answer"] in YES for row in published if row["q_lang"] == language and row["qid"] in ids)
    assert _right(name, root, "majority", "yes_no") == (max(polar.values()), polar.total())
    assert max(polar.values()) == times


@pytest.mark.parametrize("name", ["slake", "slake_zh"])
def test_slake_questions_give_half_of_the_answers_away(folder: Folder, name: str) -> None:
    right, n = _right(name, folder("slake"), "question_words")
    assert right > n / 2
    assert right > 2 * _right(name, folder("slake"), "majority")[0]


def test_shipped_choices_have_even_golds_that_no_words_of_the_options_tell() -> None:
    root = EMBEDDED / "phantom_choice"
    assert _right("phantom_choice", root, "constant_letter") == (60, 300)
    assert _right("phantom_choice", root, "blind_guess")[0] == pytest.approx(60)
    assert _right("phantom_choice", root, "options_words")[0] < 60


def test_shipped_short_questions_ask_for_yes_and_no_equally_often() -> None:
    root = EMBEDDED / "phantom_short"
    assert _right("phantom_short", root, "majority", "yes_no") == (100, 200)
    assert _right("phantom_short", root, "question_words", "yes_no")[0] <= 100


def test_easy_vqa_gives_about_67_percent_to_a_reader_of_the_text_alone() -> None:
    found = importlib.util.find_spec("easy_vqa")
    assert found is not None
    assert found.submodule_search_locations
    right, n = _right("easy_vqa", Path(found.submodule_search_locations[0]) / "data", "question_words")
    assert n == 9673
    assert round(right / n, 2) == 0.67
