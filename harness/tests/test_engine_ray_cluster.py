"""On a cluster every row is answered once and as without one, whatever dies on the way."""

from __future__ import annotations

import importlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import prompt, run, spec
from harness.engine import open_engine
from harness.engine.cluster import Wanted
from harness.engine.ray import RayModel
from harness.errors import ModelError, NotRecorded
from harness.ledger import Ledger
from harness.records import Prompt, Reply, Row
from harness.run import Settings
from harness.tests import hands
from harness.tests.made import loaded
from harness.tests.zoo_rows import bench

# one cluster, in one worker
pytestmark = pytest.mark.xdist_group("ray")

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "OMP_NUM_THREADS": "1",
}
STORE = 80 * 2**20
ROWS = hands.rows(60)
EYES = "eyes=zoo:perfect"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one core each on this machine."""
    # under a short path: the sockets of a session lie in it, and their names may not be long
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        environment.delenv("RAY_ADDRESS", raising=False)
        ray, tools = importlib.import_module("ray"), importlib.import_module("ray.cluster_utils")
        node = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": STORE, "include_dashboard": False}
        made = tools.Cluster(initialize_head=True, head_node_args={**node, "temp_dir": folder})
        made.add_node(**node)
        ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        yield made
        ray.shutdown()
        made.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


def _model(text: str = EYES, **wanted: Any) -> RayModel:
    return RayModel(spec.parse(text), Wanted(**{"actors": 2, "cpus": 1, **wanted}), patience=60)


def _asked(rows: Sequence[Row]) -> tuple[list[Prompt], list[str]]:
    return [prompt.build(row, "image_text") for row in rows], [row.id for row in rows]


def _without(rows: Sequence[Row], text: str = EYES) -> list[Reply]:
    """Replies of the same model in this process."""
    model: Any = spec.open_model(spec.parse(text))
    model.meet(ROWS)
    prompts, ids = _asked(rows)
    replies: list[Reply] = model.reply(model.prepare(prompts, ids))
    return replies


def _in_lanes(model: RayModel, rows: Sequence[Row], size: int = 4) -> list[Reply]:
    """Replies to all rows, as many batches in flight as the model has lanes."""
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]

    def answer(batch: Sequence[Row]) -> list[Reply]:
        prompts, ids = _asked(batch)
        return model.reply(model.prepare(prompts, ids))

    model.check(_asked(rows)[0])
    _wait_for_all(model)
    with ThreadPoolExecutor(max_workers=model.lanes) as lanes:
        return [reply for replies in lanes.map(answer, batches) for reply in replies]


def _measured(model: Any, folder: Path, progress: Any = lambda *_: None) -> Any:
    return run.measure(bench(ROWS), "image_text", model, loaded(ROWS), Ledger(folder), Settings(batch_size=4), progress)


def _wait_for_all(model: RayModel) -> None:
    """Until every actor of a model has its core."""
    site = model._site
    assert site is not None
    while len(site.crew.living) < site.plan.actors:
        member = site.crew.take()
        assert member is not None
        site.crew.give_back(member)
        time.sleep(0.05)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put another hand in the place of the usual one."""
    return lambda other: monkeypatch.setattr("harness.engine.crew.Hand", other)


def test_replies_and_receipts_are_those_without_ray(cluster: Any) -> None:
    model = _model()
    model.meet(ROWS)
    assert _in_lanes(model, ROWS) == _without(ROWS)
    assert model.lanes == 4
    assert model.facts["engine"].endswith("2 actors on 2 nodes")
    model.close()
    assert model.facts["engine"].startswith("ray 2.")


def test_a_node_that_is_killed_half_way_costs_no_row(cluster: Any, hand: Any, tmp_path: Path) -> None:
    hand(hands.Slow)
    node = cluster.add_node(num_cpus=1, num_gpus=0, object_store_memory=STORE, include_dashboard=False)
    model = _model(actors=3)
    told: list[int] = []

    def halfway(case: str, done: int, total: int, known: int) -> None:
        told.append(done)
        if done >= total // 2 and node in cluster.worker_nodes:
            cluster.remove_node(node, allow_graceful=False)

    found = _measured(model, tmp_path / "ray", halfway)
    assert node not in cluster.worker_nodes
    assert "lost on the way" in model.facts["engine"]
    model.close()
    assert told == sorted(told)
    plain = _measured(spec.open_model(spec.parse(EYES)), tmp_path / "plain")
    assert [a.reply for a in found.answers] == [a.reply for a in plain.answers]
    assert {a.reply.finish for a in found.answers} == {"stop"}
    keys = [json.loads(line)["key"] for line in (tmp_path / "ray" / "toy.image_text.eyes.jsonl").open()]
    assert len(keys) == len(set(keys)) == len({a.key for a in plain.answers})


def test_a_case_begun_without_ray_asks_nothing_again_on_it(cluster: Any, tmp_path: Path) -> None:
    plain = _measured(spec.open_model(spec.parse(EYES)), tmp_path)
    model = _model()
    assert _measured(model, tmp_path).answers == plain.answers
    assert model.facts["engine"].endswith("0 actors on 0 nodes") or "2 actors" in model.facts["engine"]
    model.close()
    assert len((tmp_path / "toy.image_text.eyes.jsonl").read_text().splitlines()) == len({a.key for a in plain.answers})


def test_a_row_that_kills_fails_alone_and_with_the_cause(cluster: Any, hand: Any) -> None:
    hand(hands.Killed)
    model = _model()
    model.meet(ROWS)
    replies = _in_lanes(model, ROWS[:24])
    model.close()
    bad = [place for place, row in enumerate(ROWS[:24]) if row.id == hands.KILLS]
    assert [place for place, reply in enumerate(replies) if reply.finish == "failed"] == bad
    assert replies[bad[0]].error.startswith(f"row {hands.KILLS}: 2 actors died while they answered it: ")
    expected = _without(ROWS[:24])
    assert [reply for place, reply in enumerate(replies) if place not in bad] == [
        reply for place, reply in enumerate(expected) if place not in bad
    ]


def test_actors_that_keep_dying_are_failed_rows_and_no_endless_wait(cluster: Any, hand: Any) -> None:
    hand(hands.Doomed)
    model = _model(actors=1)
    model.meet(ROWS)
    replies = _in_lanes(model, ROWS[:12])
    model.close()
    assert hands.finishes(replies) == ["failed"] * 12
    assert all(reply.error.startswith(f"row {row.id}: ") for reply, row in zip(replies, ROWS, strict=False))
    assert "died" in replies[0].error
    assert "no actor is left on the cluster" in replies[-1].error


def test_an_actor_that_breaks_on_what_another_answers_is_replaced(
    cluster: Any, hand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ill").mkdir()
    monkeypatch.setattr(hands.Ill, "folder", str(tmp_path / "ill"))
    hand(hands.Ill)
    model = _model()
    model.meet(ROWS)
    replies = _in_lanes(model, ROWS[:24])
    assert "1 lost on the way" in model.facts["engine"]
    model.close()
    assert replies == _without(ROWS[:24])


def test_a_row_that_breaks_everywhere_fails_alone_and_no_actor_is_replaced(cluster: Any, hand: Any) -> None:
    hand(hands.Breaks)
    model = _model()
    model.meet(ROWS)
    replies = _in_lanes(model, ROWS[:12])
    assert "lost" not in model.facts["engine"]
    model.close()
    assert {row.id: reply.error for row, reply in zip(ROWS, replies, strict=False) if reply.finish == "failed"} == {
        hands.KILLS: "RuntimeError: the seventh breaks"
    }


def test_a_picture_that_arrives_changed_is_a_failed_row(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    target = ROWS[3].images[0]
    right = parcel_pixels = importlib.import_module("harness.engine.shelf").pixels

    def changed(image: Any) -> Any:
        data = right(image).copy()
        if image.tobytes() == target.open().tobytes():
            data[0] ^= 1
        return data

    monkeypatch.setattr("harness.engine.shelf.pixels", changed)
    model = _model(actors=1)
    model.meet(ROWS)
    replies = _in_lanes(model, ROWS[:12])
    model.close()
    shows = [target.digest in {ref.digest for ref in row.images} for row in ROWS[:12]]
    assert set(shows) == {True, False}
    assert hands.finishes(replies) == ["failed" if each else "stop" for each in shows]
    assert f"image {target.name!r} did not arrive as it was sent" in replies[3].error
    assert parcel_pixels is right


def test_a_replay_is_told_the_case_and_refuses_one_that_it_does_not_hold(cluster: Any, tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    lines = [{"mode": "image_text", "row_id": row.id, "reply": f"answer to {row.id}"} for row in ROWS]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    model = _model(f"said=replay:{file}", actors=1)
    model.rows_for("toy", "image_text", [row.id for row in ROWS])
    assert [reply.text for reply in _in_lanes(model, ROWS)] == [f"answer to {row.id}" for row in ROWS]
    model.rows_for("toy", "text_only", [row.id for row in ROWS])
    with pytest.raises(NotRecorded, match="holds no reply for any of the 60 rows of toy/text_only"):
        model.check(_asked(ROWS)[0])
    model.close()


def test_a_node_with_other_files_is_refused(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model(actors=1)
    monkeypatch.setattr(type(model._model), "fingerprint", "f" * 64)
    with pytest.raises(ModelError, match=r"node .* holds another model \([0-9a-f]{16}\), .* \(f{16}\)"):
        model.check(_asked(ROWS)[0])
    model.close()


def test_gpus_that_no_node_has_are_refused_before_any_row(cluster: Any) -> None:
    with pytest.raises(ModelError, match=r"an actor asks for 1 GPU\(s\).*, but no node has them \(.* has 0 GPU"):
        _model(gpus=1.0).check(_asked(ROWS)[0])


def test_a_cluster_without_room_is_not_waited_for_without_end(cluster: Any) -> None:
    first = _model(actors=2)
    first.meet(ROWS)
    first.check(_asked(ROWS)[0])
    second = RayModel(spec.parse(EYES), Wanted(actors=1, cpus=1), patience=0.5)
    second.meet(ROWS)
    _wait_for_all(first)
    with pytest.raises(ModelError, match=r"no actor of 0 GPU\(s\) and 1 core\(s\) was started in \d+ s"):
        second.check(_asked(ROWS)[0])
    second.close()
    first.close()


def test_a_tiny_checkpoint_replies_as_without_ray(cluster: Any, tmp_path: Path) -> None:
    from harness.tests.checkpoints import llava

    text = f"tiny=hf:{llava(tmp_path / 'llava')}"
    plain = spec.open_model(spec.parse(text))
    prompts, ids = _asked(ROWS[:6])
    prompts = [replace(each, max_new_tokens=4) for each in prompts]
    model = open_engine(spec.parse(text), "ray?actors=1&cpus=1")
    model.check(prompts)
    assert model.fingerprint == plain.fingerprint
    got = model.reply(model.prepare(prompts, ids))
    assert got == plain.reply(plain.prepare(prompts, ids))
    assert {reply.finish for reply in got} <= {"stop", "length"}
    assert all(receipt.tokens and receipt.tensor for reply in got for receipt in reply.receipts)
    assert model.facts["dtype"] == "float32"
    model.close()
    plain.close()
