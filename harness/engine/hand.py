"""What runs on a node: a model that was opened there, and asked with parcels. The only file that Ray executes."""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Condition, Lock
from typing import Any

import harness
from harness import spec as specs
from harness.engine.parcel import Answered, Fault, Greeting, Parcel, Told, failed, name, unpacked
from harness.errors import ModelError, SightcheckError
from harness.records import Model, ModelSpec, Prompt, Reply

HIDDEN = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


class Hand:
    """One model on one node. Two threads ask it: one batch is prepared while another is answered.

    Parameters
    ----------
    spec : ModelSpec
        What to open.
    folder : str
        Where the driver stands: relative paths of the spec are meant from there, where this node has it too.
    blind : bool
        Whether the GPUs of the node are not for this model.
    """

    def __init__(self, spec: ModelSpec, folder: str, blind: bool) -> None:
        if Path(folder).is_dir():
            os.chdir(folder)
        if blind:
            os.environ.update(dict.fromkeys(HIDDEN, ""))
        self._spec = spec
        self._model: Model | None = None
        self._met = 0
        self._preparing, self._replying = Lock(), Condition()
        self._prepared = self._replied = 0

    def hello(self) -> str:
        """Say on which node this is, by the name of the machine and its id in the cluster."""
        here = importlib.import_module("ray").get_runtime_context().get_node_id()
        return f"{socket.gethostname()} ({here[:8]})"

    def open(self, told: Told) -> Greeting | Fault:
        """Open the model, as cheaply as its backend does, and say what was found."""
        try:
            with self._preparing:
                model = self._told(told, ())
            return Greeting(
                node=self.hello(),
                version=harness.__version__,
                fingerprint=model.fingerprint,
                batch_size=int(getattr(model, "batch_size", 8)),
            )
        except Exception as cause:
            fault = _fault(cause)
            return replace(fault, text=f"on node {socket.gethostname()}: {fault.text}")

    def check(self, parcel: Parcel) -> Fault | None:
        """Ask the model whether it can take these prompts; their pictures did not come with them."""
        try:
            with self._preparing:
                self._told(parcel.told, parcel.ids).check(parcel.prompts)
        except Exception as cause:
            return _fault(cause)
        return None

    def arrange(self, parcel: Parcel, size: int) -> list[list[int]] | Fault:
        """Ask the model which of these prompts it would have together; it may look at its device for that."""
        try:
            with self._preparing:
                model: Any = self._told(parcel.told, parcel.ids)
                arranged: list[list[int]] = model.arrange(parcel.prompts, size)
        except Exception as cause:
            return _fault(cause)
        return arranged

    def facts(self) -> Mapping[str, str]:
        """Say what the model says of itself now."""
        return {} if self._model is None else dict(self._model.facts)

    def reply(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """Answer a parcel."""
        return self._held(parcel, arrived, self._batch)

    def alone(self, parcel: Parcel, *arrived: Any) -> Answered | Fault:
        """Answer a parcel by the plainest way that the model has."""
        return self._held(parcel, arrived, self._plainly)

    def _held(self, parcel: Parcel, arrived: Sequence[Any], ask: Callable[[Parcel], list[Reply]]) -> Answered | Fault:
        """Answer the prompts whose pictures are what was sent; the others have failed."""
        prompts, bad = unpacked(parcel, arrived)
        good = [place for place in range(len(prompts)) if place not in bad]
        replies = {place: failed(f"{name(parcel.ids, place)}: {cause}") for place, cause in bad.items()}
        raised = 0
        if good:
            chosen = _part(parcel, prompts, good)
            broken: Exception | None = None
            try:
                answered = ask(chosen)
            except Exception as cause:
                if type(cause) is ModelError:  # of the model itself; its subclasses are of one row
                    return _fault(cause)
                broken = _bare(cause)
            if broken is not None:
                answered, raised = self._each(chosen, ask, broken)
            replies |= dict(zip(good, answered, strict=True))
        ordered = tuple(replies[place] for place in range(len(prompts)))
        return Answered(replies=ordered, raised=raised)

    def _each(self, parcel: Parcel, ask: Callable[[Parcel], list[Reply]], cause: Exception) -> tuple[list[Reply], int]:
        """Ask the rows of a batch that broke one by one, so that one bad row fails alone; count those that break."""
        if len(parcel.prompts) == 1:
            text = " ".join(str(cause).split())
            return [failed(f"{type(cause).__name__}: {text}"[:500])], int(not isinstance(cause, SightcheckError))
        replies, raised = [], 0
        for place in range(len(parcel.prompts)):
            one = _part(parcel, parcel.prompts, [place])
            broken: Exception | None = None
            try:
                replies += ask(one)
            except Exception as own:
                broken = _bare(own)
            if broken is not None:
                found, count = self._each(one, ask, broken)
                replies, raised = replies + found, raised + count
        return replies, raised

    def _batch(self, parcel: Parcel) -> list[Reply]:
        with self._preparing:
            model = self._told(parcel.told, parcel.ids)
            prepared = model.prepare(parcel.prompts, parcel.ids)
            turn = self._prepared
            self._prepared += 1
        with self._replying:
            # in the order of preparing, as a model is asked without an engine
            self._replying.wait_for(lambda: self._replied == turn)
            try:
                return model.reply(prepared)
            finally:
                self._replied += 1
                self._replying.notify_all()

    def _plainly(self, parcel: Parcel) -> list[Reply]:
        with self._preparing, self._replying:
            model: Any = self._told(parcel.told, parcel.ids)
            found: list[Reply] = model.alone(parcel.prompts, parcel.ids)
            return found

    def _told(self, told: Told, ids: Sequence[str]) -> Model:
        """The model, opened, and told what the driver's was told."""
        if self._model is None:
            self._model = specs.open_model(self._spec)
        model: Any = self._model
        if told.met != self._met:
            model.meet(importlib.import_module("ray").get(told.rows[0]))
            self._met = told.met
        if told.case:
            model.rows_for(*told.case, list(ids))
        return self._model


def _part(parcel: Parcel, prompts: Sequence[Prompt], places: Sequence[int]) -> Parcel:
    """Some prompts of a parcel that is unpacked."""
    ids = tuple(parcel.ids[place] for place in places) if parcel.ids else ()
    return replace(parcel, prompts=tuple(prompts[place] for place in places), ids=ids)


def _bare(cause: Exception) -> Exception:
    """An error without the frames of the call that failed, which hold all that it computed."""
    cause.__context__ = cause.__cause__ = None
    return cause.with_traceback(None)


def _fault(cause: Exception) -> Fault:
    return Fault(kind=type(cause).__name__, text=" ".join(str(cause).split()))
