"""Reuse changes no reply: every architecture answers alike sharing work, sharing none, and one prompt at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.backends.hf.model import HfModel
from harness.records import ImagePart, ImageRef, Prompt, Reply, TextPart
from harness.tests import checkpoints
from harness.tests.checkpoints import ask, paligemma, picture
from harness.tests.reusing import opened, replies, same

BUILDERS = {**checkpoints.BUILDERS, "paligemma": paligemma}
ONE, TWO, THREE = picture(1), picture(2, 80, 30), picture(3, 60, 60)

# one, two and three pictures, other orders of the same ones, one twice, none; other lengths and other limits
BATCH = (
    ask("what is this?", ONE),
    ask("and how large is it, in your opinion?", ONE, tokens=9),
    ask("compare", ONE, TWO),
    ask("the other way round", TWO, ONE, tokens=3),
    ask("compare them again, this time slowly", ONE, TWO, tokens=1),
    ask("which one is the third?", ONE, TWO, THREE),
    ask("how many?", THREE, ONE, TWO, tokens=7),
    ask("how many are there?", THREE, ONE, TWO, tokens=2),
    ask("is it the same twice?", TWO, TWO),
    ask("no picture"),
    ask("no picture, and a tail of some length", tokens=4),
    ask("?", TWO, tokens=8),
)
# for a model of one image that cannot do without it
SINGLE = tuple(
    ask(text, image, tokens=tokens)
    for image in (ONE, TWO, THREE)
    for text, tokens in (("what is this?", 6), ("a question of some length", 9), ("?", 1), ("what is that?", 3))
)

BOTH = "features of pictures and beginnings of prompts"
LESS = {
    # its prompts are read in both directions, so that a beginning depends on the rest
    "paligemma": "features of pictures, but no beginnings of prompts: a beginning read first moved a log-probability",
    # it writes a picture that stands among others with fewer tokens
    "llava_onevision": "nothing: its processor writes a picture's tokens otherwise",
    "idefics2": "nothing: ModelError: the processor does not tell what it writes in the place of a picture",
    "mllama": "nothing: this architecture takes no features that are ready",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An architecture, opened to share work and not to."""

    name: str
    folder: Path
    sharing: HfModel
    plain: HfModel
    batch: Sequence[Prompt]
    shared: Sequence[Reply]


@pytest.fixture(scope="module", params=BUILDERS)
def candidate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    name = request.param
    folder = BUILDERS[name](tmp_path_factory.mktemp("built") / name)
    batch = SINGLE if name == "paligemma" else BATCH
    model = opened(folder)
    return Candidate(
        name=name,
        folder=folder,
        sharing=model,
        plain=opened(folder, "?reuse=off"),
        batch=batch,
        shared=replies(model, batch),
    )


def test_sharing_sharing_nothing_and_one_at_a_time_reply_alike(candidate: Candidate) -> None:
    shared = candidate.shared
    assert {reply.finish for reply in shared} <= {"stop", "length"}
    same(shared, replies(candidate.plain, candidate.batch))
    same(shared, candidate.sharing.alone(candidate.batch))
    assert [[receipt.digest for receipt in reply.receipts] for reply in shared] == [
        [image.digest for image in prompt.images] for prompt in candidate.batch
    ]


def test_replies_are_the_same_in_other_company_and_in_another_order(candidate: Candidate) -> None:
    turned = replies(candidate.sharing, candidate.batch[::-1])
    same(turned[::-1], candidate.shared)
    odd = replies(candidate.sharing, candidate.batch[1::2])
    same(odd, candidate.shared[1::2])


def test_facts_say_what_is_shared_and_why_not_more(candidate: Candidate) -> None:
    shared = candidate.sharing.facts["shared"]
    assert shared.startswith(LESS[candidate.name]) if candidate.name in LESS else shared == BOTH
    assert candidate.plain.facts["shared"] == "nothing: reuse=off"


def test_text_between_and_before_pictures_changes_nothing(candidate: Candidate) -> None:
    def between(before: str, first: ImageRef, middle: str, second: ImageRef, after: str) -> Prompt:
        shown = ImagePart(image=first), ImagePart(image=second)
        texts = [TextPart(text=text) for text in (before, middle, after)]
        return Prompt(parts=(texts[0], shown[0], texts[1], shown[1], texts[2]), max_new_tokens=5)

    if candidate.name == "paligemma":
        pytest.skip("takes one image")
    prompts = [
        between("see", ONE, "and", TWO, "what?"),
        between("see", ONE, "and", TWO, "what is it that differs?"),
        between("see", ONE, "or", TWO, "what?"),
        between("look at", ONE, "and", TWO, "what?"),
        between("look at", TWO, "and", ONE, "what?"),
    ]
    same(replies(candidate.sharing, prompts), candidate.sharing.alone(prompts))
