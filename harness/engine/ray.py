"""``--engine ray``: the rows of a case, answered by models on the machines of a Ray cluster.

    prompts -> pictures decoded here, once each -> parcel -> the least busy actor -> its digests hold -> replies -> ask

Each actor holds the whole model. Only this process keeps the ledger, and only for the batch that it still waits for:
what an actor that was given up says later is heard by nobody. What shapes a reply is settled here, from the same
model opened without its weights, and every actor must have the same fingerprint; so a case begun without Ray goes on
with it. Keys of endpoints and hubs are read from the environment of each node; none is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

from harness import spec as specs
from harness.engine.cluster import Cluster, Plan, Wanted, plan
from harness.engine.crew import AT_ONCE, PATIENCE, Crew
from harness.engine.parcel import Parcel, Told, bare_rows, failed, name, stripped
from harness.engine.post import Batch, Post
from harness.engine.shelf import Shelf, Shelved
from harness.errors import ImageRefused
from harness.records import Model, ModelSpec, Prompt, Reply, Row

PASSED_ON = frozenset({"answers", "mixes", "by_row"})
"""Optional attributes that say of the wrapped model what holds of it anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch that may be sent, the place of each of its prompts, and the replies of rows that failed before."""

    batch: Batch
    places: tuple[int, ...]
    failed: Mapping[int, Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the model runs, from the first row on until it is closed."""

    cluster: Cluster
    plan: Plan
    crew: Crew
    post: Post
    shelf: Shelf


class RayModel:
    """A model on a cluster, as the run sees it.

    Parameters
    ----------
    spec : ModelSpec
        What each actor opens; opened here as well, without weights.
    wanted : Wanted
        Of the cluster and the actors.
    patience : float
        Seconds to wait for room on the cluster.
    """

    def __init__(self, spec: ModelSpec, wanted: Wanted | None = None, *, patience: float = PATIENCE) -> None:
        self._model: Model = specs.open_model(spec)
        self._wanted = wanted or Wanted()
        self._patience = patience
        self._site: Site | None = None
        self._rows: Sequence[Row] = ()
        self._told = Told()
        self._ids: tuple[str, ...] = ()
        self._learned: Mapping[str, str] = {}
        self._engine = "ray"
        self._lock = RLock()

    def __getattr__(self, attribute: str) -> Any:
        """Pass on what the wrapped model may or may not have."""
        if attribute in PASSED_ON:
            return getattr(self._model, attribute)
        if attribute in ("arrange", "alone") and hasattr(self._model, attribute):
            return self._arrange if attribute == "arrange" else self._alone
        raise AttributeError(attribute)

    @property
    def by_itself(self) -> bool:
        """Whether the model spreads its rows itself, as a client of a server does."""
        return hasattr(type(self._model), "lanes")

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""
        return self._model.spec

    @property
    def fingerprint(self) -> str:
        """That of the model, as without Ray; every actor's must equal it."""
        return self._model.fingerprint

    @property
    def decoding(self) -> Mapping[str, str]:
        """That of the model."""
        return self._model.decoding

    @property
    def facts(self) -> Mapping[str, str]:
        """Those of the model as the actors found it, and the engine."""
        site = self._site
        if site is not None:
            self._learn(site)
        return {**self._model.facts, **self._learned, "engine": self._engine}

    @property
    def lanes(self) -> int:
        """Batches in flight: for each actor one in work and one ahead."""
        return AT_ONCE * (self._site.plan.actors if self._site is not None else self._wanted.actors or 1)

    @property
    def batch_size(self) -> int:
        """What the actors advise, the least where their devices differ; before there are any, what the model does."""
        living = self._site.crew.living if self._site is not None else ()
        advised = [member.greeting.batch_size for member in living if member.greeting is not None]
        return min(advised, default=0) or int(getattr(self._model, "batch_size", 8))

    def meet(self, rows: Sequence[Row]) -> None:
        """Hand the rows to the model here, and to every actor before it is asked next."""
        tell = getattr(self._model, "meet", None)
        if tell is None or rows is self._rows:
            return
        tell(rows)
        with self._lock:
            self._rows = rows
            self._told = replace(self._told, met=self._told.met + 1, rows=())

    def rows_for(self, benchmark: str, mode: str, ids: Sequence[str]) -> None:
        """Hand on to which case the prompts that follow belong."""
        tell = getattr(self._model, "rows_for", None)
        if tell is None:
            return
        tell(benchmark, mode, ids)
        with self._lock:
            self._told, self._ids = replace(self._told, case=(benchmark, mode)), tuple(ids)

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Join the cluster, open the model on it, and let one actor say whether it can take these prompts.

        Raises
        ------
        ModelError
            No cluster, no room, another model on a node, or as the model raises.
        """
        site = self._open()
        site.crew.refresh()
        site.post.one("check", self._without_pictures(site, prompts))

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> Prepared:
        """Decode the pictures of a batch and put them into the object store. Safe in threads.

        Raises
        ------
        ModelError
            No cluster. What is wrong with a single row becomes its failed reply.
        """
        site = self._open()
        gone: dict[int, Reply] = {}
        shown: dict[str, Shelved] = {}
        for place, prompt in enumerate(prompts):
            try:
                shown |= {ref.digest: site.shelf.get(ref) for ref in prompt.images}
            except ImageRefused as cause:
                gone[place] = failed(f"{name(ids, place)}: {cause}")
        parcel = Parcel(
            prompts=tuple(map(stripped, prompts)),
            ids=tuple(ids),
            told=self._current(site.cluster),
            shown={digest: (found.mode, found.size) for digest, found in shown.items()},
        )
        places = tuple(place for place in range(len(prompts)) if place not in gone)
        batch = Batch(parcel=parcel, stored=tuple(found.stored for found in shown.values())).part(places)
        return Prepared(batch=batch, places=places, failed=gone)

    def reply(self, prepared: Prepared) -> list[Reply]:
        """Answer a prepared batch on the cluster: one Reply a prompt, in order. Safe in threads.

        Raises
        ------
        ModelError
            As the model raises of itself.
        """
        return self._answered(prepared, "reply")

    def close(self) -> None:
        """Free the actors, and leave the cluster if this model joined it."""
        with self._lock:
            site, self._site = self._site, None
            self._told = replace(self._told, rows=())
        if site is not None:
            self._learn(site)
            site.crew.close()
            site.cluster.leave()

    def _alone(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
        return self._answered(self.prepare(prompts, ids), "alone")

    def _arrange(self, prompts: Sequence[Prompt], size: int) -> list[list[int]]:
        """The batches that a model on the cluster would have: it knows its device, and its weights are needed there."""
        site = self._open()
        arranged: list[list[int]] = site.post.one("arrange", self._without_pictures(site, prompts), size)
        return arranged

    def _without_pictures(self, site: Site, prompts: Sequence[Prompt]) -> Parcel:
        ids = self._ids if len(self._ids) == len(prompts) else ()
        return Parcel(prompts=tuple(map(stripped, prompts)), ids=ids, told=self._current(site.cluster), shown={})

    def _answered(self, prepared: Prepared, way: str) -> list[Reply]:
        replies = dict(prepared.failed)
        if prepared.places:
            replies |= dict(zip(prepared.places, self._open().post.send(prepared.batch, way), strict=True))
        return [replies[place] for place in range(len(replies))]

    def _learn(self, site: Site) -> None:
        """Keep what the actors say of themselves; without the lock, which the crew takes while it holds its own."""
        self._learned, self._engine = site.post.facts() or self._learned, _engine(site)

    def _current(self, cluster: Cluster) -> Told:
        """What an actor has to know now; rows that were met are put into the store once."""
        with self._lock:
            if self._told.met and not self._told.rows:
                self._told = replace(self._told, rows=(cluster.ray.put(bare_rows(self._rows)),))
            return self._told

    def _open(self) -> Site:
        """Where the model runs; the cluster is joined at the first need."""
        with self._lock:
            if self._site is None:
                cluster = Cluster(self._wanted.address)
                try:
                    self._site = self._settle(cluster)
                except BaseException:
                    cluster.leave()
                    raise
            return self._site

    def _settle(self, cluster: Cluster) -> Site:
        planned = plan(self._wanted, cluster.nodes)
        crew = Crew(
            cluster,
            planned,
            replace(self.spec, options=dict(self.spec.options)),
            blind=self._wanted.gpus == 0,
            driver=lambda: (self._model.fingerprint, self._current(cluster)),
            patience=self._patience,
        )
        post = Post(cluster.ray, crew)
        return Site(cluster=cluster, plan=planned, crew=crew, post=post, shelf=Shelf(cluster.ray.put, cluster.store))


def _engine(site: Site) -> str:
    """What the report says of the engine."""
    living = site.crew.living
    nodes = {member.greeting.node for member in living if member.greeting is not None}
    lost = f", {site.crew.lost} lost on the way" if site.crew.lost else ""
    actors = f"{len(living)} actor{'' if len(living) == 1 else 's'}"
    return f"ray {site.cluster.version}, {actors} on {len(nodes)} node{'' if len(nodes) == 1 else 's'}{lost}"
