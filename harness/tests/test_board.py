"""Progress is shown once it is worth it, and comes through from workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.board import Board, Sender, Watcher, meter


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("harness.board.time.monotonic", made.monotonic)
    return made


def test_the_meter_tells_rows_speed_and_time_left() -> None:
    assert meter("toy", 50, 200, 10, 4.0) == "toy: 50/200 rows, 10 known before, 10.0 rows/s, 15 s left"
    assert meter("toy", 200, 200, 0, 4.0) == "toy: 200/200 rows, 50.0 rows/s, done"


def test_a_short_case_prints_nothing(clock: Clock) -> None:
    written: list[str] = []
    show = Board(written.append, terminal=False)
    for done in (0, 5, 10):
        show("toy", done, 10, 0)
        clock.now += 0.5
    assert written == []


def test_a_log_gets_a_line_now_and_then_and_one_at_the_end(clock: Clock) -> None:
    written: list[str] = []
    show = Board(written.append, terminal=False, every=30.0)
    for done in range(101):
        show("toy", done, 100, 0)
        clock.now += 1
    assert [text.split(" rows")[0] for text in written] == [
        "\ntoy: 2/100",
        "\ntoy: 32/100",
        "\ntoy: 62/100",
        "\ntoy: 92/100",
        "\ntoy: 100/100",
    ]
    assert not any("\r" in text for text in written)


def test_a_terminal_draws_over_its_line(clock: Clock) -> None:
    written: list[str] = []
    show = Board(written.append, terminal=True, every=1.0)
    for done in (0, 3, 6, 10):
        show("toy", done, 10, 0)
        clock.now += 3
    assert written[0].startswith("\ntoy: 3/10")
    assert written[1].startswith("\r\x1b[2Ktoy: 6/10")
    assert written[2].endswith("done\n")


def test_what_a_worker_leaves_is_printed_by_the_controller(tmp_path: Path, clock: Clock) -> None:
    written: list[str] = []
    sender = Sender(tmp_path, "gw0")
    watcher = Watcher(tmp_path, written.append, every=5.0)
    sender.say("toy: 10 rows in toy.jsonl")
    watcher.look()
    sender("toy.image_text.m", 0, 10, 0)
    clock.now += 4
    sender("toy.image_text.m", 5, 10, 0)
    watcher.look()
    watcher.look()
    assert written == ["\n[gw0] toy: 10 rows in toy.jsonl", "\n[gw0] toy.image_text.m: 5/10 rows, 1.2 rows/s, 4 s left"]
