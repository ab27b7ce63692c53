"""The engine's bookkeeping: every row has one reply, whatever an actor does. Actors are threads of this process."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import harness
from harness import prompt, run, spec
from harness.engine import cluster, crew, shelf
from harness.engine.cluster import Wanted
from harness.engine.hand import Hand
from harness.engine.parcel import Answered, Fault, Parcel
from harness.engine.ray import RayModel
from harness.errors import ImageRefused, ModelError, NotRecorded
from harness.ledger import Ledger
from harness.records import ImagePart, ImageRef, Prompt, Reply, Row
from harness.run import Settings
from harness.tests import hands, ray_in_threads
from harness.tests.hands import KILLS
from harness.tests.made import loaded
from harness.tests.ray_in_threads import Death
from harness.tests.zoo_rows import bench

ROWS = hands.rows(24)
EYES = "eyes=zoo:perfect"


@pytest.fixture(autouse=True)
def _nobody_has_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test before left open."""
    monkeypatch.setattr(cluster.Cluster, "_joined", 0)
    monkeypatch.setattr(cluster.Cluster, "_ours", False)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster of one node with two cores."""
    made = ray_in_threads.library(cores=2)
    monkeypatch.setitem(sys.modules, "ray", made)
    yield made
    made.end()


@pytest.fixture
def put_in_place(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Hand]], None]:
    """Put another hand in the place of the usual one."""
    return lambda other: monkeypatch.setattr(crew, "Hand", other)


def _model(actors: int = 2, *, text: str = EYES, patience: float = 20) -> RayModel:
    return RayModel(spec.parse(text), Wanted(actors=actors, cpus=1), patience=patience)


def _asked(rows: Sequence[Row]) -> tuple[list[Prompt], list[str]]:
    return [prompt.build(row, "image_text") for row in rows], [row.id for row in rows]


def _without(rows: Sequence[Row]) -> list[Reply]:
    model: Any = spec.open_model(spec.parse(EYES))
    model.meet(ROWS)
    prompts, ids = _asked(rows)
    replies: list[Reply] = model.reply(model.prepare(prompts, ids))
    return replies


def _in_lanes(model: RayModel, rows: Sequence[Row] = ROWS, size: int = 4) -> list[Reply]:
    """Replies to all rows, as many batches in flight as the model has lanes; then it is closed."""
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]

    def answer(batch: Sequence[Row]) -> list[Reply]:
        prompts, ids = _asked(batch)
        return model.reply(model.prepare(prompts, ids))

    model.meet(ROWS)
    model.check(_asked(rows)[0])
    with ThreadPoolExecutor(max_workers=model.lanes) as lanes:
        found = [reply for replies in lanes.map(answer, batches) for reply in replies]
    model.close()
    return found


def _failed(rows: Sequence[Row], replies: Sequence[Reply]) -> dict[str, str]:
    return {row.id: r.error for row, r in zip(rows, replies, strict=True) if r.finish == "failed"}


class Killed(Hand):
    """Dies of one row."""

    def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """Die on that row."""
        if KILLS in parcel.ids:
            raise Death("out of memory")
        return super().reply(parcel, *arrived)


class Doomed(Hand):
    """Dies of everything."""

    def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """Die."""
        raise Death("segmentation fault")


class Breaks(Hand):
    """Raises an error on one row, wherever it is asked."""

    def _batch(self, parcel: Parcel) -> list[Reply]:
        if KILLS in parcel.ids:
            raise RuntimeError("the seventh\nbreaks")
        return super()._batch(parcel)


def test_replies_and_receipts_are_those_without_ray(library: Any) -> None:
    assert _in_lanes(_model()) == _without(ROWS)


@given(size=st.integers(1, 30), actors=st.integers(1, 4), dead=st.sets(st.integers(0, 23), max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_that_kill_fail_alone_whatever_the_batches_and_the_actors(
    monkeypatch: pytest.MonkeyPatch, size: int, actors: int, dead: set[int]
) -> None:
    killing = {ROWS[place].id for place in dead}

    class Kills(Hand):
        def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
            if killing.intersection(parcel.ids):
                raise Death("out of memory")
            return super().reply(parcel, *arrived)

    made = ray_in_threads.library(cores=actors)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "ray", made)
        patched.setattr(crew, "Hand", Kills)
        # so that three rows that kill one after the other are not taken for actors that keep dying
        patched.setattr(crew, "DEATHS", 40)
        replies = _in_lanes(_model(actors), size=size)
        made.end()
    assert set(_failed(ROWS, replies)) == killing
    expected = _without(ROWS)
    assert [r for p, r in enumerate(replies) if p not in dead] == [r for p, r in enumerate(expected) if p not in dead]


def test_a_row_that_kills_says_so(library: Any, put_in_place: Any) -> None:
    put_in_place(Killed)
    assert _failed(ROWS, _in_lanes(_model())) == {
        KILLS: f"row {KILLS}: 2 actors died while they answered it: the actor died: out of memory"
    }


def test_actors_that_keep_dying_are_failed_rows_and_no_endless_wait(library: Any, put_in_place: Any) -> None:
    put_in_place(Doomed)
    replies = _in_lanes(_model(1))
    assert hands.finishes(replies) == ["failed"] * len(ROWS)
    assert all(reply.error.startswith(f"row {row.id}: ") for reply, row in zip(replies, ROWS, strict=True))
    assert all("segmentation fault" in reply.error for reply in replies)
    assert any("no actor is left on the cluster" in reply.error for reply in replies)
    assert len(library.actors) == crew.DEATHS + 2


def test_deaths_that_do_not_follow_one_another_are_no_reason_to_give_up(library: Any, put_in_place: Any) -> None:
    killing = {ROWS[place].id for place in (2, 14)}

    class Kills(Hand):
        def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
            if killing.intersection(parcel.ids):
                raise Death("out of memory")
            return super().reply(parcel, *arrived)

    put_in_place(Kills)
    assert _failed(ROWS, _in_lanes(_model(1))).keys() == killing
    assert len(library.actors) > crew.DEATHS + 2


def test_the_next_case_gets_new_actors_where_those_of_the_last_one_died(library: Any, put_in_place: Any) -> None:
    put_in_place(Doomed)
    model = _model(1)
    model.meet(ROWS)
    prompts, ids = _asked(ROWS)
    model.check(prompts)
    assert set(hands.finishes(model.reply(model.prepare(prompts, ids)))) == {"failed"}
    put_in_place(Killed)
    model.check(prompts)
    assert _failed(ROWS, model.reply(model.prepare(prompts, ids))).keys() == {KILLS}
    model.close()


def test_whoever_wants_an_actor_alone_is_served_before_those_who_come_later(library: Any) -> None:
    model = _model(1)
    model.meet(ROWS)
    model.check(_asked(ROWS)[0])
    site = model._site
    assert site is not None
    served: list[str] = []

    def take(name: str, alone: bool) -> None:
        member = site.crew.take(alone=alone)
        assert member is not None
        served.append(name)
        site.crew.give_back(member, alone=alone)

    first = site.crew.take()
    assert first is not None
    with ThreadPoolExecutor(2) as pool:
        pool.submit(take, "alone", True)
        time.sleep(0.1)
        later = pool.submit(take, "later", False)
        time.sleep(0.1)
        assert served == []
        site.crew.give_back(first)
        later.result(timeout=10)
    assert served == ["alone", "later"]
    model.close()


def test_rows_that_are_met_later_reach_the_actors_too(library: Any) -> None:
    model = _model(1)
    prompts, ids = _asked(ROWS)
    model.meet(hands.rows(3))
    model.check(prompts)
    before = model.reply(model.prepare(prompts, ids))
    model.meet(ROWS)
    assert model.reply(model.prepare(prompts, ids)) == _without(ROWS) != before
    model.close()


def test_batches_are_answered_in_the_order_in_which_they_were_prepared(library: Any) -> None:
    asked = _model(1)
    asked.meet(ROWS)
    prompts, ids = _asked(ROWS[:1])
    prepared = asked.prepare(prompts, ids)
    one = Hand(spec.parse(EYES), str(Path.cwd()), False)
    one._prepared = 1  # as if another thread had just prepared a batch
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(one.reply, prepared.batch.parcel, *map(library.get, prepared.batch.stored))
        time.sleep(0.1)
        assert not second.done()
        with one._replying:
            one._replied = 1
            one._replying.notify_all()
        answered = second.result(timeout=10)
    assert isinstance(answered, Answered)
    assert list(answered.replies) == _without(ROWS[:1])
    asked.close()


def test_nothing_of_a_batch_that_broke_is_held_while_its_rows_are_asked_again(library: Any) -> None:
    class Large:
        """Stands for the tensors of a batch."""

    alive: list[weakref.ref[Large]] = []

    class Breaks(Hand):
        def _batch(self, parcel: Parcel) -> list[Reply]:
            gc.collect()
            assert [found for found in (each() for each in alive) if found is not None] == []
            held = Large()
            alive.append(weakref.ref(held))
            if len(parcel.prompts) > 1 or parcel.ids[0] == ids[2]:
                raise RuntimeError(f"CUDA out of memory with {held}")
            return super()._batch(parcel)

    asked = _model(1)
    asked.meet(ROWS)
    prompts, ids = _asked(ROWS[:4])
    prepared = asked.prepare(prompts, ids)
    answered = Breaks(spec.parse(EYES), str(Path.cwd()), False).reply(
        prepared.batch.parcel, *map(library.get, prepared.batch.stored)
    )
    asked.close()
    assert isinstance(answered, Answered)
    assert len(alive) == 5
    assert [reply.finish == "failed" for reply in answered.replies] == [False, False, True, False]


def test_an_actor_that_breaks_on_what_another_answers_is_replaced(library: Any, put_in_place: Any) -> None:
    ill: list[Hand] = []

    class Ill(Hand):
        def _batch(self, parcel: Parcel) -> list[Reply]:
            ill[:] = ill or [self]
            if self in ill:
                raise RuntimeError("CUDA error: device-side assert triggered")
            return super()._batch(parcel)

    put_in_place(Ill)
    model = _model()
    model.meet(ROWS)
    prompts, ids = _asked(ROWS)
    model.check(prompts)
    _all_there(model)
    assert model.reply(model.prepare(prompts, ids)) == _without(ROWS)
    assert model.facts["engine"].endswith(", 1 lost on the way")
    model.close()


def test_a_row_that_breaks_everywhere_fails_alone_and_no_actor_is_replaced(library: Any, put_in_place: Any) -> None:
    put_in_place(Breaks)
    assert _failed(ROWS, _in_lanes(_model())) == {KILLS: "RuntimeError: the seventh breaks"}
    assert len(library.actors) == 2


def test_an_error_of_the_model_itself_is_raised_as_without_ray(library: Any, put_in_place: Any) -> None:
    class Gone(Hand):
        def _batch(self, parcel: Parcel) -> list[Reply]:
            raise ModelError("model eyes: the weights are gone")

    put_in_place(Gone)
    with pytest.raises(ModelError, match=r"^model eyes: the weights are gone$"):
        _in_lanes(_model())


def test_a_picture_that_arrives_changed_is_a_failed_row(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    target = ROWS[3].images[0]
    right = shelf.pixels

    def changed(image: Any) -> Any:
        data = right(image).copy()
        data[0] ^= image.tobytes() == target.open().tobytes()
        return data

    monkeypatch.setattr(shelf, "pixels", changed)
    replies = _in_lanes(_model())
    showing = {row.id for row in ROWS if target.digest in {ref.digest for ref in row.images}}
    failed = _failed(ROWS, replies)
    assert failed.keys() == showing
    assert f"row {ROWS[3].id}: image {target.name!r} did not arrive as it was sent: its pixels" in failed[ROWS[3].id]
    assert len(showing) < len(ROWS)


def test_a_picture_that_cannot_be_opened_here_is_a_failed_row(library: Any) -> None:
    def refuse() -> Any:
        raise ImageRefused("image 'p' is empty (0 bytes), but should hold a picture")

    prompts, ids = _asked(ROWS[:3])
    gone = ImageRef(name="p", digest="0" * 64, width=1, height=1, open=refuse)
    prompts[1] = Prompt(parts=(ImagePart(image=gone), *prompts[1].parts), max_new_tokens=4)
    model = _model()
    model.meet(ROWS)
    replies = model.reply(model.prepare(prompts, ids))
    model.close()
    assert _failed(ROWS[:3], replies) == {
        ROWS[1].id: f"row {ROWS[1].id}: image 'p' is empty (0 bytes), but should hold a picture"
    }
    assert [replies[0], replies[2]] == [_without(ROWS)[0], _without(ROWS)[2]]


def test_each_distinct_picture_is_put_into_the_store_once(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    right = shelf.pixels

    def counted(image: Any) -> Any:
        seen.append(image.tobytes())
        return right(image)

    monkeypatch.setattr(shelf, "pixels", counted)
    _in_lanes(_model(), [*ROWS, *ROWS])
    assert len(seen) == len({ref.digest for row in ROWS for ref in row.images})


def test_the_shelf_keeps_no_more_than_it_may_and_forgets_the_longest_unused() -> None:
    refs = list({ref.digest: ref for row in ROWS for ref in row.images}.values())[:4]
    size = 3 * refs[0].width * refs[0].height
    stored: list[int] = []
    held = shelf.Shelf(lambda array: stored.append(len(array)), 2 * size)
    for ref in (refs[0], refs[1], refs[0], refs[2], refs[0], refs[1]):
        held.get(ref)
    # the second was the longest unused when the third came, and is put there again
    assert stored == [size] * 4


def test_a_case_begun_without_ray_asks_nothing_again_on_it(library: Any, tmp_path: Path) -> None:
    plain = _measured(spec.open_model(spec.parse(EYES)), tmp_path)
    model = _model()
    assert _measured(model, tmp_path).answers == plain.answers
    assert library.actors == []
    model.close()


def test_a_case_on_ray_has_the_ledger_keys_and_the_harness_of_one_without(library: Any, tmp_path: Path) -> None:
    plain = _measured(spec.open_model(spec.parse(EYES)), tmp_path / "plain")
    model = _model()
    found = _measured(model, tmp_path / "ray")
    model.close()
    assert (found.answers, found.harness) == (plain.answers, plain.harness)
    assert found.provenance["model engine"] == "ray 2.60, 2 actors on 1 node"
    lines = (tmp_path / "ray" / "toy.image_text.eyes.jsonl").read_text().splitlines()
    assert len(lines) == len({answer.key for answer in found.answers})


def test_a_replay_is_told_the_case_and_refuses_one_that_it_does_not_hold(library: Any, tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    lines = [f'{{"mode": "image_text", "row_id": "{row.id}", "reply": "answer to {row.id}"}}\n' for row in ROWS]
    file.write_text("".join(lines))
    model = _model(text=f"said=replay:{file}")
    assert model.by_row is True
    prompts, ids = _asked(ROWS)
    model.rows_for("toy", "image_text", ids)
    model.check(prompts)
    assert [reply.text for reply in model.reply(model.prepare(prompts, ids))] == [f"answer to {row}" for row in ids]
    model.rows_for("toy", "text_only", ids)
    with pytest.raises(NotRecorded, match="holds no reply for any of the 24 rows of toy/text_only"):
        model.check(prompts)
    model.close()


def test_what_the_model_lacks_the_engine_lacks_too(library: Any) -> None:
    model = _model()
    assert not any(hasattr(model, name) for name in ("arrange", "alone", "mixes", "answers", "by_row", "ahead"))


def test_batches_and_lone_replies_come_from_an_actor(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[str] = []

    def arrange(self: Any, prompts: Sequence[Prompt], size: int) -> list[list[int]]:
        where.append(threading.current_thread().name)
        return [[place] for place in reversed(range(len(prompts)))]

    def alone(self: Any, prompts: Sequence[Prompt], ids: Sequence[str]) -> list[Reply]:
        where.append(threading.current_thread().name)
        return [self.reply(self.prepare([each], [row]))[0] for each, row in zip(prompts, ids, strict=True)]

    kind = type(spec.open_model(spec.parse(EYES)))
    monkeypatch.setattr(kind, "arrange", arrange, raising=False)
    monkeypatch.setattr(kind, "alone", alone, raising=False)
    model = _model()
    model.meet(ROWS)
    prompts, ids = _asked(ROWS[:3])
    assert model.arrange(prompts, 0) == [[2], [1], [0]]
    assert model.alone(prompts, ids) == _without(ROWS[:3])
    model.close()
    assert len(where) == 2
    assert threading.current_thread().name not in where


def test_a_node_with_another_model_is_refused(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model()
    monkeypatch.setattr(RayModel, "fingerprint", "f" * 64)
    monkeypatch.setattr(type(model._model), "fingerprint", "f" * 64)

    class Other(Hand):
        def open(self, told: Any) -> Any:
            greeting = super().open(told)
            return replace(greeting, fingerprint="0" * 64) if not isinstance(greeting, Fault) else greeting

    monkeypatch.setattr(crew, "Hand", Other)
    with pytest.raises(ModelError, match=r"node .*\(00000000\) holds another model \(0{16}\), .* has \(f{16}\): "):
        model.check(_asked(ROWS)[0])
    model.close()


def test_a_node_with_another_release_is_refused(library: Any, put_in_place: Any) -> None:
    class Other(Hand):
        def open(self, told: Any) -> Any:
            greeting = super().open(told)
            return replace(greeting, version="0.0.1") if not isinstance(greeting, Fault) else greeting

    put_in_place(Other)
    with pytest.raises(ModelError, match=rf"another release of the suite \(0\.0\.1\), .*\({harness.__version__}\)"):
        _model().check(_asked(ROWS)[0])


def test_a_model_that_a_node_cannot_open_is_refused_with_node_and_cause(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _model()

    def gone(wanted: Any) -> Any:
        raise ModelError("model eyes: no such folder")

    monkeypatch.setattr("harness.engine.hand.specs.open_model", gone)
    with pytest.raises(ModelError, match=r"opened on the cluster \(ModelError on node \S+: model eyes: no such folder"):
        model.check(_asked(ROWS)[0])
    model.close()


def test_a_cluster_without_room_is_not_waited_for_without_end(library: Any) -> None:
    first, second = _model(2), _model(1, patience=0.2)
    first.meet(ROWS)
    first.check(_asked(ROWS)[0])
    _all_there(first)
    with pytest.raises(ModelError, match=r"no actor of 0 GPU\(s\) and 1 core\(s\) was started in 0 s.*\{'CPU': 0\.0\}"):
        second.check(_asked(ROWS)[0])
    second.close()
    first.close()


def test_closing_frees_the_actors_and_the_model_opens_again(library: Any) -> None:
    model = _model()
    assert _in_lanes(model) == _without(ROWS)
    assert all(actor._dead.is_set() for actor in library.actors)
    assert _in_lanes(model) == _without(ROWS)
    assert model.facts["engine"].startswith("ray 2.60, ")


def test_whoever_waits_while_the_model_is_closed_is_told(library: Any, put_in_place: Any) -> None:
    class Waits(Hand):
        def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
            time.sleep(0.3)
            return super().reply(parcel, *arrived)

    put_in_place(Waits)
    model = _model(1)
    model.meet(ROWS)
    prompts, ids = _asked(ROWS[:2])
    prepared = model.prepare(prompts, ids)
    with ThreadPoolExecutor(1) as lane:
        waiting = lane.submit(model.reply, prepared)
        time.sleep(0.1)
        model.close()
        replies = waiting.result(timeout=10)
    assert hands.finishes(replies) == ["failed", "failed"]


def _measured(model: Any, folder: Path) -> Any:
    return run.measure(bench(ROWS), "image_text", model, loaded(ROWS), Ledger(folder), Settings(batch_size=4))


def _all_there(model: RayModel) -> None:
    """Wait until every actor lives."""
    site = model._site
    assert site is not None
    while len(site.crew.living) < site.plan.actors:
        member = site.crew.take()
        assert member is not None
        site.crew.give_back(member)
        time.sleep(0.01)
