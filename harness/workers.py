"""The processes of one run: which of pytest-xdist's workers this is, what it is handed, and what it may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness import devices
from harness.board import Sender
from harness.errors import UsageError


def this(config: pytest.Config) -> dict[str, Any] | None:
    """Return what xdist tells the worker that this process is; None in the controller and without xdist."""
    found: dict[str, Any] | None = getattr(config, "workerinput", None)
    return found


def count(config: pytest.Config) -> int:
    """Return how many processes share the tests of this run."""
    worker = this(config)
    return int(worker["workercount"]) if worker is not None else 1


class Handed:
    """Hands the name of the run to the workers; a plugin of the controller."""

    def __init__(self, name: str) -> None:
        self._name = name

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Called by xdist for every worker that it starts."""
        node.workerinput["sightcheck_run"] = self._name


def check(config: pytest.Config, engine: str) -> None:
    """Refuse workers beside an engine that spreads the rows itself, and devices that cannot be shared out.

    Raises
    ------
    UsageError
        Before any worker is started.
    """
    devices.visible(os.environ, lambda: devices.Devices(variable="", names=()))
    several = int(getattr(config.option, "numprocesses", 0) or 0)
    if engine and several > 1:
        raise UsageError(
            f"--engine {engine}: got -n {several} beside it, but the rows of a case are spread over the cluster "
            "already. Leave -n out."
        )


def settle(config: pytest.Config, folder: Path) -> Sender:
    """Give this worker its share of cores and devices, before torch looks for any, and a board to write on."""
    worker = this(config)
    assert worker is not None
    name, several = str(worker["workerid"]), count(config)
    # each worker would else take a thread a core, and they would wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // several)))
    sender = Sender(folder, name)
    bound = devices.bind(int(name.removeprefix("gw")), several, os.environ)
    os.environ.update(bound.variables)
    if bound.said:
        sender.say(bound.said)
    return sender
