"""What a check says: where, how grave, what is printed, what should be, what to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from harness.forensics.grim import counts
from harness.forensics.printed import Printed

Severity = Literal["impossible", "inconsistent", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("impossible", "inconsistent", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands.

    Attributes
    ----------
    line : int
        Line of the file, from 1.
    row, column : str
        Name of the row and of the column; empty where the whole line, column or table is meant.
    table : str
        Title of the table.
    """

    line: int
    row: str = ""
    column: str = ""
    table: str = ""

    @property
    def text(self) -> str:
        """Line, row and column."""
        return ", ".join(part for part in (f"line {self.line}", self.row, self.column) if part)

    @property
    def over_rows(self) -> Place:
        """The whole column of this place."""
        return replace(self, row="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One printed figure with all that is known of it.

    Attributes
    ----------
    place : Place
        Where it stands.
    kind : str
        ``share`` is k of n; ``rating`` a mean of whole points up to ``top``; ``score`` a mean without a grid, as F1.
    printed : Printed or None
        The share; None where only a count is given, or where the cell is blank.
    n, k : int or None
        Rows and right answers, where they are stated.
    n_from : str
        What states n.
    interval : pair of Printed, or None
        Printed ends.
    margin : Printed or None
        What stands after a plus-minus sign.
    level : float or None
        Stated confidence level.
    method : str
        Stated method of the interval: ``Wilson``, ``Clopper-Pearson``, ``Wald`` or empty.
    chance : Fraction or None
        What a blind guess scores.
    chance_from : str
        What states it.
    runs, steps : int
        Runs that the figure is a mean of; steps of a row's points (2 for half points).
    top : int
        Most points of a row.
    spread : bool
        Whether a spread stands beside it that n does not explain, so that it may be a mean over runs.
    sure : bool
        Whether name, sign or counts say that it is a share; else it was taken for one by its digits.
    group : str
        Benchmark, split or subset of the row, in whose company n should not differ.
    counts : range or None
        Every count of right answers it can come from, in steps; None where that is not known. Made from the others.
    """

    place: Place
    kind: Literal["share", "rating", "score"] = "share"
    printed: Printed | None = None
    n: int | None = None
    n_from: str = ""
    k: int | None = None
    interval: tuple[Printed, Printed] | None = None
    margin: Printed | None = None
    level: float | None = None
    method: str = ""
    chance: Fraction | None = None
    chance_from: str = ""
    runs: int = 1
    steps: int = 1
    top: int = 1
    spread: bool = False
    sure: bool = True
    group: str = ""
    counts: range | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", self._counts())

    @property
    def grid(self) -> int:
        """Steps that one row adds."""
        return self.runs * self.steps

    @property
    def blank(self) -> bool:
        """Whether nothing is printed."""
        return self.printed is None and self.k is None

    def _counts(self) -> range | None:
        if not self.n or self.kind == "score":
            return None
        if self.k is not None:
            return range(self.k, self.k + 1) if self.k <= self.n * self.grid else range(0)
        return None if self.printed is None else counts(self.printed, self.n, self.grid, self.top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a reader should know.

    Attributes
    ----------
    severity : str
        ``impossible``: the digits cannot come from what is stated; ``inconsistent``: two statements exclude each
        other; ``warning``: may mislead; ``note``: what was found and is in order, or could not be checked.
    check : str
        Name of the check.
    place : Place
        Where it is.
    printed, should, todo : str
        What is printed, what should be, what to do.
    """

    severity: Severity
    check: str
    place: Place
    printed: str
    should: str
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How one column was read.

    Attributes
    ----------
    table, column : str
        Title of the table, name of the column.
    line : int
        Line of the table's header.
    read_as : str
        In words.
    """

    table: str
    line: int
    column: str
    read_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that was found in one file.

    Attributes
    ----------
    file : str
        Name of the file.
    found : tuple of Finding
        Gravest first, then by line.
    figures : tuple of Figure
        Every figure that was read.
    readings : tuple of Reading
        How the columns were read.
    """

    file: str
    found: tuple[Finding, ...]
    figures: tuple[Figure, ...] = ()
    readings: tuple[Reading, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """1 where something is impossible or inconsistent, 0 where nothing is."""
        return int(any(finding.severity in ("impossible", "inconsistent") for finding in self.found))

    def of(self, *severities: Severity) -> tuple[Finding, ...]:
        """Return the findings of these severities."""
        return tuple(finding for finding in self.found if finding.severity in severities)
