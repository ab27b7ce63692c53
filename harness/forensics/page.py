"""Findings to one markdown page: what is impossible first, then the figures as they were recomputed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.forensics.finding import SEVERITIES, Figure, Finding, Findings, Severity
from harness.forensics.intervals import shown

SHOWN = 60

_HEADS: dict[Severity, tuple[str, str]] = {
    "impossible": ("⛔ Impossible", "The printed digits cannot come from what is stated beside them."),
    "inconsistent": ("❌ Inconsistent", "Two statements exclude each other."),
    "warning": ("⚠️ Warnings", "Possible, but may mislead."),
    "note": ("Notes", "What is in order, or could not be checked."),
}
_WHY = (
    "A figure is called impossible where no whole number of right answers gives its digits. Why that is so is not "
    "known from the table: another n, a slip of rounding or typing, or a mean over runs all look the same."
)


def report(findings: Findings) -> str:
    """Return the findings as a markdown page."""
    lines = [f"# Figures of {findings.file}", "", _summary(findings), ""]
    if findings.exit_code:
        lines += [_WHY, ""]
    for severity in SEVERITIES:
        lines += _section(severity, findings.of(severity))
    lines += _figures(findings.figures)
    lines += _readings(findings)
    lines += [
        "Methods: GRIM (Brown and Heathers 2017) in whole numbers, a tie rounded either way; intervals of Wilson, "
        "Clopper-Pearson and Wald; exact binomial p-values against chance; averages with all that rounding allows."
    ]
    return "\n".join(lines).rstrip() + "\n"


def _summary(findings: Findings) -> str:
    counts = [(severity, len(findings.of(severity))) for severity in SEVERITIES]
    told = ", ".join(
        f"{count} {severity}{'s' if count != 1 and severity in ('warning', 'note') else ''}"
        for severity, count in counts
    )
    known = sum(1 for figure in findings.figures if figure.n)
    verdict = "Something here cannot be as printed." if findings.exit_code else "Nothing here is impossible."
    return f"**{verdict}** {told}; {len(findings.figures)} figures were read, {known} of them with n."


def _section(severity: Severity, found: Sequence[Finding]) -> Iterator[str]:
    if not found:
        return
    head, meaning = _HEADS[severity]
    yield from (f"## {head}", "", meaning, "")
    rows = [[_where(finding), finding.printed, finding.should] for finding in found[:SHOWN]]
    yield from _table(("where", "printed", "found"), rows)
    if len(found) > SHOWN:
        yield from (f"… and {len(found) - SHOWN} more.", "")
    todos = dict.fromkeys((finding.check, finding.todo) for finding in found if finding.todo)
    if todos:
        yield from ("What to do:", "", *(f"- {check}: {todo}" for check, todo in todos), "")


def _where(finding: Finding) -> str:
    place = finding.place
    return ", ".join(part for part in (f"line {place.line}", place.row and f"**{place.row}**", place.column) if part)


def _figures(figures: Sequence[Figure]) -> Iterator[str]:
    known = [figure for figure in figures if figure.n and figure.kind == "share"]
    if not known:
        return
    yield from ("## Figures as recomputed", "")
    rows = [
        [
            figure.place.row,
            figure.place.column,
            "–" if figure.printed is None else figure.printed.text,
            str(figure.n),
            _counts(figure),
            _interval(figure),
        ]
        for figure in known[:SHOWN]
    ]
    yield from _table(("row", "column", "printed", "n", "k", "Wilson 95 %"), rows, right=(2, 3, 4))
    if len(known) > SHOWN:
        yield from (f"… and {len(known) - SHOWN} more.", "")


def _counts(figure: Figure) -> str:
    counts = figure.counts
    if not counts:
        return "none"
    text = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return text if figure.grid == 1 else f"{text} in steps of 1/{figure.grid}"


def _interval(figure: Figure) -> str:
    return shown(figure, 0.95) if figure.counts and figure.grid == 1 else "–"


def _readings(findings: Findings) -> Iterator[str]:
    if not findings.readings:
        return
    yield from ("## How the columns were read", "")
    rows = [
        [f"line {one.line}{f', {one.table}' if one.table else ''}", one.column or "–", one.read_as]
        for one in findings.readings
    ]
    yield from _table(("table", "column", "read as"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---:' if at in right else '---' for at in range(len(head)))} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;').replace(chr(10), ' ') for cell in row)} |"
    yield ""
