"""Measurements of a run to results: plain JSON with every number that a table shows, and how it came about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness import codec, evidence, judge
from harness.columns import Columns, columns
from harness.limits import Limits
from harness.patterns import against_base
from harness.quoted import Quoted, table
from harness.records import Claim, Measurement, ModeName
from harness.report import cases, engines, pairs
from harness.report.calls import calls
from harness.report.ways import ways

ORDER = {name: place for place, name in enumerate(ModeName.__args__)}  # type: ignore[attr-defined]
BASE_MODES: tuple[ModeName, ...] = ("text_only", "image_text", "shuffled")

Measured = dict[str, dict[str, dict[ModeName, Measurement]]]
"""Benchmark -> model -> mode."""
InColumns = dict[str, dict[str, dict[ModeName, Columns]]]
Key = tuple[str, str, str, str]


def results(
    declared: Mapping[str, Any], measurements: Iterable[Measurement], quoted: Sequence[Quoted] = ()
) -> dict[str, Any]:
    """Return the results of a run.

    Parameters
    ----------
    declared : mapping
        What was written down before the first row was asked; see ``declare``.
    measurements : iterable of Measurement
        Of the run.
    quoted : sequence of Quoted
        Published numbers, listed beside the run's own and compared with none.
    """
    limits = Limits(**declared["limits"])
    roles: Mapping[str, str] = declared["roles"]
    measured = _grouped(measurements, list(roles))
    every = [m for models in measured.values() for by_mode in models.values() for m in by_mode.values()]
    made = {
        b: {m: {n: columns(c, limits) for n, c in by_mode.items()} for m, by_mode in models.items()}
        for b, models in measured.items()
    }
    found: dict[str, Any] = {"declared": dict(declared), "data": {}, "cases": [], "pairs": []}
    for benchmark, models in measured.items():
        any_case = next(m for by_mode in models.values() for m in by_mode.values())
        found["data"][benchmark] = {"title": any_case.title} | codec.plain(any_case.telemetry)
        first = cases.reference(made[benchmark])
        for name, by_mode in models.items():
            role, of = roles.get(name, "model"), made[benchmark][name]
            found["cases"] += [cases.entry(m, of[mode], first, role) for mode, m in by_mode.items()]
            found["pairs"].append(pairs.entry(by_mode, of, role, limits))
    family: list[Key] = [(kind, benchmark, model, name) for kind, benchmark, model, name in declared["family"]]
    verdicts = _verdicts(family, measured, made, declared, limits)
    titles = {
        b: next(m.title for by_mode in models.values() for m in by_mode.values()) for b, models in measured.items()
    }
    found["claims"] = [_claim(key, verdicts[key], titles) for key in family if key in verdicts and key[0] != "gate"]
    beside = {key: both for key in family if key[0] == "equivalence" and (both := _sides(key, measured)) is not None}
    found["canaries"] = engines.canaries(every, roles, limits)
    found["equivalence"] = [engines.side_by_side(*both, limits) for both in beside.values()]
    found["ways"] = ways(every, limits)
    found["calls"] = calls(every)
    found["reuse"] = engines.reuse(every)
    found["gates"] = [
        codec.plain(verdicts[key])
        | {"baseline": key[3], "title": titles[key[1]], "passed": verdicts[key].verdict == "supported"}
        for key in family
        if key in verdicts and key[0] == "gate"
    ]
    found["pending"] = [list(key) for key in family if key not in verdicts and key not in beside]
    found["base"] = _base(made, declared, limits)
    found["quoted"] = table(quoted, found["cases"]) if quoted else []
    return found


def _grouped(measurements: Iterable[Measurement], names: list[str]) -> Measured:
    """Measurements by benchmark, model and mode: models in the order declared, modes in that of tables."""
    groups: Measured = defaultdict(lambda: defaultdict(dict))
    for m in measurements:
        groups[m.case.benchmark][m.case.model][m.case.mode] = m
    place = {name: number for number, name in enumerate(names)}
    return {
        benchmark: {
            model: dict(sorted(groups[benchmark][model].items(), key=lambda entry: ORDER[entry[0]]))
            for model in sorted(groups[benchmark], key=lambda model: place.get(model, len(place)))
        }
        for benchmark in groups
    }


def _verdicts(
    family: list[Key], measured: Measured, made: InColumns, declared: Mapping[str, Any], limits: Limits
) -> dict[Key, Claim]:
    """Judge every declared claim whose cases are here, each within its family."""
    found: dict[Key, evidence.Evidence] = {}
    gates: dict[str, dict[Key, judge.Gate]] = defaultdict(dict)
    for key in family:
        kind, benchmark, model, name = key
        models = made.get(benchmark, {})
        if kind == "gate":
            sides = [models.get(side, {}).get("image_text") for side in (model, name)]
            if sides[0] is not None and sides[1] is not None:
                gates[benchmark][key] = judge.gate(sides[0], sides[1], policy=declared["policy"], limits=limits)
        elif kind != "equivalence":
            own, options = measured.get(benchmark, {}).get(model, {}), declared["options"][benchmark]
            each = _evidence(name, own, models.get(model, {}), options, limits)
            found |= {} if each is None else {key: each}
    claims = {key: each for key, each in found.items() if key[0] == "claim"}
    verdicts = dict(zip(claims, judge.family(list(claims.values()), limits), strict=True))
    verdicts |= {key: judge.alone(each, limits) for key, each in found.items() if key[0] == "control"}
    for held in gates.values():
        judged = judge.gates(list(held.values()), policy=declared["policy"], limits=limits)
        verdicts |= zip(held, judged, strict=True)
    return verdicts


def _evidence(
    name: str, by_mode: Mapping[ModeName, Measurement], of: Mapping[ModeName, Columns], options: int, limits: Limits
) -> evidence.Evidence | None:
    """The evidence of a claim; None where a case that it needs was not measured."""
    if any(mode not in of for mode in evidence.needs(name, options)):
        return None
    return evidence.gathered(name, options, by_mode.__getitem__, of.__getitem__, limits)


def _sides(key: Key, measured: Measured) -> tuple[Measurement, Measurement] | None:
    """Return image_text of the two models that a key names; None where one was not measured."""
    _, benchmark, *names = key
    models = measured.get(benchmark, {})
    first, second = (models.get(name, {}).get("image_text") for name in names)
    return None if first is None or second is None else (first, second)


def _claim(key: Key, claim: Claim, titles: Mapping[str, str]) -> dict[str, Any]:
    kind = key[0]
    refused = claim.verdict in ("refuted", "inconclusive")
    plain: dict[str, Any] = codec.plain(claim)
    return plain | {
        "role": "control" if kind == "control" else "model",
        "passed": refused if kind == "control" else claim.verdict == "supported",
        "title": titles[key[1]],
    }


def _base(made: InColumns, declared: Mapping[str, Any], limits: Limits) -> list[dict[str, Any]]:
    """Return how each model reads against the baseline, over all benchmarks."""
    base = declared["baseline"]
    own = {benchmark: models[base] for benchmark, models in made.items() if base in models}
    found = []
    for name, role in declared["roles"].items():
        theirs = {benchmark: models[name] for benchmark, models in made.items() if name in models}
        if role == "model" and name != base and own and theirs:
            found.append(
                {
                    "model": name,
                    "baseline": base,
                    "gaps": pairs.gap(theirs, own, BASE_MODES),
                    "patterns": codec.plain(against_base(theirs, own, limits)),
                }
            )
    return found
