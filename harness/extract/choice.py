"""Reading an option letter: of the statements a reply makes, the one that commits it to an option.

The order of evidence, the first that decides is taken:

1. the last answer tag or box that can be read
2. a reply that is one letter, be it repeated, or the words of one option
3. the sentence after something was taken back ('A. Wait, C.'), then the last statement that names an option as the
   answer ('the answer is C', 'B is the best choice')
4. a letter that opens the reply ('C. Pneumothorax ...'), closes it, or has a line of its own
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

from harness.extract.characters import lower
from harness.extract.clean import Turn, clean
from harness.extract.failure import breaks_off, is_error
from harness.extract.ranks import Evidence
from harness.extract.sheet import Sheet, sheet
from harness.extract.statement import Weight, weight
from harness.extract.turns import last_read
from harness.records import Read, Unread

_SHORT = 400
_END = re.compile(r"[.!?。]\s|\n")


def _read(text: str, options: Sheet, *, cut: bool) -> Read | Unread | None:
    """Ranks 2 to 6 on one plain text; None where it says nothing of an option."""
    if not text:
        return None
    it = Evidence(text, options, cut=cut)
    words = [one for one in it.found if one.mark == "words"]
    stated = (lambda: it.stated(it.letters), it.head, it.tail, it.alone, lambda: it.stated(words))
    for reading in (it.whole, it.corrected, *stated):
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
    it = Evidence(thought, options, cut=True)
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
