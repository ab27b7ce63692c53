"""Asking loses no reply, shifts none and asks nothing twice: lanes, batches ahead, cases that are asked together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import ask, run
from harness.ask import Ask, Open
from harness.errors import ModelError, ReceiptError
from harness.ledger import Ledger, Replies, key
from harness.records import Case, Prompt, Reply
from harness.tests.made import Stub, benchmark, loaded, row

ROOT = Path(__file__).parents[2]
SHORT = 10.0  # seconds after which a thread that waits for another gives up


def number(prompt: Prompt) -> int:
    """The number of a prompt's row, which its picture tells."""
    return int(prompt.images[0].name.removeprefix("p"))


def said(prompt: Prompt) -> str:
    return f"answer {number(prompt)}"


def asks(model: Any, numbers: Sequence[int]) -> list[Ask]:
    from harness import prompt

    found = []
    for shown in map(row, numbers):
        built = prompt.build(shown, "image_text")
        found.append(Ask(row=shown, prompt=built, key=key(model, built, shown.id)))
    return found


@contextmanager
def opened(model: Any, folder: Path, *cases: Sequence[int]) -> Iterator[list[Open]]:
    """Cases that ask for these rows, with their ledgers open."""
    ledger = Ledger(folder)
    with ExitStack() as stack:
        yield [
            Open(
                case=(case := Case(benchmark=f"toy{place}", mode="image_text", model="stub")),
                asks=asks(model, numbers),
                replies=stack.enter_context(ledger.replies(case.id)),
            )
            for place, numbers in enumerate(cases)
        ]


def lines(folder: Path, case: int = 0) -> list[tuple[str, str]]:
    """Row and text of every line in a case's ledger."""
    path = folder / f"toy{case}.image_text.stub.jsonl"
    read = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["row"], line["reply"]["text"]) for line in read]


def due(numbers: Sequence[int]) -> list[tuple[str, str]]:
    return [(f"r{n:03d}", f"answer {n}") for n in numbers]


# ---------------------------------------------------------------------------------------------------- lanes


class Lanes(Stub):
    """Answers several batches at once, and counts how many."""

    lanes = 4

    def __init__(self, answer: Callable[[Prompt], str] = said) -> None:
        super().__init__(answer)
        self.inside = self.most = 0
        self.lock = threading.Lock()

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Prompt]:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        return super().prepare(prompts, ids)

    def reply(self, prepared: list[Prompt]) -> list[Reply]:
        time.sleep(0.003)
        try:
            return super().reply(prepared)
        finally:
            with self.lock:
                self.inside -= 1


def test_no_more_batches_are_in_flight_than_there_are_lanes(tmp_path: Path) -> None:
    model = Lanes()
    with opened(model, tmp_path, range(80)) as cases:
        assert ask.ask(model, cases, size=2) == {cases[0].case: {}}
    assert 1 < model.most <= 4
    assert sorted(lines(tmp_path)) == due(range(80))


def test_a_reply_of_one_lane_is_in_the_ledger_while_another_still_waits(tmp_path: Path) -> None:
    others = threading.Event()

    class Waits(Lanes):
        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            if number(prepared[0]) == 0:
                assert others.wait(SHORT)
            return super().reply(prepared)

    model = Waits()
    with opened(model, tmp_path, range(12)) as cases:
        stored: list[int] = []

        def note(_: Case, done: int) -> None:
            stored.append(len(cases[0].replies))
            assert stored[-1] == done
            if done == 11:
                others.set()

        ask.ask(model, cases, size=1, note=note)
    assert stored == list(range(13))
    assert lines(tmp_path)[-1] == ("r000", "answer 0")


def test_an_error_in_one_lane_keeps_what_the_others_answered_and_is_raised(tmp_path: Path) -> None:
    broken, together = threading.Event(), threading.Barrier(3)

    class Breaks(Lanes):
        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            first = number(prepared[0])
            if first in (0, 2, 4):
                together.wait(SHORT)
            if first == 2:
                broken.set()
                raise ModelError("the server is gone")
            # the other lanes answer only after it
            broken.wait(SHORT)
            time.sleep(0.05)
            return super().reply(prepared)

    model = Breaks()
    with opened(model, tmp_path, range(40)) as cases, pytest.raises(ModelError, match="the server is gone"):
        ask.ask(model, cases, size=2)
    stored = lines(tmp_path)
    assert set(due([0, 1, 4, 5])) <= set(stored)
    assert set(due([2, 3])) & set(stored) == set()
    # nothing new was begun after the error
    assert len(model.asked) == len(stored) <= 6


def test_an_error_of_the_model_stops_batches_of_one_row_too(tmp_path: Path) -> None:
    def gone(prompt: Prompt) -> str:
        if number(prompt) == 3:
            raise ModelError("the engine died")
        return said(prompt)

    model = Stub(gone)
    with opened(model, tmp_path, range(9)) as cases, pytest.raises(ModelError, match="the engine died"):
        ask.ask(model, cases, size=1)
    assert lines(tmp_path) == due(range(3))

    # in the rows of a batch that broke for another reason as well
    def breaks(prompt: Prompt) -> str:
        if number(prompt) == 1 and len(model.asked) == 1:
            raise ValueError("one")
        return gone(prompt)

    model = Stub(breaks)
    with opened(model, tmp_path / "rows", range(9)) as cases, pytest.raises(ModelError, match="the engine died"):
        ask.ask(model, cases, size=9)


def test_a_disk_that_fails_under_the_last_reply_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Replies) -> None:
        raise OSError(28, "No space left on device")

    model = Stub(said)
    with opened(model, tmp_path, range(3)) as cases:
        monkeypatch.setattr(Replies, "sync", full)
        with pytest.raises(OSError, match="No space left"):
            ask.ask(model, cases, size=9)
        monkeypatch.undo()


def test_a_batch_that_fails_in_a_lane_is_asked_row_by_row(tmp_path: Path) -> None:
    def answer(prompt: Prompt) -> str:
        if number(prompt) == 7:
            raise ValueError("seven")
        return said(prompt)

    model = Lanes(answer)
    with opened(model, tmp_path, range(20)) as cases:
        failed = ask.ask(model, cases, size=4)[cases[0].case]
    assert isinstance(failed, dict)
    assert [reply.error for reply in failed.values()] == ["ValueError: seven"]
    assert sorted(line for line in lines(tmp_path) if line[1]) == due([n for n in range(20) if n != 7])


def test_an_interrupt_between_two_lanes_keeps_the_ledger_whole(tmp_path: Path) -> None:
    model = Lanes()

    def note(_: Case, done: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with opened(model, tmp_path, range(40)) as cases, pytest.raises(KeyboardInterrupt):
        ask.ask(model, cases, size=2, note=note)
    assert len(lines(tmp_path)) == 6
    rest = Lanes()
    with opened(rest, tmp_path, range(40)) as cases:
        ask.ask(rest, cases, size=2)
    assert len(rest.asked) == 34
    assert sorted(lines(tmp_path)) == due(range(40))


# ----------------------------------------------------------------------------------------------- one by one


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_batches_are_made_ready_ahead_and_no_more_than_the_model_says(tmp_path: Path, ahead: int) -> None:
    class Ahead(Stub):
        def __init__(self) -> None:
            super().__init__(said)
            self.ahead = ahead
            self.prepared = self.replied = 0
            self.lock, self.found = threading.Lock(), set[int]()

        def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Prompt]:
            with self.lock:
                self.prepared += 1
            return super().prepare(prompts, ids)

        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            deadline = time.monotonic() + SHORT
            # all that may be made ready meanwhile is, and no more
            while self.prepared < min(12, self.replied + 1 + ahead) and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(0.005)
            self.found.add(self.prepared - self.replied - 1)
            self.replied += 1
            return super().reply(prepared)

    model = Ahead()
    with opened(model, tmp_path, range(24)) as cases:
        ask.ask(model, cases, size=2)
    assert model.found == set(range(ahead + 1))
    assert lines(tmp_path) == due(range(24))


def test_batches_are_those_that_the_model_arranges(tmp_path: Path) -> None:
    sizes: list[int] = []
    batches: list[list[int]] = []

    class Arranges(Stub):
        def arrange(self, prompts: Sequence[Prompt], size: int) -> list[list[int]]:
            sizes.append(size)
            odd = [place for place, prompt in enumerate(prompts) if number(prompt) % 2]
            return [odd, [place for place in range(len(prompts)) if place not in odd]]

        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            batches.append([number(prompt) for prompt in prepared])
            return super().reply(prepared)

    model = Arranges(said)
    with opened(model, tmp_path, range(10)) as cases:
        ask.ask(model, cases, size=3)
    assert (sizes, batches) == ([3], [[1, 3, 5, 7, 9], [0, 2, 4, 6, 8]])
    assert sorted(lines(tmp_path)) == due(range(10))


@pytest.mark.parametrize("lost", [lambda got: got[:-1], lambda got: got[1:], lambda got: [*got, got[0]], lambda _: []])
@pytest.mark.parametrize("base", [Stub, Lanes])
def test_a_backend_that_loses_or_doubles_replies_of_a_batch_shifts_none(
    tmp_path: Path, base: Any, lost: Callable[[list[Reply]], list[Reply]]
) -> None:
    class Loses(base):  # type: ignore[misc]
        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            got = super().reply(prepared)
            return got if len(got) == 1 else lost(got)

    model = Loses(said)
    with opened(model, tmp_path, range(9)) as cases:
        assert ask.ask(model, cases, size=3) == {cases[0].case: {}}
    assert sorted(lines(tmp_path)) == due(range(9))


def test_a_row_that_never_gets_one_reply_fails_with_that_cause(tmp_path: Path) -> None:
    class Doubles(Stub):
        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            return [*super().reply(prepared), *super().reply(prepared[:1])]

    model = Doubles(said)
    with opened(model, tmp_path, range(3)) as cases:
        failed = ask.ask(model, cases, size=3)[cases[0].case]
    assert isinstance(failed, dict)
    assert {reply.error[:52] for reply in failed.values()} == {"ReceiptError: 2 replies came back to 1 prompts, but "}
    assert len(failed) == 3


def test_a_plainest_way_that_loses_a_reply_holds_nothing_to_account(tmp_path: Path) -> None:
    class Loses(Stub):
        def alone(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
            return [reply for prompt in prompts for reply in self.reply([prompt])][1:]

    model = Loses(said)
    with pytest.raises(ReceiptError, match="2 replies came back to 3 prompts"):
        ask.alone(model, asks(model, range(3)))


def test_replies_that_a_batch_exchanged_fail_by_their_receipts(tmp_path: Path) -> None:
    class Turns(Stub):
        def reply(self, prepared: list[Prompt]) -> list[Reply]:
            return super().reply(prepared)[::-1]

    model = Turns(said)
    with opened(model, tmp_path, range(3)) as cases:
        failed = ask.ask(model, cases, size=3)[cases[0].case]
    assert isinstance(failed, dict)
    assert sorted(reply.error.split(",")[0] for reply in failed.values()) == [
        "row r000: receipts came back for other pictures",
        "row r002: receipts came back for other pictures",
    ]
    assert [line for line in lines(tmp_path) if line[1]] == due([1])


# ------------------------------------------------------------------------------------------------- together


class Mixes(Stub):
    """Takes prompts of several cases in one batch; refuses those with a picture whose number is large."""

    mixes = True
    size = 0

    def check(self, prompts: Sequence[Prompt]) -> None:
        if any(number(prompt) >= 100 for prompt in prompts):
            raise ModelError("no such pictures")

    def reply(self, prepared: list[Prompt]) -> list[Reply]:
        self.size = max(self.size, len(prepared))
        return super().reply(prepared)


def test_a_prompt_of_two_cases_is_asked_once_and_stands_in_both_ledgers(tmp_path: Path) -> None:
    model = Mixes(said)
    noted: list[tuple[str, int]] = []
    with opened(model, tmp_path, range(10), range(5, 15)) as cases:
        outcome = ask.ask(model, cases, size=15, note=lambda case, done: noted.append((case.benchmark, done)))
        assert outcome == {cases[0].case: {}, cases[1].case: {}}
    assert (len(model.asked), model.size) == (15, 15)
    assert sorted(lines(tmp_path, 0)) == due(range(10))
    assert sorted(lines(tmp_path, 1)) == due(range(5, 15))
    assert noted == [("toy0", 0), ("toy1", 0), ("toy0", 10), ("toy1", 10)]


def test_a_failed_prompt_of_two_cases_has_failed_in_both(tmp_path: Path) -> None:
    def answer(prompt: Prompt) -> str:
        if number(prompt) == 6:
            raise ValueError("six")
        return said(prompt)

    model = Mixes(answer)
    with opened(model, tmp_path, range(7), range(5, 10)) as cases:
        outcome = ask.ask(model, cases, size=4)
    for found in outcome.values():
        assert isinstance(found, dict)
        assert [reply.error for reply in found.values()] == ["ValueError: six"]


def test_a_case_that_the_model_refuses_hinders_no_other(tmp_path: Path) -> None:
    model = Mixes(said)
    with opened(model, tmp_path, range(4), range(98, 102), range(2, 8)) as cases:
        outcome = ask.ask(model, cases, size=4)
        refusal = outcome[cases[1].case]
        assert isinstance(refusal, ModelError)
        assert str(refusal) == "no such pictures"
        assert (outcome[cases[0].case], outcome[cases[2].case]) == ({}, {})
    assert sorted(map(number, model.asked)) == list(range(8))
    assert lines(tmp_path, 1) == []
    assert sorted(lines(tmp_path, 2)) == due(range(2, 8))


def test_a_reply_that_one_case_has_is_taken_over_by_another_without_asking(tmp_path: Path) -> None:
    for base in (Stub, Mixes):
        folder = tmp_path / base.__name__
        first, second = base(said), base(said)
        with opened(first, folder, range(6), ()) as cases:
            ask.ask(first, cases, size=4)
        with opened(second, folder, range(6), range(4, 9)) as cases:
            ask.ask(second, cases, size=4)
        assert sorted(map(number, second.asked)) == [6, 7, 8]
        assert sorted(lines(folder, 1)) == due(range(4, 9))
        assert len(lines(folder, 0)) == 6


def test_keys_that_are_left_out_are_not_asked(tmp_path: Path) -> None:
    model = Mixes(said)
    with opened(model, tmp_path, range(4), range(4)) as cases:
        but = {cases[0].case: [one.key for one in cases[0].asks[:2]]}
        ask.ask(model, cases, size=4, but=but)
    assert sorted(lines(tmp_path, 0)) == due([2, 3])
    assert sorted(lines(tmp_path, 1)) == due(range(4))
    assert Counter(map(number, model.asked)) == Counter(range(4))


# --------------------------------------------------------------------------------------------------- killed

KILLED = """
import sys
from pathlib import Path
from harness import run
from harness.ledger import Ledger
from harness.tests.made import benchmark, loaded
from harness.tests.test_ask import ROWS, MODES, slow

folder, pause = Path(sys.argv[1]), float(sys.argv[2])
run.measure_all(
    benchmark(ROWS), MODES, slow(pause), loaded(ROWS), Ledger(folder), run.Settings(batch_size=4, canaries=0)
)
"""
MODES: Sequence[Any] = ("image_text", "text_only", "shuffled")
ROWS = [row(place, gold="ABCDE"[place % 5], cluster=f"c{place}") for place in range(24)]


class Slow(Stub):
    """Mixes all modes and takes its time."""

    mixes = True
    pause = 0.0

    def reply(self, prepared: list[Prompt]) -> list[Reply]:
        time.sleep(self.pause)
        return super().reply(prepared)


def slow(pause: float) -> Slow:
    model = Slow(lambda prompt: "A")
    model.pause = pause
    return model


def _written(folder: Path) -> dict[str, list[str]]:
    """Keys of every ledger, of its whole lines."""
    return {
        path.name: [json.loads(line)["key"] for line in path.read_bytes().split(b"\n")[:-1]]
        for path in sorted(folder.glob("*.jsonl"))
    }


def _kill_after(folder: Path, count: int) -> int:
    """Run, kill without warning as soon as the ledgers hold so many lines, and return how many they then hold."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder), "0.02"], cwd=ROOT, env=environment)
    try:
        while process.poll() is None and sum(map(len, _written(folder).values())) < count:
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return sum(map(len, _written(folder).values()))


def test_a_run_that_is_killed_with_several_cases_open_goes_on_where_each_stopped(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    expected = run.measure_all(
        benchmark(ROWS), MODES, slow(0), loaded(ROWS), Ledger(whole), run.Settings(batch_size=4, canaries=0)
    )
    total = sum(map(len, _written(whole).values()))
    first = _kill_after(killed, total // 4)
    assert 0 < first < total
    second = _kill_after(killed, total // 2)
    assert first < second < total
    rest = slow(0)
    found = run.measure_all(
        benchmark(ROWS), MODES, rest, loaded(ROWS), Ledger(killed), run.Settings(batch_size=4, canaries=0)
    )
    assert found == expected
    assert len(rest.asked) <= total - second
    for name, keys in _written(killed).items():
        assert len(keys) == len(set(keys))
        assert set(keys) == set(_written(whole)[name])


def test_a_killed_run_leaves_a_torn_line_that_costs_its_own_row_alone(tmp_path: Path) -> None:
    model = Mixes(said)
    with opened(model, tmp_path, range(6), range(6)) as cases:
        ask.ask(model, cases, size=3)
    path = tmp_path / "toy0.image_text.stub.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    again = replace_answers(Mixes(said))
    with opened(again, tmp_path, range(6), range(6)) as cases:
        ask.ask(again, cases, size=3)
    # the other case still holds it
    assert again.asked == []
    assert sorted(lines(tmp_path)) == due(range(6))


def replace_answers(model: Mixes) -> Mixes:
    """A model that may not be asked."""

    def refuses(prompt: Prompt) -> str:
        raise AssertionError(f"row {number(prompt)} was asked again")

    model._answer = refuses
    return model
