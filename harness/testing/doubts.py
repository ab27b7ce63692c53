"""Where a speaker wavers: hedges between two answers, corrections, and notes on how sure they are."""

from __future__ import annotations

from random import Random

from harness.testing.case import Draft
from harness.testing.say import listed, say, say_none


def two_letters(draft: Draft, random: Random) -> Draft:
    """Two letters, and no choice between them."""
    return say_none(
        draft,
        random,
        ("several", "none"),
        *("{o} or {p}", "{o} and {p}", "{o}/{p}", "{o}, {p}", "Either {o} or {p}.", "Both {o} and {p} fit."),
        *("The answer is {o} or {p}.", "Answer: {o}, {p}", "The answer is either {o} or {p}.", "{o} & {p}"),
        *("Answer: {o} and {p}", "({o}) and ({p})", "\\boxed{{o}, {p}}", "<answer>{o} or {p}</answer>"),
        *('{"answer": "{o} or {p}"}', "The correct answers are {o} and {p}.", "The answer is {o} and/or {p}."),
    )


def two_options_in_talk(draft: Draft, random: Random) -> Draft:
    """Two options are held against each other, and none is chosen."""
    return say_none(
        draft,
        random,
        ("several", "none", "refusal"),
        *("I am torn between {o} and {p}.", "It could be {o}, but {p} is just as likely.", "{ot} or {pt}"),
        *("Option {o} is correct. Option {p} is correct as well.", "Both {ot} and {pt} are possible.", "{o}? {p}?"),
        *("{n} It might be {o}. It might also be {p}.", "Options {o} and {p} fit equally well, so I leave it open."),
        *(
            "{o}. {ot} fits the history.\n{p}. {pt} fits the picture.",
            "{n} {o} and {p} remain.",
        ),
        *("If the margin is sharp, the answer is {o}; if it is blurred, the answer is {p}.", "Maybe {o}, maybe {p}."),
        *("{ot} ({o}) or {pt} ({p})", "Half of me says {o}, the other half says {p}."),
    )


def three_letters(draft: Draft, random: Random) -> Draft:
    """Letters in a row, as many as there are options or three."""
    letters = list(draft.truth.options)[: random.randint(3, len(draft.truth.options))]
    joined = random.choice((", ", " ", "/", " and ", "\n")).join(letters)
    return say_none(draft, random, ("several", "none", "echo"), joined, f"Answer: {joined}", f"{joined}.")


def polar_both(draft: Draft, random: Random) -> Draft:
    """Yes and no, or neither."""
    return say_none(
        draft,
        random,
        ("several", "none", "refusal"),
        *("Yes and no.", "Yes or no", "yes/no", "It could be yes or no.", "Maybe yes, maybe no.", "Maybe.", "Yes, no."),
        *("Possibly.", "It depends on the view.", "The answer is yes or no, depending on the view.", "Unclear."),
        *("Either yes or no.", "[yes/no]", "Yes. No.", "Perhaps"),
    )


def corrected(draft: Draft, random: Random) -> Draft:
    """Another answer first, which is taken back."""
    return say(
        draft,
        random,
        *(
            "The answer is {o}. Wait, the margin is blurred. The answer is {a}.",
            "{O}... wait, {a}.",
            "{O}. No, sorry: {a}.",
        ),
        *(
            "I first said {o}, but now I choose {a}.",
            "Answer: {o}\n\nCorrection: the answer is {a}.",
            "{O}\n\nOn second thought, the answer is {a}.",
            "My first guess was {o}. My final answer is {a}.",
            "{O}. Actually, {a}.",
        ),
        *(
            "The answer is {o}... no, scratch that, the answer is {a}.",
            "Answer: {o}\nFinal answer: {a}",
            "<answer>{o}</answer>\nLet me correct that.\n<answer>{a}</answer>",
            "\\boxed{{o}} was wrong, so \\boxed{{a}}",
        ),
    )


def phrase_corrected(draft: Draft, random: Random) -> Draft:
    """Another phrase first, which is taken back under the name of the answer."""
    return say(
        draft,
        random,
        "The answer is {o}. Wait, the margin is blurred. The answer is {a}.",
        "Answer: {o}\n\nCorrection: the answer is {a}.",
        "{O}\n\nOn second thought, the answer is {a}.",
        "The answer is {o}... no, scratch that, the answer is {a}.",
        "Answer: {o}\nFinal answer: {a}",
        "<answer>{o}</answer>\nLet me correct that.\n<answer>{a}</answer>",
        "\\boxed{{o}} was wrong, so \\boxed{{a}}",
        "My first guess was {o}. My final answer is {a}.",
    )


def phrase_and_how_sure(draft: Draft, random: Random) -> Draft:
    """How sure the speaker is, in a sentence apart from the phrase."""
    return say(
        draft,
        random,
        "Answer: {a}\nConfidence: 85%",
        "Confidence: high\nAnswer: {a}",
        "The answer is {a}. I am 95% sure.",
        "I am fairly sure that the answer is {a}.",
        "I'm not certain, but the answer is {a}.",
        "The answer is most likely {a}.",
        "The answer is probably {a}.",
        "My best guess is {a}.",
    )


def letter_corrected(draft: Draft, random: Random) -> Draft:
    """Another letter first, with its option's words, which is taken back."""
    return say(
        draft,
        random,
        *(
            "Initially {o} looked right, but {a} is the correct answer.",
            "{o}. {ot}\n\nThis cannot be. The answer is {a}. {t}",
            "I was going to say {o}. {n} So {a} is the best choice.",
            "I thought of {ot} at first. {n} The answer is {a}.",
            "{o} was my first idea; I now go with {a}.",
            "The answer is {o}. Hmm, {n} I choose {a}.",
        ),
    )


def sure_of_it(draft: Draft, random: Random) -> Draft:
    """How sure the speaker is, in numbers or words."""
    return say(
        draft,
        random,
        *("{A} (90%)", "{A} (confidence: 0.8)", "Answer: {a}\nConfidence: 85%", "Confidence: high\nAnswer: {a}"),
        *("The answer is {a}. I am 95% sure.", "I am fairly sure that the answer is {a}.", "Answer: {a} (very likely)"),
        *("I'm not certain, but the answer is {a}.", "The answer is most likely {a}.", "The answer is probably {a}."),
        *("{A}, with high confidence.", "My best guess is {a}.", "The answer is {a} (confidence 7 out of 10)."),
        *("The answer is {a}, although I cannot be certain.", "Most likely {a}."),
    )


DOUBTS = (
    *listed("hedges", two_letters, two_options_in_talk, three_letters, least=3, makes="none"),
    *listed("hedges", polar_both, kinds=("yes_no",), makes="none"),
    *listed("corrections", corrected, kinds=("choice", "yes_no"), makes="wound"),
    *listed("corrections", phrase_corrected, kinds=("open",), makes="wound"),
    *listed("corrections", letter_corrected, makes="wound"),
    *listed("confidence", sure_of_it, kinds=("choice", "yes_no"), makes="wound"),
    *listed("confidence", phrase_and_how_sure, kinds=("open",), makes="wound"),
)
