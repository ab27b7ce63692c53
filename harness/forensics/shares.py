"""One figure against its own n and count: is there such a share at all, and is it k / n?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from harness.forensics.finding import Figure, Finding, Severity
from harness.forensics.grim import around, counts, cut_off, other_rows, reach
from harness.forensics.printed import Printed


def bounds(figure: Figure) -> Iterator[Finding]:
    """A share lies between 0 and all, and its count between 0 and n."""
    if figure.kind == "score":
        return
    if figure.printed is not None and not 0 <= figure.printed.value <= figure.top:
        should = f"a mean of at most {figure.top} points is between 0 and {figure.top}"
        should = "a share of right answers is between 0 and 100 %" if figure.kind == "share" else should
        yield _finding(figure, "impossible", "range", should, "Correct it, or name what the column holds.")
    if figure.k is not None and figure.n and figure.k > figure.n * figure.grid:
        should = f"k = {figure.k} is more than n = {figure.n}"
        yield _finding(figure, "impossible", "range", should, "Correct the count or n.")


def quotient(figure: Figure) -> Iterator[Finding]:
    """The printed share is k / n, rounded: 421/2000 may be printed 21.05, 21.1 or 21.0, but not 21.5."""
    if figure.kind != "share" or figure.printed is None or figure.k is None or not figure.n or not figure.counts:
        return
    exact = Fraction(figure.k, figure.n * figure.grid)
    if figure.printed.holds(exact):
        return
    cut = figure.k in cut_off(figure.printed, figure.n, figure.grid)
    should = f"{figure.k}/{figure.n} is {near(figure.printed, exact)}{', cut off instead of rounded' if cut else ''}"
    yield _finding(figure, "inconsistent", "k/n", should, "Correct the share, the count or n.")


def grim(figure: Figure) -> Iterator[Finding]:
    """The printed share can come from a whole number of right answers among n (see `harness.forensics.grim`)."""
    if figure.k is not None or figure.printed is None or not figure.n or figure.counts is None or figure.counts:
        return
    if not 0 <= figure.printed.value <= figure.top:
        return
    should = _cannot(figure.printed, figure.n, figure.grid, figure.top)
    if figure.sure and not figure.spread:
        todo = "State the n of this row or correct the digits; of a mean over several runs, state how many."
        yield _finding(figure, "impossible", "GRIM", should, todo)
    elif figure.sure:
        should += ". The spread beside it may be one over runs, whose mean has finer steps"
        yield _finding(figure, "warning", "GRIM", should, "State what the spread is, and over how many runs.")
    else:
        should += ". That it is a share of right answers is only guessed from its digits"
        yield _finding(figure, "warning", "GRIM", should, "Say in the name of the column what it holds.")


def _cannot(printed: Printed, n: int, grid: int, top: int) -> str:
    shares = [(over(k, n, grid), near(printed, Fraction(k, n * grid))) for k in around(printed, n, grid, top)]
    text = f"cannot come from n = {n}{'' if grid == 1 else f' in steps of 1/{grid}'}"
    text += f": next to it are {' and '.join(f'{count} = {share}' for count, share in shares)}"
    cut = cut_off(printed, n, grid)
    if cut:
        text += f"; {over(cut[0], n, grid)} has these digits if they were cut off, not rounded"
    others = [m for m in other_rows(printed, n, grid, top) if m is not None]
    if not others:
        return f"{text}; nor is it possible at any n within {reach(n)} of this"
    possible = " and ".join(f"{m} ({over(counts(printed, m, grid, top)[0], m, grid)})" for m in others)
    return f"{text}; possible at n = {possible}, the nearest within {reach(n)}"


def over(k: int, n: int, grid: int) -> str:
    """Return a count over its n; in finer steps than one a row, over both."""
    return f"{k}/{n}" if grid == 1 else f"{k}/({n} × {grid})"


def near(printed: Printed, exact: Fraction) -> str:
    """Return an exact share in the form of a printed one; one decimal more for a tie or where it looks the same."""
    text, tie = printed.like(exact), (exact * printed.scale).denominator == 2
    finer = Printed(digits=0, places=printed.places + 1, whole=printed.whole)
    return finer.like(exact) if tie or text == printed.text else text


def _finding(figure: Figure, severity: Severity, check: str, should: str, todo: str) -> Finding:
    printed = figure.printed.text if figure.printed is not None else ""
    if figure.k is not None:
        printed = f"{printed} ({figure.k}/{figure.n})".strip()
    return Finding(severity=severity, check=check, place=figure.place, printed=printed, should=should, todo=todo)
