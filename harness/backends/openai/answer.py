"""The body of an answer, read without trust: what is not as the protocol says is trouble, and never a reply.

Servers differ, and the differences that are known are read here::

    reasoning_content, reasoning      vLLM, SGLang, DeepSeek; Ollama, OpenRouter, newer vLLM
    content as a list of parts        text parts are the reply, thinking parts (Mistral) are not
    content null or missing           Gemini and OpenAI, where the budget went into thinking, or a refusal stands apart
    usage without details, or none    llama.cpp, Ollama; a server that was told not to count
    error in a body of status 200     OpenRouter and other gateways
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from harness.backends.openai.patience import Trouble

Token = tuple[str, float]
"""A token and the natural logarithm of its probability."""

_FINISH: Mapping[str, Literal["stop", "length"]] = MappingProxyType(
    {
        **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence"), "stop"),
        **dict.fromkeys(("length", "max_tokens", "max_output_tokens"), "length"),
    }
)
LOWEST = -9999.0
"""What servers write for a probability of nothing."""

_PASSING = frozenset({"abort", "error", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One generated token with the most likely tokens of its place, most likely first."""

    token: Token
    top: tuple[Token, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an answer holds.

    Attributes
    ----------
    text, thinking : str
        The reply, and what came before it.
    finish : str
        ``stop`` or ``length``.
    model, system : str
        Model and system fingerprint that the server names; empty where it does not.
    prompt_tokens, new_tokens, cached : int
        As the server counts; 0 where it does not.
    steps : tuple of Step
        Token by token, where log-probabilities came along; else empty.
    """

    text: str
    thinking: str
    finish: Literal["stop", "length"]
    model: str
    system: str
    prompt_tokens: int
    new_tokens: int
    cached: int
    steps: tuple[Step, ...]


def read(body: Mapping[str, Any]) -> Answered:
    """Read the body of a chat completion.

    Raises
    ------
    Trouble
        No choice, no message, a content of another kind, an end that is no end; or an error in the place of an
        answer.
    """
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        error = body.get("error")
        told = error.get("message") if isinstance(error, dict) else error
        raise Trouble(f"the answer has no choices{f' but the error {told}' if told else ''}"[:300], again=True)
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Trouble("the answer has no message", again=True)
    finish = _finish(choice.get("finish_reason"))
    text, thought = _content(message)
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else usage.get("prompt_cache_hit_tokens")
    return Answered(
        text=text,
        thinking=thought,
        finish=finish,
        model=str(body.get("model") or ""),
        system=str(body.get("system_fingerprint") or ""),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        new_tokens=_count(usage.get("completion_tokens")),
        cached=_count(cached),
        steps=_steps(choice.get("logprobs")),
    )


def _finish(reason: Any) -> Literal["stop", "length"]:
    word = str(reason or "").lower()
    if word in _FINISH:
        return _FINISH[word]
    if "filter" in word or word in ("safety", "recitation", "blocklist", "prohibited_content"):
        raise Trouble(f"the server withheld the reply (finish reason '{word}')")
    told = f"finish reason '{word}'" if word else "no finish reason"
    raise Trouble(f"the answer has {told}, but should have 'stop' or 'length'", again=word in _PASSING)


def _content(message: Mapping[str, Any]) -> tuple[str, str]:
    """Reply and thinking of a message; a refusal that stands apart is the reply."""
    content = message.get("content")
    thinking = [message.get(name) for name in ("reasoning_content", "reasoning")]
    thoughts = [each for each in thinking if isinstance(each, str) and each][:1]
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        thoughts += [_written(part.get("thinking")) for part in parts if part.get("type") == "thinking"]
        kinds = ("text", "output_text", "refusal")
        content = "".join(
            _written(part.get("text") or part.get("refusal")) for part in parts if part.get("type") in kinds
        )
    if content is None:
        content = message.get("refusal") or ""
    if not isinstance(content, str):
        raise Trouble(f"the content is {type(content).__name__}, but should be text", again=True)
    return content, "\n".join(thoughts)


def _written(value: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(value, list):
        return "".join(_written(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _steps(logprobs: Any) -> tuple[Step, ...]:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return ()
    steps = []
    for entry in content:
        token = _token(entry)
        if token is None:
            return ()
        top = [_token(each) for each in entry.get("top_logprobs") or ()]
        steps.append(Step(token=token, top=tuple(sorted(filter(None, top), key=lambda each: -each[1]))))
    return tuple(steps)


def _token(entry: Any) -> Token | None:
    if not isinstance(entry, dict):
        return None
    token, logprob = entry.get("token"), entry.get("logprob")
    if not isinstance(token, str) or isinstance(logprob, bool) or not isinstance(logprob, (int, float)):
        return None
    return None if math.isnan(logprob) else (token, min(0.0, max(LOWEST, float(logprob))))


def certainty(steps: Sequence[Step]) -> tuple[float | None, float | None]:
    """Return the log-probability of the generated tokens and the smallest lead of one; None where unknown."""
    if not steps:
        return None, None
    leads = []
    for step in steps:
        others = [logprob for token, logprob in step.top if token != step.token[0]]
        if others:
            leads.append(step.token[1] - others[0])
    return sum(step.token[1] for step in steps), min(leads) if len(leads) == len(steps) else None
