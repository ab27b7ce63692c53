"""A corpus of replies for testing answer extractors: what a speaker means, said in many ways, and what may be read.

The score of a benchmark is its extractor's until the extractor is proven. Here is the proof to hold one against::

    from harness.testing import corpus, parse_rates

    found = parse_rates(my_extractor, corpus(seed=0))
    found.total.invented.count   # answers read from replies that hold none

and, with hypothesis, replies without end::

    from hypothesis import given
    from harness.testing import replies

    @given(replies(kind="choice"))
    def test_no_answer_is_invented(case):
        ...

``python -m harness.testing`` prints the table for the suite's own extractor, and for another one with
``--extractor module:function``.

=================  ============================================================================================
``case``           the nouns: `Truth`, `Draft`, `Mutator`, `Case`, `LeftUnread`
``questions``      option sheets with their traps, yes/no questions, short answers
``say``            the placeholders of the templates
``letters``        option letters; ``words``: options by their words; ``shorts``: yes, no and phrases
``languages``      the same in twelve languages, of which ``tongues`` holds the words
``marks``          tags, boxes, JSON, markdown, look-alike and invisible characters
``traps``          words that look like a letter, a yes or a no; ``others``: options that are talked of or denied
``doubts``         hedges, corrections, confidence
``nothing``        refusals, errors, empty replies
``frames``         thoughts, echoes, chat templates, further turns, truncation
``corpus``         mutators to cases; ``strategies``: the same for hypothesis
``rates``          an extractor against cases
``faulty``         parsers with faults that published harnesses have or had: the corpus must tell each from a good one
``ours``           the suite's extractor; the only module here that knows it
=================  ============================================================================================

What is expected of a case follows from what was meant and what was done to it. No extractor is asked.
"""

from __future__ import annotations

from harness.records import Read, Unread
from harness.testing.case import FAMILIES, KINDS, STAGES, Case, Draft, Kind, LeftUnread, Mutator, Truth
from harness.testing.corpus import MUTATORS, compose, corpus
from harness.testing.rates import Fault, ParseRates, Rates, Share, judge, parse_rates
from harness.testing.strategies import replies, truths

__all__ = [
    "FAMILIES",
    "KINDS",
    "MUTATORS",
    "STAGES",
    "Case",
    "Draft",
    "Fault",
    "Kind",
    "LeftUnread",
    "Mutator",
    "ParseRates",
    "Rates",
    "Read",
    "Share",
    "Truth",
    "Unread",
    "compose",
    "corpus",
    "judge",
    "parse_rates",
    "replies",
    "truths",
]
