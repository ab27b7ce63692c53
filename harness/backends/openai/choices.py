"""The likelihood of each choice, from the most likely first tokens of a reply.

A token counts for a choice that it equals without the space around it; the case of letters counts for single letters
and not for words, so that ``Yes`` is ``yes``. What is not listed is bounded and never guessed: a choice that no
listed token equals gets the most that it can have as one token, and only if neither what is unlisted nor a token that
may be the beginning of the choice could make it the most likely one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.backends.openai.answer import LOWEST, Token
from harness.backends.openai.patience import Trouble

FORMS = 4
"""Unlisted tokens that may equal one choice: bare, after a space, after a line break, in another case."""


def scores(choices: Sequence[str], top: Sequence[Token]) -> tuple[float, ...]:
    """Return the natural logarithm of the probability of each choice.

    Parameters
    ----------
    choices : sequence of str
        In the order shown.
    top : sequence of (str, float)
        The most likely first tokens with their log-probabilities, most likely first.

    Returns
    -------
    tuple of float
        In the order of the choices, at most 0. A choice that is not listed has its upper bound: that of the least
        listed token, or what all listed ones leave where that is less.

    Raises
    ------
    Trouble
        Nothing is listed, or what is not listed could change which choice is the most likely.
    """
    if not top:
        raise Trouble("the server gave no log-probabilities, but a choice is read from them")
    fold = len({choice.casefold() for choice in choices}) == len(choices)
    listed = [(_bare(token, fold), math.exp(logprob)) for token, logprob in top]
    least = min(logprob for _, logprob in top)
    rest = max(0.0, 1.0 - sum(probability for _, probability in listed))
    known, most = [], []
    for choice in choices:
        bare = _bare(choice, fold)
        lower = sum(p for token, p in listed if token == bare)
        begun = sum(p for token, p in listed if _begins(token, bare, fold))
        known.append(lower)
        most.append(lower + begun + min(rest, FORMS * math.exp(least)))
    best = max(range(len(choices)), key=lambda place: known[place])
    for place, choice in enumerate(choices):
        if not known[place] and most[place] >= known[best]:
            raise Trouble(
                f"'{choice}' is not among the {len(top)} most likely first tokens and could still be the most likely "
                f"choice (at most {most[place]:.3g}, against {known[best]:.3g} for the best listed one)"
            )
    smallest = min(math.exp(least), rest)
    bound = math.log(smallest) if smallest else LOWEST
    return tuple(math.log(min(1.0, lower)) if lower else bound for lower in known)


def _begins(token: str, bare: str, fold: bool) -> bool:
    """Whether a token may be the beginning of a choice that goes on: space alone may, of any."""
    return len(token) < len(bare) and (bare.casefold() if fold else bare).startswith(
        token.casefold() if fold else token
    )


def _bare(text: str, fold: bool) -> str:
    """A token without the marks of word beginnings and space; in small letters where it is a word."""
    bare = text.replace("\u2581", " ").replace("\u0120", " ").replace("\u010a", " ").strip()
    return bare.casefold() if fold and len(bare) > 1 else bare
