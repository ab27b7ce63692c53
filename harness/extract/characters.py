"""Characters: one spelling for each of the many forms that a letter, a space, a bracket or a dash can take."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+")
_COMPATIBLE = re.compile(r"[\uff01-\uffee\u249c-\u24e9\U0001d400-\U0001d7ff\U0001f110-\U0001f149]")
_NEGATIVE = re.compile(r"[\U0001f150-\U0001f169\U0001f170-\U0001f189]")
_LINE = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACE = re.compile(r"[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SHAPES = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»「」『』《》〈〉″", '"'),
        **dict.fromkeys("‘’‚‛´ʼ′", "'"),
        **dict.fromkeys("【〔〖", "["),
        **dict.fromkeys("】〕〗", "]"),
        **dict.fromkeys("‐‑‒−", "-"),
        "—": " - ",
        "―": " - ",
        "،": ",",
        "؛": ";",
        "؟": "?",
        "…": "...",
        "→": "->",
        "⇒": "=>",
        "➡": "->",
        "∴": "therefore ",
    }
)
# A stand-alone look-alike is read only where its looks and its place in its own alphabet name the same letter, or
# where only one of the two can be an option. Cyrillic Ve looks like B and is the third letter: it stays unread.
_TWINS = {"А": "A", "а": "a", "С": "C", "с": "c", "Α": "A", "Β": "B", "Ε": "E"}
_TWIN = re.compile(rf"(?<![^\W\d_])[{''.join(_TWINS)}](?![^\W\d_])")


@cache
def _compatible(char: str) -> str:
    return unicodedata.normalize("NFKC", char)


def _negative(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(65 + code - (0x1F150 if code < 0x1F170 else 0x1F170))


def normal(text: str) -> str:
    """Bring look-alike characters into one form: full-width and styled letters, quotes, dashes, spaces, lines.

    Done one character at a time: a normal form of the whole text would take quadratic time on a long run of
    combining marks. Circled digits stay what they are, since options are often nothing else.
    """
    text = _LINE.sub("\n", _INVISIBLE.sub("", text))
    text = _SPACE.sub(" ", text).translate(_SHAPES)
    text = _COMPATIBLE.sub(lambda found: _compatible(found.group()), text)
    text = _NEGATIVE.sub(_negative, text)
    return _TWIN.sub(lambda found: _TWINS[found.group()], text)


_FENCE = re.compile(r"(?m)^ {0,3}```[A-Za-z0-9+-]{0,12} ?$")
_LATEX = re.compile(
    r"\\(?:text[a-z]{0,6}|math[a-z]{1,6}|operatorname|rm|bf|it|large|Large|huge)\s{0,3}\{([^{}]{0,400})\}"
)
_DOLLARS = re.compile(r"\\[()\[\]]|\$")
_BLOCK_TAG = re.compile(r"<(?:/?(?:p|div|li|ul|ol|h[1-6]|tr|center)|br ?/?)(?: [^<>]{0,120})?>", re.IGNORECASE)
_INLINE_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|code|mark|font|sup|sub|s|td)(?: [^<>]{0,120})?>")
_EMPHASIS = re.compile(r"(?<!\d)\*+|\*+(?!\d)|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])|`+|~~|[✓✔✅☑👉🔹🔸⭐🎯❗✨]+")
_BULLET = re.compile(r"(?m)^(?:[ #•·▪●○◦►▶➤➔|]|[-–+] |> (?=[^\W\d_]))+(?=[^ \n])")
_BLANKS = re.compile(r" {2,}")
_EDGES = re.compile(r" ?\n ?")
_GAPS = re.compile(r"\n{3,}")


def plain(text: str) -> str:
    """Take the markup off a text in normal form: LaTeX text, HTML, emphasis, bullets, headings, double spaces."""
    text = _LATEX.sub(r"\1", _FENCE.sub("", text))
    text = _INLINE_TAG.sub("", _BLOCK_TAG.sub("\n", _DOLLARS.sub("", text)))
    text = _BLANKS.sub(" ", _EMPHASIS.sub("", text))
    text = _BULLET.sub("", text)
    return _GAPS.sub("\n\n", _EDGES.sub("\n", text)).strip()


def lower(text: str) -> str:
    """Lower case, one character for one, so that positions in the text stay valid."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


_LONG = re.compile(r"[A-Za-z0-9À-ɏ]{2,}|[^\x00-\x7f]+")


def spoken(text: str) -> str:
    """Lower case but for capitals that stand alone, so that 'answer is A B' is not taken for an article."""
    return _LONG.sub(lambda found: lower(found.group()), text)


def joins(char: str) -> bool:
    """Whether a character beside a letter makes the two one word: letters and digits of spaced alphabets.

    Chinese, Japanese, Korean and Thai write an option's letter into the sentence without spaces, so that
    their characters do not join.
    """
    return char.isalnum() and not "\u0e00" <= char <= "\u0e7f" and not char >= "\u2e80"
