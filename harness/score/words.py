"""Text to the words that are compared."""

from __future__ import annotations

import re
import unicodedata

_ARTICLES = frozenset({"a", "an", "the"})
# Han and kana are written without spaces: one character is one word. NFKC has mapped their compatibility forms.
_UNSPACED = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f])")
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
# A comma inside a number ("1,000") joins nothing.
_JOINT = re.compile(r"(?<!\d),|,(?!\d)|[;\u3001]|\band\b")
# Every yes/no answer of SLAKE has to be here: a gold that is neither is refused.
_YES_ZH = "是 是的 有 包含 包括 存在 可以 能 会 正常 健康"
_NO_ZH = "不 不是 否 没有 无 不包含 不包括 不存在 不可以 不能 不会 不正常 无异常"
_YES = {("yes",), *map(tuple, _YES_ZH.split())}
_NO = {("no",), *map(tuple, _NO_ZH.split())}


def words(text: str) -> tuple[str, ...]:
    """The words of a text, normalised.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    tuple of str
        In order. Unicode NFKC, case folded; whatever is neither letter, mark nor digit is a space, but for the
        point of a decimal number; invisible format characters are gone; Han and kana stand one by one; ``a``,
        ``an`` and ``the`` are dropped. Where nothing else is left, articles or signs are kept, so that "+" is
        not "-". Empty for blank text.

    Examples
    --------
    >>> words("The X-ray shows 3.4 cm.")
    ('x', 'ray', 'shows', '3.4', 'cm')
    >>> words("左肺, 右侧")
    ('左', '肺', '右', '侧')
    """
    folded = _folded(text)
    plain = ".".join("".join(map(_plain, piece)) for piece in _DECIMAL_POINT.split(folded))
    split = _UNSPACED.sub(r" \1 ", plain).split()
    return tuple(word for word in split if word not in _ARTICLES) or tuple(split) or tuple(folded.split())


def parts(text: str) -> list[tuple[str, ...]]:
    """The parts of a list of answers ("Edema, Tumor and Cyst"), sorted: equal where the order alone differs."""
    return sorted(found for part in _JOINT.split(_folded(text)) if (found := words(part)))


def polarity(text: str) -> str | None:
    """``yes`` or ``no`` where the whole text is a word for it, English or Chinese, else None."""
    said = words(text)
    return "yes" if said in _YES else "no" if said in _NO else None


def _folded(text: str) -> str:
    """Compatibility forms unified (again after folding, which can undo it), case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _plain(character: str) -> str:
    if character.isalnum():
        return character
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return character if category[0] == "M" else " "
