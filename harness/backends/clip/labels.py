"""What files of labels and of templates say.

A file of labels has one label a line. After a tab may stand the text that is scored in its place, and after further
tabs more such texts, whose features are averaged::

    pneumonia
    normal<TAB>a chest x-ray without findings<TAB>a normal chest x-ray

A file of templates has one template a line, such as ``a photo of a {}``. The features of a label under all of them
are averaged, as for CLIP (Radford et al. 2021, "Learning transferable visual models from natural language
supervision", section 3.1.4), in which ensembles over the embedding space cost no more than one classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label, and the texts that stand for it: its own name where the file gives no other."""

    name: str
    texts: tuple[str, ...]


def read(where: str, file: str) -> tuple[Label, ...]:
    """Read a file of labels.

    Parameters
    ----------
    where : str
        The beginning of an error.
    file : str
        Path; UTF-8. Empty lines count for nothing.

    Raises
    ------
    UsageError
        No such file, fewer than two labels, one that stands there twice, a label without a name.
    """
    found = [Label(name=parts[0], texts=parts[1:] or parts[:1]) for parts in map(_parts, _lines(where, file))]
    names = [label.name for label in found]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if len(found) < 2 or twice is not None or "" in names:
        got = f"holds '{twice}' twice" if twice is not None else f"holds {len(found)} labels"
        raise UsageError(
            f"{where} {Path(file).name}: {'holds a label without a name' if '' in names else got}, but should hold two "
            "labels or more, each once, one a line: correct the file"
        )
    return tuple(found)


def templates(where: str, file: str) -> tuple[str, ...]:
    """Read a file of templates.

    Raises
    ------
    UsageError
        No such file, no template in it, or one without a place for the option.
    """
    found = tuple(template(f"{where} {Path(file).name}", line) for line in _lines(where, file))
    if not found:
        raise UsageError(
            f"{where} {Path(file).name}: holds no template, but should hold one a line, such as 'a photo of a {{}}': "
            "correct the file"
        )
    return found


def template(where: str, text: str) -> str:
    """A template with ``{}`` written out as ``{option}``.

    Raises
    ------
    UsageError
        It has no place for the option.
    """
    whole = text.replace("{}", "{option}")
    if "{option}" not in whole:
        raise UsageError(f"{where}: is '{text}', but should hold {{option}} or {{}}, where the option stands: add it")
    return whole


def _lines(where: str, file: str) -> Sequence[str]:
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as cause:
        told = cause.strerror if isinstance(cause, OSError) else "is not UTF-8"
        raise UsageError(
            f"{where} '{file}': cannot be read ({told}), but should be a text file, one entry a line: check the path"
        ) from cause
    return [line for line in text.splitlines() if line.strip()]


def _parts(line: str) -> tuple[str, ...]:
    name, *texts = (part.strip() for part in line.split("\t"))
    return (name, *filter(None, texts))
