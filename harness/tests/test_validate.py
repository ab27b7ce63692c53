"""The simulation of error rates: its generators, its formulas, what it notices, and the page that it writes."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from harness import stats
from harness.judge import alone
from harness.limits import Limits
from harness.records import Estimate
from harness.stats.cluster import Clusters
from harness.stats.tango_interval import statistic
from harness.tests.test_load_real import Load, load
from harness.validate import claims, draw, looks, stopping
from harness.validate.__main__ import main
from harness.validate.arrays import Floats, Spreads, spreads, tango
from harness.validate.blind import Sets, against, constant, falls, guesser, wavers
from harness.validate.cell import Cell, Found, rate
from harness.validate.coverage import BINARY, Interval, binary
from harness.validate.design import DESIGNS, FEW, MEDXPERTQA, SLAKE, VQA_RAD, Design
from harness.validate.page import SECTIONS, page
from harness.validate.work import Job, done, generator

__all__ = ["load"]

TEN = Design(name="ten", counts={1: 4, 3: 3, 6: 3})


# --------------------------------------------------------------------------------------------- designs


def test_designs_have_the_rows_and_clusters_of_the_benchmarks() -> None:
    assert [(d.n, d.clusters) for d in DESIGNS] == [(1061, 96), (451, 203), (2000, 1931)]
    assert SLAKE.n / SLAKE.clusters == pytest.approx(11.05, abs=0.005)
    # a row drawn at random is in a cluster of sum m^2 / sum m rows
    assert float(VQA_RAD.sizes @ VQA_RAD.sizes) / VQA_RAD.n == pytest.approx(2.88, abs=0.005)
    assert (FEW.clusters, MEDXPERTQA.sizes.max(), VQA_RAD.sizes.max()) == (50, 32, 7)


@pytest.mark.parametrize(("design", "name"), [(VQA_RAD, "vqa_rad"), (MEDXPERTQA, "medxpertqa")])
def test_designs_are_those_of_the_published_rows(load: Load, design: Design, name: str) -> None:
    clusters = Counter(row.cluster for row in load(name, name).rows)
    assert Counter(clusters.values()) == dict(design.counts)


def test_rows_of_a_design_lie_cluster_by_cluster() -> None:
    assert TEN.sizes.tolist() == [6, 6, 6, 3, 3, 3, 1, 1, 1, 1]
    assert np.bincount(TEN.index).tolist() == TEN.sizes.tolist()
    assert [int(np.flatnonzero(TEN.index == g)[0]) for g in range(TEN.clusters)] == TEN.starts.tolist()


# ------------------------------------------------------------------------------------------ generators


def _icc(design: Design, points: Floats, mean: float) -> float:
    """The mean product of deviations over pairs of rows of a cluster, over the variance of a row."""
    away = points - mean
    by_cluster = draw.by_cluster(design, away)
    squares = draw.by_cluster(design, away**2)
    pairs = float((design.sizes * (design.sizes - 1)).sum()) * len(points)
    return float((by_cluster**2 - squares).sum()) / pairs / float((away**2).mean())


@pytest.mark.parametrize("icc", [0.0, 0.2, 0.6])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
def test_binary_points_have_the_stated_mean_and_correlation(p: float, icc: float) -> None:
    rng, sims = np.random.default_rng(1), 4_000
    points = draw.right(rng, TEN, p, icc, sims).astype(np.float64)
    error = points.mean(axis=1).std() / math.sqrt(sims)
    assert points.mean() == pytest.approx(p, abs=4 * error)
    assert _icc(TEN, points, p) == pytest.approx(icc, abs=0.06)
    sums = draw.totals(rng, TEN, p, icc, sims)
    assert sums.mean(axis=0) == pytest.approx(TEN.sizes * p, abs=0.25)
    assert sums.sum(axis=1).var() == pytest.approx(points.sum(axis=1).var(), rel=0.12)


@pytest.mark.parametrize("icc", [0.0, 0.3])
def test_pairs_have_the_stated_shares_and_their_differences_the_stated_correlation(icc: float) -> None:
    sims = 4_000
    signs = draw.pairs(np.random.default_rng(2), TEN, 0.3, 0.1, icc, sims)
    # a share is a mean over rows of which those of a cluster are alike: its error is that of the cluster means
    assert float((signs > 0).mean()) == pytest.approx(0.3, abs=0.01)
    assert float((signs < 0).mean()) == pytest.approx(0.1, abs=0.01)
    assert _icc(TEN, signs.astype(np.float64), 0.2) == pytest.approx(icc, abs=0.03)


def test_five_draws_differ_by_the_stated_mean_and_are_alike_in_half_of_the_rows() -> None:
    first, second = draw.against_five(np.random.default_rng(3), TEN, 0.15, 0.05, 0.2, 8_000)
    assert float((first - second).mean()) == pytest.approx(0.10, abs=0.01)
    assert set(np.unique(np.rint(5 * second))) == {0, 1, 2, 3, 4, 5}
    assert np.abs(5 * second - np.rint(5 * second)).max() < 1e-9


def test_partial_credit_has_the_stated_shares_and_mean() -> None:
    points = draw.partial_credit(np.random.default_rng(4), TEN, 0.3, 0.4, 0.2, 4_000)
    assert float((points == 0).mean()) == pytest.approx(0.3, abs=0.015)
    assert float((points == 1).mean()) == pytest.approx(0.4, abs=0.015)
    assert float(points.mean()) == pytest.approx(0.55, abs=0.015)


def test_every_false_claim_is_exactly_false() -> None:
    rng, five = np.random.default_rng(5), np.full(SLAKE.n, 5)

    def first_and_rest(sets: Sets) -> tuple[float, float]:
        first, *others = (float(points.mean()) for points in sets.points.values())
        return first, float(np.mean(others)) if others else math.nan

    blind = first_and_rest(against(rng, SLAKE, 0.5, 0.3, "picture", "shuffled", 5, 200))
    assert blind == pytest.approx((0.5, 0.5), abs=0.02)
    assert first_and_rest(guesser(rng, SLAKE, five, 0.3, 200))[0] == pytest.approx(0.2, abs=0.02)
    letters = constant(rng, SLAKE, 0.4, 0.0, 200)
    assert letters.priors is not None
    assert letters.priors.mean(axis=(0, 1)) == pytest.approx([0.4, 0.15, 0.15, 0.15, 0.15], abs=0.01)
    assert first_and_rest(letters)[0] == pytest.approx(0.4, abs=0.01)
    before, after = first_and_rest(falls(rng, SLAKE, 0.5, 0.3, 200))
    assert before - after == pytest.approx(0.05, abs=0.004)
    waver = wavers(rng, SLAKE, 0.3, 0.3, 200)
    own, *turned = waver.chosen.values()
    assert float(np.mean([one == own for one in turned])) == pytest.approx(0.75, abs=0.01)
    before, after = first_and_rest(waver)
    assert before == pytest.approx(after, abs=0.01)


def test_replies_that_do_not_depend_on_the_mode_are_the_same_in_every_draw() -> None:
    sets = against(np.random.default_rng(6), TEN, 0.5, 0.0, "none", "shuffled", 5, 10)
    first, others = sets.points.values()
    assert np.array_equal(np.broadcast_to(first, others.shape), others)


# ------------------------------------------------------------------------------------ formulas and looks


def test_array_formulas_are_those_of_single_sets() -> None:
    signs = draw.pairs(np.random.default_rng(7), TEN, 0.2, 0.1, 0.3, 40)
    plus, minus = (signs > 0).sum(axis=1).astype(float), (signs < 0).sum(axis=1).astype(float)
    of = spreads(draw.by_cluster(TEN, signs), plus + minus, TEN)
    for shift in (-0.05, 0.0, 0.1):
        for at, found in enumerate(tango(plus, minus, of, shift)):
            share = of.effective[at] / TEN.n
            one = statistic(plus[at] * share, minus[at] * share, float(of.effective[at]), shift)
            assert found == pytest.approx(one, abs=1e-9)


@pytest.mark.parametrize("effect", [0.0, 0.2, 0.4])
def test_looking_at_all_moments_at_once_stops_where_a_run_stops(effect: float) -> None:
    rng = np.random.default_rng(8)
    for _ in range(4):
        sizes = rng.permutation(VQA_RAD.sizes)
        row = draw.pairs(rng, Design(name="as asked", counts=VQA_RAD.counts), 0.05 + effect, 0.05, 0.0, 1)[0]
        totals = np.add.reduceat(row, np.concatenate(([0], np.cumsum(sizes)[:-1])), dtype=np.float64)
        found = looks.fast(totals, sizes, 2)
        assert found == looks.real(VQA_RAD, row > 0, row < 0, sizes, 2)


def test_looks_are_those_of_a_run() -> None:
    assert looks.looks(60) == [32, 40, 50, 60]
    assert looks.looks(20) == [20]
    assert looks.looks(1931)[-1] == 1931


def test_claims_that_are_not_judged_one_by_one_could_not_have_been_supported() -> None:
    rng = np.random.default_rng(9)
    for sets in (
        against(rng, VQA_RAD, 0.9, 0.3, "picture", "text_only", 1, 60),
        guesser(rng, VQA_RAD, np.full(VQA_RAD.n, 5), 0.3, 60),
        falls(rng, VQA_RAD, 0.5, 0.3, 60),
    ):
        maybe = claims.possible(sets)
        judged = [alone(claims.of(sets, at), Limits()).verdict == "supported" for at in range(60)]
        assert not any(judged[at] for at in np.flatnonzero(~maybe))


# ------------------------------------------------------------------------------------- what is noticed


def _wald(of: Spreads) -> tuple[Floats, Floats]:
    reach = 1.96 * np.sqrt(of.value * (1 - of.value) / of.design.n)
    return of.value - reach, of.value + reach


def _wald_of_one(points: ArrayLike, clusters: Clusters) -> Estimate:
    values = np.asarray(points, dtype=np.float64)
    p, n = float(values.mean()), values.size
    reach = 1.96 * math.sqrt(p * (1 - p) / n)
    return Estimate(value=p, low=p - reach, high=p + reach, n=n, clusters=n, level=0.95, method="Wald")


def test_an_interval_that_ignores_clusters_is_told_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.md"
    broken = Interval(many=_wald, one=_wald_of_one)
    assert main(["--quick", "--only", "coverage", "--out", str(out)], broken) == 1
    text = out.read_text(encoding="utf-8")
    assert "**not ok: too low**" in text
    assert "- coverage: 50 pictures, 0/1 points, ICC 0.1" in text
    assert text in capsys.readouterr().out


def test_a_formula_that_is_not_that_of_the_package_is_told_and_ends_with_1(tmp_path: Path) -> None:
    out = tmp_path / "page.md"
    assert main(["--quick", "--only", "coverage", "--out", str(out)], Interval(many=_wald, one=stats.estimate)) == 1
    assert "The formulas of this simulation are not those of the package: coverage." in out.read_text(encoding="utf-8")


def test_the_interval_of_the_package_holds_where_wald_does_not() -> None:
    ours = binary(SLAKE, 0.2, BINARY, np.random.default_rng(1), 1_000)
    theirs = binary(SLAKE, 0.2, Interval(many=_wald, one=_wald_of_one), np.random.default_rng(1), 1_000)
    assert ours.ok
    assert not theirs.ok
    assert all(cell.below for cell in theirs.cells)


def test_targets_are_missed_beyond_three_errors_only() -> None:
    near, far = rate("d", "w", 60, 1_000, most=0.05), rate("d", "w", 80, 1_000, most=0.05)
    # 0.060 - 3 * 0.0075 is below 0.05, and 0.080 - 3 * 0.0086 above it
    assert (near.ok, far.ok, far.above) == (True, False, True)
    assert near.error == pytest.approx(math.sqrt(0.06 * 0.94 / 1_000), rel=0.02)
    assert rate("d", "w", 900, 1_000, least=0.935, most=0.975).below
    assert rate("d", "w", 0, 30, most=0.05).ok
    assert rate("d", "w", 30, 30, least=0.935, most=0.975).ok
    assert rate("d", "w", 995, 1_000, least=0.935, generous=0.975).wide


def test_a_decision_that_differs_from_the_package_is_not_ok() -> None:
    cell = Cell(design="d", what="w", least=0, most=1, measured=0.5, sims=2, error=0.1)
    assert Found(section="gates", cells=(cell,), checked=1, deviation=0.0).ok
    assert not Found(section="gates", cells=(cell,), checked=1, deviation=math.inf).ok


# ------------------------------------------------------------------------------------ the page and its seed


def test_quick_has_every_section_and_no_time_or_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "reports" / "page.md"
    code = main(["--quick", "--out", str(out)])
    text = out.read_text(encoding="utf-8")
    told = capsys.readouterr()
    assert text == told.out
    assert "of these sets were decided by the functions of the package themselves: all alike." in text
    assert "not those of the package" not in text
    assert code == int("Missed targets:" in text)
    for section in SECTIONS.values():
        assert f"## {section.title}" in text
    assert "Seed 0; numpy " in text
    assert str(tmp_path) not in text
    number = told.err.strip().splitlines()[-1].split("/")[0]
    assert f"{number}/{number} " in told.err


def test_the_same_seed_gives_the_same_page_and_another_one_another(tmp_path: Path) -> None:
    pages = []
    for seed in ("3", "3", "4"):
        out = tmp_path / "page.md"
        main(["--quick", "--only", "gates", "--seed", seed, "--out", str(out)])
        pages.append(out.read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    assert pages[0].replace("Seed 3", "Seed 4") != pages[2]


def test_what_a_job_draws_depends_on_its_name_and_not_on_its_place() -> None:
    jobs = [job for job in stopping.jobs(0.002) if job.name.startswith("SLAKE")]
    forward = done(jobs, 5, 1, lambda *_: None)
    backward = done(jobs[::-1], 5, 1, lambda *_: None)
    assert forward == backward[::-1]


def test_two_processes_find_what_one_finds() -> None:
    jobs = [job for job in stopping.jobs(0.002) if job.name.startswith("SLAKE")][:2]
    assert done(jobs, 5, 2, lambda *_: None) == done(jobs, 5, 1, lambda *_: None)


def test_every_job_of_a_section_has_a_name_of_its_own() -> None:
    jobs: list[Job] = [*claims.jobs(0.01), *stopping.jobs(0.01)]
    assert len({(job.section, job.name) for job in jobs}) == len(jobs)
    first, second = (generator(0, job).random() for job in jobs[:2])
    assert first != second


def test_a_page_without_misses_says_so() -> None:
    fine = Found(section="gates", cells=(rate("d", "w", 1, 100, most=0.05),), checked=3)
    text = page([fine], seed=1, scale=1.0, versions={"numpy": "2"})
    assert "No target is missed." in text
    assert "| d | w | at most 5 % | 1.00 % |" in text


def test_a_page_that_cannot_be_written_is_a_wrong_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--out", str(tmp_path)]) == 4
    assert "--out" in capsys.readouterr().err
