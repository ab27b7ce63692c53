"""Models that cannot share work fall back openly; sharing that goes wrong later makes its case unreportable."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import canary, run
from harness.backends.hf import features, prefix
from harness.backends.hf.model import HfModel
from harness.backends.hf.sharing import Sharing
from harness.errors import ReceiptError
from harness.ledger import Ledger
from harness.limits import Limits, faults
from harness.records import Measurement, Prompt, Reply
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture
from harness.tests.made import benchmark, loaded, row
from harness.tests.reusing import opened, replies, told

BOTH = "features of pictures and beginnings of prompts"
PROMPTS = tuple(ask(f"{text} {number}", picture(number)) for number in range(3) for text in ("what", "where is it"))
ROWS = [replace(row(number), images=(picture(number // 3),), stem=f"Is it {number}?") for number in range(18)]


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.llava(tmp_path_factory.mktemp("built") / "llava")


@pytest.fixture(scope="module")
def expected(llava: Path) -> list[Reply]:
    return opened(llava, "?reuse=off").alone(PROMPTS)


def measured(model: HfModel, folder: Path) -> tuple[Measurement, list[str]]:
    """A case of eighteen rows about six pictures, and what its canaries say against it."""
    found = run.measure(
        benchmark(ROWS), "image_text", model, loaded(ROWS), Ledger(folder), run.Settings(canaries=16, batch_size=9)
    )
    return found, [fault for fault in faults(found, Limits()) if canary.CAUSE in fault]


def with_encoder(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]) -> None:
    """Every encoder of LLaVA changes its features from now on."""
    from transformers import LlavaModel

    encode = LlavaModel.get_image_features

    @functools.wraps(encode)
    def changed(*args: Any, **kwargs: Any) -> Any:
        made = encode(*args, **kwargs)
        change(made)
        return made

    monkeypatch.setattr(LlavaModel, "get_image_features", changed)


# ------------------------------------------------------------------------------------------ before the first row


def _company(made: Any) -> None:
    """Features that depend on how many pictures are encoded at once."""
    parts = made.pooler_output
    made.pooler_output = [part + len(parts) - 1.0 for part in parts]


def test_an_encoder_that_depends_on_its_batch_shares_nothing_and_its_batches_are_unreportable(
    llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_encoder(monkeypatch, _company)
    model = opened(llava)
    one_by_one = [reply for prompt in PROMPTS for reply in replies(model, [prompt])]
    assert told(one_by_one) == told(expected)
    assert model.facts["shared"].startswith("nothing: features passed in moved a log-probability")
    assert len(measured(model, tmp_path)[1]) == 1


def test_a_model_that_is_given_features_and_ignores_them_shares_nothing(
    llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlavaForConditionalGeneration

    generate = LlavaForConditionalGeneration.generate

    def ignores(self: Any, *args: Any, mm_encoder_outputs: Any = None, **kwargs: Any) -> Any:
        return generate(self, *args, **kwargs)

    monkeypatch.setattr(LlavaForConditionalGeneration, "generate", ignores)
    model = opened(llava)
    assert told(replies(model, PROMPTS)) == told(expected)
    assert model.facts["shared"].startswith("nothing: ReceiptError: the features of the images were sent, but")


def test_an_encoder_that_gives_other_numbers_for_features_than_for_a_prompt_shares_nothing(
    llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = features._made
    monkeypatch.setattr(
        features,
        "_made",
        lambda *args: [{"pooler_output": [2 * p for p in own["pooler_output"]]} for own in made(*args)],
    )
    model = opened(llava)
    assert told(replies(model, PROMPTS)) == told(expected)
    assert model.facts["shared"].startswith("nothing: features passed in moved a log-probability")


@pytest.mark.parametrize("rows", [1, len(PROMPTS)])
def test_features_that_are_lost_after_the_proof_cost_no_row(
    llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    model = opened(llava)
    model.prepare([ask("warm")])  # proven

    def lost(*_: object) -> None:
        raise ReceiptError("the features of the images were sent, but the model was given others or none")

    monkeypatch.setattr("harness.backends.hf.sharing.hold_features", lost)
    got = [reply for place in range(0, len(PROMPTS), rows) for reply in replies(model, PROMPTS[place : place + rows])]
    assert told(got) == told(expected)


def test_an_encoder_that_raises_is_named(llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object) -> None:
        raise RuntimeError("this encoder\nwants something else")

    monkeypatch.setattr(features, "_made", raises)
    model = opened(llava)
    assert told(replies(model, PROMPTS)) == told(expected)
    assert model.facts["shared"] == "nothing: RuntimeError: this encoder wants something else"


def test_a_cache_that_only_later_tokens_show_to_be_wrong_is_not_shared(
    llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed = Sharing._resumed

    def late(self: Sharing, model: Any, *args: Any) -> Any:
        forward, calls = model.forward, []

        @functools.wraps(forward)
        def later(**kwargs: Any) -> Any:
            calls.append(1)
            # the first call reads beginnings, the second the rest; then come new tokens
            if len(calls) > 2:
                kwargs["position_ids"] = kwargs["position_ids"] + 7
            return forward(**kwargs)

        monkeypatch.setattr(model, "forward", later)
        try:
            return resumed(self, model, *args)
        finally:
            monkeypatch.undo()
            monkeypatch.setattr(Sharing, "_resumed", late)

    monkeypatch.setattr(Sharing, "_resumed", late)
    model = opened(llava)
    assert told(replies(model, PROMPTS)) == told(expected)
    assert "a beginning read first moved a log-probability" in model.facts["shared"]


@pytest.mark.parametrize(("dtype", "shared"), [("bfloat16", True), ("float32", False)])
def test_noise_that_batching_makes_too_is_no_reason_not_to_share_in_half_the_width(
    llava: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, shared: bool
) -> None:
    import torch
    from transformers import LlavaForConditionalGeneration

    forward = LlavaForConditionalGeneration.forward
    chance = torch.Generator().manual_seed(1)

    @functools.wraps(forward)
    def noisy(*args: Any, **kwargs: Any) -> Any:
        made = forward(*args, **kwargs)
        made.logits = made.logits + (torch.rand(made.logits.shape, generator=chance) - 0.5) * 0.6
        return made

    monkeypatch.setattr(LlavaForConditionalGeneration, "forward", noisy)
    model = opened(llava, f"?dtype={dtype}")
    replies(model, PROMPTS[:1])
    assert (model.facts["shared"] == BOTH) is shared
    encode = features._made
    monkeypatch.setattr(
        features,
        "_made",
        lambda *args: [{"pooler_output": [-p for p in one["pooler_output"]]} for one in encode(*args)],
    )
    faulty = opened(llava, f"?dtype={dtype}")
    replies(faulty, PROMPTS[:1])
    assert faulty.facts["shared"].startswith("nothing: features passed in moved")


def test_a_row_that_cannot_be_asked_leaves_the_others_of_its_batch_together(llava: Path) -> None:
    model = opened(llava)
    prompts = [*PROMPTS[:4], ask("x" * 600, picture(0)), *PROMPTS[4:], replace(PROMPTS[0], choices=("A", "B"))]
    prepared = model.prepare(prompts)
    assert [len(group.asked) for group in prepared.groups] == [1, 6]
    got = model.reply(prepared)
    assert [place for place, reply in enumerate(got) if reply.finish == "failed"] == [4]
    assert told(got) == told(model.alone(prompts))


def test_beginnings_of_a_model_that_reads_in_both_directions_are_proven_for_texts_that_come_first(
    tmp_path: Path,
) -> None:
    folder = checkpoints.paligemma(tmp_path / "paligemma")
    for order in ("images_first", "text_first"):
        model = opened(folder, f"?order={order}")
        prompts = [replace(ask("see?", picture(n)), choices=("a lung", "the heart", "liver")) for n in range(2)]
        got = replies(model, prompts)
        alone = model.alone(prompts)
        assert "no beginnings of prompts" in model.facts["shared"]
        for one, other in zip(got, alone, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=1e-4)


# ---------------------------------------------------------------------------------------------- after the proof


def test_a_case_that_shares_well_has_nothing_against_it(llava: Path, tmp_path: Path) -> None:
    model = opened(llava)
    found, against = measured(model, tmp_path)
    assert (len(found.canaries), against) == (16, [])
    assert model.facts["shared"] == BOTH


def _swapped(monkeypatch: pytest.MonkeyPatch) -> None:
    join = features.join
    monkeypatch.setattr(features, "join", lambda seen: join([*seen[1::-1], *seen[2:]]))


def _shifted(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = prefix.shared

    def wrong(*args: Any, **kwargs: Any) -> Any:
        plan = shared(*args, **kwargs)
        return plan and replace(plan, parents=(*plan.parents[1:], plan.parents[0]))

    monkeypatch.setattr(prefix, "shared", wrong)


def _blurred(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import DynamicCache

    select = DynamicCache.batch_select_indices

    def wrong(self: Any, indices: Any) -> None:
        select(self, indices)
        self.layers[0].keys[:, :, 3] = 0

    monkeypatch.setattr(DynamicCache, "batch_select_indices", wrong)


@pytest.mark.parametrize("goes_wrong", [_swapped, _shifted, _blurred])
def test_what_goes_wrong_after_the_proof_makes_the_case_unreportable(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes_wrong: Callable[[pytest.MonkeyPatch], None]
) -> None:
    model = opened(llava)
    replies(model, PROMPTS[:1])
    assert model.facts["shared"] == BOTH
    goes_wrong(monkeypatch)
    found, against = measured(model, tmp_path)
    assert not any(answer.reply.finish == "failed" for answer in found.answers)
    assert len(against) == 1


def test_a_cache_that_lost_a_token_is_refused_and_its_rows_are_asked_alone(
    llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import DynamicCache

    model = opened(llava)
    replies(model, PROMPTS[:1])
    select = DynamicCache.batch_select_indices

    def cropped(self: Any, indices: Any) -> None:
        select(self, indices)
        self.crop(-1)

    monkeypatch.setattr(DynamicCache, "batch_select_indices", cropped)
    assert told(replies(model, PROMPTS)) == told(expected)


def test_features_that_the_model_was_not_given_are_no_receipt_and_the_rows_are_asked_alone(
    llava: Path, expected: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened(llava)
    replies(model, PROMPTS[:1])
    network = model._open().model
    generate = network.generate

    def forgetful(**inputs: Any) -> Any:
        if features.PASSED in inputs:
            given = inputs[features.PASSED]["image"]
            inputs[features.PASSED] = {"image": type(given)(pooler_output=given.pooler_output)}
        return generate(**inputs)

    monkeypatch.setattr(network, "generate", forgetful)
    assert told(replies(model, PROMPTS)) == told(expected)


def test_a_row_that_cannot_be_made_ready_again_fails_alone_with_its_cause(
    llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened(llava)
    prepared = model.prepare(PROMPTS[:3], ["a", "b", "c"])
    model.reply(model.prepare(PROMPTS[:1]))
    network = model._open().model
    generate = network.generate

    def forgetful(**inputs: Any) -> Any:
        inputs.pop(features.PASSED, None)
        return generate(**inputs)

    desk = model._plain()
    read = type(desk.eye).read

    def gone(self: Any, prompts: Sequence[Prompt], seen: Any) -> Any:
        if prompts[0] == PROMPTS[1]:
            raise MemoryError("no room")
        return read(self, prompts, seen)

    monkeypatch.setattr(network, "generate", forgetful)
    monkeypatch.setattr(type(desk.eye), "read", gone)
    got = model.reply(prepared)
    assert [reply.finish == "failed" for reply in got] == [False, True, False]
    assert got[1].error == "row b: no room"


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), float("-inf")])
def test_figures_that_are_none_fail_their_rows_and_not_the_run(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: float
) -> None:
    from transformers import LlavaForConditionalGeneration

    forward = LlavaForConditionalGeneration.forward

    @functools.wraps(forward)
    def senseless(*args: Any, **kwargs: Any) -> Any:
        made = forward(*args, **kwargs)
        made.logits = made.logits * 0 + figure
        return made

    monkeypatch.setattr(LlavaForConditionalGeneration, "forward", senseless)
    for options in ("", "?answer=likelihood", "?answer=likelihood_text"):
        found, _ = measured(opened(llava, options), tmp_path / f"_{options[1:]}")
        assert all(answer.reply.finish == "failed" for answer in found.answers)
        assert "log-probability of nan" in found.answers[0].reply.error
