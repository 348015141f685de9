"""One document of several in different languages that say the same: which belong together, and their text in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import polars as pl
import pyarrow as pa

from weft.errors import ShardError

Method = Literal["paragraphs", "documents"]
METHODS = get_args(Method)
SEVERAL = "mul_Zyyy"
"""Code of what is in several languages (ISO 639-3 `mul`)."""
BETWEEN = "\n\n"
"""What stands between two parts."""
_BLOCK = r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*"
_LINE = r"[^\n]*\S[^\n]*"

INDEX: dict[str, type[pl.DataType]] = {
    "row": pl.Int64,
    "id": pl.String,
    "group": pl.String,
    "language": pl.String,
    "copy": pl.Int32,
    "bytes": pl.Int64,
}
"""A document that is in a group, once for each time that it is read; `row` numbers documents in corpus order."""

MEMBER = pa.struct(
    {
        "id": pa.string(),
        "language": pa.string(),
        "license": pa.string(),
        "redistribute": pa.bool_(),
        "consent": pa.string(),
        "basis": pa.string(),
        "source": pa.string(),
        "locator": pa.string(),
    }
)
INTERLEAVED = pa.schema(
    [
        ("id", pa.string()),
        ("copy", pa.int32()),
        ("text", pa.large_string()),
        ("language", pa.string()),
        ("languages", pa.list_(pa.string())),
        ("group_id", pa.string()),
        ("license", pa.string()),
        ("redistribute", pa.bool_()),
        ("split", pa.string()),
        ("method", pa.string()),
        ("members", pa.list_(MEMBER)),
        ("spans", pa.list_(pa.struct({"member": pa.int32(), "begin": pa.int64(), "end": pa.int64()}))),
    ]
)
"""An interleaved document. `members` are the documents that it is made of, in the order in which they take turns;
`spans` the parts in the order of the text: number of the member from 0, first and last (exclusive) character; `method`
is `paragraphs`, `lines` or `documents`; `license` all licences joined by AND, `unknown` where one is; `redistribute` is
true where it is for all, false where it is for one."""


@dataclass(frozen=True)
class Turns:
    """How members take turns: `languages` that come first in this order, others as `seed` draws, `most` at a time."""

    method: Method = "paragraphs"
    languages: tuple[str, ...] = ()
    most: int | None = None
    seed: int = 1


def units(index: pl.DataFrame, turns: Turns) -> pl.DataFrame:
    """Rows of INDEX with `unit` and `place` in it, by both; documents that have no other to go with are left out.

    A unit holds at most one document of a language: a second of the same group goes with the second ones of the other
    languages. Units come by copy, then by their first row, so that the times that a group is read lie an epoch apart.
    """
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    of = ["group", "copy", "round"]
    rows = index.sort("row").with_columns(pl.int_range(pl.len()).over("group", "copy", "language").alias("round"))
    named = rows.select(pl.format("{}\n{}\n{}\n{}", pl.lit(turns.seed), "copy", "language", "group")).to_series()
    drawn = pl.Series("drawn", plain_hashes(string_buffers(named.to_arrow())), dtype=pl.UInt64)
    stated = {code: number for number, code in enumerate(turns.languages)}
    first = pl.col("language").replace_strict(stated, default=len(stated), return_dtype=pl.Int64)
    rows = rows.with_columns(drawn, first.alias("stated")).sort(*of, "stated", "drawn", "row")
    place, size = pl.int_range(pl.len()).over(of), pl.len().over(of).cast(pl.Int64)
    parts = (size + ((turns.most or (1 << 40)) - 1)) // (turns.most or (1 << 40))
    rows = rows.with_columns((place * parts // size).alias("part"))
    of.append("part")
    rows = rows.with_columns(pl.len().over(of).alias("size"), pl.col("row").min().over(of).alias("first"))
    rows = rows.filter(pl.col("size") > 1)
    rows = rows.with_columns(pl.struct("copy", "first").rank("dense").cast(pl.Int64).alias("unit") - 1)
    rows = rows.with_columns(pl.int_range(pl.len()).over("unit").cast(pl.Int32).alias("place"))
    return rows.select([*INDEX, "unit", "place"]).sort("unit", "place")


def assembled(rows: pl.DataFrame, method: Method) -> pa.Table:
    """INTERLEAVED of whole units: rows with `unit`, `place`, `copy`, `group`, `text` and the columns of MEMBER.

    With `paragraphs`, paragraphs (runs of lines without a blank one) take turns where all members have the same number,
    lines where each member is one paragraph and they have the same number of lines; else whole documents do. Raises
    ShardError where a part would be lost.
    """
    rows = rows.sort("unit", "place")
    held = _parts(rows, method)
    length = pl.col("part").str.len_chars().cast(pl.Int64)
    end = (length + len(BETWEEN)).cum_sum().over("unit") - len(BETWEEN)
    held = held.with_columns(end.alias("end")).with_columns((pl.col("end") - length).alias("begin"))
    span = pl.struct(pl.col("place").alias("member"), "begin", "end")
    texts = held.group_by("unit", maintain_order=True).agg(
        pl.col("part").str.join(BETWEEN).alias("text"), span.alias("spans"), pl.col("method").first()
    )
    license = pl.col("license").fill_null("unknown")
    either = pl.when(license.str.contains(" OR ")).then(pl.format("({})", license)).otherwise(license)
    joined = pl.when((license == "unknown").any()).then(pl.lit("unknown"))
    may = pl.col("redistribute")
    members = rows.group_by("unit", maintain_order=True).agg(
        pl.col("copy").first(),
        pl.col("group").first().alias("group_id"),
        pl.col("language").alias("languages"),
        joined.otherwise(either.unique().sort().str.join(" AND ")).alias("license"),
        (may.all(ignore_nulls=False)).alias("redistribute"),
        pl.struct([field.name for field in MEMBER]).alias("members"),
        pl.col("text").str.count_matches(r"\S").sum().alias("marks"),
    )
    made = members.join(texts, on="unit", how="left", maintain_order="left", validate="1:1")
    wrong = made.filter(pl.col("text").str.count_matches(r"\S") != pl.col("marks"))
    if made["text"].null_count() or wrong.height:
        raise ShardError(f"interleave: {wrong.height} documents do not hold their members' text")
    made = made.with_columns(_ids(made), pl.lit(SEVERAL).alias("language"), pl.lit("train").alias("split"))
    return made.select(INTERLEAVED.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(INTERLEAVED)


def _parts(rows: pl.DataFrame, method: Method) -> pl.DataFrame:
    """`unit`, `place`, `method`, `part` in the order of the interleaved texts."""
    if method == "documents":
        return rows.select("unit", "place", pl.lit("documents").alias("method"), pl.col("text").alias("part"))
    rows = rows.with_columns(
        pl.col("text").str.extract_all(_BLOCK).alias("blocks"), pl.col("text").str.extract_all(_LINE).alias("lines")
    )
    blocks, lines = pl.col("blocks").list.len(), pl.col("lines").list.len()
    most, least = blocks.max().over("unit"), blocks.min().over("unit")
    same_lines = (lines.max().over("unit") == lines.min().over("unit")) & (lines > 1)
    how = (
        pl.when((most == least) & (most > 1))
        .then(pl.lit("paragraphs"))
        .when((most == 1) & (least == 1) & same_lines)
        .then(pl.lit("lines"))
        .otherwise(pl.lit("documents"))
    )
    rows = rows.with_columns(how.alias("method"))
    whole = pl.concat_list("text")
    parts = (
        pl.when(pl.col("method") == "paragraphs")
        .then("blocks")
        .when(pl.col("method") == "lines")
        .then("lines")
        .otherwise(whole)
    )
    held = rows.select("unit", "place", "method", parts.alias("part"))
    held = held.with_columns(pl.int_ranges(pl.col("part").list.len()).alias("turn")).explode("part", "turn")
    return held.sort("unit", "turn", "place").drop("turn")


def _ids(made: pl.DataFrame) -> pl.Series:
    """32 hex digits of each document's method and members: two 64-bit hashes."""
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    members = made["members"].list.eval(pl.element().struct.field("id").fill_null("")).list.join("\n")
    named = made.select("method").with_columns(members.alias("ids"))
    seeded = [named.select(pl.format("{}\n{}\n{}", pl.lit(n), "method", "ids")).to_series() for n in (1, 2)]
    halves = [plain_hashes(string_buffers(one.to_arrow())) for one in seeded]
    content = np.stack(halves, axis=1).astype(">u8").tobytes()
    held = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), made.height, [None, pa.py_buffer(content)])
    return pl.Series("id", pl.from_arrow(held.cast(pa.binary()))).bin.encode("hex")
