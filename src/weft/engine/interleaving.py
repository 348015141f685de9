"""A release's documents that share a group as interleaved documents, in files of their own."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.construct.interleave import INDEX, INTERLEAVED, MEMBER, SEVERAL, Turns, assembled, units
from weft.engine import exchange
from weft.engine.storage import Storage, read_batches
from weft.errors import ShardError, WeftError, nearest
from weft.own_folder import check_free

MANIFEST, MEMBERS = "interleaving.json", "members.parquet"
FILE_BYTES = 256 << 20
BUCKET_BYTES = 64 << 20
_BUCKETS = 1024
_WORK = "tmp"
_META = "meta."
_ROW = pa.schema(
    [
        *(field for field in MEMBER if field.name != "license"),
        ("license", pa.string()),
        ("text", pa.large_string()),
        ("group", pa.string()),
        ("copy", pa.int32()),
        ("unit", pa.int64()),
        ("place", pa.int32()),
    ]
)
Tell = Callable[[str, int, int | None], None]


def interleave(build: Path, group: str, turns: Turns, into: Path, tell: Tell) -> dict[str, Any]:
    """Write `ct/mul_Zyyy/train-*.parquet`, members.parquet and interleaving.json below `into`; returns the last.

    `group` is a text column, or a field of the column `meta` (`meta.story`). The same release and settings give the
    same bytes. In memory are some hundred bytes for each document of a group, and a bucket of texts; the texts of
    groups lie below `into` once more meanwhile. Raises WeftError for a release without such a column or groups, for
    groups that are in several splits, and for a folder with other files in it.
    """
    files = _files(build)
    check_free(into, MANIFEST, _WORK)
    _check_splits(files, group)
    train = [file for split, file in files if split == "train"]
    index = _index(train, group, tell)
    _check_languages(turns, index)
    found = units(index, turns)
    if not found.height:
        raise WeftError(
            f"{build}: no two documents of train share a {group} and differ in language; expected a column that names "
            "what is parallel (--group COLUMN, or --group meta.NAME)"
        )
    storage = Storage(into)
    try:
        counts = _write(storage, train, group, found, turns, tell)
    finally:
        shutil.rmtree(into / _WORK, ignore_errors=True)
    made = _settings(group, turns) | _counted(index, found) | counts
    storage.write_bytes(MANIFEST, (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode())
    shutil.rmtree(into / _WORK, ignore_errors=True)
    return made


def _files(build: Path) -> list[tuple[str, Path]]:
    """(split, file) of a release, by language and name."""
    for top in (build / "construct/ct", build / "ct"):
        if top.is_dir():
            break
    else:
        raise WeftError(f"{build}: is no release; expected a build folder, or its construct/, with ct/<language>/")
    found = sorted(top.glob("*/*.parquet"))
    if not any(file.name.startswith("train-") for file in found):
        raise WeftError(f"{top}: no train-*.parquet; expected a release with the format parquet and a part train")
    for file in found:
        try:
            held = pl.read_parquet_schema(file)
        except (pl.exceptions.PolarsError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise WeftError(
                f"{file}: cannot be read: {reason}; expected a whole release: run the recipe again"
            ) from error
        absent = [name for name in ("id", "text", "language") if held.get(name) != pl.String]
        if absent:
            raise WeftError(f"{file}: no text column {' or '.join(absent)}; expected files of a release")
    return [(file.name.rpartition("-")[0], file) for file in found]


def _group(file: Path, name: str) -> pl.Expr:
    """The group of each row; null where it is none or empty."""
    schema = pl.read_parquet_schema(file)
    column = name.partition(".")[0]
    if column not in schema or (name != column and not name.startswith(_META)):
        known = [one for one, kind in schema.items() if kind == pl.String]
        raise WeftError(
            f"{file}: no column {name!r}; it has {', '.join(schema)[:200]}{nearest(name, known)}; "
            "expected --group COLUMN, or --group meta.NAME for a field of meta"
        )
    if schema[column] != pl.String:
        raise WeftError(f"{file}: column {name} is {schema[column]}; expected text")
    inner = name.removeprefix(_META)
    value = pl.col(column).str.json_path_match(f"$['{inner}']") if name != column else pl.col(column)
    return pl.when(value.str.len_bytes() > 0).then(value).alias("group")


def _check_splits(files: Sequence[tuple[str, Path]], name: str) -> None:
    """Raise WeftError where a group has documents in several splits: what is held out would be read in train."""
    seen = []
    for split, file in files:
        groups = pl.scan_parquet(file).select(_group(file, name)).drop_nulls().unique().collect()
        seen.append(groups.with_columns(pl.lit(split).alias("split")))
    both = pl.concat(seen).unique().group_by("group").agg(pl.col("split").sort())
    wrong = both.filter(pl.col("split").list.len() > 1).sort("group")
    if wrong.height:
        first, splits = wrong.row(0)
        raise WeftError(
            f"{wrong.height:,} groups of {name} are in several splits (first {first!r}: {', '.join(splits)}), so text "
            "that is held out stands in train in other languages; expected a release whose groups are each in one "
            "split: documents with a group_id are, or construct.split: {validation: 0, test: 0}"
        )


def _check_languages(turns: Turns, index: pl.DataFrame) -> None:
    known = index["language"].unique().sort().to_list()
    for code in turns.languages:
        if code not in known:
            raise WeftError(
                f"--languages {code}: no document of a group is in it; expected some of {', '.join(known)[:200]}"
                f"{nearest(code, known)}"
            )


def _index(files: Sequence[Path], group: str, tell: Tell) -> pl.DataFrame:
    """INDEX of the documents of train that have a group and text, for each time that they are read."""
    parts, start = [pl.DataFrame(schema=INDEX)], 0
    for number, file in enumerate(files):
        for table in _tables(file, ["id", "language", "text"], group):
            size = pl.Series("bytes", pc.fill_null(pc.binary_length(table["text"]), 0).to_numpy(), dtype=pl.Int64)
            blank = pl.Series("blank", pc.match_substring_regex(pc.fill_null(table["text"], ""), r"^\s*$"))
            frame = pl.DataFrame(pl.from_arrow(table.drop_columns("text"))).with_columns(size, blank)
            frame = frame.with_columns(pl.int_range(start, start + frame.height).alias("row"), _group(file, group))
            start += frame.height
            copies = pl.int_ranges(1, _repeats(frame) + 1) if "copy" not in frame.columns else pl.concat_list("copy")
            frame = frame.filter(pl.col("group").is_not_null() & ~pl.col("blank"))
            made = frame.with_columns(copies.cast(pl.List(pl.Int32)).alias("copy")).explode("copy").drop_nulls("copy")
            parts.append(made.select(list(INDEX)).cast(INDEX))  # type: ignore[arg-type]
        tell("read", number + 1, len(files))
    return pl.concat(parts).rechunk()


def _repeats(frame: pl.DataFrame) -> pl.Expr:
    return pl.col("repeats").cast(pl.Int64) if "repeats" in frame.columns else pl.lit(1, pl.Int64)


def _tables(file: Path, columns: Sequence[str], group: str) -> Iterator[pa.Table]:
    """Row groups with these columns, the group's column, and what says how often a row is read."""
    held = pq.read_schema(file).names
    wanted = dict.fromkeys([*columns, group.partition(".")[0], "repeats", "copy"])
    yield from read_batches(file, [name for name in wanted if name in held])


def _write(
    storage: Storage, files: Sequence[Path], group: str, found: pl.DataFrame, turns: Turns, tell: Tell
) -> dict[str, Any]:
    """The files of interleaved documents; counts by method, and the files."""
    size = found.group_by("unit").agg(pl.col("bytes").sum()).sort("unit")["bytes"].to_numpy()
    most = max(BUCKET_BYTES, int(size.sum()) // _BUCKETS)
    bucket = np.unique((np.cumsum(size) - size) // most, return_inverse=True)[1].astype(np.int64)
    path = f"{_WORK}/rows.arrow"
    record = exchange.write(storage, path, _ROW, _sent(files, group, found, bucket))
    if record.rows != found.height:
        raise ShardError(f"interleave: {found.height} members planned, {record.rows} read")
    how: Counter[str] = Counter()
    members: list[pl.DataFrame] = []

    def made() -> Iterator[pa.Table]:
        for table in exchange.groups(storage, [path], range(int(bucket.max()) + 1), 1):
            done = assembled(pl.DataFrame(pl.from_arrow(table)), turns.method)
            frame = pl.DataFrame(pl.from_arrow(done.select(["id", "copy", "method", "members"])))
            how.update(frame["method"].to_list())
            members.append(_members(frame))
            tell("write", sum(how.values()), len(size))
            yield done

    written = _filed(storage, made())
    for file in storage.path(f"ct/{SEVERAL}").glob("train-*.parquet"):
        if f"ct/{SEVERAL}/{file.name}" not in [one["path"] for one in written]:
            file.unlink()  # of an earlier run, which had more
    listed = pl.concat(members).sort("id", "copy")
    expected = found.select("id", "copy").sort("id", "copy")
    if not listed.select("id", "copy").equals(expected) or sum(how.values()) != len(size):
        raise ShardError(f"interleave: {found.height} members planned, {listed.height} written")
    table = listed.to_arrow(compat_level=pl.CompatLevel.oldest())
    storage.write_table(MEMBERS, [table], table.schema)
    return {"documents": len(size), "methods": {name: how[name] for name in sorted(how)}, "files": written}


def _sent(
    files: Sequence[Path], group: str, found: pl.DataFrame, bucket: np.ndarray[Any, Any]
) -> Iterator[tuple[pa.Table, Any]]:
    """The members with their text, unit and place, and the bucket of each."""
    columns = ["text", *(field.name for field in MEMBER)]
    start = 0
    wanted = found.select("row", "copy", "unit", "place").sort("row", "copy")
    rows = wanted["row"].to_numpy()
    for file in files:
        for table in _tables(file, columns, group):
            own = wanted[int(np.searchsorted(rows, start)) : int(np.searchsorted(rows, start + table.num_rows))]
            at = pa.array(own["row"].to_numpy() - start)
            start += table.num_rows
            named = pl.DataFrame(pl.from_arrow(table.select([n for n in table.schema.names if n != "text"])))
            told = pa.array(named.select(_group(file, group)).to_series().to_arrow()).cast(pa.string())
            absent = {name: pa.nulls(table.num_rows) for name in columns if name not in table.schema.names}
            given = {name: table[name] for name in columns if name not in absent}
            held = pa.table(given | absent | {"group": told}).take(at)
            for name in ("copy", "unit", "place"):
                held = held.append_column(name, own[name].to_arrow())
            yield held.select(_ROW.names).cast(_ROW), bucket[own["unit"].to_numpy()]


def _members(frame: pl.DataFrame) -> pl.DataFrame:
    """`id`, `copy` and `interleaved`, the document that holds it, of every member."""
    rows = frame.select(pl.col("id").alias("interleaved"), "copy", pl.col("members")).explode("members")
    return rows.select(pl.col("members").struct.field("id"), "copy", "interleaved")


def _filed(storage: Storage, tables: Iterator[pa.Table]) -> list[dict[str, Any]]:
    """Write the tables into files of some FILE_BYTES of text."""
    files: list[dict[str, Any]] = []
    table = next(tables, None)
    while table is not None:
        path, held = f"ct/{SEVERAL}/train-{len(files):05d}.parquet", 0
        with storage.parquet(path, INTERLEAVED) as writer:
            while table is not None and held < FILE_BYTES:
                writer.add(table)
                held += int(pc.sum(pc.binary_length(table["text"])).as_py() or 0)
                table = next(tables, None)
        files.append({"path": path, "documents": writer.rows})
    return files


def _settings(group: str, turns: Turns) -> dict[str, Any]:
    return {
        "group": group,
        "method": turns.method,
        "languages_first": list(turns.languages),
        "most": turns.most,
        "seed": turns.seed,
    }


def _counted(index: pl.DataFrame, found: pl.DataFrame) -> dict[str, Any]:
    """Groups, members, what has no other language to go with, and members by language."""
    languages = found.group_by("language").agg(pl.len().alias("members"), pl.col("bytes").sum()).sort("language")
    return {
        "groups": found["group"].n_unique(),
        "members": found.height,
        "alone": index.height - found.height,
        "languages": {row.pop("language"): row for row in languages.iter_rows(named=True)},
    }
