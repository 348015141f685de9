"""Pairs on their way to a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from weft.engine.pair_blocks import Layout, header_of, opened
from weft.errors import WeftError


class PairWriter:
    """A file of pairs that is there when all of it is: written beside its place, then moved.

    `added` names the columns that follow those of the input.
    """

    def __init__(self, file: Path, held: Layout, added: tuple[str, ...]) -> None:
        self.file, self.held, self.added = file, held, added
        self._part = file.with_name(f".{os.getpid()}.{file.name}")
        self._stream: Any = None

    def __enter__(self) -> PairWriter:
        try:
            self._part.touch()
            if self.held.format != "parquet":
                self._stream = opened(self._part, "wb")
                line = header_of(self.held)
                if line:
                    names = "".join(f"\t{name}" for name in self.added).encode()
                    self._stream.write(line.rstrip(b"\r\n") + names + b"\n" if names else line)
        except OSError as error:
            raise WeftError(f"{self.file}: cannot be written: {error.strerror or error}") from error
        return self

    def write(self, part: Any) -> None:
        """Append a table, or bytes of whole lines."""
        if self.held.format == "parquet":
            if self._stream is None:
                self._stream = pq.ParquetWriter(self._part, part.schema, compression="zstd")
            if part.num_rows:
                self._stream.write_table(part)
        else:
            self._stream.write(part)

    def done(self) -> None:
        """All was written: the file takes its place."""
        if self._stream is None:  # a file without rows has the columns of its input
            schema = pq.read_schema(self.held.file)
            self._stream = pq.ParquetWriter(self._part, schema)
        self._stream.close()
        self._stream = None
        self._part.replace(self.file)

    def __exit__(self, *_: Any) -> None:
        if self._stream is not None:
            self._stream.close()
        self._part.unlink(missing_ok=True)
