"""A row and what was read of its reply, to points in [0, 1] for each metric.

Conventions
-----------
Scored is the *reading* (a letter, yes or no, a phrase), never the raw reply, and never by searching for the gold
in running text. An unread reply has 0 points in every metric and stays in the denominator; a failed call is not
scored. Texts are compared as the words of `harness.score.words.words`.

Metrics
-------
`METRICS` names each with its definition. Headline: ``accuracy`` for option letters, ``exact_match`` for short
answers.

What others report for the short-answer benchmarks, and which metric here it is
-------------------------------------------------------------------------------
VQA-RAD, leaderboards
    Closed, open and overall accuracy: the published answer itself, often picked as a class among the train
    answers. Here ``exact_match``, without such a list to pick from. The hub's card calls the 251 yes/no rows of
    the test closed, the original file marks 272 as CLOSED: here ``yes_no``, and a slice, and neither is called
    the other.
SLAKE
    Comes without a script. lmms-eval (lmms_eval/tasks/slake/utils.py at 65ef07d): exact match after dropping
    what is in parentheses, taking "x ray" for "xray", and seven English and eighteen Chinese words for yes or no
    on any row. Here ``exact_match``, which takes words for yes or no on yes/no rows only. ``set_match`` is our
    own: the answers that are a list joined by commas (60 of the English test), in any order.
MedGemma (arXiv:2507.05201, section 3.4)
    Mean token F1 over open and closed rows: ``token_f1``. Accuracy on yes/no rows: ``yes_no``. SLAKE open recall:
    ``token_recall`` over the open rows. Deviation: a decimal number is one word here, so 3.4 has nothing of 4.3.
    Their VQA-RAD split is their own: the numbers are not comparable in any case.
LLaVA-Med (llava/eval/run_eval.py and eval_metrics at ad758b6)
    Open rows by token recall: near ``token_recall``, but a shared word counts as often as the reply repeats it.
    Closed rows by "yes" or "no" anywhere in the reply, and a wrong reply that has either leaves the denominator;
    here no row ever does. Its "none" is 0, "two" is 2; here words stay words, and "None" is an answer of SLAKE.
MedEvalKit and papers that report containment as exact match
    The answer somewhere in the reply: ``contains_gold``, on whole words ("no" is not in "normal"). An empty
    reply is contained in nothing.

References
----------
BLEU: Papineni et al. 2002, by sacrebleu. ROUGE-L: Lin 2004, by rouge-score. Token F1: Rajpurkar et al. 2016
(SQuAD).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.errors import DataError
from harness.records import Read, Row, RowKind, Unread
from harness.score import overlap
from harness.score.words import parts, polarity, words

VERSION = "1"
"""Changed whenever a row's points could change; part of the same-harness check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Name of a metric for tables, and its definition in one sentence."""

    title: str
    description: str


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "accuracy": Metric(
            title="Accuracy",
            description="1 where the chosen option is the published answer, wherever it is shown.",
        ),
        "exact_match": Metric(
            title="Exact match",
            description="1 where reply and answer are the same words; on yes/no rows, the same of both.",
        ),
        "yes_no": Metric(title="Yes/no accuracy", description="Exact match over the yes/no rows alone."),
        "set_match": Metric(
            title="Set match",
            description="Exact match, or the same parts in any order (joined by comma, semicolon or 'and').",
        ),
        "contains_gold": Metric(
            title="Contains the answer",
            description="1 where the answer stands in the reply as whole words; others call this exact match.",
        ),
        "inside_gold": Metric(
            title="Inside the answer", description="1 where the reply stands in the answer as whole words."
        ),
        "token_f1": Metric(
            title="Token F1", description="F1 of the words of reply and answer as multisets (SQuAD, MedGemma)."
        ),
        "token_recall": Metric(
            title="Token recall", description="Share of the answer's words that the reply has, as multisets."
        ),
        "bleu_1": Metric(
            title="BLEU-1",
            description="Clipped unigram precision times brevity penalty, row by row, unsmoothed (sacrebleu).",
        ),
        "rouge_l": Metric(
            title="ROUGE-L F",
            description="F1 of the longest common subsequence of words (rouge-score).",
        ),
    }
)
"""Every metric that `choice` and `short` give, in the order of tables."""


def primary(kind: RowKind) -> str:
    """The headline metric of a kind of row; every row of a short-answer benchmark has the same one."""
    return "accuracy" if kind == "choice" else "exact_match"


def choice(row: Row, reading: Read | Unread) -> dict[str, float]:
    """Points of an option letter.

    Parameters
    ----------
    row : Row
        As shown: ``gold`` is the letter shown, each option knows its letter in the published order.
    reading : Read or Unread
        The option's letter in the published order.

    Returns
    -------
    dict of str to float
        ``{"accuracy": 0.0 or 1.0}``; 0 where unread.

    Raises
    ------
    DataError
        Where the gold is not the letter of exactly one option.
    """
    gold = [option.origin for option in row.options if option.letter == row.gold]
    if len(gold) != 1:
        letters = ", ".join(option.letter for option in row.options) or "none"
        raise DataError(
            f"row {row.id}: gold is {row.gold!r}, but it should be the letter of one option ({letters}). "
            "Repair the row, or the mode that made it"
        )
    return {"accuracy": float(isinstance(reading, Read) and reading.value == gold[0])}


def short(row: Row, reading: Read | Unread) -> dict[str, float]:
    """Points of a short answer.

    Parameters
    ----------
    row : Row
        ``gold`` is the published answer, raw; "None" is an answer like any other.
    reading : Read or Unread
        ``yes``/``no`` on yes/no rows, else a phrase.

    Returns
    -------
    dict of str to float
        In [0, 1] each: all of `METRICS` but ``accuracy``; ``yes_no`` on yes/no rows only. All 0 where unread.
        On yes/no rows both sides are first taken for yes or no (Chinese answers too), so each metric is 0 or 1.

    Raises
    ------
    DataError
        Where the gold of a yes/no row means neither.
    """
    gold = _gold(row)
    if isinstance(reading, Unread):
        return _points(row, dict.fromkeys(_TEXT, 0.0))
    reply = (polarity(reading.value) or reading.value) if row.kind == "yes_no" else reading.value
    return _points(row, _compare(reply, gold))


_TEXT = tuple(name for name in METRICS if name not in ("accuracy", "yes_no"))


def _gold(row: Row) -> str:
    if row.kind != "yes_no":
        return row.gold
    gold = polarity(row.gold)
    if gold is None:
        raise DataError(
            f"row {row.id}: the answer is {row.gold!r}, but that of a yes/no row should mean yes or no. "
            "Load it as a closed row"
        )
    return gold


def _points(row: Row, points: dict[str, float]) -> dict[str, float]:
    return points | {"yes_no": points["exact_match"]} if row.kind == "yes_no" else points


def _compare(reply: str, gold: str) -> dict[str, float]:
    """All text metrics of two texts; equal words have 1 in each."""
    said, wanted = words(reply), words(gold)
    if said == wanted:
        return dict.fromkeys(_TEXT, 1.0)
    return {
        "exact_match": 0.0,
        "set_match": float(parts(reply) == parts(gold)),
        "contains_gold": float(overlap.within(wanted, said)),
        "inside_gold": float(overlap.within(said, wanted)),
        "token_f1": overlap.f1(said, wanted),
        "token_recall": overlap.recall(said, wanted),
        "bleu_1": overlap.bleu_1(said, wanted),
        "rouge_l": overlap.rouge_l(said, wanted),
    }
