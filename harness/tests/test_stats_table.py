"""One long table: what it gives is what the single functions give, and what is wrong in it is refused by line."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness import stats
from harness.errors import DataError, NotComparable, SightcheckError, UsageError
from harness.stats.frame import STATUSES

REAL, FOREIGN = ("a", "image_text"), ("a", "shuffled")


def made(rows: int = 60, images: int = 20, seeds: int = 5) -> pd.DataFrame:
    """Model a in two modes, the second asked several times; model b in the first mode."""
    rng = np.random.default_rng(1)
    cluster, kind = rng.integers(0, images, rows), rng.integers(0, 2, rows)
    lines: list[dict[str, Any]] = []
    for model, mode, draws in (("a", "image_text", 1), ("a", "shuffled", seeds), ("b", "image_text", 1)):
        for seed in range(draws):
            lines += [
                {
                    "model": model,
                    "mode": mode,
                    "seed": seed,
                    "row": f"r{row}",
                    "cluster": f"image {cluster[row]}",
                    "status": "read" if rng.random() < 0.95 else "unread",
                    "points": float(rng.random() < 0.7),
                    "kind": "open" if kind[row] else "closed",
                    "pixels": f"digest {cluster[row]}",
                }
                for row in range(rows)
            ]
    return pd.DataFrame(lines)


def column(frame: pd.DataFrame, case: tuple[str, str], name: str, seed: int = 0) -> list[Any]:
    """A column of one case and seed, in the order of lines."""
    some = frame[(frame.model == case[0]) & (frame["mode"] == case[1]) & (frame.seed == seed)]
    return list(some[name])


def equal(one: Any, other: Any) -> None:
    """Two records are the same but for rounding."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert a == (pytest.approx(b, abs=1e-12) if isinstance(b, float) else b), field.name


def test_estimates_of_cases_are_those_of_their_points() -> None:
    frame = made()
    found = stats.Table.of(frame).estimates()
    assert list(found) == [("a", "image_text"), ("a", "shuffled"), ("b", "image_text")]
    for case in (REAL, ("b", "image_text")):
        part = found[case]
        equal(part.estimate, stats.estimate(column(frame, case, "points"), column(frame, case, "cluster")))
        assert (part.n, part.failed, part.why) == (60, 0, "")
        assert part.read == column(frame, case, "status").count("read")
        assert part.read + part.unread == 60


def test_seeds_are_nested_in_rows() -> None:
    frame = made()
    part = stats.Table.of(frame).estimates()[FOREIGN]
    mean = np.mean([column(frame, FOREIGN, "points", seed) for seed in range(5)], axis=0)
    equal(part.estimate, stats.estimate(mean, column(frame, FOREIGN, "cluster")))
    assert (part.n, part.read + part.unread) == (60, 300)
    # Asked five times with the same result, 60 rows are as wide as asked once, not as 300 rows.
    once = frame[frame["mode"] == "image_text"]
    five = stats.Table.of(pd.concat([once.assign(seed=seed) for seed in range(5)])).estimates()
    equal(five[REAL].estimate, stats.Table.of(once).estimates()[REAL].estimate)


def test_differences_of_cases_are_those_of_their_row_means() -> None:
    frame = made()
    table = stats.Table.of(frame)
    clusters = column(frame, REAL, "cluster")
    mean = np.mean([column(frame, FOREIGN, "points", seed) for seed in range(5)], axis=0)
    own, other = column(frame, REAL, "points"), column(frame, ("b", "image_text"), "points")
    equal(table.differences(REAL, FOREIGN), stats.difference(own, mean, clusters))
    equal(table.differences(REAL, ("b", "image_text")), stats.difference(own, other, clusters))
    equal(table.differences(REAL, ("b", "image_text"), level=0.9), stats.difference(own, other, clusters, level=0.9))
    alone = stats.Table.of(frame.assign(cluster=frame.row).drop(columns="pixels"))
    assert alone.differences(REAL, ("b", "image_text"), exact_below=60).test == "McNemar exact"


def test_rows_are_matched_by_id_and_not_by_their_place() -> None:
    frame = made()
    turned = pd.concat([frame[frame.model == "a"], frame[frame.model == "b"][::-1]])
    one, other = (stats.Table.of(each).differences(REAL, ("b", "image_text")) for each in (frame, turned))
    assert one == other


def test_the_order_of_lines_changes_no_number() -> None:
    frame = made(rows=200, images=60)
    one, other = stats.Table.of(frame), stats.Table.of(frame.sample(frac=1, random_state=3))
    assert one.estimates() == other.estimates()
    assert one.slices("kind") == other.slices("kind")
    assert one.differences(REAL, FOREIGN) == other.differences(REAL, FOREIGN)
    assert one.heterogeneity("kind", REAL, FOREIGN) == other.heterogeneity("kind", REAL, FOREIGN)


def test_estimates_can_be_split_by_seed_and_by_slice() -> None:
    frame = made()
    table = stats.Table.of(frame)
    by_seed = table.estimates(("model", "mode", "seed"))
    assert len(by_seed) == 7
    points, clusters = column(frame, FOREIGN, "points", 3), column(frame, FOREIGN, "cluster", 3)
    equal(by_seed["a", "shuffled", 3].estimate, stats.estimate(points, clusters))
    both = table.estimates(("mode", "kind", "model", "seed"))
    kinds = column(frame, FOREIGN, "kind", 3)
    open_ = [k == "open" for k in kinds]
    equal(
        both["shuffled", "open", "a", 3].estimate,
        stats.estimate(np.array(points)[open_], [c for c, o in zip(clusters, open_, strict=True) if o]),
    )


def test_slices_hold_every_row_and_small_ones_have_no_estimate() -> None:
    frame = made(rows=90, images=60)
    frame["size"] = [("few" if int(row[1:]) < 10 else "many") for row in frame.row]
    frame["place"] = [("one image" if c == "image 3" else "other") for c in frame.cluster]
    found = stats.Table.of(frame).slices("size")
    assert {name: part.n for name, part in found.items() if name[:2] == REAL} == {
        (*REAL, "few"): 10,
        (*REAL, "many"): 80,
    }
    small = found[*REAL, "few"]
    assert small.estimate is None
    assert small.why.startswith("10 rows in ")
    assert small.read + small.unread == 10
    assert found[*REAL, "many"].estimate is not None
    # 30 rows of 9 images are too few images.
    few_images = made(rows=200, images=9)
    assert all(part.estimate is None for part in stats.Table.of(few_images).slices("kind").values())


def test_rows_without_a_value_are_a_slice_of_their_own() -> None:
    frame = made()
    frame.loc[frame.row.isin([f"r{n}" for n in range(40)]), "kind"] = None
    frame["note"] = ""
    table = stats.Table.of(frame)
    assert table.slices("kind")[*REAL, "(not given)"].n == 40
    assert sum(part.n for name, part in table.slices("kind").items() if name[:2] == REAL) == 60
    assert table.slices("note")[*REAL, "(not given)"].n == 60


def test_slices_are_compared_by_the_test_of_their_paired_differences() -> None:
    frame = made(rows=300, images=120)
    found = stats.Table.of(frame).heterogeneity("kind", REAL, ("b", "image_text"))
    d = np.array(column(frame, REAL, "points")) - np.array(column(frame, ("b", "image_text"), "points"))
    of = stats.slice_means(d, column(frame, REAL, "cluster"), column(frame, REAL, "kind"))
    equal(found, stats.heterogeneity(of.values, of.covariance))
    assert found.freedom == 1
    with pytest.raises(SightcheckError, match="at least two slices"):
        stats.Table.of(made(rows=40)).heterogeneity("kind", REAL, FOREIGN)


def test_a_case_is_given_as_columns_in_one_order() -> None:
    frame = made()
    frame.loc[3, ["status", "points"]] = ["failed", np.nan]
    table = stats.Table.of(frame.sample(frac=1, random_state=4))
    real, foreign = table.case(*REAL), table.case(*FOREIGN)
    assert real.rows.tolist() == sorted(f"r{n}" for n in range(60))
    assert real.rows.tolist() == foreign.rows.tolist()
    assert (real.points.shape, foreign.points.shape, foreign.seeds) == ((60, 1), (60, 5), (0, 1, 2, 3, 4))
    assert np.array_equal(real.clusters, foreign.clusters)
    failed = real.rows.tolist().index("r3")
    assert STATUSES[real.status[failed, 0]] == "failed"
    assert np.isnan(real.points).sum() == 1
    for seed in range(5):
        theirs = dict(zip(column(frame, FOREIGN, "row", seed), column(frame, FOREIGN, "points", seed), strict=True))
        assert foreign.points[:, seed].tolist() == [theirs[row] for row in foreign.rows]
    of_row = dict(zip(frame.row, frame.cluster, strict=True))
    names = {int(c): of_row[row] for c, row in zip(real.clusters, real.rows, strict=True)}
    assert [names[int(c)] for c in real.clusters] == [of_row[row] for row in real.rows]


def test_numbers_categories_and_booleans_are_read_like_text_and_floats() -> None:
    frame = made(seeds=1)
    plain = stats.Table.of(frame)
    typed = frame.assign(
        model=frame.model.astype("category"),
        status=frame.status.astype("category"),
        row=[int(row[1:]) for row in frame.row],
        cluster=[int(cluster[6:]) for cluster in frame.cluster],
        points=frame.points.astype(bool),
        mode=frame["mode"].astype(object),
    )
    table = stats.Table.of(typed)
    for name, part in plain.estimates().items():
        equal(table.estimates()[name].estimate, part.estimate)
    equal(table.differences(REAL, FOREIGN), plain.differences(REAL, FOREIGN))


def test_a_failed_row_is_no_wrong_answer() -> None:
    frame = made()
    frame.loc[[3, 7], "status"], frame.loc[[3, 7], "points"] = "failed", np.nan
    table = stats.Table.of(frame)
    part = table.estimates()[REAL]
    assert (part.estimate, part.failed, part.n) == (None, 2, 60)
    assert part.why == "2 of 60 replies failed; ask them again"
    assert table.estimates()[FOREIGN].estimate is not None
    for first, second in ((REAL, FOREIGN), (FOREIGN, REAL)):
        with pytest.raises(NotComparable, match="2 failed rows in one of them, the first 'r3'"):
            table.differences(first, second)


def test_cases_of_different_rows_are_not_compared() -> None:
    frame = made()
    gone = frame[~((frame.model == "b") & frame.row.isin(["r5", "r50"]))]
    table = stats.Table.of(gone)
    with pytest.raises(NotComparable, match=r"2 rows \('r5', 'r50'\) only in the first and no row only in the second"):
        table.differences(REAL, ("b", "image_text"))
    assert table.estimates()["b", "image_text"].n == 58


def test_one_cluster_is_counted_and_has_no_estimate() -> None:
    frame = made().assign(cluster="image", pixels="")
    part = stats.Table.of(frame).estimates()[REAL]
    assert (part.n, part.clusters, part.estimate) == (60, 1, None)
    assert "60 rows in one cluster" in part.why


def wrong(**changes: dict[int, Any]) -> pd.DataFrame:
    """The made table with some cells of some columns changed, by line."""
    frame = made()
    for name, cells in changes.items():
        values = frame[name].astype(object) if name != "points" else frame[name]
        for line, value in cells.items():
            values[line] = value
        frame[name] = values
    return frame


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (made().drop(columns=["cluster", "seed"]), "missing: seed, cluster"),
        (made().head(0), "got 0 lines"),
        (pd.concat([made(), made()[["kind", "points"]]], axis=1), "each of .* once; missing: none"),
        (wrong(points={4: np.nan}), "line 4: got nan as the points of a row that was"),
        (wrong(points={4: 1.5, 9: -0.1}), "lines 4, 9: got 1.5 as the points"),
        (wrong(points=dict.fromkeys(range(3, 9), 2.0)), r"lines 3, 4, 5 and 3 more: got 2\.0"),
        (wrong(status={6: "failed"}), r"line 6: got \d\.0 as the points of a failed row"),
        (wrong(status={6: "ok"}), "line 6: got 'ok' as the status, but it should be one of read, unread, failed"),
        (wrong(status={6: None}), "line 6: got nothing as the status"),
        (wrong(model={5: None}), "line 5: got no model"),
        (wrong(row={5: "  "}), "line 5: got no row"),
        (wrong(seed={5: float("nan")}), "line 5: got no seed"),
        (wrong(cluster={5: None, 6: ""}), "lines 5, 6: got no cluster, .* rows that share a picture count as"),
        (made().assign(points="right"), "column points as .*, but it should hold numbers"),
        (pd.concat([made(), made().iloc[[7]]]), "line 420: got model 'a', .* row 'r7', seed 0 again, as on line 7"),
        (wrong(cluster={60: "elsewhere"}), "line 60: got cluster 'elsewhere' for row 'r0', but line 0 has 'image"),
        (wrong(kind={61: "both"}), "line 61: got kind 'both' for row 'r1', but line 1 has"),
        (wrong(pixels={62: "other"}), "line 62: got picture digest 'other' for row 'r2', but line 2 .* own pictures"),
        (made().drop(index=70), "a shuffled: got 299 lines for 60 rows and 5 seeds, .* row 'r10' has not"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_table_is_refused_by_line(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        stats.Table.of(frame)


def test_repeated_pictures_without_clusters_are_refused() -> None:
    frame = made()
    with pytest.raises(DataError, match=r"clusters missing for repeated pixels: got cluster 'r.*' for the picture"):
        stats.Table.of(frame.assign(cluster=frame.row))
    # A mode without pictures has no digests, and they are no picture that all rows share.
    frame.loc[frame["mode"] == "shuffled", "pixels"] = ""
    assert stats.Table.of(frame).estimates()[FOREIGN].clusters < 60


def test_an_unknown_slice_or_case_is_refused_with_those_there_are() -> None:
    table = stats.Table.of(made())
    for ask in (table.slices, lambda name: table.estimates(("model", "mode", name))):
        with pytest.raises(UsageError, match="unknown slice 'modality', but it should be one of those given: kind"):
            ask("modality")
    with pytest.raises(UsageError, match="unknown slice 'pixels'"):
        table.slices("pixels")
    with pytest.raises(UsageError, match=r"unknown slice 'kind', .*: none"):
        stats.Table.of(made().drop(columns="kind")).slices("kind")
    with pytest.raises(UsageError, match=r"unknown case c image_text, .* a image_text, a shuffled, b image_text"):
        table.differences(("c", "image_text"), REAL)


@pytest.mark.parametrize("by", [("model",), ("mode", "kind"), (), ("model", "mode", "mode")])
def test_a_number_over_several_models_or_modes_is_refused(by: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="by model and mode"):
        stats.Table.of(made()).estimates(by)


def test_keys_are_in_the_order_that_was_asked_for() -> None:
    found: dict[tuple[Hashable, ...], Any] = stats.Table.of(made()).estimates(("kind", "mode", "model"))
    assert ("open", "image_text", "b") in found
