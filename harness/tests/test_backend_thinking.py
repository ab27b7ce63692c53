"""Reasoning is told from the answer, in the forms in which models write it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import spec
from harness.backends.hf import decode, limits, thinking
from harness.backends.hf.thinking import MARKS
from harness.errors import ModelError
from harness.records import Reply
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture
from harness.tests.checkpoints.parts import tokenizer_of

SPECIAL = tokenizer_of([mark for pair in MARKS for mark in pair])
PLAIN = tokenizer_of()
OPENED = {"<unused94>": "<unused94>thought\n", "<|channel>": "<|channel>thought\n"}

EOS = 2


def written(tokenizer: Any, text: str, *, prompt: str = "", ended: bool = True) -> decode.Written:
    ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], *([EOS] if ended else [])]
    return decode.read(tokenizer, ids, len(ids), {EOS}, prompt)


@pytest.fixture(params=["marks are special tokens", "marks are letters"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return SPECIAL if "special" in request.param else PLAIN


# two of the marks are not in ASCII, which is all that the tokenizer of letters knows
READABLE = [pair for pair in MARKS if pair[0].isascii()]


@pytest.mark.parametrize(("opening", "closing"), READABLE)
def test_reasoning_between_marks_is_no_part_of_the_answer(tokenizer: Any, opening: str, closing: str) -> None:
    opening = OPENED.get(opening, opening)
    reply = written(tokenizer, f"{opening}It may be A, or B.\n{closing}\n\nThe answer is B.")
    assert (reply.thinking, reply.text, reply.finish) == ("It may be A, or B.", "The answer is B.", "stop")


@pytest.mark.parametrize(("opening", "closing"), READABLE)
def test_closing_mark_alone_ends_a_thought_that_the_template_opened(tokenizer: Any, opening: str, closing: str) -> None:
    prompt = f"user: which?assistant: {OPENED.get(opening, opening)}\n"
    reply = written(tokenizer, f"A, surely.{closing}B", prompt=prompt)
    assert (reply.thinking, reply.text) == ("A, surely.", "B")
    assert written(tokenizer, f"A, surely.{closing}B") == reply


@pytest.mark.parametrize(("opening", "closing"), READABLE)
def test_thought_that_was_cut_off_is_no_answer(tokenizer: Any, opening: str, closing: str) -> None:
    opening = OPENED.get(opening, opening)
    own = written(tokenizer, f"{opening}It may be A", ended=False)
    assert (own.thinking, own.text, own.finish) == ("It may be A", "", "length")
    after = written(tokenizer, "It may be A", prompt=f"assistant: {opening}", ended=False)
    assert (after.thinking, after.text, after.finish) == ("It may be A", "", "length")


@pytest.mark.parametrize(("opening", "closing"), READABLE)
def test_template_that_closes_an_empty_thought_opens_none(opening: str, closing: str) -> None:
    prompt = f"assistant: {OPENED.get(opening, opening)}\n\n{closing}\n\n"
    assert not thinking.opens(prompt)
    assert thinking.opens(f"assistant: {OPENED.get(opening, opening)}\n")
    assert written(PLAIN, "It may be A", prompt=prompt).text == "It may be A"


def test_tokens_are_counted_with_those_of_the_reasoning(tokenizer: Any) -> None:
    text = "<think>A or B</think>B"
    assert written(tokenizer, text).tokens == len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1


def test_answer_around_several_thoughts_is_put_together() -> None:
    reply = written(SPECIAL, "First: <think>one</think>A.<think>two</think> Then: B.")
    assert (reply.thinking, reply.text) == ("one\ntwo", "First: A. Then: B.")


def test_empty_thought_leaves_no_trace() -> None:
    reply = written(SPECIAL, "<think>\n\n</think>\n\nB")
    assert (reply.thinking, reply.text) == ("", "B")


def test_reply_without_marks_is_kept_letter_for_letter(tokenizer: Any) -> None:
    assert written(tokenizer, "\n I think <B> ").text == "\n I think <B> "
    assert written(tokenizer, "\n I think <B> ").thinking == ""


def test_prompt_that_speaks_of_marks_opens_no_thought() -> None:
    assert not thinking.opens("user: what does <think> mean?assistant: ")


def test_choices_are_refused_where_the_template_opens_a_thought() -> None:
    scored = [ask("which?"), replace(ask("which?"), choices=("A", "B"))]
    with pytest.raises(ModelError, match="its chat template opens a thought, but the likelihood of a choice"):
        limits.hold_choices("vlm", scored, "assistant: <think>\n")
    limits.hold_choices("vlm", scored, "assistant: <think>\n\n</think>\n\n")
    limits.hold_choices("vlm", scored[:1], "assistant: <think>\n")


def test_mark_of_a_model_whose_alphabet_is_not_ours_is_known() -> None:
    reply = written(SPECIAL, "◁think▷A or B◁/think▷B")
    assert (reply.thinking, reply.text) == ("A or B", "B")


# -------------------------------------------------------------------------------------- the checkpoint's own word

RESPONSE = {
    "start_anchor": "assistant: ",
    "fields": {
        "reasoning_content": {"open": "(thought)", "close": "(end)"},
        "content": {},
    },
}


def with_response_template() -> Any:
    tokenizer = tokenizer_of()
    tokenizer.response_template = RESPONSE
    return tokenizer


def test_response_template_of_a_checkpoint_goes_before_the_marks_known_here() -> None:
    tokenizer = with_response_template()
    reply = written(tokenizer, "(thought)A or B(end)<think>B", prompt="user: ?assistant: ")
    assert (reply.thinking, reply.text) == ("A or B", "<think>B")


def test_response_template_knows_the_thought_that_the_prompt_opened() -> None:
    tokenizer = with_response_template()
    reply = written(tokenizer, "A or B(end)B", prompt="user: ?assistant: (thought)")
    assert (reply.thinking, reply.text) == ("A or B", "B")
    cut = written(tokenizer, "A or B", prompt="user: ?assistant: (thought)", ended=False)
    assert (cut.thinking, cut.text, cut.finish) == ("A or B", "", "length")


def test_response_template_that_cannot_be_used_leaves_the_marks() -> None:
    tokenizer = tokenizer_of()
    tokenizer.response_template = {"fields": "none"}
    assert written(tokenizer, "<think>A</think>B").text == "B"


# ------------------------------------------------------------------------------------------------ whole models


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.llava(tmp_path_factory.mktemp("checkpoints") / "llava")


@pytest.fixture
def llava(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "llava"))


def replied(folder: Path, options: str = "") -> Reply:
    model = spec.open_model(spec.parse(f"hf:{folder}{options}"))
    return model.reply(model.prepare([ask("see?", picture(1), tokens=9)]))[0]


def test_reasoning_of_a_model_is_not_in_the_text_of_its_reply(llava: Path) -> None:
    plain = replied(llava).text
    said = next(place for place, letter in enumerate(plain) if place and letter not in "user: see?assistant: ")
    held = json.loads((llava / "tokenizer.json").read_text())
    words = held["model"]["vocab"]
    words["</think>"] = words.pop(plain[said])
    (llava / "tokenizer.json").write_text(json.dumps(held))
    reply = replied(llava)
    assert reply.thinking == plain[:said].strip()
    assert reply.text == plain[plain.rindex(plain[said]) + 1 :].replace(plain[said], "").strip()


def test_thought_that_the_template_opened_and_the_limit_cut_is_no_answer(llava: Path) -> None:
    template = llava / "chat_template.jinja"
    template.write_text(template.read_text() + "<think>\n")
    reply = replied(llava)
    assert (reply.text, reply.finish, reply.new_tokens) == ("", "length", 9)
    assert reply.thinking


TEMPLATE_THAT_ASKS = (
    "{{ bos_token }}{% for turn in messages %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    "{% if enable_thinking is defined and enable_thinking %}think: {% else %}answer now: {% endif %}"
)


@pytest.mark.parametrize(("options", "end"), [("", "answer now: "), ("?thinking=off", "answer now: "),
                                              ("?thinking=on", "think: ")])  # fmt: skip
def test_template_is_told_whether_the_model_shall_think(llava: Path, options: str, end: str) -> None:
    (llava / "chat_template.jinja").write_text(TEMPLATE_THAT_ASKS)
    # <bos>, four image tokens, the question, and what the template ends with
    assert replied(llava, options).prompt_tokens == 1 + 4 + len("see?") + len(end)


def test_template_that_knows_no_thinking_is_refused_before_any_row(llava: Path) -> None:
    with pytest.raises(ModelError) as refused:
        spec.open_model(spec.parse(f"hf:{llava}?thinking=off")).check([ask("see?", picture(1))])
    assert str(refused.value) == (
        "model llava: thinking is 'off', but its chat template does not know enable_thinking: leave out thinking="
    )


def test_thinking_is_part_of_the_fingerprint(llava: Path) -> None:
    prints = {spec.open_model(spec.parse(f"hf:{llava}{option}")).fingerprint for option in ("", "?thinking=on")}
    assert len(prints) == 2
