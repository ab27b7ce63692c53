"""What an ``openai:`` spec says: address, options, and that no secret is ever among them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from urllib.parse import quote

import pytest

from harness import spec
from harness.backends.openai.identity import alike, entry, only
from harness.backends.openai.model import OpenaiModel
from harness.backends.openai.settings import settle
from harness.errors import UsageError

URL = "http://127.0.0.1:8000/v1"


def opened(text: str) -> OpenaiModel:
    model = spec.open_model(spec.parse(text))
    assert isinstance(model, OpenaiModel)
    return model


@pytest.mark.parametrize(
    ("text", "where", "url"),
    [
        (f"a=openai:Qwen/Qwen2.5-VL-7B-Instruct@{URL}", "Qwen/Qwen2.5-VL-7B-Instruct", URL),
        (f"a=openai:llava:7b@{URL}/", "llava:7b", URL),
        ("a=openai:gpt-4o", "gpt-4o", "https://api.openai.com/v1"),
        ("a=openai:m@[1]@http://[::1]:8000/x/y/v1", "m@[1]", "http://[::1]:8000/x/y/v1"),
        (
            "a=openai:publishers/google/models/vlm@001@https://host.example/v1/projects/p/endpoints/1234?timeout=9",
            "publishers/google/models/vlm@001",
            "https://host.example/v1/projects/p/endpoints/1234",
        ),
    ],
)
def test_address_stands_behind_the_last_at(text: str, where: str, url: str) -> None:
    settings = settle(spec.parse(text))
    assert (settings.model, settings.base_url) == (where, url)


def test_query_of_an_address_is_percent_encoded_and_sent_with_every_request() -> None:
    settings = settle(
        spec.parse("a=openai:gpt@https://x.example/openai/v1%3Fapi-version%3D2025-01-01%26b=%2F?retries=2")
    )
    assert settings.base_url == "https://x.example/openai/v1"
    assert settings.query == {"api-version": "2025-01-01", "b": "/"}
    assert settings.retries == 2


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://host/v1", "http://", "v1"])
def test_address_that_is_no_url_is_refused_with_the_form(address: str) -> None:
    with pytest.raises(UsageError, match="should be a url: write openai:<model>@"):
        opened(f"a=openai:vlm@{address}")


@pytest.mark.parametrize("address", ["http://me:hunter2hunter2@host/v1", "http://host/v1%3Fapi_key=hunter2hunter2"])
def test_secret_in_an_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(UsageError, match="holds a user or a key") as refused:
        opened(f"a=openai:vlm@{address}")
    assert "hunter2" not in str(refused.value)


def test_key_itself_in_the_place_of_a_name_is_refused_without_being_repeated() -> None:
    with pytest.raises(UsageError, match="key is not the name of a variable, but should be NAME") as refused:
        opened(f"a=openai:vlm@{URL}?key=sk-hunter2")
    assert "hunter2" not in str(refused.value)


def test_variable_that_was_named_and_is_not_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(UsageError, match="the environment variable NO_SUCH_KEY is not set, but should hold the key"):
        opened(f"a=openai:vlm@{URL}?key=NO_SUCH_KEY")


@pytest.mark.parametrize(
    "option",
    [
        "concurrency=0",
        "timeout=soon",
        "image=bmp",
        "probe=no",
        "temperature=1",
        "price_in=cheap",
        "extra=[1]",
        "seed=x",
    ],
)
def test_value_that_an_option_cannot_have_is_refused_with_its_meaning(option: str) -> None:
    name = option.partition("=")[0]
    with pytest.raises(UsageError, match=f"--model a: {name} is '.*', but should be "):
        opened(f"a=openai:vlm@{URL}?{option}")


def test_fields_of_the_suite_cannot_be_set_by_extra() -> None:
    extra = quote('{"temperature": 1, "model": "x", "top_k": 1}')
    with pytest.raises(UsageError, match="extra sets model, temperature, but these fields belong to the suite"):
        opened(f"a=openai:vlm@{URL}?extra={extra}")
    with pytest.raises(UsageError, match="extra is no JSON"):
        opened(f"a=openai:vlm@{URL}?extra={{a}}")


def test_opening_sends_nothing_and_imports_no_client() -> None:
    code = (
        "import sys; from harness import spec; "
        f"model = spec.open_model(spec.parse('a=openai:vlm@{URL}')); model.facts, model.decoding, repr(model); "
        "heavy = {'openai', 'torch', 'transformers', 'pandas', 'datasets'} & set(sys.modules); "
        "import openai; print(sorted(heavy), hasattr(openai, 'OpenAI'))"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "[] True"


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("org/vlm", "org/vlm"),
        ("org/VLM", "vlm"),
        ("gemini-2.0-flash", "models/gemini-2.0-flash"),
        ("gemini-1.5-pro", "gemini-1.5-pro-002"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("llava", "llava:latest"),
        ("/models/vlm", "/models/vlm@main"),
        ("vlm-Q4_K_M", "vlm-Q4_K_M.gguf"),
    ],
)
def test_forms_of_one_name_are_one_model(asked: str, got: str) -> None:
    assert alike(asked, got)


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("org/vlm", "other/vlm"),
        ("llava:7b", "llava:13b"),
        ("vlm-7b", "vlm-7b-instruct"),
        ("vlm", ""),
    ],
)
def test_other_names_are_other_models(asked: str, got: str) -> None:
    assert not alike(asked, got)


def test_entry_keeps_what_a_restart_does_not_change() -> None:
    listed: list[dict[str, Any]] = [
        {
            "id": "org/vlm",
            "created": 1,
            "owned_by": "vllm",
            "root": "/w",
            "permission": [{"id": "p"}],
            "parent": None,
        },
        {"id": "m.gguf", "aliases": ["small"], "owned_by": "llamacpp", "meta": {"n_params": 7, "n_ctx": 4096}},
    ]
    assert entry(listed, "org/vlm") == {"id": "org/vlm", "owned_by": "vllm", "root": "/w"}
    assert entry(listed, "small") == {"id": "m.gguf", "owned_by": "llamacpp", "n_params": "7"}
    assert entry(listed, "none") == {}
    assert entry([{"id": "models/vlm-002"}, {"id": "models/vlm"}], "vlm") == {"id": "models/vlm"}
    assert only(listed) == ""
    assert only(listed[:1]) == "org/vlm"
