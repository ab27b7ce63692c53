"""How much two lists of words have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any


def within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether ``inner`` stands in ``outer``, in order and without a gap; nothing stands in anything.

    In Chinese a character is a word, so that "包含" (contains) stands in "不包含" (does not).
    """
    return bool(inner) and f" {' '.join(inner)} " in f" {' '.join(outer)} "


def f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of words as multisets; 0 where one side is empty, 1 where both are."""
    if not said and not wanted:
        return 1.0
    # 2PR/(P+R) with P = shared/said and R = shared/wanted, without its two divisions.
    return 2 * _shared(said, wanted) / (len(said) + len(wanted))


def recall(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Share of the wanted words that were said, as multisets; where none is wanted, 1 if none was said, else 0."""
    return _shared(said, wanted) / len(wanted) if wanted else float(not said)


def bleu_1(said: Sequence[str], wanted: Sequence[str]) -> float:
    """BLEU of single words: clipped precision times exp(1 - wanted/said) where fewer were said than wanted.

    sacrebleu with one reference, tokenisation ``none`` (the words are ours), no smoothing. Its mean over rows is
    not corpus BLEU.
    """
    if not said or not wanted:
        return float(not said and not wanted)
    score = _bleu().sentence_score(" ".join(said), [" ".join(wanted)]).score
    # It goes through logarithms and gives 100.00000000000004 for equal texts.
    return min(1.0, round(float(score) / 100, 12))


def rouge_l(said: Sequence[str], wanted: Sequence[str]) -> float:
    """ROUGE-L F1 with our words; its own tokeniser would drop whatever is not a-z or 0-9, without a word."""
    if not said or not wanted:
        return float(not said and not wanted)
    return float(_rouge().score(" ".join(wanted), " ".join(said))["rougeL"].fmeasure)


def _shared(said: Sequence[str], wanted: Sequence[str]) -> int:
    return (Counter(said) & Counter(wanted)).total()


class _Spaces:
    """The tokeniser that rouge-score asks for: words are already separated by spaces."""

    def tokenize(self, text: str) -> list[str]:
        return text.split()


@cache
def _bleu() -> Any:
    from sacrebleu.metrics.bleu import BLEU

    # effective_order changes nothing for single words; without it sacrebleu advises it on every row.
    return BLEU(max_ngram_order=1, tokenize="none", smooth_method="none", effective_order=True)


@cache
def _rouge() -> Any:
    # Takes more than a second to import (nltk).
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Spaces())
