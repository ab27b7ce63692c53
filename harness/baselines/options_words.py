"""The option that reads like a right one: words and length of the options, never the question.

options of each row -> words, relative length, words in common -> logistic regression, right or wrong -> the best
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log

from harness.records import Row
from harness.score.words import words

Features = dict[str, float]


def learned(train: Sequence[Row], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the letter, as shown, of the option that is scored best by what was learned on ``train``.

    Parameters
    ----------
    train, rows : sequence of Row
        With two or more options each. Of ``rows`` nothing but the options is looked at.

    Returns
    -------
    tuple of str
        One letter a row; of equally good options the first by letter.

    Notes
    -----
    Every option is a case of its own, right or wrong. Its features are which words and pairs of words it has, how
    long it is beside the mean of its row, whether it is the longest or shortest, and the share of its words that the
    row's other options have. L2-penalised logistic regression (liblinear, primal, C = 1: the library's default, not
    tuned on any benchmark). No random number is drawn. Scores are compared to nine decimals, below which they depend
    on the order of additions.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    known = sorted(train, key=lambda row: (row.id, row.stem, row.gold))
    vectors = DictVectorizer()
    seen = vectors.fit_transform([one for row in known for one in described(row)])
    # this solver refuses the 64-bit places in which some releases give them
    seen.indices, seen.indptr = seen.indices.astype("int32"), seen.indptr.astype("int32")
    right = [option.letter == row.gold for row in known for option in row.options]
    model = LogisticRegression(solver="liblinear", C=1.0, max_iter=1000, random_state=0).fit(seen, right)
    scores = model.decision_function(vectors.transform([one for row in rows for one in described(row)])).round(9)
    answers, start = list[str](), 0
    for row in rows:
        own = scores[start : start + len(row.options)]
        answers.append(min(zip(-own, (option.letter for option in row.options), strict=True))[1])
        start += len(row.options)
    return tuple(answers)


def described(row: Row) -> list[Features]:
    """Return the features of each option of a row; they depend on the set of its options, not on their order."""
    said = [words(option.text) for option in row.options]
    lengths = [len(option.text) for option in row.options]
    mean = max(1.0, sum(lengths) / len(lengths))
    having = Counter(word for each in said for word in set(each))
    return [
        {f"word {word}": 1.0 for word in each}
        | {f"words {one} {two}": 1.0 for one, two in pairwise(each)}
        | {
            "length": log(max(1, length) / mean),
            "longest": float(length == max(lengths)),
            "shortest": float(length == min(lengths)),
            "shared": sum(having[word] > 1 for word in set(each)) / max(1, len(set(each))),
        }
        for each, length in zip(said, lengths, strict=True)
    ]
