"""What a model reasons before it answers, kept apart from the answer.

The reasoning stands between marks. Where the tokenizer of a checkpoint brings a ``response_template``, its own
authors say which; else they are looked for here. The opening mark may have been written by the chat template, at
the end of the prompt, so that the reply holds the closing one alone; and a reply that was cut off holds none.

===============================  ====================  ==========================================
opens                            closes                such as
===============================  ====================  ==========================================
``<think>``                      ``</think>``          Qwen3-VL, GLM-4.1V
``<thinking>``                   ``</thinking>``       fine-tunes
``<unused94>thought``            ``<unused95>``        MedGemma
``<|channel>thought``            ``<channel|>``        Gemma 4
``[THINK]``                      ``[/THINK]``          Magistral
``◁think▷``                      ``◁/think▷``          Kimi-VL
===============================  ====================  ==========================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MARKS: tuple[tuple[str, str], ...] = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<unused94>", "<unused95>"),
    ("<|channel>", "<channel|>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
)
"""Opening and closing marks."""

# Two families name the channel behind the mark that opens it; another channel than this is part of the answer
_CHANNEL = "thought"
_NAMED = frozenset({"<unused94>", "<|channel>"})
_REASONING = ("thinking", "reasoning_content", "reasoning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A reply in two: what was reasoned, and what was answered."""

    thinking: str
    text: str


def opens(prompt: str) -> bool:
    """Whether a prompt, or its end, leaves a thought open, so that the model goes on with reasoning."""
    return any(_left_open(prompt, opening, closing) for opening, closing in MARKS)


def part(tokenizer: Any, written: Sequence[int], prompt: str) -> Parts:
    """Tell the reasoning of a reply from its answer.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        Special tokens are left out of both parts.
    written : sequence of int
        What the model wrote, with the token that stopped it.
    prompt : str
        End of the prompt as the chat template wrote it; empty where it is not known.

    Returns
    -------
    Parts
        Without marks the reply is an answer, letter for letter. A thought that was not closed is no answer: the
        text is empty, or what stood before it.
    """
    own = _by_its_template(tokenizer, written, prompt)
    if own is not None:
        return own
    text = _shown(tokenizer, written)
    for opening, closing in MARKS:
        mark = opening + _CHANNEL if opening in _NAMED else opening
        open_ = _left_open(prompt, opening, closing)
        if open_ or mark in text or closing in text:
            return _split(text, mark, closing, open_)
    return Parts(thinking="", text=tokenizer.decode(list(written), skip_special_tokens=True))


def _split(text: str, opening: str, closing: str, inside: bool) -> Parts:
    """Cut a text at its marks. One that closes what nothing opened was opened by the prompt."""
    first, end = text.find(opening), text.find(closing)
    inside = inside or (end >= 0 and not 0 <= first < end)
    thoughts: list[str] = []
    said: list[str] = []
    rest, more = text, True
    while more:
        piece, found, rest = rest.partition(closing if inside else opening)
        (thoughts if inside else said).append(piece)
        more, inside = bool(found), not inside
    return Parts(thinking="\n".join(filter(None, (t.strip() for t in thoughts))), text="".join(said).strip())


def _shown(tokenizer: Any, written: Sequence[int]) -> str:
    """The text without special tokens, but with marks that are."""
    ids = list(written)
    marks = {mark for pair in MARKS for mark in pair}
    hidden = {token: word for token, word in _special(tokenizer).items() if word in marks and token in ids}
    if not hidden:
        return str(tokenizer.decode(ids, skip_special_tokens=True))
    pieces: list[str] = []
    run: list[int] = []
    for token in ids:
        if token in hidden:
            pieces += [tokenizer.decode(run, skip_special_tokens=True), hidden[token]]
            run = []
        else:
            run.append(token)
    return "".join([*pieces, tokenizer.decode(run, skip_special_tokens=True)])


def _special(tokenizer: Any) -> dict[int, str]:
    """Special tokens by id: the named ones, and those that were added as such."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {
        **dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)),
        **{token: str(word) for token, word in added.items() if word.special},
    }


def _left_open(prompt: str, opening: str, closing: str) -> bool:
    """Whether the last opening mark of a prompt stands after its last closing one, with nothing but its name behind."""
    behind = prompt.rpartition(opening)[2] if opening in prompt else closing
    return closing not in behind and behind.strip() in {"", _CHANNEL}


def _by_its_template(tokenizer: Any, written: Sequence[int], prompt: str) -> Parts | None:
    """The parts as the checkpoint's own response template tells them; None without one, or where it does not fit."""
    if getattr(tokenizer, "response_template", None) is None:
        return None
    try:
        message = tokenizer.parse_response(list(written), prefix=prompt)
    except Exception:  # templates are written by hand and may be wrong; the marks are still there
        return None
    thinking = next((message[name] for name in _REASONING if isinstance(message.get(name), str)), "")
    text = message.get("content", "")
    if not isinstance(text, str) or not (thinking or text):
        return None
    return Parts(thinking=_bare(tokenizer, thinking), text=_bare(tokenizer, text))


def _bare(tokenizer: Any, text: str) -> str:
    """Text without the special tokens that a response template has left in it."""
    words = sorted(_special(tokenizer).values(), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, words)), "", text).strip() if words else text.strip()
