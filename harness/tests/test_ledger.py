"""The ledger keeps whole lines, and gives a reply only for the very same prompt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import codec, ledger, prompt
from harness.errors import ImageRefused, LedgerError
from harness.ledger import Ledger
from harness.records import Measurement, Receipt, Reply
from harness.tests.made import Stub, measurement, picture, row

REPLY = Reply(text="B", receipts=(Receipt(digest="d", tokens=4),), finish="stop", prompt_tokens=9, new_tokens=1)


def _key(model: Stub | None = None, *, image: str = "p1", tokens: int = 8, stem: str = "") -> str:
    shown = replace(row(1), images=(picture(image),), stem=stem or row(1).stem)
    return ledger.key(model or Stub(str), prompt.build(shown, "image_text", max_new_tokens=tokens), "r1")


def test_the_key_changes_with_pixels_text_model_and_length() -> None:
    keys = {
        _key(),
        _key(image="other"),
        _key(stem="Other?"),
        _key(tokens=9),
        _key(Stub(str, fingerprint="g")),
    }
    assert len(keys) == 5


def test_the_key_does_not_change_with_the_name_of_a_picture() -> None:
    shown = row(1)
    renamed = replace(shown, images=(replace(shown.images[0], name="moved.png"),))
    built = [ledger.key(Stub(str), prompt.build(r, "image_text"), r.id) for r in (shown, renamed)]
    assert built[0] == built[1]


def test_a_reply_is_there_after_reopening(tmp_path: Path) -> None:
    with Ledger(tmp_path).replies("case") as replies:
        replies.add([("k1", "r1", REPLY)])
    with Ledger(tmp_path).replies("case") as replies:
        assert "k1" in replies
        assert replies["k1"] == REPLY


@pytest.mark.parametrize("tail", [b'{"key":"k2","row":"r2","rep', b'{"key":"k2"', b"\x00\x00\x00", b"\x00\n\x00\n"])
def test_a_torn_tail_is_cut_off_and_the_whole_lines_stay(tmp_path: Path, tail: bytes) -> None:
    with Ledger(tmp_path).replies("case") as replies:
        replies.add([("k1", "r1", REPLY)])
    path = tmp_path / "case.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    with Ledger(tmp_path).replies("case") as replies:
        assert len(replies) == 1
        replies.add([("k2", "r2", REPLY)])
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[0] == whole
    assert len(lines) == 2


def test_a_broken_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path) -> None:
    with Ledger(tmp_path).replies("case") as replies:
        replies.add([("k1", "r1", REPLY), ("k2", "r2", REPLY)])
    path = tmp_path / "case.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"x" + first + second)
    with (
        pytest.raises(LedgerError, match=r"case\.jsonl, line 1: this line is not JSON"),
        Ledger(tmp_path).replies("case"),
    ):
        pass


def test_a_failed_call_is_written_and_asked_again(tmp_path: Path) -> None:
    failed = Reply(text="", receipts=(), finish="failed", error="no memory")
    with Ledger(tmp_path).replies("case") as replies:
        replies.add([("k1", "r1", failed)])
        assert "k1" not in replies
    assert "no memory" in (tmp_path / "case.jsonl").read_text()
    with Ledger(tmp_path).replies("case") as replies:
        assert "k1" not in replies
        replies.add([("k1", "r1", REPLY)])
    assert Ledger(tmp_path).known("case") == {"k1": REPLY}


def test_any_text_survives(tmp_path: Path) -> None:
    odd = replace(REPLY, text='line\nbreak "quoted" \u2028 日本 \ud800 \x00')
    with Ledger(tmp_path).replies("case") as replies:
        replies.add([("k1", "r1", odd)])
    with Ledger(tmp_path).replies("case") as replies:
        assert replies["k1"] == odd


def test_what_was_asked_comes_back_equal_but_without_pictures(tmp_path: Path) -> None:
    asked = measurement([1.0, 0.0, None])
    Ledger(tmp_path).write_asked(asked)
    found = Ledger(tmp_path).asked(asked.case.id)
    assert found == asked
    with pytest.raises(ImageRefused, match="holds the digest of the picture, but not the picture"):
        found.answers[0].row.images[0].open()


def test_a_record_of_another_version_is_refused() -> None:
    data = codec.plain(measurement([1.0]))
    del data["chance"]
    with pytest.raises(LedgerError, match=r"Measurement: got the fields .* but should be .*chance"):
        codec.record(Measurement, data)


def test_a_number_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.line({"points": float("nan")})
