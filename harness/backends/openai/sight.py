"""The proof that pictures reach the model behind a server, made before the first row.

A server that drops pictures answers as fluently as one that does not. It is found out by what it counts: the same
text is sent without a picture, with one, and with as many as the rows have and one fewer; each time the prompt has to
grow. Three shapes of picture tell whether a picture costs the same number of tokens whatever its size.

========================================================  ======================================================
what is compared                                           what it finds
========================================================  ======================================================
text alone, text with one picture                          a server or model that takes text only
n - 1 pictures, n pictures (the most that a row has)       a server that keeps the first pictures and drops the rest
a square, a small wide and a large picture                 whether the receipt can say how many tokens a picture has
two squares of other content                               nothing for sure; the report says if the replies differ
========================================================  ======================================================

A model that cuts a lone picture into tiles, and several pictures not at all, may count less for two than for one;
then a third must add to the second. Where the server counts nothing, or so little that a word may stand where a
picture was, what it replies has to follow the pictures: the first and the last are exchanged to and fro, and the
reply has to change with them and stay the same without, four times over. A server that never looks passes that by
chance with a probability of at most 2 ** -7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.backends.openai.answer import Answered
from harness.errors import ModelError
from harness.records import ImagePart, ImageRef, Prompt, TextPart

if TYPE_CHECKING:
    from PIL.Image import Image

QUESTION = "Name the colour of the shape in each picture, in order, and nothing else."
TOKENS = 32
"""Tokens that a reply of the probe may have."""

ROUNDS = 4
"""Times that pictures are exchanged to and fro."""

FEW = 32
"""Prompt tokens that a word in the place of a picture may have; a picture that costs fewer needs the other proof."""

SQUARE, WIDE, LARGE = (448, 448), (168, 56), (1344, 1008)
COLOURS = ("red", "blue", "lime", "yellow", "black", "magenta", "orange", "cyan")

Asker = Callable[[Prompt], Answered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the probe found.

    Attributes
    ----------
    most : int
        Pictures of a row up to which it holds.
    each : int
        Prompt tokens that every picture costs; 0 where it varies or the server does not count.
    least : int
        Prompt tokens below which no picture can be: ``each``, else half of the least that one cost; 0 where the
        server does not count.
    told : str
        For the report.
    """

    most: int
    each: int
    least: int
    told: str


def probe(name: str, ask: Asker, most: int) -> Sight:
    """Prove that up to ``most`` pictures of a prompt reach the model.

    Parameters
    ----------
    name : str
        Of the model, for errors.
    ask : callable
        Sends one prompt.

    Raises
    ------
    ModelError
        They do not, or nothing tells.
    """
    text = ask(_prompt([])).prompt_tokens
    first, other = ask(_prompt([_picture(0)])), ask(_prompt([_picture(1)]))
    if not text or not first.prompt_tokens:
        _follow(name, ask, most, "the server counts no prompt tokens")
        return Sight(most=most, each=0, least=0, told=f"the server counts no tokens; {_followed(most)}")
    tokens = {0: text, 1: first.prompt_tokens}
    if tokens[1] <= text:
        raise _dropped(name, tokens)
    for count in sorted({most - 1, most} - {0, 1}):
        tokens[count] = ask(_prompt([_picture(place) for place in range(count)])).prompt_tokens
    _hold(name, ask, tokens, most)
    costs = [tokens[1] - text, *(_cost(name, ask, size, text) for size in (WIDE, LARGE))]
    least, dearest = min(filter(None, costs)), max(costs)
    fixed = least == min(costs) == dearest and tokens[most] - text >= most * least
    told = f"{_counts(tokens)}; " + (
        f"every picture costs {least}" if fixed else f"a picture costs {least} to {dearest} by its size"
    )
    if dearest < FEW:
        _follow(name, ask, most, f"a picture adds {dearest} prompt tokens, no more than a word in its place would")
        told = f"{told}; {_followed(most)}"
    else:
        told = f"{told}; replies to two pictures {'differ' if _said(first) != _said(other) else 'do not differ'}"
    floor = least if fixed else max(1, min(least, (tokens[most] - text) // most) // 2)
    return Sight(most=most, each=least if fixed else 0, least=floor, told=told)


def _cost(name: str, ask: Asker, size: tuple[int, int], text: int) -> int:
    """Prompt tokens that a picture of another size costs; 0 where the server does not take it, which is its right."""
    try:
        counted = ask(_prompt([_picture(0, size)])).prompt_tokens
    except ModelError:
        return 0
    if counted > text:
        return counted - text
    raise ModelError(
        f"model {name}: a text of {text} prompt tokens has {counted} with a picture of {size[0]} x {size[1]} pixels, "
        "but the picture should add to them: the server drops pictures by their size; serve without that limit"
    )


def could_be_text(answered: Answered, prompt: Prompt, sight: Sight) -> bool:
    """Return whether a prompt was counted with so few tokens that its pictures cannot have been among them.

    The text of a prompt is counted for half as many tokens as it has words: hardly any tokenizer writes two words as
    one, and none on average. A picture smaller than the smallest of the probe may cost a single token.
    """
    words = sum(len(part.text.split()) for part in prompt.parts if isinstance(part, TextPart))
    pictures = sum(sight.least if sight.each or _probed(image) else 1 for image in prompt.images)
    return answered.prompt_tokens < pictures + words // 2


def _probed(image: ImageRef) -> bool:
    return min(image.width, image.height) >= min(WIDE) and image.width * image.height >= WIDE[0] * WIDE[1]


def _hold(name: str, ask: Asker, tokens: dict[int, int], most: int) -> None:
    """Refuse where the last picture added nothing."""
    if most == 1 or tokens[most] > tokens[most - 1]:
        return
    if most == 2 and tokens[2] > tokens[0] and tokens[2] != tokens[1]:
        # fewer than for one: perhaps several pictures are not tiled, and then a third adds
        tokens[3] = ask(_prompt([_picture(place) for place in range(3)])).prompt_tokens
        if tokens[3] > tokens[2]:
            return
    raise _dropped(name, tokens)


def _follow(name: str, ask: Asker, most: int, because: str) -> None:
    """Refuse where the reply does not follow the first and the last picture: the proof that needs no counts."""
    shown = [_picture(place) for place in range(most)]
    for place in sorted({0, most - 1}):
        changed = [*shown[:place], _picture(most), *shown[place + 1 :]]
        same, other = set(), set()
        for _ in range(ROUNDS):
            same.add(_said(ask(_prompt(shown))))
            other.add(_said(ask(_prompt(changed))))
        if len(same) != 1 or len(other) != 1 or same == other:
            got = "is the same" if same == other and len(same) == 1 else "changes by itself"
            raise ModelError(
                f"model {name}: {because}, and the reply {got} when picture {place + 1} of {most} is exchanged, but a "
                "model that looks should show it one way or the other: have the server report its usage and serve the "
                "vision part, or run with probe=off and without any claim of sight"
            )


def _followed(most: int) -> str:
    places = "the picture" if most == 1 else f"the first or the last of {most} pictures"
    return f"with {places} exchanged the reply changed, {ROUNDS} of {ROUNDS} times"


def _dropped(name: str, tokens: Mapping[int, int]) -> ModelError:
    return ModelError(
        f"model {name}: {_counts(tokens)}, but every picture should add to them: the server drops pictures; serve the "
        "model with its vision part and with enough pictures a prompt"
    )


def _counts(tokens: Mapping[int, int]) -> str:
    """Such as: a text of 21 prompt tokens, with one picture 277, with two 533."""
    words = {1: "one picture", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
    more = [f"with {words.get(count, count)} {tokens[count]}" for count in sorted(tokens) if count]
    return ", ".join([f"a text of {tokens[0]} prompt tokens", *more])


def _said(answered: Answered) -> tuple[str, str]:
    return (answered.text, answered.thinking)


def _prompt(pictures: Sequence[ImageRef]) -> Prompt:
    shown = tuple(ImagePart(image=picture) for picture in pictures)
    return Prompt(parts=(*shown, TextPart(text=QUESTION)), max_new_tokens=TOKENS)


def _picture(number: int, size: tuple[int, int] = SQUARE) -> ImageRef:
    """One plain shape on white, of another colour or size for every number."""

    def open_() -> Image:
        import PIL.Image
        import PIL.ImageDraw

        image = PIL.Image.new("RGB", size, "white")
        width, height = size
        inset = 8 + number // len(COLOURS)
        box = (width // inset, height // inset, width - width // inset, height - height // inset)
        draw = PIL.ImageDraw.Draw(image)
        (draw.ellipse if number % 2 else draw.rectangle)(box, fill=COLOURS[number % len(COLOURS)])
        return image

    return ImageRef(name=f"probe {number}", digest=f"probe {number} {size}", width=size[0], height=size[1], open=open_)
