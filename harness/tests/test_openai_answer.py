"""What an answer holds, read without trust; and the likelihood of choices from the first tokens of one."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.openai.answer import Step, certainty, read
from harness.backends.openai.choices import scores
from harness.backends.openai.patience import Trouble

NAMES = ("choices", "message", "content", "finish_reason", "logprobs", "usage", "error", "type", "text")
"""Fields that a body has in some place."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


def top(**tokens: float) -> list[tuple[str, float]]:
    return sorted(((token, math.log(p)) for token, p in tokens.items()), key=lambda each: -each[1])


def test_unlisted_choice_that_cannot_win_gets_the_most_that_it_can_have() -> None:
    least = scores(["A", "B"], top(A=0.8, x=0.05, y=0.04))
    assert least == pytest.approx([math.log(0.8), math.log(0.04)])
    left = scores(["A", "B"], top(A=0.9, x=0.05, y=0.04))
    assert left == pytest.approx([math.log(0.9), math.log(0.01)])
    assert scores(["A", "B"], [("A", 0.0)]) == (0.0, -9999.0)
    # as servers write what cannot be: its probability is 0, and 0 has no logarithm
    assert scores(["A", "B"], [("A", math.log(0.9)), ("x", -9999.0)]) == pytest.approx((math.log(0.9), -9999.0))
    assert scores(["A", "B"], [("A", math.log(0.9)), ("B", -9999.0)]) == pytest.approx((math.log(0.9), -9999.0))


def test_unlisted_choice_that_could_win_is_not_guessed() -> None:
    with pytest.raises(Trouble, match="'B' is not among the 3 most likely first tokens and could still be"):
        scores(["A", "B"], top(A=0.1, x=0.4, y=0.09))
    with pytest.raises(Trouble, match="'B' is not among"):
        scores(["A", "B"], top(A=0.3, **{" ": 0.6, "x": 0.001}))
    with pytest.raises(Trouble, match="'effusion' is not among"):
        scores(["fracture", "effusion"], top(fracture=0.3, Eff=0.6, x=0.001))


def test_words_count_in_either_case_and_letters_in_theirs() -> None:
    assert scores(["yes", "no"], top(Yes=0.5, yes=0.2, No=0.2)) == pytest.approx([math.log(0.7), math.log(0.2)])
    assert scores(["A", "B"], top(A=0.5, B=0.2, a=0.2)) == pytest.approx([math.log(0.5), math.log(0.2)])


def test_tokens_in_their_raw_spelling_count() -> None:
    listed = top(**{"\u2581A": 0.4, "\u0120B": 0.3, "A": 0.2})
    assert scores(["A", "B"], listed) == pytest.approx([math.log(0.6), math.log(0.3)])


@given(st.lists(st.floats(0.001, 1), min_size=8, max_size=40), st.integers(1, 30))
def test_best_choice_is_never_another_than_with_the_whole_vocabulary(weights: list[float], listed: int) -> None:
    """Whatever is cut off, either the argmax stays or the row fails."""
    tokens = [*"ABCDE", *(f"w{number}" for number in range(len(weights) - 5))]
    whole = sum(weights)
    ranked = sorted(
        ((token, math.log(weight / whole)) for token, weight in zip(tokens, weights, strict=True)),
        key=lambda each: -each[1],
    )
    full = scores("ABCDE", ranked)
    try:
        cut = scores("ABCDE", ranked[:listed])
    except Trouble:
        return
    assert full[cut.index(max(cut))] == pytest.approx(max(full))


# ------------------------------------------------------------------------------------------------- answers


def answer(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"message": message, "finish_reason": finish}], **more}


@pytest.mark.parametrize(
    ("message", "text", "thinking"),
    [
        ({"content": "B", "reasoning_content": "hm"}, "B", "hm"),
        ({"content": "B", "reasoning": "hm", "reasoning_content": "hm"}, "B", "hm"),
        ({"content": "B", "reasoning": None}, "B", ""),
        ({"content": [{"type": "text", "text": "B"}, {"type": "text", "text": "."}]}, "B.", ""),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "B"},
                ]
            },
            "B",
            "hm",
        ),
        ({"content": None, "refusal": "I cannot."}, "I cannot.", ""),
        ({"role": "assistant"}, "", ""),
        ({"content": " B\n"}, " B\n", ""),
    ],
)
def test_reply_and_thinking_are_told_apart(message: dict[str, Any], text: str, thinking: str) -> None:
    got = read(answer(message))
    assert (got.text, got.thinking) == (text, thinking)


@pytest.mark.parametrize(
    ("reason", "finish"), [("stop", "stop"), ("STOP", "stop"), ("length", "length"), ("MAX_TOKENS", "length")]
)
def test_end_of_a_reply_is_read_in_every_spelling(reason: str, finish: str) -> None:
    assert read(answer({"content": "B"}, reason)).finish == finish


@pytest.mark.parametrize(
    ("reason", "told", "again"),
    [
        ("content_filter", "the server withheld the reply", False),
        ("SAFETY", "the server withheld the reply", False),
        ("tool_calls", "the answer has finish reason 'tool_calls'", False),
        ("abort", "the answer has finish reason 'abort'", True),
        (None, "the answer has no finish reason", True),
    ],
)
def test_end_that_is_no_end_is_no_reply(reason: str | None, told: str, again: bool) -> None:
    with pytest.raises(Trouble, match=told) as trouble:
        read(answer({"content": "B"}, reason))
    assert trouble.value.again is again


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}, (9, 2, 4)),
        ({"prompt_tokens": 9, "prompt_tokens_details": None}, (9, 0, 0)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 5}, (9, 2, 5)),
        ({"prompt_tokens": "9", "completion_tokens": -1}, (0, 0, 0)),
        (None, (0, 0, 0)),
    ],
)
def test_counts_that_are_missing_or_odd_are_unknown(usage: Any, counts: tuple[int, int, int]) -> None:
    got = read(answer({"content": "B"}, usage=usage))
    assert (got.prompt_tokens, got.new_tokens, got.cached) == counts


@given(JSON)
def test_any_body_is_read_or_is_trouble(value: Any) -> None:
    for body in ({"choices": value}, answer({"content": value}), answer({"content": "B"}, value, usage=value)):
        try:
            got = read(body)
        except Trouble:
            continue
        assert got.finish in ("stop", "length")


def test_smallest_lead_counts_the_generated_token_against_the_next() -> None:
    steps = (
        Step(token=("a", -0.1), top=(("a", -0.1), ("b", -2.6))),
        Step(token=("c", -0.7), top=(("c", -0.7), ("d", -0.9))),
    )
    logprob, lead = certainty(steps)
    assert logprob == pytest.approx(-0.8)
    assert lead == pytest.approx(0.2)
    assert certainty(()) == (None, None)
    assert certainty((Step(token=("a", -0.1), top=()),)) == (-0.1, None)


def test_log_probabilities_that_are_no_numbers_are_left_out() -> None:
    odd = {"token": "x", "logprob": None}
    content = [{"token": "B", "logprob": -0.5, "top_logprobs": [odd, {"token": "B", "logprob": -0.5}]}]
    body = answer({"content": "B"})
    body["choices"][0]["logprobs"] = {"content": content}
    assert read(body).steps == (Step(token=("B", -0.5), top=(("B", -0.5),)),)
    body["choices"][0]["logprobs"] = {"content": [odd]}
    assert read(body).steps == ()
