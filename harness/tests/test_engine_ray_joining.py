"""What is asked of a cluster, what it can give, and how it is joined, left or refused."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import engine, prompt, spec
from harness.engine import cluster, hand
from harness.engine.cluster import Node, Plan, Wanted, plan
from harness.engine.hand import Hand
from harness.engine.ray import RayModel
from harness.errors import ModelError, UsageError
from harness.tests import hands, ray_in_threads

EYES = "eyes=zoo:perfect"
HERE = Node(name="here", cpus=2, gpus=0)
PROMPTS = [prompt.build(row, "image_text") for row in hands.rows(2)]


@pytest.fixture(autouse=True)
def _nobody_has_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test before left open."""
    monkeypatch.setattr(cluster.Cluster, "_joined", 0)
    monkeypatch.setattr(cluster.Cluster, "_ours", False)


def test_an_actor_without_gpus_sees_none_and_stands_where_the_driver_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in hand.HIDDEN:
        monkeypatch.setenv(name, "0,1")
    monkeypatch.chdir(tmp_path)
    sees = {}
    for blind in (False, True):
        Hand(spec.parse(EYES), str(tmp_path.parent), blind)
        sees[blind] = {os.environ[name] for name in hand.HIDDEN}
    assert sees == {False: {"0,1"}, True: {""}}
    assert Path.cwd() == tmp_path.parent
    Hand(spec.parse(EYES), str(tmp_path / "only on another machine"), False)
    assert Path.cwd() == tmp_path.parent


@pytest.mark.parametrize(
    ("wanted", "nodes", "expected"),
    [
        (Wanted(), (HERE,), Plan(actors=1, gpus=0, cpus=2)),
        (Wanted(), (HERE, Node(name="big", cpus=8, gpus=0)), Plan(actors=2, gpus=0, cpus=2)),
        (Wanted(), (Node(name="a", cpus=32, gpus=8), HERE), Plan(actors=8, gpus=1, cpus=4)),
        (Wanted(gpus=2), (Node(name="a", cpus=32, gpus=8),), Plan(actors=4, gpus=2, cpus=8)),
        (Wanted(gpus=0.5), (Node(name="a", cpus=8, gpus=1),), Plan(actors=2, gpus=0.5, cpus=4)),
        (Wanted(gpus=0), (Node(name="a", cpus=32, gpus=8),), Plan(actors=1, gpus=0, cpus=32)),
        (Wanted(cpus=16), (Node(name="a", cpus=32, gpus=8),), Plan(actors=2, gpus=1, cpus=16)),
        (Wanted(), (Node(name="head", cpus=0, gpus=0), HERE), Plan(actors=1, gpus=0, cpus=2)),
        (Wanted(actors=3, cpus=1), (HERE,), Plan(actors=3, gpus=0, cpus=1)),
        (Wanted(), (Node(name="a", cpus=2, gpus=8),), Plan(actors=8, gpus=1, cpus=0)),
    ],
)
def test_each_actor_has_a_gpu_where_there_are_any_and_a_fair_share_of_the_cores(
    wanted: Wanted, nodes: tuple[Node, ...], expected: Plan
) -> None:
    assert plan(wanted, nodes) == expected


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [(Wanted(gpus=1), r"1 GPU\(s\)"), (Wanted(cpus=64), r"0 GPU\(s\) and 64 core\(s\)")],
)
def test_what_no_node_has_is_refused(wanted: Wanted, asked: str) -> None:
    told = rf"an actor asks for {asked}, but no node has them \(here has 0 GPU\(s\) and 2 core\(s\)\)"
    with pytest.raises(ModelError, match=told):
        plan(wanted, (HERE,))


def test_an_engine_is_read_from_the_command_line() -> None:
    assert engine.parse("ray") == Wanted()
    assert engine.parse("ray:10.0.0.7:6379") == Wanted(address="10.0.0.7:6379")
    assert engine.parse("ray:head:6379?actors=4&gpus=0.5&cpus=2") == Wanted(
        address="head:6379", actors=4, gpus=0.5, cpus=2
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dask", "there is no engine 'dask'"),
        ("ray?workers=4", "'workers' is no option of ray"),
        ("ray?actors=many", "actors is 'many'"),
        ("ray?actors=1.5", "actors is 1.5"),
        ("ray?gpus=-1", "gpus is '-1'"),
        ("ray?gpus=1.5", "gpus is 1.5"),
        ("ray?cpus=nan", "cpus is 'nan'"),
    ],
)
def test_what_is_no_engine_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=rf"^--engine .*: {told}"):
        engine.parse(text)


def test_without_ray_installed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"ray is not installed, but should be: pip install 'sightcheck\[ray\]'"):
        engine.open_engine(spec.parse(EYES), "ray")


def test_no_engine_is_the_model_itself() -> None:
    assert type(engine.open_engine(spec.parse(EYES))) is type(spec.open_model(spec.parse(EYES)))


def test_a_client_of_a_server_is_refused_since_it_spreads_its_rows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(spec.open_model(spec.parse(EYES))), "lanes", 8, raising=False)
    with pytest.raises(UsageError, match="zoo asks a server, in several lanes of its own"):
        engine.open_engine(spec.parse(EYES), "ray")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:99999"])
@pytest.mark.parametrize("by_environment", [False, True])
def test_a_cluster_that_is_not_there_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, address: str, by_environment: bool
) -> None:
    monkeypatch.setitem(sys.modules, "ray", ray_in_threads.library(joined=()))
    monkeypatch.setenv("RAY_ADDRESS", address if by_environment else "")
    model = RayModel(spec.parse(EYES), Wanted(address="" if by_environment else address))
    with pytest.raises(ModelError, match=rf"no cluster answers at {address} \(nobody listens there\), but one should"):
        model.check(PROMPTS)


def test_a_cluster_that_cannot_be_joined_is_refused_with_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: str, **_: Any) -> None:
        raise ConnectionError("the versions\nof Ray differ")

    made = ray_in_threads.library(joined=())
    made.init = refuse
    monkeypatch.setitem(sys.modules, "ray", made)
    monkeypatch.setenv("RAY_ADDRESS", "local")
    with pytest.raises(ModelError, match=r"^--engine ray: .*\(ConnectionError: the versions of Ray differ\)"):
        RayModel(spec.parse(EYES)).check(PROMPTS)


def test_what_listens_is_joined_what_is_gone_is_not_and_without_either_one_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setenv("RAY_ADDRESS", "")
    note = tmp_path / "ray" / "ray_current_cluster"
    note.parent.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        listening = f"127.0.0.1:{server.getsockname()[1]}"
        for said, given, expected in (
            ("", listening, listening),
            (listening, "", listening),
            (listening, "auto", listening),
            ("127.0.0.1:1", "", "local"),
            ("", "", "local"),
        ):
            note.write_text(said)
            made = ray_in_threads.library(joined=())
            monkeypatch.setitem(sys.modules, "ray", made)
            joined = cluster.Cluster(given)
            assert made.joined == [expected]
            joined.leave()


def test_the_connection_is_closed_behind_the_last_model_if_it_was_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ray_in_threads.library(joined=())
    monkeypatch.setitem(sys.modules, "ray", made)
    first, second = cluster.Cluster("local"), cluster.Cluster("")
    first.leave()
    first.leave()
    assert made.is_initialized()
    second.leave()
    assert not made.is_initialized()
    made.init("127.0.0.1:6379")
    cluster.Cluster("").leave()
    assert made.is_initialized()
