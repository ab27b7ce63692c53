"""Reading a short answer: the first sentence of what is meant as the answer, without its wrappings."""

from __future__ import annotations

import re
from typing import Literal

from harness.extract.characters import lower, normal, plain
from harness.extract.clean import Cleaned, Turn, clean
from harness.extract.failure import is_error, refuses
from harness.records import Read, Unread

_NAMES = (
    r"(?:final|short|correct|best|my|likely|most likely)?\s?"
    r"\b(?:answer|ans|respuesta|resposta|réponse|antwort|risposta|response|conclusion)"
    r"(?: correcta| correta| final| finale)?(?: to (?:the|this|your) question)?"
)
_LEAD = re.compile(
    rf"(?:(?:so|therefore|thus|hence|and|then),?\s)?(?:the |la |a |o |die |l')?{_NAMES}"
    r"\s?(?::|=|is:?|would be:?|es:?|é:?|est:?|ist:?)\s*"
)
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
_ECHO_WORDS = 5


def _words(text: str) -> str:
    return " ".join(_WORD.findall(lower(text)))


def _after_lead(text: str) -> str:
    """What follows the last 'the answer is', or the whole text."""
    low = lower(text)
    last = len(text.rstrip(" \n.\"'"))
    ends = [lead.end() for pattern in (_LEAD, _ASIAN_LEAD) for lead in pattern.finditer(low) if lead.end() < last]
    return text[max(ends, default=0) :]


def _first(text: str) -> str:
    """The first sentence of the first line that is more than an announcement."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    line = next((one for one in lines if not one.endswith((":", "："))), lines[0] if lines else "")
    for stop in _STOP.finditer(line):
        word = line[max(0, stop.start() - 12) : stop.start()].rpartition(" ")[2].lstrip("(").lower()
        numbered = stop.start() < 3 and word.isdigit()
        if stop.group() in "。！？" or not (numbered or len(word) < 2 or word in _ABBREVIATED):
            return line[: stop.start()].strip()
    return line


def _bare(text: str) -> str:
    text = text.strip().rstrip(".。,;:!").strip()
    for opener, closer in ('""', "''", "()", "[]", "{}"):
        if len(text) > 1 and text[0] == opener and text[-1] == closer and opener not in text[1:-1]:
            text = text[1:-1].strip().rstrip(".。").strip()
    return text


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
    text = _of(turn)
    if _PLACEHOLDER.fullmatch(lower(text)) and turn.marked:
        return Unread("none")
    if not text:
        return Unread("cut_off" if turn.open or (cut and turn.thought) else "none" if turn.thought else "empty")
    if is_error(lower(text)):
        return Unread("error_text")
    if _LEAD.fullmatch(lower(text)):
        return Unread("cut_off")
    answer = _bare(_first(_after_lead(text)))
    if not _words(answer):
        return Unread("none" if answer or text else "empty")
    if refuses(lower(_first(text))) or refuses(lower(answer)):
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
