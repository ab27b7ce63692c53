"""Sentences that look as though they named an option, or said yes or no: articles, vitamins, species, units.

A trap is left out where it touches an option's own words, since a reader might then take it for the option.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from harness.testing.case import Draft, Form, Truth
from harness.testing.say import ALL, NEUTRAL, around, listed, opens_with_word, say, say_none

TRAPS: tuple[str, ...] = (
    "A fracture line would be sharper.",
    "A small shadow is seen.",
    "An X-ray alone rarely settles this.",
    "The patient takes vitamin D every day.",
    "Hepatitis B was treated years ago.",
    "The swab was negative for influenza A.",
    "C. difficile was not found in the stool.",
    "The urine grew E. coli last month.",
    "Panel B shows the same slice later.",
    "Figure A is the earlier study.",
    "The T1 and T2 weighted pictures agree.",
    "The D-dimer is raised.",
    "Kerley B lines are absent.",
    "The temperature is 38 C today.",
    "The scale bar is 5 mm, and the field is 12 cm wide.",
    "The C-arm was used for this view.",
    "I think that I see the margin well.",
    "A CT followed after an hour.",
    "Group B streptococcus was cultured.",
    "The haemoglobin A1c is 6.1 %.",
    "The film was read by Dr. C. Berg.",
    "Child-Pugh B cirrhosis is known.",
    "The blood group is A.",
    "The arrow points to A.",
    "The letter on the film is B.",
    "The lead was moved from V1 to V2, then to aVF.",
    "This is a grade C recommendation.",
    "The disc at C5-C6 is narrow.",
    "The level of vitamin B12 is low.",
    "Factor V is normal, and so is protein C.",
    "It is a benign cyst by all means.",
    "CD4 cells and the A-a gradient were measured.",
)
"""Sentences with a lone letter or a capital that names no option."""

SHORT_TRAPS: tuple[str, ...] = (
    *("An X-ray", "a mass", "A fracture", "Vitamin B", "hepatitis C", "X-ray", "COVID-19", "T1", "C-spine", "D-dimer"),
    *("E. coli", "C. difficile colitis", "Benign image.", "A chest film", "Group A streptococcus", "Factor V Leiden"),
    *("grade B", "Anaemia", "Be careful.", "Dense tissue", "Cyst", "An abscess", "e.g. a cyst", "IgA nephropathy"),
)
"""Replies that begin or end like a letter, and name no option."""

WORD_TRAPS: tuple[str, ...] = (
    "The nodule is unknown.",
    "Normal anatomy of the bones.",
    "I know this view well.",
    "Noise limits the picture.",
    "Nothing else is noteworthy.",
    "Now look at the apex.",
    "A note was added yesterday.",
    "The eyes are covered.",
    "Another view might help.",
    "None of the clips has moved.",
)
"""Sentences with 'no' or 'yes' inside other words."""


def told(traps: Sequence[str], truth: Truth) -> list[str]:
    """The traps that touch no option's own words: a reader might take 'a fracture' for the option 'Rib fracture'."""
    texts = [text.lower() for text in truth.options.values()]
    words = {word for text in texts for word in text.split() if len(word) > 3}
    lows = {trap: trap.lower() for trap in traps}
    return [
        trap
        for trap, low in lows.items()
        if not any(text in low or low in text for text in texts) and not any(word in low for word in words)
    ]


def _trap(draft: Draft, random: Random) -> str:
    traps = {"choice": TRAPS, "yes_no": WORD_TRAPS, "open": NEUTRAL}[draft.truth.kind]
    return random.choice(told(traps, draft.truth))


def trap_before(draft: Draft, random: Random) -> Draft:
    """A sentence with a letter, a yes or a no that is none, before the answer."""
    gap = " " if opens_with_word(draft.core) and random.random() < 0.5 else "\n\n"
    return around(draft, head=_trap(draft, random) + gap)


def trap_after(draft: Draft, random: Random) -> Draft:
    """Such a sentence after the answer."""
    stop = "" if draft.text.rstrip()[-1:] in ".!" else "."
    gap = f"{stop} " if draft.form == "stated" and random.random() < 0.5 else "\n\n"
    return around(draft, tail=gap + _trap(draft, random))


def article_then_letter(draft: Draft, random: Random) -> Draft:
    """An article that looks like an option, and then the answer."""
    return say(
        draft,
        random,
        *(
            "A fracture line is seen, so {a}.",
            "A dark line is seen, therefore the answer is {a}.",
            "A look at the margin is enough: the answer is {a}.",
            "I see a shadow, so I choose {a}.",
            "A clear picture. Answer: {a}",
        ),
    )


def trap_alone(draft: Draft, random: Random) -> Draft:
    """Nothing but such sentences."""
    traps = told(TRAPS, draft.truth)
    text = " ".join(random.sample(traps, random.randint(1, 3)))
    return say_none(draft, random, ("none",), text)


def short_trap_alone(draft: Draft, random: Random) -> Draft:
    """Nothing but a few words that begin or end like a letter."""
    return say_none(draft, random, ("none",), random.choice(told(SHORT_TRAPS, draft.truth)))


def word_trap_alone(draft: Draft, random: Random) -> Draft:
    """Nothing but sentences with 'no' or 'yes' inside other words."""
    return say_none(draft, random, ("none",), " ".join(random.sample(WORD_TRAPS, random.randint(1, 2))))


def polar_uncertain(draft: Draft, random: Random) -> Draft:
    """Words that say neither yes nor no to the question."""
    return say_none(
        draft,
        random,
        ("none", "refusal", "several", "error_text"),
        *("I am not sure.", "It is hard to tell.", "No other views were taken.", "See above."),
        *("Neither yes nor no", "Not applicable", "Unknown", "Could be.", "The film is from November.", "No comment."),
        *(
            "I would need more views to say yes or no.",
            "The answer is unclear.",
            "The answer is not known.",
            "No idea.",
        ),
        *("Whether yes or no, the margin is blurred.", "Options: yes, no", "Is it yes or no?", "No rotation is seen."),
        *("Let me look at the picture first.", "Notably, the film is old.", "The margin is clear."),
    )


def references_after(draft: Draft, random: Random) -> Draft:
    """References, whose authors have initials, and other words that close a reply."""
    tails = (
        "\n\nReferences:\n1. A. Berg, B. Stein. Chest films. 2019.",
        "\n\nNote: this is not medical advice. See a doctor.",
        "\n\nI hope this helps! Let me know if you have any questions.",
        "\n\n(Source: Table B)",
    )
    return around(draft, tail=random.choice(tails))


_PLAIN: tuple[Form, ...] = ("bare", "stated", "marked")

TRAPPED = (
    *listed("distractors", trap_before, kinds=("choice", "yes_no"), stage="surround", on=_PLAIN),
    *listed("distractors", trap_after, kinds=ALL, stage="surround", on=_PLAIN),
    *listed("distractors", references_after, stage="surround", on=_PLAIN),
    *listed("distractors", article_then_letter, makes="stated"),
    *listed("distractors", trap_alone, short_trap_alone, makes="none"),
    *listed("distractors", word_trap_alone, polar_uncertain, kinds=("yes_no",), makes="none"),
)
