"""Applying operators to batches: conditions, isolation of rows that make an operator fail, conservation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from weft.engine.work import Call, Context
from weft.errors import ShardError, WeftError
from weft.model.tables import ERROR
from weft.operators.contract import BatchFunction, OperatorSpec


@dataclass(frozen=True)
class Ready:
    """An operator with its function built."""

    spec: OperatorSpec
    function: Any
    where: str | None


def ready(calls: Sequence[Call], context: Context) -> list[Ready]:
    return [Ready(context.spec(c.operator).given(c.parameters), context.build(c), c.where) for c in calls]


def run_map(step: Ready, batch: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The batch with the step's columns, and an error row for each row that the operator failed on.

    A row that makes an operator raise gets null columns, an entry in the error table, and goes on.
    Raises ShardError when the operator broke its contract (rows lost or made, columns missing).
    """
    if step.where is None:
        return _guarded(step, batch)
    chosen = chosen_rows(step, batch)
    rows = chosen.arg_true().to_numpy()
    done, errors = _guarded(step, batch.take(pa.array(rows)))
    return scatter(step, batch, done, chosen), errors


def chosen_rows(step: Ready, batch: pa.Table) -> pl.Series:
    """Whether each row meets the step's condition. Raises WeftError where that cannot be computed."""
    assert step.where is not None
    condition = pl.sql_expr(step.where).fill_null(False).alias("run")
    try:
        return pl.DataFrame(batch.select(_columns_of(step.where, batch))).select(condition)["run"]
    except pl.exceptions.PolarsError as error:
        first = str(error).strip().partition("\n")[0]
        raise WeftError(f"{step.spec.name}: where: {step.where!r} cannot be computed: {first}") from error


def _columns_of(expression: str, batch: pa.Table) -> list[str]:
    names = set(pl.sql_expr(expression).meta.root_names())
    return [name for name in batch.column_names if name in names]


def scatter(step: Ready, batch: pa.Table, done: pa.Table, chosen: pl.Series) -> pa.Table:
    """A batch with what the rows that were chosen got; null and `not_run` for the others."""
    positions = (chosen.cast(pl.Int64).cum_sum() - 1).set(~chosen, None).to_arrow()
    for name, kind in step.spec.writes.items():
        column = done[name].combine_chunks() if done.num_rows else pa.nulls(0, kind)
        spread = column.take(positions) if done.num_rows else pa.nulls(batch.num_rows, kind)
        if name in step.spec.reads and name in batch.column_names:
            spread = pa.compute.if_else(chosen.to_arrow(), spread, batch[name].combine_chunks())
        batch = _put(batch, name, spread)
    reason = pl.select(pl.when(chosen).then(None).otherwise(pl.lit("not_run")))["literal"].to_arrow()
    return _put(batch, f"{step.spec.short}_reason", reason.cast(pa.string()))


def _put(batch: pa.Table, name: str, column: Any) -> pa.Table:
    if name in batch.column_names:
        return batch.set_column(batch.column_names.index(name), name, column)
    return batch.append_column(name, column)


def _guarded(step: Ready, batch: pa.Table) -> tuple[pa.Table, pa.Table]:
    try:
        function: BatchFunction = step.function
        return checked(step, batch, function(batch)), ERROR.empty_table()
    except ShardError:
        raise
    except Exception as error:  # the boundary around operators: any fault of theirs costs one row
        if batch.num_rows <= 1:
            return failed_row(step, batch, error)
    middle = batch.num_rows // 2
    left, left_errors = _guarded(step, batch.slice(0, middle))
    right, right_errors = _guarded(step, batch.slice(middle))
    return pa.concat_tables([left, right]), pa.concat_tables([left_errors, right_errors])


def checked(step: Ready, batch: pa.Table, done: pa.Table) -> pa.Table:
    """What an operator made of a batch. Raises ShardError where it broke its contract."""
    missing = [name for name in step.spec.writes if name not in done.column_names]
    if done.num_rows != batch.num_rows or missing:
        raise ShardError(
            f"operator {step.spec.name} broke its contract: {batch.num_rows} rows in, {done.num_rows} out; "
            f"columns missing: {missing or 'none'}"
        )
    return done


def failed_row(step: Ready, batch: pa.Table, error: Exception) -> tuple[pa.Table, pa.Table]:
    """A row with nulls for an operator that failed on it, and the error."""
    told = error_of(step, batch, error)
    detail = told["detail"][0].as_py()
    for name, kind in step.spec.writes.items():
        if name == "problem":
            value: Any = pa.array([{"kind": "error", "reason": "operator_failed", "detail": detail}], kind)
        elif name in step.spec.reads and name in batch.column_names:
            continue  # what it would have rewritten stays as it was
        else:
            value = pa.nulls(1, kind)
        batch = _put(batch, name, value)
    return batch, told.slice(0, 0) if "problem" in step.spec.writes else told


def error_of(step: Ready, batch: pa.Table, error: Exception) -> pa.Table:
    """A row of ERROR for the one row of a batch. Raises ShardError where the batch has none."""
    if batch.num_rows == 0:
        raise ShardError(f"operator {step.spec.name} fails on an empty batch: {error}") from error
    row = {name: batch[name][0].as_py() if name in batch.column_names else None for name in ("id", "source", "locator")}
    detail = f"{type(error).__name__}: {error}"[:500]
    row |= {"stage": step.spec.name, "kind": "error", "reason": "operator_failed", "detail": detail}
    return pa.Table.from_pylist([row], ERROR)
