"""Lines outside tables: a score that was announced without images, and what can be recomputed from its lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats as scipy_stats

from harness.forensics import Findings, check, report
from harness.forensics.chances import p_values

BLOCK = """# MadriMed-VL-2B on MedXpertQA-MM (n=2000)

Accuracy : 21.05% (421/2000)
Unknown: 0 (0.0%)
Random baseline: 20.00% (1/5)
Distance to random: 1.05 percentage points
A rough 95% binomial confidence interval: approximately 19.3% to 22.8%

0 image(s): 21.1% (421/2000)
"""


def checked(folder: Path, text: str) -> Findings:
    path = folder / "announcement.md"
    path.write_text(text, encoding="utf-8")
    return check(path)


def told(found: Findings, name: str) -> list[str]:
    return [finding.should for finding in found.found if finding.check == name]


def test_an_evaluation_without_images_is_no_multimodal_one(tmp_path: Path) -> None:
    found = checked(tmp_path, BLOCK)
    (finding,) = found.of("impossible", "inconsistent")
    assert (finding.check, finding.place.line, finding.printed) == ("images", 9, "0 images: 2000 of 2000")
    assert "not a multimodal evaluation" in finding.should
    assert found.exit_code == 1


def test_the_printed_interval_is_walds_and_wilsons_differs_in_the_last_digit(tmp_path: Path) -> None:
    (finding,) = [one for one in checked(tmp_path, BLOCK).found if one.check == "interval"]
    assert (finding.severity, finding.printed, finding.place.row) == ("warning", "19.3 to 22.8 %", "Accuracy")
    assert finding.should == (
        "is the Wald (normal approximation) interval of 421/2000 at 95 %; Wilson would be 19.3 to 22.9 %"
    )


def test_an_interval_that_is_called_wilsons_and_is_walds_is_inconsistent(tmp_path: Path) -> None:
    found = checked(tmp_path, "421/2000 = 21.05 %, Wilson 19.3 to 22.8 %\n")
    (finding,) = found.of("inconsistent")
    assert finding.should.startswith("is the Wald interval of 421/2000, not Wilson's")
    assert checked(tmp_path, "421/2000 = 21.05 %, Wilson 19.3 to 22.9 %\n").found == ()


def test_the_score_is_not_distinguishable_from_chance(tmp_path: Path) -> None:
    first = told(checked(tmp_path, BLOCK), "chance")[0]
    assert first == (
        "421/2000 = 21.05 %, Wilson 19.3 to 22.9 %, includes chance (20 %); exact binomial p 0.126 one-sided, "
        "0.240 two-sided: not distinguishable from chance"
    )


def test_the_count_is_one_number_however_it_is_rounded(tmp_path: Path) -> None:
    found = checked(tmp_path, BLOCK)
    assert [(figure.printed.text if figure.printed else "", figure.k, figure.n) for figure in found.figures] == [
        ("21.05 %", 421, 2000),
        ("21.1 %", 421, 2000),
    ]
    assert told(found, "k/n") == []
    assert told(checked(tmp_path, BLOCK.replace("21.1%", "21.0%")), "k/n") == []
    assert told(checked(tmp_path, BLOCK.replace("21.1%", "21.2%")), "k/n") == ["421/2000 is 21.05 %"]


def test_the_distance_to_chance_is_recomputed(tmp_path: Path) -> None:
    assert told(checked(tmp_path, BLOCK), "difference") == ["1 of 1 agree with the two values beside them"]
    off = checked(tmp_path, BLOCK.replace("1.05 percentage", "1.50 percentage")).of("inconsistent")
    assert [finding.check for finding in off] == ["difference", "images"]


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("SLAKE: 65.7 vs 72.3, gap -6.6", True),
        ("VQA-RAD: 43.09 vs 49.9, gap −6.81", True),
        ("MedXpertQA-MM: 21.05 vs 18.8, gap +2.25", True),
        ("VQA-RAD: 43.09 vs 49.9, gap −6.18", False),
        ("SLAKE: 65.7 % versus 72.3 % → −6.6", True),
        ("SLAKE: 65.7 % against 72.3 %, difference 6.8", False),
    ],
)
def test_a_gap_between_two_values_is_recomputed(tmp_path: Path, line: str, right: bool) -> None:
    assert (checked(tmp_path, f"- {line}\n").exit_code == 0) is right


def test_images_of_some_rows_alone_are_warned_of_and_must_add_up(tmp_path: Path) -> None:
    text = "Accuracy: 30.0% (600/2000)\n0 image(s): 25.0% (75/300)\n1 image(s): 30.9% (525/1700)\n"
    found = checked(tmp_path, text)
    assert [finding.severity for finding in found.found if finding.check == "images"] == ["warning"]
    (finding,) = checked(tmp_path, text.replace("525/1700", "526/1700")).of("inconsistent")
    assert finding.should == "should add up to 600/2000 of Accuracy"


def test_zero_image_rows_that_are_counted_are_read_too(tmp_path: Path) -> None:
    found = checked(tmp_path, "Accuracy: 21.05% (421/2000)\nZero-image rows: 2000 of 2000\n")
    assert "not a multimodal evaluation" in told(found, "images")[0]


def test_a_table_by_number_of_images_is_judged_as_lines_are(tmp_path: Path) -> None:
    text = "| images | n | accuracy |\n|---|---|---|\n| 0 | 2000 | 21.05 |\n"
    assert "not a multimodal evaluation" in told(checked(tmp_path, text), "images")[0]
    more = text + "| 1 | 400 | 40.00 |\n"
    assert told(checked(tmp_path, more), "images") == ["some questions were asked without an image"]


def test_several_figures_in_a_line_keep_their_own_intervals(tmp_path: Path) -> None:
    text = "RAD 73/100 = 73.0 % (95 % CI 63.6 to 80.7 %), PMC 312/500 = 62.4 % (95 % CI 58.1 to 66.5 %).\n"
    found = checked(tmp_path, text)
    assert found.found == ()
    assert [figure.interval is not None for figure in found.figures] == [True, True]


def test_prose_with_numbers_is_no_figure(tmp_path: Path) -> None:
    text = "We read 37-39 lines in 2024/05, with 5 options (A-E), version 1.5/2, at 95 %.\n"
    table = "\n| model | right |\n|---|---|\n| a | 1/2 |\n"
    assert [figure.place.line for figure in checked(tmp_path, text + table).figures] == [5]


def test_lines_of_a_log_in_a_fence_are_read(tmp_path: Path) -> None:
    found = checked(tmp_path, f"# Run\n```\n{BLOCK}```\n")
    assert len(found.figures) == 2
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("k", "n", "level"), [(421, 2000, 0.2), (33, 176, 0.25), (0, 10, 0.5), (10, 10, 0.2), (6, 9, 1 / 3)]
)
def test_p_values_are_those_of_the_exact_binomial_test_of_scipy(k: int, n: int, level: float) -> None:
    one = scipy_stats.binomtest(k, n, level, alternative="greater").pvalue
    two = scipy_stats.binomtest(k, n, level).pvalue
    assert p_values(k, n, level) == pytest.approx((one, two), abs=1e-9)


def test_the_page_of_the_announcement_reads_from_top_to_bottom(tmp_path: Path) -> None:
    page = report(checked(tmp_path, BLOCK))
    order = ["not a multimodal evaluation", "Wald", "not distinguishable from chance", "| Accuracy |", "Methods:"]
    places = [page.index(part) for part in order]
    assert places == sorted(places)
