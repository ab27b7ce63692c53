"""Letters chosen for themselves: other libraries, made choosers with and without bias, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import recall_score
from statsmodels.api import OLS
from statsmodels.stats.multivariate import test_mvmean as hotelling

from harness import stats
from harness.errors import NotEstimable
from harness.stats.letters import letter_bias, recall_spread

Places = NDArray[np.int64]


def by_content(rng: np.random.Generator, n: int, k: int) -> Places:
    """Choices of a model that always finds the same content: it stands one place earlier in each next order."""
    return np.asarray((rng.integers(0, k, n)[:, None] - np.arange(k)) % k)


def unsure(rng: np.random.Generator, n: int, k: int, sure: float) -> Places:
    """Choices by content in a share of the orders, and else any letter."""
    return np.where(rng.random((n, k)) < sure, by_content(rng, n, k), rng.integers(0, k, (n, k)))


def stubborn(rng: np.random.Generator, n: int, k: int, share: float) -> Places:
    """Choices by content, but for a share of rows in which one and the same letter is chosen in every order."""
    letter = np.repeat(rng.integers(0, k, n)[:, None], k, axis=1)
    return np.where((rng.random(n) < share)[:, None], letter, by_content(rng, n, k))


def test_always_the_same_content_is_no_bias_whatever_the_content() -> None:
    rng = np.random.default_rng(1)
    found = letter_bias(by_content(rng, 40, 5), range(40), "ABCDE")
    assert (found.p, found.test) == (1.0, "every letter equally often in every cluster")
    assert found.shares == pytest.approx([0.2] * 5)
    # Also where the right content always stands under the published letter A.
    places = np.tile(-np.arange(5) % 5, (40, 1))
    assert letter_bias(places, range(40), "ABCDE").p == 1.0


def test_a_constant_letter_has_the_smallest_p_that_its_clusters_allow() -> None:
    # Turned by chance, 20 clusters of 5 letters agree on a letter in 5 of 5^20 ways.
    found = letter_bias(np.full((20, 5), 2), range(20), "ABCDE")
    assert found.p == pytest.approx(5.0**-19, rel=1e-12)
    assert found.shares == (0.0, 0.0, 1.0, 0.0, 0.0)
    assert found.test == "turned letters, exact"
    # Clusters, not rows, are turned; of unequal size and partly unread they still agree.
    places = np.full((60, 5), 2)
    places[::7, 3] = -1
    assert letter_bias(places, np.arange(60) // 4, "ABCDE").p == pytest.approx(5.0**-14, rel=1e-12)
    assert letter_bias(np.full((2000, 4), 1), range(2000), "ABCD").p == 1e-300


def test_two_letters_in_turn_can_be_turned_in_two_ways_only() -> None:
    # A, C, A, C in every cluster: turned by two places it is the same.
    assert letter_bias(np.tile([0, 2, 0, 2], (10, 1)), range(10), "ABCD").p == pytest.approx(2.0**-9, rel=1e-12)


def test_a_letter_that_is_never_chosen_is_drawn_and_never_certain() -> None:
    rng = np.random.default_rng(2)
    found = letter_bias(rng.integers(0, 4, (300, 5)), range(300), "ABCDE")
    assert (found.p, found.test) == (1e-4, "turned letters, 9,999 draws")
    assert found.shares[4] == 0.0


def test_a_letter_missing_from_few_stubborn_rows_is_no_evidence() -> None:
    # Of 10 rows with a letter of their own none has E, which happens in 0.8^10 = 11 % for any one letter.
    rng = np.random.default_rng(3)
    places = by_content(rng, 100, 5)
    places[:10] = np.array([0, 1, 2, 3, 0, 1, 2, 3, 0, 1])[:, None]
    found = letter_bias(places, range(100), "ABCDE")
    assert found.p > 0.3
    assert found.test == "Hotelling F(4, 96) and turned letters, 9,999 draws"


def test_t_squared_agrees_with_statsmodels_where_clusters_are_alike() -> None:
    # 600 rows in 300 clusters of two: the one-sample test of the sums by cluster, of all letters but one.
    rng = np.random.default_rng(4)
    places = unsure(rng, 600, 5, 0.5)
    places[rng.random(places.shape) < 0.05] = 0
    clusters = np.arange(600) // 2
    counts = np.stack([(places == place).sum(axis=1) for place in range(5)], axis=1)
    sums = np.add.reduceat(counts, np.arange(0, 600, 2)) - 2.0
    theirs = hotelling(sums[:, :4], np.zeros(4))
    found = letter_bias(places, clusters, "ABCDE")
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.p < 0.01
    assert found.test == "Hotelling F(4, 296)"


def test_two_letters_have_the_cluster_robust_t_test_of_statsmodels() -> None:
    # Clusters of 1 to 5 rows, some choices unread: F(1, G-1) is the square of t.
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(400), rng.integers(1, 6, 400))
    places = (rng.random((clusters.size, 2)) < 0.47 + 0.1 * rng.random(400)[clusters][:, None]).astype(int)
    places[rng.random(places.shape) < 0.1] = -1
    read = places >= 0
    chose_first = (places[read] == 0) - 0.5
    groups = np.repeat(clusters, 2).reshape(-1, 2)[read]
    theirs = OLS(chose_first, np.ones(chose_first.size)).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
    )
    found = letter_bias(places, clusters, "AB")
    # In one cluster nothing was read, so it is none.
    assert found.test == "Hotelling F(1, 398)"
    assert found.p == pytest.approx(theirs.pvalues[0], rel=1e-9)
    assert found.shares[0] == pytest.approx(theirs.params[0] + 0.5)
    assert (found.read, found.n, found.clusters) == (int(read.sum()), clusters.size, 399)


def test_unbiased_choosers_are_accused_as_rarely_as_promised() -> None:
    # 400 and 120 sets. At 5 % more than 33 of 400, fewer than 8 of 400, or more than 13 of 120 happen once in 300.
    rng = np.random.default_rng(6)
    clusters = np.arange(600) // 2
    accused = sum(letter_bias(unsure(rng, 600, 5, 0.7), clusters, "ABCDE").p <= 0.05 for _ in range(400))
    assert 8 <= accused <= 33
    accused = sum(letter_bias(stubborn(rng, 100, 4, 0.1), range(100), "ABCD").p <= 0.05 for _ in range(120))
    assert accused <= 13


def test_a_chooser_with_a_liking_for_one_letter_is_found() -> None:
    # One choice in eight is A whatever it holds: A has 30 % of the choices instead of 20 %.
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(40):
        places = unsure(rng, 300, 5, 0.8)
        places[rng.random(places.shape) < 0.125] = 0
        bias = letter_bias(places, range(300), "ABCDE")
        found += bias.p <= 0.01
        assert bias.shares[0] == pytest.approx(0.3, abs=0.05)
    assert found == 40


def test_the_order_of_rows_the_names_of_clusters_and_turned_letters_change_nothing() -> None:
    rng = np.random.default_rng(8)
    places, clusters = stubborn(rng, 120, 5, 0.3), rng.integers(0, 60, 120)
    one = letter_bias(places, clusters, "ABCDE")
    moved = rng.permutation(120)
    other = letter_bias(places[moved], [f"image {c}" for c in clusters[moved]], "ABCDE")
    assert other.p == pytest.approx(one.p, rel=1e-9)
    assert other.shares == pytest.approx(one.shares)
    orders = letter_bias(places[:, [3, 1, 4, 0, 2]], clusters, "ABCDE")
    assert (orders.p, orders.shares) == (one.p, one.shares)


def test_unread_choices_are_counted_apart() -> None:
    rng = np.random.default_rng(9)
    places = by_content(rng, 50, 4)
    places[10] = -1
    places[20, 1] = -1
    found = letter_bias(places, range(50), "ABCD")
    assert (found.read, found.n) == (195, 50)
    assert sum(found.shares) == pytest.approx(1)
    assert found.p > 0.5


@pytest.mark.parametrize(
    ("places", "letters", "message"),
    [
        (np.zeros((20, 4), int), "ABCDE", r"shape \(20, 4\) and kind int64 for 5 letters"),
        (np.zeros((20, 1), int), "A", "at least 2"),
        (np.zeros((0, 4), int), "ABCD", r"shape \(0, 4\)"),
        (np.zeros((20, 4)), "ABCD", "kind float64"),
        (np.full((20, 4), 4), "ABCD", "place 4 in row number 0, order 0"),
        (np.full((20, 4), -2), "ABCD", "place -2 in row number 0"),
        (np.full((20, 4), -1), "ABCD", "no choice that could be read"),
        (np.zeros((7, 4), int), "ABCD", "7 clusters with a choice that was read, but 4 letters need at least 8"),
    ],
)
def test_choices_that_say_nothing_are_refused(places: Places, letters: str, message: str) -> None:
    with pytest.raises(NotEstimable, match=message):
        letter_bias(places, range(len(places)), letters)


def test_the_spread_of_recalls_is_that_of_a_population() -> None:
    # Independent code: 0.111803; divided by k - 1 it would be 0.129099.
    assert recall_spread([0.8, 0.7, 0.6, 0.5]) == pytest.approx(0.111803, abs=5e-7)
    assert stats.recall_spread([0.3, 0.3]) == 0.0


def test_the_spread_of_recalls_agrees_with_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(10)
    gold, given = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    given[:150] = gold[:150]
    recalls = [float((given[gold == letter] == letter).mean()) for letter in range(4)]
    assert recalls == pytest.approx(recall_score(gold, given, average=None))
    assert recall_spread(recalls) == pytest.approx(float(np.std(recall_score(gold, given, average=None))), abs=1e-12)


@pytest.mark.parametrize("recalls", [[], [0.5], [0.5, float("nan")], [0.5, 1.2]])
def test_recalls_that_are_none_have_no_spread(recalls: list[float]) -> None:
    with pytest.raises(NotEstimable, match="recall_spread: got"):
        recall_spread(recalls)
