"""The corpus as files: Parquet and JSONL.zst per language and split, with the same bytes whatever the batches were."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
import zstandard

from weft.errors import WeftError
from weft.model.tables import DOCUMENT, repeating

OpenSink = Callable[[str], BinaryIO]
"""Opens a new file below `construct/`; what is written appears when the sink is closed."""

FORMATS = ("parquet", "jsonl.zst")
GROUP_ROWS = 4_096
GROUP_BYTES = 4 << 20
FILE_BYTES = 256 << 20
_ROW_BYTES = 256
_LEVEL = 1
"""zstd level: 3 makes files 8 % smaller and takes 40 % longer over the whole export."""

EXPORT = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("source", pa.string()),
        ("locator", pa.string()),
        ("url", pa.string()),
        ("collected_at", pa.timestamp("us", tz="UTC")),
        ("license", pa.string()),
        ("consent", pa.string()),
        ("basis", pa.string()),
        ("redistribute", pa.bool_()),
        ("language", pa.string()),
        ("language_score", pa.float32()),
        ("script", pa.string()),
        ("split", pa.string()),
        ("cluster_size", pa.int32()),
        ("variety", DOCUMENT.field("variety").type),
        ("group_id", pa.string()),
        ("meta", pa.string()),
    ]
)
"""A row of the corpus."""


@dataclass(frozen=True)
class FileRecord:
    """One exported file; `path` is relative to `construct/`."""

    path: str
    language: str
    split: str
    format: str
    rows: int
    bytes: int
    text_bytes: int
    sha256: str
    xxh3: str
    kind: str = "ct"
    """The folder: ct (plain text), sft, dpo or pairs."""

    def to_json(self) -> dict[str, Any]:
        held = asdict(self)
        return held if self.kind != "ct" else {name: value for name, value in held.items() if name != "kind"}


def exported(frame: pl.DataFrame, schema: pa.Schema = EXPORT) -> pa.Table:
    """Rows of EXPORT from documents with `lid`, `split` and, where there is one, `deduplicate`, put beside them.

    Columns that a longer schema has are taken from the documents.
    """
    lid = pl.col("lid").struct
    size = pl.col("deduplicate").struct.field("size") if "deduplicate" in frame.columns else pl.lit(1, pl.Int32)
    found = lid.field("language")
    language = pl.col("place").str.split("/").list.last() if "place" in frame.columns else found
    # A score is that of the language that was found: it says nothing of one that was stated.
    score = pl.when(found == language).then(lid.field("score")) if "place" in frame.columns else lid.field("score")
    made = {
        "language": language,
        "language_score": score,
        "script": lid.field("script"),
        "cluster_size": size,
    }
    columns = [made[name].alias(name) if name in made else pl.col(name) for name in schema.names]
    return frame.select(columns).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)


class LanguageWriter:
    """Writes one language. Row groups and files are cut by row sizes alone, so batch borders leave no trace.

    `folder` is where the language's files lie, `first` the number of the first of each split; of records
    (`construct.kinds`) `text` is measured and not written.
    Memory: at most one row group (4 MiB of text, or one longer document) for each split.
    """

    def __init__(
        self,
        open_sink: OpenSink,
        language: str,
        formats: tuple[str, ...] = FORMATS,
        rows_per_file: int | None = None,
        bytes_per_file: int = FILE_BYTES,
        schema: pa.Schema = EXPORT,
        folder: str = "ct",
        first: int = 0,
    ) -> None:
        unknown = set(formats) - set(FORMATS)
        if unknown or not formats:
            raise WeftError(f"export: formats {list(formats)}; expected some of {', '.join(FORMATS)}")
        self._open = open_sink
        self._place = (folder, language)
        self._formats = formats
        self._limits = (rows_per_file or (1 << 62), bytes_per_file)
        self._schema = schema
        self._first = first
        self._splits: dict[str, _Split] = {}

    def add(self, table: pa.Table) -> None:
        """Append rows of the schema, all of this language, in corpus order."""
        table = table.select(self._schema.names).cast(self._schema)
        for name in sorted(pc.unique(table["split"]).to_pylist()):
            split = self._splits.get(name)
            if split is None:
                place = (*self._place, name)
                split = _Split(self._open, place, self._formats, self._limits, self._schema, self._first)
                self._splits[name] = split
            split.add(table.filter(pc.equal(table["split"], name)))

    def close(self) -> list[FileRecord]:
        """Write what is left; records of all files, by path. Nothing is written where there were no rows."""
        records = [record for name in sorted(self._splits) for record in self._splits[name].close()]
        return sorted(records, key=lambda record: record.path)


class _Split:
    """One split of one language: a buffer of less than a row group, and the open file of each format."""

    def __init__(
        self,
        open_sink: OpenSink,
        place: tuple[str, str, str],
        formats: tuple[str, ...],
        limits: tuple[int, int],
        schema: pa.Schema,
        first: int,
    ) -> None:
        self._open = open_sink
        self._place = place
        self._schema = schema
        self._written = schema if place[0] == "ct" else schema.remove(schema.get_field_index("text"))
        self._formats = formats
        self._limits = limits
        self._buffer = self._schema.empty_table()
        self._files: list[_File] = []
        self._number = first
        self._rows = self._bytes = 0
        self._records: list[FileRecord] = []

    def add(self, table: pa.Table) -> None:
        self._buffer = pa.concat_tables([self._buffer, table])
        start = 0
        for stop, size in _groups(row_sizes(self._buffer)):
            self._write(self._buffer.slice(start, stop - start), size)
            start = stop
        if start:
            # A copy: a slice would keep the whole batch alive.
            self._buffer = pa.concat_tables([self._buffer.slice(start)]).take(
                pa.array(np.arange(self._buffer.num_rows - start))
            )

    def close(self) -> list[FileRecord]:
        if self._buffer.num_rows:
            self._write(self._buffer, int(row_sizes(self._buffer).sum()))
            self._buffer = self._schema.empty_table()
        self._finish()
        return self._records

    def _write(self, group: pa.Table, size: int) -> None:
        if not self._files:
            folder, language, split = self._place
            stem = f"{folder}/{language}/{split}-{self._number:05d}"
            self._files = [_WRITERS[name](self._open, f"{stem}.{name}", self._written) for name in self._formats]
        group = group.select(self._written.names).combine_chunks()
        for file in self._files:
            file.write(group)
        self._rows += group.num_rows
        self._bytes += size
        if self._rows >= self._limits[0] or self._bytes >= self._limits[1]:
            self._finish()

    def _finish(self) -> None:
        folder, language, split = self._place
        text = self._bytes - self._rows * _ROW_BYTES
        for name, file in zip(self._formats, self._files, strict=False):
            sink = file.close()
            self._records.append(
                FileRecord(
                    sink.path,
                    language,
                    split,
                    name,
                    self._rows,
                    sink.bytes,
                    text,
                    sink.sha256.hexdigest(),
                    sink.xxh3.hexdigest(),
                    folder,
                )
            )
        if self._files:
            self._number += 1
        self._files, self._rows, self._bytes = [], 0, 0


def row_sizes(table: pa.Table) -> npt.NDArray[np.int64]:
    """Bytes that each row counts for when groups and files are cut: its text and a constant for the rest."""
    text = pc.fill_null(pc.binary_length(table["text"]), 0)
    return np.asarray(text.to_numpy(), np.int64) + _ROW_BYTES


def _groups(sizes: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """(end, bytes) of each full row group: cut after the row that reaches GROUP_BYTES or GROUP_ROWS."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    groups: list[tuple[int, int]] = []
    start = 0
    while True:
        stop = min(int(np.searchsorted(ends, ends[start] + GROUP_BYTES)), start + GROUP_ROWS)
        if stop > len(sizes):
            return groups
        groups.append((stop, int(ends[stop] - ends[start])))
        start = stop


class _Sink:
    """Counts and digests bytes on their way to a sink."""

    def __init__(self, open_sink: OpenSink, path: str) -> None:
        self.path = path
        self.bytes = 0
        self.sha256 = hashlib.sha256()
        self.xxh3 = xxhash.xxh3_64()
        self.closed = False
        self._sink = open_sink(path)

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self.sha256.update(view)
        self.xxh3.update(view)
        self.bytes += len(view)
        self._sink.write(view)
        return len(view)

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        self._sink.flush()

    def close(self) -> None:
        self.closed = True
        self._sink.close()


class _File(Protocol):
    def write(self, group: pa.Table) -> None: ...

    def close(self) -> _Sink: ...


class _Parquet:
    def __init__(self, open_sink: OpenSink, path: str, schema: pa.Schema) -> None:
        self._sink = _Sink(open_sink, path)
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"),
            schema,
            compression="zstd",
            compression_level=_LEVEL,
            store_schema=False,
            use_dictionary=repeating(schema),
            write_statistics=[name for name in schema.names if name not in ("text", "meta")],
        )

    def write(self, group: pa.Table) -> None:
        self._writer.write_table(group, row_group_size=group.num_rows)

    def close(self) -> _Sink:
        self._writer.close()
        self._sink.close()
        return self._sink


class _Jsonl:
    def __init__(self, open_sink: OpenSink, path: str, schema: pa.Schema) -> None:
        self._sink = _Sink(open_sink, path)
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(self._sink, closefd=False)  # type: ignore[arg-type]

    def write(self, group: pa.Table) -> None:
        frame = pl.from_arrow(group)
        assert isinstance(frame, pl.DataFrame)
        buffer = io.BytesIO()
        moment = pl.col("collected_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        frame.with_columns(moment).write_ndjson(buffer)
        self._stream.write(buffer.getbuffer())

    def close(self) -> _Sink:
        self._stream.close()  # type: ignore[no-untyped-call]
        self._sink.close()
        return self._sink


_WRITERS: dict[str, Callable[[OpenSink, str, pa.Schema], _File]] = {"parquet": _Parquet, "jsonl.zst": _Jsonl}
