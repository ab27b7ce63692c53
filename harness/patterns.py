"""How the modes of one model read together: the interpretation table, with thresholds that are stated.

"Higher" means an interval above zero and a test that agrees; "about the same" means two one-sided tests within the
margin, never a missing difference; "above a blind guess" means the interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness import judge, stats
from harness.claim import ALPHA, Limits, faults, shown
from harness.records import Difference, Measurement, ModeName

Holds = Literal["yes", "no", "undecided", "pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One line of the interpretation table.

    Attributes
    ----------
    seen : str
        What would have to be seen.
    reading : str
        What it would mean.
    holds : str
        ``yes``, ``no``, ``undecided``, or ``pending`` where a mode was not measured.
    evidence : str
        The difference or the estimates behind it.
    """

    seen: str
    reading: str
    holds: Holds
    evidence: str


def patterns(by_mode: Mapping[ModeName, Measurement], limits: Limits) -> tuple[Pattern, ...]:
    """Return the interpretation table of one model on one benchmark."""
    sound = {name: m for name, m in by_mode.items() if not faults(m, limits)}
    higher = {name: _higher(sound, "image_text", name) for name in ("text_only", "shuffled")}
    same = {name: _same(sound, "image_text", name, limits) for name in ("text_only", "shuffled")}
    both = _and(higher["text_only"][0], higher["shuffled"][0])
    rows = [
        ("image_text higher than text_only", "images likely help", *higher["text_only"]),
        ("image_text higher than shuffled", "the right images matter", *higher["shuffled"]),
        ("shuffled about the same as image_text", "the model may not use what the images show", *same["shuffled"]),
        ("text_only about the same as image_text", "benchmark or model is dominated by text", *same["text_only"]),
    ]
    if any(m.chance is not None for m in by_mode.values()):
        rows.append(
            ("options_only above a blind guess", "the answer choices alone give something away", *_prior(sound))
        )
        rows.append(("every mode near a blind guess", "the model does not solve the benchmark", *_all_near(sound)))
    rows.append(("image_text higher than both", "a gain that may be called multimodal", both, "both lines above"))
    return tuple(Pattern(seen=s, reading=r, holds=h, evidence=e) for s, r, h, e in rows)


def _and(first: Holds, second: Holds) -> Holds:
    for value in ("pending", "no", "undecided"):
        if value in (first, second):
            return value
    return "yes"


def _found(
    sound: Mapping[ModeName, Measurement], first: ModeName, second: ModeName
) -> tuple[Measurement, Measurement, Difference] | None:
    if first not in sound or second not in sound or judge.unequal(sound[first].harness, sound[second].harness):
        return None
    return sound[first], sound[second], judge.difference(sound[first], sound[second])


def _higher(sound: Mapping[ModeName, Measurement], first: ModeName, second: ModeName) -> tuple[Holds, str]:
    found = _found(sound, first, second)
    if found is None:
        return "pending", ""
    difference = found[2]
    if difference.low > 0 and difference.p <= ALPHA:
        return "yes", shown(difference)
    return ("no" if difference.high <= 0 else "undecided"), shown(difference)


def _same(
    sound: Mapping[ModeName, Measurement], first: ModeName, second: ModeName, limits: Limits
) -> tuple[Holds, str]:
    found = _found(sound, first, second)
    if found is None:
        return "pending", ""
    one, other, difference = found
    p = stats.equivalent(*judge.paired(one, other), margin=limits.same).p
    text = f"within ±{100 * limits.same:g} points: p = {p:.3g} (two one-sided tests)"
    if p <= ALPHA:
        return "yes", text
    outside = difference.low > limits.same or difference.high < -limits.same
    return ("no" if outside else "undecided"), text


def _prior(sound: Mapping[ModeName, Measurement]) -> tuple[Holds, str]:
    measurement = sound.get("options_only")
    if measurement is None or measurement.chance is None:
        return "pending", ""
    found = judge.estimate(measurement.answers, judge.primary(measurement))
    interval = f"{100 * found.low:.1f} to {100 * found.high:.1f}"
    text = f"{100 * found.value:.1f} % ({interval}) against {100 * measurement.chance:.1f} %"
    if found.low > measurement.chance:
        return "yes", text
    return "no" if found.high <= measurement.chance else "undecided", text


def _all_near(sound: Mapping[ModeName, Measurement]) -> tuple[Holds, str]:
    needed: tuple[ModeName, ...] = ("image_text", "text_only", "shuffled")
    if not all(name in sound for name in needed):
        return "pending", ""
    near = {}
    for name in needed:
        found = judge.estimate(sound[name].answers, judge.primary(sound[name]))
        chance = sound[name].chance or 0.0
        near[name] = found.low <= chance <= found.high
    return ("yes" if all(near.values()) else "no"), ", ".join(
        f"{name}: {'holds' if hit else 'does not hold'} the chance level" for name, hit in near.items()
    )
