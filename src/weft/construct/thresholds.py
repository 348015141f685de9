"""Per-language thresholds learned from the labels, shrunk towards the script's and then the English bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import polars as pl
import pyarrow as pa
from pydantic import AfterValidator, Field

from weft.construct import sketch
from weft.construct.bounds import BOUNDS, Bound, Method
from weft.errors import WeftError, nearest
from weft.operators.contract import Fold, operator

_LID_LOW, _LID_HIGH = 0.3, 0.9
_ENGLISH = "english"
_FEW = 20
"""Below this many documents a language does not switch a signal off."""

_GROUP = ["language", "measure"]
WRITES: dict[str, pa.DataType] = {
    "language": pa.string(),
    "script": pa.string(),
    "n": pa.int64(),
    **{bound.name: pa.float64() for bound in BOUNDS},
    "method": pa.struct([(bound.name, pa.string()) for bound in BOUNDS]),
    "source": pa.struct([(bound.name, pa.string()) for bound in BOUNDS]),
}
"""One row per language: each threshold, how it was computed, and whether data, script or English decided."""


def _threshold_name(name: str) -> str:
    names = [bound.name for bound in BOUNDS]
    if name not in names:
        raise ValueError(f"there is no threshold {name!r}; expected one of {', '.join(names)}{nearest(name, names)}")
    return name


ThresholdName = Annotated[str, AfterValidator(_threshold_name)]


@operator("construct.thresholds", version=1, reads=("lid", "signals"), writes=WRITES, kind="fold", rows="make")
def thresholds(
    *,
    methods: dict[ThresholdName, Method] | None = None,
    bounds: dict[ThresholdName, float] | None = None,
    tail: Annotated[float, Field(gt=0, lt=0.5)] = 0.1,
    shrink: Annotated[float, Field(ge=0)] = 500,
    clamp: tuple[float, float] = (0.5, 2.0),
) -> Fold:
    """A table of thresholds per language. `methods` and `bounds` replace single defaults by threshold name.

    `shrink` is how many documents weigh as much as the bound backed off to. If the batch also has `id` and
    `deduplicate`, only the first document of each cluster counts. Source: FineWeb-2 (arXiv 2506.20920), with
    shrinkage, clamps and no threshold that is off without saying so.
    """
    chosen = _chosen(methods or {}, bounds or {})
    if not 0 < clamp[0] <= 1 <= clamp[1]:
        raise WeftError(f"construct.thresholds: clamp is {list(clamp)}; expected low <= 1 <= high, such as [0.5, 2]")
    return _Thresholds(chosen, Options(tail, shrink, clamp))


@dataclass(frozen=True)
class Options:
    """Parameters of `construct.thresholds` that hold for every signal."""

    tail: float
    shrink: float
    clamp: tuple[float, float]


def _chosen(methods: Mapping[str, Method], starts: Mapping[str, float]) -> tuple[Bound, ...]:
    for name in (*methods, *starts):
        try:
            _threshold_name(name)
        except ValueError as error:  # a recipe was checked already; a caller from Python was not
            raise WeftError(f"construct.thresholds: {error}") from None
    chosen = []
    for bound in BOUNDS:
        if bound.name in starts:
            bound = replace(bound, start=starts[bound.name], scripts={})
        if bound.name in methods:
            bound = replace(bound, method=methods[bound.name])
        if bound.method in ("mean_std", "median_mad") and bound.reference is None:
            raise WeftError(
                f"construct.thresholds: {bound.method} needs English figures for {bound.name}; use percentile"
            )
        chosen.append(bound)
    return tuple(chosen)


class _Thresholds:
    """The fold: partials are sketches, which merge by addition."""

    def __init__(self, bounds: tuple[Bound, ...], options: Options) -> None:
        self.bounds = bounds
        self.options = options
        self.measures = {bound.measure: bound.scale for bound in bounds}

    def partial(self, batch: pa.Table) -> pa.Table:
        frame = _frame(batch)
        if "id" in frame.columns and sketch.has(frame, "deduplicate.cluster"):
            cluster = sketch.path("deduplicate.cluster")
            frame = frame.filter(cluster.is_null() | (cluster == pl.col("id")))
        return sketch.sketch(frame, self.measures).to_arrow(compat_level=pl.CompatLevel.oldest())

    def merge(self, partials: list[pa.Table]) -> pa.Table:
        merged = sketch.merge([_frame(part) for part in partials])
        return merged.to_arrow(compat_level=pl.CompatLevel.oldest())

    def finish(self, state: pa.Table) -> pa.Table:
        counts = _frame(state)
        languages = _languages(counts)
        scripts = _by_script(counts)
        columns: dict[str, pl.Series] = {}
        for bound in self.bounds:
            columns[bound.name], columns[f"{bound.name}:source"] = _decide(
                bound, counts, scripts, languages, self.options
            )
        frame = languages.with_columns(**columns)
        method = pl.struct([pl.lit(bound.method).alias(bound.name) for bound in self.bounds]).alias("method")
        source = pl.struct([pl.col(f"{bound.name}:source").alias(bound.name) for bound in self.bounds]).alias("source")
        return (
            frame.with_columns(method, source)
            .select(list(WRITES))
            .to_arrow(compat_level=pl.CompatLevel.oldest())
            .cast(pa.schema(list(WRITES.items())))
        )


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _languages(counts: pl.DataFrame) -> pl.DataFrame:
    """Every language seen, its script, and its documents: the most that any one measure counted."""
    each = counts.group_by(_GROUP).agg(pl.col("count").sum())
    rows = each.group_by("language").agg(pl.col("count").max().alias("n")).sort("language")
    script = pl.col("language").str.split("_").list.last().alias("script")
    return rows.select("language", script, pl.col("n").cast(pl.Int64))


def _by_script(counts: pl.DataFrame) -> pl.DataFrame:
    """The same sketch with scripts in the place of languages; what no language was found for is left out."""
    named = counts.filter(~pl.col("language").str.starts_with("und"))
    moved = named.with_columns(pl.col("language").str.split("_").list.last())
    return sketch.merge([moved])


def _learned(bound: Bound, counts: pl.DataFrame, options: Options) -> pl.DataFrame:
    """language, n, value: the threshold as the data alone would have it."""
    own = counts.filter(pl.col("measure") == bound.measure)
    edge = bound.scale.edge
    summary = sketch.moments(own, ["language"])
    half = pl.lit(0.5)
    if bound.method == "percentile":
        share = options.tail if bound.side == "min" else 1 - options.tail
        found = sketch.quantile(own, ["language"], share)
        at = edge(pl.col("bin") if bound.side == "min" else pl.col("bin") + 1)
        return summary.join(found, on="language").select("language", "n", at.alias("value"))
    if bound.method == "confidence":
        found = summary.join(sketch.quantile(own, ["language"], 0.5), on="language")
        low = edge(pl.col("bin") + half) - pl.col("spread") * bound.scale.width
        return found.select("language", "n", low.clip(_LID_LOW, _LID_HIGH).alias("value"))
    if bound.method == "same_length":
        return _same_length(bound, counts, summary)
    if bound.reference is None:
        return summary.select("language", "n", pl.lit(bound.start).alias("value"))
    mean, spread = bound.reference
    z = (bound.start - mean) / spread
    if bound.method == "mean_std":
        at = edge(pl.col("mean") + half) + z * bound.scale.width * pl.col("spread")
        return summary.select("language", "n", at.alias("value"))
    found = summary.join(sketch.median_deviation(own, ["language"]), on="language")
    # A signal that is 0 for most documents has no median deviation: its standard deviation stands in.
    wide = pl.when(pl.col("deviation") > 0).then(pl.col("deviation") * 1.4826).otherwise(pl.col("spread"))
    at = edge(pl.col("median") + half) + z * bound.scale.width * wide
    return found.select("language", "n", at.alias("value"))


def _same_length(bound: Bound, counts: pl.DataFrame, summary: pl.DataFrame) -> pl.DataFrame:
    """Fewer words for a language of long words: as many letters as the start has in English, never more words."""
    by_length = next(b for b in BOUNDS if b.name == "mean_word_length_min")
    assert by_length.reference is not None
    lengths = counts.filter(pl.col("measure") == by_length.measure)
    found = summary.join(sketch.quantile(lengths, ["language"], 0.5), on="language", how="left")
    share = (by_length.reference[0] / by_length.scale.edge(pl.col("bin") + 0.5)).clip(upper_bound=1.0).fill_null(1.0)
    return found.select("language", "n", (share * bound.start).alias("value"))


def _decide(
    bound: Bound, counts: pl.DataFrame, scripts: pl.DataFrame, languages: pl.DataFrame, options: Options
) -> tuple[pl.Series, pl.Series]:
    """Threshold and its source for every language, in the order of `languages`."""
    start = pl.col("script").replace_strict(bound.scripts, default=bound.start, return_dtype=pl.Float64)
    frame = languages.select("language", "script", start.alias("start"))
    if bound.method == "english":
        return frame["start"].rename(bound.name), pl.Series([_ENGLISH] * frame.height, dtype=pl.String)
    own = _learned(bound, counts, options)
    pooled = _learned(bound, scripts if bound.by_script else scripts.clear(), options).select(
        pl.col("language").alias("script"), pl.col("n").alias("script_n"), pl.col("value").alias("script_value")
    )
    frame = frame.join(own, on="language", how="left", maintain_order="left")
    frame = frame.join(pooled, on="script", how="left", maintain_order="left")
    k = options.shrink
    frame = frame.with_columns(_mix("script_n", "script_value", pl.col("start"), k).alias("backed_off"))
    frame = frame.with_columns(_mix("n", "value", pl.col("backed_off"), k).alias("mixed"))
    low, high = _limits(bound, options)
    frame = frame.with_columns(pl.col("mixed").clip(low, high).alias("limited"))
    frame = frame.with_columns(_source(bound, k).alias("source"))
    if bound.form:
        beyond = _beyond(bound, frame.select("language", "limited"), counts)
        frame = frame.join(beyond, on="language", how="left", maintain_order="left")
        misfit = (pl.col("beyond") > bound.misfit) & (pl.col("n") >= _FEW)
        frame = frame.with_columns(
            pl.when(misfit).then(bound.off).otherwise(pl.col("limited")).alias("limited"),
            pl.when(misfit).then(pl.lit("off")).otherwise(pl.col("source")).alias("source"),
        )
    return frame["limited"], frame["source"]


def _mix(n: str, value: str, fallback: pl.Expr, k: float) -> pl.Expr:
    """t = (n·t_L + k·t_family) / (n + k), or the fallback where nothing was counted."""
    mixed = (pl.col(n) * pl.col(value) + k * fallback) / (pl.col(n) + k)
    return pl.when(pl.col(n) > 0).then(mixed).otherwise(fallback)


def _limits(bound: Bound, options: Options) -> tuple[pl.Expr, pl.Expr]:
    if bound.name == "lid":
        return pl.lit(_LID_LOW), pl.lit(_LID_HIGH)
    start = pl.col("start")
    low, high = start * options.clamp[0], start * options.clamp[1]
    if bound.tighten:
        return low, high
    return (low, start) if bound.side == "min" else (start, high)


def _source(bound: Bound, k: float) -> pl.Expr:
    """Who decided: `language` or `script` data where they outweigh the start, else `english`; and any clamp."""
    base = (
        pl.when(pl.col("n") >= max(k, 1))
        .then(pl.lit("language"))
        .when(pl.col("script_n") >= max(k, 1))
        .then(pl.lit("script"))
        .otherwise(pl.lit(_ENGLISH))
    )
    moved = (pl.col("mixed") - pl.col("limited")).abs() > 1e-9
    at_start = (pl.col("limited") - pl.col("start")).abs() < 1e-9
    return pl.when(moved & at_start).then(pl.lit(_ENGLISH)).when(moved).then(base + pl.lit(", clamped")).otherwise(base)


def _beyond(bound: Bound, limits: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """Share of each language's documents that the threshold would reject."""
    own = counts.filter(pl.col("measure") == bound.measure).join(limits, on="language")
    place = bound.scale.edge(pl.col("bin"))
    rejected = place < pl.col("limited") if bound.side == "min" else place > pl.col("limited")
    share = pl.col("count").filter(rejected).sum() / pl.col("count").sum()
    return own.group_by("language").agg(share.alias("beyond"))


def apply(frame: pl.DataFrame, thresholds: pl.DataFrame | pa.Table) -> pl.DataFrame:
    """The same rows plus the struct column `threshold` of each row's language; null where no language is known."""
    table = _frame(thresholds) if isinstance(thresholds, pa.Table) else thresholds
    fields = pl.struct([pl.col(bound.name) for bound in BOUNDS]).alias("threshold")
    by_language = table.select(pl.col("language").alias("threshold:language"), fields)
    if "threshold" in frame.columns:
        frame = frame.drop("threshold")
    keyed = frame.with_columns(sketch.path("lid.language").alias("threshold:language"))
    joined = keyed.join(by_language, on="threshold:language", how="left", maintain_order="left", validate="m:1")
    return joined.drop("threshold:language")


THRESHOLD_TYPE: pa.DataType = pa.struct([(bound.name, pa.float64()) for bound in BOUNDS])
"""Type of the column that `apply` adds, for `Rules.check`."""
