"""The suite from outside: what pytest shows, in one process and over workers."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from harness import mode
from harness.evidence import CLAIMS
from harness.tests import suite

Spread = tuple[str, ...]


@pytest.fixture(params=[(), ("-n0",), ("-n2",)], ids=["plain", "n0", "n2"])
def spread(request: pytest.FixtureRequest) -> Spread:
    """How the tests are spread over processes."""
    found: Spread = request.param
    return found


@pytest.fixture
def toy(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite with rows and two recorded models: one that sees, one that does not."""
    suite.write_suite(pytester.path)
    data = suite.write_rows(pytester.path / "data" / "toy")
    suite.write_replies(pytester.path / "sees.jsonl", data, suite.sees)
    suite.write_replies(pytester.path / "blind.jsonl", data, suite.is_blind)
    return pytester


def _run(toy: pytest.Pytester, *args: str, control: bool = True) -> pytest.RunResult:
    models = ["--derangements", "2", "--model", "sees=replay:sees.jsonl"]
    models += ["--control", "blind=replay:blind.jsonl"] if control else []
    return toy.runpytest_subprocess("benches", "--data-dir", "data", "--run", "r", *models, *args)


def _results(toy: pytest.Pytester, name: str = "r") -> Any:
    return json.loads((toy.path / "reports" / name / "results.json").read_text())


def test_a_model_that_sees_passes_and_the_control_is_refused(toy: pytest.Pytester, spread: Spread) -> None:
    result = _run(toy, *spread)
    # 11 modes x 2 models, 6 claims of one, 2 controls of the other
    result.assert_outcomes(passed=30)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["supported*toy sees: beats_shuffled"])
    result.stdout.fnmatch_lines(["*toy blind: beats_shuffled, a control: refused, as it must be"])
    report = (toy.path / "reports" / "r" / "report.md").read_text()
    assert "**Negative control:** 2 of 2 claims of sight" in report


def test_workers_change_no_number(toy: pytest.Pytester) -> None:
    found = []
    for run, args in (("one", ("-n0",)), ("two", ("-n2",)), ("three", ("-p", "no:randomly", "--batch-size", "3"))):
        assert _run(toy, "--run", run, "--ledger", f"ledger-{run}", *args).ret == 0
        results = _results(toy, run)
        del results["declared"]
        found.append(results)
    assert found[0] == found[1] == found[2]


def test_the_matrix_is_shown_by_collect_only_without_torch(toy: pytest.Pytester) -> None:
    code = (
        "import sys, pytest\n"
        "pytest.main(['benches', '--collect-only', '-q', '--model', 'm=hf:somewhere'])\n"
        "print(sorted({'torch', 'transformers', 'datasets', 'pandas', 'scipy.stats'} & set(sys.modules)))\n"
    )
    (toy.path / "somewhere").mkdir()
    result = subprocess.run([sys.executable, "-c", code], cwd=toy.path, capture_output=True, text=True, check=True)
    lines = result.stdout.splitlines()
    shown = [line.split("::")[-1] for line in lines if "::" in line]
    assert shown == [
        *(f"test_toy[{name}-m]" for name in mode.offered(options=5, strata=("part",))),
        *(f"test_toy_claim[{name}-m]" for name in CLAIMS),
    ]
    assert lines[-1] == "[]"
    assert not (toy.path / "reports").exists()


def test_a_blind_model_that_is_measured_as_a_model_fails_for_the_right_reason(toy: pytest.Pytester) -> None:
    result = toy.runpytest_subprocess(
        "benches", "--data-dir", "data", "--model", "blind=replay:blind.jsonl", "-k", "claim"
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*beats_shuffled: refuted.*with the right images scored +0.0 points*"])
    result.assert_outcomes(passed=2, failed=4)


def test_a_control_that_sees_fails(toy: pytest.Pytester) -> None:
    result = toy.runpytest_subprocess(
        "benches", "--data-dir", "data", "--control", "sees=replay:sees.jsonl", "-k", "control"
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*beats_shuffled: supported, but sees is a control that does not see*"])


def test_a_replay_without_receipts_proves_no_sight(toy: pytest.Pytester) -> None:
    suite.write_replies(toy.path / "sees.jsonl", toy.path / "data" / "toy", suite.sees, receipts=False)
    result = _run(toy, "-k", "sees and (image_text or text_only) and not claim", control=False)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*toy.image_text.sees: this number may not be reported: 160 of 160 rows have no rec*"])


def test_a_missing_image_refuses_the_image_modes_by_row_and_leaves_the_text_modes(toy: pytest.Pytester) -> None:
    (toy.path / "data" / "toy" / "images" / "q7.png").unlink()
    result = _run(toy, "-k", "sees and not claim", control=False)
    result.assert_outcomes(passed=2, failed=9)
    result.stdout.fnmatch_lines(["*1 of 160 rows are refused*", "*row Q7: image 'q7.png'*"])
    cases = {c["mode"]: c for c in _results(toy)["cases"]}
    assert cases["image_text"]["status"] == "refused"
    assert cases["image_text"]["score"] is None
    assert cases["text_only"]["zero_image_rows"] == suite.ROWS


def test_rows_that_are_not_all_there_are_not_reported_without_a_limit(toy: pytest.Pytester) -> None:
    table = toy.path / "data" / "toy" / "test.jsonl"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:30]))
    result = _run(toy, "-k", "text_only-sees and not claim", control=False)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*30 rows were found, but 160 were published*--limit 30*"])


def test_a_limit_is_said_in_every_table(toy: pytest.Pytester) -> None:
    assert _run(toy, "--limit", "30", "-k", "text_only-sees and not claim", control=False).ret == 0
    assert "| 30 of 160 |" in (toy.path / "reports" / "r" / "report.md").read_text()


def test_missing_data_are_skipped_with_the_reason_and_nothing_measured_exits_5(
    toy: pytest.Pytester, spread: Spread
) -> None:
    result = toy.runpytest_subprocess("benches", "-rs", "--model", "sees=replay:sees.jsonl", *spread)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.assert_outcomes(skipped=17)
    result.stdout.fnmatch_lines(["*not measured: toy: no files are here; looked for --data toy=FOLDER*Make them.*"])


def test_a_mode_that_was_not_recorded_is_not_measured(toy: pytest.Pytester) -> None:
    lines = (toy.path / "sees.jsonl").read_text().splitlines(keepends=True)
    (toy.path / "sees.jsonl").write_text("".join(line for line in lines if '"mode": "blank"' not in line))
    result = _run(toy, "-rs", "-k", "sees and (blank or text_only) and not claim", control=False)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*not measured: model sees: sees.jsonl holds no reply for any of the 160 rows*"])


def test_required_data_that_are_missing_are_a_failure(toy: pytest.Pytester) -> None:
    result = toy.runpytest_subprocess("benches", "--model", "sees=replay:sees.jsonl", "--require", "toy", "-k", "blank")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*It is required by --require toy.*"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--model", "m=warp:there"), "*--model*warp*hf*replay*"),
        (("--mode", "picture"), "*--mode: got 'picture', but a mode is one of image_text, text_only,*"),
        (("--margin", "2"), "*--margin: got 2.0, but should be a share between 0 and 1*"),
        (("--limit", "-1"), "*--limit: got -1, but should be 0 or more*"),
        (("--gate", "best"), "*--gate: got 'best', but should be one of not_worse, better.*"),
        (("--data", "toy"), "*--data: got 'toy', but should be NAME=VALUE*"),
        (("--run", "a/b"), "*--run: got 'a/b', but a run is named with letters*"),
        (("--answer", "likelihood,likelihood"), "*--answer: got 'likelihood,likelihood', but each way should stand*"),
        (("--answer", "letters"), "*--answer*letters*generation*likelihood*"),
        (("--engine", "spark"), "*--engine*spark*ray*"),
        (("--engine", "ray", "-n", "2"), "*--engine ray: got -n 2 beside it, but the rows of a case are spread over*"),
        (
            ("-k", "nosuch"),
            "*nothing is selected by -k 'nosuch'*Benchmarks: toy. Modes: image_text,*Claims: saw_*",
        ),
    ],
    ids=[
        "backend",
        "mode",
        "margin",
        "limit",
        "gate",
        "data",
        "run",
        "twice",
        "answer",
        "engine",
        "workers",
        "selection",
    ],
)
def test_a_wrong_word_is_told_in_one_line_before_any_work(
    toy: pytest.Pytester, args: tuple[str, ...], message: str
) -> None:
    result = toy.runpytest_subprocess("benches", "--data-dir", "data", *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert not (toy.path / "reports").exists()


def test_the_gate_holds_a_candidate_against_the_baseline(toy: pytest.Pytester, spread: Spread) -> None:
    args = ("--baseline", "blind=replay:blind.jsonl", "-k", "gate", *spread)
    passed = _run(toy, *args, control=False)
    passed.assert_outcomes(passed=1)
    failed = toy.runpytest_subprocess(
        "benches", "--data-dir", "data", "--model", "blind=replay:blind.jsonl",
        "--baseline", "sees=replay:sees.jsonl", "-k", "gate", *spread,
    )  # fmt: skip
    assert failed.ret == 1
    failed.stdout.fnmatch_lines(["*gate_not_worse: refuted.*scored -*against sees*It is lower by more than 2 points*"])


def test_rescoring_needs_neither_rows_nor_model(toy: pytest.Pytester, spread: Spread) -> None:
    assert _run(toy, "--run", "measured").ret == 0
    (toy.path / "data").rename(toy.path / "gone")
    rescored = _run(toy, "--run", "rescored", "--rescore", *spread)
    rescored.assert_outcomes(passed=30)
    assert _results(toy, "rescored")["cases"] == _results(toy, "measured")["cases"]


def test_a_second_run_asks_nothing(toy: pytest.Pytester) -> None:
    assert _run(toy).ret == 0
    ledger = toy.path / "reports" / "ledger"
    before = {path.name: path.read_bytes() for path in ledger.glob("*.jsonl")}
    assert _run(toy, "--run", "again").ret == 0
    assert {path.name: path.read_bytes() for path in ledger.glob("*.jsonl")} == before


def test_margins_are_not_changed_after_the_run_began(toy: pytest.Pytester) -> None:
    assert _run(toy, "-k", "text_only").ret == 0
    changed = _run(toy, "-k", "text_only", "--margin", "0.3")
    assert changed.ret == pytest.ExitCode.USAGE_ERROR
    changed.stderr.fnmatch_lines(["*--run r: this run was declared with other models, limits or settings*"])


def test_junit_carries_the_numbers_and_the_verdicts(toy: pytest.Pytester, spread: Spread) -> None:
    _run(toy, "--junitxml", "out.xml", "-k", "sees and (image_text or beats_shuffled)", *spread, control=False)
    cases = ET.parse(toy.path / "out.xml").getroot().iter("testcase")  # noqa: S314 - our own file
    facts = {
        c.get("name", "").split("@")[0]: {p.get("name"): p.get("value") for p in c.iter("property")} for c in cases
    }
    assert facts["test_toy[image_text-sees]"]["score"] == "1.000000"
    assert facts["test_toy_claim[beats_shuffled-sees]"]["verdict"] == "supported"


def test_a_worker_opens_each_model_at_most_once(toy: pytest.Pytester, spread: Spread) -> None:
    (toy.path / "conftest.py").write_text(suite.CONFTEST + suite.COUNT_OPENED)
    assert _run(toy, *spread).ret == 0
    opened = (toy.path / "opened.txt").read_text().split()
    assert len(opened) == len(set(opened))
    assert {entry.split(":")[1] for entry in opened} == {"sees", "blind"}


def test_an_empty_selection_over_workers_names_what_there_is(toy: pytest.Pytester) -> None:
    result = _run(toy, "-n2", "-k", "nosuch")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["*nothing is selected by -k 'nosuch'*Benchmarks: toy.*"])


def test_the_step_summary_of_a_ci_job_gets_the_verdicts(toy: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(toy.path / "step.md"))
    assert _run(toy, "-k", "sees and (image_text or beats_shuffled)", control=False).ret == 0
    assert "✅ supported" in (toy.path / "step.md").read_text()


def test_a_case_is_the_same_alone_as_in_the_whole_run(toy: pytest.Pytester) -> None:
    assert _run(toy, "--ledger", "a").ret == 0
    assert _run(toy, "--ledger", "b", "--run", "alone", "-k", "test_toy and shuffled-sees and not claim").ret == 0
    whole = next(c for c in _results(toy)["cases"] if c["case"] == "toy.shuffled.sees")
    (alone,) = _results(toy, "alone")["cases"]
    assert whole["score"] == alone["score"]


def test_every_rows_file_can_be_read_alone(toy: pytest.Pytester) -> None:
    assert _run(toy, "-k", "shuffled-sees and not claim", control=False).ret == 0
    (path,) = Path(toy.path / "reports" / "r" / "rows").glob("*.jsonl")
    head, *lines = (json.loads(line) for line in path.read_text().splitlines())
    assert head["case"] == {"benchmark": "toy", "mode": "shuffled", "model": "sees"}
    assert len(lines) == 2 * suite.ROWS
    first = lines[0]
    assert first["row"]["donor"] != first["row"]["id"]
    assert first["reply"]["receipts"] == [{"digest": first["row"]["images"][0]["digest"], "tokens": 9, "tensor": ""}]
    assert set(first) == {"row", "key", "reply", "reading", "points", "draw"}


def test_short_answer_sets_say_at_collection_that_they_have_no_options(toy: pytest.Pytester) -> None:
    bench = toy.path / "benches" / "test_toy.py"
    bench.write_text(bench.read_text().replace("options=5, published", "published"))
    result = _run(toy, "--collect-only", "-q", control=False)
    assert "options_only" not in "".join(line for line in result.outlines if "::" in line)
    result = _run(toy, "--collect-only", control=False)
    result.stdout.fnmatch_lines(["*toy: short answers, without options, so there is no options_only, image_options*"])
