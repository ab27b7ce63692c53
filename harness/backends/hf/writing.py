"""One call of ``generate``, with what it is worth: each token's log-probability, and its lead over the next best."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequences:
    """What was generated for a batch.

    Attributes
    ----------
    tokens : list of list of int
        New tokens of each row; after a stop token comes padding.
    logprobs, leads : list of list of float
        Of each of these tokens, in natural logarithms.
    cache : Any
        Keys and values of everything that was read; None where it was not asked for.
    """

    tokens: list[list[int]]
    logprobs: list[list[float]]
    leads: list[list[float]]
    cache: Any


class Recorder:
    """A logits processor that changes nothing, and takes down how sure the model is of what it writes."""

    def __init__(self) -> None:
        self.logprobs: list[Tensor] = []
        self.leads: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Called by ``generate`` at every step, after the model's own processors."""
        wide = scores.float()
        best = wide.topk(min(2, wide.shape[-1]), dim=-1).values
        self.logprobs.append(best[:, 0] - wide.logsumexp(dim=-1))
        self.leads.append(best[:, 0] - best[:, -1])
        return scores


class Forced:
    """A logits processor that makes the model write given tokens, and takes down how likely each was.

    Parameters
    ----------
    answers : sequence of sequence of int
        Tokens that each row has to write.
    end : int
        Token that follows them.
    """

    def __init__(self, answers: Sequence[Sequence[int]], end: int) -> None:
        self._answers = answers
        self._end = end
        self._step = 0
        self.totals = [0.0] * len(answers)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Called by ``generate`` at every step."""
        import torch

        sure = scores.float().log_softmax(dim=-1)
        forced = torch.full_like(scores, -torch.inf)
        for row, answer in enumerate(self._answers):
            token = answer[self._step] if self._step < len(answer) else self._end
            if self._step < len(answer):
                self.totals[row] += float(sure[row, token])
            forced[row, token] = 0
        self._step += 1
        return forced


class FirstToken:
    """A logits processor that keeps the log-probabilities of the first new token.

    Attributes
    ----------
    sure : Tensor or None
        ``(rows, vocabulary)``.
    """

    def __init__(self) -> None:
        self.sure: Tensor | None = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Called by ``generate`` at every step."""
        if self.sure is None:
            self.sure = scores.float().log_softmax(dim=-1)
        return scores


def write(
    model: Any,
    inputs: Mapping[str, Any],
    config: Any,
    *,
    watching: Callable[[Tensor, Tensor], Tensor] | None = None,
    keep: bool = False,
) -> Sequences:
    """Call ``generate``.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        In evaluation mode.
    inputs : mapping of str to Any
        Arguments on the model's device.
    config : transformers.GenerationConfig
        Greedy, with ``max_new_tokens``.
    watching : callable
        A logits processor to use instead of a `Recorder`.
    keep : bool
        Whether to hand out the cache.
    """
    import torch
    from transformers import LogitsProcessorList

    recorder = Recorder()
    config.return_dict_in_generate = keep
    with torch.inference_mode():
        made = model.generate(
            **inputs, generation_config=config, logits_processor=LogitsProcessorList([watching or recorder])
        )
    written = made.sequences if keep else made
    new = written[:, inputs["input_ids"].shape[1] :].tolist()
    return Sequences(
        tokens=new,
        logprobs=_rows(recorder.logprobs),
        leads=_rows(recorder.leads),
        cache=(getattr(made, "cache", None) or made.past_key_values) if keep else None,
    )


def cached(cache: Any) -> dict[str, Any]:
    """A cache as the argument of ``generate``, whose name newer releases of transformers have changed."""
    from transformers import GenerationMixin

    named = inspect.signature(GenerationMixin.prepare_inputs_for_generation).parameters
    return {"cache" if "cache" in named else "past_key_values": cache}


def _rows(steps: Sequence[Tensor]) -> list[list[float]]:
    """Figures taken step by step, row by row."""
    import torch

    rows: list[list[float]] = torch.stack(list(steps), dim=1).tolist() if steps else []
    return rows
