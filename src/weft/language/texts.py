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
    "split": pl.String, "variety": pl.String,
}  # fmt: skip
"""One row per text; `split` is train, dev or test; `variety` a code of the recipe's, null where none is named."""
STATED = "="
"""Begins a language that no column says: that of all texts of their column (`=eng_Latn`)."""


def read_texts(recipe: TrainingRecipe, data: Path) -> pl.DataFrame:
    """All texts of a recipe in NFC, in the order of its sources and their files; columns as COLUMNS.

    Raises WeftError for a file that is not there, cannot be read, or lacks a column.
    """
    parts = [_split(_named(_read(source, data), recipe), source, recipe.hold_out) for source in recipe.sources]
    return pl.concat(part.select(list(COLUMNS)) for part in parts).cast(COLUMNS)  # type: ignore[arg-type]


def _read(source: Source, data: Path) -> pl.DataFrame:
    table = _table(source, data / source.path)
    if len(source.language) not in (1, len(source.text)):
        raise WeftError(f"source {source.name}: {len(source.language)} language columns for {len(source.text)} of text")
    languages = source.language * (len(source.text) // len(source.language))
    columns = [name for name in languages if not name.startswith(STATED)]
    for column in (*source.text, *columns, *_named_columns(source)):
        if column not in table.columns:
            raise WeftError(
                f"{data / source.path}: no column {column!r}; it has {', '.join(table.columns)}"
                f"{nearest(column, table.columns)}"
            )
    parts = []
    for text, language in zip(source.text, languages, strict=True):
        more = {"group": source.group, "named": source.variety}
        part = table.select(
            pl.col(text).alias("text"),
            (pl.lit(language[1:]) if language.startswith(STATED) else pl.col(language))
            .cast(pl.String)
            .alias("language"),
            *(
                pl.col(name).cast(pl.String).alias(key) if name else pl.lit(None, pl.String).alias(key)
                for key, name in more.items()
            ),
        )
        parts.append(part.explode("text") if isinstance(part.schema["text"], pl.List) else part)
    rows = pl.concat(parts).filter(
        pl.col("text").str.strip_chars().str.len_chars() > 0, pl.col("language").is_not_null()
    )
    if any(name.startswith(STATED) for name in languages):  # one text beside its translations into many languages
        rows = rows.unique(["language", "text"], maintain_order=True)
    if source.words:
        rows = rows.filter((pl.col("text").str.count_matches(" ") + 1).is_between(*source.words))
    if source.cut:
        rows = rows.with_columns(pl.col("text").str.slice(0, source.cut))
    nfc = pl.Series("text", pc.utf8_normalize(rows["text"].to_arrow(), "NFC"))
    return rows.with_columns(nfc, pl.col("group").fill_null(pl.col("text")))


def _named_columns(source: Source) -> list[str]:
    return [name for name in (source.group, source.variety) if name is not None]


def _named(rows: pl.DataFrame, recipe: TrainingRecipe) -> pl.DataFrame:
    """Rows with the code of the variety that their source names, `named` no more."""
    known = [
        (language, name, code)
        for language, varieties in recipe.varieties.items()
        for code, names in varieties.items()
        for name in names
    ]
    codes = pl.DataFrame(known, dict.fromkeys(("language", "named", "variety"), pl.String), orient="row")
    return rows.join(codes, on=["language", "named"], how="left", maintain_order="left").drop("named")


def _table(source: Source, file: Path) -> pl.DataFrame:
    try:
        content = file.read_bytes()
        if file.suffix == ".gz":
            content = gzip.decompress(content)
        kind = file.name.removesuffix(".gz").rpartition(".")[2]
        if kind == "tsv":
            return pl.read_csv(content, separator="\t", quote_char=None, infer_schema=False)
        if kind == "jsonl":
            wanted = {*source.text, *source.language, *_named_columns(source)}
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
    if source.most is None and source.joined is None:
        return joined
    # The same texts whatever the order of the file: those of the lowest hash.
    order = [place_of("", text) for text in joined["text"]]
    ranked = joined.with_columns(pl.Series("order", order, pl.Float64))
    if source.joined is not None:
        ranked = _together(ranked, source.joined)
    if source.most is None:
        return ranked
    return ranked.filter(pl.col("order").rank("ordinal").over("language", "split") <= source.most)


def _together(rows: pl.DataFrame, size: int) -> pl.DataFrame:
    """Texts of a language and part, `size` at a time by order of their hashes, as one; those left over go."""
    keys = ["language", "split", "source", "weight"]
    different = rows.sort("order").unique([*keys, "text"], keep="first", maintain_order=True)
    numbered = different.with_columns((pl.int_range(pl.len()).over(keys) // size).alias("number"))
    several = numbered.group_by([*keys, "number"], maintain_order=True).agg(
        pl.col("text").str.join(" "),
        pl.col("group", "order").first(),
        pl.lit(None, pl.String).alias("variety"),
        pl.len(),
    )
    return several.filter(pl.col("len") == size)


def _part(group: str, source: Source, share: HoldOut) -> str:
    if source.dev or source.test:
        return "test" if group in source.test else "dev" if group in source.dev else "train"
    return part_of(group, source.name, share)


def part_of(group: str, source: str, share: HoldOut) -> str:
    """The part of the split into which a group of a source falls: train, dev or test."""
    place = place_of(source, group)
    return "test" if place < share.test else "dev" if place < share.test + share.dev else "train"


def place_of(source: str, group: str) -> float:
    """A number from 0 to 1, even over many names, that depends on the names alone."""
    digest = hashlib.blake2b(f"{source}\n{group}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
