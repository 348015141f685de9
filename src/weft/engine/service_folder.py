"""A model in a folder in the place of a server: requests are computed in a thread, texts of like length together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from weft.engine.service_account import tokens
from weft.engine.service_http import Outcome
from weft.recipe.services import Service


class _Asked(NamedTuple):
    text: str
    languages: tuple[str, str]
    landed: asyncio.Future[Any]


class FolderLine:
    """What `Line` is for a server. The model is loaded at the first request; runs in one event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._waiting: list[_Asked] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="translate")
        self._work: asyncio.Task[None] | None = None
        self._translator: Any = None

    async def post(self, body: Mapping[str, Any]) -> Outcome:
        """Translate the texts of one request."""
        source, target, texts = body.get("source"), body.get("target"), body.get("texts")
        if not (isinstance(source, str) and isinstance(target, str) and isinstance(texts, list)):
            return Outcome("refused", detail="a request has no source, target or texts; expected two codes and texts")
        loop = asyncio.get_running_loop()
        asked = [_Asked(text, (source, target), loop.create_future()) for text in texts]
        self._waiting += asked
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._translate())
        found = await asyncio.gather(*(one.landed for one in asked))
        stopped = next((one for one in found if isinstance(one, Exception)), None)
        if stopped is not None:
            return Outcome("stopped", detail=str(stopped) or type(stopped).__name__)
        if (fault := next((one for one in found if isinstance(one, str)), None)) is not None:
            return Outcome("refused", detail=fault)
        return Outcome("answered", {"translations": found})

    async def _translate(self) -> None:
        """All that waits, batch by batch; whoever asks meanwhile joins."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._batch()
            try:
                found: list[Any] = await loop.run_in_executor(self._thread, self._computed, batch)
            except Exception as error:  # the boundary of the model: its failure is that of all who wait for it
                found = [error] * len(batch)
            for one, answer in zip(batch, found, strict=True):
                if not one.landed.done():
                    one.landed.set_result(answer)

    def _batch(self) -> list[_Asked]:
        """The longest texts that wait, of the languages of the one that waits longest."""
        languages = self._waiting[0].languages
        some = sorted((one for one in self._waiting if one.languages == languages), key=lambda one: -tokens(one.text))
        cost = tokens(some[0].text) * self._service.beam
        most = max(1, min(self._service.items_per_request, self._service.tokens_per_request // cost))
        chosen = some[:most]
        left = {id(one) for one in chosen}
        self._waiting = [one for one in self._waiting if id(one) not in left]
        return chosen

    def _computed(self, batch: list[_Asked]) -> list[Any]:
        """An answer for each text, or what is wrong with it. In the thread of the model."""
        from weft.engine.translation_backends import OutOfMemory
        from weft.engine.translation_models import opened

        if self._translator is None:
            self._translator = opened(self._service)
        try:
            found = self._translator.translate([one.text for one in batch], *batch[0].languages)
        except ValueError as error:
            return [str(error)] * len(batch)
        except OutOfMemory:
            return ["there is no memory for a text of this length on the device"] * len(batch)
        server = self._translator.server
        return [
            one
            if isinstance(one, str)
            else {"text": one.text, "finish": one.finish, "tokens": [one.taken, one.given], "server": server}
            for one in found
        ]

    async def close(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)
