"""A real server, ``transformers serve`` with a tiny checkpoint, against the same checkpoint opened here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import run, spec
from harness.equivalence import equivalence
from harness.errors import ModelError
from harness.ledger import Ledger
from harness.limits import Limits
from harness.records import Model, Prompt, Reply
from harness.tests.checkpoints import BUILDERS, ask, picture
from harness.tests.made import benchmark, loaded, row

LAUNCH = "from transformers.cli.transformers import main; main()"
READY = re.compile(r"running on (http://127\.0\.0\.1:\d+)")

PROMPTS = (
    ask("what is it?"),
    ask("what is it?", picture(1)),
    ask("what is it?", picture(2)),
    ask("which one?", picture(3), picture(4, 90, 30)),
    ask("which one?", picture(4, 90, 30), picture(3)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[subprocess.Popen[Any]]:
    """The server on its way; it opens the checkpoint when it is asked for it."""
    command = [sys.executable, "-c", LAUNCH, "serve", "--device", "cpu", "--host", "127.0.0.1", "--port", "0"]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hub"), "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("w") as log:
        started = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **offline})
    yield started
    started.terminate()
    started.wait(timeout=30)


@pytest.fixture(scope="module")
def here(folder: Path, process: subprocess.Popen[Any]) -> list[Reply]:
    """Replies of the checkpoint opened here, made while the server starts."""
    checkpoint = BUILDERS["llava"](folder / "llava")
    model = spec.open_model(spec.parse(f"here=hf:{checkpoint}?device=cpu&dtype=float32"))
    model.check(PROMPTS)
    replies = [model.reply(model.prepare([prompt]))[0] for prompt in PROMPTS]
    model.close()
    return replies


@pytest.fixture(scope="module")
def served(folder: Path, process: subprocess.Popen[Any], here: list[Reply]) -> Iterator[Model]:
    """The same checkpoint behind the server; skipped with the server's last words where it does not start."""
    url = _address(process, folder / "log")
    model = spec.open_model(spec.parse(f"served=openai:{folder / 'llava'}@{url}/v1?retries=0&concurrency=3"))
    yield model
    model.close()


def _address(process: subprocess.Popen[Any], log: Path) -> str:
    """Wait until the server says where it listens."""
    while (found := READY.search(log.read_text())) is None:
        try:
            code = process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        last = (log.read_text().strip().splitlines() or ["nothing"])[-1]
        pytest.skip(f"transformers serve ended with code {code} before it listened; its last words: {last}")
    return found[1]


def test_server_and_checkpoint_give_the_same_replies_for_the_same_pixels(served: Model, here: list[Reply]) -> None:
    served.check(PROMPTS)

    def answer(prompt: Prompt) -> Reply:
        return served.reply(served.prepare([prompt]))[0]

    with ThreadPoolExecutor(max_workers=served.lanes) as pool:  # type: ignore[attr-defined]
        there = list(pool.map(answer, PROMPTS))
    assert [reply.error for reply in there] == [""] * len(PROMPTS)
    assert [reply.text for reply in there] == [reply.text for reply in here]
    assert len({reply.text for reply in there}) == len(PROMPTS)
    assert [_facts(reply) for reply in there] == [_facts(reply) for reply in here]


def test_one_checkpoint_by_three_engines_is_one_truth(served: Model, folder: Path, tmp_path: Path) -> None:
    rows = [replace(row(number), images=(picture(number % 5),), cluster=f"c{number % 5}") for number in range(12)]
    engines = [
        spec.open_model(spec.parse(f"plain=hf:{folder / 'llava'}?device=cpu&dtype=float32&batch=1&reuse=off")),
        spec.open_model(spec.parse(f"shared=hf:{folder / 'llava'}?device=cpu&dtype=float32&batch=8")),
        served,
    ]
    settings = run.Settings(canaries=0)
    plain, shared, there = (
        run.measure(benchmark(rows), "image_text", engine, loaded(rows), Ledger(tmp_path), settings)
        for engine in engines
    )
    # letters of random weights are not read, which is no matter here
    limits = replace(Limits(), unread=1.0)
    for second in (shared, there):
        found = equivalence(plain, second, limits)
        assert (found.verdict, found.why, found.apart) == ("supported", "", ())
        assert (found.replies, found.same_replies, found.receipts_differ, found.tokens_differ) == (12, 12, 0, 0)
    assert len({answer.reply.text for answer in plain.answers}) > 1
    # an engine that shows one row another picture is told from both
    swapped = replace(rows[3], images=rows[4].images)
    other = run.measure(
        benchmark([*rows[:3], swapped, *rows[4:]]), "image_text", engines[1],
        loaded([*rows[:3], swapped, *rows[4:]]), Ledger(tmp_path / "other"), settings,
    )  # fmt: skip
    blurred = replace(
        other,
        answers=tuple(
            replace(answer, row=own.row, key=own.key) for answer, own in zip(other.answers, plain.answers, strict=True)
        ),
    )
    assert equivalence(plain, blurred, limits).receipts_differ == 1


def _facts(reply: Reply) -> tuple[object, ...]:
    """What both sides know of a reply; the tensor of a picture is seen here alone."""
    proven = [(receipt.digest, receipt.tokens) for receipt in reply.receipts]
    return (reply.finish, reply.prompt_tokens, reply.new_tokens, proven)


def test_probe_proves_sight_of_a_model_of_four_tokens_a_picture(served: Model) -> None:
    served.check(PROMPTS)
    told = served.facts["sight probe"]
    assert re.search(r"a text of (\d+) prompt tokens, with one picture \d+, with two \d+; every picture costs 4;", told)
    assert told.endswith("exchanged the reply changed, 4 of 4 times")


def test_server_that_gives_no_log_probabilities_is_refused(served: Model) -> None:
    with pytest.raises(ModelError, match="model served: the server gives no log-probabilities, but likelihood"):
        served.check([Prompt(parts=ask("A or B?").parts, max_new_tokens=1, choices=("A", "B"))])
