"""What ``--model`` may say, and what it is told where it may not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import options, spec
from harness.errors import UsageError


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as refused:
        spec.parse(text)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_backends_are_the_modules_of_the_folder() -> None:
    assert spec.backends() == ("clip", "hf", "openai", "replay", "vllm", "zoo")


@pytest.mark.parametrize(
    ("text", "name", "where", "revision"),
    [
        ("hf:org/vlm", "vlm", "org/vlm", ""),
        ("hf:org/vlm@v1.0", "vlm.v1.0", "org/vlm", "v1.0"),
        ("mine=hf:org/vlm@v1.0", "mine", "org/vlm", "v1.0"),
        ("hf:./checkpoints/run 7/", "run-7", "./checkpoints/run 7/", ""),
        ("hf:/data/größe", "gr-e", "/data/größe", ""),
        ("replay:runs/today.jsonl", "today.jsonl", "runs/today.jsonl", ""),
        ("hf:models/a=b", "a-b", "models/a=b", ""),
        ("hf:org/vlm@feature/x", "vlm.feature-x", "org/vlm", "feature/x"),
    ],
)
def test_spec_is_read(text: str, name: str, where: str, revision: str) -> None:
    read = spec.parse(text)
    assert (read.name, read.where, read.revision) == (name, where, revision)
    assert read.backend == text.partition(":")[0].rpartition("=")[2]


def test_folder_here_is_called_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert spec.parse("hf:.").name == tmp_path.name


def test_at_sign_in_a_path_that_exists_is_no_revision(tmp_path: Path) -> None:
    folder = tmp_path / "run@7"
    folder.mkdir()
    read = spec.parse(f"hf:{folder}")
    assert (read.where, read.revision, read.name) == (str(folder), "", "run-7")


def test_options_are_read_and_decoded() -> None:
    read = spec.parse("hf:org/vlm?dtype=bfloat16&device=cuda%3A1")
    assert dict(read.options) == {"dtype": "bfloat16", "device": "cuda:1"}
    assert read.name == "vlm"


def test_unknown_backend_names_the_known_ones() -> None:
    assert refusal("llava:org/vlm") == (
        "--model llava:org/vlm: there is no backend 'llava', but should be one of clip, hf, openai, replay, vllm, zoo"
    )


def test_missing_backend_names_the_form() -> None:
    assert refusal("org/vlm") == (
        "--model org/vlm: has no backend, but should be [name=]backend:where[@revision][?option=value&...] with one of "
        "the backends clip, hf, openai, replay, vllm, zoo"
    )


def test_folder_without_backend_is_told_to_be_hf(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)).endswith(f"a folder, but the backend is missing: write hf:{tmp_path}")


def test_file_of_replies_without_backend_is_told_to_be_replay(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file.touch()
    assert refusal(str(file)).endswith(f"a file, but the backend is missing: write replay:{file}")


def test_unknown_option_lists_those_of_the_backend() -> None:
    text = refusal("hf:org/vlm?quantise=4")
    assert "'quantise=4' is no option of hf, but should be one of: dtype=auto|float32|bfloat16|float16" in text
    assert "order=as_given|images_first|text_first" in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hf:", "nothing stands after 'hf:'"),
        ("hf:org/vlm?dtype", "'dtype' is no option of hf"),
        ("hf:org/vlm?dtype=auto&dtype=float32", "the option 'dtype' stands there twice"),
        ("my model=hf:org/vlm", "the name is 'my model', but should be of letters, digits, '_', '.' and '-'"),
        ("=hf:org/vlm", "the name is '', but should be of letters"),
        ("", "has no backend"),
    ],
)
def test_spec_that_cannot_be_read_is_told_why(text: str, why: str) -> None:
    assert refusal(text).startswith(f"--model {text}: {why}")


def test_two_models_of_one_name_are_told_to_take_names() -> None:
    first, second = spec.parse("hf:org/vlm"), spec.parse("hf:other/VLM@v2")
    spec.unique([first, second])
    twin = spec.parse("hf:other/VLM")
    with pytest.raises(UsageError) as refused:
        spec.unique([first, twin])
    assert str(refused.value) == (
        "--model: 'hf:org/vlm' and 'hf:other/VLM' are both called 'VLM', but every model needs a name of its own: "
        "write for example VLM-2=hf:other/VLM"
    )


def test_reading_a_spec_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; from harness import spec; spec.parse('hf:org/vlm?dtype=auto'); spec.parse('replay:a.jsonl')\n"
        "print(sorted({'torch', 'transformers', 'numpy', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_model_behind_a_server_is_called_like_the_model() -> None:
    read = spec.parse("openai:Qwen/Qwen2.5-VL-7B-Instruct@http://127.0.0.1:8000/v1")
    assert (read.name, read.where) == ("Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct")
    assert read.revision == "http://127.0.0.1:8000/v1"


def test_contrastive_model_answers_by_the_text_of_its_options() -> None:
    assert spec.parse("clip:org/clip").answer == "likelihood_text"
    assert spec.parse("hf:org/vlm?answer=likelihood").answer == "likelihood"


def test_each_model_is_asked_in_every_way_that_was_named() -> None:
    plain, own = spec.parse("vlm=hf:org/vlm@v1"), spec.parse("own=hf:org/vlm@v1?answer=likelihood_text")
    found = options.answered([plain, own], "generation,likelihood")
    assert [(each.name, each.answer) for each in found] == [
        ("vlm", "generation"),
        ("vlm.likelihood", "likelihood"),
        ("own", "likelihood_text"),
    ]
    assert [(each.name, each.answer) for each in options.answered([plain], "likelihood")] == [("vlm", "likelihood")]
    assert options.answered([plain], "") == [plain]
    with pytest.raises(UsageError, match="each way should stand there once"):
        options.answered([plain], "likelihood,likelihood")


def test_way_of_answering_that_does_not_exist_is_refused() -> None:
    assert "answer is 'oracle', but should be generation|likelihood|likelihood_text" in refusal(
        "hf:org/vlm?answer=oracle"
    )
