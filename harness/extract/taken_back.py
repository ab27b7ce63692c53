"""Corrections: what a speaker says after taking something back, as in 'B. Wait, A.'"""

from __future__ import annotations

import re
from collections import deque

_MOST = 200
_CUE = re.compile(
    r"(?<![^\W_])(?:no,? )?(?:wait|actually|sorry|scratch that|strike that|correction|my mistake|i made a mistake"
    r"|i was wrong|i stand corrected|let me correct (?:that|this|myself)|on second thoughts?"
    r"|on (?:further |closer )?(?:reflection|inspection))(?![^\W_])[\s,.:;!-]{0,6}(?:no,? )?(?:sorry[,:]? )?"
)
_END = re.compile(r"[.!?。！？](?=\s|$)|\n|[。！？]")
_LONGEST = 200


def afterwards(low: str) -> tuple[int, int]:
    """Where the sentence stands that follows the last correction of a text in lower case.

    Returns
    -------
    start, end : int
        Of the sentence; equal where nothing is taken back, or nothing is said afterwards.
    """
    cues = deque(_CUE.finditer(low), maxlen=_MOST)
    for cue in reversed(cues):
        start = cue.end()
        if low[: cue.start()].strip(" \n.,-!:;*"):
            stop = _END.search(low, start, start + _LONGEST)
            return start, stop.start() if stop else min(len(low), start + _LONGEST)
    return 0, 0
