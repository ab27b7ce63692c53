"""A small suite on disk for tests of the plugin: twelve rows with pictures, a bench, and recorded replies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from harness import mode, prompt
from harness.load.choice import load
from harness.load.layout import Layout
from harness.records import ModeName, Row, Source

LAYOUTS = (Layout(name="jsonl", tables={"test": ("test.jsonl",)}, pictures=("images/",)),)
ROWS = 160
BENCH = """
from harness.load import choice
from harness.load.layout import Layout
from harness.records import Benchmark

LAYOUTS = (Layout(name="jsonl", tables={{"test": ("test.jsonl",)}}, pictures=("images/",)),)


def load(source):
    return choice.load("{name}", source, LAYOUTS, fetch="Make them.", options=5, slices=("part",))


BENCHMARK = Benchmark(
    name="{name}", title="Toy", version="1", options=5, published={{"test": {rows}}}, digests={{}}, hub="",
    revision="", files=(), licence="none", fetch="Make them.", load=load, slices=("part",), strata=("part",),
)


def test_{name}(measure):
    measure().assert_reportable()


def test_{name}_claim(claim):
    claim().assert_supported()


def test_{name}_control(control):
    control().assert_refused()


def test_{name}_gate(gate):
    gate().assert_passed()
"""
CONFTEST = 'pytest_plugins = ["harness.plugin", "fixtures.models", "fixtures.rows", "fixtures.cases"]\n'
COUNT_OPENED = """
import os

from harness import spec

_open = spec.open_model


def open_model(wanted):
    with open("opened.txt", "a") as file:
        file.write(f"{os.getpid()}:{wanted.name}\\n")
    return _open(wanted)


spec.open_model = open_model
"""
INI = """[pytest]
addopts = -p no:benchmark --dist=loadgroup --no-loadscope-reorder --max-worker-restart=0
filterwarnings = error
"""


def write_rows(folder: Path, rows: int = ROWS) -> Path:
    """Write rows in MedXpertQA's hub layout, each with its own picture; the gold is in the picture alone."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for number in range(rows):
        Image.new("RGB", (6, 6), (number, 255 - number, 200)).save(folder / "images" / f"q{number}.png")
        record = {
            "id": f"Q{number}",
            "question": f"What does picture {number} show?",
            "options": {letter: f"thing {letter}{number}" for letter in "ABCDE"},
            "label": _gold(number),
            "images": [f"q{number}.png"],
            "part": "even" if number % 2 == 0 else "odd",
        }
        lines.append(json.dumps(record))
    (folder / "test.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def _gold(number: int) -> str:
    # scattered, so that neither the number of a row nor that of its donor tells the gold
    return "ABCDE"[hashlib.sha256(str(number).encode()).digest()[0] % 5]


def write_replies(path: Path, data: Path, answer: Callable[[Row, ModeName], str], *, receipts: bool = True) -> Path:
    """Record the replies of a model that answers every row of every mode by a function of the row as shown."""
    rows = load("toy", Source(root=str(data)), LAYOUTS, fetch="", options=5, slices=("part",)).rows
    lines = []
    for name in mode.offered(options=5, strata=("part",)):
        for draw in range(mode.draws(name, 5)):
            for shown in mode.apply(name, rows, rows, seed=0, draw=draw, strata=("part",)):
                sent = prompt.build(shown, name).images
                line: dict[str, object] = {
                    "benchmark": "toy",
                    "mode": name,
                    "row_id": shown.id,
                    "draw": draw,
                    "reply": answer(shown, name),
                }
                if receipts:
                    line["receipts"] = [{"digest": ref.digest, "tokens": 9} for ref in sent]
                lines.append(json.dumps(line))
    path.write_text("\n".join(lines) + "\n")
    return path


def sees(shown: Row, name: ModeName) -> str:
    """Answer by the picture: the option that its own row calls right, whatever row it is shown with."""
    if not shown.images or name == "blank":
        return "A"
    number = int(shown.images[0].name.removeprefix("q").removesuffix(".png"))
    origin = _gold(number)
    return next(option.letter for option in shown.options if option.origin == origin)


def is_blind(shown: Row, name: ModeName) -> str:
    """Answer without looking: always the option published under C."""
    return next(option.letter for option in shown.options if option.origin == "C")


def write_suite(folder: Path, names: Sequence[str] = ("toy",)) -> None:
    """Write the conftest, the settings and one bench a name."""
    (folder / "benches").mkdir(exist_ok=True)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text(INI)
    for name in names:
        (folder / "benches" / f"test_{name}.py").write_text(BENCH.format(name=name, rows=ROWS))
