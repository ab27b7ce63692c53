"""Where ``letter`` reads nothing, and the reason it gives."""

from __future__ import annotations

import pytest

from harness.extract import Read, Unread, letter

CHEST = {
    "A": "Pneumothorax",
    "B": "Pleural effusion",
    "C": "Lobar pneumonia",
    "D": "Pulmonary embolism",
    "E": "Normal chest",
}


def _read(reply: str, options: object = CHEST) -> str:
    got = letter(reply, options)  # type: ignore[arg-type]
    return got.value if isinstance(got, Read) else f"({got.why})"


@pytest.mark.parametrize(
    "reply",
    [
        "A and C",
        "A, C",
        "A/C",
        "A or C",
        "A & C",
        "The answer is A and C.",
        "The answer is A or C.",
        "The answer is either A or C, depending on the film.",
        "Answer: A, B, C",
        "Both A and C are correct.",
        "<answer>A, C</answer>",
        "\\boxed{A and C}",
        "Option A and option C both fit.",
        "A. Pneumothorax fits, as the line shows.\nC. Lobar pneumonia fits, as the opacity shows.",
        "Pneumothorax (A) is possible. Pleural effusion (B) is possible.",
        "Option A is correct. Option B is correct.",
        "答案是A和C",
        "AまたはC",
    ],
)
def test_two_letters_without_a_final_choice_are_several(reply: str) -> None:
    assert _read(reply) == "(several)"


@pytest.mark.parametrize(
    "reply", ["F", "The answer is F.", "F. None of the above", "<answer>G</answer>", "\\boxed{Z}", "Option H", "(F)"]
)
def test_a_letter_that_is_no_option_is_said_to_be_none(reply: str) -> None:
    assert _read(reply) == "(not_an_option)"


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot answer this question without the image.",
        "I'm unable to view images, so I cannot choose between A, B and C.",
        "As an AI, I cannot provide a medical diagnosis. Option A would need a pleural line.",
        "Without the graph I cannot choose. If it falls, option A would be correct; else option B might be correct.",
        "I need the graph to answer this question. Please provide the graph.",
        "Lo siento, no puedo ver la imagen.",
        "Desculpe, não posso responder.",
        "抱歉，我无法查看图像。",
        "申し訳ありませんが、画像を確認できません。",
    ],
)
def test_a_refusal_is_a_refusal(reply: str) -> None:
    assert _read(reply) == "(refusal)"


@pytest.mark.parametrize(
    "reply",
    [
        "ERROR: API Request Failed - Error code: 413 - {'error': {'type': 'request_too_large'}}",
        "Failed to obtain answer via API.",
        "Error code: 429 - Rate limit exceeded",
        "Error: 500 Internal Server Error",
        "HTTP 503",
        "openai.BadRequestError: Error code: 400",
        "Request timed out.",
        "Traceback (most recent call last):\n  File ...",
        "{'error': {'message': 'A is not valid'}}",
        "No answer provided.",
        "No answer provided.\n\n[second turn]\nNo answer provided.",
        "Rate limit reached for model A",
        "[ERROR]",
    ],
)
def test_the_text_of_a_failed_call_is_no_answer(reply: str) -> None:
    assert _read(reply) == "(error_text)"


@pytest.mark.parametrize("reply", ["", " ", "\n\n\t", "</s>", "\u200b", "<answer></answer>", "**", "\ufeff"])
def test_an_empty_reply_is_empty(reply: str) -> None:
    assert _read(reply) == "(empty)"


@pytest.mark.parametrize(
    "reply",
    [
        "<think>First I look at the heart. Then the lungs. The option A needs a pleural line. Then the",
        "The film shows a chest in frontal projection; the heart is of normal size, the lungs are clear, the",
        "The correct answer is",
        "The correct answer is:",
    ],
)
def test_a_reply_without_its_end_is_cut_off(reply: str) -> None:
    assert _read(reply) == "(cut_off)"


def test_a_reply_that_was_cut_off_is_read_only_where_it_commits() -> None:
    options = "A. Pneumothorax: no line is seen.\n\nB. Pleural effusion"
    assert letter(options, CHEST, finish="length") == Unread("several")
    assert letter("The lung is opaque. (B)", CHEST, finish="length") == Unread("cut_off")
    assert letter("B. Pleural effus", CHEST, finish="length") == Read("B")
    assert letter("The answer is B. It explains the", CHEST, finish="length") == Read("B")


@pytest.mark.parametrize(
    "reply",
    [
        "None of the options fit, since the film shows a rib.",
        "The answer could be anything.",
        "All of the above",
        "Why the other options are not the best choice:\n\nA. Pneumothorax",
        "If the film shows a line, the answer would be A.",
        "If the film shows a meniscus, the correct answer is B.",
        "The answer is not A.",
        "Is the answer B?",
        "A is incorrect.",
        "Option A is unlikely.",
        "For example, 'The answer is A'.",
        "The answer cannot be B.",
        "I don't think the answer is A.",
        "I doubt the answer is A.",
        "To choose B, one would need a meniscus.",
        "The arrow points to A.",
        "The letter on the film is B.",
        "Maybe C",
        "A. Pneumothorax is excluded.",
        "MDbMDbMDbMDb",
    ],
)
def test_talk_about_options_is_no_answer(reply: str) -> None:
    assert _read(reply) == "(none)"
