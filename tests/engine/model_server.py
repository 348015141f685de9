"""A model server on loopback, with faults drawn from a seed: what clients have to live with."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FAULTS = ("slow", "busy", "error", "reset", "broken", "empty")


@dataclass
class ModelServer:
    """Answers chats, embeddings and predictions; what it answers depends on the text alone.

    `faults` is the share of requests that meet with a fault before they are answered; `refuse` are texts whose requests
    are answered with status 422, `poison` those that always end in 500, `confuse` those whose chat is no JSON.
    """

    faults: float = 0.0
    seconds: float = 0.0
    seed: int = 1
    key: str | None = None
    refuse: tuple[str, ...] = ()
    poison: tuple[str, ...] = ()
    confuse: tuple[str, ...] = ()
    most: int = 10**9
    """Requests in flight above which it answers 429."""
    begun: list[float] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    """How often each request was answered with 200, by its body."""
    statuses: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    sizes: list[int] = field(default_factory=list)

    def __enter__(self) -> ModelServer:
        self._draw = random.Random(self.seed)
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def serve() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]
            ready.set()

        self._loop.create_task(serve())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __exit__(self, *error: object) -> None:
        def end() -> None:
            self._server.close()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.call_later(0.05, self._loop.stop)

        self._loop.call_soon_threadsafe(end)
        self._thread.join(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                headers = {}
                while (line := await reader.readline()).strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.begun.append(time.monotonic())
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    again = await self._answer(path, headers, body, writer)
                finally:
                    self.in_flight -= 1
                if not again:
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, headers: Mapping[str, str], body: bytes, writer: asyncio.StreamWriter) -> bool:
        text = body.decode()
        if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
            return await self._say(writer, 401, {"error": {"message": f"no key {headers.get('authorization')}"}})
        if self.in_flight > self.most:
            return await self._say(writer, 429, {"error": "too many"})
        if self._draw.random() < self.faults:
            fault = self._draw.choice(FAULTS)
            if fault == "slow":
                await asyncio.sleep(self._draw.uniform(0.05, 0.3))
            elif fault == "busy":
                return await self._say(
                    writer, self._draw.choice((429, 503)), {"error": "busy"}, "Retry-After: 0.05\r\n"
                )
            elif fault == "error":
                return await self._say(writer, self._draw.choice((500, 502, 504, 408)), {"error": "no"})
            elif fault == "reset":
                held = writer.get_extra_info("socket")
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
            elif fault == "broken":
                return await self._say(writer, 200, None, raw=b'{"choices": [{"mess')
            else:
                return await self._say(writer, 200, {"object": "nothing"})
        if any(word in text for word in self.poison):
            return await self._say(writer, 500, {"error": {"message": "out of memory"}})
        if any(word in text for word in self.refuse):
            return await self._say(writer, 422, {"error": {"message": "too long for the model"}})
        await asyncio.sleep(self.seconds)
        self.answered[hashlib.sha256(body).hexdigest()] += 1
        return await self._say(writer, 200, self._reply(path, json.loads(text)))

    def _reply(self, path: str, asked: dict[str, Any]) -> Any:
        if path.endswith("/chat/completions"):
            self.sizes.append(len(asked["messages"][0]["content"]))
            return {
                "choices": [
                    {"message": {"role": "assistant", "content": self._judgement(asked)}, "finish_reason": "stop"}
                ],
                "usage": {"total_tokens": 100},
            }
        if path.endswith("/embeddings"):
            self.sizes.append(len(asked["input"]))
            data = [{"index": n, "embedding": vector(text)} for n, text in enumerate(asked["input"])]
            return {"data": data[::-1], "usage": {"total_tokens": 10}}
        self.sizes.append(len(asked["inputs"]))
        return [
            [{"label": "long", "score": len(t) / 9999}, {"label": "short", "score": 0.5}] for (t,) in asked["inputs"]
        ]

    def _judgement(self, asked: dict[str, Any]) -> str:
        text = asked["messages"][0]["content"]
        if any(word in text for word in self.confuse):
            return "Hard to say."
        score = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 6
        return json.dumps({"score": score, "reason": f"It has {len(text)} characters."})

    async def _say(
        self, writer: asyncio.StreamWriter, status: int, reply: Any, more: str = "", raw: bytes | None = None
    ) -> bool:
        content = raw if raw is not None else json.dumps(reply).encode()
        self.statuses[status] += 1
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content)
        await writer.drain()
        return True


def vector(text: str) -> list[float]:
    """Four numbers that depend on the text alone."""
    held = hashlib.sha256(text.encode()).digest()
    return [byte / 16 - 8 for byte in held[:4]]
