"""Which model answers: what the server's list says of it, the name it answers under, and whether that is the same.

Servers write one model in several ways. ``org/vlm`` may come back as ``vlm``, ``models/vlm`` or ``vlm@main``, a name
as the dated version that it stands for, ``llava`` as ``llava:latest``. Anything else is another model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_VERSION = re.compile(r"-\d{4}-\d{2}-\d{2}|-\d{2}-\d{4}|-\d{2}-\d{2}|-\d{8}|-\d{3,4}|@[\w.-]+")
_TOLD = ("id", "root", "parent", "owned_by")
_WEIGHTS = ("n_params", "size", "n_vocab", "n_embd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What is known of the model behind the server.

    Attributes
    ----------
    answers_as : str
        Name in the server's answers; empty where they have none.
    told : mapping of str to str
        Of its entry in the server's list: id, root, owner, and the sizes that llama.cpp gives. Nothing that a restart
        of the same server changes.
    system : str
        The system fingerprint of the first answer; empty where there is none.
    """

    answers_as: str
    told: Mapping[str, str]
    system: str


def alike(asked: str, got: str) -> bool:
    """Return whether a name that came back is the one that was asked for, in another form or as a version of it."""
    one, other = _parts(asked), _parts(got)
    depth = min(len(one), len(other))
    wanted, found = "/".join(one[-depth:]), "/".join(other[-depth:])
    return found == wanted or (found.startswith(wanted) and bool(_VERSION.fullmatch(found[len(wanted) :])))


def entry(listed: Sequence[Mapping[str, Any]], asked: str) -> Mapping[str, str]:
    """Return what the server's list tells of a model; empty where it is not in it."""
    exact = [each for each in listed if str(each.get("id")) == asked]
    found = exact or [each for each in listed if any(alike(asked, name) for name in _names(each))]
    if not found:
        return {}
    best = min(found, key=lambda each: len(str(each.get("id"))))  # the name itself before its versions
    meta = best.get("meta")
    told = {name: best.get(name) for name in _TOLD}
    told |= {name: meta.get(name) for name in _WEIGHTS} if isinstance(meta, dict) else {}
    return {name: str(value) for name, value in told.items() if isinstance(value, (str, int)) and value}


def only(listed: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the only model that a server has; empty where it has several or tells of none."""
    return str(listed[0].get("id") or "") if len(listed) == 1 else ""


def _parts(name: str) -> list[str]:
    return name.casefold().removesuffix(":latest").removesuffix(".gguf").split("/")


def _names(each: Mapping[str, Any]) -> list[str]:
    aliases = each.get("aliases")
    names = [each.get("id"), *(aliases if isinstance(aliases, list) else ())]
    return [name for name in names if isinstance(name, str)]
