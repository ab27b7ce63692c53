"""The nouns of the suite: frozen records without logic.

==========  ============================================================================
``row``     rows and their pictures, as loaded and as a mode shows them
``model``   what a model is sent, and what comes back: prompt, receipt, reply, reading
``number``  estimate, difference, claim
``case``    benchmarks, cases and their measurements
==========  ============================================================================
"""

from __future__ import annotations

from harness.records.case import Answer, Benchmark, Canary, Case, Harness, Measurement, Source
from harness.records.model import (
    AnswerKind,
    Call,
    ImagePart,
    Model,
    ModelSpec,
    Prompt,
    Read,
    Receipt,
    Reply,
    TextPart,
    Unread,
)
from harness.records.number import Baseline, Claim, Difference, Estimate, Verdict
from harness.records.row import (
    WITHOUT_IMAGES,
    WITHOUT_STEM,
    BadRow,
    ImageRef,
    Loaded,
    ModeName,
    Option,
    Row,
    RowKind,
    Telemetry,
)

__all__ = [
    "WITHOUT_IMAGES",
    "WITHOUT_STEM",
    "Answer",
    "AnswerKind",
    "BadRow",
    "Baseline",
    "Benchmark",
    "Call",
    "Canary",
    "Case",
    "Claim",
    "Difference",
    "Estimate",
    "Harness",
    "ImagePart",
    "ImageRef",
    "Loaded",
    "Measurement",
    "ModeName",
    "Model",
    "ModelSpec",
    "Option",
    "Prompt",
    "Read",
    "Receipt",
    "Reply",
    "Row",
    "RowKind",
    "Source",
    "Telemetry",
    "TextPart",
    "Unread",
    "Verdict",
]
