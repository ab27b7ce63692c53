"""Golden replies for ``yes_no``, read by hand."""

from __future__ import annotations

import pytest

from harness.extract import Read, Unread, yes_no


def _read(reply: str, question: str = "") -> str:
    got = yes_no(reply, question=question)
    return got.value if isinstance(got, Read) else f"({got.why})"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Yes", "yes"),
        ("yes.", "yes"),
        ("**Yes**", "yes"),
        ("NO!", "no"),
        ('"Yes"', "yes"),
        ("(No)", "no"),
        ("Yep.", "yes"),
        ("Nope", "no"),
        ("Yes<|im_end|>", "yes"),
        ("No</s>", "no"),
        ("A: Yes", "yes"),
        ("assistant\n\nYes", "yes"),
        ("['yes']", "yes"),
    ],
)
def test_a_reply_that_is_only_yes_or_no_is_read(reply: str, expected: str) -> None:
    assert _read(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Yes, there is a fracture.", "yes"),
        ("Yes there is", "yes"),
        ("Yes (left)", "yes"),
        ("Yes - on the left", "yes"),
        ("Yes\n\nExplanation: there is no doubt.", "yes"),
        ("No, there is no fracture.", "no"),
        ("No; the heart is normal", "no"),
        ("No there is not.", "no"),
        ("No\nUSER: And now? ASSISTANT: Yes", "no"),
        ("Yes, but no effusion.", "yes"),
    ],
)
def test_a_reply_that_opens_with_yes_or_no_is_read(reply: str, expected: str) -> None:
    assert _read(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("The answer is yes.", "yes"),
        ("The answer is: No", "no"),
        ("Final answer: **Yes**", "yes"),
        ('{"answer": "no"}', "no"),
        ("The correct answer is no, because the lung is clear.", "no"),
        ("The heart is enlarged. So the answer is yes.", "yes"),
        ("Normal heart. Yes", "yes"),
        ("Let me look. Yes, there is an effusion.", "yes"),
        ("Based on the image, no.", "no"),
        ("There is no sign of it, so no.", "no"),
        ("\\boxed{Yes}", "yes"),
        ("<answer>No</answer>", "no"),
        ("<answer>Yes, left</answer>", "yes"),
        ("<think>Yes? There is a line. No.</think>No", "no"),
        ("<think>No</think> yes", "yes"),
    ],
)
def test_a_conclusion_is_read(reply: str, expected: str) -> None:
    assert _read(reply) == expected


@pytest.mark.parametrize(
    "reply",
    [
        "I know that the heart is normal.",
        "Normal",
        "Not seen",
        "Not visible.",
        "None",
        "Nothing",
        "Now",
        "No pneumothorax is seen.",
        "No evidence of a mass",
        "There is no pneumothorax.",
        "Answer: No fracture",
        "non-contrast CT",
        "No-contrast CT",
        "The patient said yes",
        "I think so.",
        "True",
        "Maybe",
        "Possibly yes",
        "Answer with yes or no",
    ],
)
def test_no_inside_another_word_or_before_a_noun_is_no_answer(reply: str) -> None:
    assert _read(reply) == "(none)"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("是", "yes"),
        ("是的。", "yes"),
        ("是，左肺。", "yes"),
        ("有", "yes"),
        ("包含", "yes"),
        ("可以", "yes"),
        ("存在", "yes"),
        ("能", "yes"),
        ("对", "yes"),
        ("答案是：是", "yes"),
        ("否", "no"),
        ("不是", "no"),
        ("不是。", "no"),
        ("没有", "no"),
        ("没有，图像正常。", "no"),
        ("不包含", "no"),
        ("不可以", "no"),
        ("不能", "no"),
        ("不存在", "no"),
        ("答案：否", "no"),
    ],
)
def test_chinese_yes_and_no_are_read(reply: str, expected: str) -> None:
    assert _read(reply) == expected


@pytest.mark.parametrize("reply", ["正常", "不正常", "没有肿瘤", "有没有", "是不是", "否则", "肺", "无异常"])
def test_chinese_words_that_only_contain_yes_or_no_are_not_read(reply: str) -> None:
    assert _read(reply) == "(none)"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Sí", "yes"),
        ("Sí, hay una fractura.", "yes"),
        ("No, no hay.", "no"),
        ("Sim, há.", "yes"),
        ("Não.", "no"),
        ("Oui", "yes"),
        ("Non", "no"),
        ("Ja", "yes"),
        ("Nein", "no"),
        ("はい、あります。", "yes"),
        ("いいえ", "no"),
        ("네, 있습니다", "yes"),
        ("아니요", "no"),
        ("Да", "yes"),
        ("Нет", "no"),
        ("כן", "yes"),
        ("לא", "no"),
        ("نعم", "yes"),
        ("لا", "no"),
    ],
)
def test_yes_and_no_are_read_in_other_languages(reply: str, expected: str) -> None:
    assert _read(reply) == expected


@pytest.mark.parametrize("reply", ["Yes and no", "Yes or no", "yes/no", "Yes. No."])
def test_yes_and_no_together_are_several(reply: str) -> None:
    assert _read(reply) == "(several)"


@pytest.mark.parametrize(
    ("question", "reply", "expected"),
    [
        ("Is there a mass?", "There is no mass.", "no"),
        ("Is there a mass?", "There is a mass in the liver.", "yes"),
        ("Does the MRI show an ischemic stroke?", "The MRI does not show any signs of an ischemic stroke.", "no"),
        ("Is the heart enlarged?", "The heart is enlarged.", "yes"),
        ("Is there a mass?", "There may be a mass.", "(none)"),
        ("Is there a mass?", "The image shows a liver.", "(none)"),
        ("Is there a mass?", "There is no mass. There is a cyst.", "(none)"),
        ("Is the lung clear?", "There is no effusion in the clear lung.", "(none)"),
        ("Is the heart normal?", "The heart is not enlarged.", "(none)"),
        ("Is there a mass or a cyst?", "There is a mass.", "(none)"),
        ("Is there no mass?", "There is no mass.", "(none)"),
        ("Does the CT show an ischemic stroke?", "The CT shows a hemorrhagic stroke.", "(none)"),
        ("Where is the mass?", "There is no mass.", "(none)"),
    ],
)
def test_a_sentence_is_read_only_where_it_restates_the_question(question: str, reply: str, expected: str) -> None:
    assert _read(reply, question) == expected
    assert _read(f"USER: {question} ASSISTANT: {reply}") == expected


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("I cannot determine this.", "refusal"),
        ("I'm sorry, I can't see the image.", "refusal"),
        ("Failed to obtain answer via API.", "error_text"),
        ("USER: Is there a mass? ASSISTANT:", "echo"),
        ("<think>The heart is", "cut_off"),
    ],
)
def test_a_reply_without_an_answer_has_its_reason(reply: str, why: str) -> None:
    assert yes_no(reply) == Unread(why)


@pytest.mark.parametrize(
    ("question", "reply", "read"),
    [
        ("这张图片看起来正常吗?", "正常", Read("yes")),
        ("这张图片看起来正常吗?", "不正常。", Read("no")),
        ("这张图片看起来是否正常?", "无异常", Read("yes")),
        ("图片里是否存在异常?", "无异常", Read("no")),
        ("图片里是否存在异常?", "异常", Read("yes")),
        ("图片里是否存在异常?", "正常", Read("no")),
        ("图片正常还是异常?", "正常", Unread("none")),
        ("图中有肺吗?", "正常", Unread("none")),
    ],
)
def test_a_state_in_chinese_is_yes_or_no_by_what_the_question_asks(
    question: str, reply: str, read: Read | Unread
) -> None:
    assert yes_no(reply, question=question) == read
