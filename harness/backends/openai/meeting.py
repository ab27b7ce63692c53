"""What is found out about a server before any row is asked: which model it is, that it sees, that it weighs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from harness.backends.openai import identity, sight
from harness.backends.openai.answer import Answered, read
from harness.backends.openai.identity import Identity
from harness.backends.openai.patience import GaveUp, Patience
from harness.backends.openai.request import Pictures, body
from harness.backends.openai.settings import Settings
from harness.backends.openai.sight import Sight
from harness.backends.openai.wire import Wire
from harness.errors import ModelError
from harness.records import Prompt, TextPart

Answer = TypeVar("Answer")


class Meeting:
    """A server, asked once for each thing that has to be known of it. Safe in threads.

    Attributes
    ----------
    identity : Identity or None
        Once `meet` has returned.
    sight : Sight or None
        Once `prove` has returned.
    """

    def __init__(self, settings: Settings, wire: Wire, patience: Patience, pictures: Pictures) -> None:
        self._settings = settings
        self._wire = wire
        self._patience = patience
        self._pictures = pictures
        self._weighs = False
        self._lock = threading.RLock()
        self.identity: Identity | None = None
        self.sight: Sight | None = None

    def meet(self) -> Identity:
        """Ask the server what it has and under which name it answers.

        Raises
        ------
        ModelError
            It cannot be reached, has only another model, or answers as another.
        """
        with self._lock:
            if self.identity is None:
                listed = self._persist(self._wire.models)
                told = identity.entry(listed, self._settings.model)
                other = identity.only(listed)
                if other and not told and not self._settings.served:
                    raise self._another("has only", other, self._settings.model)
                first = self._ask(Prompt(parts=(TextPart(text=sight.QUESTION),), max_new_tokens=sight.TOKENS))
                expected = self._settings.served or self._settings.model
                if first.model and not identity.alike(expected, first.model):
                    raise self._another("answers as", first.model, expected)
                self.identity = Identity(answers_as=first.model, told=told, system=first.system)
            return self.identity

    def prove(self, most: int) -> None:
        """Prove that up to ``most`` pictures a prompt reach the model.

        Raises
        ------
        ModelError
            They do not.
        """
        with self._lock:
            if self.sight is None or self.sight.most < most:
                self.sight = sight.probe(self._settings.name, self._ask, most)

    def weigh(self) -> None:
        """Refuse a server that gives no log-probabilities.

        Raises
        ------
        ModelError
            It gives none, or refuses to be asked for them.
        """
        with self._lock:
            if self._weighs:
                return
            parts = (TextPart(text="Answer with one letter, A or B."),)
            if not self._ask(Prompt(parts=parts, max_new_tokens=1, choices=("A", "B"))).steps:
                raise ModelError(
                    f"model {self._settings.name}: the server gives no log-probabilities, but likelihood and "
                    "logprobs=on need them: use answer=generation and logprobs=off, or a server that gives them"
                )
            self._weighs = True

    def _ask(self, prompt: Prompt) -> Answered:
        """The answer to a made-up prompt."""
        request = body(prompt, self._settings, self._pictures)
        return self._persist(lambda: read(self._wire.chat(request)[0]))

    def _persist(self, attempt: Callable[[], Answer]) -> Answer:
        try:
            return self._patience.ask(attempt).answer
        except GaveUp as gone:
            raise ModelError(
                f"model {self._settings.name}: a trial request to {self._settings.base_url} failed before any row was "
                f"asked: {gone}. It should be answered: check the address, which mostly ends in /v1, the name of "
                "the model, the key and the options"
            ) from gone

    def _another(self, does: str, got: str, expected: str) -> ModelError:
        return ModelError(
            f"model {self._settings.name}: the server {does} '{got}', but should be '{expected}': ask for that name, "
            f"or add served={got} if it is the same model"
        )
