"""The pytest plugin: options in, cases out, a report at the end. With fixtures/ the only code that knows pytest.

Order: options, configure, collection (each benchmark x mode x model is a case; each claim, control and gate is
a test), outcomes, report. Importing this module, and collecting, imports neither torch nor transformers.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from harness import judge, mode, options, spec
from harness.board import Board, Sender, Watcher
from harness.claim import Limits
from harness.errors import SightcheckError, UsageError
from harness.options import Options
from harness.records import Benchmark, ModelSpec, ModeName
from harness.run import Settings

OPTIONS = pytest.StashKey[Options]()
BOARD = pytest.StashKey[Board | Sender]()
FOLDER = pytest.StashKey[Path]()
WATCHER = pytest.StashKey[Watcher]()
SEEN = pytest.StashKey[dict[str, Benchmark]]()

KINDS = ("measure", "claim", "control", "gate")


class Reportable(Protocol):
    """What ``measure()`` returns."""

    def assert_reportable(self) -> None:
        """Fail unless the number may be reported."""


class Judged(Protocol):
    """What ``claim()`` and ``control()`` return."""

    def assert_supported(self) -> None:
        """Fail unless the claim is supported."""

    def assert_refused(self) -> None:
        """Fail unless the claim was judged, and not supported."""


class Gated(Protocol):
    """What ``gate()`` returns."""

    def assert_passed(self) -> None:
        """Fail unless the candidate passes the gate."""


class Measure(Protocol):
    """The fixture ``measure``: runs one case."""

    def __call__(self) -> Reportable:
        """Measure, or skip with the reason why not."""


class ClaimOf(Protocol):
    """The fixtures ``claim`` and ``control``: judge one claim about one model."""

    def __call__(self) -> Judged:
        """Judge, measuring what is needed."""


class GateOf(Protocol):
    """The fixture ``gate``: holds a candidate against the baseline."""

    def __call__(self) -> Gated:
        """Judge, measuring what is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one test is about: a benchmark, a mode or claim or baseline, and a model."""

    benchmark: Benchmark
    name: str
    model: str


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite, and the ini defaults."""
    group = parser.getgroup("sightcheck", "measure medical vision-language models")
    add = group.addoption
    add("--model", action="append", default=[], metavar="[NAME=]BACKEND:WHERE", help="model to measure; repeatable")
    add("--control", action="append", default=[], metavar="MODEL", help="model known not to see; must be refused")
    add("--baseline", default="", metavar="MODEL", help="gate every --model against this one")
    add("--gate", default="not_worse", metavar="|".join(options.POLICIES), help="what the gate asks (not_worse)")
    add("--margin", type=float, default=0.02, help="how much worse a candidate may be (0.02)")
    add("--same-margin", type=float, default=0.05, help="what counts as the same in the ablations (0.05)")
    add("--unread-limit", type=float, default=0.10, help="largest share of unread replies (0.10)")
    add("--mode", action="append", default=[], metavar="NAME[,NAME]", help=f"modes to run: {', '.join(mode.NAMES)}")
    add("--data-dir", default=None, metavar="DIR", help="folder with one folder a benchmark")
    add("--data", action="append", default=[], metavar="NAME=DIR", help="folder of one benchmark")
    add("--split", action="append", default=[], metavar="NAME=SPLIT", help="split of one benchmark")
    add("--download", action="store_true", help="fetch missing benchmarks from the hub at their pinned revision")
    add("--require", action="append", default=[], metavar="NAME", help="benchmark whose absence is a failure")
    add("--limit", type=int, default=None, metavar="N", help="ask a seeded draw of N rows; 0 for all")
    add("--seed", type=int, default=0, help="seed of every draw (0)")
    add("--batch-size", type=int, default=0, help="rows a batch; 0 for what the backend advises")
    add("--max-new-tokens", type=int, default=0, help="tokens a reply may have; 0 for the protocol's 8 or 16")
    add("--rescore", action="store_true", help="recompute from the ledger, without rows and without a model")
    add("--ledger", default="", metavar="DIR", help="folder of the ledger (reports/ledger)")
    add("--reports", default="", metavar="DIR", help="folder of the reports (reports)")
    add("--run", default="", metavar="NAME", help="name of this run's folder; the time where it is not given")
    parser.addini("data_dir", "folder with one folder a benchmark; --data-dir wins", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Check the command line, before anything is collected."""
    config.addinivalue_line("markers", "bench: a test made with the instrument; its outcome is a result")
    if not config.pluginmanager.hasplugin("xdist"):
        config.addinivalue_line("markers", "xdist_group(name): tests of one group run in one worker")
    try:
        config.stash[OPTIONS] = parsed(config)
    except SightcheckError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SEEN] = {}
    config.stash[OUTCOMES] = Outcomes()
    config.pluginmanager.register(config.stash[OUTCOMES], "sightcheck-outcomes")
    config.stash[FOLDER] = config.stash[OPTIONS].reports / _run_name(config)
    if _worker(config) is None:
        _check_declared(config)
    config.stash[BOARD] = _board(config)


def _check_declared(config: pytest.Config) -> None:
    """Refuse to go on with a run that was begun under other limits."""
    if not (config.stash[FOLDER] / "declared.json").exists():
        return
    from harness.report import declare

    try:
        declare(config.stash[FOLDER], config.stash[OPTIONS])
    except SightcheckError as error:
        raise pytest.UsageError(str(error)) from error


def parsed(config: pytest.Config) -> Options:
    """Read pytest's options into our own record; raise UsageError for what cannot be."""
    get = config.getoption
    root, here = config.rootpath, config.invocation_params.dir
    models, controls = list(get("--model")), list(get("--control"))
    if not models and not controls:
        models, controls = [options.SIGHTED], [options.BLIND]
    specs = [spec.parse(text) for text in models]
    base = spec.parse(get("--baseline")) if get("--baseline") else None
    against = [spec.parse(text) for text in controls]
    spec.unique([*specs, *against, *([base] if base else [])])
    if get("--gate") not in options.POLICIES:
        raise UsageError(f"--gate: got {get('--gate')!r}, but should be one of {', '.join(options.POLICIES)}.")
    given, preset = get("--data-dir"), config.getini("data_dir")
    return Options(
        models=tuple(specs),
        controls=tuple(against),
        baseline=base,
        modes=tuple(mode.named(name) for text in get("--mode") for name in text.split(",")),
        data={name: here / path for name, path in options.pairs("--data", get("--data")).items()},
        data_dir=here / Path(given).expanduser() if given else root / preset if preset else None,
        splits=options.pairs("--split", get("--split")),
        download=get("--download"),
        rescore=get("--rescore"),
        require=tuple(get("--require")),
        policy=get("--gate"),
        settings=Settings(
            seed=get("--seed"),
            limit=None if get("--limit") is None else options.count("--limit", get("--limit")),
            batch_size=options.count("--batch-size", get("--batch-size")),
            max_new_tokens=options.count("--max-new-tokens", get("--max-new-tokens")),
        ),
        limits=Limits(
            unread=options.share("--unread-limit", get("--unread-limit")),
            same=options.share("--same-margin", get("--same-margin")),
            margin=options.share("--margin", get("--margin")),
        ),
        ledger=here / get("--ledger") if get("--ledger") else root / "reports" / "ledger",
        reports=here / get("--reports") if get("--reports") else root / "reports",
        run=options.run_name(get("--run")),
    )


def _worker(config: pytest.Config) -> dict[str, Any] | None:
    found: dict[str, Any] | None = getattr(config, "workerinput", None)
    return found


def _run_name(config: pytest.Config) -> str:
    worker = _worker(config)
    if worker is not None:
        return str(worker["sightcheck_run"])
    return config.stash[OPTIONS].run or time.strftime("%Y-%m-%d_%H%M%S")


class _ToWorkers:
    """Hands the name of the run to xdist's workers."""

    def __init__(self, name: str) -> None:
        self._name = name

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Called by xdist for every worker that it starts."""
        node.workerinput["sightcheck_run"] = self._name


def _board(config: pytest.Config) -> Board | Sender:
    worker = _worker(config)
    if worker is not None:
        # each worker would else take a thread a core, and they would wait for one another
        threads = max(1, (os.cpu_count() or 1) // int(worker["workercount"]))
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
        return Sender(config.stash[FOLDER] / ".progress", str(worker["workerid"]))
    config.pluginmanager.register(_ToWorkers(config.stash[FOLDER].name), "sightcheck-to-workers")
    return Board(lambda text: _write(config, text), terminal=sys.stderr.isatty())


def _write(config: pytest.Config, text: str) -> None:
    """Write to the terminal or log, past pytest's capture."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    if reporter is None:
        return
    if capture is None:
        reporter.write(text, flush=True)
        return
    with capture.global_and_fixture_disabled():
        reporter.write(text, flush=True)


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> list[pytest.Item] | None:
    """Leave out a test of a bench whose matrix is empty, such as the gate where there is no baseline."""
    benchmark = getattr(getattr(collector, "obj", None), "BENCHMARK", None)
    if not isinstance(benchmark, Benchmark) or not inspect.isfunction(obj):
        return None
    collector.config.stash[SEEN][benchmark.name] = benchmark
    kinds = [kind for kind in KINDS if kind in inspect.signature(obj).parameters]
    chosen = collector.config.stash[OPTIONS]
    empty = kinds and not any(True for kind in kinds for _ in matrix(kind, benchmark, chosen))
    return [] if empty else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each benchmark x mode x model, and a test of each claim, control and gate."""
    benchmark = getattr(metafunc.module, "BENCHMARK", None)
    if not isinstance(benchmark, Benchmark):
        return
    for kind in KINDS:
        if kind in metafunc.fixturenames:
            params = [
                pytest.param(w, id=shown, marks=[pytest.mark.bench, _group(kind, w)])
                for shown, w in matrix(kind, benchmark, metafunc.config.stash[OPTIONS])
            ]
            metafunc.parametrize(kind, params, indirect=True)


def _group(kind: str, wanted: Wanted) -> pytest.MarkDecorator:
    """Return the mark that spreads cases over workers, and keeps the claims of a benchmark and model in one.

    A claim whose cases were measured by another worker reads them from the ledger.
    """
    name = wanted.name if kind == "measure" else "claims"
    return pytest.mark.xdist_group(f"{wanted.benchmark.name}.{wanted.model}.{name}")


def matrix(kind: str, benchmark: Benchmark, chosen: Options) -> Iterator[tuple[str, Wanted]]:
    """Yield the test ids of one kind for one benchmark, with what each is about."""
    modes = asked_modes(benchmark, chosen)
    claims = judge.offered(choices=benchmark.choices, modes=modes)
    pairs: list[tuple[str, ModelSpec]]
    if kind == "measure":
        pairs = [(name, m) for m in _unlike(chosen.specs) for name in modes]
    elif kind == "claim":
        pairs = [(name, m) for m in chosen.models for name in claims]
    elif kind == "control":
        pairs = [(name, m) for m in chosen.controls for name in claims if name in judge.OF_SIGHT]
    else:
        base = chosen.baseline
        for m in chosen.models if base is not None and "image_text" in modes else ():
            assert base is not None
            yield f"{m.name}-vs-{base.name}", Wanted(benchmark=benchmark, name=base.name, model=m.name)
        return
    for name, m in pairs:
        yield f"{name}-{m.name}", Wanted(benchmark=benchmark, name=name, model=m.name)


def _unlike(specs: Sequence[ModelSpec]) -> list[ModelSpec]:
    return list({entry.name: entry for entry in specs}.values())


def asked_modes(benchmark: Benchmark, chosen: Options) -> tuple[ModeName, ...]:
    """Return the modes that this benchmark offers and the command line asks for."""
    offered = mode.offered(choices=benchmark.choices)
    return tuple(name for name in offered if not chosen.modes or name in chosen.modes)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests of one model together; an empty selection names what there is to select."""
    chosen = config.stash[OPTIONS]
    order = {entry.name: place for place, entry in enumerate(chosen.specs)}
    items.sort(key=lambda item: order.get(wanted.model, 0) if (wanted := _wanted(item)) else -1)
    seen = config.stash[SEEN]
    if seen and not items:
        text = _nothing_selected(seen, chosen, str(config.getoption("-k")))
        if _worker(config) is None:
            raise pytest.UsageError(text)
        config.stash[BOARD].say(text)


def _nothing_selected(seen: dict[str, Benchmark], chosen: Options, expression: str) -> str:
    modes = sorted({name for b in seen.values() for name in mode.offered(choices=b.choices)}, key=mode.NAMES.index)
    return (
        f"nothing is selected by -k {expression!r} and --mode {', '.join(chosen.modes) or '(all)'}. "
        f"Benchmarks: {', '.join(seen)}. Modes: {', '.join(modes)} (those without options have no "
        f"{', '.join(sorted(mode.NEED_OPTIONS))}). Claims: {', '.join(judge.NEEDS)}. "
        f"Models: {', '.join(m.name for m in chosen.specs)}."
    )


def _wanted(item: pytest.Item) -> Wanted | None:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return next((params[kind] for kind in KINDS if isinstance(params.get(kind), Wanted)), None)


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """Say what will be measured, and which modes a benchmark cannot have."""
    chosen, wanted = config.stash[OPTIONS], [w for item in items if (w := _wanted(item)) is not None]
    if not wanted:
        return []
    lines = [
        f"sightcheck: models {', '.join(m.name for m in chosen.models) or 'none'}; "
        f"controls {', '.join(m.name for m in chosen.controls) or 'none'}; "
        f"baseline {chosen.baseline.name if chosen.baseline else 'none'}; run {config.stash[FOLDER].name}"
    ]
    short = sorted({w.benchmark.name for w in wanted if not w.benchmark.choices})
    if short:
        gone = ", ".join(name for name in mode.NAMES if name in mode.NEED_OPTIONS)
        lines.append(f"sightcheck: {', '.join(short)}: short answers, without options, so there is no {gone}")
    return lines


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down what is declared, before the first row is asked."""
    config = session.config
    if config.option.collectonly or not any(_wanted(item) for item in session.items):
        return
    from harness.report import declare

    declare(config.stash[FOLDER], config.stash[OPTIONS])


def pytest_sessionstart(session: pytest.Session) -> None:
    """Under xdist, begin to watch what the workers leave."""
    config = session.config
    if _worker(config) is None and config.pluginmanager.hasplugin("dsession"):
        every = 5.0 if sys.stderr.isatty() else 30.0
        watcher = Watcher(config.stash[FOLDER] / ".progress", lambda text: _write(config, text), every=every)
        config.stash[WATCHER] = watcher
        watcher.start()


class Outcomes:
    """Counts what was measured and what was skipped, over all workers."""

    def __init__(self) -> None:
        self.measured = self.skipped = 0
        self.reasons: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the outcome of a bench; called in the controller for every worker's test."""
        if "bench" in report.keywords:
            self.skipped += report.skipped
            self.measured += report.when == "call" and not report.skipped
        if "bench" in report.keywords and report.skipped and isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")
            self.reasons += [reason] if reason not in self.reasons else []


OUTCOMES = pytest.StashKey[Outcomes]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report; where everything was skipped, nothing was measured, and the exit code says so."""
    config = session.config
    if _worker(config) is not None:
        return
    if WATCHER in config.stash:
        config.stash[WATCHER].stop()
    folder = config.stash[FOLDER]
    if (folder / "rows").is_dir():
        from harness.report import write

        write(folder)
    outcomes = config.stash[OUTCOMES]
    if outcomes.skipped and not outcomes.measured and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the claims of the run, and where the report is."""
    folder, reasons = config.stash[FOLDER], config.stash[OUTCOMES].reasons
    measured = (folder / "results.json").is_file()
    if not measured and not reasons:
        return
    from harness.report import summary

    terminalreporter.section("sightcheck")
    for text in [*(summary(folder) if measured else ()), *reasons]:
        terminalreporter.write_line(text)
    if measured:
        terminalreporter.write_line(f"report: {os.path.relpath(folder / 'report.md', config.rootpath)}")
