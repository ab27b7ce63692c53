"""What a model marks as its answer: tags, boxes, and the field 'answer' of what looks like JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.extract.characters import plain

_TAG = re.compile(
    r"<(?P<end>/)?(?:final_?answer|answer|ans|conclusion|choice|response_answer)>"
    r"|\[(?P<stop>/)?(?:final_?answer|answer)\]|(?P<box><\|begin_of_box\|>)|(?P<unbox><\|end_of_box\|>)",
    re.IGNORECASE,
)
_BOX = re.compile(r"\\f?box(?:ed)?\s{0,2}(?P<open>\{)")
_FIELD = re.compile(
    r"[\"'](?:final[_ ]?)?answer[\"']\s{0,3}:\s{0,3}"
    r"(?:\"(?P<double>[^\"\n]{0,1000})\"|'(?P<single>[^'\n]{0,1000})'(?=\s{0,3}[,}])|(?P<bare>-?\d[\d.]{0,20}|true|false))",
    re.IGNORECASE,
)
_HOLLOW = re.compile(r"\\f?box(?:ed)?\s{0,2}\{\s{0,3}\}")
DANGLING = re.compile(
    r"(?:<(?:final_?answer|answer|ans|conclusion|choice)>|\\f?box(?:ed)?\s{0,2}\{)\s{0,9}\Z", re.IGNORECASE
)
_LONGEST = 4000


def _tagged(text: str) -> Iterator[tuple[int, str]]:
    start = -1
    for tag in _TAG.finditer(text):
        if start >= 0:
            yield start, text[start : tag.start()]
        closing = tag["end"] or tag["stop"] or tag["unbox"]
        start = -1 if closing else tag.end()
    if start >= 0:
        # a stop string or the length limit took the closing tag
        yield start, text[start : start + _LONGEST].strip().partition("\n")[0]


def _boxed(text: str) -> Iterator[tuple[int, str]]:
    end = 0
    for box in _BOX.finditer(text):
        if box.start() < end:
            continue
        depth, start = 1, box.end()
        for end in range(start, min(len(text), start + _LONGEST)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth == 0:
                yield start, text[start:end]
                break


def _fields(text: str) -> Iterator[tuple[int, str]]:
    """Values of the field 'answer' of what looks like JSON."""
    for field in _FIELD.finditer(text):
        yield field.start(), field[field.lastgroup or 0]


def marked(text: str) -> tuple[str, ...]:
    """What stands in answer tags, boxes and fields of a text in normal form, in order, plain."""
    found = sorted([*_tagged(text), *_boxed(text), *_fields(text)])
    return tuple(inner for _, piece in found if (inner := plain(piece)))


def unwrapped(text: str) -> str:
    """A text in normal form without its tags, empty boxes and markup."""
    return plain(_HOLLOW.sub(" ", _TAG.sub(" ", text)))
