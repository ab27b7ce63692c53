"""The nouns of the suite: frozen records without logic, in the order in which a row meets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image

RowKind = Literal["choice", "yes_no", "closed", "open"]
"""How a row is answered: an option letter; yes or no; one of a few words; any short answer."""

ModeName = Literal[
    "image_text",
    "text_only",
    "shuffled",
    "options_only",
    "image_options",
    "blank",
    "rotation_1",
    "rotation_2",
    "rotation_3",
    "rotation_4",
]

WITHOUT_IMAGES: frozenset[str] = frozenset({"text_only", "options_only"})
"""Modes in which a row carries no image; every other mode owes a receipt for each image of each row."""

WITHOUT_STEM: frozenset[str] = frozenset({"options_only", "image_options"})
"""Modes in which the question itself is withheld."""

Verdict = Literal["supported", "refuted", "undecided", "invalid"]


# ---------------------------------------------------------------------------------------------- rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """One image of a row, found, checked and decoded once, but not kept decoded.

    Attributes
    ----------
    name : str
        The published file name, or ``<id>:image`` where the published column holds the bytes.
    digest : str
        Hex sha256 over width, height and the decoded RGB bytes (EXIF orientation applied).
    width, height : int
        Size in pixels after decoding.
    open : callable
        Returns the decoded RGB picture; raises ImageRefused. Not part of equality.
    """

    name: str
    digest: str
    width: int
    height: int
    open: Callable[[], Image] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer choice: the letter it is shown under, its text, and its letter in the published order."""

    letter: str
    text: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question with its images, gold and slices.

    Attributes
    ----------
    id : str
        The published id, unique in its benchmark.
    kind : RowKind
        How it is answered.
    stem : str
        The question without its options; empty in the modes that withhold it.
    options : tuple of Option
        In the order shown; empty for short answers.
    gold : str
        The letter *as shown* for ``choice``; else the published answer, raw.
    images : tuple of ImageRef
        In the published order; empty in the modes that withhold them.
    cluster : str
        Rows of one cluster share an image, a stem or a patient.
    slices : mapping of str to str
        Published metadata by which results are broken down, such as ``modality -> CT``.
    donor : str
        In ``shuffled``: the id of the row whose images are shown; else empty.
    """

    id: str
    kind: RowKind
    stem: str
    options: tuple[Option, ...]
    gold: str
    images: tuple[ImageRef, ...]
    cluster: str
    slices: Mapping[str, str]
    donor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that was refused at loading, and why."""

    row_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What strict loading counted, before any inference.

    Attributes
    ----------
    rows : int
        Rows found in the file (after the benchmark's own split and language filter).
    named : mapping of int to int
        Images named per row -> number of rows.
    loaded : mapping of int to int
        Images found and decoded per row -> number of rows.
    distinct : int
        Distinct pictures, by the digest of their pixels.
    bad : tuple of BadRow
        Every refused row.
    """

    rows: int
    named: Mapping[int, int]
    loaded: Mapping[int, int]
    distinct: int
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The rows of one split of a benchmark, every one of them checked.

    Attributes
    ----------
    rows : tuple of Row
        All rows of the split in file order. Where ``telemetry.bad`` names a row, its images are not here
        (``images`` is empty) and the run refuses every mode that shows images; modes of text may run.
    split : str
        Name of the split that was read, such as ``test``.
    layout : str
        Which published layout the files are in, such as ``parquet``, ``jsonl`` or ``json``.
    digest : str
        Hex sha256 of all rows: ids, stems, options, gold and pixel digests.
    source : str
        The files that were read, relative to their root, with the pinned revision where there is one.
    telemetry : Telemetry
        Counts over all rows of the split.
    """

    rows: tuple[Row, ...]
    split: str
    layout: str
    digest: str
    source: str
    telemetry: Telemetry


# ------------------------------------------------------------------------------------- prompt, model


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text of a prompt."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image of a prompt."""

    image: ImageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is sent: ordered parts of one user turn, and how long it may answer."""

    parts: tuple[TextPart | ImagePart, ...]
    max_new_tokens: int

    @property
    def images(self) -> tuple[ImageRef, ...]:
        """The images of the prompt, in order."""
        return tuple(part.image for part in self.parts if isinstance(part, ImagePart))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof that one image reached the model.

    Attributes
    ----------
    digest : str
        Pixel digest of the image that was sent.
    tokens : int
        Image tokens (local model) or parts (endpoint) that the model was really given for it, at least 1.
    tensor : str
        Hex digest of the pixel tensor made of it, empty where a backend cannot see it.
    """

    digest: str
    tokens: int
    tensor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The raw text that came back for one prompt, or the cause why none did.

    Attributes
    ----------
    text : str
        Raw text; empty where the call failed.
    receipts : tuple of Receipt
        One per image of the prompt, in order.
    finish : str
        ``stop``, ``length`` (cut off at max_new_tokens) or ``failed``.
    prompt_tokens, new_tokens : int
        As counted by the model's tokenizer; 0 where unknown.
    error : str
        The cause of a failed call, in one line; empty otherwise.
    """

    text: str
    receipts: tuple[Receipt, ...]
    finish: Literal["stop", "length", "failed"]
    prompt_tokens: int = 0
    new_tokens: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What ``--model`` said: ``[name=]backend:where[@revision][?option=value&...]``.

    Attributes
    ----------
    name : str
        Short name, of ``[A-Za-z0-9_.-]``, used in test ids and tables.
    backend : str
        A module of harness/backends.
    where : str
        Repository, folder, file or address.
    revision : str
        Commit, tag or branch; empty for local files.
    options : mapping of str to str
        The backend's own options, such as ``dtype`` or ``order``.
    """

    name: str
    backend: str
    where: str
    revision: str
    options: Mapping[str, str]


class Model(Protocol):
    """A model as the run sees it. Opening is cheap; weights are read at the first ``prepare``."""

    @property
    def spec(self) -> ModelSpec:
        """What was asked for."""

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of everything that shapes a reply: weights, tokenizer, processor, template, dtype."""

    @property
    def facts(self) -> Mapping[str, str]:
        """For the report: class, parameters, dtype, device, library versions, decoding."""

    @property
    def decoding(self) -> Mapping[str, str]:
        """Decoding settings, part of the ledger's key."""

    def check(self, prompts: Sequence[Prompt]) -> None:
        """Raise ModelError before any work, where these prompts cannot be asked (say, two images)."""

    def prepare(self, prompts: Sequence[Prompt], ids: Sequence[str] = ()) -> Any:
        """Decode and preprocess a batch; may run in a thread, ahead of ``reply``. The row ids are for errors."""

    def reply(self, prepared: Any) -> list[Reply]:
        """Answer a prepared batch: one Reply a prompt, in order. May raise; the run then asks one by one."""

    def close(self) -> None:
        """Free weights and files."""


# --------------------------------------------------------------------------------- reading and points


@dataclass(frozen=True, slots=True)
class Read:
    """An answer that could be read: an option letter, ``yes``/``no``, or a phrase."""

    value: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A reply in which no answer could be read, and why.

    ``why`` is one of: ``empty``, ``refusal``, ``several``, ``none``, ``not_an_option``, ``cut_off``,
    ``echo``, ``error_text``.
    """

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One row of a case from end to end: row as shown, key of the prompt, reply, reading, points.

    Attributes
    ----------
    row : Row
        As shown, after its mode.
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


# -------------------------------------------------------------------------------- numbers and claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean of points with its interval.

    Attributes
    ----------
    value, low, high : float
        In [0, 1].
    n, clusters : int
        Rows and clusters behind it.
    level : float
        Confidence level, such as 0.95.
    method : str
        Name of the interval.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    level: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A mean of paired differences of points (first minus second), with interval and test.

    Attributes
    ----------
    value, low, high : float
        In [-1, 1].
    n, clusters : int
        Paired rows and their clusters.
    level : float
        Confidence level of the interval.
    method : str
        Name of the interval.
    p : float
        Two-sided p-value of no difference.
    test : str
        Name of the test.
    only_first, only_second : int
        Rows that only the first, only the second got right (binary points), else 0.
    detectable : float
        The smallest true difference that this n shows with 80 % power, given the discordance seen.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    level: float
    method: str
    p: float
    test: str
    only_first: int
    only_second: int
    detectable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement about cases with a verdict, in fixed conservative wording.

    Attributes
    ----------
    name : str
        Such as ``beats_shuffled``.
    benchmark, model : str
        What it is about.
    verdict : Verdict
        supported, refuted, undecided, or invalid (a precondition of the measurement failed).
    sentence : str
        The only wording in which the result may be quoted.
    difference : Difference or None
        The evidence where two cases are compared.
    estimate : Estimate or None
        The evidence where one case is held against a constant.
    why : str
        For ``invalid``: the precondition that failed.
    """

    name: str
    benchmark: str
    model: str
    verdict: Verdict
    sentence: str
    difference: Difference | None = None
    estimate: Estimate | None = None
    why: str = ""


# ----------------------------------------------------------------------------------- benchmark, case


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
    """

    root: str
    revision: str = ""
    split: str = ""


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
    choices : bool
        True for option letters, False for short answers.
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
    limit : int
        Rows asked by default, 0 for all; a seeded draw where it is smaller than ``published``.
    notes : tuple of str
        Deviations from the official protocol, printed under its tables.
    """

    name: str
    title: str
    version: str
    choices: bool
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
        In row order.
    asked, published : int
        Rows asked, rows published.
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
