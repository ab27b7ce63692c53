"""A Ray cluster: joined or started, and what of it each actor gets.

Everything that crosses it is serialized by Ray, with pickle, between processes that the user's own cluster runs;
nothing that was published or downloaded travels this way but as pixels and text.
"""

from __future__ import annotations

import importlib
import os
import socket
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ModelError

MIB = 2**20

STORED = 512 * MIB
"""Bound on the pictures kept in the object store for later batches; less where the store is small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What ``--engine ray`` asks for.

    Attributes
    ----------
    address : str
        ``HOST:PORT`` of a cluster; empty for that of RAY_ADDRESS, else one that runs here, else a new one.
    actors : int
        Models to open; 0 for as many as the cluster has room for.
    gpus, cpus : float or None
        Of each actor; None for one GPU where there are any, and for a fair share of a node's cores.
    """

    address: str = ""
    actors: int = 0
    gpus: float | None = None
    cpus: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many actors there will be, and what each of them holds."""

    actors: int
    gpus: float
    cpus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A living machine of the cluster."""

    name: str
    cpus: float
    gpus: float


class Cluster:
    """A connection, shared by the models of this process, and closed behind the last one that uses it."""

    _joined = 0
    _ours = False
    _lock = threading.Lock()

    def __init__(self, address: str) -> None:
        # Ray's libraries are imported nowhere else: what is installed of them differs
        self.ray: Any = importlib.import_module("ray")
        with Cluster._lock:
            if not self.ray.is_initialized():
                _connect(self.ray, address)
                Cluster._ours = True
            else:
                self._hold_to(address)
            Cluster._joined += 1
        self._open = True

    @property
    def version(self) -> str:
        """Major and minor version of Ray."""
        return ".".join(str(self.ray.__version__).split(".")[:2])

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The living machines."""
        return tuple(_node(told) for told in self.ray.nodes() if told["Alive"])

    @property
    def store(self) -> int:
        """Bytes of the object store that pictures may take."""
        held = float(self.ray.cluster_resources().get("object_store_memory", 0.0))
        return min(STORED, int(held / max(1, len(self.nodes)) / 4)) or STORED

    def leave(self) -> None:
        """Leave; behind the last model, a connection that was made here is closed."""
        with Cluster._lock:
            if not self._open:
                return
            self._open = False
            Cluster._joined -= 1
            if not Cluster._joined and Cluster._ours:
                Cluster._ours = False
                self.ray.shutdown()

    def _hold_to(self, address: str) -> None:
        here = str(self.ray.get_runtime_context().gcs_address)
        if address and address != here:
            raise ModelError(
                f"--engine ray:{address}: this process has joined the cluster at {here} already, but should be in one "
                "alone: end it first, or leave the address out"
            )


def plan(wanted: Wanted, nodes: tuple[Node, ...]) -> Plan:
    """Settle how many actors there will be, and what each of them holds.

    Parameters
    ----------
    wanted : Wanted
        What is not said is settled from the nodes: one GPU an actor where there are any and as many actors as GPUs
        and cores allow; else one actor a node. The cores of a node are shared out among its actors.
    nodes : tuple of Node
        The living ones.

    Raises
    ------
    ModelError
        No node has what an actor asks for.
    """
    gpus = wanted.gpus if wanted.gpus is not None else float(any(node.gpus >= 1 for node in nodes))
    # a node without cores, as the head of a cluster often is, is meant to hold nothing
    able = [node for node in nodes if node.gpus >= gpus and node.cpus >= (1 if wanted.cpus is None else wanted.cpus)]
    if not able:
        asked = f"{gpus:g} GPU(s)" + (f" and {wanted.cpus:g} core(s)" if wanted.cpus else "")
        there = "; ".join(f"{node.name} has {node.gpus:g} GPU(s) and {node.cpus:g} core(s)" for node in nodes)
        raise ModelError(
            f"--engine ray: an actor asks for {asked}, but no node has them ({there or 'there is no node'}): ask for "
            "less with ?gpus= and ?cpus=, or start Ray with --num-gpus and --num-cpus"
        )
    each = [max(1, int(node.gpus // gpus)) if gpus else 1 for node in able]
    if wanted.cpus:
        each = [int(min(count, node.cpus // wanted.cpus)) for count, node in zip(each, able, strict=True)]
    cpus = wanted.cpus
    if cpus is None:
        cpus = float(min(int(node.cpus // count) for count, node in zip(each, able, strict=True)))
    return Plan(actors=wanted.actors or sum(each), gpus=gpus, cpus=cpus)


def _connect(ray: Any, address: str) -> None:
    """Join a cluster, or start one of this machine's cores and GPUs.

    Whether anybody listens is asked first: Ray itself waits minutes for an address where nobody does.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    named, started = address or os.environ.get("RAY_ADDRESS", ""), _started_here()
    if named in ("", "auto"):
        # what a cluster that is gone left behind is not waited for
        named = started if _listens(started) else ""
    elif named != "local" and not _listens(named):
        raise _nobody(address, named, "nobody listens there")
    try:
        ray.init(address=named or "local", log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    except Exception as cause:  # ConnectionError, RuntimeError, ValueError, by the way in which it is not there
        told = " ".join(str(cause).split())[:300]
        raise _nobody(address, named, f"{type(cause).__name__}: {told}") from cause


def _started_here() -> str:
    """Address of the last cluster that was started on this machine, as Ray notes it; empty for none."""
    note = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()) / "ray" / "ray_current_cluster"
    try:
        return note.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _listens(address: str) -> bool:
    """Whether anybody listens at ``HOST:PORT``."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return False
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, OverflowError):
        return False
    return True


def _nobody(address: str, named: str, why: str) -> ModelError:
    do = (
        "start it there with `ray start --head`, and join it on this machine with `ray start --address=HOST:PORT`"
        if named not in ("", "local")
        else "free memory and disk, or name a cluster with --engine ray:HOST:PORT"
    )
    return ModelError(
        f"--engine ray{':' if address else ''}{address}: no cluster answers at {named or 'this machine'} ({why}), but "
        f"one should: {do}"
    )


def _node(told: Mapping[str, Any]) -> Node:
    held: Mapping[str, float] = told.get("Resources") or {}
    name = str(told.get("NodeManagerHostname") or told.get("NodeManagerAddress"))
    return Node(name=name, cpus=float(held.get("CPU", 0)), gpus=float(held.get("GPU", 0)))
