"""The benchmarks that are imitated: how many rows, and how they lie in clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Rows in clusters, without content.

    Attributes
    ----------
    name : str
        For tables.
    counts : mapping of int to int
        Rows of a cluster -> how many clusters have as many.
    """

    name: str
    counts: Mapping[int, int]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Rows of each cluster, the largest first; shape (clusters,)."""
        by_size = sorted(self.counts.items(), reverse=True)
        return np.repeat([size for size, _ in by_size], [number for _, number in by_size]).astype(np.intp)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return sum(self.counts.values())

    @property
    def n(self) -> int:
        """Number of rows."""
        return sum(size * number for size, number in self.counts.items())

    @property
    def index(self) -> NDArray[np.intp]:
        """Cluster of each row, rows of one cluster together; shape (n,)."""
        return np.repeat(np.arange(self.clusters), self.sizes)

    @property
    def starts(self) -> NDArray[np.intp]:
        """First row of each cluster; shape (clusters,)."""
        return np.asarray(np.concatenate(([0], np.cumsum(self.sizes)[:-1])), dtype=np.intp)


SLAKE = Design(name="SLAKE", counts={8: 8, 9: 12, 10: 14, 11: 22, 12: 20, 13: 13, 14: 7})
"""1,061 English test rows on 96 pictures, 8 to 14 a picture and 11.05 on average."""

VQA_RAD = Design(name="VQA-RAD", counts={1: 62, 2: 79, 3: 33, 4: 19, 5: 5, 6: 4, 7: 1})
"""451 test rows on 203 pictures, as published: a row drawn at random shares its picture with 1.88 others."""

MEDXPERTQA = Design(name="MedXpertQA-MM", counts={1: 1923, 2: 2, 3: 1, 4: 2, 9: 1, 21: 1, 32: 1})
"""2,000 test rows in 1,931 clusters by question, as published: nearly all single, and one of 32 rows."""

DESIGNS = (SLAKE, VQA_RAD, MEDXPERTQA)

FEW = Design(name="50 pictures", counts={8: 4, 9: 6, 10: 8, 11: 11, 12: 10, 13: 7, 14: 4})
"""554 rows on as few clusters as the targets ask for: half of SLAKE."""
