"""A contrastive model as the run sees it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType

from harness.backends.clip import fingerprint, wording
from harness.backends.clip.answering import answer, encode
from harness.backends.clip.desk import Desk, Prepared
from harness.backends.clip.files import Files
from harness.backends.clip.settings import Settings
from harness.backends.clip.towers import Towers, open_towers
from harness.backends.hf.checkpoint import parameters
from harness.errors import ModelError
from harness.records import AnswerKind, ModelSpec, Prompt, Reply

KEPT = 256 * 2**20
"""Bytes of features of images, and as many of texts, that are kept: some hundred thousand of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is there once weights were read: encoders, desk, and the numbers in their features."""

    towers: Towers
    desk: Desk
    width: int


class ClipModel:
    """A checkpoint of two encoders. Nothing heavy happens before the first ``prepare``."""

    answers: frozenset[AnswerKind] = frozenset({"likelihood_text"})
    mixes = True
    """Modes that show the same images share their features."""

    def __init__(self, spec: ModelSpec, settings: Settings, files: Files) -> None:
        self._spec = spec
        self._settings = settings
        self._files = files
        self._fingerprint = ""
        self._opened: Opened | None = None
        # prepare may run in a thread of its own, one batch ahead of reply
        self._lock = threading.RLock()
        self._encoding = threading.Lock()

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""
        return self._spec

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of files, options and versions that shape a score; computed once."""
        if not self._fingerprint:
            self._fingerprint = fingerprint.of(self._files, self._settings)
        return self._fingerprint

    @property
    def decoding(self) -> Mapping[str, str]:
        """How an answer comes about; nothing is generated."""
        told = self._settings
        return {
            "method": f"contrastive, {told.scores}",
            "template": " | ".join(told.templates),
            "images": told.images,
            "truncate": "beginning of the stem" if told.truncate else "off",
        }

    @property
    def batch_size(self) -> int:
        """Prompts at a time: the option, else 256 on cuda and 32 elsewhere."""
        if self._settings.batch:
            return self._settings.batch
        return 256 if _on_cuda(self._settings.device) else 32

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report; class, dtype, device and cut stems are known once rows were asked."""
        told = self._settings
        facts = {
            "backend": "clip",
            "checkpoint": self._files.shown,
            "revision": self._files.commit,
            "class": str((self._files.config.get("architectures") or ["unknown"])[0]),
            "parameters": str(self._parameters() or "unknown"),
            "dtype": told.dtype,
            "device": told.device,
            "library": told.library,
            "transformers": version("transformers"),
            "torch": version("torch"),
            **{f"decoding {key}": value for key, value in self.decoding.items()},
        }
        if told.labels:
            facts["labels"] = f"{told.labels_file}, {len(told.labels)} labels, {' | '.join(told.label_templates)}"
            # a row's scores stand in this order
            facts["label names"] = " | ".join(label.name for label in told.labels)
        if self._opened is not None:
            facts |= self._opened.towers.facts
            facts["stems cut"] = str(self._opened.desk.cut)
        return MappingProxyType(facts)

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Refuse, before any row is asked, what no contrastive model can answer.

        Raises
        ------
        ModelError
            Prompts without an image, or without anything to choose from; in one line.
        """
        name, total = self._spec.name, len(prompts)
        blind = sum(not prompt.images for prompt in prompts)
        if blind:
            raise ModelError(
                f"model {name}: {blind} of {total} prompts have no image, but a contrastive model answers by the match "
                "of an image with each option: leave out the modes of text alone for this model"
            )
        unlisted = [prompt for prompt in prompts if not prompt.choices]
        lettered = sum(wording.offers_options(prompt) for prompt in unlisted)
        if lettered:
            raise ModelError(
                f"model {name}: {lettered} of {total} prompts ask for the letter of an option, but a contrastive model "
                "scores the texts of the options: add answer=likelihood_text"
            )
        if unlisted and not self._settings.labels:
            raise ModelError(
                f"model {name}: {len(unlisted)} of {total} prompts have no options to choose from, but a contrastive "
                "model cannot write: name the answers in a file with labels=FILE, or leave these rows out"
            )

    def arrange(self, prompts: Sequence[Prompt], size: int) -> list[list[int]]:
        """Batches that have prompts about the same images beside each other, so that both use the same features."""
        size = size or self.batch_size
        order = sorted(range(len(prompts)), key=lambda place: [image.digest for image in prompts[place].images])
        return [order[start : start + size] for start in range(0, len(order), size)]

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> Prepared:
        """Word the answers of a batch, and decode and preprocess the images whose features are not known.

        Parameters
        ----------
        ids : sequence of str
            Row ids for messages, one a prompt; without them prompts are counted from 1.

        Raises
        ------
        ModelError
            The model cannot be loaded. What is wrong with a single row becomes its failed reply.
        """
        self.check(prompts)
        return self._open().desk.prepare(prompts, _names(prompts, ids))

    def reply(self, prepared: Prepared) -> list[Reply]:
        """Score a prepared batch: one Reply a prompt, in order; see ``answering`` for what it holds."""
        return self._answer(self._open(), prepared)

    def alone(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
        """Replies one prompt at a time, every feature computed anew."""
        self.check(prompts)
        opened = self._open()
        afresh = (Desk(opened.towers, self._settings, opened.width, 0) for _ in prompts)
        return [
            reply
            for desk, prompt, name in zip(afresh, prompts, _names(prompts, ids), strict=True)
            for reply in self._answer(opened, desk.prepare([prompt], [name]))
        ]

    def close(self) -> None:
        """Free weights and features. The model opens again if it is asked again."""
        with self._lock:
            self._opened = None
        if _on_cuda(self._settings.device):
            import torch

            torch.cuda.empty_cache()

    def _parameters(self) -> int:
        """Numbers in the weight files; 0 where they do not tell it or are not here yet."""
        told = self._settings.library == "transformers" and self._files.weights[0].endswith(".safetensors")
        return parameters(self._files.folder) if told else 0

    def _open(self) -> Opened:
        with self._lock:
            if self._opened is None:
                towers = open_towers(self._files, self._settings)
                width = int(towers.read(["width"]).shape[-1])
                desk = Desk(towers, self._settings, width, KEPT)
                self._opened = Opened(towers=towers, desk=desk, width=width)
            return self._opened

    def _answer(self, opened: Opened, prepared: Prepared) -> list[Reply]:
        with self._encoding:
            encode(opened.towers, prepared.asked, self.batch_size)
        answered = {asked.place: answer(opened.towers, self._settings, asked) for asked in prepared.asked}
        replies = {**prepared.failed, **answered}
        return [replies[place] for place in range(prepared.size)]


def _names(prompts: Sequence[Prompt], ids: Sequence[str]) -> list[str]:
    return [f"row {row}" for row in ids] or [f"prompt {place}" for place in range(1, len(prompts) + 1)]


def _on_cuda(device: str) -> bool:
    """Whether ``auto`` or a name means a device of cuda."""
    if device != "auto":
        return device.startswith("cuda")
    import torch

    return bool(torch.cuda.is_available())
