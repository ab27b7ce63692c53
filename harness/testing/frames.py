"""What a reply is framed by: thoughts, the echoed prompt, chat templates, further turns, an end that is cut off."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Literal

from harness.testing.case import Draft, Form, Truth
from harness.testing.say import ALL, MEANT, NEUTRAL, around, fill, listed, say, say_none

_THOUGHTS = (
    *(
        ("<think>", "</think>"),
        ("<think>\n", "\n</think>\n\n"),
        ("<thinking>", "</thinking>\n"),
        ("[THINK]", "[/THINK]"),
    ),
    *(
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
        ("<reasoning>", "</reasoning>\n"),
    ),
    *(("<seed:think>", "</seed:think>"), ("<unused94>thought\n", "<unused95>"), ("<scratchpad>", "</scratchpad>\n")),
)
_PLAIN: tuple[Form, ...] = ("bare", "stated", "marked")


def _thought(truth: Truth, random: Random) -> str:
    """Thoughts that speak of other answers, and of none last."""
    talk = {
        "choice": ("Maybe {o}? The edge is blurred.", "Option {o} could be it.", "{o} or another one?", "Is it {ot}?"),
        "yes_no": ("Maybe {o}? The edge is blurred.", "At first sight {o}.", "Would {o} be right?"),
        "open": ("Maybe {o}? The edge is blurred.", "It could be {o}.", "Is it {o}?"),
    }
    return f"{{n}} {random.choice(talk[truth.kind])} {{m}}"


def thought_before(draft: Draft, random: Random) -> Draft:
    """Closed thoughts before the answer."""
    start, end = random.choice(_THOUGHTS)
    return around(draft, head=start + fill(_thought(draft.truth, random), draft.truth, random) + end)


def thought_opened_by_template(draft: Draft, random: Random) -> Draft:
    """Thoughts that the prompt had opened, so that only their end is in the reply."""
    _, end = random.choice(_THOUGHTS[:3])
    return around(draft, head=fill(_thought(draft.truth, random), draft.truth, random) + end)


def thought_with_answers(draft: Draft, random: Random) -> Draft:
    """Thoughts that name another answer as plainly as can be."""
    named = random.choice(("The answer is {o}.", "So: {o}.", "<answer>{o}</answer>", "\\boxed{{o}}", "Answer: {o}"))
    start, end = random.choice(_THOUGHTS[:3])
    return around(draft, head=start + fill("{n} " + named + " No, {m}", draft.truth, random) + end)


def channels(draft: Draft, random: Random) -> Draft:
    """Thoughts in a channel of their own."""
    thought = fill(_thought(draft.truth, random), draft.truth, random)
    head = f"<|channel|>analysis<|message|>{thought}<|end|><|start|>assistant<|channel|>final<|message|>"
    return around(draft, head=head, tail=random.choice(("", "<|return|>")))


def thought_left_open(draft: Draft, random: Random) -> Draft:
    """Thoughts that never end."""
    start, _ = random.choice(_THOUGHTS)
    core = start + fill(_thought(draft.truth, random), draft.truth, random)
    core = core[: random.randint(len(start), len(core))]
    finish: Literal["stop", "length"] = "length" if random.random() < 0.5 else "stop"
    return replace(draft, truth=draft.truth.lost("cut_off", "none", "empty"), core=core, finish=finish)


def listing(truth: Truth, random: Random) -> str:
    """The option list as a prompt shows it."""
    mark = random.choice(("{}. {}", "({}) {}", "{}) {}", "{}: {}"))
    return "\n".join(mark.format(letter, text) for letter, text in truth.options.items())


def prompt(truth: Truth, random: Random) -> str:
    """A prompt that asks a question."""
    if truth.kind == "choice":
        told: tuple[str, ...] = (
            "Answer with the option's letter from the given choices directly.",
            "Please select one option.",
            "",
        )
        return f"{truth.question}\n{listing(truth, random)}\n{random.choice(told)}".rstrip()
    told = ("Answer yes or no.", "") if truth.kind == "yes_no" else ("Answer in one phrase.", "")
    return f"{truth.question} {random.choice(told)}".rstrip()


def prompt_alone(draft: Draft, random: Random) -> Draft:
    """The prompt given back, and no answer."""
    asked = prompt(draft.truth, random)
    forms = [asked, f"USER: {asked} ASSISTANT:", f"user\n\n{asked}\nassistant\n\n", f"[INST] {asked} [/INST]"]
    if draft.truth.kind == "choice":
        forms += [
            listing(draft.truth, random),
            f"Question: {asked}\nAnswer:",
            f"Options:\n{listing(draft.truth, random)}",
        ]
    return say_none(draft, random, ("echo", "several", "none", "cut_off"), *forms)


def instruction_alone(draft: Draft, random: Random) -> Draft:
    """A piece of the instructions given back."""
    told: tuple[str, ...] = (
        *("Answer with the option's letter from the given choices directly.", "Please choose the correct option."),
        *("Answer with a single letter.", "Give your answer in the form <answer>letter</answer>.", "Choose one: "),
        *("For example, 'The answer is A'.", "Reply with A, B, C or D.", "Select the best answer from the options."),
    )
    if draft.truth.kind == "yes_no":
        told = ("Answer yes or no.", "Please answer with yes or no only.", "Answer with 'yes' or 'no'.", "(yes/no)")
    return say_none(draft, random, ("echo", "none", "several", "not_an_option", "cut_off"), *told)


def prompt_before(draft: Draft, random: Random) -> Draft:
    """The prompt given back, then the answer."""
    return around(draft, head=prompt(draft.truth, random) + random.choice(("\n", "\n\n")))


def transcript_before(draft: Draft, random: Random) -> Draft:
    """The prompt given back in a chat template, then the answer."""
    forms = (
        *("USER: {} ASSISTANT: ", "USER: \n{}\nASSISTANT: ", "user\n\n{}\nassistant\n\n", "[INST] {} [/INST] "),
        *(
            "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
            "### Human: {}\n### Assistant: ",
            "Human: {}\n\nAssistant: ",
        ),
        *("<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",),
        *("<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n", "<|user|>\n{}<|end|>\n<|assistant|>\n"),
        *(
            "User: {}\nAssistant: ",
            "system\nYou are a careful assistant.\nuser\n{}\nassistant\n",
            "Question: {}\nAnswer: ",
        ),
    )
    return around(draft, head=random.choice(forms).replace("{}", prompt(draft.truth, random)))


def earlier_questions_before(draft: Draft, random: Random) -> Draft:
    """Worked examples and the prompt given back, then the answer."""
    rival = draft.truth.rivals[0]
    first = f"USER: {prompt(draft.truth, random)} ASSISTANT: {rival} USER: {prompt(draft.truth, random)} ASSISTANT: "
    return around(draft, head=first)


_NEXT = {
    "choice": "Which side is affected?\nA. Left\nB. Right",
    "yes_no": "Is the film rotated?",
    "open": "What else is seen?",
}


def next_turns_after(draft: Draft, random: Random) -> Draft:
    """The model goes on, asks itself another question and answers it."""
    forms = (
        *("\n\nQuestion: {q}\nAnswer: {o}", "\nUSER: {q} ASSISTANT: {o}", "</s>USER: {q} ASSISTANT: {o}"),
        *(
            "<|im_end|>\n<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n{o}",
            "\n\nHuman: {q}\n\nAssistant: {o}",
        ),
        *(
            "\n\n### Human: {q}\n### Assistant: {o}",
            "\nQ: {q}\nA: {o}" if draft.truth.kind != "choice" else "\n\nUser: {q}",
        ),
    )
    tail = random.choice(forms).replace("{q}", _NEXT[draft.truth.kind]).replace("{o}", draft.truth.rivals[0])
    return around(draft, tail=tail)


def end_token_after(draft: Draft, random: Random) -> Draft:
    """A token of the template that was not taken off."""
    return around(
        draft, tail=random.choice(("</s>", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|endoftext|>", "<eos>"))
    )


def role_before(draft: Draft, random: Random) -> Draft:
    """The name of the model's own turn."""
    return around(draft, head=random.choice(("ASSISTANT: ", "assistant\n\n", "Assistant: ", "<|assistant|>\n", "AI: ")))


def cut_before_answer(draft: Draft, random: Random) -> Draft:
    """Cut off among the reasons, before any answer."""
    talk = "{n} Option {o} would need a sharper edge. {m} {ot} is rarely seen here. "
    reasons = fill(talk if draft.truth.kind == "choice" else "{n} {m} ", draft.truth, random)
    reasons += " ".join(random.sample(NEUTRAL, 3))
    kept = reasons[: random.randint(20, len(reasons))]
    return replace(draft, truth=draft.truth.lost("cut_off", "none", "several"), core=kept, finish="length")


def cut_at_answer(draft: Draft, random: Random) -> Draft:
    """Cut off right where the answer should stand."""
    leads = ("The answer is", "Answer:", "The correct answer is (", "<answer>", "\\boxed{", "So I would choose")
    # a short answer may be any sentence, so that one which names no answer is left to the other kinds
    lead = random.choice(leads[: 5 if draft.truth.kind == "open" else 6])
    core = f"{random.choice(NEUTRAL)} {lead}"
    return replace(draft, truth=draft.truth.lost("cut_off", "none", "empty"), core=core, finish="length")


def cut_after_answer(draft: Draft, random: Random) -> Draft:
    """Cut off in the reasons that follow the answer."""
    reasons = "\n\n" + fill("{n} {m}", draft.truth, random)
    return replace(draft, tail=reasons[: random.randint(2, len(reasons))], finish="length")


def cut_in_text(draft: Draft, random: Random) -> Draft:
    """Cut off in the option's own words, behind the letter."""
    text = draft.truth.options[str(draft.truth.answer)]
    kept = text[: random.randint(0, len(text))]
    lead = random.choice(("{a}. ", "({a}) ", "The answer is {a}. ", "Answer: {a}) "))
    return replace(say(draft, random, lead + kept), finish="length")


FRAMES = (
    *listed("thoughts", thought_before, thought_opened_by_template, kinds=ALL, stage="frame", on=MEANT),
    *listed("thoughts", thought_with_answers, channels, kinds=ALL, stage="frame", on=MEANT),
    *listed("thoughts", thought_left_open, kinds=ALL, makes="none"),
    *listed("echoes", prompt_alone, kinds=ALL, makes="none"),
    *listed("echoes", instruction_alone, kinds=("choice", "yes_no"), makes="none"),
    *listed("echoes", prompt_before, kinds=ALL, stage="frame", on=_PLAIN),
    *listed("echoes", transcript_before, earlier_questions_before, kinds=ALL, stage="frame", on=MEANT),
    *listed("turns", next_turns_after, kinds=ALL, stage="frame", on=_PLAIN),
    *listed("turns", end_token_after, role_before, kinds=ALL, stage="frame", on=MEANT),
    *listed("truncations", cut_before_answer, kinds=("choice", "yes_no"), makes="none"),
    *listed("truncations", cut_at_answer, kinds=ALL, makes="none"),
    *listed("truncations", cut_after_answer, kinds=ALL, stage="cut", on=_PLAIN),
    *listed("truncations", cut_in_text, makes="wound"),
)
