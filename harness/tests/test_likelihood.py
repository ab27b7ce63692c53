"""Answers by likelihood: what ``forward`` says by hand, whatever the batch, and read as the published option."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import prompt as prompts_of
from harness import run, spec
from harness.backends.hf.choices import Choices, best
from harness.backends.hf.loading import quiet
from harness.backends.hf.model import HfModel
from harness.ledger import Ledger
from harness.limits import Limits, faults
from harness.load import choice
from harness.load.layout import Layout
from harness.reading import read
from harness.records import ImagePart, Prompt, Read, Reply, Row, Source, Unread
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture
from harness.tests.checkpoints.plain import Plain
from harness.tests.made import benchmark, loaded, row

NAMES = ("llava", "qwen2_5_vl")
LETTERS = ("A", "B", "C", "D")
TEXTS = ("a lung", "the heart", "liver", "kidneys, both of them")
SHOWN = tuple(
    ask(f"{text} {number}", *images)
    for number, images in enumerate(((picture(1),), (picture(1), picture(2, 80, 30)), (picture(3, 60, 60),)))
    for text in ("what?", "a question of some length")
)
ALL = (*SHOWN, ask("no picture"), ask("no picture, but a question of some length"))


@pytest.fixture(scope="module", params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose vocabulary says some letters in two ways, as those of real models do."""
    built = checkpoints.BUILDERS[request.param](tmp_path_factory.mktemp("built") / request.param)
    plain = Plain(built)
    plain.processor.tokenizer.add_tokens([" A", " B", " C", " D", "yes", "No", " no", "NO"])
    with quiet():
        plain.model.resize_token_embeddings(len(plain.processor.tokenizer), mean_resizing=False)
        plain.model.save_pretrained(built)
        plain.processor.save_pretrained(built)
    return built


@pytest.fixture(scope="module")
def plain(folder: Path) -> Plain:
    return Plain(folder)


@pytest.fixture(scope="module")
def models(folder: Path) -> dict[str, HfModel]:
    return {options: opened(folder, options) for options in ("", "?reuse=off")}


def opened(folder: Path, options: str = "") -> HfModel:
    model = spec.open_model(spec.parse(f"hf:{folder}{options}"))
    assert isinstance(model, HfModel)
    return model


def replies(model: HfModel, prompts: Sequence[Prompt]) -> list[Reply]:
    return model.reply(model.prepare(prompts))


def choosing(prompts: Sequence[Prompt], choices: Sequence[str]) -> list[Prompt]:
    return [replace(prompt, choices=tuple(choices)) for prompt in prompts]


def forward(plain: Plain, prompt: Prompt, then: str = "") -> tuple[Any, list[int]]:
    """Log-probabilities of every next token of a prompt that goes on with a text, and the ids of that text."""
    import torch

    content = [
        {"type": "image"} if isinstance(part, ImagePart) else {"type": "text", "text": part.text}
        for part in prompt.parts
    ]
    text = plain.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    images = [image.open() for image in prompt.images]
    named = {"images": [images]} if images else {}
    inputs = plain.processor(text=[text + then], add_special_tokens=False, return_tensors="pt", **named)
    ids = inputs["input_ids"][0].tolist()
    before = plain.processor(text=[text], add_special_tokens=False, return_tensors="pt", **named)["input_ids"].shape[1]
    with quiet(), torch.inference_mode():
        logits = plain.model(**inputs).logits[0]
    return logits[before - 1 :].double().log_softmax(dim=-1), ids[before:]


def by_letter(plain: Plain, prompt: Prompt, choices: Sequence[str]) -> list[float]:
    """Probability of all tokens that say a choice, with a space before or behind them, summed."""
    sure, _ = forward(plain, prompt)
    tokenizer = plain.processor.tokenizer
    said = {number: tokenizer.decode([number]).strip() for number in range(4, len(tokenizer))}
    of = {
        one: [number for number, word in said.items() if one == (word.lower() if len(one) > 1 else word)]
        for one in choices
    }
    return [float(sure[0, of[one]].exp().sum().log()) for one in choices]


def by_text(plain: Plain, prompt: Prompt, choices: Sequence[str]) -> list[float]:
    """Log-probabilities of all tokens of a choice, each after those before it, summed."""
    found = []
    for one in choices:
        sure, ids = forward(plain, prompt, one)
        found.append(sum(float(sure[place, token]) for place, token in enumerate(ids)))
    return found


# --------------------------------------------------------------------------------------------------- scores


@pytest.mark.parametrize("options", ["", "?reuse=off"])
def test_scores_of_letters_are_the_summed_probabilities_of_their_tokens(
    plain: Plain, models: dict[str, HfModel], options: str
) -> None:
    assert len(models[options]._open()._choices.forms("A")) == 2
    for prompt, reply in zip(ALL, replies(models[options], choosing(ALL, LETTERS)), strict=True):
        expected = by_letter(plain, prompt, LETTERS)
        assert reply.scores == pytest.approx(expected, abs=1e-5)
        assert reply.text == LETTERS[expected.index(max(expected))]
        assert (reply.finish, reply.new_tokens, len(reply.receipts)) == ("stop", 0, len(prompt.images))
        ordered = sorted(expected)
        assert (reply.logprob, reply.lead) == pytest.approx((ordered[-1], ordered[-1] - ordered[-2]), abs=2e-5)


@pytest.mark.parametrize("options", ["", "?reuse=off"])
def test_scores_of_texts_are_the_sums_over_their_tokens(plain: Plain, models: dict[str, HfModel], options: str) -> None:
    for prompt, reply in zip(ALL, replies(models[options], choosing(ALL, TEXTS)), strict=True):
        expected = by_text(plain, prompt, TEXTS)
        assert reply.scores == pytest.approx(expected, abs=2e-5)
        assert reply.text == TEXTS[expected.index(max(expected))]


@pytest.mark.parametrize("options", ["", "?reuse=off"])
def test_yes_and_no_are_scored_in_any_case_where_each_is_one_token(
    plain: Plain, models: dict[str, HfModel], options: str
) -> None:
    for prompt, reply in zip(ALL, replies(models[options], choosing(ALL, ("yes", "no"))), strict=True):
        assert reply.scores == pytest.approx(by_letter(plain, prompt, ("yes", "no")), abs=1e-5)


@pytest.mark.parametrize("choices", [LETTERS, TEXTS, ("yes", "no")])
def test_scores_do_not_depend_on_what_else_is_in_the_batch(
    models: dict[str, HfModel], choices: tuple[str, ...]
) -> None:
    for model in models.values():
        asked = choosing(ALL, choices)
        whole = replies(model, asked)
        mixed = [*choosing(ALL[:3], TEXTS[:2]), *ALL[:4], *choosing(ALL[:3], ("x", "y")), *asked]
        for found in (model.alone(asked), replies(model, mixed)[-len(asked) :]):
            assert [reply.text for reply in found] == [reply.text for reply in whole]
            for one, other in zip(found, whole, strict=True):
                # a score of -100 has a spacing of 8e-6 in float32
                assert one.scores == pytest.approx(other.scores, abs=1e-5, rel=2e-7)


@pytest.mark.parametrize("choices", [LETTERS, TEXTS])
def test_options_in_another_order_have_their_scores_in_that_order(
    models: dict[str, HfModel], choices: tuple[str, ...]
) -> None:
    turned = (*choices[2:], *choices[:2])
    for model in models.values():
        given = replies(model, choosing(SHOWN, choices))
        other = replies(model, choosing(SHOWN, turned))
        for one, two in zip(given, other, strict=True):
            assert two.scores == pytest.approx((*one.scores[2:], *one.scores[:2]), abs=1e-5)
            assert two.text == one.text


def test_penalties_for_what_stands_in_the_prompt_change_no_score(
    folder: Path, models: dict[str, HfModel], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    config = json.loads((copy / "generation_config.json").read_text())
    (copy / "generation_config.json").write_text(
        json.dumps({**config, "repetition_penalty": 1.7, "no_repeat_ngram_size": 2})
    )
    for options in ("", "?reuse=off"):
        penal = opened(copy, options)
        for choices in (LETTERS, TEXTS):
            for one, other in zip(
                replies(penal, choosing(SHOWN, choices)),
                replies(models[options], choosing(SHOWN, choices)),
                strict=True,
            ):
                assert one.scores == pytest.approx(other.scores, abs=1e-5)
        assert [r.text for r in replies(penal, SHOWN)] != [r.text for r in replies(models[options], SHOWN)]


def test_two_options_that_are_equally_likely_give_no_answer(folder: Path) -> None:
    import torch

    for options in ("", "?reuse=off"):
        model = opened(folder, options)
        network = model._open().model
        forms = model._open()._choices.forms
        with torch.no_grad():
            head = network.get_output_embeddings().weight
            head[forms("B")] = head[forms("A")]
        (reply,) = replies(model, choosing(SHOWN[:1], ("A", "B")))
        assert (reply.text, reply.lead, reply.scores[0]) == ("", 0.0, reply.scores[1])
        shown = row(1, options="AB")
        assert read(shown, reply) == Unread("several")
        assert best(("A", "B"), (-1.0, -1.0)) == ""


def test_scores_that_agree_to_the_last_digit_kept_are_a_tie_for_the_text_as_for_the_reading(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened(folder)
    monkeypatch.setattr(Choices, "scores", lambda *_: (-1.00000041, -1.00000039, -3.0))
    (reply,) = replies(model, choosing(SHOWN[:1], ("A", "B", "C")))
    assert (reply.text, reply.scores) == ("", (-1.0, -1.0, -3.0))
    assert read(row(1, options="ABC"), reply) == Unread("several")


# -------------------------------------------------------------------------------------------------- reading


def _rotated(shown: Row, by: int) -> Row:
    """The row with its options moved, each keeping the letter under which it was published."""
    moved = [*shown.options[by:], *shown.options[:by]]
    letters = [option.letter for option in shown.options]
    options = tuple(replace(option, letter=letter) for option, letter in zip(moved, letters, strict=True))
    return replace(shown, options=options)


@pytest.mark.parametrize("by", range(5))
def test_the_likeliest_letter_is_read_as_the_published_one(by: int) -> None:
    shown = _rotated(row(1), by)
    for place, option in enumerate(shown.options):
        scores = tuple(-0.5 if place == other else -2.0 - other for other in range(5))
        assert read(shown, Reply(text="", receipts=(), finish="stop", scores=scores)) == Read(option.origin)


def test_the_likelier_of_yes_and_no_is_read() -> None:
    shown = row(1, kind="yes_no", gold="no")
    for scores, expected in (((-0.1, -2.0), Read("yes")), ((-2.0, -0.1), Read("no")), ((-1, -1), Unread("several"))):
        assert read(shown, Reply(text="", receipts=(), finish="stop", scores=scores)) == expected


@pytest.mark.parametrize("answer", ["likelihood", "likelihood_text"])
def test_a_case_is_scored_by_likelihood_where_there_are_choices_and_generated_elsewhere(
    folder: Path, plain: Plain, tmp_path: Path, answer: Any
) -> None:
    rows = [
        *(replace(row(number), images=(picture(number // 2),), stem=f"Is it {number}?") for number in range(4)),
        *(replace(row(number, kind="yes_no", gold="no"), images=(picture(number // 2),)) for number in range(4, 8)),
        *(replace(row(number, kind="open", gold="lung"), images=(picture(number),)) for number in range(8, 10)),
    ]
    # the whole prompt of a row of options is longer than the context of the made-up models
    model = opened(_wide(folder, tmp_path), f"?answer={answer}")
    found = run.measure(
        benchmark(rows, options=0),
        "image_text",
        model,
        loaded(rows),
        Ledger(tmp_path / "ledger"),
        run.Settings(canaries=10),
    )
    assert [fault for fault in faults(found, Limits()) if "unread" not in fault] == []
    for one in found.answers:
        asked = prompts_of.build(one.row, "image_text", answer=answer)
        if one.row.kind == "open":
            assert (one.reply.scores, one.reply.text != "") == ((), True)
            continue
        hand = by_text if one.row.kind == "choice" and answer == "likelihood_text" else by_letter
        expected = hand(plain, asked, asked.choices)
        assert one.reply.scores == pytest.approx(expected, abs=1e-4)
        likeliest = expected.index(max(expected))
        assert one.reading == Read("ABCDE"[likeliest] if one.row.kind == "choice" else ("yes", "no")[likeliest])
        metric = "accuracy" if one.row.kind == "choice" else "exact_match"
        assert one.points[metric] == float(one.reading.value == one.row.gold)
    assert "2 of 10 prompts have nothing to choose from" in " ".join(found.notes)


def _wide(folder: Path, into: Path) -> Path:
    copy = Path(shutil.copytree(folder, into / "wide"))
    config = json.loads((copy / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 4096
    (copy / "config.json").write_text(json.dumps(config))
    return copy


def test_likelihood_and_generation_read_the_shipped_control_alike(tmp_path: Path) -> None:
    root = Path(__file__).parents[2] / "fixtures" / "embedded"
    layouts = (Layout(name="jsonl", tables={"test": ("test.jsonl",)}, pictures=("images.zip",), prefixes=("images/",)),)
    found = choice.load(
        "phantom_choice", Source(root=str(root / "phantom_choice")), layouts, fetch="", options=5, slices=()
    )
    rows = found.rows[:40]
    readings = []
    for answer in ("generation", "likelihood"):
        model = opened(root / "sighted", f"?answer={answer}")
        asked = [prompts_of.build(one, "image_text", answer=model.spec.answer) for one in rows]
        got = replies(model, asked)
        readings.append([read(one, reply) for one, reply in zip(rows, got, strict=True)])
    generated, scored = readings
    assert not any(isinstance(one, Unread) for one in generated)
    assert scored == generated
    assert len({one.value for one in generated if isinstance(one, Read)}) == 5


# -------------------------------------------------------------------------------------------------- tokens


def _words(*words: str) -> Any:
    """A tokenizer of whole words, which stand in a text one after the other."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(
        models.WordPiece({word: place for place, word in enumerate(["<unk>", *words])}, unk_token="<unk>")
    )
    backend.decoder = decoders.Fuse()
    fast: Any = PreTrainedTokenizerFast
    return fast(tokenizer_object=backend, unk_token="<unk>")


def test_a_letter_is_said_as_it_is_written_and_a_word_in_any_case() -> None:
    choices = Choices(_words("A", "a", " A", "A ", "A.", "yes", "Yes", " YES", "yes,", "no"))
    assert choices.forms("A") == [1, 3, 4]
    assert choices.forms("yes") == [6, 7, 8]
    assert choices.forms("yes") == [6, 7, 8]
    assert (choices.forms("maybe"), choices.forms("<unk>")) == ([], [])


def test_choices_are_single_only_if_each_has_tokens_of_its_own() -> None:
    choices = Choices(_words("A", "B", "lung", "Lung", "heart"))
    assert choices.single(("A", "B"))
    assert choices.single(("lung", "heart"))
    # one token would say both
    assert not choices.single(("lung", "Lung"))
    assert not choices.single(("A", "C"))


def test_the_tokens_of_a_choice_are_those_by_which_the_prompt_goes_on(models: dict[str, HfModel]) -> None:
    choices = models[""]._open()._choices
    tokenizer = models[""]._open().tokenizer
    assert tokenizer.decode(choices.following("assistant: ", "a lung")) == "a lung"
    # the space of the prompt and the letter would be one token of the vocabulary, were they not written one by one
    assert tokenizer.convert_ids_to_tokens(choices.following("assistant: ", "A")) == ["A"]


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_option_without_text_would_always_be_the_likeliest_and_fails_its_row(
    models: dict[str, HfModel], empty: str
) -> None:
    for model in models.values():
        got = replies(model, [*choosing(SHOWN[:1], ("a lung", empty)), *choosing(SHOWN[:1], ("a lung", "liver"))])
        assert [reply.finish for reply in got] == ["failed", "stop"]
        assert got[0].error.startswith("prompt 1: one of its 2 choices is empty")
