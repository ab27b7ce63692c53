"""The ranks of evidence in one plain text: what each finds, from a lone letter to the only option mentioned.

`harness.extract.choice` says in which order they are asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.extract import cues, names
from harness.extract.characters import lower, spoken
from harness.extract.failure import refuses
from harness.extract.sheet import Sheet
from harness.extract.statement import Mention, Weight, discussed, listed, mentions, misnamed, more, supposed, weight
from harness.extract.taken_back import afterwards
from harness.records import Read, Unread

_SHORT = 400
_FEW = 60
_LONG = 4000
_NUMBER = r"(?:(?:(?:question |q ?|#)\d{1,3}|\d{1,3}[.):])[.):]?\s)?"
_SURELY = r"(?:(?:most likely|likely|probably|definitely|certainly|clearly)\s)?"
_ONLY_LETTER = re.compile(
    rf"[\s\"'(\[{{<>.]*{_NUMBER}{_SURELY}[\"'(\[]*([A-Za-z])[\s\"')\]}}>|.:,!。]*"
    r"(?:です|である|だ|입니다|번|번입니다|definitely|certainly|probably|most likely|i think|i believe)?[.。!\s]*",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:an?|A|the)\s")
_AGAIN = re.compile(r"\W{0,5}([A-Za-z])(?:\W{1,3}\1){1,2000}\W{0,5}")
_HEAD_WHY = re.compile(
    r"\s?[(\[][^()]{0,30}(?:confiden|certain|sure|%|because|since|due)"
    r"|\s?(?:,\s)?(?:because|since|due to|as (?:it|the|this|there|its)|porque|pois|ya que|weil|car"
    r"|with (?:[a-z]{3,9} ){1,2}(?:confidence|certainty))\b"
)
_VERDICT = re.compile(
    r"[\s:\"')\],.-]{0,4}(?:is\s)?(?:incorrect|wrong|false|no|unlikely|excluded|not correct|not the)\b"
)
_DENIAL = re.compile(
    r"\b(?:no|not|without|never|neither|nor|cannot|absent|absence|exclude\w*|rule\w*|unlikely|rather|instead|except|less"
    r"|sin|ni|sem|não|nao|nem|nicht|kein\w*|pas|sans|non|senza)\b|n't\b|不|没|無|无|未|非|ない|なし|せず|לא|ללא|אין|아니|없"
)
_JOINED = re.compile(r"\s?(?:/|\b(?:or|and|with|versus|vs)\b|或|和|と)")
_REST = re.compile(r"[^\n]*[^\s.:;!\"')\]]")
_FITS = re.compile(
    r"[\s:,-]{0,3}(?:also )?(?:fits|matches|explains|is (?:also )?(?:possible|plausible|likely|correct|right))\b"
)
_POLAR = frozenset(["yes", "no", "none"])
_END = re.compile(r"[.!?。]\s|\n")


class Evidence:
    """One plain text with its mentions, and what each rank makes of it: a reading, or None where it says nothing."""

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
        if (
            len(self.text) <= _LONG
            and (again := _AGAIN.fullmatch(self.text))
            and again[1].upper() in self.options.given
        ):
            return Read(self.options.given[again[1].upper()])
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
                return Unread("several") if one.start in self.listed or self._goes_on(one) else self.take(one)
            if how in weaker:
                weaker[how].setdefault(one.letter, one)
        for letters in weaker.values():
            if letters:
                return self.take(*letters.values()) if len(letters) == 1 else Unread("several")
        return None

    def _goes_on(self, one: Mention) -> bool:
        """Whether more bare letters follow on lines of their own: 'Answer: A', then 'B', then 'C'."""
        two = next((other for other in self.letters if other.start >= one.after), None)
        bare = two is not None and two.start in self.listed and not two.own and two.letter != one.letter
        return bare and not self.text[one.after : two.start].strip()  # type: ignore[union-attr]

    def corrected(self) -> Read | Unread | None:
        """Rank 3, where something was taken back: the sentence after it, unless a later one names the answer."""
        start, end = afterwards(lower(self.text))
        if start == end:
            return None
        said, rest = (Evidence(text, self.options, cut=self.cut) for text in (self.text[start:end], self.text[end:]))
        if isinstance(rest.stated(rest.letters), Read):
            return None
        got = said.whole() or said.stated(said.letters)
        return got if isinstance(got, Read) or got == Unread("several") else None

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
        before = self.low[: one.start].strip(" \"'([>\n-")
        if before and not cues.OPTION.fullmatch(before):
            return None
        if one.mark == "bare" and not _HEAD_WHY.match(self.low[one.after : one.after + 40]):
            return self.take(one) if more(one, self.low, self.options) else None
        if one.mark == "closed" and self.text[one.after : one.after + 1] == "," and not one.own:
            why = _HEAD_WHY.match(self.low[one.after + 1 : one.after + 41])
            return self.take(one) if why or more(one, self.low, self.options) else None
        if not one.own and discussed(one, self.low):
            return None
        if not one.own and _VERDICT.match(self.low[one.after : one.after + 40]):
            return None
        if one.own and cues.DENIED.match(self.low[one.end : one.end + 60]):
            return None
        if self._supported(one) and any(self._supported(two) for two in self.letters if two.letter != one.letter):
            return Unread("several")
        if self._captions(one):
            return Unread("several")
        return None if one.letter in self.enumerated() else self.take(one)

    def _supported(self, one: Mention) -> bool:
        """Whether a line that begins with an option and its words speaks for it, as more than one may do."""
        return one.first and one.own and bool(_FITS.match(self.low[one.end : one.end + 40]))

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
        if self.cut or one is None or one.start in self.listed or self.text[one.end :].strip(" .;:!。\"')]\n"):
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
        if not (one.capital or (one.first and before.endswith("\n"))) or (
            one.letter in self.enumerated() and one.own and not again
        ):
            return None
        return self.take(one)

    def alone(self) -> Read | Unread | None:
        """Rank 4: a letter alone on its line, within the text; several where lines disagree."""
        lines = [one for one in self.letters if one.first and one.mark in ("closed", "bracket") and not one.own]
        alone = [
            one
            for one in lines
            if one.capital and not _REST.match(self.text, one.after) and not discussed(one, self.low)
        ]
        if not alone or any(one.start in self.listed for one in alone):
            return None
        return self.take(alone[0]) if len({one.letter for one in alone}) == 1 else Unread("several")

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
        if len(letters) > 1 or any(self._joined(one) for one in self.found):
            return Unread("several")
        near = [one for one in meant if one.start < _SHORT or one.start > len(self.text) - _SHORT]
        if not near or self.refuses or self.cut:
            return None
        return self.take(near[0])

    def _joined(self, one: Mention) -> bool:
        """Whether an option's words are one of two things that are named: 'pneumothorax or rib fracture'."""
        joined = _JOINED.match(self.low[one.end : one.end + 6]) if one.mark == "words" else None
        other = joined and any(0 <= two.start - one.end - joined.end() < 3 for two in self.found)
        return bool(joined) and (bool(other) or self._meant(one))

    def _set_aside(self, one: Mention) -> bool:
        before = self.low[max(0, one.start - cues.WINDOW) : one.start]
        return bool(cues.SET_ASIDE.search(before)) or misnamed(before) or supposed(one, self.low)

    def _meant(self, one: Mention) -> bool:
        if one.start in self.listed or discussed(one, self.low) or self._set_aside(one):
            return False
        if weight(one, self.text, self.low) is Weight.HEDGED:
            return True
        if cues.AGAINST.match(self.low[one.end : one.end + 60]):
            return False
        if one.mark == "words" and self.options.texts[one.letter] in _POLAR and self.low[one.end : one.end + 2].strip():
            # 'No option is correct' is not the option 'No'
            return self.low[one.end : one.end + 1] in tuple(".,;:!")
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
