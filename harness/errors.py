"""Every error of the suite, and where it belongs.

::

    SightcheckError                 base; its text is: where: what was got, what should be, what to do
    +-- UsageError                  an option, a model spec or a mode that does not exist; before any work
    +-- DataMissing                 the files of a benchmark are not here: the case is skipped, not passed
    +-- DataError                   the files are here and are wrong
    |   +-- RowsRefused             rows that break the schema or lack an image; carries all of them
    |   +-- ImageRefused            one picture that may not be used
    +-- ModeError                   a mode that this benchmark or these rows cannot have
    |   +-- StrataMissing           rows without the slices that hard donors are found by; the mode is not measured
    +-- ModelError                  a model that cannot be opened, or cannot do what the rows need
    |   +-- ReceiptError            the model was not given the images that the row has
    |   +-- NotRecorded             a replay that holds no reply of a case; it is not measured
    +-- LedgerError                 a ledger that cannot be read or written
    |   +-- NotInLedger             a case that was never asked, so that there is nothing to recompute
    +-- NotEstimable                an estimate or difference that the points do not allow
    +-- NotComparable               two sets of points that may not be compared
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.records import BadRow, Telemetry


class SightcheckError(Exception):
    """Base of all errors of the suite."""


class UsageError(SightcheckError):
    """An option, model spec, mode or benchmark that does not exist; raised before any work is done."""


class DataMissing(SightcheckError):
    """The files of a benchmark are not here. The case is not measured, and says what to fetch."""


class DataError(SightcheckError):
    """The files are here, and they are not what was published."""


class ImageRefused(DataError):
    """One picture that may not be used: missing, empty, truncated, not a picture, or outside its root."""


class RowsRefused(DataError):
    """Rows that break the schema or lack an image.

    Parameters
    ----------
    where : str
        The benchmark and the file.
    bad : sequence of BadRow
        Every bad row, in file order; the text lists the first twenty and counts the rest.
    telemetry : Telemetry
        What was counted before the refusal.
    split : str
        The split that was read, where it is known.
    """

    def __init__(self, where: str, bad: Sequence[BadRow], telemetry: Telemetry, split: str = "") -> None:
        self.bad = tuple(bad)
        self.split = split
        self.telemetry = telemetry
        shown = "\n".join(f"  row {b.row_id}: {b.reason}" for b in self.bad[:20])
        rest = f"\n  ... and {len(self.bad) - 20} more" if len(self.bad) > 20 else ""
        super().__init__(
            f"{where}: {len(self.bad)} of {telemetry.rows} rows are refused, but every row must load "
            f"with all of its images. Repair or fetch the files; nothing was asked of the model.\n{shown}{rest}"
        )


class ModeError(SightcheckError):
    """A mode that this benchmark or these rows cannot have."""


class StrataMissing(ModeError):
    """Rows without the slices by which hard donors are found. The mode is not measured."""


class ModelError(SightcheckError):
    """A model that cannot be opened, or that cannot do what the rows need."""


class ReceiptError(ModelError):
    """The tensors that reached the model do not hold the images of the row."""


class NotRecorded(ModelError):
    """A replay that holds no reply of a case. The case is not measured."""


class LedgerError(SightcheckError):
    """A ledger that cannot be read or written."""


class NotInLedger(LedgerError):
    """A case that was never asked, so that there is nothing to recompute; it is not measured."""


class NotEstimable(SightcheckError):
    """An estimate or a difference that these points do not allow: none, one cluster, NaN."""


class NotComparable(SightcheckError):
    """Two sets of points that may not be compared: other rows, another harness."""
