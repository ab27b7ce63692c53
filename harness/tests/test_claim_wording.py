"""Every sentence that the suite can write passes its own linter, and says what its verdict allows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness import evidence, judge, run, spec, until
from harness.baselines import baselines
from harness.columns import columns
from harness.ledger import Ledger
from harness.limits import Limits
from harness.lint import lint
from harness.mode import ROTATIONS
from harness.records import Claim, ModeName
from harness.tests.made import loaded
from harness.tests.zoo_rows import bench, choices, shorts

pytestmark = pytest.mark.xdist_group("claim_wording")
"""The cases are measured once, and by one worker."""

LIMITS = Limits()
STUBS = ("perfect", "partial?p=0.15", "text_leak", "blind", "canonical_order", "flip_flopper", "constant?letter=A")


@cache
def _claims(*, short: bool, early: bool) -> tuple[Claim, ...]:
    """All claims and gates about some stubs: each verdict comes up on the way."""
    rows = shorts(120) if short else choices(120)
    benchmark, settings = bench(rows), run.Settings(derangements=2, until_decided=early)
    modes: tuple[ModeName, ...] = ("image_text", "text_only", "shuffled", *(() if short else ROTATIONS[:4]))
    names = [name for name in evidence.offered(options=benchmark.options, modes=modes) if name != "saw_images"]
    made, found = {}, []
    for text in STUBS:
        model = spec.open_model(spec.parse(f"zoo:{text}"))
        with TemporaryDirectory() as folder:
            told = benchmark, loaded(rows), Ledger(Path(folder))
            if early:
                at_once = told[0], modes, model, told[1], told[2], settings, lambda _: True
                measured = until.measure(*at_once, learn=baselines)
            else:
                measured = {
                    name: run.measure(told[0], name, model, told[1], told[2], settings, learn=baselines)
                    for name in modes
                }
        made[text] = {name: columns(m, LIMITS) for name, m in measured.items()}
        found.append(judge.alone(evidence.saw_images(measured["image_text"], LIMITS), LIMITS))
        each = [
            evidence.evidence(n, [made[text][mode] for mode in evidence.needs(n, benchmark.options)], LIMITS)
            for n in names
        ]
        found += judge.family(each, LIMITS)
    for policy in ("not_worse", "better"):
        base = made["partial?p=0.15"]["image_text"]
        held = [judge.gate(made[text]["image_text"], base, policy=policy, limits=LIMITS) for text in STUBS]
        found += judge.gates(held, policy=policy, limits=LIMITS)
    return tuple(found)


def _every() -> Iterator[Claim]:
    for short in (False, True):
        for early in (False, True):
            yield from _claims(short=short, early=early)


def test_each_verdict_comes_up_for_each_tested_claim_that_can_have_it() -> None:
    seen = {(c.name, c.verdict) for c in _every()}
    for name in ("beats_shuffled", "beats_text_only", "above_chance", "above_baselines"):
        for verdict in ("supported", "refuted", "inconclusive"):
            assert (name, verdict) in seen
    for name in ("gate_not_worse", "gate_better"):
        assert {(name, "supported"), (name, "inconclusive")} <= seen
    assert {("stable_under_rotation", "supported"), ("stable_under_rotation", "refuted")} <= seen


def test_no_compiled_sentence_has_a_complaint() -> None:
    complaints = {c.sentence: found for c in _every() if (found := lint(c.sentence))}
    assert complaints == {}


@pytest.mark.parametrize("word", ["beats", "state of the art", "understands", "no difference", "significant"])
def test_no_compiled_sentence_has_a_forbidden_word(word: str) -> None:
    assert not [c.sentence for c in _every() if word in c.sentence.lower()]


def test_an_inconclusive_claim_says_what_could_have_been_shown_and_what_it_would_take() -> None:
    open_claims = [c for c in _every() if c.verdict == "inconclusive" and not c.name.startswith("gate")]
    assert open_claims
    for c in open_claims:
        assert "compatible with these rows" in c.sentence
        assert f"about {c.rows_needed} rows are needed" in c.sentence
        assert c.rows_needed > 0


def test_every_sentence_carries_its_evidence() -> None:
    for c in _every():
        if c.name != "saw_images" and c.verdict != "invalid":
            assert "% CI" in c.sentence
            assert "clusters" in c.sentence
            assert c.sentence.endswith("This is not evidence of clinical safety or utility.")
            assert c.modes
        assert c.difference is not None or c.estimate is not None or c.name == "saw_images"


def test_a_sentence_of_an_early_stop_says_so() -> None:
    early = [c for c in _claims(short=False, early=True) if c.name != "saw_images" and not c.name.startswith("gate")]
    assert early
    for c in early:
        assert "Stopped after" in c.sentence
        assert "betting" in c.sentence
