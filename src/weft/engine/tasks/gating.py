"""Which rows may be used, what is trusted, and what the gates say of every record of a step."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks.labels import beside
from weft.engine.tasks.made_tables import (
    PURPOSE,
    VERDICTS,
    all_trusted,
    first_fail,
    register,
    sizes,
    told_line,
)
from weft.engine.work import Context, Task, entry
from weft.errors import ShardError
from weft.govern import purposes
from weft.synthesize import review
from weft.synthesize.gates import held_out, outputs, trusted
from weft.synthesize.gates.calibration import Calibration, calibrate
from weft.synthesize.gates.chain import judge
from weft.synthesize.gates.settings import GateSettings
from weft.synthesize.making import PARENT

CONTROLS = 500
"""Texts by people of each shard that may stand among the tasks of reviewers."""


def allowed(task: Task, context: Context) -> list[Entry]:
    """Why each row of a shard may not be used to make records; null: it may."""
    known = register(task.arguments["consents"])
    reasons: Counter[str] = Counter()
    schema = pa.schema({"denied": pa.string()})
    path = f"synthesize/allowed/{task.shard:05d}-{task.key[:12]}.parquet"
    with context.storage.parquet(path, schema) as sink:
        for batch in read_batches(context.storage.path(task.arguments["documents"]), list(purposes.READS)):
            denied = purposes.denied(batch, PURPOSE, known)
            reasons.update(denied.drop_null().to_pylist())
            sink.add(pa.table({"denied": denied}, schema=schema))
    record = sink.record()
    counts = {
        "rows_in": record.rows,
        "rows_out": record.rows - reasons.total(),
        "rejected": dict(sorted(reasons.items())),
    }
    return [entry(task, task.key, [record_to_json(record)], counts)]


def trusted_texts(task: Task, context: Context) -> list[Entry]:
    """A sample of a shard's texts by people, to calibrate by."""
    given = task.arguments
    denied = context.storage.read_table(given["allowed"])["denied"]
    found, start, amounts = [], 0, Counter[str]()
    columns = [name for name in PARENT if name != "lid"]
    people: dict[str, dict[str, Any]] = {}
    for batch in beside(given["documents"], given["labels"], columns, context):
        by_people = pc.is_in(batch["source"], pa.array(given["people"], pa.string()))
        free = pc.is_null(denied.slice(start, batch.num_rows))
        amounts.update(_amounts(batch.filter(pc.and_(free, by_people)), given["unit"]))
        kept = pc.and_(free, pc.is_in(batch["source"], pa.array(given["sources"], pa.string())))
        start += batch.num_rows
        people = _first(people | {one["id"]: one for one in review.controls(batch.filter(kept))})
        found.append(trusted.sample(batch.filter(kept), given["most"], given["seed"]))
        if len(found) > 8:
            found = [trusted.merge(found, given["most"])]
    made = trusted.merge(found, given["most"])
    path = f"synthesize/trusted/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, [made], made.schema)
    counts: dict[str, Any] = {"rows_in": start, "rows_out": record.rows, "human": dict(sorted(amounts.items()))}
    text = "".join(told_line(one) for one in people.values())
    controls = context.storage.write_bytes(f"synthesize/controls/{task.shard:05d}-{task.key[:12]}.jsonl", text.encode())
    return [entry(task, task.key, [record_to_json(record), record_to_json(controls)], counts)]


def _first(people: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The texts with the lowest ids, which are hashes: a draw of each shard that does not depend on its order."""
    return {name: people[name] for name in sorted(people)[:CONTROLS]}


def _amounts(batch: pa.Table, unit: str) -> dict[str, int]:
    """Text by people in each language, in the unit of the balance: of pairs each side counts for its own."""
    rows = pl.DataFrame(pl.from_arrow(batch.select(["text", "language_hint", "lid", "record_kind", "parts"])))
    paired = (pl.col("record_kind") == "pair").fill_null(False)
    language = pl.coalesce("language_hint", pl.col("lid").struct.field("language")).alias("language")
    texts = [rows.filter(~paired).select(language, "text")]
    if texts[0].height < rows.height:
        cut = pl.col("text").str.slice(pl.col("begin"), pl.col("end") - pl.col("begin"))
        texts.append(
            rows.filter(paired).select("text", "parts").explode("parts").unnest("parts").select("language", cut)
        )
    held = pl.concat(texts).drop_nulls()
    summed = held.with_columns(sizes(held["text"], unit)).group_by("language").agg(pl.col("size").sum())
    return dict(summed.iter_rows())


def calibration(task: Task, context: Context) -> list[Entry]:
    """What passes in each language, learnt from trusted text."""
    given = task.arguments
    texts = all_trusted(given["trusted"], given["most"], context)
    made = calibrate(texts, GateSettings.model_validate(given["gates"]))
    record = context.storage.write_bytes(f"synthesize/calibration/{task.key[:12]}.bin", made.to_bytes())
    return [entry(task, task.key, [record_to_json(record)], {"texts": texts.num_rows})]


def gate(task: Task, context: Context) -> list[Entry]:
    """Verdicts on the records of a shard, and signatures of those that pass."""
    given = task.arguments
    settings = GateSettings.model_validate(given["gates"])
    learnt = Calibration.from_bytes(context.storage.path(given["calibration"]).read_bytes())
    items = held_out.read(settings.held_out, settings.held_out_text) if settings.held_out else None
    name = f"{given['folder']}/{task.shard:05d}-{task.key[:12]}.parquet"
    rows, failed, signed = 0, Counter[str](), list[pa.Table]()
    with context.storage.parquet(f"synthesize/gates/{name}", VERDICTS) as sink:
        for batch in read_batches(context.storage.path(given["records"])):
            verdicts = judge(batch, learnt, settings, held_out=items)
            if len(verdicts) != batch.num_rows:
                raise ShardError(f"gates on shard {task.shard}: {batch.num_rows} records in, {len(verdicts)} out")
            stopped = first_fail(verdicts)["gate"]
            passed = pc.and_(stopped.is_null().to_arrow(), pc.is_null(batch["problem"]))
            failed.update(stopped.drop_nulls().to_list())
            sink.add(pa.table([verdicts, passed], schema=VERDICTS))
            signed.append(
                _placed(outputs.signatures(batch, passed.to_numpy(zero_copy_only=False), settings.seed), rows)
            )
            rows += batch.num_rows
    table = pa.concat_tables([outputs.SIGNATURES.empty_table(), *signed])
    signatures = context.storage.write_table(f"synthesize/signatures/{name}", [table], table.schema)
    counts: dict[str, Any] = {"rows_in": rows, "rows_out": rows, "failed": dict(sorted(failed.items()))}
    return [entry(task, task.key, [record_to_json(sink.record()), record_to_json(signatures)], counts)]


def _placed(signatures: pa.Table, start: int) -> pa.Table:
    """Signatures whose rows are those of the shard."""
    return signatures.set_column(0, "row", pc.add(signatures["row"], start))
