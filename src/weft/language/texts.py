"""Labelled texts as one table, split by a rule that depends on nothing but their names."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import polars as pl
import pyarrow.compute as pc

from weft.errors import WeftError, nearest
from weft.language.recipe import HoldOut, Source, TrainingRecipe

COLUMNS = {
    "source": pl.String, "group": pl.String, "language": pl.String, "text": pl.String, "weight": pl.Float64,
    "split": pl.String,
}  # fmt: skip
"""One row per text; `split` is train, dev or test."""


def read_texts(recipe: TrainingRecipe, data: Path) -> pl.DataFrame:
    """All texts of a recipe in NFC, in the order of its sources and their files; columns as COLUMNS.

    Raises WeftError for a file that is not there, cannot be read, or lacks a column.
    """
    parts = [_split(_read(source, data), source, recipe.hold_out) for source in recipe.sources]
    return pl.concat(part.select(list(COLUMNS)) for part in parts).cast(COLUMNS)  # type: ignore[arg-type]


def _read(source: Source, data: Path) -> pl.DataFrame:
    table = _table(source, data / source.path)
    if len(source.language) not in (1, len(source.text)):
        raise WeftError(f"source {source.name}: {len(source.language)} language columns for {len(source.text)} of text")
    languages = source.language * (len(source.text) // len(source.language))
    for column in (*source.text, *languages, *([source.group] if source.group else [])):
        if column not in table.columns:
            raise WeftError(
                f"{data / source.path}: no column {column!r}; it has {', '.join(table.columns)}"
                f"{nearest(column, table.columns)}"
            )
    parts = []
    for text, language in zip(source.text, languages, strict=True):
        group = pl.col(source.group).cast(pl.String) if source.group else pl.lit(None, pl.String)
        part = table.select(
            pl.col(text).alias("text"), pl.col(language).cast(pl.String).alias("language"), group.alias("group")
        )
        parts.append(part.explode("text") if isinstance(part.schema["text"], pl.List) else part)
    rows = pl.concat(parts).filter(
        pl.col("text").str.strip_chars().str.len_chars() > 0, pl.col("language").is_not_null()
    )
    if source.words:
        rows = rows.filter((pl.col("text").str.count_matches(" ") + 1).is_between(*source.words))
    if source.cut:
        rows = rows.with_columns(pl.col("text").str.slice(0, source.cut))
    nfc = pl.Series("text", pc.utf8_normalize(rows["text"].to_arrow(), "NFC"))
    return rows.with_columns(nfc, pl.col("group").fill_null(pl.col("text")))


def _table(source: Source, file: Path) -> pl.DataFrame:
    try:
        content = file.read_bytes()
        if file.suffix == ".gz":
            content = gzip.decompress(content)
        kind = file.name.removesuffix(".gz").rpartition(".")[2]
        if kind == "tsv":
            return pl.read_csv(content, separator="\t", quote_char=None, infer_schema=False)
        if kind == "jsonl":
            wanted = {*source.text, *source.language, *([source.group] if source.group else [])}
            table = pl.read_ndjson(content, infer_schema_length=None)
            return table.select(name for name in table.columns if name in wanted)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: source {source.name}: {str(error).splitlines()[0]}") from None
    raise WeftError(f"{file}: expected a file named .tsv, .tsv.gz, .jsonl or .jsonl.gz")


def _split(rows: pl.DataFrame, source: Source, share: HoldOut) -> pl.DataFrame:
    """A group's part is told by the hash of its source's name and its own: other sources and rows do not matter."""
    groups = rows.select("group").unique(maintain_order=True)
    named = groups.with_columns(
        pl.Series("split", [_part(group, source, share) for group in groups["group"]], pl.String)
    )
    joined = rows.join(named, on="group", how="left", maintain_order="left")
    joined = joined.with_columns(pl.lit(source.name).alias("source"), pl.lit(source.weight).alias("weight"))
    if source.most is None:
        return joined
    # The same texts whatever the order of the file: those of the lowest hash.
    order = [place_of("", text) for text in joined["text"]]
    rank = pl.Series("order", order, pl.Float64)
    return joined.with_columns(rank).filter(pl.col("order").rank("ordinal").over("language", "split") <= source.most)


def _part(group: str, source: Source, share: HoldOut) -> str:
    if source.dev or source.test:
        return "test" if group in source.test else "dev" if group in source.dev else "train"
    place = place_of(source.name, group)
    return "test" if place < share.test else "dev" if place < share.test + share.dev else "train"


def place_of(source: str, group: str) -> float:
    """A number from 0 to 1, even over many names, that depends on the names alone."""
    digest = hashlib.blake2b(f"{source}\n{group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
