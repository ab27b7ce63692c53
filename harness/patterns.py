"""How the modes of one model, and a candidate and its base, read together: tables with thresholds that are stated.

"Higher" means an interval above zero and a test that agrees; "about the same" means two one-sided tests within the
declared margin, never a missing difference; "above a blind guess" means the whole interval; "near a blind guess" means
the 90 % interval within the margin around it. What is neither shown nor excluded is inconclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.claim import points, shown, span
from harness.columns import Columns, Floats, aligned, contrast, difference, estimate, mean_of, objection, within
from harness.errors import NotEstimable
from harness.ladder import read
from harness.limits import ALPHA, Limits
from harness.records import Difference, ModeName
from harness.rotation import Rotation

Holds = Literal["yes", "no", "inconclusive", "pending"]
Found = tuple[Holds, str]
"""Whether something holds, and the numbers behind it."""

ByMode = Mapping[ModeName, Columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One line of an interpretation table.

    Attributes
    ----------
    seen : str
        What would have to be seen.
    reading : str
        What it would mean.
    holds : str
        ``yes``, ``no``, ``inconclusive``, or ``pending`` where a mode was not measured.
    evidence : str
        The numbers behind it.
    """

    seen: str
    reading: str
    holds: Holds
    evidence: str


def patterns(by_mode: ByMode, turned: Rotation | None, limits: Limits) -> tuple[Pattern, ...]:
    """Return the interpretation table of one model on one benchmark."""
    higher = {name: _higher(by_mode, "image_text", name) for name in _AGAINST}
    same = {name: _same(by_mode, "image_text", name, limits) for name in _AGAINST}
    both = _and(higher["text_only"][0], higher["shuffled"][0])
    rows: list[tuple[str, str, Found]] = [
        ("image_text higher than text_only", "images likely help", higher["text_only"]),
        ("image_text higher than shuffled", "the right images matter", higher["shuffled"]),
        ("shuffled about the same as image_text", "the model may not use what the images show", same["shuffled"]),
        ("text_only about the same as image_text", "benchmark or model is dominated by text", same["text_only"]),
    ]
    if any(case.chance is not None for case in by_mode.values()):
        rows += [
            ("options_only above a blind guess", "the answer choices alone give something away", _prior(by_mode)),
            ("every mode near a blind guess", "the model does not solve the benchmark", _all_near(by_mode, limits)),
            (
                "the score collapses under rotation",
                "the model may use where an option stands",
                _collapse(by_mode, turned, limits),
            ),
            ("one letter is chosen more than another", "the model prefers some letters", _letters(turned)),
        ]
    rows.append(("image_text higher than both", "a gain that may be called multimodal", (both, "the first two lines")))
    return tuple(Pattern(seen=s, reading=r, holds=holds, evidence=e) for s, r, (holds, e) in rows)


_AGAINST: tuple[ModeName, ...] = ("text_only", "shuffled")


def _and(*each: Holds) -> Holds:
    order: tuple[Holds, ...] = ("no", "pending", "inconclusive")
    return next((value for value in order if value in each), "yes")


def _not(value: Holds) -> Holds:
    return {"yes": "no", "no": "yes"}.get(value, value)  # type: ignore[return-value]


def _found(by_mode: ByMode, first: ModeName, second: ModeName) -> tuple[Columns, Columns] | None:
    if first not in by_mode or second not in by_mode or objection([by_mode[first], by_mode[second]]):
        return None
    return by_mode[first], aligned(by_mode[first], by_mode[second])


def _higher(by_mode: ByMode, first: ModeName, second: ModeName) -> Found:
    found = _found(by_mode, first, second)
    return ("pending", "") if found is None else _verdict(difference(*found))


def _verdict(found: Difference) -> Found:
    if found.low > 0 and found.p <= ALPHA:
        return "yes", shown(found)
    return ("no" if found.high <= 0 else "inconclusive"), shown(found)


def _same(by_mode: ByMode, first: ModeName, second: ModeName, limits: Limits) -> Found:
    found = _found(by_mode, first, second)
    if found is None:
        return "pending", ""
    p = within(found[0], found[0].mean, found[1].mean, limits.same)
    text = f"within ±{100 * limits.same:g} points: p = {p:.3g} (two one-sided tests)"
    if p <= ALPHA:
        return "yes", text
    apart = difference(*found)
    outside = apart.low > limits.same or apart.high < -limits.same
    return ("no" if outside else "inconclusive"), text


def _prior(by_mode: ByMode) -> Found:
    case = by_mode.get("options_only")
    if case is None or case.faults or case.chance is None:
        return "pending", ""
    found = estimate(case)
    text = (
        f"{100 * found.value:.1f} % ({100 * found.low:.1f} to {100 * found.high:.1f}) against {100 * case.chance:.1f} %"
    )
    if found.low > case.chance:
        return "yes", text
    return "no" if found.high <= case.chance else "inconclusive", text


def _all_near(by_mode: ByMode, limits: Limits) -> Found:
    needed: tuple[ModeName, ...] = ("image_text", "text_only", "shuffled")
    if not all(name in by_mode and not by_mode[name].faults for name in needed):
        return "pending", ""
    each = {name: _near(by_mode[name], limits) for name in needed}
    return _and(*each.values()), ", ".join(f"{name}: {holds}" for name, holds in each.items())


def _near(case: Columns, limits: Limits) -> Holds:
    found = mean_of(case, case.mean, level=1 - 2 * ALPHA)
    chance = case.chance or 0.0
    if chance - limits.same < found.low and found.high < chance + limits.same:
        return "yes"
    return "no" if found.low > chance + limits.same or found.high < chance - limits.same else "inconclusive"


def _collapse(by_mode: ByMode, turned: Rotation | None, limits: Limits) -> Found:
    if turned is None:
        return "pending", ""
    lost, kept = turned.orders[0] - sum(turned.orders[1:]) / len(turned.orders[1:]), turned.kept
    text = (
        f"{points(-lost)} on average in the other orders; the same option in {100 * kept.value:.1f} % "
        f"({100 * kept.low:.1f} to {100 * kept.high:.1f})"
    )
    apart = turned.original.low - turned.mean.high
    if apart > limits.same:
        return "yes", text
    return ("no" if abs(lost) < limits.same and kept.low > limits.kept else "inconclusive"), text


def _letters(turned: Rotation | None) -> Found:
    if turned is None or turned.letters is None:
        return "pending", ""
    shares = ", ".join(f"{100 * share:.1f}" for share in turned.letters.shares)
    text = f"chosen {shares} % over all orders; p = {turned.letters.p:.3g} (Hotelling's T², by cluster)"
    return ("yes" if turned.letters.p <= ALPHA else "inconclusive"), text


# ------------------------------------------------------------------------------------ candidate and base


def against_base(candidate: Mapping[str, ByMode], base: Mapping[str, ByMode], limits: Limits) -> tuple[Pattern, ...]:
    """Return how a candidate reads against the model that it was made from, over all benchmarks.

    Parameters
    ----------
    candidate, base : mapping of str to mapping of mode to Columns
        Benchmark -> mode -> columns.
    """
    both = [name for name in candidate if name in base]
    short = [name for name in both if any(case.chance is None for case in candidate[name].values() if case.rows)]
    choice = [name for name in both if name not in short]
    text = _gains(candidate, base, both, "text_only", limits)
    image = {name: _gain(candidate[name], base[name], "image_text", limits) for name in both}
    sight = {name: _grounding(candidate[name], base[name], limits) for name in both}
    seen = _any(sight)
    shorts, choices = _any({n: image[n] for n in short}), _any({n: image[n] for n in choice})
    none = _every({name: (_not(found[0]), found[1]) for name, found in image.items()})
    rows: list[tuple[str, str, Found]] = [
        (
            "better in text_only, and not by the images",
            "better medical language, or a prior over choices",
            _only(_any(text), seen),
        ),
        ("better by the right images than by foreign ones", "better visual grounding", seen),
        ("better on sets with short answers", "better short-answer medical VQA", shorts),
        (
            "better on sets with options, not on those with short answers",
            "better choice among answers, weaker grounding",
            _only(choices, shorts),
        ),
        ("not better than the base on any set", "the fine-tuning may not be effective", none),
    ]
    return tuple(Pattern(seen=s, reading=r, holds=holds, evidence=e) for s, r, (holds, e) in rows)


def _gains(
    candidate: Mapping[str, ByMode], base: Mapping[str, ByMode], names: Sequence[str], mode: ModeName, limits: Limits
) -> dict[str, Found]:
    return {name: _gain(candidate[name], base[name], mode, limits) for name in names}


def _gain(candidate: ByMode, base: ByMode, mode: ModeName, limits: Limits) -> Found:
    """Whether the candidate is higher in a mode: 'no' where it is lower, or about the same by the margin."""
    if mode not in candidate or mode not in base or objection([candidate[mode], base[mode]]):
        return "pending", ""
    left, right = candidate[mode], aligned(candidate[mode], base[mode])
    return _shown(left, left.mean, right.mean, limits)


def _grounding(candidate: ByMode, base: ByMode, limits: Limits) -> Found:
    """Whether the gap between right and foreign images grew, row by row."""
    needed: tuple[ModeName, ...] = ("image_text", "shuffled")
    cases = [by_mode[name] for by_mode in (candidate, base) for name in needed if name in by_mode]
    if len(cases) < 4 or objection(cases):
        return "pending", ""
    own, foreign, base_own, base_foreign = (aligned(cases[0], case).mean for case in cases)
    # halves of the two gaps are in [0, 1] around 1/2, as points are; the difference is doubled again below
    gap, base_gap = (own - foreign + 1) / 2, (base_own - base_foreign + 1) / 2
    return _shown(cases[0], gap, base_gap, limits, scale=2.0)


def _shown(of: Columns, left: Floats, right: Floats, limits: Limits, scale: float = 1.0) -> Found:
    try:
        found = contrast(of, left, right)
        same = within(of, left, right, limits.same / scale)
    except NotEstimable:
        return "pending", ""
    text = f"{points(scale * found.value)} ({span(scale * found.low, scale * found.high)})"
    words = read(found, same)
    return {"higher": "yes", "lower": "no", "about the same": "no"}.get(words, "inconclusive"), text  # type: ignore[return-value]


def _any(each: Mapping[str, Found]) -> Found:
    """Holds where it does on any benchmark; 'no' only where it is excluded on every one of them."""
    known = {name: found for name, found in each.items() if found[0] != "pending"}
    if not known:
        return "pending", ""
    text = "; ".join(f"{name} {found[1]}: {found[0]}" for name, found in known.items())
    values = [found[0] for found in known.values()]
    return ("yes" if "yes" in values else "inconclusive" if "inconclusive" in values else "no"), text


def _every(each: Mapping[str, Found]) -> Found:
    known = {name: found for name, found in each.items() if found[0] != "pending"}
    if not known:
        return "pending", ""
    text = "; ".join(f"{name} {found[1]}" for name, found in known.items())
    return _and(*(found[0] for found in known.values())), text


def _only(first: Found, second: Found) -> Found:
    return _and(first[0], _not(second[0])), "; ".join(text for text in (first[1], second[1]) if text)
