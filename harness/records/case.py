"""Benchmarks, cases and their measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.records.model import Read, Reply, Unread
from harness.records.number import Baseline
from harness.records.row import Loaded, ModeName, Row, Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One row of a case from end to end: row as shown, key of the prompt, reply, reading, points.

    Attributes
    ----------
    row : Row
        As shown, after its mode.
    draw : int
        In the shuffled modes: which of the derangements, from 0; else 0.
    key : str
        Hex sha256 under which the ledger keeps the reply.
    reply : Reply
        What came back.
    reading : Read or Unread
        For ``choice``: the letter *as published*, so that rotations compare.
    points : mapping of str to float
        Metric -> points in [0, 1]; empty for a failed row.
    """

    row: Row
    key: str
    reply: Reply
    reading: Read | Unread
    points: Mapping[str, float]
    draw: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A row that was asked again, alone and by the plainest way, after its case was asked in batches.

    Attributes
    ----------
    row : str
        Row id.
    draw : int
        Which derangement, in the shuffled modes.
    batched, alone : Reply
        What came back each time.
    """

    row: str
    draw: int
    batched: Reply
    alone: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the files of a benchmark were found.

    Attributes
    ----------
    root : str
        A folder on this machine.
    revision : str
        Pinned hub revision the folder was fetched at; empty for files given by the user.
    split : str
        The split that was asked for; empty for the first of the benchmark's splits that is here.
    pictures : bool
        False where the text alone is read, for baselines to learn from: every row then has no images and stands in
        ``telemetry.bad``, so that no mode that shows images can run on it.
    """

    root: str
    revision: str = ""
    split: str = ""
    pictures: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A published question set with its protocol; the module-level ``BENCHMARK`` of a file in benches/.

    Attributes
    ----------
    name : str
        Of ``[a-z0-9_]``; what ``-k``, ``--data NAME=PATH`` and ``--require NAME`` mean.
    title : str
        As its authors call it, with the split.
    version : str
        Version of this protocol, changed whenever a number could change.
    published : mapping of str to int
        Split -> rows published; the order is the order of preference where several are here.
    digests : mapping of str to str
        ``layout/split`` -> the ``Loaded.digest`` of the published rows, for those that have been seen.
    hub : str
        Hub repository for ``--download``; empty where there is none.
    revision : str
        Hub revision that is fetched.
    files : tuple of str
        Patterns that ``--download`` fetches.
    licence, fetch : str
        Licence, and one line saying how to get the files by hand.
    load : callable
        ``load(source) -> Loaded``, strict.
    slices : tuple of str
        Names of slices for the tables, in order.
    embedded : str
        Folder in the project that holds the rows; empty for sets that the user brings.
    folder : str
        Folder looked for under ``--data-dir``; empty where it is called like the benchmark.
    train : str
        Split from which the baselines of the data alone may learn; empty where none is published.
    types : tuple of str
        Slices that tell what a question asks for, for the prior by question type.
    strata : tuple of str
        Slices within which ``shuffled_hard`` finds its donors, such as modality and region, the most important first.
    options : int
        Options of a row, at most; 0 for short answers. It says how many rotations there are.
    limit : int
        Rows asked by default, 0 for all; a seeded draw where it is smaller than ``published``.
    notes : tuple of str
        Deviations from the official protocol, printed under its tables.
    """

    name: str
    title: str
    version: str
    published: Mapping[str, int]
    digests: Mapping[str, str]
    hub: str
    revision: str
    files: tuple[str, ...]
    licence: str
    fetch: str
    load: Callable[[Source], Loaded]
    slices: tuple[str, ...]
    embedded: str = ""
    folder: str = ""
    train: str = ""
    types: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    options: int = 0
    limit: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """benchmark x mode x model: what one measurement is about."""

    benchmark: str
    mode: ModeName
    model: str

    @property
    def id(self) -> str:
        """File-safe name, ``<benchmark>.<mode>.<model>``."""
        return f"{self.benchmark}.{self.mode}.{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """The components that must all be equal before two numbers may be compared.

    Attributes
    ----------
    dataset : str
        Benchmark name and revision or source.
    split : str
        Digest of the row ids.
    rows : str
        Digest of rows and pixels.
    loader, prompt, decoding, extractor, metric, unread_rule, ledger : str
        Version or digest of each.
    """

    dataset: str
    split: str
    rows: str
    loader: str
    prompt: str
    decoding: str
    extractor: str
    metric: str
    unread_rule: str
    ledger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All that is known of one case.

    Attributes
    ----------
    case : Case
        What was measured.
    title : str
        Title of the benchmark.
    status : str
        ``measured``, ``partial`` (fewer rows answered than asked) or ``refused`` (rows were refused).
    answers : tuple of Answer
        In row order, draw by draw. Where there is an ``order``, as the rows were asked.
    asked, published : int
        Rows asked, rows published.
    draws : int
        How often each row was asked: the derangements of the shuffled modes, else 1.
    order : tuple of int
        Where the case could stop as soon as its claims were decided: rows of every cluster of the list, asked or not,
        in the seeded order of asking; else empty.
    baselines : tuple of Baseline
        What the data alone give over these rows; empty in the modes that do not carry them.
    canaries : tuple of Canary
        Rows that were asked again alone, drawn by seed.
    chance : float or None
        Expected score of a blind guess over these rows; None where there is none (short answers).
    telemetry : Telemetry
        Of loading.
    harness : Harness
        For the same-harness check.
    provenance : mapping of str to str
        Model facts, dataset source and digest, seed.
    slices : tuple of str
        Slice names for the tables.
    notes : tuple of str
        Deviations from the official protocol.
    refusal : str
        Where the rows were refused: the error; else empty.
    """

    case: Case
    title: str
    status: Literal["measured", "partial", "refused"]
    answers: tuple[Answer, ...]
    asked: int
    published: int
    chance: float | None
    telemetry: Telemetry
    harness: Harness
    provenance: Mapping[str, str]
    slices: tuple[str, ...]
    notes: tuple[str, ...] = ()
    refusal: str = ""
    draws: int = 1
    order: tuple[int, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    canaries: tuple[Canary, ...] = ()
