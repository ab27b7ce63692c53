"""Reading an option letter: of the statements a reply makes, the one that commits it to an option.

The order of evidence, the first that decides is taken:

1. the last answer tag or box that can be read
2. a reply that is one letter, or the words of one option
3. the last statement that names an option as the answer ('the answer is C', 'B is the best choice')
4. a letter that opens the reply ('C. Pneumothorax ...'), or closes it
5. an option's words named as the answer, or opening the reply
6. the only option that a reply mentions, where nothing is denied or hedged

A letter beats words that contradict it ('A. <the words of D>' is A): people who labelled such replies took the
letter, and models garble words far more often than letters. The one exception is a text that as a whole is an
option's own words, such as 'E. coli'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from harness.extract import cues, names
from harness.extract.characters import lower, spoken
from harness.extract.clean import Turn, clean
from harness.extract.failure import breaks_off, is_error, refuses
from harness.extract.sheet import Sheet, sheet
from harness.extract.statement import Mention, Weight, discussed, listed, mentions, more, weight
from harness.extract.turns import last_read
from harness.records import Read, Unread

_SHORT = 400
_FEW = 60
_NUMBER = r"(?:(?:(?:question |q ?|#)\d{1,3}|\d{1,3}[.):])[.):]?\s)?"
_SURELY = r"(?:(?:most likely|likely|probably|definitely|certainly|clearly)\s)?"
_ONLY_LETTER = re.compile(
    rf"[\s\"'(\[{{<>.]*{_NUMBER}{_SURELY}[\"'(\[]*([A-Za-z])[\s\"')\]}}>|.:,!。]*"
    r"(?:です|である|だ|입니다|번|번입니다|definitely|certainly|probably|most likely|i think|i believe)?[.。!\s]*",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:an?|A|the)\s")
_HEAD_WHY = re.compile(
    r"\s?[(\[][^()]{0,30}(?:confiden|certain|sure|%)"
    r"|\s?(?:,\s)?(?:because|since|due to|as it|porque|pois|ya que|weil|car)\b"
)
_VERDICT = re.compile(r"[\s:\"')\],.-]{0,4}(?:is\s)?(?:incorrect|wrong|false|not correct|not the)\b")
_DENIAL = re.compile(
    r"\b(?:no|not|without|never|neither|nor|cannot|absent|absence|exclude\w*|rule\w*|unlikely|rather|instead|except|less"
    r"|sin|ni|sem|não|nao|nem|nicht|kein\w*|pas|sans|non|senza)\b|n't\b|不|没|無|无|未|非|ない|なし|せず|לא|ללא|אין|아니|없"
)
_JOINED = re.compile(r"\s?(?:/|\b(?:or|and)\b|或|和|と)")
_END = re.compile(r"[.!?。]\s|\n")


class _Text:
    """One plain text with its mentions; what the ranks below ask about it."""

    def __init__(self, text: str, options: Sheet, *, cut: bool) -> None:
        self.text, self.options, self.cut = text, options, cut
        self.low = spoken(text)
        self.found = mentions(text, self.low, options)
        self.listed = listed(text, self.found)
        self.letters = [one for one in self.found if one.mark != "words"]
        self.refuses = refuses(lower(text))

    def take(self, one: Mention) -> Read | Unread:
        """The reading of a mention that was found to decide."""
        if more(one, self.low, self.options):
            return Unread("several")
        if one.letter not in self.options.given:
            return Unread("not_an_option")
        return Read(self.options.given[one.letter])

    def whole(self) -> Read | Unread | None:
        """Rank 2: the text is one letter, or the words of one option."""
        if only := _ONLY_LETTER.fullmatch(self.text[:_FEW]) if len(self.text) <= _FEW else None:
            letter = only[1].upper()
            return Read(self.options.given[letter]) if letter in self.options.given else Unread("not_an_option")
        same = (
            self.options.same(self.text)
            or self.options.same(_ARTICLE.sub("", self.low))
            or self.options.begun(self.text)
        )
        if len(same) == 1:
            return Read(self.options.given[same[0]])
        return Unread("several") if same else None

    def stated(self, among: Sequence[Mention]) -> Read | Unread | None:
        """Ranks 3 and 5: the last mention that is named as the answer."""
        weaker: dict[Weight, dict[str, Mention]] = {Weight.STATED: {}, Weight.RIGHT: {}}
        for one in reversed(among):
            if one.start in self.listed and one.first:
                continue
            how = weight(one, self.text, self.low)
            if how is Weight.FINAL:
                return Unread("several") if one.start in self.listed else self.take(one)
            if how in weaker:
                weaker[how].setdefault(one.letter, one)
        for letters in weaker.values():
            if letters:
                return self.take(*letters.values()) if len(letters) == 1 else Unread("several")
        return None

    def enumerated(self) -> set[str]:
        """Letters that begin lines in the order of the options, two or more: options gone through one by one."""
        order = {letter: at for at, letter in enumerate(self.options.given)}
        heads = [one.letter for one in self.letters if one.first and one.mark in ("stop", "bracket")]
        places = [order[letter] for letter in dict.fromkeys(heads) if letter in order]
        return set(heads) if len(places) > 1 and places == sorted(places) else set()

    def head(self) -> Read | Unread | None:
        """Rank 4: a letter that opens the text."""
        one = self.letters[0] if self.letters else None
        if one is None or one.start > 24 or one.start in self.listed:
            return None
        before = self.low[: one.start].strip(" \"'([>\n")
        if before and not cues.OPTION.fullmatch(before):
            return None
        if one.mark == "bare" and not _HEAD_WHY.match(self.low[one.after : one.after + 20]):
            return self.take(one) if more(one, self.low, self.options) else None
        if one.mark == "closed" and self.text[one.after : one.after + 1] == "," and not one.own:
            why = _HEAD_WHY.match(self.low[one.after + 1 : one.after + 21])
            return self.take(one) if why or more(one, self.low, self.options) else None
        if not one.own and discussed(one, self.low):
            return None
        if not one.own and _VERDICT.match(self.low[one.after : one.after + 40]):
            return None
        if one.own and cues.DENIED.match(self.low[one.end : one.end + 60]):
            return None
        if self._captions(one):
            return Unread("several")
        return None if one.letter in self.enumerated() else self.take(one)

    def _captions(self, one: Mention) -> bool:
        """Whether the letters of a text name parts of a picture: '(A) axial and (B) coronal views'."""
        if one.own or not self.options.known or len(self.letters) < 2:
            return False
        two = self.letters[1]
        if two.letter not in self.options.given or names.BEFORE_LETTER.search(
            self.low[max(0, two.start - 40) : two.start]
        ):
            return False
        alike = one.mark == two.mark and one.mark in ("stop", "bracket") and one.letter != two.letter
        return alike and one.capital and two.capital and not two.own and not two.first

    def tail(self) -> Read | Unread | None:
        """Rank 4: a letter that closes the text, alone in its line or sentence, or with its option's words."""
        one = self.letters[-1] if self.letters else None
        if self.cut or one is None or one.start in self.listed or self.text[one.end :].strip(" .\"')]\n"):
            return None
        if discussed(one, self.low):
            return None
        before = self.text[: one.start].rstrip(" \"'([")
        alone = before[-1:] in ("\n", ".", "!", "?", "。", ":") and one.mark in ("closed", "bracket", "stop")
        alone = alone and not names.BEFORE_LETTER.search(spoken(before[-40:].rstrip(":")))
        if not (
            alone or (cues.OPTION.search(spoken(before[-20:] + " ")) and before.rpartition("\n")[2].count(" ") < 1)
        ):
            return None
        again = sum(other.letter == one.letter and other.first for other in self.letters) > 1
        if not one.capital or (one.letter in self.enumerated() and one.own and not again):
            return None
        return self.take(one)

    def opening_words(self) -> Read | Unread | None:
        """Rank 5: the words of an option open the text and end a clause."""
        one = next((one for one in self.found if one.mark == "words"), None)
        if one is None or one.start in self.listed or self.low[: one.start].strip(" \"'("):
            return None
        closed = re.match(r"\s?(?:[.,;:!\n。、，-]|$)", self.low[one.end : one.end + 3])
        return self.take(one) if closed else None

    def only(self) -> Read | Unread | None:
        """Rank 6: the only option that is mentioned, near the start or the end."""
        meant = [one for one in self.found if self._meant(one)]
        letters = {one.letter for one in meant}
        if len(letters) > 1 or any(self._joined(one) for one in meant):
            return Unread("several")
        near = [one for one in meant if one.start < _SHORT or one.start > len(self.text) - _SHORT]
        if not near or self.refuses or self.cut:
            return None
        return self.take(near[0])

    def _joined(self, one: Mention) -> bool:
        """Whether an option's words are one of two things that are named: 'pneumothorax or rib fracture'."""
        return one.mark == "words" and bool(_JOINED.match(self.low[one.end : one.end + 6]))

    def _meant(self, one: Mention) -> bool:
        if one.start in self.listed or discussed(one, self.low):
            return False
        if weight(one, self.text, self.low) is Weight.HEDGED:
            return True
        if cues.AGAINST.match(self.low[one.end : one.end + 60]):
            return False
        if one.mark == "words":
            rest = self.low[: one.start] + self.low[one.end :] if len(self.text) < _SHORT else "no"
            return len(_END.findall(self.text[:_SHORT])) < 3 and not _DENIAL.search(rest)
        if one.own:
            return one.mark in ("bracket", "stop")
        last = not self.text[one.end :].strip(" .\"')\n")
        before = self.low[max(0, one.start - 60) : one.start]
        if cues.OPTION.search(before):
            return len(self.text) < _SHORT or one.start > len(self.text) - _SHORT
        if names.BEFORE_LETTER.search(before) or not one.capital:
            return False
        if one.mark == "bracket":
            named = before.rstrip(" \"'").endswith(self.options.texts.get(one.letter) or "\n")
            return last or named
        return last and one.first and one.mark == "stop" and not self.options.known


def _read(text: str, options: Sheet, *, cut: bool) -> Read | Unread | None:
    """Ranks 2 to 6 on one plain text; None where it says nothing of an option."""
    if not text:
        return None
    it = _Text(text, options, cut=cut)
    words = [one for one in it.found if one.mark == "words"]
    for reading in (it.whole, lambda: it.stated(it.letters), it.head, it.tail, lambda: it.stated(words)):
        if (got := reading()) is not None:
            return got
    if it.refuses:
        return Unread("refusal")
    for reading in (it.opening_words, it.only):
        if (got := reading()) is not None:
            return got
    if it.listed:
        return Unread("echo")
    return None


def _conclusion(thought: str, options: Sheet) -> Read | Unread | None:
    """What thoughts end with, where the reply has nothing after them: a statement in their last sentence."""
    it = _Text(thought, options, cut=True)
    for one in reversed(it.letters):
        rest = it.low[one.end :].strip(" .\"')\n")
        if len(rest) > _SHORT or _END.search(rest):
            return None
        if weight(one, thought, it.low) is Weight.FINAL and one.start not in it.listed:
            return it.take(one)
    return None


def _turn(turn: Turn, options: Sheet, *, cut: bool) -> Read | Unread:
    if not turn.text and not turn.marked and not turn.thought:
        return Unread("empty")
    if is_error(lower(turn.text[:_SHORT])):
        return Unread("error_text")
    for piece in reversed(turn.marked):
        got = _read(piece, options, cut=False)
        if isinstance(got, Read) or (got is not None and got.why in ("several", "not_an_option")):
            return got
    got = _read(turn.text, options, cut=cut)
    if got is None and turn.thought and not turn.text:
        got = _conclusion(turn.thought, options) or Unread("cut_off" if turn.open or cut else "none")
    if got is None:
        got = Unread("cut_off" if cut or breaks_off(lower(turn.text)) else "none")
    return got


def letter(
    reply: str, options: Mapping[str, str] | Sequence[str], *, finish: Literal["stop", "length"] = "stop"
) -> Read | Unread:
    """Read the option letter that a reply commits to.

    Parameters
    ----------
    reply : str
        Raw text of the model; any Unicode text of any length. Time grows linearly with it.
    options : mapping of str to str, or sequence of str
        The options as shown: letter -> text, or letters alone (1 to 26, from A to Z). With texts, a reply may give
        an option's words instead of its letter. Where only letters are given, texts are taken from the option list
        of an echoed prompt.
    finish : {"stop", "length"}
        ``length`` where the reply was cut off. Then only what commits by itself is read: tags, statements, a letter
        that opens the reply; not a letter that happens to stand last.

    Returns
    -------
    Read or Unread
        The letter as written in ``options``, or why there is none: ``empty``, ``error_text``, ``refusal``, ``echo``,
        ``cut_off``, ``several``, ``not_an_option``, ``none``.

    Raises
    ------
    DataError
        Where the options are not 1 to 26 different letters.
    """
    taken = clean(reply, [str(key).strip().upper() for key in options])
    known = sheet(options, taken.prompt)
    return last_read(taken, lambda turn: _turn(turn, known, cut=finish == "length"))
