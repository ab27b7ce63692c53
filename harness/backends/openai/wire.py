"""The one place that talks to the server: one request a call, and every way it can go wrong told in one line.

The client library is imported and opened here. The key comes from the environment, goes into the client, and is cut
out of every text that comes back from it.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from harness.backends.openai.patience import Trouble
from harness.backends.openai.settings import Settings
from harness.errors import ModelError

DEFAULT_KEY = "OPENAI_API_KEY"

_TRANSIENT = frozenset({408, 409, 425, 429})
_MISSING = 501
_GONE = "insufficient_quota"
_DELAY = re.compile(r'"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"')


class Wire:
    """A line to one server, opened at the first request. Safe in threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = None
        self._lock = threading.Lock()

    def models(self) -> list[Mapping[str, Any]]:
        """Ask which models the server has; none where it does not tell.

        Raises
        ------
        Trouble
            The server does not answer, or refuses the key.
        """
        try:
            text, _ = self._fetch(lambda client: client.models.with_raw_response.list())
        except Trouble as trouble:
            if trouble.again or trouble.deadly:
                raise
            return []  # a server without this page
        try:
            told = json.loads(text)
        except ValueError:
            return []  # another page in its place
        listed = told.get("data") if isinstance(told, dict) else None
        return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []

    def chat(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
        """Send one request for a chat completion, and return the body as it came, and the id of the request.

        Raises
        ------
        Trouble
            Anything but a JSON object with status 200.
        """
        fields = {name: value for name, value in request.items() if name not in ("model", "messages")}
        model, messages = request["model"], request["messages"]
        text, request_id = self._fetch(
            lambda client: client.chat.completions.with_raw_response.create(
                model=model, messages=messages, extra_body=fields
            )
        )
        try:
            body = json.loads(text)
        except ValueError as error:
            told = f"the reply is no JSON but {self.hide(text[:60])!r}"
            raise Trouble(told, again=True, request=request_id) from error
        if not isinstance(body, dict):
            told = f"the reply is {type(body).__name__}, but should be a JSON object"
            raise Trouble(told, again=True, request=request_id)
        return body, request_id or self.hide(str(body.get("id") or ""))

    def close(self) -> None:
        """Close the connections; the next request opens them again."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def hide(self, text: str) -> str:
        """Return a text in one line, without the key."""
        key = self._key()
        # short ones are placeholders that would be found in any text
        return " ".join((text.replace(key, "[key]") if len(key) > 3 else text).split())[:300]

    def _key(self) -> str:
        return os.environ.get(self._settings.key or DEFAULT_KEY, "").strip()

    def _fetch(self, send: Callable[[Any], Any]) -> tuple[str, str]:
        """One request: the text that came back with status 200, and its id in the header."""
        try:
            answer = send(self._open())
            return answer.http_response.text, self._id(answer.headers)
        except ModelError:
            raise
        except Exception as error:
            raise self._trouble(error) from error

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                if find_spec("openai") is None:
                    raise ModelError(
                        f"model {self._settings.name}: the package 'openai' is not installed, but speaks to the "
                        "server: pip install 'sightcheck[openai]'"
                    )
                import openai

                settings = self._settings
                self._client = openai.OpenAI(
                    # servers that need no key take any, but the client insists on one
                    api_key=self._key() or "none",
                    base_url=settings.base_url,
                    default_query=dict(settings.query) or None,
                    max_retries=0,
                    timeout=openai.Timeout(settings.timeout, connect=min(10.0, settings.timeout)),
                    # no proxy reaches this machine's own loopback
                    http_client=openai.DefaultHttpxClient(trust_env=not _loopback(settings.base_url)),
                )
            return self._client

    def _trouble(self, error: Exception) -> Trouble:
        """Say what went wrong, and whether it may pass."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return Trouble(f"no reply within {self._settings.timeout:g} s", again=True)
        if isinstance(error, openai.APIStatusError):
            return self._refused(error)
        cause = error.__cause__ or error
        told = self.hide(str(cause)) or "no reason given"
        lost = isinstance(error, openai.APIConnectionError) or type(error).__module__.startswith("http")
        if lost:
            return Trouble(f"the connection failed ({type(cause).__name__}: {told})", again=True)
        return Trouble(f"{type(error).__name__}: {told}")

    def _refused(self, error: Any) -> Trouble:
        """A status other than 200."""
        status, headers, text = int(error.status_code), error.response.headers, str(error.response.text)
        told = f"status {status}: {self.hide(_message(text)) or 'no reason given'}"
        word = str(headers.get("x-should-retry") or "").lower()
        again = word == "true" or (word != "false" and (status in _TRANSIENT or (status >= 500 and status != _MISSING)))
        return Trouble(
            told,
            again=again,
            wait=_asked_wait(headers, text),
            deadly=status in (401, 402) or _GONE in text,
            request=self._id(headers),
        )

    def _id(self, headers: Mapping[str, str]) -> str:
        """Id that the server gave a request; empty where it gave none."""
        return self.hide(str(headers.get("x-request-id") or ""))


def _message(text: str) -> str:
    """What an error page says: the message in it where it is JSON of one of the usual forms, else its text."""
    try:
        told = json.loads(text)
    except ValueError:
        return re.sub(r"<[^>]*>", " ", text)
    while isinstance(told, (dict, list)) and told:
        if isinstance(told, list):
            told = told[0]
        else:
            told = next((told[name] for name in ("error", "message", "detail", "msg") if told.get(name)), str(told))
    return str(told)


def _asked_wait(headers: Mapping[str, str], text: str) -> float:
    """Seconds that the server asks to wait: by header in ms, seconds or as a date, or in the body as Gemini does."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        said = str(headers.get(name) or "").strip()
        if re.fullmatch(r"\d+(\.\d+)?", said):
            return float(said) * unit
        try:
            return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
        except (TypeError, ValueError):
            continue
    found = _DELAY.search(text)
    return float(found[1]) if found else 0.0


def _loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
