"""The client that an operator is handed for one batch, and the step that asks with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from weft.engine.apply import Ready, checked, chosen_rows, failed_row, scatter
from weft.engine.service_client import Client, Unanswered
from weft.errors import ShardError, WeftError
from weft.model.tables import ERROR

_OF_THE_TASK = (ShardError, WeftError, OSError, MemoryError)
"""Failures that are no row's: a service that is gone, a reply that the disk did not take."""


class BatchClient:
    """Asks for the rows of one batch; what they get no answer to becomes rows of the error table."""

    def __init__(self, client: Client, batch: pa.Table, stage: str) -> None:
        self._client = client
        self._batch = batch
        self._stage = stage
        self._ids = batch["id"].to_pylist()
        self._lost: dict[int, tuple[str, str]] = {}

    @property
    def protocol(self) -> str:
        return self._client.service.protocol

    async def ask(self, row: int, body: Mapping[str, Any]) -> Any:
        try:
            return await self._client.one(body, self._ids[row])
        except Unanswered as refused:
            self.fail(row, refused.reason, refused.detail)
            return None

    async def ask_each(self, rows: Sequence[int], items: Sequence[str], body: Mapping[str, Any]) -> list[Any]:
        found = await self._client.many(items, body, [self._ids[row] for row in rows])
        for row, answer in zip(rows, found, strict=True):
            if isinstance(answer, Unanswered):
                self.fail(row, answer.reason, answer.detail)
        return [None if isinstance(answer, Unanswered) else answer for answer in found]

    def fail(self, row: int, reason: str, detail: str) -> None:
        self._lost[row] = (reason, detail[:500])

    def errors(self) -> pa.Table:
        """An error for each row without an answer, by row, however the answers came."""
        rows = [
            {name: self._batch[name][row].as_py() for name in ("id", "source", "locator")}
            | {"stage": self._stage, "kind": "error", "reason": reason, "detail": detail}
            for row, (reason, detail) in sorted(self._lost.items())
        ]
        return pa.Table.from_pylist(rows, ERROR)


async def run_service(step: Ready, batch: pa.Table, client: Client) -> tuple[pa.Table, pa.Table]:
    """Like `run_map`: the batch with the step's columns, and an error for each row that got none.

    Raises ShardError where the operator broke its contract, ServiceDown or ServiceStopped where nobody answers, and
    OSError where replies cannot be kept.
    """
    if step.where is None:
        return await _guarded(step, batch, client)
    chosen = chosen_rows(step, batch)
    done, errors = await _guarded(step, batch.take(pa.array(chosen.arg_true().to_numpy())), client)
    return scatter(step, batch, done, chosen), errors


async def _guarded(step: Ready, batch: pa.Table, client: Client) -> tuple[pa.Table, pa.Table]:
    asking = BatchClient(client, batch, step.spec.name)
    try:
        return checked(step, batch, await step.function(batch, asking)), asking.errors()
    except Exception as raised:  # the boundary around operators: any fault of theirs costs one row
        error = _inner(raised)
        if isinstance(error, _OF_THE_TASK):
            raise error from None
        if batch.num_rows <= 1:
            return failed_row(step, batch, error)
    middle = batch.num_rows // 2
    left, left_errors = await _guarded(step, batch.slice(0, middle), client)
    right, right_errors = await _guarded(step, batch.slice(middle), client)
    return pa.concat_tables([left, right]), pa.concat_tables([left_errors, right_errors])


def _inner(error: Exception) -> Exception:
    """The failure that ended a group of questions: one that stops the task before any other."""
    if not isinstance(error, ExceptionGroup):
        return error
    parts = [_inner(part) for part in error.exceptions]
    return next((part for part in parts if isinstance(part, _OF_THE_TASK)), parts[0])
