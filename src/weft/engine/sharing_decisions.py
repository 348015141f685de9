"""What holders decide together: thresholds over all documents, which pass the rules, who keeps what several have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.construct.draw import draw
from weft.construct.kinds import plain
from weft.construct.thresholds import apply as with_thresholds
from weft.engine.apply import ready
from weft.engine.sharing import DOCUMENTS, LABELS
from weft.engine.sharing_clusters import Found, Shares
from weft.engine.sharing_parameters import learns, rules_of
from weft.engine.storage import Storage
from weft.engine.tasks.selection import first_rule
from weft.engine.work import Call, Context, rooms_registry

OPERATOR = "construct.thresholds"
_STANDING = {"priority": True, "consented": True, "chars": True}


def names_of(shares: Shares, found: Found) -> pl.DataFrame:
    """`root`, `cluster`, `holders` of the clusters with documents of several holders.

    The name is made of what all holders know and no decision changes, and looks like an id: splits are drawn by it.
    """
    held = [
        np.unique(found.root[first:last]) for first, last in zip(shares.offsets[:-1], shares.offsets[1:], strict=True)
    ]
    every = pl.DataFrame({"root": np.concatenate(held).astype(np.int64)})
    several = every.group_by("root").len("holders").filter(pl.col("holders") > 1).sort("root")
    root = several["root"].to_numpy()
    holder = np.searchsorted(shares.offsets, root, side="right") - 1
    names = [
        hashlib.sha256(f"{shares.held[h].holder} {shares.held[h].inputs} {n}".encode()).hexdigest()[:32]
        for h, n in zip(holder.tolist(), (root - shares.offsets[holder]).tolist(), strict=True)
    ]
    return several.with_columns(pl.Series("cluster", names, dtype=pl.String), pl.col("holders").cast(pl.Int32))


def _rows(folder: Path, first: int, found: Found, *, labels: bool) -> Iterator[pl.DataFrame]:
    """Row groups of a share's documents with labels, and `deduplicate` as over all holders."""
    from weft.deduplicate.clusters import KINDS

    start = first
    with pq.ParquetFile(folder / DOCUMENTS) as documents:
        beside = pq.ParquetFile(folder / LABELS) if labels else None
        for group in range(documents.num_row_groups):
            tables = [documents.read_row_group(group)]
            if beside is not None:
                held = beside.read_row_group(group)
                tables.append(held.select([n for n in held.column_names if n not in tables[0].column_names]))
            frame = pl.concat([pl.DataFrame(pl.from_arrow(table)) for table in tables], how="horizontal")
            number = np.arange(start, start + frame.height)
            start += frame.height
            ids = pl.Series("id", number).cast(pl.String)
            cluster = pl.Series("cluster", found.root[number].astype(np.int64)).cast(pl.String)
            size = pl.Series("size", found.size[number], dtype=pl.Int32)
            kind = pl.Series("kind", np.array(KINDS, dtype=object)[found.kind[number]].tolist(), dtype=pl.String)
            told = pl.DataFrame([cluster, size, kind]).to_struct("deduplicate")
            yield frame.with_columns(ids, told, pl.Series("number", number - first))
        if beside is not None:
            beside.close()


def thresholds(shares: Shares, found: Found) -> pa.Table:
    """Thresholds over all documents, of each cluster its first one."""
    parameters = shares.held[0].parameters
    given = {n: parameters[f"{OPERATOR}.{n}"] for n in rooms_registry().defaults(OPERATOR)}
    context = Context(Storage(shares.folders[0]), rooms_registry())
    fold = ready([Call(OPERATOR, given)], context)[0].function
    parts = []
    for folder, first in zip(shares.folders, shares.offsets[:-1].tolist(), strict=True):
        for frame in _rows(folder, first, found, labels=True):
            parts.append(fold.partial(_arrow(frame.filter(plain(frame)))))
    return fold.finish(fold.merge(parts))


def decided(shares: Shares, found: Found, table: pa.Table | None, *, again: bool) -> list[pl.Series]:
    """The first rule that each document fails, by holder: tried `again` over all, else as each holder had decided."""
    parameters = shares.held[0].parameters
    made = []
    for folder, first in zip(shares.folders, shares.offsets[:-1].tolist(), strict=True):
        parts = [pl.Series("rule", [], dtype=pl.String)]
        for frame in _rows(folder, first, found, labels=again):
            if not again:
                parts.append(frame["rule"])
                continue
            judged = frame if table is None else with_thresholds(frame, table)
            records = parameters.get("construct.rules.of_records")
            only = bool(parameters["construct.redistributable_only"])
            parts.append(first_rule(judged, rules_of(parameters), records, only))
        made.append(pl.concat(parts))
    return made


def elected(
    shares: Shares, found: Found, named: pl.DataFrame, rules: list[pl.Series], prefer: Mapping[str, int]
) -> pl.DataFrame:
    """Every document of a cluster of several holders and who keeps its copy: `number` among all, `cluster`, `size`,
    `holders`, `kind`, and `keeper`, the number of the one that stays, null where none passes.

    In turn decide: the preference of the holder, the priority of the source, consent, length, a draw of cluster and
    holder, so that of equal copies no holder has all, and the place in the share. One of each form stays.
    """
    from weft.deduplicate.clusters import KINDS

    parts = []
    for holder, (folder, first) in enumerate(zip(shares.folders, shares.offsets[:-1].tolist(), strict=True)):
        columns = ["form", *_STANDING]
        frame = pl.read_parquet(folder / DOCUMENTS, columns=columns)
        number = np.arange(first, first + frame.height)
        root = pl.Series("root", found.root[number].astype(np.int64))
        size = pl.Series("size", found.size[number], dtype=pl.Int32)
        kind = pl.Series("kind", found.kind[number], dtype=pl.Int8)
        more = pl.DataFrame([root, size, kind, pl.Series("number", number), rules[holder].alias("rule")])
        name = shares.held[holder].holder
        told = (pl.lit(name).alias("holder"), pl.lit(prefer.get(name, 0), pl.Int64).alias("preferred"))
        parts.append(pl.concat([frame, more], how="horizontal").join(named, on="root").with_columns(*told))
    every = pl.concat(parts)
    key = every.select(pl.concat_str("cluster", pl.lit(" "), "holder"))["cluster"]
    every = every.with_columns(pl.Series("draw", draw(_digests(key)), dtype=pl.UInt64))
    by = ["preferred", *_STANDING, "draw", "number"]
    passing = every.filter(pl.col("rule").is_null()).sort(
        "cluster", "form", *by, descending=[False, False, True, *_STANDING.values(), False, False]
    )
    first_of = passing.unique(["cluster", "form"], keep="first", maintain_order=True)
    first_of = first_of.select("cluster", "form", pl.col("number").alias("keeper"))
    kinds = dict(enumerate(KINDS))
    named_kind = pl.col("kind").replace_strict(kinds, return_dtype=pl.String)
    return (
        every.join(first_of, on=["cluster", "form"], how="left")
        .sort("number")
        .select("number", "cluster", "size", "holders", named_kind, "keeper")
    )


def _digests(names: pl.Series) -> pl.Series:
    """One SHA-256 for each cluster and holder."""
    known = names.unique().to_list()
    told = {name: hashlib.sha256(name.encode("utf-8")).hexdigest() for name in known}
    return names.replace_strict(told, return_dtype=pl.String)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def again(shares: Shares) -> bool:
    """Whether rules are tried again: all shares have labels."""
    return all("labels" in share.parts for share in shares.held)


def learnt(shares: Shares) -> bool:
    """Whether thresholds are learnt over all shares."""
    return again(shares) and learns(shares.held[0].parameters)
