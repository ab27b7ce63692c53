"""A model behind a server as the run sees it: met once, its sight proven, then asked row by row in several lanes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any

from harness.backends.openai import sight
from harness.backends.openai.answer import Answered, certainty, read
from harness.backends.openai.choices import scores
from harness.backends.openai.meeting import Meeting
from harness.backends.openai.patience import Fuse, GaveUp, Got, Patience, Trouble
from harness.backends.openai.request import Pictures, body
from harness.backends.openai.settings import Settings
from harness.backends.openai.wire import Wire
from harness.errors import ImageRefused, ModelError
from harness.records import AnswerKind, Call, ModelSpec, Prompt, Receipt, Reply

VERSION = "1"
"""Changed whenever the same prompt could be sent in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One prompt ready to be sent, or the cause why it is not."""

    name: str
    prompt: Prompt
    request: Mapping[str, Any]
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An answer with the id of its request."""

    answered: Answered
    request: str


class OpenaiModel:
    """One model of one server. Safe in threads: as many batches may be in flight as there are lanes."""

    batch_size = 1
    answers: frozenset[AnswerKind] = frozenset({"generation", "likelihood"})

    def __init__(self, spec: ModelSpec, settings: Settings) -> None:
        self._spec = spec
        self._settings = settings
        self._wire = Wire(settings)
        self._patience = Patience(settings.retries, settings.backoff)
        self._pictures = Pictures(settings.image)
        self._meeting = Meeting(settings, self._wire, self._patience, self._pictures)
        self._fuse = Fuse(max(16, 2 * settings.concurrency))

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""
        return self._spec

    @property
    def lanes(self) -> int:
        """Requests that may be in flight at once."""
        return self._settings.concurrency

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of server, model and options. Asks the server once what it has and under which name it answers.

        Raises
        ------
        ModelError
            The server cannot be reached, or answers as another model.
        """
        met, options = self._meeting.meet(), self._settings
        told: list[Any] = [
            VERSION,
            options.base_url,
            dict(options.query),
            options.model,
            met.answers_as,
            dict(met.told),
        ]
        told += [options.image, options.detail, options.probe, dict(options.extra)]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def decoding(self) -> Mapping[str, str]:
        """Decoding settings: what the requests say; the rest is the server's own."""
        options = self._settings
        told = {"method": "greedy" if options.temperature else "as the server samples"}
        told |= {"temperature": "0"} if options.temperature else {}
        told |= {"order": options.order} if options.order != "as_given" else {}
        return told | ({} if options.seed is None else {"seed": str(options.seed)})

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report; what the server tells stands there once it was met."""
        options = self._settings
        told = {
            "backend": "openai",
            "server": options.base_url,
            "checkpoint": options.model,
            "client": f"openai {_client()}",
            "pictures": f"{options.image}{'' if options.image == 'png' else ' (lossy)'}",
            **({"detail": options.detail} if options.detail else {}),
            **({"extra fields": json.dumps(dict(options.extra), sort_keys=True)} if options.extra else {}),
            **options.prices,
        }
        met, proven = self._meeting.identity, self._meeting.sight
        if met is not None:
            told["answers as"] = met.answers_as or "not said"
            told |= {f"server says {name}": value for name, value in met.told.items()}
            told |= {"system fingerprint": met.system} if met.system else {}
        if proven is not None:
            told["sight probe"] = proven.told
        elif not options.probe:
            told["sight probe"] = "off: nothing proves that a picture reached the model, and no receipt is given"
        return MappingProxyType(told | {f"decoding {name}": value for name, value in self.decoding.items()})

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Meet the server, and prove before the first row that it takes what is coming.

        Raises
        ------
        ModelError
            It cannot be reached, is another model, drops pictures, or gives no log-probabilities where choices are
            to be weighed. In one line.
        """
        self._fuse.renew()
        self._meeting.meet()
        most = max((len(prompt.images) for prompt in prompts), default=0)
        if most and self._settings.probe:
            self._meeting.prove(most)
        if self._settings.logprobs or any(prompt.choices for prompt in prompts):
            self._meeting.weigh()

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Ready]:
        """Decode and encode pictures, and write the requests.

        Parameters
        ----------
        ids : sequence of str
            Row ids for messages, one a prompt; without them prompts are counted from 1.

        Raises
        ------
        ModelError
            The server cannot be met, or is gone: the key was refused, the quota is used up, or too many rows in
            succession were not answered. What is left is asked by the next run.
        """
        if self._fuse.blown:
            raise ModelError(
                f"model {self._spec.name}: {self._fuse.blown}, but every row needs an answer: what was answered is "
                "kept; put it right and start the run again, which asks the rest"
            )
        self._meeting.meet()
        names = [f"row {row}" for row in ids] or [f"prompt {place}" for place in range(1, len(prompts) + 1)]
        return [self._ready(prompt, name) for prompt, name in zip(prompts, names, strict=True)]

    def reply(self, prepared: Sequence[Ready]) -> list[Reply]:
        """Answer prepared prompts one after another; what goes wrong with one becomes its failed reply."""
        return [self._reply(ready) for ready in prepared]

    def alone(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Reply]:
        """Answer prompts while nothing else is in flight from here, one request at a time."""
        return self.reply(self.prepare(prompts, ids))

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _ready(self, prompt: Prompt, name: str) -> Ready:
        try:
            request = body(prompt, self._settings, self._pictures)
        except ImageRefused as cause:
            return Ready(name=name, prompt=prompt, request={}, error=f"{name}: {cause}")
        return Ready(name=name, prompt=prompt, request=request)

    def _reply(self, ready: Ready) -> Reply:
        if ready.error:
            return Reply(text="", receipts=(), finish="failed", error=ready.error)
        try:
            got = self._patience.ask(lambda: self._send(ready))
        except GaveUp as gone:
            self._fuse.note(gone)
            call = Call(seconds=gone.seconds, tries=gone.tries, request=gone.last.request)
            return Reply(text="", receipts=(), finish="failed", error=f"{ready.name}: {gone}", call=call)
        self._fuse.note(None)
        return self._written(ready, got)

    def _send(self, ready: Ready) -> Sent:
        """One try of a row; what goes wrong with it knows the id of the request."""
        raw, request = self._wire.chat(ready.request)
        try:
            return Sent(answered=self._held(ready, raw), request=request)
        except Trouble as trouble:
            trouble.request = request
            raise

    def _held(self, ready: Ready, raw: Mapping[str, Any]) -> Answered:
        """An answer, read and held to the name and the counts that the probe found."""
        answered = read(raw)
        as_met = self._meeting.meet().answers_as
        if answered.model != as_met:
            raise Trouble(f"'{answered.model}' answered, but '{as_met}' was asked", again=True)
        proven = self._meeting.sight
        if ready.prompt.images and proven is not None and proven.least:
            if not answered.prompt_tokens:
                raise Trouble("the server counted no prompt tokens, but did so in the probe", again=True)
            if sight.could_be_text(answered, ready.prompt, proven):
                raise Trouble(
                    f"the server dropped the picture: it counted {answered.prompt_tokens} prompt tokens, but "
                    f"{len(ready.prompt.images)} picture(s) alone should have more, {proven.told.partition(';')[0]}"
                )
        return answered

    def _written(self, ready: Ready, got: Got[Sent]) -> Reply:
        """The reply of an answered row."""
        answered, prompt = got.answer.answered, ready.prompt
        call = Call(seconds=got.seconds, tries=got.tries, request=got.answer.request, cached=answered.cached)
        steps = answered.steps
        try:
            weighed = scores(prompt.choices, steps[0].top if steps else ()) if prompt.choices else ()
        except Trouble as cause:
            return Reply(text="", receipts=(), finish="failed", error=f"{ready.name}: {cause}", call=call)
        logprob, lead = certainty(steps)
        return Reply(
            text=answered.text,
            receipts=self._receipts(prompt),
            # one token is all that is asked for where choices are weighed
            finish="stop" if prompt.choices else answered.finish,
            prompt_tokens=answered.prompt_tokens,
            new_tokens=answered.new_tokens,
            thinking=answered.thinking,
            scores=weighed,
            logprob=logprob,
            lead=lead,
            call=call,
        )

    def _receipts(self, prompt: Prompt) -> tuple[Receipt, ...]:
        """One a picture, with the tokens that every picture was measured to cost, else 1 for a part that was sent."""
        proven = self._meeting.sight
        if proven is None:
            return ()
        tokens = proven.each or 1
        return tuple(Receipt(digest=image.digest, tokens=tokens) for image in prompt.images)


def _client() -> str:
    try:
        return version("openai")
    except PackageNotFoundError:
        return "not installed"
