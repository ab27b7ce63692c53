"""On a real cluster, processes and all, every row is answered once and as without one, whatever dies on the way."""

from __future__ import annotations

import importlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import prompt, run, spec
from harness.engine import open_engine
from harness.engine.cluster import Wanted
from harness.engine.ray import RayModel
from harness.errors import ModelError
from harness.ledger import Ledger
from harness.records import Measurement, Prompt, Row
from harness.run import Settings
from harness.tests import hands
from harness.tests.made import loaded
from harness.tests.zoo_rows import bench

# one cluster, in one worker
pytestmark = pytest.mark.xdist_group("ray")

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
NODE = {
    "include_dashboard": False,
    "include_log_monitor": False,
    "no_monitor": True,
    "num_gpus": 0,
    "object_store_memory": 80 * 2**20,
}
ROWS = hands.rows(60)
EYES = "eyes=zoo:perfect"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes on this machine, of two cores and of one."""
    # under a short path: the sockets of a session lie in it, and their names may not be long
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        environment.delenv("RAY_ADDRESS", raising=False)
        # the address of this cluster is written here, and not over that of the user's own
        environment.setenv("RAY_TMPDIR", folder)
        Path(folder, "ray").mkdir()
        ray, tools = importlib.import_module("ray"), importlib.import_module("ray.cluster_utils")
        made = tools.Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 2, "temp_dir": folder})
        try:
            made.add_node(**NODE, num_cpus=1)
            ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
            yield made
        finally:
            ray.shutdown()
            made.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def put_in_place(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put another hand in the place of the usual one."""
    return lambda other: monkeypatch.setattr("harness.engine.crew.Hand", other)


def _model(actors: int = 2, **wanted: Any) -> RayModel:
    return RayModel(spec.parse(EYES), Wanted(actors=actors, cpus=1, **wanted), patience=60)


def _measured(model: Any, folder: Path, rows: Sequence[Row] = ROWS, progress: Any = lambda *_: None) -> Measurement:
    settings = Settings(batch_size=4)
    return run.measure(bench(rows), "image_text", model, loaded(rows), Ledger(folder), settings, progress)


def _without(folder: Path, rows: Sequence[Row] = ROWS) -> Measurement:
    """The same case in this process."""
    return _measured(spec.open_model(spec.parse(EYES)), folder / "without", rows)


def _keys(folder: Path) -> list[str]:
    return [json.loads(line)["key"] for line in (folder / "toy.image_text.eyes.jsonl").read_text().splitlines()]


def _all_there(model: RayModel, rows: Sequence[Row]) -> None:
    """Open a model on the cluster, and wait until every actor lives."""
    model.meet(rows)
    model.check([prompt.build(rows[0], "image_text")])
    site = model._site
    assert site is not None
    until = time.monotonic() + 60
    while len(site.crew.living) < site.plan.actors and time.monotonic() < until:
        member = site.crew.take()
        assert member is not None
        site.crew.give_back(member)
        time.sleep(0.05)


def test_a_case_is_answered_as_without_ray(cluster: Any, tmp_path: Path) -> None:
    model = _model()
    _all_there(model, ROWS)
    found = _measured(model, tmp_path / "ray")
    model.close()
    plain = _without(tmp_path)
    assert (found.answers, found.harness) == (plain.answers, plain.harness)
    assert all(answer.reply.receipts for answer in found.answers)
    assert found.provenance["model engine"].startswith("ray 2.")
    assert " 2 actors on " in found.provenance["model engine"]
    assert len(_keys(tmp_path / "ray")) == len({answer.key for answer in plain.answers})


def test_a_row_whose_process_ends_fails_alone_and_with_the_cause(
    cluster: Any, put_in_place: Any, tmp_path: Path
) -> None:
    put_in_place(hands.Killed)
    rows = ROWS[6:12]
    model = _model()
    found = _measured(model, tmp_path / "ray", rows)
    model.close()
    failed = {answer.row.id: answer.reply.error for answer in found.answers if answer.reply.finish == "failed"}
    assert failed.keys() == {hands.KILLS}
    assert failed[hands.KILLS].startswith(f"row {hands.KILLS}: 2 actors died while they answered it: The actor")
    others = [answer.reply for answer in found.answers if answer.row.id != hands.KILLS]
    assert others == [a.reply for a in _without(tmp_path, rows).answers if a.row.id != hands.KILLS]


def test_gpus_that_no_node_has_are_refused_before_any_row(cluster: Any) -> None:
    with pytest.raises(
        ModelError, match=r"an actor asks for 1 GPU\(s\) and 1 core\(s\), but no node has them \(.* has 0 GPU\(s\)"
    ):
        _model(gpus=1.0).check([prompt.build(ROWS[0], "image_text")])


def test_another_cluster_than_the_one_that_was_joined_is_refused(cluster: Any) -> None:
    with pytest.raises(
        ModelError, match=r"--engine ray:127\.0\.0\.1:1: this process has joined the cluster at .* already"
    ):
        open_engine(spec.parse(EYES), "ray:127.0.0.1:1").check([prompt.build(ROWS[0], "image_text")])


def test_a_tiny_checkpoint_replies_as_without_ray(cluster: Any, tmp_path: Path) -> None:
    from harness.tests.checkpoints import llava

    text = f"tiny=hf:{llava(tmp_path / 'llava')}"
    plain, model = spec.open_model(spec.parse(text)), open_engine(spec.parse(text), "ray?actors=1&cpus=1")
    prompts: list[Prompt] = [replace(prompt.build(row, "image_text"), max_new_tokens=4) for row in ROWS[:4]]
    model.check(prompts)
    assert model.fingerprint == plain.fingerprint
    got = model.reply(model.prepare(prompts))
    assert got == plain.reply(plain.prepare(prompts))
    assert {reply.finish for reply in got} <= {"stop", "length"}
    assert all(receipt.tokens and receipt.tensor for reply in got for receipt in reply.receipts)
    assert model.facts["dtype"] == "float32"
    model.close()
    plain.close()


def test_a_node_that_is_killed_half_way_costs_no_row(cluster: Any, put_in_place: Any, tmp_path: Path) -> None:
    put_in_place(hands.Slow)
    if not cluster.worker_nodes:
        cluster.add_node(**NODE, num_cpus=1)
    (node,) = cluster.worker_nodes
    model = _model(3)
    _all_there(model, ROWS)
    assert model.facts["engine"].endswith("3 actors on 2 nodes")
    told: list[int] = []

    def halfway(case: str, done: int, total: int, known: int) -> None:
        told.append(done)
        if done >= total // 3 and node in cluster.worker_nodes:
            cluster.remove_node(node, allow_graceful=False)

    found = _measured(model, tmp_path / "ray", ROWS, halfway)
    engine = model.facts["engine"]
    model.close()
    assert not cluster.worker_nodes
    assert engine.endswith("2 actors on 1 node, 1 lost on the way")
    plain = _without(tmp_path)
    assert [answer.reply for answer in found.answers] == [answer.reply for answer in plain.answers]
    assert {answer.reply.finish for answer in found.answers} == {"stop"}
    keys = _keys(tmp_path / "ray")
    assert len(keys) == len(set(keys)) == len({answer.key for answer in plain.answers})
    assert told[-1] == len(keys)
