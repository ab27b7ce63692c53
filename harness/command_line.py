"""The options of pytest that the suite adds, and how they are read into one checked record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import mode, options, spec
from harness.errors import UsageError
from harness.limits import Limits
from harness.options import Options
from harness.planned import Settings
from harness.records import ModelSpec


def add(parser: pytest.Parser) -> None:
    """Add the options of the suite, and the ini defaults."""
    group = parser.getgroup("sightcheck", "measure medical vision-language models")
    option = group.addoption
    option("--model", action="append", default=[], metavar="[NAME=]BACKEND:WHERE", help="model to measure; repeatable")
    option("--control", action="append", default=[], metavar="MODEL", help="model known not to see; must be refused")
    option("--baseline", default="", metavar="MODEL", help="gate every --model against this one")
    option("--answer", default="", metavar="KIND[,KIND]", help="generation, likelihood or likelihood_text (generation)")
    option(
        "--no-reuse", action="store_true", help="encode every picture and read every prompt anew, to prove the reuse"
    )
    option("--canary", type=int, default=None, metavar="N", help="rows asked again alone (5 %%, from 4 to 16); 0: none")
    option("--engine", default="", metavar="ray[:HOST:PORT]", help="ask the models on a Ray cluster")
    option("--equivalence", default="", metavar="MODEL", help="the same checkpoint by another engine, to hold against")
    option("--gate", default="not_worse", metavar="|".join(options.POLICIES), help="what the gate asks (not_worse)")
    option("--margin", type=float, default=0.02, help="how much worse a candidate may be (0.02)")
    option("--same-margin", type=float, default=0.05, help="what counts as the same in the ablations (0.05)")
    option("--unread-limit", type=float, default=0.10, help="largest share of unread replies (0.10)")
    option("--kept-limit", type=float, default=0.75, help="share of answers that must stay under rotation (0.75)")
    option("--mode", action="append", default=[], metavar="NAME[,NAME]", help=f"modes to run: {', '.join(mode.NAMES)}")
    option("--data-dir", default=None, metavar="DIR", help="folder with one folder a benchmark")
    option("--data", action="append", default=[], metavar="NAME=DIR", help="folder of one benchmark")
    option("--split", action="append", default=[], metavar="NAME=SPLIT", help="split of one benchmark")
    option("--download", action="store_true", help="fetch missing benchmarks from the hub at their pinned revision")
    option("--require", action="append", default=[], metavar="NAME", help="benchmark whose absence is a failure")
    option("--limit", type=int, default=None, metavar="N", help="ask a seeded draw of N rows; 0 for all")
    option("--derangements", type=int, default=5, metavar="N", help="foreign images that each row is shown (5)")
    option("--until-decided", action="store_true", help="stop a model on a benchmark once its claims are decided")
    option("--seed", type=int, default=0, help="seed of every draw (0)")
    option("--batch-size", type=int, default=0, help="rows a batch; 0 for what the backend advises")
    option("--max-new-tokens", type=int, default=0, help="tokens a reply may have; 0 for the protocol's 8 or 16")
    option("--rescore", action="store_true", help="recompute from the ledger, without rows and without a model")
    option("--ledger", default="", metavar="DIR", help="folder of the ledger (reports/ledger)")
    option("--reports", default="", metavar="DIR", help="folder of the reports (reports)")
    option("--run", default="", metavar="NAME", help="name of this run's folder; the time where it is not given")
    option("--quoted", default="", metavar="FILE", help="published numbers to list, never to compare (TOML)")
    option("--plan", action="store_true", help="say what these rows could show, and ask nothing")
    option("--lint-claims", default="", metavar="FILE", help="hold a text's claims against their evidence, and stop")
    option("--evidence", default="", metavar="FILE", help="results.json of a run, for --lint-claims")
    option("--check-table", default="", metavar="FILE", help="test published figures (markdown or CSV), and stop")
    parser.addini("data_dir", "folder with one folder a benchmark; --data-dir wins", default="")


def parsed(config: pytest.Config) -> Options:
    """Read pytest's options into our own record; raise UsageError for what cannot be."""
    get = config.getoption
    root, here = config.rootpath, config.invocation_params.dir
    models, controls = list(get("--model")), list(get("--control"))
    if not models and not controls:
        models, controls = [options.SIGHTED], [options.BLIND]
    without = get("--no-reuse")
    specs = options.answered([_parsed(text, without) for text in models], get("--answer"))
    base = _parsed(get("--baseline"), without) if get("--baseline") else None
    other = _parsed(get("--equivalence"), without) if get("--equivalence") else None
    against = options.answered([_parsed(text, without) for text in controls], get("--answer").partition(",")[0])
    spec.unique([*specs, *against, *(each for each in (base, other) if each)])
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
        settings=_settings(config),
        limits=_limits(config),
        ledger=here / get("--ledger") if get("--ledger") else root / "reports" / "ledger",
        reports=here / get("--reports") if get("--reports") else root / "reports",
        run=options.run_name(get("--run")),
        quoted=here / get("--quoted") if get("--quoted") else None,
        plan=get("--plan"),
        equivalent=other,
        engine=_engine(get("--engine")),
    )


def _parsed(text: str, without_reuse: bool) -> ModelSpec:
    """Read one model; with ``--no-reuse`` a backend that can reuse is told not to."""
    read = spec.parse(text)
    if not without_reuse or "reuse" not in spec.options_of(read.backend):
        return read
    return replace(read, options={**read.options, "reuse": "off"})


def _engine(text: str) -> str:
    """Check what --engine says, before any work."""
    if text:
        from harness.engine import parse

        parse(text)
    return text


def _settings(config: pytest.Config) -> Settings:
    get = config.getoption
    return Settings(
        seed=get("--seed"),
        limit=None if get("--limit") is None else options.count("--limit", get("--limit")),
        batch_size=options.count("--batch-size", get("--batch-size")),
        max_new_tokens=options.count("--max-new-tokens", get("--max-new-tokens")),
        derangements=options.at_least_one("--derangements", get("--derangements")),
        until_decided=get("--until-decided"),
        canaries=None if get("--canary") is None else options.count("--canary", get("--canary")),
    )


def _limits(config: pytest.Config) -> Limits:
    get = config.getoption
    return Limits(
        unread=options.share("--unread-limit", get("--unread-limit")),
        same=options.margin("--same-margin", get("--same-margin")),
        margin=options.margin("--margin", get("--margin")),
        kept=options.margin("--kept-limit", get("--kept-limit")),
    )
