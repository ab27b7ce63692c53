"""How a speaker gives an option by its own words, with its letter or without; and letters of no option."""

from __future__ import annotations

import string
from random import Random

from harness.testing.case import Draft
from harness.testing.say import listed, say, say_none


def letter_and_text(draft: Draft, random: Random) -> Draft:
    """The letter with its option's own words."""
    return say(
        draft,
        random,
        *("{a}. {t}", "{a}) {t}", "({a}) {t}", "{a}: {t}", "{a} - {t}", "{a} – {t}", "{a} {t}"),
        *("{al}) {t}", "[{a}] {t}", "{a}. {t}.", "{a}\n{t}", "Option {a}: {t}", "{a} ({t})"),
    )


def stated_letter_and_text(draft: Draft, random: Random) -> Draft:
    """A sentence with the letter and its option's own words."""
    return say(
        draft,
        random,
        *("The answer is {a}. {t}", "The answer is {a}) {t}.", "Answer: {a}. {t}", "The correct option is {a}: {t}."),
        *("The most likely answer is ({a}) {t}.", "The answer is:\n\n{a}. {t}", "I choose {a} ({t})."),
        *("The best answer among the options is {a}, {tl}.", "Correct choice: {a}) {t}", "Sure! {a}. {t}"),
        *("Among the given options, {a} ({t}) best explains the findings.", "{n}\n\n---\n\n**{a}. {t}**"),
        *("Option {a}: {t}\n\nRationale: {n}", "This supports {t} ({a}) as the correct answer."),
        *("Option {a} ({t}) is the most plausible.", "**Answer:** {a}. {t}\n\n**Explanation:**\n- {n}\n- {m}"),
    )


def text_then_letter(draft: Draft, random: Random) -> Draft:
    """The option's own words with the letter behind them."""
    return say(
        draft,
        random,
        *("{t} ({a})", "The answer is {t} ({a}).", "{t}, option {a}.", "The best answer is {t}, which is option {a}."),
        *("The correct answer is {tl} (option {a}).", "{t} - {a}", "{t}. Answer: {a}"),
        *("The image shows {tl}, which corresponds to option {a}.", "{t} is the correct answer, so {a}."),
    )


def text_alone(draft: Draft, random: Random) -> Draft:
    """The option's own words and nothing else."""
    return say(draft, random, "{t}", "{t}.", "{tl}", "{tl}.", '"{t}"')


def text_stated(draft: Draft, random: Random) -> Draft:
    """A sentence that names the option's own words as the answer."""
    return say(
        draft,
        random,
        "The answer is {t}.",
        "Answer: {t}",
        "The correct answer is {tl}.",
        "Final answer: {t}",
        "The answer is: {t}",
        "{t} is the answer.",
        'The best answer is "{t}".',
    )


def _outside(draft: Draft, random: Random) -> str:
    return random.choice([letter for letter in string.ascii_uppercase[:16] if letter not in draft.truth.options])


def letter_of_no_option(draft: Draft, random: Random) -> Draft:
    """A letter that no option has."""
    z = _outside(draft, random)
    return say_none(
        draft,
        random,
        ("not_an_option",),
        *(z, f"({z})", f"The answer is {z}.", f"Answer: {z}", f"{z}. Another finding", f"<answer>{z}</answer>"),
        *(f"\\boxed{{{z}}}", f"Option {z} is correct."),
    )


def none_of_these(draft: Draft, random: Random) -> Draft:
    """The options are turned down, all of them."""
    return say_none(
        draft,
        random,
        ("none", "not_an_option", "several"),
        *("None of the above.", "None of the options fits the picture.", "All of the above", "None of them."),
        *("The answer is none of the above.", "No option is correct."),
    )


def text_in_sentence(draft: Draft, random: Random) -> Draft:
    """A sentence that says the option's own words, and no word such as answer or option."""
    return say(draft, random, "It is {tl}.", "This is {tl}.", "The findings indicate {tl}.", "I see {tl}.")


WORDS = (
    *listed("formats", text_alone, makes="words"),
    *listed("formats", text_in_sentence, makes="wound"),
    *listed("formats", letter_and_text, stated_letter_and_text, text_then_letter, text_stated, makes="stated"),
    *listed("not_options", letter_of_no_option, none_of_these, makes="none"),
)
