"""Parsers that published harnesses really use or used: each goes wrong on a reply that ours reads rightly.

Every mutant is written here in the fewest words that keep its fault; a test shows the fault first, then that the
suite does not share it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.extract import Read, Unread, letter, phrase, yes_no

LETTERS = "ABCD"


def _first_capital(reply: str, *_: str) -> str:
    found = re.search(r"([A-D])\s*[:.)-]?", reply)
    return found.group(1) if found else ""


def _first_character(reply: str, *_: str) -> str:
    return reply.strip().lower()[:1].upper()


def _lone_letter(reply: str, *_: str) -> str:
    found = re.search(r"\b[A-D]\b", reply)
    return found.group() if found else ""


def _any_case(reply: str, *_: str) -> str:
    found = re.search(r"\b[A-D]\b", reply, re.IGNORECASE)
    return found.group().upper() if found else ""


@pytest.mark.parametrize(
    ("mutant", "reply", "wrong"),
    [
        (_first_capital, "COVID-19 negative", "C"),
        (_first_capital, "Benign image.", "B"),
        (_first_character, "An X-ray of the chest", "A"),
        (_lone_letter, "A fracture of the radius is seen.", "A"),
        (_any_case, "there is a fracture", "A"),
        (_lone_letter, "Options: A, B, C, D", "A"),
        (_lone_letter, "vitamin B", "B"),
        (_lone_letter, "C. difficile", "C"),
        (_lone_letter, "<think>Perhaps A, perhaps B", "A"),
        (_lone_letter, "Option A is not correct.", "A"),
    ],
)
def test_a_letter_is_not_found_where_there_is_none(mutant: Callable[[str], str], reply: str, wrong: str) -> None:
    assert mutant(reply) == wrong
    assert isinstance(letter(reply, LETTERS), Unread)


@pytest.mark.parametrize(
    ("mutant", "reply", "wrong", "right"),
    [
        (_lone_letter, "A fracture is seen, so B", "A", "B"),
        (_lone_letter, "<think>A?</think>\nThe answer is B.", "A", "B"),
        (_lone_letter, "A. lung\nB. liver\nC. bone\nD. brain\n\nAnswer: B", "A", "B"),
        (_lone_letter, "Ｂ", "", "B"),
        (_lone_letter, "А", "", "A"),
        (_first_character, "The answer is b", "T", "B"),
    ],
)
def test_the_right_letter_is_found(mutant: Callable[[str], str], reply: str, wrong: str, right: str) -> None:
    assert mutant(reply) == wrong
    assert letter(reply, LETTERS) == Read(right)


def test_an_empty_reply_is_no_part_of_every_gold() -> None:
    assert "" in "Phase-contrast microscopy"
    assert letter("", {"A": "Phase-contrast microscopy", "B": "MRI"}) == Unread("empty")
    assert phrase("") == Unread("empty")


def test_gallbladder_is_not_bladder() -> None:
    organs = {"A": "bladder", "B": "gallbladder"}
    reply = "This is the gallbladder."
    assert [key for key, text in organs.items() if text in reply] == ["A", "B"]
    assert letter(reply, organs) == Read("B")
    assert letter("This is the bladder.", organs) == Read("A")


@pytest.mark.parametrize(
    ("reply", "right"),
    [("Normal heart. Yes", Read("yes")), ("Not seen", Unread("none")), ("Nothing is known", Unread("none"))],
)
def test_no_is_not_found_inside_other_words(reply: str, right: Read | Unread) -> None:
    assert "no" in reply.lower()
    assert yes_no(reply) == right


@pytest.mark.parametrize("reply", ["", "no idea", "A or B", "I cannot say", "Error code: 500", "<think>A"])
def test_every_reply_has_an_outcome_so_that_no_row_leaves_the_denominator(reply: str) -> None:
    outcomes = (letter(reply, LETTERS), yes_no(reply), phrase(reply))
    assert all(isinstance(outcome, Read | Unread) and outcome is not None for outcome in outcomes)
    assert all(outcome.value for outcome in outcomes if isinstance(outcome, Read))


def test_a_truncated_reply_is_flagged_and_not_only_wrong() -> None:
    reply = "To find the answer I look at the heart first, which is of normal size, and then at the lungs, which are"
    assert letter(reply, LETTERS) == Unread("cut_off")
    assert letter("The lungs are clear. (A)", LETTERS, finish="length") == Unread("cut_off")
