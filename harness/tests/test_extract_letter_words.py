"""How ``letter`` tells options from words: an option's own words, and names with a lone letter in them."""

from __future__ import annotations

import pytest

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


BUGS = {
    "A": "Staphylococcus aureus",
    "B": "Clostridioides difficile",
    "C": "Candida albicans",
    "D": "Giardia",
    "E": "E. coli",
}


SIDES = {"A": "Yes, left", "B": "Yes, bilateral", "C": "Yes, right", "D": "No"}


POLAR = {"A": "Yes", "B": "No"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Lobar pneumonia", "C"),
        ("lobar pneumonia.", "C"),
        ("**Lobar Pneumonia**", "C"),
        ("A pneumothorax", "A"),
        ("a lobar pneumonia", "C"),
        ("The answer is lobar pneumonia.", "C"),
        ("The most likely diagnosis is lobar pneumonia.", "C"),
        ("The X-ray shows a lobar pneumonia.", "C"),
        ("Lobar pneumonia. The right lower zone is opaque.", "C"),
        ("Answer: Lobar pneumonia", "C"),
        ("The diagnosis is most likely a pulmonary embolism because of the wedge.", "D"),
        ("No lobar pneumonia is seen.", "(none)"),
        ("There is no pneumothorax and no pleural effusion.", "(none)"),
        ("Pneumothorax or pleural effusion", "(several)"),
        ("Pneumonia", "(none)"),
        ("Hydropneumothorax", "(none)"),
    ],
)
def test_an_options_words_stand_for_its_letter(reply: str, expected: str) -> None:
    assert _read(reply) == expected


def test_an_options_words_are_matched_whole_and_longest_first() -> None:
    organs = {"A": "bladder", "B": "gallbladder", "C": "kidney"}
    assert _read("gallbladder", organs) == "B"
    assert _read("The gallbladder", organs) == "B"
    assert _read("The answer is gallbladder.", organs) == "B"
    lungs = {"A": "pneumonia", "B": "aspiration pneumonia"}
    assert _read("This is an aspiration pneumonia.", lungs) == "B"


@pytest.mark.parametrize(
    ("reply", "options", "expected"),
    [
        ("Yes", POLAR, "A"),
        ("No, the lung is clear.", POLAR, "B"),
        ("Yes. \nB.", POLAR, "B"),
        ("No", SIDES, "D"),
        ("Yes, left", SIDES, "A"),
        ("Yes", SIDES, "(none)"),
        ("Yes, left or right", SIDES, "(several)"),
    ],
)
def test_options_of_yes_and_no_are_matched_whole(reply: str, options: dict[str, str], expected: str) -> None:
    assert _read(reply, options) == expected


def test_the_beginning_of_one_options_words_is_that_option() -> None:
    plans = {"A": "Pneumothorax, requiring immediate drainage", "B": "Pneumothorax, to be watched for a day"}
    assert _read("Pneumothorax, requiring immed", plans) == "A"
    assert _read("Pneumothorax", plans) == "(several)"
    assert _read("Pneumo", plans) == "(none)"


@pytest.mark.parametrize(
    "reply",
    [
        "A fracture is seen.",
        "An X-ray of the chest.",
        "I think this is a chest film.",
        "A chest radiograph in AP projection shows a normal heart.",
        "The picture shows a T1 weighted image.",
        "X-ray",
        "COVID-19",
        "COVID-19 negative",
        "E. coli",
        "C. difficile colitis",
        "This is most likely due to C. difficile.",
        "Vitamin B",
        "The patient lacks vitamin B.",
        "vitamin B12",
        "hepatitis B",
        "The diagnosis is hepatitis B.",
        "a Stanford type A dissection",
        "Stanford type A",
        "grade C",
        "C-spine",
        "A C-spine film with C3-C4 disc loss",
        "T1",
        "D-dimer",
        "B-lines are seen",
        "Kerley B lines are seen.",
        "group A streptococcus",
        "Child-Pugh C",
        "influenza A",
        "IgA nephropathy",
        "Benign image.",
        "the d. of the patient",
        "e.g. a mass",
        "B型肝炎",
        "正解はB型肝炎です",
        "C反応性蛋白が高い",
        "A群溶連菌",
        "Dr. A. Smith reported the film",
        "A's and B's",
        "the answer is a fracture of the radius",
        "The answer is a mass",
        "Type B",
        "Hepatitis B is the most likely diagnosis.",
        "The blood type is A.",
        "Blood group: B",
        "B cell lymphoma",
        "Weber B fracture",
        "Hemoglobin C",
        "Plan: a C section",
        "U.S. of the abdomen",
        "The image is labelled (A).",
        "See figure B.",
    ],
)
def test_words_with_single_letters_never_become_an_option(reply: str) -> None:
    assert _read(reply, LETTERS) == "(none)"
    assert _read(reply, {key: f"something {key * 5}" for key in LETTERS}) == "(none)"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("E. coli", "E"),
        ("C. difficile", "(none)"),
        ("C. albicans", "(none)"),
        ("C. Candida albicans", "C"),
        ("The answer is E. E. coli", "E"),
        ("B. Clostridioides difficile (C. difficile)", "B"),
        ("The organism is C. difficile, so B", "B"),
    ],
)
def test_names_of_species_are_not_letters(reply: str, expected: str) -> None:
    assert _read(reply, BUGS) == expected


@pytest.mark.parametrize(
    ("reply", "options", "expected"),
    [
        ("A. A", {"A": "A", "B": "B", "C": "C", "D": "D"}, "A"),
        ("D. E", {"A": "A", "B": "B", "C": "C", "D": "E"}, "D"),
        ("C. ③\n\n③ is right, ① is not.", {"A": "①", "B": "②", "C": "③", "D": "④"}, "C"),
        ("A. Pulmonary embolism", CHEST, "A"),
        ("The answer is A. Lobar pneumonia", CHEST, "A"),
        ("B. Part I: a - coma; b - coma; c - seizure", {"A": "Part I: a - arrest", "B": "Part I: b - shock"}, "B"),
    ],
)
def test_a_letter_beats_words_that_contradict_it(reply: str, options: dict[str, str], expected: str) -> None:
    assert _read(reply, options) == expected
