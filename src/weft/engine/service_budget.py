"""What a build may spend: every answer is written down when it comes, and nothing is asked that could cost too much."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from weft.engine.service_account import account, asked_tokens
from weft.errors import WeftError
from weft.recipe.services import Service

FOLDER = "spent"
_ROW = np.dtype([("tokens_in", "<i8"), ("tokens_out", "<i8"), ("cost", "<f8")])


class Spent(NamedTuple):
    """Answers that were paid, their tokens, and their cost (of those whose price was known)."""

    calls: int
    tokens_in: int
    tokens_out: int
    cost: float


class BudgetSpent(WeftError):
    """A request that is not sent: with it the build could spend more than it may."""


def spent(root: Path) -> Spent:
    """All that a build has spent in all its runs; a record that a crash cut short is not counted."""
    return _spent_in(root / FOLDER)


def _spent_in(folder: Path) -> Spent:
    parts = [_rows(path) for path in sorted(folder.glob("*.log"))]
    rows = np.concatenate([np.empty(0, _ROW), *parts])
    cost = math.fsum(np.nan_to_num(rows["cost"]).tolist())  # exact: the same in any order of the answers
    return Spent(len(rows), int(rows["tokens_in"].sum()), int(rows["tokens_out"].sum()), cost)


def _rows(path: Path) -> Any:
    held = path.read_bytes()
    return np.frombuffer(held[: len(held) // _ROW.itemsize * _ROW.itemsize], _ROW)


class Budget:
    """The account of one build in one process. Runs in one event loop."""

    def __init__(self, folder: Path, limits: Mapping[str, Any]) -> None:
        """`folder` has the accounts of others; `limits`: `cost`, `tokens` and `calls`; null: no bound."""
        self._limits = dict(limits)
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(6)}.log"
        folder.mkdir(parents=True, exist_ok=True)
        found = _spent_in(folder)
        self._spent = {"calls": found.calls, "tokens": found.tokens_in + found.tokens_out, "cost": found.cost}
        self._reserved = {"calls": 0.0, "tokens": 0.0, "cost": 0.0}
        self._estimated = self._counted = 0
        self._landed = asyncio.Condition()
        self._sink: int | None = None

    @asynccontextmanager
    async def reserved(self, service: Service, body: Mapping[str, Any]) -> AsyncIterator[None]:
        """Room for one request for the length of a block; waits for others to land where there is none yet.

        Raises BudgetSpent where there is none when nothing is under way. The most that a request can take is kept free:
        its own tokens, estimated and corrected by what replies have said, and `max_tokens` of the reply.
        """
        most = self._most(service, body)
        async with self._landed:
            while not self._fits(most):
                if not any(self._reserved.values()):
                    raise BudgetSpent(self._told(most))
                await self._landed.wait()
            self._move(most, 1)
        try:
            yield
        finally:
            async with self._landed:
                self._move(most, -1)
                self._landed.notify_all()

    def paid(self, service: Service, body: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Write down an answer. Raises OSError where it cannot be written."""
        held = account(service, b"", body, answer)
        if not held["estimated"]:
            self._estimated += asked_tokens(body)
            self._counted += held["tokens_in"]
        self._wrote(held["tokens_in"], held["tokens_out"], held["cost"])

    def paid_estimated(self, service: Service, body: Mapping[str, Any]) -> None:
        """As `paid`, of an answer that says no tokens, such as vectors or scores: those asked about are estimated."""
        asked = asked_tokens(body)
        self._wrote(asked, 0, None if service.price is None else service.price.of(asked, 0))

    def _wrote(self, tokens_in: int, tokens_out: int, cost: float | None) -> None:
        row = np.array([(tokens_in, tokens_out, np.nan if cost is None else cost)], _ROW)
        if self._sink is None:
            self._sink = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
        os.write(self._sink, row.tobytes())
        self._spent["calls"] += 1
        self._spent["tokens"] += tokens_in + tokens_out
        self._spent["cost"] += cost or 0.0

    def _most(self, service: Service, body: Mapping[str, Any]) -> dict[str, float]:
        ratio = max(1.0, self._counted / self._estimated) if self._estimated else 1.0
        asked, answered = asked_tokens(body) * ratio, float(body.get("max_tokens") or 0)
        cost = 0.0 if service.price is None else service.price.of(asked, answered)
        return {"calls": 1.0, "tokens": asked + answered, "cost": cost}

    def _fits(self, most: Mapping[str, float]) -> bool:
        return all(
            limit is None or self._spent[name] + self._reserved[name] + most[name] <= limit
            for name, limit in self._limits.items()
        )

    def _move(self, most: Mapping[str, float], sign: int) -> None:
        for name, amount in most.items():
            self._reserved[name] = self._reserved[name] + sign * amount
        if sign < 0 and self._reserved["calls"] == 0:
            self._reserved = dict.fromkeys(self._reserved, 0.0)  # no rest of rounding, by which others would wait

    def _told(self, most: Mapping[str, float]) -> str:
        held = [name for name, limit in self._limits.items() if limit is not None]
        parts = [
            f"{name} {self._spent[name]:,.6g} spent of {self._limits[name]:,.6g}, and this request may take "
            f"{most[name]:,.6g}"
            for name in held
        ]
        return f"the budget of the recipe leaves no room: {'; '.join(parts)}"

    def close(self) -> None:
        if self._sink is not None:
            os.fsync(self._sink)
            os.close(self._sink)
            self._sink = None
