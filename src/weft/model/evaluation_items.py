"""Items of evaluation sets, from the tables that they are published as."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import zstandard

from weft.errors import WeftError, nearest

ENDINGS = (".tsv", ".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".txt")
_JSON = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}
_PACKED = (".gz", ".zst")
COLUMNS = {"benchmark": pl.String, "item": pl.String, "id": pl.String, "text": pl.String}


class Fields(NamedTuple):
    """Columns of a file of items: those with text, the one with the id, the one with the name of the benchmark.

    Without `id` it is the column `id` where there is one, else the number of the row from 1. Without `name` the
    benchmark is called after the file; else after file and value, such as `sib200/swh_Latn`.
    """

    text: tuple[str, ...] = ("text",)
    id: str | None = None
    name: str | None = None


def read_items(files: Sequence[str | Path], fields: Fields) -> pl.DataFrame:
    """benchmark, item, id, text of every item of every file, in their order.

    An item of several texts has several rows: of one id, and called id/column.

    Rows without text are left out. Raises WeftError that names the file, what is wrong and what was expected.
    """
    if not files:
        raise WeftError("no file of evaluation items; expected one or more")
    names = [_stem(Path(file)) for file in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise WeftError(f"two files of evaluation items are called {twice}; expected different names")
    return pl.concat([_read(Path(file), fields) for file in files])


def read_texts(file: Path, text: str) -> Iterator[pl.Series]:
    """The column `text` of a table in parts; of a .txt file its lines. Raises WeftError like `read_items`."""
    table = read_table(file)
    _check(file, table, [text] if _ending(file) != ".txt" else [])
    column = table[text if _ending(file) != ".txt" else "text"].cast(pl.String)
    for start in range(0, len(column), 10_000):
        yield column.slice(start, 10_000)


def _stem(file: Path) -> str:
    """Name of a benchmark: that of its file without endings."""
    return _unpacked(file)[: -len(_ending(file)) or None] or file.name


def _ending(file: Path) -> str:
    return next((ending for ending in ENDINGS if _unpacked(file).lower().endswith(ending)), "")


def _unpacked(file: Path) -> str:
    return file.name[: -len(file.suffix)] if file.suffix.lower() in _PACKED else file.name


def _read(file: Path, fields: Fields) -> pl.DataFrame:
    table = read_table(file)
    wanted = ("text",) if _ending(file) == ".txt" else fields.text
    _check(file, table, [*wanted, *(name for name in (fields.id, fields.name) if name)])
    key = fields.id or ("id" if "id" in table.columns else None)
    row = pl.int_range(1, pl.len() + 1).cast(pl.String)
    number = row if key is None else pl.coalesce(pl.col(key).cast(pl.String), row)
    benchmark: pl.Expr = pl.lit(_stem(file))
    if fields.name:
        benchmark = pl.concat_str([benchmark, pl.col(fields.name).cast(pl.String).fill_null("")], separator="/")
    parts = []
    for place, name in enumerate(wanted):
        if table[name].dtype != pl.String:
            raise WeftError(f"{file}: column {name} holds {table[name].dtype}; expected texts")
        item = number if len(wanted) == 1 else pl.concat_str([number, pl.lit(name)], separator="/")
        part = table.select(
            benchmark.alias("benchmark"), item.alias("item"), number.alias("id"), pl.col(name).alias("text")
        )
        parts.append(part.with_row_index("row").with_columns(pl.lit(place).alias("place")))
    made = pl.concat(parts).sort("row", "place").select(list(COLUMNS)).cast(COLUMNS)  # type: ignore[arg-type]
    made = made.filter(pl.col("text").str.strip_chars().str.len_bytes() > 0)
    if not made.height:
        raise WeftError(f"{file}: no row has text under {' or '.join(wanted)}; expected one item a row")
    return made


def _check(file: Path, table: pl.DataFrame, wanted: list[str]) -> None:
    for name in wanted:
        if name not in table.columns:
            has = ", ".join(table.columns)[:200]
            raise WeftError(f"{file}: no column {name}; it has {has}{nearest(name, table.columns)}")


def read_table(file: Path) -> pl.DataFrame:
    """The table in a file, packed or not. Raises WeftError that names the file, what is wrong and what was expected."""
    ending = _ending(file)
    if not ending:
        raise WeftError(f"{file}: expected a file of evaluation items: {', '.join(ENDINGS)}, also {', '.join(_PACKED)}")
    content = b""
    try:
        if ending == ".parquet":
            return pl.read_parquet(file)
        content = _content(file)
        return _parsed(content, ending)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise WeftError(f"{file}: not UTF-8 at byte {error.start}; expected UTF-8") from None
    except (pl.exceptions.PolarsError, ValueError, RecursionError) as error:
        said = _faulty_line(content, ending) or str(error).strip().partition("\n")[0]
        raise WeftError(f"{file}: not a table of evaluation items ({ending}): {said}") from None


def _faulty_line(content: bytes, ending: str) -> str | None:
    """The first line of a table that is no row of it, and why; None where none can be named."""
    lines = content.decode("utf-8-sig", "replace").split("\n")
    if ending in (".jsonl", ".ndjson"):
        return _faulty_object(lines)
    if ending == ".tsv" and lines:
        columns = lines[0].count("\t") + 1
        for number, line in enumerate(lines[1:], 2):
            if line.count("\t") + 1 > columns:
                return f"line {number} has {line.count(chr(9)) + 1} cells; expected {columns}, as the first line has"
    return None


def _faulty_object(lines: Sequence[str]) -> str | None:
    """The first line that is no object, or holds another kind of value than those before it have."""
    kinds: dict[str, tuple[type, int]] = {}
    some = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not some:
        return "it is empty; expected an object on each line"
    for number, line in some:
        try:
            row = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            return f"line {number} is no JSON: {error}"
        if not isinstance(row, dict):
            return f"line {number} is no object; expected one on each line"
        for name, value in _flat(row):
            kind, first = kinds.setdefault(name, (type(value), number))
            if type(value) is not kind and {type(value), kind} != {int, float}:
                return f"line {number}: {name} is {_JSON[type(value)]}; in line {first} it is {_JSON[kind]}"
    return None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _flat(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an object holds that is not null, by name, and what its lists hold."""
    for name, value in row.items():
        if value is not None:
            yield name, value
        if isinstance(value, list):
            yield from ((f"{name}[]", one) for one in value if one is not None)


def _content(file: Path) -> bytes:
    """The bytes of a file, unpacked. Raises OSError, and ValueError where the packing is damaged."""
    raw = file.read_bytes()
    try:
        if file.suffix.lower() == ".gz":
            return gzip.decompress(raw)
        if file.suffix.lower() == ".zst":
            return bytes(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read())
    except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
        raise ValueError(f"the compressed file is cut or corrupt: {error}") from error
    return raw


def _unquoted(column: pl.Series) -> pl.Series:
    """A column of a .tsv without the quotation marks of CSV, where whoever wrote it put them.

    Most write none, and a text may begin with a quotation mark of its own. Those of CSV stand around every text that
    has one, with each within it doubled.
    """
    marked = column.filter(column.str.contains('"', literal=True).fill_null(value=False))
    inner = marked.str.slice(1).str.head(-1)
    around = marked.str.starts_with('"') & marked.str.ends_with('"') & (marked.str.len_chars() > 1)
    doubled = inner.str.contains('""', literal=True)
    single = inner.str.replace_all('""', "", literal=True).str.contains('"', literal=True)
    if not doubled.any() or not around.all() or single.any():
        return column
    bare = column.str.slice(1).str.head(-1).str.replace_all('""', '"', literal=True)
    return pl.select(pl.when(column.str.starts_with('"')).then(bare).otherwise(column).alias(column.name)).to_series()


def _parsed(content: bytes, ending: str) -> pl.DataFrame:
    text = content.decode("utf-8-sig")
    if ending == ".txt":
        return pl.DataFrame({"text": text.splitlines()}, schema={"text": pl.String})
    if ending in (".tsv", ".csv"):
        options: dict[str, Any] = {"separator": "\t", "quote_char": None} if ending == ".tsv" else {}
        table = pl.read_csv(text.encode(), infer_schema=False, **options)
        return table.with_columns(_unquoted(column) for column in table) if ending == ".tsv" else table
    if text.lstrip().startswith("["):
        return pl.read_json(text.encode(), infer_schema_length=None)
    return pl.read_ndjson(text.encode(), infer_schema_length=None)
