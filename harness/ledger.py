"""The ledger: what was asked and what was replied, written batch by batch.

One folder, two files a case: ``<case>.asked.json`` says which rows were asked, as shown, and under which key each
reply is kept; ``<case>.jsonl`` holds one reply a line. A key is the digest of everything that shapes a reply: the
texts and the *pixels* of the prompt in order, the model's fingerprint, the decoding. A changed picture under an
old name is another key, so no reply is ever given for another picture.

A line is written whole as soon as its batch is answered, and synced to the disk while the next batch is asked. A
process that is killed loses at most the batch in flight; the torn last line that it may leave is cut off when the
ledger is opened again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import codec
from harness.errors import LedgerError
from harness.records import ImagePart, Measurement, Model, Prompt, Reply

SCHEMA = "2"


def key(model: Model, prompt: Prompt, row_id: str) -> str:
    """Return the hex sha256 under which the reply of this model to this prompt is kept.

    The row has no part in it, so that identical prompts are asked once; but for a model that answers ``by_row``.
    """
    parts = [
        ["image", part.image.digest] if isinstance(part, ImagePart) else ["text", part.text] for part in prompt.parts
    ]
    asked = {
        "schema": SCHEMA,
        "model": model.fingerprint,
        "decoding": dict(sorted(model.decoding.items())),
        "max_new_tokens": prompt.max_new_tokens,
        "parts": parts,
    }
    if prompt.choices:
        asked["choices"] = prompt.choices
    if getattr(model, "by_row", False):
        asked["row"] = row_id
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Replies:
    """The replies of one case, open for reading and appending by one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = {key: reply for key, reply in _read(path) if reply.finish != "failed"}
        self._file = path.open("ab")

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def __getitem__(self, key: str) -> Reply:
        return self._known[key]

    def __len__(self) -> int:
        return len(self._known)

    def add(self, replies: Sequence[tuple[str, str, Reply]]) -> None:
        """Append (key, row id, reply) lines; a process that is killed afterwards has not lost them.

        A failed call is written, so that the ledger tells of it, but is asked again by the next run.
        """
        text = "".join(codec.line({"key": key, "row": row_id, "reply": reply}) + "\n" for key, row_id, reply in replies)
        self._file.write(text.encode("utf-8", "surrogatepass"))
        self._file.flush()
        self._known.update({key: reply for key, _, reply in replies if reply.finish != "failed"})

    def sync(self) -> None:
        """Sync what was added to the disk, so that a machine that is lost has not lost it either."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close the file."""
        self.sync()
        self._file.close()


class Ledger:
    """The folder of all cases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def replies(self, case_id: str) -> Iterator[Replies]:
        """Open the replies of a case; another process that wants the same case waits until this one is done."""
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f"{case_id}.lock"):
            path = self.folder / f"{case_id}.jsonl"
            _cut_torn_line(path)
            replies = Replies(path)
            try:
                yield replies
            finally:
                replies.close()

    def write_asked(self, asked: Measurement) -> None:
        """Keep what is asked in a case: its rows as shown with their keys, without replies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{asked.case.id}.asked.json"
        scratch = path.with_suffix(f".{os.getpid()}.tmp")  # two workers may write the same case at once
        with scratch.open("wb") as stream:
            stream.write((codec.line(asked) + "\n").encode("utf-8", "surrogatepass"))
            stream.flush()
            os.fsync(stream.fileno())  # a name must not be durable before what it names
        scratch.replace(path)

    def asked(self, case_id: str) -> Measurement | None:
        """Return what was asked in a case, None where it never was."""
        path = self.folder / f"{case_id}.asked.json"
        if not path.exists():
            return None
        return codec.record(Measurement, _object(path.read_bytes(), path.name))

    def has(self, case_id: str) -> bool:
        """Whether a case was ever asked."""
        return (self.folder / f"{case_id}.asked.json").exists()

    def cases(self) -> list[str]:
        """Return the ids of all cases that were asked, sorted."""
        return sorted(path.name.removesuffix(".asked.json") for path in self.folder.glob("*.asked.json"))

    def known(self, case_id: str) -> Mapping[str, Reply]:
        """Return the replies of a case by key, without opening it for writing; a failed call only if no other."""
        lines = list(_read(self.folder / f"{case_id}.jsonl"))
        return dict(sorted(lines, key=lambda line: line[1].finish != "failed"))


def _cut_torn_line(path: Path) -> None:
    """Cut off what a killed process left behind the last whole line."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        data = file.read()
        whole = data.rfind(b"\n") + 1
        while whole and not _parses(data[data.rfind(b"\n", 0, whole - 1) + 1 : whole]):
            whole = data.rfind(b"\n", 0, whole - 1) + 1
        if whole < len(data):
            file.truncate(whole)


def _parses(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _read(path: Path) -> Iterable[tuple[str, Reply]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith(b"\n"):
                return  # torn, and not yet cut off: the row counts as not answered
            data = _object(text, f"{path.name}, line {number}")
            yield data["key"], codec.record(Reply, data["reply"])


def _object(text: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise LedgerError(
            f"{where}: this line is not JSON ({error}), but every whole line of a ledger should be. "
            "Restore the file, or remove it to ask its rows again."
        ) from error
    if not isinstance(data, dict):
        raise LedgerError(f"{where}: got {type(data).__name__}, but a line should be an object. Restore the file.")
    return data
