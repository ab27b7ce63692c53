"""The corpus itself: the same in every process, whole, and expecting only what its texts bear."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import asdict
from random import Random

import pytest

from harness.errors import UsageError
from harness.testing import FAMILIES, KINDS, MUTATORS, STAGES, Case, LeftUnread, Read, Truth, compose, corpus
from harness.testing.frames import listing
from harness.testing.questions import TOPICS, truth
from harness.testing.say import fill
from harness.testing.tongues import TONGUES
from harness.testing.traps import TRAPS, told

REASONS = {"empty", "refusal", "several", "none", "not_an_option", "cut_off", "echo", "error_text"}
CASES = corpus(seed=0)
BY_NAME = {mutator.name: mutator for mutator in MUTATORS}


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - no secret


DIGEST = """
import hashlib, json, sys
from harness.testing import corpus
cases = [[c.id, c.reply, c.finish, c.truth.answer, dict(c.options), str(getattr(c.expected, "value", sorted(
    getattr(c.expected, "reasons", []))))] for c in corpus(seed=3, per_family=20)]
print(hashlib.sha256(json.dumps(cases).encode()).hexdigest(), "harness.extract" in sys.modules)
"""


def _elsewhere(hash_seed: str) -> list[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    ran = subprocess.run([sys.executable, "-c", DIGEST], check=True, capture_output=True, text=True, env=environment)
    return ran.stdout.split()


def test_a_seed_makes_the_same_cases_in_every_process_and_no_extractor_is_asked() -> None:
    first, second = _elsewhere("1"), _elsewhere("2")
    assert first == second
    assert first[1] == "False"


def test_another_seed_makes_other_cases_and_a_longer_corpus_begins_like_a_shorter_one() -> None:
    short, long, other = (
        corpus(seed, each, kinds=["choice"], families=["hedges"]) for seed, each in ((1, 9), (1, 30), (2, 9))
    )
    assert short == long[:9]
    assert [case.reply for case in short] != [case.reply for case in other]


def test_no_two_mutators_have_one_name_and_each_is_of_one_known_family() -> None:
    assert max(Counter(mutator.name for mutator in MUTATORS).values()) == 1
    assert {mutator.family for mutator in MUTATORS} == set(FAMILIES)
    assert {mutator.stage for mutator in MUTATORS} == set(STAGES)
    assert all(mutator.kinds and set(mutator.kinds) <= set(KINDS) for mutator in MUTATORS)


def test_every_family_and_every_mutator_shows_in_the_corpus() -> None:
    assert {"formats", "distractors", "refusals", "echoes", "truncations", "languages"} <= set(FAMILIES)
    assert {case.family for case in CASES} == set(FAMILIES)
    focal = {BY_NAME[name].name for case in CASES for name in case.mutators if BY_NAME[name].family == case.family}
    assert focal == set(BY_NAME)
    assert len({case.id for case in CASES}) == len(CASES)


def test_twelve_languages_state_answers_traps_refusals_and_hedges() -> None:
    assert set(TONGUES) == {"en", "zh", "ja", "ko", "es", "pt", "fr", "de", "it", "ru", "ar", "he"}
    shown = {name.partition("_")[2] for name in BY_NAME if BY_NAME[name].family == "languages"}
    assert shown == {"letter", "letter_after_trap", "trap", "hedge", "refusal", "polar", "phrase"}
    assert all("{a}" in form for tongue in TONGUES.values() for form in (*tongue.letter, *tongue.phrase))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_expected_is_an_answer_of_the_question_or_a_known_reason(kind: str) -> None:
    for case in (case for case in CASES if case.kind == kind):
        if isinstance(case.expected, LeftUnread):
            assert case.expected.reasons
            assert case.expected.reasons <= REASONS
        else:
            assert case.expected.value == case.truth.answer
            assert case.truth.answer not in case.truth.rivals
            assert kind != "choice" or case.expected.value in case.options
            assert kind != "yes_no" or case.expected.value in ("yes", "no")


TWINS = str.maketrans({0x410: "A", 0x391: "A", 0x392: "B", 0x421: "C", 0x395: "E"})
NEGATIVE = {0x1F150 + at: chr(65 + at) for at in range(26)} | {0x1F170 + at: chr(65 + at) for at in range(26)}
FREE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def _plain(text: str) -> str:
    flat = unicodedata.normalize("NFKC", FREE.sub("", text).translate(NEGATIVE).translate(TWINS))
    return " ".join(flat.casefold().split())


def _supported(case: Case, value: str) -> bool:
    """Whether a reply holds its answer at all: the letter by itself, or the words of the option."""
    text, words = _plain(case.reply), _plain(case.options.get(value, value))
    alone = re.search(rf"(?<![a-z0-9]){re.escape(value.casefold())}(?![a-z0-9])", text)
    return bool(alone) or words in text or (len(words) > 8 and words[:8] in text)


def test_every_answer_that_must_be_read_stands_in_its_reply() -> None:
    ways = {word for tongue in TONGUES.values() for word in (*tongue.words, *tongue.yes, *tongue.no)}
    for case in (case for case in CASES if isinstance(case.expected, Read)):
        assert isinstance(case.expected, Read)
        in_words = case.kind == "yes_no" and (
            "polar_restated" in case.mutators or any(_plain(way) in _plain(case.reply) for way in ways)
        )
        assert in_words or _supported(case, case.expected.value), case.id


def test_a_trap_never_says_an_options_words() -> None:
    for seed in range(200):
        asked = truth("choice", _random(seed))
        for trap in told(TRAPS, asked):
            assert not any(text.lower() in trap.lower() for text in asked.options.values())
        assert len(told(TRAPS, asked)) > 2


def test_hedges_name_two_options_or_more_and_denials_leave_two_or_more() -> None:
    for case in corpus(5, 120, kinds=["choice"], families=["hedges", "denials"]):
        if isinstance(case.expected, LeftUnread):
            assert len(case.options) > 2, case.id


def test_a_cut_reply_says_so_and_is_expected_only_where_the_answer_was_said() -> None:
    for case in corpus(6, 90, families=["truncations"]):
        assert case.finish == "length"
        said = {"cut_after_answer", "cut_in_text"}.intersection(case.mutators)
        assert isinstance(case.expected, Read) == bool(said)


def test_a_case_is_plain_data() -> None:
    written = json.dumps([{**asdict(case), "truth": str(case.truth)} for case in CASES[:50]])
    assert hashlib.sha256(written.encode()).hexdigest()


def test_placeholders_are_filled_once_and_braces_stay() -> None:
    asked = Truth(
        kind="choice", question="?", options={"A": "lung", "B": "{t}"}, answer="B", rivals=("A",), expected=Read("B")
    )
    filled = fill('\\boxed{{a}} {"answer": "{t}"} {o} {x}', asked, _random(0))
    assert filled == '\\boxed{B} {"answer": "{t}"} A {x}'


def test_mutators_compose_in_order_and_refuse_what_they_cannot_follow() -> None:
    asked = truth("choice", _random(4), 3)
    steps = [BY_NAME[name] for name in ("bare_letter", "strong", "thought_before", "end_token_after")]
    case = compose(asked, steps, _random(0))
    assert f"*{asked.answer}*" in case.reply.replace("_", "*")
    assert case.mutators == ("bare_letter", "strong", "thought_before", "end_token_after")
    assert case.family == "turns"
    assert case.expected == Read(str(asked.answer))
    with pytest.raises(UsageError, match="strong: got a draft of kind 'choice', form ''"):
        compose(asked, [BY_NAME["strong"]], _random(0))
    with pytest.raises(UsageError, match=r"and 2 options, but .* at least 3 options should be"):
        compose(
            Truth(
                kind="choice", question="?", options={"A": "x", "B": "y"}, answer="A", rivals=("B",), expected=Read("A")
            ),
            [BY_NAME["two_letters"]],
            _random(0),
        )


def test_rivals_trade_places_when_another_answer_is_meant() -> None:
    asked = truth("choice", _random(1), 4)
    other = asked.meaning(asked.rivals[0])
    assert other.answer == asked.rivals[0]
    assert {other.answer, *other.rivals} == {asked.answer, *asked.rivals}
    assert other.expected == Read(asked.rivals[0])
    assert other.meaning_none("refusal").answer is None
    assert other.lost("cut_off").answer == other.answer


def test_sheets_have_two_to_ten_options_with_their_traps() -> None:
    sizes = {len(truth("choice", _random(seed)).options) for seed in range(400)}
    assert sizes == set(range(2, 11))
    texts = {text for _, topic in TOPICS for text in topic}
    assert {"bladder", "gallbladder", "E. coli", "Vitamin C", "Yes", "No"} <= texts
    shown = listing(truth("choice", _random(2), 3), _random(0)).splitlines()
    assert [re.sub(r"\W", "", line)[0] for line in shown] == list("ABCDEFGHIJ")[: len(shown)]


@pytest.mark.parametrize(
    ("asked", "told_so"),
    [
        ({"per_family": 0}, "per_family=0, but it should be at least 1"),
        ({"families": ["format"]}, r"got families \['format'\]"),
        ({"kinds": ["mcq"]}, r"got kinds \['mcq'\]"),
    ],
)
def test_a_corpus_of_what_does_not_exist_is_refused(asked: dict[str, object], told_so: str) -> None:
    with pytest.raises(UsageError, match=told_so):
        corpus(**asked)  # type: ignore[arg-type]
