"""From a reply to what can be read in it, by the kind of its row; the gold is not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness import extract, prompt
from harness.records import Read, Reply, Row, Unread


def read(row: Row, reply: Reply) -> Read | Unread:
    """Read a reply by the row's kind; an option letter is mapped back to the published one.

    Where the answers were scored, the most likely one is read; of two that are equally likely neither is.
    """
    finish: Literal["stop", "length"] = "length" if reply.finish == "length" else "stop"
    if reply.scores and row.kind in ("choice", "yes_no"):
        return _likeliest(row, reply.scores)
    if row.kind == "yes_no":
        return extract.yes_no(reply.text, question=row.stem, finish=finish)
    if row.kind != "choice":
        return extract.phrase(reply.text, question=row.stem, finish=finish)
    reading = extract.letter(reply.text, {option.letter: option.text for option in row.options}, finish=finish)
    if isinstance(reading, Unread):
        return reading
    return Read(next(option.origin for option in row.options if option.letter == reading.value))


def _likeliest(row: Row, scores: Sequence[float]) -> Read | Unread:
    answers = [option.origin for option in row.options] if row.kind == "choice" else list(prompt.YES_NO)
    best = [answer for answer, value in zip(answers, scores, strict=True) if value == max(scores)]
    return Read(best[0]) if len(best) == 1 else Unread("several")
