"""Baselines that count: the most frequent letter or answer of some rows, and the longest option.

rows -> groups of rows that ask for the same kind of thing -> the commonest gold of each group
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from harness.records import Row
from harness.score.words import polarity, words

ENOUGH = 30
"""Rows below which a group has no answer of its own.

In a group of few rows the commonest gold is mostly luck, and a group of one is always right: picked and scored on
the same rows, such groups would not be strict on the model but unfair to it.
"""

Answers = tuple[str, ...]
"""One a row, in row order: a letter as shown, or a text."""


def meaning(row: Row) -> str:
    """Return the gold such that two rows with equal meaning are right by the same answer.

    The letter of rows with options; else what ``exact_match`` compares: yes or no on yes/no rows, whatever the words
    for it, and the normalised words on others.
    """
    if row.kind == "choice":
        return row.gold
    said = polarity(row.gold) if row.kind == "yes_no" else None
    return said or " ".join(words(row.gold))


def spelling(golds: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return meaning -> the gold as it is published most often, of pairs of meaning and published gold."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for said, gold in golds:
        found[said][gold] += 1
    return {said: first(spelled) for said, spelled in found.items()}


def first(counts: Counter[str]) -> str:
    """Return the most frequent of some texts; of equally frequent ones the first by code point."""
    return min(counts, key=lambda text: (-counts[text], text))


def constant_letter(rows: Sequence[Row]) -> tuple[str, Answers]:
    """Return the letter, as shown, that is right most often, and the answers: none where a row has no such option."""
    letter = first(Counter(row.gold for row in rows))
    having = [letter in {option.letter for option in row.options} for row in rows]
    return letter, tuple(letter if has else "" for has in having)


def longest_option(rows: Sequence[Row]) -> Answers:
    """Return the letter of the option with the most characters, the first by letter among equally long ones."""
    return tuple(min(row.options, key=lambda option: (-len(option.text), option.letter)).letter for row in rows)


def majority(rows: Sequence[Row]) -> Answers:
    """Return the most frequent answer over the rows of each kind: the best constant answer there is.

    Answers are counted by what they mean, so that of the many Chinese words for yes the commonest stands for all.
    """
    return _commonest(rows, lambda row: ())


def by_type(rows: Sequence[Row], types: Sequence[str]) -> Answers:
    """Return the most frequent letter or answer of each question type, within the kind of row.

    Parameters
    ----------
    rows : sequence of Row
        The rows.
    types : sequence of str
        Names of slices, the most important first.

    Returns
    -------
    tuple of str
        That of all rows with the same values of all slices; where these are fewer than `ENOUGH`, of all but the
        last slice, and so on, down to the kind alone.

    Notes
    -----
    Each further group adds luck to the score of letters, which do not belong to types: on MedXpertQA-MM, 21.2 % as
    a whole, 21.6 % by task, 24.5 % by task and body system. One coarse type is fair.
    """
    return _commonest(rows, lambda row: tuple(row.slices.get(name, "") for name in types))


def by_wording(rows: Sequence[Row]) -> Answers:
    """Return what `by_type` does, taking the first two words of a question for its type.

    In Chinese and Japanese a word is a character here, and the thing asked for often stands last: there the first
    two say little, and slices say more.
    """
    return _commonest(rows, lambda row: words(row.stem)[:2])


def _commonest(rows: Sequence[Row], path: Callable[[Row], tuple[str, ...]]) -> Answers:
    """Return the commonest gold of the narrowest group of a row that holds `ENOUGH` rows, or else of its kind."""
    paths = [(row.kind, *path(row)) for row in rows]
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row, names in zip(rows, paths, strict=True):
        for length in range(1, len(names) + 1):
            groups[names[:length]].append(row)
    best = {names: _gold(group) for names, group in groups.items() if len(group) >= ENOUGH or len(names) == 1}
    return tuple(
        next(best[names[:length]] for length in range(len(names), 0, -1) if names[:length] in best) for names in paths
    )


def _gold(rows: Sequence[Row]) -> str:
    golds = [(meaning(row), row.gold) for row in rows]
    return spelling(golds)[first(Counter(said for said, _ in golds))]
