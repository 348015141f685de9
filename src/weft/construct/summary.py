"""What was kept and what was left out, counted per shard and added up: `report/summary.json`, samples, histograms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from weft.construct import sketch
from weft.construct.draw import draw
from weft.construct.kinds import language as place
from weft.construct.kinds import plain
from weft.construct.sketch import Scale
from weft.errors import ShardError

VERSION = 1
KEPT = ""
"""The rule of a kept row in COUNT and SAMPLE tables."""

COUNT: dict[str, type[pl.DataType]] = {
    "language": pl.String,
    "rule": pl.String,
    "documents": pl.Int64,
    "bytes": pl.Int64,
    "tokens": pl.Int64,
}
"""`tokens` are words. Where the build has label.token_count, `model_tokens` stands beside them."""
SAMPLE: dict[str, type[pl.DataType]] = {
    "language": pl.String,
    "rule": pl.String,
    "order": pl.UInt64,
    "id": pl.String,
    "source": pl.String,
    "locator": pl.String,
    "text": pl.String,
}
SOURCE: dict[str, type[pl.DataType]] = {
    "source": pl.String,
    "license": pl.String,
    "basis": pl.String,
    "consent": pl.String,
    "redistribute": pl.Boolean,
    "documents": pl.Int64,
    "bytes": pl.Int64,
    "tokens": pl.Int64,
}
_SAMPLE_CHARS = 600

MEASURES: dict[str, Scale] = {
    "lid.score": Scale(0.05),
    "signals.words": Scale(1.0, "log"),
    "signals.mean_word_length": Scale(0.5),
    "signals.alpha_words": Scale(0.05),
    "signals.line_punct": Scale(0.05),
    "signals.short_line": Scale(0.05),
    "signals.new_line": Scale(0.05),
    "signals.dup_line_frac": Scale(0.05),
    "signals.top_2gram": Scale(0.02),
    "signals.dup_5gram": Scale(0.02),
    "signals.stop_words": Scale(2.0),
    "deduplicate.size": Scale(1.0, "log"),
}
"""Labels of which the report shows the distribution, and the bins that it shows."""


def _bytes(frame: pl.DataFrame) -> pl.Expr:
    if sketch.has(frame, "signals.bytes"):
        return sketch.path("signals.bytes")
    return pl.col("text").str.len_bytes() if "text" in frame.columns else pl.lit(0)


def _tokens(frame: pl.DataFrame) -> pl.Expr:
    return sketch.path("signals.words") if sketch.has(frame, "signals.words") else pl.lit(0)


def amounts(frame: pl.DataFrame) -> list[pl.Expr]:
    """Documents, bytes and words of rows as `count` adds them up."""
    return [
        pl.len().cast(pl.Int64).alias("documents"),
        _bytes(frame).cast(pl.Int64).fill_null(0).sum().alias("bytes"),
        _tokens(frame).cast(pl.Int64).fill_null(0).sum().alias("tokens"),
    ]


def count(frame: pl.DataFrame) -> pl.DataFrame:
    """COUNT of a shard: documents, text bytes and words by language and rule, kept rows under the rule "".

    `frame` has `lid`, `rule` (null: kept) and `signals`, or `text` in its place.
    """
    keys = [place(frame).alias("language"), pl.col("rule").fill_null(KEPT).alias("rule")]
    sums, schema = amounts(frame), dict(COUNT)
    if sketch.has(frame, "token_count.tokens"):
        sums.append(sketch.path("token_count.tokens").fill_null(0).sum().alias("model_tokens"))
        schema["model_tokens"] = pl.Int64
    counted = frame.lazy().group_by(keys).agg(sums).sort("language", "rule").collect()
    return counted.select(list(schema)).cast(schema)  # type: ignore[arg-type]


def count_sources(frame: pl.DataFrame) -> pl.DataFrame:
    """SOURCE of a shard's kept rows: documents, bytes and words by source and what allows its use."""
    keys = ["source", "license", "basis", "consent", "redistribute"]
    counted = frame.lazy().group_by(keys).agg(amounts(frame)).sort(keys).collect()
    return counted.select(list(SOURCE)).cast(SOURCE)  # type: ignore[arg-type]


def merge_counts(tables: Iterable[pl.DataFrame | pa.Table]) -> pl.DataFrame:
    """One COUNT (or SOURCE) table from those of several shards."""
    frames = [_frame(table) for table in tables]
    if not frames:
        return pl.DataFrame(schema=COUNT)
    sums = [name for name in ("documents", "bytes", "tokens", "model_tokens") if name in frames[0].columns]
    keys = [name for name in frames[0].columns if name not in sums]
    return pl.concat(frames).group_by(keys).agg(pl.col(sums).sum()).sort(keys).select(frames[0].columns)


def samples(frame: pl.DataFrame, per_rule: int = 3, seed: int = 0) -> pl.DataFrame:
    """SAMPLE: for each language and rule the rows with the lowest draw of their id, text cut to 600 characters.

    `frame` has `id`, `text`, `source`, `locator`, `lid` and `rule` (null: kept). Merge with `merge_samples`.
    """
    rows = frame.with_columns(pl.Series("order", draw(frame["id"], seed), dtype=pl.UInt64)).lazy()
    rows = rows.with_columns(place(frame).alias("language"), pl.col("rule").fill_null(KEPT))
    rows = rows.filter(pl.col("order").rank("ordinal").over("language", "rule") <= per_rule)
    cut = pl.col("text").fill_null("").str.slice(0, _SAMPLE_CHARS).cast(pl.String)
    return rows.with_columns(cut).select(list(SAMPLE)).sort("language", "rule", "order", "id").collect()


def merge_samples(tables: Iterable[pl.DataFrame | pa.Table], per_rule: int = 3) -> pl.DataFrame:
    """One SAMPLE table: again the lowest draws of each language and rule."""
    frames = [_frame(table) for table in tables]
    if not frames:
        return pl.DataFrame(schema=SAMPLE)
    rows = pl.concat(frames).sort("language", "rule", "order", "id")
    return rows.filter(pl.int_range(pl.len()).over("language", "rule") < per_rule)


def histograms(frame: pl.DataFrame) -> pl.DataFrame:
    """language, measure, bin, count of the labels in MEASURES. Merge with `merge_histograms`."""
    known = frame.filter(sketch.path("lid.language").is_not_null() & plain(frame))
    return sketch.sketch(known, MEASURES)


def merge_histograms(tables: Iterable[pl.DataFrame | pa.Table]) -> pl.DataFrame:
    """One histogram table, by adding counts."""
    return sketch.merge([_frame(table) for table in tables])


def with_edges(histogram: pl.DataFrame) -> pl.DataFrame:
    """The histogram plus `low` and `high`, the edges of each bin, for drawing."""
    low, high = pl.lit(None, pl.Float64), pl.lit(None, pl.Float64)
    for name, scale in MEASURES.items():
        mine = pl.col("measure") == name
        low = pl.when(mine).then(scale.edge(pl.col("bin"))).otherwise(low)
        high = pl.when(mine).then(scale.edge(pl.col("bin") + 1)).otherwise(high)
    return histogram.with_columns(low.alias("low"), high.alias("high"))


@dataclass(frozen=True)
class Stage:
    """What one stage did, as `report/summary.json` states it."""

    stage: str
    rows_in: int
    rows_out: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    errors: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """The stage's object. Raises ConservationError when rows are unaccounted for."""
        rejected = {name: self.rejected[name] for name in sorted(self.rejected) if self.rejected[name]}
        if self.rows_in != self.rows_out + sum(rejected.values()) + self.errors:
            raise ConservationError(
                f"stage {self.stage}: {self.rows_in} rows in, but {self.rows_out} out, "
                f"{sum(rejected.values())} rejected and {self.errors} in error"
            )
        return {
            "stage": self.stage,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "rejected": rejected,
            "errors": self.errors,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "bytes": self.bytes,
        }


class ConservationError(ShardError):
    """Rows in are not rows out plus rejects plus errors."""


def summary(stages: Sequence[Mapping[str, Any]], counts: pl.DataFrame) -> dict[str, Any]:
    """The object of `report/summary.json` from the objects of the stages and the merged COUNT table."""
    return {"version": VERSION, "stages": list(stages), "languages": languages(counts)}


def languages(counts: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """`languages` of `report/summary.json`: bytes and tokens are those of the kept documents.

    `model_tokens` is there where the build has label.token_count.
    """
    found: dict[str, dict[str, Any]] = {}
    more = [name for name in ("model_tokens",) if name in counts.columns]
    rows = counts.select(*COUNT, *more).sort("language", "rule").iter_rows()
    for language, rule, documents, size, tokens, *others in rows:
        entry = found.setdefault(language, {"documents": 0, "bytes": 0, "tokens": 0, "kept": 0, "rejected": {}})
        entry["documents"] += documents
        if rule == KEPT:
            entry["kept"], entry["bytes"], entry["tokens"] = documents, size, tokens
            entry |= dict(zip(more, others, strict=True))
        else:
            entry["rejected"][rule] = documents
    return found


def alarms(counts: pl.DataFrame, above: float = 0.4, least: int = 20) -> pl.DataFrame:
    """Languages of which rules removed more than `above`: language, documents, removed (share), rule, rule_share.

    Duplicates and what may not be used are left out of the count, as no threshold can mend them; what a mixture does
    not draw has passed every rule, and counts as kept.
    """
    judged = counts.filter(~pl.col("rule").is_in(["duplicate", "not_allowed"])).with_columns(
        pl.col("rule").replace("not_drawn", KEPT)
    )
    documents = pl.col("documents")
    rejected = pl.col("rule") != KEPT
    removed = documents.filter(rejected).sum()
    table = (
        judged.sort("language", "rule")
        .group_by("language", maintain_order=True)
        .agg(
            documents.sum().alias("documents"),
            (removed / documents.sum()).alias("removed"),
            pl.col("rule")
            .filter(rejected)
            .sort_by(documents.filter(rejected), descending=True, maintain_order=True)
            .first()
            .alias("rule"),
            (documents.filter(rejected).max() / documents.sum()).alias("rule_share"),
        )
    )
    flagged = (pl.col("removed") > above) & (pl.col("documents") >= least)
    return table.filter(flagged & ~pl.col("language").str.starts_with("und"))


def _frame(table: pl.DataFrame | pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table) if isinstance(table, pa.Table) else table
    assert isinstance(frame, pl.DataFrame)
    return frame
