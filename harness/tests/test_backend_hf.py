"""The hf backend on a real architecture with random weights: what it does beside replying, and what must fail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness import spec
from harness.backends.hf import loading
from harness.backends.hf.model import HfModel
from harness.errors import ImageRefused, ModelError
from harness.records import ImageRef, Prompt, Reply
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture

PROMPTS = (
    ask("what is this?", picture(1)),
    ask("compare, please", picture(2), picture(3, 80, 30)),
    ask("no picture"),
    ask("three", picture(4, 60, 30), picture(5, 20, 70), picture(6), tokens=3),
)
TWO = ask("which one?", picture(1), picture(2))


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.llava(tmp_path_factory.mktemp("checkpoints") / "llava")


def opened(folder: Path, options: str = "") -> HfModel:
    model = spec.open_model(spec.parse(f"hf:{folder}{options}"))
    assert isinstance(model, HfModel)
    return model


def replies(model: HfModel, *prompts: Prompt) -> list[Reply]:
    return model.reply(model.prepare(prompts, [str(number) for number in range(len(prompts))]))


def told(reply: Reply) -> Reply:
    """A reply without its log-probabilities, whose last digits depend on the batch."""
    return replace(reply, logprob=None, lead=None)


def with_processor(monkeypatch: pytest.MonkeyPatch, methods: dict[str, Any]) -> None:
    """Every processor opened from now on is of a subclass of its class with these methods."""
    real = loading.load_processor

    def changed(*args: Any) -> tuple[Any, Any]:
        processor, config = real(*args)
        processor.__class__ = type("Changed", (type(processor),), methods)
        return processor, config

    monkeypatch.setattr("harness.backends.hf.model.load_processor", changed)


def with_result(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]) -> None:
    """Every processor opened from now on hands on its tensors after this change."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = super(type(self), self).__call__(*args, **kwargs)
        change(made)
        return made

    with_processor(monkeypatch, {"__call__": call})


def with_generate(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], None]) -> None:
    """Every model opened from now on changes its inputs before it generates."""
    real = loading.load_model

    def changed(*args: Any) -> Any:
        model = real(*args)
        generate = model.generate

        def forgetful(**inputs: Any) -> Any:
            change(inputs)
            return generate(**inputs)

        model.generate = forgetful
        return model

    monkeypatch.setattr("harness.backends.hf.model.load_model", changed)


# ------------------------------------------------------------------------------------------ what must work


def test_receipt_names_the_pixels_and_not_the_row(llava: Path) -> None:
    model = opened(llava)
    first, second, other = replies(model, ask("a", picture(1)), ask("b", picture(1)), ask("a", picture(2)))
    assert first.receipts == second.receipts
    assert first.receipts[0].tensor != other.receipts[0].tensor


def test_text_alone_is_prepared_without_pixels(llava: Path) -> None:
    prepared = opened(llava).prepare([ask("only text")])
    assert sorted(prepared.groups[0].inputs) == ["attention_mask", "input_ids"]


def test_batches_are_padded_on_the_left_whatever_the_files_say(llava: Path, tmp_path: Path) -> None:
    changed = copied(llava, tmp_path)
    edit(changed / "tokenizer_config.json", padding_side="right")
    prepared = opened(changed).prepare([ask("a long question, with a tail"), ask("short")])
    mask = prepared.groups[0].inputs["attention_mask"]
    assert mask[:, -1].tolist() == [1, 1]
    assert mask[:, 0].tolist() == [1, 0]


def test_truncation_that_the_files_ask_for_is_off(llava: Path, tmp_path: Path) -> None:
    changed = copied(llava, tmp_path)
    cut = {"direction": "Right", "max_length": 10, "strategy": "LongestFirst", "stride": 0}
    edit(changed / "tokenizer.json", truncation=cut)
    assert replies(opened(changed), *PROMPTS) == replies(opened(llava), *PROMPTS)


def test_order_moves_the_images_behind_the_text(llava: Path) -> None:
    def place_of_images(options: str) -> tuple[int, int]:
        ids = list(opened(llava, options).prepare([TWO]).groups[0].lines[0].ids)
        image = max(ids, key=ids.count)
        return ids.index(image), len(ids) - ids[::-1].index(image)

    given, moved = place_of_images(""), place_of_images("?order=text_first")
    assert given == place_of_images("?order=images_first")
    assert moved[0] - given[0] == len("which one?")
    assert moved[1] - given[1] == len("which one?")


def test_each_row_stops_at_its_own_limit(llava: Path) -> None:
    model = opened(llava)
    long, short = replies(model, ask("go", tokens=9), ask("go", tokens=4))
    assert (long.new_tokens, short.new_tokens) == (9, 4)
    assert (long.finish, short.finish) == ("length", "length")
    assert long.text.startswith(short.text)


def test_every_stop_token_of_the_generation_config_ends_a_reply(llava: Path, tmp_path: Path) -> None:
    changed = copied(llava, tmp_path)
    prompt = ask("what is this?", picture(1), tokens=8)
    text = replies(opened(llava), prompt)[0].text
    tokens = json.loads((changed / "tokenizer.json").read_text())["model"]["vocab"]
    edit(changed / "generation_config.json", eos_token_id=[2, tokens[text[3]]])
    first = text.index(text[3])
    reply = replies(opened(changed), prompt)[0]
    assert (reply.finish, reply.new_tokens) == ("stop", first + 1)


def test_prompt_tokens_are_counted_without_padding(llava: Path) -> None:
    model = opened(llava)
    both = replies(model, ask("a much longer question than the other"), ask("short"))
    assert [reply.prompt_tokens for reply in both] == [
        replies(model, ask(text))[0].prompt_tokens for text in ("a much longer question than the other", "short")
    ]
    assert both[0].prompt_tokens - both[1].prompt_tokens == len("a much longer question than the other") - len("short")


def test_dtype_is_the_one_asked_for_and_the_receipts_stay(llava: Path) -> None:
    half, full = opened(llava, "?dtype=bfloat16"), opened(llava)
    assert replies(half, TWO)[0].receipts == replies(full, TWO)[0].receipts
    assert (half.facts["dtype"], full.facts["dtype"]) == ("bfloat16", "float32")


def test_preparing_ahead_in_a_thread_changes_no_reply(llava: Path) -> None:
    model = opened(llava)
    batches = [[ask(f"row {number}", picture(number)), ask("x" * number)] for number in range(1, 13)]
    expected = [replies(model, *batch) for batch in batches]
    with ThreadPoolExecutor(max_workers=1) as ahead:
        waiting = [ahead.submit(model.prepare, batch, ["0", "1"]) for batch in batches]
        assert [model.reply(prepared.result()) for prepared in waiting] == expected


def test_closed_model_answers_the_same_when_it_is_asked_again(llava: Path) -> None:
    model = opened(llava)
    before = replies(model, TWO)
    model.close()
    assert replies(model, TWO) == before


def test_facts_tell_the_checkpoint_and_no_path_of_the_machine(llava: Path) -> None:
    model = opened(llava)
    before = dict(model.facts)
    replies(model, TWO)
    after = dict(model.facts)
    assert {name for name in before if before[name] != after[name]} <= {"dtype", "device", "shared"}
    assert after["class"] == "LlavaForConditionalGeneration"
    assert int(after["parameters"]) > 1000
    assert after["checkpoint"] == "llava"
    assert str(llava.parent) not in "".join(after.values())


def test_penalties_of_the_checkpoint_are_named_in_its_decoding(llava: Path, tmp_path: Path) -> None:
    changed = copied(llava, tmp_path)
    edit(changed / "generation_config.json", repetition_penalty=1.3, temperature=0.1, do_sample=True, top_p=0.5)
    model = opened(changed)
    assert model.decoding["repetition_penalty"] == "1.3"
    assert "temperature" not in model.decoding
    assert replies(model, TWO) == replies(model, TWO)


def test_opening_and_describing_a_model_imports_neither_torch_nor_transformers(llava: Path) -> None:
    code = (
        "import sys; from harness import spec\n"
        f"model = spec.open_model(spec.parse('hf:{llava}')); model.fingerprint; model.facts; model.decoding\n"
        "print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


# ------------------------------------------------------------------------------------------- lost images


def test_dropped_image_fails_its_row_and_no_other(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(self: Any, text: Sequence[str], images: Any = None, **kwargs: Any) -> Any:
        kept = [row[:1] for row in images] if images else None
        single = [each.replace("<image><image>", "<image>") for each in text]
        return super(type(self), self).__call__(text=single, images=kept, **kwargs)

    with_processor(monkeypatch, {"__call__": call})
    lost, whole, text = replies(opened(llava), TWO, PROMPTS[0], PROMPTS[2])
    assert lost.error == (
        "row 0: 2 images were sent, but the model was given 1 image (4 image tokens); "
        "the processor dropped, merged or truncated an image"
    )
    assert (lost.finish, lost.text, lost.receipts) == ("failed", "", ())
    assert (whole.error, text.error) == ("", "")
    assert len(whole.receipts) == 1


def test_image_given_twice_instead_of_another_fails_the_row(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(self: Any, images: Any = None, **kwargs: Any) -> Any:
        merged = [[row[0]] * len(row) for row in images] if images else None
        return super(type(self), self).__call__(images=merged, **kwargs)

    with_processor(monkeypatch, {"__call__": call})
    reply = replies(opened(llava), TWO)[0]
    assert reply.error == (
        "row 0: 2 images were sent, but the model was given 'picture-1.png' and 'picture-2.png' as one and the same "
        "tensor; the processor dropped, merged or truncated an image"
    )


def test_image_of_another_row_of_the_batch_is_not_taken(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(self: Any, images: Any = None, **kwargs: Any) -> Any:
        first = [images[0]] * len(images) if images else None
        return super(type(self), self).__call__(images=first, **kwargs)

    alone = [replies(opened(llava), prompt)[0] for prompt in (PROMPTS[0], ask("and this?", picture(9)))]
    with_processor(monkeypatch, {"__call__": call})
    assert replies(opened(llava), PROMPTS[0], ask("and this?", picture(9))) == alone


def test_cut_off_image_tokens_fail_the_row(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(made: Any) -> None:
        if "pixel_values" in made:
            # <bos>, 'user: ' and two of the eight image tokens
            made["input_ids"], made["attention_mask"] = made["input_ids"][:, 9:], made["attention_mask"][:, 9:]

    with_result(monkeypatch, cut)
    reply = replies(opened(llava), TWO)[0]
    assert reply.error == (
        "row 0: 2 images were sent, but the model was given 1 image (6 image tokens); "
        "the processor dropped, merged or truncated an image"
    )


def test_lost_pixels_fail_the_row(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(made: Any) -> None:
        if "pixel_values" in made:
            made["pixel_values"] = made["pixel_values"][:1]

    with_result(monkeypatch, lose)
    reply = replies(opened(llava), TWO)[0]
    assert reply.error == (
        "row 0: 2 images were sent, but the model was given 1 image (8 image tokens); "
        "the processor dropped, merged or truncated an image"
    )


def test_lost_pixel_tensor_fails_the_row(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_result(monkeypatch, lambda made: made.pop("pixel_values", None))
    reply = replies(opened(llava), TWO)[0]
    assert reply.error == (
        "row 0: 2 images were sent, but the model was given 0 images (8 image tokens); "
        "the processor dropped, merged or truncated an image"
    )


def test_processor_that_loses_images_is_refused_before_the_first_row(
    llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_result(monkeypatch, lambda made: made.pop("pixel_values", None))
    with pytest.raises(ModelError) as refused:
        opened(llava).check([PROMPTS[0], TWO])
    assert str(refused.value) == (
        "model llava: a trial prompt with 2 images failed before any row was asked: 2 images were sent, but the model "
        "was given 0 images (8 image tokens); the processor dropped, merged or truncated an image"
    )


def test_generate_that_forgets_the_pixels_fails_the_row(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_generate(monkeypatch, lambda inputs: inputs.pop("pixel_values", None))
    reply, text = replies(opened(llava), TWO, PROMPTS[2])
    assert reply.error == ("row 0: pixels were sent, but the model was given none; generate changed what it was given")
    assert text.error == ""


def test_generate_that_blanks_the_pixels_fails_the_row(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def blank(inputs: dict[str, Any]) -> None:
        inputs["pixel_values"] = inputs["pixel_values"] * 0

    with_generate(monkeypatch, blank)
    reply = replies(opened(llava), TWO)[0]
    assert reply.error == (
        "row 0: pixels of shape (2, 3, 28, 28) were sent, but the model was given others, of shape (2, 3, 28, 28); "
        "generate dropped, merged or changed an image"
    )


def test_generate_that_goes_wrong_in_batches_only_answers_row_by_row(
    llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [replies(opened(llava), prompt)[0] for prompt in (PROMPTS[0], TWO)]

    def swap(inputs: dict[str, Any]) -> None:
        if len(inputs["input_ids"]) > 1:
            inputs["pixel_values"] = inputs["pixel_values"].flip(0)

    with_generate(monkeypatch, swap)
    assert replies(opened(llava), PROMPTS[0], TWO) == expected


def test_pixels_given_to_a_prompt_of_text_fail_the_row(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(made: Any) -> None:
        made["pixel_values"] = made["input_ids"].new_zeros(1, 3, 28, 28).float()

    with_result(monkeypatch, add)
    assert replies(opened(llava), PROMPTS[2])[0].error == (
        "row 0: no image was sent, but the model was given 0 image tokens and 'pixel_values'; "
        "a prompt of text alone must hold neither"
    )


def blank(width: int, height: int, grey: int = 127) -> ImageRef:
    colour = (grey, grey, grey)
    return replace(picture(width * grey), open=lambda: Image.new("RGB", (width, height), colour))


def test_blank_pictures_of_different_size_are_two_pictures(llava: Path) -> None:
    first, second = replies(opened(llava), ask("which?", blank(30, 40), blank(50, 60)))[0].receipts
    assert first.tensor == second.tensor
    assert first.digest != second.digest


def test_rows_with_blank_pictures_stay_in_one_batch(llava: Path) -> None:
    prepared = opened(llava).prepare([ask("a", blank(30, 40)), ask("b", blank(50, 60)), ask("c", blank(30, 40, 9))])
    assert [len(group.asked) for group in prepared.groups] == [3]


def test_pictures_that_become_equal_each_by_itself_are_not_merged(llava: Path) -> None:
    def same(seed: int) -> ImageRef:
        return replace(picture(seed), open=picture(1).open)

    reply = replies(opened(llava), ask("which?", same(1), same(2)))[0]
    assert (reply.error, len(reply.receipts)) == ("", 2)


# --------------------------------------------------------------------------------------- rows that cannot


def test_text_that_would_be_read_as_an_image_fails_its_row(llava: Path) -> None:
    forged, other = replies(opened(llava), ask("see <image> here", picture(1)), PROMPTS[0])
    assert forged.error == (
        "row 0: its text holds '<image>', which this model reads as an image, but should be text alone: "
        "leave the row out for this model, or ask another one"
    )
    assert other.error == ""


def test_prompt_longer_than_the_context_fails_its_row_and_is_not_cut(llava: Path) -> None:
    model = opened(llava)
    long, short = replies(model, ask("y" * 600, picture(1)), PROMPTS[0])
    assert long.error == (
        "row 0: the prompt has 622 tokens and the reply up to 6, but the model's context holds 512: "
        "ask for shorter replies, or use a model with a longer context"
    )
    assert short == replies(model, PROMPTS[0])[0]


def test_image_that_cannot_be_opened_fails_its_row(llava: Path) -> None:
    def gone() -> Image.Image:
        raise ImageRefused("picture-1.png: is truncated, but should be whole: fetch it again")

    bad, good = replies(opened(llava), ask("see?", replace(picture(1), open=gone)), PROMPTS[1])
    assert bad.error == "row 0: picture-1.png: is truncated, but should be whole: fetch it again"
    assert good.error == ""


def test_template_that_leaves_out_the_text_is_refused_before_the_first_row(llava: Path, tmp_path: Path) -> None:
    changed = copied(llava, tmp_path)
    template = changed / "chat_template.jinja"
    template.write_text(template.read_text().replace("{{ part['text'] }}", ""))
    with pytest.raises(ModelError, match="the chat template left out or changed the text of the prompt"):
        opened(changed).check(PROMPTS)


def test_template_for_plain_strings_is_refused_before_the_first_row(llava: Path, tmp_path: Path) -> None:
    changed = copied(llava, tmp_path)
    (changed / "chat_template.jinja").write_text("{% for turn in messages %}{{ turn['content'] }}{% endfor %}")
    with pytest.raises(ModelError, match="should render every part of a user turn"):
        opened(changed).check([PROMPTS[2]])


def test_weights_that_are_not_in_the_files_are_refused_and_not_invented(llava: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    changed = copied(llava, tmp_path)
    weights = load_file(changed / "model.safetensors")
    lost = sorted(name for name in weights if "vision" in name)[0]
    del weights[lost]
    save_file(weights, changed / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"1 weights such as .* would be random, but should all be there"):
        opened(changed).prepare([TWO])


def test_architecture_that_transformers_does_not_know_is_one_line(llava: Path, tmp_path: Path) -> None:
    changed = copied(llava, tmp_path)
    edit(changed / "config.json", model_type="unheard_of")
    with pytest.raises(ModelError, match="model changed: its processor cannot be loaded") as refused:
        opened(changed).check(PROMPTS)
    assert "\n" not in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def copied(folder: Path, tmp_path: Path) -> Path:
    changed = tmp_path / "changed"
    changed.mkdir()
    for file in folder.iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    return changed


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
