"""What a stub has besides the prompt: the published rows, its options, and draws that are hashes of what it saw."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.backends.zoo.seen import Seen
from harness.records import Row
from harness.truth import Truth, normal

PHRASE = "an unnamed finding"
"""What a stub says to an open question of which it knows nothing."""

POLAR = ("yes", "no")


def guesses(truth: Truth, row: Row) -> tuple[str, ...]:
    """Return the answers that a guesser picks from, in an order that does not depend on that of the options.

    The letters of the options; yes and no, where the stem was published as such a question; else one fixed phrase.
    """
    if row.options:
        return tuple(option.letter for option in sorted(row.options, key=lambda option: normal(option.text)))
    return POLAR if truth.polar(row.stem) else (PHRASE,)


def others(truth: Truth, row: Row, right: str) -> tuple[str, ...]:
    """Return the answers that a stub which knows the right one picks from in order to be wrong."""
    return tuple(one for one in guesses(truth, row) if normal(one) != normal(right)) or (PHRASE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """A stub's knowledge, options and dice.

    Attributes
    ----------
    name : str
        Of the stub; two stubs draw independently.
    truth : Truth
        The published rows of the split.
    options : mapping of str to str
        All options of the stub, with their defaults.
    """

    name: str
    truth: Truth
    options: Mapping[str, str]

    def share(self, option: str) -> float:
        """Return the value of an option that is a probability."""
        return float(self.options[option])

    def draw(self, what: str, about: str) -> float:
        """Return a number, uniform in [0, 1), that depends on the seed, the stub, ``what`` and ``about`` alone."""
        told = "\0".join([self.options["seed"], self.name, what, about]).encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(told, digest_size=6).digest()) / 2**48

    def pick(self, what: str, about: str, among: Sequence[str]) -> str:
        """Return one of some answers, each as likely as the others."""
        return among[int(self.draw(what, about) * len(among))]

    def guesses(self, seen: Seen) -> tuple[str, ...]:
        """Return the answers that a guess is picked from."""
        return guesses(self.truth, seen.row)

    def guess(self, seen: Seen) -> str:
        """Return a guess: the same option in every order, another one with other images."""
        return self.pick("guess", seen.content, self.guesses(seen))

    def wrong(self, seen: Seen, right: str, about: str) -> str:
        """Return an answer other than the right one."""
        return self.pick("wrong", about, others(self.truth, seen.row, right))

    def look(self, seen: Seen) -> str:
        """Return the answer that fits what is shown, else a guess."""
        return self.truth.fitting(seen.row, seen.images) or self.guess(seen)
