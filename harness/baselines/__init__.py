"""What can be answered from the data alone: the numbers that every model has to be held against.

    rows (and train rows) -> answers without a model -> points, on the metric on which the model is scored

No baseline sees a picture. ``majority`` and ``question_type`` know the kind of a row and the type of its question as
published, which a model is not told; the others know what a model is shown of the text, or less.

=================  ==============  ==========================================================================
name               kind of rows    answer
=================  ==============  ==========================================================================
blind_guess        choice          any option with equal chance; has expected points in the place of answers
constant_letter    choice          the letter that is right most often
longest_option     choice          the option with the most characters
options_words      choice          the option whose words and length look most like a right one; never the stem
majority           short answers   the most frequent answer of the row's kind (yes/no, closed, open)
question_words     short answers   the answer that goes with the words of the question
question_type      both            the most frequent letter or answer of the row's question type
=================  ==============  ==========================================================================

Where they are learned
----------------------
``constant_letter``, ``majority`` and ``question_type`` are picked on the very rows that they are scored on. No
constant can do better there, so they are strict on the model. ``options_words`` and ``question_words`` learn on the
train split where one is given, and else on the other folds of the same rows (`harness.baselines.folds`): five folds
by cluster, so that no row, and no row that shares its picture, is answered by a model that saw it.

The cross-fitted kind is honest as what it is called: what the texts of these rows tell of each other. It is not what
a model could have known before it met the benchmark. It shows regularities that the data set carries (answers that
belong to a wording, right options that read alike), and it is a lower bound for what training on data of the same
making gives. Where there are none it does not score chance, but below: in rows whose golds are evenly spread, what is
frequent in four folds is rare in the fifth. It can therefore accuse a data set, and never acquit one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum
from typing import TypeVar

from harness import score
from harness.baselines import folds, options_words, question_words
from harness.baselines.commonest import by_type, by_wording, constant_letter, longest_option, majority
from harness.baselines.overlap import learned_on
from harness.errors import DataError, NotEstimable, UsageError
from harness.records import Baseline, Read, Row, Unread

__all__ = ["BLIND", "baselines", "points", "strongest"]

T = TypeVar("T")
BLIND = "blind_guess"
"""Name of the one baseline that has expected points and no answers."""

_THESE = "on these very rows (strict on the model)"
_FOLDS = "on the other folds of these rows"


def baselines(rows: Sequence[Row], train: Sequence[Row] = (), *, types: Sequence[str] = ()) -> tuple[Baseline, ...]:
    """Return every baseline that these rows allow, in the order of tables.

    Parameters
    ----------
    rows : sequence of Row, length n
        The rows that are asked, all with options or all with short answers.
    train : sequence of Row
        Rows to learn words on, of the same kind; their pictures are not looked at. Rows that share a picture or
        question and answer with ``rows`` are kept, and counted in ``learned``.
    types : sequence of str
        Slices that tell what a question asks for, the most important first; see `commonest.by_type`. A slice that
        describes the *picture*, such as its modality, gives the answer to some questions away and is none.

    Returns
    -------
    tuple of Baseline
        ``answers`` in the order of ``rows``. Left out are ``question_type`` of rows with options where no types are
        named, and the learned ones where there is neither train nor a second cluster.

    Raises
    ------
    NotEstimable
        No rows.
    DataError
        Rows with options among others, in ``rows`` or ``train``; a row with fewer than two options; a gold that is
        no option.
    UsageError
        A type that none of the rows has as a slice.

    Notes
    -----
    Takes time linear in the number of rows. Nothing depends on the order of rows or options, on the names of
    clusters, on hash seeds or on a random draw.
    """
    choices = _checked(rows, train, types)
    return tuple(_choice(rows, train, types) if choices else _short(rows, train, types))


def points(rows: Sequence[Row], baseline: Baseline) -> list[float]:
    """Return the points of a baseline in the primary metric, row by row.

    Parameters
    ----------
    rows : sequence of Row, length n
        The rows for which the baseline was made, in the same order.
    baseline : Baseline
        One of `baselines`.

    Returns
    -------
    list of float, length n
        0 or 1; no answer has 0. For ``blind_guess`` the expected points, one over the number of options.

    Raises
    ------
    DataError
        Where there is not one answer a row.
    """
    if len(baseline.answers) != len(rows):
        raise DataError(
            f"baseline {baseline.name}: has {len(baseline.answers)} answers, but should have one for each of the "
            f"{len(rows)} rows. Make it of the rows on which it is scored"
        )
    if baseline.name == BLIND:
        return [1 / len(row.options) for row in rows]
    known: dict[tuple[str, str, str], float] = {}
    return [_points(row, answer, known) for row, answer in zip(rows, baseline.answers, strict=True)]


def strongest(rows: Sequence[Row], baselines: Sequence[Baseline]) -> Baseline:
    """Return the baseline with the highest mean points over these rows; of equal ones the first by name.

    It is picked on the rows on which it is compared, which is strict on the model once more.

    Raises
    ------
    NotEstimable
        Where there are no rows or no baselines.
    DataError
        Where a baseline has not one answer a row.
    """
    if not rows or not baselines:
        got = "no baseline" if rows else "no row"
        raise NotEstimable(f"strongest baseline: got {got}, but at least one is needed. Make baselines of these rows")
    return min(baselines, key=lambda one: (-fsum(points(rows, one)), one.name))


def _choice(rows: Sequence[Row], train: Sequence[Row], types: Sequence[str]) -> list[Baseline]:
    letter, answers = constant_letter(rows)
    found = [
        Baseline(name=BLIND, title="a blind guess", answers=("",) * len(rows), learned=""),
        Baseline(name="constant_letter", title=f"always {letter}", answers=answers, learned=_THESE),
        Baseline(name="longest_option", title="the longest option", answers=longest_option(rows), learned=""),
    ]
    if types:
        title = f"the most frequent letter of each question type ({', '.join(types)})"
        found.append(Baseline(name="question_type", title=title, answers=by_type(rows, types), learned=_THESE))
    return found + _words("options_words", options_words.described, options_words.learned, rows, train)


def _short(rows: Sequence[Row], train: Sequence[Row], types: Sequence[str]) -> list[Baseline]:
    if types:
        title, answers = f"question type ({', '.join(types)})", by_type(rows, types)
    else:
        title, answers = "beginning of a question (its first two words)", by_wording(rows)
    constant = "the most frequent answer of each kind of question"
    found = [
        Baseline(name="majority", title=constant, answers=majority(rows), learned=_THESE),
        Baseline(
            name="question_type", title=f"the most frequent answer of each {title}", answers=answers, learned=_THESE
        ),
    ]
    return found + _words("question_words", question_words.described, question_words.learned, rows, train)


def _words(
    name: str, describe: Callable[[Row], T], learn: folds.Learn[T], rows: Sequence[Row], train: Sequence[Row]
) -> list[Baseline]:
    """Return what is learned of words on train, or where there is none on the other folds."""
    seen = [describe(row) for row in rows]
    if train:
        answers, learned = learn([describe(row) for row in train], seen), learned_on(train, rows)
    else:
        answers, learned = folds.crossed(learn, seen, folds.dealt(rows)), _FOLDS
    title = f"the words of the {name.removesuffix('_words')} alone"
    return [Baseline(name=name, title=title, answers=answers, learned=learned)] if answers else []


def _points(row: Row, answer: str, known: dict[tuple[str, str, str], float]) -> float:
    """Score an answer; of short ones, few pairs of answer and gold make many rows."""
    if row.kind == "choice":
        return score.choice(row, _option(row, answer))["accuracy"]
    pair = (row.kind, row.gold, answer)
    if pair not in known:
        reading = Read(answer) if answer else Unread("empty")
        known[pair] = score.short(row, reading)[score.primary(row.kind)]
    return known[pair]


def _option(row: Row, answer: str) -> Read | Unread:
    """Return the option under a letter as shown, by the letter in which scores think: the published one."""
    if not answer:
        return Unread("empty")
    origin = next((option.origin for option in row.options if option.letter == answer), None)
    return Unread("not_an_option") if origin is None else Read(origin)


def _checked(rows: Sequence[Row], train: Sequence[Row], types: Sequence[str]) -> bool:
    """Return whether the rows have options, after making sure that all of them are alike."""
    if not rows:
        raise NotEstimable("baselines: got no rows, but at least one is needed. Make them of the rows that are asked")
    choices = rows[0].kind == "choice"
    for where, some in (("", rows), ("train ", train)):
        for row in some:
            _check(f"baselines: {where}row {row.id}", row, choices)
    held = sorted({name for row in rows for name in row.slices})
    for name in types:
        if name not in held:
            there = ", ".join(held) or "none"
            raise UsageError(
                f"baselines: question type {name!r} is no slice of any row, but should be one of those there "
                f"({there}). Name one of these, or none"
            )
    return choices


def _check(where: str, row: Row, choices: bool) -> None:
    if (row.kind == "choice") != choices:
        wanted = "an option letter, as the first row" if choices else "a short answer, as the first row"
        raise DataError(f"{where}: is answered by {row.kind}, but should be by {wanted}. Make them apart")
    if choices and (len(row.options) < 2 or row.gold not in {option.letter for option in row.options}):
        letters = ", ".join(option.letter for option in row.options) or "none"
        raise DataError(
            f"{where}: has the options {letters} and gold {row.gold!r}, but should have two or more, and the letter of "
            "one of them as gold. Repair the row"
        )
