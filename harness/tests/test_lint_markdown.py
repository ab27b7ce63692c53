"""Every complaint stands at its place in the text, and nothing is read that nobody would read as a statement."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.lint import exit_code, lint, report
from harness.lint.mask import mask
from harness.lint.page import read

CLAIM = "It beats MedGemma."


@pytest.mark.parametrize(
    "text",
    [
        f"```\n{CLAIM}\n```\n",
        f"~~~~ python\n{CLAIM}\n~~~\n{CLAIM}\n~~~~\n",
        f"- item\n\n  ```\n  {CLAIM}\n  ```\n",
        f"```\n{CLAIM}\n",
        f"Run `{CLAIM}`.",
        f"Run ``{CLAIM} ` {CLAIM}``.",
        "Run `it\nbeats` on.\n",
        f"<!-- {CLAIM} -->",
        f"<!-- a\n\n{CLAIM}\n\n-->",
        "[paper](https://example.org/beats-MedGemma 'x')",
        "See https://example.org/it-beats/MedGemma.",
        "[paper][beats]\n\n[beats]: https://example.org/beats 'it beats'\n",
        '<img alt="it beats MedGemma" src="x.png">',
        "---\ntitle: It beats MedGemma\n---\n",
        f"Text.\n\n    {CLAIM}\n",
        f"> {CLAIM}\n> \u2014 the authors of MadriMed\n",
        f"> {CLAIM}\n>\n> Source: a blog\n",
        f"Their card says:\n\n> {CLAIM}\n",
        f"~~{CLAIM}~~",
    ],
)
def test_what_is_no_statement_is_not_read(text: str) -> None:
    assert lint(text) == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (CLAIM, 1, 4),
        (f"```\ncode\n```\n{CLAIM}", 4, 4),
        (f"`unclosed\n\n{CLAIM}`", 3, 4),
        (f"`a``b` {CLAIM}", 1, 11),
        (f"  - item\n\n      {CLAIM}", 3, 10),
        (f"> {CLAIM}", 1, 6),
        (f"> Note\n> {CLAIM}", 2, 6),
        (f"## {CLAIM}", 1, 7),
        ("It beats MedGemma\n===\n", 1, 4),
        (f"1. {CLAIM}", 1, 7),
        (f"| a | b |\n|---|---|\n| x | {CLAIM} |", 3, 10),
        ("| it beats MedGemma | b |\n|---|---|\n| x | y |", 1, 6),
        (f"---\na: b\n---\n\n{CLAIM}", 5, 4),
        (f"---\n\n{CLAIM}", 3, 4),
        (f"<!-- x --> {CLAIM}", 1, 15),
        (f"\r\n{CLAIM}\r\n", 2, 4),
        ("It *beats* MedGemma.", 1, 5),
        (f"[{CLAIM}](https://example.org)", 1, 5),
        (f"<details><summary>{CLAIM}</summary>", 1, 22),
        (f"\ufeff{CLAIM}", 1, 5),
        (f"\U0001f600\U0001f600 {CLAIM}", 1, 7),
    ],
)
def test_a_complaint_names_its_line_and_column(text: str, line: int, column: int) -> None:
    (found,) = lint(text)
    assert (found.line, found.column, found.quote) == (line, column, "beats")


def test_emphasis_and_line_breaks_inside_a_phrase_are_quoted_as_written() -> None:
    (found,) = lint("It is **state** of\nthe art.")
    assert found.quote == "state** of\nthe art"
    assert found.what == '"state** of the art"'


# A vocabulary of what markdown and the rules are made of, so that random texts reach every branch.
MADE_OF = """
` `` ``` ~~~ <!-- --> > # ## - 1. | |---| ( ) [ ] ]( http://x " ' \u201c \u201d ** _ \\ $ & &nbsp; --- === <a b> ~~ . ;
, : beats MedGemma not SLAKE test accuracy 21.05 % .54 +3.2 points 95 CI 13.7 to 25.2 p = 0.03 421/2000 n = 100 lint:
allow because below chance no difference the same as understands images text only robust model GPT-4o 18.8 56.28 from
vs. a slight improvement over mode score interval Model 1e9999 \u2212 \u0660 \u00b2 \U0001f600 \ufe0f VRS
"""
PIECES = st.sampled_from([*MADE_OF.split(), "\n", "\n\n", "\r\n", "\x00", "\t", "    "])


@given(st.lists(PIECES, max_size=60).map(" ".join) | st.text(max_size=300) | st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_linter_and_every_position_is_right(text: str) -> None:
    lines = text.split("\n")
    for found in lint(text):
        rest = "\n".join([lines[found.line - 1][found.column - 1 :], *lines[found.line :]])
        assert rest.startswith(found.quote)
        assert found.quote
        assert found.why
        assert found.instead
    assert report(lint(text), "x.md")


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_what_is_masked_keeps_its_length_and_its_lines(text: str) -> None:
    masked = mask(text)
    assert len(masked.clean) == len(masked.body) == len(text)
    assert [i for i, c in enumerate(masked.clean) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]


@given(st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=200, deadline=None)
def test_units_lie_in_order_and_within_the_text(text: str) -> None:
    page = read(text)
    starts = [unit.start for unit in page.units]
    assert starts == sorted(starts)
    assert all(0 <= unit.start <= unit.stop <= len(text) for unit in page.units)
    for number, unit in enumerate(page.units):
        assert page.blocks[unit.block].start <= unit.start
        assert page.blocks[unit.block].section == unit.section
        if unit.row is not None:
            assert page.units[unit.row].kind == "row"
            assert unit.row < number


HARD = {
    "backticks": lambda n: "".join("`" * (i % 40 + 1) + " " for i in range(n // 20)),
    "brackets": lambda n: "](" * (n // 2),
    "angles": lambda n: "<a " * (n // 3),
    "comments": lambda n: "<!--" * (n // 4),
    "pipes": lambda n: "|-" * (n // 2) + "\n" + "|-" * (n // 2),
    "rules": lambda n: "- " * (n // 2) + "x",
    "blanks": lambda n: " " * n + "x",
    "digits": lambda n: "1" * n + "1," * (n // 8),
    "numbers": lambda n: "accuracy 21.05 % of MedGemma, " * (n // 30),
    "words": lambda n: "it beats and beats " * (n // 19),
    "quotes": lambda n: "> a\n" * (n // 4),
    "table": lambda n: "| accuracy |\n|---|\n" + "| 21.05 |\n" * (n // 10),
    "fences": lambda n: "".join("`" * (i % 30 + 3) + "\n" for i in range(n // 20)),
    "dots": lambda n: "a. B" * (n // 4),
    "letters": lambda n: "a" * n,
    "underscores": lambda n: "_" * n + "*" * n,
    "dashes": lambda n: "no-" * (n // 3),
    "hashes": lambda n: "# a\n" * (n // 4),
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_the_time_grows_with_the_text(text: object) -> None:
    """Four times the text takes less than ten times the time; the square would be sixteen."""

    def took(n: int) -> float:
        made = text(n)  # type: ignore[operator]
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            lint(made)
            best = min(best, time.process_time() - start)
        return best

    lint(CLAIM)
    assert took(8_000) < 10 * took(2_000) + 0.05


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "model_card.md"
    path.write_text(f"# Card\n\n{CLAIM}\n", encoding="utf-8")
    (found,) = lint(path)
    assert (found.line, found.column) == (3, 4)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xff"], ids=["missing", "not-utf-8"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "card.md"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"--lint-claims .*card\.md: it cannot be read"):
        lint(path)


def test_the_report_gives_place_reason_and_what_to_say() -> None:
    found = lint(f"{CLAIM}\n\nAccuracy on SLAKE is 65.7 %.\n")
    lines = report(found, "card.md").splitlines()
    assert lines[0] == "card.md: 2 complaints"
    assert lines[2] == "Words that the evidence cannot carry (1)"
    assert lines[3] == '  card.md:1:4: "beats"'
    assert lines[4].startswith("      why: ")
    assert lines[5].startswith("      say: ")
    assert "Numbers without their evidence (1)" in lines
    assert any(line.startswith("  card.md:3:22: 65.7 %: no n, no interval") for line in lines)


def test_the_exit_code_is_one_where_there_is_a_complaint() -> None:
    assert exit_code(lint(CLAIM)) == 1
    assert exit_code(lint("A sentence.")) == 0
    assert report((), "card.md") == "card.md: no complaint\n"
