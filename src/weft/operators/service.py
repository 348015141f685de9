"""What a service operator is handed: a client for one batch, through which all its questions go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Answered:
    """An answer and the account of the call that gave it: columns of `model.records.CALL`."""

    value: Any
    call: Mapping[str, Any]


class ServiceClient(Protocol):
    """Asks a model server about rows of one batch.

    Requests that were answered before are answered from the build; what is asked twice at a time is sent once. A row
    that the service refuses is noted as an error of that row, and its answer is None. Where the service answers nobody
    any more an exception ends the task: operators let it pass.
    """

    @property
    def protocol(self) -> str:
        """How the service is spoken to: a name of `operators.protocols`."""
        ...

    @property
    def structured(self) -> str:
        """How the server can be held to a form: `none`, `json_object` or `json_schema`."""
        ...

    async def ask(self, row: int, body: Mapping[str, Any]) -> Any:
        """The answer to one request about a row of the batch; the client adds the model to the body."""
        ...

    async def ask_each(self, rows: Sequence[int], items: Sequence[str], body: Mapping[str, Any]) -> list[Any]:
        """An answer for each text, in order; texts of like length travel in one request, with the same `body`."""
        ...

    async def call(self, row: int, body: Mapping[str, Any], sample: int = 0) -> Answered | None:
        """As `ask`, with the account of the call. Another `sample` is another call, asked and kept by itself."""
        ...

    def beside(self, parameter: str) -> ServiceClient:
        """The client of another service, which this parameter of the operator names."""
        ...

    def fail(self, row: int, reason: str, detail: str) -> None:
        """Note that a row gets no answer: `reason` is a stable snake_case code, `detail` a sentence for a person."""
        ...


async def longest_first(rows: Sequence[int], sizes: Sequence[int], ask: Callable[[int], Awaitable[T]]) -> dict[int, T]:
    """`ask` of every row at once, those of the largest size first: no long one begins when the others have ended."""
    order = sorted(range(len(rows)), key=lambda place: (-sizes[place], place))
    async with asyncio.TaskGroup() as group:
        tasks = {rows[place]: group.create_task(_of(ask, rows[place])) for place in order}
    return {row: task.result() for row, task in tasks.items()}


async def _of(ask: Callable[[int], Awaitable[T]], row: int) -> T:
    return await ask(row)
