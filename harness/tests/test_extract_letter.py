"""Golden replies for ``letter``, read by hand."""

from __future__ import annotations

import pytest

from harness.errors import DataError
from harness.extract import Read, Unread, letter

CHEST = {
    "A": "Pneumothorax",
    "B": "Pleural effusion",
    "C": "Lobar pneumonia",
    "D": "Pulmonary embolism",
    "E": "Normal chest",
}
BUGS = {
    "A": "Staphylococcus aureus",
    "B": "Clostridioides difficile",
    "C": "Candida albicans",
    "D": "Giardia",
    "E": "E. coli",
}
SIDES = {"A": "Yes, left", "B": "Yes, bilateral", "C": "Yes, right", "D": "No"}
POLAR = {"A": "Yes", "B": "No"}
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


def test_the_beginning_of_one_options_words_is_that_option() -> None:
    plans = {"A": "Pneumothorax, requiring immediate drainage", "B": "Pneumothorax, to be watched for a day"}
    assert _read("Pneumothorax, requiring immed", plans) == "A"
    assert _read("Pneumothorax", plans) == "(several)"
    assert _read("Pneumo", plans) == "(none)"
