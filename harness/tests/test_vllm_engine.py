"""The interface of vLLM as this suite uses it, held against its source; and an engine of the same shape for tests.

The names below were read from the release 0.33.0: arguments, fields and attributes, and no more. Where vLLM is
installed, or its source lies on the path, they are held against it.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, TypedDict

import pytest

from harness.backends.hf.loading import quiet
from harness.backends.hf.without_torchvision import images_and_text
from harness.backends.vllm import engine as ours
from harness.backends.vllm.settings import OPTIONS, settle
from harness.records import ModelSpec

RELEASE = "0.33.0"

LLM_NAMES = {
    "model",
    "dtype",
    "seed",
    "trust_remote_code",
    "quantization",
    "tensor_parallel_size",
    "gpu_memory_utilization",
    "enforce_eager",
}
"""Arguments of LLM itself that this suite passes."""

ENGINE_NAMES = {
    "limit_mm_per_prompt",
    "enable_prefix_caching",
    "mm_processor_cache_gb",
    "max_model_len",
    "max_num_seqs",
    "enable_lora",
    "max_lora_rank",
}
"""Arguments that LLM hands on to EngineArgs."""

GENERATE = ("prompts", "sampling_params", "use_tqdm", "lora_request")
SAMPLING = (
    "temperature",
    "max_tokens",
    "logprobs",
    "prompt_logprobs",
    "logprob_token_ids",
    "detokenize",
    "repetition_penalty",
)
PROMPT = ("prompt_token_ids", "multi_modal_data", "multi_modal_uuids")
LORA = ("lora_name", "lora_int_id", "lora_path")
OUTPUT = ("prompt_token_ids", "prompt_logprobs", "outputs")
COMPLETION = ("token_ids", "logprobs", "finish_reason")


# ------------------------------------------------------------------------------------------ an engine for tests


class SamplingParams:
    """As the engine's, which refuses what it does not know."""

    __struct_fields__: ClassVar[tuple[str, ...]] = SAMPLING

    def __init__(self, **told: Any) -> None:
        unknown = set(told) - set(self.__struct_fields__)
        if unknown:
            raise TypeError(f"Unexpected keyword argument '{sorted(unknown)[0]}'")
        self.told = told


class OldSamplingParams(SamplingParams):
    """Of a release that cannot tell the probabilities of chosen tokens."""

    __struct_fields__ = tuple(name for name in SAMPLING if name != "logprob_token_ids")


class TokensPrompt(TypedDict, total=False):
    """A prompt of tokens."""

    prompt_token_ids: list[int]
    multi_modal_data: Mapping[str, Any]
    multi_modal_uuids: Mapping[str, Any]


class OldTokensPrompt(TypedDict, total=False):
    """Of a release that is told no names of pictures."""

    prompt_token_ids: list[int]
    multi_modal_data: Mapping[str, Any]


@dataclass(frozen=True)
class LoRARequest:
    """Names an adapter."""

    lora_name: str
    lora_int_id: int
    lora_path: str


class EngineDeadError(RuntimeError):
    """The engine is gone."""


@dataclass(kw_only=True)
class Seen:
    """What the engines of a test were told: arguments, lists of prompts with their parameters, and other calls.

    ``refuse`` is called with every prompt before it is answered, ``change`` with every answer.
    """

    started: list[dict[str, Any]] = field(default_factory=list)
    asked: list[list[tuple[Mapping[str, Any], Mapping[str, Any], Any]]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refuse: Any = None
    change: Any = None


def llm(seen: Seen) -> type:
    """A class of the shape of ``vllm.LLM`` with the checkpoint itself underneath, opened by transformers."""

    class LLM:
        def __init__(self, model: str, **told: Any) -> None:
            unknown = set(told) - LLM_NAMES - ENGINE_NAMES
            if unknown:
                raise TypeError(f"EngineArgs.__init__() got an unexpected keyword argument '{sorted(unknown)[0]}'")
            seen.started.append({"model": model, **told})
            self._processor, self._model = _load(model)
            self.model_config = SimpleNamespace(dtype=self._model.dtype, max_model_len=512)
            core = SimpleNamespace(shutdown=lambda: seen.calls.append("shutdown"))
            self.llm_engine = SimpleNamespace(engine_core=core)

        def generate(
            self, prompts: Any, sampling_params: Any = None, *, use_tqdm: bool = True, lora_request: Any = None
        ) -> list[Any]:
            assert not use_tqdm
            told = [params.told for params in sampling_params]
            seen.asked.append(list(zip(prompts, told, [lora_request] * len(prompts), strict=True)))
            for prompt in prompts:
                if seen.refuse is not None:
                    seen.refuse(prompt)
            answered = [self._answer(prompt, params) for prompt, params in zip(prompts, told, strict=True)]
            for each in answered if seen.change is not None else ():
                seen.change(each)
            return answered

        def reset_prefix_cache(self) -> None:
            seen.calls.append("reset_prefix_cache")

        def reset_mm_cache(self) -> None:
            seen.calls.append("reset_mm_cache")

        def _answer(self, prompt: Mapping[str, Any], told: Mapping[str, Any]) -> Any:
            inputs = self._inputs(prompt)
            new, logprobs, finish = self._write(inputs, told)
            return SimpleNamespace(
                prompt_token_ids=inputs["input_ids"][0].tolist(),
                prompt_logprobs=self._read(inputs) if "prompt_logprobs" in told else None,
                outputs=[SimpleNamespace(token_ids=new, logprobs=logprobs, finish_reason=finish)],
            )

        def _inputs(self, prompt: Mapping[str, Any]) -> Any:
            """The tokens are characters: what they say is what was rendered, one placeholder an image."""
            text = self._processor.tokenizer.decode(prompt["prompt_token_ids"])
            images = prompt.get("multi_modal_data", {}).get("image", [])
            wanted = {"images": [images]} if images else {}
            return self._processor(text=[text], add_special_tokens=False, return_tensors="pt", **wanted)

        def _write(self, inputs: Any, told: Mapping[str, Any]) -> tuple[list[int], list[Any], str]:
            import torch

            with torch.inference_mode():
                made = self._model.generate(
                    **inputs,
                    max_new_tokens=told["max_tokens"],
                    do_sample=False,
                    output_logits=True,
                    return_dict_in_generate=True,
                    repetition_penalty=told.get("repetition_penalty", 1.0),
                )
            new = made.sequences[0, inputs["input_ids"].shape[1] :].tolist()
            sure = [step[0].float().log_softmax(dim=-1) for step in made.logits]
            wanted = told.get("logprob_token_ids")
            named = [wanted or place.topk(told.get("logprobs", 1)).indices.tolist() for place in sure]
            logprobs = [_entries(place, {*ids, token}) for place, ids, token in zip(sure, named, new, strict=True)]
            return new, logprobs, "stop" if new[-1] == 2 else "length"

        def _read(self, inputs: Any) -> list[Any]:
            import torch

            with torch.inference_mode():
                sure = self._model(**inputs).logits[0].float().log_softmax(dim=-1)
            ids = inputs["input_ids"][0].tolist()
            return [None, *(_entries(place, {token}) for place, token in zip(sure[:-1], ids[1:], strict=True))]

    return LLM


def _entries(sure: Any, ids: set[int]) -> dict[int, Any]:
    return {token: SimpleNamespace(logprob=float(sure[token])) for token in ids}


def _load(folder: str) -> tuple[Any, Any]:
    import transformers

    library: Any = transformers
    with quiet(), images_and_text():
        processor = library.AutoProcessor.from_pretrained(folder)
        return processor, library.AutoModelForImageTextToText.from_pretrained(folder).eval()


def installed(monkeypatch: pytest.MonkeyPatch, folder: Path, *, old: bool = False) -> Seen:
    """Have ``import vllm`` find the engine for tests, as if the package were installed."""
    seen = Seen()
    package, lora, request = ModuleType("vllm"), ModuleType("vllm.lora"), ModuleType("vllm.lora.request")
    package.__dict__.update(
        LLM=llm(seen),
        SamplingParams=OldSamplingParams if old else SamplingParams,
        TokensPrompt=OldTokensPrompt if old else TokensPrompt,
        __spec__=ModuleSpec("vllm", None),
    )
    request.__dict__.update(LoRARequest=LoRARequest)
    for module in (package, lora, request):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    told = folder / f"vllm-{RELEASE}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {RELEASE}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    for name, value in ours.SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    return seen


def names_of(asked: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Any]]) -> list[Any]:
    """Names of the pictures of some prompts, as the engine was told them."""
    return [prompt.get("multi_modal_uuids", {}).get("image") for prompt, _, _ in asked]


# ------------------------------------------------------------------------------------------ against the source


@pytest.fixture(scope="module")
def source() -> Path:
    found = importlib.util.find_spec("vllm") if "vllm" not in sys.modules else None
    if found is None or not found.submodule_search_locations:
        pytest.skip("the source of vllm is not here")
    return Path(next(iter(found.submodule_search_locations)))


def classes(file: Path) -> dict[str, ast.ClassDef]:
    """The classes of a module, which is read and not imported."""
    return {
        node.name: node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)
    }


def fields(node: ast.ClassDef) -> set[str]:
    """Annotated names of a class."""
    named = (line.target for line in node.body if isinstance(line, ast.AnnAssign))
    return {target.id for target in named if isinstance(target, ast.Name)}


def arguments(node: ast.ClassDef, method: str) -> set[str]:
    """Names of a method's arguments."""
    found = next(line for line in node.body if isinstance(line, ast.FunctionDef) and line.name == method)
    return {argument.arg for argument in [*found.args.args, *found.args.kwonlyargs]}


def test_every_argument_is_one_of_the_engine(source: Path) -> None:
    of_llm = classes(source / "entrypoints" / "llm.py")["LLM"]
    assert arguments(of_llm, "__init__") >= LLM_NAMES
    assert fields(classes(source / "engine" / "arg_utils.py")["EngineArgs"]) >= ENGINE_NAMES
    assert arguments(of_llm, "generate") >= set(GENERATE)
    assert fields(classes(source / "sampling_params.py")["SamplingParams"]) >= set(SAMPLING)
    assert fields(classes(source / "lora" / "request.py")["LoRARequest"]) >= set(LORA)


def test_every_part_of_a_prompt_and_of_an_answer_is_one_of_the_engine(source: Path) -> None:
    prompts = classes(source / "inputs" / "llm.py")
    assert fields(prompts["TokensPrompt"]) | fields(prompts["_PromptOptions"]) >= set(PROMPT)
    answers = classes(source / "outputs.py")
    assert arguments(answers["RequestOutput"], "__init__") >= set(OUTPUT)
    assert fields(answers["CompletionOutput"]) >= set(COMPLETION)
    assert "logprob" in fields(classes(source / "logprobs.py")["Logprob"])
    assert "EngineDeadError" in classes(source / "v1" / "engine" / "exceptions.py")


def test_engine_for_tests_has_the_names_that_were_read() -> None:
    generate = inspect.signature(llm(Seen()).generate).parameters  # type: ignore[attr-defined]
    assert set(generate) == {"self", *GENERATE}
    assert set(TokensPrompt.__annotations__) == set(PROMPT)
    assert set(inspect.signature(LoRARequest).parameters) == set(LORA)


def test_options_called_like_the_engines_arguments_are_arguments_of_it(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"r": 12, "peft_type": "LORA"}', encoding="utf-8")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    told = {
        "adapter": str(tmp_path),
        "dtype": "bfloat16",
        "quantization": "awq",
        "tensor_parallel_size": "2",
        "gpu_memory_utilization": "0.5",
        "max_model_len": "4096",
        "max_num_seqs": "64",
        "mm_processor_cache_gb": "8",
        "enforce_eager": "on",
        "images": "3",
    }
    spec = ModelSpec(name="m", backend="vllm", where="m", revision="", options=told)
    checkpoint: Any = SimpleNamespace(folder=Path("m"), shown="m", repo="", commit="")
    passed = ours._arguments(checkpoint, settle(spec))
    assert set(passed) == LLM_NAMES | ENGINE_NAMES
    assert passed["limit_mm_per_prompt"] == {"image": 3}
    assert (passed["max_lora_rank"], passed["enforce_eager"], passed["gpu_memory_utilization"]) == (16, True, 0.5)
    assert set(told) - {"adapter", "images"} <= set(passed) & set(OPTIONS)
