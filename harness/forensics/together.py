"""The figures of one column together: which n they have, share, imply or lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.forensics.finding import SEVERITIES, Figure, Finding
from harness.forensics.grim import implied, implied_runs, other_rows, says_nothing

_SHOWN = 10


def many(figures: Sequence[Figure], found: Sequence[Finding]) -> list[Finding]:
    """Say in one finding what GRIM says of most of a column; then n is another, or the figures are no shares.

    Parameters
    ----------
    figures : sequence of Figure
        A column.
    found : sequence of Finding
        What GRIM found in it; four findings or more, about more than half of the figures, become one.
    """
    tested = _tested(figures)
    if len(found) < 4 or 2 * len(found) <= len(tested):
        return list(found)
    rows = _listed([f"{finding.place.row} {finding.printed}" for finding in found])
    implies = _means(tested) or told(figures)
    finding = Finding(
        severity=min((finding.severity for finding in found), key=SEVERITIES.index),
        check="GRIM",
        place=found[0].place.over_rows,
        printed=f"{len(tested)} figures",
        should=f"{len(found)} of {len(tested)} cannot come from {_stated(tested)}: {rows}. {implies}",
        todo="State the n of the column; where they are means over runs, or no shares of right answers, say so.",
    )
    return [finding]


def _means(figures: Sequence[Figure]) -> str:
    """Say over how many runs the figures may be means, where that explains all of them and luck does not."""
    shares = {(figure.printed, figure.n) for figure in figures if figure.printed is not None and figure.n}
    runs = implied_runs([(printed, n) for printed, n in shares if printed is not None and n])
    return (
        "" if runs is None else f"Implied, not proven: as means over {runs} runs of {_stated(figures)} all are possible"
    )


def varying(figures: Sequence[Figure], found: Sequence[Finding]) -> Iterator[Finding]:
    """One n is stated for a column, but some rows are possible at another alone: n seems to differ unsaid.

    Parameters
    ----------
    figures : sequence of Figure
        A column.
    found : sequence of Finding
        What GRIM found in it, a row each.
    """
    tested = _tested(figures)
    odd = {finding.place for finding in found}
    if not odd or 2 * len(odd) > len(tested) or len({figure.n for figure in tested}) != 1:
        return
    rows = [_elsewhere(figure) for figure in tested if figure.place in odd]
    yield Finding(
        severity="warning",
        check="denominators",
        place=found[0].place.over_rows,
        printed=f"{_stated(tested)} for {len(tested)} rows",
        should=f"{len(tested) - len(odd)} rows fit it, {len(odd)} do not: {_listed(rows)}. n may differ between rows",
        todo="State n in each row, and say which questions were left out and why.",
    )


def _elsewhere(figure: Figure) -> str:
    if figure.printed is None or not figure.n:
        return figure.place.row
    others = " or ".join(str(m) for m in other_rows(figure.printed, figure.n, figure.grid, figure.top) if m is not None)
    return f"{figure.place.row} ({f'n = {others}' if others else 'no n near'})"


def differing(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Rows that are ranked against each other have the same n.

    An interval is about sqrt(N / n) times as wide at n as at N rows: from twice as wide on (n at most a quarter of the
    column's largest) each row is warned of, smaller differences are one note.
    """
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.n:
            groups.setdefault(figure.group, []).append(figure)
    for group in groups.values():
        largest = max(figure.n for figure in group if figure.n)
        small = [figure for figure in group if figure.n and 4 * figure.n <= largest]
        other = [figure for figure in group if figure.n and largest > figure.n and 4 * figure.n > largest]
        for figure in small:
            wide = (largest / (figure.n or 1)) ** 0.5
            yield Finding(
                severity="warning",
                check="denominators",
                place=figure.place,
                printed=f"n = {figure.n}",
                should=f"n differs: other rows have {largest}; its interval is about {wide:.1f} times as wide",
                todo="Rank it apart, or compare on the same questions.",
            )
        if other:
            rows = _listed([f"{figure.place.row} {figure.n}" for figure in other])
            yield Finding(
                severity="note",
                check="denominators",
                place=other[0].place.over_rows,
                printed=rows,
                should=f"n differs: other rows have {largest}",
                todo="Say which questions were left out and why.",
            )


def without_n(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Shares without any n cannot be tested: one finding a column, with the n that they imply."""
    bare = [figure for figure in figures if figure.kind == "share" and not figure.n and figure.printed is not None]
    if bare:
        rows = "every row" if len(bare) == len(figures) else _listed([figure.place.row for figure in bare])
        yield Finding(
            severity="warning",
            check="n",
            place=bare[0].place.over_rows,
            printed=f"{len(bare)} shares",
            should=f"no n is stated for {rows}. {told(bare)}",
            todo="Add a column n, or n = 2000 in the heading, the caption or the column's name.",
        )


def gathered(found: Sequence[Finding]) -> Iterator[Finding]:
    """Four or more findings of one check that say the same of a column but for its figures become one."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in found:
        alike.setdefault((finding.severity, finding.check, finding.todo), []).append(finding)
    for group in alike.values():
        first = group[0]
        if len(group) < 4:
            yield from group
            continue
        rows = _listed([f"{finding.place.row} {finding.printed}" for finding in group[1:]])
        should = f"{first.place.row}: {first.should}; and the same of {rows}"
        yield replace(first, place=first.place.over_rows, printed=f"{len(group)} figures", should=should)


def untested(figures: Sequence[Figure]) -> Iterator[Finding]:
    """Say which columns GRIM says nothing about: means without a grid, and n so large that every digit exists."""
    if figures and all(figure.kind == "score" for figure in figures):
        should = "a mean without a grid, or over other denominators than n, such as F1: exempt from GRIM"
        yield _note(figures, f"{len(figures)} scores", should)
        return
    large = [f for f in figures if f.printed and f.n and f.k is None and says_nothing(f.printed, f.n, f.grid)]
    if large:
        n = min(figure.n for figure in large if figure.n)
        should = f"from n = {n} on with so few decimals every share exists: GRIM says nothing of them"
        yield _note(large, f"{len(large)} shares", should)


def told(figures: Sequence[Figure]) -> str:
    """Say which n the printed shares imply, never as proven; or that they imply none."""
    found = implied(figure.printed for figure in figures if figure.printed is not None)
    if found.rows:
        rows = " or ".join(str(n) for n in found.rows)
        explained = f"all {found.of}" if found.fits == found.of else f"{found.fits} of {found.of}"
        odd = f", but not {_listed(found.odd)}" if found.odd else ""
        return (
            f"Implied, not proven: n = {rows} explains {explained} distinct shares{odd} (n up to {found.bound} tried)"
        )
    if found.of >= 2 and not found.fits:
        return f"No single n up to {found.bound} explains two thirds of the {found.of} distinct shares"
    return "They are too few, or have too few decimals, to imply an n"


def _tested(figures: Sequence[Figure]) -> list[Figure]:
    return [
        figure for figure in figures if figure.printed is not None and figure.k is None and figure.counts is not None
    ]


def _stated(figures: Sequence[Figure]) -> str:
    stated = {figure.n for figure in figures}
    return f"n = {stated.pop()}" if len(stated) == 1 else "their n"


def _listed(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"{', '.join(rows[:_SHOWN])}{more}"


def _note(figures: Sequence[Figure], printed: str, should: str) -> Finding:
    return Finding(
        severity="note", check="GRIM", place=figures[0].place.over_rows, printed=printed, should=should, todo=""
    )
