"""What each number lacks: n, interval and its method, benchmark, split, mode, metric, and where it was measured.

n is looked for in the sentence, its block and its heading, or in the row, its column names and the words around the
table; k of n is a number's own where it makes that number. The interval is found as `harness.lint.results` says; the
rest anywhere in the section, its headings, and the first words of the sections above it. A number of the run that is
linted against has been measured there. A sentence in the suite's own form, with n and clusters beside its interval and
the suite's closing words after it, stands for its run, which holds mode, metric, harness and receipts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.lint.complaint import Complaint
from harness.lint.facts import Facts
from harness.lint.numbers import Result
from harness.lint.page import Page

_WHY = (
    "a reader can neither repeat nor compare it: a share says little without its rows, its uncertainty, what was shown "
    "to the model, and how replies were counted"
)
_WHY_P = "a p-value is about a difference: without its size, its test and its rows it says nothing"
_SAY_P = "+x points (95 % CI low to high, Tango; p = ..., McNemar mid-p; n = ... rows)"
_COUNT = re.compile(r"\b(\d[\d,]{0,9}) ?(?:/|of|out of) ?(\d[\d,]{1,9})\b")
_NEAR = 120
_SAY = {
    "n": "k/n",
    "interval": "95 % CI low to high, Wilson",
    "name of the interval": "the interval's name, such as Wilson",
    "benchmark": "BENCHMARK",
    "split": "its split",
    "mode": "with the images (0 zero-image rows), or text only",
    "count of zero-image rows": "0 zero-image rows",
    "metric": "the metric, such as accuracy",
    "source": "measured in one harness with what it stands beside, or quoted from SOURCE with a link",
    "link to its source": "a link to its source",
}


def evidence(
    page: Page, facts: Facts, found: Iterable[Result], *, measured: frozenset[int] = frozenset()
) -> Iterator[Complaint]:
    """Yield a complaint for each number that stands without its evidence.

    Parameters
    ----------
    page, facts : Page, Facts
        A text, taken apart, and what its parts state.
    found : iterable of Result
        Its numbers.
    measured : frozenset of int
        Where numbers begin that a run is known to have measured.
    """
    for one in found:
        quote, of_p = page.text[one.start : one.stop], one.form == "p"
        missing = lacks_p(page, facts, one) if of_p else lacks(page, facts, one, measured=one.start in measured)
        if missing:
            line, column = page.place(one.start)
            yield Complaint(
                kind="evidence",
                rule="evidence",
                line=line,
                column=column,
                quote=quote,
                what=f"{quote}: {', '.join(f'no {piece}' for piece in missing)}",
                why=_WHY_P if of_p else _WHY,
                instead=_SAY_P if of_p else _say(page, one, quote, missing),
            )


def lacks(page: Page, facts: Facts, one: Result, *, measured: bool = False) -> tuple[str, ...]:
    """Name what is missing beside a number; none where all of it is there."""
    unit = page.units[one.unit]
    around = facts.around(one.unit, unit)
    near = around | facts.blocks[unit.block] | facts.headings[unit.section]
    if unit.kind == "row":
        near |= _captions(page, facts, unit.block)
    if "clusters" in facts.units[one.unit] and "closing" in facts.blocks[unit.block]:
        around |= {"mode", "metric", "measured"}
        near |= {"zero_images"}
    there = {
        "n": one.form == "count" or "n" in near or _n_column(page, one) or _counts(page, one) is not None,
        "interval": one.interval,
        "name of the interval": not one.interval or "method" in around | facts.blocks[unit.block],
        "benchmark": "benchmark" in around,
        "split": "split" in around,
        "mode": "mode" in around,
        "count of zero-image rows": "mode" not in around
        or "text_only" in around
        or "zero_images" in near | facts.whole,
        "metric": "metric" in around,
        "source": measured or bool(around & {"measured", "quoted"}),
        "link to its source": measured or "measured" in around or "quoted" not in around or "link" in near,
    }
    return tuple(piece for piece, given in there.items() if not given)


def lacks_p(page: Page, facts: Facts, one: Result) -> tuple[str, ...]:
    """Name what is missing beside a p-value."""
    unit = page.units[one.unit]
    around = facts.around(one.unit, unit)
    pieces = {
        "difference with its interval": "interval" in around,
        "name of the test": "test" in around,
        "n": "n" in around | facts.blocks[unit.block],
    }
    return tuple(piece for piece, there in pieces.items() if not there)


def _n_column(page: Page, one: Result) -> bool:
    """Say whether the row has a number in a column of counts."""
    unit = page.units[one.unit]
    header = page.blocks[unit.block].header
    counts = {n for n, name in enumerate(header) if re.search(r"^\s*(?:n|#|rows|questions|items|cases)\b", name, re.I)}
    return any(re.search(r"\d", page.clean[c.start : c.stop]) for c in unit.cells if c.column in counts)


def _captions(page: Page, facts: Facts, block: int) -> frozenset[str]:
    """Return what the blocks before and after a table state."""
    beside = [n for n in (block - 1, block + 1) if 0 <= n < len(page.blocks)]
    same = [n for n in beside if page.blocks[n].section == page.blocks[block].section]
    return frozenset().union(*(facts.blocks[n] for n in same if page.blocks[n].kind != "table"))


def _say(page: Page, one: Result, quote: str, missing: tuple[str, ...]) -> str:
    """Return what to write beside a number; the interval itself where the sentence gives k of n."""
    counts = _counts(page, one)
    parts = []
    for piece in missing:
        if piece == "interval" and counts is not None:
            from harness.stats import wilson

            low, high = wilson(*counts)
            parts.append(f"95 % CI {100 * low:.1f} to {100 * high:.1f}, Wilson, where no two rows share an image")
        else:
            parts.append(_SAY[piece])
    return f"{quote} ({'; '.join(parts)})"


def _counts(page: Page, one: Result) -> tuple[int, int] | None:
    """Return k and n where they stand near and make the number."""
    block, whole = page.blocks[page.units[one.unit].block], 1.0 if one.form == "score" and one.value <= 1 else 100.0
    for match in _COUNT.finditer(page.clean, max(block.start, one.start - _NEAR), min(block.stop, one.stop + _NEAR)):
        k, n = (int(text.replace(",", "")) for text in match.groups())
        if 0 < n >= k and abs(whole * k / n - one.value) <= 0.5 * 10.0**-one.digits + 1e-9:
            return k, n
    return None
