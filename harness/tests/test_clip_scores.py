"""Scores of contrastive models against transformers' own zero-shot classification; and what is computed once."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness import prompt, spec
from harness.backends.clip import towers
from harness.backends.clip.model import ClipModel
from harness.backends.hf.loading import quiet
from harness.records import ImagePart, ImageRef, Option, Prompt, Reply, Row, TextPart
from harness.tests import contrastive
from harness.tests.checkpoints import picture

LUNGS = ("clear lungs", "an effusion", "a fracture")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("contrastive")
    return {name: build(root / name) for name, build in contrastive.BUILDERS.items()}


@pytest.fixture
def clip(folders: dict[str, Path]) -> Path:
    return folders["clip"]


def opened(folder: Path, **options: str) -> ClipModel:
    told = "&".join(f"{name}={value}" for name, value in {"answer": "likelihood_text", **options}.items())
    model = spec.open_model(spec.parse(f"clip:{folder}?{told}"))
    assert isinstance(model, ClipModel)
    return model


def ask(*images: ImageRef, choices: Sequence[str] = LUNGS, stem: str = "") -> Prompt:
    text = f"Question:\n{stem}\n\nAnswer:" if stem else "Answer choices:\nA. none"
    shown = tuple(ImagePart(image=image) for image in images)
    return Prompt(parts=(*shown, TextPart(text=text)), max_new_tokens=8, choices=tuple(choices))


def replies(model: ClipModel, *prompts: Prompt) -> list[Reply]:
    return model.reply(model.prepare(prompts))


@pytest.mark.parametrize("name", sorted(contrastive.BUILDERS))
def test_a_tokenizer_is_used_by_one_thread_at_a_time(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    model = opened(folders[name], batch="2")
    asked = [ask(picture(number), choices=(f"a lung {number}", f"{number} hearts of it")) for number in range(12)]
    expected = [reply.scores for reply in replies(opened(folders[name]), *asked)]
    tokenizer: Any = model._open().towers._tokenizer  # type: ignore[attr-defined]
    inside, most, call = [0], [0], type(tokenizer).__call__

    def calls(self: Any, *args: Any, **kwargs: Any) -> Any:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.002)
        try:
            return call(self, *args, **kwargs)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(type(tokenizer), "__call__", calls)
    pairs = [asked[place : place + 2] for place in range(0, 12, 2)]
    # as batches are made ready while the one before is answered
    with ThreadPoolExecutor(2) as pool:
        ready = [pool.submit(model.prepare, pair) for pair in pairs]
        got = [reply.scores for each in ready for reply in model.reply(each.result())]
    assert most == [1]
    assert got == [pytest.approx(scores, abs=1e-5) for scores in expected]


def zero_shot(folder: Path, images: Sequence[ImageRef], texts: Sequence[str], **padding: Any) -> Any:
    """Logits by the model's own forward call on what its own processors made; shape (images, texts)."""
    import torch
    import transformers

    library: Any = transformers
    with quiet(), torch.inference_mode():
        tokens = library.AutoTokenizer.from_pretrained(folder)(list(texts), return_tensors="pt", **padding)
        process = library.AutoImageProcessor.from_pretrained(folder)
        pixels = process([image.open() for image in images], return_tensors="pt")
        return library.AutoModel.from_pretrained(folder).eval()(**tokens, **pixels).logits_per_image


def pipeline(folder: Path, image: ImageRef, texts: Sequence[str], template: str) -> dict[str, float]:
    """Probabilities by the zero-shot pipeline of transformers."""
    import transformers

    library: Any = transformers
    with quiet():
        classify = library.pipeline("zero-shot-image-classification", model=str(folder), use_fast=False)
        found = classify(image.open(), candidate_labels=list(texts), hypothesis_template=template)
    return {entry["label"]: entry["score"] for entry in found}


def counting(encode: Callable[[Sequence[Any]], Any], counted: list[int]) -> Callable[[Sequence[Any]], Any]:
    """An encoder that takes down how many images or texts it is given."""

    def call(given: Sequence[Any]) -> Any:
        counted.append(len(given))
        return encode(given)

    return call


# ------------------------------------------------------------------------------------------ against transformers


@pytest.mark.parametrize("name", contrastive.BUILDERS)
def test_scores_are_those_of_the_models_own_forward_call(folders: dict[str, Path], name: str) -> None:
    padding = {"padding": "max_length", "max_length": 64} if "siglip" in name else {"padding": True}
    due = zero_shot(folders[name], [picture(1)], LUNGS, **padding).log_softmax(dim=1)[0].tolist()
    reply = replies(opened(folders[name]), ask(picture(1)))[0]
    assert reply.scores == pytest.approx(due, abs=1e-5)
    assert reply.text == LUNGS[due.index(max(due))]
    assert math.fsum(map(math.exp, reply.scores)) == pytest.approx(1, abs=1e-6)
    assert (reply.finish, reply.error, reply.new_tokens) == ("stop", "", 0)


def test_clip_gives_the_probabilities_of_the_zero_shot_pipeline(clip: Path) -> None:
    due = pipeline(clip, picture(2), LUNGS, "a photo of {}")
    reply = replies(opened(clip, template="a%20photo%20of%20{}"), ask(picture(2), stem="not asked for"))[0]
    assert [math.exp(score) for score in reply.scores] == pytest.approx([due[text] for text in LUNGS], abs=1e-5)


def test_siglip_with_sigmoid_gives_the_probabilities_of_the_zero_shot_pipeline(folders: dict[str, Path]) -> None:
    due = pipeline(folders["siglip"], picture(2), LUNGS, "{}")
    reply = replies(opened(folders["siglip"], scores="sigmoid"), ask(picture(2)))[0]
    assert [math.exp(score) for score in reply.scores] == pytest.approx([due[text] for text in LUNGS], abs=1e-5)


def test_several_images_are_pooled_by_the_mean_or_the_greatest_of_their_logits(clip: Path) -> None:
    images = [picture(1), picture(2), picture(3)]
    logits = zero_shot(clip, images, LUNGS, padding=True)
    due = {"mean": logits.mean(dim=0), "max": logits.amax(dim=0)}
    for pool, expected in due.items():
        reply = replies(opened(clip, images=pool), ask(*images))[0]
        assert reply.scores == pytest.approx(expected.log_softmax(dim=0).tolist(), abs=1e-5)


def test_templates_are_averaged_over_the_features_of_a_text(clip: Path, tmp_path: Path) -> None:
    import torch

    file = tmp_path / "templates.txt"
    file.write_text("a scan of {}\n\n{option} is seen\n", encoding="utf-8")
    model = opened(clip, templates=str(file))
    both = towers.open_towers(model._files, model._settings)
    first, second = (both.read([t.format(x) for x in LUNGS]) for t in ("a scan of {}", "{} is seen"))
    mean = torch.nn.functional.normalize((first + second) / 2, dim=-1)
    logits = (both.see([both.look(picture(1).open())]) @ mean.T)[0] * both.scale
    assert replies(model, ask(picture(1)))[0].scores == pytest.approx(logits.log_softmax(dim=0).tolist(), abs=1e-6)


# ------------------------------------------------------------------------------------------ what must hold


@pytest.mark.parametrize("name", contrastive.BUILDERS)
def test_batch_of_eight_equals_eight_batches_of_one(folders: dict[str, Path], name: str) -> None:
    asked = [ask(picture(n, 40 + 5 * n), stem=f"row {n}?" * (n % 3), choices=LUNGS[: 2 + n % 2]) for n in range(8)]
    together = replies(opened(folders[name]), *asked)
    model = opened(folders[name])
    apart = [replies(model, prompt)[0] for prompt in asked]
    assert [reply.text for reply in together] == [reply.text for reply in apart] == [r.text for r in model.alone(asked)]
    for one, other, afresh in zip(together, apart, model.alone(asked), strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-5)
        assert one.scores == pytest.approx(afresh.scores, abs=1e-5)
        assert one.receipts == other.receipts == afresh.receipts


def test_order_of_the_options_permutes_their_scores(clip: Path) -> None:
    model = opened(clip)
    first, turned = replies(model, ask(picture(1)), ask(picture(1), choices=(*LUNGS[1:], LUNGS[0])))
    assert turned.scores == pytest.approx((*first.scores[1:], first.scores[0]), abs=1e-6)
    assert turned.text == first.text


def test_scores_depend_on_the_picture(clip: Path) -> None:
    first, second = replies(opened(clip), ask(picture(1)), ask(picture(2)))
    assert first.scores != pytest.approx(second.scores, abs=1e-4)


def test_equal_best_options_give_an_empty_text_and_no_lead(clip: Path) -> None:
    reply = replies(opened(clip), ask(picture(1), choices=("the same", "the same")))[0]
    assert (reply.text, reply.lead) == ("", 0.0)
    assert reply.scores == pytest.approx([math.log(0.5)] * 2, abs=1e-6)


def test_every_image_has_a_receipt_with_its_patches(folders: dict[str, Path]) -> None:
    images = (picture(1, 56, 56), picture(2, 28, 70))
    for name, patches in {"clip": [4, 4], "siglip": [4, 4], "siglip2": [16, 10], "dual": [4, 4]}.items():
        reply = replies(opened(folders[name]), ask(*images))[0]
        assert [receipt.digest for receipt in reply.receipts] == [image.digest for image in images]
        assert [receipt.tokens for receipt in reply.receipts] == patches
        assert len({receipt.tensor for receipt in reply.receipts}) == 2


def test_image_is_encoded_once_over_rows_rotations_and_modes(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = opened(clip)
    model.prepare([ask(picture(99))])
    seen: list[int] = []
    read: list[int] = []
    both = model._open().towers
    for name, counted in {"see": seen, "read": read}.items():
        monkeypatch.setattr(both, name, counting(getattr(both, name), counted))
    rows = [ask(picture(n // 2), choices=(*LUNGS[n % 3 :], *LUNGS[: n % 3])) for n in range(6)]
    # as the run does it: a batch is prepared while the one before it has not been answered
    first = model.prepare(rows)
    second = model.prepare(rows[::-1])
    one, other = model.reply(first), model.reply(second)
    assert (sum(seen), sum(read)) == (3, len(LUNGS))
    assert one == other[::-1]


def test_features_that_were_given_up_are_computed_again(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = replies(opened(clip), *(ask(picture(n)) for n in (1, 2, 1)))
    monkeypatch.setattr("harness.backends.clip.model.KEPT", 0)
    model = opened(clip)
    first = model.prepare([ask(picture(n)) for n in (1, 2, 1)])
    assert [reply.scores for reply in model.reply(first)] == [pytest.approx(reply.scores, abs=1e-6) for reply in kept]
    assert len(model._open().desk._images) == 0


def test_rows_of_the_suites_own_prompts_are_scored_on_stem_and_option(clip: Path) -> None:
    options = tuple(Option(letter=letter, text=text, origin=letter) for letter, text in zip("ABC", LUNGS, strict=True))
    row = Row(
        id="1",
        kind="choice",
        stem="What is seen?",
        options=options,
        gold="A",
        images=(picture(1),),
        cluster="1",
        slices={},
    )
    built = prompt.build(row, "image_text")
    asked = Prompt(parts=built.parts, max_new_tokens=8, choices=LUNGS)
    due = zero_shot(clip, [picture(1)], [f"What is seen? {text}" for text in LUNGS], padding=True)
    assert replies(opened(clip), asked)[0].scores == pytest.approx(due.log_softmax(dim=1)[0].tolist(), abs=1e-5)


def test_arranged_batches_hold_every_prompt_once_and_equal_images_beside_each_other(clip: Path) -> None:
    asked = [ask(picture(n % 3)) for n in range(9)]
    batches = opened(clip).arrange(asked, 3)
    assert sorted(place for batch in batches for place in batch) == list(range(9))
    assert [{place % 3 for place in batch} for batch in batches] == [{0}, {1}, {2}]
