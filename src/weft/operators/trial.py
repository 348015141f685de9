"""Running one operator by itself on a small batch, and comparing what it gave."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from weft.errors import WeftError
from weft.model.tables import ADDRESS, DOCUMENT, RAW, UNITS
from weft.operators import samples
from weft.operators.contract import OperatorSpec
from weft.operators.examples import Example, moment
from weft.operators.recorded import answered
from weft.operators.registry import Registry, validate


class Refused(WeftError):
    """An operator that raised, or an example that cannot be given to it."""


def build(spec: OperatorSpec, parameters: Mapping[str, Any], replies: Mapping[str, Any] | None = None) -> Any:
    """The operator's function, of a service with these `replies`; Refused when the factory takes no such parameters."""
    try:
        function = spec.build(**validate(spec, parameters))
    except Exception as error:  # the boundary to the code under test
        raise Refused(f"the factory raises {type(error).__name__} for {dict(parameters)}: {error}") from error
    return function if replies is None else answered(function, spec.protocols[0], replies)


def run(spec: OperatorSpec, function: Any, batch: pa.Table) -> pa.Table:
    """What a built operator makes of one batch; of a fold, the finished table.

    Raises Refused when the operator raises, or writes into its input.
    """
    before = _copied(batch)
    try:
        made = function.finish(function.merge([function.partial(batch)])) if spec.kind == "fold" else function(batch)
    except Exception as error:  # the boundary to the code under test
        raise Refused(f"raises {type(error).__name__} on {batch.num_rows} rows: {error}") from error
    if not isinstance(made, pa.Table):
        raise Refused(f"gives {type(made).__name__}; expected an Arrow table")
    try:
        made.validate(full=True)
    except pa.ArrowInvalid as error:
        raise Refused(f"gives a table that is not valid Arrow: {error}") from error
    if not before.equals(batch) and repr(before.to_pylist()) != repr(batch.to_pylist()):
        raise Refused("writes into its input; expected a pure function")
    return made


def _copied(batch: pa.Table) -> pa.Table:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch)
    return pa.ipc.open_stream(sink.getvalue()).read_all()


class _Files:
    """A fetcher of files that are held in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def open(self, path: str) -> BinaryIO:
        if path not in self.files:
            raise FileNotFoundError(2, "No such file", path)
        return io.BytesIO(self.files[path])


def run_reader(spec: OperatorSpec, parameters: Mapping[str, Any], given: Mapping[str, Sequence[Any]]) -> pa.Table:
    """The rows that a reader makes of files given as `name` and `content` (text is written as UTF-8)."""
    if set(given) != {"name", "content"} or len(given["name"]) != len(given["content"]):
        raise Refused("an example of a reader has two input columns of equal length: name and content")
    contents = [c.encode() if isinstance(c, str) else bytes(c) for c in given["content"]]
    rows = [
        {"path": name, "name": name, "reader": spec.short, "start": 0, "stop": len(content), "size": len(content)}
        for name, content in zip(given["name"], contents, strict=True)
    ]
    units = pa.Table.from_pylist(rows, UNITS)
    fetcher = _Files(dict(zip(given["name"], contents, strict=True)))
    try:
        tables = list(build(spec, parameters)(units, fetcher))
    except Refused:
        raise
    except Exception as error:  # the boundary to the code under test
        raise Refused(f"raises {type(error).__name__} on {', '.join(given['name'])}: {error}") from error
    schema = pa.schema(list(spec.writes.items()))
    for table in tables:
        if not table.schema.equals(schema):
            raise Refused(f"yields {table.schema.to_string()}; expected {schema.to_string()}")
    return pa.concat_tables([schema.empty_table(), *tables])


def example_table(spec: OperatorSpec, example: Example, registry: Registry) -> pa.Table:
    """The input of an example; columns that it does not give are null, transient ones (a segmentation) are made."""
    lengths = {len(values) for values in example.input.values()}
    if len(lengths) > 1:
        raise Refused(f"example {example.title!r}: input columns have lengths {sorted(lengths)}; expected equal ones")
    rows = lengths.pop() if lengths else 0
    types = {field.name: field.type for field in (*RAW, *DOCUMENT)} | ADDRESS | _written(registry)
    types |= samples.column_types(spec, registry)
    columns = {name: _column(values, types.get(name)) for name, values in example.input.items()}
    missing = [name for name in spec.reads if name not in columns]
    for name in missing:
        columns[name] = pa.nulls(rows, types.get(name, pa.null()))
    table = pa.table(columns)
    for name in missing:
        maker = _transient_maker(name, registry)
        if maker is not None and set(maker.reads) <= set(columns):
            made = run(maker, build(maker, {}), table.drop_columns([name]))
            table = table.set_column(table.column_names.index(name), name, made[name])
    return table


def _written(registry: Registry) -> dict[str, pa.DataType]:
    specs = [registry.get(name) for name in registry.names()]
    return {c: kind for spec in specs if spec.rows == "keep" for c, kind in spec.writes.items()}


def _transient_maker(column: str, registry: Registry) -> OperatorSpec | None:
    specs = (registry.get(name) for name in registry.names())
    return next((spec for spec in specs if spec.transient and column in spec.writes), None)


def _column(values: Sequence[Any], kind: pa.DataType | None) -> pa.Array:
    if kind is None:
        return pa.array(values)
    if pa.types.is_large_binary(kind) or pa.types.is_binary(kind):
        values = [value.encode() if isinstance(value, str) else value for value in values]
    if pa.types.is_timestamp(kind):
        values = [value if value is None else moment(value) for value in values]
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise Refused(f"an input column is not {kind}: {error}") from error


def same_rows(
    expected: pa.Table, got: pa.Table, columns: Sequence[str], message: str, *, ordered: bool = True
) -> list[str]:
    """A sentence when two tables differ in some of these columns; values are compared as written, so NaN is NaN."""
    for name in columns:
        if name not in got.column_names:
            return [f"{message}: there is no {name}"]
    left, right = (_rows(table, columns) for table in (expected, got))
    if not ordered:
        left, right = sorted(left), sorted(right)
    if len(left) != len(right):
        return [f"{message}: {len(right)} rows instead of {len(left)}"]
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        if one != other:
            return [f"{message}: row {row}: {other[:200]} instead of {one[:200]}"]
    return []


def _rows(table: pa.Table, columns: Sequence[str]) -> list[str]:
    return [repr(row) for row in table.select(list(columns)).to_pylist()]
