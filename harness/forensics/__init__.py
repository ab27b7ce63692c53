"""Number forensics: can the figures of a published table be what they say?

A file (CSV, or markdown with pipe tables and lines such as ``Accuracy: 21.05% (421/2000)``) becomes tables and text,
these become figures, each with its n, count, interval and chance where they are stated, and every check says what it
finds.

==================  ==========================================================================================
``tables``          file -> tables and lines; strict
``cell``            one cell
``names, told``     what names of columns, and headings and captions, say
``columns, links``  what each column holds, and which columns belong together
``reader, grid``    tables -> figures
``prose``           lines -> figures
``printed, grim``   exact arithmetic: what printed digits may stand for, which counts they can come from
``shares``          one figure: range, k / n, GRIM
``together``        a column: n that varies, differs, is implied or lacks
``intervals``       Wilson, Clopper-Pearson, Wald, or none
``chances``         not distinguishable from chance, or below it
``parts, average``  which figures are put together from which others, and how
``combined``        averages by n, plain means, and parts in the place of wholes
``totals``          sums of counts and of n
``differences``     differences of two values
``images``          questions that were asked without an image
``page``            findings -> markdown
==================  ==========================================================================================

Nothing here says why a figure is as it is: another n, a slip of rounding or typing, a mean over runs. It says what
cannot be, and where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from harness.errors import DataError
from harness.forensics.cell import plain
from harness.forensics.chances import chance
from harness.forensics.combined import combined
from harness.forensics.differences import differences, judged
from harness.forensics.finding import SEVERITIES, Figure, Finding, Findings, Place, Reading
from harness.forensics.grid import Grid, grid
from harness.forensics.images import groups, partition, sightless
from harness.forensics.intervals import interval, known, margin
from harness.forensics.page import report
from harness.forensics.prose import Said, said
from harness.forensics.shares import bounds, grim, quotient
from harness.forensics.tables import read
from harness.forensics.together import differing, gathered, many, untested, varying, without_n
from harness.forensics.totals import totals

__all__ = ["Figure", "Finding", "Findings", "Place", "Reading", "check", "report"]


def check(path: Path | str) -> Findings:
    """Check the figures of a file.

    Parameters
    ----------
    path : Path or str
        A CSV or TSV file, or any text with markdown tables.

    Returns
    -------
    Findings
        Gravest first; ``exit_code`` is 1 where something is impossible or inconsistent.

    Raises
    ------
    UsageError
        Where there is no such file, or it is a folder.
    DataError
        Where it is not UTF-8 or empty, has a ragged row, holds no figures, or holds a single figure without any n.
    """
    path = Path(path)
    source = read(path)
    grids = [grid(table) for table in source.tables]
    texts = [said(text) for text in source.texts]
    figures = [figure for one in grids for figure in one.asked()] + [f for one in texts for f in one.figures]
    found = [finding for one in grids for finding in _table(one)]
    found += [finding for one in texts for finding in _text(one)]
    gaps = any(one.gaps or one.groups for one in texts)
    _refuse(path.name, figures, testable=gaps or any(finding.check not in ("n",) for finding in found))
    ordered = sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), finding.place.line))
    readings = tuple(reading for one in grids for reading in _readings(one))
    return Findings(file=path.name, found=tuple(ordered), figures=tuple(figures), readings=readings)


def _refuse(file: str, figures: Sequence[Figure], *, testable: bool) -> None:
    """Raise where there is nothing to check."""
    if not figures and not testable:
        raise DataError(
            f"{file}: holds no figures, but should hold a table or lines with percentages or counts of n. Write them "
            "as 21.05 %, 421/2000 or 21.05% (421/2000), under a header line with names of columns."
        )
    if testable or len(figures) > 1 or any(figure.n for figure in figures):
        return
    place = figures[0].place
    raise DataError(
        f"{file}: {place.text}: a table to check without n: a single share of unknown n cannot be tested. "
        "Add a column n, or n = 2000 in the heading, the caption or the column's name."
    )


def _table(one: Grid) -> Iterator[Finding]:
    for at in range(len(one.shares)):
        yield from _column(one.column(at), ranked=one.by_model)
    for figure in one.asked():
        for test in (bounds, quotient, chance):
            yield from test(figure)
    yield from combined(one)
    yield from totals(one)
    yield from differences(one)
    yield from sightless(groups(one))
    if one.several and one.shares:
        place = Place(line=one.table.line, table=one.table.title)
        should = "heading or caption state several n, so none of them is used"
        told = ", ".join(str(n) for n in sorted(one.several))
        yield Finding(severity="note", check="n", place=place, printed=told, should=should, todo="Add a column n.")


def _column(figures: Sequence[Figure], *, ranked: bool) -> Iterator[Finding]:
    impossible = [finding for figure in figures for finding in grim(figure)]
    yield from many(figures, impossible)
    yield from varying(figures, impossible)
    yield from without_n(figures)
    yield from untested(figures)
    yield from known(figures)
    yield from gathered([finding for figure in figures for test in (interval, margin) for finding in test(figure)])
    if ranked:
        yield from differing(figures)


def _text(one: Said) -> Iterator[Finding]:
    for figure in one.figures:
        for test in (grim, bounds, quotient, interval, margin, chance):
            yield from test(figure)
    for gap in one.gaps:
        yield from judged([gap], "difference")
    yield from sightless(one.groups)
    total = next((figure for figure in one.figures if figure.place not in {group.place for group in one.groups}), None)
    yield from partition(one.groups, total)


def _readings(one: Grid) -> Iterator[Reading]:
    """How the columns of a table were read."""
    for column in one.columns if one.shares else ():
        text = column.kind
        if column.kind == "share":
            at = one.shares.index(column)
            sources = [(f.n_from, f.n) for row in one.figures if (f := row[at]).n]
            text = f"share in {'percent' if column.whole == 100 else 'fractions of 1'}; n from {_sources(sources)}"
        unread = [cell.text for cell in column.cells if not cell.read and not cell.blank]
        if column.kind in ("share", "score", "n", "k", "interval", "chance", "difference") and unread:
            text += f"; {len(unread)} cell(s) not read, such as {unread[0][:40]!r}"
        yield Reading(table=one.table.title, line=one.table.line, column=plain(column.name), read_as=text)


def _sources(sources: Sequence[tuple[str, int | None]]) -> str:
    if not sources:
        return "nothing: it is not stated"
    texts = []
    for source, group in groupby(sorted(sources, key=lambda one: one[0]), key=lambda one: one[0]):
        every = sorted({n for _, n in group if n})
        texts.append(f"{source} ({every[0]}{f' to {every[-1]}' if len(every) > 1 else ''})")
    return ", ".join(texts)
