"""How a speaker says yes or no, or gives a short answer."""

from __future__ import annotations

from random import Random

from harness.testing.case import Draft
from harness.testing.say import listed, say


def polar_word(draft: Draft, random: Random) -> Draft:
    """Yes or no and nothing else."""
    return say(draft, random, "{A}", "{a}", "{A}.", "{a}.", "({A})", '"{A}"', "{A}!", "[{a}]")


def polar_stated(draft: Draft, random: Random) -> Draft:
    """A sentence that names the word as the answer."""
    return say(
        draft,
        random,
        *("The answer is {a}.", "Answer: {A}", "ANSWER: {A}", "Final answer: {a}", "The correct answer is {A}."),
        *("My answer is {a}.", "I would say {a}.", "So the answer is {a}.", "Therefore, {a}.", "Answer: {a}."),
        *("The answer to your question is {a}.", "In my opinion, {a}.", "Response: {a}", "Based on the picture: {A}"),
        *("Conclusion: {a}", "I'd go with {a}.", "{n} In conclusion, {a}.", "The correct response is {a}."),
    )


def polar_with_sentence(draft: Draft, random: Random) -> Draft:
    """The word, and the sentence that says the same."""
    return say(
        draft,
        random,
        *("{A}, {s}.", "{A}. {S}.", "{A}; {s}.", "{A} - {s}.", "{A}\n\n{S}.", "{A}, {s}. {n}"),
        *("{A}. {n} {m}", "{A}, although the margin is blurred.", "{A} (see the right side)", "**{A}**, {s}."),
        *("{A}, definitely.", "{A}. However, the margin is blurred.", "{S}, so {a}.", "{A}, based on the image, {s}."),
    )


def polar_concluded(draft: Draft, random: Random) -> Draft:
    """Reasons first, the word last."""
    return say(
        draft,
        random,
        *("{n} {A}.", "{n} {m} {A}, {s}.", "{n} So the answer is {a}.", "{n}\n\n{A}", "{n}\n\nAnswer: {A}"),
        *("{n} {m} Therefore, the answer is {a}.",),
    )


def polar_restated(draft: Draft, random: Random) -> Draft:
    """Neither yes nor no, but the question's own words as a statement."""
    return say(draft, random, "{S}.", "{S}")


def phrase_alone(draft: Draft, random: Random) -> Draft:
    """The phrase and nothing else."""
    return say(draft, random, "{a}", "{A}", "{A}.", "{a}.", '"{a}"', "({a})")


def phrase_stated(draft: Draft, random: Random) -> Draft:
    """A sentence that names the phrase as the answer."""
    return say(
        draft,
        random,
        *("The answer is {a}.", "Answer: {a}", "Final answer: {A}", "The correct answer is {a}.", "ANSWER: {a}"),
        *("Short answer: {a}", "The answer is: {a}", "My answer is {a}.", "The answer to the question is {a}."),
        *(
            "The answer would be {a}.",
            "Answer:\n{a}",
            "Sure! The answer is {a}.",
            "The answer is **{a}**.",
            "Conclusion: {a}",
        ),
    )


def phrase_in_sentence(draft: Draft, random: Random) -> Draft:
    """The phrase with no more than articles and a verb."""
    return say(draft, random, "It is {a}.", "This is {a}.", "It's {a}.")


def phrase_then_reason(draft: Draft, random: Random) -> Draft:
    """The phrase first, and why; a number with its stop would look like an entry of a list."""
    if str(draft.truth.answer).isdigit():
        return say(draft, random, "{A}\n\n{n}", "The answer is {a}. {n}", "There are {a}. {n}")
    return say(draft, random, "{A}. {n}", "{A}.\n\n{n} {m}", "{A}\n\n{n}", "The answer is {a}. {n}")


def phrase_concluded(draft: Draft, random: Random) -> Draft:
    """Reasons first, the phrase last, under its name."""
    return say(
        draft,
        random,
        "{n} The answer is {a}.",
        "{n} {m}\n\nAnswer: {a}",
        "{n}\n\nFinal answer: {a}.",
        "{n} Therefore, the answer is {a}.",
    )


SHORTS = (
    *listed("formats", polar_word, kinds=("yes_no",), makes="bare"),
    *listed("formats", polar_stated, polar_with_sentence, polar_concluded, kinds=("yes_no",), makes="stated"),
    *listed("formats", polar_restated, kinds=("yes_no",), makes="wound"),
    *listed("formats", phrase_alone, kinds=("open",), makes="bare"),
    *listed(
        "formats",
        *(phrase_stated, phrase_in_sentence, phrase_then_reason, phrase_concluded),
        kinds=("open",),
        makes="stated",
    ),
)
