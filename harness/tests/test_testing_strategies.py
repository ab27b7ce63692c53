"""The corpus as hypothesis strategies, and what is said where hypothesis is missing."""

from __future__ import annotations

import sys

import pytest
from hypothesis import find, given, settings

from harness.errors import UsageError
from harness.testing import FAMILIES, Case, LeftUnread, Read, Truth, corpus, replies, truths


@settings(max_examples=200, derandomize=True, deadline=None)
@given(replies())
def test_every_drawn_case_is_whole(case: Case) -> None:
    assert case.family in FAMILIES
    assert case.mutators
    assert isinstance(case.expected, Read | LeftUnread)
    assert isinstance(case.expected, LeftUnread) or case.reply.strip()


@settings(max_examples=60, derandomize=True, deadline=None)
@given(replies(kind="yes_no", families=["refusals", "hedges"]))
def test_kind_and_families_narrow_what_is_drawn(case: Case) -> None:
    assert case.kind == "yes_no"
    assert case.family in ("refusals", "hedges")
    assert case.options == {}


@settings(max_examples=60, derandomize=True, deadline=None)
@given(truths("choice", least=4))
def test_a_truth_has_the_options_that_were_asked_for(truth: Truth) -> None:
    assert len(truth.options) >= 4
    assert truth.answer in truth.options
    assert truth.expected == Read(str(truth.answer))


def test_what_is_found_shrinks_to_a_small_case() -> None:
    found = find(
        replies(kind="choice", families=["thoughts"]),
        lambda case: isinstance(case.expected, Read) and len(case.options) > 2,
        settings=settings(max_examples=500, derandomize=True, deadline=None, database=None),
    )
    assert len(found.options) == 3
    assert len(found.mutators) == 2


def test_without_hypothesis_the_corpus_works_and_the_strategies_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    assert corpus(per_family=2)
    for asked in (replies, truths):
        with pytest.raises(UsageError, match=r"hypothesis is not installed.*Install sightcheck\[test\]"):
            asked()


def test_families_that_have_nothing_for_a_kind_are_refused() -> None:
    with pytest.raises(UsageError, match="no mutator is for both"):
        replies(kind="open", families=["not_options"])
