"""Reading yes or no: only from words that say so, or from a sentence that restates the question.

'No' counts as an answer where it stands alone in its clause; inside 'normal', 'know' or 'not' it is nothing, and
before a noun ('No fracture') it describes. A sentence such as 'There is no effusion' answers 'Is there an effusion?'
with no, and 'Is the pleura clear?' with yes; so it is read only where the question is known and restated word for
word. Words for 'normal' are never yes.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Literal

from harness.extract import cues
from harness.extract.characters import lower, normal, plain
from harness.extract.clean import Turn, clean
from harness.extract.failure import breaks_off, is_error, refuses
from harness.extract.taken_back import afterwards
from harness.extract.turns import last_read
from harness.records import Read, Unread

_WORDS = {
    "yes": (
        "yes yeah yep sí sì sim oui ja да так tak evet כן نعم हाँ हां はい 예 네",
        "是 是的 对 对的 對 有 有的 存在 包含 包括 可以 能 会 會 在 属于 屬於 正确 正確 能够",
    ),
    "no": (
        "no nope não nao non nein nee нет ні nie hayır לא لا नहीं いいえ 아니요 아니오",
        "否 不 不是 不是的 不对 不對 没有 沒有 没 無 无 不存在 不包含 不包括 不可以 不能 不会 不會 不在 不属于 不屬於",
        "不正确 不正確",
    ),
}
_VALUE = {word: value for value, lines in _WORDS.items() for line in lines for word in line.split()}
_VALUE["si"] = "yes"
_POLAR = "|".join(sorted(map(re.escape, _VALUE), key=len, reverse=True))
_TOKEN = re.compile(rf"(?<![^\W_])(?<![-'])({_POLAR})(?:입니다|です)?(?![^\W_])(?![-'])")
# 'so no.', ', yes' at the end of a sentence
_SO = r"(?:(?:so|then|therefore|thus|hence|and|because|因此|所以)[,，]?\s?)?(?:the answer is\s)?"
_CLOSE = re.compile(rf"(?:^|[,:]\s?){_SO}({_POLAR})[\"')]?[.!。]?$")
_SURELY = r"(?:(?:most likely|likely|probably|definitely|certainly|clearly)[,:]?\s)?"
_WHOLE = re.compile(rf"[\s\"'(\[{{.>-]*{_SURELY}({_POLAR})[\s\"')\]}}.!。,]*")
_LEAD = re.compile(rf"[\s\"'(\[>-]*(?:a:\s?)?({_POLAR})[\"')\]]?(?=\s?[.,;:!。、\n(]|\s-|$)(?!\.\s?\d)")
_LEAD_OPEN = re.compile(
    r"[\s\"'(]*(yes|no)\s(?=(?:there|it|this|that|the|i|we|he|she|they|these|in|based|because|you"
    r"|indeed|of course|absolutely|definitely)\b)"
)
_BOTH = re.compile(
    r"\s*[\"'(\[]?(?:yes|no|sí|si|sim|oui|ja|是|有)[\"')\]]?\s?(?:/|\||,?\s?(?:and|or|y|o|e|ou|oder|et|或|还是)\s?)"
    r"[\"'(\[]?(?:no|yes|não|nao|non|nein|否|没有|無|无)\b"
)
_SWAYS = re.compile(
    r"\W*(?:(?:yes|sí|sim|oui|ja|sì),\s(?:no|não|non|nein)|(?:no|não|non|nein),\s(?:yes|sí|sim|oui|ja|sì))\W*"
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")

_STATE = re.compile(r"\W*(?:(?P<un>不|非)?(?:正常|健康)|(?P<without>无|無|没有|沒有)?(?P<ill>异常|異常))\W*")
_ASKS_NORMAL = re.compile(r"(?<![不非])(?:正常|健康)")
_ASKS_ILL = re.compile(r"[异異]常|[不非]正常")

_MOST_TOKENS = 1000
_SHORTEST = 20
_SHORT = 40
_WORD = re.compile(r"[^\W_]+")
_LAST = re.compile(r"[^\W\d_]{1,20}\Z")

_POLAR_QUESTION = re.compile(
    r"(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|any)\b(?!.*\bor\b)"
)
_NEGATION = re.compile(r"\b(?:no|not|none|never|neither|nor|without|absent|cannot|absence)\b|n't\b")
_HEDGE = re.compile(
    r"\b(?:may|might|could|possibl[ey]|perhaps|probabl[ey]|suspicious|suspected|suggest\w*|unclear|difficult|cannot|can't"
    r"|sure|if|unless|but|however|although)\b|n't be\b|\bnot be\b"
)
_JUDGED = re.compile(
    r"\b(?:ab)?normal\w*\b|\bunremarkable\b|\bpatholog\w*|\bhealthy\b|\bclear\b|\bintact\b|\bfree\b|\bsame\b"
)
_SAYS_LITTLE = (
    "there this that these those with from have been does were what which into onto than then they them their",
    "image images picture visible seen present evidence sign signs show shows shown showing demonstrate",
    "demonstrated either patient film scan xray x-ray chest brain noted appear appears being here same also",
    "such when some any",
)
_EMPTY_WORDS = frozenset(" ".join(_SAYS_LITTLE).split())


def _stems(text: str) -> set[str]:
    words = re.findall(r"[^\W\d_]{3,}", text)
    return {word[:5] for word in words if word not in _EMPTY_WORDS and len(word) > 3}


def _restated(sentence: str, question: str) -> str | None:
    """Yes or no, where a sentence says again all that a question asked, once denied or not at all."""
    asked = _SENTENCES.split(question.strip())[-1] if question.strip() else ""
    if not _POLAR_QUESTION.match(asked) or _NEGATION.search(asked) or _JUDGED.search(asked):
        return None
    stems = _stems(asked)
    if not stems or stems - _stems(sentence) or _HEDGE.search(sentence) or sentence.endswith("?"):
        return None
    denials = len(_NEGATION.findall(sentence))
    return {0: "yes", 1: "no"}.get(denials)


def _described(sentence: str, question: str) -> str | None:
    """'Normal' or 'no abnormality' in Chinese, where the question asks for one of the two: 'is it normal?'."""
    said = _STATE.fullmatch(sentence)
    sound, ill = bool(_ASKS_NORMAL.search(question)), bool(_ASKS_ILL.search(question))
    if said is None or sound == ill:
        return None
    normal = bool(said["without"]) if said["ill"] else not said["un"]
    return "yes" if normal == sound else "no"


def _named(low: str) -> str | None:
    """The last yes or no that is named as the answer, among the last thousand: 'the answer is no.'"""
    for token in reversed(deque(_TOKEN.finditer(low), maxlen=_MOST_TOKENS)):
        before = low[max(0, token.start() - cues.WINDOW) : token.start()]
        closed = re.match(r"[\"')\]]?\s?(?:[.,;:!。、\n}(]|$|です|である|입니다)", low[token.end() : token.end() + 5])
        if (
            closed
            and (cues.ANSWER.search(before) or cues.CHOOSE.search(before))
            and not _BOTH.match(low, token.start())
        ):
            return _VALUE[token[1]]
    return None


def _sways(sentence: str) -> bool:
    """Whether a sentence names both: 'Options: yes, no'."""
    return len({_VALUE[token[1]] for token in _TOKEN.finditer(sentence)}) > 1


def _corrected(low: str) -> str | None:
    """Yes or no, where it is all that a sentence says after something was taken back, and the last that is named."""
    start, end = afterwards(low)
    only = _WHOLE.fullmatch(low[start:end]) if end - start <= 40 else None
    return _VALUE[only[1]] if only and _named(low[end:]) is None else None


def _leading(low: str) -> set[str]:
    """What the text opens with, and every sentence that is nothing but yes or no."""
    found = set()
    if opens := _LEAD.match(low) or _LEAD_OPEN.match(low):
        found.add(_VALUE[opens[1]])
    for sentence in _SENTENCES.split(low):
        if len(sentence) > _SHORT:
            continue
        words = set(_WORD.findall(sentence))
        if only := _WHOLE.fullmatch(sentence):
            found.add(_VALUE[only[1]])
        elif len(words) == 1 and words <= _VALUE.keys():
            found.add(_VALUE[words.pop()])
    return found


def _read(text: str, question: str) -> Read | Unread | None:
    low = lower(text)
    if _BOTH.match(low) or _SWAYS.fullmatch(low[:_SHORTEST]):
        return Unread("several")
    if (corrected := _corrected(low)) is not None:
        return Read(corrected)
    if (named := _named(low)) is not None:
        return Read(named)
    leading = _leading(low)
    if not leading:
        last = _SENTENCES.split(low)[-2:]
        ends = [_LEAD.match(one) or _CLOSE.search(one[-60:]) for one in last if not _sways(one)]
        leading = {_VALUE[found[1]] for found in ends if found}
    if leading:
        return Read(leading.pop()) if len(leading) == 1 else Unread("several")
    if refuses(low):
        return Unread("refusal")
    sentences = [one for one in _SENTENCES.split(low) if one.strip()]
    if len(sentences) == 1 and (said := _restated(sentences[0], question) or _described(sentences[0], question)):
        return Read(said)
    return None


def _turn(turn: Turn, question: str, *, cut: bool) -> Read | Unread:
    if not turn.text and not turn.marked:
        return Unread("cut_off" if turn.open else "none" if turn.thought else "empty")
    if is_error(lower(turn.text)):
        return Unread("error_text")
    text = turn.text
    if cut and (last := _LAST.search(text)) and text[: last.start()].strip():
        # 'no' may have been the beginning of 'nothing'
        text = text[: last.start()]
    for piece in reversed(turn.marked):
        got = _read(piece, question)
        if got is not None:
            return got
    return _read(text, question) or Unread("cut_off" if cut or breaks_off(lower(turn.text)) else "none")


def yes_no(reply: str, *, question: str = "", finish: Literal["stop", "length"] = "stop") -> Read | Unread:
    """Read yes or no.

    Parameters
    ----------
    reply : str
        Raw text of the model; any Unicode text of any length. English, Spanish, Portuguese, French, German, Italian,
        Russian, Ukrainian, Polish, Turkish, Hebrew, Arabic, Hindi, Chinese, Japanese and Korean words are known.
    question : str
        The question, where it is known; else that of an echoed prompt is taken. Without one, a sentence with neither
        yes nor no is unread.
    finish : {"stop", "length"}
        ``length`` where the reply was cut off.

    Returns
    -------
    Read or Unread
        ``yes`` or ``no``, or why there is neither: ``empty``, ``error_text``, ``refusal``, ``echo``, ``cut_off``,
        ``several``, ``none``.
    """
    taken = clean(reply)
    asked = lower(plain(normal(question)) or taken.question)
    return last_read(taken, lambda turn: _turn(turn, asked, cut=finish == "length"))
