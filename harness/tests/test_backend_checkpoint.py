"""What the hf backend refuses before anything is loaded, and what its fingerprint notices."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness import run, spec
from harness.backends.hf import fingerprint
from harness.errors import ModelError, UsageError
from harness.ledger import Ledger
from harness.records import Model
from harness.tests import checkpoints
from harness.tests.checkpoints import picture
from harness.tests.made import benchmark, loaded, row

TEMPLATE = "chat_template.jinja"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.llava(tmp_path_factory.mktemp("checkpoints") / "llava")


@pytest.fixture
def llava(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(built, tmp_path / "llava"))


def opened(folder: Path, options: str = "") -> Model:
    return spec.open_model(spec.parse(f"hf:{folder}{options}"))


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as refused:
        opened(folder)
    text = str(refused.value)
    assert "\n" not in text
    return text


def edit(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    held = json.loads(file.read_text())
    change(held)
    file.write_text(json.dumps(held))


# ----------------------------------------------------------------------------------------------- refused


def test_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError) as refused:
        spec.open_model(spec.parse("hf:./no/such/folder"))
    assert str(refused.value) == (
        "model folder: './no/such/folder' is not a folder here and cannot be a hub repository ('owner/name'), "
        "but should be one of them: check the path"
    )


def test_folder_without_config_is_refused(llava: Path) -> None:
    (llava / "config.json").unlink()
    assert refusal(llava) == (
        "model llava (llava): has no config.json, but should be the folder of a transformers checkpoint: check the path"
    )


def test_config_without_model_type_is_refused(llava: Path) -> None:
    edit(llava / "config.json", lambda held: held.pop("model_type"))
    assert "config.json names no model_type, but should name the architecture" in refusal(llava)


def test_config_that_is_not_json_is_refused(llava: Path) -> None:
    (llava / "config.json").write_text("{")
    assert refusal(llava).startswith("config.json: cannot be read")


def test_checkpoint_with_pickled_weights_alone_is_refused(llava: Path) -> None:
    (llava / "model.safetensors").rename(llava / "pytorch_model.bin")
    assert refusal(llava) == (
        "model llava (llava): has its weights only as pytorch_model.bin, which can run code when read, but should have "
        "model.safetensors: convert it with save_pretrained, which writes safetensors"
    )


def test_checkpoint_without_weights_is_refused(llava: Path) -> None:
    (llava / "model.safetensors").unlink()
    assert "has no weights, but should have model.safetensors" in refusal(llava)


def test_missing_shard_is_refused_by_name(llava: Path) -> None:
    (llava / "model.safetensors").rename(llava / "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (llava / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "1 shards are missing, such as model-2.safetensors" in refusal(llava)


def test_text_model_is_refused(llava: Path) -> None:
    edit(llava / "processor_config.json", lambda held: held.pop("image_processor"))
    assert refusal(llava) == (
        "model llava (llava): has no image processor (preprocessor_config.json, or image_processor in "
        "processor_config.json), but should be a vision-language model: a text model cannot be shown pictures"
    )


def test_checkpoint_without_chat_template_is_refused(llava: Path) -> None:
    (llava / TEMPLATE).unlink()
    assert refusal(llava) == (
        "model llava (llava): has no chat template, but should have chat_template.jinja: take it from the "
        "instruction-tuned model that it comes from"
    )


@pytest.mark.parametrize("holder", ["chat_template.json", "processor_config.json", "tokenizer_config.json"])
def test_chat_template_is_found_wherever_transformers_keeps_it(llava: Path, holder: str) -> None:
    template = (llava / TEMPLATE).read_text()
    (llava / TEMPLATE).unlink()
    held = json.loads((llava / holder).read_text()) if (llava / holder).exists() else {}
    (llava / holder).write_text(json.dumps({**held, "chat_template": template}))
    model = opened(llava)
    prompt = checkpoints.ask("see?", checkpoints.picture(1))
    assert model.reply(model.prepare([prompt]))[0].error == ""


def test_revision_of_a_folder_is_refused(llava: Path) -> None:
    assert "revision 'main' was given with a folder" in refusal(Path(f"{llava}@main"))


@pytest.mark.parametrize(
    ("option", "should"),
    [
        ("dtype=int4", "dtype is 'int4', but should be auto|float32|bfloat16|float16"),
        ("device=gpu", "device is 'gpu', but should be auto|cpu|mps|cuda|cuda:N"),
        ("order=shuffled", "order is 'shuffled', but should be as_given|images_first|text_first"),
        ("batch=0", "batch is '0', but should be auto|N prompts at a time"),
        ("attn=fast", "attn is 'fast', but should be eager|sdpa"),
    ],
)
def test_value_that_an_option_cannot_have_is_refused(llava: Path, option: str, should: str) -> None:
    with pytest.raises(UsageError) as refused:
        opened(llava, f"?{option}")
    assert f"--model llava: {should}" in str(refused.value)


def test_batch_is_what_was_asked_for_or_fits_several_sets_of_pictures(llava: Path) -> None:
    assert vars_of(opened(llava, "?batch=3")) == 3
    assert vars_of(opened(llava, "?device=cpu")) == 32
    assert vars_of(opened(llava, "?device=cuda:1")) == 32


def vars_of(model: Model) -> int:
    return int(getattr(model, "batch_size"))  # noqa: B009 - advice of this backend, not of every Model


# ------------------------------------------------------------------------------------------- fingerprint


def test_fingerprint_does_not_change_when_the_folder_moves(llava: Path, tmp_path: Path) -> None:
    before = opened(llava).fingerprint
    moved = llava.rename(tmp_path / "elsewhere")
    assert opened(moved).fingerprint == before


def test_fingerprint_ignores_what_shapes_no_reply(llava: Path) -> None:
    before = opened(llava).fingerprint
    (llava / "README.md").write_text("about")
    assert opened(llava, "?device=cpu&batch=2").fingerprint == before
    assert opened(llava, "?reuse=on").fingerprint == before


def test_replies_that_shared_work_do_not_answer_for_the_plain_way(llava: Path, tmp_path: Path) -> None:
    rows = [replace(row(number), images=(picture(number),)) for number in range(3)]
    asked: list[str] = []
    for options in ("", "?reuse=off", "?reuse=off", ""):
        model = opened(llava, options)
        ledger, settings = Ledger(tmp_path), run.Settings(canaries=0)
        calls = model.reply

        def reply(prepared: Any, options: str = options, calls: Any = calls) -> Any:
            asked.append(options)
            return calls(prepared)

        model.reply = reply  # type: ignore[method-assign]
        run.measure(benchmark(rows), "image_text", model, loaded(rows), ledger, settings)
    assert asked == ["", "?reuse=off"]


@pytest.mark.parametrize(
    "file", ["model.safetensors", TEMPLATE, "config.json", "generation_config.json", "tokenizer.json",
             "tokenizer_config.json", "processor_config.json"]
)  # fmt: skip
def test_fingerprint_changes_with_one_byte_of_any_file_that_shapes_a_reply(llava: Path, file: str) -> None:
    before = opened(llava).fingerprint
    content = bytearray((llava / file).read_bytes())
    content[-2] ^= 1
    if file.endswith(".json"):
        content = bytearray((llava / file).read_bytes() + b" ")
    (llava / file).write_bytes(content)
    assert opened(llava).fingerprint != before


@pytest.mark.parametrize("option", ["dtype=bfloat16", "order=text_first", "attn=eager"])
def test_fingerprint_changes_with_an_option_that_shapes_replies(llava: Path, option: str) -> None:
    assert opened(llava, f"?{option}").fingerprint != opened(llava).fingerprint


def test_fingerprint_changes_with_the_release_of_transformers(llava: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = opened(llava).fingerprint
    monkeypatch.setattr(fingerprint, "version", lambda package: f"{package} of tomorrow")
    assert opened(llava).fingerprint != before


def test_digest_of_a_big_file_is_kept_until_the_file_changes(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fingerprint, "REMEMBERED_FROM", 1)
    file = llava / "model.safetensors"
    first = fingerprint.digest(file)
    monkeypatch.setattr(fingerprint, "_sha256", lambda path: "hashed again")
    assert fingerprint.digest(file) == first
    file.write_bytes(file.read_bytes() + b"0")
    assert fingerprint.digest(file) == "hashed again"


def test_digest_is_found_without_a_cache_that_can_be_written(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    expected = fingerprint.digest(llava / "model.safetensors")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fingerprint, "REMEMBERED_FROM", 1)
    assert fingerprint.digest(llava / "model.safetensors") == expected


# --------------------------------------------------------------------------------------------------- hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Stands in for the hub: one repository, of which a folder is the snapshot."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import huggingface_hub

        self.folder = folder.rename(folder.parent / COMMIT)
        self.online, self.cached = True, True
        self.asked: list[str | None] = []
        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", self.model_info)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", self.snapshot_download)

    def model_info(self, repo: str, *, revision: str | None, timeout: float) -> Any:
        self.asked.append(revision)
        if not self.online:
            raise ConnectionError("no route to the hub\nRequest ID: 1")
        return SimpleNamespace(sha=COMMIT, siblings=[SimpleNamespace(rfilename=f.name) for f in self.folder.iterdir()])

    def snapshot_download(
        self, repo: str, *, revision: str | None, allow_patterns: list[str], local_files_only: bool = False
    ) -> str:
        if local_files_only and not self.cached:
            raise FileNotFoundError(f"{repo} is not in the cache")
        return str(self.folder)


@pytest.fixture
def hub(llava: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(llava, monkeypatch)


def test_repository_is_pinned_to_the_commit_that_its_revision_names(hub: Hub) -> None:
    model = spec.open_model(spec.parse("hf:org/vlm@v1"))
    assert hub.asked == ["v1"]
    assert (model.facts["checkpoint"], model.facts["revision"]) == ("org/vlm", COMMIT)
    assert model.fingerprint == spec.open_model(spec.parse(f"hf:org/vlm@{COMMIT}")).fingerprint


def test_full_commit_in_the_cache_is_opened_without_the_network(hub: Hub) -> None:
    hub.online = False
    model = spec.open_model(spec.parse(f"hf:org/vlm@{COMMIT}"))
    assert hub.asked == []
    prompt = checkpoints.ask("see?", checkpoints.picture(1))
    assert len(model.reply(model.prepare([prompt]))[0].receipts) == 1


def test_branch_is_taken_from_the_cache_where_there_is_no_network(hub: Hub) -> None:
    hub.online = False
    assert spec.open_model(spec.parse("hf:org/vlm")).facts["revision"] == COMMIT


def test_repository_that_is_nowhere_is_refused_in_one_line(hub: Hub) -> None:
    hub.online = hub.cached = False
    with pytest.raises(ModelError) as refused:
        spec.open_model(spec.parse("hf:org/vlm@v1"))
    assert str(refused.value) == (
        "model vlm.v1: 'org/vlm@v1' is neither a folder nor in the hub's cache, and the hub cannot be reached (no "
        "route to the hub), but should be a checkpoint that can be opened: check the name and the network, or "
        "name a folder"
    )


def test_revision_that_does_not_exist_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import RevisionNotFoundError

    def none(*_: Any, **__: Any) -> Any:
        # What else it carries, a response of an HTTP client, differs between releases
        raise RevisionNotFoundError.__new__(RevisionNotFoundError)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", none)
    with pytest.raises(ModelError, match="'org/vlm@v9' has no such revision"):
        spec.open_model(spec.parse("hf:org/vlm@v9"))
