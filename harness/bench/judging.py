"""From a table of points to claims, ladders and patterns: the last step of the statistics benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from harness import judge
from harness.columns import Columns, Prior
from harness.evidence import evidence, needs, offered
from harness.ladder import rungs
from harness.limits import Limits
from harness.patterns import patterns
from harness.records import Case, Harness, ModeName

if TYPE_CHECKING:
    from harness.stats.table import Table

LIMITS = Limits()
OPTIONS = 5
HARNESS = Harness(**dict.fromkeys(Harness.__dataclass_fields__, "made"))


def claims(table: Table) -> None:
    """Every claim that the modes allow about every model as one family, and each model's ladder and patterns."""
    models, modes = ([*dict.fromkeys(names)] for names in zip(*table.columns, strict=True))
    asked = []
    for model in models:
        cases = {cast(ModeName, mode): _columns(table, str(model), cast(ModeName, mode)) for mode in modes}
        names = [name for name in offered(options=2, modes=list(cases)) if name != "saw_images"]
        asked += [evidence(name, [cases[mode] for mode in needs(name, 2)], LIMITS) for name in names]
        _read(cases)
    judge.family(asked, LIMITS)


def _read(cases: Mapping[ModeName, Columns]) -> None:
    rungs(cases, LIMITS)
    patterns(cases, None, LIMITS)


def _columns(table: Table, model: str, mode: ModeName) -> Columns:
    """A case of the table as the judge takes it; choices are made of the points, since a table has no letters."""
    of = table.case(model, mode)
    chosen = np.where(of.points == 1, 0, 1).astype(np.intp)
    return Columns(
        case=Case(benchmark="bench", mode=mode, model=model),
        title="Bench",
        faults=(),
        refused=False,
        harness=HARNESS,
        rows=tuple(of.rows.tolist()),
        clusters=np.unique(of.clusters, return_inverse=True)[1].astype(np.intp),
        points=of.points,
        chosen=chosen,
        places=chosen,
        options=np.full(len(of.rows), OPTIONS, dtype=np.intp),
        published=len(of.rows),
        sizes=np.array([], dtype=np.intp),
        baselines=(Prior(name="majority", title="a constant", points=(np.arange(len(of.rows)) % OPTIONS == 0) * 1.0),),
    )
