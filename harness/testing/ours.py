"""The suite's own extractor in the shape that `parse_rates` takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.extract import letter, phrase, yes_no
from harness.records import Read, Unread
from harness.testing.case import Kind


def ours(
    reply: str, options: Mapping[str, str], *, kind: Kind, question: str, finish: Literal["stop", "length"]
) -> Read | Unread:
    """Read a reply by `harness.extract`, as the suite does.

    Parameters
    ----------
    reply : str
        The text of the model.
    options : mapping of str to str
        Letter -> text; empty where the kind is not ``choice``.
    kind : {"choice", "yes_no", "open"}
        How the question is answered.
    question : str
        The question without its options.
    finish : {"stop", "length"}
        Whether the reply was cut off.
    """
    if kind == "choice":
        return letter(reply, options, finish=finish)
    return (yes_no if kind == "yes_no" else phrase)(reply, question=question, finish=finish)
