"""Watches a model from inside its process, in the same way for every system: when it was called, and with how much.

It needs nothing but the standard library until a model is there, so that it can stand in the process of any system.
All times are of the machine's monotonic clock, which a parent process shares.
"""

from __future__ import annotations

import functools
import importlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class Probe:
    """What was seen of a model: its calls as (begin, end), and the tokens that went in and came out."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, float]] = []
        self.first = 0.0
        self.prompt_tokens = self.new_tokens = 0
        self._lock = threading.Lock()

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``call``, whose begin and end are taken down."""

        @functools.wraps(call)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            begin = time.monotonic()
            made = call(*args, **kwargs)
            with self._lock:
                self.calls.append((begin, time.monotonic()))
            return made

        return wrapped

    def counted(self, generate: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``generate``, whose tokens are counted: those of the prompts without padding, and the new ones."""

        @functools.wraps(generate)
        def wrapped(owner: Any, inputs: Any = None, **kwargs: Any) -> Any:
            ids = kwargs.get("input_ids", inputs)
            mask = kwargs.get("attention_mask")
            written = generate(owner, *([] if inputs is None else [inputs]), **kwargs)
            with self._lock:
                if ids is not None:
                    self.prompt_tokens += int(ids.numel() if mask is None else mask.sum())
                    new = getattr(written, "sequences", written).shape[1] - ids.shape[1]
                    self.new_tokens += int(new * ids.shape[0])
            return written

        return wrapped

    def answered(self) -> None:
        """Take down that the first reply is there, once."""
        self.first = self.first or time.monotonic()

    def told(self) -> dict[str, float]:
        """Begin and end of all calls, the first reply, seconds in which some call ran, and the counts."""
        spans = sorted(self.calls)
        return {
            "begin": spans[0][0] if spans else 0.0,
            "end": max((end for _, end in spans), default=0.0),
            "first": self.first or (spans[0][1] if spans else 0.0),
            "busy": union(spans),
            "calls": len(spans),
            "prompt_tokens": self.prompt_tokens,
            "new_tokens": self.new_tokens,
        }

    def write(self, result: str, replies: Mapping[str, str], **more: Any) -> None:
        """Write what was seen, and the replies by row."""
        Path(result).write_text(json.dumps({**self.told(), **more, "replies": dict(replies)}), encoding="utf-8")


def union(spans: list[tuple[float, float]]) -> float:
    """Seconds that are covered by at least one of these spans, which are sorted by their begin."""
    covered, reached = 0.0, float("-inf")
    for begin, end in spans:
        covered += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return covered


def watch(probe: Probe | None = None, *, timed: bool = True) -> Probe:
    """Watch every ``generate`` of transformers in this process; where ``timed``, each is one call of the model."""
    found = probe or Probe()
    mixin = importlib.import_module("transformers.generation.utils").GenerationMixin
    counted = found.counted(mixin.generate)
    mixin.generate = found.timed(counted) if timed else counted
    return found
