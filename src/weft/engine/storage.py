"""The build folder: immutable outputs that appear whole or not at all, and inputs from any fsspec URL."""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.errors import WeftError
from weft.model.tables import repeating

ROW_GROUP_BYTES = 4 << 20
ROW_GROUP_ROWS = 65_536
TEXT_GROUP_ROWS = 4_096
ZSTD_LEVEL = 1
_URL = re.compile(r"^[a-z][a-z0-9+.-]+:(?://|:[a-z])", re.IGNORECASE)


def is_url(path: str) -> bool:
    """Whether `path` names a place for fsspec (`s3://…`) rather than a local path."""
    return bool(_URL.match(path))


def _always() -> None:
    """A process that builds alone may commit whatever it made."""


class SourceFetcher:
    """Opens local paths and fsspec URLs for acquire readers."""

    def __init__(self) -> None:
        # Of a chained URL (zip://…::s3://…): the archive is closed, and its members with it, once nobody holds it.
        self._held: dict[str, Any] = {}

    def open(self, path: str) -> BinaryIO:
        """A seekable binary stream; raises OSError when it cannot be read."""
        if is_url(path):
            filesystem, inner = fsspec.core.url_to_fs(path)
            head, _, outer = path.partition("::")
            if outer:
                filesystem = self._held.setdefault(f"{head.partition('://')[0]}::{outer}", filesystem)
            return cast(BinaryIO, filesystem.open(inner, "rb"))
        return open(path, "rb")


@dataclass(frozen=True)
class FileRecord:
    """One stored output: path relative to the build, its size in bytes and its rows."""

    path: str
    bytes: int
    rows: int


class Storage:
    """A local build folder. Outputs are written beside their place and renamed into it."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        text = os.fspath(root)
        if is_url(text):
            raise WeftError(f"{text}: expected a local folder; this cannot be done with a build in object storage")
        self.root = Path(text)
        self.may_commit: Callable[[], None] = _always
        """Called before an output takes its place; raises when whoever writes it must not any more."""

    @property
    def place(self) -> str:
        """What a person calls the build: its folder, or its URL."""
        return str(self.root)

    @property
    def disk(self) -> Path:
        """A folder on the disk that a run fills."""
        return self.root

    def to_fill(self, needed: int) -> int:
        """How much of `needed` bytes of outputs lies on that disk at one time."""
        return needed

    def address(self, relative: str) -> Path | str:
        """Where a person finds a file of the build: a path, or a URL."""
        return self.root / relative

    def path(self, relative: str) -> Path:
        """A local file with this content, until `rest` is called."""
        return self.root / relative

    def rest(self) -> None:
        """No path that was given out is in use any more."""

    def ready(self, relatives: Iterable[str]) -> None:
        """Several outputs will be asked for: what has to come from elsewhere comes together."""

    def exists(self, relative: str) -> bool:
        return (self.root / relative).exists()

    def content(self, relative: str) -> bytes | None:
        """The bytes of a small file as it is now; None when there is none."""
        try:
            return self.path(relative).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def contents(self, relatives: Iterable[str]) -> dict[str, bytes | None]:
        """The `content` of several files."""
        return {relative: self.content(relative) for relative in relatives}

    def below(self, folder: str) -> dict[str, int]:
        """The files of a folder and of those in it, with their sizes, in order."""
        found = {}
        for top, _, names in os.walk(self.root / folder):
            for name in names:
                with suppress(FileNotFoundError):
                    path = Path(top) / name
                    found[path.relative_to(self.root).as_posix()] = path.stat().st_size
        return dict(sorted(found.items()))

    def remove(self, paths: Iterable[str]) -> None:
        """Take files away, and their folders where they are empty then; those that are not there are no mistake."""
        gone = list(paths)
        for relative in gone:
            self.may_commit()
            (self.root / relative).unlink(missing_ok=True)
        for folder in {os.path.dirname(relative) for relative in gone}:
            with suppress(OSError):  # other files are in it
                (self.root / folder).rmdir()

    def keep_only(self, folder: str, wanted: set[str]) -> None:
        """Take every file of a folder away that is not wanted (of earlier recipes), and folders that are empty then."""
        for path in sorted((self.root / folder).rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(self.root).as_posix() not in wanted:
                self.may_commit()  # of a worker that slept, the files of a later recipe would be strays
                path.unlink(missing_ok=True)
            elif path.is_dir():
                with suppress(OSError):  # it holds files, or another worker that runs this has removed it
                    path.rmdir()

    def whole(self, relative: str, size: int) -> bool:
        """Whether the file is there with all its bytes."""
        try:
            return (self.root / relative).stat().st_size == size
        except OSError:
            return False

    @contextmanager
    def create(self, relative: str) -> Iterator[BinaryIO]:
        """A binary sink that becomes `relative` when the block ends well, and nothing otherwise."""
        target = self.root / relative
        attempt = self.root / "tmp" / f"{target.name}.{os.getpid()}.{secrets.token_hex(4)}"
        attempt.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(attempt, "wb") as sink:
                yield sink
                sink.flush()
                os.fsync(sink.fileno())
            self.may_commit()
            os.replace(attempt, target)
        except BaseException:
            attempt.unlink(missing_ok=True)
            raise

    def open_sink(self, relative: str) -> BinaryIO:
        """Like `create`, for writers that close their sinks themselves: closing is what commits."""
        target = self.root / relative
        attempt = self.root / "tmp" / f"{target.name}.{os.getpid()}.{secrets.token_hex(4)}"
        attempt.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        return cast(BinaryIO, _Committing(attempt, target, self.may_commit))

    def size(self, relative: str) -> int:
        return (self.root / relative).stat().st_size

    def changed(self, relative: str) -> float | None:
        """When a file was written last, in seconds since 1970; None when there is none."""
        try:
            return (self.root / relative).stat().st_mtime
        except OSError:
            return None

    def write_bytes(self, relative: str, content: bytes) -> FileRecord:
        with self.create(relative) as sink:
            sink.write(content)
        return FileRecord(relative, len(content), 0)

    def write_table(self, relative: str, tables: Iterable[pa.Table], schema: pa.Schema) -> FileRecord:
        """Parquet with row groups that depend on the rows alone, never on how batches were cut."""
        with self.parquet(relative, schema) as writer:
            for table in tables:
                writer.add(table)
        return writer.record()

    @contextmanager
    def parquet(self, relative: str, schema: pa.Schema) -> Iterator[TableWriter]:
        with self.create(relative) as sink:
            writer = TableWriter(relative, sink, schema)
            try:
                yield writer
                writer.close()
            except BaseException:
                writer.abandon()
                raise

    def read_table(self, relative: str, columns: list[str] | None = None) -> pa.Table:
        with pq.ParquetFile(self.path(relative), memory_map=False) as source:
            return source.read(columns=columns, use_threads=False)

    def clear_attempts(self) -> None:
        """Remove what killed attempts left behind; only while this process holds the build's lock."""
        shutil.rmtree(self.root / "tmp", ignore_errors=True)


class _Committing(io.FileIO):
    """A file that takes its place when it is closed; one that is never closed stays an attempt."""

    def __init__(self, attempt: Path, target: Path, may_commit: Callable[[], None]) -> None:
        super().__init__(attempt, "wb")
        self._paths = (attempt, target)
        self._may_commit = may_commit

    def close(self) -> None:
        if not self.closed:
            os.fsync(self.fileno())
            super().close()
            self._may_commit()
            os.replace(*self._paths)

    def __del__(self) -> None:
        # A file object is closed when it is collected: after a failure that would commit half a file.
        super().close()


class TableWriter:
    """Cuts rows into row groups by their number and text size, whatever the batches that arrive."""

    def __init__(self, relative: str, sink: BinaryIO, schema: pa.Schema) -> None:
        self.relative = relative
        self.rows = 0
        self._sink = sink
        self._schema = schema
        self._text = "text" if "text" in schema.names else None
        self._limit = TEXT_GROUP_ROWS if self._text else ROW_GROUP_ROWS
        self._pending: list[pa.Table] = []
        self._held = 0
        self._held_bytes = 0
        self._bytes = 0
        self._writer = pq.ParquetWriter(
            sink,
            schema,
            compression="zstd",
            compression_level=ZSTD_LEVEL,
            use_dictionary=repeating(schema),
            write_statistics=False,
        )

    def add(self, table: pa.Table) -> None:
        table = table.select(self._schema.names).cast(self._schema)
        self._pending.append(table)
        self._held += table.num_rows
        self._held_bytes += self._text_bytes(table)
        self.rows += table.num_rows
        while self._held and (self._held >= self._limit or self._held_bytes >= ROW_GROUP_BYTES):
            self._flush()

    def _text_bytes(self, table: pa.Table) -> int:
        return int(pc.sum(pc.binary_length(table[self._text])).as_py() or 0) if self._text else 0

    def _flush(self) -> None:
        joined = pa.concat_tables(self._pending)
        cut = min(self._limit, joined.num_rows)
        if self._text:
            lengths = pc.fill_null(pc.binary_length(joined[self._text].slice(0, cut)), 0).to_numpy()
            cut = min(cut, int(np.searchsorted(np.cumsum(lengths), ROW_GROUP_BYTES)) + 1)
        self._write(joined.slice(0, cut))
        rest = joined.slice(cut)
        self._pending = [rest] if rest.num_rows else []
        self._held = rest.num_rows
        self._held_bytes = self._text_bytes(rest)

    def _write(self, group: pa.Table) -> None:
        self._writer.write_table(group.combine_chunks(), row_group_size=max(group.num_rows, 1))

    def close(self) -> None:
        if self._held:
            self._write(pa.concat_tables(self._pending))
            self._pending = []
        self._writer.close()
        self._bytes = self._sink.tell()

    def abandon(self) -> None:
        """Let go of the file after a failure; pyarrow would otherwise write a footer when it is collected."""
        with suppress(Exception):  # the first failure is the one to report
            self._writer.close()

    def record(self) -> FileRecord:
        return FileRecord(self.relative, self._bytes, self.rows)


def read_batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of a Parquet file, one table each; memory is one row group."""
    with pq.ParquetFile(path) as source:
        for group in range(source.num_row_groups):
            yield source.read_row_group(group, columns=columns, use_threads=False)


def record_to_json(record: FileRecord) -> dict[str, Any]:
    return {"path": record.path, "bytes": record.bytes, "rows": record.rows}
