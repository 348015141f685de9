"""One request to a model server: what comes back, and what that says of the request and of the server."""

from __future__ import annotations

import asyncio
import email.utils
import importlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from weft.errors import WeftError
from weft.operators.protocols import PROTOCOLS
from weft.recipe.services import Service

Verdict = Literal["answered", "overloaded", "failing", "refused", "stopped"]
_BUSY = (429, 503)
_AGAIN = (408, 409, 425)
_NOBODY = (401, 403, 404, 405)
_LONGEST_PAUSE = 300.0
_DETAIL = 300


@dataclass(frozen=True)
class Outcome:
    """What became of a request: `reply` where it was answered, else `detail`; `pause` is what the server asks for."""

    verdict: Verdict
    reply: Any = None
    detail: str = ""
    pause: float | None = None


def library() -> Any:
    """The library aiohttp. Raises WeftError that says how it is installed."""
    try:
        return importlib.import_module("aiohttp")
    except ImportError:
        raise WeftError(
            "services need the library aiohttp, which is not installed; expected it from: pip install 'weft[services]'"
        ) from None


def key_fault(service: Service) -> str | None:
    """What is wrong with the environment variables that a service names; null where all can be sent. Tells no value."""
    named = [name for name in (service.api_key_env, *service.headers_env.values()) if name is not None]
    if absent := [name for name in named if not _value(name)]:
        return f"the environment variable {' and '.join(absent)} is not set; expected the key in it"
    if odd := [name for name in named if not _value(name).isprintable()]:
        return f"the environment variable {' and '.join(odd)} holds a line break or control character; expected one key"
    return None


def _value(variable: str) -> str:
    """What a variable holds, without the line end that a file left in it: HTTP has no space around a value."""
    return os.environ.get(variable, "").strip()


class Line:
    """The connections to one service. Secrets are taken from the environment and held here alone."""

    def __init__(self, service: Service) -> None:
        self._library = library()
        protocol = PROTOCOLS[service.protocol]
        self._base = service.url
        self._url = f"{service.url}/{protocol.path}".rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        self._secrets: list[str] = []
        if service.api_key_env is not None:
            key = _value(service.api_key_env)
            self._headers["Authorization"] = f"Bearer {key}"
            self._secrets.append(key)
        for header, variable in service.headers_env.items():
            self._headers[header] = _value(variable)
            self._secrets.append(self._headers[header])
        self._timeout = self._library.ClientTimeout(total=service.timeout_seconds)
        self._session: Any = None
        self._most = service.concurrency

    async def post(self, body: Mapping[str, Any]) -> Outcome:
        """Send one request; never raises for what a server or the network does."""
        return await self._send("POST", self._url, _bytes(body), json.loads)

    async def get(self, place: str) -> Outcome:
        """What JSON lies at a place below the address of the service."""
        return await self._send("GET", f"{self._base}/{place}", None, json.loads)

    async def text(self, place: str) -> Outcome:
        """The text of a file at a place below the address."""
        return await self._send("GET", f"{self._base}/{place}", None, lambda content: content.decode("utf-8"))

    async def put(self, place: str, body: Mapping[str, Any]) -> Outcome:
        """Send a request to a place below the address."""
        return await self._send("POST", f"{self._base}/{place}", _bytes(body), json.loads)

    async def upload(self, name: str, lines: bytes) -> Outcome:
        """Send a file of requests for the batch API."""
        form = self._library.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", lines, filename=name, content_type="application/jsonl")
        return await self._send("POST", f"{self._base}/files", form, json.loads)

    async def _send(self, method: str, url: str, data: Any, read: Callable[[bytes], Any]) -> Outcome:
        if self._session is None:
            local = urlsplit(self._url).hostname in ("localhost", "127.0.0.1", "::1")
            # Redirects are not followed, and cookies not kept: a key goes to the address of the recipe alone.
            self._session = self._library.ClientSession(
                connector=self._library.TCPConnector(limit=self._most),
                cookie_jar=self._library.DummyCookieJar(),
                trust_env=not local,
            )
        # A form names its own type, with the mark between its parts.
        headers = {n: v for n, v in self._headers.items() if n != "Content-Type" or isinstance(data, bytes)}
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                content = await response.read()
                return self._judged(response.status, response.headers, content, read)
        except TimeoutError:
            return Outcome("failing", detail=f"no answer within {self._timeout.total:g} s")
        except (self._library.ClientError, OSError) as error:
            return Outcome("failing", detail=self._clean(str(error) or type(error).__name__))

    def _judged(self, status: int, headers: Mapping[str, str], content: bytes, read: Callable[[bytes], Any]) -> Outcome:
        if 200 <= status < 300:
            try:
                return Outcome("answered", read(content))
            except (ValueError, RecursionError):
                return Outcome("failing", detail=f"status {status}, but the reply is no JSON")
        said = self._clean(_said(content))
        detail = f"status {status}{': ' if said else ''}{said}"
        pause = _pause(headers.get("Retry-After"))
        if status in _BUSY:
            return Outcome("overloaded", detail=detail, pause=pause)
        if status in _AGAIN or status >= 500:
            return Outcome("failing", detail=detail, pause=pause)
        if status in _NOBODY or 300 <= status < 400:
            return Outcome("stopped", detail=detail)
        return Outcome("refused", detail=detail)

    def _clean(self, text: str) -> str:
        """A text that a server wrote, without the secrets that it may have repeated."""
        for secret in self._secrets:
            text = text.replace(secret, "…") if secret else text
        return " ".join(text.split())[:_DETAIL]

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _said(content: bytes) -> str:
    """What an error says: the message of the usual JSON, else the beginning of the text."""
    text = content[:4000].decode("utf-8", "replace")
    try:
        held = json.loads(content)
        found = held.get("error", held.get("message", held.get("detail")))
        found = found.get("message", found) if isinstance(found, dict) else found
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False) if found else text
    except (ValueError, AttributeError):
        return text


def _pause(said: str | None) -> float | None:
    """Seconds of a Retry-After: a number, or a date of HTTP."""
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(said).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _LONGEST_PAUSE) if seconds == seconds else None


async def pause(seconds: float) -> None:
    """Wait, where there is something to wait for."""
    if seconds > 0:
        await asyncio.sleep(seconds)
