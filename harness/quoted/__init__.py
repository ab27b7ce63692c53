"""Published numbers of model cards and leaderboards: listed, and never compared.

A file of quoted numbers is TOML. Model, benchmark, metric, value and source are required; where n or split is not
published, it is written ``"not stated"``, and shown so::

    [[quoted]]
    model = "MedGemma 4B"
    benchmark = "MedXpertQA (text+MM)"
    metric = "accuracy"
    value = 18.8                 # in percent, or with unit = "share" from 0 to 1
    split = "test"
    n = 4450
    source = "https://arxiv.org/abs/2507.05201"
    date = 2025-07-07
    note = "one number for both parts"

What keeps such a number from being held against a measurement is said in the words of `harness.records.Harness`.
"""

from __future__ import annotations

from harness.quoted.entries import NOT_STATED, Quoted, read
from harness.quoted.objections import objections, table

__all__ = ["NOT_STATED", "Quoted", "objections", "read", "table"]
