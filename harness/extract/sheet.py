"""The options of a question, as they can be recognised in a text: by letter, and by their own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.errors import DataError
from harness.extract.characters import joins, lower, normal, plain

_ENOUGH = 16
_BEGUN = 12
_LONGEST = 20_000
_MOST_FOUND = 200
_ECHOED = re.compile(r"(?m)^ ?\(?([A-Z])[.):] {0,3}(\S.{0,2000})$")


_BETWEEN = re.compile(r"[\W_]+")
"""What is neither letter nor digit, by the same rule as ``str.isalnum``."""


def _solid(text: str) -> str:
    return _BETWEEN.sub("", lower(text))


@lru_cache(4096)
def _worded(text: str) -> tuple[str, str]:
    """The text of an option, plain and in small letters, and its letters and digits alone; rotations ask again."""
    words = re.sub(r"\s+", " ", lower(plain(normal(text))).rstrip(" .;,。"))
    return words, _solid(words)


def _part(low: str, start: int, end: int) -> bool:
    """Whether a piece is only part of a word: 'renal' in 'adrenal', 'contrast' in 'non-contrast'."""
    before, after = low[max(0, start - 2) : start], low[end : end + 2]
    if (before and joins(before[-1]) and joins(low[start])) or (after and joins(after[0]) and joins(low[end - 1])):
        return True
    return (before[1:] in ("-", "–") and joins(before[0])) or (after[:1] in ("-", "–") and joins(after[1:] or " "))


@dataclass(frozen=True, slots=True)
class Sheet:
    """The options of one question.

    Attributes
    ----------
    given : mapping of str to str
        Upper-case letter -> the letter as the caller wrote it.
    texts : mapping of str to str
        Upper-case letter -> its text, plain, in lower case, without the closing stop; empty where unknown.
    solid : mapping of str to str
        Upper-case letter -> letters and digits of its text alone.
    """

    given: Mapping[str, str]
    texts: Mapping[str, str]
    solid: Mapping[str, str]

    @property
    def known(self) -> bool:
        """Whether the options have texts."""
        return any(self.solid.values())

    def own(self, letter: str, text: str, start: int) -> int:
        """Where an option's own words end, when they begin at ``start``; -1 when they do not.

        The first sixteen letters and digits must agree (all, where the option has fewer); from there on as much
        is taken as agrees, because models drop and mend characters when they copy.
        """
        words = self.solid.get(letter, "")
        if not words:
            return -1
        at, agreed, limit = start, 0, start + 3 * len(words) + 8
        while at < len(text) and at < limit and agreed < len(words):
            char = text[at]
            if char.isalnum():
                if lower(char) != words[agreed]:
                    break
                agreed += 1
            at += 1
        if agreed < min(len(words), _ENOUGH):
            return -1
        # a short option must end with its word: 'renal' is not the beginning of 'renally'
        if agreed == len(words) and at < len(text) and joins(text[at]) and joins(text[at - 1]):
            return -1
        return at

    def same(self, text: str) -> list[str]:
        """Letters of the options whose whole text is this text, but for case, spaces and punctuation."""
        words = _solid(text[:_LONGEST])
        return [letter for letter, solid in self.solid.items() if solid and solid == words]

    def begun(self, text: str) -> list[str]:
        """Letters of the options that this text is the beginning of, of twelve letters and digits at least."""
        words = _solid(text[:_LONGEST])
        return [letter for letter, solid in self.solid.items() if len(words) >= _BEGUN and solid.startswith(words)]

    def places(self, low: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and letter of every option's text in a text in lower case, the longest at each place.

        Looked for as whole words, from the end, at most 200 times an option.
        """
        found: list[tuple[int, int, str]] = []
        for letter, words in self.texts.items():
            at, count = len(low), 0
            while len(self.solid[letter]) > 1 and count < _MOST_FOUND and (at := low.rfind(words, 0, at)) >= 0:
                end, count = at + len(words), count + 1
                if not _part(low, at, end):
                    found.append((at, end, letter))
                at += len(words) - 1
        last = -1
        for start, end, letter in sorted(found, key=lambda place: (place[0], -place[1])):
            if end > last:
                yield start, end, letter
                last = end


def _given(options: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    given = {str(letter).strip().upper(): str(letter) for letter in options}
    if not given or len(given) != len(options) or not all(re.fullmatch("[A-Z]", letter) for letter in given):
        raise DataError(
            f"harness.extract: options {list(options)!r} were given, but 1 to 26 different letters from A to Z "
            "should be. Give a mapping of letter to text, or a sequence of letters."
        )
    return given


def sheet(options: Mapping[str, str] | Sequence[str], prompt: str) -> Sheet:
    """Make the sheet of a question.

    Parameters
    ----------
    options : mapping of str to str, or sequence of str
        Letter -> text, or letters alone; letters from A to Z in either case.
    prompt : str
        The echoed prompt, plain. Texts are taken from its last option list where only letters are given.

    Raises
    ------
    DataError
        Where the options are not 1 to 26 different letters.
    """
    given = _given(options)
    raw = {letter: options[key] for letter, key in given.items()} if isinstance(options, Mapping) else {}
    if not any(raw.values()) and prompt:
        raw = {letter: text for letter, text in _ECHOED.findall(prompt) if letter in given}
    worded = {letter: _worded(str(raw.get(letter) or "")) for letter in given}
    return Sheet(
        given,
        {letter: words for letter, (words, _) in worded.items()},
        {letter: solid for letter, (_, solid) in worded.items()},
    )
