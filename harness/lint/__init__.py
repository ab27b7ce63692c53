"""Markdown in, complaints out: what a model card claims and does not show.

``mask``      what is no statement becomes blank: code, comments, link targets, front matter
``chunks``    lines to headings, paragraphs, list entries and tables
``page``      those to sentences and rows, with their places
``facts``     what each sentence, block and section states (n, interval, mode, harness, ...), by ``vocabulary``
``said``      words that evidence cannot carry: ``rule`` is what one is, ``words_of_rank`` and ``words_of_ability`` are
              all of them, ``about`` tells use from mention
``results``   numbers that look like results: in prose (``numbers``), in tables (``cells``), with their intervals
``evidence``  what each number lacks
``compare``   numbers of two sources side by side, and words that go against their numbers
``known``     published numbers that are often misread
``run``       numbers and claims against the results of a run; ``names``, ``subject`` and ``lookup`` find which
``allow``     suppressions with their reason
``complaint`` what is told of all these

A word is complained about where it is used, not where it is spoken of (see `harness.lint.about`); nothing is
complained about in code, comments, link targets, front matter, struck-out text, and block quotes of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.lint.allow import allowed, kept
from harness.lint.compare import comparisons
from harness.lint.complaint import GROUPS, Complaint, exit_code, report
from harness.lint.evidence import evidence as without_evidence
from harness.lint.facts import gather
from harness.lint.known import misread
from harness.lint.page import read
from harness.lint.results import results
from harness.lint.run import Run
from harness.lint.said import said

__all__ = ["GROUPS", "Complaint", "exit_code", "lint", "report"]


def lint(source: Path | str, evidence: Mapping[str, Any] | None = None) -> tuple[Complaint, ...]:
    """Say what a markdown text claims and does not show.

    Parameters
    ----------
    source : Path or str
        A file where it is a path; the text itself where it is a string.
    evidence : mapping, optional
        Results of a run, as ``results.json`` holds them. Its own sentences are accepted word for word, its numbers
        are looked up, and where a text says more than the run, the run's sentence is what to say instead.

    Returns
    -------
    tuple of Complaint
        In the order of the text; empty where nothing is to be said.

    Raises
    ------
    UsageError
        Where the file cannot be read as text.
    """
    page = read(_text(source))
    run = Run(page, evidence)
    facts = gather(page, run.named)
    found = [one for one in results(page, facts) if not run.quotes(one.start)]
    checked, measured = run.numbers(facts, found)
    good, bad = allowed(page)
    complaints = [
        *said(page, facts, run),
        *without_evidence(page, facts, found, measured=measured),
        *comparisons(page, facts, found),
        *misread(page, facts, found),
        *checked,
        *bad,
    ]
    told = [c for c in complaints if c.kind == "allow" or not run.covers(c)]
    return tuple(sorted(kept(told, good), key=lambda c: (c.line, c.column, list(GROUPS).index(c.kind))))


def _text(source: Path | str) -> str:
    if isinstance(source, str):
        return source
    try:
        return source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--lint-claims {source}: it cannot be read ({error}), but should be a markdown file in UTF-8. "
            "Name another file, or save it as UTF-8."
        ) from error
