"""Code that a model brings: it runs where the model is named once more, pinned to what was read, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import ModelError, UsageError
from harness.records import ModelSpec

FILES = ("*.py",)
"""Patterns of its files, beside all others."""

NAMED_IN = ("config.json", "processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
"""Files whose ``auto_map`` names classes of it."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


def hold_pinned(spec: ModelSpec, code: str) -> None:
    """Refuse code of a repository at a branch or tag: it may be other code tomorrow.

    Raises
    ------
    UsageError
        The revision is no full commit.
    """
    if not _COMMIT.fullmatch(spec.revision):
        raise UsageError(
            f"--model {spec.name}: code is '{code}' at revision '{spec.revision or 'main'}', but code that may run "
            "should be pinned to a full commit: write @ and the 40 characters of the commit that was read"
        )


def hold(spec: ModelSpec, code: str, shown: str, configs: Sequence[Mapping[str, Any]]) -> None:
    """Allow no other code than that of the model that was named, and of its own files.

    Parameters
    ----------
    spec : ModelSpec
        Of the model.
    code : str
        Whose code may run.
    shown : str
        The repository, or the last component of the path.
    configs : sequence of mapping
        What the files of NAMED_IN hold.

    Raises
    ------
    UsageError
        Another name, or a model that brings no code.
    ModelError
        It would fetch code from another repository.
    """
    if code != shown:
        raise UsageError(
            f"--model {spec.name}: code is '{code}', but should be '{shown}', the name of the model whose code may "
            "run: read that code, then name it"
        )
    named = [str(value) for config in configs for value in dict(config.get("auto_map") or {}).values()]
    if not named:
        raise UsageError(
            f"--model {spec.name}: code is '{code}', but this model brings no code of its own (no auto_map): leave out "
            "code="
        )
    foreign = sorted(value for value in named if "--" in value)
    if foreign:
        raise ModelError(
            f"model {spec.name} ({shown}): its auto_map names code of another repository ({foreign[0]}), but only code "
            "of its own files is ever run: take a copy that holds its code"
        )
