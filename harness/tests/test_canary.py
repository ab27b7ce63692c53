"""A faulty engine is found by a few rows asked again alone, and an honest one is not accused."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from harness import canary, evidence, judge, spec
from harness.canary import SIZE, choose, compared, differs, held
from harness.columns import columns
from harness.limits import Limits, faults
from harness.records import Answer, Call, Canary, Measurement, Read, Receipt, Reply
from harness.tests import checkpoints
from harness.tests.made import measurement, row

LIMITS = Limits()
ROWS = 100
BATCH = 8
SITTINGS = 400
"""Seeds over which a chance is counted: its standard error is at most 0.0025 x 10."""

LABELS = st.lists(st.text("abc0123#", min_size=1, max_size=5), unique=True, max_size=60)


def _reply(text: str = "B", **changes: Any) -> Reply:
    values: dict[str, Any] = {"receipts": (), "finish": "stop", "new_tokens": 2, "logprob": -0.5, "lead": 2.0}
    return Reply(text=text, **(values | changes))


# ------------------------------------------------------------------------------------------------ the draw


@given(LABELS, st.integers(0, 9), st.integers(0, 20))
def test_the_draw_does_not_depend_on_order_or_repetition(labels: list[str], seed: int, size: int) -> None:
    drawn = choose(labels, seed=seed, case="c", size=size)
    assert drawn == choose([*reversed(labels), *labels], seed=seed, case="c", size=size)
    assert len(drawn) == min(size, len(labels))
    assert set(drawn) <= set(labels)


@given(LABELS, st.integers(0, 9), st.integers(0, 20), st.data())
def test_a_case_in_two_sittings_has_the_canaries_of_one(
    labels: list[str], seed: int, size: int, data: st.DataObject
) -> None:
    first = data.draw(st.sets(st.sampled_from(labels))) if labels else set()
    parts = [choose(part, seed=seed, case="c", size=size) for part in (first, set(labels) - first)]
    assert set(choose(labels, seed=seed, case="c", size=size)) <= {*parts[0], *parts[1]}


def test_seed_and_case_change_the_draw_and_size_nought_draws_none() -> None:
    labels = [f"r{n}" for n in range(500)]
    draws = {choose(labels, seed=s, case=c) for s in (0, 1) for c in ("a", "b")}
    assert len(draws) == 4
    assert choose(labels, seed=0, case="a", size=0) == ()


def test_every_row_is_drawn_equally_often() -> None:
    """1,000 seeds, 16 of 100 rows: each 160 times on average, with a standard deviation of 11.6."""
    labels = [f"r{n}" for n in range(ROWS)]
    counts = dict.fromkeys(labels, 0)
    for seed in range(1000):
        for one in choose(labels, seed=seed, case="c"):
            counts[one] += 1
    assert 160 - 5 * 11.6 < min(counts.values()) <= max(counts.values()) < 160 + 5 * 11.6


# ------------------------------------------------------------------------------------- two replies to one prompt


@pytest.mark.parametrize(
    ("batched", "alone", "exact", "kind"),
    [
        (_reply(), _reply(), True, "same"),
        (_reply(logprob=-0.5), _reply(logprob=-0.513), True, "same"),  # within 0.01 x root of 2 tokens
        (_reply(logprob=-0.5), _reply(logprob=-0.52), True, "other"),
        (_reply(logprob=-0.5), _reply(logprob=-0.8), False, "same"),  # within 0.25 x root of 2 tokens
        (_reply(logprob=-0.5), _reply(logprob=-0.9), False, "other"),
        (_reply("B", lead=0.2), _reply("C"), False, "excused"),
        (_reply("B"), _reply("C", lead=0.2), False, "excused"),
        (_reply("B", lead=0.2), _reply("C"), True, "other"),
        (_reply("B", lead=0.3), _reply("C", lead=0.3), False, "other"),
        (_reply("B", lead=None), _reply("C", lead=None), False, "other"),
        (_reply("B", finish="length"), _reply("B"), True, "other"),
        (_reply("B", thinking="x", logprob=-9.0, lead=0.001), _reply("B", thinking="y"), True, "excused"),
        (_reply("B", thinking="x", logprob=-9.0), _reply("B", thinking="y"), True, "other"),
        (_reply("B", logprob=None), _reply("B"), True, "same"),
    ],
)
def test_texts_and_log_probabilities_decide(batched: Reply, alone: Reply, exact: bool, kind: str) -> None:
    assert compared(batched, alone, LIMITS.canary_exact if exact else LIMITS.canary).kind == kind
    why = differs(Canary(row="r", draw=0, batched=batched, alone=alone), LIMITS, exact=exact)
    assert bool(why) == (kind == "other")


def test_the_order_of_the_two_replies_decides_nothing() -> None:
    replies = [_reply(t, logprob=p, lead=g) for t in "BC" for p in (None, -0.5, -1.5) for g in (None, 0.1, 2.0)]
    for one in replies:
        for other in replies:
            assert compared(one, other, 0.25).kind == compared(other, one, 0.25).kind


def test_a_server_that_tells_no_lead_may_answer_otherwise() -> None:
    one, other = (_reply(t, logprob=None, lead=None, call=Call(seconds=1.0)) for t in "BC")
    assert compared(one, other, 0.25).kind == "excused"


@pytest.mark.parametrize(
    ("scores", "kind"),
    [
        ((-0.2, -3.0, -9.0), "same"),
        ((-0.3, -2.8, -8.5), "same"),  # 0.25 at -0.2, 0.43 at -3, 0.75 at -9
        ((-0.5, -3.0, -9.0), "other"),
        ((-0.2, -3.5, -9.0), "other"),
        ((-3.0, -0.2, -9.0), "other"),
        ((-0.2, -3.0), "other"),
        ((-0.2, -3.0, float("-inf")), "other"),
    ],
)
def test_scores_are_compared_one_by_one(scores: tuple[float, ...], kind: str) -> None:
    alone = _reply(scores=(-0.2, -3.0, -9.0), logprob=None, lead=None)
    assert compared(replace(alone, scores=scores), alone, 0.25).kind == kind


def test_other_receipts_are_another_row() -> None:
    alone = _reply(receipts=(Receipt(digest="a", tokens=4, tensor="t"),))
    for changed in ({"digest": "b"}, {"tokens": 5}, {"tensor": "u"}):
        batched = replace(alone, receipts=(replace(alone.receipts[0], **changed),))
        assert compared(batched, alone, 0.25).kind == "other"
    unseen = replace(alone, receipts=(replace(alone.receipts[0], tensor=""),))
    assert compared(unseen, alone, 0.25).kind == "same"


def test_a_row_that_fails_alone_is_said_to_be_unproven_and_not_mixed_up() -> None:
    failed = Reply(text="", receipts=(), finish="failed", error="out of memory")
    assert compared(_reply(), failed, 0.25).kind == "failed"
    alone = _truth(known=True)
    told = _case(alone, alone)
    (first, *others) = told.canaries
    (fault,) = canary.faults(replace(told, canaries=(replace(first, alone=failed), *others)), LIMITS)
    assert fault == f"1 of 16 rows could not be asked again alone, first row {first.row}: out of memory"


# ------------------------------------------------------------------------------------------ engines, honest and not

Batch = list[Reply]
Engine = Callable[[Batch], Batch]


def _swaps(batch: Batch) -> Batch:
    return [batch[1], batch[0], *batch[2:]] if len(batch) > 1 else batch


def _reuses_the_first(batch: Batch) -> Batch:
    return [replace(batch[0], receipts=reply.receipts) for reply in batch]


def _reuses_a_prefix(batch: Batch) -> Batch:
    """Every second row is answered from what is kept of the row before it."""
    return [replace(batch[i - i % 2], receipts=reply.receipts) for i, reply in enumerate(batch)]


def _pads_on_the_wrong_side(batch: Batch) -> Batch:
    """All but the longest, which stands last, go on after padding: they say one letter whatever was asked."""
    return [*(replace(reply, text="A", logprob=-1.2) for reply in batch[:-1]), batch[-1]]


def _loses_the_last(batch: Batch) -> Batch:
    return [*batch[:-1], replace(batch[-2], receipts=batch[-1].receipts)] if len(batch) > 1 else batch


def _shifts_by_one(batch: Batch) -> Batch:
    return [*batch[1:], batch[0]]


def _truth(*, known: bool) -> list[Reply]:
    """What an engine says to 100 rows asked alone: letters, as sure as models are of letters."""
    drawn = random.Random(5)  # noqa: S311 - no secret
    return [
        _reply(drawn.choice("ABCDE"), logprob=-drawn.expovariate(2) if known else None, lead=1.0 if known else None)
        for _ in range(ROWS)
    ]


SHOWN = [row(number, images=()) for number in range(ROWS)]
PLACES = {r.id: number for number, r in enumerate(SHOWN)}


def _canaries(replies: Sequence[Reply], alone: Sequence[Reply], seed: int, size: int = SIZE) -> tuple[Canary, ...]:
    drawn = choose(PLACES, seed=seed, case="toy.image_text.m", size=size)
    return tuple(Canary(row=i, draw=0, batched=replies[PLACES[i]], alone=alone[PLACES[i]]) for i in drawn)


def _case(replies: Sequence[Reply], alone: Sequence[Reply], *, seed: int = 0, dtype: str = "") -> Measurement:
    answers = tuple(
        Answer(row=r, key=r.id, reply=reply, reading=Read(reply.text), points={"accuracy": 1.0})
        for r, reply in zip(SHOWN, replies, strict=True)
    )
    facts = {"model dtype": dtype}
    told = replace(measurement([1.0] * ROWS), answers=answers, provenance=facts)
    return replace(told, canaries=_canaries(replies, alone, seed))


def _batched(engine: Engine, truth: Sequence[Reply]) -> list[Reply]:
    return [reply for i in range(0, len(truth), BATCH) for reply in engine(list(truth[i : i + BATCH]))]


def _caught(engine: Engine, *, known: bool, size: int = SIZE) -> float:
    """Share of the seeds with which the canaries of a case speak against it."""
    truth = _truth(known=known)
    replies = _batched(engine, truth)
    told = _case(replies, truth, dtype="float32")
    cases = (replace(told, canaries=_canaries(replies, truth, seed, size)) for seed in range(SITTINGS))
    return sum(bool(canary.faults(case, LIMITS)) for case in cases) / SITTINGS


@pytest.mark.parametrize("known", [False, True], ids=["letters alone", "with log-probabilities"])
@pytest.mark.parametrize(
    "engine", [_swaps, _reuses_the_first, _reuses_a_prefix, _pads_on_the_wrong_side, _shifts_by_one]
)
def test_an_engine_that_mixes_rows_is_caught(engine: Engine, known: bool) -> None:
    assert _caught(engine, known=known) >= 0.95


@pytest.mark.parametrize(("size", "least"), [(16, 0.80), (32, 0.95)])
def test_one_wrong_row_in_eight_takes_more_rows(size: int, least: float) -> None:
    assert _caught(_loses_the_last, known=False, size=size) >= least


def test_the_chance_of_finding_a_fault_is_that_of_the_draw() -> None:
    """With log-probabilities every mixed row shows, so that the chance is hypergeometric (scipy)."""
    truth = _truth(known=True)
    mixed = sum(a is not b for a, b in zip(_batched(_loses_the_last, truth), truth, strict=True))
    assert mixed == 13
    chance = 1 - hypergeom(ROWS, mixed, SIZE).pmf(0)
    assert _caught(_loses_the_last, known=True) == pytest.approx(
        chance, abs=4 * (chance * (1 - chance) / SITTINGS) ** 0.5
    )


def test_an_honest_engine_is_never_accused() -> None:
    """In 16 bits log-probabilities move, and near ties fall otherwise; a second engine never does more."""
    for seed in range(40):
        drawn = random.Random(seed)  # noqa: S311 - no secret
        alone = [replace(r, lead=drawn.expovariate(1)) for r in _truth(known=True)]
        replies = [
            replace(r, text="E")
            if (r.lead or 0) < 0.05
            else replace(r, logprob=(r.logprob or 0) + drawn.gauss(0, 0.05))
            for r in alone
        ]
        assert canary.faults(_case(replies, alone, seed=seed, dtype="bfloat16"), LIMITS) == ()


def test_near_ties_excuse_a_share_of_the_rows_and_no_more() -> None:
    """Of 16 rows four may be read otherwise for a near tie; with every row of another letter, none is excused."""
    alone = [_reply("B", lead=0.1) for _ in range(ROWS)]
    for wrong, faulty in ((4, 0), (5, 5), (16, 16)):
        told = _case(alone, alone)
        turned = tuple(
            replace(c, batched=_reply("C", lead=0.1)) if n < wrong else c for n, c in enumerate(told.canaries)
        )
        found = held(replace(told, canaries=turned), LIMITS)
        assert (found.asked, found.same, found.ties, found.faulty) == (16, 16 - wrong, wrong, faulty)


def test_other_words_for_the_same_answer_are_no_other_answer() -> None:
    """A server says it in other words each time: the readings are held against each other."""
    call = Call(seconds=1.0)
    alone = [_reply("The answer is (B).", logprob=None, lead=None, call=call) for _ in range(ROWS)]
    replies = [replace(reply, text="B. It is seen on the left.") for reply in alone]
    found = held(_case(replies, alone), LIMITS)
    assert (found.same, found.alike, found.ties, found.faulty) == (0, 16, 0, 0)
    other = [replace(reply, text="C") for reply in alone]
    assert held(_case(other, alone), LIMITS).faulty == 16


def test_the_largest_difference_is_told() -> None:
    told = _case([_reply(logprob=-0.5)] * ROWS, [_reply(logprob=-0.501)] * ROWS, dtype="float32")
    found = held(told, LIMITS)
    assert found.logprob == pytest.approx(0.001)
    assert found.tolerance == LIMITS.canary_exact
    assert held(replace(told, provenance={}), LIMITS).tolerance == LIMITS.canary


# ----------------------------------------------------------------------------------------- what becomes of the case


def test_a_case_whose_rows_were_mixed_up_makes_its_claims_invalid() -> None:
    truth = _truth(known=True)
    mixed = _case(_batched(_reuses_the_first, truth), truth)
    (fault,) = faults(mixed, LIMITS)
    assert fault.endswith("padding, cache or engine mixed up rows")
    assert " of 16 rows asked again alone came back otherwise, first row r" in fault
    other = columns(replace(measurement([0.0] * ROWS, mode="shuffled"), canaries=()), LIMITS)
    claim = judge.alone(evidence.evidence("beats_shuffled", [columns(mixed, LIMITS), other], LIMITS), LIMITS)
    assert claim.verdict == "invalid"
    assert fault in claim.why


def test_a_case_without_canaries_is_not_accused() -> None:
    assert faults(measurement([1.0] * 10), LIMITS) == ()
    nothing = held(measurement([1.0] * 10), LIMITS)
    assert (nothing.asked, nothing.faulty, nothing.logprob) == (0, 0, None)


# -------------------------------------------------------------------------------------------- a real architecture


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaVA with random weights."""
    return checkpoints.llava(tmp_path_factory.mktemp("llava"))


def _prompts() -> list[Any]:
    drawn = random.Random(1)  # noqa: S311 - no secret
    texts = ["".join(drawn.choice("abcdefgh ") for _ in range(drawn.randint(5, 60))) for _ in range(24)]
    return [checkpoints.ask(text, checkpoints.picture(n), tokens=6) for n, text in enumerate(texts)]


def _ask(model: Any, prompts: Sequence[Any], size: int) -> list[Reply]:
    return [r for i in range(0, len(prompts), size) for r in model.reply(model.prepare(prompts[i : i + size]))]


def _kinds(batched: Sequence[Reply], alone: Sequence[Reply], dtype: str) -> list[str]:
    tolerance = LIMITS.canary_exact if dtype == "float32" else LIMITS.canary
    return [compared(a, b, tolerance).kind for a, b in zip(batched, alone, strict=True)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_real_engine_in_batches_of_eight_agrees_with_itself(tiny: Path, dtype: str) -> None:
    model, prompts = spec.open_model(spec.parse(f"hf:{tiny}?dtype={dtype}")), _prompts()
    assert "other" not in _kinds(_ask(model, prompts, 8), _ask(model, prompts, 1), dtype)


def test_a_real_engine_that_shows_a_neighbours_picture_does_not(tiny: Path) -> None:
    """Each row gets the picture of the row before it, with the receipts of its own; random weights tie now and then."""
    model, prompts = spec.open_model(spec.parse(f"hf:{tiny}?dtype=float32")), _prompts()
    alone = _ask(model, prompts, 1)
    moved = [replace(p, parts=(prompts[n - 1].parts[0], *p.parts[1:])) for n, p in enumerate(prompts)]
    wrong = [replace(w, receipts=a.receipts) for w, a in zip(_ask(model, moved, 8), alone, strict=True)]
    kinds = _kinds(wrong, alone, "float32")
    assert "same" not in kinds
    assert kinds.count("other") >= 0.8 * len(prompts)
