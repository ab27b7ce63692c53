"""Fetching from the hub: the real client against a small hub on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataMissing
from harness.load import hub
from harness.records import Benchmark

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"MM/test.jsonl": b'{"id": "MM-1"}\n', "Text/test.jsonl": b"{}\n", "images.zip": b"PK"}


class _Hub(BaseHTTPRequestHandler):
    """Answers what the client asks for: the tree of a dataset at a revision, and its files."""

    repositories = frozenset({"lab/set"})
    revisions = frozenset({COMMIT, "main", "v1"})

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        pass

    def _answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0]
        self.server.asked.append(path)  # type: ignore[attr-defined]
        if "/gated/" in path:
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo"}, body)
        elif "lab/set" not in path:
            self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
        elif not any(f"/{revision}" in path for revision in self.revisions):
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body)
        elif "/resolve/" in path:
            data = FILES[path.split(f"/resolve/{COMMIT}/")[1]]
            self._send(200, data, {"ETag": f'"{len(data)}"', "X-Repo-Commit": COMMIT}, body)
        else:
            self._send(200, self._about(path), {"Content-Type": "application/json"}, body)

    def _about(self, path: str) -> bytes:
        if "/tree/" in path:
            tree = [{"type": "file", "path": n, "size": len(d), "oid": n} for n, d in FILES.items()]
            return json.dumps(tree).encode()
        siblings = [{"rfilename": name} for name in FILES]
        return json.dumps({"id": "lab/set", "sha": COMMIT, "siblings": siblings}).encode()

    def _send(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as running:
        running.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def _benchmark(repository: str = "lab/set", revision: str = COMMIT) -> Benchmark:
    return Benchmark(
        name="set",
        title="Set",
        version="1",
        options=5,
        published={},
        digests={},
        hub=repository,
        revision=revision,
        files=("MM/*.jsonl", "images.zip"),
        licence="",
        fetch="Fetch it by hand.",
        load=lambda _: pytest.fail("not loaded here"),
        slices=(),
    )


def _at(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def _refusal(server: ThreadingHTTPServer, tmp_path: Path, benchmark: Benchmark) -> str:
    with pytest.raises(DataMissing) as caught:
        hub.fetch(benchmark, endpoint=_at(server), cache=str(tmp_path))
    return str(caught.value)


def test_only_the_files_that_are_needed_are_fetched_at_the_pinned_commit(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    source = hub.fetch(_benchmark(), split="test", endpoint=_at(server), cache=str(tmp_path))
    root = Path(source.root)
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert found == {name: FILES[name] for name in ("MM/test.jsonl", "images.zip")}
    assert (source.revision, source.split) == (COMMIT, "test")


@pytest.mark.parametrize("name", ["main", "v1"])
def test_branch_or_tag_is_resolved_to_the_commit_that_is_written_down(
    server: ThreadingHTTPServer, tmp_path: Path, name: str
) -> None:
    source = hub.fetch(_benchmark(revision=name), endpoint=_at(server), cache=str(tmp_path))
    assert source.revision == COMMIT
    assert COMMIT in source.root
    assert not any(f"/resolve/{name}/" in path for path in server.asked)  # type: ignore[attr-defined]


def test_pinned_commit_that_was_fetched_before_needs_no_network(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    first = hub.fetch(_benchmark(), endpoint=_at(server), cache=str(tmp_path))
    assert hub.fetch(_benchmark(), endpoint="http://127.0.0.1:9", cache=str(tmp_path)) == first


def test_offline_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataMissing) as caught:
        hub.fetch(_benchmark(), endpoint="http://127.0.0.1:9", cache=str(tmp_path))
    assert str(caught.value) == (
        f"set: dataset lab/set at {COMMIT} cannot be reached (offline?), and is not in the cache of the hub. Fetch it "
        "by hand."
    )


def test_offline_with_a_branch_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"^set: dataset lab/set at main cannot be reached \(offline\?\)"):
        hub.fetch(_benchmark(revision="main"), endpoint="http://127.0.0.1:9", cache=str(tmp_path))


def test_gated_repository_names_the_token(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert _refusal(server, tmp_path, _benchmark("gated/set")) == (
        f"set: dataset gated/set at {COMMIT} is gated: accept its terms on its page, and set HF_TOKEN to a token of "
        "that account. Fetch it by hand."
    )


def test_unknown_repository_is_told(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert _refusal(server, tmp_path, _benchmark("no/such")) == (
        f"set: dataset no/such at {COMMIT} does not exist, or is private: set HF_TOKEN to a token that may read it. "
        "Fetch it by hand."
    )


@pytest.mark.parametrize("revision", ["f" * 40, "v9"])
def test_missing_revision_is_told(server: ThreadingHTTPServer, tmp_path: Path, revision: str) -> None:
    assert _refusal(server, tmp_path, _benchmark(revision=revision)) == (
        f"set: dataset lab/set at {revision} has no such revision. Fetch it by hand."
    )


def test_benchmark_that_is_not_on_the_hub_is_told(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert _refusal(server, tmp_path, _benchmark("")) == (
        "set: is not on the hub, so --download cannot fetch it. Fetch it by hand."
    )
