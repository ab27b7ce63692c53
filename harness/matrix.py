"""Which tests there are: benchmark x mode x model, the claims, the controls, the gates. No pytest in here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import evidence, mode, spec
from harness.options import Options
from harness.records import Benchmark, ModelSpec, ModeName

KINDS = ("measure", "claim", "control", "gate", "equivalence")
"""The fixtures that a bench asks for; each is a kind of test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one test is about: its kind, a benchmark, a mode or claim or baseline, and a model."""

    kind: str
    benchmark: Benchmark
    name: str
    model: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from every other: kind, benchmark, model, name."""
        return self.kind, self.benchmark.name, self.model, self.name


def matrix(kind: str, benchmark: Benchmark, chosen: Options) -> Iterator[tuple[str, Wanted]]:
    """Yield the test ids of one kind for one benchmark, with what each is about."""
    modes = asked_modes(benchmark, chosen)
    pairs: list[tuple[str, ModelSpec]]
    if kind == "measure":
        other = chosen.equivalent
        pairs = [
            (name, m)
            for m in unlike(chosen.specs)
            for name in modes_of(m, modes)
            if m is not other or name == "image_text"
        ]
    elif kind in ("claim", "control"):
        models = chosen.models if kind == "claim" else chosen.controls
        pairs = [
            (name, m)
            for m in models
            for name in evidence.offered(options=benchmark.options, modes=modes_of(m, modes))
            if kind == "claim" or name in evidence.OF_SIGHT
        ]
    else:
        base = chosen.baseline if kind == "gate" else chosen.equivalent
        for m in chosen.models if base is not None and "image_text" in modes else ():
            assert base is not None
            if kind == "equivalence" and m.answer != base.answer:
                continue
            yield f"{m.name}-vs-{base.name}", Wanted(kind=kind, benchmark=benchmark, name=base.name, model=m.name)
        return
    for name, m in pairs:
        yield f"{name}-{m.name}", Wanted(kind=kind, benchmark=benchmark, name=name, model=m.name)


def modes_of(model: ModelSpec, modes: Sequence[ModeName]) -> list[ModeName]:
    """Return the modes that a model can be asked in: one that scores pictures has no answer without one."""
    blind = not spec.needs_images(model.backend)
    return [name for name in modes if blind or mode.shows_images(name)]


BUNDLES: tuple[tuple[ModeName, ...], ...] = (
    ("image_text", "image_options", *mode.ROTATIONS),
    ("shuffled",),
    ("shuffled_hard", "blank", "text_only", "options_only"),
)
"""Modes that share most when one worker asks them: the same pictures and questions, and what is left over."""


def bundle(name: str, workers: int, models: int) -> str:
    """Return which modes a worker asks together, as a name that they have in common.

    Modes of one model share pictures and beginnings of prompts only within one process. With fewer workers than
    models all modes of a model stay together; with more of them they are dealt out, so that no worker stands idle.

    Parameters
    ----------
    name : str
        A mode.
    workers, models : int
        Processes of the run, and models that they measure.
    """
    parts = max(1, -(-workers // max(1, models)))
    if parts > len(BUNDLES):
        return name
    place = next(place for place, names in enumerate(BUNDLES) if name in names)
    return str(min(place, parts - 1))


def together(wanted: Wanted, chosen: Options, workers: int) -> str:
    """Return what cases of one benchmark and model have in common that are asked in one go.

    Cases that may stop early are asked in step; those of a model that shares work are asked in bundles; any other is
    asked alone.
    """
    if chosen.settings.until_decided:
        return ""
    backend = next((each.backend for each in chosen.specs if each.name == wanted.model), "")
    return bundle(wanted.name, workers, len(chosen.specs)) if backend and spec.mixes(backend) else wanted.name


def unlike(specs: Sequence[ModelSpec]) -> list[ModelSpec]:
    """Return each model once."""
    return list({entry.name: entry for entry in specs}.values())


def offered_modes(benchmark: Benchmark) -> tuple[ModeName, ...]:
    """Return the modes that a benchmark offers."""
    return mode.offered(options=benchmark.options, strata=benchmark.strata)


def asked_modes(benchmark: Benchmark, chosen: Options) -> tuple[ModeName, ...]:
    """Return the modes that this benchmark offers and the command line asks for."""
    return tuple(name for name in offered_modes(benchmark) if not chosen.modes or name in chosen.modes)


def nothing_selected(seen: Sequence[Benchmark], chosen: Options, expression: str) -> str:
    """Say what there is to select, where nothing was."""
    modes = sorted({name for b in seen for name in offered_modes(b)}, key=mode.NAMES.index)
    return (
        f"nothing is selected by -k {expression!r} and --mode {', '.join(chosen.modes) or '(all)'}. "
        f"Benchmarks: {', '.join(b.name for b in seen)}. Modes: {', '.join(modes)} (those without options have no "
        f"{', '.join(sorted(name for name in mode.NEED_OPTIONS if name in modes))}). Claims: "
        f"{', '.join(evidence.CLAIMS)}. Models: {', '.join(m.name for m in chosen.specs)}."
    )
