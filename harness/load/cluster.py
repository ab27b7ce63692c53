"""Which rows belong together: those that share a picture, and where asked those that share a question."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_KINDS = ("pixels", "stem", "name", "row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a row may share with others.

    Attributes
    ----------
    row : str
        Its id, which it shares with none.
    pixels : tuple of str
        Digests of those of its pictures that could be opened.
    names : tuple of str
        Published names of its pictures; one name is one picture, also where it cannot be opened.
    stem : str
        Its question; empty where rows are not joined by it.
    """

    row: str
    pixels: tuple[str, ...]
    names: tuple[str, ...]
    stem: str


def cluster_ids(rows: Sequence[Tokens]) -> list[str]:
    """Return the cluster of every row, in order.

    Rows are joined over any chain of shared pictures and questions. A cluster is named by content, so that neither the
    order of rows nor other clusters change it: the first 12 hex digits of its smallest pixel digest; where none of its
    pictures could be opened ``stem:`` or ``name:`` and the hash of a question or file name.
    """
    tokens = [_tokens(row) for row in rows]
    parent: dict[str, str] = {}

    def top(token: str) -> str:
        parent.setdefault(token, token)
        while parent[token] != token:
            parent[token] = parent[parent[token]]
            token = parent[token]
        return token

    for mine in tokens:
        for other in mine[1:]:
            parent[top(other)] = top(mine[0])
    members: dict[str, list[str]] = {}
    for mine in tokens:
        members.setdefault(top(mine[0]), []).extend(mine)
    names = {root: _name(held) for root, held in members.items()}
    return [names[top(mine[0])] for mine in tokens]


def stem_key(stem: str) -> str:
    """Return a question without its case, its blanks and its ways of writing the same character."""
    return " ".join(unicodedata.normalize("NFKC", stem).casefold().split())


def _tokens(row: Tokens) -> list[str]:
    tokens = [f"pixels:{digest}" for digest in row.pixels]
    if row.stem:
        tokens.append(f"stem:{_hashed(stem_key(row.stem))}")
    tokens += [f"name:{_hashed(name)}" for name in row.names]
    return tokens or [f"row:{_hashed(row.row)}"]


def _name(tokens: Sequence[str]) -> str:
    kind, content = min((token.split(":") for token in tokens), key=lambda pair: (_KINDS.index(pair[0]), pair[1]))
    return content[:12] if kind == "pixels" else f"{kind}:{content[:12]}"


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
