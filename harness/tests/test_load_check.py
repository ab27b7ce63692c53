"""From entries to checked rows: refusals, pictures, telemetry, clusters, digest."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import get_ident

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.errors import DataError, ImageRefused, RowsRefused
from harness.load import check, pixels
from harness.load.check import Draft, collect, deviation, finish
from harness.load.cluster import Tokens, cluster_ids
from harness.load.folder import Folder
from harness.load.table import Entry
from harness.records import Benchmark, Loaded, Option


def _draft(row_id: str, *images: str, stem: str = "") -> Draft:
    return Draft(
        id=row_id,
        kind="open",
        stem=stem or f"Question {row_id}?",
        gold="lung",
        images=images,
        slices={"organ": "CHEST"},
    )


def _pictures(root: Path, **greys: int) -> Folder:
    for name, grey in greys.items():
        Image.new("RGB", (6, 5), (grey, grey, grey)).save(root / f"{name}.png")
    return Folder(root, "imgs")


def _finish(drafts: list[Draft], pictures: pixels.Pictures, *, join_stems: bool = False) -> Loaded:
    return finish(drafts, pictures, split="test", layout="json", source="x.json", join_stems=join_stems)


def _pick(entry: Entry) -> Draft:
    entry.require(("id", "images"))
    if entry.fields["id"] == 2:
        raise DataError("is wrong on purpose")
    return _draft(entry.text_or_number("id"), *entry.fields["images"])


def test_every_bad_row_is_listed_by_id_and_not_only_the_first() -> None:
    entries = [
        Entry(place="line 1", fields={"id": 1, "images": ["a.png"]}),
        Entry(place="line 2", fields={"id": 2, "images": ["a.png"]}),
        Entry(place="line 3", wrong="is a list, but should be an object with fields"),
        Entry(place="line 4", fields={"id": 1, "images": []}),
        Entry(place="line 5", fields={"images": [], "image": "a.png"}),
    ]
    with pytest.raises(RowsRefused) as caught:
        collect("set: x.jsonl", entries, _pick)
    assert [(bad.row_id, bad.reason) for bad in caught.value.bad] == [
        ("2", "is wrong on purpose"),
        ("at line 3", "is a list, but should be an object with fields"),
        ("1", "has the id of the row at line 1, but ids should be unique (line 4)"),
        ("at line 5", "missing fields: id; available fields: images, image"),
    ]
    assert str(caught.value).startswith("set: x.jsonl: 4 of 5 rows are refused, but every row must load")
    assert (caught.value.telemetry.rows, caught.value.telemetry.named) == (5, {1: 1})


def test_refusal_lists_twenty_rows_and_counts_the_rest() -> None:
    entries = [Entry(place=f"line {n}", wrong="is bad") for n in range(25)]
    with pytest.raises(RowsRefused, match=r"row at line 19: is bad\n  \.\.\. and 5 more$"):
        collect("set", entries, _pick)


def test_error_in_our_own_code_is_not_taken_for_a_bad_row() -> None:
    def broken(entry: Entry) -> Draft:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collect("set", [Entry(place="line 1")], broken)


def test_truncated_image_is_refused_with_its_row_id_and_the_others_load(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path, a=1, b=2)
    whole = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[:-20])
    loaded = _finish([_draft("1", "a.png"), _draft("2", "b.png"), _draft("3", "a.png")], pictures)
    assert [bad.row_id for bad in loaded.telemetry.bad] == ["2"]
    assert loaded.telemetry.bad[0].reason.startswith("image 'b.png' cannot be decoded: ")
    assert [len(row.images) for row in loaded.rows] == [1, 0, 1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "image 'b.png' is empty (0 bytes), but should hold a picture"),
        (b"<html>", "image 'b.png' is not a picture: it is an HTML page, such as a log-in page saved under this name"),
        (b"plain text", "image 'b.png' is not a picture: it starts with b'plain te'"),
        (None, "image 'b.png' is not in 'imgs', but should be"),
    ],
)
def test_bad_file_makes_its_row_bad_with_the_exact_reason(tmp_path: Path, content: bytes | None, reason: str) -> None:
    pictures = _pictures(tmp_path, a=1)
    if content is not None:
        (tmp_path / "b.png").write_bytes(content)
    loaded = _finish([_draft("1", "a.png"), _draft("2", "b.png")], pictures)
    assert [(bad.row_id, bad.reason) for bad in loaded.telemetry.bad] == [("2", reason)]


def test_name_that_leads_out_of_the_root_makes_its_row_bad(tmp_path: Path) -> None:
    (tmp_path / "imgs").mkdir()
    _pictures(tmp_path, secret=1)
    loaded = _finish([_draft("1", "../secret.png")], _pictures(tmp_path / "imgs", a=1))
    assert loaded.telemetry.bad[0].reason == (
        "image '../secret.png' has '..' in its path, but should lie inside the image root"
    )


def test_row_that_names_no_image_is_bad(tmp_path: Path) -> None:
    loaded = _finish([_draft("1"), _draft("2", "a.png")], _pictures(tmp_path, a=1))
    assert [(bad.row_id, bad.reason) for bad in loaded.telemetry.bad] == [
        ("1", "names no image, but should name at least one")
    ]
    assert loaded.telemetry.named == {0: 1, 1: 1}


def test_row_with_one_bad_image_of_three_shows_none_and_says_which(tmp_path: Path) -> None:
    loaded = _finish([_draft("1", "x.png", "a.png", "y.png")], _pictures(tmp_path, a=1))
    assert loaded.rows[0].images == ()
    assert loaded.telemetry.bad[0].reason == ("image 'x.png' is not in 'imgs', but should be; image 'y.png' likewise")
    assert (loaded.telemetry.named, loaded.telemetry.loaded) == ({3: 1}, {1: 1})


def test_images_keep_their_order_and_open_as_they_were_checked(tmp_path: Path) -> None:
    loaded = _finish([_draft("1", "c.png", "a.png", "b.png")], _pictures(tmp_path, a=1, b=2, c=3))
    images = loaded.rows[0].images
    assert [ref.name for ref in images] == ["c.png", "a.png", "b.png"]
    assert [ref.open().getpixel((0, 0)) for ref in images] == [(n, n, n) for n in (3, 1, 2)]
    assert [pixels.digest(ref.open()) for ref in images] == [ref.digest for ref in images]
    assert {(ref.width, ref.height) for ref in images} == {(6, 5)}


def test_telemetry_counts_rows_names_loaded_and_distinct_pictures(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path, a=1, same=1, b=2)
    drafts = [_draft("1", "a.png"), _draft("2", "a.png", "b.png"), _draft("3", "same.png"), _draft("4", "no.png")]
    telemetry = _finish(drafts, pictures).telemetry
    assert telemetry.rows == 4
    assert telemetry.named == {1: 3, 2: 1}
    assert telemetry.loaded == {0: 1, 1: 2, 2: 1}
    assert telemetry.distinct == 2


class _Counting:
    """A store that counts how often each file is read, and by how many threads."""

    where = "counting"

    def __init__(self, inner: Folder) -> None:
        self._inner = inner
        self.reads = Counter[str]()
        self.threads = set[int]()

    def find(self, name: str) -> str:
        return self._inner.find(name)

    def read(self, key: str) -> bytes:
        self.reads[key] += 1
        self.threads.add(get_ident())
        return self._inner.read(key)


def test_each_file_is_read_once_at_loading_however_many_rows_and_spellings_name_it(tmp_path: Path) -> None:
    store = _Counting(_pictures(tmp_path, a=1, b=2))
    _finish([_draft(str(n), ("a.png", "./a.png", "b.png")[n % 3]) for n in range(30)], store)
    assert store.reads == {"a.png": 1, "b.png": 1}


def test_small_set_is_never_decoded_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "CACHE", pixels.Cache())
    store = _Counting(_pictures(tmp_path, a=11, b=12))
    loaded = _finish([_draft("1", "a.png"), _draft("2", "b.png")], store)
    for row in loaded.rows * 3:
        row.images[0].open()
    assert store.reads == {"a.png": 1, "b.png": 1}


def test_big_set_stays_within_the_cache_and_is_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = pixels.Cache(max_bytes=4 * 6 * 5)
    monkeypatch.setattr(pixels, "CACHE", cache)
    store = _Counting(_pictures(tmp_path, a=1, b=2, c=3))
    loaded = _finish([_draft(name, f"{name}.png") for name in "abc"], store)
    for row in loaded.rows * 2:
        assert pixels.digest(row.images[0].open()) == row.images[0].digest
        assert cache.used <= cache.max_bytes
    assert sum(store.reads.values()) > 6


def test_file_that_is_replaced_after_loading_is_refused_when_its_batch_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "CACHE", pixels.Cache(max_bytes=0))
    loaded = _finish([_draft("1", "a.png")], _pictures(tmp_path, a=1))
    _pictures(tmp_path, a=2)
    with pytest.raises(ImageRefused, match=r"^image 'a\.png' was changed during the run: "):
        loaded.rows[0].images[0].open()


def test_number_of_threads_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = _pictures(tmp_path, **{f"p{n}": n % 7 for n in range(30)})
    (tmp_path / "p9.png").write_bytes(b"broken")
    drafts = [_draft(str(n), f"p{n}.png", f"p{(n * 7) % 30}.png") for n in range(30)]
    results = []
    for workers in (1, 4):
        monkeypatch.setattr(check, "_WORKERS", workers)
        monkeypatch.setattr("os.cpu_count", lambda: 4)
        results.append(_finish(drafts, pictures))
    assert results[0] == results[1]


# -------------------------------------------------------------------------------------------- clusters


def test_rows_with_equal_pixels_under_other_names_are_one_cluster(tmp_path: Path) -> None:
    rows = _finish(
        [_draft("1", "a.png"), _draft("2", "b.png"), _draft("3", "same.png")], _pictures(tmp_path, a=1, b=2, same=1)
    ).rows
    assert rows[0].cluster == rows[2].cluster != rows[1].cluster


def test_rows_are_joined_over_a_chain_of_shared_pictures(tmp_path: Path) -> None:
    drafts = [_draft("1", "a.png", "b.png"), _draft("2", "c.png"), _draft("3", "b.png", "c.png"), _draft("4", "d.png")]
    rows = _finish(drafts, _pictures(tmp_path, a=1, b=2, c=3, d=4)).rows
    assert len({row.cluster for row in rows[:3]}) == 1
    assert rows[3].cluster != rows[0].cluster


def test_cluster_is_named_by_its_smallest_digest(tmp_path: Path) -> None:
    row = _finish([_draft("1", "a.png", "b.png")], _pictures(tmp_path, a=1, b=2)).rows[0]
    assert row.cluster == min(ref.digest for ref in row.images)[:12]


def test_rows_with_one_question_are_joined_where_asked_only(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path, a=1, b=2)
    drafts = [_draft("1", "a.png", stem="What  is it?"), _draft("2", "b.png", stem="what is\nIT?")]
    joined, apart = _finish(drafts, pictures, join_stems=True).rows, _finish(drafts, pictures).rows
    assert joined[0].cluster == joined[1].cluster
    assert apart[0].cluster != apart[1].cluster


def test_absent_pictures_cluster_by_stem_or_else_by_file_name(tmp_path: Path) -> None:
    drafts = [
        _draft("1", "a.png", stem="What?"),
        _draft("2", "b.png", stem="what?"),
        _draft("3", "a.png", stem="Which?"),
    ]
    nothing = Folder(tmp_path, "imgs")
    by_stem = [row.cluster for row in _finish(drafts, nothing, join_stems=True).rows]
    by_name = [row.cluster for row in _finish(drafts, nothing).rows]
    assert len(set(by_stem)) == 1
    assert by_stem[0].startswith("stem:")
    assert by_name[0] == by_name[2] != by_name[1]
    assert all(cluster.startswith("name:") for cluster in by_name)


_TOKENS = st.lists(
    st.builds(
        Tokens,
        row=st.uuids().map(str),
        pixels=st.lists(st.sampled_from([f"{n:064x}" for n in range(8)]), max_size=3).map(tuple),
        names=st.just(()),
        stem=st.sampled_from(["", "a", "b", "c", "d"]),
    ),
    max_size=12,
)


@given(rows=_TOKENS, order=st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_cluster(rows: list[Tokens], order: Random) -> None:
    moved = rows.copy()
    order.shuffle(moved)
    before = dict(zip((row.row for row in rows), cluster_ids(rows), strict=True))
    assert dict(zip((row.row for row in moved), cluster_ids(moved), strict=True)) == before


@given(rows=_TOKENS)
def test_rows_of_different_clusters_share_nothing(rows: list[Tokens]) -> None:
    ids = cluster_ids(rows)
    for one, first in zip(rows, ids, strict=True):
        for other, second in zip(rows, ids, strict=True):
            shared = set(one.pixels) & set(other.pixels) or (one.stem and one.stem == other.stem)
            assert first == second or not shared


# ---------------------------------------------------------------------------------------------- digest


def test_digest_changes_with_whatever_a_model_is_shown_or_measured_by(tmp_path: Path) -> None:
    options = (Option(letter="A", text="x", origin="A"), Option(letter="B", text="y", origin="B"))
    row = replace(_finish([_draft("1", "a.png")], _pictures(tmp_path, a=1)).rows[0], options=options)
    other = replace(row.images[0], digest="0" * 64)
    changed = [
        replace(row, id="2"),
        replace(row, kind="closed"),
        replace(row, stem="Another?"),
        replace(row, options=options[::-1]),
        replace(row, gold="liver"),
        replace(row, images=(other,)),
        replace(row, images=()),
    ]
    digests = {check.digest([one]) for one in (row, *changed)}
    assert len(digests) == len(changed) + 1


def test_digest_does_not_change_with_names_slices_or_clusters(tmp_path: Path) -> None:
    row = _finish([_draft("1", "a.png")], _pictures(tmp_path, a=1)).rows[0]
    same = replace(row, cluster="x", slices={}, images=(replace(row.images[0], name="y.png"),))
    assert check.digest([row]) == check.digest([same])


def test_digest_depends_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = _finish([_draft("1", "a.png"), _draft("2", "a.png")], _pictures(tmp_path, a=1)).rows
    assert check.digest(rows) != check.digest(rows[::-1])


def _benchmark(published: int, digest: str) -> Benchmark:
    return Benchmark(
        name="set",
        title="",
        version="1",
        published={"test": published},
        digests={"json/test": digest} if digest else {},
        hub="",
        revision="",
        files=(),
        licence="",
        fetch="",
        load=lambda _: pytest.fail("not loaded here"),
        slices=(),
    )


def test_fewer_rows_than_published_are_a_deviation(tmp_path: Path) -> None:
    loaded = _finish([_draft("1", "a.png")], _pictures(tmp_path, a=1))
    assert deviation(_benchmark(451, ""), loaded) == "set: 1 rows of split test are here, but 451 are published"


def test_other_digest_than_the_one_seen_is_a_deviation(tmp_path: Path) -> None:
    loaded = _finish([_draft("1", "a.png")], _pictures(tmp_path, a=1))
    assert deviation(_benchmark(1, "0" * 64), loaded) == (
        f"set: the rows of x.json have digest {loaded.digest[:12]}, but those seen before have 000000000000: "
        "questions, answers or pixels differ"
    )


def test_published_rows_are_no_deviation(tmp_path: Path) -> None:
    loaded = _finish([_draft("1", "a.png")], _pictures(tmp_path, a=1))
    assert deviation(_benchmark(1, loaded.digest), loaded) == deviation(_benchmark(1, ""), loaded) == ""
