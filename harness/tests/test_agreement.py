"""Two ways of answering are held against each other row by row, each number checked against another tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa

from harness.agreement import Agreement, agreement, agreements, both_ways, kappa
from harness.errors import NotComparable
from harness.limits import Limits
from harness.records import Measurement, Read, Unread
from harness.tests.made import measurement

LIMITS = Limits()
LETTERS = "ABCDE"


def _answers(letters: str, model: str, *, scored: bool = False, clusters: Sequence[str] | None = None) -> Measurement:
    base = measurement([float(c == "B") for c in letters], model=model, clusters=clusters)
    answers = tuple(
        replace(
            a,
            reply=replace(a.reply, text=c, scores=(-1.0,) * 5 if scored else ()),
            reading=Unread("none") if c == "-" else Read(c),
        )
        for a, c in zip(base.answers, letters, strict=True)
    )
    return replace(base, answers=answers, harness=replace(base.harness, decoding=f"answer={scored}"))


def _held(generated: str, ranked: str, clusters: Sequence[str] | None = None) -> Agreement:
    first = _answers(generated, "m", clusters=clusters)
    return agreement(first, _answers(ranked, "m.likelihood", scored=True, clusters=clusters), LIMITS)


def _drawn(n: int, seed: int = 1) -> tuple[str, str]:
    """Two ways of answering that agree in about three of four rows."""
    rng = np.random.default_rng(seed)
    one = rng.choice(list(LETTERS), n)
    other = np.where(rng.random(n) < 0.7, one, rng.choice(list(LETTERS), n))
    return "".join(one), "".join(other)


def test_kappa_is_that_of_scikit_learn_and_its_error_that_of_statsmodels() -> None:
    """Without clusters the variance is that of Fleiss, Cohen and Everitt times n / (n - 1)."""
    one, other = _drawn(100)
    found = kappa(one, other, [str(n) for n in range(100)])
    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(list(one), list(other)), abs=1e-12)
    table = np.zeros((5, 5))
    for a, b in zip(one, other, strict=True):
        table[LETTERS.index(a), LETTERS.index(b)] += 1
    error = (cohens_kappa(table).var_kappa * 100 / 99) ** 0.5
    assert found.high == pytest.approx(found.value + 1.98421695 * error, rel=1e-6)  # t at 99 degrees, scipy
    assert found.low <= found.value - 1.98421695 * error


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("ABC")), min_size=2, max_size=40))
def test_kappa_is_symmetric_and_within_its_interval(pairs: list[tuple[str, str]]) -> None:
    one, other = zip(*pairs, strict=True)
    by = [str(n) for n in range(len(pairs))]
    found, turned = kappa(one, other, by), kappa(other, one, by)
    if found is None:
        assert len({*one, *other}) == 1
        return
    assert turned is not None
    assert found.value == pytest.approx(turned.value)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_full_agreement_has_an_interval_with_a_width() -> None:
    found = kappa("ABCDE" * 20, "ABCDE" * 20, [str(n) for n in range(100)])
    assert found is not None
    assert found.value == found.high == 1
    assert 0.94 < found.low < 0.96  # Wilson of 100 in 100 is 0.963; (0.963 - 0.2) / 0.8


def test_kappa_is_not_defined_where_one_answer_is_all_there_is() -> None:
    assert kappa("BBB", "BBB", "xyz") is None
    assert kappa("BCB", "BCC", "xxx") is None


def test_clusters_widen_the_interval_of_kappa() -> None:
    one, other = _drawn(40)
    wide = kappa(one * 5, other * 5, [str(n) for n in range(40)] * 5)
    narrow = kappa(one * 5, other * 5, [str(n) for n in range(200)])
    assert wide is not None
    assert narrow is not None
    assert wide.value == narrow.value
    assert wide.high - wide.low > 1.8 * (narrow.high - narrow.low)


def test_kappa_holds_the_truth_as_often_as_it_says() -> None:
    """Of 400 made cases of 300 rows, 98 % alike in truth: the interval holds 0.9796 in at least 93 of 100."""
    rng, held = np.random.default_rng(3), 0
    for _ in range(400):
        one = rng.integers(0, 5, 300)
        other = np.where(rng.random(300) < 0.975, one, rng.integers(0, 5, 300))
        found = kappa([LETTERS[i] for i in one], [LETTERS[i] for i in other], [str(n) for n in range(300)])
        assert found is not None
        held += found.low <= 0.975 <= found.high
    assert held >= 0.93 * 400


def test_shares_scores_and_mcnemar_are_those_of_the_rows() -> None:
    generated, ranked = "BBBBBCCCCA" * 5, "BBBBCBCCCA" * 5
    found = _held(generated, ranked)
    assert (found.replies, found.both_read, found.same, found.unread) == (50, 50, 40, 0)
    assert found.alike is not None
    assert found.alike.value == 0.8
    assert found.generated is not None
    assert found.ranked is not None
    assert found.generated.value == found.ranked.value == 0.5
    assert found.difference is not None
    assert (found.difference.only_first, found.difference.only_second) == (5, 5)
    assert found.difference.test == "McNemar mid-p"
    exact = mcnemar([[20, 5], [5, 20]], exact=True).pvalue
    assert exact >= found.difference.p > 0.5


def test_rows_that_generation_left_unread_are_counted_and_score_nothing() -> None:
    found = _held("--BBCCBBBB", "BBBBCCBBB-")
    assert (found.unread, found.unread_likelihood, found.both_read, found.same) == (2, 1, 7, 7)
    assert found.why == ""
    assert found.generated is not None
    assert found.generated.value == 0.6


def test_a_case_that_may_not_be_reported_is_not_estimated_from() -> None:
    first = _answers("BCB", "m")
    blind = replace(first, answers=tuple(replace(a, reply=replace(a.reply, receipts=())) for a in first.answers))
    found = agreement(blind, _answers("BCB", "m.likelihood", scored=True), LIMITS)
    assert "3 of 3 rows have no receipt for their images" in found.why
    assert (found.alike, found.kappa, found.generated, found.difference) == (None, None, None, None)
    assert found.same == 3


def test_rows_with_nothing_to_choose_from_are_left_out() -> None:
    likely = _answers("BCBC", "m.likelihood", scored=True)
    open_ended = [replace(a, reply=replace(a.reply, scores=())) for a in likely.answers[2:]]
    found = agreement(_answers("BCBC", "m"), replace(likely, answers=(*likely.answers[:2], *open_ended)), LIMITS)
    assert found.replies == 2
    none = replace(likely, answers=tuple(replace(a, reply=replace(a.reply, scores=())) for a in likely.answers))
    with pytest.raises(NotComparable, match="no row of the second was answered by likelihood"):
        agreement(_answers("BCBC", "m"), none, LIMITS)


def _run(*models: tuple[str, bool, str]) -> list[Measurement]:
    made = [(_answers("BC", name, scored=scored), model) for name, scored, model in models]
    return [replace(m, provenance={"model": model}) for m, model in made]


@pytest.mark.parametrize(
    ("models", "pairs"),
    [
        ([("m", False, ""), ("m.likelihood", True, "")], [("m", "m.likelihood")]),
        ([("m.likelihood_text", True, ""), ("m", False, "")], [("m", "m.likelihood_text")]),
        ([("a", False, "hf:x"), ("b", True, "hf:x")], [("a", "b")]),
        ([("a", False, "hf:x"), ("b", True, "hf:y")], []),
        ([("m", False, ""), ("n.likelihood", True, "")], []),
        ([("m", False, "hf:x"), ("n", False, "hf:x")], []),
    ],
)
def test_the_two_ways_of_one_model_are_found(models: Any, pairs: list[tuple[str, str]]) -> None:
    found = both_ways(_run(*models))
    assert [(a.case.model, b.case.model) for a, b in found] == pairs
    assert len(agreements(_run(*models), LIMITS)) == len(pairs)


def test_other_modes_and_benchmarks_are_no_pair() -> None:
    one, other = _run(("m", False, ""), ("m.likelihood", True, ""))
    assert both_ways([one, replace(other, case=replace(other.case, mode="shuffled"))]) == []
    with pytest.raises(NotComparable, match="modes"):
        agreement(one, replace(other, case=replace(other.case, mode="shuffled")), LIMITS)
