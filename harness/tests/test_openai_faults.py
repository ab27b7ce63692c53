"""Servers that fail: what passes is waited out, what stays is a failed row with its cause, and nothing is made up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness import spec
from harness.backends.openai import patience
from harness.backends.openai.model import OpenaiModel
from harness.backends.openai.patience import GaveUp, Patience, Trouble
from harness.backends.openai.settings import settle
from harness.backends.openai.sight import QUESTION
from harness.errors import ModelError
from harness.ledger import Ledger
from harness.prompt import build
from harness.records import Measurement, Reply, Row, TextPart
from harness.run import Settings, measure
from harness.tests import made
from harness.tests.checkpoints import ask, picture
from harness.tests.served import Asked, Fault, Server, serving

Serve = Callable[..., tuple[Server, OpenaiModel]]
ROW = "Which? (A) one (B) two"

PASSING = ("429", "500", "502", "503", "408", "409", "half", "hang up", "torn", "html", "list", "no choices", "gateway")
"""Faults that may pass."""

STAYING = ("400", "404", "413", "422")
"""Statuses that say the request is at fault."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a server and opens its model; both end with the test."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ExitStack() as stack:

        def start(fault: Fault, options: str = "", **does: Any) -> tuple[Server, OpenaiModel]:
            server = stack.enter_context(serving(Server(fault=fault, **does)))
            model = spec.open_model(spec.parse(f"vlm=openai:org/vlm@{server.url}?backoff=0.001{options}"))
            assert isinstance(model, OpenaiModel)
            stack.callback(model.close)
            return server, model

        yield start


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were slept between tries, none of which passes."""
    waits: list[float] = []
    monkeypatch.setattr(patience, "sleep", waits.append)
    return waits


def once(fault: str) -> Fault:
    """The first request of each row fails."""
    return lambda asked: fault if asked.text != QUESTION and asked.time == 1 else ""


def always(fault: str) -> Fault:
    return lambda asked: fault if asked.text != QUESTION else ""


def answered(model: OpenaiModel, text: str = ROW) -> Reply:
    return model.reply(model.prepare([ask(text)], ["7"]))[0]


# --------------------------------------------------------------------------------------------------- one row


@pytest.mark.parametrize("fault", [*PASSING, "other model", "stall"])
def test_fault_that_passes_is_tried_again(serve: Serve, fault: str) -> None:
    server, model = serve(once(fault), "&timeout=0.3" if fault == "stall" else "")
    reply = answered(model)
    assert (reply.text, reply.finish, reply.error) == (server.answer(server.asked[-1]), "stop", "")
    assert reply.call is not None
    assert (reply.call.tries, len(server.rows)) == (2, 2)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("429", "status 429: made up: 429"),
        ("500", "status 500: made up: 500"),
        ("half", "the connection failed ("),
        ("hang up", "the connection failed ("),
        ("stall", "no reply within 0.3 s"),
        ("torn", "the reply is no JSON but '{"),
        ("html", "the reply is no JSON but '<html><body>Bad gateway"),
        ("list", "the reply is list, but should be a JSON object"),
        ("no choices", "the answer has no choices"),
        ("gateway", "the answer has no choices but the error upstream is overloaded"),
        ("other model", "'org/smaller' answered, but 'org/vlm' was asked"),
    ],
)
def test_fault_that_stays_is_a_failed_row_with_its_cause(serve: Serve, fault: str, cause: str) -> None:
    server, model = serve(always(fault), "&retries=2" + ("&timeout=0.3" if fault == "stall" else ""))
    reply = answered(model)
    assert reply.error.startswith(f"row 7: {cause}")
    assert reply.error.endswith(" (3 tries)")
    assert "\n" not in reply.error
    assert (reply.text, reply.receipts, reply.finish, reply.scores) == ("", (), "failed", ())
    assert reply.call is not None
    assert (reply.call.tries, len(server.rows)) == (3, 3)
    # what to quote to those who run the server; there is none where no head of an answer came whole
    assert reply.call.request == ("" if fault in ("half", "hang up", "stall") else f"req-{len(server.asked)}")


@pytest.mark.parametrize("status", STAYING)
def test_refused_request_is_not_sent_again(serve: Serve, status: str) -> None:
    server, model = serve(always(status))
    reply = answered(model)
    assert reply.error == f"row 7: status {status}: made up: {status}"
    assert len(server.rows) == 1


@pytest.mark.parametrize(("fault", "least", "most"), [("wait 31", 31, 31), ("date 45", 43, 45), ("gemini", 26, 26)])
def test_wait_that_the_server_asks_for_is_waited(
    serve: Serve, slept: list[float], fault: str, least: float, most: float
) -> None:
    _, model = serve(once(fault))
    assert answered(model).finish == "stop"
    assert any(least <= wait <= most for wait in slept)


def test_wait_that_is_out_of_all_reason_is_a_failed_row_at_once(serve: Serve, slept: list[float]) -> None:
    server, model = serve(always("wait 86400"))
    assert answered(model).error == "row 7: status 429: made up: wait 86400; the server asks to wait 86400 s"
    assert slept == []
    assert len(server.rows) == 1


def test_waits_double_up_to_a_minute_and_outlast_a_stall_of_half_a_minute(slept: list[float]) -> None:
    """By default a try may take 300 s, so a stall of 30 s is no fault; seven tries outlast a minute's rate limit."""
    settings = settle(spec.parse("a=openai:vlm@http://127.0.0.1:9/v1"))
    assert settings.timeout > 30
    budget = Patience(settings.retries, settings.backoff)
    with pytest.raises(GaveUp, match=r"down \(7 tries\)"):
        budget.ask(lambda: _raise(Trouble("down", again=True)))
    assert len(slept) == settings.retries == 6
    assert all(2.0**place / 2 <= wait <= 2.0**place for place, wait in enumerate(slept))
    # lanes that failed together must not come back together
    assert len({wait / 2.0**place for place, wait in enumerate(slept)}) == len(slept)
    slept.clear()
    with pytest.raises(GaveUp):
        Patience(12, 1.0).ask(lambda: _raise(Trouble("down", again=True)))
    assert max(slept) <= patience.LONGEST


def test_wait_that_one_lane_was_asked_for_holds_for_all(slept: list[float]) -> None:
    budget = Patience(0, 0.001)
    with pytest.raises(GaveUp):
        budget.ask(lambda: _raise(Trouble("full", again=True, wait=50.0)))
    assert budget.ask(lambda: "B").answer == "B"
    assert len(slept) == 1
    assert 40 < slept[0] <= 50


def _raise(error: Exception) -> str:
    raise error


# ------------------------------------------------------------------------------------------- all that follow


@pytest.mark.parametrize(("fault", "cause"), [("401", "made up: 401"), ("quota", "no money left")])
def test_key_that_is_refused_stops_the_case_and_not_row_by_row(serve: Serve, fault: str, cause: str) -> None:
    server, model = serve(always(fault))
    assert answered(model).finish == "failed"
    with pytest.raises(ModelError, match=f"the server refuses everything .*{cause}.* start the run again"):
        answered(model, f"{ROW} again")
    assert len(server.rows) == 1


def test_server_that_is_gone_stops_the_case_after_some_rows(serve: Serve) -> None:
    server, model = serve(always("503"), "&retries=1&concurrency=3")
    replies = [answered(model, f"{ROW} {number}") for number in range(16)]
    assert {reply.finish for reply in replies} == {"failed"}
    with pytest.raises(ModelError, match="the last 16 rows were not answered"):
        answered(model, f"{ROW} 17")
    server.fault = lambda asked: ""
    model.check([ask(ROW)])
    assert answered(model, f"{ROW} 18").finish == "stop"


def test_refused_trial_is_told_before_any_row(serve: Serve) -> None:
    _, model = serve(lambda asked: "401")
    with pytest.raises(ModelError, match=r"a trial request to http://.* failed before any row was asked: status 401"):
        model.check([ask(ROW)])


def test_server_that_takes_fewer_pictures_is_refused_in_its_words_before_any_row(serve: Serve) -> None:
    server, model = serve(lambda asked: "400" if len(asked.pictures) > 1 else "")
    model.check([ask(ROW, picture(1))])
    with pytest.raises(ModelError, match=r"failed before any row was asked: status 400: made up: 400\. It should be"):
        model.check([ask(ROW, picture(1)), ask(ROW, picture(1), picture(2))])
    assert server.rows == []


@pytest.mark.parametrize("page", ["404", "501", "html"])
def test_server_without_a_list_of_models_is_met_by_its_answers(serve: Serve, page: str) -> None:
    _, model = serve(lambda asked: "", page=page)
    model.check([ask(ROW)])
    assert (model.facts["answers as"], "server says id" in model.facts) == ("org/vlm", False)


def test_server_that_is_busy_at_first_is_met_all_the_same(serve: Serve) -> None:
    _, model = serve(lambda asked: "503" if asked.time == 1 else "")
    model.check([ask(ROW, picture(1), picture(2))])
    assert model.facts["answers as"] == "org/vlm"


# ----------------------------------------------------------------------------------------------------- a run

ROWS = 60


def benchmark_rows() -> list[Row]:
    return [made.row(number) for number in range(ROWS)]


def _text(row: Row) -> str:
    return "".join(part.text for part in build(row, "image_text").parts if isinstance(part, TextPart))


def by_row(asked: Asked) -> str:
    """Faults of a run: every tenth row never passes, half of the others fail once or twice, each in its own way."""
    number = next((int(word) for word in asked.text.replace("?", " ").split() if word.isdigit()), -1)
    if number < 0:
        return ""
    if number % 10 == 3:
        return (*PASSING, "other model", *STAYING)[number // 10]
    faults = (*PASSING, "wait 0.01", "wait 0", "other model")
    return faults[number % len(faults)] if number % 2 and asked.time <= 1 + number % 3 else ""


def run(model: OpenaiModel, folder: Path) -> Measurement:
    rows = benchmark_rows()
    return measure(made.benchmark(rows), "image_text", model, made.loaded(rows), Ledger(folder), Settings())


def test_run_against_a_faulty_server_loses_doubles_and_invents_nothing(serve: Serve, tmp_path: Path) -> None:
    server, model = serve(by_row, "&retries=3", tokens=lambda picture: 64)
    first = run(model, tmp_path)
    broken = {f"r{number:03d}" for number in range(ROWS) if number % 10 == 3}
    failed = {answer.row.id for answer in first.answers if answer.reply.finish == "failed"}
    assert failed == broken
    lines = Counter(reply for reply in _ledger_rows(tmp_path))
    assert lines == Counter({answer.row.id: 1 for answer in first.answers})
    right = {asked.text: server.answer(asked) for asked in server.rows}
    shown = {row.id: _text(row) for row in benchmark_rows()}
    for answer in first.answers:
        if answer.reply.finish == "stop":
            assert [receipt.tokens for receipt in answer.reply.receipts] == [64]
            assert answer.reply.text == right[shown[answer.row.id]]
        else:
            assert (answer.reply.text, answer.reply.receipts) == ("", ())
            assert answer.reply.error
    asked = len(server.rows)
    calls = [answer.reply.call for answer in first.answers] + [canary.alone.call for canary in first.canaries]
    assert sum(call.tries for call in calls if call is not None) == asked

    server.fault = lambda asked: ""
    second = run(model, tmp_path)
    assert {answer.reply.finish for answer in second.answers} == {"stop"}
    kept = {answer.row.id: answer.reply for answer in first.answers if answer.reply.finish == "stop"}
    assert all(kept.get(answer.row.id, answer.reply) == answer.reply for answer in second.answers)
    again = {asked.text for asked in server.rows[asked:]}
    drawn = {canary.row for canary in second.canaries}
    assert {row for row, text in shown.items() if text in again} - drawn == broken - drawn
    asked = len(server.rows)
    assert run(model, tmp_path).answers == second.answers
    assert len(server.rows) == asked


def test_run_that_a_used_up_quota_stops_is_taken_up_where_it_stopped(serve: Serve, tmp_path: Path) -> None:
    def used_up(asked: Asked) -> str:
        paid = asked.text == QUESTION or any(asked is each for each in server.rows[:answered_once])
        return "" if paid else "quota"

    answered_once = 20
    server, model = serve(lambda asked: "", tokens=lambda picture: 64)
    server.fault = used_up
    with pytest.raises(ModelError, match="the server refuses everything"):
        run(model, tmp_path)
    assert len(server.rows) < answered_once + 2 * model.lanes

    server.fault = lambda asked: ""
    before = len(server.rows)
    second = run(model, tmp_path)
    assert {answer.reply.finish for answer in second.answers} == {"stop"}
    assert len(server.rows) == before + ROWS - answered_once + len(second.canaries)


def _ledger_rows(folder: Path) -> list[str]:
    """Row ids of the ledger's lines."""
    lines = next(folder.glob("*.jsonl")).read_text().splitlines()
    return [json.loads(line)["row"] for line in lines]
