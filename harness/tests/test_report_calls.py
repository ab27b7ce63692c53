"""The section on calls: what endpoints were asked, how long it took, and what it cost."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from harness.records import Call, Canary, Measurement, Reply
from harness.report.calls import calls, price
from harness.tests import made

COUNT = itertools.count()
PRICES = {"model price in": "2.5", "model price out": "10", "model price cached": "1.25"}


def reply(seconds: float, *, tries: int = 1, finish: str = "stop", cached: int = 0) -> Reply:
    if finish == "failed":
        return Reply(text="", receipts=(), finish="failed", error="down", call=Call(seconds=seconds, tries=tries))
    call = Call(seconds=seconds, tries=tries, cached=cached)
    return Reply(text="B", receipts=(), finish="stop", prompt_tokens=1000, new_tokens=20, call=call)


def measured(*replies: Reply, model: str = "m", provenance: dict[str, str] | None = None) -> Measurement:
    whole = made.measurement([1.0] * len(replies), model=model)
    answers = tuple(
        replace(answer, reply=each, key=f"prompt {next(COUNT)}")
        for answer, each in zip(whole.answers, replies, strict=True)
    )
    return replace(whole, answers=answers, provenance=provenance or {})


def cells(lines: list[str]) -> list[list[str]]:
    """The cells of the table's rows, without its head and rule."""
    rows = [line for line in lines if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_models_that_were_not_called_have_no_section() -> None:
    assert calls([]) == []
    assert calls([made.measurement([1.0, 0.0])]) == []


def test_requests_retries_tokens_price_and_latency_are_counted() -> None:
    found = measured(
        reply(1.0, cached=400), reply(2.0, tries=3), reply(9.0, tries=7, finish="failed"), provenance=PRICES
    )
    # 2,000 prompt tokens, 400 of them at half price, and 40 new ones: (1600 * 2.5 + 400 * 1.25 + 40 * 10) / 1e6
    # p90 and p99 of 1 and 2 by numpy.quantile; 40 tokens in 3 seconds
    assert cells(calls([found])) == [
        ["m", "3", "8", "1", "2000", "400", "40", "0.0049", "1.50", "1.90", "1.99", "13.3"]
    ]


def test_cases_of_a_model_stand_in_one_line_and_models_in_lines_of_their_own() -> None:
    found = [measured(reply(1.0)), measured(reply(2.0), reply(3.0)), measured(reply(4.0), model="other")]
    assert [(row[0], row[1]) for row in cells(calls(found))] == [("m", "3"), ("other", "1")]


def test_prompt_that_stands_in_a_case_twice_was_asked_once() -> None:
    twice = measured(reply(1.0), reply(1.0))
    twice = replace(twice, answers=tuple(replace(answer, key="same") for answer in twice.answers))
    assert cells(calls([twice]))[0][1] == "1"


def _keyed(found: Measurement, *keys: str) -> Measurement:
    return replace(
        found, answers=tuple(replace(answer, key=key) for answer, key in zip(found.answers, keys, strict=True))
    )


def test_prompt_that_stands_in_two_cases_was_asked_until_it_had_an_answer() -> None:
    answered = _keyed(measured(reply(1.0), reply(2.0)), "one", "two")
    copied = _keyed(measured(reply(1.0), reply(3.0)), "one", "three")
    assert cells(calls([answered, copied]))[0][1] == "3"
    failed = _keyed(measured(reply(9.0, finish="failed")), "four")
    again = _keyed(measured(reply(1.0)), "four")
    assert cells(calls([failed, again]))[0][1:4] == ["2", "0", "1"]
    # another model asks for itself
    other = _keyed(measured(reply(1.0), model="other"), "one")
    assert [row[:2] for row in cells(calls([answered, other]))] == [["m", "2"], ["other", "1"]]


def test_row_that_was_asked_again_alone_is_paid_for() -> None:
    found = measured(reply(1.0), reply(2.0), provenance=PRICES)
    first = found.answers[0]
    canary = Canary(row=first.row.id, draw=0, batched=first.reply, alone=reply(4.0, tries=2))
    row = cells(calls([replace(found, canaries=(canary,))]))[0]
    assert row[1:3] == ["3", "1"]
    assert row[4] == "3000"
    assert row[7] == "0.0081"  # (3000 * 2.5 + 60 * 10) / 1e6


def test_price_that_is_not_known_is_a_dash_and_never_nothing() -> None:
    assert cells(calls([measured(reply(1.0))]))[0][7] == "–"
    uncounted = replace(reply(1.0), prompt_tokens=0)
    assert cells(calls([measured(uncounted, provenance=PRICES)]))[0][7] == "–"
    assert price([reply(1.0)], {"in": 1.0}) is None


def test_cached_tokens_cost_the_full_price_where_no_other_is_given() -> None:
    assert price([reply(1.0, cached=1000)], {"in": 1.0, "out": 0.0}) == pytest.approx(0.001)
    assert price([reply(1.0, cached=5000)], {"in": 1.0, "out": 0.0, "cached": 0.5}) == pytest.approx(0.0005)


def test_run_of_failures_alone_has_no_latency() -> None:
    row = cells(calls([measured(reply(5.0, tries=4, finish="failed"))]))[0]
    assert row == ["m", "1", "3", "1", "0", "0", "0", "–", "–", "–", "–", "–"]


def test_quantiles_are_those_of_numpy() -> None:
    seconds = [0.3, 1.7, 2.2, 4.4, 9.1]
    row = cells(calls([measured(*map(reply, seconds))]))[0]
    assert row[8:11] == [f"{np.quantile(seconds, share):.2f}" for share in (0.5, 0.9, 0.99)]
