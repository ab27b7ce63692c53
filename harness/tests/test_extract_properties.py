"""What must hold of every reply, whatever a model may write."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.extract import Read, Unread, letter, phrase, yes_no

REASONS = {"empty", "refusal", "several", "none", "not_an_option", "cut_off", "echo", "error_text"}
NAMES = ("fracture", "effusion", "no finding", "mass in the left lung", "pneumonia", "normal chest", "cyst", "oedema")

# {0}, {1} stand for letters, {t0}, {t1} for the texts of these options
PIECES = (
    "{0}",
    "({0})",
    "{0}.",
    "{0}. {t0}",
    "{0}) {t0}\n",
    "{0}: {t0}",
    "{0} {t0}",
    "\n{0}. {t0}\n{1}. {t1}\n",
    "The answer is {0}.",
    "The answer is {0} {1}.",
    "Answer: {0}\n",
    "**Answer: {0}** ({t0})",
    "I choose {0}.",
    "Option {0} is the best choice.",
    "Option {0} is correct.",
    "Option {0} is incorrect.",
    "{0} is unlikely, so {1}.",
    "The answer is {0} or {1}.",
    "{0} and {1}",
    "{0}, {1}",
    "{0}/{1}",
    "The answer is not {0} but {1}.",
    "If it is large, the answer is {0}.",
    "The answer could be {0}.",
    "Is the answer {0}?",
    "The most likely diagnosis is:\n\n{0}. {t0}\n",
    "The diagnosis is {t0} ({0}).",
    "The diagnosis is {t0}.",
    "{t0}",
    "<answer>{0}</answer>",
    "\\boxed{{{0}}}",
    "<think>Maybe {0}.</think>",
    "<think>",
    "USER: {0}. {t0}\n{1}. {t1} ASSISTANT: ",
    "答案是{0}。",
    "正解は{0}です。",
    "La respuesta correcta es la {0}.",
    "Therefore, ({0})",
    "type {0}",
    "{0}-lines",
    "vitamin {0}",
    "A fracture is seen. ",
    "I see a mass. ",
    "I cannot answer. ",
    "\n\n",
    " ",
    "the",
)


@st.composite
def _sheets(draw: st.DrawFn) -> dict[str, str]:
    letters = draw(st.lists(st.sampled_from(string.ascii_uppercase), min_size=2, max_size=8, unique=True))
    texts = draw(st.permutations(NAMES))
    return dict(zip(letters, texts, strict=False)) if draw(st.booleans()) else dict.fromkeys(letters, "")


def _fill(pieces: list[tuple[str, int, int]], sheet: dict[str, str], rename: dict[str, str]) -> str:
    letters = list(sheet)
    out = []
    for piece, first, second in pieces:
        one, two = letters[first % len(letters)], letters[second % len(letters)]
        out.append(piece.format(rename[one], rename[two], t0=sheet[one], t1=sheet[two]))
    return " ".join(out)


_PIECES = st.lists(st.tuples(st.sampled_from(PIECES), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=5)
_ANY = st.text(st.characters(codec=None), max_size=200)


@settings(deadline=None)
@given(reply=_ANY | st.text(string.printable, max_size=200), sheet=_sheets())
def test_every_text_gives_an_outcome(reply: str, sheet: dict[str, str]) -> None:
    for outcome in (letter(reply, sheet), letter(reply, sheet, finish="length"), yes_no(reply), phrase(reply)):
        assert isinstance(outcome, Read) or outcome.why in REASONS
        assert not isinstance(outcome, Read) or outcome.value.strip()


@pytest.mark.parametrize(
    "reply", ["", "\ud800", "\udfff" * 5, "A\udc00", "\x00", "\U0010ffff", "İ" * 50, "ß", "\u0301" * 9]
)
def test_lone_surrogates_and_odd_characters_are_total(reply: str) -> None:
    for outcome in (letter(reply, "ABC"), yes_no(reply), phrase(reply)):
        assert isinstance(outcome, Read | Unread)


@settings(max_examples=300, deadline=None)
@given(pieces=_PIECES, noise=_ANY, sheet=_sheets())
def test_never_a_letter_outside_the_options(
    pieces: list[tuple[str, int, int]], noise: str, sheet: dict[str, str]
) -> None:
    everything = dict(zip(string.ascii_uppercase, string.ascii_uppercase, strict=True))
    others = dict.fromkeys(string.ascii_uppercase, "")
    for reply in (_fill(pieces, sheet, everything), _fill(pieces, others, everything) + noise):
        outcome = letter(reply, sheet)
        assert isinstance(outcome, Unread) or outcome.value in sheet


@settings(max_examples=300, deadline=None)
@given(
    pieces=_PIECES, sheet=_sheets(), before=st.sampled_from(["", " ", "\n", "\t\n ", "\r\n"]), after=st.text(" \t\n\r")
)
def test_surrounding_space_changes_nothing(
    pieces: list[tuple[str, int, int]], sheet: dict[str, str], before: str, after: str
) -> None:
    reply = _fill(pieces, sheet, {key: key for key in sheet}).strip()
    assert letter(before + reply + after, sheet) == letter(reply, sheet)
    assert yes_no(before + reply + after) == yes_no(reply)
    assert phrase(before + reply + after) == phrase(reply)


@settings(deadline=None)
@given(
    at=st.integers(0, 7),
    sheet=_sheets(),
    form=st.sampled_from(
        [
            "{}",
            "({})",
            "{}.",
            "[{}]",
            "{}) {t}",
            "{}. {t}",
            "Answer: {}",
            "answer is ({})",
            "option {}",
            "\\boxed{{{}}}",
            "<answer>{}</answer>",
            "The answer is {}.",
        ]
    ),
)
def test_the_case_of_the_letter_changes_nothing(at: int, sheet: dict[str, str], form: str) -> None:
    key = list(sheet)[at % len(sheet)]
    big, small = (form.format(one, t=sheet[key]) for one in (key, key.lower()))
    assert letter(big, sheet) == Read(key)
    assert letter(small, sheet) == Read(key)
    assert letter(big.upper(), {one: text.upper() for one, text in sheet.items()}) == Read(key)


@settings(max_examples=300, deadline=None)
@given(pieces=_PIECES, sheet=_sheets(), mark=st.sampled_from(["*", "**", "***", "_", "__", "`"]))
def test_emphasis_around_the_letters_changes_nothing(
    pieces: list[tuple[str, int, int]], sheet: dict[str, str], mark: str
) -> None:
    pieces = [piece for piece in pieces if "-lines" not in piece[0]]
    plain = _fill(pieces, sheet, {key: key for key in sheet})
    strong = _fill(pieces, sheet, {key: f"{mark}{key}{mark}" for key in sheet})
    assert letter(strong, sheet) == letter(plain, sheet)


@settings(max_examples=600, deadline=None)
@given(pieces=_PIECES, sheet=_sheets(), data=st.data())
def test_renaming_the_letters_renames_the_reading(
    pieces: list[tuple[str, int, int]], sheet: dict[str, str], data: st.DataObject
) -> None:
    names = data.draw(
        st.lists(st.sampled_from(string.ascii_uppercase), min_size=len(sheet), max_size=len(sheet), unique=True)
    )
    rename = dict(zip(sheet, names, strict=True))
    renamed = {rename[key]: text for key, text in sheet.items()}
    before = letter(_fill(pieces, sheet, {key: key for key in sheet}), sheet)
    after = letter(_fill(pieces, sheet, rename), renamed)
    assert after == (Read(rename[before.value]) if isinstance(before, Read) else before)


@pytest.mark.parametrize(("read", "answer"), [(yes_no, "yes"), (yes_no, "no"), (phrase, "left lung"), (phrase, "3")])
@settings(deadline=None)
@given(thought=st.text(string.ascii_letters + " .\n", max_size=80), mark=st.sampled_from(["", "*", "**", "_"]))
def test_thoughts_and_emphasis_do_not_change_a_short_answer(
    read: Callable[[str], Read | Unread], answer: str, thought: str, mark: str
) -> None:
    assert read(f"<think>{thought}</think>\n{mark}{answer}{mark}") == Read(answer)
    assert read(f"<think>{thought}</think><answer>{answer}</answer>") == Read(answer)
