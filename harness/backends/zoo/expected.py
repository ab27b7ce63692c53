"""What every stub scores in expectation, in closed form, and which verdicts the suite must reach on it.

A chance is the probability, over the draws of a stub, that it is right on one row as shown: it follows from what
the rule of the stub says, from the row's gold and from `harness.truth.Truth`, which knows what the images shown make
right. The expected score is the mean of the chances. Nothing here asks a stub.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from harness.backends.zoo.mind import guesses, others
from harness.backends.zoo.stubs import ZOO
from harness.errors import NotEstimable
from harness.records import Row, Verdict
from harness.truth import Truth, lettered, normal

Options = Mapping[str, str]
Chance = Callable[[Row, Truth, Options], float]


def expected_score(name: str, options: Options, shown: Sequence[Row], truth: Truth) -> float:
    """Return the expected score of a stub over rows as shown, in its headline metric.

    Parameters
    ----------
    name : str
        Of the stub.
    options : mapping of str to str
        Those that are not at their defaults.
    shown : sequence of Row
        After their mode, which has no other part in it than what it did to them: withheld stem or images, moved the
        options and the gold along, put other images in their place. A row may occur with the images of several donors.
    truth : Truth
        Of all published rows of the split.

    Returns
    -------
    float
        In [0, 1]: the mean of `chances`. Rows on which a call fails are not scored and do not change it.

    Raises
    ------
    NotEstimable
        No rows.
    """
    found = chances(name, options, shown, truth)
    if not found:
        raise NotEstimable("expected_score: got no rows, but it is a mean over rows. Show at least one.")
    return sum(found) / len(found)


def chances(name: str, options: Options, shown: Sequence[Row], truth: Truth) -> tuple[float, ...]:
    """Return the probability that a stub is right, row by row; its variance on a row is chance * (1 - chance)."""
    every = {**ZOO[name].options, **options}
    return tuple(_CHANCES[name](row, truth, every) for row in shown)


def _same(answer: str, row: Row) -> float:
    return float(normal(answer) == normal(row.gold))


def _among(answers: Sequence[str], row: Row) -> float:
    """Of an answer picked from several, each as likely as the others."""
    return sum(_same(one, row) for one in answers) / len(answers)


def _guess(row: Row, truth: Truth, options: Options) -> float:
    return _among(guesses(truth, row), row)


def _look(row: Row, truth: Truth, options: Options) -> float:
    fits = truth.fitting(row, row.images)
    return _same(fits, row) if fits else _guess(row, truth, options)


def _knows(right: str, share: float, row: Row, truth: Truth) -> float:
    """Of one who says the answer taken for right with a probability, and else one of the others."""
    return share * _same(right, row) + (1 - share) * _among(others(truth, row, right), row)


def _partial(row: Row, truth: Truth, options: Options) -> float:
    p = float(options["p"])
    return p * _look(row, truth, options) + (1 - p) * _guess(row, truth, options)


def _blind_prior(row: Row, truth: Truth, options: Options) -> float:
    right = truth.recalled(row)
    return _knows(right, float(options["q"]), row, truth) if right else _guess(row, truth, options)


def _constant(row: Row, truth: Truth, options: Options) -> float:
    return _same(options["letter"] if row.options else options["says"], row)


def _first_option(row: Row, truth: Truth, options: Options) -> float:
    return _same(row.options[0].letter if row.options else "yes", row)


def _longest(row: Row, truth: Truth, options: Options) -> float:
    """Whether none is longer than the gold, and none before it as long."""
    lengths = [len(option.text) for option in row.options]
    return _same(row.options[lengths.index(max(lengths))].letter if lengths else "no", row)


def _position_biased(row: Row, truth: Truth, options: Options) -> float:
    p = float(options["p"])
    return p * _same("B" if row.options else "yes", row) + (1 - p) * _look(row, truth, options)


def _text_leak(row: Row, truth: Truth, options: Options) -> float:
    right = truth.recalled(row)
    return _same(right, row) if right else _guess(row, truth, options)


def _image_hash(row: Row, truth: Truth, options: Options) -> float:
    golds = truth.pictured(row.images)
    known = [one for one in (lettered(row, [gold]) for gold in golds) if one] if row.options else golds
    return _same(known[0], row) if known else _guess(row, truth, options)


def _canonical_order(row: Row, truth: Truth, options: Options) -> float:
    place = truth.place(row) if row.options else truth.recalled(row)
    return _same(place, row) if place else _guess(row, truth, options)


def _flip_flopper(row: Row, truth: Truth, options: Options) -> float:
    fits = truth.fitting(row, row.images)
    return _knows(fits, float(options["p"]), row, truth) if fits else _guess(row, truth, options)


def _first_image(row: Row, truth: Truth, options: Options) -> float:
    fits = truth.fitting(row, row.images[:1])
    return _same(fits, row) if fits else _guess(row, truth, options)


def _never(row: Row, truth: Truth, options: Options) -> float:
    return 0.0


_CHANCES: Mapping[str, Chance] = MappingProxyType(
    {
        "perfect": _look,
        "partial": _partial,
        "blind": _guess,
        "blind_prior": _blind_prior,
        "constant": _constant,
        "first_option": _first_option,
        "longest": _longest,
        "position_biased": _position_biased,
        "text_leak": _text_leak,
        "image_hash": _image_hash,
        "canonical_order": _canonical_order,
        "refuser": _never,
        "hedger": _never,
        "article": _look,
        "flip_flopper": _flip_flopper,
        "first_image": _first_image,
        "failing": _look,
        "truncating": _never,
        "no_receipts": _look,
        "wrong_receipts": _look,
    }
)

_CLAIMS = (
    "saw_images",
    "beats_shuffled",
    "beats_text_only",
    "above_chance",
    "above_baselines",
    "stable_under_rotation",
)
_MEANS: Mapping[str, frozenset[Verdict]] = MappingProxyType(
    {
        "+": frozenset({"supported"}),
        "-": frozenset({"refuted"}),
        "!": frozenset({"invalid"}),
        "0": frozenset({"refuted", "inconclusive"}),  # it is not so, and chance decides whether that is shown
        "1": frozenset({"supported", "inconclusive"}),  # it is so, and chance decides whether that is shown
        "f": frozenset({"refuted", "supported"}),  # depends on whether any call has failed
        "F": frozenset({"invalid", "supported"}),
    }
)
# in the order of _CLAIMS: rows with options; rows with short answers, which have no rotation
_VERDICTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "perfect": ("++++++", "+++++"),
        "partial": ("++++++", "+++++"),
        "blind": ("+0000-", "+0000"),
        "blind_prior": ("+--+1+", "+--00"),
        "constant": ("+--00-", "+--00"),
        "first_option": ("+--00-", "+--00"),
        "longest": ("+--001", "+--00"),
        "position_biased": ("+++++-", "+++++"),
        "text_leak": ("+--+++", "+--++"),
        "image_hash": ("++++++", "+++00"),
        "canonical_order": ("+--++-", "+--++"),
        "refuser": ("+!!!!!", "+!!!!"),
        "hedger": ("+!!!!!", "+!!!!"),
        "article": ("++++++", "+++++"),
        "flip_flopper": ("+++++-", "+++++"),
        "first_image": ("++++++", "+++++"),
        "first_image?receipts=honest": ("-!!!!!", "+++++"),
        "failing": ("fFFFFF", "fFFFF"),
        "truncating": ("+!!!!!", "+!!!!"),
        "no_receipts": ("-!!!!!", "-!!!!"),
        "wrong_receipts": ("-!!!!!", "-!!!!"),
    }
)


def expected_verdicts(name: str, kind: Literal["choice", "short"]) -> Mapping[str, frozenset[Verdict]]:
    """Return the verdicts that the suite may reach on each standard claim about a stub.

    Parameters
    ----------
    name : str
        Of the stub at its defaults, or ``first_image?receipts=honest``.
    kind : {"choice", "short"}
        Of the rows. The verdicts hold for some hundred rows whose golds are not told by their texts, half of the
        rows with options with several images, short answers about one image each, a third of them yes/no.

    Returns
    -------
    mapping of str to frozenset of Verdict
        Claim -> one verdict, or those between which the noise of so many rows decides.

    Notes
    -----
    A stub that answers alike with and without its images must be *refuted*, and not only be left inconclusive, on
    both claims of sight: its difference is exactly zero. Three stubs pass every claim although they do not see as
    the perfect one does, and show what the standard claims do not reach: ``image_hash`` never reads the question
    (``image_options`` shows it), ``first_image`` has receipts for images that it ignores (scores by the number of
    images show it), and ``partial`` is right by guessing on some rows.
    """
    codes = _VERDICTS[name][kind == "short"]
    return {claim: _MEANS[code] for claim, code in zip(_CLAIMS, codes, strict=False)}
