"""How ``letter`` reads what stands in other languages, and after an echoed prompt."""

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


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("答案是C", "C"),
        ("答案：C", "C"),
        ("正确答案为C。", "C"),
        ("根据图像,应选C。", "C"),
        ("因此，选项C正确。", "C"),
        ("家系図应该是选项C，即第3个选项。", "C"),
        ("故选C", "C"),
        ("正解はCです。", "C"),
        ("答えは「C」です。", "C"),
        ("したがって、C が正解です。", "C"),
        ("最も適切な選択肢はCである。", "C"),
        ("この患者の診断は、C. Lobar pneumonia です。", "C"),
        ("정답은 C입니다.", "C"),
        ("정답: C", "C"),
        ("התשובה הנכונה היא C.", "C"),
        ("לכן, התשובה הנכונה היא:\nC. Lobar pneumonia", "C"),
        ("‏התשובה: ‎C‎", "C"),
        ("La respuesta correcta es la C.", "C"),
        ("La respuesta correcta es: **C. Lobar pneumonia**", "C"),
        ("Respuesta: C", "C"),
        ("La opción más adecuada es la opción C", "C"),
        ("A resposta correta é a alternativa C.", "C"),
        ("A resposta é C", "C"),
        ("Resposta: letra C", "C"),
        ("A opção C é a mais adequada.", "C"),
        ("Portanto, a alternativa correta é a letra C.", "C"),
        ("La bonne réponse est la réponse C.", "C"),
        ("Die richtige Antwort ist C.", "C"),
        ("La risposta corretta è la C.", "C"),
        ("Правильный ответ: C", "C"),
        ("Ответ — C", "C"),
        ("الإجابة الصحيحة هي C", "C"),
        ("सही उत्तर C है", "C"),
        ("Ｃ", "C"),
        ("答案：Ｃ．Lobar pneumonia", "C"),
        ("（Ｃ）", "C"),
        ("【答案】C", "C"),
        ("Ⓒ", "C"),
        ("𝐂", "C"),
        ("Ответ: С", "C"),
        ("А", "A"),
    ],
)
def test_letters_are_read_in_other_scripts_and_languages(reply: str, expected: str) -> None:
    assert _read(reply) == expected


LIST = "A. Pneumothorax\nB. Pleural effusion\nC. Lobar pneumonia\nD. Pulmonary embolism\nE. Normal chest"


ASKED = f"What is seen?\n{LIST}\nAnswer with the option's letter from the given choices directly."


@pytest.mark.parametrize(
    "reply",
    [
        f"USER: \n{ASKED} ASSISTANT:",
        f"user\n\n{ASKED}\nassistant\n\n",
        f"[INST] {ASKED} [/INST]",
        f"What is seen?\n{LIST}",
        LIST,
        LIST.replace("\n", " "),
        f"Select the correct answer:\n{LIST}",
        f"USER: {ASKED}",
        "E. Normal chest\nA. Pneumothorax\nC. Lobar pneumonia\nB. Pleural effusion\nD. Pulmonary embolism",
    ],
)
def test_an_echo_without_an_answer_is_an_echo(reply: str) -> None:
    assert _read(reply) == "(echo)"


@pytest.mark.parametrize(
    "reply",
    [
        f"USER: \n{ASKED} ASSISTANT: C",
        f"USER: What is A? ASSISTANT: B USER: {ASKED} ASSISTANT: C",
        f"USER: \n{ASKED} ASSISTANT: C</s>USER: And what else? ASSISTANT: B",
        f"A chat between a curious user and an artificial intelligence assistant. USER: {ASKED} ASSISTANT: C",
        f"user\n\n{ASKED}\nassistant\n\nC",
        f"user\n\nIs it A?assistant\n\nB\nuser\n\n{ASKED}\nassistant\n\nThe answer is C.",
        f"system\nYou are a helpful assistant.\nuser\n{ASKED}\nassistant\nC",
        f"user\n{ASKED}\nmodel\nC",
        f"[INST] <image>\n{ASKED} [/INST] C",
        f"<|im_start|>user\n{ASKED}<|im_end|>\n<|im_start|>assistant\nC<|im_end|>",
        f"<|start_header_id|>user<|end_header_id|>\n\n{ASKED}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nC",
        f"<|user|>\n{ASKED}<|end|>\n<|assistant|>\nC",
        f"### Human: {ASKED}\n### Assistant: C",
        f"Human: {ASKED}\nAssistant: C",
        f"User: {ASKED}<end_of_utterance>\nAssistant: C",
        f"{ASKED} ASSISTANT: C",
        f"Question: {ASKED}\nAnswer: C",
        f"{ASKED}\nC",
        f"{ASKED}\nAnswer: C",
        f"{LIST}\n\nThe answer is C.",
        "ASSISTANT: C",
        "assistant\n\nC",
        "Assistant: The answer is C.",
        "C\n\nUSER: What else? ASSISTANT: B",
        "C\nHuman: next\nAssistant: A",
        "C\n\nQuestion: What is that?\nAnswer: B",
        "Cassistant\n\nThe correct answer is C",
        f"USER: {ASKED}\nExample: <answer>A</answer> ASSISTANT: <think>A?</think><answer>C</answer>",
    ],
)
def test_what_follows_an_echoed_prompt_is_read(reply: str) -> None:
    assert _read(reply) == "C"


def test_an_echoed_list_gives_the_words_where_only_letters_are_known() -> None:
    assert _read("USER: Seen?\nB. No\nA. Yes\n ASSISTANT: Yes", LETTERS) == "A"
    assert _read("USER: Seen?\nB. No\nA. Yes\n ASSISTANT: Maybe", LETTERS) == "(none)"
    assert _read("Yes", LETTERS) == "(none)"
