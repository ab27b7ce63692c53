"""Faults of our own extractor that the corpus found, each mended and kept from coming back."""

from __future__ import annotations

import re

import pytest

from harness.extract import Read, Unread, letter, phrase, yes_no
from harness.extract import marked as marked_module
from harness.extract import ranks as ranks_module
from harness.extract import taken_back as taken_back_module

CHEST = {
    "A": "Pneumothorax",
    "B": "Pleural effusion",
    "C": "Lobar pneumonia",
    "D": "Pulmonary embolism",
    "E": "Normal chest",
}
SIDES = {"A": "Left", "B": "Both sides", "C": "Right", "D": "Neither side"}
POLAR = {"A": "Yes", "B": "No"}


def _shown(got: Read | Unread) -> str:
    return got.value if isinstance(got, Read) else f"({got.why})"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("B. Actually, A.", "A"),
        ("A. No, sorry: B.", "B"),
        ("B... wait, D.", "D"),
        ("B. Actually, A would need a pleural line.", "B"),
        ("B. Wait, A. Hmm. The answer is D.", "D"),
        ("C. Sorry, I cannot say more.", "C"),
        ("I thought of A first; I now go with C.", "C"),
    ],
)
def test_what_was_taken_back_is_not_the_answer(reply: str, expected: str) -> None:
    assert _shown(letter(reply, CHEST)) == expected


@pytest.mark.parametrize(
    "reply",
    [
        "Option B would need a meniscus.",
        "Option A would be correct if the line were sharp.",
        "Let's consider option A.",
        "The most common wrong answer is C.",
        "Many people would choose B.",
        "Pleural effusion is a good distractor.",
        "I first thought of pleural effusion, but the edge is blurred.",
        "In contrast to pleural effusion, the edge is blurred.",
        "It is unclear whether this is lobar pneumonia.",
        "Suppose the answer is B.",
        "Say the answer is C; then the margin is sharp.",
        "Were it sharp, I would choose D, but it is not.",
        "Someone wrote: 'The answer is C.'",
        "Rather than pneumothorax, think again.",
        "If B is right, the margin is sharp.",
        "The first option is C.",
        "B is the one that does not fit.",
        "The C:B ratio was measured.",
        "D: no\nB: no",
    ],
)
def test_an_option_that_is_only_talked_of_is_not_read(reply: str) -> None:
    assert letter(reply, CHEST) == Unread("none")


@pytest.mark.parametrize(
    ("reply", "options", "expected"),
    [
        ("Answer: A\nB\nC\nD", CHEST, "(several)"),
        ("E. Normal chest fits the history.\nA. Pneumothorax fits the film.", CHEST, "(several)"),
        ("Left or Neither side", SIDES, "(several)"),
        ("Compare pneumothorax with lobar pneumonia.", CHEST, "(several)"),
        ("No option is correct.", POLAR, "(none)"),
        ("no answer", POLAR, "(error_text)"),
        ("While pneumothorax is possible, C is more likely.", CHEST, "C"),
        ("answer: A\n\nBoth sides is less likely.", SIDES, "A"),
        ("Die Lösung lautet B.", CHEST, "B"),
        ("B...\n\nGroup B streptococcus was cultured.", CHEST, "B"),
        ("Option A would need a line.\n\nc", CHEST, "C"),
        ("Normal variant\n\nd.", "ABCD", "D"),
        ("There is an air bronchogram.\n\n(C)\n\nA line is not seen.", CHEST, "C"),
        ("C C C", CHEST, "C"),
        ("C, with high confidence.", CHEST, "C"),
        ("C, as the margin is sharp.", CHEST, "C"),
        ("This leads to C as the answer.", CHEST, "C"),
        ("I don't think it is A; the answer is C.", CHEST, "C"),
        ("I'm going with C.", CHEST, "C"),
        ("By elimination, C.", CHEST, "C"),
        ("That leaves C.", CHEST, "C"),
    ],
)
def test_letters_are_read_as_a_reader_would(reply: str, options: dict[str, str], expected: str) -> None:
    assert _shown(letter(reply, options)) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Yes. Actually, no.", "no"),
        ("No... wait, yes.", "yes"),
        ("Yes. No, sorry: no.", "no"),
        ("Yes, no.", "(several)"),
        ("No, no mass is seen.", "no"),
        ("Options: yes, no", "(none)"),
        ("I would say yes.", "yes"),
        ("I first said no, but now I choose yes.", "yes"),
        ("Answer: no (very likely)", "no"),
        ("Most likely no.", "no"),
        ("{'answer': 'yes'}", "yes"),
        ("> No, the heart is of normal size.", "no"),
        ("\u27a1 Yes.", "yes"),
        ("Yes Yes Yes", "yes"),
        ("Conclusion: no", "no"),
        ("\u0644\u0627\u060c \u0644\u0627 \u064a\u0648\u062c\u062f.", "no"),
        ("답은 아니요입니다.", "no"),
        ("答えは「はい」です。", "yes"),
        ("I can't view pictures. If I had to guess, I would say no.", "no"),
    ],
)
def test_yes_and_no_are_read_as_a_reader_would(reply: str, expected: str) -> None:
    assert _shown(yes_no(reply)) == expected


def test_a_word_that_was_cut_off_is_no_answer() -> None:
    assert yes_no("The film is clear. No", finish="length") == Unread("cut_off")
    assert yes_no("The film is clear. No") == Read("no")
    assert yes_no("No", finish="length") == Read("no")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"answer": "liver"}', "liver"),
        ('```json\n{"reasoning": "seen.", "answer": "left lung"}\n```', "left lung"),
        ("{'answer': '3'}", "3"),
        ("### Answer\nspleen", "spleen"),
        ("La réponse est foie.", "foie"),
        ("الجواب: الكبد", "الكبد"),
        ("答えは左肺です。", "左肺"),
        ("정답은 간입니다.", "간"),
        ("The answer is 3. The margin is sharp.", "3"),
        ("The answer is most likely liver.", "liver"),
        ("My best guess is liver.", "liver"),
        ("I cannot see it well, but the most likely answer is liver.", "liver"),
        ("I am unable to see the picture.\n\nAnswer: axial", "axial"),
        ("I cannot say what the answer is without the image.", "(refusal)"),
        ("Here is the answer:", "(cut_off)"),
        ("The margin is sharp. Answer:", "(cut_off)"),
        ("The margin is sharp. <answer>", "(cut_off)"),
        ("\\boxed{}", "(empty)"),
        ("504 Gateway Time-out", "(error_text)"),
        ("ReadTimeout: The read operation timed out", "(error_text)"),
        ("Connection reset by peer", "(error_text)"),
        ("ERROR: context length exceeded", "(error_text)"),
        ("I won't guess here.", "(refusal)"),
        ("I am not sure.", "(refusal)"),
        ("The image could not be loaded.", "(refusal)"),
        ("Leider kann ich diese Frage nicht beantworten.", "(refusal)"),
        ("Non sono in grado di rispondere.", "(refusal)"),
    ],
)
def test_short_answers_are_read_as_a_reader_would(reply: str, expected: str) -> None:
    assert _shown(phrase(reply)) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Which organ is shown?\n\nleft kidney", "left kidney"),
        ("Which organ is shown? left kidney", "left kidney"),
        ("Which organ is shown? Answer in one phrase.\nleft kidney", "left kidney"),
        ("Which organ is shown? Answer in one phrase.", "(echo)"),
        ("Which organ is shown?", "(echo)"),
    ],
)
def test_an_answer_behind_the_echoed_question_is_read(reply: str, expected: str) -> None:
    assert _shown(phrase(reply, question="Which organ is shown?")) == expected


@pytest.mark.parametrize("module", [marked_module, ranks_module, taken_back_module])
def test_no_pattern_of_the_new_modules_repeats_a_repeat(module: object) -> None:
    patterns = [value.pattern for value in vars(module).values() if isinstance(value, re.Pattern)]
    assert patterns
    assert [found for found in patterns if re.search(r"[+*]\)[+*]", found)] == []


@pytest.mark.parametrize(
    "unit", ["wait, ", "B. Wait, A. ", "actually ", "'answer': '", '"answer": "', "no, sorry: ", "\nB\n"]
)
def test_long_repeats_of_corrections_and_fields_are_read_to_their_end(unit: str) -> None:
    reply = unit * (100_000 // len(unit))
    assert letter(f"{reply}.\n\nThe answer is C.", CHEST) == Read("C")
    assert yes_no(f"{reply}.\n\nThe answer is no.") == Read("no")
    assert isinstance(phrase(reply), Read | Unread)
