"""Counts and intervals of an extractor against cases, and the command line."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from statsmodels.stats.proportion import proportion_confint

from harness.errors import UsageError
from harness.testing import Case, Kind, LeftUnread, Read, Truth, Unread, corpus, judge, parse_rates
from harness.testing.__main__ import found, main
from harness.testing.rates import as_markdown

OPTIONS = {"A": "lung", "B": "liver"}


def _case(
    reply: str, expected: Read | LeftUnread, *, family: str = "formats", kind: Kind = "choice", question: str = "Which?"
) -> Case:
    answer = expected.value if isinstance(expected, Read) else None
    options = OPTIONS if kind == "choice" else {}
    truth = Truth(kind=kind, question=question, options=options, answer=answer, rivals=("B",), expected=expected)
    return Case(id=f"{family}/{reply}", truth=truth, reply=reply, finish="stop", family=family, mutators=("made",))


NOTHING = LeftUnread(frozenset(["refusal"]))
CASES = [
    *(_case("A", Read("A")) for _ in range(5)),
    _case("B", Read("A")),
    _case("?", Read("A")),
    *(_case("?", NOTHING, family="refusals") for _ in range(3)),
    _case("B", NOTHING, family="refusals"),
]


def _echo(reply: str, options: Mapping[str, str]) -> str | None:
    return reply if reply in options else None


def test_cases_are_counted_as_right_wrong_missed_and_invented() -> None:
    rates = parse_rates(_echo, CASES)
    formats, refusals = rates.families
    assert [formats.family, refusals.family] == ["formats", "refusals"]
    assert (formats.n, formats.right.count, formats.wrong.count, formats.missed.count) == (7, 5, 1, 1)
    assert (formats.wrong.n, formats.invented.n, formats.invented.count) == (7, 0, 0)
    assert (refusals.n, refusals.right.count, refusals.invented.count, refusals.invented.n) == (4, 3, 1, 4)
    assert (rates.total.n, rates.total.right.count, rates.total.missed.n) == (11, 8, 7)
    assert [fault.outcome for fault in rates.faults] == ["wrong", "missed", "invented"]
    assert rates.faults[0].got == Read("B")


def test_intervals_are_those_of_wilson() -> None:
    right = parse_rates(_echo, CASES).total.right
    assert (right.low, right.high) == pytest.approx(proportion_confint(8, 11, method="wilson"))


@pytest.mark.parametrize("unread", [None, "", " ", "UNKNOWN", Unread("none"), Unread("refusal")])
def test_unread_may_be_told_in_several_ways(unread: object) -> None:
    rates = parse_rates(lambda reply, options: unread, CASES)  # type: ignore[arg-type, return-value]
    assert rates.total.right.count == 4
    assert rates.total.missed.count == 7
    assert rates.total.other_reason == (4 if unread == Unread("none") else 0)


def test_an_extractor_is_given_the_keywords_that_it_names() -> None:
    told: list[tuple[str, str]] = []

    def asks(reply: str, options: Mapping[str, str], *, question: str, finish: str) -> None:
        told.append((question, finish))

    parse_rates(asks, [_case("A", Read("A"), question="Where?")])
    assert told == [("Where?", "stop")]


@pytest.mark.parametrize(
    ("got", "meant", "question", "outcome"),
    [
        ("Left lung.", "left lung", "Where?", "right"),
        ("It is the left lung", "left lung", "Where?", "right"),
        ("The lesion is in the left lung", "left lung", "Where is the lesion?", "right"),
        ("left lung and liver", "left lung", "Where?", "wrong"),
        ("lung", "left lung", "Where?", "wrong"),
        ("not the left lung", "left lung", "Where?", "wrong"),
    ],
)
def test_a_phrase_is_right_but_for_words_that_say_nothing(got: str, meant: str, question: str, outcome: str) -> None:
    assert judge(_case(got, Read(meant), kind="open", question=question), Read(got)) == outcome


def test_the_case_of_a_letter_does_not_count() -> None:
    assert judge(_case("a", Read("A")), Read("a")) == "right"
    assert judge(_case("yes", Read("yes"), kind="yes_no"), Read("Yes ")) == "right"


def test_what_an_extractor_raises_is_passed_on_with_the_case() -> None:
    def breaks(reply: str, options: Mapping[str, str]) -> str:
        raise KeyError(reply)

    with pytest.raises(KeyError) as caught:
        parse_rates(breaks, CASES[:1])
    assert "while reading case formats/A" in caught.value.__notes__[0]


def test_other_outcomes_and_no_cases_are_refused() -> None:
    with pytest.raises(UsageError, match=r"returned 1 for case formats/A, but Read, Unread, a text or None should be"):
        parse_rates(lambda reply, options: 1, CASES)  # type: ignore[arg-type, return-value]
    with pytest.raises(UsageError, match="got no cases"):
        parse_rates(_echo, [])


def test_the_table_has_a_row_a_family_and_one_for_all() -> None:
    lines = as_markdown(parse_rates(_echo, CASES))
    assert [line.split(" | ")[0] for line in lines] == ["| Family", "| ---", "| formats", "| refusals", "| all"]
    assert "8 of 11 (43.4 to 90.3 %)" in lines[-1]
    assert " – " in lines[2]


def test_the_command_prints_a_table_for_a_named_extractor(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--extractor", "harness.testing.faulty:first_lone_letter", "--per-family", "8", "--show", "2"])
    printed = capsys.readouterr().out
    assert code == 1
    assert printed.startswith("## choice: 152 cases, seed 0\n")
    assert printed.count("\n- ") == 2


def test_the_command_measures_the_suites_own_extractor_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--per-family", "3", "--family", "formats", "--family", "refusals"]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("##")] == [
        f"## {kind}: 6 cases, seed 0" for kind in ("choice", "yes_no", "open")
    ]


@pytest.mark.parametrize(
    "name", ["nowhere:at_all", "harness.testing.faulty:nothing", "harness.testing", "harness.testing:KINDS"]
)
def test_an_extractor_that_does_not_exist_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--extractor", name]) == 4
    assert capsys.readouterr().err.startswith(f"--extractor {name}: ")


def test_an_extractor_is_found_by_module_and_function() -> None:
    cases = corpus(per_family=2, kinds=["choice"], families=["formats"])
    assert parse_rates(found("harness.extract:letter"), cases).total.right.count == len(cases)
