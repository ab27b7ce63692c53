"""Every architecture is held to the contract of a Model, and to what plain transformers replies to the same prompt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness import spec
from harness.backends.hf import limits
from harness.backends.hf.model import HfModel
from harness.canary import compared
from harness.errors import ModelError
from harness.limits import Limits
from harness.records import ImagePart, ImageRef, Model, Prompt, Reply, TextPart
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, picture
from harness.tests.checkpoints.plain import Answer, Plain

# lengths, image counts, image sizes and limits differ; the seventh is the first again
MIXED = (
    ask("what is this?", picture(1)),
    ask("compare, please", picture(2), picture(3, 80, 30)),
    ask("no picture"),
    ask("three", picture(4, 60, 30), picture(5, 20, 70), picture(6), tokens=3),
    ask("a question of some length about a single picture, with a tail", picture(7, 90, 90), tokens=9),
    ask("?", tokens=1),
    ask("what is this?", picture(1)),
    ask("and the same one twice?", picture(8), picture(8)),
)
WITH_PICTURES = tuple(prompt for prompt in MIXED if prompt.images)

# Tokens of each picture of the first, second and fourth prompt, by the rules of the processors:
TOKENS = {
    # 28 x 28 in patches of 14, whatever the shape
    "llava": [[4], [4, 4], [4, 4, 4]],
    "gemma3": [[4], [4, 4], [4, 4, 4]],
    # the whole and, of the larger ones, tiles: 2 x 2, 1 x 2, 2 x 1
    "idefics3": [[5], [5, 3], [3, 3, 5]],
    "smolvlm": [[5], [5, 3], [3, 3, 5]],
    # the whole, its tiles without their borders, and a token at the end of each row
    "llava_next": [[24], [24, 14], [14, 16, 24]],
    # as before where the picture is alone; else the whole and one row's end
    "llava_onevision": [[24], [5, 5], [5, 5, 5]],
    # sides rounded to multiples of 28 (of 32 in Qwen3-VL), a token for each such square
    "qwen2_vl": [[2], [2, 3], [2, 2, 2]],
    "qwen2_5_vl": [[2], [2, 3], [2, 2, 2]],
    "qwen3_vl": [[2], [2, 2], [2, 2, 2]],
    # as many as the perceiver has queries
    "idefics2": [[3], [3, 3], [3, 3, 3]],
    # a token a tile, up to three tiles, and one for the whole where there are several
    "internvl": [[1], [1, 4], [3, 4, 1]],
    # tiles are read by cross-attention, past the prompt
    "mllama": [[1], [1, 1], [1, 1, 1]],
    # sides of whole squares of 6, as many as 70 of them hold: 7 x 9, 5 x 13, 5 x 11, 15 x 4, 7 x 9
    "gemma4": [[63], [63, 65], [55, 60, 63]],
    # as Qwen2-VL, but a side of less than 28 is enlarged to it first: 20 x 70 become 28 x 98, and 98 rounds up to 112
    "glm4v": [[2], [2, 3], [2, 4, 2]],
    # at most 56 a side, rounded up to multiples of 28 (of 14 in Pixtral)
    "mistral3": [[4], [4, 2], [2, 2, 4]],
    "pixtral": [[12], [12, 8], [8, 8, 12]],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An architecture: its checkpoint, the model that the backend opens, and plain transformers beside it."""

    name: str
    folder: Path
    model: Model
    plain: Plain
    answers: dict[Prompt, Answer] = field(default_factory=dict)

    def expected(self, prompt: Prompt) -> Answer:
        if prompt not in self.answers:
            self.answers[prompt] = self.plain.answer(prompt)
        return self.answers[prompt]


def opened(folder: Path, options: str = "") -> Model:
    return spec.open_model(spec.parse(f"hf:{folder}{options}"))


def replies(model: Model, *prompts: Prompt) -> list[Reply]:
    return model.reply(model.prepare(prompts, [str(number) for number in range(len(prompts))]))


def same(found: Sequence[Reply], expected: Sequence[Reply]) -> None:
    """Hold replies against others in everything; probabilities, which a batch may round otherwise, to 1e-4."""
    assert [replace(reply, logprob=None, lead=None) for reply in found] == [
        replace(reply, logprob=None, lead=None) for reply in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=1e-4)
        assert one.lead == pytest.approx(other.lead, abs=1e-4)


@pytest.fixture(scope="module", params=checkpoints.BUILDERS)
def candidate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    folder = checkpoints.BUILDERS[request.param](tmp_path_factory.mktemp("built") / request.param)
    return Candidate(name=request.param, folder=folder, model=opened(folder), plain=Plain(folder))


@pytest.fixture(scope="module")
def mixed(candidate: Candidate) -> list[Reply]:
    """Replies to all eight prompts in one batch."""
    candidate.model.check(MIXED)
    return replies(candidate.model, *MIXED)


@pytest.fixture
def spoilt(candidate: Candidate, tmp_path: Path) -> Path:
    """A copy of the checkpoint that a test may change."""
    return Path(shutil.copytree(candidate.folder, tmp_path / candidate.name))


def shown(image: ImageRef) -> ImagePart:
    return ImagePart(image=image)


def between(first: ImageRef, second: ImageRef, tokens: int = 12) -> Prompt:
    """A prompt with text before, between and behind two pictures."""
    parts = (TextPart(text="before"), shown(first), TextPart(text="between"), shown(second), TextPart(text="after"))
    return Prompt(parts=parts, max_new_tokens=tokens)


# ------------------------------------------------------------------------------------- dtypes and devices


def test_half_precision_moves_no_reply_further_than_is_declared(candidate: Candidate, mixed: list[Reply]) -> None:
    model = opened(candidate.folder, "?dtype=bfloat16")
    batched = replies(model, *MIXED)
    for one, other, exact in zip(batched, model.alone(MIXED), mixed, strict=True):  # type: ignore[attr-defined]
        found = compared(one, other, Limits().canary)
        assert found.kind in ("same", "excused"), found.why
        # what the model was shown depends on no dtype
        assert [(r.digest, r.tokens, r.tensor) for r in one.receipts] == [
            (r.digest, r.tokens, r.tensor) for r in exact.receipts
        ]
    assert model.facts["dtype"] == "bfloat16"


def test_layers_put_in_place_by_a_device_map_reply_the_same(candidate: Candidate, mixed: list[Reply]) -> None:
    model = opened(candidate.folder, "?device_map=auto")
    same(replies(model, *MIXED), mixed)
    assert model.facts["shared"] == candidate.model.facts["shared"]


# ------------------------------------------------------------------------------------------------- images


def test_every_image_arrives_with_tokens_and_a_tensor_of_its_own(mixed: list[Reply]) -> None:
    for prompt, reply in zip(MIXED, mixed, strict=True):
        assert reply.error == ""
        assert [receipt.digest for receipt in reply.receipts] == [image.digest for image in prompt.images]
        assert len({receipt.tensor for receipt in reply.receipts}) == len({image.digest for image in prompt.images})
        assert "" not in {receipt.tensor for receipt in reply.receipts}


def test_image_tokens_are_counted_image_by_image(candidate: Candidate, mixed: list[Reply]) -> None:
    counted = [[receipt.tokens for receipt in reply.receipts] for reply in mixed]
    assert [counted[0], counted[1], counted[3]] == TOKENS[candidate.name]
    assert counted[2] == counted[5] == []


def test_receipts_follow_the_order_of_the_images_and_so_does_the_reply(candidate: Candidate) -> None:
    pairs = [(picture(number), picture(number + 20)) for number in range(1, 7)]
    given = replies(candidate.model, *(between(one, other) for one, other in pairs))
    swapped = replies(candidate.model, *(between(other, one) for one, other in pairs))
    assert [reply.receipts for reply in swapped] == [reply.receipts[::-1] for reply in given]
    assert any(one.text != other.text for one, other in zip(given, swapped, strict=True))


def test_reply_depends_on_the_picture(candidate: Candidate) -> None:
    texts = {reply.text for reply in replies(candidate.model, *(ask("see?", picture(n), tokens=12) for n in range(8)))}
    assert len(texts) >= 4


@pytest.mark.parametrize("lost", ["first", "last"])
def test_template_that_loses_an_image_fails_the_row_and_not_the_images(
    spoilt: Path, candidate: Candidate, lost: str
) -> None:
    template = spoilt / "chat_template.jinja"
    marked = "{% if part['type'] == 'image' %}"
    keep = f"{{% if not loop.{lost} %}}"
    rest = "{% else %}{{ part['text'] }}"
    whole = template.read_text()
    before, _, after = whole.partition(marked)
    placeholder, _, end = after.partition(rest)
    template.write_text(f"{before}{marked}{keep}{placeholder}{{% endif %}}{rest}{end}")
    shown_last = Prompt(parts=(shown(picture(1)), TextPart(text="see"), shown(picture(2))), max_new_tokens=3)
    reply = replies(opened(spoilt), shown_last)[0]
    assert (reply.finish, reply.text, reply.receipts) == ("failed", "", ())
    assert reply.error.startswith("row 0: ")


# ------------------------------------------------------------------------------------------------- prompts


def test_parts_stand_in_the_prompt_in_the_order_given_and_once(candidate: Candidate) -> None:
    prompt = between(picture(1), picture(2, 80, 30))
    ids = candidate.expected(prompt).prompt
    assert candidate.plain.skeleton(ids) == "#user: before#between#afterassistant: "
    assert replies(candidate.model, prompt)[0].prompt_tokens == len(ids)


def test_prompt_begins_with_one_bos_though_the_tokenizer_would_add_another(
    candidate: Candidate, mixed: list[Reply]
) -> None:
    tokenizer = candidate.plain.processor.tokenizer
    assert tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id
    for prompt in MIXED:
        ids = candidate.expected(prompt).prompt
        assert ids.count(tokenizer.bos_token_id) == 1
        assert ids[0] == tokenizer.bos_token_id
    assert [reply.prompt_tokens for reply in mixed] == [len(candidate.expected(prompt).prompt) for prompt in MIXED]


@pytest.mark.parametrize(("order", "skeleton"), [("images_first", "#user: #first second"), ("text_first", "second#")])
def test_order_moves_all_images_to_one_side(candidate: Candidate, order: str, skeleton: str) -> None:
    parts = (TextPart(text="first "), shown(picture(1)), TextPart(text="second"), shown(picture(2)))
    mixed = Prompt(parts=parts, max_new_tokens=4)
    texts, images = parts[::2], parts[1::2]
    moved = Prompt(parts=(*images, *texts) if order == "images_first" else (*texts, *images), max_new_tokens=4)
    assert skeleton in candidate.plain.skeleton(candidate.expected(moved).prompt).replace("##", "#")
    reply = replies(opened(candidate.folder, f"?order={order}"), mixed)[0]
    assert (reply.text, reply.prompt_tokens) == (
        candidate.expected(moved).text,
        len(candidate.expected(moved).prompt),
    )


# ------------------------------------------------------------------------------------------------- batches


def test_batch_of_eight_mixed_prompts_equals_plain_transformers_row_by_row(
    candidate: Candidate, mixed: list[Reply]
) -> None:
    for prompt, reply in zip(MIXED, mixed, strict=True):
        expected = candidate.expected(prompt)
        assert (reply.text, reply.new_tokens) == (expected.text, len(expected.new))


def test_batch_of_eight_mixed_prompts_equals_eight_batches_of_one(candidate: Candidate, mixed: list[Reply]) -> None:
    same(mixed, [replies(candidate.model, prompt)[0] for prompt in MIXED])


def test_replies_are_the_same_where_nothing_is_reused(candidate: Candidate, mixed: list[Reply]) -> None:
    same(replies(opened(candidate.folder, "?reuse=off"), *MIXED), mixed)


def test_rows_asked_alone_and_by_the_plainest_way_reply_the_same(candidate: Candidate, mixed: list[Reply]) -> None:
    assert isinstance(candidate.model, HfModel)
    same(candidate.model.alone(MIXED[:4]), mixed[:4])


def test_likelihood_of_each_choice_is_that_of_plain_transformers(candidate: Candidate) -> None:
    letters = ("A", "B", "C", "D")
    asked = [replace(prompt, choices=letters) for prompt in MIXED[:4]]
    for prompt, reply in zip(MIXED[:4], replies(candidate.model, *asked), strict=True):
        expected = candidate.plain.following(prompt, letters)
        assert reply.scores == pytest.approx(expected, abs=1e-4)
        assert reply.text == letters[expected.index(max(expected))]
        assert len(reply.receipts) == len(prompt.images)


def test_rows_may_stand_in_any_order(candidate: Candidate, mixed: list[Reply]) -> None:
    same(replies(candidate.model, *MIXED[::-1]), mixed[::-1])


def test_batches_are_padded_on_the_left_though_the_files_say_right(spoilt: Path, mixed: list[Reply]) -> None:
    edit(spoilt / "tokenizer_config.json", "padding_side", "right")
    same(replies(opened(spoilt, "?reuse=off"), *MIXED), mixed)


# --------------------------------------------------------------------------------------------------- replies


def test_every_stop_token_of_the_generation_config_ends_a_reply(spoilt: Path, candidate: Candidate) -> None:
    new = candidate.expected(MIXED[4]).new
    edit(spoilt / "generation_config.json", "eos_token_id", [2, new[-1]])
    long, other = replies(opened(spoilt, "?reuse=off"), MIXED[4], MIXED[0])
    assert (long.finish, long.new_tokens) == ("stop", new.index(new[-1]) + 1)
    assert candidate.expected(MIXED[0]).text.startswith(other.text)


def test_each_row_stops_at_its_own_limit(candidate: Candidate) -> None:
    prompts = [ask("go", picture(1), tokens=limit) for limit in (9, 4, 1)]
    ended = replies(candidate.model, *prompts)
    assert [reply.new_tokens for reply in ended] == [len(candidate.expected(prompt).new) for prompt in prompts]
    for reply, limit in zip(ended, (9, 4, 1), strict=True):
        assert reply.finish == ("length" if reply.new_tokens == limit else "stop")
    assert ended[0].text.startswith(ended[1].text)


def test_facts_name_the_class_that_answers(candidate: Candidate) -> None:
    assert candidate.model.facts["class"] == type(candidate.plain.model).__name__
    assert int(candidate.model.facts["parameters"]) < 100_000


# --------------------------------------------------------------------------------- what an architecture cannot


def test_mllama_cannot_tell_the_order_of_pictures_that_touch(tmp_path: Path) -> None:
    """Text attends to all pictures before it alike; text between them is what gives them an order."""
    model = opened(checkpoints.BUILDERS["mllama"](tmp_path / "mllama"))
    given, swapped = replies(model, ask("which?", picture(1), picture(2)), ask("which?", picture(2), picture(1)))
    assert given.text == swapped.text
    assert given.receipts == swapped.receipts[::-1]


def test_model_of_one_image_refuses_two_before_any_row(tmp_path: Path) -> None:
    assert refused(checkpoints.paligemma, tmp_path, *WITH_PICTURES) == (
        "model built: 3 of 6 prompts have several images, up to 3, but paligemma takes one (its pretraining shows one "
        "image before the prefix): choose another model, or a benchmark of one image"
    )


def test_model_of_one_image_answers_about_one(tmp_path: Path) -> None:
    folder = checkpoints.paligemma(tmp_path / "built")
    model, plain = opened(folder), Plain(folder)
    prompts = [prompt for prompt in MIXED if len(prompt.images) == 1]
    model.check(prompts)
    found = replies(model, *prompts)
    assert [[receipt.tokens for receipt in reply.receipts] for reply in found] == [[4]] * len(prompts)
    assert [reply.text for reply in found] == [plain.answer(prompt).text for prompt in prompts]


def test_model_that_needs_an_image_refuses_text_alone_before_any_row(tmp_path: Path) -> None:
    assert "1 of 2 prompts have no image, but paligemma needs one" in refused(
        checkpoints.paligemma, tmp_path, MIXED[0], MIXED[2]
    )


def test_model_whose_generate_cannot_be_watched_is_refused_before_any_row(tmp_path: Path) -> None:
    assert refused(checkpoints.blip_2, tmp_path, MIXED[0]) == (
        "model built: blip-2 cannot be measured here (its generate hands features of its query tokens to another "
        "model), but every image of a row has to be proven to reach the model: choose another model"
    )


def test_row_of_a_model_that_cannot_be_watched_fails_where_nobody_refused_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNWATCHED", {})
    model = opened(checkpoints.blip_2(tmp_path / "built"))
    assert replies(model, MIXED[0])[0].error == (
        "row 0: the prompt was sent, but the first call of the model was not given its tokens, so no image can be "
        "proven: this architecture cannot be measured here"
    )


def test_phi_4_multimodal_is_refused_before_any_row_while_transformers_has_no_image_text_class_for_it(
    tmp_path: Path,
) -> None:
    """Its model is one for causal language models there, and its image processor has no variant for PIL."""
    from transformers import Phi4MultimodalConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    if "phi4_multimodal" in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        pytest.skip("this release of transformers opens Phi-4-multimodal as an image-text model")

    def build(folder: Path) -> Path:
        checkpoints.llava(folder)
        Phi4MultimodalConfig().save_pretrained(folder)
        return folder

    assert refused(build, tmp_path, MIXED[0]) == (
        "model built: transformers has no image-text model for 'phi4_multimodal', but should have one to open it with "
        "AutoModelForImageTextToText: choose another model, or another backend"
    )


def refused(build: Callable[[Path], Path], tmp_path: Path, *prompts: Prompt) -> str:
    with pytest.raises(ModelError) as caught:
        opened(build(tmp_path / "built")).check(prompts)
    return str(caught.value)


def edit(file: Path, key: str, value: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
