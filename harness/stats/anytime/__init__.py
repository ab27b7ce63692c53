"""Statistics that stay valid however often somebody looks: a run may stop a case as soon as one of them has decided.

==================  ===========================================================================================
``e_values``        the evidence of discordant pairs, and how a family of claims shares its alpha
``bets``            row mean above, below or within a bound: tests by betting, and the bounds that belong to them
``purses``          how much those bets stake
``sequence``        intervals that hold at every moment: of the row mean, and of the score of the whole list
``asked``           cluster totals in asking order, shared by the above
==================  ===========================================================================================

Conventions: whole clusters are asked, in an order drawn by a seed before the first of them; ``values`` holds the sum
of points (or of paired differences) of each cluster asked so far, and ``sizes`` the rows of each cluster, which may
go on to clusters that are not asked yet. A list in its published order, often sorted by topic, supports none of this.

An e-value is what a gambler has made of one unit by betting against the null hypothesis at fair odds. Under the null
its expectation never exceeds one, so it ever reaches 1 / alpha with a probability of at most alpha (Ville's
inequality): that is why one may look after every cluster, and go on or stop for any reason.

**Decisions are about the next cluster, not about the list.** The null hypothesis of a claim is that questions like
these have a row mean of at most so much; the clusters asked are draws from them, and a published list in random order
is such a sequence of draws. Betting without replacement would test another thing, the mean of this one list, and that
is known without any error once every row is asked: a model that is right on 1,001 of 2,000 rows *is* above half of
the list, and a test without replacement says so with all certainty at the last row, whatever a second list would
show. So that form is used to display the score of the whole list before it is finished, and never to decide a claim.
"""

from __future__ import annotations

from harness.stats.anytime.bets import (
    AnytimeTest,
    sequential_above,
    sequential_below,
    sequential_bounds,
    sequential_within,
)
from harness.stats.anytime.e_values import e_needed, log_paired_e, paired_e
from harness.stats.anytime.sequence import remaining_interval, sequential_interval

__all__ = [
    "AnytimeTest",
    "e_needed",
    "log_paired_e",
    "paired_e",
    "remaining_interval",
    "sequential_above",
    "sequential_below",
    "sequential_bounds",
    "sequential_interval",
    "sequential_within",
]
