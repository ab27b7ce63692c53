"""Where a model runs: in this process, or on the machines of a Ray cluster.

An engine is no backend: it opens whatever ``--model`` names, and answers with the same replies under the same
ledger keys, so that a case begun without it goes on with it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from urllib.parse import parse_qsl

from harness import spec as specs
from harness.engine.cluster import Wanted
from harness.errors import UsageError
from harness.records import Model, ModelSpec

FORM = "ray[:HOST:PORT][?actors=N&gpus=N&cpus=N]"

__all__ = ["FORM", "open_engine", "parse"]


def open_engine(spec: ModelSpec, engine: str = "") -> Model:
    """Open a model on an engine. Cheap: no cluster is joined before the first row is asked.

    Parameters
    ----------
    spec : ModelSpec
        What ``--model`` said.
    engine : str
        What ``--engine`` said: empty for this process, else of `FORM`.

    Raises
    ------
    UsageError
        There is no such engine, it is not installed, or an option of it cannot be read; or as the backend raises.
    ModelError
        As the backend raises.
    """
    if not engine:
        return specs.open_model(spec)
    wanted = parse(engine)
    from harness.engine.ray import RayModel

    model = RayModel(spec, wanted)
    if model.by_itself:
        raise UsageError(
            f"--engine {engine}: {spec.backend} asks a server, in several lanes of its own, but ray is for models that "
            f"are opened: leave --engine out for {spec.name}"
        )
    return model


def parse(engine: str) -> Wanted:
    """Read one ``--engine`` value.

    ``actors`` are how many models to open, 0 for as many as the cluster has room for; ``gpus`` and ``cpus`` what each
    of them holds, where a share of a GPU such as 0.5 puts several on one.

    Raises
    ------
    UsageError
        As `open_engine`.
    """
    head, _, query = engine.partition("?")
    name, _, address = head.partition(":")
    if name != "ray":
        raise UsageError(f"--engine {engine}: there is no engine '{name}', but should be {FORM}: leave it out for none")
    if importlib.util.find_spec("ray") is None:
        raise UsageError(f"--engine {engine}: ray is not installed, but should be: pip install 'sightcheck[ray]'")
    given = dict(parse_qsl(query, keep_blank_values=True, separator="&"))
    if unknown := sorted(given.keys() - {"actors", "gpus", "cpus"}):
        raise UsageError(f"--engine {engine}: '{unknown[0]}' is no option of ray, but should be of {FORM}")
    actors, gpus, cpus = (_number(engine, given, option) for option in ("actors", "gpus", "cpus"))
    if actors is not None and actors != int(actors):
        raise UsageError(f"--engine {engine}: actors is {actors}, but should be a whole number such as 4")
    if gpus is not None and gpus > 1 and gpus != int(gpus):
        raise UsageError(f"--engine {engine}: gpus is {gpus}, but should be whole, or a share below 1 such as 0.5")
    return Wanted(address=address, actors=int(actors or 0), gpus=gpus, cpus=cpus)


def _number(engine: str, given: Mapping[str, str], option: str) -> float | None:
    """A count of 0 or more; None where it is not given."""
    if option not in given:
        return None
    try:
        value = float(given[option])
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"--engine {engine}: {option} is '{given[option]}', but should be a number such as 2")
    return value
