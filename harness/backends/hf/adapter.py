"""A PEFT adapter that is laid over a checkpoint: found and refused without its weights, then put in and verified.

The adapter is not merged: its layers stand beside those of the model and add to them, as when it was trained, so that
no number is rounded to the dtype of the model's weights. The class of the model stays what it was.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ModelError
from harness.records import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

# Methods of PEFT that write tokens before a prompt: they stand in front of the image tokens that receipts count
_VIRTUAL_TOKENS = frozenset(
    {"PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "ADAPTION_PROMPT", "CPT"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """The files of an adapter.

    Attributes
    ----------
    folder : Path
        Where they are on this machine.
    shown : str
        How messages and reports call it: repository and commit, or the last component of the path.
    commit : str
        Resolved commit of a hub repository; empty for a folder.
    """

    folder: Path
    shown: str
    commit: str


def find(spec: ModelSpec, base: str) -> Adapter:
    """Find the adapter that a spec names, and refuse what cannot work, without reading its weights.

    Parameters
    ----------
    spec : ModelSpec
        Its option ``adapter`` says where.
    base : str
        How the model is called: its repository, or the last component of its path.

    Raises
    ------
    ModelError
        No such adapter, pickled weights, a method that cannot be used here, an adapter of another model, or no PEFT.
    """
    if find_spec("peft") is None:
        raise _refuse(spec, "needs the package peft, which is not installed", "pip install 'sightcheck[peft]'")
    place, _, revision = _split(spec.options["adapter"])
    folder = Path(place).expanduser()
    if folder.is_dir():
        found = Adapter(folder=folder.resolve(), shown=folder.resolve().name, commit="")
    else:
        from harness.backends.hf import hub

        snapshot = hub.snapshot(replace(spec, where=place, revision=revision), (CONFIG, WEIGHTS))
        found = Adapter(folder=snapshot.folder, shown=f"{place}@{snapshot.commit}", commit=snapshot.commit)
    inspect(spec, found, base)
    return found


def apply(adapter: Adapter, model: Any, shown: str) -> Any:
    """Put an adapter into a loaded model, and hold what stands there against its file.

    Parameters
    ----------
    adapter : Adapter
        As found.
    model : transformers.PreTrainedModel
        Changed in place: its layers are replaced by ones that add the adapter's.
    shown : str
        The model in messages.

    Raises
    ------
    ModelError
        Its weights have other shapes or other names than this model's layers.
    """
    import peft
    from safetensors.torch import load_file

    try:
        laid: Any = peft.PeftModel.from_pretrained(model, adapter.folder)
    except Exception as cause:  # shapes that do not fit are a RuntimeError, names that are not there a ValueError
        told = " ".join(str(cause).replace(str(adapter.folder), adapter.shown).split())[:240]
        raise _of_another(adapter, shown, told) from cause
    there = Counter(map(_digest, peft.get_peft_model_state_dict(laid).values()))
    file = Counter(map(_digest, load_file(adapter.folder / WEIGHTS).values()))
    if there != file:
        lost = sum((file - there).values())
        raise _of_another(adapter, shown, f"{lost} of {sum(file.values())} of its tensors have no place in it")
    return laid.get_base_model()


def files(adapter: Adapter) -> Iterable[Path]:
    """The files that shape a reply."""
    return (adapter.folder / CONFIG, adapter.folder / WEIGHTS)


def inspect(spec: ModelSpec, adapter: Adapter, base: str) -> str:
    """Refuse files that are no adapter of this model, without reading its weights; return its method.

    Raises
    ------
    ModelError
        No config, pickled weights, a method that writes tokens before the prompt, an adapter of another model.
    """
    if not (adapter.folder / CONFIG).is_file():
        raise _refuse(spec, f"has no {CONFIG}", "name the folder or repository that PEFT saved")
    if not (adapter.folder / WEIGHTS).is_file():
        raise _refuse(
            spec, f"has no {WEIGHTS}", "save it again with PEFT, which writes safetensors; pickles are not read"
        )
    config = _json(spec, adapter.folder / CONFIG)
    method = str(config.get("peft_type", "none"))
    if method in _VIRTUAL_TOKENS or method == "none":
        raise _refuse(spec, f"is of type {method}", "take one that changes layers, such as LoRA")
    trained = str(config.get("base_model_name_or_path") or "")
    if trained and Path(trained).name.casefold() != Path(base).name.casefold():
        raise _refuse(
            spec,
            f"was trained on '{Path(trained).name}', and the model is '{Path(base).name}'",
            f"name its own model; where they are one and the same, say so in base_model_name_or_path of {CONFIG}",
        )
    return method


def _split(place: str) -> tuple[str, str, str]:
    """Place and revision; an ``@`` in a path that exists is no revision."""
    where, at, revision = place.rpartition("@")
    return (where, at, revision) if at and not Path(place).expanduser().exists() else (place, "", "")


def _json(spec: ModelSpec, file: Path) -> Mapping[str, Any]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise _refuse(spec, f"has a {file.name} that cannot be read ({cause})", "fetch it again") from cause
    return read if isinstance(read, dict) else {}


def _digest(tensor: Tensor) -> str:
    """Of shape and numbers in float32: PEFT may hold half-precision adapters in it."""
    import torch

    raw: Any = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
    return hashlib.blake2b(str(tuple(tensor.shape)).encode() + raw.tobytes(), digest_size=16).hexdigest()


def _refuse(spec: ModelSpec, got: str, do: str) -> ModelError:
    return ModelError(
        f"model {spec.name}: the adapter '{spec.options['adapter']}' {got}, but should be one of PEFT for this "
        f"model: {do}"
    )


def _of_another(adapter: Adapter, shown: str, told: str) -> ModelError:
    return ModelError(
        f"model {shown}: the adapter '{adapter.shown}' does not fit ({told}), but should have been trained on this "
        "model: name its own model"
    )
