"""What changed between two releases: documents that came, went, changed, or moved to another language or split.

A document is known by its id. A release's content hash depends on its documents alone: not on the order of rows, on
files or on the version of weft.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.construct.content import ROW, digest, rows_of
from weft.errors import WeftError

KINDS = ("added", "removed", "changed", "moved")
"""What can have happened to a document: it is new; gone; has another text; has the same text elsewhere."""
_WHERE = ("language", "split", "repeats")


@dataclass(frozen=True)
class Difference:
    """`rows` has id, kind (of KINDS), and language and split before and after (null where the document is not).

    `languages` counts documents before and after, and each kind, by language (a document that left one for another is
    moved in both). `hashes` are the content hashes of both releases.
    """

    rows: pl.DataFrame
    languages: pl.DataFrame
    hashes: tuple[str, str]

    def level(self) -> str:
        """By how much a version has to rise (semantic versioning): major, minor, patch, or none.

        Major when documents went, changed or moved: results on the old release cannot be had from the new one; minor
        when documents were only added; none when the content is the same.
        """
        kinds = set(self.rows["kind"].unique())
        if kinds - {"added"}:
            return "major"
        return "minor" if kinds else "none"

    def to_json(self) -> dict[str, Any]:
        """Counts by kind and language, hashes and level, without the rows."""
        counts = {kind: int((self.rows["kind"] == kind).sum()) for kind in KINDS}
        return {"content": self.hashes, "level": self.level(), **counts, "languages": self.languages.to_dicts()}


def difference(before: Path, after: Path) -> Difference:
    """Compare two releases: build folders, their `construct/`, or folders with files of the corpus in Parquet.

    Raises WeftError for a folder without any, and for one in which an id stands twice.
    """
    old, new = listed(before), listed(after)
    hashes = content_hash(old), content_hash(new)
    both = old.join(new, on="id", how="full", coalesce=True, suffix="_after")
    gone, come = pl.col("text_hash").is_null(), pl.col("text_hash_after").is_null()
    moved = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in _WHERE)
    kind = (
        pl.when(gone).then(pl.lit("added"))
        .when(come).then(pl.lit("removed"))
        .when(pl.col("text_hash") != pl.col("text_hash_after")).then(pl.lit("changed"))
        .when(moved).then(pl.lit("moved"))
    )  # fmt: skip
    rows = both.with_columns(kind.alias("kind")).filter(pl.col("kind").is_not_null())
    rows = rows.select("id", "kind", "language", "language_after", "split", "split_after").sort("kind", "id")
    return Difference(rows, _by_language(old, new, rows), hashes)


def listed(folder: Path) -> pl.DataFrame:
    """The row list of a release (`weft.construct.content.ROW`), by id: its `rows/`, else made from the files.

    Raises WeftError when there is no corpus in the folder, or an id stands in it twice.
    """
    none = pl.DataFrame(pl.from_arrow(ROW.empty_table()))
    rows = pl.concat([none, *(_rows(file) for file in _files(folder))]).sort("id")
    twice = rows.filter(pl.col("id").is_duplicated())
    if twice.height:
        raise WeftError(f"{folder}: {twice['id'][0]} stands in it more than once; expected each id once")
    return rows


def _files(folder: Path) -> list[Path]:
    for place in (folder / "construct", folder):
        for name in ("rows", "ct"):
            if found := sorted((place / name).rglob("*.parquet")):
                return found
        if _kept_nothing(place / "release.json"):
            return []  # what was refused lies there, and is no part of the release
    found = sorted(folder.rglob("*.parquet")) if folder.is_dir() else []
    if not found:
        raise WeftError(f"{folder}: no release here; expected a build folder, or one with Parquet files of a corpus")
    return found


def _kept_nothing(told: Path) -> bool:
    try:
        return told.is_file() and json.loads(told.read_bytes())["files"] == []
    except (OSError, ValueError, KeyError, TypeError):
        return False  # then the folder is looked through, as one that says nothing of itself


def _rows(file: Path) -> pl.DataFrame:
    try:
        names = pq.read_schema(file).names
        if set(ROW.names) <= set(names):
            return pl.DataFrame(pl.from_arrow(pq.read_table(file, columns=ROW.names)))
        absent = [name for name in ("id", "text", "language", "split") if name not in names]
        if absent:
            raise WeftError(f"{file}: no column {absent[0]!r}; expected a file of a release's corpus")
        wanted = [name for name in ("id", "text", "language", "split", "repeats", "copy") if name in names]
        return pl.DataFrame(pl.from_arrow(rows_of(pq.read_table(file, columns=wanted))))
    except (OSError, pa.ArrowInvalid) as error:
        raise WeftError(f"{file}: cannot be read: {str(error).splitlines()[0]}") from error


def content_hash(rows: pl.DataFrame) -> str:
    """32 hexadecimal digits of a row list, whatever its order."""
    return str(digest(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ROW)))


def _by_language(old: pl.DataFrame, new: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    counted = (
        old.group_by("language")
        .len("before")
        .join(new.group_by("language").len("after"), on="language", how="full", coalesce=True)
    )
    sides = pl.concat([rows.select("id", "kind", "language"), rows.select("id", "kind", language="language_after")])
    sides = sides.drop_nulls("language").unique()
    for kind in KINDS:
        own = sides.filter(pl.col("kind") == kind).group_by("language").len(kind)
        counted = counted.join(own, on="language", how="left")
    return counted.fill_null(0).sort("language")
