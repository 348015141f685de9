"""The event loop of a process, in a thread of its own, and the clients of all services that its tasks ask."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from weft.engine.service_client import Client
from weft.engine.service_replies import FOLDER, Replies, folder_of
from weft.recipe.services import Service

T = TypeVar("T")
_OPENING = threading.Lock()


class Clients:
    """One client for each service of a build, so that its limits hold for all tasks of this process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loop = asyncio.new_event_loop()
        self._clients: dict[str, Client] = {}
        self._replies: dict[str, Replies] = {}
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def client(self, name: str, described: Mapping[str, Any]) -> Client:
        """The client of a service, with what other processes have been answered by now."""
        return self.start(self._client(name, Service.model_validate(described))).result()

    async def _client(self, name: str, service: Service) -> Client:
        mark = json.dumps([name, service.model_dump(mode="json")], sort_keys=True)
        if mark not in self._clients:
            folder = folder_of(service.identity())
            if folder not in self._replies:
                self._replies[folder] = Replies(self._root / FOLDER / folder)
            self._clients[mark] = Client(name, service, self._replies[folder])
        client = self._clients[mark]
        client.replies.refresh()
        return client

    def close(self) -> None:
        """Stop asking, and leave what was answered on the disk."""
        self.start(self._close()).result()

    async def _close(self) -> None:
        for client in self._clients.values():
            await client.close()
        for replies in self._replies.values():
            replies.close()
        self._clients.clear()
        self._replies.clear()


def open_clients(root: str) -> Clients:
    """The clients of this process for the build at `root`; the same for all threads, as limits are."""
    with _OPENING:
        return _opened(root)


@functools.cache
def _opened(root: str) -> Clients:
    return Clients(Path(root))
