"""What is said of other options: they are discussed, denied, supposed, or named by other people."""

from __future__ import annotations

from random import Random

from harness.testing.case import Draft, Form
from harness.testing.say import around, fill, listed, opens_with_word, say, say_none


def others_before(draft: Draft, random: Random) -> Draft:
    """Other options turned down before the answer."""
    talk = (
        *(
            "Option {o} would need a sharper edge. Option {p} does not fit either.",
            "{o} is unlikely, and {p} is wrong.",
        ),
        *("Why not {o}? The edge is too blurred. Why not {p}? It is too small.", "Not {o}: the edge is blurred."),
        *("{ot} can be ruled out. {n}", "Let us go through them.\n\n{o}. {ot}: unlikely.\n{p}. {pt}: unlikely."),
        *("I first thought of {ot}, but the edge is blurred.", "{o} and {p} are both wrong."),
        *("- {o}: incorrect, the edge is blurred.\n- {p}: incorrect, it is too small.",),
    )
    gap = " " if opens_with_word(draft.core) and random.random() < 0.3 else "\n\n"
    return around(draft, head=fill(random.choice(talk), draft.truth, random) + gap)


def others_after(draft: Draft, random: Random) -> Draft:
    """Other options turned down after the answer."""
    talk = (
        *("Option {o} would need a sharper edge.", "{o} is wrong because the edge is blurred, and {p} is too small."),
        *("Why not the others:\n- {o}: the edge is blurred.\n- {p}: it is too small.", "{ot} is less likely."),
        *("{o}. {ot} is incorrect.\n{p}. {pt} is incorrect.", "The other options do not fit: {ot}, {pt}."),
        *("Options {o} and {p} are wrong.", "{o} and {p} can be excluded."),
    )
    return around(draft, tail="\n\n" + fill(random.choice(talk), draft.truth, random))


def one_by_one(draft: Draft, random: Random) -> Draft:
    """Every option with its verdict."""
    verdict = random.choice(
        (("Incorrect", "Correct"), ("wrong", "correct"), ("no", "yes"), ("does not fit", "this is the best answer"))
    )
    mark = random.choice(("{}. {}: {}.", "{}) {} - {}.", "**{}. {}**: {}."))
    lines = [
        mark.format(letter, text, verdict[letter == draft.truth.answer]) for letter, text in draft.truth.options.items()
    ]
    return say(draft, random, "Let us go through the options:\n" + "\n".join(lines))


def denied_then_named(draft: Draft, random: Random) -> Draft:
    """Another answer is denied, and this one named."""
    return say(
        draft,
        random,
        *(
            "Not {o}, but {a}.",
            "The answer is not {o} but {a}.",
            "{o} is wrong. {a} is correct.",
            "The answer is {a}, not {o}.",
            "It cannot be {o}, so the answer is {a}.",
            "I don't think it is {o}; the answer is {a}.",
        ),
        *(
            "I considered {o}, but {a} is better.",
            "Rather than {o}, I choose {a}.",
            "{o} and {p} don't match, leaving {a}.",
        ),
        *("{o} is not correct, {a} is.", "The answer isn't {o}. It's {a}.", "{o} is tempting, but {a} is correct."),
        *("While {ot} is possible, {a} is more likely.", "{o} and {p} are incorrect. Therefore {a}."),
        *(
            "It must be {a} since {o} and {p} are excluded.",
            "Everything speaks against {o} and {p}. The answer is {a}.",
        ),
    )


def denied_only(draft: Draft, random: Random) -> Draft:
    """One answer of several is denied, and none named."""
    return say_none(
        draft,
        random,
        ("none",),
        *("The answer is not {o}.", "Not {o}.", "It is not {o}.", "{o} is incorrect.", "Option {o} is unlikely."),
        *(
            "I don't think the answer is {o}.",
            "The answer cannot be {o}.",
            "{o}. {ot} is excluded.",
            "Option {o} does not fit the picture.",
            "{ot} is unlikely.",
            "It's definitely not {o}.",
            "{o} can be ruled out.",
        ),
        *("I would rule out {o}.", "We can exclude {o} and {p}.", "Neither {o} nor {p}.", "{o} can't be right."),
        *("There is no sign of {ot}.", "{ot} has been excluded.", "Rather than {ot}, think again."),
    )


def polar_denied(draft: Draft, random: Random) -> Draft:
    """The other word is denied, and this one named."""
    return say(
        draft,
        random,
        "The answer is not {o}, it is {a}.",
        "I first thought {o}, but the answer is {a}.",
        "Some would say {o}. The answer is {a}.",
    )


def talk_without_choice(draft: Draft, random: Random) -> Draft:
    """Options are looked at, and none is chosen."""
    return say_none(
        draft,
        random,
        ("none", "several", "refusal", "cut_off"),
        *(
            "Let's consider option {o}.",
            "What about {o}?",
            "First, option {o}: {ot}.",
            "Option {o} needs a sharp margin.",
        ),
        *("The options are {o}, {p} and others.", "{o} is more common in adults, {p} in children.", "Is it {o}?"),
        *(
            "Which of {o} or {p} is right depends on the history.",
            "Should I choose {o} or {p}?",
            "Compare {ot} with {pt}.",
        ),
        *("The difference between {o} and {p} is small.", "{ot} would show a sharp margin.", "Choose {o} when unsure."),
        *(
            "In contrast to {ot}, the margin is blurred.",
            "It is unclear whether this is {ot}.",
            "One might think of {o}.",
        ),
        *(
            "I need to think about {o} and {p}.",
            "I'd like to see more views before choosing {o}.",
            "The answer depends.",
        ),
        *(
            "{n} {m}",
            "The question asks for the best option.",
            "Not sure.",
            "It is hard to say.",
            "I don't know if it's {o}.",
        ),
        *(
            "Each of {o} and {p} has merits.",
            "The first option is {o}.",
            "{o} is the one that does not fit.",
            "The {o}:{p} ratio was measured.",
            "I first thought of {ot}, but the edge is blurred.",
            "{ot} is a good distractor.",
        ),
    )


def supposed(draft: Draft, random: Random) -> Draft:
    """An option would be the answer under a condition."""
    return say_none(
        draft,
        random,
        ("none", "several"),
        *(
            "Option {o} would be correct if the margin were sharp.",
            "Suppose the answer is {o}.",
            "A sharp margin would favour {o}.",
            "Say the answer is {o}; then the margin is sharp.",
            "If {o} is right, the margin is sharp.",
        ),
        *(
            "If the margin were sharp, the answer would be {o}.",
            "Were it sharp, I would choose {o}, but I cannot see it.",
        ),
    )


def answer_of_others(draft: Draft, random: Random) -> Draft:
    """An answer is named that is not the speaker's own."""
    return say_none(
        draft,
        random,
        ("none", "several"),
        *("The most common wrong answer is {o}.", "Many people would choose {o}.", "A student answered {o}."),
        *("Someone wrote: 'The answer is {o}.'", "The previous reader chose {o}.", "Answer {o} has been suggested."),
        *("You could argue for {o}.", "{o} has been proposed, but so has {p}."),
    )


_PLAIN: tuple[Form, ...] = ("bare", "stated", "marked")

# Five options leave out the sheets of yes and no, of whose words some of these sentences make no sense.
OTHERS = (
    *listed("distractors", others_before, others_after, stage="surround", on=_PLAIN, least=5),
    *listed("distractors", one_by_one, makes="wound"),
    *listed("distractors", talk_without_choice, supposed, answer_of_others, least=5, makes="none"),
    *listed("denials", denied_then_named, least=5, makes="wound"),
    *listed("denials", denied_only, least=5, makes="none"),
    *listed("denials", polar_denied, kinds=("yes_no",), makes="wound"),
)
