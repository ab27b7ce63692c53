"""Backend ``zoo``: deterministic stubs of known truth, on which the suite is tested for the right verdicts.

``zoo:<name>[?option=value&...]``, see `stubs.ZOO` for the names and OPTIONS for the options. None of them is a
model: each answers by a rule that says what it looks at, from what the prompt shows and from what it was told of
the published rows. So the score of each in each mode has a closed form, and so has every verdict; `expected`
states both.

    prompt -> seen.read -> Seen -> stubs.ZOO[name] with a Mind -> text -> model.ZooModel adds receipts -> Reply
"""

from __future__ import annotations

from harness.backends.zoo.model import ZooModel, open_model
from harness.backends.zoo.stubs import OPTIONS

__all__ = ["OPTIONS", "ZooModel", "open_model"]
