"""acquire, parse and standardize, fused over one read: units in, a documents shard and its errors out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft.engine.apply import Ready, ready, run_map
from weft.engine.keys import document_ids
from weft.engine.ledger import Entry
from weft.engine.storage import SourceFetcher, record_to_json
from weft.engine.tasks import parts
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import DOCUMENT, ERROR, PROBLEM, RAW, UNITS

_PLACE = "place of a part"


def run(task: Task, context: Context) -> list[Entry]:
    """Read the shard's units; write `documents/`, the counts of every change, and `errors/`."""
    chain = [ready([Call(**c)], context)[0] for c in task.arguments["chain"]]
    side = {n: t for step in chain for n, t in step.spec.writes.items() if step.spec.room == "standardize"}
    side.pop("text", None)
    side_schema = pa.schema([(n, t) for n, t in side.items()])
    name = f"{task.shard:05d}-{task.key[:12]}.parquet"
    counts: Counter[str] = Counter()
    clock = {step.spec.name: 0.0 for step in chain}
    storage = context.storage
    with (
        storage.parquet(f"documents/{name}", DOCUMENT) as documents,
        storage.parquet(f"label/standardize/{name}", side_schema) as changes,
        storage.parquet(f"errors/{name}", ERROR) as errors,
    ):
        for raw in _read(task, context):
            kept, problems = _through(chain, _identified(raw, task.arguments["source"]), clock)
            counts["rows_in"] += raw.num_rows
            counts["rows_out"] += kept.num_rows
            _count_problems(counts, problems)
            if kept.num_rows + problems.num_rows != raw.num_rows:
                raise ShardError(
                    f"documents {task.shard}: {raw.num_rows} rows in, {kept.num_rows} out and "
                    f"{problems.num_rows} in errors"
                )
            documents.add(_document(kept, task.arguments["source"]))
            changes.add(kept.select(side_schema.names))
            errors.add(problems)
            counts["text_bytes"] += pc.sum(pc.binary_length(kept["text"])).as_py() or 0
            counts["payload_bytes"] += pc.sum(pc.binary_length(raw["payload"])).as_py() or 0
    files = [record_to_json(w.record()) for w in (documents, changes, errors)]
    return [entry(task, task.key, files, {**counts, "operators": {k: round(v, 4) for k, v in clock.items()}})]


def _read(task: Task, context: Context) -> Iterator[pa.Table]:
    """Batches of RAW rows of every unit, in order; a unit of no known format is one problem row."""
    fetcher = SourceFetcher()
    for unit in task.arguments["units"]:
        if unit["reader"] == "unknown":
            yield _problem_row(
                unit,
                "unknown_format",
                "expected WARC, HTML, text, JSONL, Parquet, a table, TMX, XLIFF, PO, zip or tar",
            )
            continue
        call = Call(f"acquire.{unit['reader']}", task.arguments["readers"].get(unit["reader"], {}))
        table = pa.Table.from_pylist([{k: unit[k] for k in UNITS.names}], UNITS)
        for batch in context.build(call)(table, fetcher):
            yield batch.select(RAW.names)


def _problem_row(unit: dict[str, Any], reason: str, detail: str) -> pa.Table:
    problem = {"kind": "error", "reason": reason, "detail": detail}
    return pa.Table.from_pylist([{"locator": unit["name"], "position": 0, "problem": problem}], RAW)


def _identified(raw: pa.Table, source: dict[str, Any]) -> pa.Table:
    ids = document_ids(source["name"], raw["locator"].to_pylist(), raw["position"].to_pylist())
    raw = raw.append_column("id", pa.array(ids, pa.string()))
    raw = raw.append_column("source", pa.array([source["name"]] * raw.num_rows, pa.string()))
    if source.get("language_hint"):
        hint = pc.fill_null(raw["language_hint"], source["language_hint"])
        raw = raw.set_column(raw.column_names.index("language_hint"), "language_hint", hint)
    return raw


def _through(chain: list[Ready], batch: pa.Table, clock: dict[str, float]) -> tuple[pa.Table, pa.Table]:
    """Rows that came through every step, and error rows for those that did not."""
    batch, problems = _set_aside(batch, "acquire")
    parsing = [step for step in chain if step.spec.room == "parse"]
    mending = [step for step in chain if step.spec.room != "parse"]
    batch, gone = _steps(parsing, batch, clock)
    taken = parts.take_apart(batch)
    if taken is None:
        batch, lost = _steps(mending, batch, clock)
        batch = batch.append_column("parts", pa.nulls(batch.num_rows, DOCUMENT.field("parts").type))
        return batch, pa.concat_tables([problems, *gone, *lost])
    apart = taken.batch.append_column(_PLACE, pa.array(np.arange(taken.batch.num_rows)))
    apart, lost = _steps(mending, apart, clock)
    place = apart[_PLACE].to_numpy()
    batch = parts.put_together(taken, apart.drop_columns([_PLACE]), taken.row[place], taken.parts.take(pa.array(place)))
    batch, empty = _set_aside(batch, "standardize")
    return batch, pa.concat_tables([problems, *gone, *(_once(table) for table in lost), empty])


def _once(problems: pa.Table) -> pa.Table:
    """One error for a record of which several parts failed."""
    first = np.unique(problems["id"].to_numpy(zero_copy_only=False), return_index=True)[1]
    return problems.take(pa.array(np.sort(first)))


def _steps(chain: list[Ready], batch: pa.Table, clock: dict[str, float]) -> tuple[pa.Table, list[pa.Table]]:
    """Rows that came through these steps, and error rows of each step."""
    gone = []
    for step in chain:
        began = time.process_time()
        batch, failed = run_map(step, batch)
        if failed.num_rows:
            broken = pc.is_in(batch["id"], failed["id"])
            batch = batch.filter(pc.invert(broken))
            gone.append(failed)
        if "problem" in step.spec.writes:
            batch, problems = _set_aside(batch, step.spec.name)
            if problems.num_rows and _PLACE in batch.column_names:  # a record goes with all its parts
                batch = batch.filter(pc.invert(pc.is_in(batch["id"], problems["id"])))
            gone.append(problems)
        clock[step.spec.name] += time.process_time() - began
    return batch, gone


def _set_aside(batch: pa.Table, stage: str) -> tuple[pa.Table, pa.Table]:
    bad = pc.is_valid(batch["problem"])
    if not pc.any(bad).as_py():
        return batch, ERROR.empty_table()
    rows = batch.filter(bad)
    problem = rows["problem"].combine_chunks().cast(PROBLEM)
    columns = {
        "id": rows["id"],
        "source": rows["source"],
        "locator": rows["locator"],
        "stage": pa.array([stage] * rows.num_rows, pa.string()),
        **{name: pc.struct_field(problem, name) for name in ("kind", "reason", "detail")},
    }
    return batch.filter(pc.invert(bad)), pa.table(columns, schema=ERROR)


def _count_problems(counts: Counter[str], problems: pa.Table) -> None:
    for kind, reason in zip(problems["kind"].to_pylist(), problems["reason"].to_pylist(), strict=True):
        counts["rejects" if kind == "reject" else "errors"] += 1
        counts[f"{kind}:{reason}"] += 1


def _document(kept: pa.Table, source: dict[str, Any]) -> pa.Table:
    size = kept.num_rows

    def constant(name: str, kind: pa.DataType) -> pa.Array:
        value = source.get(name)
        return pa.nulls(size, kind) if value is None else pa.array([value] * size, kind)

    given = {
        "consent": pc.coalesce(kept["consent"], constant("consent", pa.string())),
        "basis": constant("basis", pa.string()),
        "redistribute": _stricter(kept["redistribute"], constant("redistribute", pa.bool_())),
        "variety": pa.nulls(size, DOCUMENT.field("variety").type),
        "record_kind": pc.fill_null(kept["record_kind"], "text"),
        "license": pc.coalesce(kept["license"], pa.scalar(source.get("license") or "unknown", pa.string())),
    }
    columns = [given[n] if n in given else kept[n].cast(DOCUMENT.field(n).type) for n in DOCUMENT.names]
    return pa.table(columns, schema=DOCUMENT)


def _stricter(record: pa.ChunkedArray, source: pa.Array) -> pa.ChunkedArray:
    """Whether records may be passed on: what is stated of them, unless the source says no; else what that says."""
    both = pc.and_kleene(record, pc.coalesce(source, pa.scalar(True)))
    return pc.if_else(pc.is_valid(record), both, source)
