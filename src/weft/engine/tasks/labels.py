"""Labels of one shard in one read of its text: each operator's column goes to its own side table."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pyarrow as pa

from weft.engine.apply import Ready, ready, run_map
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import ERROR

Applying = Callable[[list[Ready], Iterable[pa.Table], defaultdict[str, float]], Iterator[tuple[pa.Table, pa.Table]]]
"""Gives every batch with the columns of all steps and its errors, in order, and adds to the clock of each operator."""


def _applied(
    steps: list[Ready], batches: Iterable[pa.Table], clock: defaultdict[str, float]
) -> Iterator[tuple[pa.Table, pa.Table]]:
    for batch in batches:
        found = []
        for step in steps:
            began = time.process_time()
            batch, errors = run_map(step, batch)
            clock[step.spec.name] += time.process_time() - began
            found.append(errors)
        yield batch, pa.concat_tables(found)


def run(task: Task, context: Context, applied: Applying = _applied) -> list[Entry]:
    """Compute the missing labels of a shard; what earlier runs computed is read beside the text."""
    steps = ready([Call(**c) for c in task.arguments["chain"]], context)
    stored = [s for s in steps if not s.spec.transient]
    clock: defaultdict[str, float] = defaultdict(float)
    rows = 0
    with ExitStack() as stack:
        sinks = {}
        for step in stored:
            fields = list(step.spec.writes.items())
            if step.where is not None:
                fields.append((f"{step.spec.short}_reason", pa.string()))
            path = f"label/{step.spec.short}/{task.shard:05d}-{task.keys[step.spec.name][:12]}.parquet"
            sinks[step.spec.name] = stack.enter_context(context.storage.parquet(path, pa.schema(fields)))
        lost = stack.enter_context(
            context.storage.parquet(f"errors/label-{task.shard:05d}-{task.key[:12]}.parquet", ERROR)
        )

        def given() -> Iterator[pa.Table]:
            nonlocal rows
            for batch in beside(
                task.arguments["documents"], task.arguments["labels"], task.arguments["columns"], context
            ):
                rows += batch.num_rows
                yield batch

        for batch, errors in applied(steps, given(), clock):
            lost.add(errors)
            for step in stored:
                sinks[step.spec.name].add(batch)
    entries = []
    for step in stored:
        record = sinks[step.spec.name].record()
        if record.rows != rows:
            raise ShardError(f"label {step.spec.name} on shard {task.shard}: {rows} rows in, {record.rows} out")
        counts = {"rows_in": rows, "rows_out": record.rows, "cpu": round(clock[step.spec.name], 4)}
        files = [record_to_json(record)]
        if step is stored[0]:
            files.append(record_to_json(lost.record()))
            counts["errors"] = lost.rows
            counts["transient_cpu"] = round(sum(clock[s.spec.name] for s in steps if s.spec.transient), 4)
        entries.append(entry(task, task.keys[step.spec.name], files, counts))
    return entries


def beside(documents: str, labels: dict[str, str], columns: list[str], context: Context) -> Any:
    """Batches of a shard's documents with label columns of side tables put beside them.

    Raises ShardError when a side table does not have exactly the rows of its shard.
    """
    tables = {path: context.storage.read_table(path) for path in labels.values()}
    start = 0
    for batch in read_batches(context.storage.path(documents), columns):
        for path in labels.values():
            part = tables[path].slice(start, batch.num_rows)
            if part.num_rows != batch.num_rows:
                raise ShardError(f"side table {path} is shorter than {documents}")
            for name in part.column_names:
                batch = batch.append_column(name, part[name].combine_chunks())
        start += batch.num_rows
        yield batch
    for path, table in tables.items():
        if table.num_rows != start:
            raise ShardError(f"side table {path} has {table.num_rows} rows, {documents} has {start}")
