"""The client that an operator is handed for one batch, and the step that asks with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from weft.engine.apply import Ready, checked, chosen_rows, failed_row, scatter
from weft.engine.service_account import account
from weft.engine.service_budget import BudgetSpent
from weft.engine.service_client import Client, Unanswered
from weft.errors import ShardError, WeftError
from weft.model.tables import ERROR
from weft.operators.service import Answered

OF_THE_TASK = (ShardError, WeftError, OSError, MemoryError)
"""Failures that are no row's: a service that is gone, a reply that the disk did not take."""

AHEAD = 2
"""Batches of a shard that are asked about at the same time; others of its shards fill the rest."""
_TOKEN, _LONGEST = 32, 1_000_000
"""Characters: of a token, at most on average, and of a reply without a bound."""
BUDGET_SPENT = "budget_spent"
"""Reason of a row that was not asked about."""
Asked = Mapping[str, Client]
"""The clients of the services that a step asks, by the parameter that names each; the first is the step's own."""


def together(clients: Iterable[Client]) -> int:
    """Requests that keep the services of a step busy."""
    return max(max(c.service.concurrency, c.service.batch.requests if c.service.batch else 0) for c in clients)


class BatchClient:
    """Asks for the rows of one batch; what they get no answer to becomes rows of the error table."""

    def __init__(self, asked: Asked, batch: pa.Table, stage: str, ids: list[str] | None = None) -> None:
        self._asked = asked
        self._client = next(iter(asked.values()))
        self._batch = batch
        self._stage = stage
        self._ids = batch["id"].to_pylist() if ids is None else ids
        self._lost: dict[int, tuple[str, str]] = {}
        self.calls: dict[str, dict[str, Any]] = {}
        """Account of every call that was answered, by the key of its reply."""

    @property
    def protocol(self) -> str:
        return self._client.service.protocol

    @property
    def structured(self) -> str:
        return self._client.service.structured_output

    def beside(self, parameter: str) -> BatchClient:
        other = BatchClient({parameter: self._asked[parameter]}, self._batch, self._stage, self._ids)
        other._lost, other.calls = self._lost, self.calls
        return other

    async def ask(self, row: int, body: Mapping[str, Any]) -> Any:
        try:
            return await self._client.one(body, self._ids[row])
        except Unanswered as refused:
            self.fail(row, refused.reason, refused.detail)
            return None

    async def call(self, row: int, body: Mapping[str, Any], sample: int = 0) -> Answered | None:
        try:
            value, attempts = await self._client.called(body, self._ids[row], sample)
        except Unanswered as refused:
            self.fail(row, refused.reason, refused.detail)
            return None
        except BudgetSpent as spent:
            self.fail(row, BUDGET_SPENT, str(spent))
            return None
        told = account(self._client.service, self._client.key(body, sample), body, value) | {"attempts": attempts}
        self.calls[told["key"]] = told
        if (length := len(value["text"])) > (most := _longest(body)):
            self.fail(row, "reply_too_long", f"{length:,} characters; expected {most:,} at most")
            return None
        return Answered(value, told)

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


def _longest(body: Mapping[str, Any]) -> int:
    """Characters that a reply may have: what is far longer than was asked for is no answer, and would stop gates."""
    return max(10_000, int(body["max_tokens"]) * _TOKEN if body.get("max_tokens") else _LONGEST)


async def run_service(step: Ready, batch: pa.Table, asked: Asked) -> tuple[pa.Table, pa.Table]:
    """Like `run_map`: the batch with the step's columns, and an error for each row that got none.

    Raises ShardError where the operator broke its contract, ServiceDown or ServiceStopped where nobody answers, and
    OSError where replies cannot be kept.
    """
    if step.where is None:
        return await _guarded(step, batch, asked)
    chosen = chosen_rows(step, batch)
    done, errors = await _guarded(step, batch.take(pa.array(chosen.arg_true().to_numpy())), asked)
    return scatter(step, batch, done, chosen), errors


async def _guarded(step: Ready, batch: pa.Table, asked: Asked) -> tuple[pa.Table, pa.Table]:
    asking = BatchClient(asked, batch, step.spec.name)
    try:
        return checked(step, batch, await step.function(batch, asking)), asking.errors()
    except Exception as raised:  # the boundary around operators: any fault of theirs costs one row
        error = inner(raised)
        if isinstance(error, OF_THE_TASK):
            raise error from None
        if batch.num_rows <= 1:
            return failed_row(step, batch, error)
    middle = batch.num_rows // 2
    left, left_errors = await _guarded(step, batch.slice(0, middle), asked)
    right, right_errors = await _guarded(step, batch.slice(middle), asked)
    return pa.concat_tables([left, right]), pa.concat_tables([left_errors, right_errors])


def inner(error: Exception) -> Exception:
    """The failure that ended a group of questions: one that stops the task before any other."""
    if not isinstance(error, ExceptionGroup):
        return error
    parts = [inner(part) for part in error.exceptions]
    return next((part for part in parts if isinstance(part, OF_THE_TASK)), parts[0])
