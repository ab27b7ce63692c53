"""The answer that goes with the words of a question, never its picture: what a reader of the text alone learns.

stem -> its words, pairs of words, and itself as a whole -> naive Bayes over the answers of train -> an answer
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from harness.baselines.commonest import meaning, spelling
from harness.records import Row
from harness.score.words import words

ANSWERS = 500
"""The most frequent answers that may be given. Rarer ones would cost memory, and are hardly ever the likeliest."""

FEW = 5000
"""Train rows up to which every word counts; beyond, those of two questions or more, which bounds the memory."""

_ALPHA = 0.1


def learned(train: Sequence[Row], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the likeliest answer to each question by what was learned on ``train``.

    Parameters
    ----------
    train, rows : sequence of Row
        With short answers. Of ``rows`` nothing but the stem is looked at, and not the kind of row either, which is
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

    spelled = spelling(train)
    counts = Counter(map(meaning, train))
    frequent = set(sorted(counts, key=lambda said: (-counts[said], said))[:ANSWERS])
    known = [row for row in train if meaning(row) in frequent]
    questions = [terms(row.stem) for row in known]
    kept = _kept(questions)
    vectors = DictVectorizer()
    seen = vectors.fit_transform([_row(question & kept) for question in questions])
    model = MultinomialNB(alpha=_ALPHA).fit(seen, [meaning(row) for row in known])
    asked = {row.stem: _row(terms(row.stem)) for row in rows}
    likely = model.predict_joint_log_proba(vectors.transform(list(asked.values()))).round(9).argmax(axis=1)
    answer = dict(zip(asked, model.classes_[likely], strict=True))
    return tuple(spelled[answer[row.stem]] for row in rows)


def terms(stem: str) -> set[str]:
    """Return the words of a question, its pairs of neighbouring words, and the whole question; never empty."""
    said = words(stem)
    return {*said, *(f"{one} {two}" for one, two in pairwise(said)), f"= {' '.join(said)}", ""}


def _row(found: set[str]) -> dict[str, float]:
    """Return terms as features, in an order that does not come from a hash: sums are rounded in that order."""
    return dict.fromkeys(sorted(found), 1.0)


def _kept(questions: Sequence[Iterable[str]]) -> set[str]:
    counts = Counter(term for question in questions for term in question)
    least = 1 if len(questions) <= FEW else 2
    return {term for term, times in counts.items() if times >= least}
