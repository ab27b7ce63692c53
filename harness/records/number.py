"""Numbers and what may be said of them: estimate, difference, claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["supported", "refuted", "inconclusive", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean of points with its interval.

    Attributes
    ----------
    value, low, high : float
        In [0, 1].
    n, clusters : int
        Rows and clusters behind it.
    level : float
        Confidence level, such as 0.95.
    method : str
        Name of the interval.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    level: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A mean of paired differences of points (first minus second), with interval and test.

    Attributes
    ----------
    value, low, high : float
        In [-1, 1].
    n, clusters : int
        Paired rows and their clusters.
    level : float
        Confidence level of the interval.
    method : str
        Name of the interval.
    p : float
        Two-sided p-value of no difference.
    test : str
        Name of the test.
    only_first, only_second : int
        Rows that only the first, only the second got right (binary points), else 0.
    detectable : float
        The smallest true difference that this n shows with 80 % power, given the discordance seen.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    level: float
    method: str
    p: float
    test: str
    only_first: int
    only_second: int
    detectable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What can be answered from the data alone, without a model.

    Attributes
    ----------
    name : str
        Such as ``constant_letter``, ``longest_option``, ``majority``, ``question_type`` or ``options_words``.
    title : str
        For tables, in plain words.
    answers : tuple of str
        One a row, in row order: the letter as shown, or a text; empty where it gives none.
    learned : str
        Where it was learned; empty where nothing is learned.
    """

    name: str
    title: str
    answers: tuple[str, ...]
    learned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement about cases with a verdict, in fixed conservative wording.

    Attributes
    ----------
    name : str
        Such as ``beats_shuffled``.
    benchmark, model : str
        What it is about.
    verdict : Verdict
        supported, refuted, inconclusive (valid, and too little evidence), or invalid (a precondition of the
        measurement failed).
    modes : tuple of str
        The modes that the evidence covers.
    p : float or None
        Two-sided p-value with which the claim enters its family; None for a claim that is a count, not a test.
    adjusted : float or None
        ``p`` after Holm within the family.
    family : int
        Number of claims in the declared family; 0 where the claim is in none.
    rows_needed : int
        Rows that would show an effect of the declared margin with 80 % power, for an inconclusive claim; else 0.
    sentence : str
        The only wording in which the result may be quoted.
    difference : Difference or None
        The evidence where two cases are compared.
    estimate : Estimate or None
        The evidence where one case is held against a constant.
    why : str
        For ``invalid``: the precondition that failed.
    """

    name: str
    benchmark: str
    model: str
    verdict: Verdict
    sentence: str
    modes: tuple[str, ...] = ()
    difference: Difference | None = None
    estimate: Estimate | None = None
    p: float | None = None
    adjusted: float | None = None
    family: int = 0
    rows_needed: int = 0
    why: str = ""
