"""What ``--model`` says, read into a ModelSpec; and the backend that opens it.

A spec reads ``[name=]backend:where[@revision][?option=value&...]``::

    hf:google/medgemma-4b-it                       a hub repository
    hf:google/medgemma-4b-it@main?dtype=bfloat16   at a revision, with an option
    mine=hf:checkpoints/run-7                      a folder, under a name of its own
    openai:org/vlm@http://127.0.0.1:8000/v1        a model behind a server; the revision is its address
    replay:runs.jsonl?model=GPT4o                  replies that were recorded
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import unquote

import harness.backends
from harness.errors import UsageError
from harness.records import AnswerKind, Model, ModelSpec

COMMON: Mapping[str, str] = {"answer": "generation|likelihood|likelihood_text, how the model answers"}
"""Options that every backend has."""

FORM = "[name=]backend:where[@revision][?option=value&...]"

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_HEAD = re.compile(r"(?:(?P<name>[^=:/?]*)=)?(?P<backend>[A-Za-z0-9_]+):(?P<rest>.*)", re.DOTALL)


def backends() -> tuple[str, ...]:
    """Names of all backends: the modules of harness/backends, none of which is imported here."""
    found = pkgutil.iter_modules(harness.backends.__path__)
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def parse(text: str) -> ModelSpec:
    """Read one ``--model`` value.

    Parameters
    ----------
    text : str
        ``[name=]backend:where[@revision][?option=value&...]``. Values of options may be percent-encoded. An
        ``@`` is part of ``where`` if the whole of it exists on this machine.

    Returns
    -------
    ModelSpec
        Its name, where none was given, is the last component of ``where`` (and ``.revision``), with every run
        of characters other than ``[A-Za-z0-9_.-]`` turned into one ``-``.

    Raises
    ------
    UsageError
        No such backend, no backend at all, an option that the backend does not have, a name with other characters.
    """
    head, _, query = text.partition("?")
    match = _HEAD.fullmatch(head)
    if match is None or match["backend"] not in backends():
        raise UsageError(_unknown(text, head, match["backend"] if match else ""))
    backend = match["backend"]
    where, revision = _place(match["rest"])
    if not where:
        raise UsageError(f"--model {text}: nothing stands after '{backend}:', but should be {FORM}")
    name = match["name"] if match["name"] is not None else _default_name(where, "" if "://" in revision else revision)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--model {text}: the name is '{name}', but should be of letters, digits, '_', '.' and '-': "
            f"write NAME={backend}:..."
        )
    options = dict(_options(text, backend, query))
    answer = options.pop("answer", getattr(_module(backend), "ANSWER", "generation"))
    return ModelSpec(
        name=name, backend=backend, where=where, revision=revision, options=options, answer=answer_kind(text, answer)
    )


def answer_kind(where: str, text: str) -> AnswerKind:
    """Return the way of answering called ``text``; raise UsageError naming the others."""
    for kind in get_args(AnswerKind):
        if kind == text:
            return cast(AnswerKind, kind)
    raise UsageError(f"{where}: answer is '{text}', but should be {COMMON['answer']}")


def open_model(spec: ModelSpec) -> Model:
    """Open what a spec names, through its backend. Cheap: no weights are read.

    Raises
    ------
    UsageError
        The value of an option that its backend does not know.
    ModelError
        A model that is not there or cannot be used, in one line.
    """
    return cast(Model, _module(spec.backend).open_model(spec))


def options_of(backend: str) -> Mapping[str, str]:
    """Return the options that the specs of a backend may have, each with what it means."""
    return {**_module(backend).OPTIONS, **COMMON}


def mixes(backend: str) -> bool:
    """Whether models of a backend share work between the modes that one process asks them in."""
    return bool(getattr(_module(backend), "MIXES", False))


def needs_images(backend: str) -> bool:
    """Whether models of a backend have no answer without an image."""
    return bool(getattr(_module(backend), "NEEDS_IMAGES", False))


def unique(specs: Sequence[ModelSpec]) -> None:
    """Refuse two models of one name: their results would land in the same files.

    Raises
    ------
    UsageError
        Two names that are equal, also where only upper and lower case differ.
    """
    seen: dict[str, ModelSpec] = {}
    for spec in specs:
        first = seen.setdefault(spec.name.casefold(), spec)
        if first is not spec:
            raise UsageError(
                f"--model: '{_written(first)}' and '{_written(spec)}' are both called '{spec.name}', but every "
                f"model needs a name of its own: write for example {spec.name}-2={_written(spec)}"
            )


def _unknown(text: str, head: str, backend: str) -> str:
    """Say what is wrong with a spec whose backend is missing or unknown, and what would be right."""
    known = ", ".join(backends())
    place = Path(head.partition("=")[2] or head).expanduser()
    if head and place.is_dir():
        return f"--model {text}: a folder, but the backend is missing: write hf:{text}"
    if place.is_file() and place.suffix == ".jsonl":
        return f"--model {text}: a file, but the backend is missing: write replay:{text}"
    if not backend:
        return f"--model {text}: has no backend, but should be {FORM} with one of the backends {known}"
    return f"--model {text}: there is no backend '{backend}', but should be one of {known}"


def _place(rest: str) -> tuple[str, str]:
    """Split ``where@revision``; an ``@`` in a path that exists is no revision."""
    where, at, revision = rest.rpartition("@")
    if not at or Path(rest).expanduser().exists():
        return rest, ""
    return where, revision


def _default_name(where: str, revision: str) -> str:
    """Last component of a path, repository or address, made safe for test ids and file names."""
    last = Path(where).name or Path(where).expanduser().resolve().name
    whole = f"{last}.{revision}" if revision else last
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", whole).strip("-.") or "model"


def _options(text: str, backend: str, query: str) -> Mapping[str, str]:
    """Options of a spec; each has to be one that the backend knows, and may stand there once."""
    known = options_of(backend)
    options: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        key, equals, value = pair.partition("=")
        if key not in known or not equals:
            listed = "; ".join(f"{option}={meaning}" for option, meaning in known.items())
            raise UsageError(f"--model {text}: '{pair}' is no option of {backend}, but should be one of: {listed}")
        if key in options:
            raise UsageError(f"--model {text}: the option '{key}' stands there twice, but should stand there once")
        options[key] = unquote(value)
    return options


def _written(spec: ModelSpec) -> str:
    """The spec as one would type it, without its name and options."""
    return f"{spec.backend}:{spec.where}" + (f"@{spec.revision}" if spec.revision else "")


def _module(backend: str) -> Any:
    """The module of a backend."""
    return importlib.import_module(f"harness.backends.{backend}")
