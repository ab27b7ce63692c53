"""Reading a short answer: the first sentence of what is meant as the answer, without its wrappings."""

from __future__ import annotations

import re
from typing import Literal

from harness.extract.characters import lower, normal, plain
from harness.extract.clean import Cleaned, Turn, clean
from harness.extract.failure import is_error, refuses
from harness.records import Read, Unread

_NAMES = (
    r"(?:(?:final|short|correct|best|my|likely|most likely)\s){0,3}"
    r"\b(?:answer|ans|guess|respuesta|resposta|réponse|antwort|risposta|response|conclusion)"
    r"(?: correcta| correta| final| finale)?(?: to (?:the|this|your) question)?"
)
_ELSEWHERE = r"(?:правильный )?ответ|الإجابة(?: الصحيحة)?|الجواب|(?:התשובה|תשובה)(?: הנכונה)?"
_LEAD = re.compile(
    rf"(?:(?:so|therefore|thus|hence|and|then),?\s)?(?:the |la |a |o |die |l')?(?:{_NAMES}|{_ELSEWHERE})"
    r"\s?(?::|=|(?:is|would be|es|é|est|ist|è|هي|هو|היא)(?![^\W_])[:,]?)"
    r"\s*(?:(?:most likely|probably|likely|definitely|clearly)\s)?"
)
_ONLY_NAMED = re.compile(rf"\W{{0,3}}(?:the )?(?:{_NAMES}|{_ELSEWHERE})\W{{0,3}}")
_ASKS = re.compile(r"\b(?:what|which|whether|if|how|why)\s$")
_TURNS = re.compile(r"[.!?;:\n]|\b(?:but|still|however|although|though|yet)\b")
_COPULA = re.compile(r"(?<=.)(?:です|である|입니다)$")
_ASIAN_LEAD = re.compile(r"(?:最终|正确|最終)?(?:答案|回答|答え|解答|答|정답|답)(?:是|为|為|は|：|:|은|는)[:：]?\s*")
_PLACEHOLDER = re.compile(
    r"(?:your |the |correct |final |short |a )*(?:answer|letter|correct letter|phrase|word)(?: here)?\W*"
)
_STOP = re.compile(r"[.!?]+\s+(?=[^\W\d_a-z])|[。！？]")
_ABBREVIATED = frozenset(
    ["dr", "mr", "mrs", "st", "vs", "approx", "ca", "cf", "fig", "no", "nr", "etc", "incl", "sup", "inf"]
)
_ROLE_WORD = re.compile(r"\b(?:ASSISTANT|USER)\b")
_WORD = re.compile(r"[^\W_]+")
_NAMED = re.compile(r"\b(?:answer|respuesta|resposta|réponse|antwort|risposta)\b")
_TOLD = re.compile(r"\W{0,3}(?:please|answer|reply|respond|give|choose|select|provide|use|write)\b(?!\s?[:=])")
_ECHO_WORDS = 5
_LONGEST_QUESTION = 400


def _words(text: str) -> str:
    return " ".join(_WORD.findall(lower(text)))


def _lead(text: str) -> tuple[int, int]:
    """Start and end of the last 'the answer is'; zeros where there is none. It ends the text where nothing follows."""
    low = lower(text)
    last = len(text.rstrip(" \n.\"'(["))
    found = [
        lead.span()
        for pattern in (_LEAD, _ASIAN_LEAD)
        for lead in pattern.finditer(low)
        if not _ASKS.search(low[max(0, lead.start() - 10) : lead.start()])
    ]
    before = [span for span in found if span[1] < last]
    return max(before or found, key=lambda span: span[1], default=(0, 0))


def _unasked(text: str, asked: str) -> str:
    """The text without the question that it begins with, and without what else stands on that line of the prompt."""
    words = _WORD.findall(lower(asked))[:_LONGEST_QUESTION]
    if len(words) < 3:
        return text
    echo = re.match(r"\W*" + r"[\W_]+".join(words) + r"[^\w\n]*", lower(text))
    if not echo:
        return text
    head, _, tail = text[echo.end() :].partition("\n")
    if tail.strip():
        return tail
    return head if _WORD.search(head) and not _TOLD.match(lower(head)) else text


def _first(text: str, *, led: bool = False) -> str:
    """The first sentence of the first line that is more than an announcement.

    A number with its stop counts the entries of a list ('1. Liver'), but for one that was led up to.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    lines = [line for line in lines if not _ONLY_NAMED.fullmatch(lower(line))]
    line = next((one for one in lines if not one.endswith((":", "："))), lines[0] if lines else "")
    if line.endswith((":", "：")) and _NAMED.search(lower(line)):
        return ""
    for stop in _STOP.finditer(line):
        word = line[max(0, stop.start() - 12) : stop.start()].rpartition(" ")[2].lstrip("(").lower()
        numbered = stop.start() < 3 and word.isdigit() and not led
        if stop.group() in "。！？" or not (numbered or (len(word) < 2 and not word.isdigit()) or word in _ABBREVIATED):
            return line[: stop.start()].strip()
    return line


def _bare(text: str) -> str:
    text = text.strip().rstrip(".。,;:!").strip()
    for opener, closer in ('""', "''", "()", "[]", "{}"):
        if len(text) > 1 and text[0] == opener and text[-1] == closer and opener not in text[1:-1]:
            text = text[1:-1].strip().rstrip(".。").strip()
    return _COPULA.sub("", text)


def _echoes(text: str, asked: str, *, transcript: bool) -> bool:
    """Whether a text only says the question again, or speaks of the roles of the transcript."""
    words, question = _words(text), _words(asked)
    if text.endswith("?") or (transcript and _ROLE_WORD.search(text)):
        return True
    return (
        bool(words) and f" {words} " in f" {question} " and (words.count(" ") + 1 >= _ECHO_WORDS or words == question)
    )


def _of(turn: Turn) -> str:
    marked = [piece for piece in turn.marked if not _PLACEHOLDER.fullmatch(lower(piece))]
    return marked[-1] if marked else turn.text


def _read(taken: Cleaned, turn: Turn, asked: str, *, cut: bool) -> Read | Unread:
    text = _unasked(_of(turn), asked)
    if _PLACEHOLDER.fullmatch(lower(text)) and turn.marked:
        return Unread("none")
    if not text:
        return Unread("cut_off" if turn.open or (cut and turn.thought) else "none" if turn.thought else "empty")
    if is_error(lower(text)):
        return Unread("error_text")
    start, end = _lead(text)
    if (end and not _WORD.search(text[end:])) or (turn.dangling and not turn.marked):
        return Unread("cut_off")
    answer = _bare(_first(text[end:], led=end > 0))
    if not _words(answer):
        return Unread("none" if answer or text else "empty")
    turned = end and _TURNS.search(lower(text[:start]))
    if (refuses(lower(_first(text))) and not turned) or refuses(lower(answer)):
        return Unread("refusal")
    if _echoes(answer, asked, transcript=bool(taken.prompt)):
        return Unread("echo")
    return Read(answer)


def phrase(reply: str, *, question: str = "", finish: Literal["stop", "length"] = "stop") -> Read | Unread:
    """Read a short answer.

    What is taken off: an echoed prompt, thoughts, answer tags and boxes, markup, 'the answer is', the closing stop,
    explanations after the first sentence, and turns that the model wrote after its answer.

    Parameters
    ----------
    reply : str
        Raw text of the model; any Unicode text of any length.
    question : str
        The question, where it is known; else that of an echoed prompt is taken. An answer that only repeats five or
        more words of it in a row is an echo.
    finish : {"stop", "length"}
        ``length`` where the reply was cut off. An answer that lost its end is still read.

    Returns
    -------
    Read or Unread
        The answer as the model wrote it, on one line; or why there is none: ``empty``, ``error_text``, ``refusal``,
        ``echo``, ``cut_off``, ``none``.
    """
    taken = clean(reply)
    asked = plain(normal(question)) or taken.question
    got: Read | Unread = Unread("empty")
    for turn in taken.turns:
        got = _read(taken, turn, asked, cut=finish == "length")
        if isinstance(got, Read) or got.why not in ("empty", "none"):
            return got
    return Unread("echo") if taken.prompt and got == Unread("empty") else got
