"""A combined row or column against its parts: is it their average, their plain mean, or one part alone?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from harness.forensics.average import Line, implied, overlap
from harness.forensics.cell import plain
from harness.forensics.finding import Finding, Severity
from harness.forensics.grid import Grid
from harness.forensics.names import lower_is_better
from harness.forensics.parts import Member, Structure, is_all, structures
from harness.forensics.printed import Printed

_ROWS = 48
_ADVICE = "Say which questions the figure is over, and print n and count of each part."


def combined(grid: Grid) -> Iterator[Finding]:
    """Check every combined column and row of a table against its parts."""
    kept = [number for number in range(len(grid.names)) if number not in grid.guessing]
    columns = [
        Member(name=column.name, figures=tuple(grid.figures[row][at] for row in kept))
        for at, column in enumerate(grid.shares)
        if column.kind == "share" and not lower_is_better(column.name)
    ]
    for structure in structures(columns, by_n=True):
        yield from checked(structure)
    yield from _averages(grid, kept)
    # Among models one may well be called so: only a row of that name alone is combined
    if len(kept) <= _ROWS and (not grid.by_model or any(is_all(grid.names[row]) for row in kept)):
        rows = [Member(name=grid.names[row], figures=grid.figures[row]) for row in kept]
        for structure in structures(rows, by_n=not grid.by_model):
            yield from checked(structure)


def _averages(grid: Grid, kept: Sequence[int]) -> Iterator[Finding]:
    """A column ``average`` is the plain mean of the shares of its row: few that differ are told where most agree."""
    for at, column in enumerate(grid.shares):
        parts = [other for other, one in enumerate(grid.shares) if one.kind == "share"]
        if column.named.kind != "average" or len(parts) < 2:
            continue
        lines = [
            Line(whole=grid.figures[row][at], parts=tuple(grid.figures[row][part] for part in parts)) for row in kept
        ]
        full = [line for line in lines if line.full]
        wrong = [line for line in full if not overlap(line.share(line.whole), line.macro)]
        if len(full) - len(wrong) >= 2 and 2 * len(wrong) < len(full):
            for line in wrong:
                should = f"plain mean of the {len(parts)} shares of its row is {_reach(line.whole.printed, line.macro)}"
                yield _finding(
                    "inconsistent", line, f"{should}, as it is in other rows", "Correct the average or a share."
                )


def checked(structure: Structure) -> Iterator[Finding]:
    """Check one combined member: by n where n adds up, else by the range of its parts."""
    lines = structure.lines()
    additive = [line for line in lines if line.additive] or _summed(lines)
    if additive:
        yield from _by_n(structure, additive)
        return
    known = [line for line in lines if line.whole.n and all(part.n for part in line.parts)]
    if known:
        yield from _sums(structure, known)
    else:
        yield from _within(structure, [line for line in lines if line.full])


def _summed(lines: Sequence[Line]) -> list[Line]:
    """Lines whose whole has no n of its own, where most are the averages of their parts by n."""
    full = [line for line in lines if line.full and not line.whole.n and all(part.n for part in line.parts)]
    return full if 2 * sum(line.fits for line in full) > len(full) else []


def _by_n(structure: Structure, lines: Sequence[Line]) -> Iterator[Finding]:
    full = [line for line in lines if line.full]
    wrong = [line for line in full if not line.fits]
    means = [line for line in wrong if overlap(line.share(line.whole), line.macro)]
    if len(means) >= 2 and 2 * len(means) > len(full):
        should = f"is the plain mean (macro) of {_names(structure)} in {len(means)} of {len(full)}, not weighted by n"
        yield _finding("warning", means[0], should, "Call it a macro average.", structure)
        wrong = [line for line in wrong if line not in means]
    for line in wrong:
        micro = _reach(line.whole.printed, line.micro)
        should = f"average of {_names(structure)} by n is {micro}{_alike(structure, line)}"
        yield _finding("inconsistent", line, should, _ADVICE)
    fitting = [line for line in full if line.fits]
    if fitting:
        should = f"is the average of {_names(structure)} by n in {len(fitting)} of {len(full)}{_counts(fitting[0])}"
        yield _finding("note", fitting[0], should, "", structure)
    for line in lines:
        yield from _missing(structure, line)


def _alike(structure: Structure, line: Line) -> str:
    """What else the whole is equal to: a part, or the plain mean."""
    value = line.whole.printed.value if line.whole.printed is not None else None
    for member, part in zip(structure.parts, line.parts, strict=True):
        if part.printed is not None and part.printed.value == value:
            return (
                f"; {part.printed.text} equals the {plain(member.name)} value, and other figures beside it are combined"
            )
    if overlap(line.share(line.whole), line.macro):
        return f"; it equals their plain mean (macro), {_reach(line.whole.printed, line.macro)}"
    return ""


def _missing(structure: Structure, line: Line) -> Iterator[Finding]:
    """The one part that is not printed, as it follows from the others."""
    blank = [at for at, part in enumerate(line.parts) if part.blank]
    whole = line.whole.printed
    if len(blank) != 1 or whole is None or not line.whole.n:
        return
    parts = [(part.printed, part.n) for part in line.parts if part.printed is not None and part.n]
    if len(parts) != len(line.parts) - 1:
        return
    value, reach = implied(whole, line.whole.n, parts)
    name = plain(structure.parts[blank[0]].name)
    should = f"implies {name} = {_with(whole, value, reach)} ({_formula(line, whole, parts)})"
    possible = overlap((value - reach, value + reach), (Fraction(0), Fraction(1)))
    yield _finding("note" if possible else "inconsistent", line, should, "" if possible else _ADVICE)


def _formula(line: Line, whole: Printed, parts: Sequence[tuple[Printed, int]]) -> str:
    n = line.whole.n or 0
    taken = " - ".join(f"{_bare(printed)} × {rows}" for printed, rows in parts)
    return f"({_bare(whole)} × {n} - {taken}) / {n - sum(rows for _, rows in parts)}"


def _sums(structure: Structure, lines: Sequence[Line]) -> Iterator[Finding]:
    """n is known and does not add up. Where all n are the same, the parts are no parts, as text and image+text."""
    line = lines[0]
    apart = line.whole.n != line.n and (line.whole.n or 0) > max(part.n or 0 for part in line.parts)
    if structure.named and apart and "+" in structure.whole.name:
        added = " + ".join(str(part.n) for part in line.parts)
        should = f"n of {_names(structure)} is {added} = {line.n}, but {line.whole.n} is stated"
        yield _finding("inconsistent", line, should, "Correct n, or say which questions are left out.", structure)


def _within(structure: Structure, lines: Sequence[Line]) -> Iterator[Finding]:
    """Without n: any average lies between its parts. Asked of the few rows that do not, where most do."""
    outside = [line for line in lines if not line.between]
    inside = len(lines) - len(outside)
    if not structure.named or 2 * inside <= len(lines) or inside < 2:
        return
    severity: Severity = "inconsistent" if "+" in structure.whole.name else "warning"
    for line in outside:
        should = f"an average of {_names(structure)} lies between them, as in {inside} of {len(lines)}"
        yield _finding(severity, line, f"{should}{_alike(structure, line)}", _ADVICE)


def _counts(line: Line) -> str:
    """An example in counts, where these are known: 589 + 267 = 856."""
    figures = (*line.parts, line.whole)
    counts = [figure.counts for figure in figures]
    if any(figure.grid > 1 for figure in figures) or any(one is None or len(one) != 1 for one in counts):
        return ""
    known = [str(one[0]) for one in counts if one]
    return f", as in {line.whole.place.row}: {' + '.join(known[:-1])} = {known[-1]}"


def _names(structure: Structure) -> str:
    return ", ".join(plain(part.name) for part in structure.parts)


def _reach(printed: Printed | None, ends: tuple[Fraction, Fraction]) -> str:
    model = printed if printed is not None else Printed(digits=0, places=2, whole=100)
    return _with(model, (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2)


def _with(model: Printed, value: Fraction, reach: Fraction) -> str:
    """A value in the form of a printed one, with its reach in a decimal more."""
    finer = Printed(digits=0, places=model.places + 1, whole=model.whole)
    return f"{model.like(value).removesuffix(' %')} ± {finer.like(reach)}"


def _bare(printed: Printed) -> str:
    return printed.text.removesuffix(" %")


def _finding(severity: Severity, line: Line, should: str, todo: str, over: Structure | None = None) -> Finding:
    """A finding of one figure, or of the whole member."""
    place = line.whole.place
    if over is not None:
        row = plain(over.whole.name) == place.row
        place = place.__class__(line=place.line, row=place.row if row else "", column="" if row else place.column)
    printed = line.whole.printed.text if line.whole.printed is not None else f"{line.whole.k}/{line.whole.n}"
    printed = plain(over.whole.name) if over is not None else printed
    return Finding(severity=severity, check="combined", place=place, printed=printed, should=should, todo=todo)
