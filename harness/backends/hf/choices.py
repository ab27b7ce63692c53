"""The answers of a prompt as tokens: which tokens say a letter, and which tokens say a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


class Choices:
    """Knows the vocabulary of one tokenizer.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        That of the model.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._forms: dict[str, list[int]] = {}
        self._words: list[str] = []

    def single(self, choices: Sequence[str]) -> bool:
        """Whether every choice is one token of its own, so that one forward pass scores them all."""
        forms = [self.forms(choice) for choice in choices]
        every = [token for form in forms for token in form]
        return all(forms) and len(every) == len(set(every))

    def forms(self, choice: str) -> list[int]:
        """Tokens that say a choice, with or without a space before it; words in any case, letters as they are."""
        if choice not in self._forms:
            if not self._words:
                special = set(self._tokenizer.all_special_ids)
                ids = [[token] for token in range(len(self._tokenizer))]
                texts = self._tokenizer.batch_decode(ids)
                self._words = ["" if ids[0] in special else text.strip() for ids, text in zip(ids, texts, strict=True)]
            same = [token for token, word in enumerate(self._words) if _equal(word, choice)]
            self._forms[choice] = same
        return self._forms[choice]

    def scores(self, sure: Tensor, choices: Sequence[str]) -> tuple[float, ...]:
        """Log-probability of each choice, summed over its forms.

        Parameters
        ----------
        sure : Tensor
            ``(vocabulary,)``, log-probabilities of the first new token.
        """
        return tuple(float(sure[self.forms(choice)].logsumexp(dim=0)) for choice in choices)

    def following(self, tail: str, choice: str) -> list[int]:
        """Tokens by which a text that ends with ``tail`` goes on to say the choice."""
        before = self._tokenizer(tail, add_special_tokens=False)["input_ids"]
        whole = self._tokenizer(tail + choice, add_special_tokens=False)["input_ids"]
        if whole[: len(before)] == before and len(whole) > len(before):
            return list(whole[len(before) :])
        return list(self._tokenizer(choice, add_special_tokens=False)["input_ids"])


def best(choices: Sequence[str], scores: Sequence[float]) -> str:
    """Return the most likely choice; nothing where two are equally likely, because no answer is drawn by lot."""
    top = max(scores)
    likeliest = [choice for choice, score in zip(choices, scores, strict=True) if score == top]
    return likeliest[0] if len(likeliest) == 1 else ""


def _equal(word: str, choice: str) -> bool:
    return word == choice if len(choice) == 1 else word.casefold() == choice.casefold()
