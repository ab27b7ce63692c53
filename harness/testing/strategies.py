"""The corpus without end: hypothesis draws questions and mutators, and shrinks what it finds.

hypothesis is imported when a strategy is asked for, so that `corpus` and `parse_rates` work without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.testing import questions
from harness.testing.case import KINDS, Case, Kind, Truth
from harness.testing.corpus import checked_families, checked_kinds, make, shown

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def _strategies() -> Any:
    try:
        from hypothesis import strategies
    except ImportError as error:
        raise UsageError(
            "harness.testing.replies: hypothesis is not installed, but these strategies need it. Install "
            "sightcheck[test]; corpus() gives a fixed set of cases without it."
        ) from error
    return strategies


def truths(kind: Kind | None = None, *, least: int = 2) -> SearchStrategy[Truth]:
    """Questions with the answer that is meant.

    Parameters
    ----------
    kind : {"choice", "yes_no", "open"}, optional
        One kind; any of them by default.
    least : int
        Fewest options of a choice, 2 to 6.

    Raises
    ------
    UsageError
        Where hypothesis is not installed, or the kind does not exist.
    """
    st = _strategies()
    kinds = checked_kinds(KINDS if kind is None else [kind])
    drawn: SearchStrategy[Truth] = st.builds(
        questions.truth, st.sampled_from(kinds), st.randoms(use_true_random=False), st.just(least)
    )
    return drawn


def replies(kind: Kind | None = None, families: Iterable[str] | None = None) -> SearchStrategy[Case]:
    """Cases: a reply, and what a right extractor must do with it.

    Parameters
    ----------
    kind : {"choice", "yes_no", "open"}, optional
        One kind of question; any of them by default.
    families : iterable of str, optional
        Some of `FAMILIES`; all of them by default.

    Raises
    ------
    UsageError
        Where hypothesis is not installed, a name does not exist, or the families have nothing for the kind.
    """
    st = _strategies()
    kinds, names = checked_kinds(KINDS if kind is None else [kind]), checked_families(families)
    focal = [(mutator, one) for one in kinds for name in names for mutator in shown(one, name)]
    if not focal:
        raise UsageError(
            f"harness.testing.replies: got families {list(names)} and kind {kind!r}, but no mutator is for both. "
            "Ask for another kind, or for more families."
        )
    drawn: SearchStrategy[Case] = st.builds(
        lambda picked, random: make(picked[0], picked[1], random),
        st.sampled_from(focal),
        st.randoms(use_true_random=False),
    )
    return drawn
