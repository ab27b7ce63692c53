"""The options that a text mentions, and what it says of each: the evidence that ``letter`` ranks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from harness.extract import cues, names
from harness.extract.characters import joins, lower
from harness.extract.sheet import Sheet

_ALONE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z](?![A-Za-z0-9])")
_LINE_START = re.compile(r"(?:^|\n)[\s\"'(\[{<>.-]{0,4}$")
_ARTICLE = re.compile(r"(?<![^\W_])(?:an?|the) \Z")
_REST_OF_LINE = re.compile(r"[^\n]*")
_NOTHING = re.compile(r"[\s.,;:()\[\]\"'|。、-]*")
_SENTENCE = re.compile(r"[.!?。！？](?=\s|$)|\n|[。！？]")
_SUPERLATIVE = re.compile(
    r"\b(?:most|best|correct|likely|diagnosis|appropriate|preferred|recommended|indicated|diagnóstico|therefore|thus)\b"
    r"|最|診断|诊断"
)
_ENDS = re.compile(r"\s?(?:$|[.,;:!\n()\[\]。、\"'-])|\s(?:because|since|due|as|which|based|given|here)\b")
Mark = Literal["bracket", "stop", "closed", "bare", "words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A letter that may stand for an option, or an option's words without its letter.

    Attributes
    ----------
    letter : str
        In upper case; may be none of the options.
    start, after, end : int
        Where the mention starts, where its letter with bracket or stop ends, where its option's words end.
    mark : str
        ``bracket``; ``stop`` (a stop, colon or dash, then more); ``closed`` (its clause ends); ``bare``; ``words``.
    own : bool
        Whether the option's own words follow, or are all there is.
    capital, first : bool
        Whether it is written as a capital; whether it begins a line.
    """

    letter: str
    start: int
    after: int
    end: int
    mark: Mark
    own: bool
    capital: bool
    first: bool


class Weight(IntEnum):
    """How plainly a statement commits to its option."""

    NONE = 0
    HEDGED = 1
    RIGHT = 2
    STATED = 3
    FINAL = 4


# ------------------------------------------------------------------------------------------ mentions


def _glued(text: str, start: int) -> bool:
    """Whether a lone letter belongs to a longer name: X-ray, T's, E.coli, U.S., A+, ß-C."""
    before, after = text[max(0, start - 2) : start], text[start + 1 : start + 4]
    if before and (joins(before[-1]) or (before[-1] in "-–'/.\\&+@" and len(before) > 1 and _latin(before[0]))):
        return True
    if text[start - 1 : start] == ":" and re.search(r"(?<![^\W_])[A-Za-z]:\Z", text[max(0, start - 3) : start]):
        return True
    if not after:
        return False
    if after[0] == ":" and after[1:2].isalpha() and not after[2:3].isalnum():
        return True
    if joins(after[0]) or after[0] in "°%+^=²³₂":
        return True
    if after[0] in "-–'/" and len(after) > 1 and joins(after[1]):
        return after[0] != "/" or (len(after) > 2 and joins(after[2]))
    return (
        after[0] == "."
        and len(after) > 1
        and (after[1].islower() or after[1].isdigit() or (after[1].isalpha() and after[2:] == "."))
    )


def _latin(char: str) -> bool:
    return joins(char) and not "\u0590" <= char <= "\u06ff"


def _mark(text: str, start: int) -> tuple[Mark, int, int]:
    """Kind of mention, where it starts with its bracket, where the letter with bracket or stop ends."""
    after = start + 1
    follow = text[after : after + 2]
    if start and text[start - 1] in "([{\"'<" and follow[:1] in tuple(")]}\"'>"):
        after += 2 if follow[1:] in (".", ":") else 1
        return "bracket", start - 1, after
    if re.match(r" [-–|] | ?[)\].:] ?| ?[-–|>]\s", text[after : after + 3]):
        after += len(re.match(r" ?[)\].:|>–-]+", text[after : after + 4])[0])  # type: ignore[index]
        ended = after >= len(text) or text[after] in "\n\"'"
        return ("closed" if ended else "stop"), start, after
    if not follow or follow[0] in "\n,;!?\"')]}。、」" or follow in (" \n", " "):
        return "closed", start, after
    return "bare", start, after


def _mention(text: str, low: str, at: int, options: Sheet) -> Mention | None:
    if _glued(text, at) or names.BEFORE_LETTER.search(low, max(0, at - 40), at):
        return None
    letter, capital = text[at].upper(), text[at].isupper()
    mark, start, after = _mark(text, at)
    own = options.own(letter, text, after) if capital or mark != "bare" else -1
    if own < 0 and mark == "stop" and capital and names.SPECIES.match(low, after):
        return None
    if own < 0 and mark == "bare":
        rest = low[after : after + 60]
        if not capital or not any(follow.match(rest) for follow in (cues.REASON, cues.VERB, cues.MORE)):
            return None
    first = bool(_LINE_START.search(low, max(0, start - 6), start)) if start else True
    end = own if own >= 0 else after
    if first and own < 0 and not options.known and mark in ("stop", "bracket"):
        end = _REST_OF_LINE.match(text, after).end()  # type: ignore[union-attr]
    if mark == "bare" and own >= 0:
        # 'C Lobar pneumonia' says no more than its words do
        mark, after = "words", end
    return Mention(
        letter=letter, start=start, after=after, end=end, mark=mark, own=own >= 0, capital=capital, first=first
    )


def _words(text: str, low: str, options: Sheet) -> Iterator[Mention]:
    for place, end, letter in options.places(low):
        # 'A fracture' begins with its article, whatever the letter of the option that says 'fracture'
        article = _ARTICLE.search(low, max(0, place - 5), place)
        start = article.start() if article else place
        first = not low[:start].rpartition("\n")[2].strip(" \"'([") if start < 200 else low[start - 1] == "\n"
        yield Mention(letter=letter, start=start, after=end, end=end, mark="words", own=True, capital=True, first=first)


def mentions(text: str, low: str, options: Sheet) -> list[Mention]:
    """Every mention of an option in a plain text, in order; no mention within the words of another.

    Here and below ``low`` is the text in lower case, but for capitals that stand alone.
    """
    words = list(_words(text, lower(text), options))
    letters: list[Mention] = []
    inside, covered = iter(words), 0
    word = next(inside, None)
    for found in _ALONE.finditer(text):
        at = found.start()
        while word and word.end <= at:
            word = next(inside, None)
        if at < covered or (word and word.start <= at and word.end - word.start > 1):
            continue
        if mention := _mention(text, low, at, options):
            letters.append(mention)
            covered = mention.end if mention.own else mention.after
    taken = iter(letters)
    kept, last = [], next(taken, None)
    for one in words:
        while last and last.end <= one.start:
            last = next(taken, None)
        if not (last and last.own and last.start <= one.start):
            kept.append(one)
    return sorted([*letters, *kept], key=lambda one: one.start)


def listed(text: str, found: Sequence[Mention]) -> frozenset[int]:
    """Starts of the mentions that are entries of a bare option list, as in an echoed prompt.

    A list is two or more different letters with nothing between them: on one line, or each alone on its line with
    no more than its option's words. A letter that comes back begins a new list.
    """
    out: set[int] = set()
    run: list[Mention] = []
    for one in found:
        gap = text[run[-1].end : one.start] if run and one.start - run[-1].end < 40 else "?"
        seen = {member.letter for member in run}
        if "\n" in gap:
            apart = not (run[-1].first and _fills_line(text, run[-1]) and _fills_line(text, one))
        else:
            apart = bool(run) and not (run[-1].own and one.own)
        kinds = {member.mark == "words" for member in (*run, one)}
        if apart or len(kinds) > 1 or not _NOTHING.fullmatch(gap) or one.letter in seen:
            run = []
        run.append(one)
        if len(run) > 1:
            out.update(member.start for member in run)
    return frozenset(out)


def _fills_line(text: str, one: Mention) -> bool:
    """Whether a mention is all there is on its line."""
    return one.first and bool(_NOTHING.fullmatch(text[one.end : one.end + 40].partition("\n")[0]))


# -------------------------------------------------------------------------------------------- weights


def _sentence(window: str) -> str:
    """The sentence that a window ends in, also where the letter stands on the line after it."""
    body = window.rstrip(" \n:：\"'([")
    cut = 0
    for cut_at in _SENTENCE.finditer(body):
        cut = cut_at.end()
    return body[cut:]


def _asserted(before: str, after: str, weight: Weight) -> Weight:
    """The weight, unless the sentence asks, quotes, doubts, or holds under a condition."""
    sentence = _sentence(before)
    rest = _SENTENCE.split(after, maxsplit=1)[0]
    if cues.QUOTED.search(sentence) or cues.DOUBTED.search(sentence) or cues.CONDITION.search(sentence):
        return Weight.NONE
    if after.lstrip("\"')].")[:1] in ("?", "？") and after[:1] != "\n":
        return Weight.NONE
    if cues.CONDITION.search(rest[:120]) and cues.WOULD.search(sentence[-40:] + rest[:40]):
        return Weight.NONE
    return Weight.HEDGED if cues.MODAL.search(sentence[-80:]) else weight


def misnamed(before: str) -> bool:
    """Whether the words before a mention name it as a wrong answer, or as that of others."""
    chosen = cues.CHOOSE.search(before)
    return bool(cues.MISNAMED.search(before) or (chosen and cues.SOMEONE.search(before[: chosen.start()])))


def _named(one: Mention, before: str, after: str) -> Weight:
    """How plainly the words before a mention name it as the answer."""
    if one.mark == "bare" and cues.VERB.match(after):
        return Weight.NONE
    sentence = _sentence(before)
    discusses = bool(cues.DISCUSSES.search(sentence))
    if misnamed(before):
        return Weight.NONE
    if cues.CHOOSE.search(before) or (cues.ANSWER.search(before) and not (discusses and cues.HEADING.search(before))):
        return Weight.FINAL
    if one.mark != "bare" and cues.THEREFORE.search(before):
        return Weight.FINAL
    if one.own and not discusses and cues.STATES.search(before):
        superlative = bool(_SUPERLATIVE.search(sentence))
        return Weight.FINAL if superlative else Weight.NONE if one.mark == "words" else Weight.STATED
    if one.mark == "words":
        return Weight.NONE
    if cues.POINTS.search(before) and (one.mark != "bare" or after[:1] >= "\u2e80"):
        return Weight.FINAL
    ended = not after.strip() or after.lstrip("\"')")[:1] in (".", "\n", ";", "!")
    words = one.mark == "bracket" and ended and cues.ANSWER_WORDS.search(before)
    return Weight.FINAL if words else Weight.NONE


def weight(one: Mention, text: str, low: str) -> Weight:
    """What the text around a mention makes of it.

    Returns
    -------
    Weight
        FINAL where it is named as the answer or the best; STATED where a sentence ends in it and brings its option's
        words; RIGHT where it is only said to be true, as several may be; HEDGED where it might be the answer; NONE
        otherwise, also where it is denied, doubted, or holds under a condition only.
    """
    before = low[max(0, one.start - cues.WINDOW) : one.start]
    after = low[one.end : one.end + cues.WINDOW]
    direct = after if one.own or one.mark != "stop" else low[one.start + 1 : one.start + 1 + cues.WINDOW]
    if one.mark == "words" and not _ENDS.match(after) and not cues.BEST.match(after):
        return Weight.NONE
    if cues.DENIED.match(direct):
        return Weight.NONE
    if named := _named(one, before, after):
        return _asserted(before, after if one.mark != "stop" or one.own else "", named)
    if one.mark != "words" and not one.capital and one.mark not in ("bracket", "stop"):
        return Weight.NONE
    if (best := cues.BEST.match(after)) and (one.own or not best["yes"]):
        only = best["right"] or best["true"] or best["ticked"]
        return _asserted(before, after, Weight.RIGHT if only else Weight.FINAL)
    return Weight.NONE


def more(one: Mention, low: str, options: Sheet) -> bool:
    """Whether the mention is one of several: 'B and D', 'A/C'."""
    near = (
        cues.MORE.match(low[one.after : one.after + 60]),
        cues.MORE.match(low[one.end : one.end + 60]),
        cues.BEFORE.search(low[max(0, one.start - 40) : one.start]),
    )
    letters = {found["letter"].upper() for found in near if found}
    return any(letter in options.given and letter != one.letter for letter in letters)


def supposed(one: Mention, low: str) -> bool:
    """Whether a mention holds under a condition only: 'option A would be correct if the margin were sharp'."""
    if cues.CONDITION.search(_sentence(low[max(0, one.start - cues.WINDOW) : one.start])):
        return True
    rest = _SENTENCE.split(low[one.end : one.end + cues.WINDOW], maxsplit=1)[0]
    return bool(cues.CONDITION.search(rest[:120]) and cues.WOULD.search(rest[:40]))


def discussed(one: Mention, low: str) -> bool:
    """Whether a mention stands under words that talk options down, or is asked about."""
    before = low[max(0, one.start - cues.WINDOW) : one.start]
    return bool(cues.DISCUSSES.search(_sentence(before))) or low[one.end : one.end + 3].lstrip("\"')")[:1] in (
        "?",
        "？",
    )
