"""What a train split has in common with the rows that are asked: counted, not removed."""

from __future__ import annotations

from collections.abc import Sequence

from harness.baselines.commonest import meaning
from harness.records import Row
from harness.score.words import words

Asked = tuple[tuple[str, ...], str]
"""The words of a question, and its answer."""


def learned_on(train: Sequence[Row], rows: Sequence[Row]) -> str:
    """Return in words what was learned on, such as ``on train, 1,797 rows, 1 with question and answer of a row here``.

    Pictures are compared by the digests of their pixels where both sides have any. A train split of which the text
    alone was read has none, and then it says so.
    """
    said = f"on train, {len(train):,} rows"
    seen, asked = {ref.digest for row in rows for ref in row.images}, {_asked(row) for row in rows}
    repeated = sum(_asked(row) in asked for row in train)
    if repeated:
        said += f", {repeated:,} with question and answer of a row here"
    if not seen or not any(row.images for row in train):
        return f"{said}; pictures were not compared"
    shared = sum(any(ref.digest in seen for ref in row.images) for row in train)
    return f"{said}, {shared:,} with a picture of a row here" if shared else said


def _asked(row: Row) -> Asked:
    """Return a question with its answer, which of rows with options is the text of the right one."""
    texts = [option.text for option in row.options if option.letter == row.gold]
    return words(row.stem), " ".join(words(texts[0])) if texts else meaning(row)
