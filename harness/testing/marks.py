"""What an answer is marked with: tags, boxes, JSON, markdown, HTML, LaTeX, look-alike and invisible characters.

The look-alikes are written by their numbers, so that no reader takes one for the letter that it looks like.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from harness.testing.case import Draft
from harness.testing.say import ALL, ANY, listed, say, say_none


def boxed(draft: Draft, random: Random) -> Draft:
    """A LaTeX box."""
    return say(
        draft,
        random,
        *("\\boxed{{a}}", "$\\boxed{{a}}$", "The answer is $\\boxed{\\text{{a}}}$.", "{n}\n\n\\[\\boxed{{a}}\\]"),
        *("Final answer: \\boxed{{a}}", "$$\\boxed{\\mathrm{{a}}}$$", "\\boxed{\\textbf{{a}}}", "\\fbox{{a}}"),
    )


def tagged(draft: Draft, random: Random) -> Draft:
    """Answer tags."""
    return say(
        draft,
        random,
        *("<answer>{a}</answer>", "<answer>\n{a}\n</answer>", "<answer> {a}. </answer>", "<ANSWER>{a}</ANSWER>"),
        *("<final_answer>{a}</final_answer>", "[ANSWER]{a}[/ANSWER]", "<ans>{a}</ans>", "{n}\n<answer>{a}</answer>"),
        *("<|begin_of_box|>{a}<|end_of_box|>", "<response><answer>{a}</answer></response>"),
        *("<answer>The answer is {a}.</answer>", "<conclusion>{a}</conclusion>"),
    )


def tag_left_open(draft: Draft, random: Random) -> Draft:
    """An answer tag whose end was taken by a stop string."""
    return say(draft, random, "<answer>{a}", "{n}\n<answer>{a}", "<answer>\n{a}\n")


def json_object(draft: Draft, random: Random) -> Draft:
    """A JSON object, or what looks like one."""
    return say(
        draft,
        random,
        *('{"answer": "{a}"}', '{"answer":"{a}"}', '```json\n{"answer": "{a}"}\n```', "{'answer': '{a}'}"),
        *('{"reasoning": "{n}", "answer": "{a}"}', '{"answer": "{a}", "confidence": 0.9}', '{"Answer": "{A}"}'),
        *('{\n  "answer": "{a}",\n  "reason": "{n}"\n}', '{"final_answer": "{a}"}', '[{"answer": "{a}"}]'),
        *('{"explanation": "{n}", "final_answer": "{a}"}', 'Here it is: {"answer": "{a}"}'),
    )


def key_and_value(draft: Draft, random: Random) -> Draft:
    """YAML, or a field of a form."""
    return say(draft, random, "answer: {a}\nreason: {n}", "Reason: {n}\nAnswer: {a}", "answer: {a}")


def letter_in_fields(draft: Draft, random: Random) -> Draft:
    """A field that brings the letter with its option's words, or beside a note on another option."""
    return say(
        draft,
        random,
        *('{"answer": "{a}. {t}"}', '{"choice": "{a}"}', '{"answer": "{a}", "note": "{o} does not fit."}'),
        *('{"note": "{o} does not fit.", "answer": "{a}"}', "<answer>{a}. {t}</answer>", "<answer>({a})</answer>"),
        *("<answer>{t}</answer>", "\\boxed{{a}. {t}}", "\\(\\boxed{\\text{({a}) {t}}}\\)", '{"correct_option": "{a}"}'),
        *('{"answer": "{a}", "answer_text": "{t}"}', '{"selected_option": "{a}"}', "<choice>{a}</choice>"),
    )


def strong_inside(draft: Draft, random: Random) -> Draft:
    """Emphasis within the statement."""
    return say(
        draft,
        random,
        *("The answer is **{a}**.", "**Answer:** {a}", "Answer: `{a}`", "The answer is <b>{a}</b>.", "*Answer*: {a}"),
        *("### Answer\n{a}", "**Final answer:** **{a}**", "## Answer: {a}", "__Answer:__ {a}", "The answer is *{a}*."),
        *("The answer is:\n- **{a}**", "The answer is $\\text{{a}}$.", "**The answer is {a}.**"),
    )


def strong(draft: Draft, random: Random) -> Draft:
    """The whole statement emphasised."""
    mark = random.choice(("*", "**", "***", "_", "__"))
    return replace(draft, core=f"{mark}{draft.core}{mark}")


def code(draft: Draft, random: Random) -> Draft:
    """The whole statement as code."""
    mark = random.choice(("`{}`", "```\n{}\n```", "```text\n{}\n```", "``{}``"))
    return replace(draft, core=mark.format(draft.core))


def line_mark(draft: Draft, random: Random) -> Draft:
    """The statement as a heading, a quotation or an entry of a list."""
    return replace(draft, core=random.choice(("# ", "### ", "> ", "- ", "* ", "• ", "+ ")) + draft.core)


def html(draft: Draft, random: Random) -> Draft:
    """The statement in HTML."""
    tag = random.choice(("b", "p", "div", "strong", "span", "li", "h3"))
    return replace(draft, core=f"<{tag}>{draft.core}</{tag}>")


def latex_text(draft: Draft, random: Random) -> Draft:
    """The statement in LaTeX."""
    mark = random.choice(("\\text", "\\textbf", "\\mathbf"))
    dollars = random.choice(("", "$"))
    return replace(draft, core=f"{dollars}{mark}{{{draft.core}}}{dollars}")


def ornament(draft: Draft, random: Random) -> Draft:
    """A tick or a pointing hand before the statement."""
    return replace(draft, core=random.choice("\u2705\u27a1\U0001f449\U0001f539") + " " + draft.core)


_STYLES = (0xFF21, 0x24B6, 0x1D400, 0x1D5D4, 0x1D670, 0x1F130, 0x1F150, 0x1F170, 0xFF41, 0x24D0, 0x249C)
_TWINS = {"A": "\u0410\u0391", "B": "\u0392", "C": "\u0421", "E": "\u0395"}


def styled_letter(draft: Draft, random: Random) -> Draft:
    """A full-width, circled, squared or mathematical letter."""
    styled = chr(random.choice(_STYLES) + ord(str(draft.truth.answer)) - ord("A"))
    forms = (styled, f"The answer is {styled}.", f"Answer: {styled}", f"{styled}. {{t}}", f"\uff08{styled}\uff09")
    return say(draft, random, *forms)


def twin_letter(draft: Draft, random: Random) -> Draft:
    """A Cyrillic or Greek letter that looks like the option's, and can be no other option."""
    letter = random.choice([key for key in _TWINS if key in draft.truth.options])
    twin = random.choice(_TWINS[letter])
    forms = (twin, f"Answer: {twin}", f"The answer is {twin}.", f"({twin})", f"{twin}. {{t}}")
    return say(replace(draft, truth=draft.truth.meaning(letter)), random, *forms)


def twin_of_two(draft: Draft, random: Random) -> Draft:
    """Cyrillic Ve in a Russian reply: it looks like B, and is the third letter there."""
    return say_none(
        draft, random, ("none", "not_an_option", "several"), "\u0412", "\u041e\u0442\u0432\u0435\u0442: \u0412"
    )


def spaces(draft: Draft, random: Random) -> Draft:
    """Space before and after."""
    space = (" ", "\n", "\t", "\n\n\n", " \n ", "\u3000", "\xa0", "\r\n")
    return replace(draft, head=random.choice(space) + draft.head, tail=draft.tail + random.choice(space))


def zero_width(draft: Draft, random: Random) -> Draft:
    """Characters without width before, after, and between the words."""
    mark = random.choice("\u200b\u200c\u2060\ufeff")
    core = draft.core.replace(" ", f" {mark}") if random.random() < 0.5 else draft.core
    return replace(draft, head=draft.head + mark, core=core, tail=mark + draft.tail)


def direction_marks(draft: Draft, random: Random) -> Draft:
    """Marks of writing direction around the statement."""
    first, last = random.choice(
        (("\u200e", "\u200e"), ("\u200f", "\u200f"), ("\u202a", "\u202c"), ("\u2066", "\u2069"))
    )
    return replace(draft, core=first + draft.core + last)


def wide_spaces(draft: Draft, random: Random) -> Draft:
    """Spaces that do not break, or of another width."""
    space = random.choice("\xa0\u2009\u202f\u3000")
    return replace(draft, core=draft.core.replace(" ", space))


def other_line_ends(draft: Draft, random: Random) -> Draft:
    """Lines that end as on other machines."""
    end = random.choice(("\r\n", "\r", "\u2028"))
    return replace(draft, **{part: getattr(draft, part).replace("\n", end) for part in ("head", "core", "tail")})


MARKS = (
    *listed("tags", boxed, tagged, json_object, key_and_value, kinds=ALL, makes="marked"),
    *listed("tags", letter_in_fields, makes="marked"),
    *listed("tags", tag_left_open, kinds=ALL, makes="wound"),
    *listed("markup", strong_inside, kinds=ALL, makes="stated"),
    *listed(
        "markup", strong, code, line_mark, html, ornament, kinds=ALL, stage="dress", on=("bare", "words", "stated")
    ),
    *listed("markup", latex_text, kinds=ALL, stage="dress", on=("bare", "words")),
    *listed("look_alikes", styled_letter, twin_letter, makes="stated"),
    *listed("look_alikes", twin_of_two, least=3, makes="none"),
    *listed("invisible", zero_width, direction_marks, wide_spaces, kinds=ALL, stage="dress", on=ANY),
    *listed("invisible", spaces, other_line_ends, kinds=ALL, stage="frame", on=ANY),
)
