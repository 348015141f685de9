"""Records of one step on one shard: rows that may be used go in, every one of them is accounted for."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.engine.apply import Ready, chosen_rows, error_of, ready
from weft.engine.ledger import Entry
from weft.engine.service_account import totals
from weft.engine.service_batches import AHEAD, BUDGET_SPENT, OF_THE_TASK, Asked, BatchClient, inner, together
from weft.engine.service_loop import open_clients
from weft.engine.storage import record_to_json
from weft.engine.tasks.labels import beside
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.records import RECORD
from weft.model.tables import ERROR

Calls = dict[str, dict[str, Any]]


class Made(NamedTuple):
    """Records of some rows, errors of rows on which the recipe failed, and the calls that were answered, by key."""

    records: pa.Table
    errors: pa.Table
    calls: Calls


def run(task: Task, context: Context) -> list[Entry]:
    """Records of a step that asks nobody."""
    (step,) = ready([Call(**task.arguments["call"])], context)
    return _written(task, context, (_made(step, batch) for batch in _given(task, step, context)))


def run_served(task: Task, context: Context) -> list[Entry]:
    """Records of a step that asks services: batches are asked about while the next ones are read."""
    (step,) = ready([Call(**task.arguments["call"])], context)
    clients = open_clients(context.storage.place)
    clients.within(task.arguments["budget"])
    asked = clients.asked(task.arguments["services"][step.spec.name])
    under_way: deque[Future[Made]] = deque()
    size = together(asked.values()) if any(task.arguments["budget"].values()) else None

    def applied() -> Iterator[Made]:
        try:
            for batch in _cut(_given(task, step, context), size):
                under_way.append(clients.start(_asked(step, batch, asked)))
                if len(under_way) >= AHEAD:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()

    entries = _written(task, context, applied())
    clients.send()
    return entries


def _given(task: Task, step: Ready, context: Context) -> Iterator[pa.Table]:
    """Batches of the rows that the step is given: those that may be used and meet its condition."""
    given = task.arguments
    denied = context.storage.read_table(given["allowed"])["denied"]
    start = 0
    for batch in beside(given["documents"], given["labels"], given["columns"], context):
        chosen = pl.Series(denied.slice(start, batch.num_rows).is_null().to_numpy(zero_copy_only=False))
        start += batch.num_rows
        chosen &= pl.Series(pl.from_arrow(batch["source"])).is_in(given["sources"])
        if step.where is not None:
            chosen &= chosen_rows(step, batch)
        yield batch.filter(chosen.to_arrow())


def _cut(batches: Iterable[pa.Table], size: int | None) -> Iterator[pa.Table]:
    """Under a budget few rows at a time: recipes ask all first questions of a batch before any second one.

    So a budget that ends leaves documents that are done, and not all of them half done.
    """
    for batch in batches:
        for start in range(0, max(batch.num_rows, 1), size or max(batch.num_rows, 1)):
            yield batch.slice(start, size)


def _made(step: Ready, batch: pa.Table) -> Made:
    try:
        return _checked(step, batch, step.function(batch), ERROR.empty_table(), {})
    except OF_THE_TASK:
        raise
    except Exception as error:  # the boundary around operators: any fault of theirs costs one row
        if batch.num_rows <= 1:
            return _failed(step, batch, error)
    middle = batch.num_rows // 2
    return _joined(_made(step, batch.slice(0, middle)), _made(step, batch.slice(middle)))


async def _asked(step: Ready, batch: pa.Table, asked: Asked) -> Made:
    asking = BatchClient(asked, batch, step.spec.name)
    try:
        made = await step.function(batch, asking)
        return _checked(step, batch, made, asking.errors(), asking.calls)
    except Exception as raised:  # the boundary around operators: any fault of theirs costs one row
        error = inner(raised)
        if isinstance(error, OF_THE_TASK):
            raise error from None
        if batch.num_rows <= 1:
            return _failed(step, batch, error)
    middle = batch.num_rows // 2
    left = await _asked(step, batch.slice(0, middle), asked)
    return _joined(left, await _asked(step, batch.slice(middle), asked))


def _joined(left: Made, right: Made) -> Made:
    records = pa.concat_tables([left.records, right.records])
    return Made(records, pa.concat_tables([left.errors, right.errors]), left.calls | right.calls)


def _failed(step: Ready, batch: pa.Table, error: Exception) -> Made:
    return Made(RECORD.empty_table(), error_of(step, batch, error), {})


def _checked(step: Ready, batch: pa.Table, made: pa.Table, errors: pa.Table, calls: Calls) -> Made:
    """Records without rows for parents whose failure is told already. Raises ShardError for a parent that is lost."""
    if made.schema != RECORD:
        raise ShardError(f"operator {step.spec.name} broke its contract: it gives no rows of RECORD")
    failed = pa.array(errors["id"].to_pylist(), pa.string())
    again = pc.and_(made["problem"].is_valid(), pc.is_in(_parents(made), failed))
    made = made.filter(pc.invert(again))
    told = pa.array([*pc.list_flatten(made["parents"]).to_pylist(), *failed.to_pylist()], pa.string())
    lost = batch.num_rows - pc.sum(pc.is_in(batch["id"], told)).as_py() if batch.num_rows else 0
    if lost:
        raise ShardError(f"operator {step.spec.name} broke its contract: {lost} of {batch.num_rows} rows are lost")
    return Made(made, errors, calls)


def _written(task: Task, context: Context, applied: Iterable[Made]) -> list[Entry]:
    name = f"{task.shard:05d}-{task.key[:12]}.parquet"
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    calls: Calls = {}
    folder = task.arguments["folder"]
    with (
        context.storage.parquet(f"synthesize/{folder}/{name}", RECORD) as records,
        context.storage.parquet(f"errors/{folder}-{name}", ERROR) as lost,
    ):
        for made, errors, asked in applied:
            records.add(made)
            lost.add(errors)
            problems = made["problem"]
            counts["rows_in"] += len(pc.unique(pa.chunked_array([*_parents(made).chunks, *errors["id"].chunks])))
            counts["records"] += problems.null_count
            counts["errors"] += errors.num_rows
            counts["unasked"] += errors["reason"].to_pylist().count(BUDGET_SPENT)
            reasons.update(pc.struct_field(problems, "reason").drop_null().to_pylist())
            calls |= asked
    counts["rows_out"] = counts["records"]
    more: dict[str, Any] = {"reasons": dict(sorted(reasons.items())), **totals(calls)}
    if "budget" in task.arguments:
        more["budget"] = task.arguments["budget"]
    files = [record_to_json(writer.record()) for writer in (records, lost)]
    return [entry(task, task.key, files, dict(counts) | more)]


def _parents(made: pa.Table) -> pa.ChunkedArray:
    """The row that each record was made of first."""
    if not made.num_rows:
        return pa.chunked_array([], pa.string())
    return pc.list_element(made["parents"], 0)
