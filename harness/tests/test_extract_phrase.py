"""Golden replies for ``phrase``, read by hand."""

from __future__ import annotations

import pytest

from harness.extract import Read, Unread, phrase


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("right lower lobe", "right lower lobe"),
        ("Right lower lobe.", "Right lower lobe"),
        ("**Pneumonia**", "Pneumonia"),
        ("'Liver'", "Liver"),
        ("Liver, spleen", "Liver, spleen"),
        ("(liver)", "liver"),
        ("liver (left lobe)", "liver (left lobe)"),
        ("None", "None"),
        ("3", "3"),
        ("-5", "-5"),
        ("> 5 cm", "> 5 cm"),
        ("- Liver", "Liver"),
        ("肺。", "肺"),
        ("$\\text{liver}$", "liver"),
        ("liver</s>", "liver"),
    ],
)
def test_a_short_answer_keeps_its_words(reply: str, expected: str) -> None:
    assert phrase(reply) == Read(expected)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("The answer is pneumonia.", "pneumonia"),
        ("Answer: CT", "CT"),
        ("Final answer: **axial**", "axial"),
        ("Based on the image, the answer is liver.", "liver"),
        ("The final answer is:\n\n**Liver**", "Liver"),
        ("Here is the answer:\nLiver", "Liver"),
        ("Respuesta: hígado.", "hígado"),
        ("答案是：肝脏。", "肝脏"),
        ("\\boxed{liver}", "liver"),
        ("<answer>left lung</answer>", "left lung"),
        ("<think>Is it CT?</think>MRI", "MRI"),
        ("<think>hm</think>\n\n<answer>MRI.</answer>", "MRI"),
        ("Question: What organ is this? Short answer: liver", "liver"),
        ("USER: \nwhat plane? ASSISTANT: This is a coronal image plane. ", "This is a coronal image plane"),
        ("ASSISTANT: liver", "liver"),
    ],
)
def test_wrappings_are_taken_off(reply: str, expected: str) -> None:
    assert phrase(reply) == Read(expected)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Pneumonia. The right lower zone is opaque.", "Pneumonia"),
        ("Chest CT. The image shows lungs.", "Chest CT"),
        ("It measures 2.5 cm. That is large.", "It measures 2.5 cm"),
        ("左肺。右肺也有。", "左肺"),
        ("Liver\nSpleen", "Liver"),
        ("CT\n\nUSER: what else? ASSISTANT: MRI", "CT"),
        ("CT\nHuman: thanks", "CT"),
        ("CT\nQuestion: next? Answer: MRI", "CT"),
        ("CT.\n\n[second turn]\nMRI", "CT"),
        ("E. coli", "E. coli"),
        ("approx. 3 cm", "approx. 3 cm"),
        ("Dr. Smith's sign. It is rare.", "Dr. Smith's sign"),
        ("1. Liver\n2. Spleen", "1. Liver"),
        ("A.P. view", "A.P. view"),
    ],
)
def test_only_the_first_sentence_is_kept(reply: str, expected: str) -> None:
    assert phrase(reply) == Read(expected)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("...", "none"),
        ("<answer>your answer</answer>", "none"),
        ("I cannot see the image.", "refusal"),
        ("I'm sorry, but I can't help.", "refusal"),
        ("Error code: 500", "error_text"),
        ("No answer provided.", "error_text"),
        ("<think>First I look at", "cut_off"),
        ("Answer:", "cut_off"),
        ("What plane is this?", "echo"),
        ("USER: what plane is this? ASSISTANT:", "echo"),
        ("USER: the tissue in the mass near the colon is like what? ASSISTANT: The tissue in the mass near", "echo"),
        ("USER: \ndescribe the pathology ASSISTANT: The pathology ASSISTANT is a tool", "echo"),
    ],
)
def test_a_reply_without_an_answer_has_its_reason(reply: str, why: str) -> None:
    assert phrase(reply) == Unread(why)


def test_a_choice_between_words_of_the_question_is_no_echo() -> None:
    question = "is the patient a female or male?"
    assert phrase("male", question=question) == Read("male")
    assert phrase(f"USER: {question} ASSISTANT: The patient is a male. ") == Read("The patient is a male")
    assert phrase("the patient a female or male", question=question) == Unread("echo")
