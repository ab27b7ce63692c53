"""Servers of the chat completions protocol on the loopback: well-behaved ones in several dialects, and faulty ones."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from socket import SHUT_RDWR
from time import time
from typing import Any

from PIL import Image

from harness.backends.openai.sight import QUESTION

Fault = Callable[["Asked"], str]
"""Name of the fault of one request, empty for none. The names are the branches of `_faulty`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the server took it.

    Attributes
    ----------
    text : str
        All text of the prompt.
    pictures : tuple of Image
        Decoded, in order.
    fields : mapping
        The whole body.
    headers : mapping of str to str
        Names in small letters.
    time : int
        How often the same text and pictures came, this one included.
    """

    text: str
    pictures: tuple[Image.Image, ...]
    fields: Mapping[str, Any]
    headers: Mapping[str, str]
    time: int


def _text_answer(asked: Asked) -> str:
    """A letter that follows text and pixels; for the question of the probe more than a letter."""
    seen = hashlib.sha256(asked.text.encode())
    for picture in asked.pictures:
        seen.update(picture.tobytes())
    return seen.hexdigest() if asked.text == QUESTION else "ABCDE"[seen.digest()[0] % 5]


@dataclass
class Server:
    """What a server does, and what it was asked.

    Attributes
    ----------
    dialect : str
        ``vllm``, ``sglang``, ``llamacpp``, ``ollama``, ``lmstudio``, ``gemini``, ``vertex`` (lists no models), or
        ``bare`` (no usage): the fields that their answers have beside the common ones.
    model : str
        The model that it serves.
    tokens : callable
        Prompt tokens of a picture.
    kept : int
        Pictures that it looks at; the others are dropped before they are counted.
    answer : callable
        The reply.
    fault : callable
        What goes wrong with a request.
    fields : callable
        Changes the body of an answer before it is sent.
    listed : list or None
        Its list of models; None for that of the dialect.
    page : str
        A status, or ``html``, in the place of that list.
    top : mapping of str to float
        Most likely first tokens with their probabilities; empty for a server without log-probabilities.
    """

    dialect: str = "vllm"
    model: str = "org/vlm"
    tokens: Callable[[Image.Image], int] = lambda picture: 256
    kept: int = 99
    answer: Callable[[Asked], str] = _text_answer
    fault: Fault = lambda asked: ""
    fields: Callable[[dict[str, Any]], Any] = lambda body: body
    top: Mapping[str, float] = field(default_factory=dict)
    listed: list[dict[str, Any]] | None = None
    page: str = ""
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def rows(self) -> list[Asked]:
        """What it was asked beside the question of the probe."""
        return [asked for asked in self.asked if asked.text != QUESTION]

    _times: Counter[str] = field(default_factory=Counter)
    _lock: Any = field(default_factory=threading.Lock)

    def models(self) -> list[dict[str, Any]]:
        """The list of models in the dialect."""
        if self.listed is not None:
            return self.listed
        entry: dict[str, Any] = {"id": self.model, "object": "model", "created": int(time())}
        if self.dialect == "vllm":
            entry |= {"owned_by": "vllm", "root": "/models/weights", "parent": None, "max_model_len": 8192}
        elif self.dialect == "sglang":
            entry |= {"owned_by": "sglang", "root": self.model, "parent": None, "max_model_len": 8192}
        elif self.dialect == "lmstudio":
            entry |= {"owned_by": "organization_owner"}
        elif self.dialect == "gemini":
            return [
                {"id": f"models/{name}", "object": "model", "owned_by": "google", "display_name": name}
                for name in ("gemini-embedding", self.model, f"{self.model}-lite")
            ]
        elif self.dialect == "llamacpp":
            entry |= {"owned_by": "llamacpp", "meta": {"n_params": 4300000000, "n_vocab": 262144, "n_ctx_train": 8192}}
        else:
            entry |= {"owned_by": "library"}
        return [entry]

    def take(self, headers: Mapping[str, str], fields: Mapping[str, Any]) -> Asked:
        """Read a request, and keep it."""
        parts = [part for turn in fields["messages"] for part in turn["content"]]
        text = "".join(part["text"] for part in parts if part["type"] == "text")
        uris = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        pictures = [_decoded(uri) for uri in uris][: self.kept]
        with self._lock:
            self._times[text + "".join(uris)] += 1
            asked = Asked(
                text=text,
                pictures=tuple(pictures),
                fields=fields,
                headers=headers,
                time=self._times[text + "".join(uris)],
            )
            self.asked.append(asked)
        return asked

    def body(self, asked: Asked) -> Any:
        """The answer in the dialect."""
        text = self.answer(asked)
        message: dict[str, Any] = {"role": "assistant", "content": text}
        choice: dict[str, Any] = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        prompt, new = 12 + len(asked.text.split()) + sum(map(self.tokens, asked.pictures)), 2
        usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": new, "total_tokens": prompt + new}
        body: dict[str, Any] = {
            "id": f"chatcmpl-{len(self.asked)}",
            "object": "chat.completion",
            "created": int(time()),
        }
        body |= {"model": self.model, "choices": [choice], "usage": usage}
        if self.dialect == "vllm":
            message |= {"reasoning_content": None, "refusal": None, "tool_calls": []}
            choice |= {"stop_reason": None, "token_ids": None}
            usage |= {"prompt_tokens_details": {"cached_tokens": 8}}
            body |= {"prompt_logprobs": None, "kv_transfer_params": None}
        elif self.dialect == "llamacpp":
            body |= {"system_fingerprint": "b5353-95e18884", "timings": {"prompt_n": prompt, "predicted_ms": 3.5}}
        elif self.dialect == "ollama":
            body |= {"system_fingerprint": "fp_ollama"}
        elif self.dialect == "sglang":
            message |= {"reasoning_content": None, "tool_calls": None}
            choice |= {"matched_stop": 151645}
            usage |= {"prompt_tokens_details": None, "reasoning_tokens": 0}
            body |= {"metadata": {"weight_version": "default"}}
        elif self.dialect == "lmstudio":
            message |= {"reasoning_content": "", "tool_calls": []}
            body |= {"stats": {}, "system_fingerprint": self.model}
        elif self.dialect == "gemini":
            del choice["logprobs"]
        elif self.dialect == "vertex":
            usage |= {"extra_properties": {"google": {"traffic_type": "ON_DEMAND"}}}
            body |= {"model": f"google/{self.model}", "system_fingerprint": ""}
        else:
            del body["usage"]
        if asked.fields.get("logprobs") and self.top:
            choice["logprobs"] = {"content": [_step(self.top, int(asked.fields["top_logprobs"]))]}
        return self.fields(body)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Serve on a free port of the loopback until the block ends."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    thread = threading.Thread(target=lambda: http.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or the kernel holds the body back for 40 ms

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

        def do_GET(self) -> None:
            if server.dialect == "vertex":  # it lists no models
                _send(self, 404, "<html>404</html>")
            elif server.page == "html":
                _send(self, 200, "<html>Welcome</html>")
            else:
                _send(self, int(server.page or 200), json.dumps({"object": "list", "data": server.models()}))

        def end_headers(self) -> None:
            if self.command == "POST":
                self.send_header("x-request-id", f"req-{len(server.asked)}")
            super().end_headers()

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            asked = server.take({name.lower(): value for name, value in self.headers.items()}, json.loads(content))
            fault = server.fault(asked)
            if fault:
                _faulty(self, server, asked, fault)
            else:
                _send(self, 200, json.dumps(server.body(asked)))

    return Handler


def _send(handler: BaseHTTPRequestHandler, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
    data = text.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def _faulty(handler: BaseHTTPRequestHandler, server: Server, asked: Asked, fault: str) -> None:
    """Do what the name says, and nothing else."""
    error = json.dumps({"error": {"message": f"made up: {fault}", "code": None}})
    body = server.body(asked)
    if fault.isdigit():
        _send(handler, int(fault), error)
    elif fault.startswith("wait "):
        _send(handler, 429, error, {"Retry-After": fault.removeprefix("wait ")})
    elif fault.startswith("date "):
        _send(
            handler, 503, error, {"Retry-After": formatdate(time() + float(fault.removeprefix("date ")), usegmt=True)}
        )
    elif fault == "gemini":
        detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "26s"}
        _send(handler, 429, json.dumps([{"error": {"code": 429, "message": "quota", "details": [detail]}}]))
    elif fault == "quota":
        _send(handler, 429, json.dumps({"error": {"message": "no money left", "code": "insufficient_quota"}}))
    elif fault == "echo":
        _send(handler, 400, json.dumps({"error": {"message": f"cannot take {asked.headers['authorization']}"}}))
    elif fault == "half":
        _cut(handler, json.dumps(body))
    elif fault == "hang up":
        handler.close_connection = True
        handler.connection.shutdown(SHUT_RDWR)
    elif fault == "stall":
        handler.close_connection = True
        handler.rfile.read(1)  # until the client goes away
    elif fault == "torn":
        _send(handler, 200, json.dumps(body)[:-30])
    elif fault == "html":
        _send(handler, 200, "<html><body>Bad gateway</body></html>")
    elif fault == "list":
        _send(handler, 200, json.dumps([body]))
    elif fault == "no choices":
        _send(handler, 200, json.dumps({**body, "choices": []}))
    elif fault == "gateway":
        _send(handler, 200, json.dumps({"error": {"message": "upstream is overloaded", "code": 502}}))
    elif fault == "other model":
        _send(handler, 200, json.dumps({**body, "model": "org/smaller"}))
    else:
        raise NotImplementedError(fault)


def _cut(handler: BaseHTTPRequestHandler, text: str) -> None:
    """Promise a whole body and close the connection after half of it."""
    data = text.encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2])
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.shutdown(SHUT_RDWR)


def _step(top: Mapping[str, float], listed: int) -> dict[str, Any]:
    """The first token with the most likely ones beside it."""
    entries = [
        {"token": token, "logprob": math.log(probability), "bytes": list(token.encode())}
        for token, probability in sorted(top.items(), key=lambda entry: -entry[1])
    ]
    return {**entries[0], "top_logprobs": entries[:listed]}


def _decoded(uri: str) -> Image.Image:
    head, _, data = uri.partition(",")
    if head not in ("data:image/png;base64", "data:image/jpeg;base64"):
        raise NotImplementedError(head)
    return Image.open(BytesIO(base64.b64decode(data))).convert("RGB")
