"""Which devices belong to which worker of pytest-xdist, settled before torch is imported.

    environment, else the machine -> visible -> share of one worker -> variables that show it no other device

Every worker opens the models itself. Without a share of its own each would put them on the first device, and the
others would idle. Nothing here imports torch: its runtime reads the variables once, when it starts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import R_OK, access
from pathlib import Path

from harness.errors import UsageError

CUDA, HIP, ROCR = "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"

_INDEX = re.compile(r"\d+")
_UUID = re.compile(r"(?:GPU|MIG)-\S+")
_LISTED = re.compile(r"UUID: ((?:GPU|MIG)-[^)\s]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """The devices that a process may use.

    Attributes
    ----------
    variable : str
        Environment variable by which they are chosen; empty where there is none to choose.
    names : tuple of str
        Index, UUID or MIG id of each, as the variable takes them, in order.
    """

    variable: str
    names: tuple[str, ...]


Listing = Callable[[], Devices]
"""Reads what the machine has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What binds one worker to its devices.

    Attributes
    ----------
    variables : mapping of str to str
        To set before torch is imported; empty where there is nothing to share out.
    said : str
        One sentence for the log; empty where there is nothing to say.
    """

    variables: Mapping[str, str]
    said: str


def visible(environment: Mapping[str, str], listing: Listing) -> Devices:
    """Return the devices that this process may use.

    Parameters
    ----------
    environment : mapping of str to str
        ``CUDA_VISIBLE_DEVICES`` (which AMD's runtime reads as well), ``HIP_VISIBLE_DEVICES`` and
        ``ROCR_VISIBLE_DEVICES`` are honoured, in this order: the last filters before the others do. Empty means none.
    listing : callable
        Asked only where none of the three is set.

    Raises
    ------
    UsageError
        A device that a variable names twice, so that CUDA would show none; the first two both set, and not to the same.

    Notes
    -----
    As in CUDA's programming guide, a list ends before its first entry that is neither an index nor a UUID (``-1``,
    ``NoDevFiles``), and indices and UUIDs are not mixed.
    """
    variable = next((name for name in (CUDA, HIP, ROCR) if name in environment), "")
    if not variable:
        return listing()
    if variable == CUDA and environment.get(HIP, environment[CUDA]) != environment[CUDA]:
        raise UsageError(
            f"{CUDA} is '{environment[CUDA]}' and {HIP} is '{environment[HIP]}', but both name the devices of a "
            "process and should be the same: unset the one that is not meant"
        )
    return Devices(variable=variable, names=_named(variable, environment[variable]))


def share(names: Sequence[str], worker: int, workers: int) -> tuple[str, ...]:
    """Return the devices of one worker.

    With as many devices as workers or more, each worker has a block of its own, all equally long but for the first
    ones, which take what is left over: every device has exactly one owner. With fewer devices than workers they go
    round, one a worker: two workers on one device hold two copies of the weights there.

    Parameters
    ----------
    names : sequence of str
        The devices to share out.
    worker : int
        From 0.
    workers : int
        More than ``worker``.
    """
    if not 0 <= worker < workers:
        raise UsageError(f"worker {worker} of {workers}: but workers are counted from 0 to {workers - 1}: check -n")
    if workers > len(names):
        return (names[worker % len(names)],) if names else ()
    each, rest = divmod(len(names), workers)
    start = worker * each + min(worker, rest)
    return tuple(names[start : start + each + (worker < rest)])


def bind(worker: int, workers: int, environment: Mapping[str, str], listing: Listing | None = None) -> Bound:
    """Return the variables that show a worker its own devices and no others.

    Indices come with ``CUDA_DEVICE_ORDER=PCI_BUS_ID``, unless an order is set, so that they mean the devices that
    ``nvidia-smi`` lists under them. Within a worker the devices are counted from 0 again: ``cuda:0`` is its first.

    Parameters
    ----------
    worker, workers : int
        As in `share`.
    environment : mapping of str to str
        Read, not changed.
    listing : callable, optional
        Else `machine`.

    Raises
    ------
    UsageError
        As `visible` and `share`.
    """
    found = visible(environment, machine if listing is None else listing)
    own = share(found.names, worker, workers)
    if not own:
        return Bound(variables={}, said="")
    value = ",".join(own)
    # where both are set they are the same, and have to stay so
    both = found.variable == CUDA and HIP in environment
    variables = dict.fromkeys((CUDA, HIP) if both else (found.variable,), value)
    if CUDA in variables and _INDEX.fullmatch(own[0]) and ORDER not in environment:
        variables[ORDER] = "PCI_BUS_ID"
    beside = sum(share(found.names, other, workers) == own for other in range(workers)) - 1
    shared = f", shared with {beside} other worker(s), each with weights of its own" if beside else ""
    said = f"worker {worker + 1} of {workers}: {found.variable}={value}, of {len(found.names)} device(s){shared}"
    return Bound(variables=variables, said=said)


def machine() -> Devices:
    """Return what the machine has: NVIDIA's devices by UUID, else AMD's by index, else none."""
    names = _asked() or _told(Path("/proc/driver/nvidia/gpus"))
    if names:
        return Devices(variable=CUDA, names=names)
    amd = _compute_nodes(Path("/sys/class/kfd/kfd/topology/nodes"), Path("/dev/dri"))
    return Devices(variable=HIP if amd else "", names=amd)


def listed(text: str) -> tuple[str, ...]:
    """Read what ``nvidia-smi -L`` prints. A device that is cut into MIG instances stands for these alone."""
    names: list[str] = []
    whole = ""
    for name in _LISTED.findall(text):
        if name.startswith("MIG-") and names and names[-1] == whole:
            names.pop()
        whole = name if name.startswith("GPU-") else whole
        names.append(name)
    return tuple(names)


def _named(variable: str, value: str) -> tuple[str, ...]:
    """The devices of a variable, up to the first that the runtime would not understand."""
    names: list[str] = []
    for name in (part.strip() for part in value.split(",")):
        form = next((form for form in (_INDEX, _UUID) if form.fullmatch(name)), None)
        if form is None or (names and not form.fullmatch(names[0])):
            break
        if name in names:
            raise UsageError(
                f"{variable}: is '{value}', which names {name} twice, but should name each device once: remove one"
            )
        names.append(name)
    return tuple(names)


def _asked() -> tuple[str, ...]:
    """NVIDIA's devices as its own tool lists them; none where it is not there or fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        told = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - fixed
    except (OSError, subprocess.SubprocessError):
        return ()
    return listed(told.stdout)


def _told(folder: Path) -> tuple[str, ...]:
    """NVIDIA's devices as the driver lists them, one folder each, by PCI address."""
    return tuple(
        match[1]
        for told in sorted(folder.glob("*/information"))
        if (match := re.search(r"GPU UUID:\s*(GPU-\S+)", told.read_text(encoding="utf-8", errors="replace")))
    )


def _compute_nodes(nodes: Path, rendering: Path) -> tuple[str, ...]:
    """Indices of AMD's devices: the nodes of the driver that are no CPU and that this process may open."""
    count = sum(access(rendering / f"renderD{minor}", R_OK) for minor in _minors(nodes))
    return tuple(str(index) for index in range(count))


def _minors(nodes: Path) -> Iterator[str]:
    """The number of each device under /dev/dri; that of a CPU is 0."""
    for told in sorted(nodes.glob("*/properties")):
        match = re.search(r"^drm_render_minor (\d+)$", told.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        if match and match[1] not in ("0", "-1"):
            yield match[1]
