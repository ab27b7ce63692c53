"""Each worker is shown devices of its own, as many as there are, before torch is imported."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import devices
from harness.devices import CUDA, HIP, ORDER, ROCR, Devices
from harness.errors import UsageError

NONE = Devices(variable="", names=())
TWO = Devices(variable=CUDA, names=("GPU-aa", "GPU-bb"))
FOUR = ("0", "1", "2", "3")

# What `nvidia-smi -L` prints, as NVIDIA's MIG user guide shows it: one whole device, one that is cut in two
SMI = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-e86cb44c-6756-fd30-cd4a-1e6da3caf9b0)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 3g.20gb     Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)
"""

COUNTS = st.integers(min_value=0, max_value=40)
WORKERS = st.integers(min_value=1, max_value=40)


def _shares(names: tuple[str, ...], workers: int) -> list[tuple[str, ...]]:
    return [devices.share(names, worker, workers) for worker in range(workers)]


@given(COUNTS, WORKERS)
def test_with_as_many_devices_as_workers_each_device_has_one_owner(count: int, workers: int) -> None:
    names = tuple(map(str, range(count + workers)))
    shares = _shares(names, workers)
    assert sum(shares, ()) == names
    lengths = [len(own) for own in shares]
    assert lengths == sorted(lengths, reverse=True)
    assert max(lengths) - min(lengths) <= 1


@given(st.integers(min_value=1, max_value=40), WORKERS)
def test_with_fewer_devices_than_workers_each_worker_has_one_and_none_idles(count: int, more: int) -> None:
    names = tuple(map(str, range(count)))
    shares = _shares(names, count + more)
    assert {len(own) for own in shares} == {1}
    used = Counter(own[0] for own in shares)
    assert set(used) == set(names)
    assert max(used.values()) - min(used.values()) <= 1


@given(WORKERS)
def test_no_device_is_shared_out_where_there_is_none(workers: int) -> None:
    assert _shares((), workers) == [()] * workers


@pytest.mark.parametrize("worker", [-1, 2, 7])
def test_a_worker_beyond_their_number_is_refused(worker: int) -> None:
    with pytest.raises(UsageError, match=f"worker {worker} of 2: but workers are counted from 0 to 1"):
        devices.share(FOUR, worker, 2)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("0,1,2,3", FOUR),
        (" 3 , 1 ", ("3", "1")),
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("2,-1,3", ("2",)),
        ("GPU-5d5ba0d6,GPU-e86cb44c", ("GPU-5d5ba0d6", "GPU-e86cb44c")),
        ("MIG-c7384736-a75d-5afc-978f-d2f1294409fd", ("MIG-c7384736-a75d-5afc-978f-d2f1294409fd",)),
        ("MIG-GPU-5d5ba0d6/1/0", ("MIG-GPU-5d5ba0d6/1/0",)),
        ("0,GPU-5d5ba0d6", ("0",)),
        ("GPU-5d5ba0d6,0", ("GPU-5d5ba0d6",)),
    ],
)
@pytest.mark.parametrize("variable", [CUDA, HIP, ROCR])
def test_a_list_of_the_environment_is_read_as_the_runtime_reads_it(
    variable: str, value: str, names: tuple[str, ...]
) -> None:
    assert devices.visible({variable: value}, lambda: TWO) == Devices(variable=variable, names=names)


def test_the_machine_is_asked_only_where_the_environment_says_nothing() -> None:
    assert devices.visible({"PATH": "/bin"}, lambda: TWO) == TWO
    assert devices.visible({CUDA: ""}, lambda: TWO).names == ()


def test_a_device_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"CUDA_VISIBLE_DEVICES: is '0,1,0', which names 0 twice"):
        devices.visible({CUDA: "0,1,0"}, lambda: NONE)


def test_two_variables_that_disagree_are_refused_and_two_that_agree_stay_so() -> None:
    with pytest.raises(UsageError, match=r"CUDA_VISIBLE_DEVICES is '0,1' and HIP_VISIBLE_DEVICES is '0'"):
        devices.visible({CUDA: "0,1", HIP: "0"}, lambda: NONE)
    bound = devices.bind(1, 2, {CUDA: "0,1", HIP: "0,1"}, lambda: NONE)
    assert (bound.variables[CUDA], bound.variables[HIP]) == ("1", "1")


def test_indices_come_with_the_order_they_are_counted_in() -> None:
    assert devices.bind(1, 2, {CUDA: "0,1,2,3"}, lambda: NONE).variables == {CUDA: "2,3", ORDER: "PCI_BUS_ID"}
    fastest = {CUDA: "0,1,2,3", ORDER: "FASTEST_FIRST"}
    assert devices.bind(1, 2, fastest, lambda: NONE).variables == {CUDA: "2,3"}
    assert devices.bind(1, 2, {}, lambda: TWO).variables == {CUDA: "GPU-bb"}


def test_a_share_of_amd_is_bound_by_the_variable_that_names_it() -> None:
    amd = Devices(variable=HIP, names=("0", "1"))
    assert devices.bind(0, 2, {}, lambda: amd).variables == {HIP: "0"}
    assert devices.bind(1, 2, {ROCR: "2,3"}, lambda: amd).variables == {ROCR: "3"}


def test_without_devices_nothing_is_set_and_nothing_said() -> None:
    for environment in ({}, {CUDA: ""}, {CUDA: "-1"}):
        bound = devices.bind(0, 2, environment, lambda: NONE)
        assert (bound.variables, bound.said) == ({}, "")


def test_what_is_said_names_the_devices_and_who_shares_them() -> None:
    assert devices.bind(1, 2, {CUDA: "0,1,2"}, lambda: NONE).said == (
        "worker 2 of 2: CUDA_VISIBLE_DEVICES=2, of 3 device(s)"
    )
    assert devices.bind(0, 5, {CUDA: "0,1"}, lambda: NONE).said == (
        "worker 1 of 5: CUDA_VISIBLE_DEVICES=0, of 2 device(s), shared with 2 other worker(s), "
        "each with weights of its own"
    )


def test_a_device_that_is_cut_into_instances_stands_for_these_alone() -> None:
    assert devices.listed(SMI) == (
        "GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77",
        "MIG-c7384736-a75d-5afc-978f-d2f1294409fd",
        "MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d",
    )
    assert devices.listed("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.") == ()


def test_the_tool_of_nvidia_is_asked_first_and_may_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n[ $# = 1 ] && [ $1 = -L ] && printf '%s' '" + SMI + "'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert devices.machine() == Devices(variable=CUDA, names=devices.listed(SMI))
    tool.write_text("#!/bin/sh\necho no driver; exit 9\n")
    assert devices.machine().variable != CUDA or Path("/proc/driver/nvidia/gpus").is_dir()


def test_the_driver_of_nvidia_lists_devices_by_their_address(tmp_path: Path) -> None:
    for address, uuid in (("0000:65:00.0", "GPU-bb"), ("0000:17:00.0", "GPU-aa")):
        told = tmp_path / address / "information"
        told.parent.mkdir()
        told.write_text(f"Model: \t\t NVIDIA A100\nIRQ:   \t\t 120\nGPU UUID: \t {uuid}\nDevice Minor: \t 0\n")
    assert devices._told(tmp_path) == ("GPU-aa", "GPU-bb")
    assert devices._told(tmp_path / "nowhere") == ()


def test_of_amd_only_devices_that_may_be_opened_count(tmp_path: Path) -> None:
    nodes, rendering = tmp_path / "nodes", tmp_path / "dri"
    rendering.mkdir()
    for node, minor in enumerate((0, 128, 129, 130)):
        told = nodes / str(node) / "properties"
        told.parent.mkdir(parents=True)
        told.write_text(f"cpu_cores_count {64 * (minor == 0)}\ndrm_render_minor {minor}\n")
    for minor in (128, 130):
        (rendering / f"renderD{minor}").touch()
    assert devices._compute_nodes(nodes, rendering) == ("0", "1")


def test_torch_is_not_imported_to_share_out_devices() -> None:
    tree = ast.parse(Path(devices.__file__).read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith(("torch", "ray", "transformers")) for name in named)


TEST = """
import os

from harness import devices


def pytest_configure(config):
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        number = int(worker["workerid"].removeprefix("gw"))
        bound = devices.bind(number, int(worker["workercount"]), os.environ)
        os.environ.update(bound.variables)
"""
TEST = """
import os

import pytest


@pytest.mark.parametrize("number", range(8))
def test_shows(number, request):
    shown = os.environ["CUDA_VISIBLE_DEVICES"]
    with open("shown.txt", "a") as file:
        file.write(f"{request.config.workerinput['workerid']} {shown}\\n")
"""


def test_two_real_workers_see_two_devices_each_and_none_in_common(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CUDA, "0,1,2,3")
    monkeypatch.delenv(HIP, raising=False)
    pytester.makeconftest('pytest_plugins = ["harness.plugin"]')
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess("-p", "no:benchmark", "-n", "2", "--dist=each")
    result.assert_outcomes(passed=16)
    shown = set((pytester.path / "shown.txt").read_text().splitlines())
    assert shown == {"gw0 0,1", "gw1 2,3"}
    result.stdout.fnmatch_lines(["*worker 2 of 2: CUDA_VISIBLE_DEVICES=2,3, of 4 device(s)*"])
