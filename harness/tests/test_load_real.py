"""The published files themselves, where they are here: counts and traps against what is known of them."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.load import pixels
from harness.load.check import deviation
from harness.records import Benchmark, Loaded, Source

Load = Callable[[str, str], Loaded]


def _benchmark(name: str) -> Benchmark:
    path = Path(__file__).parents[2] / "benches" / f"test_{name}.py"
    spec = importlib.util.spec_from_file_location(f"bench_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.BENCHMARK
    assert isinstance(found, Benchmark)
    return found


@pytest.fixture(scope="module")
def load(real_data: Path) -> Load:
    """Return a function that loads ``benchmark, folder below the data`` once."""
    held: dict[tuple[str, str], Loaded] = {}

    def once(name: str, folder: str) -> Loaded:
        if not (real_data / folder).is_dir():
            pytest.skip(f"real data are not here: there is no {folder}")
        if (name, folder) not in held:
            held[name, folder] = _benchmark(name).load(Source(root=str(real_data / folder)))
        return held[name, folder]

    return once


def _kinds(loaded: Loaded) -> dict[str, int]:
    return dict(Counter(row.kind for row in loaded.rows))


def _slices(loaded: Loaded, name: str) -> dict[str, int]:
    return dict(Counter(row.slices[name] for row in loaded.rows))


def _unique(loaded: Loaded) -> dict[tuple[str, str], str]:
    """Question and answer, where no other row has the same, to cluster: the layouts have other ids and order."""
    asked = [(row.stem.casefold(), row.gold.casefold()) for row in loaded.rows]
    often = Counter(asked)
    return {pair: row.cluster for pair, row in zip(asked, loaded.rows, strict=True) if often[pair] == 1}


@pytest.mark.parametrize(
    ("name", "folder"),
    [("vqa_rad", "vqa_rad"), ("vqa_rad", "vqa_rad/hub"), ("slake", "slake"), ("slake_zh", "slake")],
)
def test_published_rows_all_load_with_their_images_and_the_digest_seen_before(
    load: Load, name: str, folder: str
) -> None:
    loaded = load(name, folder)
    assert loaded.telemetry.bad == ()
    assert loaded.telemetry.named == loaded.telemetry.loaded == {1: len(loaded.rows)}
    benchmark = _benchmark(name)
    assert f"{loaded.layout}/{loaded.split}" in benchmark.digests
    assert deviation(benchmark, loaded) == ""


@pytest.mark.parametrize("folder", ["vqa_rad", "vqa_rad/hub"])
def test_vqa_rad_has_451_rows_about_203_images_in_both_layouts(load: Load, folder: str) -> None:
    loaded = load("vqa_rad", folder)
    assert (len(loaded.rows), loaded.telemetry.distinct) == (451, 203)
    assert len({row.cluster for row in loaded.rows}) == 203


def test_vqa_rad_has_251_yes_no_21_other_closed_and_179_open_rows(load: Load) -> None:
    loaded = load("vqa_rad", "vqa_rad")
    assert _kinds(loaded) == {"yes_no": 251, "closed": 21, "open": 179}
    assert _slices(loaded, "answer_type") == {"CLOSED": 272, "OPEN": 179}
    assert _slices(loaded, "image_organ") == {"CHEST": 174, "ABD": 158, "HEAD": 119}
    assert _slices(loaded, "phrase_type") == {"freeform": 308, "para": 143}


def test_vqa_rad_parquet_takes_the_21_other_closed_rows_for_open(load: Load) -> None:
    assert _kinds(load("vqa_rad", "vqa_rad/hub")) == {"yes_no": 251, "open": 200}


def test_vqa_rad_clusters_are_the_same_partition_in_both_layouts(load: Load) -> None:
    original, parquet = _unique(load("vqa_rad", "vqa_rad")), _unique(load("vqa_rad", "vqa_rad/hub"))
    shared = original.keys() & parquet.keys()
    pairs = {(original[asked], parquet[asked]) for asked in shared}
    assert len(shared) == 424
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs}) == 197


def test_vqa_rad_has_no_tab_left_in_a_question_or_answer(load: Load) -> None:
    rows = load("vqa_rad", "vqa_rad").rows
    assert not [row.id for row in rows if "\t" in row.stem + row.gold]
    assert next(row.gold for row in rows if row.id == "472") == "Skull cartilage and medulla"


def test_slake_validation_has_1053_english_rows(load: Load) -> None:
    loaded = load("slake", "slake")
    assert (loaded.split, len(loaded.rows), loaded.telemetry.distinct) == ("validation", 1053, 96)
    assert _kinds(loaded) == {"yes_no": 358, "closed": 64, "open": 631}
    assert _slices(loaded, "modality") == {"CT": 482, "X-Ray": 338, "MRI": 233}


def test_slake_validation_has_1046_chinese_rows(load: Load) -> None:
    loaded = load("slake_zh", "slake")
    assert (loaded.split, len(loaded.rows), loaded.telemetry.distinct) == ("validation", 1046, 96)
    assert _kinds(loaded) == {"yes_no": 361, "closed": 61, "open": 624}


def test_slake_languages_share_no_id_and_together_are_the_file(load: Load) -> None:
    ids = [row.id for name in ("slake", "slake_zh") for row in load(name, "slake").rows]
    assert len(set(ids)) == len(ids) == 2099


def test_slake_answer_none_is_an_answer(load: Load) -> None:
    gold = {row.id: row.gold for row in load("slake", "slake").rows}
    assert [gold[qid] for qid in ("9843", "10599", "10635")] == ["None"] * 3


def test_medxpertqa_has_2000_rows_all_bad_for_their_images_and_none_for_its_schema(load: Load) -> None:
    loaded = load("medxpertqa", "medxpertqa")
    assert (loaded.split, loaded.layout, len(loaded.rows)) == ("test", "repository", 2000)
    assert [bad.row_id for bad in loaded.telemetry.bad] == [f"MM-{n}" for n in range(2000)]
    assert loaded.telemetry.bad[0].reason == (
        "image 'MM-0-a.jpeg' is not here: none of images.zip, MM/images.zip, images/, MM/images/ lies beside the rows, "
        "but one should; image 'MM-0-b.jpeg' likewise"
    )
    assert loaded.telemetry.named == {1: 1581, 2: 236, 3: 59, 4: 22, 5: 78, 6: 24}
    assert (loaded.telemetry.loaded, loaded.telemetry.distinct) == ({0: 2000}, 0)


def test_medxpertqa_rows_have_five_options_and_no_list_of_choices_in_the_question(load: Load) -> None:
    rows = load("medxpertqa", "medxpertqa").rows
    assert {len(row.options) for row in rows} == {5}
    assert not [row.id for row in rows if "answer choices" in row.stem.lower()]
    assert Counter(row.gold for row in rows) == {"E": 424, "B": 408, "A": 399, "D": 386, "C": 383}


def test_medxpertqa_clusters_are_its_1931_questions(load: Load) -> None:
    clusters = Counter(row.cluster for row in load("medxpertqa", "medxpertqa").rows)
    assert len(clusters) == 1931
    assert max(clusters.values()) == 32
    assert all(cluster.startswith("stem:") for cluster in clusters)


def test_medxpertqa_slices_are_the_published_counts(load: Load) -> None:
    loaded = load("medxpertqa", "medxpertqa")
    assert _slices(loaded, "medical_task") == {"Diagnosis": 1199, "Treatment": 448, "Basic Science": 353}
    assert _slices(loaded, "question_type") == {"Reasoning": 1446, "Understanding": 554}
    assert _slices(loaded, "images") == {"1": 1581, "2": 236, "3": 59, "4": 22, "5": 78, "6": 24}


def test_published_picture_opens_with_the_pixels_that_were_checked(load: Load) -> None:
    for folder in ("vqa_rad", "vqa_rad/hub"):
        for row in load("vqa_rad", folder).rows[::50]:
            picture = row.images[0].open()
            assert (picture.mode, picture.size) == ("RGB", (row.images[0].width, row.images[0].height))
            assert pixels.digest(picture) == row.images[0].digest
