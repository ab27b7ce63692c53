"""Answers prepared groups: by generation or likelihood, the plain way or sharing work, in halves where memory ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.backends.hf import decode, memory
from harness.backends.hf.batch import Asked, Group, Prepared, refusal, senseless
from harness.backends.hf.choices import Choices, best
from harness.backends.hf.sharing import Sharing
from harness.backends.hf.witness import hold_against, watch
from harness.backends.hf.writing import FirstToken, Forced, Sequences, write
from harness.errors import ReceiptError
from harness.records import Reply

if TYPE_CHECKING:
    from torch import Tensor

Again = Callable[[Sequence[Asked]], Prepared]
"""Makes prompts ready once more, the plain way, each for its old place."""


class Engine:
    """A loaded model that answers groups.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        In evaluation mode.
    tokenizer : transformers.PreTrainedTokenizerBase
        A copy of its own: a tokenizer cannot pad in one thread while another reads with it.
    sharing : Sharing or None
        Where work is shared.
    again : callable
        Makes prompts ready the plain way, after their group failed.
    threads : int
        With which the model computes on a CPU; 0 for as many as there are.
    """

    def __init__(self, model: Any, tokenizer: Any, sharing: Sharing | None, again: Again, *, threads: int = 0) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.sharing = sharing
        self.threads = threads
        self._again = again
        self._choices = Choices(tokenizer)
        self._ends = decode.stops(self.config(1))

    def config(self, tokens: int) -> Any:
        """The model's generation config, greedy, for so many new tokens."""
        config = decode.greedy(self.model.generation_config, self.tokenizer.pad_token_id)
        config.max_new_tokens = tokens
        return config

    def level(self, tokens: int) -> Any:
        """The same without penalties for what stands in the prompt already, as the letters of its options do."""
        config = self.config(tokens)
        config.repetition_penalty, config.no_repeat_ngram_size = 1.0, 0
        return config

    def answer(self, group: Group) -> dict[int, Reply]:
        """Replies of a group by place.

        Where the model was not given what was sent, and where memory ends, its rows are asked again: alone, or in
        halves. A row that fails alone is a failed reply with its cause.
        """
        found: Mapping[int, Reply] | Exception = self._tried(group)
        if not isinstance(found, Exception):
            return dict(found)
        replies: dict[int, Reply] = {}
        for part in self._parts(group, found):
            replies.update(part.failed)
            for one in part.groups:
                replies.update(self.answer(one))
        return replies

    def _tried(self, group: Group) -> Mapping[int, Reply] | Exception:
        """Replies of a group or, without the frames that hold its tensors, the error for which it is asked in parts."""
        try:
            return self._scored(group) if group.asked[0].prompt.choices else self._generated(group)
        except Exception as cause:
            if not (isinstance(cause, ReceiptError) or memory.ended(cause)):
                raise
            return cause.with_traceback(None)

    def _parts(self, group: Group, cause: Exception) -> Sequence[Prepared]:
        """What is asked instead of a group that failed: its rows alone where a receipt did, its halves for memory."""
        asked = group.asked
        if not isinstance(cause, ReceiptError):
            memory.free(self.model.device)
            if len(asked) > 1:
                half = len(asked) // 2
                if group.lines:
                    halves = group.part(slice(None, half)), group.part(slice(half, None))
                    return [Prepared(size=len(one.asked), groups=(one,), failed={}) for one in halves]
                return [self._again(asked[:half]), self._again(asked[half:])]
            cause = MemoryError(f"out of memory with a batch of one ({' '.join(str(cause).split())[:200]})")
        if len(asked) > 1 or group.lines:
            return [self._again([one]) for one in asked]
        return [Prepared(size=1, groups=(), failed={asked[0].place: refusal(asked[0].name, cause)})]

    def _generated(self, group: Group) -> dict[int, Reply]:
        """Replies by generation."""
        made = self._write(group, max(asked.prompt.max_new_tokens for asked in group.asked))
        rows = zip(group.asked, made.tokens, made.logprobs, made.leads, strict=True)
        return {asked.place: self._reply(asked, new, logprobs, leads) for asked, new, logprobs, leads in rows}

    def _reply(self, asked: Asked, new: Sequence[int], logprobs: Sequence[float], leads: Sequence[float]) -> Reply:
        written = decode.read(self.tokenizer, new, asked.prompt.max_new_tokens, self._ends, asked.tail)
        sure, lead = math.fsum(logprobs[: written.tokens]), min(leads[: written.tokens], default=0.0)
        if not math.isfinite(sure):
            return senseless(asked.name, sure)
        return Reply(
            text=written.text,
            thinking=written.thinking,
            receipts=asked.receipts,
            finish=written.finish,
            prompt_tokens=asked.tokens,
            new_tokens=written.tokens,
            logprob=round(sure, 6),
            # infinite where every token was the only one allowed
            lead=round(lead, 6) if math.isfinite(lead) else None,
        )

    def _scored(self, group: Group) -> dict[int, Reply]:
        """Replies by the likelihood of each choice: of its token where it is one, else of all of its tokens.

        That is settled row by row, so that no reply depends on its neighbours in the batch.
        """
        single = [self._choices.single(asked.prompt.choices) for asked in group.asked]
        sure = self._first(group) if any(single) else None
        forced = self._forced(group) if not all(single) else None
        replies = {}
        for row, asked in enumerate(group.asked):
            if single[row]:
                assert sure is not None
                scores = self._choices.scores(sure[row], asked.prompt.choices)
            else:
                assert forced is not None
                scores = forced[row]
            replies[asked.place] = _likeliest(asked, scores)
        return replies

    def _first(self, group: Group) -> Tensor:
        """Log-probabilities of the first new token, ``(rows, vocabulary)``."""
        first = FirstToken()
        self._write(group, 1, watching=first)
        assert first.sure is not None
        return first.sure

    def _forced(self, group: Group) -> list[tuple[float, ...]]:
        """Log-probability of all tokens of every choice of every row."""
        answers = [
            [self._choices.following(asked.tail, choice) for choice in asked.prompt.choices] for asked in group.asked
        ]
        end = next(iter(sorted(self._ends)), int(self.config(1).pad_token_id or 0))
        if group.lines:
            # Prompts that differ in nothing but the choice: their beginning is all that they have
            many = Group(
                asked=group.asked,
                inputs={},
                lines=tuple(line for line, own in zip(group.lines, answers, strict=True) for _ in own),
            )
            flat = [answer for own in answers for answer in own]
            forced = Forced(flat, end)
            self._write(many, max(map(len, flat)), watching=forced)
            totals = iter(forced.totals)
            return [tuple(next(totals) for _ in own) for own in answers]
        columns = []
        for number in range(max(map(len, answers))):
            column = [own[min(number, len(own) - 1)] for own in answers]
            forced = Forced(column, end)
            self._write(group, max(map(len, column)), watching=forced)
            columns.append(forced.totals)
        return [tuple(column[row] for column in columns[: len(own)]) for row, own in enumerate(answers)]

    def _write(
        self, group: Group, tokens: int, *, watching: Callable[[Tensor, Tensor], Tensor] | None = None
    ) -> Sequences:
        """One call of ``generate``, watched; without penalties where it is only looked at."""
        config = self.level if watching else self.config
        if group.lines:
            assert self.sharing is not None
            return self.sharing.write(self.model, group.lines, config, tokens, watching=watching)
        inputs = {name: _moved(tensor, self.model) for name, tensor in group.inputs.items()}
        with watch(self.model) as witness:
            made = write(self.model, inputs, config(tokens), watching=watching)
        hold_against(witness, inputs)
        return made


def _likeliest(asked: Asked, exact: tuple[float, ...]) -> Reply:
    for score in exact:
        if not math.isfinite(score):
            return senseless(asked.name, score)
    scores = tuple(round(score, 6) for score in exact)
    ordered = sorted(scores, reverse=True)
    return Reply(
        text=best(asked.prompt.choices, scores),
        receipts=asked.receipts,
        finish="stop",
        prompt_tokens=asked.tokens,
        scores=scores,
        logprob=ordered[0],
        lead=round(ordered[0] - ordered[1], 6) if len(ordered) > 1 else None,
    )


def _moved(tensor: Tensor, model: Any) -> Tensor:
    """A tensor on the model's device, and if it holds floats in the model's dtype."""
    return tensor.to(model.device, model.dtype) if tensor.is_floating_point() else tensor.to(model.device)
