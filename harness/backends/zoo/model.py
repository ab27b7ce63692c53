"""A stub of the zoo as the run sees it: met with the rows, asked prompt by prompt, with receipts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from harness.backends.zoo.mind import Mind
from harness.backends.zoo.seen import Seen, read
from harness.backends.zoo.stubs import OPTIONS, ZOO
from harness.errors import ModelError, UsageError
from harness.records import ModelSpec, Prompt, Receipt, Reply, Row
from harness.truth import Truth

VERSION = "1"
"""Changed whenever any stub could reply differently."""

_SHARE = re.compile(r"0?\.\d+|0|1(?:\.0*)?|0\.")
_VALUES = MappingProxyType(
    {
        "seed": re.compile(r"\d+"),
        "p": _SHARE,
        "q": _SHARE,
        "rate": _SHARE,
        "letter": re.compile(r"[A-Z]"),
        "says": re.compile(r".*\S.*"),
        "receipts": re.compile(r"all|honest"),
    }
)


class ZooModel:
    """A stub under a spec. What it knows of the published rows, it is told with ``meet``."""

    batch_size = 256

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._stub = ZOO[spec.where]
        self._options = {"seed": "0", **self._stub.options, **spec.options}
        self._rows: Sequence[Row] = ()
        self._mind: Mind | None = None
        self._known = ""

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""
        return self._spec

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of name, options and version, and of the rows that were met: all that shapes a reply."""
        told = json.dumps([VERSION, self._spec.where, sorted(self._options.items()), self._known])
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report."""
        return {
            "backend": "zoo",
            "nature": "a stub of known truth; not a model",
            "stub": self._spec.where,
            "rule": (self._stub.answer.__doc__ or "").rstrip("."),
            "options": ", ".join(f"{name}={value}" for name, value in sorted(self._options.items())),
        }

    @property
    def decoding(self) -> Mapping[str, str]:
        """Replies follow from the prompt."""
        return {"method": "rule"}

    def meet(self, rows: Sequence[Row]) -> None:
        """Learn the published rows of a split, with their own images and gold; they replace those met before."""
        if rows is self._rows:
            return
        self._rows, self._known = rows, _digest(rows)
        self._mind = Mind(name=self._spec.where, truth=Truth(rows), options=self._options)

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Refuse prompts that cannot be read back, before any is answered.

        Raises
        ------
        ModelError
            No rows were met, or a prompt is not worded as `harness.prompt` does.
        """
        self._met()
        for prompt in prompts:
            read(prompt)

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> list[Seen]:
        """Read prompts back; their pictures stay closed."""
        return [read(prompt) for prompt in prompts]

    def reply(self, prepared: Sequence[Seen]) -> list[Reply]:
        """Answer by the stub's rule."""
        mind = self._met()
        return [self._reply(seen, mind) for seen in prepared]

    def close(self) -> None:
        """Nothing is held open."""

    def _met(self) -> Mind:
        if self._mind is None:
            raise ModelError(
                f"model {self._spec.name}: was asked before it met any rows, but a stub answers from what it was told "
                "of them: call meet(rows) first"
            )
        return self._mind

    def _reply(self, seen: Seen, mind: Mind) -> Reply:
        text = self._stub.answer(seen, mind)
        if text is None:
            return Reply(text="", receipts=(), finish="failed", error="the stub fails on this row, as its rule says")
        return Reply(text=text, receipts=self._receipts(seen), finish=self._stub.finish)

    def _receipts(self, seen: Seen) -> tuple[Receipt, ...]:
        if self._stub.receipts == "none":
            return ()
        sent = [image.digest for image in seen.images]
        if self._options.get("receipts") == "honest":
            sent = sent[:1]
        if self._stub.receipts == "wrong":
            sent = [hashlib.sha256(digest.encode()).hexdigest() for digest in sent]
        return tuple(Receipt(digest=digest, tokens=1) for digest in sent)


def open_model(spec: ModelSpec) -> ZooModel:
    """Open a stub.

    Raises
    ------
    UsageError
        No such stub, an option that this stub does not have, a value that the option cannot have, a revision.
    """
    where = f"--model {spec.name}"
    stub = ZOO.get(spec.where)
    if stub is None or spec.revision:
        asked = f"{spec.where}@{spec.revision}" if spec.revision else spec.where
        raise UsageError(f"{where}: there is no stub '{asked}' in the zoo, but should be one of {', '.join(ZOO)}")
    own = {"seed", *stub.options}
    for option, value in spec.options.items():
        if option not in own:
            raise UsageError(
                f"{where}: the stub {spec.where} has no option '{option}', but has {', '.join(sorted(own))}"
            )
        if not _VALUES[option].fullmatch(value):
            raise UsageError(f"{where}: {option} is '{value}', but should be {OPTIONS[option]}")
    return ZooModel(spec)


def _digest(rows: Sequence[Row]) -> str:
    """Hex sha256 of what a stub learns of the rows."""
    told = [
        [row.kind, row.stem, [option.text for option in row.options], row.gold, [ref.digest for ref in row.images]]
        for row in rows
    ]
    return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()
