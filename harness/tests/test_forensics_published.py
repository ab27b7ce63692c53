"""Published tables, with their figures: what is consistent passes, and what is impossible or mixed up is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.forensics import Findings, check, report
from harness.forensics.finding import Finding

# R of 1446, U of 554, MM of all 2000; o1 was asked a part. Counts as recovered from the counts of the data file.
LEADERBOARD = """
## Leaderboard
| model | R % (k/1446) | U % (k/554) | MM % (k/2000) | Wilson 95 % |
|---|---|---|---|---|
| GPT-4o | 40.73 (589) | 48.19 (267) | 42.80 (856) | [40.65, 44.98] |
| Gemini-2.0-Flash | 35.48 (513) | 41.70 (231) | 37.20 (744) | [35.11, 39.34] |
| Gemini-1.5-Pro | 32.85 (475) | 37.36 (207) | 34.10 (682) | [32.05, 36.21] |
| QVQ-72B | 33.54 (485) | 33.57 (186) | 33.55 (671) | [31.51, 35.65] |
| Claude-3.5-Sonnet | 33.33 (482) | 32.85 (182) | 33.20 (664) | [31.17, 35.29] |
| Qwen2.5-VL-72B | 29.53 (427) | 31.05 (172) | 29.95 (599) | [27.98, 31.99] |
| Qwen2-VL-72B | 25.86 (374) | 34.84 (193) | 28.35 (567) | [26.42, 30.37] |
| GPT-4o-mini | 28.22 (408) | 27.62 (153) | 28.05 (561) | [26.12, 30.06] |
| o1 (a part) | 52.78 (76/144) | 65.45 (36/55) | 56.28 (112/199) | [49.34, 62.99] |
"""

PAIRS = """
# Pairs that models confuse
Each pair is one question over two images.

| Model | Set acc. (%) | Confusion (%) |
| :--: | :--: | :--: |
| **Random Guessing** | **25.00** | 50.00 |
| [Gemini](https://example.org/pro/) 1.5 Pro | 19.89 | 58.52 |
| GPT-4o | 18.75 | 75.00 |
| Llama-3.2-90B | 15.34 | 78.41 |
| InstructBLIP | 12.50 | 80.35 |
| Molmo-7B | 9.66 | 86.21 |
| Claude 3 Opus | 8.52 | 84.09 |
| LLaVA-Med | 1.14 | 97.16 |
"""

MEDGEMMA = """
### One model family
| | MedGemma 4B | Gemma 3 4B | MedGemma 1.5 4B | MedGemma 1 27B |
|---|---|---|---|---|
| SLAKE token F1 | 72.3 | 40.2 | 59.7 | 70.3 |
| VQA-RAD token F1 | 49.9 | 33.6 | 48.1 | 46.7 |
| MedXpertQA text (2 450) | 14.2 | 11.6 | 16.4 | 23.7 |
| MedXpertQA MM (2 000) | 24.4 | 22.3 | 26.4 | 30.6 |
| MedXpertQA text+MM (4 450) | 18.8 | 16.4 | 20.9 | 26.8 |
"""


def checked(folder: Path, text: str, name: str = "table.md") -> Findings:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return check(path)


def wrong(found: Findings) -> list[Finding]:
    return list(found.of("impossible", "inconsistent"))


def said(found: Findings, check_name: str) -> list[str]:
    return [finding.should for finding in found.found if finding.check == check_name]


def test_the_leaderboard_of_nine_models_is_possible_and_consistent(tmp_path: Path) -> None:
    found = checked(tmp_path, LEADERBOARD)
    assert wrong(found) == []
    assert found.exit_code == 0
    counts = {(figure.place.row, figure.place.column[:2]): figure.counts for figure in found.figures}
    assert counts["GPT-4o", "R "] == range(589, 590)
    assert counts["o1 (a part)", "MM"] == range(112, 113)
    assert len(found.figures) == 27


def test_without_the_counts_the_same_leaderboard_yields_them(tmp_path: Path) -> None:
    import re

    bare = re.sub(r" \(\d+\)", "", LEADERBOARD).replace("(k/", "(n = ")
    found = checked(tmp_path, bare)
    assert wrong(found) == []
    counted = {figure.place.row: list(figure.counts or ()) for figure in found.figures if "MM" in figure.place.column}
    assert counted["GPT-4o"] == [856]
    assert counted["GPT-4o-mini"] == [561]


def test_the_disjoint_parts_of_the_leaderboard_add_up_to_the_whole(tmp_path: Path) -> None:
    told = said(checked(tmp_path, LEADERBOARD), "combined")
    assert told == [
        "is the average of R % (k/1446), U % (k/554) by n in 9 of 9, as in GPT-4o: 589 + 267 = 856",
    ]


def test_a_whole_that_its_parts_do_not_add_up_to_is_found(tmp_path: Path) -> None:
    found = checked(tmp_path, LEADERBOARD.replace("37.20 (744)", "37.30 (746)"))
    assert [finding.place.row for finding in wrong(found)] == ["Gemini-2.0-Flash"]
    assert "37.20 ± 0.000 %" in wrong(found)[0].should


def test_the_intervals_of_the_leaderboard_are_recognised_as_wilsons(tmp_path: Path) -> None:
    assert said(checked(tmp_path, LEADERBOARD), "interval") == ["9 of them Wilson 95 %"]


def test_the_row_with_a_tenth_of_the_questions_is_told_in_a_ranked_table(tmp_path: Path) -> None:
    rows = [f for f in checked(tmp_path, LEADERBOARD).of("warning") if f.check == "denominators"]
    assert {finding.place.row for finding in rows} == {"o1 (a part)"}
    assert {finding.printed for finding in rows} == {"n = 144", "n = 55", "n = 199"}
    assert all("about 3.2 times as wide" in finding.should for finding in rows)


@pytest.mark.parametrize("where", ["heading", "column", "caption"])
def test_the_two_impossible_rows_of_the_pairs_are_found_and_only_those(tmp_path: Path, where: str) -> None:
    text = {
        "heading": PAIRS.replace("confuse", "confuse (176 pairs)"),
        "column": PAIRS.replace("(%)", "(%) (n = 176)"),
        "caption": PAIRS.replace("over two images.", "over two images; n = 176."),
    }[where]
    found = checked(tmp_path, text)
    assert found.exit_code == 1
    first, second = wrong(found)
    assert (first.place.row, first.printed, first.severity) == ("InstructBLIP", "80.35 %", "impossible")
    assert "cannot come from n = 176" in first.should
    assert "possible at n = 173 (139/173)" in first.should
    assert "141/176 = 80.11 % and 142/176 = 80.68 %" in first.should
    assert (second.place.row, second.printed) == ("Molmo-7B", "86.21 %")
    assert "possible at n = 174 (150/174)" in second.should


def test_n_that_varies_within_a_column_is_told_once(tmp_path: Path) -> None:
    found = checked(tmp_path, PAIRS.replace("confuse", "confuse (176 pairs)"))
    (told,) = said(found, "denominators")
    assert told == ("5 rows fit it, 2 do not: InstructBLIP (n = 173), Molmo-7B (n = 174). n may differ between rows")


def test_the_row_of_random_guessing_is_the_chance_of_its_columns(tmp_path: Path) -> None:
    found = checked(tmp_path, PAIRS.replace("confuse", "confuse (176 pairs)"))
    told = {finding.place.row: finding.should for finding in found.found if finding.check == "chance"}
    # 33/176 [13.7, 25.2], two-sided p .0557; 35/176 p .138 (method page, binomtest)
    assert "33/176 = 18.75 %, Wilson 13.7 to 25.2 %, includes chance (25 %" in told["GPT-4o"]
    assert "0.056 two-sided: not distinguishable from chance" in told["GPT-4o"]
    assert "0.138 two-sided" in told["Gemini 1.5 Pro"]
    assert "below chance" in told["LLaVA-Med"]
    assert "Random Guessing" not in told
    assert all("Set acc." in finding.place.column for finding in found.found if finding.check == "chance")


def test_without_n_the_pairs_imply_it_and_the_odd_rows(tmp_path: Path) -> None:
    found = checked(tmp_path, PAIRS)
    assert found.exit_code == 0
    by_column = {finding.place.column: finding.should for finding in found.found if finding.check == "n"}
    assert "Implied, not proven: n = 176 " in by_column["Set acc. (%)"]
    assert "explains all 7 distinct shares" in by_column["Set acc. (%)"]
    assert "n = 176 " in by_column["Confusion (%)"]
    assert "but not 80.35 %, 86.21 %" in by_column["Confusion (%)"]


def test_the_combined_row_of_a_model_family_is_the_average_by_n(tmp_path: Path) -> None:
    found = checked(tmp_path, MEDGEMMA)
    assert wrong(found) == []
    assert said(found, "combined") == [
        "is the average of MedXpertQA text (2 450), MedXpertQA MM (2 000) by n in 4 of 4",
    ]


def test_a_missing_part_is_implied_with_its_reach(tmp_path: Path) -> None:
    # (18.8 * 4450 - 14.2 * 2450) / 2000 = 24.435 and (16.4 * 4450 - 11.6 * 2450) / 2000 = 22.28, each -+ .1725
    found = checked(tmp_path, MEDGEMMA.replace("24.4 | 22.3", "– | –"))
    told = [text for text in said(found, "combined") if "implies" in text]
    assert told == [
        "implies MedXpertQA MM (2 000) = 24.4 ± 0.17 % ((18.8 × 4450 - 14.2 × 2450) / 2000)",
        "implies MedXpertQA MM (2 000) = 22.3 ± 0.17 % ((16.4 × 4450 - 11.6 × 2450) / 2000)",
    ]


def test_a_plain_mean_in_the_place_of_the_average_by_n_is_named(tmp_path: Path) -> None:
    # Were it a macro average, text+MM of 4B would be (14.2 + 24.4) / 2 = 19.3
    found = checked(tmp_path, MEDGEMMA.replace("| 18.8 |", "| 19.3 |"))
    (finding,) = wrong(found)
    assert (finding.place.row, finding.place.column) == ("MedXpertQA text+MM (4 450)", "MedGemma 4B")
    assert "equals their plain mean (macro)" in finding.should
    every = MEDGEMMA.replace("18.8 | 16.4 | 20.9 | 26.8", "19.3 | 17.0 | 21.4 | 27.2")
    (told,) = [f for f in checked(tmp_path, every).found if f.check == "combined"]
    assert (told.severity, "plain mean (macro)" in told.should) == ("warning", True)


@pytest.mark.parametrize("with_n", [True, False])
def test_a_part_in_the_place_of_the_whole_is_found(tmp_path: Path, with_n: bool) -> None:
    # A public summary put 18.8, 26.4 and 26.8 in one row; 26.4 is the MM value
    text = MEDGEMMA.replace("| 20.9 |", "| 26.4 |")
    if not with_n:
        text = text.replace(" (2 450)", "").replace(" (2 000)", "").replace(" (4 450)", "")
    (finding,) = wrong(checked(tmp_path, text))
    assert (finding.place.column, finding.printed) == ("MedGemma 1.5 4B", "26.4 %")
    assert "26.4 % equals the MedXpertQA MM" in finding.should


def test_modes_that_are_called_like_sums_are_no_sums(tmp_path: Path) -> None:
    text = """
| model | text | image | image+text |
|---|---|---|---|
| a (n = 500) | 31.4 | 40.2 | 52.6 |
| b (n = 500) | 30.2 | 38.0 | 30.2 |
| c (n = 500) | 33.0 | 41.0 | 55.8 |
"""
    assert said(checked(tmp_path, text), "combined") == []
    assert said(checked(tmp_path, text.replace(" (n = 500)", "")), "combined") == []


def test_token_f1_is_exempt_and_says_so(tmp_path: Path) -> None:
    text = "| model (n = 451) | token F1 | accuracy |\n|---|---|---|\n| a | 49.93 | 55.21 |\n| b | 33.61 | 54.99 |\n"
    found = checked(tmp_path, text.replace("(n = 451)", "") + "\nNote: n = 451\n")
    assert [finding.place.column for finding in found.of("note") if "exempt" in finding.should] == ["token F1"]
    assert wrong(found) == []


def test_wilson_intervals_at_published_n_are_recognised(tmp_path: Path) -> None:
    text = """
| Benchmark | accuracy (%) | 95 % CI | n |
|---|---|---|---|
| US-DermMCQA | 71.8 | [69.8, 73.7] | 1 996 |
| PathMCQA | 69.8 | 65.4–73.8 | 450 |
| EyePACS | 64.9 | 63.2 to 66.5 | 3 161 |
| AfriMed | 52.0 | [33.5, 70.0] | 25 |
| VQA-RAD | 73.0 | [63.6, 80.7] | 100 |
| PMC-VQA | 62.4 | [58.1, 66.5] | 500 |
| OmniMedVQA | 90.5 | [87.6, 92.7] | 524 |
| PMC-VQA, one lost | 60.5 | [56.2, 64.7] | 499 |
"""
    found = checked(tmp_path, text)
    assert wrong(found) == []
    assert found.of("warning") == ()
    (told,) = said(found, "interval")
    assert "Wilson" in told
    assert sum(int(part.split()[0]) for part in told.split("; ")) == 8


def test_below_chance_is_called_abstention_or_format(tmp_path: Path) -> None:
    text = "# EyePACS (five options)\n| model | n | accuracy |\n|---|---|---|\n| Gemma 3 4B | 3161 | 14.4 |\n"
    (finding,) = [one for one in checked(tmp_path, text).found if one.check == "chance"]
    assert "lies below chance (20 %, 5 options)" in finding.should
    assert finding.should.endswith("below chance, which speaks of abstention or the answer format, not of knowledge")


def test_categories_add_up_to_their_total(tmp_path: Path) -> None:
    # MMStar, LLaVA-NeXT-Yi-34B with the official grader: 781 of 1500 = 52.07 %, published as 52.1
    rows = "\n".join(f"| c{at} | {k}/250 | |" for at, k in enumerate((164, 130, 156, 115, 133, 83)))
    text = f"| category | right | accuracy |\n|---|---|---|\n{rows}\n| overall | 781/1500 | |\n"
    found = checked(tmp_path, text)
    assert wrong(found) == []
    assert "164 + 130 + 156 + 115 + 133 + 83 = 781" in " ".join(said(found, "combined"))
    (finding,) = wrong(checked(tmp_path, text.replace("781/1500", "791/1500")))
    assert finding.place.row == "overall"


def test_the_published_total_of_the_categories_is_possible(tmp_path: Path) -> None:
    text = "| model | accuracy | 95 % CI |\n|---|---|---|\n| LLaVA-NeXT-Yi-34B | 52.1 (781/1500) | [49.54, 54.59] |\n"
    found = checked(tmp_path, text)
    assert wrong(found) == []
    assert said(found, "interval") == ["1 of them Wilson or Wald 95 %"]


def test_three_denominators_of_one_model_are_possible_exactly(tmp_path: Path) -> None:
    text = """
| Model | question acc (1 129 questions) | figure acc (346 figures) | pair acc (455 pairs) |
|---|---|---|---|
| ViLT | 44.4641 | 11.2717 | 8.3516 |
| GPT-4V, by people | 67.58 | 44.22 | 31.43 |
"""
    found = checked(tmp_path, text)
    assert wrong(found) == []
    assert [list(figure.counts or ()) for figure in found.figures[:3]] == [[502], [39], [38]]


def test_a_total_between_its_categories_passes_without_n(tmp_path: Path) -> None:
    # ProbMed: the total is over 57,132 questions, those of the categories are not in the table
    text = """
| Model | Modality | Organ | Abnormality | Finding | Position | Overall |
|---|---|---|---|---|---|---|
| Random Choice | 25.00 | 25.00 | 50.00 | 35.67 | 36.48 | 32.13 |
| GPT-4o | 97.42 | 69.46 | 61.79 | 29.30 | 24.06 | 55.60 |
| GPT-4V | 92.51 | 71.73 | 53.30 | 35.19 | 22.40 | 55.28 |
| CheXagent | 37.25 | 33.95 | 73.31 | 28.52 | 7.48 | 30.61 |
"""
    assert wrong(checked(tmp_path, text)) == []
    outside = [f for f in checked(tmp_path, text.replace("| 55.28 |", "| 95.28 |")).found if f.check == "combined"]
    assert [(finding.severity, finding.place.row) for finding in outside] == [("warning", "GPT-4V")]


def test_means_over_five_runs_are_implied_and_possible_once_said(tmp_path: Path) -> None:
    shares = {"GPT-5": 41.32, "Gemini": 40.10, "o3": 37.26, "o4-mini": 37.97, "GPT-4o": 16.35, "Claude": 33.40}
    rows = "".join(f"| {model} | {share:.2f} |\n" for model, share in shares.items())
    text = f"# Questions that need their image (n = 197)\n| model | text only |\n|---|---|\n{rows}"
    (finding,) = wrong(checked(tmp_path, text))
    assert "5 of 6 cannot come from n = 197" in finding.should
    assert "Implied, not proven: as means over 5 runs of n = 197 all are possible" in finding.should
    assert wrong(checked(tmp_path, text.replace("197)", "197, mean of five runs)"))) == []


def test_the_page_names_place_digits_reason_and_what_to_do(tmp_path: Path) -> None:
    page = report(checked(tmp_path, PAIRS.replace("confuse", "confuse (176 pairs)")))
    assert page.startswith("# Figures of table.md\n\n**Something here cannot be as printed.** 2 impossible")
    assert "| line 11, **InstructBLIP**, Confusion (%) | 80.35 % | cannot come from n = 176" in page
    assert "- GRIM: State the n of this row or correct the digits" in page
    assert "fraud" not in page.lower()
    assert page.endswith("\n")
