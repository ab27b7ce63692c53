"""How ``letter`` reads a letter: alone, opening, stated, last, tagged; replies and readings by hand."""

from __future__ import annotations

import pytest

from harness.errors import DataError
from harness.extract import Read, letter

CHEST = {
    "A": "Pneumothorax",
    "B": "Pleural effusion",
    "C": "Lobar pneumonia",
    "D": "Pulmonary embolism",
    "E": "Normal chest",
}
LETTERS = "ABCDE"


def _read(reply: str, options: object = CHEST) -> str:
    got = letter(reply, options)  # type: ignore[arg-type]
    return got.value if isinstance(got, Read) else f"({got.why})"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("C", "C"),
        ("c", "C"),
        ("C.", "C"),
        ("(C)", "C"),
        ("[C]", "C"),
        ("C)", "C"),
        ("**C**", "C"),
        ("`C`", "C"),
        ("  C \n", "C"),
        ("C</s>", "C"),
        ("C<|im_end|>", "C"),
        ("'C'", "C"),
        ("**(C)**.", "C"),
        ("$C$", "C"),
        ("C:", "C"),
        ("# C", "C"),
        ("> C", "C"),
        ("- **C**", "C"),
        ("Option C", "C"),
        ("option c", "C"),
        ("Option (C).", "C"),
        ("Answer C", "C"),
        ("Letter C", "C"),
        ("The option is C", "C"),
    ],
)
def test_a_reply_that_is_only_a_letter_is_that_letter(reply: str, expected: str) -> None:
    assert _read(reply) == expected
    assert _read(reply, LETTERS) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("C. Lobar pneumonia", "C"),
        ("C) lobar pneumonia", "C"),
        ("(C) Lobar pneumonia", "C"),
        ("C: Lobar pneumonia", "C"),
        ("C - Lobar pneumonia", "C"),
        ("C – Lobar pneumonia", "C"),
        ("C — Lobar pneumonia", "C"),
        ("C Lobar pneumonia", "C"),
        ("c. lobar pneumonia", "C"),
        ("**C. Lobar pneumonia**", "C"),
        ("**C.** Lobar pneumonia", "C"),
        ("C.Lobar pneumonia", "C"),
        ("Option C: Lobar pneumonia", "C"),
        (
            "C. Lobar pneumonia\n\nThe consolidation has an air bronchogram. A pneumothorax would show a pleural line.",
            "C",
        ),
        ("C. The right lower zone is opaque.", "C"),
        ("C, because the right lower zone is opaque.", "C"),
        ("C because there is an air bronchogram", "C"),
        ("C\n\nExplanation: The film shows a consolidation.\n\nA: no pleural line\nB: no meniscus", "C"),
        ("A. Pneumothorax\nA. Pneumothorax with tension", "A"),
        ("✅ **B. Pleural effusion**", "B"),
    ],
)
def test_a_letter_that_opens_the_reply_is_read(reply: str, expected: str) -> None:
    assert _read(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("The answer is C", "C"),
        ("The answer is c.", "C"),
        ("The answer is (C).", "C"),
        ("The answer is: **C**", "C"),
        ("the correct answer is **C. Lobar pneumonia**. Here's why: A and B are wrong.", "C"),
        ("Answer: C", "C"),
        ("Answer: (C) Lobar pneumonia", "C"),
        ("ANSWER: C", "C"),
        ("Final Answer: C", "C"),
        ("**Final answer:** C", "C"),
        ("**Answer: C**\n\nThe lungs show ...", "C"),
        ("### Answer\nC", "C"),
        ("*Answer*: C", "C"),
        ("Answer = C", "C"),
        ("Ans: C", "C"),
        ("Answer - C", "C"),
        ('{"answer": "C", "confidence": 0.8}', "C"),
        ('```json\n{"reasoning": "A is out", "answer": "C"}\n```', "C"),
        ("Correct Option: C", "C"),
        ("My choice is option C.", "C"),
        ("I choose C.", "C"),
        ("I would go with option C", "C"),
        ("I'd go with (C).", "C"),
        ("I'll pick C!", "C"),
        ("Therefore, C.", "C"),
        ("A fracture is seen, so B", "B"),
        ("Thus, the answer to the question is most likely C.", "C"),
        ("Therefore, among A through E, the answer is C.", "C"),
        ("Option C is correct.", "C"),
        ("C is the correct answer.", "C"),
        ("B is wrong, and C is the best choice.", "C"),
        ("The correct choice would be C, since the others do not fit.", "C"),
        ("The best answer among the choices given is (C).", "C"),
        ("The most likely diagnosis is:\n\n**C. Lobar pneumonia**\n\nIt explains the fever.", "C"),
        ("The most appropriate answer is lobar pneumonia (C).", "C"),
        ("The answer is lobar pneumonia (option C).", "C"),
        ("This corresponds to the following: the answer is therefore option C", "C"),
        ("If I had to choose, I would say C.", "C"),
        ("The answer is C. I hope this helps! A doctor should confirm.", "C"),
        ("The answer is C, not B.", "C"),
        ("Could it be B? No: the answer is C.", "C"),
        ("Selected option: [C]", "C"),
        ("The answer is $\\boxed{C}$", "C"),
    ],
)
def test_a_statement_of_the_answer_is_read(reply: str, expected: str) -> None:
    assert _read(reply) == expected
    if "pneumonia" not in reply.lower():
        assert _read(reply, LETTERS) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("The answer is A. Wait, there is an air bronchogram. The answer is C.", "C"),
        ("A. Pneumothorax\n\nOn a second look this does not fit. Final answer: C", "C"),
        ("At first I thought the answer was B, but the answer is C.", "C"),
        ("Answer: B\n\nCorrection:\nAnswer: C", "C"),
        ("The answer is B.\n\n[second turn]\nC", "C"),
        ("Let me think step by step.\n\n[second turn]\nTherefore, among A through E, the answer is **C**.", "C"),
        ("The answer is C.\n\n[second turn]\nNo answer provided.", "C"),
        ("Option A might be right, option B could be right, but option C is the most likely answer.", "C"),
        ("<answer>B</answer>\nLet me correct that.\n<answer>C</answer>", "C"),
        ("\\boxed{B} ... no, \\boxed{C}", "C"),
        ("A. Pneumothorax: no pleural line.\nB. Pleural effusion: no meniscus.\nC. Lobar pneumonia: fits.\n\nC", "C"),
        ("A) no\nB) no\nC) yes\n\nThe answer is C) Lobar pneumonia", "C"),
    ],
)
def test_a_final_choice_beats_an_earlier_one(reply: str, expected: str) -> None:
    assert _read(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("<think>Not A. Maybe B? The answer is B.</think>\n\nC", "C"),
        ("<think>Not A. Maybe B?</think><answer>C</answer>", "C"),
        ("Options A and B are out, the answer is B?\n</think>\n\nThe answer is C.", "C"),
        ("<thinking>A or B</thinking>\n**C**", "C"),
        ("◁think▷A or B◁/think▷C", "C"),
        ("<answer>C</answer>", "C"),
        ("<answer> (C) Lobar pneumonia </answer>", "C"),
        ("<answer>Lobar pneumonia</answer>", "C"),
        ("<answer>\nC\n</answer>", "C"),
        ("<answer>C", "C"),
        ("<ANSWER>C</ANSWER>", "C"),
        ("<answer>The answer is C.</answer>", "C"),
        ("<answer>**C**</answer>", "C"),
        ("<CONCLUSION>C</CONCLUSION>", "C"),
        ("<|begin_of_box|>C<|end_of_box|>", "C"),
        ("\\boxed{C}", "C"),
        ("$$\\boxed{\\text{C}}$$", "C"),
        ("\\(\\boxed{\\textbf{(C) Lobar pneumonia}}\\)", "C"),
        ("The final answer is $\\boxed{C. Lobar pneumonia}$.", "C"),
        ("analysisThe film shows A or B.assistantfinalC", "C"),
        ("<think>The consolidation is lobar.\n\nSo the correct answer would be C.", "C"),
        ("<think>The answer is A.</think> I mean it: <answer>C</answer>", "C"),
    ],
)
def test_thoughts_tags_and_boxes_are_taken_off(reply: str, expected: str) -> None:
    assert _read(reply) == expected


VERDICTS = """Let's go through the options:
A) Pneumothorax - Incorrect, there is no pleural line.
B) Pleural effusion - Incorrect.
C) Lobar pneumonia - Correct, there is an air bronchogram.
D) Pulmonary embolism - Incorrect.
E) Normal chest - Incorrect."""


REASONS = """Let's evaluate each option:

**A. Pneumothorax**: There is no pleural line.
**B. Pleural effusion**: There is no meniscus.
**C. Lobar pneumonia**: There is a consolidation.
"""


AFTERWARDS = """The correct answer is C) Lobar pneumonia.

A) Pneumothorax is wrong, since there is no pleural line.
B) Pleural effusion is wrong as well.
D) Pulmonary embolism shows no opacity."""


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (VERDICTS, "C"),
        (REASONS, "(several)"),
        (f"{REASONS}\nTherefore, the most likely diagnosis is lobar pneumonia.", "C"),
        (f"{REASONS}\nTherefore, the most likely answer is **lobar pneumonia**, option C.", "C"),
        (f"{REASONS}\nC", "C"),
        (f"{REASONS}\nC. Lobar pneumonia", "C"),
        (AFTERWARDS, "C"),
        (AFTERWARDS.replace("The correct answer is ", ""), "C"),
        ("The answer is C. Lobar pneumonia. A common mimic is B. Pleural effusion.", "C"),
        ("A. Pneumothorax is excluded because there is no line, leaving C. Lobar pneumonia.", "C"),
        ("C. Lobar pneumonia is the answer because A. Pneumothorax is excluded.", "C"),
        ("The correct answer is B; A, C and D are incorrect.", "B"),
        ("Since A and B are ruled out, the answer must be C", "C"),
        ("While option A is possible, option C is the most likely.", "C"),
        ("The answer is not A but C.", "C"),
        ("The answer can't be A, so it must be C.", "C"),
        ("I'm not sure, but the answer is A.", "A"),
        ("I cannot see the image, but based on the text the most likely answer is C.", "C"),
        ("I am unable to view the image. However, if I had to guess, I would choose C.", "C"),
        ("The most likely diagnosis is lobar pneumonia (C), not pneumothorax (A).", "C"),
        ("Among the choices, lobar pneumonia (C) is most appropriate.", "C"),
        ("Sure, here is the answer: B. Pleural effusion", "B"),
        ("B (90% confidence)", "B"),
        ("Answer: B, Confidence: 0.9", "B"),
        ("Probably C", "C"),
        ("1. C", "C"),
        ("Question: Seen?\nAnswer: Maybe A, as the line shows.\nFinal Answer: C", "C"),
        ("The final answer is: The final answer is D. I hope it is correct.", "D"),
        ("Pneumothorax, requiring drainage", "A"),
        ("Left pleural effusion", "B"),
        ("(A) axial and (B) coronal views show a mass.", "(several)"),
        ("Figure A and figure B show a mass.", "(none)"),
    ],
)
def test_long_and_winding_replies_are_read_as_a_reader_would(reply: str, expected: str) -> None:
    assert _read(reply) == expected


TEN = dict(
    zip(
        "ABCDEFGHIJ",
        (
            f"{word} vaccine"
            for word in ["pneumococcal", "tdap", "shingles", "hepA", "mening", "typhoid", "JE", "MMR", "hepB", "fever"]
        ),
        strict=True,
    )
)


@pytest.mark.parametrize(
    ("reply", "options", "expected"),
    [
        ("B", "AB", "B"),
        ("C", "AB", "(not_an_option)"),
        ("J", TEN, "J"),
        ("I. hepB vaccine", TEN, "I"),
        ("I believe it is mumps", TEN, "(none)"),
        ("The answer is I.", TEN, "I"),
        ("I would say the answer is J", TEN, "J"),
        ("Z", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "Z"),
        ("The answer is X.", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "X"),
        ("X-ray", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "(none)"),
        ("b", ["a", "b"], "b"),
    ],
)
def test_two_to_twenty_six_options_are_known(reply: str, options: object, expected: str) -> None:
    assert _read(reply, options) == expected


@pytest.mark.parametrize("options", [{}, ["A", "A"], ["A", "a"], ["AB"], ["1", "2"], {"": "x"}])
def test_options_that_are_not_different_letters_are_refused(options: object) -> None:
    with pytest.raises(DataError, match="1 to 26 different letters"):
        letter("A", options)  # type: ignore[arg-type]
