"""How a speaker gives an option letter: alone, in a sentence, with reasons before or after."""

from __future__ import annotations

from random import Random

from harness.testing.case import Draft
from harness.testing.say import listed, say


def bare_letter(draft: Draft, random: Random) -> Draft:
    """The letter and nothing else."""
    return say(draft, random, "{a}")


def enclosed_letter(draft: Draft, random: Random) -> Draft:
    """The letter in brackets or quotes."""
    return say(draft, random, "({a})", "[{a}]", "{a})", '"{a}"', "'{a}'", "“{a}”", "«{a}»")


def letter_with_stop(draft: Draft, random: Random) -> Draft:
    """The letter with punctuation behind it."""
    return say(draft, random, "{a}.", "{a}:", "{a}!", "{a} .", "({a}).", "{a}。", "{a};", "{a}...")


def small_letter(draft: Draft, random: Random) -> Draft:
    """The letter in lower case."""
    return say(draft, random, "{al}", "({al})", "{al}.", "{al})", "[{al}]")


def answer_colon(draft: Draft, random: Random) -> Draft:
    """'Answer:' and the letter."""
    return say(
        draft,
        random,
        *("Answer: {a}", "ANSWER: {a}", "Answer:{a}", "Ans: {a}", "Answer - {a}", "Answer = {a}", "answer: {al}"),
        *("Answer: ({a})", "Answer: {a}.", "Correct answer: {a}", "Selected option: {a}", "Answer choice: {a}"),
        *(
            "Response: {a}",
            "Prediction: {a}",
            "Solution: {a}",
            "Choice: {a}",
            "Ans. {a}",
            "The answer: {a}",
            "answer {a}",
        ),
    )


def final_answer(draft: Draft, random: Random) -> Draft:
    """The letter under the name of the final answer."""
    return say(
        draft,
        random,
        *(
            "Final answer: {a}",
            "FINAL ANSWER: {a}",
            "My final answer is {a}.",
            "Final Answer\n{a}",
            "The final answer:\n\n{a}",
            "{n}\n\nFinal answer: {a}",
            "Final answer (one letter): {a}",
        ),
    )


def answer_is(draft: Draft, random: Random) -> Draft:
    """A sentence that names the letter as the answer."""
    return say(
        draft,
        random,
        *("The answer is {a}", "The answer is {a}.", "the answer is {al}.", "The correct answer is ({a})."),
        *("So the answer is {a}.", "The best answer is option {a}.", "The answer to this question is {a}."),
        *("I believe the answer is {a}.", "The right choice is {a}!", "The correct option would be {a}."),
        *("The answer must be {a}.", "Based on the image, the correct answer is: {a}", "Answer is {a}"),
        *(
            "Sure! The answer is {a}.",
            "The right answer here is definitely {a}.",
            "I am confident that {a} is the answer.",
        ),
    )


def option_named(draft: Draft, random: Random) -> Draft:
    """The letter with the word for what it is."""
    return say(
        draft,
        random,
        "Option {a}",
        "Option {a}.",
        "Choice {a}",
        "It is option {a}.",
        "Letter {a}",
        "option ({a})",
        "This is option {a}.",
        "It's {a}.",
        "Definitely {a}.",
        "The only option that fits is {a}.",
        "1. {a}",
    )


def first_person(draft: Draft, random: Random) -> Draft:
    """The speaker chooses."""
    return say(
        draft,
        random,
        *("I choose {a}.", "I would pick {a}.", "My answer is {a}.", "I'd go with {a}.", "I select option {a}."),
        *("I think it is {a}.", "I would answer {a}.", "My choice: {a}", "I'll go for {a}.", "We choose ({a})."),
        *(
            "I'm going with {a}.",
            "I'd say {a}.",
            "I vote for {a}.",
            "I am choosing {a}.",
            "Thank you for the question. I would select option {a}.",
        ),
    )


def letter_is_right(draft: Draft, random: Random) -> Draft:
    """A sentence whose subject is the letter."""
    return say(
        draft,
        random,
        *("{a} is the correct answer.", "Option {a} is correct.", "{a} is the best choice.", "Option {a} fits best."),
        *("({a}) is the right answer.", "Option {a} is the most likely.", "{a} is correct.", "Choice {a} is right."),
        *("{a} seems to be the best choice.", "{a} is correct because the margin is sharp."),
    )


def hence_letter(draft: Draft, random: Random) -> Draft:
    """A conclusion."""
    return say(
        draft,
        random,
        "Therefore, {a}.",
        "Hence ({a}).",
        "{n} Therefore the answer must be {a}.",
        "{n} So {a}.",
        "{n}\n\nThus: {a}",
        "{n} This leads to {a} as the answer.",
        "By elimination, {a}.",
        "In summary, the answer is {a}.",
        "1. {n}\n2. {m}\n3. The answer is {a}.",
        "{n} That leaves {a}.",
        "{n} This leaves only option {a}.",
        "{n} This is most consistent with option {a}.",
        "{n} {m} Hence, the correct option is {a}.",
        "{n}\n\n**Conclusion:** the answer is {a}.",
    )


def letter_repeated(draft: Draft, random: Random) -> Draft:
    """The same letter again and again, as a model that does not stop."""
    return say(
        draft, random, "{a}\n{a}\n{a}", "{a} {a} {a}", "Answer: {a}\nAnswer: {a}\nAnswer: {a}", "{a}, {a}, {a}, {a}"
    )


def letter_then_reason(draft: Draft, random: Random) -> Draft:
    """The letter first, and why."""
    return say(
        draft,
        random,
        *("{a}. {n}", "{a}, because the pattern is typical.", "{a} because the pattern is typical.", "{a}\n\n{n} {m}"),
        *("{a}\n\nExplanation: {n}", "{a}. {t}\n\n{n} {m}", "({a}) {n}", "The answer is {a}. {n} {m}"),
        *("{a} is the answer since the margin is sharp.",),
    )


def reason_then_letter(draft: Draft, random: Random) -> Draft:
    """Why, and the letter last."""
    return say(
        draft,
        random,
        *("{n} {m} The answer is {a}.", "{n} {m}\n\n{a}", "{n}\n\n{a}. {t}", "{n} So the answer is {a}."),
        *("{n} {m}\n\nAnswer: {a}", "{n} {m} Therefore, the correct answer is ({a}) {t}.", "{n}\n\n({a})"),
    )


LETTERS = (
    *listed("formats", bare_letter, enclosed_letter, letter_with_stop, small_letter, makes="bare"),
    *listed("formats", letter_repeated, makes="wound"),
    *listed(
        "formats",
        *(answer_colon, final_answer, answer_is, option_named, first_person, letter_is_right, hence_letter),
        *(letter_then_reason, reason_then_letter),
        makes="stated",
    ),
)
