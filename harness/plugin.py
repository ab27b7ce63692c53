"""The pytest plugin: options in, cases out, a report at the end. With fixtures/ the only code that knows pytest.

Order: options, configure, collection (each benchmark x mode x model is a case; each claim, control and gate is
a test), outcomes, report. Importing this module, and collecting, imports neither torch nor transformers.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import command_line, mode, workers
from harness.board import Board, Sender, Watcher
from harness.errors import SightcheckError
from harness.matrix import KINDS, Wanted, matrix, nothing_selected, together
from harness.options import Options
from harness.records import Benchmark

OPTIONS = pytest.StashKey[Options]()
BOARD = pytest.StashKey[Board | Sender]()
FOLDER = pytest.StashKey[Path]()
WATCHER = pytest.StashKey[Watcher]()
SEEN = pytest.StashKey[dict[str, Benchmark]]()
SELECTED = pytest.StashKey[tuple[Wanted, ...]]()
"""What the tests of this run are about, after every selection."""
REFUSED = pytest.StashKey[str]()
"""Why this run may not go on, where a worker found that out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite, and the ini defaults."""
    command_line.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Lint a text or check a table, where that is asked for, and run no test."""
    text, table = config.getoption("--lint-claims"), config.getoption("--check-table")
    if not text and not table:
        return None
    from harness import actions

    here, evidence = config.invocation_params.dir, config.getoption("--evidence")
    try:
        said, code = actions.lint(here / text, here / evidence if evidence else None) if text else ("", 0)
        told, other = actions.check(here / table) if table else ("", 0)
    except SightcheckError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return int(pytest.ExitCode.USAGE_ERROR)
    sys.stdout.write("\n".join(part.rstrip() + "\n" for part in (said, told) if part))
    return max(code, other)


def pytest_configure(config: pytest.Config) -> None:
    """Check the command line, before anything is collected."""
    config.addinivalue_line("markers", "bench: a test made with the instrument; its outcome is a result")
    if not config.pluginmanager.hasplugin("xdist"):
        config.addinivalue_line("markers", "xdist_group(name): tests of one group run in one worker")
    try:
        config.stash[OPTIONS] = command_line.parsed(config)
        _check_quoted(config.stash[OPTIONS])
        workers.check(config, config.stash[OPTIONS].engine)
    except SightcheckError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SEEN] = {}
    config.stash[OUTCOMES] = Outcomes()
    config.pluginmanager.register(config.stash[OUTCOMES], "sightcheck-outcomes")
    config.stash[FOLDER] = config.stash[OPTIONS].reports / _run_name(config)
    if workers.this(config) is None:
        _check_declared(config)
    config.stash[BOARD] = _board(config)


def _check_quoted(chosen: Options) -> None:
    """Refuse published numbers that cannot be read, before any work."""
    if chosen.quoted is not None:
        from harness import quoted

        quoted.read(chosen.quoted)


def _check_declared(config: pytest.Config) -> None:
    """Refuse to go on with a run that was begun under other limits, before anything is collected."""
    from harness.report.declare import check

    try:
        check(config.stash[FOLDER], config.stash[OPTIONS])
    except SightcheckError as error:
        raise pytest.UsageError(str(error)) from error


def _run_name(config: pytest.Config) -> str:
    worker = workers.this(config)
    if worker is not None:
        return str(worker["sightcheck_run"])
    return config.stash[OPTIONS].run or time.strftime("%Y-%m-%d_%H%M%S")


def _board(config: pytest.Config) -> Board | Sender:
    if workers.this(config) is not None:
        return workers.settle(config, config.stash[FOLDER] / ".progress")
    config.pluginmanager.register(workers.Handed(config.stash[FOLDER].name), "sightcheck-to-workers")
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
    chosen = metafunc.config.stash[OPTIONS]
    for kind in KINDS:
        if kind in metafunc.fixturenames:
            params = [
                pytest.param(w, id=shown, marks=[pytest.mark.bench, _group(w, chosen, workers.count(metafunc.config))])
                for shown, w in matrix(kind, benchmark, chosen)
            ]
            metafunc.parametrize(kind, params, indirect=True)


def _group(wanted: Wanted, chosen: Options, several: int) -> pytest.MarkDecorator:
    """Return the mark that spreads cases over workers, and keeps all claims in one.

    The claims of a run are one family: they are judged together, and read the cases of other workers from the ledger.
    Cases that are asked together stand in one group.
    """
    if wanted.kind != "measure":
        return pytest.mark.xdist_group("claims")
    return pytest.mark.xdist_group(f"{wanted.benchmark.name}.{wanted.model}.{together(wanted, chosen, several)}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the cases of one model together, and the claims behind all cases; an empty selection says what there is."""
    chosen = config.stash[OPTIONS]
    order = {entry.name: place for place, entry in enumerate(chosen.specs)}

    def place(item: pytest.Item) -> tuple[bool, int]:
        wanted = _wanted(item)
        return (False, -1) if wanted is None else (wanted.kind != "measure", order.get(wanted.model, 0))

    items.sort(key=place)
    seen = config.stash[SEEN]
    if seen and not items:
        text = nothing_selected(tuple(seen.values()), chosen, str(config.getoption("-k")))
        if workers.this(config) is None:
            raise pytest.UsageError(text)
        config.stash[BOARD].say(text)


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
    short = sorted({w.benchmark.name for w in wanted if not w.benchmark.options})
    if short:
        gone = ", ".join(name for name in mode.NAMES if name in mode.NEED_OPTIONS - set(mode.ROTATIONS))
        lines.append(
            f"sightcheck: {', '.join(short)}: short answers, without options, so there is no {gone} and no rotation"
        )
    return lines


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down what is declared, before the first row is asked."""
    config = session.config
    wanted = [found for item in session.items if (found := _wanted(item)) is not None]
    config.stash[SELECTED] = tuple(wanted)
    if config.option.collectonly or not wanted or config.stash[OPTIONS].plan:
        return
    from harness.report import declare

    try:
        declare(config.stash[FOLDER], config.stash[OPTIONS], [each for each in wanted if each.kind != "measure"])
    except SightcheckError as error:
        if workers.this(config) is None:
            raise pytest.UsageError(str(error)) from error
        # a worker that ends here would only be called crashed: its tests say what is wrong
        config.stash[REFUSED] = str(error)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With ``--plan``, say what the selected tests could show, and run none of them."""
    config = session.config
    wanted = config.stash.get(SELECTED, ())
    if not config.stash[OPTIONS].plan or not wanted or config.option.collectonly:
        return None
    from fixtures.rows import Rows
    from harness import planning

    rows = Rows(config.stash[OPTIONS], config.stash[BOARD])
    planned = {w.benchmark.name: rows.planned(w.benchmark) for w in wanted}
    _write(config, "\n" + "\n".join(planning.page(wanted, planned, config.stash[OPTIONS].limits)) + "\n")
    return True


def pytest_sessionstart(session: pytest.Session) -> None:
    """Under xdist, begin to watch what the workers leave."""
    config = session.config
    if workers.this(config) is None and config.pluginmanager.hasplugin("dsession"):
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
    if workers.this(config) is not None:
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
