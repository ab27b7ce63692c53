"""The option that reads like a right one: words and length of the options, never the question.

options of each row -> words, relative length, words in common -> logistic regression, right or wrong -> the best
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from harness.records import Row
from harness.score.words import words

Features = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a row: their letters as shown, which is right, and what is looked at, option by option."""

    row_id: str
    letters: tuple[str, ...]
    gold: str
    features: tuple[Features, ...]


def learned(train: Sequence[Options], rows: Sequence[Options]) -> tuple[str, ...]:
    """Return the letter, as shown, of the option that is scored best by what was learned on ``train``.

    Parameters
    ----------
    train, rows : sequence of Options
        As `described`. Of ``rows`` neither id nor gold is looked at.

    Returns
    -------
    tuple of str
        One letter a row; of equally good options the first by letter.

    Notes
    -----
    Every option is a case of its own, right or wrong. Its features are which words and pairs of words it has, how
    long it is beside the mean of its row, whether it is the longest or shortest, and the share of its words that the
    row's other options have. L2-penalised logistic regression (liblinear, primal, C = 1: the library's default, not
    tuned on any benchmark), solved far beyond the six decimals to which scores are compared, so that nothing depends
    on the order of additions. No random number is drawn.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    known = sorted(train, key=lambda row: (row.row_id, row.gold))
    vectors = DictVectorizer()
    seen = vectors.fit_transform([option for row in known for option in row.features])
    # this solver refuses the 64-bit places in which some releases give them
    seen.indices, seen.indptr = seen.indices.astype("int32"), seen.indptr.astype("int32")
    right = [letter == row.gold for row in known for letter in row.letters]
    model = LogisticRegression(solver="liblinear", C=1.0, tol=1e-8, max_iter=1000, random_state=0)
    # several threads add in another order, and take ten times as long over vectors of this size
    with threadpool_limits(1, user_api="blas"):
        model.fit(seen, right)
    scores = model.decision_function(vectors.transform([option for row in rows for option in row.features])).round(6)
    answers, start = list[str](), 0
    for row in rows:
        own = scores[start : start + len(row.letters)]
        answers.append(min(zip(-own, row.letters, strict=True))[1])
        start += len(row.letters)
    return tuple(answers)


def described(row: Row) -> Options:
    """Return the features of each option of a row; they depend on the set of its options, not on their order.

    Stem, pictures and slices are not looked at.
    """
    said = [words(option.text) for option in row.options]
    lengths = [len(option.text) for option in row.options]
    mean = max(1.0, sum(lengths) / len(lengths))
    having = Counter(word for each in said for word in set(each))
    return Options(
        row_id=row.id,
        letters=tuple(option.letter for option in row.options),
        gold=row.gold,
        features=tuple(
            {f"word {word}": 1.0 for word in each}
            | {f"words {one} {two}": 1.0 for one, two in pairwise(each)}
            | {
                "length": log(max(1, length) / mean),
                "longest": float(length == max(lengths)),
                "shortest": float(length == min(lengths)),
                "shared": sum(having[word] > 1 for word in set(each)) / max(1, len(set(each))),
            }
            for each, length in zip(said, lengths, strict=True)
        ),
    )
