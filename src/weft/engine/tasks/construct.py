"""Selection and release: thresholds, rules, election, splits, card and metadata."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.construct import content, evaluation, kinds, summary
from weft.construct import elect as election
from weft.construct import split as splitting
from weft.construct.card import Release, dataset_card, release_json
from weft.construct.copies import REPEATS
from weft.construct.croissant import croissant_json
from weft.construct.cutting import count_cuts, cut_documents, merge_cuts
from weft.construct.export import EXPORT, FileRecord, exported, row_sizes
from weft.construct.made import count_made, merge_made
from weft.construct.thresholds import apply as with_thresholds
from weft.engine import exchange, holders
from weft.engine.apply import ready
from weft.engine.dividing import TOGETHER, blocks, by_part, divided, merged
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks import groups, mixing, ordering, shared
from weft.engine.tasks.selection import DROPPED, arrow, first_rule, judged, labels_of, write_frame
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.languages import name as language_name
from weft.model.tables import DOCUMENT

KEPT_CLUSTER = {
    "cluster": pl.String, "size": pl.Int32, "kind": pl.String, "split": pl.String, "language": pl.String,
    "source": pl.String, "shard": pl.Int32, "row": pl.Int32,
}  # fmt: skip
CANDIDATES_TOGETHER = 1 << 18
"""Candidates of an election that are in memory at once, or twice as many: some 100 MB."""
LARGEST = 10
"""Clusters whose text the report shows."""


def threshold_part(task: Task, context: Context) -> list[Entry]:
    """A shard's sketches of the signals that thresholds are learnt from."""
    fold = ready([Call(**task.arguments["call"])], context)[0].function
    frame = labels_of(task, context, ["id"])
    part = fold.partial(arrow(frame.filter(kinds.plain(frame))))
    path = f"selection/thresholds-part/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, [part], part.schema)
    return [entry(task, task.key, [record_to_json(record)])]


def thresholds(task: Task, context: Context) -> list[Entry]:
    """Thresholds of every language, from all shards' sketches in shard order."""
    fold = ready([Call(**task.arguments["call"])], context)[0].function
    table = fold.finish(merged(fold.merge, map(context.storage.read_table, task.arguments["files"])))
    path = f"selection/thresholds-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, [table], table.schema)
    return [entry(task, task.key, [record_to_json(record)], {"languages": table.num_rows})]


def decide(task: Task, context: Context) -> list[Entry]:
    """The first rule that each row fails, its split, and the passing rows that stand for election."""
    frame = with_thresholds(
        labels_of(task, context, task.arguments["columns"]), context.storage.read_table(task.arguments["thresholds"])
    )
    given = task.arguments
    rule = first_rule(frame, given["rules"], given.get("records"), given["redistributable_only"])
    split = splitting.assign(frame, task.arguments["split"], task.arguments["seed"])
    frame = frame.with_columns(rule, split).with_row_index("row")
    passing = frame.filter(pl.col("rule").is_null())
    name = f"{task.shard:05d}-{task.key[:12]}.parquet"
    files = [write_frame(context, f"selection/decide/{name}", frame.select("rule", "split"))]
    if "deduplicate" in frame.columns:
        priority = pl.col("source").replace_strict(task.arguments["priorities"], default=0, return_dtype=pl.Int32)
        if "cut" in frame.columns:
            # Of a cluster in which something is left of others, they stay.
            left = pl.col("cut").struct.field("left").fill_null(1)
            priority = pl.when(left == 0).then(pl.lit(election.LAST, pl.Int32)).otherwise(priority)
        rows = passing.with_columns(pl.lit(task.shard, pl.Int32).alias("shard"), priority.alias("priority"))
        # By row and not by id: a file that lies in a source twice gives the same ids twice.
        splits = rows.select(pl.col("row").cast(pl.Int32), "split")
        if "shared" in frame.columns:
            shared.check(frame)
            passed = rows.select(pl.col("row").cast(pl.Int32), *shared.standing(rows, given["holder"]))
        stand = election.candidates(rows).join(splits, on="row", how="left", maintain_order="left", validate="1:1")
        if "shared" in frame.columns:
            stand = stand.join(passed, on="row", how="left", maintain_order="left", validate="1:1")
        files.append(write_frame(context, f"selection/candidates/{name}", stand))
    if "least_characters" in task.arguments:
        files.append(groups.write_borders(task, context, frame))
    languages = passing.select(kinds.language(frame)).to_series().unique().sort().to_list()
    return [entry(task, task.key, files, {"rows_in": frame.height, "rows_out": frame.height, "languages": languages})]


def elect(task: Task, context: Context) -> list[Entry]:
    """The rows that are not elected in their cluster, stored by shard."""
    groups.check(task.arguments["borders"], context)
    sizes = task.arguments["rows"]
    counts = {"kept": 0, "dropped": 0}
    by_shard = np.array([sizes.get(shard, 0) for shard in range(max(sizes, default=-1) + 1)], np.int64)

    def dropped() -> Iterator[pa.Table]:
        for rows in _whole_clusters(task, context, int(by_shard.sum())):
            splitting.check_no_leak([pl.DataFrame(pl.from_arrow(rows.select(["cluster", "split"])))])
            here, elsewhere = shared.apart(rows)
            survivors, others = election.elect([here])
            others = pl.concat([others, *elsewhere])
            counts["kept"] += survivors.height
            counts["dropped"] += others.height
            yield arrow(others)

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        block = blocks(by_shard, CANDIDATES_TOGETHER)
        parts = int(block.max(initial=0)) + 1
        for part in by_part(dropped(), parts, CANDIDATES_TOGETHER, lambda rows: block[rows["shard"].to_numpy()]):
            rows = part.sort_by([("shard", "ascending"), ("row", "ascending")])
            yield rows.select(["row", "kept"]), rows["shard"].to_numpy().astype(np.int64)

    record = exchange.write(context.storage, f"selection/elect-{task.key[:12]}.arrow", DROPPED, chunks())
    return [entry(task, task.key, [record_to_json(record)], counts)]


def _whole_clusters(task: Task, context: Context, size: int) -> Iterator[pa.Table]:
    """All candidates, of a large corpus those of some clusters at a time."""
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    tables = (context.storage.read_table(path) for path in task.arguments["files"])
    if size > 2 * CANDIDATES_TOGETHER:
        yield from divided(
            tables,
            size,
            CANDIDATES_TOGETHER,
            lambda rows: plain_hashes(string_buffers(rows["cluster"].combine_chunks())),
        )
    elif size:
        yield pa.concat_tables(tables)


def select(task: Task, context: Context) -> list[Entry]:
    """The final rule of every row; rejects, counts and samples; kept rows stored by language."""
    columns = ["id", "source", "license", "basis", "consent", "redistribute"]
    columns += ["meta"] if "made" in task.arguments else []
    frame = judged(task, context, [*columns, *task.arguments.get("order", {}).get("columns", [])])
    mixed = "mixture" in task.arguments
    if mixed:
        frame = mixing.drawn(task, context, frame)
    name = f"{task.shard:05d}-{task.key[:12]}"
    schema = kinds.RECORDED if "records" in task.arguments else EXPORT
    schema = schema.append(REPEATS) if mixed else schema
    if "order" in task.arguments:
        frame, schema = ordering.valued(task, context, frame), ordering.schema_of(task, schema)
    told = ["rule", "split", "kept", *(n for n in ("repeats", "phase") if n in frame.columns)]
    struct = frame.select(pl.struct(told).alias("selection"))
    rejects = frame.filter(pl.col("rule").is_not_null()).select("id", "rule", "kept")
    exported_rows, sample, sizes = _export_rows(task, context, frame, f"selection/kept/{name}.arrow", schema)
    kept, passing = frame.height - rejects.height, frame.filter(pl.col("rule").is_null())
    if exported_rows["rows"] != kept:
        raise ShardError(f"select on shard {task.shard}: {kept} rows kept, {exported_rows['rows']} sent to export")
    files = [
        write_frame(context, f"selection/select/{name}.parquet", struct),
        write_frame(context, f"selection/rejects/{name}.parquet", rejects),
        exported_rows,
        write_frame(context, f"selection/counts/{name}.parquet", summary.count(frame)),
        write_frame(context, f"selection/sources/{name}.parquet", summary.count_sources(passing)),
        write_frame(context, f"selection/samples/{name}.parquet", sample),
        write_frame(context, f"selection/histograms/{name}.parquet", summary.histograms(frame)),
        write_frame(context, f"selection/clusters/{name}.parquet", _kept_clusters(frame, task.shard)),
        write_frame(context, f"selection/evaluation/{name}.parquet", evaluation.found(frame)),
        write_frame(context, f"selection/sizes/{name}.parquet", sizes),
    ]
    if "cut" in frame.columns or "made" in task.arguments:
        cuts = count_cuts(passing) if "cut" in frame.columns else merge_cuts(())
        files.append(write_frame(context, f"selection/cuts/{name}.parquet", cuts))
    if "made" in task.arguments:
        files.append(write_frame(context, f"selection/made/{name}.parquet", count_made(passing)))
    rejected = Counter(rejects["rule"].to_list())
    counts = {"rows_in": frame.height, "rows_out": kept, "rejected": dict(sorted(rejected.items()))}
    read: dict[str, Any] = {"read": mixing.read_in_train(frame)} if mixed else {}
    read |= {"phases": ordering.phases_of(frame)} if "phase" in frame.columns else {}
    return [entry(task, task.key, files, counts | read)]


def _kept_clusters(frame: pl.DataFrame, shard: int) -> pl.DataFrame:
    if "deduplicate" not in frame.columns:
        return pl.DataFrame(schema=KEPT_CLUSTER)
    cluster = pl.col("deduplicate").struct
    rows = frame.filter(pl.col("rule").is_null() & (cluster.field("size") > 1))
    made = {
        **{name: cluster.field(name) for name in ("cluster", "size", "kind")},
        "language": kinds.language(frame) if "place" in frame.columns else pl.col("lid").struct.field("language"),
        "shard": pl.lit(shard),
    }
    return rows.select(made.get(name, pl.col(name)).alias(name) for name in KEPT_CLUSTER).cast(KEPT_CLUSTER)  # type: ignore[arg-type]


def _export_rows(
    task: Task, context: Context, frame: pl.DataFrame, path: str, schema: pa.Schema
) -> tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]:
    """Store the kept rows with their text by place and split; sample texts of every rule; and bytes by destination."""
    places = {language: n for n, language in enumerate(task.arguments["languages"])}
    splits = {split: n for n, split in enumerate(task.arguments["splits"])}
    parts: list[pl.DataFrame] = []
    seed = task.arguments["seed"]
    sizes = np.zeros(len(places) * len(splits), np.int64)

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        start = 0
        columns = [name for name in DOCUMENT.names if name in schema.names]
        for batch in read_batches(context.storage.path(task.arguments["documents_path"]), columns):
            rows = frame.slice(start, batch.num_rows)
            start += batch.num_rows
            documents = pl.DataFrame(pl.from_arrow(batch))
            extra = rows.select(c for c in rows.columns if c not in documents.columns)
            if "cut" in rows.columns:
                # The text of a row that does not stay is shown whole.
                cut = rows.select(pl.when(pl.col("rule").is_null()).then("cut")).to_series()
                documents = cut_documents(documents, cut)
            both = pl.concat([documents, extra], how="horizontal")
            parts[:] = [summary.merge_samples([*parts, summary.samples(both, seed=seed)])]
            kept = both.filter(pl.col("rule").is_null())
            if kept.height:
                place = kinds.language(kept).replace_strict(places, return_dtype=pl.Int64) * len(splits)
                split = pl.col("split").replace_strict(splits, return_dtype=pl.Int64)
                to = kept.select(place + split).to_series().to_numpy().astype(np.int64)
                table = exported(kept, schema)
                np.add.at(sizes, to, row_sizes(table))
                yield table, to

    record = exchange.write(context.storage, path, schema, chunks())
    held = pl.DataFrame({"destination": np.flatnonzero(sizes), "bytes": sizes[sizes > 0]})
    return record_to_json(record), parts[0] if parts else summary.merge_samples([]), held


def release(task: Task, context: Context) -> list[Entry]:
    """Card, Croissant metadata, rejects and the small tables of the report; what no longer belongs is removed."""
    storage, given = context.storage, task.arguments
    holders.claim(storage, "construct/README.md", task.key)

    def of(name: str) -> Iterator[pa.Table]:
        return (storage.read_table(path) for path in given[name])

    counts, sources = merged(summary.merge_counts, of("counts")), merged(summary.merge_counts, of("sources"))
    sizes, largest = _clusters_of(of("clusters"))
    items = evaluation.merged(pl.DataFrame(pl.from_arrow(table)) for table in of("evaluation"))
    benchmarks, places = evaluation.by_benchmark(items, _sought(given["sought"])), evaluation.first_places(items)
    records = [FileRecord(**record) for record in given["records"]]
    held = Release(
        name=given["name"],
        files=sorted(records, key=lambda record: record.path),
        counts=counts,
        sources=sources,
        rules=given["rules"],
        record_rules=given["record_rules"],
        stages=given["stages"],
        thresholds=pl.DataFrame(pl.from_arrow(storage.read_table(given["thresholds"]))),
        names={place: language_name(place) for place in sorted(map(kinds.place_of, records))},
        recipe=given["recipe"],
        version=given["version"],
        content=content.together(content.Digest(*part) for part in given["content"]),
        mixture=mixing.mixed(context, given["mixture"]) if "mixture" in given else None,
        **ordering.of_release(given),
        units=given.get("units"),
        evaluation=benchmarks,
        found=places,
        cuts=merged(merge_cuts, of("cuts")) if "cuts" in given else None,
        made=merged(merge_made, of("made")) if "made" in given else None,
    )
    made = {"README.md": dataset_card(held), "croissant.json": croissant_json(held), "release.json": release_json(held)}
    files = [record_to_json(storage.write_bytes(f"construct/{n}", text.encode("utf-8"))) for n, text in made.items()]
    for number, path in enumerate(given["rejects"]):
        rejects = storage.path(path).read_bytes()
        files.append(record_to_json(storage.write_bytes(f"construct/rejects/{number:05d}.parquet", rejects)))
    written = {f["path"] for f in files} | {f"construct/{r.path}" for r in records} | set(given["listed"])
    holders.keep_only(storage, written)
    small = {
        "counts": counts,
        "samples": merged(summary.merge_samples, of("samples")),
        "histograms": summary.with_edges(merged(summary.merge_histograms, of("histograms"))),
        "clusters": sizes,
        "largest": largest,
        "sources": sources,
        "benchmarks": benchmarks,
        "found": places,
    }
    if held.mixture is not None:
        small["mixture"] = held.mixture.plan
    for name, frame in small.items():
        files.append(write_frame(context, f"selection/{name}-{task.key[:12]}.parquet", frame))
    holders.settle(storage, "construct/README.md", task.key)
    return [entry(task, task.key, files, {"documents": int(counts["documents"].sum()), "files": len(records)})]


def _clusters_of(tables: Iterator[pa.Table]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """How many clusters of each size each language and source has, and the largest clusters."""
    by = ["language", "source", "size"]
    sizes = pl.DataFrame(schema={name: KEPT_CLUSTER[name] for name in by} | {"clusters": pl.UInt32})
    largest = pl.DataFrame(schema=KEPT_CLUSTER)
    while block := list(itertools.islice(tables, TOGETHER)):
        rows = pl.concat([pl.DataFrame(schema=KEPT_CLUSTER), *(pl.DataFrame(pl.from_arrow(t)) for t in block)])
        counted = pl.concat([sizes, rows.group_by(by).len("clusters")])
        sizes = counted.group_by(by).agg(pl.col("clusters").sum()).sort(by)
        largest = pl.concat([largest, rows]).sort("size", "cluster", descending=[True, False]).head(LARGEST)
    return sizes, largest


def _sought(parameters: dict[str, Any] | None) -> pl.DataFrame:
    """How many items of each benchmark the build sought; empty when its recipe seeks none."""
    if parameters is None:
        return pl.DataFrame(schema=evaluation.SOUGHT)
    from weft.deduplicate.contamination import index_for

    return index_for(**{name: value for name, value in parameters.items() if name != "near"}).counts()
