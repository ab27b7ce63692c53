r"""What the name of a column says.

Columns are known by whole words of their names, in any case; the first kind of this list that fits is taken. Signs
such as ``_`` and ``-`` part words, and a bracket that states n, as ``(n = 176)`` or ``(k/1446)``, is no part of it.

==============  ===========================================================================================
kind            words
==============  ===========================================================================================
``p``           p, p-value (the whole name)
``low, high``   low, lower, high, upper, with or without CI, bound, limit: the whole name or its end
``error``       SE, SD, std, stderr, stdev, standard error, standard deviation
``margin``      ±, margin, half-width, MoE
``interval``    CI, interval, confidence, Wilson, Wald, Clopper-Pearson, exact
``difference``  Δ, delta, diff, difference, gap, change, gain, improvement, drop, distance; ``a - b``, ``vs b``
``options``     options, choices
``chance``      chance, guess, guessing, random guess, random baseline; random alone; baseline where constant
``score``       F1, ROUGE, BLEU, METEOR, CIDEr, BERTScore, AUC, AUROC, kappa, MCC, recall, precision, IoU, Dice,
                ECE, Brier, balanced, rubric, judge ...: a mean without a grid, or over others than n
``rating``      rating, Likert, stars, or what states ``1-5`` or ``out of 5``: a mean of whole points
``kn``          k/n, correct/total
``k``           k, correct, right, hits, successes: the whole name, or its first or last word
``average``     avg, average, mean, macro
``n``           n as first or last word
``share``       %, percent, accuracy, acc, score, rate, sensitivity, specificity, exact match, EM, correctness
``n``           total, denominator(s), items, pairs, questions, rows, cases, samples, examples, sets, support
``count``       count, counts: right answers where n is stated elsewhere, or where the shares are count / n
``images``      images, image(s), image count, images per row
``group``       benchmark, dataset, task, split, subset, category, mode, condition, language
``name``        model, system, run, method, name, checkpoint, arm, VLM, LLM, approach
``other``       rank, #, params, size, year, date, version, time, latency, cost, price, tokens, age, WER, FID, ...
==============  ===========================================================================================

A column of another name is a share where its cells are k/n, carry percent signs, or are numbers from 0 to 100 most
of which have decimals. Where the cells do not fit the name, as decimals under ``total``, the cells decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.forensics.printed import WHOLE, count

# Kind, words, and how much of the name they must be: all of it, its end, its first or last word, or any part.
_RULES = (
    ("p", r"p|p values?", "all"),
    ("low", r"(?:95 )?(?:ci )?(?:95 )?(?:low|lower)(?: (?:ci|95|bound|limit|end))*", "end"),
    ("high", r"(?:95 )?(?:ci )?(?:95 )?(?:high|upper)(?: (?:ci|95|bound|limit|end))*", "end"),
    ("error", r"se|sd|std|stderr|stdev|standard errors?|standard deviations?", "any"),
    ("margin", r"±|margin|half widths?|moe", "any"),
    ("interval", r"ci|cis|ci95|intervals?|confidence|wilson|wald|clopper|exact(?! match)", "any"),
    ("difference", r"[Δδ∆]|delta|diff|differences?|gap|change|gain|improvement|drop|distance", "any"),
    ("options", r"(?:n |number of )?(?:options?|choices?)", "any"),
    ("chance", r"chance(?: level)?|guess|guessing|random (?:guess|guessing|baseline|chance|choice)", "any"),
    ("chance", r"random|baseline", "all"),
    (
        "score",
        r"(?:token )?f1|rouge|bleu|meteor|cider|bert ?score|aucs?|auroc|auprc|kappa|mcc|recall|precision|iou|dice|"
        r"perplexity|balanced|elo|ece|brier|spearman|mae|rmse|[καρ]|alpha|ac1|gwet|correlation|"
        r"cohens?|rubrics?|judges?",
        "any",
    ),
    ("rating", r"ratings?|likert|stars", "any"),
    ("kn", r"k n|k of n|(?:correct|right) (?:total|n)", "all"),
    ("k", r"k|(?:n |num |total )?(?:correct|right|hits|successes)", "ends"),
    ("average", r"avg|average|mean|macro", "any"),
    ("n", r"n(?: total)?", "ends"),
    ("share", r"percent(?:age)?|pct|acc|accurac(?:y|ies)|scores?|rate|sensitivity|specificity|exact match|em", "any"),
    ("share", r"correctness|success", "any"),
    (
        "n",
        r"total|denominators?|support|"
        r"(?:(?:num|number of|no of|#) )?(?:items|pairs|questions|rows|cases|samples?|examples|sets|problems)",
        "any",
    ),
    ("count", r"counts?", "any"),
    ("images", r"(?:num |number of |n |# )?images?(?: s)?(?: count| per (?:row|question))?", "any"),
    ("group", r"benchmarks?|datasets?|tasks?|splits?|subsets?|categor(?:y|ies)|modes?|conditions?|languages?", "any"),
    ("name", r"models?|systems?|runs?|methods?|name|checkpoint|arm|m?llms?|vlms?|backend|approach", "any"),
    (
        "other",
        r"rank|#|params?|parameters|size|year|date|version|time|latency|costs?|price|tokens?|seeds?|epochs?|steps?|"
        r"loss|id|no|released?|temperature|lr|hours|gb|context|age|weight|height|dose|volume|memory|g?flops|speed|fps|"
        r"throughput|usd|fid|wer|cer|psnr|ssim|snr|range|median|iqr|quartiles?|variance|max|min|maximum|minimum|"
        r"similarity|distance|cosine",
        "any",
    ),
)
_SHARES = re.compile(
    r"\b(?:acc|accurac(?:y|ies)|percent(?:age)?s?|sensitivity|specificity|exact match|leaderboard|benchmarks?|"
    r"evaluations?|questions?|pairs?|VQA)\b",
    re.I,
)
_FORMS = {
    "all": "^(?:{})$",
    "end": r"(?<!\S)(?:{})$",
    "ends": r"^(?:{0})(?!\S)|(?<!\S)(?:{0})$",
    "any": r"(?<!\S)(?:{})(?!\S)",
}
_KINDS = tuple((kind, re.compile(_FORMS[where].format(words), re.I)) for kind, words, where in _RULES)
_COUNTS = frozenset(("n", "k", "count", "images", "name", "group", "other"))
_DROPPED = re.compile(
    r"(?<!\S)(?:acc|accurac(?:y|ies)|scores?|rate|percent(?:age)?|pct|avg|average|mean|[#±])(?!\S)", re.I
)

_ANNOTATED = re.compile(rf"[(\[]\s*(?:k\s*/|n\s*=|/|of\b)?\s*{WHOLE}\s*[a-z]*\s*[)\]]|[(\[]\s*[kn]\s*[)\]]", re.I)
_LEVEL = re.compile(r"(?<![\w.])\d+(?:\.\d+)?\s*%")
_STATED = re.compile(rf"\bn\s*=\s*({WHOLE})", re.I)
_OVER = re.compile(rf"(?:\bk\s*/|(?<![\w.])/|\bof)\s*({WHOLE})(?!\s*/)", re.I)
_COUNTED = re.compile(
    rf"({WHOLE})\s+(?:QA |question |image )?(?:questions|pairs|items|rows|cases|sets|figures)\b", re.I
)
_BARE = re.compile(rf"\(\s*({WHOLE})\s*\)")
_YEAR = re.compile(r"199\d|200[1-9]|20[1-9]\d")
_MINUS = re.compile(r"[^\W\d]\)?\s+[\u2212\u2013-]\s+[^\W\d]|^vs\.?\s")
_TOP = re.compile(r"[(\[]\s*[01]\s*[-\u2013]\s*(\d{1,2})\s*[)\]]|\bout of (\d{1,2})\b", re.I)
_LOWER = re.compile(
    r"\b(?:confusion|errors?|hallucination|refus\w+|unread|unknown|invalid|abst\w+|lower is better)\b", re.I
)
_RANDOM = re.compile(
    r"(?:uniform |blind )?(?:random|chance|guess|guessing)"
    r"(?: (?:guess|guessing|guesses|choice|chance|baseline|level|accuracy|performance))*|baseline random",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A column's name taken apart.

    Attributes
    ----------
    name : str
        As it stands.
    kind : str
        One of the table above, or empty.
    topic : tuple of str
        Words that are left: what it is about.
    percent : bool
        Whether a percent sign belongs to the name.
    bracket : str
        ``k`` or ``n`` where the name says what a number in brackets is.
    """

    name: str
    kind: str
    topic: tuple[str, ...]
    percent: bool
    bracket: str


def named(name: str) -> Named:
    """Take the name of a column apart."""
    bare = _ANNOTATED.sub(" ", name)
    bare = _LEVEL.sub(" ", bare)
    percent = "%" in bare
    words = " ".join(re.findall(r"[^\W_Δδ∆]+|[#±+&Δδ∆]", bare))
    bracket = re.search(r"[(\[]\s*([kn])\b", name)
    kind, topic = "share" if percent else "", _topic(words)
    if _MINUS.search(name):
        return Named(name=name, kind="difference", topic=topic, percent=percent, bracket="")
    for candidate, pattern in _KINDS:
        found = pattern.search(words)
        if found is not None and not (percent and candidate in _COUNTS):
            kind, topic = candidate, _topic(pattern.sub(" ", words))
            break
    return Named(name=name, kind=kind, topic=topic, percent=percent, bracket=bracket[1].lower() if bracket else "")


def is_score(name: str) -> bool:
    """Say whether the name of a row is that of a score without a grid, such as F1, or of an average of other rows."""
    return named(name).kind in ("score", "average")


def speaks_of_shares(text: str) -> bool:
    """Say whether text speaks of shares of right answers: a percent sign, accuracy, questions, a benchmark."""
    return "%" in text or _SHARES.search(text) is not None


def _topic(words: str) -> tuple[str, ...]:
    return tuple(_DROPPED.sub(" ", words).casefold().split())


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of the name of a row or column that say which part of a benchmark it is."""
    return _topic(" ".join(re.findall(r"[^\W_]+|[+&]", _ANNOTATED.sub(" ", name))))


def rows_named(name: str) -> int | None:
    """Return the n that a name states: ``(n = 176)``, ``(k/1446)``, ``/250``, ``176 pairs``, ``(2 450)``.

    A bare number in brackets such as 2024 may be a year and is no n (2000 is); nor is one above a million.
    """
    for pattern in (_STATED, _OVER, _COUNTED, _BARE):
        texts = [text for text in pattern.findall(name) if pattern is not _BARE or not _YEAR.fullmatch(text)]
        found = {value for text in texts if (value := count(text)) and (pattern is not _BARE or value <= 1_000_000)}
        if len(found) == 1:
            return found.pop()
    return None


def top_named(name: str) -> int:
    """Return the most points that the name of a column gives a row: 5 for ``(1-5)`` or ``out of 5``; else 1."""
    found = _TOP.search(name)
    return max(1, int(found[1] or found[2])) if found is not None else 1


def rows_told(text: str, *, loose: bool) -> frozenset[int]:
    """Return every n that a heading or caption states: ``n = 2000``; where loose, ``176 pairs`` too."""
    stated = {count(found) for found in _STATED.findall(text)}
    if not stated and loose:
        stated = {count(found) for found in _COUNTED.findall(text)}
    return frozenset(n for n in stated if n)


def lower_is_better(name: str) -> bool:
    """Say whether a column counts what should not be: confusion, errors, refusals."""
    return _LOWER.search(name) is not None


def is_chance(name: str) -> bool:
    """Say whether a row is what a blind guess scores, not a model."""
    return _RANDOM.fullmatch(" ".join(re.findall(r"[^\W\d_]+", name))) is not None
