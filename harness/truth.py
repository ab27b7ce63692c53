"""What the published rows tell of a question and of a set of pictures, and what a perfect reader would make of it.

    published rows -> Truth;  a row and the images it is shown -> the answer that fits them, or nothing

With images of another row a question may still have an answer: that row may have asked the same, or its gold may
be one of the options. Only then can an answer *follow* the images, and only then can a perfect reader be right.
No reply comes in here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from harness.errors import NotEstimable
from harness.records import ImageRef, Row

Pictures = frozenset[str]
"""Pixel digests of the images of a row, whatever their order."""

Question = tuple[str, frozenset[str]]
"""A stem and the texts of its options, whatever their order."""


@lru_cache(maxsize=65536)
def normal(text: str) -> str:
    """Return a text for comparing: runs of white space are one space, case is folded."""
    return " ".join(text.split()).casefold()


def gold_text(row: Row) -> str:
    """Return the words of a row's gold: the text of its option, or the published answer."""
    return next((option.text for option in row.options if option.letter == row.gold), "") if row.options else row.gold


def lettered(row: Row, texts: Sequence[str]) -> str:
    """Return the letter, as shown, of the only option that has one of these texts; empty where none or several do."""
    wanted = {normal(text) for text in texts}
    letters = [option.letter for option in row.options if normal(option.text) in wanted]
    return letters[0] if len(letters) == 1 else ""


class Truth:
    """The published rows of a split, to be asked by what a row shows.

    Building takes time linear in the rows, every question to it none that grows with them.

    Parameters
    ----------
    rows : sequence of Row
        All rows of the split, as published. One without images is known by its question alone.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        told: dict[tuple[str, Pictures], list[str]] = defaultdict(list)
        pictured: dict[Pictures, list[str]] = defaultdict(list)
        recalled: dict[Question, list[str]] = defaultdict(list)
        places: dict[Question, list[str]] = defaultdict(list)
        for row in rows:
            gold, seen = gold_text(row), pictures(row.images)
            recalled[question(row)].append(gold)
            places[question(row)].append(row.gold)
            if seen:
                told[normal(row.stem), seen].append(gold)
                pictured[seen].append(gold)
        self._told = {key: _distinct(golds) for key, golds in told.items()}
        self._pictured = {key: _distinct(golds) for key, golds in pictured.items()}
        self._recalled = {key: _most(golds) for key, golds in recalled.items()}
        self._places = {key: _most(letters) for key, letters in places.items()}
        self._polar = {normal(row.stem) for row in rows if row.kind == "yes_no"}

    def fitting(self, row: Row, images: Sequence[ImageRef]) -> str:
        """Return the answer that these images make right for the question of a row.

        Parameters
        ----------
        row : Row
            As shown; only its stem and its options are looked at.
        images : sequence of ImageRef
            What is shown with it; need not be the row's own.

        Returns
        -------
        str
            The letter as shown, or the published answer, raw. First that of the published rows with this stem and
            exactly these pictures; for options, else, the only option that is the gold of a row with exactly these
            pictures. Empty where nothing is known, or where two answers would be right.
        """
        seen = pictures(images)
        told = self._told.get((normal(row.stem), seen), ()) if normal(row.stem) else ()
        if not row.options:
            return told[0] if len(told) == 1 else ""
        if any(normal(option.text) in {normal(text) for text in told} for option in row.options):
            return lettered(row, told)
        return lettered(row, self._pictured.get(seen, ()))

    def pictured(self, images: Sequence[ImageRef]) -> tuple[str, ...]:
        """Return the golds of all rows with exactly these pictures, in words, in the order of publication."""
        return self._pictured.get(pictures(images), ())

    def recalled(self, row: Row) -> str:
        """Return the most frequent gold of a row's question, images aside; empty where the stem is not known.

        For options it is the letter as shown, else the published answer, raw. Of two equally frequent golds it is
        the one published first.
        """
        gold = self._recalled.get(question(row), "")
        return lettered(row, [gold]) if row.options else gold

    def place(self, row: Row) -> str:
        """Return the letter under which the gold of a row's question was published; empty where it is not known."""
        return self._places.get(question(row), "") if row.options else ""

    def polar(self, stem: str) -> bool:
        """Whether a stem was published as a yes/no question."""
        return normal(stem) in self._polar

    def ceiling(self, shown: Sequence[Row]) -> float:
        """Return the expected score of a perfect reader over rows as shown.

        Parameters
        ----------
        shown : sequence of Row
            After their mode, with the images that are shown.

        Returns
        -------
        float
            In [0, 1]. A row counts 1 where the fitting answer is its gold and 0 where it is another; where none is
            known, what a guess is worth: one over the options, 1/2 for yes or no, 0 for other short answers. With
            the images of other rows, yes/no rows with the same stem and a share p of yes come to p^2 + (1-p)^2.

        Raises
        ------
        NotEstimable
            No rows.
        """
        if not shown:
            raise NotEstimable("ceiling: got no rows, but it is a mean over rows. Ask at least one.")
        return sum(map(self._reached, shown)) / len(shown)

    def _reached(self, row: Row) -> float:
        fits = self.fitting(row, row.images)
        if fits:
            return float(normal(fits) == normal(row.gold))
        if row.options:
            return 1 / len(row.options)
        return 0.5 if row.kind == "yes_no" else 0.0


def pictures(images: Sequence[ImageRef]) -> Pictures:
    """Return the pixel digests of some images."""
    return frozenset(image.digest for image in images)


def question(row: Row) -> Question:
    """Return what a row asks, apart from its images and from the order of its options."""
    return normal(row.stem), frozenset(normal(option.text) for option in row.options)


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """Texts that differ in more than case and white space, each as it first stood."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(normal(text), text)
    return tuple(first.values())


def _most(texts: Sequence[str]) -> str:
    """The most frequent text, as it first stood; of equally frequent ones the first."""
    most = Counter(map(normal, texts)).most_common(1)[0][0]
    return next(text for text in texts if normal(text) == most)
