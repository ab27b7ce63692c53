"""From a raw reply to the text that is meant as the answer, and what stands around it.

The order is that of the wrappings, from the outside in: template tokens, the transcript with its echoed prompt,
turns, thoughts, answer tags and boxes, markup.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.extract.characters import normal
from harness.extract.marked import DANGLING, marked, unwrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the model.

    Attributes
    ----------
    text : str
        Its answer in plain text: no thoughts, tags or markup.
    marked : tuple of str
        What it put into answer tags and boxes, in order, plain.
    thought : str
        Its thoughts where nothing follows them, plain; else empty.
    open : bool
        Whether the thoughts were never closed, as in a reply that was cut off.
    dangling : bool
        Whether it ends in an answer tag or a box with nothing inside.
    """

    text: str
    marked: tuple[str, ...]
    thought: str
    open: bool
    dangling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A reply taken apart.

    Attributes
    ----------
    turns : tuple of Turn
        The model's turns that answer the prompt, in order; at least one.
    prompt : str
        The echoed prompt, plain; empty where there is none.
    question : str
        The last user turn of the echoed prompt, plain; empty where there is none.
    """

    turns: tuple[Turn, ...]
    prompt: str
    question: str


# ------------------------------------------------------------------------------------------ transcripts

_TOKENS = re.compile(
    r"<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|begin_of_text|return|end_of_sentence|eos|assistant_end)\|>"
    r"|</?s>|<(?:eos|bos|pad|unk|end_of_turn|end_of_utterance)>|<｜(?:end|begin)▁of▁sentence｜>|<image>|<image_placeholder>",
    re.IGNORECASE,
)
_FINAL = re.compile(r"<\|channel\|>final<\|message\|>|\bassistantfinal(?=[^a-z])")
_USER = (
    r"<\|im_start\|>\s?(?:user|system)\b|<\|start_header_id\|>(?:user|system)<\|end_header_id\|>"
    r"|<start_of_turn>user\b|<\|(?:user|system|prompter)\|>:?|<\|User\|>:?|<｜User｜>:?|\[INST\]"
    r"|(?<![A-Za-z])(?:USER|HUMAN)\s{0,2}:|(?m:^) {0,3}(?:#{1,4} {0,2})?(?:User|Human|Instruction|Prompt)\s{0,2}:"
    r"|###\s?(?:Human|User|Instruction)\b:?"
)
_MODEL = (
    r"<\|im_start\|>\s?assistant\b|<\|start_header_id\|>assistant<\|end_header_id\|>|<start_of_turn>model\b"
    r"|<\|assistant\|>:?|<\|Assistant\|>:?|<｜Assistant｜>:?|\[/INST\]"
    r"|(?<![A-Za-z])ASSISTANT\s{0,2}:|(?m:^) {0,3}(?:#{1,4} {0,2})?(?:Assistant|AI|GPT|Bot)\s{0,2}:"
    r"|(?<![A-Za-z])Assistant:|###\s?(?:Assistant|Response)\b:?"
)
# What is left of a chat template when its special tokens are dropped: a role alone on its line, or glued to the
# text before it.
_BARE_MODEL = r"assistant {0,2}\n|(?m:^)model {0,2}\n|assistant {0,2}\Z"
_ROLE = re.compile(rf"(?P<user>{_USER})|(?P<model>{_MODEL}|(?<![a-z ]){_BARE_MODEL})")
_BARE_ROLE = re.compile(
    rf"(?P<user>{_USER}|(?m:^) ?(?:user|system) {{0,2}}\n|(?<=[.?!] )user {{0,2}}\n)|(?P<model>{_MODEL}|{_BARE_MODEL})"
)
_BARE_START = re.compile(r"\s{0,9}(?:user|system) {0,2}\n")
_SYSTEM = re.compile(r"\s{0,9}(?:This is a chat between|A chat between|You are (?:a|an) |Below is an instruction)")
_ASKED = {
    "Question:": re.compile(
        r"(?P<user>(?m:^) {0,3}Question\s?:)|(?P<model>(?<![A-Za-z])(?:Short a|Final a|A)nswer\s?:)"
    ),
    "Q:": re.compile(r"(?P<user>(?m:^) {0,3}Q\s?:)|(?P<model>(?m:^) {0,3}A\s?:)"),
}
_NEXT_QUESTION = re.compile(r"\n {0,3}(?P<start>Question|Q)\s{0,2}\d{0,3}\s{0,2}:")
_NEXT_TURN = re.compile(r"(?mi)^[ \t]{0,3}\[(?:second|third|fourth|next|final|last|\d(?:nd|rd|th)) turn\][ \t]{0,3}$")
_LIST_LINE = re.compile(r"(?m)^[ (*]{0,4}[A-Z][*]{0,2}[.):]\s{0,3}\S")


@dataclass(frozen=True, slots=True)
class _Part:
    role: str
    text: str


def _parts(text: str, roles: re.Pattern[str]) -> list[_Part]:
    found: list[_Part] = []
    role, start = "", 0
    for marker in roles.finditer(text):
        if role == marker.lastgroup == "model" and roles in _ASKED.values():
            # 'Answer: A? ... Final answer: B' is one answer, and says which of its letters counts
            continue
        found.append(_Part(role, text[start : marker.start()]))
        role, start = marker.lastgroup or "", marker.end()
    found.append(_Part(role, text[start:]))
    return found if found[0].text.strip() or len(found) == 1 else found[1:]


def _merged(parts: list[_Part]) -> Iterator[_Part]:
    """Join neighbours of one role: a system turn with the user's, or a prompt in pieces."""
    pending: list[_Part] = []
    for part in parts:
        if pending and pending[-1].role != part.role:
            yield _Part(pending[0].role, "\n".join(one.text for one in pending))
            pending = []
        pending.append(part)
    if pending:
        yield _Part(pending[0].role, "\n".join(one.text for one in pending))


def _asking(parts: list[_Part]) -> int:
    """Which user turn of an echoed transcript is the one that is answered.

    The last that shows an option list, else the last that is followed by a turn of the model: a model that runs
    on writes further turns of both roles after its answer.
    """
    users = [at for at, part in enumerate(parts) if part.role == "user"]
    listed = [at for at in users if len(_LIST_LINE.findall(parts[at].text)) > 1]
    followed = [at for at in users if at + 1 < len(parts)]
    return (listed or followed or users)[-1]


def _split(text: str, letters: Collection[str]) -> tuple[list[str], str, str]:
    """Answering turns, echoed prompt, echoed question."""
    roles = _BARE_ROLE if _BARE_START.match(text) else _ROLE
    for start, asked in _ASKED.items():
        # where Q is an option, 'Q:' is that option
        roles = asked if text.lstrip().startswith(start) and start[:-1] not in letters else roles
    parts = list(_merged(_parts(text, roles)))
    if len(parts) > 1 and _SYSTEM.match(parts[0].text):
        parts = parts[1:]
    if parts[0].role == "user":
        at = _asking(parts)
        prompt = "\n".join(part.text for part in parts[: at + 1])
        if at + 1 < len(parts):
            return [parts[at + 1].text], prompt, parts[at].text
        # no turn of the model: only 'Question:' may go without one, the answer following with no mark
        return ([parts[at].text], "", "") if roles in _ASKED.values() else ([""], prompt, parts[at].text)
    own = [part.text for part in parts[: next((at for at, p in enumerate(parts) if p.role == "user"), len(parts))]]
    if parts[0].role == "" and len(own) > 1 and not re.search(_BARE_MODEL, text):
        return [own[-1]], own[0], own[0]
    return [turn for turn in own if turn.strip()] or [""], "", ""


# --------------------------------------------------------------------------------------------- thoughts

_THOUGHT = re.compile(
    r"(?P<start><(?:think|thinking|thought|thoughts|reasoning|scratchpad|analysis|seed:think)>|◁think▷|\[THINK\]"
    r"|<\|begin_of_thought\|>|<unused94>(?:thought)?|<\|channel\|>analysis<\|message\|>)"
    r"|(?P<end></(?:think|thinking|thought|thoughts|reasoning|scratchpad|analysis|seed:think)>|◁/think▷|\[/THINK\]"
    r"|<\|end_of_thought\|>|<unused95>)",
    re.IGNORECASE,
)


def _without_thoughts(text: str) -> tuple[str, str, bool]:
    """The text outside of thoughts, the thoughts, and whether the last of them was left open."""
    said: list[str] = []
    thought: list[str] = []
    at, inside = 0, False
    for mark in _THOUGHT.finditer(text):
        piece, at = text[at : mark.start()], mark.end()
        if mark.lastgroup == "start":
            (thought if inside else said).append(piece)
            inside = True
            continue
        # an end without a start: the template had opened the thoughts in the prompt
        thought += [piece] if inside else [*said, piece]
        said = said if inside else []
        inside = False
    (thought if inside else said).append(text[at:])
    return "\n".join(said), "\n".join(thought), inside


def _turn(text: str) -> Turn:
    said, thought, is_open = _without_thoughts(text)
    alone = not unwrapped(said)
    return Turn(
        text=unwrapped(said),
        marked=marked(said) or (marked(thought) if alone else ()),
        thought=unwrapped(thought) if alone else "",
        open=is_open and alone,
        dangling=bool(DANGLING.search(said)),
    )


def clean(reply: str, letters: Collection[str] = ()) -> Cleaned:
    """Take a reply apart.

    Parameters
    ----------
    reply : str
        Any text, also empty or with lone surrogates.
    letters : collection of str
        Letters of the options, in upper case, where the reply answers a choice.

    Returns
    -------
    Cleaned
        Its turns, and the echoed prompt.
    """
    text = normal(reply)
    text = _TOKENS.sub(" ", _FINAL.split(text)[-1])
    turns: list[str] = []
    said, prompt, question = _split(text, letters)
    for turn in said:
        cut = next((found for found in _NEXT_QUESTION.finditer(turn) if found["start"] not in letters), None)
        turns += _NEXT_TURN.split(turn[: cut.start()] if cut and turn[: cut.start()].strip() else turn)
    kept = [turn for turn in turns if turn.strip()] or [""]
    return Cleaned(turns=tuple(_turn(turn) for turn in kept), prompt=unwrapped(prompt), question=unwrapped(question))
