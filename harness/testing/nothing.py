"""Replies without an answer: refusals, the texts of failed calls, and texts that say nothing; and a guess after all."""

from __future__ import annotations

from random import Random

from harness.testing.case import Draft
from harness.testing.say import ALL, listed, say, say_none


def refusal(draft: Draft, random: Random) -> Draft:
    """The speaker declines."""
    return say_none(
        draft,
        random,
        ("refusal",),
        *("I'm sorry, but I can't help with that.", "I cannot see the image.", "I am unable to view images."),
        *("I can't answer this question without the picture.", "As an AI model, I cannot give a medical diagnosis."),
        *("Sorry, I do not have access to the image.", "Please provide the image so that I can answer."),
        *("I'm not able to interpret medical pictures. Please ask a doctor.", "I must decline to answer this."),
        *("No image was provided, so I cannot answer.", "I apologize, but I am unable to determine this."),
        *("There is not enough information to answer the question.", "It is not possible to tell from the text alone."),
        *("I don't know.", "I do not know the answer.", "Unfortunately, I can't assess the picture."),
        *("I won't guess here.", "I'd need the image to answer. Could you upload it?", "Cannot be determined."),
        *("I have no idea.", "I am not sure.", "The image could not be loaded.", "Unable to determine.", "I'm sorry"),
    )


def refusal_with_letters(draft: Draft, random: Random) -> Draft:
    """The speaker declines, and names options while doing so."""
    return say_none(
        draft,
        random,
        ("refusal", "none", "several"),
        *("I cannot see the image, so I cannot choose between {o} and {p}.", "I'm sorry, I can't tell {ot} from {pt}."),
        *(
            "Without the picture I am unable to answer. Option {o} would need a sharp edge.",
            "I cannot say whether it is {o} or {p}.",
            "A doctor should look at this; I can't give a diagnosis.",
            "I can't view images. Options such as {ot} need one.",
            "I am unable to answer. If the edge were sharp, {o} would be correct.",
        ),
    )


def guess_after_refusal(draft: Draft, random: Random) -> Draft:
    """The speaker declines, and answers after all."""
    return say(
        draft,
        random,
        *(
            "I cannot see the image, but the most likely answer is {a}.",
            "I can't view pictures. If I had to guess, I would say {a}.",
            "I'm sorry that I cannot see it well. The answer is {a}.",
            "As an AI I cannot diagnose. Still, the best answer is {a}.",
            "I am unable to see the picture.\n\nAnswer: {a}",
            "Without the image I can only guess: the answer is {a}.",
            "No image was provided. Going by the text, I choose {a}.",
        ),
    )


def phrase_after_refusal(draft: Draft, random: Random) -> Draft:
    """The speaker declines, and gives a phrase after all, under the name of the answer."""
    return say(
        draft,
        random,
        "I cannot see the image, but the most likely answer is {a}.",
        "I'm sorry that I cannot see it well. The answer is {a}.",
        "As an AI I cannot diagnose. Still, the best answer is {a}.",
        "I am unable to see the picture.\n\nAnswer: {a}",
        "Without the image I can only guess: the answer is {a}.",
    )


def failed_call(draft: Draft, random: Random) -> Draft:
    """The text of an error that came in place of a reply."""
    return say_none(
        draft,
        random,
        ("error_text",),
        *("Error code: 429 - {'error': {'message': 'Rate limit reached, plan A', 'type': 'requests'}}", "HTTP 503"),
        *("Error: 500 Internal Server Error", "503 Service Unavailable", "502 Bad Gateway", "Request timed out."),
        *("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "504 Gateway Time-out"),
        *('Traceback (most recent call last):\n  File "run.py", line 3, in <module>\nValueError: B is not a number',),
        *("CUDA out of memory. Tried to allocate 2.00 GiB", "Connection reset by peer", "Connection error."),
        *('{"error": {"code": 500, "message": "A backend failed"}}', "API request failed: no answer from node B"),
        *(
            "RuntimeError: expected all tensors on one device",
            "upstream connect error or disconnect/reset before headers",
        ),
        *("Failed to get a response from the server.", "ERROR: context length exceeded", "Too many requests"),
        *("requests.exceptions.ConnectionError: HTTPSConnectionPool(host='c', port=443)", "Error: invalid API key"),
        *("The response was blocked by the content filter.", "[ERROR] D", "ReadTimeout: The read operation timed out"),
    )


def missing_value(draft: Draft, random: Random) -> Draft:
    """What programs write where a reply is missing."""
    return say_none(
        draft,
        random,
        ("error_text", "none", "empty"),
        "null",
        "undefined",
        "nan",
        "NaN",
        "N/A",
        "n/a",
        "None",
        "NULL",
        "<NA>",
        "[]",
        "{}",
        "no answer",
        "No answer provided.",
        "-",
    )


def empty(draft: Draft, random: Random) -> Draft:
    """Nothing, or nothing that shows."""
    return say_none(
        draft,
        random,
        ("empty", "none"),
        *("", " ", "\n", "\n\n\t ", "\u200b", "\ufeff", "\xa0\u3000", "\u2060\u200d", "\u200e", "\r\n"),
        *("</s>", "<|im_end|>", "<|endoftext|>", "<eos>", "<pad><pad>", "<|eot_id|>"),
    )


def hollow(draft: Draft, random: Random) -> Draft:
    """Marks with nothing inside."""
    return say_none(
        draft,
        random,
        ("empty", "none", "cut_off"),
        *("<answer></answer>", "\\boxed{}", "**", "****", "```\n```", "...", "-", "<answer>\n</answer>", "()", '""'),
        *("$$", "# ", "<think></think>", "<think>\n\n</think>\n\n", "*", "> ", ".", "?", "____", "<b></b>", "\u2026"),
    )


def announced_only(draft: Draft, random: Random) -> Draft:
    """The words that should bring the answer, and no answer."""
    return say_none(
        draft,
        random,
        ("cut_off", "none", "empty", "echo"),
        *("Answer:", "The answer is", "The answer is:", "Final answer:", "The correct answer is\n", "**Answer:**"),
        *("Here is the answer:", "<answer>The answer is</answer>", "ANSWER:\n\n", "My answer:"),
    )


def noise(draft: Draft, random: Random) -> Draft:
    """Repetition without sense."""
    unit = random.choice(("MDb", "lol ", "the the ", "0", "=", "_-", ". ", "x1 ", "\ufffd", "~"))
    return say_none(draft, random, ("none", "cut_off", "empty"), unit * random.randint(8, 40))


NOTHING = (
    *listed("refusals", refusal, kinds=ALL, makes="none"),
    *listed("refusals", guess_after_refusal, kinds=("choice", "yes_no"), makes="wound"),
    *listed("refusals", phrase_after_refusal, kinds=("open",), makes="wound"),
    *listed("refusals", refusal_with_letters, least=3, makes="none"),
    *listed("errors", failed_call, kinds=ALL, makes="none"),
    *listed("errors", missing_value, kinds=("choice", "yes_no"), makes="none"),
    *listed("empties", empty, hollow, announced_only, kinds=ALL, makes="none"),
    *listed("empties", noise, kinds=("choice", "yes_no"), makes="none"),
)
