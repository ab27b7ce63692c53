"""A stub of the zoo answers from what a prompt shows, the same whatever is asked before, after or beside it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import mode, prompt, spec
from harness.backends.zoo import OPTIONS, ZooModel
from harness.backends.zoo.expected import chances
from harness.backends.zoo.seen import read
from harness.backends.zoo.stubs import ZOO
from harness.errors import ModelError, UsageError
from harness.records import ModeName, Option, Prompt, Reply, Row, TextPart
from harness.tests.zoo_rows import STRATA, choices, shorts
from harness.truth import Truth

CHOICES, SHORTS = choices(60), shorts(60)


def _opened(text: str, rows: Sequence[Row] = CHOICES) -> ZooModel:
    model = spec.open_model(spec.parse(text))
    assert isinstance(model, ZooModel)
    model.meet(rows)
    return model


def _asked(model: ZooModel, prompts: Sequence[Prompt]) -> list[Reply]:
    return model.reply(model.prepare(prompts))


def _prompts(rows: Sequence[Row], name: ModeName = "image_text") -> list[Prompt]:
    return [prompt.build(row, name) for row in mode.apply(name, rows, rows, seed=0, strata=STRATA)]


@pytest.mark.parametrize("rows", [CHOICES, SHORTS], ids=["choice", "short"])
def test_a_prompt_of_every_mode_is_read_back_as_the_row_that_was_shown(rows: Sequence[Row]) -> None:
    for name in mode.offered(options=len(rows[0].options), strata=STRATA):
        for shown in mode.apply(name, rows, rows, seed=0, strata=STRATA):
            seen = read(prompt.build(shown, name))
            assert (seen.stem, seen.images) == (shown.stem, shown.images)
            assert [(o.letter, o.text) for o in seen.options] == [(o.letter, o.text) for o in shown.options]


words = st.text("AB. \nCanswer:QuestionArch", max_size=40)


@given(words, st.lists(st.text("abAB .:", max_size=9), min_size=2, max_size=9))
def test_a_stem_may_hold_anything_that_looks_like_a_prompt(stem: str, texts: list[str]) -> None:
    options = tuple(Option(letter=chr(65 + i), text=text, origin=chr(65 + i)) for i, text in enumerate(texts))
    row = replace(CHOICES[0], stem=f"{stem}\n\nAnswer choices:\nA. x\nB. y", options=options)
    seen = read(prompt.build(row, "image_text"))
    assert (seen.stem, [option.text for option in seen.options]) == (row.stem, texts)


def test_a_prompt_in_other_words_is_refused_before_anything_is_asked() -> None:
    model = _opened("zoo:perfect")
    with pytest.raises(ModelError, match=r"ends with 'Which\?', but a stub reads only what harness/prompt\.py writes"):
        model.check([Prompt(parts=(TextPart(text="Which?"),), max_new_tokens=8)])


def test_a_stub_that_met_no_rows_refuses_to_be_asked() -> None:
    model = spec.open_model(spec.parse("zoo:perfect"))
    with pytest.raises(ModelError, match="model perfect: was asked before it met any rows"):
        model.check(_prompts(CHOICES))


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("rows", [CHOICES, SHORTS], ids=["choice", "short"])
def test_replies_do_not_depend_on_order_or_batch(name: str, rows: Sequence[Row]) -> None:
    model, again = _opened(f"zoo:{name}", rows), _opened(f"zoo:{name}", rows)
    prompts = _prompts(rows) + _prompts(rows, "shuffled")
    whole = _asked(model, prompts)
    order = list(range(len(prompts)))
    random.Random(1).shuffle(order)  # noqa: S311 - no secret
    one_by_one = {place: _asked(again, [prompts[place]])[0] for place in order}
    assert [one_by_one[place] for place in range(len(prompts))] == whole


@pytest.mark.parametrize("name", ["blind", "partial", "flip_flopper"])
def test_another_seed_is_another_draw(name: str) -> None:
    first, same, other = (
        [reply.text for reply in _asked(_opened(text), _prompts(CHOICES))]
        for text in (f"zoo:{name}", f"zoo:{name}?seed=0", f"zoo:{name}?seed=1")
    )
    assert first == same != other


@pytest.mark.parametrize("name", [name for name, stub in ZOO.items() if stub.receipts == "all"])
def test_every_image_sent_has_a_receipt_in_order(name: str) -> None:
    prompts = _prompts(CHOICES)
    for sent, reply in zip(prompts, _asked(_opened(f"zoo:{name}"), prompts), strict=True):
        if reply.finish != "failed":
            assert [(r.digest, r.tokens) for r in reply.receipts] == [(ref.digest, 1) for ref in sent.images]


def test_receipts_are_owed_where_a_stub_is_made_to_owe_them() -> None:
    (three,) = [p for p in _prompts(CHOICES) if len(p.images) == 3][:1]
    digests = [ref.digest for ref in three.images]
    owed = {
        text: [receipt.digest for receipt in _asked(_opened(text), [three])[0].receipts]
        for text in ("zoo:no_receipts", "zoo:wrong_receipts", "zoo:first_image", "zoo:first_image?receipts=honest")
    }
    assert owed["zoo:no_receipts"] == []
    assert len(owed["zoo:wrong_receipts"]) == 3
    assert not set(owed["zoo:wrong_receipts"]) & set(digests)
    assert owed["zoo:first_image"] == digests
    assert owed["zoo:first_image?receipts=honest"] == digests[:1]


@pytest.mark.parametrize("rate", ["0", "0.1", "1"])
def test_about_the_declared_share_of_rows_fails_and_the_same_ones_again(rate: str) -> None:
    rows = choices(400)
    first, again = (_asked(_opened(f"zoo:failing?rate={rate}", rows), _prompts(rows)) for _ in range(2))
    failed = [reply.finish == "failed" for reply in first]
    assert first == again
    assert sum(failed) == pytest.approx(400 * float(rate), abs=4.5 * (400 * 0.09) ** 0.5 if rate == "0.1" else 0)
    assert all(bool(reply.error) == (reply.finish == "failed") for reply in first)


def test_what_is_cut_off_says_so() -> None:
    replies = _asked(_opened("zoo:truncating"), _prompts(CHOICES))
    assert {reply.finish for reply in replies} == {"length"}


def test_the_fingerprint_is_of_all_that_shapes_a_reply() -> None:
    base = _opened("zoo:partial").fingerprint
    assert base == _opened("named=zoo:partial?p=0.6").fingerprint
    mended = [replace(CHOICES[0], gold="A" if CHOICES[0].gold != "A" else "B"), *CHOICES[1:]]
    others = {
        _opened("zoo:partial?p=0.5").fingerprint,
        _opened("zoo:partial?seed=1").fingerprint,
        _opened("zoo:perfect").fingerprint,
        _opened("zoo:partial", mended).fingerprint,
    }
    assert len(others | {base}) == 5


def test_a_report_says_that_it_is_a_stub() -> None:
    facts = _opened("zoo:partial?p=0.2").facts
    assert facts["nature"] == "a stub of known truth; not a model"
    assert facts["options"] == "p=0.2, seed=0"
    assert facts["rule"] == "Look at a row with probability p, in every order of its options alike; else guess"


def test_an_unknown_stub_is_told_all_that_there_are() -> None:
    with pytest.raises(UsageError) as raised:
        _opened("zoo:prefect")
    assert "--model prefect: there is no stub 'prefect' in the zoo, but should be one of " in str(raised.value)
    assert all(name in str(raised.value) for name in ZOO)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zoo:perfect@main", "there is no stub 'perfect@main'"),
        ("zoo:perfect?p=0.5", "the stub perfect has no option 'p', but has seed"),
        ("zoo:partial?p=1.5", r"p is '1\.5', but should be probability in \[0, 1\]"),
        ("zoo:partial?p=", "p is '', but should be probability"),
        ("zoo:constant?letter=a", r"letter is 'a', but should be A\.\.\.Z"),
        ("zoo:constant?says=%20", "says is ' ', but should be WORDS"),
        ("zoo:first_image?receipts=some", r"receipts is 'some', but should be all\|honest"),
        ("zoo:blind?seed=-1", "seed is '-1', but should be N"),
        ("zoo:blind?colour=red", "'colour=red' is no option of zoo"),
    ],
)
def test_a_spec_that_means_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        _opened(text)


@pytest.mark.parametrize("share", ["0", "1", "0.5", ".5", "1.0", "0.001"])
def test_a_probability_may_be_written_as_people_do(share: str) -> None:
    assert f"p={share}" in _opened(f"zoo:partial?p={share}").facts["options"]


def test_every_option_is_one_of_some_stub_and_every_stub_has_its_expectation() -> None:
    assert set(OPTIONS) == {"seed"}.union(*(stub.options for stub in ZOO.values()))
    for name in ZOO:
        assert len(chances(name, {}, CHOICES, Truth(CHOICES))) == len(CHOICES)
