"""Texts by language, from files of many forms or a release: what a tokenizer is trained on and measured with."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.compute as pc
import xxhash
import zstandard

from weft.errors import WeftError, nearest
from weft.model.languages import normalise
from weft.tokenizer.unreadable import (
    JSON_LINES,
    Unreadable,
    doubtful,
    emptied,
    mended,
    no_texts,
    uneven,
    without_mark,
)

COLUMNS = {"language": pl.String, "text": pl.String, "key": pl.String}
"""A row for each text, in NFC; `key` is shared by translations of one another, null where nothing says so."""
FORMS = (".txt", ".jsonl", ".ndjson", ".tsv", ".csv", ".parquet")
_PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read(),
}
_OPENED: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": zstandard.open,
}  # fmt: skip
_NAMES = 1 << 16
"""Bytes of a first line in which names of columns are looked for."""
LANGUAGE = ("language", "lang")
"""Columns that say a text's language where none is named, the first that is there."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns to read; `language` null: `language` or `lang`, or what the file's name says.

    `more` are read where a file has them.
    """

    text: str = "text"
    language: str | None = None
    key: str | None = None
    more: tuple[str, ...] = ()


def read_texts(
    given: Sequence[str],
    columns: Columns,
    *,
    splits: Sequence[str] = ("train",),
    most: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> pl.DataFrame:
    """Rows as COLUMNS of files, folders of a release (their `splits`), or `CODE=FILE`, in the order given.

    A text that a language has twice counts once. Of each language the first texts are read, up to `most` characters.
    Raises WeftError for what cannot be read, has no such column, or does not say its language.
    """
    taken: dict[str, int] = {}
    parts = [pl.DataFrame(schema=COLUMNS)]
    for argument in given:
        code, path = divided(argument)
        for file, language in files_of(path, splits):
            told = code or language
            if most is not None and told is not None and taken.get(told, 0) >= most:
                continue
            tell(str(file))
            part = _first(_rows(file, told, columns), most, taken)
            parts.append(part)
    rows = pl.concat(parts).unique(["language", "text", "key"], maintain_order=True)
    if not rows.height:
        raise WeftError(f"{', '.join(given) or 'nothing'}: no text in it; expected texts of at least one language")
    return rows


def divided(argument: str) -> tuple[str | None, Path]:
    """The language that stands before a path (`swh_Latn=news.txt`), and the path."""
    before, mark, after = argument.partition("=")
    if not mark or Path(argument).exists():
        return None, Path(argument)
    try:
        return normalise(before), Path(after)
    except ValueError as error:
        raise WeftError(f"{argument}: {before} is no language ({error}); expected CODE=FILE or a file") from None


def files_of(path: Path, splits: Sequence[str]) -> Iterator[tuple[Path, str | None]]:
    """Files to read, and the language that their place says."""
    if not path.is_dir():
        yield path, _named(path)
        return
    for top in (path / "construct" / "ct", path / "ct"):
        if top.is_dir():
            break
    else:
        found = sorted(file for file in path.iterdir() if file.is_file() and form_of(file) in FORMS)
        if not found:
            raise WeftError(f"{path}: neither a release (ct/<language>/) nor a folder of {', '.join(FORMS)} files")
        yield from ((file, _named(file)) for file in found)
        return
    for folder in sorted(top.iterdir()):
        for split in splits:
            files = sorted(folder.glob(f"{split}-*.parquet")) or sorted(folder.glob(f"{split}-*.jsonl.zst"))
            yield from ((file, folder.name) for file in files)


def _named(file: Path) -> str | None:
    """The language of `swh_Latn.txt` or `swh_Latn.train.jsonl.gz`."""
    stem = file.name.partition(".")[0]
    if "_" not in stem:
        return None
    try:
        return normalise(stem)
    except ValueError:
        return None


def form_of(file: Path) -> str:
    """The ending that says the form of a file, `.jsonl` of a.jsonl.gz."""
    name = file.name.lower()
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return Path(name).suffix


def _rows(file: Path, language: str | None, columns: Columns) -> pl.DataFrame:
    table = table_of(file, columns)
    text = wanted(table, file, columns.text)
    if table.schema[text] != pl.String:
        raise WeftError(f"{file}: column {text} is {table.schema[text]}; expected text")
    told = language_of(table, file, language, columns)
    key = pl.lit(None, pl.String)
    if columns.key is not None:
        key = pl.col(wanted(table, file, columns.key)).cast(pl.String)
    rows = table.select(told.alias("language"), pl.col(text).alias("text"), key.alias("key"))
    rows = rows.filter(pl.col("language").is_not_null(), pl.col("text").str.strip_chars().str.len_chars() > 0)
    return rows.with_columns(pl.Series("text", pc.utf8_normalize(rows["text"].to_arrow(), "NFC"))).cast(COLUMNS)  # type: ignore[arg-type]


def language_of(table: pl.DataFrame, file: Path, told: str | None, columns: Columns) -> pl.Expr:
    """The language of each row: `told` by the file's place, or a column. Raises WeftError where nothing says it."""
    if told is not None:
        return pl.lit(told, pl.String)
    name = columns.language or next((n for n in LANGUAGE if n in table.columns), None)
    if name is None:
        raise WeftError(
            f"{file}: nothing says its language; expected a column language or lang (--language names another), a "
            f"file named like swh_Latn.txt, or CODE={file}"
        )
    return pl.col(wanted(table, file, name)).cast(pl.String)


def wanted(table: pl.DataFrame, file: Path, name: str) -> str:
    """The name of a column that must be there; raises WeftError with the nearest name where it is not."""
    if name not in table.columns:
        names = list(pl.read_parquet_schema(file)) if form_of(file) == ".parquet" else table.columns
        raise WeftError(f"{file}: no column {name!r}; it has {', '.join(names)[:200]}{nearest(name, names)}")
    return name


def table_of(
    file: Path,
    columns: Columns,
    *,
    header: bool = True,
    left: Unreadable | None = None,
    objects: Sequence[str] = (),
) -> pl.DataFrame:
    """Rows of one file of a known form, its text as it stands; raises WeftError for what cannot be read.

    `header`: whether the first row of a TSV or CSV names its columns. With `left` a row that cannot be read is one of
    nulls, and is told there; `objects` are then fields of JSON lines that hold an object. A file of no other rows, and
    one that is packed and cut, is an error all the same.
    """
    form = form_of(file)
    if form not in FORMS:
        raise WeftError(f"{file}: expected a release, or a file named {', '.join(FORMS)}, packed or not")
    try:
        if form == ".parquet":
            held = pl.read_parquet_schema(file)
            asked = (columns.text, columns.language, columns.key, *LANGUAGE, *columns.more)
            return pl.read_parquet(file, columns=[n for n in dict.fromkeys(asked) if n in held] or None)
        content = _unpacked(file)
        if left is None:
            return _parsed(content, form, columns, header)
        return _without_faults(content, file, columns, (header, tuple(objects)), left)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WeftError(f"{file}: line {line}: byte {content[error.start]:#04x} is not UTF-8") from None
    except (pl.exceptions.PolarsError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise WeftError(f"{file}: cannot be read: {(str(error) or 'it is cut').splitlines()[0]}") from None


def _parsed(content: bytes, form: str, columns: Columns, header: bool) -> pl.DataFrame:
    if form in JSON_LINES:
        lines = without_mark(content)
        return pl.read_ndjson(io.BytesIO(lines), infer_schema_length=None) if lines.strip() else _nothing(columns)
    if form == ".txt":
        return pl.DataFrame({columns.text: content.decode("utf-8-sig").splitlines()}, schema={columns.text: pl.String})
    mark: dict[str, Any] = {"separator": "\t", "quote_char": None} if form == ".tsv" else {}
    mark |= {"has_header": header, "infer_schema": False}
    return pl.read_csv(io.BytesIO(content), **mark) if content.strip() else _nothing(columns)


def _without_faults(
    content: bytes, file: Path, columns: Columns, how: tuple[bool, tuple[str, ...]], left: Unreadable
) -> pl.DataFrame:
    """At once where all rows are as they should be; else row by row before it is read again."""
    form, (header, objects) = form_of(file), how
    try:
        table = _parsed(content, form, columns, header)
        if not objects and not uneven(content, form, table, header):
            return table
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        pass
    found = mended(content, form, header=header, objects=objects)
    try:
        table = _parsed(found.checked(file), form, columns, header)
    except pl.exceptions.PolarsError:
        if form not in JSON_LINES:
            raise
        found = mended(content, form, header=header, objects=objects, alike=True)
        table = _parsed(found.checked(file), form, columns, header)
    left.add(file, found.faults)
    return table


def with_texts(
    table: pl.DataFrame, file: Path, fields: Sequence[tuple[str, ...]], left: Unreadable | None
) -> pl.DataFrame:
    """The rows of `table_of` whose `fields` (names, or paths into objects) hold texts or nothing; others are nulls.

    They are told in `left`; without it nothing is done. In JSON lines alone may a field hold what is no text.
    """
    if left is None or form_of(file) not in JSON_LINES or not (rows := doubtful(table, fields)):
        return table
    content = _unpacked(file)
    if not (faults := no_texts(content, rows, fields)):
        return table
    if len(faults) == table.height:
        first = min(faults)
        raise WeftError(f"{file}: no row that can be read; line {first}: {faults[first]}")
    left.add(file, faults)
    return emptied(table, content, faults)


def first_cells(file: Path, mark: str) -> list[str]:
    """The cells of the first line of a table, by the mark between them, as far as names of columns may reach.

    Raises WeftError for what cannot be read.
    """
    try:
        with (_OPENED.get(file.suffix.lower()) or Path.open)(file, "rb") as stream:
            line = b"\n"
            while line and not line.strip():
                line = without_mark(stream.readline(_NAMES))
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise WeftError(f"{file}: cannot be read: {error}") from error
    cells = line.decode("utf-8", "replace").rstrip("\r\n").split(mark)
    return cells if mark == "\t" else [cell.strip().strip('"') for cell in cells]


def _unpacked(file: Path) -> bytes:
    content = file.read_bytes()
    unpack = _PACKED.get(file.suffix.lower())
    return unpack(content) if unpack else content


def _nothing(columns: Columns) -> pl.DataFrame:
    names = [columns.text, columns.language or "language", *([columns.key] if columns.key else [])]
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def _first(rows: pl.DataFrame, most: int | None, taken: dict[str, int]) -> pl.DataFrame:
    """The first rows of each language until it has `most` characters, those `taken` before among them."""
    if most is None:
        return rows
    before = pl.DataFrame(
        {"language": list(taken), "taken": list(taken.values())}, {"language": pl.String, "taken": pl.Int64}
    )
    size = pl.col("text").str.len_chars().cast(pl.Int64)
    rows = rows.join(before, on="language", how="left", maintain_order="left")
    so_far = size.cum_sum().over("language") - size + pl.col("taken").fill_null(0)
    kept = rows.filter(so_far < most).drop("taken")
    for language, characters in kept.group_by("language").agg(size.sum()).iter_rows():
        taken[language] = taken.get(language, 0) + characters
    return kept


def held_out(rows: pl.DataFrame, share: float, seed: int) -> pl.Series:
    """Which rows are for measuring alone: translations of one another together, the same whatever the order.

    Texts with keys: `share` of the keys, at most 2,000; others: `share` of each language's texts, at most 1,000, and
    none of a language that has fewer than ten. Those of the lowest hash are taken.
    """
    name = pl.col("key").fill_null(pl.col("text"))
    names = rows.select(name.alias("name"), pl.when(pl.col("key").is_null()).then(pl.col("language")).alias("of"))
    different = names.unique(maintain_order=True)
    hashes = [xxhash.xxh3_64_intdigest(f"{seed}\n{one}".encode("utf-8", "replace")) for one in different["name"]]
    count = pl.len().over("of")
    limit = pl.min_horizontal((count * share).ceil(), pl.when(pl.col("of").is_null()).then(2_000).otherwise(1_000))
    place = pl.col("hash").rank("ordinal").over("of")
    enough = (share > 0) & (count >= 10)
    ranked = different.with_columns(pl.Series("hash", hashes, pl.UInt64)).with_columns(
        (enough & (place <= limit)).alias("held")
    )
    return names.join(ranked, on=["name", "of"], how="left", nulls_equal=True, maintain_order="left")["held"]
