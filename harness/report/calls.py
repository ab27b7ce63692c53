"""What the answers of endpoints cost: requests, retries, tokens, dollars, latency. A section of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.records import Measurement, Reply
from harness.report.tables import table

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The replies of one model that came over a wire, and its prices.

    Attributes
    ----------
    model : str
        Its name.
    prices : mapping of str to float
        ``in``, ``out``, ``cached``: dollars per million tokens; those that are known.
    replies : list of Reply
        With a call each, answered or failed; rows that were asked again alone stand there twice.
    keys : set of str
        Keys of the prompts that they answer: a prompt of two cases is asked until it has an answer.
    """

    model: str
    prices: Mapping[str, float]
    replies: list[Reply] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def answered(self) -> list[Reply]:
        """The replies that did not fail."""
        return [reply for reply in self.replies if reply.finish != "failed"]


def calls(measurements: Iterable[Measurement]) -> list[str]:
    """Return the lines of the section on calls, as markdown; none where no reply came from an endpoint.

    Parameters
    ----------
    measurements : iterable of Measurement
        All cases of a run. A prompt that stands in them several times was asked once, and counts once; a row that was
        asked again alone, to prove the first reply, counts again. Prices are
        read from the facts of the model, ``model price in``, ``model price out`` and ``model price cached``.
    """
    found = [of_model for of_model in _by_model(measurements) if of_model.replies]
    if not found:
        return []
    return [
        "## Calls",
        "",
        "One request is one prompt, however often it was sent; a retry is a further try of it. Rows that were asked "
        "again alone count; the probe before the first row does not. Seconds run from the "
        "first try to the whole reply, waits between tries included; a token rate is that of one request, and several "
        "may have been in flight. Price and tokens are those of answered requests, as the server counted them.",
        "",
        *table(_HEAD, (_row(of_model) for of_model in found), right=range(1, len(_HEAD))),
    ]


_HEAD = [
    "Model",
    "Requests",
    "Retries",
    "Failed",
    "Prompt tokens",
    "of them cached",
    "New tokens",
    "Price, $",
    "p50, s",
    "p90, s",
    "p99, s",
    "New tokens per s",
]


def price(replies: Iterable[Reply], prices: Mapping[str, float]) -> float | None:
    """Return the price of some replies in dollars.

    Parameters
    ----------
    prices : mapping of str to float
        Dollars per million tokens: ``in``, ``out``, and ``cached``, which is ``in`` where it is not given.

    Returns
    -------
    float or None
        None without a price for both directions, or where a reply was not counted by the server.
    """
    if not {"in", "out"} <= prices.keys():
        return None
    total = 0.0
    for reply in replies:
        if not reply.prompt_tokens or reply.call is None:
            return None
        cached = min(reply.call.cached, reply.prompt_tokens)
        total += (reply.prompt_tokens - cached) * prices["in"] + cached * prices.get("cached", prices["in"])
        total += reply.new_tokens * prices["out"]
    return total / MILLION


def _by_model(measurements: Iterable[Measurement]) -> Iterator[Calls]:
    """The calls of each model and list of prices, in order of appearance."""
    groups: dict[tuple[str, tuple[tuple[str, float], ...]], Calls] = {}
    for measured in measurements:
        prices = _prices(measured.provenance)
        place = (measured.case.model, tuple(sorted(prices.items())))
        group = groups.setdefault(place, Calls(model=measured.case.model, prices=prices))
        once = {answer.key: answer.reply for answer in measured.answers}
        new = {key: reply for key, reply in once.items() if key not in group.keys}
        group.keys.update(key for key, reply in new.items() if reply.finish != "failed")
        again = [canary.alone for canary in measured.canaries]
        group.replies.extend(reply for reply in (*new.values(), *again) if reply.call is not None)
    yield from groups.values()


def _prices(provenance: Mapping[str, str]) -> dict[str, float]:
    said = {kind: provenance.get(f"model price {kind}", "") for kind in ("in", "out", "cached")}
    return {kind: float(value) for kind, value in said.items() if value}


def _row(of_model: Calls) -> list[str]:
    answered = of_model.answered
    made = [reply.call for reply in of_model.replies if reply.call is not None]
    seconds = np.array([reply.call.seconds for reply in answered if reply.call is not None])
    new = sum(reply.new_tokens for reply in answered)
    cost = price(answered, of_model.prices)
    return [
        of_model.model,
        str(len(made)),
        str(sum(max(0, call.tries - 1) for call in made)),
        str(len(made) - len(answered)),
        str(sum(reply.prompt_tokens for reply in answered)),
        str(sum(reply.call.cached for reply in answered if reply.call is not None)),
        str(new),
        "–" if cost is None or not answered else f"{cost:.4f}" if cost < 1 else f"{cost:.2f}",
        *(f"{np.quantile(seconds, share):.2f}" if len(seconds) else "–" for share in (0.5, 0.9, 0.99)),
        f"{new / seconds.sum():.1f}" if len(seconds) and seconds.sum() > 0 else "–",
    ]
