"""Generated tokens -> text, and why the model stopped."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.backends.hf import thinking


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a model wrote for one row.

    Attributes
    ----------
    text : str
        Its answer; empty where it was cut off while it reasoned.
    tokens : int
        All tokens, with those of its reasoning and the one that stopped it.
    finish : str
        How it ended.
    thinking : str
        What it reasoned before; empty for a model that does not show it.
    """

    text: str
    tokens: int
    finish: Literal["stop", "length"]
    thinking: str = ""


def greedy(base: Any, pad_token: int | None) -> Any:
    """The model's own generation config made greedy.

    Stop tokens, suppressed tokens and penalties stay as its authors ship them; sampling and beams go, and so do
    length limits, which the prompts set.
    """
    config = copy.deepcopy(base)
    config.do_sample, config.num_beams = False, 1
    for sampling in ("temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff"):
        setattr(config, sampling, None)
    config.max_length, config.min_length, config.max_new_tokens = None, None, None
    if config.pad_token_id is None:
        config.pad_token_id = pad_token
    return config


def kept(generation: Mapping[str, Any]) -> dict[str, str]:
    """What generation_config.json says beyond sampling, and greedy decoding therefore keeps."""
    keeps = (
        "repetition_penalty",
        "no_repeat_ngram_size",
        "bad_words_ids",
        "suppress_tokens",
        "forced_eos_token_id",
    )
    return {key: str(generation[key]) for key in keeps if generation.get(key) not in (None, 0, 1, 1.0, [])}


def stops(config: Any) -> frozenset[int]:
    """All ids that end a reply."""
    ends = config.eos_token_id
    if ends is None:
        return frozenset()
    return frozenset(ends) if isinstance(ends, (list, tuple)) else frozenset([int(ends)])


def read(tokenizer: Any, new: Sequence[int], limit: int, ends: Collection[int], prompt: str = "") -> Written:
    """Text of one row.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        Special tokens are left out of the text.
    new : sequence of int
        What was generated for the row; after its stop token comes padding.
    limit : int
        The row's own ``max_new_tokens``, at most that of the batch.
    ends : collection of int
        Stop tokens.
    prompt : str
        End of the prompt's text, where a chat template may have opened a thought.
    """
    own = list(new[:limit])
    end = next((place for place, token in enumerate(own) if token in ends), None)
    written = own if end is None else own[: end + 1]
    parts = thinking.part(tokenizer, written, prompt)
    return Written(
        text=parts.text,
        tokens=len(written),
        finish="length" if end is None else "stop",
        thinking=parts.thinking,
    )
