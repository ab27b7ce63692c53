"""Which rows or columns of a table are put together from which others.

Combined is what is called overall, all, total or combined (``SLAKE all`` of what else is called SLAKE), what is named
after its parts (``text+MM``), and what has an n that is the sum of the n of two or three others, or of all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.forensics.average import Line
from harness.forensics.finding import Figure
from harness.forensics.names import words_of

_ALL = frozenset(("overall", "all", "total", "combined", "everything", "sum"))
_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One row or column of shares.

    Attributes
    ----------
    name : str
        As it stands.
    figures : tuple of Figure
        Along the other axis.
    """

    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A combined member and its parts.

    Attributes
    ----------
    whole : Member
        The combined one.
    parts : tuple of Member
        At least two.
    named : bool
        Whether its name says so; else only n does.
    """

    whole: Member
    parts: tuple[Member, ...]
    named: bool

    def lines(self) -> list[Line]:
        """Return the figures of the whole, each with those of its parts."""
        parts = zip(*(part.figures for part in self.parts), strict=True)
        return [Line(whole=whole, parts=tuple(these)) for whole, these in zip(self.whole.figures, parts, strict=True)]


def is_all(name: str) -> bool:
    """Say whether a row is called overall, total or the like and nothing else."""
    words = words_of(name)
    return bool(words) and set(words) <= _ALL


def structures(members: Sequence[Member], *, by_n: bool) -> Iterator[Structure]:
    """Find combined members and their parts.

    Parameters
    ----------
    members : sequence of Member
        All columns, or all rows.
    by_n : bool
        Whether members whose n is the sum of others' count too; among at most twelve, and only where more than half of
        at least two figures are the averages of their parts.
    """
    words = [words_of(member.name) for member in members]
    for at, member in enumerate(members):
        parts = named_parts(at, words)
        if len(parts) >= 2:
            yield Structure(whole=member, parts=tuple(members[part] for part in parts), named=True)
        elif by_n and len(members) <= _MOST:
            yield from _by_n(at, members)


def named_parts(at: int, words: Sequence[tuple[str, ...]]) -> list[int]:
    """Return which of several named things one of them is put together from, as its name says; else none."""
    others = [other for other in range(len(words)) if other != at and words[other]]
    if set(words[at]) & _ALL:
        about = set(words[at]) - _ALL
        return [other for other in others if about <= set(words[other]) and not set(words[other]) & (_ALL | {"+", "&"})]
    if not {"+", "&"} & set(words[at]):
        return []
    pieces, piece = list[tuple[str, ...]](), list[str]()
    for word in (*words[at], "+"):
        if word in ("+", "&"):
            pieces.append(tuple(piece))
            piece = []
        else:
            piece.append(word)
    found = [next((other for other in others if _ends_in(words[other], piece)), None) for piece in pieces]
    return [] if None in found or len(set(found)) < len(found) else [part for part in found if part is not None]


def _ends_in(name: tuple[str, ...], piece: tuple[str, ...]) -> bool:
    """Whether a part is called so: ``MedXpertQA MM`` for ``MM``, and ``text`` for ``MedXpertQA text``."""
    return bool(piece) and (name[-len(piece) :] == piece or piece[-len(name) :] == name)


def _by_n(at: int, members: Sequence[Member]) -> Iterator[Structure]:
    whole = members[at]
    others = [other for number, other in enumerate(members) if number != at]
    choices = [*combinations(others, 2), *combinations(others, 3), *([tuple(others)] if len(others) > 3 else [])]
    for parts in choices:
        if not _adds_up(whole, parts):
            continue
        structure = Structure(whole=whole, parts=tuple(parts), named=False)
        lines = [line for line in structure.lines() if line.additive]
        if len(lines) >= 2 and 2 * sum(line.fits for line in lines) > len(lines):
            yield structure
            return


def _adds_up(whole: Member, parts: Sequence[Member]) -> bool:
    """Whether n adds up in the first figure that has one."""
    first = next((at for at, figure in enumerate(whole.figures) if figure.n), None)
    return first is not None and whole.figures[first].n == sum(part.figures[first].n or 0 for part in parts)
