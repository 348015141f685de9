"""The event loop of a process, in a thread of its own, and the clients of all services that its tasks ask."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, Protocol, TypeVar

from weft.engine.places import in_objects, open_storage
from weft.engine.service_budget import FOLDER as SPENT
from weft.engine.service_budget import Budget
from weft.engine.service_client import Client
from weft.engine.service_replies import FOLDER, Replies, folder_of
from weft.engine.storage import Storage
from weft.recipe.services import Service

T = TypeVar("T")
_OPENING = threading.Lock()
_LOOK = 0.2
"""Seconds between two looks at whether Ctrl-C came."""


class Place(Protocol):
    """Where the replies of a build are kept."""

    def open(self, folder: str) -> Replies: ...

    def fetch(self, folder: str) -> None: ...

    def accounts(self) -> Path: ...

    def send(self) -> None: ...

    def close(self) -> None: ...


class _Folder:
    """Replies in the build folder, which all processes read and write."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, folder: str) -> Replies:
        return Replies(self._root / FOLDER / folder)

    def fetch(self, folder: str) -> None:
        """They are here."""

    def accounts(self) -> Path:
        return self._root / SPENT

    def send(self) -> None:
        """They stay here."""

    def close(self) -> None:
        """Each segment is closed by its own."""


def open_replies(storage: Storage) -> Place:
    """The replies of a build, in its folder or in object storage."""
    if not in_objects(storage.place):
        return _Folder(storage.root)
    from weft.engine.object_replies import ObjectReplies
    from weft.engine.object_storage import ObjectStorage

    assert isinstance(storage, ObjectStorage)
    return ObjectReplies(storage)


class Clients:
    """One client for each service of a build, so that its limits hold for all tasks of this process."""

    def __init__(self, storage: Storage) -> None:
        self._place = open_replies(storage)
        self._budget: Budget | None = None
        self._loop = asyncio.new_event_loop()
        self._clients: dict[str, Client] = {}
        self._replies: dict[str, Replies] = {}
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait(self, work: Coroutine[Any, Any, T], look: Callable[[], None] | None = None) -> T:
        """What comes of something in the loop; Ctrl-C ends it, and the wait. `look` is called meanwhile.

        A signal may reach another thread of the process, and then wakes nobody who waits without an end.
        """
        future = self.start(work)
        try:
            while not wait([future], timeout=_LOOK).done:
                if look is not None:
                    look()
        except BaseException:
            future.cancel()
            raise
        return future.result()

    def client(self, name: str, described: Mapping[str, Any]) -> Client:
        """The client of a service, with what other processes have been answered by now."""
        service = Service.model_validate(described)
        self._place.fetch(folder_of(service.identity()))
        return self.start(self._client(name, service)).result()

    def asked(self, described: Mapping[str, Any]) -> dict[str, Client]:
        """The clients of the services that a step asks, by the parameter that names each."""
        return {parameter: self.client(held["name"], held["service"]) for parameter, held in described.items()}

    def send(self) -> None:
        """In object storage: let what was answered outlive this machine."""
        self._place.send()

    def within(self, limits: Mapping[str, Any]) -> None:
        """From now on every answer is written down, and nothing is asked that could cost more than this."""
        self.start(self._within(limits)).result()

    async def _within(self, limits: Mapping[str, Any]) -> None:
        if self._budget is None:
            self._budget = Budget(self._place.accounts(), limits)
        for client in self._clients.values():
            client.budget = self._budget

    async def _client(self, name: str, service: Service) -> Client:
        mark = json.dumps([name, service.model_dump(mode="json")], sort_keys=True)
        if mark not in self._clients:
            folder = folder_of(service.identity())
            if folder not in self._replies:
                self._replies[folder] = self._place.open(folder)
            self._clients[mark] = Client(name, service, self._replies[folder])
        client = self._clients[mark]
        client.budget = self._budget
        client.replies.refresh()
        return client

    def close(self) -> None:
        """Stop asking, and keep what was answered."""
        self.wait(self._close())
        self._place.close()

    async def _close(self) -> None:
        for client in self._clients.values():
            await client.close()
        for replies in self._replies.values():
            replies.close()
        if self._budget is not None:
            self._budget.close()
        self._clients.clear()
        self._replies.clear()


def open_clients(root: str) -> Clients:
    """The clients of this process for the build at `root`; the same for all threads, as limits are."""
    with _OPENING:
        return _opened(root)


@functools.cache
def _opened(root: str) -> Clients:
    return Clients(open_storage(root))
