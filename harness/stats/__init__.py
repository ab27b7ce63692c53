"""Points in, estimates and differences out: intervals by cluster, paired tests, margins, chance, planning.

==================  ===========================================================================================
``proportion``      one case: Wilson, effective-n Wilson, Clopper-Pearson, CR1 with t
``paired``          two cases over the same rows: interval, test, smallest detectable difference
``margin``          not worse by more than a margin; the same within a margin
``guessing``        what a blind guess scores, and how surprising more than that is
``family``          several p-values at once: Holm, and Benjamini-Hochberg for screening
``letters``         whether letters are chosen for themselves, over all cyclic orders of the options
``bootstrap``       resampled clusters, a cross-check beside an interval
``anytime``         tests and intervals for a run that may stop early: valid however often one looks
``table``           one long table of all models and modes in; estimates, differences and slices out
``blocks``          one case of a table: rows times seeds, and what there is in it
``frame``           the checks of a table, which refuse what is wrong in it
``slices``          which slices are large enough, and whether they differ
``macro``           a mean that weighs every slice alike, under its own name
``plan``            what a number of rows can show, and which claims a run could support
``rows``            rows and differences, one from the other
``power``           exact power, design effect, and what accuracy is above chance
``tango_interval``  the score interval of a paired difference of proportions
``mcnemar``         the paired test of unclustered binary points: exact and mid-p
``sign_flip``       the paired test of clustered points, and of points other than 0 or 1
``exchange``        the test of one case against several draws of another
``cluster``         checks, cluster sums and standard errors, shared by the above
``binomial``        probabilities and quantiles, shared by the above
==================  ===========================================================================================

Conventions: points are in [0, 1]; ``clusters`` names the cluster of each row, in the same order; ``level`` is
two-sided and ``alpha`` one-sided; no interval has width zero; what cannot be estimated raises `NotEstimable`, and
is never 0.0. Nothing depends on the order of rows, on the names of clusters, or on a seed that could be forgotten.
Only `anytime` looks at clusters in the order in which they were asked, and its interval of a whole list closes when
every row of the list is asked.
"""

from __future__ import annotations

from harness.stats.anytime import (
    AnytimeTest,
    e_needed,
    log_paired_e,
    paired_e,
    remaining_interval,
    sequential_above,
    sequential_below,
    sequential_bounds,
    sequential_interval,
    sequential_within,
)
from harness.stats.blocks import Columns, Part
from harness.stats.exchange import exchangeable
from harness.stats.family import benjamini_hochberg, holm
from harness.stats.guessing import above_chance, chance
from harness.stats.letters import LetterBias, letter_bias, recall_spread
from harness.stats.macro import MacroMean, acc_macro
from harness.stats.margin import MarginTest, equivalent, not_worse
from harness.stats.mcnemar import mcnemar_exact, mcnemar_mid_p
from harness.stats.paired import difference
from harness.stats.plan import detectable, rows_equivalent, rows_not_worse
from harness.stats.power import design_effect, detectable_accuracy, mcnemar_power
from harness.stats.proportion import above, clopper_pearson, estimate, wilson
from harness.stats.rows import connor_rows, miller_rows
from harness.stats.slices import (
    SMALL_CLUSTERS,
    SMALL_N,
    Heterogeneity,
    Interaction,
    SliceMeans,
    heterogeneity,
    interaction,
    slice_means,
)
from harness.stats.table import Table
from harness.stats.tango_interval import tango

__all__ = [
    "SMALL_CLUSTERS",
    "SMALL_N",
    "AnytimeTest",
    "Columns",
    "Heterogeneity",
    "Interaction",
    "LetterBias",
    "MacroMean",
    "MarginTest",
    "Part",
    "SliceMeans",
    "Table",
    "above",
    "above_chance",
    "acc_macro",
    "benjamini_hochberg",
    "chance",
    "clopper_pearson",
    "connor_rows",
    "design_effect",
    "detectable",
    "detectable_accuracy",
    "difference",
    "e_needed",
    "equivalent",
    "estimate",
    "exchangeable",
    "heterogeneity",
    "holm",
    "interaction",
    "letter_bias",
    "log_paired_e",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "mcnemar_power",
    "miller_rows",
    "not_worse",
    "paired_e",
    "recall_spread",
    "remaining_interval",
    "rows_equivalent",
    "rows_not_worse",
    "sequential_above",
    "sequential_below",
    "sequential_bounds",
    "sequential_interval",
    "sequential_within",
    "slice_means",
    "tango",
    "wilson",
]
