"""From drafts to checked rows: all bad rows collected, every picture decoded once, clusters, digest, telemetry."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from harness.errors import DataError, ImageRefused, RowsRefused
from harness.load.cluster import Tokens, cluster_ids
from harness.load.pixels import Picture, Pictures, examine, reopen
from harness.load.table import Entry
from harness.records import BadRow, Benchmark, ImageRef, Loaded, Option, Row, RowKind, Telemetry

_WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A row whose fields are checked and whose pictures are still names.

    Attributes
    ----------
    id, kind, stem, options, gold, slices
        As in Row.
    images : tuple of str
        Published file names, in order; none makes the row bad.
    places : tuple of str
        The names under which a store finds them, where those differ from ``images``.
    """

    id: str
    kind: RowKind
    stem: str
    gold: str
    images: tuple[str, ...]
    slices: Mapping[str, str]
    options: tuple[Option, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What became of one named picture: the key of its file, and the picture or why it is refused."""

    key: str
    picture: Picture | None
    why: str


def collect(where: str, entries: Sequence[Entry], draft: Callable[[Entry], Draft], *, key: str = "id") -> list[Draft]:
    """Return a draft of every entry, or refuse all of them together.

    Parameters
    ----------
    where : str
        Benchmark and file, for the error.
    entries : sequence of Entry
        The rows of the split, after its filters.
    draft : callable
        Checks the fields of one entry; raises DataError with the reason where they are wrong.
    key : str
        The field with the row id, by which a bad row is named.

    Raises
    ------
    RowsRefused
        Where any entry is wrong or an id is used twice; carries every one of them.
    """
    drafts, bad, first = list[Draft](), list[BadRow](), dict[str, str]()
    for entry in entries:
        try:
            if entry.wrong:
                raise DataError(entry.wrong)
            made = draft(entry)
            if made.id in first:
                raise DataError(f"has the id of the row at {first[made.id]}, but ids should be unique ({entry.place})")
            first[made.id] = entry.place
            drafts.append(made)
        except DataError as error:
            bad.append(BadRow(row_id=_name(entry, key), reason=str(error)))
    if bad:
        named = Counter(len(made.images) for made in drafts)
        telemetry = Telemetry(
            rows=len(entries), named=dict(sorted(named.items())), loaded={}, distinct=0, bad=tuple(bad)
        )
        raise RowsRefused(where, bad, telemetry)
    return drafts


def _name(entry: Entry, key: str) -> str:
    value = entry.fields.get(key)
    known = isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip()
    return str(value).strip() if known else f"at {entry.place}"


def finish(
    drafts: Sequence[Draft],
    pictures: Pictures,
    *,
    split: str,
    layout: str,
    source: str,
    join_stems: bool = False,
) -> Loaded:
    """Open the pictures of all drafts, and return the rows with what was counted.

    Parameters
    ----------
    drafts : sequence of Draft
        All rows of the split, in file order.
    pictures : Pictures
        Where their pictures lie.
    split, layout, source : str
        As in Loaded.
    join_stems : bool
        Put rows with the same question (after folding case and blanks) into one cluster too.

    Returns
    -------
    Loaded
        A row with any refused picture has no images, and stands in ``telemetry.bad`` with every reason.
    """
    found = _look(drafts, pictures)
    seen = [[found[place] for place in made.places or made.images] for made in drafts]
    clusters = cluster_ids([_tokens(made, pics, join_stems) for made, pics in zip(drafts, seen, strict=True)])
    rows, bad = list[Row](), list[BadRow]()
    for made, pics, cluster in zip(drafts, seen, clusters, strict=True):
        why = _why(made, pics)
        if why:
            bad.append(BadRow(row_id=made.id, reason=why))
        rows.append(_row(made, () if why else _refs(made, pics, pictures), cluster))
    loaded = [sum(one.picture is not None for one in pics) for pics in seen]
    telemetry = Telemetry(
        rows=len(rows),
        named=dict(sorted(Counter(len(made.images) for made in drafts).items())),
        loaded=dict(sorted(Counter(loaded).items())),
        distinct=len({one.picture.digest for pics in seen for one in pics if one.picture}),
        bad=tuple(bad),
    )
    return Loaded(rows=tuple(rows), split=split, layout=layout, digest=digest(rows), source=source, telemetry=telemetry)


def _row(made: Draft, images: tuple[ImageRef, ...], cluster: str) -> Row:
    return Row(
        id=made.id,
        kind=made.kind,
        stem=made.stem,
        options=made.options,
        gold=made.gold,
        images=images,
        cluster=cluster,
        slices=made.slices,
    )


def _refs(made: Draft, pics: Sequence[_Seen], pictures: Pictures) -> tuple[ImageRef, ...]:
    return tuple(
        ImageRef(
            name=name,
            digest=one.picture.digest,
            width=one.picture.width,
            height=one.picture.height,
            open=partial(reopen, partial(pictures.read, one.key), name, one.picture.digest),
        )
        for name, one in zip(made.images, pics, strict=True)
        if one.picture
    )


def _why(made: Draft, pics: Sequence[_Seen]) -> str:
    if not made.images:
        return "names no image, but should name at least one"
    said: dict[str, str] = {}
    for name, one in zip(made.images, pics, strict=True):
        if one.picture is None:
            before = said.get(one.why)
            said[one.why] = f"{before}; image {name!r} likewise" if before else f"image {name!r} {one.why}"
    return "; ".join(said.values())


def _look(drafts: Sequence[Draft], pictures: Pictures) -> dict[str, _Seen]:
    """Find every named picture and decode every distinct file once; the order of threads changes nothing."""
    keys, refused = dict[str, str](), dict[str, str]()
    for place in dict.fromkeys(place for made in drafts for place in made.places or made.images):
        try:
            keys[place] = pictures.find(place)
        except ImageRefused as error:
            refused[place] = str(error)
    files = list(dict.fromkeys(keys.values()))
    with ThreadPoolExecutor(max_workers=min(_WORKERS, os.cpu_count() or 1)) as pool:
        checked = dict(zip(files, pool.map(partial(_open, pictures), files), strict=True))
    seen = {place: _Seen(key="", picture=None, why=why) for place, why in refused.items()}
    for place, key in keys.items():
        got = checked[key]
        picture, why = (got, "") if isinstance(got, Picture) else (None, got)
        seen[place] = _Seen(key=key, picture=picture, why=why)
    return seen


def _open(pictures: Pictures, key: str) -> Picture | str:
    try:
        return examine(pictures.read(key))
    except ImageRefused as error:
        return str(error)


def _tokens(made: Draft, pics: Sequence[_Seen], join_stems: bool) -> Tokens:
    return Tokens(
        row=made.id,
        pixels=tuple(one.picture.digest for one in pics if one.picture),
        names=made.images,
        stem=made.stem if join_stems else "",
    )


def digest(rows: Iterable[Row]) -> str:
    """Return the sha256 of ids, kinds, stems, options, gold and pixel digests, as canonical JSON in file order."""
    seen = hashlib.sha256()
    for row in rows:
        options = [[option.letter, option.text] for option in row.options]
        held = [row.id, row.kind, row.stem, options, row.gold, [ref.digest for ref in row.images]]
        seen.update(json.dumps(held, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")
    return seen.hexdigest()


def deviation(benchmark: Benchmark, loaded: Loaded) -> str:
    """Say in one line how the rows differ from the published ones; empty where no difference is known."""
    published = benchmark.published.get(loaded.split)
    if published is not None and published != len(loaded.rows):
        here = f"{len(loaded.rows)} rows of split {loaded.split} are here"
        return f"{benchmark.name}: {here}, but {published} are published"
    expected = benchmark.digests.get(f"{loaded.layout}/{loaded.split}", loaded.digest)
    if expected != loaded.digest:
        return (
            f"{benchmark.name}: the rows of {loaded.source} have digest {loaded.digest[:12]}, but those "
            f"seen before have {expected[:12]}: questions, answers or pixels differ"
        )
    return ""
