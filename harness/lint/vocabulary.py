"""The words by which a text names numbers, intervals, benchmarks, metrics, models and guesses."""

from __future__ import annotations

import re

NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,9})?|\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})"
SIGNED = rf"[-+]?\s?{NUMBER}"
_TO = r"\s?%?\s?(?:to|and|through|,|;|-|\.\.\.?)\s?"


def phrases(*parts: str, case: bool = False) -> re.Pattern[str]:
    """Return a pattern of whole phrases.

    Parameters
    ----------
    *parts : str
        Regular expressions in which a blank stands for blanks, a hyphen or a line break, and a blank with a question
        mark for those or nothing.
    case : bool
        Whether capitals matter.
    """
    joined = "|".join(parts).replace(" ?", r"[\s-]{0,6}").replace(" ", r"[\s-]{1,6}")
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)", 0 if case else re.I)


INTERVAL = re.compile(
    rf"""\b(?:CIs?|intervals?|HDI|confidence\ (?:limits|bounds))\b
         (?:\s?\([^()\d]{{0,40}}\))?[^\d.;+\-\[(]{{0,40}}[\[(]?\s?{SIGNED}{_TO}{SIGNED}(?:\s?%)?\s?[\])]?
       | \[(?=[^\[\]\n]{{0,40}}[.%])\s?{SIGNED}{_TO}{SIGNED}\s?%?\s?\]
       | \((?=[^()\n]{{0,40}}[.%])\s?{SIGNED}\s?%?\s?(?:to|-)\s?{SIGNED}\s?%?\s?\)
       | (?:±|\+/-|\+-)\s?{NUMBER}(?:\s?%)?""",
    re.I | re.X,
)
"""An interval with its two ends, or a half-width."""

METHOD = phrases(
    "Wilson|Clopper|Pearson|Tango|Newcombe|Bonett|Agresti|Jeffreys|Wald|MOVER|BCa",
    r"[Bb]ootstrap\w{0,5}",
    "CR[0123]",
    "sandwich|credible|Bayesian|posterior|betting",
    "normal approximation",
    "exact binomial|binomial exact|t interval",
    "cluster(?:ed|-robust)? (?:standard errors?|SEs?)",
    "standard errors?|SE|SD|standard deviations?",
    case=True,
)
BENCHMARK = phrases(
    r"(?i:MedXpert(?:QA)?\w{0,8})",
    r"(?i:SLAKE|VQA[-_\s]?RAD|Path-?VQA|PMC-?VQA|OmniMedVQA|easy-VQA)",
    r"MMMU\w{0,8}|MedQA|PubMedQA|MedMCQA|MMLU\w{0,8}|ProbMed|MediConfusion|MMStar|HallusionBench|EyePACS",
    r"MIMIC\w{0,8}|CheXpert|US-?DermMCQA|PathMCQA|AfriMed\w{0,8}|MMVP|NaturalBench|HealthBench|MedPix|ROCO",
    r"JAMA|NEJM|VQA-Med|GEMeX|Kvasir-VQA\w{0,8}",
    r"\w{1,20}-?(?:VQA|QA|MCQA|Bench|BENCH)(?:[-_]\w{1,12}){0,3}",
    case=True,
)
METRIC = phrases(
    r"(?i:accurac(?:y|ies)|exact[-_\s]match(?:es)?|set[-_\s]match|yes[-_/]no|token[-_]recall|contains[-_]gold|inside[-_]gold)",
    r"EM|(?i:(?:token(?:ized)?[-_\s]?|macro[-_\s]?|micro[-_\s]?)?F1)(?:-\w{1,8})?",
    r"BLEU[-\w]{0,5}|ROUGE[-\w]{0,5}|METEOR|CIDEr|AUROC|AUC|mAP|m?Dice|IoU",
    r"(?i:recall|precision|sensitivity|specificity|kappa|GPT[- ]score)",
    case=True,
)
SCORED = phrases(
    "scor(?:e[sd]?|ing)",
    r"(?:answers?|answered|got|gets?|is|are) (?:\w{1,15} )?(?:right|correct(?:ly)?)",
    r"beat\w{0,3}|outperform\w{0,5}|surpass\w{0,3}|correct(?:ly)?",
)
"""Verbs and nouns that make a bare number a result."""

MOVED = phrases(
    "achiev(?:es?|ed|ing)|reach(?:es|ed)?|attain(?:s|ed)?|obtain(?:s|ed)?|perform(?:s|ed|ance)?",
    "improv(?:es?|ed|ing|ements?)|drop(?:s|ped)?|falls?|fell|rises?|rose|gain(?:s|ed)?|increas(?:es?|ed|ing)",
    "decreas(?:es?|ed|ing)|degrad(?:es?|ed|ing)|gets?|got|has|had|loses?|lost",
    r"versus|vs\.?|against",
)
"""Words that make a number a result where a benchmark, a metric or a model stands beside it."""

_FAMILIES = (
    "Gemma LLaVA Flamingo PaLM Llama GPT Gemini Claude Qwen QVQ InternVL Lingshu Idefics BLIP Mistral Pixtral Molmo "
    "Grok DeepSeek HuatuoGPT CheXagent MiniCPM MadriMed Opus Sonnet RadFM"
)
MODEL = re.compile(
    rf"""(?<![\w.-])(?:
         [\w.]{{0,20}}(?:{_FAMILIES.replace(" ", "|")})(?:[-.]?\w{{1,12}}){{0,5}}
         (?:\ \d(?:\.\d)?(?![\w.]|\ ?%))?(?:\ \d{{1,3}}B\b)?
       | o[134](?:-mini)?\b(?!\ ?%)
       | [A-Z]\w{{0,20}}(?:-\w{{1,12}}){{0,4}}\ \d{{1,3}}(?:\.\d)?B\b
       | [A-Za-z]\w{{0,20}}(?:-\w{{1,12}}){{0,4}}-\d{{1,3}}(?:\.\d)?B\b)""",
    re.X,
)
"""Names of models: known families, and whatever carries its size, such as ``Base 2B``."""

OTHERS = phrases(
    "(?:the |its |our )?base(?:line)?(?: models?)?",
    "model cards?|leader ?boards?|technical reports?|prior work|previous (?:work|best|models?)",
    "(?:published|reported) (?:numbers?|scores?|results?|values?)",
)
"""Words for a number that another source gives."""

GUESS = (
    r"\b(?:chance|random(?:ly)?|blind guess\w{0,3}|guess\w{0,3}|majority|constant|most frequent answers?|prior|coin|"
    r"longest option)\b"
)
LINK = re.compile(
    r"https?://|\bwww\.|\]\(|\]\[[^\]\n]|\[\d{1,3}\]|\[@|\[\^|\barXiv\b|\bdoi\b|\b10\.\d{4,9}/|\bet al\b", re.I
)
"""A reference that a reader can follow."""

COMPONENTS = "dataset, split, rows, loader, prompt, decoding, extractor, metric, unread rule and ledger"
"""The ten components of `harness.records.Harness` in words."""
