"""Parsers with faults that published harnesses have or had, each in the fewest words that keep its fault.

A corpus that is worth anything tells every one of them from a good extractor: wrong readings, or answers invented.
All take ``(reply, options)`` and return an answer or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_Options = Mapping[str, str]
_CHOICE = "A-J"


def first_capital(reply: str, options: _Options) -> str | None:
    """The first capital that could be an option, within a word too: 'COVID-19' is C, 'Benign' is B."""
    found = re.search(rf"([{_CHOICE}])\s*[:.)-]?", reply)
    return found[1] if found else None


def first_character(reply: str, options: _Options) -> str | None:
    """The first character, whatever follows: 'An X-ray shows ...' is A."""
    first = reply.strip()[:1].upper()
    return first if first in options else None


def first_lone_letter(reply: str, options: _Options) -> str | None:
    """The first capital on its own: 'A fracture is seen, so B' is A."""
    found = re.search(rf"\b[{_CHOICE}]\b", reply)
    return found[0] if found else None


def first_lone_letter_of_any_case(reply: str, options: _Options) -> str | None:
    """The same in lower case too: 'there is a fracture' is A."""
    found = re.search(rf"\b[{_CHOICE}]\b", reply, re.IGNORECASE)
    return found[0].upper() if found else None


def last_lone_letter(reply: str, options: _Options) -> str | None:
    """The last capital on its own: 'B. It is not A.' is A."""
    found = re.findall(rf"\b[{_CHOICE}]\b", reply)
    return found[-1] if found else None


def first_after_answer(reply: str, options: _Options) -> str | None:
    """The first capital after 'answer', with anything between: 'The answer is not A but B' is A."""
    found = re.search(rf"[Aa]nswer.*?\b([{_CHOICE}])\b", reply, re.DOTALL)
    return found[1] if found else None


def first_bracketed(reply: str, options: _Options) -> str | None:
    """The first letter in brackets, else the first before a stop: an echoed option list is its first option."""
    found = re.search(rf"\(([{_CHOICE}])\)", reply) or re.search(rf"\b([{_CHOICE}])[.)]", reply)
    return found[1] if found else None


def option_text_inside(reply: str, options: _Options) -> str | None:
    """The first option whose text is part of the reply: 'gallbladder' holds 'bladder'."""
    return next((letter for letter, text in options.items() if text.lower() in reply.lower()), None)


def reply_inside_option_text(reply: str, options: _Options) -> str | None:
    """The first option whose text holds the reply: an empty reply is part of everything."""
    said = reply.strip().lower()
    return next((letter for letter, text in options.items() if said in text.lower()), None)


def most_words_shared(reply: str, options: _Options) -> str | None:
    """The option that shares most words with the reply, and the first one where none does."""
    said = set(reply.lower().split())
    return max(options, key=lambda letter: len(said.intersection(options[letter].lower().split())))


def else_the_first_option(reply: str, options: _Options) -> str | None:
    """A strict pattern, and the first option where it fails: refusals score by chance."""
    found = re.search(rf"answer is \(?([{_CHOICE}])\)?", reply)
    return found[1] if found else next(iter(options))


def no_inside(reply: str, options: _Options) -> str | None:
    """No wherever 'no' is part of the reply: 'Normal heart. Yes' and 'unknown' are no."""
    return "no" if "no" in reply.lower() else "yes" if "yes" in reply.lower() else None


def yes_inside(reply: str, options: _Options) -> str | None:
    """Yes wherever 'yes' is part of the reply, else no: a refusal is no."""
    return "yes" if "yes" in reply.lower() else "no"


def first_polar_word(reply: str, options: _Options) -> str | None:
    """The first yes or no as a word, within thoughts, prompts and denials too."""
    found = re.search(r"\b(yes|no)\b", reply, re.IGNORECASE)
    return found[1].lower() if found else None


def whole_reply(reply: str, options: _Options) -> str | None:
    """All of the reply as a short answer: thoughts, refusals and the texts of errors too."""
    return reply.strip() or None


def last_line(reply: str, options: _Options) -> str | None:
    """The last line as a short answer."""
    lines = reply.strip().splitlines()
    return lines[-1].strip() if lines else None


Parser = Callable[[str, _Options], str | None]
CHOICE: tuple[Parser, ...] = (
    first_capital,
    first_character,
    first_lone_letter,
    first_lone_letter_of_any_case,
    last_lone_letter,
    first_after_answer,
    first_bracketed,
    option_text_inside,
    reply_inside_option_text,
    most_words_shared,
    else_the_first_option,
)
"""For letters."""

YES_NO: tuple[Parser, ...] = (no_inside, yes_inside, first_polar_word)
"""For yes and no."""

OPEN: tuple[Parser, ...] = (whole_reply, last_line)
"""For short answers."""
