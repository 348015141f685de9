"""Rows as Parquet or JSON lines, with a digest; tables are written as they come, so memory is one of them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

FORMATS = ("parquet", "jsonl")
FILE_BYTES = 256 << 20
"""A file ends with the table that brings it to this size; LLaMA-Factory names one file, which does not end before."""
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


class Digesting(io.RawIOBase):
    """A file that counts and digests what is written to it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sink: BinaryIO = path.open("wb")
        self.size = 0
        self.sha256 = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self.sha256.update(view)
        self.size += len(view)
        self._sink.write(view)
        return len(view)

    def tell(self) -> int:
        return self.size

    def close(self) -> None:
        self._sink.close()
        super().close()


class Writer:
    """Files `<stem>-00000.<format>` below `top`, none where there are no rows."""

    def __init__(self, top: Path, stem: str, form: str, schema: Mapping[str, pa.DataType], *, one_file: bool) -> None:
        self._top, self._stem, self._form = top, stem, form
        self._schema = pa.schema(dict(schema))
        self._limit = 1 << 62 if one_file else FILE_BYTES
        self._sink: Digesting | None = None
        self._parquet: pq.ParquetWriter | None = None
        self._rows = 0
        self.files: list[dict[str, Any]] = []
        """Path, rows, bytes and sha256 of each finished file."""

    def add(self, frame: pl.DataFrame) -> None:
        """Append rows with the columns of the schema."""
        if not frame.height:
            return
        if self._sink is None:
            self._open()
        assert self._sink is not None
        frame = frame.select(self._schema.names)
        if self._parquet is not None:
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._schema)
            self._parquet.write_table(table.combine_chunks(), row_group_size=table.num_rows)
        else:
            frame.write_ndjson(cast(Any, self._sink))
        self._rows += frame.height
        if self._sink.size >= self._limit:
            self.close()

    def _open(self) -> None:
        self._sink = Digesting(self._top / self._name())
        if self._form == "parquet":
            self._parquet = pq.ParquetWriter(
                pa.PythonFile(self._sink, mode="w"),
                self._schema,
                compression="zstd",
                compression_level=1,
                store_schema=False,
                use_dictionary=["language", "source", "license"],
                write_statistics=False,
            )

    def _name(self) -> str:
        return f"{self._stem}-{len(self.files):05d}.{self._form}"

    def close(self) -> None:
        """Finish the file that is open."""
        if self._sink is None:
            return
        if self._parquet is not None:
            self._parquet.close()
        self._sink.close()
        digest, size = self._sink.sha256.hexdigest(), self._sink.size
        self.files.append({"path": self._name(), "rows": self._rows, "bytes": size, "sha256": digest})
        self._sink = self._parquet = None
        self._rows = 0

    def abandon(self) -> None:
        """Let go of an open file after a failure."""
        if self._parquet is not None:
            self._parquet.close()
        if self._sink is not None:
            self._sink.close()
        self._sink = self._parquet = None
