"""Points in, estimates and differences out: intervals by cluster, paired tests, margins, chance, planning.

==================  ===========================================================================================
``proportion``      one case: Wilson, effective-n Wilson, Clopper-Pearson, CR1 with t
``paired``          two cases over the same rows: interval, test, smallest detectable difference
``margin``          not worse by more than a margin; the same within a margin
``guessing``        what a blind guess scores, and how surprising more than that is
``family``          several p-values at once
``plan``            what a number of rows can show
``tango_interval``  the score interval of a paired difference of proportions
``mcnemar``         the paired test of unclustered binary points: exact and mid-p
``sign_flip``       the paired test of clustered points, and of points other than 0 or 1
``cluster``         checks, cluster sums and standard errors, shared by the above
``binomial``        probabilities and quantiles, shared by the above
==================  ===========================================================================================

Conventions: points are in [0, 1]; ``clusters`` names the cluster of each row, in the same order; ``level`` is
two-sided and ``alpha`` one-sided; no interval has width zero; what cannot be estimated raises `NotEstimable`, and
is never 0.0. Nothing depends on the order of rows, on the names of clusters, or on a seed that could be forgotten.
"""

from __future__ import annotations

from harness.stats.family import holm
from harness.stats.guessing import above_chance, chance
from harness.stats.margin import MarginTest, equivalent, not_worse
from harness.stats.mcnemar import mcnemar_exact, mcnemar_mid_p
from harness.stats.paired import difference
from harness.stats.plan import detectable, rows_equivalent, rows_not_worse
from harness.stats.proportion import clopper_pearson, estimate, wilson
from harness.stats.tango_interval import tango

__all__ = [
    "MarginTest",
    "above_chance",
    "chance",
    "clopper_pearson",
    "detectable",
    "difference",
    "equivalent",
    "estimate",
    "holm",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "not_worse",
    "rows_equivalent",
    "rows_not_worse",
    "tango",
    "wilson",
]
