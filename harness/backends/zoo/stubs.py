"""The stubs: what each looks at, what it knows, and what it says.

A stub is a function of what is seen and of a mind, and returns the text of its reply; None where its call fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from harness.backends.zoo.mind import POLAR, Mind
from harness.backends.zoo.seen import Seen
from harness.truth import lettered

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "seed": "N, of all draws (0)",
        "p": "probability in [0, 1] of what partial, position_biased and flip_flopper do by chance",
        "q": "probability in [0, 1] that blind_prior knows a question",
        "letter": "A...Z, what constant answers where there are options",
        "says": "WORDS, what constant answers where there are none",
        "rate": "probability in [0, 1] that a call of failing fails",
        "receipts": "all|honest, whether first_image owns up to the images that it did not look at",
    }
)

Answer = Callable[[Seen, Mind], str | None]


@dataclass(frozen=True, slots=True)
class Stub:
    """A stub of the zoo.

    Attributes
    ----------
    answer : callable
        From what is seen to the text of a reply; its docstring says what it does.
    options : mapping of str to str
        Its own options with their defaults; every stub has ``seed`` besides.
    receipts : str
        ``all``: for every image; ``none``; ``wrong``: for other pictures than were sent.
    finish : str
        ``stop``, or ``length`` where all its replies are cut off.
    """

    answer: Answer
    options: Mapping[str, str] = field(default_factory=dict)
    receipts: Literal["all", "none", "wrong"] = "all"
    finish: Literal["stop", "length"] = "stop"


def perfect(seen: Seen, mind: Mind) -> str:
    """Answer what fits the images that are shown, else guess."""
    return mind.look(seen)


def blind(seen: Seen, mind: Mind) -> str:
    """Guess anew for every prompt, also where only the order of the options is another."""
    return mind.pick("guess", seen.whole, mind.guesses(seen))


def partial(seen: Seen, mind: Mind) -> str:
    """Look at a row with probability p, in every order of its options alike; else guess."""
    return mind.look(seen) if mind.draw("looks", seen.content) < mind.share("p") else mind.guess(seen)


def blind_prior(seen: Seen, mind: Mind) -> str:
    """Know the answer to a question with probability q, else be wrong about it; images never matter."""
    right = mind.truth.recalled(seen.row)
    if not right:
        return mind.guess(seen)
    return right if mind.draw("knows", seen.question) < mind.share("q") else mind.wrong(seen, right, seen.question)


def constant(seen: Seen, mind: Mind) -> str:
    """Say one letter or one phrase to everything."""
    return mind.options["letter"] if seen.options else mind.options["says"]


def first_option(seen: Seen, mind: Mind) -> str:
    """Take the option that is shown first, and yes where there are none."""
    return f"The first option, {seen.options[0].letter}, is the correct answer." if seen.options else "Yes."


def longest(seen: Seen, mind: Mind) -> str:
    """Take the option with the most characters, the first of equally long ones; say no where there are none."""
    return max(seen.options, key=lambda option: len(option.text)).letter if seen.options else "no"


def position_biased(seen: Seen, mind: Mind) -> str:
    """Say B, or yes, with probability p; else answer as the perfect stub does."""
    if mind.draw("looks away", seen.content) < mind.share("p"):
        return "B" if seen.options else "yes"
    return mind.look(seen)


def text_leak(seen: Seen, mind: Mind) -> str:
    """Know the published answer to every question by heart; images never matter."""
    return mind.truth.recalled(seen.row) or mind.guess(seen)


def image_hash(seen: Seen, mind: Mind) -> str:
    """Know the golds of every set of pictures by heart, and say the first that can be said; the question is unread."""
    golds = mind.truth.pictured(seen.images)
    if not seen.options:
        return golds[0] if golds else mind.guess(seen)
    return next(filter(None, (lettered(seen.row, [gold]) for gold in golds)), "") or mind.guess(seen)


def canonical_order(seen: Seen, mind: Mind) -> str:
    """Know the letter under which every answer was published, wherever the option stands now."""
    return (mind.truth.place(seen.row) if seen.options else mind.truth.recalled(seen.row)) or mind.guess(seen)


def refuser(seen: Seen, mind: Mind) -> str:
    """Decline, in words."""
    return "I'm sorry, but I cannot interpret medical images. Please consult a qualified radiologist."


def hedger(seen: Seen, mind: Mind) -> str:
    """Name two answers."""
    two = [seen.options[0].letter, seen.options[2 if len(seen.options) > 2 else -1].letter] if seen.options else POLAR
    return " or ".join(two)


def article(seen: Seen, mind: Mind) -> str:
    """Answer as the perfect stub does, in sentences full of articles and of letters that are not meant."""
    right = mind.look(seen)
    if not seen.options:
        return f"A close look at the picture was taken. The answer is: {right}"
    not_meant = [option.letter for option in seen.options if option.letter != right]
    return mind.pick("words", seen.content, _TALK).format(right=right, one=not_meant[0], two=not_meant[-1])


_TALK = (
    "A fracture is seen, as in a case of vitamin {one} deficiency or hepatitis {two}, so the answer is ({right}).",
    "A Stanford type {one} pattern, not a type {two} one, is seen on a delayed image. Final answer: {right}",
    "A mass is seen. {one} would need a calcification and {two} a fever. The best choice is {right}.",
    "**{right}**\n\nA lesion is seen; a type {one} reaction or hepatitis {two} would look otherwise.",
)


def flip_flopper(seen: Seen, mind: Mind) -> str:
    """Be right with probability p, drawn anew for every order of the options, else wrong."""
    right = mind.truth.fitting(seen.row, seen.images)
    if not right:
        return mind.pick("guess", seen.whole, mind.guesses(seen))
    return right if mind.draw("right", seen.whole) < mind.share("p") else mind.wrong(seen, right, seen.whole)


def first_image(seen: Seen, mind: Mind) -> str:
    """Look at the first image alone."""
    return mind.truth.fitting(seen.row, seen.images[:1]) or mind.guess(seen)


def failing(seen: Seen, mind: Mind) -> str | None:
    """Fail on a share of the rows, in every order of their options alike; else answer as the perfect stub does."""
    return None if mind.draw("fails", seen.content) < mind.share("rate") else mind.look(seen)


def truncating(seen: Seen, mind: Mind) -> str:
    """Think aloud until the reply is cut off, before any answer."""
    thought = "Let me first go through what can be seen in the image, region by region, before I decide between the"
    return f"{thought} choices" if seen.options else f"<think>{thought}"


ZOO: Mapping[str, Stub] = MappingProxyType(
    {
        "perfect": Stub(perfect),
        "partial": Stub(partial, options={"p": "0.6"}),
        "blind": Stub(blind),
        "blind_prior": Stub(blind_prior, options={"q": "0.35"}),
        "constant": Stub(constant, options={"letter": "A", "says": "no"}),
        "first_option": Stub(first_option),
        "longest": Stub(longest),
        "position_biased": Stub(position_biased, options={"p": "0.5"}),
        "text_leak": Stub(text_leak),
        "image_hash": Stub(image_hash),
        "canonical_order": Stub(canonical_order),
        "refuser": Stub(refuser),
        "hedger": Stub(hedger),
        "article": Stub(article),
        "flip_flopper": Stub(flip_flopper, options={"p": "0.6"}),
        "first_image": Stub(first_image, options={"receipts": "all"}),
        "failing": Stub(failing, options={"rate": "0.01"}),
        "truncating": Stub(truncating, finish="length"),
        "no_receipts": Stub(perfect, receipts="none"),
        "wrong_receipts": Stub(perfect, receipts="wrong"),
    }
)
"""Every stub by its name."""
