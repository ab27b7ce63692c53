"""Questions to answer, made up for the corpus: option sheets with their traps, yes/no questions, short answers.

A sheet draws two to ten of a topic's texts in any order. Some topics are traps by themselves: options that hold
another's words, that begin like a letter with its stop, or that end in a letter of their own.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from random import Random

from harness.records import Read
from harness.testing.case import Kind, Truth

TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Which finding explains the opacity on this chest film?",
        (
            "Pneumothorax",
            "Pleural effusion",
            "Lobar pneumonia",
            "Aspiration pneumonia",
            "Cardiomegaly",
            "Hiatal hernia",
            "Rib fracture",
            "Pulmonary oedema",
            "Lung abscess",
            "Normal variant",
        ),
    ),
    (
        "Which organ does the arrow point to?",
        (
            "bladder",
            "gallbladder",
            "liver",
            "spleen",
            "left kidney",
            "adrenal gland",
            "pancreas",
            "stomach",
            "aorta",
            "duodenum",
        ),
    ),
    (
        "Which organism is the most likely cause?",
        (
            "E. coli",
            "C. difficile",
            "Klebsiella pneumoniae",
            "Candida albicans",
            "Staphylococcus aureus",
            "B. cereus",
            "Giardia",
            "Aspergillus",
        ),
    ),
    (
        "Which vitamin is lacking?",
        ("Vitamin A", "Vitamin B12", "Vitamin C", "Vitamin D", "Vitamin E", "Vitamin K", "Folate"),
    ),
    (
        "Which virus fits the serology?",
        ("Hepatitis A", "Hepatitis B", "Hepatitis C", "Hepatitis E", "Influenza B", "Measles"),
    ),
    (
        "What should be done next?",
        (
            "Start heparin and repeat the scan within a week",
            "Drain the pleural space with a chest tube",
            "Observe, with a second film after six hours",
            "Stop the anticoagulant and give vitamin K",
            "Take a biopsy under ultrasound guidance",
            "Reassure the patient; no imaging is needed",
            "Refer for surgery as an emergency",
        ),
    ),
    (
        "With which technique was this picture taken?",
        (
            "CT",
            "MRI",
            "Ultrasound",
            "Contrast-enhanced CT",
            "PET",
            "Plain radiograph",
            "Fluoroscopy",
            "Scintigraphy",
            "Mammography",
        ),
    ),
    (
        "How large is the lesion?",
        ("5 mm", "12 mm", "2.5 cm", "4 cm", "6.5 cm", "10 cm", "0.8 cm", "1 mm", "9 cm"),
    ),
    ("On which side is the mass, if there is one?", ("Yes, left", "Yes, right", "Yes, both sides", "No")),
    ("Is the tube in the right place?", ("Yes", "No")),
    ("Which side is affected?", ("Left", "Right", "Both sides", "Neither side")),
    (
        "Which dissection or fracture type is shown?",
        ("Stanford type A", "Stanford type B", "Weber A", "Weber B", "Weber C", "Salter-Harris II"),
    ),
    (
        "Which tracer, marker or sign is described?",
        ("Kerley B lines", "D-dimer", "The C sign", "An air crescent", "A-lines", "B-lines", "A pleural line"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polar:
    """A question of yes or no, with the sentences that say each."""

    question: str
    yes: str
    no: str


POLAR: tuple[Polar, ...] = (
    Polar(
        question="Is there a pleural effusion?", yes="there is a pleural effusion", no="there is no pleural effusion"
    ),
    Polar(question="Is the heart enlarged?", yes="the heart is enlarged", no="the heart is not enlarged"),
    Polar(
        question="Does the image show a fracture?",
        yes="the image shows a fracture",
        no="the image does not show a fracture",
    ),
    Polar(question="Are there gallstones?", yes="there are gallstones", no="there are no gallstones"),
    Polar(question="Was contrast given?", yes="contrast was given", no="contrast was not given"),
    Polar(
        question="Is the trachea displaced to the left?",
        yes="the trachea is displaced to the left",
        no="the trachea is not displaced to the left",
    ),
    Polar(
        question="Can a mass be seen in the pancreas?",
        yes="a mass can be seen in the pancreas",
        no="no mass can be seen in the pancreas",
    ),
)

OPEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Which organ is shown?", ("liver", "spleen", "left kidney", "urinary bladder", "gallbladder")),
    ("In which plane was the slice taken?", ("axial", "coronal", "sagittal", "axial oblique")),
    ("What modality is this?", ("computed tomography", "MRI", "ultrasound", "plain radiograph", "CT")),
    ("Where is the lesion?", ("right upper lobe", "left temporal lobe", "base of the skull", "L4")),
    ("What is the main finding?", ("pleural effusion", "hairline fracture", "T-cell lymphoma", "none", "COVID-19")),
    ("How many nodules are there?", ("3", "two", "more than ten", "0")),
)


def choice(random: Random, least: int = 2) -> Truth:
    """Draw an option sheet with the answer that is meant.

    Parameters
    ----------
    random : random.Random
        All chance.
    least : int
        Fewest options, 2 to 6.
    """
    question, texts = random.choice([topic for topic in TOPICS if len(topic[1]) >= least])
    shown = random.sample(texts, random.randint(least, len(texts)))
    options = dict(zip(string.ascii_uppercase, shown, strict=False))
    answer = random.choice(list(options))
    rivals = [letter for letter in options if letter != answer]
    random.shuffle(rivals)
    return Truth(
        kind="choice",
        question=question,
        options=options,
        answer=answer,
        rivals=tuple(rivals),
        expected=Read(answer),
    )


def _short(kind: Kind, question: str, answers: tuple[str, ...], random: Random) -> Truth:
    answer, *rivals = random.sample(answers, len(answers))
    return Truth(
        kind=kind,
        question=question,
        options={},
        answer=answer,
        rivals=tuple(rivals),
        expected=Read(answer),
    )


def truth(kind: Kind, random: Random, least: int = 2) -> Truth:
    """Draw a question of a kind, and the answer that is meant; ``least`` is the fewest options of a choice."""
    if kind == "choice":
        return choice(random, least)
    if kind == "yes_no":
        return _short(kind, random.choice(POLAR).question, ("yes", "no"), random)
    return _short(kind, *random.choice(OPEN), random)


def sentence(asked: Truth, answer: str) -> str:
    """The sentence that says yes or no to a question of `POLAR` in its own words, without its stop."""
    found = next(polar for polar in POLAR if polar.question == asked.question)
    return found.yes if answer == "yes" else found.no
