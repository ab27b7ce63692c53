"""The address and the options of an ``openai:`` model, read once. A secret is never among them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from harness.backends.hf.settings import Order
from harness.errors import UsageError
from harness.records import ModelSpec

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "key": "NAME of the environment variable that holds the key (default OPENAI_API_KEY)",
        "concurrency": "N requests in flight at once (default 8)",
        "timeout": "S seconds that one try may take (default 300)",
        "retries": "N tries after the first (default 6)",
        "backoff": "S seconds before the second try, doubled with each further one (default 1)",
        "order": "as_given|images_first|text_first, the order of the parts of a prompt (default as_given)",
        "image": "png|jpeg, how pictures are sent (default png, which is lossless)",
        "detail": "auto|low|high, how closely the server shall look, where it knows that word",
        "probe": "on|off, whether sight is proven before the first row; off: no receipts are given",
        "served": "NAME under which the server answers, where it is another than the one that is asked for",
        "seed": "N, sent along where it is given",
        "temperature": "0|unset (default 0; unset for models that take none)",
        "max_tokens_field": "max_tokens|max_completion_tokens (default: the second for OpenAI's own, else the first)",
        "logprobs": "on|off, whether generated replies come with the probability of their tokens (default off)",
        "extra": "percent-encoded JSON object, more fields of the request, such as chat_template_kwargs",
        "price_in": "dollars per million prompt tokens",
        "price_out": "dollars per million new tokens",
        "price_cached": "dollars per million prompt tokens that came from the cache (default price_in)",
    }
)

OPENAI = "https://api.openai.com/v1"
"""The address where none is given."""

FORM = "openai:<model>@http(s)://<host>[:port]/<path>"

_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?")
_VALUES = MappingProxyType(
    {
        "key": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
        "concurrency": re.compile(r"[1-9]\d{0,2}"),
        "timeout": _NUMBER,
        "retries": re.compile(r"\d{1,2}"),
        "backoff": _NUMBER,
        "order": re.compile(r"as_given|images_first|text_first"),
        "image": re.compile(r"png|jpeg"),
        "detail": re.compile(r"auto|low|high"),
        "probe": re.compile(r"on|off"),
        "served": re.compile(r"\S+"),
        "seed": re.compile(r"\d{1,18}"),
        "temperature": re.compile(r"0|unset"),
        "max_tokens_field": re.compile(r"max_tokens|max_completion_tokens"),
        "logprobs": re.compile(r"on|off"),
        "extra": re.compile(r"\{.*\}", re.DOTALL),
        "price_in": _NUMBER,
        "price_out": _NUMBER,
        "price_cached": _NUMBER,
    }
)

_OURS = frozenset(
    [
        "model",
        "messages",
        "stream",
        "n",
        "temperature",
        "seed",
        "max_tokens",
        "max_completion_tokens",
        "logprobs",
        "top_logprobs",
    ]
)
_SECRET = re.compile(r"key|token|secret|password|auth|sig", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a spec says; the environment variable of the key by its name alone.

    Attributes
    ----------
    name, model, served : str
        Name of the spec; model that is asked for; name under which the server answers, empty where it is the same.
    base_url : str
        Without query and without a slash at its end.
    query : mapping of str to str
        Query of every request, such as an ``api-version``.
    key : str
        Name of the environment variable; empty where none was named.
    concurrency, retries : int
        Requests at once, and tries after the first of each.
    timeout, backoff : float
        Seconds.
    order : str
        Order of text and images in a prompt.
    image, detail : str
        Encoding of pictures; ``detail`` is empty where it is not said.
    probe, logprobs : bool
        Whether sight is proven first, and whether generated replies carry log-probabilities.
    seed : int or None
        As sent.
    temperature : bool
        Whether a temperature of 0 is sent.
    limit_field : str
        Name of the field that bounds the reply.
    extra : mapping
        More fields of the request.
    prices : mapping of str to str
        ``price in``, ``price out``, ``price cached`` in dollars per million tokens, those that were given.
    """

    name: str
    model: str
    served: str
    base_url: str
    query: Mapping[str, str]
    key: str
    concurrency: int
    retries: int
    timeout: float
    backoff: float
    order: Order
    image: Literal["png", "jpeg"]
    detail: str
    probe: bool
    logprobs: bool
    seed: int | None
    temperature: bool
    limit_field: str
    extra: Mapping[str, Any]
    prices: Mapping[str, str]


def settle(spec: ModelSpec) -> Settings:
    """Read address and options of a spec.

    Raises
    ------
    UsageError
        An address that is none, or holds a user or a secret; a value that its option cannot have; a variable that
        was named and is not set.
    """
    said = spec.options
    for option, value in said.items():
        if not _VALUES[option].fullmatch(value):
            # whoever writes the key itself there shall not find it in a log
            got = "not the name of a variable" if option == "key" else f"'{value}'"
            raise UsageError(f"--model {spec.name}: {option} is {got}, but should be {OPTIONS[option]}")
    if "key" in said and not os.environ.get(said["key"]):
        raise UsageError(
            f"--model {spec.name}: the environment variable {said['key']} is not set, but should hold the key: set it"
        )
    base_url, query = _address(spec)
    limit = "max_completion_tokens" if base_url == OPENAI else "max_tokens"
    return Settings(
        name=spec.name,
        model=spec.where,
        served=said.get("served", ""),
        base_url=base_url,
        query=query,
        key=said.get("key", ""),
        concurrency=int(said.get("concurrency", 8)),
        retries=int(said.get("retries", 6)),
        timeout=float(said.get("timeout", 300)),
        backoff=float(said.get("backoff", 1)),
        order=cast(Order, said.get("order", "as_given")),
        image=cast(Literal["png", "jpeg"], said.get("image", "png")),
        detail=said.get("detail", ""),
        probe=said.get("probe", "on") == "on",
        logprobs=said.get("logprobs", "off") == "on",
        seed=int(said["seed"]) if "seed" in said else None,
        temperature=said.get("temperature", "0") == "0",
        limit_field=said.get("max_tokens_field", limit),
        extra=_extra(spec),
        prices={f"price {kind}": said[f"price_{kind}"] for kind in ("in", "out", "cached") if f"price_{kind}" in said},
    )


def _address(spec: ModelSpec) -> tuple[str, Mapping[str, str]]:
    """Base url and query; ``%3F`` in the address begins a query, since a bare question mark begins the options."""
    given = spec.revision or OPENAI
    address, _, query = re.sub("%3f", "?", given, flags=re.IGNORECASE).partition("?")
    parts = urlsplit(address)
    fields = dict(parse_qsl(unquote(query), keep_blank_values=True))
    if "://" in spec.where or "@" in parts.netloc or any(_SECRET.search(name) for name in fields):
        raise UsageError(
            f"--model {spec.name}: the address holds a user or a key, but should hold neither, since every report "
            "shows it: put the secret into an environment variable and name it with key="
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--model {spec.name}: the address is '{given}', but should be a url: write {FORM}")
    return address.rstrip("/"), fields


def _extra(spec: ModelSpec) -> Mapping[str, Any]:
    """The fields of ``extra``; none that this backend sets itself."""
    text = spec.options.get("extra", "{}")
    try:
        fields = json.loads(text)
    except ValueError as cause:
        raise UsageError(
            f"--model {spec.name}: extra is no JSON ({cause}), but should be {OPTIONS['extra']}: encode it"
        ) from cause
    ours = sorted(_OURS & set(fields))
    if ours:
        raise UsageError(
            f"--model {spec.name}: extra sets {', '.join(ours)}, but these fields belong to the suite: leave them out"
        )
    return cast(Mapping[str, Any], fields)
