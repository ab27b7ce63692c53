"""What is declared before the first row: the family of claims, margins, and what happens to a run that changes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.tests import suite

FEW = ("--mode", "image_text,shuffled,text_only", "--derangements", "3")


@pytest.fixture
def toy(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite with rows in memory of the zoo: models whose truth is known."""
    suite.write_suite(pytester.path)
    suite.write_rows(pytester.path / "data" / "toy")
    return pytester


def _run(toy: pytest.Pytester, *args: str) -> pytest.RunResult:
    return toy.runpytest_subprocess("benches", "--data-dir", "data", "--run", "r", *args)


def _results(toy: pytest.Pytester) -> Any:
    return json.loads((toy.path / "reports" / "r" / "results.json").read_text())


def test_the_claims_of_all_models_are_one_family_and_the_report_says_so(toy: pytest.Pytester) -> None:
    """Four tested claims each of two models: the smallest p is held against an eighth of the level."""
    result = _run(toy, "--model", "zoo:perfect", "--model", "zoo:text_leak", *FEW, "--junitxml", "out.xml")
    result.assert_outcomes(passed=14, failed=2)
    found = _results(toy)
    tested = [c for c in found["claims"] if c["p"] is not None]
    assert {c["family"] for c in tested} == {8}
    for c in tested:
        assert c["adjusted"] >= c["p"]
    declared = json.loads((toy.path / "reports" / "r" / "declared.json").read_text())
    assert ["claim", "toy", "perfect", "beats_shuffled"] in declared["family"]
    report = (toy.path / "reports" / "r" / "report.md").read_text()
    assert "The 8 tested claims about models are one declared family" in report
    assert "after Holm among 8 claims" in report
    assert 'name="adjusted_p"' in (toy.path / "out.xml").read_text()


def test_a_test_and_the_report_reach_the_same_verdict_over_workers(toy: pytest.Pytester) -> None:
    shown = {}
    for args in (("-n0",), ("-n2",)):
        result = _run(toy, "--model", "zoo:partial?p=0.15", "--run", args[0].strip("-"), *FEW, *args, "-rA")
        folder = toy.path / "reports" / args[0].strip("-")
        found = json.loads((folder / "results.json").read_text())
        verdicts = {c["name"]: (c["verdict"], c["sentence"]) for c in found["claims"]}
        passed = {name: f"PASSED benches/test_toy.py::test_toy_claim[[]{name}-partial]" for name in verdicts}
        for name, (verdict, _) in verdicts.items():
            lines = [line.split("@")[0] for line in result.outlines if line.startswith("PASSED")]
            assert (verdict == "supported") == (passed[name].replace("[[]", "[") in lines)
        shown[args] = verdicts
    assert shown["-n0",] == shown["-n2",]


def test_a_run_is_not_continued_with_other_claims(toy: pytest.Pytester) -> None:
    assert _run(toy, "--model", "zoo:perfect", *FEW, "-k", "beats_shuffled").ret == 0
    changed = _run(toy, "--model", "zoo:perfect", *FEW)
    assert changed.ret == pytest.ExitCode.USAGE_ERROR
    changed.stderr.fnmatch_lines(["*--run r: this run was declared with other*its family had 1 claims and has 5*"])
    over_workers = _run(toy, "--model", "zoo:perfect", *FEW, "-n2")
    assert over_workers.ret == pytest.ExitCode.TESTS_FAILED
    over_workers.stdout.fnmatch_lines(["*--run r: this run was declared with other*its family had 1 claims and has 5*"])
    over_workers.assert_outcomes(errors=8)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--same-margin", "0.1", "same was 0.05 and is 0.1"),
        ("--kept-limit", "0.5", "kept was 0.75 and is 0.5"),
        ("--derangements", "6", "derangements was 5 and is 6"),
    ],
)
def test_a_run_is_not_continued_under_other_margins(toy: pytest.Pytester, option: str, value: str, told: str) -> None:
    assert _run(toy, "--model", "zoo:perfect", "-k", "text_only-perfect and not claim").ret == 0
    changed = _run(toy, "--model", "zoo:perfect", "-k", "text_only-perfect and not claim", option, value)
    assert changed.ret == pytest.ExitCode.USAGE_ERROR
    changed.stderr.fnmatch_lines([f"*{told}*"])


def test_an_early_stop_is_told_in_the_scores_and_in_every_sentence(toy: pytest.Pytester) -> None:
    result = _run(toy, "--model", "zoo:perfect", "--mode", "image_text,text_only", "--until-decided")
    assert result.ret == 0
    found = _results(toy)
    asked = {c["asked"] for c in found["cases"]}
    assert len(asked) == 1
    assert (n := asked.pop()) < suite.ROWS
    report = (toy.path / "reports" / "r" / "report.md").read_text()
    assert f"| {n} of {suite.ROWS} |" in report
    assert f"stopped after {n} of {suite.ROWS} rows, asked in random order; the accuracy shown is for those" in report
    assert "betting confidence sequence without replacement" in report
    assert all(
        f"Stopped after {n} of {suite.ROWS} rows" in c["sentence"] for c in found["claims"] if c["p"] is not None
    )


def test_a_gate_under_early_stopping_asks_the_baseline_first_and_compares_the_rows_of_both(
    toy: pytest.Pytester,
) -> None:
    args = ("--model", "zoo:perfect", "--baseline", "zoo:partial?p=0.5", "--mode", "image_text", "--until-decided")
    result = _run(toy, *args, "-k", "gate or test_toy[image")
    assert result.ret == 0
    (gate,) = _results(toy)["gates"]
    asked = {c["model"]: c["asked"] for c in _results(toy)["cases"]}
    assert asked["partial"] == suite.ROWS
    assert gate["difference"]["n"] == asked["perfect"] < suite.ROWS


def test_a_model_that_only_fails_some_calls_is_invalid_and_stays_in_the_family(toy: pytest.Pytester) -> None:
    _run(toy, "--model", "zoo:perfect", "--model", "zoo:failing?rate=0.05", *FEW)
    found = _results(toy)
    broken = [c for c in found["claims"] if c["model"] == "failing" and c["name"] == "beats_shuffled"]
    assert [c["verdict"] for c in broken] == ["invalid"]
    assert broken[0]["p"] == 1.0
    assert {c["family"] for c in found["claims"] if c["p"] is not None} == {8}


def test_quoted_numbers_are_listed_and_never_compared(toy: pytest.Pytester) -> None:
    (toy.path / "q.toml").write_text(
        '[[quoted]]\nmodel = "MedGemma 4B"\nbenchmark = "Toy"\nvalue = 18.8\nmetric = "accuracy"\nn = 4450\n'
        'split = "text and MM"\nsource = "model card"\n'
    )
    assert _run(toy, "--model", "zoo:perfect", "--mode", "image_text", "--quoted", "q.toml").ret == 0
    report = (toy.path / "reports" / "r" / "report.md").read_text()
    section = report[report.index("## Quoted, not compared") :]
    assert "| MedGemma 4B | Toy | 18.8" in section
    assert "not comparable:" in section
    (toy.path / "q.toml").write_text("[[quoted]]\nmodel = 1\n")
    refused = _run(toy, "--model", "zoo:perfect", "--mode", "image_text", "--quoted", "q.toml")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR


def test_a_plan_says_what_the_rows_could_show_and_asks_nothing(toy: pytest.Pytester) -> None:
    result = _run(toy, "--model", "zoo:perfect", "--baseline", "zoo:blind", "--plan")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["# What this run could show", "*5 tested claims would be one family*", "*160 rows on 160 clusters*"]
    )
    result.stdout.fnmatch_lines(["| not worse than the baseline | 10 % |*| no: 160 of * rows |"])
    assert not (toy.path / "reports").exists()


def test_a_plan_without_data_says_what_to_fetch(toy: pytest.Pytester) -> None:
    result = toy.runpytest_subprocess("benches", "--plan", "--model", "zoo:perfect")
    result.stdout.fnmatch_lines(["Not planned: toy: no files are here*Make them.*"])


def test_a_text_is_linted_without_running_a_test(toy: pytest.Pytester) -> None:
    (toy.path / "card.md").write_text("# Card\n\nOur model beats MedGemma: 21.05 % on MedXpertQA-MM.\n")
    result = toy.runpytest_subprocess("--lint-claims", "card.md")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*beats*", "*21.05 %*"])
    (toy.path / "card.md").write_text("# Card\n\nA model for radiology.\n")
    assert toy.runpytest_subprocess("--lint-claims", "card.md").ret == 0


def test_a_text_is_held_against_the_results_of_a_run(toy: pytest.Pytester) -> None:
    assert _run(toy, "--model", "zoo:perfect", "--mode", "image_text").ret == 0
    sentence = next(c["sentence"] for c in _results(toy)["claims"] if c["name"] == "above_chance")
    (toy.path / "card.md").write_text(f"# Card\n\n{sentence}\n")
    args = ("--lint-claims", "card.md", "--evidence", "reports/r/results.json")
    assert toy.runpytest_subprocess(*args).ret == 0
    missing = toy.runpytest_subprocess("--lint-claims", "card.md", "--evidence", "none.json")
    assert missing.ret == pytest.ExitCode.USAGE_ERROR
    missing.stderr.fnmatch_lines(["ERROR: --evidence*none.json: cannot be read*"])


def test_a_table_is_checked_without_running_a_test(toy: pytest.Pytester) -> None:
    (toy.path / "t.md").write_text(
        "| Model | Confusion (n = 176 pairs) |\n|---|---:|\n| GPT-4o | 75.00 |\n| InstructBLIP | 80.35 |\n"
    )
    result = toy.runpytest_subprocess("--check-table", "t.md")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*80.35*176*"])
    (toy.path / "t.md").write_text("| Model | Accuracy, % |\n|---|---:|\n| A | 75.00 |\n")
    refused = toy.runpytest_subprocess("--check-table", "t.md")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["ERROR: *n*"])


def test_a_replay_with_one_derangement_says_how_it_is_run(toy: pytest.Pytester) -> None:
    data = toy.path / "data" / "toy"
    path = suite.write_replies(toy.path / "sees.jsonl", data, suite.sees)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines if not line["draw"]))
    result = _run(toy, "--model", "replay:sees.jsonl", "-k", "test_toy[shuffled-", "--mode", "shuffled")
    result.stdout.fnmatch_lines(["*a file with one derangement is run with --derangements 1*"])
    args = ("--model", "replay:sees.jsonl", "--mode", "shuffled", "--derangements", "1", "--ledger", "other")
    assert toy.runpytest_subprocess("benches", "--data-dir", "data", *args).ret == 0
