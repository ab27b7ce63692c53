"""The answer that goes with the words of a question, never its picture: what a reader of the text alone learns.

stem -> its words, pairs of words, and itself as a whole -> naive Bayes over the answers of train -> an answer
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.baselines.commonest import meaning, spelling
from harness.records import Row
from harness.score.words import words

ANSWERS = 500
"""The most frequent answers that may be given. Rarer ones would cost memory, and are hardly ever the likeliest."""

FEW = 5000
"""Train rows up to which every word counts; beyond, those of two questions or more, which bounds the memory."""

_ALPHA = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question: its terms, the answer as published, and what that answer means."""

    terms: frozenset[str]
    gold: str
    meaning: str


def learned(train: Sequence[Question], rows: Sequence[Question]) -> tuple[str, ...]:
    """Return the likeliest answer to each question by what was learned on ``train``.

    Parameters
    ----------
    train, rows : sequence of Question
        As `described`. Of ``rows`` nothing but the terms is looked at, and not the kind of row either, which is
        known from its gold.

    Returns
    -------
    tuple of str
        One text a row: always an answer of ``train``, as it is written there most often. A row whose gold is none of
        them cannot be right. Of equally likely answers the first by code point.

    Notes
    -----
    Multinomial naive Bayes with prior, smoothed by 0.1 a word: closed form, so that nothing depends on the order of
    rows, and as good here as a linear model that takes a hundred times as long. Chinese and Japanese stand character
    by character (`harness.score.words`), so that its pairs are character bigrams. Other scripts without blanks, such
    as Thai, are known by whole phrases only.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.naive_bayes import MultinomialNB

    spelled = spelling((question.meaning, question.gold) for question in train)
    counts = Counter(question.meaning for question in train)
    frequent = set(sorted(counts, key=lambda said: (-counts[said], said))[:ANSWERS])
    known = [question for question in train if question.meaning in frequent]
    kept = _kept(known)
    vectors = DictVectorizer()
    seen = vectors.fit_transform([_row(question.terms & kept) for question in known])
    model = MultinomialNB(alpha=_ALPHA).fit(seen, [question.meaning for question in known])
    asked = {question.terms: _row(question.terms) for question in rows}
    likely = model.predict_joint_log_proba(vectors.transform(list(asked.values()))).round(9).argmax(axis=1)
    answer = dict(zip(asked, model.classes_[likely], strict=True))
    return tuple(spelled[answer[question.terms]] for question in rows)


def described(row: Row) -> Question:
    """Return the question of a row by its terms; pictures and slices are not looked at."""
    return Question(terms=terms(row.stem), gold=row.gold, meaning=meaning(row))


def terms(stem: str) -> frozenset[str]:
    """Return the words of a question, its pairs of neighbouring words, and the whole question; never empty."""
    said = words(stem)
    return frozenset([*said, *(f"{one} {two}" for one, two in pairwise(said)), f"= {' '.join(said)}", ""])


def _row(found: frozenset[str]) -> dict[str, float]:
    """Return terms as features, in an order that does not come from a hash: sums are rounded in that order."""
    return dict.fromkeys(sorted(found), 1.0)


def _kept(questions: Sequence[Question]) -> frozenset[str]:
    counts = Counter(term for question in questions for term in question.terms)
    least = 1 if len(questions) <= FEW else 2
    return frozenset(term for term, times in counts.items() if times >= least)
