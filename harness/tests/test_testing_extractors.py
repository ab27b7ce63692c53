"""The suite's own extractor invents nothing and misreads nothing; every faulty parser is told from a good one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings

from harness.testing import KINDS, Case, Kind, ParseRates, Unread, corpus, judge, parse_rates, replies
from harness.testing.faulty import CHOICE, OPEN, YES_NO
from harness.testing.ours import ours

SEEDS = (0, 7)
# Families of which cautious reading costs more than 3 % of the answers, and the share that is read rightly at least
CAUTIOUS = {"denials": 0.9, "truncations": 0.95, "echoes": 0.95, "distractors": 0.95}


@pytest.fixture(scope="module", params=[(kind, seed) for kind in KINDS for seed in SEEDS], ids=str)
def rates(request: pytest.FixtureRequest) -> ParseRates:
    kind, seed = request.param
    return parse_rates(ours, corpus(seed, kinds=[kind]))


def test_our_extractor_invents_no_answer(rates: ParseRates) -> None:
    assert [(fault.case.reply, fault.got) for fault in rates.faults if fault.outcome == "invented"] == []


def test_our_extractor_reads_no_other_answer_than_was_meant(rates: ParseRates) -> None:
    assert [(fault.case.reply, fault.got) for fault in rates.faults if fault.outcome == "wrong"] == []


def test_our_extractor_reads_nearly_all_of_each_family_rightly(rates: ParseRates) -> None:
    for family in rates.families:
        assert family.right.count >= CAUTIOUS.get(family.family, 0.97) * family.n, family
    assert rates.total.right.count >= 0.99 * rates.total.n


def test_our_extractor_nearly_always_says_truly_why_it_read_nothing(rates: ParseRates) -> None:
    assert rates.total.other_reason <= 0.01 * rates.total.n


@settings(max_examples=500, derandomize=True, deadline=None)
@given(replies())
def test_our_extractor_invents_and_misreads_nothing_of_what_is_drawn(case: Case) -> None:
    got = ours(case.reply, case.options, kind=case.kind, question=case.question, finish=case.finish)
    assert judge(case, got) in ("right", "missed")
    assert isinstance(got, Unread) or got.value


_Parser = Callable[[str, Mapping[str, str]], str | None]


@pytest.mark.parametrize(
    ("parser", "kind"),
    [
        (parser, kind)
        for kind, parsers in (("choice", CHOICE), ("yes_no", YES_NO), ("open", OPEN))
        for parser in parsers
    ],
)
def test_every_faulty_parser_is_told_by_wrong_or_invented_answers(parser: _Parser, kind: Kind) -> None:
    told = parse_rates(parser, corpus(kinds=[kind])).total
    # not a straw man: it reads some replies rightly
    assert told.right.count >= 0.05 * told.n
    assert told.wrong.count + told.invented.count >= 5


@pytest.mark.parametrize(
    ("parser", "families"),
    [
        ("first_lone_letter", ["distractors", "denials", "thoughts", "hedges", "echoes"]),
        ("first_capital", ["distractors", "refusals", "errors"]),
        ("last_lone_letter", ["denials", "turns", "hedges"]),
        ("reply_inside_option_text", ["empties"]),
        ("else_the_first_option", ["refusals", "errors", "empties", "truncations"]),
        ("most_words_shared", ["refusals", "empties"]),
    ],
)
def test_each_fault_shows_in_the_families_that_it_is_about(parser: str, families: list[str]) -> None:
    named = next(one for one in CHOICE if one.__name__ == parser)
    for family in families:
        told = parse_rates(named, corpus(kinds=["choice"], families=[family])).total
        assert told.wrong.count + told.invented.count > 0.05 * told.n, family
