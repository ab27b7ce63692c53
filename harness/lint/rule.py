"""What a rule about words is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.lint.vocabulary import phrases

PEOPLE = (
    "(?:humans?|experts?|physicians?|clinicians?|radiologists?|doctors?|specialists?|pathologists?|dermatologists?)"
)
IMAGES = r"(?:images?|pictures?|scans?|pixels?|x ?rays?|radiographs?|slides?|visual \w{1,20}|vision)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One family of words.

    Attributes
    ----------
    name : str
        By which a suppression names it.
    pattern : re.Pattern
        Where it is said.
    why, instead : str
        Why it cannot stand, and what could.
    needs, unless : frozenset of str
        Facts of the sentence: all of ``needs`` make it a claim, any of ``unless`` carries it.
    but : re.Pattern or None
        What makes it another word, within 40 characters.
    claims : tuple of str
        Claims of a run that speak of the same.
    """

    name: str
    pattern: re.Pattern[str]
    why: str
    instead: str
    needs: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    but: re.Pattern[str] | None = None
    claims: tuple[str, ...] = ()


def rule(name: str, *said: str, why: str, instead: str, but: tuple[str, ...] = (), **more: str) -> Rule:
    """Return a rule; ``needs``, ``unless`` and ``claims`` are names with blanks between them.

    Parameters
    ----------
    name : str
        Of the rule.
    *said : str
        Its phrases; see `harness.lint.vocabulary.phrases`.
    why, instead : str
        For the reader.
    but : tuple of str
        Phrases that make it another word.
    **more : str
        ``needs``, ``unless``, ``claims``.
    """
    return Rule(
        name=name,
        pattern=phrases(*said),
        why=why,
        instead=instead,
        needs=frozenset(more.get("needs", "").split()),
        unless=frozenset(more.get("unless", "").split()),
        but=phrases(*but) if but else None,
        claims=tuple(more.get("claims", "").split()),
    )
