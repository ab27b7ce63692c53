"""Every stub scores what its closed form says, in every mode: exactly where it never draws, else within the noise.

The noise is computed, not chosen: the variance of a mean of independent draws with the chances of the closed form,
where rows that share a draw count as one. Four and a half standard errors are one false alarm in 150,000.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import pytest

from harness import mode, prompt, reading, score, spec
from harness.backends.zoo import ZooModel
from harness.backends.zoo.expected import chances, expected_score
from harness.backends.zoo.seen import Seen, read
from harness.backends.zoo.stubs import ZOO
from harness.errors import NotEstimable
from harness.records import ModeName, Reply, Row
from harness.tests.zoo_rows import STRATA, choices, shorts
from harness.truth import Truth

SEEDS = range(10)
FAR = 4.5
DRAWS = 2

TUNED = ("partial?p=0.9", "blind_prior?q=0.8", "position_biased?p=0.2", "flip_flopper?p=0.9", "failing?rate=0.2")
EDGES = ("partial?p=0", "partial?p=1", "blind_prior?q=0", "constant?letter=C")
ASKED = [*((text, "choice") for text in (*ZOO, *TUNED, *EDGES)), *((text, "short") for text in (*ZOO, *TUNED[1:4]))]


@dataclass(frozen=True)
class World:
    """Rows as every mode shows them, with their prompts as a stub reads them, and the points of replies to them."""

    rows: Sequence[Row]
    shown: Mapping[ModeName, list[Row]]
    seen: Mapping[ModeName, list[Seen]]
    truth: Truth
    known: dict[tuple[ModeName, int, str], float] = field(default_factory=dict)

    def points(self, name: ModeName, place: int, reply: Reply) -> float:
        """Read and score a reply; the same text to the same row once."""
        key = (name, place, reply.text)
        if key not in self.known:
            row = self.shown[name][place]
            points = score.choice if row.kind == "choice" else score.short
            self.known[key] = points(row, reading.read(row, reply))[score.primary(row.kind)]
        return self.known[key]


@cache
def world(kind: str) -> World:
    """The rows of a kind, in all their modes."""
    rows = choices(80) if kind == "choice" else shorts(75)
    modes = mode.offered(options=len(rows[0].options), strata=STRATA)
    shown = {
        name: [
            row
            for draw in range(mode.draws(name, DRAWS))
            for row in mode.apply(name, rows, rows, seed=0, draw=draw, strata=STRATA)
        ]
        for name in modes
    }
    seen = {name: [read(prompt.build(row, name)) for row in those] for name, those in shown.items()}
    return World(rows=rows, shown=shown, seen=seen, truth=Truth(rows))


@cache
def _opened(text: str, seed: int, kind: str) -> ZooModel:
    parsed = spec.parse(f"zoo:{text}")
    model = spec.open_model(replace(parsed, options={**parsed.options, "seed": str(seed)}))
    assert isinstance(model, ZooModel)
    model.meet(world(kind).rows)
    return model


def _scored(text: str, kind: str, name: ModeName, seed: int) -> list[float | None]:
    """Points of every row; None where the call failed."""
    here = world(kind)
    replies = _opened(text, seed, kind).reply(here.seen[name])
    return [
        None if reply.finish == "failed" else here.points(name, place, reply) for place, reply in enumerate(replies)
    ]


def _error(found: Sequence[float], seen: Sequence[Seen], *, by_question: bool) -> float:
    """Standard error of the mean over rows, for one seed; what shares a draw may vary together."""
    spread: dict[str, float] = defaultdict(float)
    for chance, one in zip(found, seen, strict=True):
        spread[one.question if by_question else one.whole] += math.sqrt(chance * (1 - chance))
    return math.sqrt(sum(each**2 for each in spread.values())) / len(found)


def _options(text: str) -> Mapping[str, str]:
    return spec.parse(f"zoo:{text}").options


@pytest.mark.parametrize(("text", "kind"), ASKED)
def test_a_stub_scores_what_its_closed_form_says_in_every_mode(text: str, kind: str) -> None:
    here, stub = world(kind), text.partition("?")[0]
    for name, shown in here.shown.items():
        found = chances(stub, _options(text), shown, here.truth)
        if set(found) <= {0.0, 1.0} and stub != "failing":
            assert _scored(text, kind, name, seed=0) == list(found), name
            continue
        expected = expected_score(stub, _options(text), shown, here.truth)
        scored = [points for seed in SEEDS for points in _scored(text, kind, name, seed) if points is not None]
        error = _error(found, here.seen[name], by_question=stub == "blind_prior")
        error *= math.sqrt(len(found) / len(scored))
        assert abs(sum(scored) / len(scored) - expected) <= FAR * error + 1e-12, name


@pytest.mark.parametrize(
    ("text", "other"),
    [("partial", {"p": "0.7"}), ("blind_prior", {"q": "0.5"}), ("position_biased", {"p": "0.6"}), ("blind", None)],
)
def test_the_noise_is_small_enough_to_tell_a_stub_from_another(text: str, other: Mapping[str, str] | None) -> None:
    here = world("choice")
    shown = here.shown["image_text"]
    found = chances(text if other else "partial", other or {"p": "0.2"}, shown, here.truth)
    scored = [points or 0.0 for seed in SEEDS for points in _scored(text, "choice", "image_text", seed)]
    error = _error(found, here.seen["image_text"], by_question=text == "blind_prior") / math.sqrt(len(SEEDS))
    assert abs(sum(scored) / len(scored) - sum(found) / len(found)) > FAR * error


@pytest.mark.parametrize("kind", ["choice", "short"])
def test_the_perfect_stub_reaches_the_ceiling_of_every_mode(kind: str) -> None:
    here = world(kind)
    for shown in here.shown.values():
        assert expected_score("perfect", {}, shown, here.truth) == pytest.approx(here.truth.ceiling(shown))


def test_chances_by_hand() -> None:
    """Five options, every row with a picture and a stem of its own, golds A to E in turn."""
    rows = [row for row in choices(100) if int(row.id[1:]) % 10 in range(3, 9)]
    rows = [replace(row, gold="ABCDE"[place % 5]) for place, row in enumerate(rows)]
    truth = Truth(rows)
    turned = mode.apply("rotation_1", rows, rows, seed=0)
    sure = ("perfect", "text_leak", "image_hash", "article")
    wanted = dict.fromkeys(sure, (1.0, 1.0)) | dict.fromkeys(("blind", "constant", "first_option"), (0.2, 0.2))
    wanted |= dict.fromkeys(("position_biased", "flip_flopper"), (0.6, 0.6))
    wanted |= dict.fromkeys(("refuser", "hedger", "truncating"), (0.0, 0.0))
    wanted |= {"partial": (0.68, 0.68), "blind_prior": (0.35, 0.35), "canonical_order": (1.0, 0.0)}
    told = {name: (expected_score(name, {}, rows, truth), expected_score(name, {}, turned, truth)) for name in wanted}
    assert told == {name: pytest.approx(pair) for name, pair in wanted.items()}


def test_one_who_looks_at_the_first_image_alone_is_right_where_there_is_one() -> None:
    here = world("choice")
    found = chances("first_image", {}, here.shown["image_text"], here.truth)
    assert [chance == 1.0 for chance in found] == [len(row.images) == 1 for row in here.rows]
    assert {round(chance, 9) for chance in found} == {1.0, 0.2}


def test_a_flip_flopper_changes_its_answer_where_the_perfect_stub_keeps_it() -> None:
    """With p right in each order, and else one of four wrong options: p^2 + (1 - p)^2 / 4 of pairs agree, 0.4."""
    kept = {}
    for text in ("flip_flopper", "perfect", "partial", "position_biased"):
        orders = [_origins(text, name) for name in ("image_text", "rotation_1", "rotation_2", "rotation_3")]
        pairs = [(orders[0][place], other[place]) for other in orders[1:] for place in range(len(other))]
        kept[text] = sum(one == two for one, two in pairs) / len(pairs)
    assert kept["perfect"] == kept["partial"] == 1.0
    assert kept["flip_flopper"] == pytest.approx(0.4, abs=FAR * math.sqrt(0.24 / 80))
    assert kept["position_biased"] == pytest.approx(0.5, abs=FAR * math.sqrt(0.25 / 80))


def _origins(text: str, name: ModeName) -> list[str]:
    here = world("choice")
    replies = _opened(text, 0, "choice").reply(here.seen[name])
    return [str(reading.read(row, reply)) for row, reply in zip(here.shown[name], replies, strict=True)]


def test_a_mean_over_no_rows_is_refused() -> None:
    with pytest.raises(NotEstimable, match="expected_score: got no rows"):
        expected_score("perfect", {}, [], world("choice").truth)
