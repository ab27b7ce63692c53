"""The checks one by one: what they find, what they leave alone, and that a consistent table passes all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.forensics import Findings, check
from harness.forensics.average import implied
from harness.forensics.finding import Finding
from harness.forensics.intervals import match, wald
from harness.forensics.printed import number


def checked(folder: Path, text: str, name: str = "table.csv") -> Findings:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return check(path)


def wrong(found: Findings) -> list[Finding]:
    return list(found.of("impossible", "inconsistent"))


def said(found: Findings, name: str) -> list[str]:
    return [finding.should for finding in found.found if finding.check == name]


# Range, k of n and GRIM


@pytest.mark.parametrize(
    ("row", "check_name", "should"),
    [
        ("101.5,2000,", "range", "between 0 and 100 %"),
        ("-1.5,2000,", "range", "between 0 and 100 %"),
        ("21.05,2000,2421", "range", "k = 2421 is more than n = 2000"),
        ("21.50,2000,421", "k/n", "421/2000 is 21.05 %"),
        ("21.07,2000,", "GRIM", "cannot come from n = 2000: next to it are 421/2000 = 21.05 % and 422/2000 = 21.10 %"),
    ],
)
def test_what_cannot_be_is_found_with_what_could_be(tmp_path: Path, row: str, check_name: str, should: str) -> None:
    (finding,) = wrong(checked(tmp_path, f"model,accuracy (%),n,correct\na,{row}\n"))
    assert finding.check == check_name
    assert should in finding.should
    assert (finding.place.line, finding.place.row, finding.place.column) == (2, "a", "accuracy (%)")
    assert finding.todo


def test_digits_that_were_cut_off_are_told_from_others(tmp_path: Path) -> None:
    found = checked(tmp_path, "model,accuracy (n = 346)\na,10.11\nb,44.22\n")
    assert "35/346 has these digits if they were cut off, not rounded" in wrong(found)[0].should
    found = checked(tmp_path, "model,accuracy (n = 346)\na,10.11 (35/346)\nb,44.22\n")
    assert said(found, "k/n") == ["35/346 is 10.12 %, cut off instead of rounded"]


def test_a_mean_over_runs_of_unknown_number_is_no_impossible_share(tmp_path: Path) -> None:
    for text in ("accuracy\na,21.07 ± 0.35\n", "accuracy\na,21.07 (0.35)\n", "accuracy,std\na,21.07,0.35\n"):
        found = checked(tmp_path, f"# n = 2000\nmodel,{text}")
        assert wrong(found) == []
        assert "may be one over runs" in next(f for f in found.of("warning") if f.check == "GRIM").should


def test_a_mean_over_stated_runs_is_tested_in_its_finer_steps(tmp_path: Path) -> None:
    assert wrong(checked(tmp_path, "# n = 200, mean of 3 runs\nmodel,accuracy\na,21.17\n")) == []
    assert len(wrong(checked(tmp_path, "# n = 200, mean of 3 runs\nmodel,accuracy\na,21.22\n"))) == 1


def test_half_points_are_tested_in_half_steps(tmp_path: Path) -> None:
    text = "model,score (%; half points),n\na,12.50,20\nb,12.60,20\n"
    assert [finding.place.row for finding in wrong(checked(tmp_path, text))] == ["b"]


def test_mean_ratings_have_a_grid_of_their_own(tmp_path: Path) -> None:
    # 4.27 of 15 ratings is 64/15; 4.25 is none; 5.5 is more than there is
    text = "model,mean rating (1-5),n\na,4.27,15\nb,4.25,15\nc,5.50,16\n"
    found = wrong(checked(tmp_path, text))
    assert [(finding.place.row, finding.check) for finding in found] == [("b", "GRIM"), ("c", "range")]
    assert "possible at n = 12 (51/12) and 16 (68/16)" in found[0].should


def test_numbers_that_are_only_guessed_to_be_shares_are_warned_of(tmp_path: Path) -> None:
    found = checked(
        tmp_path, "# Patients (n = 197)\n| | all | women |\n|---|---|---|\n| Thing | 54.32 | 51.07 |\n", "t.md"
    )
    assert wrong(found) == []
    assert {finding.check for finding in found.of("warning")} == {"GRIM"}
    assert "only guessed from its digits" in found.of("warning")[0].should


def test_a_column_that_mostly_cannot_be_is_one_finding(tmp_path: Path) -> None:
    rows = "".join(f"m{at},{share}\n" for at, share in enumerate(("44.22", "39.88", "28.61", "25.43", "24.86", "8.67")))
    found = checked(tmp_path, f"model,accuracy (n = 300)\n{rows}")
    (finding,) = wrong(found)
    assert finding.place.row == ""
    assert "5 of 6 cannot come from n = 300" in finding.should
    assert "Implied, not proven: n = 346" in finding.should


# Intervals


@pytest.mark.parametrize(("method", "name"), [("wilson", "Wilson"), ("beta", "Clopper-Pearson"), ("normal", "Wald")])
@pytest.mark.parametrize("level", [0.95, 0.90, 0.99])
def test_intervals_of_statsmodels_are_recognised(method: str, name: str, level: float) -> None:
    for k, n in ((73, 100), (421, 2000), (0, 25), (25, 25), (81, 197), (33, 176), (1, 7)):
        low, high = proportion_confint(k, n, alpha=1 - level, method=method)
        ends = [number(f"{100 * end:.3f}") for end in (low, high)]
        assert ends[0] is not None
        assert ends[1] is not None
        found = match(ends[0].of(100), ends[1].of(100), range(k, k + 1), n, level)
        assert name in found.methods, (k, n)
        assert found.level == pytest.approx(level)


def test_walds_interval_has_no_width_at_none_and_all_right() -> None:
    assert wald(0, 25, 0.95) == (0.0, 0.0)
    assert wald(25, 25, 0.95) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("column", "interval", "severity", "should"),
    [
        ("95 % CI", "19.3-22.8", "warning", "is the Wald (normal approximation) interval of 421/2000 at 95 %"),
        ("Wilson 95 %", "19.3-22.8", "inconsistent", "is the Wald interval of 421/2000, not Wilson's"),
        ("95 % CI", "19.6-22.6", "inconsistent", "is the 90 % Wilson interval of 421/2000, not one at 95 %"),
        ("CI", "19.59-22.59", "note", "is the Wilson interval of 421/2000 at 90 %, which is not said"),
        ("CI", "17.0-25.0", "warning", "is neither Wilson's, Clopper-Pearson's nor Wald's interval of 421/2000"),
        ("CI", "31.0-35.0", "inconsistent", "an interval of 21.05 % should hold it"),
    ],
)
def test_an_interval_is_told_what_it_is(tmp_path: Path, column: str, interval: str, severity: str, should: str) -> None:
    found = checked(tmp_path, f"model,accuracy (%),{column},n\na,21.05,{interval},2000\n")
    (finding,) = [one for one in found.found if should in one.should]
    assert (finding.severity, finding.check) == (severity, "interval")
    if severity != "inconsistent" or "hold" not in should:
        assert "Wilson would be" in finding.should


def test_a_margin_is_walds_half_width_a_standard_error_or_not_told(tmp_path: Path) -> None:
    for margin, should in (("1.8", "is half of the Wald"), ("0.91", "is the standard error"), ("3.3", "is neither")):
        found = checked(tmp_path, f"model,accuracy (%),n\na,21.05 ± {margin},2000\n")
        assert any(should in text for text in said(found, "interval")), margin
        assert wrong(found) == []


def test_what_is_called_a_standard_deviation_is_no_margin(tmp_path: Path) -> None:
    assert said(checked(tmp_path, "model,accuracy (mean ± SD),n\na,21.05 ± 1.8,2000\n"), "interval") == []


def test_a_column_of_figures_with_their_intervals_is_one_of_figures(tmp_path: Path) -> None:
    found = checked(tmp_path, 'model,Accuracy (95% CI),n\na,"21.05 [19.3, 22.9]",2000\nb,"21.07 (19.3–22.9)",2000\n')
    assert [(finding.place.row, finding.check) for finding in wrong(found)] == [("b", "GRIM")]
    scores = checked(tmp_path, 'model,F1 (95% CI),n\na,"21.05 [19.3, 22.9]",2000\nb,"21.07 (19.3–22.9)",2000\n')
    assert wrong(scores) == []


# Chance


def test_chance_is_looked_for_where_it_is_stated_alone(tmp_path: Path) -> None:
    assert said(checked(tmp_path, "model,accuracy,n\na,21.05,2000\n"), "chance") == []
    (text,) = said(checked(tmp_path, "model,accuracy,n,options\na,21.05,2000,5\nb,31.05,2000,5\n"), "chance")
    assert "421/2000 = 21.05 %" in text
    assert "p 0.126 one-sided, 0.240 two-sided: not distinguishable from chance" in text


def test_a_share_of_several_possible_counts_is_at_chance_only_if_all_are(tmp_path: Path) -> None:
    # 376/2000 = 18.8 % has Wilson 17.1 to 20.6, which holds 20 % as well
    (text,) = said(checked(tmp_path, "model,accuracy,n,options\na,18.8,2000,5\n"), "chance")
    assert text.startswith("about 376/2000 = 18.8 %, Wilson 17.1 to 20.6 %, includes chance")


def test_what_should_not_be_is_not_held_against_chance(tmp_path: Path) -> None:
    text = "model,refusals (%),accuracy (%),n,options\na,20.00,60.00,2000,5\n"
    assert said(checked(tmp_path, text), "chance") == []


# Combined figures


def test_the_missing_share_follows_from_the_others() -> None:
    whole, part = number("18.8"), number("14.2")
    assert whole is not None
    assert part is not None
    value, reach = implied(whole.of(100), 4450, [(part.of(100), 2450)])
    assert 100 * float(value) == pytest.approx(24.435)
    assert 100 * float(reach) == pytest.approx(0.1725)


def test_an_implied_share_that_cannot_be_is_found(tmp_path: Path) -> None:
    text = "model,text (n = 2450),MM (n = 2000),text+MM (n = 4450)\na,90.0,–,18.8\n"
    (finding,) = wrong(checked(tmp_path, text))
    assert "implies MM (n = 2000) = -68.4" in finding.should


def test_n_of_parts_must_add_up(tmp_path: Path) -> None:
    text = "model,text (n = 2450),MM (n = 2000),text+MM (n = 4400)\na,14.2,24.4,18.8\n"
    (finding,) = wrong(checked(tmp_path, text))
    assert finding.should == "n of text (n = 2450), MM (n = 2000) is 2450 + 2000 = 4450, but 4400 is stated"


def test_an_average_column_is_the_plain_mean_of_its_row(tmp_path: Path) -> None:
    rows = "a,40.0,50.0,45.0\nb,30.0,50.0,40.0\nc,20.0,31.0,25.5\nd,20.0,30.0,28.0\n"
    (finding,) = wrong(checked(tmp_path, f"model,X (%),Y (%),Avg\n{rows}"))
    assert (finding.place.row, finding.place.column) == ("d", "Avg")
    assert "25.0 ± 0.05 %" in finding.should


def test_subsets_of_one_benchmark_are_parts_of_its_total_alone(tmp_path: Path) -> None:
    head = "model,SLAKE closed (n = 416),SLAKE open (n = 645),SLAKE all (n = 1061),PathVQA (n = 3000)\n"
    found = checked(tmp_path, head + "a,50.00,40.00,43.92,70.00\nb,75.00,20.00,41.56,10.00\n")
    assert wrong(found) == []
    assert said(found, "combined")[0].startswith("is the average of SLAKE closed (n = 416), SLAKE open (n = 645) by n")


def test_a_model_that_is_called_all_in_one_is_no_total(tmp_path: Path) -> None:
    text = "model,accuracy,n\nAll-in-1,61.05,2000\nb,30.05,2000\nc,20.05,2000\n"
    assert said(checked(tmp_path, text), "combined") == []


@pytest.mark.parametrize(
    ("text", "should"),
    [
        ("model,R correct,U correct,R+U correct,n\na,589,267,856,2000\nb,513,231,745,2000\n", "513 + 231 = 744"),
        ("benchmark,n,accuracy\nx,250,\ny,260,\ntotal,500,\nz,1,1.0\n", None),
        ("benchmark,n,accuracy\nx,250,40.4\ny,260,50.0\ntotal,500,\n", "250 + 260 = 510"),
        ("benchmark,n,accuracy\nx,250,40.4\ny,260,50.0\ntotal,510,\n", None),
    ],
)
def test_counts_and_n_add_up(tmp_path: Path, text: str, should: str | None) -> None:
    found = said(checked(tmp_path, text), "sum")
    assert found == ([] if should is None else [f"parts add up to {should}"])


# Differences


def rows(*values: Sequence[object]) -> str:
    return "".join(f"m{at},{','.join(str(value) for value in row)}\n" for at, row in enumerate(values))


def test_a_difference_is_recomputed_within_rounding(tmp_path: Path) -> None:
    head = "model,ours (%),base (%),gap\n"
    assert wrong(checked(tmp_path, head + rows(("43.09", "49.9", "-6.81"), ("65.7", "72.3", "-6.6")))) == []
    found = checked(
        tmp_path, head + rows(("43.09", "49.9", "-6.81"), ("65.7", "72.3", "-6.6"), ("21.05", "18.8", "2.52"))
    )
    (finding,) = wrong(found)
    assert (finding.place.row, finding.should) == ("m2", "21.05 % and 18.8 % differ by 2.25 ± 0.055 %")


def test_differences_may_be_the_other_way_round_or_without_sign(tmp_path: Path) -> None:
    for values in (("6.81", "6.6"), ("-6.81", "-6.6")):
        text = rows(("43.09", "49.9", values[0]), ("65.7", "72.3", values[1]))
        assert wrong(checked(tmp_path, f"model,a (%),b (%),Δ\n{text}")) == []
    text = rows(("43.0", "49.9", "6.9"), ("72.3", "65.7", "6.6"))
    assert wrong(checked(tmp_path, f"model,a (%),b (%),Δ\n{text}")) == []


def test_relative_changes_and_other_differences_are_left_alone(tmp_path: Path) -> None:
    # 0.157 / 0.114 is +38 %
    assert wrong(checked(tmp_path, "model,a (%),b (%),change (%)\nm,11.4,15.7,+38\n")) == []
    found = checked(tmp_path, "model,a (%),b (%),gap\n" + rows(("1.0", "2.0", "7.5"), ("3.0", "9.0", "1.5")))
    assert wrong(found) == []
    assert "not checked" in said(found, "difference")[0]


# n


def test_a_smaller_n_is_told_among_models_alone(tmp_path: Path) -> None:
    assert said(checked(tmp_path, "benchmark,accuracy,n\nx,21.05,2000\ny,20.10,199\n"), "denominators") == []
    text = "model,benchmark,accuracy,n\na,x,21.05,2000\nb,x,20.10,199\na,y,20.00,50\nb,y,30.00,50\n"
    (told,) = said(checked(tmp_path, text), "denominators")
    assert told == "n differs: other rows have 2000; its interval is about 3.2 times as wide"
    (little,) = said(checked(tmp_path, "model,accuracy,n\na,21.05,2000\nb,21.05,1981\n"), "denominators")
    assert little == "n differs: other rows have 2000"


def test_n_too_large_for_the_test_is_told(tmp_path: Path) -> None:
    found = checked(tmp_path, "model,accuracy,n\na,18.8,4450\nb,20.9,4450\n")
    assert said(found, "GRIM") == [
        "from n = 4450 on with so few decimals every share exists: GRIM says nothing of them"
    ]


def test_a_single_row_without_n_among_others_is_told(tmp_path: Path) -> None:
    found = checked(tmp_path, "model,accuracy,n\na,21.05,2000\nb,20.10,\n")
    assert said(found, "n")[0].startswith("no n is stated for b.")
    assert found.exit_code == 0


# The whole


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), places=st.integers(1, 3), parts=st.integers(2, 4), models=st.integers(1, 6))
def test_a_table_made_from_counts_passes_every_check(seed: int, places: int, parts: int, models: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - draws, no secrets
    sizes = [draw.randint(20, 1500) for _ in range(parts)]
    head = [f"S{at} % (n = {size})" for at, size in enumerate(sizes)]
    lines = [",".join(["model", *head, f"overall % (n = {sum(sizes)})", "95 % CI", "difference"])]
    for model in range(models):
        right = [draw.randint(0, size) for size in sizes]
        shares = [f"{100 * k / size:.{places}f}" for k, size in zip(right, sizes, strict=True)]
        k, n = sum(right), sum(sizes)
        low, high = proportion_confint(k, n, method="wilson")
        gap = f"{float(shares[-1]) - 100 * k / n:.{places}f}"
        interval = f'"[{100 * low:.2f}, {100 * high:.2f}]"'
        lines.append(",".join([f"m{model}", *shares, f"{100 * k / n:.{places}f}", interval, gap]))
    with TemporaryDirectory() as folder:
        found = checked(Path(folder), "\n".join(lines) + "\n")
    assert wrong(found) == [], found


def test_ten_thousand_rows_are_checked_in_a_few_seconds(tmp_path: Path) -> None:
    import time

    draw = random.Random(3)  # noqa: S311 - draws, no secrets
    lines = ["model,n,correct,accuracy (%),options"]
    for at in range(10_000):
        n = draw.choice((176, 500, 2000))
        k = draw.randint(0, n)
        lines.append(f"m{at},{n},{k},{100 * k / n:.2f},5")
    lines[5000] = "odd,2000,,21.07,5"
    started = time.process_time()
    found = checked(tmp_path, "\n".join(lines) + "\n")
    assert time.process_time() - started < 20
    assert [finding.place.row for finding in wrong(found)] == ["odd"]
