"""How often the suite is wrong: simulated benchmarks whose truth is known, judged by the code that judges real ones.

==============  ===============================================================================================
``design``      rows and clusters of the benchmarks that are imitated
``draw``        points with a known mean and a known correlation within clusters
``arrays``      the interval formulas over many simulated sets at once, checked against `harness.stats`
``cell``        what is measured, beside its target, and when the target counts as missed
``coverage``    how often the 95 % interval of one case holds the truth
``paired``      the same for the difference of two cases
``blind``       simulated models that do not see, and models that are exactly on a margin
``claims``      how often a claim about such a model is called supported
``gates``       how often a candidate that is worse by exactly the margin passes
``power``       whether the planned power is the power there is
``looks``       one case that may stop early, decided at every look at once
``stopping``    error rate and rows asked of such cases
``work``        jobs, each with a seed of its own, on two processes
``page``        all cells as one markdown page
==============  ===============================================================================================

``python -m harness.validate`` takes minutes, writes ``reports/validation.md`` and exits with 1 where a target is
missed. Nothing here is used by a run.
"""

from __future__ import annotations
