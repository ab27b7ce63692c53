"""Replies of a megabyte, made to hurt: the reading is right, and the work grows with the length only."""

from __future__ import annotations

import faulthandler
import re
import sys
from collections.abc import Callable, Iterator

import pytest

from harness.extract import (
    Read,
    characters,
    choice,
    clean,
    cues,
    failure,
    letter,
    marked,
    names,
    phrase,
    polar,
    ranks,
    sheet,
    short,
    statement,
    taken_back,
    yes_no,
)

OPTIONS = {"A": "Pneumothorax", "B": "Pleural effusion", "C": "Lobar pneumonia", "D": "aa"}
SIZE = 1_000_000
PART = 100_000

UNITS = [
    "A ",
    "A. ",
    "(A) ",
    "A\n",
    "answer is ",
    "the answer is A if ",
    "<think>",
    "</think>",
    "<answer>",
    "\\boxed{",
    "USER: ",
    "ASSISTANT: ",
    "**",
    "_",
    "((((",
    "a",
    "aa ",
    "A. Pneumothorax\n",
    "\u0300\u0316",
    "\n",
    " ",
    "\\text{",
    "<b",
    "- ",
    "Question:",
    "i cannot ",
    "答案",
    "\ud800",
]


def _long(unit: str, size: int) -> str:
    return unit * (size // len(unit))


@pytest.fixture(autouse=True)
def _where_it_hangs() -> Iterator[None]:
    """Print every thread's stack, should one test take ten minutes; nothing is asserted of time."""
    faulthandler.dump_traceback_later(600, file=2)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize("unit", UNITS)
def test_a_megabyte_of_repeats_is_read_to_its_end(unit: str) -> None:
    # the tag is the last word in every dialect, also after an open thought; a role before it makes a turn of it
    assert letter(f"{_long(unit, SIZE)}\nASSISTANT: <answer>C</answer>", OPTIONS) == Read("C")


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit not in ("<think>", "USER: ")])
def test_long_repeats_before_a_plain_statement_are_read_to_their_end(unit: str) -> None:
    assert letter(f"{_long(unit, PART)}.\n\nThe answer is C.", OPTIONS) == Read("C")


@pytest.mark.parametrize("unit", ["x y. ", "A ", "if ", "<think>", "((((", "\n"])
def test_long_repeats_after_a_letter_leave_it_read(unit: str) -> None:
    assert letter(f"C. Lobar pneumonia\n\n{_long(unit, PART)}", OPTIONS) == Read("C")


def test_a_megabyte_of_lone_letters_before_a_plain_statement_is_read_to_its_end() -> None:
    assert letter(f"{_long('A ', SIZE)}.\n\nThe answer is C.", OPTIONS) == Read("C")


@pytest.mark.parametrize("unit", ["no. ", "yes ", "the answer is no ", "。", "_", "<think>", "is ", "answer:"])
def test_a_megabyte_before_a_short_answer_is_read_to_its_end(unit: str) -> None:
    reply = f"{_long(unit, SIZE)}\nASSISTANT: <answer>no</answer>"
    assert yes_no(reply) == Read("no")
    assert phrase(reply) == Read("no")


def _calls(read: Callable[[], object]) -> int:
    """Calls of Python functions while reading: a measure of work that no clock disturbs."""
    count = 0

    def tick(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(tick)
    try:
        read()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "unit", ["A ", "A. Pneumothorax\n", "the answer is A? ", "<answer>A", "\\boxed{A", "USER: A ASSISTANT: "]
)
def test_work_grows_with_the_length_and_no_faster(unit: str) -> None:
    small, large = (
        _calls(lambda size=size: letter(_long(unit, size), OPTIONS))  # type: ignore[misc]
        for size in (5_000, 20_000)
    )
    assert large < 5 * small


MODULES = (
    characters, choice, clean, cues, failure, marked, names, polar, ranks, sheet, short, statement, taken_back,
)  # fmt: skip


def test_no_pattern_repeats_a_repeat() -> None:
    """A repeat without bound inside another, over the same characters, is what backtracking explodes on."""
    nested = re.compile(r"[+*]\)[+*]")
    patterns = [
        (module.__name__, name, value.pattern)
        for module in MODULES
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    ]
    assert len(patterns) > 40
    assert [found for found in patterns if nested.search(found[2])] == []
