"""What the engine is asked of a prompt, and what its answer is worth as a reply."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.backends.hf import decode
from harness.backends.hf.batch import refusal, senseless
from harness.backends.hf.choices import Choices, best
from harness.backends.vllm.desk import Asked, Desk
from harness.backends.vllm.engine import Request
from harness.errors import ReceiptError
from harness.records import Reply

MOST_TOKENS = 128
"""Tokens whose probabilities the engine tells in one request, at most."""

_ENDS: Mapping[str, Literal["stop", "length"]] = {"stop": "stop", "length": "length"}


Said = tuple[tuple[tuple[int, ...], ...], ...]
"""For each choice the ways to say it, each as its tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the engine is asked for one prompt.

    Attributes
    ----------
    asked : Asked
        The prompt.
    requests : tuple of Request
        One, or with ``forced`` one for each way to say each choice.
    said : tuple
        The ways to say each choice; empty where the reply is generated.
    forced : bool
        Whether the ways stand behind the prompts, as if the model had said them.
    """

    asked: Asked
    requests: tuple[Request, ...]
    said: Said = ()
    forced: bool = False


class Answering:
    """Turns prompts into requests, and what comes back into replies.

    Parameters
    ----------
    desk : Desk
        Counts the images of what comes back.
    tokenizer : transformers.PreTrainedTokenizerBase
        A copy of its own: a tokenizer cannot be used in two threads at once.
    penalties : mapping of str to Any
        Arguments of SamplingParams that the checkpoint's generation config asks for.
    scores_tokens : bool
        Whether the engine can tell the probabilities of chosen tokens in one request.
    """

    def __init__(self, desk: Desk, tokenizer: Any, penalties: Mapping[str, Any], scores_tokens: bool) -> None:
        self._desk = desk
        self._tokenizer = tokenizer
        self._penalties = penalties
        self._scores_tokens = scores_tokens
        self._choices = Choices(tokenizer)

    def plan(self, asked: Asked, *, named: bool) -> Plan:
        """What to ask of the engine for one prompt.

        Parameters
        ----------
        named : bool
            Whether the engine is told the digests of the pictures, under which it keeps them.
        """
        names = [image.digest for image in asked.prompt.images] if named else []

        def request(follow: Sequence[int] = (), **sampling: Any) -> Request:
            return Request(ids=(*asked.ids, *follow), images=asked.images, names=names, sampling=sampling)

        if not asked.prompt.choices:
            written = request(max_tokens=asked.prompt.max_new_tokens, logprobs=2, **self._penalties)
            return Plan(asked=asked, requests=(written,))
        said = self._said(asked)
        ways = [way for each in said for way in each]
        if self._scores_tokens and len(ways) <= MOST_TOKENS and all(len(way) == 1 for way in ways):
            told = request(max_tokens=1, logprob_token_ids=[token for (token,) in ways])
            return Plan(asked=asked, requests=(told,), said=said)
        forced = (request(way, max_tokens=1, prompt_logprobs=1) for way in ways)
        return Plan(asked=asked, requests=tuple(forced), said=said, forced=True)

    def reply(self, plan: Plan, answered: Sequence[Any]) -> Reply:
        """The reply of one prompt from the answers to its requests; a failed one where they do not hold it."""
        asked = plan.asked
        broken = [end for end in (each.outputs[0].finish_reason for each in answered) if end not in _ENDS]
        if broken:
            return refusal(asked.name, RuntimeError(f"the engine ended it with '{broken[0]}', but should answer it"))
        ids = list(answered[0].prompt_token_ids)
        ids = ids[: len(ids) - (len(plan.said[0][0]) if plan.forced else 0)]
        try:
            receipts = self._desk.receipts(asked, ids)
        except ReceiptError as cause:
            return refusal(asked.name, cause)
        proven = Reply(text="", receipts=receipts, finish="stop", prompt_tokens=len(ids))
        return _scored(plan, answered, proven) if plan.said else self._written(plan, answered[0], proven)

    def _said(self, asked: Asked) -> Said:
        """The ways to say each choice of a prompt, as ``hf:`` scores them."""
        choices = asked.prompt.choices
        if self._choices.single(choices):
            return tuple(tuple((token,) for token in self._choices.forms(choice)) for choice in choices)
        return tuple((tuple(self._choices.following(asked.tail, choice)),) for choice in choices)

    def _written(self, plan: Plan, answered: Any, proven: Reply) -> Reply:
        """A generated reply: read token by token as ``hf:`` reads it, reasoning apart from the answer."""
        made = answered.outputs[0]
        new = list(made.token_ids)
        written = decode.read(self._tokenizer, new, plan.asked.prompt.max_new_tokens, (), plan.asked.tail)
        sure = [place[token].logprob for token, place in zip(new, made.logprobs, strict=True)]
        total, lead = math.fsum(sure), min(_leads(new, made.logprobs), default=0.0)
        if not math.isfinite(total):
            return senseless(plan.asked.name, total)
        return Reply(
            text=written.text,
            thinking=written.thinking,
            receipts=proven.receipts,
            finish=_ENDS[made.finish_reason],
            prompt_tokens=proven.prompt_tokens,
            new_tokens=len(new),
            logprob=round(total, 6),
            # infinite where every token was the only one allowed
            lead=round(lead, 6) if math.isfinite(lead) else None,
        )


def _scored(plan: Plan, answered: Sequence[Any], proven: Reply) -> Reply:
    """A reply by the likelihood of each choice, summed over the ways to say it."""
    if plan.forced:
        rest = iter(answered)
        told = [[_followed(next(rest), way) for way in each] for each in plan.said]
    else:
        first = answered[0].outputs[0].logprobs[0]
        told = [[first[token].logprob for (token,) in each] for each in plan.said]
    exact = [_logsumexp(each) for each in told]
    for score in exact:
        if not math.isfinite(score):
            return senseless(plan.asked.name, score)
    scores = tuple(round(score, 6) for score in exact)
    ordered = sorted(scores, reverse=True)
    return Reply(
        text=best(plan.asked.prompt.choices, scores),
        receipts=proven.receipts,
        finish="stop",
        prompt_tokens=proven.prompt_tokens,
        scores=scores,
        logprob=ordered[0],
        lead=round(ordered[0] - ordered[1], 6) if len(ordered) > 1 else None,
    )


def _followed(answered: Any, follow: Sequence[int]) -> float:
    """Log-probability of the last tokens of a prompt."""
    places = list(answered.prompt_logprobs)[-len(follow) :]
    return math.fsum(place[token].logprob for place, token in zip(places, follow, strict=True))


def _leads(new: Sequence[int], logprobs: Sequence[Mapping[int, Any]]) -> Iterator[float]:
    """How far each generated token lies before the most likely other one."""
    for token, place in zip(new, logprobs, strict=True):
        others = [entry.logprob for other, entry in place.items() if other != token]
        if others:
            yield place[token].logprob - max(others)


def _logsumexp(values: Sequence[float]) -> float:
    top = max(values)
    return top if math.isinf(top) else top + math.log(math.fsum(math.exp(value - top) for value in values))
