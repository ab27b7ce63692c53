"""Reading tables: every way to print a figure, columns by their names, and files that are refused with a reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError, SightcheckError, UsageError
from harness.forensics import Findings, check, report
from harness.forensics.__main__ import main
from harness.forensics.cell import cell, plain
from harness.forensics.finding import Figure
from harness.forensics.names import is_chance, named, rows_named
from harness.forensics.printed import Digits
from harness.forensics.told import chance_told, level_told, method_told, runs_told


def checked(folder: Path, text: str, name: str = "table.csv") -> Findings:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return check(path)


def figure(folder: Path, text: str, name: str = "table.csv") -> Figure:
    return checked(folder, text, name).figures[0]


@pytest.mark.parametrize(
    ("text", "value", "k", "n"),
    [
        ("21.05 %", Digits(2105, 2), None, None),
        ("**21.05%**", Digits(2105, 2), None, None),
        ("21.05% (421/2000)", Digits(2105, 2), 421, 2000),
        ("421/2000", None, 421, 2000),
        ("421 of 2,000", None, 421, 2000),
        ("421/2000 (21.05 %)", Digits(2105, 2), 421, 2000),
        ("26.4 (implied)", Digits(264, 1), None, None),
        ("56.28 (n = 199)", Digits(5628, 2), None, 199),
        ("1.14 ↑", Digits(114, 2), None, None),
        ("1.14[^2]", Digits(114, 2), None, None),
        ("[25.00](https://example.org)", Digits(2500, 2), None, None),
        ("−6.81", Digits(-681, 2), None, None),
    ],
)
def test_a_cell_is_read_whole(text: str, value: Digits | None, k: int | None, n: int | None) -> None:
    found = cell(text)
    assert (found.value, found.k, found.n) == (value, k, n)


@pytest.mark.parametrize(
    "text", ["72.3 (first card: 62.3)", "71.8 / 69.8 / 64.9", "~21", "7B", "53.0 vs 62.0", "1-2-3"]
)
def test_a_cell_with_more_than_one_figure_is_not_read(text: str) -> None:
    assert not cell(text).read


@pytest.mark.parametrize("text", ["", "-", "–", "—", "n/a", "NaN", "pending", " - "])
def test_a_cell_without_a_figure_is_blank(text: str) -> None:
    assert cell(text).blank


@pytest.mark.parametrize(
    "text",
    [
        "[19.3, 22.9]", "(19.3, 22.9)", "19.3-22.9", "19.3–22.9", "19.3—22.9", "19.3 to 22.9", "19.3 % to 22.9 %",
        "[19.3; 22.9]", "[19.3–22.9]", "21.05 [19.3, 22.9]",
        "21.05 % (95 % CI 19.3 to 22.9)", "21.05 (95% CI: 19.3–22.9)",
    ],
)  # fmt: skip
def test_an_interval_is_read_in_every_form(text: str) -> None:
    assert cell(text).interval == (Digits(193, 1), Digits(229, 1))


@pytest.mark.parametrize("text", ["± 1.8", "21.05 ± 1.8", "21.05 +/- 1.8", "21.05% (± 1.8%)", "21.05 &plusmn; 1.8"])
def test_a_margin_is_read_in_every_form(text: str) -> None:
    assert cell(text).margin == Digits(18, 1)


def test_markup_is_no_part_of_a_name() -> None:
    assert plain("**[Gemini](https://example.org/a_b)** 2.0<br />(`x`)") == "Gemini 2.0(x)"


@pytest.mark.parametrize(
    ("name", "kind", "topic"),
    [
        ("R % (k/1446)", "share", ("r",)),
        ("Set acc. (%)", "share", ("set",)),
        ("Accuracy", "share", ()),
        ("n", "n", ()),
        ("N total", "n", ()),
        ("n_R", "n", ("r",)),
        ("# questions", "n", ()),
        ("Denominator", "n", ()),
        ("correct", "k", ()),
        ("n correct", "k", ()),
        ("R k", "k", ("r",)),
        ("k/n", "kn", ()),
        ("95% CI", "interval", ()),
        ("Wilson 95 %", "interval", ()),
        ("CI low", "low", ()),
        ("acc_upper", "high", ()),
        ("± margin", "margin", ()),
        ("Std", "error", ()),
        ("p-value", "p", ()),
        ("Δ", "difference", ()),
        ("Gap to base", "difference", ("to", "base")),
        ("Number of options", "options", ()),
        ("Chance", "chance", ()),
        ("token F1", "score", ()),
        ("ROUGE-L", "score", ("l",)),
        ("Model", "name", ()),
        ("Benchmark", "group", ()),
        ("Rank", "other", ()),
        ("PathVQA", "", ("pathvqa",)),
    ],
)
def test_columns_are_known_by_their_names(name: str, kind: str, topic: tuple[str, ...]) -> None:
    found = named(name)
    assert (found.kind, found.topic) == (kind, topic)


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("Acc (n = 176)", 176),
        ("R % (k/1446)", 1446),
        ("right /250", 250),
        ("pair acc (455 pairs)", 455),
        ("MedXpertQA text (2 450)", 2450),
        ("MM (2,000)", 2000),
        ("MM (2000)", 2000),
        ("GPT-4o (2024)", None),
        ("release (20241217)", None),
        ("US-Derm (1 996) / PathMCQA (450)", None),
        ("Llama (70B)", None),
    ],
)
def test_n_is_read_from_a_name(name: str, n: int | None) -> None:
    assert rows_named(name) == n


def test_years_and_versions_of_models_are_no_n(tmp_path: Path) -> None:
    text = "model,accuracy (%),n\nGPT-4 (1106),21.05,2000\nGPT-4 (0613),20.05,2000\n"
    assert [one.n for one in checked(tmp_path, text).figures] == [2000, 2000]


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("Random Guessing", True), ("random", True), ("Chance", True), ("Chance level", True), ("Random choice", True),
        ("Random images", False), ("RandomForest", False), ("GPT-4o", False),
    ],
)  # fmt: skip
def test_blind_guesses_are_told_from_models(name: str, guess: bool) -> None:
    assert is_chance(name) is guess


def test_headings_tell_chance_level_method_and_runs() -> None:
    assert chance_told("EyePACS, five options") == (Fraction(1, 5), "5 options")
    assert chance_told("a 4-way choice") == (Fraction(1, 4), "4 options")
    assert chance_told("chance is 20 %") == (Fraction(1, 5), "")
    assert chance_told("random baseline: 32.13") == (Fraction(3213, 10000), "")
    assert chance_told("by chance, 3 of them") is None
    assert level_told("90 % confidence interval") == 0.9
    assert level_told("95% of the images") is None
    assert method_told("exact (Clopper-Pearson) interval") == "Clopper-Pearson"
    assert runs_told("averaged over five seeds") == 5
    assert runs_told("five models") == 1


@pytest.mark.parametrize(
    "text",
    [
        "model,accuracy,n\na,21.05,2000\n",
        "model;accuracy;n\na;21,05;2000\n",
        "model\taccuracy\tn\na\t21.05 %\t2,000\n",
        "run,acc,total\na,0.2105,2000\n",
        "system,score (%),questions\na,21.05,2000\n",
        "model,accuracy (n = 2000)\na,21.05%\n",
        "model,accuracy\na,21.05% (421/2000)\n",
        "model,k/n\na,421/2000\n",
        "model,accuracy,correct,total\na,21.05,421,2000\n",
        "# n = 2000\nmodel,accuracy\na,21.05\n",
        "model,accuracy\na (n = 2000),21.05\n",
    ],
)
def test_a_figure_is_the_same_however_its_table_is_written(tmp_path: Path, text: str) -> None:
    found = figure(tmp_path, text)
    assert (found.n, list(found.counts or ())) == (2000, [421])


def test_each_subset_has_its_own_n_count_and_interval(tmp_path: Path) -> None:
    text = (
        "model,R %,n_R,R k,U %,n_U,U k,R CI\n"
        "GPT-4o,40.73,1446,589,48.19,554,267,38.2-43.3\n"
    )  # fmt: skip
    first, second = checked(tmp_path, text).figures
    assert (first.n, first.k, first.interval is not None) == (1446, 589, True)
    assert (second.n, second.k, second.interval) == (554, 267, None)


def test_ends_of_intervals_may_stand_in_two_columns_and_in_fractions(tmp_path: Path) -> None:
    text = "model,accuracy (%),n,ci_low,ci_high\na,21.05,2000,0.193,0.229\n"
    found = figure(tmp_path, text)
    assert found.interval is not None
    assert [end.text for end in found.interval] == ["0.193", "0.229"]
    assert checked(tmp_path, text).of("warning") == ()


def test_low_and_high_without_shares_between_are_subsets(tmp_path: Path) -> None:
    found = checked(tmp_path, "model,Low (n = 200),High (n = 300)\na,55.5,33.0\nb,41.0,61.0\n")
    assert {one.place.column for one in found.figures} == {"Low (n = 200)", "High (n = 300)"}


def test_chance_may_stand_in_a_column_of_levels_or_options(tmp_path: Path) -> None:
    for column, value in (("chance", "20.0"), ("options", "5"), ("random baseline (%)", "20")):
        found = checked(tmp_path, f"model,accuracy,n,{column}\na,21.05,2000,{value}\nb,30.05,2000,{value}\n")
        assert [one.chance for one in found.figures] == [Fraction(1, 5)] * 2, column


def test_a_baseline_that_is_a_model_is_a_share(tmp_path: Path) -> None:
    found = checked(
        tmp_path, "benchmark,baseline,ours,n\nSLAKE,65.7,72.3,1000\nVQA-RAD,43.1,49.9,1000\nX,50.0,51.0,1000\n"
    )
    assert {one.place.column for one in found.figures} == {"baseline", "ours"}


def test_numbers_that_are_no_shares_are_left_alone(tmp_path: Path) -> None:
    text = "rank,model,params (B),year,latency,p-value,accuracy,n\n1,a,7.5,2024,3.25,0.045,21.05,2000\n"
    assert [one.place.column for one in checked(tmp_path, text).figures] == ["accuracy"]


def test_the_kinds_of_other_figures_are_no_shares_of_n(tmp_path: Path) -> None:
    columns = ("Cohen's κ", "AUROC", "recall", "judge − people", "vs base", "range", "mean", "age", "rubric", "WER")
    text = f"model,n,{','.join(columns)}\n" + "".join(f"{model},50{',0.211' * len(columns)}\n" for model in "abc")
    found = checked(tmp_path, text)
    assert found.of("impossible", "inconsistent") == ()
    assert {one.kind for one in found.figures} == {"score"}


def test_a_column_of_signed_numbers_is_one_of_differences(tmp_path: Path) -> None:
    text = "model,n,accuracy,effect\na,50,0.84,+0.321\nb,50,0.80,-0.281\n"
    assert [one.place.column for one in checked(tmp_path, text).figures] == ["accuracy"] * 2


def test_scores_above_100_and_pairs_of_scores_are_no_shares(tmp_path: Path) -> None:
    first, second = "a,1519/332,645.2,2443992504.0,21.05,2000", "b,1575/326,62.1,34.5,20.05,2000"
    found = checked(tmp_path, f"model,MME,Score,samples,accuracy,n\n{first}\n{second}\n")
    assert {one.place.column for one in found.figures} == {"accuracy"}
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("counts", "shares", "n"),
    [
        # AIDA-E2 and 3D-IRCADB: cases of each class of 262, and cases with an organ of 22
        ((172, 30, 60), ("65.6", "11.5", "22.9"), 262),
        ((8, 8, 5, 13, 7), ("36.36", "36.36", "22.73", "59.09", "31.82"), 22),
        ((120, 80), ("60", "40"), 200),
    ],
)
def test_cases_of_each_class_are_counts_and_not_n(
    tmp_path: Path, counts: Sequence[int], shares: Sequence[str], n: int
) -> None:
    rows = "".join(f"c{at},{k},{share}\n" for at, (k, share) in enumerate(zip(counts, shares, strict=True)))
    found = checked(tmp_path, f"class,cases,percentage (%)\n{rows}")
    assert [(one.k, one.n) for one in found.figures] == [(k, n) for k in counts]
    assert found.exit_code == 0


def test_cases_of_classes_of_two_sets_in_one_table_are_no_n(tmp_path: Path) -> None:
    # BRACS: 547 slides, then 4,539 regions
    rows = (
        (44, 8),
        (147, 27),
        (74, 14),
        (41, 7),
        (48, 9),
        (61, 11),
        (132, 24),
        (484, 11),
        (836, 18),
        (517, 11),
        (756, 17),
    )
    lines = "".join(f"c{at},{k},{share} %\n" for at, (k, share) in enumerate(rows))
    found = checked(tmp_path, f"class,cases,percentage\n{lines}")
    assert {one.n for one in found.figures} == {None}
    assert found.exit_code == 0


def test_n_of_each_row_is_not_taken_for_a_count(tmp_path: Path) -> None:
    text = "benchmark,n,accuracy\nx,2000,21.05\ny,1500,52.07\nz,176,18.75\nw,1061,33.33\n"
    assert [one.n for one in checked(tmp_path, text).figures] == [2000, 1500, 176, 1061]


def test_fractions_that_a_machine_wrote_are_tested_to_the_digits_that_hold(tmp_path: Path) -> None:
    text = (
        f"model,right,n,accuracy\na,323,524,0.6164122137404581\nb,314,524,{314 / 524!r}\nc,,1000,0.18699999153614044\n"
    )
    assert checked(tmp_path, text).exit_code == 0
    assert checked(tmp_path, text.replace("0.6164122137404581", "0.6164822137404581")).exit_code == 1


def test_a_long_text_is_no_name_that_states_n(tmp_path: Path) -> None:
    text = f'case,accuracy\n"A table of many words ({"very " * 30}long; n = 2)",0.911\nb,0.663\nc,0.721\n'
    assert {one.n for one in checked(tmp_path, text).figures} == {None}


@settings(max_examples=60, deadline=None)
@given(
    body=st.text(alphabet="|-: \n#ab%0123456789.,/()[]±nk=\u2013to*", max_size=200),
    name=st.sampled_from(["t.md", "t.csv"]),
)
def test_whatever_a_file_holds_it_is_checked_or_refused_with_its_name(body: str, name: str) -> None:
    with TemporaryDirectory() as folder:
        try:
            page = report(checked(Path(folder), body, name))
        except SightcheckError as error:
            page = str(error)
    assert name in page


def test_how_columns_were_read_is_told(tmp_path: Path) -> None:
    found = checked(tmp_path, "model,accuracy,n\na,21.05,2000\nb,see text 3,2000\nc,22.00,2000\n")
    assert {one.column: one.read_as for one in found.readings} == {
        "model": "name",
        "accuracy": "share in percent; n from column n (2000); 1 cell(s) not read, such as 'see text 3'",
        "n": "n",
    }


def test_several_n_in_a_heading_are_not_guessed_from(tmp_path: Path) -> None:
    head = "# Text (n = 2450) and MM (n = 2000)\n| model | text | MM |\n|---|---|---|\n"
    found = checked(tmp_path, f"{head}| a | 14.2 | 24.4 |\n| b | 11.6 | 22.3 |\n", "table.md")
    assert [one.n for one in found.figures] == [None] * 4
    assert "several n" in found.of("note")[-1].should


def test_quotes_of_csv_and_escaped_bars_of_markdown_are_kept(tmp_path: Path) -> None:
    assert figure(tmp_path, 'model,accuracy,n\n"a, b",21.05,"2,000"\n').place.row == "a, b"
    text = "| model | accuracy | n |\n|---|---|---|\n| a \\| b | 21.05 | 2000 |\n"
    assert figure(tmp_path, text, "table.md").place.row == "a | b"


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    assert figure(tmp_path, '# n = 2000\n\nmodel,accuracy\n"a\nb",20.00\nc,21.05\n').place.line == 5
    assert figure(tmp_path, "\n\n| m | acc (n = 2000) |\n|---|---|\n| a | 21.05 |\n", "t.md").place.line == 5


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "t.csv", "is empty, but should hold a table"),
        (" \n\n", "t.md", "is empty, but should hold a table"),
        ("# only a remark\n", "t.csv", "has remarks alone"),
        ("model,accuracy,n\na,21.05\n", "t.csv", "has 3 columns, but line 2 has 2. Give every row one cell a column"),
        ("model,accuracy\na,21.05\nb,1,2\nc,3,4\n", "t.csv", "but line 3 has 3; line 4 has 3"),
        ("| m | acc |\n|---|---|\n| a | 21.05 | 3 |\n", "t.md", "table at line 1 has 2 columns, but line 3 has 3"),
        ("| m | acc |\n|---|\n| a | 21.05 |\n", "t.md", "has 2 columns, but line 2 has 1"),
        ("model,remark\na,good\nb,bad\n", "t.csv", "holds no figures"),
        ("Just words.\n", "t.md", "holds no figures"),
        ("model,accuracy\na,21.05\n", "t.csv", "line 2, a, accuracy: a table to check without n"),
        ("| m | acc |\n|---|---|\n| a | 21.05 % |\n", "t.md", "Add a column n, or n = 2000 in the heading"),
        ('model,acc\n"a,21.05\n', "t.csv", "is not CSV"),
    ],
)
def test_a_file_that_cannot_be_checked_is_refused_with_the_reason(
    tmp_path: Path, text: str, name: str, message: str
) -> None:
    with pytest.raises(DataError) as error:
        checked(tmp_path, text, name)
    assert message in str(error.value)
    assert str(error.value).startswith(f"{name}: ")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("model,acc\nä,21.05\n".encode("latin-1"))
    with pytest.raises(DataError, match="byte 10 is not UTF-8"):
        check(tmp_path / "t.csv")


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfmodel,acc,n\na,21.05,2000\n")
    assert check(tmp_path / "t.csv").figures[0].place.row == "a"


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, but should be a CSV or markdown file"):
        check(tmp_path)
    with pytest.raises(UsageError, match="is not here"):
        check(tmp_path / "none.csv")
    with pytest.raises(SightcheckError):
        check(str(tmp_path / "none.md"))


@pytest.mark.parametrize(
    ("text", "code", "out", "err"),
    [
        ("model,accuracy,n\na,21.07,2000\n", 1, "cannot come from n = 2000", ""),
        ("model,accuracy,n\na,21.05,2000\n", 0, "Nothing here is impossible.", ""),
        ("", 4, "", "is empty"),
    ],
)
def test_the_command_prints_the_page_and_its_exit_code_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, out: str, err: str
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "t.csv")]) == code
    printed = capsys.readouterr()
    assert out in printed.out
    assert err in printed.err


def test_importing_forensics_imports_no_heavy_library() -> None:
    heavy = "{'scipy.stats', 'pandas', 'torch', 'transformers', 'datasets'}"
    code = f"import sys, harness.forensics; print(*{heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""
