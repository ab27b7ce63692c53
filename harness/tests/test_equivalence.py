"""Two engines are compared prompt by prompt, and nothing is said beyond the rows that were asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.equivalence import Equivalence, equivalence, sentence
from harness.errors import NotComparable
from harness.limits import Limits
from harness.lint import lint
from harness.records import Answer, Measurement, Read, Receipt, Reply, Unread
from harness.tests.made import measurement, picture

LIMITS = Limits()


def _engine(letters: str, model: str = "hf", **changes: Any) -> Measurement:
    """A case in which each row is answered by a letter; B is right, and ``-`` cannot be read."""
    base = measurement([float(c == "B") for c in letters], model=model)
    answers = tuple(
        replace(
            a,
            reply=replace(a.reply, text=c, logprob=-0.1, lead=2.0),
            reading=Unread("none") if c == "-" else Read(c),
        )
        for a, c in zip(base.answers, letters, strict=True)
    )
    return replace(base, answers=answers, **changes)


def _compared(first: str, second: str) -> Equivalence:
    return equivalence(_engine(first), _engine(second, "served"), LIMITS)


def test_equal_rows_are_equivalent_however_few() -> None:
    found = _compared("BCB", "BCB")
    assert (found.verdict, found.same_replies, found.same_readings, found.apart) == ("supported", 3, 3, ())
    assert found.difference is not None
    assert found.difference.value == 0


@pytest.mark.parametrize(("rows", "verdict"), [(100, "inconclusive"), (500, "inconclusive"), (2000, "supported")])
def test_one_row_that_differs_takes_rows_enough(rows: int, verdict: str) -> None:
    """Of 2,000 one differs: Wilson's lower end is 99.7 % (statsmodels); of 500 it is 98.9 %."""
    found = _compared("B" * rows, "C" + "B" * (rows - 1))
    low, high = proportion_confint(rows - 1, rows, method="wilson")
    assert found.alike is not None
    assert (found.alike.low, found.alike.high) == pytest.approx((low, high))
    assert found.verdict == verdict
    assert (found.points_differ, len(found.apart)) == (1, 1)


def test_many_rows_that_differ_refute_it() -> None:
    assert _compared("B" * 100, "C" * 10 + "B" * 90).verdict == "refuted"


def test_each_row_that_differs_is_listed_with_both_replies_and_readings() -> None:
    first, second = _engine("BBB"), _engine("BC-", "served")
    answers = list(second.answers)
    answers[1] = replace(answers[1], reply=replace(answers[1].reply, lead=0.1))
    found = equivalence(first, replace(second, answers=tuple(answers)), LIMITS)
    one, other = found.apart
    assert (one.row, one.first, one.second, one.first_read, one.second_read, one.near_tie) == (
        "r001", "B", "C", "B", "C", True,
    )  # fmt: skip
    assert (other.second_read, other.near_tie) == ("unread: none", False)


def test_other_words_with_the_same_reading_are_listed_and_read_alike() -> None:
    first, second = _engine("BB"), _engine("BB", "served")
    told = replace(second.answers[0], reply=replace(second.answers[0].reply, text="The answer is B"))
    found = equivalence(first, replace(second, answers=(told, second.answers[1])), LIMITS)
    assert (found.same_replies, found.same_readings, found.verdict) == (1, 2, "supported")
    assert [each.row for each in found.apart] == ["r000"]


def test_the_largest_difference_of_log_probabilities_is_over_equal_texts() -> None:
    first, second = _engine("BB"), _engine("BC", "served")
    changed = [
        replace(a, reply=replace(a.reply, logprob=p)) for a, p in zip(second.answers, (-0.13, -3.0), strict=True)
    ]
    found = equivalence(first, replace(second, answers=tuple(changed)), LIMITS)
    assert found.logprob == pytest.approx(0.03)


@given(st.text("BCD-", min_size=2, max_size=30), st.data())
def test_the_order_of_rows_and_of_the_two_changes_nothing_but_the_sign(letters: str, data: st.DataObject) -> None:
    other = data.draw(st.text("BCD-", min_size=len(letters), max_size=len(letters)))
    limits = replace(LIMITS, unread=1.0)
    first, second = _engine(letters), _engine(other, "served")
    found = equivalence(first, second, limits)
    turned = equivalence(second, replace(first, answers=first.answers[::-1]), limits)
    for name in ("same_replies", "same_readings", "points_differ", "verdict", "alike", "logprob"):
        assert getattr(found, name) == getattr(turned, name)
    assert found.difference is not None
    assert turned.difference is not None
    assert found.difference.value == pytest.approx(-turned.difference.value)
    assert found.same_readings == sum(a == b for a, b in zip(letters, other, strict=True))


# ----------------------------------------------------------------------------------------------- what is refused


def _first(m: Measurement, **row: Any) -> Measurement:
    answer = m.answers[0]
    return replace(m, answers=(replace(answer, row=replace(answer.row, **row)), *m.answers[1:]))


SERVED = _engine("BCB", "served")


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (replace(SERVED, case=replace(SERVED.case, mode="shuffled")), "modes"),
        (replace(SERVED, case=replace(SERVED.case, benchmark="other")), "benchmarks"),
        (replace(SERVED, harness=replace(SERVED.harness, prompt="y")), "differ in prompt"),
        (replace(SERVED, harness=replace(SERVED.harness, rows="y")), "differ in rows"),
        (replace(SERVED, answers=SERVED.answers[:2]), "1 are in one of them only, such as r002"),
        (replace(SERVED, answers=(*SERVED.answers, SERVED.answers[0])), "hold the same rows once each"),
        (replace(SERVED, answers=()), "hold 3 and 0 replies"),
        (_first(SERVED, stem="Another?"), "row r000 was shown with other words"),
        (_first(SERVED, images=(picture("another"),)), "row r000 was shown with other words, options or images"),
    ],
)
def test_what_was_not_asked_the_same_is_not_compared(second: Measurement, why: str) -> None:
    with pytest.raises(NotComparable, match=re.escape(why)):
        equivalence(_engine("BCB"), second, LIMITS)


def _decoding(m: Measurement, text: str) -> Measurement:
    return replace(m, harness=replace(m.harness, decoding=text))


def test_a_setting_of_decoding_that_both_name_has_to_be_the_same() -> None:
    one = _decoding(_engine("B"), "method=greedy, padding=left, max_new_tokens=[8, 16]")
    with pytest.raises(NotComparable, match=re.escape("max_new_tokens ([8, 16] and [8])")):
        equivalence(one, _decoding(_engine("B", "served"), "method=greedy, max_new_tokens=[8]"), LIMITS)


def test_a_setting_that_one_engine_alone_names_is_told() -> None:
    one = _decoding(_engine("B"), "method=greedy, order=images_first, padding=left, max_new_tokens=[8, 16]")
    other = _decoding(_engine("B", "served"), "method=greedy, temperature=0, max_new_tokens=[8, 16]")
    assert equivalence(one, other, LIMITS).one_sided == ("order=images_first", "padding=left", "temperature=0")


def _receipts(m: Measurement, **changes: Any) -> Measurement:
    def changed(a: Answer) -> Answer:
        got: Sequence[Receipt] = [replace(r, **changes) for r in a.reply.receipts]
        return replace(a, reply=replace(a.reply, receipts=tuple(got)))

    return replace(m, answers=tuple(changed(a) for a in m.answers))


def test_receipts_for_other_images_make_it_invalid_and_another_count_of_tokens_is_told() -> None:
    other = equivalence(_engine("BC"), _receipts(_engine("BC", "served"), digest="x"), LIMITS)
    assert (other.verdict, other.receipts_differ) == ("invalid", 2)
    counted = equivalence(_engine("BC"), _receipts(_engine("BC", "served"), tokens=1), LIMITS)
    assert (counted.verdict, counted.tokens_differ) == ("supported", 2)


def test_a_measurement_that_may_not_be_reported_shows_nothing() -> None:
    broken = _engine("BC", "served")
    failed = Reply(text="", receipts=(), finish="failed", error="broke")
    broken = replace(broken, answers=(replace(broken.answers[0], reply=failed, points={}), broken.answers[1]))
    found = equivalence(_engine("BC"), broken, LIMITS)
    assert found.verdict == "invalid"
    assert "1 of 2 rows failed, first row r000: broke" in found.why
    assert found.difference is None


def test_derangements_of_a_row_are_one_observation() -> None:
    one = _engine("BBBB", draws=2)
    answers = tuple(replace(a, row=one.answers[n % 2].row, draw=n // 2) for n, a in enumerate(one.answers))
    one = replace(one, answers=answers)
    two = replace(one, case=replace(one.case, model="served"))
    found = equivalence(one, two, LIMITS)
    assert (found.replies, found.rows, found.clusters) == (4, 2, 2)
    assert found.alike is not None
    assert found.alike.n == 2


# ------------------------------------------------------------------------------------------------- the wording


@pytest.mark.parametrize(
    ("first", "second"),
    [("B" * 2000, "C" + "B" * 1999), ("B" * 100, "C" + "B" * 99), ("B" * 100, "C" * 10 + "B" * 90), ("BBBB", "--BB")],
    ids=["supported", "inconclusive", "refuted", "invalid"],
)
def test_every_sentence_passes_the_linter(request: pytest.FixtureRequest, first: str, second: str) -> None:
    found = _compared(first, second)
    assert found.verdict == request.node.callspec.id
    assert lint(sentence(found)) == ()


def test_a_sentence_carries_its_evidence_and_claims_no_other_rows() -> None:
    said = sentence(_compared("BCB", "BCB"))
    assert "On Toy, test, image_text, the replies of hf and served to 3 prompts were read alike in 3: 100.0 %" in said
    assert "% CI" in said
    assert "On these rows every reply was read alike; of other rows nothing is said." in said
    most = sentence(_compared("B" * 2000, "C" + "B" * 1999))
    assert "On these rows at least 99 % of the replies were read alike, by the lower end of the interval" in most
