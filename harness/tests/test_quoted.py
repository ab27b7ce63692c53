"""Published numbers are listed, and what keeps them from being compared is said in the words of the harness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.quoted import NOT_STATED, Quoted, objections, read, table
from harness.quoted.objections import COMPONENTS
from harness.quoted.traps import COMBINED, TRAPS, implied_mm

ENTRY = """
[[quoted]]
model = "MedGemma 4B"
benchmark = "MedXpertQA (text+MM)"
metric = "accuracy"
value = 18.80
source = "https://arxiv.org/abs/2507.05201"
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "quoted.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _quoted(model: str, benchmark: str, value: float, metric: str = "accuracy", **more: Any) -> Quoted:
    given: dict[str, Any] = {"split": "test", "n": 2000, "source": "a card"} | more
    return Quoted(model=model, benchmark=benchmark, value=value, written=f"{value:g}", metric=metric, **given)


def _against_mm(quoted: Quoted) -> str:
    return "\n".join(objections(quoted, benchmark="MedXpertQA-MM", split="test", n=2000, metric="accuracy"))


def _against_rad(quoted: Quoted) -> str:
    return "\n".join(objections(quoted, benchmark="VQA-RAD", split="test", n=451, metric="exact_match"))


def _against_slake(quoted: Quoted) -> str:
    return "\n".join(objections(quoted, benchmark="SLAKE (English)", split="test", n=1061, metric="exact_match"))


# ------------------------------------------------------------------------------------------------- the file


def test_a_number_is_kept_digit_by_digit_as_it_was_quoted(tmp_path: Path) -> None:
    (one,) = read(_file(tmp_path, ENTRY))
    assert (one.value, one.written, one.shown) == (18.8, "18.80", "18.80 %")


def test_what_is_not_published_is_not_stated(tmp_path: Path) -> None:
    (one,) = read(_file(tmp_path, ENTRY))
    (same,) = read(_file(tmp_path, f'{ENTRY}n = "not stated"\nsplit = "not stated"'))
    assert (one.n, one.split) == (None, NOT_STATED)
    assert one == same


@pytest.mark.parametrize("field", ["model", "benchmark", "metric", "value", "source"])
def test_an_entry_without_a_required_field_is_refused(tmp_path: Path, field: str) -> None:
    text = "\n".join(line for line in ENTRY.splitlines() if not line.startswith(f"{field} ="))
    with pytest.raises(UsageError, match=f"entry 1: {field} is missing"):
        read(_file(tmp_path, text))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("verified = true", "got the field verified, but should be one of"),
        ('value = "18.8"', "value got '18.8', but should be a number"),
        ("value = true", "value got True"),
        ("value = 118.8", "value got 118.8, but should be from 0 to 100"),
        ("n = 0", "n got 0, but should be a count of rows"),
        ("n = 4.5", "n got 4.5"),
        ("metric = 1", "metric got 1, but should be words"),
        ('source = " "', "source got ' ', but should be words"),
        ('unit = "share"', "value got 18.8, but should be from 0 to 1"),
    ],
)
def test_an_entry_that_is_wrong_is_refused_with_its_place(tmp_path: Path, line: str, why: str) -> None:
    name = line.split(" =", maxsplit=1)[0]
    kept = "\n".join(text for text in ENTRY.splitlines() if not text.startswith(f"{name} ="))
    with pytest.raises(UsageError) as error:
        read(_file(tmp_path, f"{kept}\n{line}"))
    assert f"entry 1: {why}" in str(error.value)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        read(_file(tmp_path, f"{ENTRY}\n[[quoted]]\nmodel = 'x'\nlicence = 'MIT'"))
    for part in ("entry 2: got the field licence", "benchmark is missing", "value is missing", "source is missing"):
        assert part in str(error.value)


@pytest.mark.parametrize("text", ["", "quoted = 1", "[[published]]\nmodel = 'x'", "[[quoted", "quoted = [1]"])
def test_a_file_of_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="quoted"):
        read(_file(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "none.toml")


# ------------------------------------------------------------------------------------------------ the traps


@pytest.mark.parametrize(("model", "numbers"), COMBINED.items(), ids=list(COMBINED))
def test_a_combined_number_is_the_mean_over_all_rows(model: str, numbers: tuple[float, float, float]) -> None:
    """Within 0.17, which is what rounding to a decimal allows; a mean of the two parts is further off."""
    combined, text, mm = numbers
    assert implied_mm(combined, text) == pytest.approx(mm, abs=0.17)
    assert abs(2 * combined - text - mm) > 0.17


@pytest.mark.parametrize("model", COMBINED)
def test_combined_medxpertqa_is_not_mm(model: str) -> None:
    combined, _, mm = COMBINED[model]
    said = _against_mm(_quoted(model, "MedXpertQA (text+MM)", combined, n=4450))
    assert f"MM alone is {mm}" in said
    assert "rows: quoted over n = 4,450, here 2,000" in said
    assert "dataset: quoted of MedXpertQA (text+MM), here MedXpertQA-MM" in said


def test_combined_medxpertqa_is_found_by_its_value_alone() -> None:
    """A table that calls the combined number MedXpertQA-MM, over 2,000 rows."""
    assert "text and MM together (n = 4,450); MM alone is 24.4" in _against_mm(
        _quoted("MedGemma 4B", "MedXpertQA-MM", 18.8)
    )


def test_medxpertqa_row_that_mixes_26_4_with_combined_values() -> None:
    said = _against_mm(_quoted("MedGemma 1.5 4B", "MedXpertQA (text+MM)", 26.4, n=4450))
    assert "its text and MM together is 20.9" in said
    assert "mixes two benchmarks" in said
    assert "mixes" not in _against_mm(_quoted("MedGemma 1.5 4B", "MedXpertQA-MM", 26.4))


def test_medgemma_vqa_rad_is_token_f1_on_its_own_split() -> None:
    said = _against_rad(_quoted("MedGemma 4B", "VQA-RAD", 49.9, "token F1", split="own", n=None))
    assert "split, rows, metric: it is mean token F1 on a split of the report's own" in said
    assert "metric: quoted in token F1, here exact_match" in said


def test_vqa_rad_72_5_and_49_9_are_the_same_model() -> None:
    said = _against_rad(_quoted("MedGemma-4B-IT", "VQA-RAD", 72.5, n=451))
    assert "accuracy, partly given by a judge" in said
    assert "49.9" in said


def test_medgemma_slake_is_token_f1() -> None:
    said = _against_slake(_quoted("MedGemma 4B", "SLAKE", 72.3, "token F1", n=1061))
    assert "no accuracy" in said
    assert "62.3" in said
    assert "first model card" in _against_slake(_quoted("MedGemma 4B", "SLAKE", 62.3, "token F1", n=1061))


@pytest.mark.parametrize("n", [2070, 2094])
def test_slake_with_more_than_1061_rows_holds_both_languages(n: int) -> None:
    said = _against_slake(_quoted("any", "SLAKE", 60.0, "exact match", n=n))
    assert f"rows: {n:,} rows of SLAKE hold both languages; the English test has 1,061" in said
    assert "both languages" not in _against_slake(_quoted("any", "SLAKE", 60.0, "exact match", n=1061))


def test_the_language_of_slake_must_be_stated() -> None:
    assert "here English" in _against_slake(_quoted("any", "SLAKE", 60.0, "exact match", n=1061))
    assert "here English" not in _against_slake(_quoted("any", "SLAKE, English", 60.0, "exact match", n=1061))


def test_pmc_vqa_has_two_test_sets() -> None:
    plain, stated = (_quoted("any", "PMC-VQA", 50.0, split=split) for split in ("test", "test_clean"))
    here = {"benchmark": "PMC-VQA", "split": "test_clean", "n": 2000, "metric": "accuracy"}
    assert any("two test sets go by this name" in text for text in objections(plain, **here))  # type: ignore[arg-type]
    assert objections(stated, **here) == ("quoted: another harness",)  # type: ignore[arg-type]


def test_o1_is_of_a_sampled_subset_of_199() -> None:
    assert "subset of 199 of 2,000 rows" in _against_mm(_quoted("o1", "MedXpertQA-MM", 56.28))
    assert "subset" not in _against_mm(_quoted("o1", "MedXpertQA-MM", 56.0))


def test_eyepacs_14_4_is_below_chance() -> None:
    said = objections(
        _quoted("Gemma 3 4B", "EyePACS", 14.4, n=3161), benchmark="EyePACS", split="test", n=3161, metric="accuracy"
    )
    assert any("below the 20 of a guess: that is refusal or format" in text for text in said)


def test_a_judge_is_a_difference_in_the_extractor() -> None:
    assert "extractor: a judge" in _against_rad(_quoted("any", "VQA-RAD", 60.0, "accuracy (GPT judge)", n=451))


def test_every_trap_names_components_of_the_harness_and_its_source() -> None:
    for trap in TRAPS:
        assert set(trap.components) <= set(COMPONENTS)
        assert trap.components
        assert trap.source


# ----------------------------------------------------------------------------------- objections, and the table


def test_a_quoted_number_is_never_comparable() -> None:
    """Not even where everything that a card can state is the same."""
    same = _quoted("any", "MedXpertQA-MM", 42.8)
    assert objections(same, benchmark="MedXpertQA-MM", split="test", n=2000, metric="accuracy") == (
        "quoted: another harness",
    )


def test_objections_stand_in_the_order_of_the_harness() -> None:
    said = objections(
        _quoted("MedGemma 4B", "VQA-RAD", 49.9, "token F1", split=NOT_STATED, n=None),
        benchmark="VQA-RAD",
        split="test",
        n=451,
        metric="exact_match",
    )
    first = [text.split(":")[0].split(", ")[0] for text in said[1:]]
    assert first == sorted(first, key=COMPONENTS.index)
    assert "split: not stated, here test" in said
    assert "rows: n is not stated, here 451" in said


CASE = {
    "benchmark": "medxpertqa",
    "title": "MedXpertQA-MM, test",
    "mode": "image_text",
    "status": "measured",
    "metric": "accuracy",
    "asked": 2000,
}


def _cells(one: Quoted, *cases: dict[str, Any]) -> list[str]:
    return [cell.strip() for cell in table([one], cases)[2].strip("|").split("|")]


def test_the_table_shows_the_value_as_quoted_and_which_components_differ() -> None:
    one = _quoted("MedGemma 4B", "MedXpertQA (text+MM)", 18.8, split=NOT_STATED, n=4450, date="2025-07")
    cells = _cells(one, {**CASE, "mode": "text_only"}, CASE)
    assert cells[:7] == [
        "MedGemma 4B",
        "MedXpertQA (text+MM)",
        "18.8 %",
        "accuracy",
        "not stated",
        "4,450",
        "a card, 2025-07",
    ]
    assert cells[7].startswith(
        "not comparable: dataset, rows differ; split, loader, prompt, decoding, extractor, metric, unread_rule, ledger "
        "not known; of MedGemma 4B it is text and MM together"
    )


def test_every_component_is_named_once() -> None:
    which = _cells(_quoted("any", "MedXpertQA-MM", 42.8), CASE)[7].removeprefix("not comparable: ")
    assert which == f"{', '.join(COMPONENTS)} not known"


def test_a_number_of_a_benchmark_that_was_not_measured_says_so() -> None:
    assert _cells(_quoted("any", "PathVQA", 48.8), CASE)[7] == "not comparable: this run has no measurement of it"
    assert "no measurement" in _cells(_quoted("any", "MedXpertQA", 48.8), {**CASE, "status": "refused"})[7]


def test_nothing_quoted_makes_no_table() -> None:
    assert table([], [CASE]) == []
