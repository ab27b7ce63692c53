"""What a contrastive model is not asked, how labels and templates are read, and what is said where it cannot be."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import prompt, spec
from harness.backends import clip as backend
from harness.backends.clip import files, wording
from harness.backends.clip.settings import settle
from harness.errors import ImageRefused, ModelError, UsageError
from harness.records import ImagePart, ImageRef, ModelSpec, ModeName, Option, Prompt, Row, RowKind, TextPart
from harness.tests import contrastive
from harness.tests.checkpoints import picture
from harness.tests.test_clip_scores import ask, opened, replies


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contrastive.clip(tmp_path_factory.mktemp("refusals") / "clip")


def row(kind: RowKind, stem: str, texts: tuple[str, ...] = ()) -> Row:
    options = tuple(
        Option(letter=letter, text=text, origin=letter) for letter, text in zip("ABCDE", texts, strict=False)
    )
    return Row(id="1", kind=kind, stem=stem, options=options, gold="A", images=(picture(1),), cluster="1", slices={})


def phrase(stem: str = "What organ is this?") -> Prompt:
    return prompt.build(row("open", stem), "image_text")


# ------------------------------------------------------------------------------------------ refused before any row


def test_prompts_without_images_are_refused_in_one_line(clip: Path) -> None:
    model = opened(clip)
    with pytest.raises(ModelError) as refused:
        model.check([ask(picture(1)), ask(), ask()])
    assert str(refused.value) == (
        "model clip: 2 of 3 prompts have no image, but a contrastive model answers by the match of an image with each "
        "option: leave out the modes of text alone for this model"
    )


def test_prompts_without_options_are_refused_in_one_line(clip: Path) -> None:
    with pytest.raises(ModelError) as refused:
        opened(clip).check([phrase()])
    assert str(refused.value) == (
        "model clip: 1 of 1 prompts have no options to choose from, but a contrastive model cannot write: name the "
        "answers in a file with labels=FILE, or leave these rows out"
    )


def test_prompts_that_ask_for_a_letter_are_refused_in_one_line(clip: Path) -> None:
    lettered = prompt.build(row("choice", "What?", ("x", "y")), "image_text")
    with pytest.raises(ModelError, match=r"1 of 1 prompts ask for the letter of an option, .* answer=likelihood_text"):
        opened(clip).check([lettered])


def test_likelihood_of_letters_is_refused_when_the_spec_is_read(clip: Path) -> None:
    with pytest.raises(UsageError, match="answer is 'likelihood', but a contrastive model scores the text"):
        opened(clip, answer="likelihood")
    assert backend.ANSWER == "likelihood_text"


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("images", "sum", "images is 'sum', but should be mean"),
        ("truncate", "yes", "truncate is 'yes', but should be off"),
        ("scores", "raw", "scores is 'raw', but should be softmax"),
        ("template", "a scan", "template: is 'a scan', but should hold {option} or {}"),
        ("templates", "nowhere.txt", "templates 'nowhere.txt': cannot be read (No such file or directory)"),
        ("labels", "nowhere.txt", "labels 'nowhere.txt': cannot be read (No such file or directory)"),
    ],
)
def test_option_that_cannot_be_is_refused(clip: Path, option: str, value: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        opened(clip, **{option: value})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("one\n", "holds 1 labels"),
        ("a\nb\na\n", "holds 'a' twice"),
        ("a\n\tonly a text\n", "holds a label without a name"),
        ("\n", "holds 0 labels"),
    ],
)
def test_file_of_labels_that_says_too_little_is_refused(clip: Path, tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "labels.txt"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        opened(clip, labels=str(file))
    assert f"labels labels.txt: {told}, but should hold two labels or more" in str(refused.value)


def test_template_and_templates_together_are_refused(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="template and templates are both given"):
        opened(clip, template="{}", templates=str(tmp_path / "t.txt"))
    (tmp_path / "t.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"templates t\.txt: holds no template"):
        opened(clip, templates=str(tmp_path / "t.txt"))


def test_folder_without_what_is_needed_is_refused(clip: Path, tmp_path: Path) -> None:
    def without(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(clip, folder)
        (folder / name).unlink()
        return folder

    with pytest.raises(ModelError, match=r"has no config\.json, but should be a checkpoint of transformers"):
        opened(without("config.json"))
    with pytest.raises(ModelError, match=r"has no weights, but should have model\.safetensors"):
        opened(without("model.safetensors"))
    folder = without("processor_config.json")
    (folder / "preprocessor_config.json").unlink(missing_ok=True)
    with pytest.raises(ModelError, match="has no image processor"):
        opened(folder)
    with pytest.raises(ModelError, match="revision 'main' was given with a folder"):
        spec.open_model(spec.parse(f"clip:{clip}@main"))
    with pytest.raises(ModelError, match="is not a folder here and cannot be a hub repository"):
        spec.open_model(spec.parse("clip:./nowhere/at/all"))


def test_pickled_weights_are_read_only_where_the_spec_says_so(clip: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = tmp_path / "pickled"
    shutil.copytree(clip, folder)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"weights only as pytorch_model\.bin, .* add bin=on"):
        opened(folder)
    due = replies(opened(clip), ask(picture(1)))[0]
    assert replies(opened(folder, bin="on"), ask(picture(1)))[0].scores == pytest.approx(due.scores, abs=1e-6)


def test_model_that_writes_is_refused(tmp_path: Path) -> None:
    from harness.tests import checkpoints

    with pytest.raises(ModelError, match="but should be a contrastive model"):
        opened(checkpoints.llava(tmp_path / "llava")).prepare([ask(picture(1))])


def test_missing_weights_are_not_made_up(clip: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "cut"
    shutil.copytree(clip, folder)
    weights = load_file(folder / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 weights such as 'visual_projection\.weight' are not in the files"):
        opened(folder).prepare([ask(picture(1))])


def test_architecture_that_is_read_otherwise_by_its_library_is_refused(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.backends.clip.transformers_towers._scale", lambda *_: (50.0, None))
    with pytest.raises(ModelError, match=r"its logits of a trial are .* by its own library and .* as scaled cosines"):
        opened(clip).prepare([ask(picture(1))])


def test_sigmoid_needs_a_model_with_a_bias(clip: Path) -> None:
    with pytest.raises(ModelError, match="scores=sigmoid was asked for, but this model was trained without a bias"):
        opened(clip, scores="sigmoid").prepare([ask(picture(1))])


def test_pickled_weights_of_open_clip_are_read_only_where_the_spec_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())  # its files are looked at before it is used
    (tmp_path / "open_clip_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"has no weights, but should have open_clip_model\.safetensors"):
        find(tmp_path)
    (tmp_path / "open_clip_pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"weights only as open_clip_pytorch_model\.bin, .* add bin=on"):
        find(tmp_path)
    assert find(tmp_path, bin="on").weights == ("open_clip_pytorch_model.bin",)
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"")
    assert find(tmp_path, bin="on").weights == ("open_clip_model.safetensors",)


def find(folder: Path, **options: str) -> files.Files:
    """The files of a checkpoint of open_clip."""
    told = ModelSpec(
        name="m", backend="clip", where=str(folder), revision="", options={"library": "open_clip"} | options
    )
    return files.find(told, settle(told))


@pytest.mark.skipif(importlib.util.find_spec("open_clip") is not None, reason="open_clip is installed")
def test_missing_open_clip_names_the_extra(clip: Path) -> None:
    with pytest.raises(ModelError, match=r"open_clip is not installed, .* pip install 'sightcheck\[open_clip\]'"):
        opened(clip, library="open_clip")


def test_open_clip_gives_the_probabilities_of_its_own_logits(tmp_path: Path) -> None:
    open_clip = pytest.importorskip("open_clip")
    import torch
    from safetensors.torch import save_file

    towers = {"image_size": 28, "layers": 1, "width": 64, "head_width": 32, "patch_size": 14}
    words = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    made = {"embed_dim": 16, "vision_cfg": towers, "text_cfg": words}
    torch.manual_seed(7)
    model = open_clip.model.CLIP(**made).eval()
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, tmp_path / "open_clip_model.safetensors")
    told = {"model_cfg": made, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(told), encoding="utf-8")
    own, transform = open_clip.create_model_from_pretrained(f"local-dir:{tmp_path}")
    texts = open_clip.get_tokenizer(f"local-dir:{tmp_path}")(["a lung", "a heart"])
    with torch.inference_mode():
        due = own.eval().get_logits(transform(picture(1).open()).unsqueeze(0), texts)[0].log_softmax(dim=1)[0]
    reply = replies(opened(tmp_path, library="open_clip"), ask(picture(1), choices=("a lung", "a heart")))[0]
    assert reply.scores == pytest.approx(due.tolist(), abs=1e-5)
    assert reply.receipts[0].tokens == 4


# ------------------------------------------------------------------------------------------ texts and labels


def test_text_that_does_not_fit_fails_its_row_alone(clip: Path) -> None:
    long, short = replies(opened(clip), ask(picture(1), stem="x" * 60), ask(picture(1), stem="x"))
    assert long.error == (
        "prompt 1: a text to score has 74 tokens, but the text encoder takes 64: add truncate=on to leave out the "
        "beginning of such stems, or choose a template without {stem}, or a model with a longer context"
    )
    assert (long.finish, short.error) == ("failed", "")


def test_cut_stem_loses_its_beginning_and_no_option(clip: Path) -> None:
    stem = "many words of a history that nobody reads. " * 4 + "What is it?"
    model = opened(clip, truncate="on")
    cut, failed = replies(model, ask(picture(1), stem=stem), ask(picture(1), choices=("x" * 70, "y"), stem=stem))
    # 64 places less <bos>, <eos>, a space and 'clear lungs' leave 50 characters of the stem
    kept = "words of a history that nobody reads. What is it?"
    assert cut.scores == replies(model, ask(picture(1), stem=kept))[0].scores
    assert model.facts["stems cut"] == "1"
    assert "a text to score has 72 tokens" in failed.error


def test_longest_option_decides_what_a_stem_loses() -> None:
    asked = ask(picture(1), choices=("a", "bbb"), stem="one two three")
    made = wording.of_choices(asked, ("{stem} {option}",), 9, True, lambda texts: [len(text) for text in texts])
    assert made.texts == (("three a",), ("three bbb",))
    assert (made.left_out, made.tokens) == (2, 16)


def test_braces_in_a_question_are_not_places_of_a_template() -> None:
    assert wording.filled("{stem} {option}", "what is {option}?", "{stem}") == "what is {option}? {stem}"
    assert wording.filled("{stem} {option}", "", "lung") == "lung"


STEMS = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=60).filter(
    lambda text: text == text.strip() and "\n\nAnswer" not in text
)


@settings(max_examples=50)
@given(stem=STEMS, texts=st.lists(st.sampled_from(("lung", "A. heart", "Question:\nno")), min_size=2, max_size=4))
def test_stem_is_found_in_every_prompt_of_the_suite(stem: str, texts: list[str]) -> None:
    modes: tuple[tuple[ModeName, str], ...] = (("image_text", stem), ("shuffled", stem), ("image_options", ""))
    for mode, due in modes:
        assert wording.stem(prompt.build(row("choice", stem, tuple(texts)), mode)) in (due, due.strip())
    assert wording.stem(prompt.build(row("open", stem), "image_text")) == stem


def test_prompt_in_other_words_is_taken_whole() -> None:
    assert wording.stem(Prompt(parts=(TextPart(text=" What is it? "),), max_new_tokens=8)) == "What is it?"


def test_rows_without_options_are_answered_from_the_labels(clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("lung\nheart\ta heart\ta big heart\n\nspleen\n", encoding="utf-8")
    model = opened(clip, labels=str(file))
    model.check([phrase()])
    first, second = replies(model, phrase(), phrase("And what is the modality?"))
    assert first.text in ("lung", "heart", "spleen")
    assert first.scores == second.scores
    assert math.fsum(map(math.exp, first.scores)) == pytest.approx(1, abs=1e-6)
    alone = replies(opened(clip, template="{}"), ask(picture(1), choices=("lung", "spleen")))[0]
    assert first.scores[0] - first.scores[2] == pytest.approx(alone.scores[0] - alone.scores[1], abs=1e-5)
    assert model.facts["labels"] == "labels.txt, 3 labels, {option}"
    names = model.facts["label names"].split(" | ")
    assert names == ["lung", "heart", "spleen"]
    assert first.text == max(zip(first.scores, names, strict=True))[1]


def test_picture_that_is_gone_fails_its_row_alone(clip: Path) -> None:
    def gone() -> None:
        raise ImageRefused("gone.png: is not here any more")

    lost = ImageRef(name="gone.png", digest="gone", width=1, height=1, open=gone)  # type: ignore[arg-type]
    bad, good = replies(opened(clip), ask(lost), ask(picture(1)))
    assert bad.error == "prompt 1: gone.png: is not here any more"
    assert (bad.finish, good.finish) == ("failed", "stop")


# ------------------------------------------------------------------------------------------ what it says of itself


def test_fingerprint_tells_apart_all_that_shapes_a_score(clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("a\nb\n", encoding="utf-8")
    first = opened(clip, labels=str(file)).fingerprint
    file.write_text("b\na\n", encoding="utf-8")
    told = [
        first,
        opened(clip, labels=str(file)).fingerprint,
        opened(clip).fingerprint,
        opened(clip, template="{}").fingerprint,
        opened(clip, images="max").fingerprint,
        opened(clip, truncate="on").fingerprint,
    ]
    assert len(set(told)) == len(told)
    moved = tmp_path / "moved"
    shutil.copytree(clip, moved)
    assert opened(moved, device="cpu", batch="3").fingerprint == opened(clip).fingerprint
    (moved / "config.json").write_text((moved / "config.json").read_text() + " ")
    assert opened(moved).fingerprint != opened(clip).fingerprint


def test_facts_say_what_was_opened(clip: Path) -> None:
    model = opened(clip, batch="4")
    before = model.facts
    assert (before["class"], before["dtype"], before["library"]) == ("CLIPModel", "auto", "transformers")
    assert int(before["parameters"]) > 0
    replies(model, ask(picture(1)))
    assert (model.facts["dtype"], model.facts["device"], model.batch_size) == ("float32", "cpu", 4)
    model.close()
    assert replies(model, ask(picture(1)))[0].error == ""


def test_opening_imports_nothing_heavy(clip: Path) -> None:
    code = (
        "import sys; from harness import spec; "
        f"m = spec.open_model(spec.parse('clip:{clip}')); m.fingerprint; m.facts; "
        "print(sorted({'torch', 'transformers', 'open_clip'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_images_stand_before_the_text_of_a_prompt_or_behind_it(clip: Path) -> None:
    asked = ask(picture(1))
    turned = Prompt(parts=asked.parts[::-1], max_new_tokens=8, choices=asked.choices)
    first, second = replies(opened(clip), asked, turned)
    assert first == second
    assert isinstance(asked.parts[0], ImagePart)
